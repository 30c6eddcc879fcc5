"""In: features and a label. Out: out-of-fold chances of a plain gradient boosting. Used: where "the best model" is wanted
without tuning.

LightGBM (Ke et al. 2017) with small leaves and strong shrinkage, the same settings for every table: a yardstick, no product. Where
the signs of columns are declared, the ranks of two models are averaged: one is free and sees everything, one is monotone and sees
what has a sign. Few bads teach the second better, many the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import lightgbm
import numpy as np

from weilend.models.table import Floats, Integers

ROUNDS: Final = 300
FOLDS: Final = 5
SETTINGS: Final = {
    "objective": "binary", "learning_rate": 0.03, "num_leaves": 15, "min_data_in_leaf": 40, "feature_fraction": 0.3,
    "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 10.0, "deterministic": True, "force_row_wise": True, "verbose": -1,
}  # fmt: skip
#: The same for monotone trees, which can be smaller and more.
MONOTONE: Final = SETTINGS | {
    "learning_rate": 0.02, "num_leaves": 6, "min_data_in_leaf": 60, "feature_fraction": 0.2, "bagging_fraction": 0.7,
    "lambda_l2": 20.0,
}  # fmt: skip
MONOTONE_ROUNDS: Final = 400


def out_of_fold(values: Floats, bad: Integers, group: Integers, *, seed: int, threads: int = 1) -> Floats:
    """Return the chance (n,) of being bad by models that saw neither the row nor its group; NaN is not known.

    >>> rng = np.random.default_rng(1)
    >>> x = rng.standard_normal((400, 2)); bad = (x[:, 0] + rng.standard_normal(400) > 1).astype(np.int64)
    >>> chance = out_of_fold(x, bad, np.arange(400), seed=1)
    >>> bool(chance[bad == 1].mean() > chance[bad == 0].mean())
    True
    """
    return _fold_by_fold(values, bad, group, SETTINGS | {"seed": seed, "num_threads": threads}, ROUNDS)


def best_rank(values: Floats, bad: Integers, group: Integers, signs: Sequence[int], *, seed: int, threads: int = 1) -> Floats:
    """Return the mean rank (n,), 0 to 1, highest for who is likeliest bad, by the free and by the monotone model, out of fold.

    A column's sign is +1 where more is safer, -1 where more is riskier, 0 where none was declared.

    >>> rng = np.random.default_rng(1)
    >>> x = rng.standard_normal((400, 2)); bad = (x[:, 0] + rng.standard_normal(400) > 1).astype(np.int64)
    >>> rank = best_rank(x, bad, np.arange(400), [-1, 0], seed=1)
    >>> bool(rank[bad == 1].mean() > rank[bad == 0].mean())
    True
    """
    signed = [place for place, sign in enumerate(signs) if sign]
    free = out_of_fold(values, bad, group, seed=seed, threads=threads)
    if not signed:
        return _rank(free)
    settings = MONOTONE | {
        "seed": seed, "num_threads": threads, "monotone_constraints": [-signs[place] for place in signed],
    }  # fmt: skip
    return (_rank(free) + _rank(_fold_by_fold(values[:, signed], bad, group, settings, MONOTONE_ROUNDS))) / 2


def _fold_by_fold(values: Floats, bad: Integers, group: Integers, settings: dict[str, Any], rounds: int) -> Floats:
    fold = np.random.default_rng(settings["seed"]).permutation(int(group.max(initial=0)) + 1)[group] % FOLDS
    found = np.empty(len(bad))
    for number in range(FOLDS):
        train, test = fold != number, fold == number
        if test.any():
            model = lightgbm.train(settings, lightgbm.Dataset(values[train], bad[train]), rounds)
            found[test] = model.predict(values[test], num_threads=settings["num_threads"])
    return found


def _rank(chance: Floats) -> Floats:
    """Return where each stands, 0 to 1; who is equal stands equal."""
    _, place, count = np.unique(chance, return_inverse=True, return_counts=True)
    return ((np.cumsum(count) - (count - 1) / 2) / len(chance))[place]
