"""In: a plan, a spine, a view of the book. Out: states, folded by DuckDB. Used: for many subjects at once, on one machine."""

from __future__ import annotations

import duckdb

from weilend.core.calendars import Calendar
from weilend.core.plan import SQUARE_BASE, Plan, Spine, State
from weilend.engine.book_view import BookView
from weilend.engine.passes import Dialect, read_states, spine_table, split_passes, write_pass

THREADS = 2
_SQUARES = "sum(({value})::HUGEINT * ({value})) FILTER (WHERE {inside})"

DUCKDB = Dialect(
    name="duckdb",
    quote='"',
    day_age="(s.as_of - r.happened_at) // 86400",
    day_no="{placed} - DATE '1970-01-01'",
    hour_no="floor(r.happened_at / 3600.0)::BIGINT",
    kept={
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
    },
)


def fold(plan: Plan, spine: Spine, view: BookView, calendar: Calendar) -> dict[str, State]:
    """Fold a plan over a spine; same states as `engine.numpy.fold`, order of groups aside."""
    with duckdb.connect(config={"threads": THREADS}) as connection:
        states: dict[str, State] = {}
        for key, folds in split_passes(plan.folds).items():
            connection.register("spine", spine_table(spine, key[0], calendar))
            answer = connection.sql(write_pass(DUCKDB, key, folds, view.sql(key[0])))
            states.update(read_states(answer.to_arrow_table(), folds))
        return states
