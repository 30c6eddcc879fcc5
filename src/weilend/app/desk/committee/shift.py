"""In: a `Result`. Out: the section that sets applicants beside those the model learnt from. Used: by the committee's report."""

from __future__ import annotations

import numpy as np

from weilend.app.desk.committee.facts import label_feature
from weilend.app.desk.committee.words import percent, plural, share
from weilend.app.desk.population import Group
from weilend.app.desk.run import Result
from weilend.features.spec import Feature, show_value
from weilend.models.drift import Drift
from weilend.report import Callout, ChartBlock, Column, DataTable, Prose, Section, bars

CHARTED = 12
#: The usual reading of a PSI (Siddiqi 2006): above it another population.
ANOTHER_POPULATION_PPM = 250_000


def compose_shift(result: Result) -> Section:
    """Return the section on drift."""
    drift = sorted(result.study.drift, key=lambda one: (-one.psi_ppm, one.feature))
    known, asked = result.population.known, result.population.applicants
    return Section(
        id="drift",
        title="Who applies, and whom the model learnt from",
        title_zh="样本差异",
        lead=f"The {len(asked.names)} that apply set beside the {len(known.names)} whose outcome is known. A model is only as much "
        "use as the two are alike.",
        blocks=(_said(result, drift), _legal_forms(result), _chart(result, drift), _table(result, drift)),
        new_page=True,
    )


def _said(result: Result, drift: list[Drift]) -> Callout:
    moved = [one for one in drift if one.moved]
    used = {item.feature.name for item in result.study.card.characteristics}
    on_card = [one for one in moved if one.feature in used]
    outside = sum(bool(receipt.score and receipt.score.outside) for receipt in result.receipts)
    return Callout(
        tone="warning" if moved else "note",
        title=f"{len(moved)} of {len(drift)} features differ by more than chance · {len(moved)}个变量的差异超出随机水平",
        text="A PSI is set against what random splits of the same businesses show: 95 % of them stay below *chance*.",
        items=(
            f"{len(on_card)} of the card's {len(used)} features are among them"
            + (f": {', '.join(f'`{one.feature}`' for one in on_card)}." if on_card else "."),
            f"{share(outside, len(result.receipts))} applications have a value on the card that training never saw; up to "
            f"{result.sealed.evaluator.parameters['starter_outside_count']} such values get a starter limit, more are referred.",
            _pds(result),
        ),
    )


def _pds(result: Result) -> str:
    pds = [receipt.score.pd_ppm for receipt in result.receipts if receipt.score]
    if not pds:
        return "No application has a PD."
    base = result.sealed.product.assumed("portfolio_bad_rate_ppm")
    return (
        f"The assumed bad rate of {percent(base)} holds for a portfolio like the training sample. Over the applicants the PDs "
        f"average {percent(round(sum(pds) / len(pds)))}."
    )


def _legal_forms(result: Result) -> Prose:
    known, asked = result.population.known, result.population.applicants
    return Prose(
        (
            f"**Sole traders** (个体经营) are {share(asked.sole_traders, len(asked.names))} of those that apply and "
            f"{share(known.sole_traders, len(known.names))} of those with a known outcome. How they differ from companies in "
            f"going bad cannot be learnt from {plural(known.sole_traders, 'case')}.",
        )
    )


def _chart(result: Result, drift: list[Drift]) -> ChartBlock:
    top = drift[:CHARTED]
    labels = {feature.name: label_feature(feature) for feature in result.sealed.features.features}
    return ChartBlock(
        title="Features that differ most 差异最大的变量",
        description="Population stability index (PSI) of each feature; grey is within chance.",
        spec=bars(
            [labels[one.feature] for one in top],
            [one.psi_ppm for one in top],
            unit="fraction_ppm",
            axis="PSI",
            highlight=[labels[one.feature] for one in top if one.moved] or ["none"],
        ),
    )


def _table(result: Result, drift: list[Drift]) -> DataTable:
    features = {feature.name: feature for feature in result.sealed.features.features}
    known, asked = (_medians(group) for group in (result.population.known, result.population.applicants))
    return DataTable(
        title="Drift per feature 各变量差异",
        caption=f"95 % intervals by bootstrap lie high, because chance only adds to a PSI; compare with *chance*. Above "
        f"{ANOTHER_POPULATION_PPM / 1_000_000} the usual reading is: another population (Siddiqi 2006).",
        columns=(
            Column(title="Feature"),
            Column(title="PSI", unit="fraction_ppm", bar=True),
            Column(title="95 % from", unit="fraction_ppm"),
            Column(title="to", unit="fraction_ppm"),
            Column(title="Chance 随机", unit="fraction_ppm"),
            Column(title="More than chance"),
            Column(title="Median, outcome known"),
            Column(title="Median, applicants"),
        ),
        rows=tuple(
            (
                *(one.feature, one.psi_ppm, one.lo_ppm, one.hi_ppm, one.chance_ppm, "yes" if one.moved else "no"),
                *(_shown(features.get(one.feature), side.get(one.feature)) for side in (known, asked)),
            )
            for one in drift
        ),
        folded=True,
    )


def _medians(group: Group) -> dict[str, int]:
    """Return the median of what is known of each feature."""
    table = group.table()
    medians = {}
    for place, name in enumerate(table.names):
        there = table.values[:, place][table.known[:, place]]
        if len(there):
            medians[name] = round(float(np.median(there)))
    return medians


def _shown(feature: Feature | None, value: int | None) -> str:
    return "–" if feature is None or value is None else show_value(value, feature.unit)
