"""In: a table of numbers in Parquet, a session. Out: boosted trees as XGBoost's JSON. Used: by the recipe that trains on Spark.

Every worker holds its share of the rows and sends the others nothing but sums (`xgboost.spark`, Chen & Guestrin 2016). A worker
without rows would make the others wait for ever, or train on less than was meant: shares are dealt out in turn, and counted before
training begins.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from weilend.core.errors import InputError
from weilend.engine.spark_session import what_is_missing

if TYPE_CHECKING:  # pyspark is an extra: whoever brings a session has it
    from pyspark.sql import DataFrame, SparkSession

    Session = SparkSession  # under this name rooms above may speak of it, without the library

#: What training reads beside the features.
LABEL, WEIGHT, HELD_OUT = "label", "weight", "held_out"
#: What `xgboost.spark` imports when it is asked to train.
_NEEDED: Final = ("xgboost", "pandas", "sklearn")


class Grown(msgspec.Struct, frozen=True):
    """XGBoost's JSON of the trees, how many of them were best on the rows held out, and how many rows each worker had."""

    text: str
    trees: int
    rows: tuple[int, ...]


def what_training_lacks() -> str:
    """Return in words what this machine lacks to train on Spark, an empty text where it lacks nothing.

    >>> isinstance(what_training_lacks(), str)
    True
    """
    lacking = [name for name in _NEEDED if find_spec(name) is None]
    return what_is_missing() or (f"{' and '.join(lacking)} not installed" if lacking else "")


def boost(
    path: Path, features: Sequence[str], session: SparkSession, *, settings: Mapping[str, Any], workers: int, seed: int
) -> Grown:
    """Return the trees of the rows in a Parquet file or folder, columns `features` and `LABEL`, `WEIGHT`, `HELD_OUT`.

    Rows held out stop the training where they gain no more; where none is, all trees of ``settings["n_estimators"]`` are grown.
    `settings` are those of XGBoost. Raises `InputError` where a worker would be without rows, or something is not installed.

    >>> callable(boost)  # see tests/engine/test_spark_boost.py: Spark takes seconds to start
    True
    """
    missing = what_training_lacks()
    if missing:
        raise InputError(missing, hint="install weilend[spark], or train with monotone_boosting on one machine")
    frame, rows = deal_out(session.read.parquet(str(path)), workers)
    stops = "early_stopping_rounds" in settings
    model = _estimator(features, settings, workers=workers, seed=seed, stops=stops).fit(frame)
    booster = model.get_booster()
    trees = int(booster.best_iteration) + 1 if stops else int(booster.num_boosted_rounds())
    return Grown(bytes(booster.save_raw("json")).decode(), trees, rows)


def deal_out(frame: DataFrame, workers: int) -> tuple[DataFrame, tuple[int, ...]]:
    """Return the rows in one part for each worker, dealt out in turn, and how many each has; `InputError` where one has none.

    By a hash of a few keys two parts may be one and another empty: that is why rows are not dealt out by any column.

    >>> callable(deal_out)  # see tests/engine/test_spark_boost.py
    True
    """
    dealt = frame.repartition(workers).cache()
    found = {int(row[0]): int(row[1]) for row in dealt.groupBy(_part_number()).count().collect()}
    rows = tuple(found.get(at, 0) for at in range(workers))
    if not all(rows):
        raise InputError(
            f"{sum(rows)} rows leave a worker of {workers} without any", hint="ask for fewer workers, or bring more rows"
        )
    return dealt, rows


def _part_number() -> Any:
    from pyspark.sql.functions import spark_partition_id

    return spark_partition_id()


def _estimator(features: Sequence[str], settings: Mapping[str, Any], *, workers: int, seed: int, stops: bool) -> Any:
    from xgboost.spark import SparkXGBClassifier  # late: an extra, and slow to load

    logging.getLogger("XGBoost-PySpark").setLevel(logging.WARNING)  # it tells every setting of every training
    held_out: dict[str, Any] = {"validation_indicator_col": HELD_OUT} if stops else {}
    return SparkXGBClassifier(
        features_col=list(features), label_col=LABEL, weight_col=WEIGHT, num_workers=workers, random_state=seed, verbosity=0,
        verbose_eval=False,         **held_out, **settings,
    )  # fmt: skip
