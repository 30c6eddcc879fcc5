"""In: nothing. Out: `Crowd`, a count of members by what they share. Used: made by `features.crowds`, read by `engine.crowds`.

A crowd is a fold over subjects, not over the records of one: how many businesses one telephone serves, how many of a region's
borrowers went bad. It is folded in the order of the book: a member belongs from the first row on that says so, and a correction
does not undo what was once seen, so the count at a seq and an instant never changes, and states of disjoint rows merge.
"""

from __future__ import annotations

import msgspec


class Side(msgspec.Struct, frozen=True):
    """Rows that speak of members: a kind, the column that names the member, the column of what it shares ("" for none), and
    which rows count, as SQL of each dialect.

    >>> Side("link", "from_id", "to_id", {"duckdb": "true"}).group
    'to_id'
    """

    kind: str
    member: str
    group: str
    where_sql: dict[str, str]


class Crowd(msgspec.Struct, frozen=True, kw_only=True):
    """Members that share something (`of`); of these, where given, only those that `among` speaks of, and how many `flagged` does.

    `days` is how recently they must have been seen together, 0 for ever. `column` is where a `graph_profile` keeps the answer.

    >>> Crowd(name="phone_businesses", column="phone_businesses_count", of=Side("link", "from_id", "to_id", {})).days
    0
    """

    name: str
    column: str
    of: Side
    among: Side | None = None
    flagged: Side | None = None
    days: int = 0

    @property
    def sides(self) -> dict[str, Side]:
        """The sides that are there, by what they say of a member."""
        named = {"of": self.of, "among": self.among, "flagged": self.flagged}
        return {name: side for name, side in named.items() if side is not None}


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
