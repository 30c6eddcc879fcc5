"""In: what users do, who is known to own a business. Out: how likely each user owns one. Used: to choose whom to reach.

That somebody is not known to be an owner does not mean that he is none: known owners are a share of all, drawn (this is
assumed) without regard to what users do. So the chance of being known ranks users as the chance of being an owner does (Elkan
and Noto, 2008).
"""

from __future__ import annotations

import hashlib
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]

FOLDS: Final = 4
TREES: Final = 80
#: Small trees, many rows a leaf: users leave few traces, and chance would be learned otherwise.
SETTINGS: Final[dict[str, Any]] = {
    "objective": "binary", "learning_rate": 0.08, "num_leaves": 8, "min_data_in_leaf": 100, "lambda_l2": 10.0, "verbosity": -1,
    "num_threads": 1, "deterministic": True, "force_row_wise": True,
}  # fmt: skip


def owner_likelihood(features: Floats, known_owner: Booleans, *, seed: int) -> Floats:
    """Return, out of fold, the likelihood (n,) that each user is an owner, 1 for those who are known to be.

    `features` (n, k), NaN where not known. The share of owners who are known is estimated from those held out, so that the
    result is a probability under the assumption above. Users of whom too few are known get the share of known ones.

    >>> rng = np.random.default_rng(1)
    >>> owner = rng.random(4_000) < 0.3
    >>> visits = rng.poisson(1 + 3 * owner)[:, None].astype(float)
    >>> found = owner_likelihood(visits, owner & (rng.random(4_000) < 0.4), seed=1)
    >>> bool(found[owner].mean() > 1.3 * found[~owner].mean())
    True
    """
    if known_owner.sum() < 10 * FOLDS or known_owner.all():
        return np.where(known_owner, 1.0, float(known_owner.mean()))
    fold = deal(len(features), FOLDS, seed)
    chance = np.zeros(len(features))
    for out in range(FOLDS):
        learn, told = fold != out, fold == out
        model = grow(features[learn], known_owner[learn].astype(np.float64), np.ones(int(learn.sum())), seed)
        chance[told] = model.predict(features[told], num_threads=1)
    told_share = max(float(chance[known_owner].mean()), 1e-6)  # of owners, who are known
    return np.where(known_owner, 1.0, likelihood_of(chance, told_share))


def likelihood_of(chance_known: Floats, told_share: float) -> Floats:
    """Return the likelihood of being an owner, not known as one yet, from the chance of being known (Elkan and Noto, equation 3).

    >>> likelihood_of(np.array([0.0, 0.2]), 0.5).round(3).tolist()
    [0.0, 0.25]
    """
    odds = (1 - told_share) / told_share * chance_known / np.maximum(1 - chance_known, 1e-9)
    return np.clip(odds, 0.0, 1.0)


def grow(features: Floats, target: Floats, weight: Floats, seed: int, **settings: Any) -> Any:
    """Return small boosted trees on rows with weights.

    >>> x = np.arange(400.0)[:, None]
    >>> bool(np.diff(grow(x, (x[:, 0] > 200).astype(float), np.ones(400), 1).predict(np.array([[0.0], [399.0]])))[0] > 0)
    True
    """
    import lightgbm  # late: the command line starts without it

    data = lightgbm.Dataset(features, target, weight=weight)
    return lightgbm.train({**SETTINGS, **settings, "seed": seed}, data, TREES)


def deal(rows: int, folds: int, seed: int) -> Integers:
    """Return a fold for each row, by a stable shuffle of the seed.

    >>> np.bincount(deal(8, 4, 1)).tolist()
    [2, 2, 2, 2]
    """
    salt = int.from_bytes(hashlib.sha256(str(seed).encode()).digest()[:8], "big")
    return np.random.default_rng(salt).permutation(rows) % folds
