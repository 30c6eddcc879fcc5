"""In: nothing. Out: one Spark session for a whole test process, and formulas answered by it. Used: by the tests of Spark."""

from __future__ import annotations

import atexit
import shutil
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Final

from weilend.engine.spark_session import start, what_is_missing
from weilend.formula import Formula, sql
from weilend.formula.tree import Value
from weilend.testing.formulas import World, arrow_rows

if TYPE_CHECKING:  # pyspark is an extra
    from pyspark.sql import SparkSession

#: Why no Spark test can run here, in words; empty where they can.
NO_SPARK: Final = f"Spark is not tested: {what_is_missing()}" if what_is_missing() else ""


@cache
def spark_session() -> SparkSession:
    """Return the Spark session of this process on two threads; it ends with the process and leaves nothing behind.

    >>> spark_session().version >= "4" if not NO_SPARK else True  # doctest: +SKIP
    True
    """
    folder = Path(mkdtemp(prefix="weilend-spark-"))
    session = start(folder, threads=2, memory_mb=1536)

    def end() -> None:
        session.stop()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    return session


def spark_values(
    world: World, formulas: Sequence[Formula], table: sql.Table = sql.DIALECTS["spark"], *, ansi: bool = True, plain: bool = False
) -> list[list[Value]]:
    """Answer with Spark, all formulas in one query; another table plants a defect.

    `ansi` is Spark's mode of arithmetic. Spark compiles a query, or with `plain` walks through its expressions one by one as it
    does where a query is too large or small: its two ways to compute are two back ends to prove.
    """
    session = spark_session().newSession()
    session.conf.set("spark.sql.ansi.enabled", str(ansi).lower())
    session.conf.set("spark.sql.execution.arrow.localRelationThreshold", "48MB" if plain else "0")
    frame = session.createDataFrame(arrow_rows(world))
    answer = frame.selectExpr("`row order`", *(sql.write(formula.root, table) for formula in formulas)).toArrow()
    order = answer.column(0).to_pylist()
    assert order == sorted(order)
    return [column.to_pylist() for column in answer.columns[1:]]
