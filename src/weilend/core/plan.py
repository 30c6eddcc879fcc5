"""In: nothing. Out: `Plan`, what to read and fold. Used: made by features, run by every engine with the same answer.

A fold reads the rows of one kind that were known at the as_of of a spine row and lie within its reach, filters them, groups them
inside the spine row by a column and by time, and keeps exact integers of each group. So any engine can compute it in any order,
and states of disjoint rows merge by adding and taking extremes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

#: How a fold groups rows in time: not at all; by age in complete calendar months (0 = the last one); by age in periods of 24 hours
#: before the as_of (0 = the last one); by local day (days since 1970-01-01); by hour (hours since 1970-01-01 in UTC).
Slot = Literal["none", "month", "age", "day", "hour"]

#: What a fold may keep of each group besides the count and the sum: the least and the most value, the sum of squares, and the first
#: and the last value in the order (happened_at, seq).
Measure = Literal["least", "most", "squares", "first", "last"]

Unit = Literal["months", "days"]
Columns = Mapping[str, npt.NDArray[Any]]
Mask = Callable[[Columns], npt.NDArray[np.bool_]]
Ints = npt.NDArray[np.int64]
#: Integers of rows, and where they are known.
Values = Callable[[Columns], tuple[Ints, npt.NDArray[np.bool_]]]

#: The arrays that keep each measure. A sum of squares needs more than 64 bits: it is ``square_high * SQUARE_BASE + square_low``.
KEEPS: dict[Measure, tuple[str, ...]] = {
    "least": ("least",),
    "most": ("most",),
    "squares": ("square_high", "square_low"),
    "first": ("first_at", "first_seq", "first"),
    "last": ("last_at", "last_seq", "last"),
}
SQUARE_BASE = 2**60


class Reach(msgspec.Struct, frozen=True, order=True):
    """How far back a window goes: complete calendar months before the month of the as_of, or 24-hour days before the as_of.

    >>> Reach("months", 12).text, Reach("days", 90).text
    ('12 months', '90 days')
    """

    unit: Unit
    length: int

    @property
    def text(self) -> str:
        """The reach in words."""
        return f"{self.length} {self.unit}"


class Fold(msgspec.Struct, frozen=True, kw_only=True):
    """One pass over the rows of a kind within a reach: filter, group by a value (`by`, "" for none) and by time, count and add.

    `on` is the date column by which rows are placed in months and local days; `by` is a column, or a formula of integers, which
    then has `by_numpy`. A row whose `on`, `by` or value is NULL is left out. Each `…_sql` has a text per dialect, each `…_numpy`
    is the same as a vectorised function of the columns in `reads`; both come from one formula.
    """

    name: str
    kind: str
    reach: Reach
    slot: Slot
    on: str
    by: str
    measures: tuple[Measure, ...]
    reads: tuple[str, ...]
    where: str
    value: str
    where_sql: dict[str, str]
    value_sql: dict[str, str]
    by_sql: dict[str, str]
    where_numpy: Mask
    value_numpy: Values
    by_numpy: Values | None


class Plan(msgspec.Struct, frozen=True):
    """The folds of a feature set; `identity` is the content hash of what it computes."""

    identity: str
    folds: tuple[Fold, ...]


class Spine(msgspec.Struct, frozen=True):
    """Who is looked at, and when: one subject and one instant (UTC seconds) per row. A live application is a spine of one.

    `role` says what the subjects are; `linked` names, per other role and row, the subjects that belong to the row (the shops of a
    business, its owners, their devices), as known at its as_of.

    >>> spine = Spine(("E1", "E2"), (1577808000, 1577808000), linked={"shop_id": (("S1", "S2"), ())})
    >>> spine.size, spine.members("shop_id"), spine.members("business_id")
    (2, ((0, 'S1'), (0, 'S2')), ((0, 'E1'), (1, 'E2')))
    """

    subjects: tuple[str, ...]
    as_of: tuple[int, ...]
    role: str = "business_id"
    linked: dict[str, tuple[tuple[str, ...], ...]] = {}

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(self.subjects)

    def members(self, role: str) -> tuple[tuple[int, str], ...]:
        """Return (row, subject) for every subject of a role; none where the spine does not speak of it."""
        if role == self.role:
            return tuple(enumerate(self.subjects))
        groups = self.linked.get(role, ())
        return tuple((row, subject) for row, group in enumerate(groups) for subject in group)


class State(msgspec.Struct, frozen=True, kw_only=True):
    """The folded groups of one fold, in any order: what finish functions read, and what merges.

    `row` is the position in the spine, `slot` the time, `count` and `total` exact integers. `party` points into `parties`, the
    names (or integers) by which rows were told apart (0 and empty where the fold tells none apart). `kept` has the arrays of
    `KEEPS`.
    """

    row: Ints
    party: Ints
    slot: Ints
    count: Ints
    total: Ints
    parties: npt.NDArray[Any]
    kept: dict[str, Ints] = {}
