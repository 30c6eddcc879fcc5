"""In: a sample. Out: a `Card`. Used: as the recipe "card" wherever a flat table is at hand.

Bins that were chosen out of fold, a ridged logistic regression on their evidence with coefficients that are never negative,
rounded to points: what `woe_card` does for a hundred firms with declared signs, for any number of rows. Where bads are few the
rules grow stricter by themselves (`rules_for`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from weilend.core.money import PPM
from weilend.models.backfit import Steps, Together, fit_scores, loss_of
from weilend.models.bins import BinRules, Bins, bin_sample, evidence_of, evidence_out_of_fold
from weilend.models.card import ANCHOR_ODDS, ANCHOR_POINTS, FACTOR, Card, Characteristic, seal
from weilend.models.guard import check_trainable
from weilend.models.pairing import KeptTable, Paired, choose_tables
from weilend.models.pairs import Pair
from weilend.models.prior import logit_ppm
from weilend.models.ridge import fit_path, log_loss
from weilend.models.sample import Sample
from weilend.models.selection import LOOKED_AT, Candidate, SelectionRules, select_columns
from weilend.models.split import deal_folds
from weilend.models.table import Floats, Integers

FOLDS: Final = 5
#: How strongly scores are drawn to the evidence when they are fitted to each other, in rows of one bad to four: strong to weak.
TOGETHER: Final = (1000.0, 300.0, 100.0, 30.0, 10.0, 3.0)
#: With fewer of the rarer outcome scores stay at their evidence: fitted to each other they then say too much. Measured on the
#: contest's 123 firms and on 200 rows of german, six deals of five folds: slopes 1.01 and 1.05 instead of .93 and .85, AUC as
#: before.
LEAST_TOGETHER: Final = 100
#: The strength of scores that stay at their evidence.
STAY: Final = 1e9
#: Ridge strengths from strong to weak, three a decade: with a hundred thousand rows the weak end is none.
STRENGTHS: Final = tuple(3.0 * 10 ** (-step / 3) for step in range(16))


class Fitted(msgspec.Struct, frozen=True, eq=False):
    """A card with what led to it: the bins of every column, and what selection said of each."""

    card: Card
    bins: tuple[Bins, ...]
    candidates: tuple[Candidate, ...]


def rules_for(rows: int, bads: int) -> tuple[BinRules, SelectionRules]:
    """Return the rules for a sample: with few of the rarer outcome fewer and larger bins, more pseudo-rows, fewer columns.

    The steps were settled on german, uci_taiwan and lendingclub_2018: figures on these sets are a little kind to the card.

    >>> [(bins.fine, bins.least_share, chosen.most) for bins, chosen in (rules_for(123, 27), rules_for(10_000, 2_000))]
    [(5, 0.1, 12), (24, 0.02, 24)]
    """
    each = min(bads, rows - bads)
    if each < 100:
        return BinRules(fine=5, least_share=0.1, least_each=3.0, most=4), SelectionRules(least_information=0.02, most=12)
    if each < 600:  # a threshold on single columns then costs more than it saves: the ridge decides
        coarse = BinRules(fine=20, least_share=0.03, most=8, prior_rows=10.0)
        return coarse, SelectionRules(least_information=0.0, least_frequency=0.0)
    if each < 3000:
        return BinRules(), SelectionRules()
    return BinRules(fine=40, least_share=0.01, most=16), SelectionRules()


def fit(sample: Sample, *, seed: int, prior_ppm: int | None = None) -> Card:
    """Return the card of a sample for a portfolio whose bad rate is `prior_ppm` (the sample's own where none is given).

    Raises `InputError` for too few goods or bads.

    >>> from weilend.models.sample import example_sample
    >>> card = fit(example_sample(2000), seed=1)
    >>> {"income", "use"} <= {item.feature.name for item in card.characteristics}
    True
    """
    return fit_whole(sample, seed=seed, prior_ppm=prior_ppm).card


def fit_whole(sample: Sample, *, seed: int, prior_ppm: int | None = None) -> Fitted:
    """Return the card with its bins and candidates (see `fit`).

    >>> from weilend.models.sample import example_sample
    >>> len(fit_whole(example_sample(2000), seed=1).bins)
    3
    """
    check_trainable(sample.table, sample.bad)
    rules, selection = rules_for(len(sample), int(sample.bad.sum()))
    bins = bin_sample(sample, seed=seed, rules=rules)
    candidates = select_columns(sample, bins, seed=seed, rules=selection)
    chosen = [one for one, said in zip(bins, candidates, strict=True) if said.chosen]
    coefficients, strength = _coefficients(narrow(sample, _names(chosen)), seed, rules)
    chosen, coefficients = _heaviest(sample, chosen, coefficients, selection.most)
    small = narrow(sample, _names(chosen))
    together = _fit_together(small, chosen, coefficients, seed)
    paired = Paired(together.scores) if not together.by_fold else choose_tables(sample, bins, together, seed=seed)
    rate_ppm = round(PPM * float(np.average(sample.bad, weights=sample.weight)))
    alone = zip(chosen, coefficients.tolist(), paired.scores, strict=True)
    items = [_characteristic(sample, one, weight, score) for one, weight, score in alone]
    items, pairs = _add_pairs(sample, items, bins, paired.tables)
    card = _card(sample, items, pairs, strength, seed, rate_ppm if prior_ppm is None else prior_ppm, rate_ppm)
    return Fitted(card, bins, candidates)


def _names(bins: Sequence[Bins]) -> list[str]:
    return [one.column.name for one in bins]


def _heaviest(sample: Sample, bins: Sequence[Bins], coefficients: Floats, most: int) -> tuple[list[Bins], Floats]:
    """Return the characteristics that move the score most, those that do not move it left out, in the order they had."""
    weight = coefficients[1:] * evidence_of(bins, narrow(sample, _names(bins)).table).std(axis=0)
    kept = sorted(at for at in np.argsort(-weight, kind="stable")[:most].tolist() if weight[at] > 0)
    return [bins[at] for at in kept], coefficients[1:][kept]


def _fit_together(sample: Sample, bins: Sequence[Bins], coefficients: Floats, seed: int) -> Together:
    """Return the scores of all bins, fitted to each other as far as folds that had no part in it approve."""
    steps = tuple(
        Steps(one.place(*sample.table.column(one.column.name)), float(coefficient) * one.woe, one.count)
        for one, coefficient in zip(bins, coefficients, strict=True)
    )
    start = tuple(one.start for one in steps)
    fold = deal_folds(sample, folds=FOLDS, seed=seed)
    if not bins or min(sample.bad.sum(), len(sample) - sample.bad.sum()) < LEAST_TOGETHER:
        return Together(steps, start, STAY, fold, ())
    weight = sample.weight / sample.weight.mean()
    loss, paths = np.zeros(len(TOGETHER) + 1), []
    for this in range(FOLDS):
        train, rest = np.flatnonzero(fold != this), np.flatnonzero(fold == this)
        path = fit_scores([one.take(train) for one in steps], sample.bad[train], weight[train], TOGETHER)
        held = [one.take(rest) for one in steps]
        paths.append((start, *path))
        loss += [loss_of(scores, held, sample.bad[rest], weight[rest]) for scores in paths[-1]]
    best = int(np.argmin(loss))
    scores = fit_scores(steps, sample.bad, weight, TOGETHER[:best])[-1] if best else start
    return Together(steps, scores, (STAY, *TOGETHER)[best], fold, tuple(path[best] for path in paths))


def narrow(sample: Sample, names: Sequence[str]) -> Sample:
    """Return a sample with some of its columns, in the order of the names.

    >>> from weilend.models.sample import example_sample
    >>> narrow(example_sample(), ["use"]).table.names
    ('use',)
    """
    by_name = {column.name: column for column in sample.columns}
    columns = tuple(by_name[name] for name in names)
    return msgspec.structs.replace(sample, table=sample.table.select(names), columns=columns)


def _coefficients(sample: Sample, seed: int, rules: BinRules) -> tuple[Floats, float]:
    """Return intercept and coefficients, and the strength with the least log loss on folds that had no part in it."""
    if len(sample) > LOOKED_AT:  # more rows settle a few dozen coefficients no better
        sample = sample.take(deal_folds(sample, folds=-(-len(sample) // LOOKED_AT), seed=seed) == 0)
    evidence = evidence_out_of_fold(sample, seed=seed, rules=rules)
    weight = sample.weight / sample.weight.mean()
    fold = deal_folds(sample, folds=FOLDS, seed=seed)
    loss = np.zeros(len(STRENGTHS))
    for this in range(FOLDS):
        train, rest = fold != this, fold == this
        path = fit_path(evidence[train], sample.bad[train], STRENGTHS, weight[train])
        loss += log_loss(path, evidence[rest], sample.bad[rest])
    best = int(np.argmin(loss))
    return fit_path(evidence, sample.bad, STRENGTHS[: best + 1], weight)[-1], STRENGTHS[best]


def _add_pairs(
    sample: Sample, items: Sequence[Characteristic], bins: Sequence[Bins], tables: Sequence[KeptTable]
) -> tuple[list[Characteristic], list[Pair]]:
    """Return characteristics and pairs that move points: a column that only a table reads is a characteristic without points.

    A table that breaks the declared order of a column once it is rounded is refused.
    """
    signs = {column.name: column.sign for column in sample.columns}
    pairs = [_pair(sample, one) for one in tables]
    pairs = [one for one in pairs if any(one.all_points()) and not one.breaks_order(_signs(signs, one))]
    read = {axis.feature for pair in pairs for axis in pair.axes}
    kept = [item for item in items if len(set(item.all_points())) > 1 or item.feature.name in read]
    missing = read - {item.feature.name for item in kept}
    silent = (one for one in bins if one.column.name in missing)
    return [*kept, *(_characteristic(sample, one, 0.0, np.zeros(len(one.woe))) for one in silent)], pairs


def _signs(signs: dict[str, int], pair: Pair) -> tuple[int, int]:
    return signs[pair.first.feature], signs[pair.second.feature]


def _pair(sample: Sample, table: KeptTable) -> Pair:
    """Return a table in points, with what training saw in its cells."""
    tall, wide = (axis.groups for axis in table.axes)
    first, second = (axis.groups_in(*sample.table.column(axis.feature)) for axis in table.axes)

    def cells(values: Floats | Integers) -> tuple[tuple[int, ...], ...]:
        return tuple(map(tuple, np.rint(values).astype(np.int64).reshape(tall, wide).tolist()))

    place, size = first * wide + second, tall * wide
    rows = np.bincount(place, weights=sample.weight, minlength=size)
    bads = np.bincount(place, weights=sample.weight * sample.bad, minlength=size)
    return Pair(
        first=table.axes[0], second=table.axes[1], points=cells(FACTOR * table.scores), rows=cells(rows), bads=cells(bads)
    )


def _card(
    sample: Sample,
    items: Sequence[Characteristic],
    pairs: Sequence[Pair],
    strength: float,
    seed: int,
    prior_ppm: int,
    rate_ppm: int,
) -> Card:
    """Return the card of the scores; the intercept is found on the points as they are rounded, so that the mean PD is right."""
    alone = (item.points_in(*sample.table.column(item.feature.name)) for item in items)
    safe = sum((*alone, *(pair.points_in(sample.table) for pair in pairs)), np.zeros(len(sample), dtype=np.int64))
    intercept = _centre(safe / FACTOR, sample) + logit_ppm(prior_ppm) - logit_ppm(rate_ppm)
    return seal(
        Card(
            characteristics=tuple(items), base_points=round(ANCHOR_POINTS + FACTOR * (-intercept - float(np.log(ANCHOR_ODDS)))),
            lowest_points=0, pd_ppm=(), prior_ppm=prior_ppm, anchor_ppm=prior_ppm, sample_ppm=rate_ppm,
            rows=len(sample), bads=int(sample.bad.sum()), seed=seed, strength_micro=round(strength * PPM), pairs=tuple(pairs),
        )
    )  # fmt: skip


def _centre(safe: Floats, sample: Sample) -> float:
    """Return the intercept with which PDs add up to the bads: Newton's steps in one number."""
    rate = float(np.average(sample.bad, weights=sample.weight))
    at = float(np.log(rate / (1 - rate)))
    for _ in range(30):
        chance = 1 / (1 + np.exp(safe - at))
        at -= float(
            np.average(chance - sample.bad, weights=sample.weight) / np.average(chance * (1 - chance), weights=sample.weight)
        )
    return at


def _characteristic(sample: Sample, bins: Bins, coefficient: float, scores: Floats) -> Characteristic:
    b, specials = bins.count, bins.column.specials
    points = [round(FACTOR * score) for score in scores.tolist()]
    woe = [round(PPM * one) for one in bins.woe.tolist()]
    rows, bads = (np.rint(part).astype(np.int64).tolist() for part in (bins.rows, bins.bads))
    values, known = sample.table.column(bins.column.name)
    seen = values[known]
    return Characteristic(
        feature=bins.column, cuts=bins.cuts, levels=bins.levels, specials=specials,
        points=tuple(points[:b]), null_points=points[b], special_points=tuple(points[b + 1 :]),
        woe_micro=tuple(woe[:b]), null_woe_micro=woe[b],
        rows=tuple(rows[:b]), null_rows=rows[b], special_rows=tuple(rows[b + 1 :]),
        bads=tuple(bads[:b]), null_bads=bads[b], special_bads=tuple(bads[b + 1 :]),
        coefficient_micro=round(PPM * coefficient), information_micro=round(PPM * bins.information),
        seen_lo=int(seen.min()) if len(seen) else 0, seen_hi=int(seen.max()) if len(seen) else 0,
    )  # fmt: skip
