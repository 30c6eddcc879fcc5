"""In: a sample, a Spark session. Out: a boosted model that keeps the declared signs. Used: where rows are on many machines.

The recipe of `monotone_boosting` by `xgboost.spark`: signs, an answer of its own for NULL, categories one by one, as many trees as
rows held out approve, PD by a curve from margins of a model that had not seen them. What comes out is a `BoostedModel` like any
other.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from weilend.core.errors import InputError
from weilend.core.money import PPM
from weilend.engine.spark_boost import HELD_OUT, LABEL, WEIGHT, Grown, boost
from weilend.models.boosted import BoostedModel, loaded
from weilend.models.encoding import Slot, encode, lay_out
from weilend.models.forest import GRID
from weilend.models.grouped import grouped_folds
from weilend.models.recipes.monotone_boosting import build
from weilend.models.sample import Sample
from weilend.models.table import Floats
from weilend.models.training import Trained
from weilend.models.xgboost_trees import Asked, read_trees

if TYPE_CHECKING:  # pyspark is an extra, and the engine's alone
    from weilend.engine.spark_boost import Session

NAME: Final = "spark_boosting"
FOLDS: Final = 5
#: Words of a category that are asked for one by one; of more, the most frequent.
MOST_WORDS: Final = 64
#: The first start of `monotone_boosting` in XGBoost's words: leaves grow where they gain most.
SETTINGS: Final[dict[str, Any]] = {
    "tree_method": "hist", "grow_policy": "lossguide", "max_leaves": 15, "max_depth": 0, "max_bin": 256, "learning_rate": 0.1,
    "min_child_weight": 2.0, "colsample_bytree": 0.6, "subsample": 0.8, "reg_lambda": 1.0, "eval_metric": "logloss",
}  # fmt: skip
PATIENCE: Final = 40
MOST_TREES: Final = 500
BATCH_ROWS: Final = 50_000


class Made(msgspec.Struct, frozen=True, eq=False):
    """The model, and how many rows each worker of its last training had."""

    model: BoostedModel
    rows: tuple[int, ...]


def fit(sample: Sample, session: Session, *, seed: int, workers: int = 2, most_trees: int = MOST_TREES) -> Made:
    """Return the model of a sample, trained on the workers of a session; the PD is at the sample's own (weighted) bad rate.

    The session's machines must see the driver's folder for temporary files. Raises `InputError` where something is not
    installed, where there are fewer rows than workers, or where folds cannot be made.

    >>> callable(fit)  # see tests/models/test_spark_boosting.py: Spark takes seconds to start
    True
    """
    slots = lay_out(sample)
    asked = ask_columns(sample, slots)
    held_out = grouped_folds(sample.group, sample.bad, folds=FOLDS, seed=seed) == 0
    settings = SETTINGS | {"n_estimators": most_trees, "monotone_constraints": _signs(slots, asked)}
    with TemporaryDirectory(prefix="weilend-") as folder:
        path, names = Path(folder) / "rows.parquet", [f"c{at}" for at in range(len(asked))]
        _write(path, sample, slots, asked, held_out)
        first = boost(path, names, session, settings=settings | {"early_stopping_rounds": PATIENCE}, workers=workers, seed=seed)
        last = boost(path, names, session, settings=settings | {"n_estimators": first.trees}, workers=workers, seed=seed)
    return Made(_finish(sample, slots, asked, held_out, first, last, seed), last.rows)


def ask_columns(sample: Sample, slots: tuple[Slot, ...]) -> tuple[Asked, ...]:
    """Return the columns that XGBoost sees: a number as it is, a category or a special code one word at a time.

    >>> from weilend.models.recipes.monotone_boosting import example_sample
    >>> sample = example_sample()
    >>> [(one.slot, one.word) for one in ask_columns(sample, lay_out(sample))]
    [(0, None), (1, None), (2, 0), (2, 1), (2, 2), (2, 3), (3, None), (4, 1)]
    """
    asked: list[Asked] = []
    for at, slot in enumerate(slots):
        if slot.kind == "number":
            asked.append(Asked(at))
            continue
        cells = encode(sample.table, [slot])[:, 0]
        words, rows = np.unique(cells[~np.isnan(cells)], return_counts=True)
        kept = words[np.argsort(-rows, kind="stable")[:MOST_WORDS]].astype(np.int64)
        asked += [Asked(at, int(word)) for word in np.sort(kept) if slot.kind == "category" or word > 0]
    if not asked:
        raise InputError("no column tells rows apart", hint="bring numbers, or categories with a value")
    return tuple(asked)


def _signs(slots: tuple[Slot, ...], asked: tuple[Asked, ...]) -> str:
    """Return the constraint of each column: the margin is of going bad, so it falls where more is safer."""
    return "(" + ",".join(str(-slots[one.slot].sign if one.word is None else 0) for one in asked) + ")"


def _write(path: Path, sample: Sample, slots: tuple[Slot, ...], asked: tuple[Asked, ...], held_out: Any) -> None:
    """Write what is trained on, batch after batch: the matrix of all rows is never whole in memory."""
    weight = sample.weight / sample.weight.mean()
    fields = [*(pa.field(f"c{at}", pa.float64()) for at in range(len(asked))), pa.field(LABEL, pa.float64()),
              pa.field(WEIGHT, pa.float64()), pa.field(HELD_OUT, pa.bool_())]  # fmt: skip
    with pq.ParquetWriter(path, pa.schema(fields)) as writer:
        for start in range(0, len(sample), BATCH_ROWS):
            rows = slice(start, start + BATCH_ROWS)
            cells = encode(sample.table.take(np.arange(len(sample))[rows]), slots)
            columns = [_cells(cells, one) for one in asked]
            writer.write_table(
                pa.table([*columns, sample.bad[rows].astype(np.float64), weight[rows], held_out[rows]], schema=writer.schema)
            )


def _cells(cells: Floats, asked: Asked) -> Floats:
    return cells[:, asked.slot] if asked.word is None else (cells[:, asked.slot] == asked.word).astype(np.float64)


def _finish(
    sample: Sample, slots: tuple[Slot, ...], asked: tuple[Asked, ...], held_out: Any, first: Grown, last: Grown, seed: int
) -> BoostedModel:
    """Return the model of all rows; the curve comes from what the first one says of the rows that it has not seen."""
    judge, forest = (read_trees(one.text, slots, asked, trees=first.trees) for one in (first, last))
    rows = np.flatnonzero(held_out)
    raw = loaded(judge.text).predict(encode(sample.table.take(rows), slots), raw_score=True, num_threads=1)
    margins = np.rint(np.asarray(raw, dtype=np.float64) * GRID).astype(np.int64)
    shown = {name: round(PPM * value) for name, value in SETTINGS.items() if isinstance(value, int | float)}
    trained = Trained(forest, slots, rows, margins, 0.0, shown | {"trees": first.trees * PPM})
    return build(NAME, sample, trained, seed)
