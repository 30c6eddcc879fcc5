"""In: a plan, a spine, a view of the book. Out: states, folded by DuckDB. Used: for many subjects at once.

One query per kind and grouping: rows known at each as_of are joined to the spine once, then every fold of that grouping is a
filtered aggregate of the same pass.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import numpy as np
import pyarrow as pa

from weilend.core.calendars import Calendar
from weilend.core.plan import KEEPS, SQUARE_BASE, Fold, Ints, Measure, Plan, Slot, Spine, State, Unit
from weilend.core.records import KINDS
from weilend.engine.book_view import BookView

THREADS = 2
NO_PARTIES = np.zeros(0, dtype=np.object_)

#: SQL of each slot over a row of the join below.
SLOTS: dict[Slot, str] = {"none": "0", "month": "month_age", "age": "day_age", "day": "day", "hour": "hour"}
#: SQL of a row's age in each unit of reach.
AGES: dict[Unit, str] = {"months": "month_age", "days": "day_age"}
_SQUARES = "sum(({value})::HUGEINT * ({value})) FILTER (WHERE {inside})"
#: SQL of what each array of `plan.KEEPS` holds; {value} is the fold's value, {inside} the condition of its rows.
KEPT: dict[str, str] = {
    "least": "min({value}) FILTER (WHERE {inside})",
    "most": "max({value}) FILTER (WHERE {inside})",
    "square_high": f"({_SQUARES} // {SQUARE_BASE})::BIGINT",
    "square_low": f"({_SQUARES} % {SQUARE_BASE})::BIGINT",
    "first_at": "min(happened_at) FILTER (WHERE {inside})",
    "first_seq": "arg_min(seq, (happened_at, seq)) FILTER (WHERE {inside})",
    "first": "arg_min({value}, (happened_at, seq)) FILTER (WHERE {inside})",
    "last_at": "max(happened_at) FILTER (WHERE {inside})",
    "last_seq": "arg_max(seq, (happened_at, seq)) FILTER (WHERE {inside})",
    "last": "arg_max({value}, (happened_at, seq)) FILTER (WHERE {inside})",
}
Pass = tuple[str, Unit, Slot, str]


def fold(plan: Plan, spine: Spine, view: BookView, calendar: Calendar) -> dict[str, State]:
    """Fold a plan over a spine; same states as `engine.numpy.fold`, order of groups aside."""
    with duckdb.connect(config={"threads": THREADS}) as connection:
        states: dict[str, State] = {}
        for (kind, unit, slot, by), folds in _by_pass(plan.folds).items():
            connection.register("spine", _spine_table(spine, KINDS[kind].subjects[0], calendar))
            table = connection.sql(fold_sql(kind, unit, slot, by, folds, view.sql(kind))).to_arrow_table()
            states.update(_split(table, folds))
        return states


def fold_sql(kind: str, unit: Unit, slot: Slot, by: str, folds: Sequence[Fold], relation: str) -> str:
    """Return the SQL text that folds every fold of one kind and grouping in one pass over `relation`."""
    reads = sorted({name for one in folds for name in one.reads} | ({by} if by else set()))
    columns = "".join(f', r."{name}"' for name in reads if name not in ("happened_on", "happened_at", "seq"))
    party, there = (f'"{by}"', f'"{by}" IS NOT NULL') if by else ("''", "true")
    aggregates = ",\n  ".join(line for index, one in enumerate(folds) for line in _aggregates(index, one))
    return f"""
WITH rows AS (
  SELECT s.row AS spine_row, r.happened_on, r.happened_at, r.seq{columns},
    s.month - 1 - (12 * year(r.happened_on) + month(r.happened_on) - 1) AS month_age,
    (s.as_of - r.happened_at) // 86400 AS day_age,
    r.happened_on - DATE '1970-01-01' AS day,
    floor(r.happened_at / 3600.0)::BIGINT AS hour
  FROM ({relation}) r JOIN spine s ON r.{KINDS[kind].subjects[0]} = s.subject
  WHERE r.known_at <= s.as_of AND s.as_of < r.known_until AND r.happened_at <= s.as_of
)
SELECT spine_row, {party} AS party, {SLOTS[slot]} AS slot,
  {aggregates}
FROM rows WHERE {AGES[unit]} >= 0 AND {AGES[unit]} < {max(one.reach.length for one in folds)} AND {there}
GROUP BY ALL"""


def _aggregates(index: int, one: Fold) -> list[str]:
    value = one.value_sql["duckdb"]
    inside = f"{AGES[one.reach.unit]} < {one.reach.length} AND ({one.where_sql['duckdb']}) AND ({value}) IS NOT NULL"
    return [
        f"count(*) FILTER (WHERE {inside}) AS count_{index}",
        f"coalesce(sum({value}) FILTER (WHERE {inside}), 0)::BIGINT AS total_{index}",
        *(f"{KEPT[name].format(value=value, inside=inside)} AS {name}_{index}" for name in kept_names(one.measures)),
    ]


def _by_pass(folds: Sequence[Fold]) -> dict[Pass, list[Fold]]:
    passes: dict[Pass, list[Fold]] = {}
    for one in folds:
        passes.setdefault((one.kind, one.reach.unit, one.slot, one.by), []).append(one)
    return passes


def _spine_table(spine: Spine, role: str, calendar: Calendar) -> pa.Table:
    members = spine.members(role)
    rows = [row for row, _ in members]
    return pa.table(
        {
            "row": pa.array(rows, pa.int64()),
            "subject": pa.array([subject for _, subject in members], pa.string()),
            "as_of": pa.array([spine.as_of[row] for row in rows], pa.int64()),
            "month": pa.array([calendar.month_of(spine.as_of[row]) for row in rows], pa.int64()),
        }
    )


def _split(table: pa.Table, folds: Sequence[Fold]) -> dict[str, State]:
    row, slot = (_integers(table, name) for name in ("spine_row", "slot"))
    named = table.column("party").combine_chunks().dictionary_encode()
    party, parties = named.indices.to_numpy().astype(np.int64), named.dictionary.to_numpy(zero_copy_only=False)
    states = {}
    for index, one in enumerate(folds):
        count = _integers(table, f"count_{index}")
        there = np.flatnonzero(count > 0)
        kept = {name: _integers(table, f"{name}_{index}")[there] for name in kept_names(one.measures)}
        states[one.name] = State(
            row=row[there],
            party=party[there],
            slot=slot[there],
            count=count[there],
            total=_integers(table, f"total_{index}")[there],
            parties=parties if one.by else NO_PARTIES,
            kept=kept,
        )
    return states


def _integers(table: pa.Table, name: str) -> Ints:
    return np.asarray(table.column(name).fill_null(0).to_numpy().astype(np.int64))


def kept_names(measures: Sequence[Measure]) -> tuple[str, ...]:
    """Return the arrays that some measures keep.

    >>> kept_names(("least", "squares"))
    ('least', 'square_high', 'square_low')
    """
    return tuple(name for measure in measures for name in KEEPS[measure])
