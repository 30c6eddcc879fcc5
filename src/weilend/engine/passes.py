"""In: folds of one kind and grouping. Out: the SQL text of one pass, and the states in its answer. Used: by every SQL engine.

Rows known at each as_of are joined to the spine once, then every fold of the pass is a filtered aggregate of the same rows. What
two dialects write differently stands in their `Dialect`; everything else is one text.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import pyarrow as pa

from weilend.core.calendars import Calendar
from weilend.core.plan import KEEPS, Fold, Ints, Measure, Slot, Spine, State, Unit
from weilend.core.records import KINDS

NO_PARTIES = np.zeros(0, dtype=np.object_)

#: What a pass groups: kind, unit of reach, slot, day by which rows are placed, what tells them apart.
Pass = tuple[str, Unit, Slot, str, str]

#: The column of the join below that is each slot, and the age in each unit of reach.
SLOTS: dict[Slot, str] = {"none": "0", "month": "month_age", "age": "day_age", "day": "day_no", "hour": "hour_no"}
AGES: dict[Unit, str] = {"months": "month_age", "days": "day_age"}


class Dialect(msgspec.Struct, frozen=True, kw_only=True):
    """What one SQL writes its own way: quotes, whole division, days and hours since 1970, and each array of `plan.KEEPS`.

    In `kept`, {value} is the fold's value and {inside} the condition of its rows.
    """

    name: str
    quote: str
    day_age: str
    day_no: str
    hour_no: str
    kept: dict[str, str]

    def named(self, column: str) -> str:
        """Return a column's name as this SQL quotes it."""
        return f"{self.quote}{column}{self.quote}"


def split_passes(folds: Sequence[Fold]) -> dict[Pass, list[Fold]]:
    """Return the folds of a plan by the pass that computes them."""
    passes: dict[Pass, list[Fold]] = {}
    for one in folds:
        passes.setdefault((one.kind, one.reach.unit, one.slot, one.on, one.by), []).append(one)
    return passes


def write_pass(dialect: Dialect, key: Pass, folds: Sequence[Fold], relation: str) -> str:
    """Return the SQL that folds every fold of a pass over `relation`, which has the versions of the kind; `spine` is a table."""
    kind, unit, slot, on, by = key
    reads = sorted({name for one in folds for name in one.reads})
    placed = f"r.{dialect.named(on or 'happened_on')}"
    columns = "".join(f", r.{dialect.named(name)}" for name in reads if name not in ("happened_on", "happened_at", "seq"))
    party, there = (folds[0].by_sql[dialect.name], f"({folds[0].by_sql[dialect.name]}) IS NOT NULL") if by else ("''", "true")
    aggregates = ",\n  ".join(line for index, one in enumerate(folds) for line in _aggregates(dialect, index, one))
    return f"""
WITH rows AS (
  SELECT s.spine_row, r.happened_on, r.happened_at, r.seq{columns},
    s.month_no - 1 - (12 * year({placed}) + month({placed}) - 1) AS month_age,
    {dialect.day_age} AS day_age, {dialect.day_no.format(placed=placed)} AS day_no, {dialect.hour_no} AS hour_no
  FROM ({relation}) r JOIN spine s ON r.{KINDS[kind].subjects[0]} = s.subject
  WHERE r.known_at <= s.as_of AND s.as_of < r.known_until AND r.happened_at <= s.as_of
)
SELECT spine_row, {party} AS party, {SLOTS[slot]} AS slot,
  {aggregates}
FROM rows WHERE {AGES[unit]} >= 0 AND {AGES[unit]} < {max(one.reach.length for one in folds)} AND {there}
GROUP BY 1, 2, 3"""


def _aggregates(dialect: Dialect, index: int, one: Fold) -> list[str]:
    value = one.value_sql[dialect.name]
    inside = f"{AGES[one.reach.unit]} < {one.reach.length} AND ({one.where_sql[dialect.name]}) AND ({value}) IS NOT NULL"
    return [
        f"count(*) FILTER (WHERE {inside}) AS count_{index}",
        f"CAST(coalesce(sum({value}) FILTER (WHERE {inside}), 0) AS BIGINT) AS total_{index}",
        *(f"{dialect.kept[name].format(value=value, inside=inside)} AS {name}_{index}" for name in kept_names(one.measures)),
    ]


def spine_table(spine: Spine, kind: str, calendar: Calendar) -> pa.Table:
    """Return the members of a spine that a kind is about: spine_row, subject, as_of and the month index of the as_of."""
    members = spine.members(KINDS[kind].subjects[0])
    rows = [row for row, _ in members]
    months = {instant: calendar.month_of(instant) for instant in set(spine.as_of)}
    return pa.table(
        {
            "spine_row": pa.array(rows, pa.int64()),
            "subject": pa.array([subject for _, subject in members], pa.string()),
            "as_of": pa.array([spine.as_of[row] for row in rows], pa.int64()),
            "month_no": pa.array([months[spine.as_of[row]] for row in rows], pa.int64()),
        }
    )


def read_states(table: pa.Table, folds: Sequence[Fold]) -> dict[str, State]:
    """Return the states in the answer of a pass; groups in which a fold has no row are left out."""
    row, slot = (_integers(table, name) for name in ("spine_row", "slot"))
    named = table.column("party").combine_chunks().dictionary_encode()
    party, parties = named.indices.to_numpy().astype(np.int64), named.dictionary.to_numpy(zero_copy_only=False)
    states = {}
    for index, one in enumerate(folds):
        count = _integers(table, f"count_{index}")
        there = np.flatnonzero(count > 0)
        states[one.name] = State(
            row=row[there],
            party=party[there],
            slot=slot[there],
            count=count[there],
            total=_integers(table, f"total_{index}")[there],
            parties=parties if one.by else NO_PARTIES,
            kept={name: _integers(table, f"{name}_{index}")[there] for name in kept_names(one.measures)},
        )
    return states


def kept_names(measures: Sequence[Measure]) -> tuple[str, ...]:
    """Return the arrays that some measures keep.

    >>> kept_names(("least", "squares"))
    ('least', 'square_high', 'square_low')
    """
    return tuple(name for measure in measures for name in KEEPS[measure])


def _integers(table: pa.Table, name: str) -> Ints:
    return np.asarray(table.column(name).fill_null(0).to_numpy().astype(np.int64))
