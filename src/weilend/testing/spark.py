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
from weilend.formula.standard import Table
from weilend.formula.tree import Value
from weilend.testing.formulas import World, arrow_rows

if TYPE_CHECKING:  # pyspark is an extra
    from pyspark.sql import DataFrame, SparkSession

_MISSING: Final = what_is_missing()
#: Why no test of Spark can run here, in words; empty where they can.
NO_SPARK: Final = f"Spark is not tested: {_MISSING}" if _MISSING else ""


@cache
def spark_session() -> SparkSession:
    """Return the Spark session of this process on two threads; it ends with the process and leaves nothing behind.

    Tests that use it belong to ``pytest.mark.xdist_group("spark")``, so that one process of many starts it.

    >>> callable(spark_session)  # starting it takes ten seconds
    True
    """
    folder = Path(mkdtemp(prefix="weilend-spark-"))
    # the second tier of Java's own compiler pays only after minutes, and takes the two cores from the tests until then
    session = start(folder, threads=2, memory_mb=1536, java_options="-XX:TieredStopAtLevel=1")

    def end() -> None:
        session.stop()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    return session


def spark_frame(world: World, *, ansi: bool = True, compiled: bool = True) -> DataFrame:
    """Return the rows of a world in Spark, in a session of their own; `ansi` and `compiled` as in `spark_values`.

    >>> callable(spark_frame)  # see tests/formula/test_formula.py
    True
    """
    session = spark_session().newSession()
    session.conf.set("spark.sql.ansi.enabled", str(ansi).lower())
    session.conf.set("spark.sql.codegen.factoryMode", "CODEGEN_ONLY" if compiled else "NO_CODEGEN")
    # rows given by value are walked through while the query is planned; from a file or a partition they are not
    session.conf.set("spark.sql.execution.arrow.localRelationThreshold", "0" if compiled else "48MB")
    return session.createDataFrame(arrow_rows(world))


def spark_values(
    world: World,
    formulas: Sequence[Formula],
    table: Table = sql.DIALECTS["spark"],
    *,
    ansi: bool = True,
    compiled: bool = True,
) -> list[list[Value]]:
    """Answer with Spark, all formulas in one query; another table plants a defect.

    `ansi` is Spark's mode of arithmetic. Spark compiles a query; over a few rows that it was given by value, and where a query
    is too large to compile, it walks through the expressions instead. These are two back ends, and both have to be right.

    >>> callable(spark_values)  # see tests/laws/test_formula_fuzz_spark.py
    True
    """
    frame = spark_frame(world, ansi=ansi, compiled=compiled)
    answer = frame.selectExpr("`row order`", *(sql.write(formula.root, table) for formula in formulas)).toArrow()
    order = answer.column(0).to_pylist()
    assert order == sorted(order)
    return [column.to_pylist() for column in answer.columns[1:]]
