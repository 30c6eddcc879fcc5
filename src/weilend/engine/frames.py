"""In: columns of one subject's rows. Out: by what folds group them: time, party, and both as one key. Used: by `numpy`.

Everything here is computed once for all folds of a kind that ask for it.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.core.calendars import first_of_month
from weilend.core.plan import Ints, Slot, Unit, Values
from weilend.engine.columns import Rows, Texts

DAY_SECONDS = 86_400
HOUR_SECONDS = 3_600
EPOCH = date(1970, 1, 1)
#: A key is ``party << SLOT_BITS | slot + SLOT_ZERO``: slots are months, days or hours, which need no more.
SLOT_BITS = 32
SLOT_ZERO = 1 << 31
FEW_NAMES = 2**16 - 1

Array = npt.NDArray[Any]
Mask = npt.NDArray[np.bool_]
NOBODY = np.zeros(0, dtype=np.object_)


class Parties:
    """By what rows are told apart: a code each, what the codes stand for, and where there is a code (None: everywhere).

    `order` puts rows of one code together, each as they stand; `base` has what the code adds to a key, in that order.
    """

    def __init__(self, codes: Ints, names: Array, there: Mask | None) -> None:
        self.codes, self.names, self.there = codes, names, there
        self.order = _sort_codes(codes, len(names))
        self.base = (codes.take(self.order) << SLOT_BITS) + SLOT_ZERO


class Frame(msgspec.Struct, frozen=True):
    """How folds group rows: the order that puts those of one key together (None: as they stand), and their keys in that order.

    Rows of one key stay in the order (happened_at, seq), and the keys of one party in the order of time.
    """

    key: Ints
    order: Ints | None
    parties: Parties | None


class Times:
    """The slots of one subject's rows, in the order (happened_at, seq), as seen at `as_of` (UTC seconds) in a month.

    `longest` is how many months back any fold looks.
    """

    def __init__(self, rows: Rows, as_of: int, month: int, longest: int) -> None:
        self._rows = rows
        self._ago = as_of - rows["happened_at"]
        self._month = month
        self._longest = longest
        self._slots: dict[tuple[Slot, str], Ints] = {}

    def slots(self, slot: Slot, on: str) -> Ints:
        """Return the slot of each row; `on` is the column of the day by which it is placed, "" the day on which it happened."""
        key = (slot, on)
        if key not in self._slots:
            self._slots[key] = self._find(slot, on)
        return self._slots[key]

    def inside(self, unit: Unit, on: str, length: int) -> Mask:
        """Return which rows lie within a reach; as unsigned numbers, what lies ahead is beyond every reach too."""
        ages, least = (self.slots("month", on), length) if unit == "months" else (self._ago, length * DAY_SECONDS)
        return ages.view(np.uint64) < least

    def _find(self, slot: Slot, on: str) -> Ints:
        if slot == "none":
            return np.zeros(len(self._ago), dtype=np.int64)
        if slot == "age":
            return self._ago // DAY_SECONDS
        if slot == "hour":
            return self._rows["happened_at"] // HOUR_SECONDS
        days = self._rows[on or "happened_on"].view(np.int64)
        return days if slot == "day" else month_ages(days, self._month, self._longest)


def month_ages(days: Ints, month: int, longest: int) -> Ints:
    """Return the age in complete months of days since 1970-01-01 as seen in a month: 0 for the last one.

    -1 in that month and later, and for NaT; `longest` in all months that are older.

    >>> month_ages(np.array([18261, 18262, 18231, 18230, 0]), 24240, 1).tolist()  # seen in January 2020, which began on day 18262
    [0, -1, 0, 1, 1]
    """
    first, table = _month_table(month, longest)
    return table.take(days - first, mode="clip")


@lru_cache(maxsize=256)
def _month_table(month: int, longest: int) -> tuple[int, Ints]:
    """Return a day older than all that count, and the age of it and of each day from there until the month has begun."""
    starts = np.array([(first_of_month(one) - EPOCH).days for one in range(month - longest, month + 1)])
    ages = np.repeat(np.arange(longest - 1, -1, -1), np.diff(starts))
    return int(starts[0]) - 1, np.concatenate([[longest], ages, [-1]])


def make_frame(times: Times, slot: Slot, on: str, parties: Parties | None) -> Frame:
    """Return how rows are grouped by a slot and by parties."""
    slots = times.slots(slot, on)
    if on and slot in ("month", "day"):  # by another day than the one on which they happened
        later = _forward(slots, slot).argsort(kind="stable")
        order = later if parties is None else later[_sort_codes(parties.codes[later], len(parties.names))]
        return Frame((SLOT_ZERO if parties is None else parties.base) + slots.take(order), order, parties)
    if parties is None:
        return Frame(slots + SLOT_ZERO, None, None)
    return Frame(parties.base + slots.take(parties.order), parties.order, parties)


def _forward(slots: Ints, slot: Slot) -> Ints:
    """Return numbers that grow with time."""
    return -slots if slot == "month" else slots


def _sort_codes(codes: Ints, names: int) -> Ints:
    """Return the order of codes, equal ones as they stand; short numbers are sorted by their digits, several times as fast."""
    return (codes.astype(np.uint16) if names < FEW_NAMES else codes).argsort(kind="stable")


def tell_apart(rows: Rows, by: str, by_numpy: Values | None) -> Parties:
    """Return by what a column, or a formula of integers, tells rows apart; NULL is nobody."""
    if by_numpy is not None:
        value, known = by_numpy(rows)
        return _code(value, known)
    column = rows[by]
    if column.dtype == np.object_:
        column = Texts.of(column)
    if isinstance(column, Texts):
        codes = column.view(np.ndarray)
        return Parties(codes, column.names, unless_all(codes >= 0))
    if isinstance(column, np.ma.MaskedArray):
        return _code(column.data, ~np.ma.getmaskarray(column))
    return _code(column, ~np.isnat(column) if column.dtype.kind == "M" else np.ones(len(column), dtype=np.bool_))


def _code(column: Array, known: Mask) -> Parties:
    names, codes = np.unique(column, return_inverse=True)
    return Parties(codes, names, unless_all(known))


def unless_all(mask: Mask) -> Mask | None:
    """Return a mask, None where it holds everywhere."""
    return None if mask.all() else mask
