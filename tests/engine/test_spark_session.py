"""A Spark session means what formulas and folds rely on, is quiet, and says in one sentence why it cannot start."""

from __future__ import annotations

import subprocess
import sys

import pytest

from weilend.core.errors import InputError
from weilend.engine.spark_session import MEANING, settle, start, what_is_missing
from weilend.testing.spark import NO_SPARK, spark_session

needs_spark = pytest.mark.skipif(bool(NO_SPARK), reason=NO_SPARK)
pytestmark = pytest.mark.xdist_group("spark")


@pytest.fixture
def java(tmp_path, monkeypatch):
    """Put a Java in the place of this machine's that says a version, or none."""

    def install(says):
        home = tmp_path / "java" / "bin"
        home.mkdir(parents=True)
        if says:
            (home / "java").write_text(f"#!/bin/sh\necho '{says}' >&2\n")
            (home / "java").chmod(0o755)
        monkeypatch.setenv("JAVA_HOME", str(home.parent))

    return install


@pytest.mark.parametrize(
    ("says", "missing"),
    [
        ('openjdk version "17.0.15" 2025-04-15', ""),
        ('openjdk version "25" 2025-09-16', ""),
        ('java version "1.8.0_412"', "Spark needs Java 17 or later, this is Java 8"),
        ('openjdk version "11.0.2" 2019-01-15', "Spark needs Java 17 or later, this is Java 11"),
        ("what?", "Spark needs Java 17 or later"),
        ("", "Spark needs Java 17 or later"),
    ],
)
def test_what_a_machine_lacks_is_said_in_words(says, missing, java):
    pytest.importorskip("pyspark")
    java(says)
    assert what_is_missing() == missing


def test_without_java_nothing_starts(java, tmp_path):
    java("")
    with pytest.raises(InputError, match="use another engine"):
        start(tmp_path / "spark")
    assert not (tmp_path / "spark").exists()


def answer(session, query):
    return session.sql(query).toArrow().to_pylist()


@needs_spark
def test_a_settled_session_means_what_we_mean():
    session = spark_session().newSession()
    for name, wrong in {"ansi.enabled": "false", "caseSensitive": "false", "variable.substitute": "true"}.items():
        session.conf.set(f"spark.sql.{name}", wrong)
    session.conf.set("spark.sql.session.timeZone", "Asia/Shanghai")
    loose = (
        answer(session, "SELECT 9223372036854775807 + 1 AS n"),
        answer(session, "SELECT A AS n FROM (SELECT 1 AS a)"),
        answer(session, "SELECT '${spark.master}' AS n"),
        answer(session, "SELECT unix_timestamp(TIMESTAMP '1970-01-01 08:00:00') AS n"),
    )
    assert loose == ([{"n": -(2**63)}], [{"n": 1}], [{"n": "local[2]"}], [{"n": 0}])
    settle(session)
    with pytest.raises(Exception, match="ARITHMETIC_OVERFLOW"):
        answer(session, "SELECT 9223372036854775807 + 1 AS n")
    with pytest.raises(Exception, match="UNRESOLVED_COLUMN"):
        answer(session, "SELECT A AS n FROM (SELECT 1 AS a)")
    assert answer(session, "SELECT '${spark.master}' AS n") == [{"n": "${spark.master}"}]
    assert answer(session, "SELECT unix_timestamp(TIMESTAMP '1970-01-01 08:00:00') AS n") == [{"n": 8 * 3600}]
    assert all(session.conf.get(name) == value for name, value in MEANING.items())


@needs_spark
def test_a_second_start_gives_the_session_that_runs(tmp_path):
    assert start(tmp_path / "other").sparkContext is spark_session().sparkContext
    assert not (tmp_path / "other").exists()


_SCRIPT = """
from pathlib import Path
from weilend.engine.spark_session import start
session = start(Path("spark"), threads=1, memory_mb=1024)
assert session.sql("SELECT sum(id) AS n FROM range(10)").toArrow().to_pylist() == [{"n": 45}]
try:
    session.sql("SELECT nothing")
except Exception as error:
    print(type(error).__name__)
session.stop()
print("done")
"""


@needs_spark
def test_a_session_is_quiet_and_writes_in_its_folder_only(tmp_path):
    command = [sys.executable, "-W", "error", "-c", _SCRIPT]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "AnalysisException\ndone\n", "")
    assert [path.name for path in tmp_path.iterdir()] == ["spark"]
    assert "SQLQueryContextLogger" in (tmp_path / "spark" / "spark.log").read_text()
