"""In: a forest whose paths ask one or two features. Out: tables of margin to look at. Used: by additive boosting, export.

Each leaf of a tree is reached by questions to one feature or to two; its units are added to the cells that answer them so. The
tables add up to the forest's margin exactly, because a sum of whole numbers does not hang on its order.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np

from weilend.core.errors import CheckError
from weilend.models.encoding import Slot
from weilend.models.forest import Forest, Split
from weilend.models.sample import Column
from weilend.models.table import Booleans, Floats, Integers, Table

#: A split at a larger value (the library writes infinity) parts what is known from what is not.
_EVERYTHING = float(2**63)


class Axis(msgspec.Struct, frozen=True, kw_only=True):
    """The cells that one feature falls into: the pieces of a number between `cuts`, or its categories; then NULL; then each code.

    Piece j holds the values above ``cuts[j - 1]`` up to ``cuts[j]``. A category that training has not seen has NULL's cell.
    """

    feature: str
    cuts: tuple[int, ...] = ()
    words: int = 0
    specials: tuple[int, ...] = ()

    @property
    def pieces(self) -> int:
        """How many cells hold known values that are not codes; NULL has the next one."""
        return self.words or len(self.cuts) + 1

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return self.pieces + 1 + len(self.specials)

    def places(self, values: Integers, known: Booleans) -> Integers:
        """Return the cell of each value.

        >>> axis = Axis(feature="age", cuts=(30, 50), specials=(-9,))
        >>> axis.places(np.array([30, 31, 99, -9, 0]), np.array([True, True, True, True, False])).tolist()
        [0, 1, 2, 4, 3]
        """
        if self.words:
            return np.where(known & (values >= 0) & (values < self.words), values, self.words)
        place = np.where(known, np.searchsorted(np.array(self.cuts, dtype=np.int64), values, side="left"), self.pieces)
        for at, code in enumerate(self.specials):
            place = np.where(known & (values == code), self.pieces + 1 + at, place)
        return np.asarray(place, dtype=np.int64)


class Shape(msgspec.Struct, frozen=True, eq=False):
    """What one feature, or two, add to the margin: `units` has one dimension for each axis."""

    axes: tuple[Axis, ...]
    units: Integers

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features."""
        return tuple(axis.feature for axis in self.axes)

    def of(self, table: Table) -> Integers:
        """Return the units (n,) of each row of a table."""
        return np.asarray(self.units[tuple(axis.places(*table.column(axis.feature)) for axis in self.axes)])


class Shapes(msgspec.Struct, frozen=True, eq=False):
    """The constant and the tables of a forest, the widest first."""

    constant: int
    shapes: tuple[Shape, ...]

    def units(self, table: Table) -> Integers:
        """Return the margin (n,) of each row: equal to the forest's."""
        return np.asarray(self.constant + sum((shape.of(table) for shape in self.shapes), np.zeros(len(table), dtype=np.int64)))


def draw_shapes(forest: Forest, slots: Sequence[Slot], columns: Sequence[Column]) -> Shapes:
    """Return the tables of a forest; `CheckError` where a path asks more than two features.

    >>> from weilend.models.recipes.additive_boosting import example_model, example_sample
    >>> model, table = example_model(), example_sample().table
    >>> shapes = draw_shapes(model.forest, model.slots, model.columns)
    >>> bool((shapes.units(table) == model.units(table)).all())
    True
    """
    constant, paths = 0, dict[tuple[str, ...], list[tuple[tuple[tuple[Split, bool], ...], int]]]()
    for tree in forest.trees():
        for way, units in zip(tree.paths(), tree.leaves, strict=True):
            asked = tuple(sorted({slots[split.feature].feature for split, _ in way}))
            if len(asked) > 2:
                raise CheckError(
                    f"a path asks {', '.join(asked)} at once", hint="tables show additive models; use attributions"
                )
            if asked:
                paths.setdefault(asked, []).append((way, units))
            else:
                constant += units
    kinds = {column.name: column for column in columns}
    shapes = [_shape(asked, ways, slots, kinds) for asked, ways in sorted(paths.items())]
    return Shapes(constant, tuple(sorted(shapes, key=lambda shape: int(shape.units.min() - shape.units.max()))))


def _shape(
    asked: tuple[str, ...],
    ways: list[tuple[tuple[tuple[Split, bool], ...], int]],
    slots: Sequence[Slot],
    kinds: dict[str, Column],
) -> Shape:
    splits = {split for way, _ in ways for split, _ in way}
    axes = tuple(_axis(feature, splits, slots, kinds[feature]) for feature in asked)
    stands = [_stand(axis, slots) for axis in axes]
    units = np.zeros([axis.cells for axis in axes], dtype=np.int64)
    for way, leaf in ways:
        inside = [np.ones(axis.cells, dtype=np.bool_) for axis in axes]
        for split, yes in way:
            at = asked.index(slots[split.feature].feature)
            inside[at] &= split.goes_left(stands[at][:, split.feature]) == yes
        units[np.ix_(*inside)] += leaf
    return Shape(axes, units)


def _axis(feature: str, splits: Iterable[Split], slots: Sequence[Slot], column: Column) -> Axis:
    if column.kind == "category":
        return Axis(feature=feature, words=len(column.words))
    mine = [split for split in splits if slots[split.feature].feature == feature and split.words is None]
    number = next(slot for slot in slots if slot.feature == feature and slot.kind == "number")
    cuts = sorted({math.floor(split.threshold) for split in mine if abs(split.threshold) < _EVERYTHING})
    return Axis(feature=feature, cuts=tuple(cuts), specials=number.specials)


def _stand(axis: Axis, slots: Sequence[Slot]) -> Floats:
    """Return (cells, slots) what the matrix holds for a value of each cell; columns of other features stay unknown."""
    matrix = np.full((axis.cells, len(slots)), np.nan)
    numbers = [*axis.cuts, axis.cuts[-1] + 1] if axis.cuts else [0]
    for at, slot in enumerate(slots):
        if slot.feature != axis.feature:
            continue
        if slot.kind == "category":
            matrix[: axis.words, at] = np.arange(axis.words)
        elif slot.kind == "special":
            matrix[:, at] = np.maximum(np.arange(axis.cells) - axis.pieces, 0)
        else:
            matrix[: axis.pieces, at] = numbers
            matrix[axis.pieces :, at] = np.nan if slot.fill is None else slot.fill
    return matrix
