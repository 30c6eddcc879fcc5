"""In: folds. Out: one pass a kind that reads what they all need of its rows, and its SQL. Used: by every SQL engine.

A database reads and judges rows, `groups` groups them. So each row is read once for all folds of its kind: what filters, values
and days are written in folds becomes columns, each different one once. Grouping in the database would cost an aggregate a fold
and row, and a hash table as wide as the plan (measured: docs/methodology/features.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from weilend.core.plan import Fold, Measure, Slot, Unit
from weilend.core.records import KINDS

DAY_SECONDS = 86_400
LONGEST_MONTH_DAYS = 31
#: The value of folds that only count: no column is read for it.
NOTHING = "0"
#: The subjects that are looked at, as SQL sees them: their names and their places in `Looks`.
LOOKS, LOOK_SUBJECT, LOOK_PLACE = "looks", "look_subject", "look_place"


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """What one SQL writes its own way: quotes, and the number of days since 1970-01-01 of a {date}."""

    name: str
    quote: str
    day_no: str

    def named(self, column: str) -> str:
        """Return a column's name as this SQL quotes it."""
        return f"{self.quote}{column}{self.quote}"


class Cut(msgspec.Struct, frozen=True, kw_only=True):
    """What one fold takes of the rows of a pass: columns by name, "" for none, and how it groups them.

    `in_order` says that rows in the order in which they happened are in the order of its groups too.
    """

    name: str
    unit: Unit
    length: int
    slot: Slot
    measures: tuple[Measure, ...]
    day: str
    flag: str
    value: str
    by: str
    in_order: bool


class Pass(msgspec.Struct, frozen=True):
    """One reading of a kind: the SQL of its columns by name, the folds that cut them, and how far back any of them looks.

    `reach_days` is None where rows are placed by another day than the one on which they happened: then age says nothing.
    """

    kind: str
    columns: dict[str, str]
    cuts: tuple[Cut, ...]
    reach_days: int | None

    @property
    def ordered(self) -> bool:
        """Whether a fold keeps a first or last value, so that rows of one second need their number."""
        return any(measure in ("first", "last") for cut in self.cuts for measure in cut.measures)


def make_passes(dialect: Dialect, folds: Iterable[Fold]) -> tuple[Pass, ...]:
    """Return the passes of a plan's folds, one for each kind."""
    kinds: dict[str, list[Fold]] = {}
    for one in folds:
        kinds.setdefault(one.kind, []).append(one)
    return tuple(_make_pass(dialect, kind, chosen) for kind, chosen in kinds.items())


def _make_pass(dialect: Dialect, kind: str, folds: Sequence[Fold]) -> Pass:
    names: dict[str, str] = {}
    cuts = tuple(_cut(dialect, one, names) for one in folds)
    reach = None if any(one.on for one in folds) else max(map(_reach_days, folds))
    return Pass(kind, {name: text for text, name in names.items()}, cuts, reach)


def _cut(dialect: Dialect, one: Fold, names: dict[str, str]) -> Cut:
    """Return the cut of a fold; `names` has the columns by their SQL and gets those that are new."""

    def column(part: str, text: str) -> str:
        return names.setdefault(text, f"{part}_{len(names)}")

    value, by = one.value_sql[dialect.name], one.by_sql.get(dialect.name, "")
    day = dialect.day_no.format(date=dialect.named(one.on or "happened_on"))
    present = [f"({text}) IS NOT NULL" for text in (by, value) if text not in ("", NOTHING)]
    judged = " AND ".join([f"({one.where_sql[dialect.name]})", *present])
    return Cut(
        name=one.name,
        unit=one.reach.unit,
        length=one.reach.length,
        slot=one.slot,
        measures=one.measures,
        day=column("day", day),
        flag=column("flag", f"CASE WHEN {judged} THEN CAST(1 AS TINYINT) ELSE CAST(0 AS TINYINT) END"),
        value=column("value", f"CAST({value} AS BIGINT)") if one.value != NOTHING else "",
        by=column("by", by) if by else "",
        in_order=not by and (not one.on or one.slot not in ("month", "day")),
    )


def _reach_days(one: Fold) -> int:
    """Return a number of days before the as_of that the reach of a fold does not exceed."""
    return one.reach.length if one.reach.unit == "days" else (one.reach.length + 1) * LONGEST_MONTH_DAYS


def write_pass(dialect: Dialect, one: Pass, relation: str, first_as_of: int, last_as_of: int, places: str = LOOK_PLACE) -> str:
    """Return the SQL of a pass over `relation`, the versions of its kind, for looks between two instants (UTC seconds).

    `places` are the columns of `looks` that say where a subject is looked at. Rows that no look can see are left out. Where there
    is one instant, what is left is what is seen; else each look asks again (`rows.in_force`), and the clocks are read for it.
    """
    clocks = ("happened_at",) if first_as_of == last_as_of else ("happened_at", "known_at", "known_until")
    texts = {name: name for name in (*clocks, *(("seq",) if one.ordered else ()))} | one.columns
    selected = ", ".join(f"{text} AS {name}" for name, text in texts.items())
    age = "" if one.reach_days is None else f" AND happened_at >= {first_as_of - (one.reach_days + 1) * DAY_SECONDS}"
    return f"""
SELECT {places}, {selected}
FROM ({relation}) JOIN {LOOKS} ON {dialect.named(KINDS[one.kind].subjects[0])} = {LOOK_SUBJECT}
WHERE known_at <= {last_as_of} AND known_until > {first_as_of} AND happened_at <= {last_as_of}{age}"""
