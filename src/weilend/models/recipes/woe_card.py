"""In: a table, a label and features with declared signs. Out: a `Card`. Used: to decide, where there is little data.

A monotone weight-of-evidence scorecard (Siddiqi 2006) held down for about a hundred rows: signs are declared before the data
is seen, bins are few, evidence is smoothed, coefficients are ridged and never negative. `docs/methodology/scorecard.md`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from weilend.core.money import PPM
from weilend.features.spec import Feature, Part
from weilend.models.binning import Evidence, FineBins, fine_bins, information_out_of_bag, place, weigh
from weilend.models.card import ANCHOR_ODDS, ANCHOR_POINTS, FACTOR, Card, Characteristic, seal
from weilend.models.folds import stratified_folds
from weilend.models.guard import check_trainable, refuse_label_copies
from weilend.models.prior import logit_ppm
from weilend.models.ridge import fit_path, log_loss
from weilend.models.table import Floats, Integers, Table, canonical_order


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the recipe takes as given, each with its reason.

    `bins`, `min_share` and `max_features` were settled after 26 settings had been compared on the contest's 123 firms (mean AUC
    over 20 seeds .850 to .871, these .865): figures on those firms are a little kind to them. See the methodology page.

    >>> Settings().bins
    5
    """

    bins: int = 5  # about twenty rows and four bads a bin where there are a hundred rows: fewer bads say nothing
    min_share: float = 0.1  # of the rows, in a bin that may stand alone; smaller ones join a neighbour
    prior_rows: float = 5.0  # pseudo-rows at the table's bad rate in each bin: about one bad at 22 %
    draws: int = 30  # bootstraps of the information value: its mean is then steady to a fifth (1/√30) of its spread
    min_information: float = 0.02  # below .02 a feature is unpredictive (Siddiqi 2006); ours is judged out of bag
    max_correlation: float = 0.9  # of two features whose evidence says the same, the better stays
    max_features: int = 12  # scorecards have 8 to 15 (Siddiqi 2006); more cannot be read by those who must answer for it
    inner_folds: int = 5
    strengths: tuple[float, ...] = tuple(3.0 * 10 ** (-step / 3) for step in range(10))  # 3 down to 0.003, three a decade


class _Fitted(msgspec.Struct, frozen=True, eq=False):
    """Bins, evidence and the chosen columns, before the coefficients; `woe` (n, p) of the training rows."""

    fine: FineBins
    evidence: Evidence
    information: Floats
    chosen: Integers
    woe: Floats


def fit(
    table: Table,
    label: Integers,
    features: Sequence[Feature],
    *,
    seed: int,
    prior_ppm: int,
    settings: Settings = Settings(),  # noqa: B008 - frozen
) -> Card:
    """Return the card of a table (n rows; label 1 is bad) for a portfolio whose bad rate is `prior_ppm`.

    Features with sign 0 are not looked at. The same rows and features in any order give the same card. Raises `InputError`
    for too few goods or bads, and for a feature that copies the label.

    >>> card = example_card()
    >>> [(c.feature.name, len(c.points) > 1) for c in card.characteristics]
    [('sales_fen_12m', True), ('void_rate_12m', True)]
    """
    usable = sorted((feature for feature in features if feature.sign != 0), key=lambda feature: feature.name)
    table = table.select([feature.name for feature in usable])
    order = canonical_order(table, label)
    table, label = table.take(order), np.asarray(label, dtype=np.int64)[order]
    check_trainable(table, label)
    refuse_label_copies(table, label)
    sign = np.array([feature.sign for feature in usable], dtype=np.float64)
    rng = np.random.default_rng(seed)
    best = _choose_strength(table, label, sign, settings, seed, rng)
    fitted = _fit_bins(table, label, sign, settings, rng)
    coefficients = fit_path(fitted.woe, label, settings.strengths[: best + 1])[-1]
    return _card(table, label, usable, fitted, coefficients, seed, prior_ppm, settings.strengths[best])


def _choose_strength(
    table: Table, label: Integers, sign: Floats, settings: Settings, seed: int, rng: np.random.Generator
) -> int:
    """Return the place of the strength with the least log loss out of fold; bins and features are chosen anew in each fold."""
    fold = stratified_folds(table, label, folds=settings.inner_folds, seed=seed)
    loss = np.zeros(len(settings.strengths))
    for this in range(settings.inner_folds):
        train, rest = table.take(fold != this), table.take(fold == this)
        fitted = _fit_bins(train, label[fold != this], sign, settings, rng)
        path = fit_path(fitted.woe, label[fold != this], settings.strengths)
        held_out = _columns(place(rest.values, rest.known, fitted.fine), fitted.evidence.woe)[:, fitted.chosen]
        loss += log_loss(path, held_out, label[fold == this])
    return int(np.argmin(loss))


def _fit_bins(table: Table, label: Integers, sign: Floats, settings: Settings, rng: np.random.Generator) -> _Fitted:
    min_rows = max(int(np.ceil(settings.min_share * len(table))), 1)
    smoothing: dict[str, Any] = {"prior_rows": settings.prior_rows, "min_rows": min_rows}
    fine = fine_bins(table, bins=settings.bins, min_rows=min_rows)
    hot = fine.one_hot()
    evidence = weigh(hot.sum(axis=0), (hot * label[:, None, None]).sum(axis=0), sign, **smoothing)
    information = information_out_of_bag(fine, label, sign, draws=settings.draws, rng=rng, **smoothing).mean(axis=0)
    woe = _columns(fine.index, evidence.woe)
    chosen = _choose_features(woe, information, settings)
    return _Fitted(fine, evidence, information, chosen, woe[:, chosen])


