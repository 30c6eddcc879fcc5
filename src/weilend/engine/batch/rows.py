"""In: the answer of a pass, and looks. Out: the rows that each look sees, as arrays. Used: by `groups`.

Rows come in the order (subject, happened_at, seq) from a compacted book, and are brought into it where they do not. Only what
folds ask for is made an array, and only the rows that they keep are told apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weilend.core.plan import Ints, Slot, Unit
from weilend.engine.batch.looks import Looks, months_of
from weilend.engine.batch.passes import DAY_SECONDS, LOOK_PLACE

HOUR_SECONDS = 3_600
INT64_MAX = 2**63 - 1
#: Stands for the day of a row that has none: before all that any window opens on.
NO_DAY = -200_000
AGES: dict[Unit, Slot] = {"months": "month", "days": "age"}

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]


class Rows:
    """The rows that looks see: those of one spine row together, in the order (happened_at, seq).

    `row` is the spine row of each; a row that several looks see stands once for each.
    """

    def __init__(self, columns: Columns, looks: Looks, row: Ints, origin: Ints | None) -> None:
        self.row = row
        self._columns = columns
        self._looks = looks
        self._origin = origin
        self._slots: dict[tuple[Slot, str], Ints] = {}
        self._inside: dict[tuple[Unit, str, int], Mask] = {}
        self._there = self._in_force()

    def take(self, name: str, place: Ints | None = None) -> Array:
        """Return the values of a column: of all rows, or of those at some places."""
        return _at(self._columns.array(name), self._where(place))

    def tell_apart(self, name: str, place: Ints) -> tuple[Ints, Array]:
        """Return a code for each of the rows at some places, and what the codes stand for."""
        return self._columns.tell_apart(name, self._where(place))

    @cached_property
    def times(self) -> dict[str, Ints]:
        """When each row happened, and its number where the pass has it."""
        return {name: self.take(name) for name in self._columns.order}

    def slots(self, slot: Slot, day: str) -> Ints:
        """Return the slot of each row; `day` is the column of the day by which it is placed."""
        key = (slot, day if slot in ("month", "day") else "")
        if key not in self._slots:
            self._slots[key] = self._find_slots(slot, day)
        return self._slots[key]

    def inside(self, unit: Unit, day: str, length: int) -> Mask:
        """Return which rows are seen and lie within a reach."""
        key = (unit, day if unit == "months" else "", length)
        if key not in self._inside:
            age = self.slots(AGES[unit], day)
            self._inside[key] = (age >= 0) & (age < length) & self._there
        return self._inside[key]

    def _where(self, place: Ints | None) -> Ints | None:
        """Return where rows stand in the answer of the pass."""
        return place if self._origin is None else _at(self._origin, place)

    def _in_force(self) -> Mask:
        """Return which rows had happened and were in force when they are looked at; a pass for one instant asked already."""
        if not self._columns.has_clocks:
            return np.ones(len(self.row), dtype=np.bool_)
        happened_at, known_at, known_until = (self.take(name) for name in ("happened_at", "known_at", "known_until"))
        return in_force(happened_at, known_at, known_until, self._looks.as_of[self.row])

    def _find_slots(self, slot: Slot, day: str) -> Ints:
        if slot == "month":
            return (self._looks.month[self.row] - 1 - self._months(day)).astype(np.int32)
        if slot == "age":
            return ((self._looks.as_of[self.row] - self.take("happened_at")) // DAY_SECONDS).astype(np.int32)
        if slot == "hour":
            return (self.take("happened_at") // HOUR_SECONDS).astype(np.int32)
        return self.take(day) if slot == "day" else np.zeros(len(self.row), dtype=np.int32)

    def _months(self, day: str) -> Ints:
        """Return the month of each row's day; there are few days, so each is asked once."""
        days = self.take(day)
        if not len(days):
            return days
        first = int(days.min())
        months: Ints = months_of(np.arange(first, int(days.max()) + 1))[days - first]
        return months


