"""In: a table of integers and what its columns mean. Out: the matrix of doubles that a booster reads. Used: by every booster.

A special code is not a number, so it must not stand in the order of the numbers: it becomes unknown in its own column, and a
category in a second one. NULL in a column that training always knew reads as that column's middle value, because the trees have
never been asked about it; a category that training has not seen goes the way of those that are named by no split.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np

from weilend.models.sample import Column, Sample
from weilend.models.table import Booleans, Floats, Integers, Table


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """One column of the matrix, made from column `feature` of the table: its number, its category, or which special code it is.

    `sign` is the declared sign of a number (+1 more is safer). `fill` is the middle value of a column that training always knew,
    None where NULL is an answer of its own.
    """

    name: str
    feature: str
    kind: Literal["number", "category", "special"]
    sign: int = 0
    specials: tuple[int, ...] = ()
    fill: int | None = None


def lay_out(sample: Sample) -> tuple[Slot, ...]:
    """Return the columns of the matrix for the rows to be trained on.

    >>> import numpy as np
    >>> x = np.array([[5], [-9], [7]])
    >>> one = np.ones(3)
    >>> sample = Sample(table=Table(("age",), x, x < 99, tuple("abc")), columns=(Column(name="age", sign=1, specials=(-9,)),),
    ...     bad=np.array([0, 1, 0]), weight=one, group=np.arange(3), month=np.full(3, -1))
    >>> [(slot.name, slot.kind, slot.fill) for slot in lay_out(sample)]
    [('x0', 'number', None), ('x1', 'special', None)]
    """
    slots: list[Slot] = []
    for place, column in enumerate(sample.columns):
        values, known = sample.table.values[:, place], sample.table.known[:, place]
        numbers = known & ~np.isin(values, column.specials) if column.specials else known
        for slot in _slots(column, values, numbers):
            slots.append(msgspec.structs.replace(slot, name=f"x{len(slots)}"))
    return tuple(slots)


def _slots(column: Column, values: Integers, numbers: Booleans) -> list[Slot]:
    if column.kind == "category":
        return [Slot(name="", feature=column.name, kind="category")]
    fill = int(np.sort(values)[(len(values) - 1) // 2]) if numbers.all() else None
    number = Slot(
        name="", feature=column.name, kind="number", sign=column.sign, specials=tuple(sorted(column.specials)), fill=fill
    )
    if not column.specials:
        return [number]
    return [number, msgspec.structs.replace(number, kind="special", sign=0, fill=None)]


def encode(table: Table, slots: Sequence[Slot]) -> Floats:
    """Return (n, slots) doubles, NaN where nothing is known; `InputError` where the table lacks a feature.

    >>> x = np.array([[5], [-9], [0]])
    >>> slots = [Slot(name="x0", feature="age", kind="number", specials=(-9,)),
    ...     Slot(name="x1", feature="age", kind="special", specials=(-9,))]
    >>> encode(Table(("age",), x, np.array([[True], [True], [False]]), tuple("abc")), slots).tolist()
    [[5.0, 0.0], [nan, 1.0], [nan, 0.0]]
    """
    matrix = np.empty((len(table), len(slots)), dtype=np.float64)
    for place, slot in enumerate(slots):
        matrix[:, place] = _column(slot, *table.column(slot.feature))
    return matrix


def _column(slot: Slot, values: Integers, known: Booleans) -> Floats:
    if slot.kind == "special":
        code = np.searchsorted(slot.specials, values) % len(slot.specials)
        return np.where(known & (np.array(slot.specials)[code] == values), code + 1.0, 0.0)
    numbers = known & ~np.isin(values, slot.specials) if slot.specials else known
    return np.where(numbers, values.astype(np.float64), np.nan if slot.fill is None else float(slot.fill))


def encode_value(slot: Slot, value: int | None) -> float:
    """Return one cell of the matrix, equal to `encode`.

    >>> encode_value(Slot(name="x1", feature="age", kind="special", specials=(-9, -8)), -8)
    2.0
    >>> encode_value(Slot(name="x0", feature="age", kind="number", fill=40), None)
    40.0
    """
    if slot.kind == "special":
        return float(slot.specials.index(value) + 1) if value in slot.specials else 0.0
    if value is None or value in slot.specials:
        return float("nan") if slot.fill is None else float(slot.fill)
    return float(value)