def _columns(index: Integers, woe: Floats) -> Floats:
    """Return (n, k) evidence of bins (n, k); a bin that training left empty cannot be hit, except by NULL, and says 0."""
    return np.nan_to_num(woe[np.arange(index.shape[1]), index])


def _choose_features(woe: Floats, information: Floats, settings: Settings) -> Integers:
    """Return columns by falling information, leaving out the uninformative and those that repeat a better one."""
    spread = woe.std(axis=0)
    centred = (woe - woe.mean(axis=0)) / np.where(spread > 0, spread, 1)
    correlation = centred.T @ centred / len(woe)
    chosen: list[int] = []
    for column in np.argsort(-information, kind="stable").tolist():
        if information[column] < settings.min_information or len(chosen) == settings.max_features:
            break
        if spread[column] > 0 and (correlation[column, chosen] <= settings.max_correlation).all():
            chosen.append(column)
    return np.array(sorted(chosen), dtype=np.int64)


def _card(
    table: Table,
    label: Integers,
    usable: Sequence[Feature],
    fitted: _Fitted,
    coefficients: Floats,
    seed: int,
    prior_ppm: int,
    strength: float,
) -> Card:
    bads = int(label.sum())
    sample = float(label.mean())
    intercept = float(coefficients[0]) + logit_ppm(prior_ppm) - float(np.log(sample / (1 - sample)))  # King & Zeng 2001
    items = [
        _characteristic(table, usable[column], fitted, column, float(coefficient))
        for column, coefficient in zip(fitted.chosen.tolist(), coefficients[1:], strict=True)
    ]
    return seal(
        Card(
            characteristics=tuple(item for item in items if len({*item.points, item.null_points}) > 1),
            base_points=round(ANCHOR_POINTS + FACTOR * (-intercept - float(np.log(ANCHOR_ODDS)))),
            lowest_points=0,
            pd_ppm=(),
            prior_ppm=prior_ppm,
            anchor_ppm=prior_ppm,
            sample_ppm=round(PPM * bads / len(label)),
            rows=len(label),
            bads=bads,
            seed=seed,
            strength_micro=round(strength * PPM),
        )
    )


def _characteristic(table: Table, feature: Feature, fitted: _Fitted, column: int, coefficient: float) -> Characteristic:
    """Return one feature's part of the card; neighbouring bins with the same evidence are one bin."""
    woe, rows, bads = (part[column] for part in (fitted.evidence.woe, fitted.evidence.rows, fitted.evidence.bads))
    filled = [j for j in range(fitted.fine.bins) if rows[j] > 0]
    starts = [j for at, j in enumerate(filled) if at == 0 or abs(woe[j] - woe[filled[at - 1]]) > 1e-9]
    groups = [
        [j for j in filled if start <= j < stop] for start, stop in zip(starts, [*starts[1:], fitted.fine.bins], strict=True)
    ]
    values = table.values[table.known[:, column], column]
    null = fitted.fine.bins
    return Characteristic(
        feature=feature,
        cuts=tuple(int(fitted.fine.cuts[column, group[-1]]) for group in groups[:-1]),
        points=tuple(round(FACTOR * coefficient * woe[start]) for start in starts),
        null_points=round(FACTOR * coefficient * woe[null]),
        woe_micro=tuple(round(PPM * woe[start]) for start in starts),
        null_woe_micro=round(PPM * woe[null]),
        rows=tuple(int(rows[group].sum()) for group in groups),
        bads=tuple(int(bads[group].sum()) for group in groups),
        null_rows=int(rows[null]),
        null_bads=int(bads[null]),
        coefficient_micro=round(PPM * coefficient),
        information_micro=round(PPM * fitted.information[column]),
        seen_lo=int(values.min()),
        seen_hi=int(values.max()),
    )


def example_data() -> tuple[Table, Integers, tuple[Feature, Feature]]:
    """Return sixty invented firms with two features, their label and the features, for examples and tests.

    >>> table, label, features = example_data()
    >>> len(table), int(label.sum()), [feature.sign for feature in features]
    (60, 20, [1, -1])
    """
    shared: dict[str, Any] = {"of": Part("invoice", value="net_fen"), "months": 12, "lo": 0}
    sales = Feature(name="sales_fen_12m", aggregate="sum", unit="fen", hi=10**13, sign=1, why="size",
                    en="sales of the last 12 months were {value}", zh="近12个月销售额为{value}", **shared)  # fmt: skip
    void = Feature(name="void_rate_12m", aggregate="cv", unit="ppm", hi=PPM, sign=-1, why="disputed paper",
                   en="{value} of invoices were voided", zh="作废发票占比为{value}", **shared)  # fmt: skip
    rng = np.random.default_rng(1)
    level, voided = rng.permutation(60), rng.permutation(60)
    label = (np.argsort(np.argsort(level - voided + rng.random(60) * 40)) < 20).astype(np.int64)
    values = np.stack([level * 1_000_000, voided * 5_000], axis=1)
    table = Table((sales.name, void.name), values, np.ones((60, 2), dtype=np.bool_), tuple(f"B{i}" for i in range(60)))
    return table, label, (sales, void)


def example_card() -> Card:
    """Return the card of the example data, for examples and tests.

    >>> example_card().rows, example_card().prior_ppm
    (60, 80000)
    """
    table, label, features = example_data()
    return fit(table, label, features, seed=1, prior_ppm=80_000)
