"""In: a sample and its bins. Out: which columns a card may stand on, and for each of them why or why not. Used: by the card recipe.

Nothing here looks at rows one by one: each column is the code of its bin, so that a bootstrap is one count.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from weilend.core.money import PPM
from weilend.models.bins import Bins
from weilend.models.sample import Sample
from weilend.models.split import deal_folds
from weilend.models.table import Booleans, Floats, Integers


class SelectionRules(msgspec.Struct, frozen=True, kw_only=True):
    """What selection takes as given, each with its reason.

    >>> SelectionRules().most
    24
    """

    least_information: float = 0.003  # judged out of fold, where a column that says nothing has about 0
    alike: float = 0.92  # correlation of evidence above which two columns say the same; the better one stays
    least_frequency: float = 0.5  # of bootstraps in which a column is informative; below it is chance
    draws: int = 20
    offered: int = 60  # columns that are fitted together before the card keeps the heaviest
    most: int = 24  # characteristics: beyond that nobody reads a card (Siddiqi 2006 has 8 to 15)


RULES: Final = SelectionRules()
#: Selection looks at no more than about so many rows, in whole groups: more settle no choice, and cost memory by columns.
LOOKED_AT: Final = 200_000


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """What selection saw of one column, in ppm: information out of fold, share of bootstraps, drift from older to newer rows.

    `cluster` numbers columns that say the same; `like` names the better one of them where this one was left out for it.
    """

    column: str
    chosen: bool
    why: str
    information_ppm: int
    frequency_ppm: int
    drift_ppm: int
    cluster: int
    like: str = ""


def select_columns(sample: Sample, bins: Sequence[Bins], *, seed: int, rules: SelectionRules = RULES) -> tuple[Candidate, ...]:
    """Return a candidate for each column, in the order of the sample: chosen, or left out and why.

    >>> from weilend.models.bins import bin_sample
    >>> from weilend.models.sample import example_sample
    >>> sample = example_sample(2000)
    >>> found = select_columns(sample, bin_sample(sample, seed=1), seed=1)
    >>> {"income", "use"} <= {one.column for one in found if one.chosen}
    True
    """
    if len(sample) > LOOKED_AT:
        sample = sample.take(deal_folds(sample, folds=-(-len(sample) // LOOKED_AT), seed=seed) == 0)
    codes = [one.place(*sample.table.column(one.column.name)) for one in bins]
    evidence = np.column_stack([one.woe[code] for one, code in zip(bins, codes, strict=True)])
    alike = _correlate(evidence, sample.weight)
    frequency = _frequency(sample, bins, codes, seed, rules)
    clusters = _clusters(alike >= rules.alike)
    chosen: list[int] = []
    said: dict[int, tuple[bool, str, str]] = {}
    for at in sorted(range(len(bins)), key=lambda at: (-bins[at].information, bins[at].column.name)):
        like = next((other for other in chosen if alike[at, other] >= rules.alike), None)
        said[at] = _judge(bins[at], float(frequency[at]), None if like is None else bins[like].column.name, len(chosen), rules)
        if said[at][0]:
            chosen.append(at)
    drift = [_drift(sample.month, code, len(one.woe)) for one, code in zip(bins, codes, strict=True)]
    return tuple(
        Candidate(
            column=one.column.name, chosen=said[at][0], why=said[at][1], like=said[at][2], cluster=int(clusters[at]),
            information_ppm=round(PPM * one.information), frequency_ppm=round(PPM * float(frequency[at])),
            drift_ppm=round(PPM * drift[at]),
        )
        for at, one in enumerate(bins)
    )  # fmt: skip


def _judge(bins: Bins, frequency: float, like: str | None, taken: int, rules: SelectionRules) -> tuple[bool, str, str]:
    if bins.information < rules.least_information:
        return False, f"says too little: information value {bins.information:.4f} on rows it has not seen", ""
    if frequency < rules.least_frequency:
        return False, f"informative in {frequency:.0%} of bootstraps only", ""
    if like is not None:
        return False, f"says the same as {like}", like
    if taken == rules.offered:
        return False, f"{rules.offered} better ones are offered to the card", ""
    return True, f"information value {bins.information:.4f}", ""


def _correlate(evidence: Floats, weight: Floats) -> Floats:
    """Return how columns of evidence go together; the evidence is overwritten: of a large table a copy is half a gigabyte."""
    evidence -= np.average(evidence, axis=0, weights=weight)
    evidence *= np.sqrt(weight)[:, None]
    cross = evidence.T @ evidence
    spread = np.sqrt(np.diag(cross))
    return np.asarray(cross / np.where(spread > 0, spread, 1.0) / np.where(spread > 0, spread, 1.0)[:, None])


def _clusters(alike: Booleans) -> Integers:
    """Return the number of the cluster of each column: columns joined by chains of likeness."""
    cluster = np.arange(len(alike))
    for _ in range(len(alike)):
        joined = np.where(alike, cluster[None, :], len(alike)).min(axis=1)
        if (joined >= cluster).all():
            break
        cluster = np.minimum(cluster, joined)
    return np.unique(cluster, return_inverse=True)[1].astype(np.int64)


def _frequency(sample: Sample, bins: Sequence[Bins], codes: Sequence[Integers], seed: int, rules: SelectionRules) -> Floats:
    """Return the share of bootstraps in which each column is informative on the rows that were left out (Efron's bag, 63 %)."""
    dice, n = np.random.default_rng(seed), len(sample)
    informative = np.zeros(len(bins))
    for _ in range(rules.draws):
        drawn = np.bincount(dice.integers(0, n, n), minlength=n) * sample.weight
        left = np.where(drawn == 0, sample.weight, 0.0)
        for at, code in enumerate(codes):
            inside, outside = (_count(code, part, sample.bad, len(bins[at].woe)) for part in (drawn, left))
            informative[at] += _information(*inside, *outside) >= rules.least_information
    return informative / rules.draws


def _count(code: Integers, weight: Floats, bad: Integers, size: int) -> tuple[Floats, Floats]:
    rows, bads = (np.bincount(code, weights=part, minlength=size).astype(np.float64) for part in (weight, weight * bad))
    return rows, bads


def _information(rows: Floats, bads: Floats, out_rows: Floats, out_bads: Floats) -> float:
    rate = bads.sum() / rows.sum()
    smooth = (bads + 5 * rate) / (rows + 5)
    woe = np.log(rate / (1 - rate)) - np.log(smooth / (1 - smooth))
    goods = out_rows - out_bads
    return float(((goods / goods.sum() - out_bads / out_bads.sum()) * woe).sum())


def _drift(month: Integers, code: Integers, size: int) -> float:
    """Return the population stability index of the bins between the older and the newer half of the rows; 0 without months."""
    if month.min() == month.max():
        return 0.0
    new = month > np.median(month) if (month > np.median(month)).any() else month == month.max()
    old_share, new_share = ((np.bincount(code[part], minlength=size) + 0.5) / (part.sum() + size / 2) for part in (~new, new))
    return float(((new_share - old_share) * np.log(new_share / old_share)).sum())
