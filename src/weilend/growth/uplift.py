"""In: users, some of whom were contacted by chance, and who applied. Out: what a contact adds to the chance of applying. Used: to
choose whom to reach, and to be measured on who was drawn by chance.

Two estimates. Two models: one of the contacted, one of the others, their difference (Radcliffe and Surry, 1999). Class
transformation: one model of a target whose mean is the difference itself (Athey and Imbens, 2016): y/e where contacted,
−y/(1−e) where not.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec
import numpy as np

from weilend.growth.likelihood import Booleans, Floats, deal, grow

Method = Literal["two_models", "transformed"]
FOLDS: Final = 4


class Uplift(msgspec.Struct, frozen=True, eq=False):
    """A fitted uplift: `out_of_fold` (n,) for the rows that it was fitted on, each by models that had not seen it.

    `models` are LightGBM's texts: of the contacted and of the others, or of the transformed target alone.

    >>> Uplift("two_models", ("of the contacted", "of the others"), np.zeros(1), np.zeros(1)).method
    'two_models'
    """

    method: Method
    models: tuple[str, ...]
    out_of_fold: Floats
    contacted_response: Floats

    def predict(self, features: Floats) -> Floats:
        """Return the uplift (n,) of other users."""
        return _difference([_load(text) for text in self.models], features)

    def response(self, features: Floats) -> Floats:
        """Return the chance (n,) of applying when contacted: what a response ranking goes by."""
        if self.method != "two_models":
            return self.predict(features)
        return np.asarray(_load(self.models[0]).predict(features, num_threads=1), dtype=np.float64)


def fit_uplift(
    features: Floats, contacted: Booleans, applied: Booleans, chance: Floats, *, weight: Floats, seed: int,
    method: Method = "two_models",
) -> Uplift:  # fmt: skip
    """Return the uplift of contacts that were drawn by chance: `chance` (n,) is each row's propensity of being contacted.

    >>> rng = np.random.default_rng(2)
    >>> x = rng.random((6_000, 1))
    >>> contacted = rng.random(6_000) < 0.5
    >>> applied = rng.random(6_000) < 0.05 + 0.3 * contacted * (x[:, 0] > 0.5)
    >>> found = fit_uplift(x, contacted, applied, np.full(6_000, 0.5), weight=np.ones(6_000), seed=1)
    >>> bool(found.out_of_fold[x[:, 0] > 0.5].mean() > 0.2), bool(abs(found.out_of_fold[x[:, 0] < 0.5].mean()) < 0.05)
    (True, True)
    """
    fold = deal(len(features), FOLDS, seed)
    out_of_fold, response = np.zeros(len(features)), np.zeros(len(features))
    for out in range(FOLDS):
        learn, told = fold != out, fold == out
        models = _fit(method, features[learn], contacted[learn], applied[learn], chance[learn], weight[learn], seed)
        out_of_fold[told] = _difference(models, features[told])
        response[told] = models[0].predict(features[told], num_threads=1)
    models = _fit(method, features, contacted, applied, chance, weight, seed)
    return Uplift(method, tuple(str(one.model_to_string()) for one in models), out_of_fold, response)


def _fit(
    method: Method, features: Floats, contacted: Booleans, applied: Booleans, chance: Floats, weight: Floats, seed: int
) -> list[Any]:
    y = applied.astype(np.float64)
    if method == "transformed":
        target = np.where(contacted, y / chance, -y / (1 - chance))
        return [grow(features, target, weight, seed, objective="regression")]
    groups = [(contacted, weight / chance), (~contacted, weight / (1 - chance))]
    return [grow(features[who], y[who], share[who] / max(float(share[who].mean()), 1e-12), seed) for who, share in groups]


def _difference(models: list[Any], features: Floats) -> Floats:
    said = [np.asarray(one.predict(features, num_threads=1), dtype=np.float64) for one in models]
    return said[0] - said[1] if len(said) == 2 else said[0]


def _load(text: str) -> Any:
    import lightgbm  # late: the command line starts without it

    return lightgbm.Booster(model_str=text)
