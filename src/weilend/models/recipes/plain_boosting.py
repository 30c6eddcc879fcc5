"""In: features and a label. Out: out-of-fold chances of a plain gradient boosting. Used: where "the best model" is wanted
without tuning.

LightGBM (Ke et al. 2017) with small leaves and strong shrinkage, the same settings for every table: a yardstick, no product.
"""

from __future__ import annotations

from typing import Final

import lightgbm
import numpy as np

from weilend.models.table import Floats, Integers

ROUNDS: Final = 300
FOLDS: Final = 5
SETTINGS: Final = {
    "objective": "binary", "learning_rate": 0.03, "num_leaves": 15, "min_data_in_leaf": 40, "feature_fraction": 0.3,
    "bagging_fraction": 0.8, "bagging_freq": 1, "lambda_l2": 10.0, "deterministic": True, "force_row_wise": True, "verbose": -1,
}  # fmt: skip


def out_of_fold(values: Floats, bad: Integers, group: Integers, *, seed: int, threads: int = 1) -> Floats:
    """Return the chance (n,) of being bad by models that saw neither the row nor its group; NaN is not known.

    >>> rng = np.random.default_rng(1)
    >>> x = rng.standard_normal((400, 2)); bad = (x[:, 0] + rng.standard_normal(400) > 1).astype(np.int64)
    >>> chance = out_of_fold(x, bad, np.arange(400), seed=1)
    >>> bool(chance[bad == 1].mean() > chance[bad == 0].mean())
    True
    """
    fold = np.random.default_rng(seed).permutation(int(group.max(initial=0)) + 1)[group] % FOLDS
    found = np.empty(len(bad))
    for number in range(FOLDS):
        train, test = fold != number, fold == number
        if test.any():
            data = lightgbm.Dataset(values[train], bad[train])
            model = lightgbm.train(SETTINGS | {"seed": seed, "num_threads": threads}, data, ROUNDS)
            found[test] = model.predict(values[test], num_threads=threads)
    return found
