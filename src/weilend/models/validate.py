"""In: a recipe, a table, a label. Out: what it says of firms it has not seen. Used: by the desk before a model may decide.

Everything that looks at a label (choice of features, bins, strength) happens inside the recipe, hence inside each fold:
the outer folds see none of it (nested cross-validation, Varma & Simon 2006).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
import numpy as np

from weilend.core.money import PPM
from weilend.models.folds import SEEDS, stratified_folds
from weilend.models.metrics import Interval, Third, auc, auc_interval, brier, by_third, calibration, ks
from weilend.models.prediction import Fit, Prediction
from weilend.models.table import Integers, Table, canonical_order

FOLDS = 5


def nested_cross_validation(fit: Fit, table: Table, label: Integers, *, seed: int, folds: int = FOLDS) -> Prediction:
    """Return the out-of-fold prediction of each row: each by a model that was trained without its fold.

    Folds hold goods and bads in equal shares and hang on content and seed, not on row order. Give the recipe one stated
    prior for all folds, so that points of different folds are on one scale.

    >>> from functools import partial
    >>> from weilend.models.recipes import woe_card
    >>> table, label, features = woe_card.example_data()
    >>> fit = partial(woe_card.fit, features=features, prior_ppm=80_000)
    >>> auc(label, nested_cross_validation(fit, table, label, seed=1).points) > 0.7
    True
    """
    fold = stratified_folds(table, label, folds=folds, seed=seed)
    points = np.empty(len(table), dtype=np.int64)
    pd_ppm = np.empty(len(table), dtype=np.int64)
    for this in range(folds):
        model = fit(table.take(fold != this), label[fold != this], seed=seed * 1000 + this)
        said = model.predict(table.take(fold == this))
        points[fold == this], pd_ppm[fold == this] = said.points, said.pd_ppm
    return Prediction(points, pd_ppm)


def runs_over_seeds(
    fit: Fit, table: Table, label: Integers, *, seeds: Sequence[int] = SEEDS, folds: int = FOLDS
) -> Iterator[Prediction]:
    """Yield one out-of-fold prediction for each seed, so that a caller can show how far it is.

    >>> from functools import partial
    >>> from weilend.models.recipes import woe_card
    >>> table, label, features = woe_card.example_data()
    >>> fit = partial(woe_card.fit, features=features, prior_ppm=80_000)
    >>> len(list(runs_over_seeds(fit, table, label, seeds=(1, 2))))
    2
    """
    for seed in seeds:
        yield nested_cross_validation(fit, table, label, seed=seed, folds=folds)


def permuted_auc(fit: Fit, table: Table, label: Integers, *, seed: int, folds: int = FOLDS) -> float:
    """Return the out-of-fold AUC of the whole pipeline after the labels were dealt out anew at random.

    Its mean over seeds is one half if nothing in the pipeline sees what it must not.

    >>> from functools import partial
    >>> from weilend.models.recipes import woe_card
    >>> table, label, features = woe_card.example_data()
    >>> fit = partial(woe_card.fit, features=features, prior_ppm=80_000)
    >>> 0 <= permuted_auc(fit, table, label, seed=1) <= 1
    True
    """
    order = canonical_order(table, label)
    dealt = np.empty_like(label)
    dealt[order] = np.random.default_rng([seed, 1]).permutation(label[order])
    return auc(dealt, nested_cross_validation(fit, table, dealt, seed=seed, folds=folds).points)


class Permutations(msgspec.Struct, frozen=True):
    """What the pipeline finds where there is nothing: mean and spread of AUC, and the share that reaches the real one."""

    draws: int
    mean_ppm: int
    spread_ppm: int
    p_value_ppm: int


def judge_permutations(aucs: Sequence[float], observed: float) -> Permutations:
    """Return the summary of permuted AUCs against an observed one; ``p = (1 + reached) / (1 + draws)``.

    >>> judge_permutations([0.5, 0.4, 0.6], 0.9)
    Permutations(draws=3, mean_ppm=500000, spread_ppm=81650, p_value_ppm=250000)
    """
    found = np.array(aucs)
    p_value = (1 + int((found >= observed).sum())) / (1 + len(found))
    return Permutations(len(found), round(PPM * float(found.mean())), round(PPM * float(found.std())), round(PPM * p_value))


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """Out-of-fold figures, each a mean over seeds; `auc_spread_ppm` is the spread of AUC from seed to seed.

    `calibration_intercept_ppm` and `slope` follow Cox (1958); PDs must be at the sample's own bad rate for them to mean much.
    """

    rows: int
    bads: int
    seeds: tuple[int, ...]
    auc: Interval
    auc_spread_ppm: int
    ks_ppm: int
    brier_ppm: int
    mean_pd_ppm: int
    calibration_intercept_ppm: int
    calibration_slope_ppm: int
    thirds: tuple[Third, ...]


def judge(label: Integers, runs: Sequence[Prediction], size: Integers, *, seeds: Sequence[int] = SEEDS) -> Figures:
    """Return the figures of out-of-fold predictions, one for each seed; `size` (n,) is what the thirds are cut by.

    >>> label = np.array([1, 0, 0, 1, 0, 0])
    >>> run = Prediction(np.array([1, 2, 3, 1, 2, 3]), np.array([500_000, 200_000, 100_000] * 2))
    >>> judge(label, [run], np.arange(6), seeds=(1,)).auc.estimate_ppm
    1000000
    """
    points = np.stack([run.points for run in runs])
    fits = [calibration(label, run.pd_ppm) for run in runs]
    return Figures(
        rows=len(label),
        bads=int(label.sum()),
        seeds=tuple(seeds),
        auc=auc_interval(label, points, seed=seeds[0]),
        auc_spread_ppm=round(PPM * float(np.std([auc(label, run) for run in points]))),
        ks_ppm=_mean_ppm([ks(label, run) for run in points]),
        brier_ppm=_mean_ppm([brier(label, run.pd_ppm) for run in runs]),
        mean_pd_ppm=_mean_ppm([float(run.pd_ppm.mean()) / PPM for run in runs]),
        calibration_intercept_ppm=_mean_ppm([intercept for intercept, _ in fits]),
        calibration_slope_ppm=_mean_ppm([slope for _, slope in fits]),
        thirds=by_third(label, size, points, seed=seeds[0]),
    )


def _mean_ppm(values: Sequence[float]) -> int:
    return round(PPM * float(np.mean(values)))
