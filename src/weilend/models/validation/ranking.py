"""In: scored rows. Out: how well a score ranks them, by interval, curve and cut-off. Used: by the whole validation.

Everything counts rows by their weight; intervals draw whole groups (see `judgement.bootstrap`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from weilend.core.money import PPM
from weilend.models.judgement.bootstrap import SLICE, Contender, Draws, draw
from weilend.models.metrics import DRAWS, Interval
from weilend.models.table import Floats
from weilend.models.validation.bands import effective_counts, rate_interval
from weilend.models.validation.scored import ScoredRows

#: Draws times rows: a minute of one core at most. Few draws widen the error of a bound, not the interval.
MOST_DRAWN: Final = 60_000_000
LEAST_DRAWS: Final = 200
#: Of windows and segments: an interval to be looked at, by no gate.
PART_DRAWS: Final = 300
#: Shares of applications, safest first, at which a cut-off is told.
APPROVALS_PPM: Final = tuple(range(100_000, PPM + 1, 100_000))
CURVE_POINTS: Final = 50


class Ranking(msgspec.Struct, frozen=True):
    """AUC, KS and Gini with 95 % intervals over whole groups, and how many draws they rest on."""

    auc: Interval
    ks: Interval
    gini: Interval
    draws: int


class Curve(msgspec.Struct, frozen=True):
    """What lies below rising cut-offs, riskiest first, in ppm: the share of rows, of bads, of goods. All start at 0."""

    rows_ppm: tuple[int, ...]
    bads_ppm: tuple[int, ...]
    goods_ppm: tuple[int, ...]


class CutOff(msgspec.Struct, frozen=True, kw_only=True):
    """What approving the safest rows would have meant: `approved_ppm` as ties allow, least points, who is kept out.

    `profit_fen` is what the approved brought, None where no money was given. Declined rows count as known: of these rows they are.
    """

    asked_ppm: int
    approved_ppm: int
    points: int
    rows: int
    bads: int
    bad_rate: Interval
    bads_declined_ppm: int
    goods_declined_ppm: int
    profit_fen: int | None = None


def draws_for(rows: int) -> int:
    """Return how many bootstraps so many rows are given.

    >>> draws_for(1_000), draws_for(100_000), draws_for(10_000_000)
    (2000, 600, 200)
    """
    return max(LEAST_DRAWS, min(DRAWS, MOST_DRAWN // max(rows, 1)))


def draw_rows(rows: ScoredRows, *, seed: int, draws: int, name: str = "score") -> Draws:
    """Return the bootstraps of a score's figures, the benchmark's beside them (`benchmark`) where there is one.

    >>> from weilend.models.validation.scored import example_rows
    >>> draw_rows(example_rows(100), seed=1, draws=3).values.shape
    (4, 3)
    """
    said = rows.said()
    contenders = [Contender(name, said)]
    if rows.benchmark is not None:
        contenders.append(Contender("benchmark", msgspec.structs.replace(said, points=rows.benchmark)))
    return draw(rows.bad, rows.group, contenders, seed=seed, draws=draws, weight=rows.weight)


def read_ranking(found: Draws) -> Ranking:
    """Return AUC, KS and Gini of the first contender.

    >>> from weilend.models.validation.scored import example_rows
    >>> said = read_ranking(draw_rows(example_rows(), seed=1, draws=50))
    >>> said.gini.estimate_ppm == 2 * said.auc.estimate_ppm - 1_000_000, said.auc.lo_ppm > 600_000
    (True, True)
    """
    auc, ks = (_interval(found.values[:, at]) for at in (0, 1))
    gini = Interval(*(2 * value - PPM for value in (auc.estimate_ppm, auc.lo_ppm, auc.hi_ppm)))
    return Ranking(auc, ks, gini, len(found.values) - 1)


def auc_of_part(rows: ScoredRows, *, seed: int, draws: int = PART_DRAWS) -> Interval | None:
    """Return the AUC within some rows with its interval; None where goods or bads are fewer than two.

    >>> from weilend.models.validation.scored import example_rows
    >>> rows = example_rows()
    >>> auc_of_part(rows.take(rows.bad == 1), seed=1) is None
    True
    """
    bads = int(rows.bad.sum())
    if min(bads, len(rows) - bads) < 2:
        return None
    alone = msgspec.structs.replace(rows, benchmark=None)
    return read_ranking(draw_rows(alone, seed=seed, draws=min(draws, draws_for(len(rows))))).auc


def _interval(values: Floats) -> Interval:
    drawn = values[1:][~np.isnan(values[1:])]
    lo, hi = np.quantile(drawn, SLICE) if len(drawn) else (values[0], values[0])
    return Interval(*(round(PPM * float(value)) for value in (values[0], lo, hi)))


def trace_curve(rows: ScoredRows) -> Curve:
    """Return the shares of rows, bads and goods below rising points, at about fifty places: for ROC, gains and KS.

    >>> from weilend.models.validation.scored import plain_rows
    >>> trace_curve(plain_rows(np.array([1, 0]), np.array([1, 2])))
    Curve(rows_ppm=(0, 500000, 1000000), bads_ppm=(0, 1000000, 1000000), goods_ppm=(0, 0, 1000000))
    """
    distinct, place = np.unique(rows.points, return_inverse=True)
    bads, goods = (
        np.concatenate(
            [[0.0], np.cumsum(np.bincount(place, weights=rows.weight * (rows.bad == kind), minlength=len(distinct)))]
        )
        for kind in (1, 0)
    )
    both = (bads + goods) / (bads[-1] + goods[-1])
    keep = np.unique(np.searchsorted(both, np.linspace(0, 1, CURVE_POINTS + 1)).clip(0, len(both) - 1))
    shares = (both[keep], bads[keep] / bads[-1], goods[keep] / goods[-1])
    return Curve(*(tuple(np.rint(PPM * share).astype(int).tolist()) for share in shares))


def tabulate_cutoffs(rows: ScoredRows, approvals_ppm: Sequence[int] = APPROVALS_PPM) -> tuple[CutOff, ...]:
    """Return what each share of approvals would have meant; rows with the same points are approved together.

    >>> from weilend.models.validation.scored import plain_rows
    >>> half, every = tabulate_cutoffs(plain_rows(np.array([1, 0, 0, 0]), np.array([1, 2, 3, 4])), (500_000, 1_000_000))
    >>> half.points, half.bads, half.bads_declined_ppm, half.goods_declined_ppm, every.bad_rate.estimate_ppm
    (3, 0, 1000000, 333333, 250000)
    """
    distinct, place = np.unique(rows.points, return_inverse=True)
    mass = np.bincount(place, weights=rows.weight)
    above = np.cumsum(mass[::-1])[::-1] / mass.sum()  # the share that has these points or more
    found: dict[int, CutOff] = {}
    for asked in approvals_ppm:
        at = int(np.argmin(np.abs(above - asked / PPM)))
        found.setdefault(at, _cut(rows, asked, int(distinct[at]), float(above[at])))
    return tuple(found.values())


def _cut(rows: ScoredRows, asked: int, points: int, share: float) -> CutOff:
    taken = rows.points >= points
    bads, size = effective_counts(rows.take(taken))
    lost = [float(rows.weight[~taken & (rows.bad == kind)].sum() / rows.weight[rows.bad == kind].sum()) for kind in (1, 0)]
    profit = None
    if rows.margin_fen is not None and rows.loss_fen is not None:
        profit = round(float((rows.weight * taken) @ np.where(rows.bad == 1, -rows.loss_fen, rows.margin_fen)))
    return CutOff(
        asked_ppm=asked, approved_ppm=round(PPM * share), points=points, rows=int(taken.sum()), bads=int(rows.bad[taken].sum()),
        bad_rate=rate_interval(bads, size), bads_declined_ppm=round(PPM * lost[0]), goods_declined_ppm=round(PPM * lost[1]),
        profit_fen=profit,
    )  # fmt: skip
