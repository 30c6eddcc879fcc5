"""In: a sample with declared signs. Out: a boosted model that keeps them. Used: as challenger, and to decide where data is rich.

Trees by LightGBM (Ke et al. 2017) whose splits obey the declared signs, categories natively, NULL as an answer of its own; settings
by a small search inside grouped folds; PD by a curve from margins out of fold.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

import numpy as np

from weilend.core.money import PPM
from weilend.models.boosted import BoostedModel, assemble
from weilend.models.calibration import choose_curve
from weilend.models.encoding import Slot
from weilend.models.sample import Column, Sample
from weilend.models.table import Table
from weilend.models.training import Budget, Range, Stop, Trained, train

NAME: Final = "monotone_boosting"

#: What the places where a search begins have in common.
_COMMON: Final[dict[str, float]] = {
    "bagging_fraction": 0.8, "lambda_l2": 1.0, "path_smooth": 0.01, "cat_smooth": 20.0, "extra_trees": 0,
}  # fmt: skip
#: Where the search begins: what did best of seven settings on wide, on narrow and on categorical public sets, few trees
#: first; then deep trees, for columns that meet in many ways, and deep ones that ask at random thresholds (Geurts et al. 2006), for
#: rows that are nearly alike (hmeq, three folds that are not the benchmark's: .9801 without, .9819 with it).
STARTS: Final[tuple[dict[str, float], ...]] = (
    _COMMON | {"learning_rate": 0.1, "num_leaves": 15, "min_data_in_leaf": 20, "feature_fraction": 0.6},
    _COMMON | {"learning_rate": 0.1, "num_leaves": 15, "min_data_in_leaf": 10, "feature_fraction": 0.3},
    _COMMON | {"learning_rate": 0.06, "num_leaves": 15, "min_data_in_leaf": 20, "feature_fraction": 1.0, "bagging_fraction": 1.0,
               "lambda_l2": 0.01},
    _COMMON | {"learning_rate": 0.05, "num_leaves": 63, "min_data_in_leaf": 10, "feature_fraction": 0.6},
    _COMMON | {"learning_rate": 0.1, "num_leaves": 95, "min_data_in_leaf": 5, "feature_fraction": 0.8, "bagging_fraction": 1.0,
               "lambda_l2": 0.1, "extra_trees": 1},
)  # fmt: skip
RANGES: Final[tuple[Range, ...]] = (
    ("learning_rate", 0.05, 0.2, True),
    ("num_leaves", 3, 96, True),
    ("min_data_in_leaf", 5, 300, True),
    ("feature_fraction", 0.2, 1.0, False),
    ("bagging_fraction", 0.5, 1.0, False),
    ("lambda_l2", 0.01, 100.0, True),
    ("path_smooth", 0.01, 50.0, True),
    ("cat_smooth", 1.0, 200.0, True),
    ("extra_trees", 0, 1, False),
)


def never() -> bool:
    """Return false: a search that ends with its trials alone.

    >>> never()
    False
    """
    return False


def fit(
    sample: Sample,
    *,
    seed: int,
    trials: int = 20,
    stop: Stop = never,
    budget: Budget = Budget(),  # noqa: B008 - frozen
) -> BoostedModel:
    """Return the boosted model of a sample; the PD is at the sample's own (weighted) bad rate.

    A column with sign +1 (more is safer) never raises points when it falls. The same rows in the same order, seed and trials give
    the same model; `stop` is asked before each trial, and said at once there is no search. Raises `InputError` where groups with
    bads are fewer than folds.

    >>> model = example_model()
    >>> said = model.predict(example_sample().table)
    >>> bool(said.points[0] > said.points[-1]), model.bads
    (True, 80)
    """
    trained = train(sample, signs, RANGES, STARTS, seed=seed, trials=trials, stop=stop, budget=budget)
    return build(NAME, sample, trained, seed)


def signs(slots: tuple[Slot, ...]) -> dict[str, Any]:
    """Return the library's constraint for each column: the margin is of going bad, so it falls where more is safer.

    >>> signs((Slot(name="x0", feature="sales", kind="number", sign=1),))["monotone_constraints"]
    [-1]
    """
    return {"monotone_constraints": [-slot.sign for slot in slots], "monotone_constraints_method": "intermediate"}


def build(recipe: str, sample: Sample, trained: Trained, seed: int) -> BoostedModel:
    """Return the model of trained trees: the curve to points comes from margins out of fold."""
    calibrated = choose_curve(trained.out_of_fold, sample.bad[trained.rows], sample.weight[trained.rows])
    share = float(np.average(sample.bad, weights=sample.weight))
    return assemble(
        recipe, trained.forest, trained.slots, sample.columns, calibrated, rows=len(sample), bads=int(sample.bad.sum()),
        sample_ppm=round(PPM * share), seed=seed, settings=trained.settings,
    )  # fmt: skip


def example_sample(rows: int = 400, seed: int = 1) -> Sample:
    """Return invented rows for examples and tests: sales (safer), debt (riskier), a region, and an age with a special code.

    Rows are sorted from safe to risky.

    >>> sample = example_sample()
    >>> len(sample), int(sample.bad.sum())
    (400, 80)
    """
    rng = np.random.default_rng(seed)
    quality = np.sort(rng.normal(size=rows))[::-1]
    sales = np.rint(np.exp(quality + rng.normal(size=rows)) * 1000)
    debt = np.rint(50 - 10 * quality + 10 * rng.normal(size=rows))
    region = np.clip(np.rint(1.5 - quality * 0.5 + rng.normal(size=rows)), 0, 3)
    age = np.where(rng.random(rows) < 0.1, -9, rng.integers(20, 70, rows))
    values = np.stack([sales, debt, region, age], axis=1).astype(np.int64)
    known = rng.random(values.shape) > [0.0, 0.05, 0.05, 0.0]
    bad = np.zeros(rows, dtype=np.int64)
    bad[np.argsort(quality + rng.logistic(size=rows) * 0.7)[: rows // 5]] = 1
    columns = (Column(name="sales", sign=1), Column(name="debt", sign=-1),
               Column(name="region", kind="category", words=("east", "north", "south", "west")),
               Column(name="age", specials=(-9,)))  # fmt: skip
    table = Table(tuple(c.name for c in columns), np.where(known, values, 0), known, tuple(f"B{i}" for i in range(rows)))
    return Sample(table=table, columns=columns, bad=bad, weight=np.ones(rows), group=np.arange(rows), month=np.full(rows, -1))


@lru_cache(maxsize=1)
def example_model() -> BoostedModel:
    """Return the model of the example's rows, without a search, for examples and tests.

    >>> example_model().recipe
    'monotone_boosting'
    """
    return fit(example_sample(), seed=1, trials=1, budget=Budget(folds=3, repeats=1, most_trees=60))
