"""In: a folder for what Spark spills and says. Out: a Spark session that means what we mean. Used: by the Spark engine and tests.

A session of one machine is made by `start`; a session of a cluster, made by whoever runs it, becomes one of ours by `settle`.
"""

from __future__ import annotations

import logging
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Mapping
from importlib.util import find_spec
from os import environ
from pathlib import Path
from typing import TYPE_CHECKING, Final

from weilend.core.errors import InputError

if TYPE_CHECKING:  # pyspark is an extra and takes a second to load: it is imported where a session is made
    from pyspark.sql import SparkSession

MIN_JAVA: Final = 17  # Spark 4 runs on 17 and later

#: Settings on which answers depend, set in every session whoever made it. The texts of formulas hold in ANSI mode and out of it;
#: folds are proved in 64 bits, so a number too large must be an error and never another number.
MEANING: Final[Mapping[str, str]] = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "true",  # fields are named exactly
    "spark.sql.variable.substitute": "false",  # "${…}" in a name or a text is that text
    "spark.sql.session.timeZone": "UTC",
}
#: By these pyspark writes each error that it raises a second time, with every frame of the JVM.
REPEATERS: Final = ("DataFrameQueryContextLogger", "SQLQueryContextLogger")


def settle(session: SparkSession) -> SparkSession:
    """Set in a session, of any cluster, every setting on which answers depend, and return it.

    >>> from types import SimpleNamespace
    >>> chosen = {}
    >>> _ = settle(SimpleNamespace(conf=SimpleNamespace(set=chosen.__setitem__)))
    >>> chosen["spark.sql.ansi.enabled"]
    'true'
    """
    for name, value in MEANING.items():
        session.conf.set(name, value)
    return session


def local_settings(folder: Path, *, threads: int, memory_mb: int, java_options: str = "") -> dict[str, str]:
    """Return the settings of a session on this machine: quiet, reachable from nowhere else, writing nowhere but in its folder.

    >>> local_settings(Path("spark"), threads=2, memory_mb=1024)["spark.master"]
    'local[2]'
    """
    return {
        **MEANING,
        "spark.master": f"local[{threads}]",
        "spark.app.name": "weilend",
        "spark.driver.memory": f"{memory_mb}m",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.extraJavaOptions": f"-Djava.io.tmpdir={folder} -XX:-UsePerfData {java_options}".rstrip(),
        "spark.local.dir": str(folder),
        "spark.log.level": "ERROR",
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.shuffle.partitions": str(threads),
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }


def java_version() -> int | None:
    """Return the major version of the Java that Spark would run on, None where there is none.

    >>> version = java_version()
    >>> version is None or version >= 8
    True
    """
    home = environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if java is None or not Path(java).is_file():
        return None
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False)  # noqa: S603 - as Spark runs it
    version = re.search(r'version "(?:1\.)?(\d+)', said.stderr)
    return int(version[1]) if version else None


def what_is_missing() -> str:
    """Return in words what this machine lacks to run Spark, an empty text where it lacks nothing.

    >>> what_is_missing() in ("", "Spark needs Java 17 or later") or "pyspark" in what_is_missing()
    True
    """
    if find_spec("pyspark") is None:
        return "pyspark is not installed"
    version = java_version()
    if version is None or version < MIN_JAVA:
        return f"Spark needs Java {MIN_JAVA} or later" + (f", this is Java {version}" if version else "")
    return ""


def start(folder: Path, *, threads: int = 2, memory_mb: int = 1536, java_options: str = "") -> SparkSession:
    """Start Spark in this process, or return the session that runs in it already; whoever starts it stops it.

    What the JVM says, and what pyspark writes of errors beside raising them, goes to `spark.log` in the folder. The JVM ends
    with this process at the latest. Raises `InputError` where Spark cannot run.

    >>> start(Path("spark"), threads=0)
    Traceback (most recent call last):
    weilend.core.errors.InputError: Spark needs a thread and 1024 MB at least, given 0 and 1536
    """
    if threads < 1 or memory_mb < 1024:
        message = f"Spark needs a thread and 1024 MB at least, given {threads} and {memory_mb}"
        raise InputError(message, hint="give threads=2 and memory_mb=1536, or more")
    missing = what_is_missing()
    if missing:
        raise InputError(missing, hint=f"install weilend[spark] and Java {MIN_JAVA}, or use another engine")
    folder = folder.resolve()
    settings = local_settings(folder, threads=threads, memory_mb=memory_mb, java_options=java_options)
    return settle(_running() or _launch(folder, settings))


def _running() -> SparkSession | None:
    from pyspark.sql import SparkSession

    return SparkSession.getActiveSession()


def _launch(folder: Path, settings: Mapping[str, str]) -> SparkSession:
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession

    folder.mkdir(parents=True, exist_ok=True)
    conf = SparkConf(loadDefaults=False).setAll(list(settings.items()))
    with (folder / "spark.log").open("ab") as log, warnings.catch_warnings():
        # from Python 3.12 on, any fork beside threads warns; what pyspark runs after it is one call of signal
        warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
        gateway = launch_gateway(conf, {"stdout": log, "stderr": log})  # type: ignore[no-untyped-call]
    _redirect(folder / "spark.log")
    context = SparkContext(conf=conf, gateway=gateway)
    context.pythonExec = sys.executable  # what folds and finishes rows is Python too, and needs what this one has
    return SparkSession(context)


def _redirect(log: Path) -> None:
    """Let pyspark repeat errors in a file instead of on the terminal."""
    from pyspark.logger import PySparkLogger

    for name in REPEATERS:
        logger = PySparkLogger.getLogger(name)
        logger.handlers.clear()
        logger.addHandler(logging.FileHandler(log, delay=True))
