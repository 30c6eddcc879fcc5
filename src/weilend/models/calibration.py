"""In: margins or PDs out of fold, and who went bad. Out: a curve to points, how well PDs hold, a repair. Used: by every booster.

PD is a function of points, as on a card: 600 points are odds of 50 to 1, twenty more double them (Siddiqi 2006).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, Literal

import msgspec
import numpy as np
from scipy.optimize import isotonic_regression
from scipy.special import betainc, betaincinv
from scipy.stats import chi2

from weilend.core.money import PPM
from weilend.models.card import ANCHOR_ODDS, ANCHOR_POINTS, FACTOR
from weilend.models.curve import FINE, Curve, draw
from weilend.models.forest import GRID
from weilend.models.logit import fit_logit, log_loss
from weilend.models.metrics import Interval
from weilend.models.prior import to_pd_ppm
from weilend.models.table import Floats, Integers

Shape = Literal["platt", "beta", "isotonic"]
#: Where a smooth curve is drawn, in logits: beyond 12 no book is large enough to say anything.
KNOTS: Final = np.linspace(-12.0, 12.0, 97)
BLOCKS: Final = 100  # groups of about equal size that the isotonic fit starts from
LEAST_SLOPE: Final = 0.02  # a curve must fall: a margin that says nothing still keeps its order
HALF: Final = 0.5  # Jeffreys' prior: half a good and half a bad
Z95: Final = 1.959963984540054


class Calibrated(msgspec.Struct, frozen=True):
    """The chosen curve, and the penalised log-loss of each candidate in ppm of a row; the least was taken."""

    shape: Shape
    curve: Curve
    losses_ppm: dict[Shape, int]


def choose_curve(units: Integers, bad: Integers, weight: Floats) -> Calibrated:
    """Return the curve from out-of-fold margins (units of the grid) to points whose penalised log-loss is least.

    Platt (1999), beta (Kull et al. 2017) and isotonic (Zadrozny & Elkan 2002) compete; the penalty is ``k/2 · ln n`` for k free
    numbers (Schwarz 1978), each block of the isotonic fit being one. Every curve falls throughout, so no order is lost.

    >>> rng = np.random.default_rng(1)
    >>> margin = rng.normal(size=4000)
    >>> bad = (rng.random(4000) < 1 / (1 + np.exp(1 - 0.5 * margin))).astype(np.int64)
    >>> made = choose_curve(np.rint(margin * GRID).astype(np.int64), bad, np.ones(4000))
    >>> made.shape, bool(abs(pd_of_points(made.curve.points(np.array([0])))[0] / PPM - 0.269) < 0.02)
    ('platt', True)
    """
    margin, weight = units / GRID, weight / weight.mean()
    candidates = {name: fit(margin, bad, weight) for name, fit in _SHAPES.items()}
    losses = {
        name: log_loss(_along(margin, at, logit), bad, weight) + count / 2 * math.log(len(bad))
        for name, (at, logit, count) in candidates.items()
    }
    best = min(losses, key=lambda name: losses[name])
    at, logit, _ = candidates[best]
    fine = FINE * (ANCHOR_POINTS + FACTOR * (-logit - math.log(ANCHOR_ODDS)))
    shown = {name: round(PPM * loss / len(bad)) for name, loss in losses.items()}
    return Calibrated(best, draw(np.rint(at * GRID).astype(np.int64), fine), shown)


def _along(margin: Floats, at: Floats, logit: Floats) -> Floats:
    """Return the broken line at some margins; its ends go on, as those of a `Curve` do."""
    piece = np.clip(np.searchsorted(at, margin, side="right") - 1, 0, len(at) - 2)
    return np.asarray(logit[piece] + (margin - at[piece]) * (logit[piece + 1] - logit[piece]) / (at[piece + 1] - at[piece]))


def _platt(margin: Floats, bad: Integers, weight: Floats) -> tuple[Floats, Floats, int]:
    intercept, slope = _line(margin, bad, weight)
    return KNOTS[[0, -1]], intercept + slope * KNOTS[[0, -1]], 2


def _line(margin: Floats, bad: Integers, weight: Floats) -> tuple[float, float]:
    fit = fit_logit(np.stack([np.ones(len(margin)), margin], axis=1), bad, weight=weight)
    if fit.coefficients[1] >= LEAST_SLOPE:
        return float(fit.coefficients[0]), float(fit.coefficients[1])
    flat = fit_logit(np.ones((len(margin), 1)), bad, weight=weight, offset=LEAST_SLOPE * margin)
    return float(flat.coefficients[0]), LEAST_SLOPE


def _beta(margin: Floats, bad: Integers, weight: Floats) -> tuple[Floats, Floats, int]:
    """Fit ``c + a · ln p - b · ln(1 - p)``; where a or b would be negative it is Platt's line, with the price of three numbers."""
    columns = np.stack([np.ones(len(margin)), -np.logaddexp(0.0, -margin), np.logaddexp(0.0, margin)], axis=1)
    c, a, b = fit_logit(columns, bad, weight=weight).coefficients
    if a < 0 or b < 0 or a + b < LEAST_SLOPE:
        return (*_platt(margin, bad, weight)[:2], 3)
    return KNOTS, c - a * np.logaddexp(0.0, -KNOTS) + b * np.logaddexp(0.0, KNOTS), 3


