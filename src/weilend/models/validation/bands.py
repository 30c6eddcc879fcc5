"""In: scored rows, cut into bands. Out: each band's bad rate with its interval, beside its PD. Used: for tenths, grades, months.

Jeffreys' interval and test, on as many rows as weights and groups leave: rows of one owner are no independent witnesses. The
effective number of rows is the one that has the same variance (Korn & Graubard 1998); without weights and groups it is the number.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import msgspec
import numpy as np
from scipy.special import betainc, betaincinv
from scipy.stats import norm

from weilend.core.money import PPM
from weilend.models.calibration import HALF
from weilend.models.judgement.gates import holm
from weilend.models.metrics import Interval
from weilend.models.table import Booleans, Floats, Integers
from weilend.models.validation.scored import ScoredRows

TENTHS: Final = 10


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the rows: how many, which share (by weight), the bad rate with its 95 % interval, the mean PD.

    `witnesses` is the effective number of rows. `too_low_p_ppm` is the chance that the true bad rate is at most the mean PD (small:
    the PD is too low), `too_high_p_ppm` that it is at least so; None where no PD was said.
    """

    name: str
    rows: int
    bads: int
    share_ppm: int
    witnesses: int
    lowest_points: int
    highest_points: int
    bad_rate: Interval
    mean_pd_ppm: int | None = None
    too_low_p_ppm: int | None = None
    too_high_p_ppm: int | None = None


def make_band(name: str, rows: ScoredRows, mine: Booleans) -> Band:
    """Return the band of the rows where a mask is true; at least one must be.

    >>> from weilend.models.validation.scored import plain_rows
    >>> rows = plain_rows(np.array([1, 0, 0, 0]), np.array([1, 2, 3, 4]), np.array([190_000] * 4))
    >>> band = make_band("all", rows, rows.bad >= 0)
    >>> band.bad_rate.estimate_ppm, band.mean_pd_ppm, band.witnesses
    (250000, 190000, 4)
    """
    part = rows.take(mine)
    bads, size = effective_counts(part)
    mean = None if part.pd_ppm is None else round(float(np.average(part.pd_ppm, weights=part.weight)))
    low = None if mean is None else round(PPM * float(betainc(bads + HALF, size - bads + HALF, mean / PPM)))
    return Band(
        name=name, rows=len(part), bads=int(part.bad.sum()), share_ppm=round(PPM * float(part.weight.sum() / rows.weight.sum())),
        witnesses=max(1, round(size)), lowest_points=int(part.points.min()), highest_points=int(part.points.max()),
        bad_rate=rate_interval(bads, size), mean_pd_ppm=mean, too_low_p_ppm=low, too_high_p_ppm=None if low is None else PPM - low,
    )  # fmt: skip


def effective_counts(rows: ScoredRows) -> tuple[float, float]:
    """Return bads and rows as they count: weighted, and as many as independent rows of the same variance would be.

    >>> from weilend.models.validation.scored import plain_rows
    >>> rows = plain_rows(np.array([1, 1, 0, 0]), np.arange(4))
    >>> effective_counts(rows), effective_counts(msgspec.structs.replace(rows, group=np.array([1, 1, 2, 2])))
    ((2.0, 4.0), (1.0, 2.0))
    """
    if rows.plain:
        return float(rows.bad.sum()), float(len(rows))
    rate = float(np.average(rows.bad, weights=rows.weight))
    _, place = np.unique(rows.group, return_inverse=True)
    off = np.bincount(place, weights=rows.weight * (rows.bad - rate))
    mass = np.bincount(place, weights=rows.weight)
    kish = float(mass.sum() ** 2 / (mass**2).sum())  # what is left where all outcomes are the same (Kish 1965)
    size = rate * (1 - rate) * float(rows.weight.sum()) ** 2 / float((off**2).sum()) if (off**2).sum() > 0 else kish
    size = min(size, float(len(rows)))
    return rate * size, size


def rate_interval(bads: float, rows: float) -> Interval:
    """Return a bad rate with Jeffreys' 95 % interval (Brown, Cai & DasGupta 2001); counts may be effective ones.

    >>> rate_interval(0, 50)
    Interval(estimate_ppm=0, lo_ppm=0, hi_ppm=48758)
    """
    lo = float(betaincinv(bads + HALF, rows - bads + HALF, 0.025)) if bads > 0 else 0.0
    hi = float(betaincinv(bads + HALF, rows - bads + HALF, 0.975)) if bads < rows else 1.0
    return Interval(*(round(PPM * value) for value in (bads / rows, lo, hi)))


def tabulate_bands(rows: ScoredRows, place: Integers, names: Sequence[str]) -> tuple[Band, ...]:
    """Return the band of each place 0.. that has rows, in order.

    >>> from weilend.models.validation.scored import example_rows
    >>> rows = example_rows()
    >>> [band.name for band in tabulate_bands(rows, rows.segments["region"].place, rows.segments["region"].names)]
    ['north', 'south']
    """
    return tuple(make_band(names[at], rows, place == at) for at in np.unique(place).tolist())


def cut_tenths(points: Integers, weight: Floats, *, parts: int = TENTHS) -> Integers:
    """Return the part (n,) of each row, 0 the riskiest, of about equal weight; rows with the same points stay together.

    >>> cut_tenths(np.array([1, 2, 2, 3]), np.ones(4), parts=2).tolist()
    [0, 1, 1, 1]
    """
    _, place = np.unique(points, return_inverse=True)
    mass = np.bincount(place, weights=weight)
    middle = (np.cumsum(mass) - mass / 2) / mass.sum()
    return np.asarray(np.minimum((parts * middle).astype(np.int64), parts - 1)[place], dtype=np.int64)


class Break(msgspec.Struct, frozen=True):
    """Two neighbouring bands in the wrong order: the safer one is worse; `p_ppm` is Holm-adjusted over all neighbours."""

    riskier: str
    safer: str
    riskier_rate_ppm: int
    safer_rate_ppm: int
    p_ppm: int


def find_breaks(bands: Sequence[Band]) -> tuple[Break, ...]:
    """Return where the bad rate rises from one band to the next safer one, riskiest first, and whether chance explains it.

    One-sided test of the log odds ratio, half a case added to each cell (Haldane 1955, Woolf 1955), Holm-adjusted.

    >>> from weilend.models.validation.scored import example_rows
    >>> rows = example_rows()
    >>> bands = tabulate_bands(rows, cut_tenths(rows.points, rows.weight), [str(at) for at in range(10)])
    >>> [(one.riskier, one.safer, one.p_ppm) for one in find_breaks(bands)]
    [('4', '5', 1000000)]
    """
    if len(bands) < 2:
        return ()
    pairs = list(pairwise(bands))
    adjusted = holm([_p_value(one, other) for one, other in pairs])
    return tuple(
        Break(one.name, other.name, one.bad_rate.estimate_ppm, other.bad_rate.estimate_ppm, p_ppm)
        for (one, other), p_ppm in zip(pairs, adjusted, strict=True)
        if other.bad_rate.estimate_ppm > one.bad_rate.estimate_ppm
    )


def _p_value(riskier: Band, safer: Band) -> int:
    cells = [_cells(band) for band in (safer, riskier)]
    odds = [np.log(bads / goods) for bads, goods in cells]
    error = np.sqrt(sum(1 / part for pair in cells for part in pair))
    return round(PPM * float(norm.sf((odds[0] - odds[1]) / error)))


def _cells(band: Band) -> tuple[float, float]:
    bads = band.witnesses * band.bad_rate.estimate_ppm / PPM
    return bads + HALF, band.witnesses - bads + HALF
