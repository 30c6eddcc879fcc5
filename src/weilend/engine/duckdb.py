"""In: a plan, a spine, a view of the book. Out: states, folded by DuckDB. Used: for many subjects at once.

One query per kind and grain: rows known at each as_of are joined to the spine once, then every fold of that grain is a filtered
aggregate of the same pass.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import duckdb
import numpy as np
import pyarrow as pa

from weilend.core.calendars import Calendar
from weilend.core.plan import Fold, Grain, Plan, Spine, State
from weilend.core.records import KINDS
from weilend.engine.book import BookView

THREADS = 2
NO_PARTIES = np.zeros(0, dtype=np.object_)

#: Columns by which each grain groups, besides the spine row: (party, slot).
GROUPS: dict[Grain, tuple[str, str]] = {
    "month": ("''", "age"),
    "party": ("{party}", "age"),
    "day": ("''", "day"),
}


def fold(plan: Plan, spine: Spine, view: BookView, calendar: Calendar) -> dict[str, State]:
    """Fold a plan over a spine; same states as `engine.numpy.fold`, group order aside."""
    with duckdb.connect(config={"threads": THREADS}) as connection:
        connection.register("spine", _spine_table(spine, calendar))
        states: dict[str, State] = {}
        for (kind, grain), folds in _by_pass(plan.folds).items():
            table = connection.sql(fold_sql(kind, grain, folds, view.sql(kind))).to_arrow_table()
            states.update(_split(table, folds))
    return states


def fold_sql(kind: str, grain: Grain, folds: Sequence[Fold], relation: str) -> str:
    """Return the SQL text that folds every fold of one kind and grain in one pass over `relation`."""
    subject = KINDS[kind].subjects[0]
    party, slot = (text.format(party=folds[0].party) for text in GROUPS[grain])
    reads = sorted({name for fold in folds for name in fold.reads} | ({folds[0].party} if grain == "party" else set()))
    aggregates = ",\n  ".join(
        f"count(*) FILTER (WHERE {_inside(fold)}) AS count_{index},\n"
        f"  coalesce(sum({fold.value_sql['duckdb']}) FILTER (WHERE {_inside(fold)}), 0)::BIGINT AS total_{index}"
        for index, fold in enumerate(folds)
    )
    columns = "".join(f", r.{name}" for name in reads if name != "happened_on")
    return f"""
WITH rows AS (
  SELECT s.row AS spine_row, r.happened_on{columns},
    s.month - 1 - (12 * year(r.happened_on) + month(r.happened_on) - 1) AS age,
    r.happened_on - DATE '1970-01-01' AS day
  FROM ({relation}) r JOIN spine s ON r.{subject} = s.subject
  WHERE r.known_at <= s.as_of AND s.as_of < r.known_until AND r.happened_at <= s.as_of
)
SELECT spine_row, {party} AS party, {slot} AS slot,
  {aggregates}
FROM rows WHERE age >= 0 AND age < {max(fold.months for fold in folds)}
GROUP BY ALL"""


def _inside(fold: Fold) -> str:
    return f"age < {fold.months} AND ({fold.where_sql['duckdb']})"


def _by_pass(folds: Sequence[Fold]) -> Mapping[tuple[str, Grain], list[Fold]]:
    passes: dict[tuple[str, Grain], list[Fold]] = {}
    for one in folds:
        passes.setdefault((one.kind, one.grain), []).append(one)
    return passes


def _spine_table(spine: Spine, calendar: Calendar) -> pa.Table:
    return pa.table(
        {
            "row": pa.array(range(spine.size), pa.int64()),
            "subject": pa.array(spine.subjects, pa.string()),
            "as_of": pa.array(spine.as_of, pa.int64()),
            "month": pa.array([calendar.month_of(instant) for instant in spine.as_of], pa.int64()),
        }
    )


def _split(table: pa.Table, folds: Sequence[Fold]) -> dict[str, State]:
    row, slot = (table.column(name).to_numpy().astype(np.int64) for name in ("spine_row", "slot"))
    named = table.column("party").combine_chunks().dictionary_encode()
    party, parties = named.indices.to_numpy().astype(np.int64), named.dictionary.to_numpy(zero_copy_only=False)
    states = {}
    for index, one in enumerate(folds):
        count, total = (table.column(f"{what}_{index}").to_numpy() for what in ("count", "total"))
        there = np.flatnonzero(count > 0)
        states[one.name] = State(
            row=row[there],
            party=party[there],
            slot=slot[there],
            count=count[there],
            total=total[there],
            parties=parties if one.grain == "party" else NO_PARTIES,
        )
    return states