class Columns:
    """The answer of a pass, each column an array once it is asked for."""

    def __init__(self, table: pa.Table) -> None:
        self._table = table
        self._arrays: dict[str, Array] = {}
        self.has_clocks = "known_at" in table.column_names
        self.order = tuple(name for name in ("happened_at", "seq") if name in table.column_names)

    def array(self, name: str) -> Array:
        """Return a column of integers, or of yes and no, without NULL."""
        if name not in self._arrays:
            column = self._table.column(name)
            if column.null_count:
                column = column.fill_null(NO_DAY if name.startswith("day_") else 0)
            array = column.to_numpy()
            self._arrays[name] = array.view(np.bool_) if name.startswith("flag_") else array
        return self._arrays[name]

    def tell_apart(self, name: str, place: Ints | None) -> tuple[Ints, Array]:
        """Return a code for each value at some places, and what the codes stand for."""
        column = self._table.column(name).combine_chunks()
        named = (column if place is None else column.take(pa.array(place))).dictionary_encode()
        return named.indices.to_numpy(), named.dictionary.to_numpy(zero_copy_only=False)


def see(table: pa.Table, looks: Looks) -> Rows:
    """Return the rows of a pass's answer as each look sees them."""
    columns = Columns(table)
    keys = [columns.array(name) for name in columns.order]
    place = columns.array(LOOK_PLACE)
    origin = None if _is_rising([place, *keys]) else sort([place, *keys])
    if looks.one_a_subject:
        row = looks.row[_at(place, origin)]
    else:
        row, index = _repeat(_at(place, origin), looks)
        origin = index if origin is None else origin[index]
    if not looks.one_a_row:
        order = sort([row, *(_at(key, origin) for key in keys)])
        row, origin = row[order], order if origin is None else origin[order]
    return Rows(columns, looks, row, origin)


def in_force(happened_at: Ints, known_at: Ints, known_until: Ints, as_of: Ints) -> Mask:
    """Return which rows had happened and were in force at an instant each (UTC seconds).

    >>> in_force(np.array([1, 1, 3]), np.array([1, 3, 3]), np.array([3, 9, 9]), np.array([2, 2, 3])).tolist()
    [True, False, True]
    """
    return np.asarray((happened_at <= as_of) & (known_at <= as_of) & (known_until > as_of))


def sort(keys: Sequence[Ints]) -> Ints:
    """Return the stable order by some keys, the first weighing most; by one number where they fit it, which is far quicker.

    >>> sort([np.array([2, 1, 2]), np.array([5, 6, 4])]).tolist()
    [1, 2, 0]
    """
    packed, size = np.zeros(len(keys[0]), dtype=np.int64), 1
    for key in keys:
        least, most = (int(key.min()), int(key.max())) if len(key) else (0, 0)
        size *= most - least + 1
        if size > INT64_MAX:
            return np.lexsort(keys[::-1])
        packed = packed * (most - least + 1) + (key - least)
    return np.argsort(packed, kind="stable")


def _is_rising(keys: Sequence[Ints]) -> bool:
    """Return whether rows stand in the order of some keys, the first weighing most."""
    rising = keys[-1][:-1] <= keys[-1][1:]
    for key in keys[-2::-1]:
        rising = (key[:-1] < key[1:]) | ((key[:-1] == key[1:]) & rising)
    return bool(rising.all())


def _at(column: Array, place: Ints | None) -> Array:
    return column if place is None else column[place]


def _repeat(place: Ints, looks: Looks) -> tuple[Ints, Ints]:
    """Return the spine row and the place of each row, look after look: those of a subject once for every look at it."""
    start = np.searchsorted(place, np.arange(len(looks.subjects) + 1))
    subject = np.repeat(np.arange(len(looks.subjects)), np.diff(looks.start))
    count = np.diff(start)[subject]
    look = np.repeat(np.arange(len(subject)), count)
    skipped = np.cumsum(count) - count
    return looks.row[look], np.arange(len(look)) - skipped[look] + start[subject][look]
