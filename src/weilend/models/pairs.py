"""In: values of two columns. Out: the points of their table. Used: by cards that were better with such a table than without.

A table is read like the card itself: the first value says the row, the second the column, the cell holds whole points.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

import msgspec
import numpy as np

from weilend.core.values import Reason
from weilend.models.table import Booleans, Integers, Table

#: Groups of one axis, the one of values that are not known included: what a person still reads.
MOST_GROUPS: Final = 6


class PairAxis(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One side of a table: group j holds the values above ``cuts[j - 1]`` up to ``cuts[j]``; a word's group is ``levels[place]``.

    The last entry of `levels` is that of words never seen. What is not known and what is a code of `specials` is the last group.

    >>> axis = PairAxis(feature="age", cuts=(30, 50), specials=(-9,))
    >>> axis.groups, [axis.group_of(value) for value in (30, 31, 99, -9, None)]
    (4, [0, 1, 2, 3, 3])
    """

    feature: str
    cuts: tuple[int, ...] = ()
    levels: tuple[int, ...] = ()
    specials: tuple[int, ...] = ()

    @property
    def ordinary(self) -> int:
        """How many groups hold values that are known and no code."""
        return max(self.levels) + 1 if self.levels else len(self.cuts) + 1

    @property
    def groups(self) -> int:
        """How many groups there are."""
        return self.ordinary + 1

    def group_of(self, value: int | None) -> int:
        """Return the group of a value."""
        if value is None or value in self.specials:
            return self.ordinary
        if self.levels:
            return self.levels[value if 0 <= value < len(self.levels) else -1]
        return bisect_left(self.cuts, value)

    def groups_in(self, values: Integers, known: Booleans) -> Integers:
        """Return the groups (n,) of many values, equal to `group_of` one by one."""
        if self.levels:
            last = len(self.levels) - 1
            group = np.array(self.levels, dtype=np.int64)[np.where((values >= 0) & (values < last), values, last)]
        else:
            group = np.searchsorted(np.array(self.cuts, dtype=np.int64), values, side="left").astype(np.int64)
        return np.where(known & ~np.isin(values, np.array(self.specials, dtype=np.int64)), group, self.ordinary)


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """A table of two columns: ``points[row][column]``, and the `rows` and `bads` that training saw in each cell.

    >>> axes = PairAxis(feature="age", cuts=(30,)), PairAxis(feature="debt", cuts=(5,))
    >>> cells = ((9, -9, 0), (0, 3, 0), (0, 0, 0))
    >>> pair = Pair(first=axes[0], second=axes[1], points=cells, rows=cells, bads=cells)
    >>> pair.points_of(20, 8), pair.points_of(40, 8), pair.points_of(None, 8), pair.best_points(), pair.name
    (-9, 3, 0, 9, 'age × debt')
    """

    first: PairAxis
    second: PairAxis
    points: tuple[tuple[int, ...], ...]
    rows: tuple[tuple[int, ...], ...]
    bads: tuple[tuple[int, ...], ...]

    @property
    def name(self) -> str:
        """What it is called: both columns."""
        return f"{self.first.feature} × {self.second.feature}"

    @property
    def axes(self) -> tuple[PairAxis, PairAxis]:
        """Both sides, rows first."""
        return self.first, self.second

    def points_of(self, first: int | None, second: int | None) -> int:
        """Return the points of two values."""
        return self.points[self.first.group_of(first)][self.second.group_of(second)]

    def points_in(self, table: Table) -> Integers:
        """Return the points (n,) of the rows of a table, equal to `points_of` one by one."""
        at = [axis.groups_in(*table.column(axis.feature)) for axis in self.axes]
        return np.array(self.points, dtype=np.int64)[at[0], at[1]]

    def all_points(self) -> tuple[int, ...]:
        """Return the points of every cell."""
        return tuple(points for row in self.points for points in row)

    def best_points(self) -> int:
        """Return the most points that a cell brings."""
        return max(self.all_points())

    def join(self, first: Reason, second: Reason) -> Reason:
        """Return one reason that states both values: neither alone has these points.

        >>> cell = ((0, 0), (0, 0))
        >>> pair = Pair(first=PairAxis(feature="a"), second=PairAxis(feature="b"), points=cell, rows=cell, bads=cell)
        >>> pair.join(Reason("a", "a was 1", "a为1"), Reason("b", "b was 2", "b为2"))
        Reason(code='a × b', en='a was 1 together with b was 2', zh='a为1，同时b为2', class_='', topic='')
        """
        return Reason(self.name, *join_sentences((first.en, first.zh), (second.en, second.zh)))

    def breaks_order(self, signs: tuple[int, int]) -> bool:
        """Return whether a cell breaks the declared order of a column: +1 where more is safer, -1 riskier.

        >>> cell = ((0, 1, 0), (2, 1, 0), (0, 0, 0))
        >>> axes = PairAxis(feature="a", cuts=(5,)), PairAxis(feature="b", cuts=(5,))
        >>> pair = Pair(first=axes[0], second=axes[1], points=cell, rows=cell, bads=cell)
        >>> pair.breaks_order((1, 0)), pair.breaks_order((0, 1)), pair.breaks_order((-1, 0))
        (False, True, True)
        """
        cells = np.array(self.points)
        ordered = cells[: self.first.ordinary], cells[:, : self.second.ordinary]
        return any(
            bool((sign * np.diff(part, axis=at) < 0).any()) for at, (sign, part) in enumerate(zip(signs, ordered, strict=True))
        )


def join_sentences(first: tuple[str, str], second: tuple[str, str]) -> tuple[str, str]:
    """Return two sentences (English, Chinese) as one.

    >>> join_sentences(("a was {first}", "a为{first}"), ("b was {second}", "b为{second}"))
    ('a was {first} together with b was {second}', 'a为{first}，同时b为{second}')
    """
    return f"{first[0]} together with {second[0]}", f"{first[1]}，同时{second[1]}"
