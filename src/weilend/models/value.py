"""In: rows to learn from and to judge on, costs of sources. Out: what each source buys. Used: to drop one that buys nothing.

A source is what is pulled and paid for as one: `Column.source` names it. A column without a source is free.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from weilend.core.money import PPM
from weilend.models.metrics import Interval
from weilend.models.ranks import rank_auc
from weilend.models.recipes.flat_card import narrow
from weilend.models.recipes.registry import FitSample
from weilend.models.sample import Sample
from weilend.models.table import Integers

DRAWS = 200


class Economics(msgspec.Struct, frozen=True, kw_only=True):
    """What a loan brings: `margin_fen` where it is good, minus `loss_fen` where it is bad; approvals are those that pay.

    >>> Economics(margin_fen=300_00, loss_fen=6_000_00).most_pd_ppm
    47619
    """

    margin_fen: int
    loss_fen: int

    @property
    def most_pd_ppm(self) -> int:
        """The PD at which a loan brings nothing."""
        return PPM * self.margin_fen // (self.margin_fen + self.loss_fen)


class Worth(msgspec.Struct, frozen=True, kw_only=True):
    """What one source buys on the rows judged: AUC with it minus without it (95 %, groups drawn in pairs), approvals, fen.

    `gain_fen` is what an application brings more with it, before its cost; `buys` is whether gain and AUC exceed cost and chance.
    """

    source: str
    columns: int
    cost_fen: int
    auc: Interval
    approved_with_ppm: int
    approved_without_ppm: int
    gain_fen: int
    buys: bool


def value_sources(
    train: Sample, test: Sample, fit: FitSample, costs_fen: Mapping[str, int], economics: Economics, *, seed: int
) -> tuple[Worth, ...]:
    """Return what each source in `costs_fen` (fen a pull) buys: the model is fitted again without its columns.

    >>> from weilend.models.recipes.flat_card import fit
    >>> from weilend.models.sample import example_sample
    >>> sample = example_sample(4000)
    >>> paid = zip(sample.columns, ("tax", "bureau", ""), strict=True)
    >>> columns = tuple(msgspec.structs.replace(column, source=source) for column, source in paid)
    >>> sample = msgspec.structs.replace(sample, columns=columns)
    >>> worth = value_sources(sample.take(np.arange(3000)), sample.take(np.arange(3000, 4000)), fit, {"tax": 100, "bureau": 2_00},
    ...     Economics(margin_fen=300_00, loss_fen=1_000_00), seed=1)
    >>> [(one.source, one.buys) for one in worth]
    [('tax', True), ('bureau', False)]
    """
    whole = fit(train, seed=seed).predict(test.table)
    found = []
    for source, cost in costs_fen.items():
        left = [column.name for column in train.columns if column.source != source]
        less = narrow(train, left)
        without = fit(less, seed=seed).predict(narrow(test, left).table) if left else None
        pd_without = np.full(len(test), round(PPM * float(train.bad.mean()))) if without is None else without.pd_ppm
        points = np.zeros(len(test), dtype=np.int64) if without is None else without.points
        auc = _difference(test, whole.points, points, seed)
        gain = (_profit(whole.pd_ppm, test, economics) - _profit(pd_without, test, economics)) / len(test)
        found.append(
            Worth(
                source=source, columns=len(train.columns) - len(left), cost_fen=cost, auc=auc,
                approved_with_ppm=_approved(whole.pd_ppm, economics), approved_without_ppm=_approved(pd_without, economics),
                gain_fen=round(gain), buys=bool(gain > cost and auc.lo_ppm > 0),
            )
        )  # fmt: skip
    return tuple(found)


def _approved(pd_ppm: Integers, economics: Economics) -> int:
    return round(PPM * float((pd_ppm <= economics.most_pd_ppm).mean()))


def _profit(pd_ppm: Integers, test: Sample, economics: Economics) -> float:
    taken = pd_ppm <= economics.most_pd_ppm
    return float((taken * np.where(test.bad == 1, -economics.loss_fen, economics.margin_fen)).sum())


def _difference(test: Sample, first: Integers, second: Integers, seed: int) -> Interval:
    """Return the difference of AUCs with a percentile interval over draws of whole groups, both judged on the same draw."""
    groups, place = np.unique(test.group, return_inverse=True)
    dice = np.random.default_rng(seed)
    drawn = []
    for _ in range(DRAWS):
        rows = _rows_of(place, dice.integers(0, len(groups), len(groups)), len(groups))
        drawn.append(rank_auc(test.bad[rows], first[rows]) - rank_auc(test.bad[rows], second[rows]))
    lo, hi = np.quantile(drawn, (0.025, 0.975))
    estimate = rank_auc(test.bad, first) - rank_auc(test.bad, second)
    return Interval(*(round(PPM * float(value)) for value in (estimate, lo, hi)))


def _rows_of(place: Integers, groups: Integers, size: int) -> Integers:
    """Return the rows of drawn groups, as often as each was drawn."""
    return np.repeat(np.arange(len(place)), np.bincount(groups, minlength=size)[place])