def _isotonic(margin: Floats, bad: Integers, weight: Floats) -> tuple[Floats, Floats, int]:
    """Join the centres of the pooled blocks by a broken line (Oron & Flournoy 2017); the ends go on as Platt's line would."""
    order = np.argsort(margin, kind="stable")
    part = np.array_split(order, min(BLOCKS, len(order)))
    mass, bads, sums = (np.array([values[rows].sum() for rows in part]) for values in (weight, weight * bad, weight * margin))
    block = isotonic_regression(bads / mass, weights=mass).blocks[:-1]
    mass, bads, sums = (np.add.reduceat(values, block) for values in (mass, bads, sums))
    logit = np.maximum.accumulate(np.log(bads + HALF) - np.log(mass - bads + HALF))
    _, slope = _line(margin, bad, weight)
    at = sums / mass
    ends = np.array([at[0] - KNOTS[-1], at[-1] + KNOTS[-1]]), np.array([logit[0], logit[-1]]) + slope * KNOTS[[0, -1]]
    join = (np.concatenate([end[:1], middle, end[1:]]) for end, middle in zip(ends, (at, logit), strict=True))
    return next(join), next(join), len(block)


_SHAPES: Final[dict[Shape, Callable[[Floats, Integers, Floats], tuple[Floats, Floats, int]]]] = {
    "platt": _platt, "beta": _beta, "isotonic": _isotonic,
}  # fmt: skip


def pd_of_points(points: Integers, *, intercept: float = 0.0, slope: float = 1.0) -> Integers:
    """Return the PD (ppm) of points on the scale, its logit moved by an intercept and stretched by a slope.

    >>> pd_of_points(np.array([600, 620])).tolist()
    [19608, 9901]
    """
    logit = -math.log(ANCHOR_ODDS) - (points - ANCHOR_POINTS) / FACTOR
    return to_pd_ppm(intercept + slope * logit)


class Fitness(msgspec.Struct, frozen=True):
    """How PDs hold: `intercept` at slope one (0 is perfect) and `slope` (1 is perfect) with 95 % intervals, in ppm."""

    rows: int
    bads: int
    mean_pd_ppm: int
    bad_rate_ppm: int
    intercept: Interval
    slope: Interval

    @property
    def holds(self) -> bool:
        """Return whether neither interval contradicts perfect PDs."""
        return self.intercept.holds_zero() and self.slope.lo_ppm <= PPM <= self.slope.hi_ppm


def measure_fitness(bad: Integers, pd_ppm: Integers, *, weight: Floats | None = None) -> Fitness:
    """Return intercept and slope of outcomes on PDs (Cox 1958; Van Calster et al. 2016) with Wald intervals.

    >>> pd = np.array([200_000] * 100 + [500_000] * 100)
    >>> fit = measure_fitness(np.array([1] * 20 + [0] * 80 + [1, 0] * 50), pd)
    >>> fit.slope.estimate_ppm, fit.holds
    (1000000, True)
    """
    weight = np.ones(len(bad)) if weight is None else weight / weight.mean()
    logit = _logit(pd_ppm)
    at_one = fit_logit(np.ones((len(bad), 1)), bad, weight=weight, offset=logit)
    both = fit_logit(np.stack([np.ones(len(bad)), logit], axis=1), bad, weight=weight)
    return Fitness(
        rows=len(bad),
        bads=int(bad.sum()),
        mean_pd_ppm=round(float(np.average(pd_ppm, weights=weight))),
        bad_rate_ppm=round(PPM * float(np.average(bad, weights=weight))),
        intercept=_wald(float(at_one.coefficients[0]), float(at_one.covariance[0, 0])),
        slope=_wald(float(both.coefficients[1]), float(both.covariance[1, 1])),
    )


