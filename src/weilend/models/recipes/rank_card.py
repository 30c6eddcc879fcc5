"""In: a sample with declared signs. Out: a `Card` whose points follow ranks. Used: where bads are few.

A hundred bads cannot say what shape a column has, but they can say how much it weighs. So the shape is settled without labels:
a value counts by its rank among the rows, in the declared direction, and what is not known counts as the middle. Labels then
settle one weight a column, never against its sign, all drawn to zero together as strongly as folds that had no part in it ask.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from weilend.core.errors import InputError
from weilend.core.money import PPM
from weilend.models.card import ANCHOR_ODDS, ANCHOR_POINTS, FACTOR, Card, Characteristic, seal
from weilend.models.ridge import fit_path
from weilend.models.sample import Column, Sample
from weilend.models.split import deal_folds
from weilend.models.table import Booleans, Floats, Integers

#: Steps into which the ranks of a column are cut: a twentieth of the rows each.
STEPS: Final = 20
#: Ranks are spread evenly over one; times this they have a spread (standard deviation) of one, so one ridge fits all columns.
SPREAD: Final = 12**0.5
FOLDS: Final = 5
#: Ridge strengths from strong to weak, three a decade.
STRENGTHS: Final = tuple(3.0 * 10 ** (-step / 3) for step in range(13))


class Ladder(msgspec.Struct, frozen=True, eq=False):
    """A column by ranks: step j holds values above ``cuts[j - 1]`` and up to ``cuts[j]`` and stands at ``height[j]``, higher is
    safer, around zero; `rows` and `bads` (weighted) of each step, and last of what is not known.
    """

    column: Column
    cuts: Integers
    height: Floats
    rows: Floats
    bads: Floats

    def place(self, values: Integers, known: Booleans) -> Integers:
        """Return the step (n,) of values, the place after the last where a value is not known."""
        return np.where(known, np.searchsorted(self.cuts, values, side="left"), len(self.height))

    def climb(self, values: Integers, known: Booleans) -> Floats:
        """Return the height (n,) of values, 0 where one is not known."""
        return np.append(self.height, 0.0)[self.place(values, known)]


def fit(sample: Sample, *, seed: int) -> Card:
    """Return the card of a sample, at the sample's own (weighted) bad rate; a column without a declared sign is not looked at.

    Ridge logistic regression with coefficients that are never negative (`weilend.models.ridge`) on ranks. The same rows and seed
    give the same card. A card without characteristics is one that nothing speaks for. `InputError` where no column has a sign.

    >>> from weilend.models.sample import example_sample
    >>> sample = example_sample(2000)
    >>> signed = tuple(msgspec.structs.replace(one, sign=1 if one.kind == "number" else 0) for one in sample.columns)
    >>> card = fit(msgspec.structs.replace(sample, columns=signed), seed=1)
    >>> heaviest = max(card.characteristics, key=lambda one: one.coefficient_micro)
    >>> heaviest.feature.name, list(heaviest.points) == sorted(heaviest.points)
    ('income', True)
    """
    if not any(column.sign for column in sample.columns):
        raise InputError("a card of ranks needs columns with a declared sign", hint="declare what speaks for a borrower")
    ladders = [_ladder(sample, at) for at, column in enumerate(sample.columns) if column.sign]
    heights = np.stack([one.climb(*sample.table.column(one.column.name)) for one in ladders], axis=1)
    weight = sample.weight / sample.weight.mean()
    best = _choose_strength(heights, sample, weight, seed)
    path = fit_path(heights, sample.bad, STRENGTHS[: best + 1], weight)[-1]
    items = [_characteristic(sample, one, weigh) for one, weigh in zip(ladders, path[1:].tolist(), strict=True)]
    rate_ppm = round(PPM * float(np.average(sample.bad, weights=sample.weight)))
    return seal(
        Card(
            characteristics=tuple(one for one in items if any(one.all_points())),
            base_points=round(ANCHOR_POINTS + FACTOR * (-float(path[0]) - float(np.log(ANCHOR_ODDS)))),
            lowest_points=0, pd_ppm=(), prior_ppm=rate_ppm, anchor_ppm=rate_ppm, sample_ppm=rate_ppm,
            rows=len(sample), bads=int(sample.bad.sum()), seed=seed, strength_micro=round(STRENGTHS[best] * PPM),
        )
    )  # fmt: skip


def _ladder(sample: Sample, at: int) -> Ladder:
    """Return a column by the ranks of its known values; equal values stand on one step."""
    column, values, known = sample.columns[at], sample.table.values[:, at], sample.table.known[:, at]
    seen = values[known]
    cuts = _cuts(seen)
    step = np.where(known, np.searchsorted(cuts, values, side="left"), len(cuts) + 1)
    share = np.bincount(step[known], minlength=len(cuts) + 1) / max(len(seen), 1)
    middle = np.cumsum(share) - share / 2 - 0.5
    rows, bads = (
        np.bincount(step, weights=one, minlength=len(cuts) + 2).astype(np.float64)
        for one in (sample.weight, sample.weight * sample.bad)
    )
    return Ladder(column, cuts, np.asarray(column.sign * SPREAD * middle, np.float64), rows, bads)


def _cuts(seen: Integers) -> Integers:
    """Return where the ranks of known values are cut; none where nothing is known or all is equal."""
    if not len(seen):
        return np.zeros(0, np.int64)
    cuts: Integers = np.unique(np.quantile(seen, np.arange(1, STEPS) / STEPS, method="lower")).astype(np.int64)
    inner: Integers = cuts[cuts < seen.max()]
    return inner


def _choose_strength(heights: Floats, sample: Sample, weight: Floats, seed: int) -> int:
    """Return the place of the strength with the least log loss on folds of businesses that had no part in it."""
    fold, loss = deal_folds(sample, folds=FOLDS, seed=seed), np.zeros(len(STRENGTHS))
    for this in range(FOLDS):
        train, rest = fold != this, fold == this
        path = fit_path(heights[train], sample.bad[train], STRENGTHS, weight[train])
        logit = path[:, :1] - path[:, 1:] @ heights[rest].T
        loss += (np.logaddexp(0.0, logit) - logit * sample.bad[rest]) @ weight[rest]
    return int(np.argmin(loss))


def _characteristic(sample: Sample, ladder: Ladder, weigh: float) -> Characteristic:
    """Return a column's part of the card: points straight along its ranks, none where it is not known."""
    values, known = sample.table.column(ladder.column.name)
    seen = values[known]
    rows, bads = (np.rint(one).astype(np.int64).tolist() for one in (ladder.rows, ladder.bads))
    return Characteristic(
        feature=ladder.column, cuts=tuple(ladder.cuts.tolist()),
        points=tuple(np.rint(FACTOR * weigh * ladder.height).astype(np.int64).tolist()), null_points=0,
        woe_micro=tuple(np.rint(PPM * ladder.height).astype(np.int64).tolist()), null_woe_micro=0,
        rows=tuple(rows[:-1]), bads=tuple(bads[:-1]), null_rows=rows[-1], null_bads=bads[-1],
        coefficient_micro=round(PPM * weigh), information_micro=0,
        seen_lo=int(seen.min()) if len(seen) else 0, seen_hi=int(seen.max()) if len(seen) else 0,
    )  # fmt: skip
