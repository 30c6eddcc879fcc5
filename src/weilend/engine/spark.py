"""In: a plan, a spine, a view of the book. Out: states, or what becomes of them. Used: for millions of subjects, on many machines.

The same tables, read by the file list of the view's version; the same SQL, in Spark's dialect; the same folding of the same blocks,
by Arrow batches on the executors. The driver has the spine and nothing else: neither rows nor states nor answers come to it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from weilend.core.calendars import Calendar
from weilend.core.plan import Plan, Spine, State
from weilend.core.records import FAR_FUTURE, KINDS
from weilend.engine.batch.blocks import cut_spine, stack
from weilend.engine.batch.passes import LOOK_PLACE, LOOKS, Dialect, Pass, make_passes, write_pass
from weilend.engine.batch.spark_blocks import SPINE_ROW, Finish, finishing, folding, gather, write_blocks, write_looks
from weilend.engine.book_schema import column_types
from weilend.engine.book_view import BookView

if TYPE_CHECKING:  # pyspark is an extra: whoever brings a session has it
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import DataType

SPARK = Dialect(name="spark", quote="`", day_no="unix_date({date})")
_TYPES: Final = {"integer": "BIGINT", "text": "STRING", "date": "DATE", "boolean": "BOOLEAN"}
#: Rows of a spine in a block, all of whose records of a kind are in the memory of one executor at once.
BLOCK_ROWS: Final = 1_024


def fold(plan: Plan, spine: Spine, view: BookView, calendar: Calendar, session: SparkSession) -> dict[str, State]:
    """Fold a plan over a spine; same states as `engine.duckdb.fold`, order of groups aside. They come to the driver.

    `session` comes from `spark_session.start`, or from a cluster by `spark_session.settle`.
    """
    with TemporaryDirectory(prefix="weilend-") as folder:
        job = _Job(plan, spine, view, calendar, session, Path(folder), BLOCK_ROWS)
        rows = job.states().where("states IS NOT NULL").toArrow().to_pylist()
    packed = [[row["states"] for row in rows if row["block"] == number] for number in range(len(job.blocks))]
    return stack(plan, ((block, gather(job.passes, mine)) for block, mine in zip(job.blocks, packed, strict=True)))


def fold_and_finish(
    plan: Plan,
    spine: Spine,
    view: BookView,
    calendar: Calendar,
    session: SparkSession,
    finish: Finish,
    folder: Path,
    *,
    block_rows: int = BLOCK_ROWS,
) -> DataFrame:
    """Fold a plan over a spine and finish it where it was folded; return the tables of `finish`, with their `spine_row`.

    `finish` makes a table of a spine and its states, a row for each of its rows; for its columns it is asked about somebody of whom
    nothing is known. `folder` takes the spine as Parquet: every executor must see it under this path until the answer has been
    read. A block of `block_rows` is in the memory of one executor at once; fewer want less.
    """
    from pyspark.sql.functions import inline
    from pyspark.sql.pandas.types import from_arrow_schema
    from pyspark.sql.types import ArrayType

    job = _Job(plan, spine, view, calendar, session, folder, block_rows)
    nobody = Spine(("",), (0,), spine.role, dict.fromkeys(spine.linked, ((),)))
    columns = finish(nobody, gather(job.passes, ())).schema.insert(0, pa.field(SPINE_ROW, pa.int64()))
    answer = finishing(job.passes, job.path, finish)
    return _by_block(job.states(), answer, ArrayType(from_arrow_schema(columns)), "answers").select(inline("answers"))


class _Job:
    """A plan on its way over a spine whose blocks lie in a folder."""

    def __init__(
        self, plan: Plan, spine: Spine, view: BookView, calendar: Calendar, session: SparkSession, folder: Path, block_rows: int
    ) -> None:
        self._view = view
        self._calendar = calendar
        self._session = session
        self._folder = folder.resolve()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._instants = (min(spine.as_of, default=0), max(spine.as_of, default=0))
        self.passes = make_passes(SPARK, plan.folds)
        self.blocks = cut_spine(spine, np.ones(spine.size, dtype=np.int64), block_rows, block_rows)
        self.path = self._folder / "blocks.parquet"
        write_blocks(self.path, self.blocks)
        self._looks = {role: self._write_looks(role) for role in {_role(one) for one in self.passes}}

    def states(self) -> DataFrame:
        """Return the states of every block and kind that has any row, as bytes; each block has a row without any too."""
        folded = [
            _by_block(self._read(one), folding(one, self.path, self._calendar), "binary", "states")
            for one in self.passes
            if self._view.files(one.kind)
        ]
        every = self._session.range(len(self.blocks)).selectExpr("CAST(id AS INT) AS block", "CAST(NULL AS BINARY) AS states")
        return reduce(lambda some, more: some.unionAll(more), folded, every)

    def _read(self, one: Pass) -> DataFrame:
        """Return the rows of a pass, with their block and the place of their subject in it."""
        self._looks[_role(one)].createOrReplaceTempView(LOOKS)
        relation = _relation(self._session, one.kind, self._view)
        return self._session.sql(write_pass(SPARK, one, relation, *self._instants, places=f"block, {LOOK_PLACE}"))

    def _write_looks(self, role: str) -> DataFrame:
        path = self._folder / f"{role}.parquet"
        write_looks(path, self.blocks, role, self._calendar)
        return self._session.read.parquet(str(path))


def _by_block(frame: DataFrame, function: Callable[[pa.Array], object], kind: DataType | str, name: str) -> DataFrame:
    """Return what a function makes of all rows of each block, as a column of a Spark type."""
    from pyspark.sql.functions import struct
    from pyspark.sql.pandas.functions import arrow_udf

    call = arrow_udf(function, kind)  # type: ignore[call-overload] # its overloads lack the way that it recommends
    return frame.groupBy("block").agg(call(struct(*frame.columns)).alias(name))


def _role(one: Pass) -> str:
    return KINDS[one.kind].subjects[0]


def _relation(session: SparkSession, kind: str, view: BookView) -> str:
    """Return SQL for the versions of a kind that a view reads, each with the instant until which it is in force."""
    types = ", ".join(f"`{name}` {_TYPES[type_]}" for name, type_ in column_types(KINDS[kind]).items())
    session.read.schema(types).parquet(*(file.path for file in view.files(kind))).createOrReplaceTempView(f"stored_{kind}")
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