def _logit(pd_ppm: Integers) -> Floats:
    chance = np.clip(pd_ppm, 1, PPM - 1) / PPM
    return np.asarray(np.log(chance) - np.log1p(-chance))


def _wald(estimate: float, variance: float) -> Interval:
    reach = Z95 * math.sqrt(variance)
    return Interval(round(PPM * estimate), round(PPM * (estimate - reach)), round(PPM * (estimate + reach)))


def jeffreys_interval(bads: int, rows: int) -> Interval:
    """Return a bad rate with Jeffreys' 95 % interval (Brown, Cai & DasGupta 2001), in ppm.

    >>> jeffreys_interval(0, 50)
    Interval(estimate_ppm=0, lo_ppm=0, hi_ppm=48758)
    """
    lo = float(betaincinv(bads + HALF, rows - bads + HALF, 0.025)) if bads > 0 else 0.0
    hi = float(betaincinv(bads + HALF, rows - bads + HALF, 0.975)) if bads < rows else 1.0
    return Interval(round(PPM * bads / rows), round(PPM * lo), round(PPM * hi))


def jeffreys_p_value(bads: int, rows: int, pd_ppm: int) -> float:
    """Return the chance that the true bad rate is at most the PD, given the outcomes: small says that the PD is too low.

    It is the Jeffreys test of the European Central Bank's validation reporting (2019).

    >>> round(jeffreys_p_value(10, 100, 50_000), 3), round(jeffreys_p_value(5, 100, 50_000), 1)
    (0.018, 0.5)
    """
    return float(betainc(bads + HALF, rows - bads + HALF, pd_ppm / PPM))


class Update(msgspec.Struct, frozen=True):
    """What PDs need: `kind`, the new intercept and slope in millionths, and the evidence as p values in ppm.

    `against_none` tests the old PDs against both numbers new, `against_intercept` a new intercept alone against both.
    """

    kind: Literal["none", "intercept", "intercept_and_slope"]
    intercept_micro: int
    slope_micro: int
    against_none_ppm: int
    against_intercept_ppm: int


def choose_update(bad: Integers, pd_ppm: Integers, *, weight: Floats | None = None, level: float = 0.05) -> Update:
    """Return the least repair that the outcomes ask for, by closed likelihood-ratio tests (Vergouwe et al. 2017).

    >>> rng = np.random.default_rng(3)
    >>> pd = rng.integers(20_000, 200_000, 5000)
    >>> twice = (rng.random(5000) < 2 * pd / (PPM + pd)).astype(np.int64)
    >>> choose_update((rng.random(5000) < pd / PPM).astype(np.int64), pd).kind, choose_update(twice, pd).kind
    ('none', 'intercept')
    """
    weight = np.ones(len(bad)) if weight is None else weight / weight.mean()
    logit, one = _logit(pd_ppm), np.ones(len(bad))
    moved = fit_logit(one[:, None], bad, weight=weight, offset=logit)
    both = fit_logit(np.stack([one, logit], axis=1), bad, weight=weight)
    old = log_loss(logit, bad, weight)
    any_change = float(chi2.sf(max(2 * (old - both.loss), 0.0), 2))
    slope_too = float(chi2.sf(max(2 * (moved.loss - both.loss), 0.0), 1))
    evidence = round(PPM * any_change), round(PPM * slope_too)
    if any_change >= level:
        return Update("none", 0, PPM, *evidence)
    if slope_too >= level:
        return Update("intercept", round(PPM * float(moved.coefficients[0])), PPM, *evidence)
    intercept, slope = (round(PPM * float(value)) for value in both.coefficients)
    return Update("intercept_and_slope", intercept, slope, *evidence)
