"""In: labels and what a model said. Out: how good it was, with intervals over firms. Used: by validation and the report.

Labels are 0 or 1 (1 is bad); `points` are higher for safer; figures with intervals are in ppm, so that they can be sealed.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.core.errors import InputError
from weilend.core.money import PPM
from weilend.models.ranks import rank_auc
from weilend.models.table import Floats, Integers

DRAWS: Final = 2000  # bootstraps: a 2.5 % quantile is then steady to about 1.5 % of the interval's width (normal theory)


class Interval(msgspec.Struct, frozen=True):
    """An estimate with a 95 % interval, in ppm.

    >>> Interval(20_000, -10_000, 50_000).holds_zero()
    True
    """

    estimate_ppm: int
    lo_ppm: int
    hi_ppm: int

    def holds_zero(self) -> bool:
        """Return whether zero lies inside: then no difference may be claimed."""
        return self.lo_ppm <= 0 <= self.hi_ppm


def auc(label: Integers, points: npt.ArrayLike) -> float:
    """Return the chance that a good has more points than a bad, ties counting half; `InputError` where either is missing.

    >>> auc(np.array([1, 0, 0, 1]), [1, 2, 3, 2])
    0.875
    """
    _check_classes(label)
    return rank_auc(label, points)


def _wins(label: Integers, points: npt.ArrayLike) -> Floats:
    """Return (bads, goods) 1 where the good has more points, one half where as many; averaged over runs if there are many.

    `points` is (n,) or (runs, n). The mean AUC of many runs is linear in it, so that one bootstrap serves all runs.
    """
    runs = np.atleast_2d(np.asarray(points))
    _check_classes(label)
    total = np.zeros((int(label.sum()), int((1 - label).sum())))
    for run in runs:
        bads, goods = run[label == 1][:, None], run[label == 0][None, :]
        total += (goods > bads) + 0.5 * (goods == bads)
    return np.asarray(total / len(runs))


def _check_classes(label: Integers) -> None:
    if label.min() == label.max():
        raise InputError("all labels are the same, so nothing can be told apart", hint="bring goods and bads")


def auc_interval(label: Integers, points: npt.ArrayLike, *, seed: int, draws: int = DRAWS) -> Interval:
    """Return the AUC (mean over runs where `points` is (runs, n)) with a percentile bootstrap over firms.

    Firms are drawn, models are not refitted: the interval says how much these few firms decide, as DeLong's (1988) does.

    >>> label = np.array([1, 0, 0, 0] * 10)
    >>> auc_interval(label, 1 - label, seed=1)
    Interval(estimate_ppm=1000000, lo_ppm=1000000, hi_ppm=1000000)
    """
    return _interval(_wins(label, points), _order(label, points), label, seed, draws)


def auc_difference(label: Integers, a: npt.ArrayLike, b: npt.ArrayLike, *, seed: int, draws: int = DRAWS) -> Interval:
    """Return AUC of `a` minus AUC of `b` on the same firms, with a paired bootstrap: each draw judges both.

    >>> label = np.array([1, 0, 0, 0] * 10)
    >>> auc_difference(label, 1 - label, 1 - label, seed=1)
    Interval(estimate_ppm=0, lo_ppm=0, hi_ppm=0)
    """
    return _interval(_wins(label, a) - _wins(label, b), _order(label, a, b), label, seed, draws)


def _order(label: Integers, *scores: npt.ArrayLike) -> Integers:
    """Return row positions sorted by content, so that a bootstrap does not hang on row order."""
    keys = [row for score in scores for row in np.atleast_2d(np.asarray(score))]
    return np.lexsort([*keys, label]).astype(np.int64)


def _interval(wins: Floats, order: Integers, label: Integers, seed: int, draws: int) -> Interval:
    n = len(label)
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=draws)
    weight = np.empty_like(drawn)
    weight[:, order] = drawn
    bads, goods = weight[:, label == 1].astype(np.float64), weight[:, label == 0].astype(np.float64)
    pairs = bads.sum(axis=1) * goods.sum(axis=1)
    values = ((bads @ wins) * goods).sum(axis=1)[pairs > 0] / pairs[pairs > 0]
    lo, hi = np.quantile(values, (0.025, 0.975))
    return Interval(round(PPM * float(wins.mean())), round(PPM * float(lo)), round(PPM * float(hi)))


def ks(label: Integers, points: npt.ArrayLike) -> float:
    """Return the largest distance between the distributions of points of bads and goods.

    >>> ks(np.array([1, 1, 0, 0]), [1, 2, 2, 3])
    0.5
    """
    _check_classes(label)
    score = np.asarray(points)
    at = np.unique(score)
    bads, goods = (np.searchsorted(np.sort(score[label == k]), at, side="right") / (label == k).sum() for k in (1, 0))
    return float(np.abs(bads - goods).max())


def brier(label: Integers, pd_ppm: Integers) -> float:
    """Return the mean squared distance between PD and outcome.

    >>> brier(np.array([1, 0]), np.array([500_000, 500_000]))
    0.25
    """
    return float(((pd_ppm / PPM - label) ** 2).mean())


def calibration(label: Integers, pd_ppm: Integers) -> tuple[float, float]:
    """Return intercept and slope of ``logit P(bad) = intercept + slope · logit(PD)`` (Cox 1958): 0 and 1 are perfect.

    A slope below 1 says that the PDs are too far apart (overfitted), an intercept below 0 at slope 1 that they are too high.

    >>> pd = np.array([200_000] * 10 + [500_000] * 10)
    >>> intercept, slope = calibration(np.array([1, 1, *[0] * 8, *[1, 0] * 5]), pd)
    >>> abs(intercept) < 1e-6, round(slope, 6)
    (True, 1.0)
    """
    _check_classes(label)
    chance = np.clip(pd_ppm / PPM, 1e-6, 1 - 1e-6)
    design = np.stack([np.ones(len(label)), np.log(chance / (1 - chance))], axis=1)
    beta = np.zeros(2)
    for _ in range(25):  # Newton's steps; two parameters need fewer than ten
        fit = 1 / (1 + np.exp(-np.clip(design @ beta, -30, 30)))
        curve = (design.T * (fit * (1 - fit))) @ design + 1e-9 * np.eye(2)
        beta = beta + np.clip(np.linalg.solve(curve, design.T @ (label - fit)), -5, 5)
    return float(beta[0]), float(beta[1])


class Third(msgspec.Struct, frozen=True):
    """A third of the firms by size: how many, how many bad, and the AUC inside it (None where it has no goods or no bads)."""

    name: str
    rows: int
    bads: int
    auc: Interval | None


def by_third(label: Integers, size: Integers, points: npt.ArrayLike, *, seed: int) -> tuple[Third, Third, Third]:
    """Return the figures of the smallest, middle and largest third by size; firms of one size stay together.

    >>> label = np.array([1, 0, 1, 0, 0, 0, 0, 0, 0])
    >>> [(t.rows, t.bads, t.auc and t.auc.estimate_ppm) for t in by_third(label, np.arange(9), np.arange(9), seed=1)]
    [(3, 2, 500000), (3, 0, None), (3, 0, None)]
    """
    ordered = np.sort(size)
    cuts = ordered[[-(-len(size) // 3) - 1, -(-2 * len(size) // 3) - 1]]
    part = (size[:, None] > cuts).sum(axis=1)
    small, middle, large = (
        _third(name, label[part == k], np.atleast_2d(np.asarray(points))[:, part == k], seed)
        for k, name in enumerate(("smallest", "middle", "largest"))
    )
    return small, middle, large


def _third(name: str, label: Integers, points: Floats, seed: int) -> Third:
    both = 0 < label.sum() < len(label)
    return Third(name, len(label), int(label.sum()), auc_interval(label, points, seed=seed) if both else None)
