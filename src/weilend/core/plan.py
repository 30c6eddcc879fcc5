"""In: nothing. Out: `Plan`, what to read and fold. Used: made by features, run by every engine with the same answer.

A fold reads rows of one kind that were known at the as_of of a spine row and lie in complete calendar months before it,
filters them, and groups them by *grain*. Its state is exact integers (a count and a sum per group) plus first and last day,
so any engine can compute it in any order, and states of disjoint rows merge by adding and taking extremes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

#: By what a fold groups rows besides the spine row: calendar month (age in complete months, 0 = the last), counterparty
#: within month, or local day.
Grain = Literal["month", "party", "day"]
Columns = Mapping[str, npt.NDArray[Any]]
Mask = Callable[[Columns], npt.NDArray[np.bool_]]


class Fold(msgspec.Struct, frozen=True, kw_only=True):
    """One pass over the rows of a kind: filter, group by grain, count and add.

    `where_sql` and `value_sql` are texts per dialect (`duckdb`, later `spark`), `where_numpy` and `value_numpy` the same as
    vectorised functions of the columns in `reads`; all come from one formula. `months` is the longest window asked of it.
    """

    name: str
    kind: str
    grain: Grain
    months: int
    reads: tuple[str, ...]
    where: str
    value: str
    party: str = "counterparty_id"
    where_sql: dict[str, str]
    value_sql: dict[str, str]
    where_numpy: Mask
    value_numpy: Callable[[Columns], npt.NDArray[np.int64]]


class Plan(msgspec.Struct, frozen=True):
    """The folds of a feature set; `identity` is the content hash of what it computes."""

    identity: str
    folds: tuple[Fold, ...]


class Spine(msgspec.Struct, frozen=True):
    """Who is looked at, and when: one subject and one instant (UTC seconds) per row. A live application is a spine of one.

    >>> Spine(("E1", "E2"), (1577808000, 1577808000)).size
    2
    """

    subjects: tuple[str, ...]
    as_of: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of rows."""
        return len(self.subjects)


class State(msgspec.Struct, frozen=True, kw_only=True):
    """The folded groups of one fold, in any order: what finish functions read, and what merges.

    `row` is the position in the spine, `slot` the month age or the day (days since 1970-01-01), `count` and `total` exact
    integers. `party` points into `parties`, the names of the counterparties (0 and empty where the grain has none).
    """

    row: npt.NDArray[np.int64]
    party: npt.NDArray[np.int64]
    slot: npt.NDArray[np.int64]
    count: npt.NDArray[np.int64]
    total: npt.NDArray[np.int64]
    parties: npt.NDArray[np.object_]
