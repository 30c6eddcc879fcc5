"""In: nothing. Out: `Crowd`, a count of members by what they share. Used: made by `features.crowds`, read by `engine.crowds`.

A crowd is a fold over subjects, not over the records of one: how many businesses one telephone serves, how many of a region's
borrowers went bad. It is folded in the order of the book: a member belongs from the first row on that says so, and a correction
does not undo what was once seen, so the count at a seq and an instant never changes, and states of disjoint rows merge.
"""

from __future__ import annotations

import msgspec

HOUR_SECONDS = 3_600


def say_pace(hours: int) -> str:
    """Return how a window of hours is written at the end of a name: in days from the second day on.

    >>> [say_pace(hours) for hours in (1, 24, 168)]
    ['1h', '24h', '7d']
    """
    return f"{hours // 24}d" if hours > 24 else f"{hours}h"


class Side(msgspec.Struct, frozen=True):
    """Rows that speak of members: a kind, the column that names the member, the column of what it shares ("" for none), which
    rows count, as SQL of each dialect, and the `columns` that this reads.

    >>> Side("link", "from_id", "to_id", {"duckdb": "true"}).group
    'to_id'
    """

    kind: str
    member: str
    group: str
    where_sql: dict[str, str]
    columns: tuple[str, ...] = ()


class Crowd(msgspec.Struct, frozen=True, kw_only=True):
    """Members that share something (`of`); of these, where given, only those that `among` speaks of, and how many `flagged` does.

    `days` is how recently they must have been seen together, 0 for ever. `column` is where a `graph_profile` keeps the answer.
    With `paces` (hours) it is asked once for each, and a `{}` in `column` stands for the window; `is_of_others` leaves the
    applicant's own business and owners out of the count.

    >>> Crowd(name="phone_businesses", column="phone_businesses_count", of=Side("link", "from_id", "to_id", {})).days
    0
    >>> Crowd(name="x", column="x_{}_count", of=Side("link", "from_id", "to_id", {}), paces=(1, 168)).windows
    {'x_1h_count': 3600, 'x_7d_count': 604800}
    """

    name: str
    column: str
    of: Side
    among: Side | None = None
    flagged: Side | None = None
    days: int = 0
    paces: tuple[int, ...] = ()
    is_of_others: bool = False

    @property
    def windows(self) -> dict[str, int]:
        """How many seconds each column looks back, 0 for ever."""
        if not self.paces:
            return {self.column: self.days * 24 * HOUR_SECONDS}
        return {self.column.format(say_pace(hours)): hours * HOUR_SECONDS for hours in self.paces}

    @property
    def sides(self) -> dict[str, Side]:
        """The sides that are there, by what they say of a member."""
        named = {"of": self.of, "among": self.among, "flagged": self.flagged}
        return {name: side for name, side in named.items() if side is not None}


class CrowdAsked(msgspec.Struct, frozen=True):
    """A question to a crowd: which group, at which instant (UTC seconds), how far back (seconds, 0 for ever), whom not to count.

    >>> CrowdAsked("p1", 0).without
    ()
    """

    group: str
    as_of: int
    seconds: int = 0
    without: tuple[str, ...] = ()


class CrowdCount(msgspec.Struct, frozen=True):
    """How many members a group has, and how many of them are flagged.

    >>> CrowdCount(8, 2).rate_ppm
    250000
    """

    members: int
    flagged: int

    @property
    def rate_ppm(self) -> int | None:
        """Share of the members that are flagged, in ppm, rounded half up; None without members."""
        return (2 * self.flagged * 1_000_000 + self.members) // (2 * self.members) if self.members else None
