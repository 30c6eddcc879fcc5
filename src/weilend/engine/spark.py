"""In: a plan, a spine, a view of the book. Out: states, folded by Spark. Used: for millions of subjects, on many machines.

The same tables, read by the file list of the view's version; the same SQL, in Spark's dialect; the same states.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from weilend.core.calendars import Calendar
from weilend.core.plan import SQUARE_BASE, Plan, Spine, State
from weilend.core.records import FAR_FUTURE, KINDS
from weilend.engine.book_schema import column_types
from weilend.engine.book_view import BookView
from weilend.engine.passes import Dialect, read_states, spine_table, split_passes, write_pass

if TYPE_CHECKING:  # pyspark is an extra: whoever brings a session has it
    from pyspark.sql import SparkSession

_WIDE = "CAST(({value}) AS DECIMAL(19, 0))"
_SQUARES = f"sum({_WIDE} * {_WIDE}) FILTER (WHERE {{inside}})"
_BASE = f"CAST({SQUARE_BASE} AS DECIMAL(19, 0))"
_ORDER = "struct(happened_at, seq)"
_TYPES = {"integer": "BIGINT", "text": "STRING", "date": "DATE", "boolean": "BOOLEAN"}

SPARK = Dialect(
    name="spark",
    quote="`",
    day_age="(s.as_of - r.happened_at) DIV 86400",
    day_no="CAST(unix_date({placed}) AS BIGINT)",
    hour_no="CAST(floor(r.happened_at / 3600.0D) AS BIGINT)",
    kept={
        "least": "min({value}) FILTER (WHERE {inside})",
        "most": "max({value}) FILTER (WHERE {inside})",
        "square_high": f"CAST({_SQUARES} DIV {_BASE} AS BIGINT)",
        "square_low": f"CAST({_SQUARES} % {_BASE} AS BIGINT)",
        "first_at": "min(happened_at) FILTER (WHERE {inside})",
        "first_seq": f"min_by(seq, {_ORDER}) FILTER (WHERE {{inside}})",
        "first": f"min_by({{value}}, {_ORDER}) FILTER (WHERE {{inside}})",
        "last_at": "max(happened_at) FILTER (WHERE {inside})",
        "last_seq": f"max_by(seq, {_ORDER}) FILTER (WHERE {{inside}})",
        "last": f"max_by({{value}}, {_ORDER}) FILTER (WHERE {{inside}})",
    },
)


def fold(plan: Plan, spine: Spine, view: BookView, calendar: Calendar, session: SparkSession) -> dict[str, State]:
    """Fold a plan over a spine; same states as `engine.duckdb.fold`, order of groups aside.

    `session` comes from `spark_session.start`, or from a cluster by `spark_session.settle`.
    """
    states: dict[str, State] = {}
    for key, folds in split_passes(plan.folds).items():
        session.createDataFrame(spine_table(spine, key[0], calendar)).createOrReplaceTempView("spine")
        answer = session.sql(write_pass(SPARK, key, folds, _relation(session, key[0], view)))
        states.update(read_states(answer.toArrow(), folds))
    return states


def _relation(session: SparkSession, kind: str, view: BookView) -> str:
    """Return SQL for the versions of a kind that a view reads, each with the instant until which it is in force."""
    types = ", ".join(f"`{name}` {_TYPES[type_]}" for name, type_ in column_types(KINDS[kind]).items())
    paths = [file.path for file in view.files(kind)]
    frame = session.read.schema(types).parquet(*paths) if paths else session.createDataFrame([], types)
    frame.createOrReplaceTempView(f"stored_{kind}")
    return f"SELECT * FROM stored_{kind}" if view.is_settled(kind) else _resolved(kind, view.seq)


def _resolved(kind: str, seq: int) -> str:
    """Return SQL that finds `known_until` as `book_versions` does, for rows that no compaction has seen to yet."""
    line = f"(PARTITION BY {KINDS[kind].subjects[0]}, `key` ORDER BY known_at, seq)"
    names = ", ".join(f"`{name}`" for name in column_types(KINDS[kind]) if name != "known_until")
    speaks = f"NOT (record_id <=> lag(record_id) OVER {line})"
    following = f"lead(CASE WHEN speaks THEN known_at END) IGNORE NULLS OVER {line}"
    return f"""
SELECT * FROM (
  SELECT {names}, CASE WHEN speaks THEN coalesce({following}, {FAR_FUTURE}) ELSE known_at END AS known_until
  FROM (SELECT {names}, {speaks} AS speaks FROM stored_{kind} WHERE seq <= {seq})
) WHERE known_until > known_at"""
