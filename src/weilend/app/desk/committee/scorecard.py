"""In: a `Result`. Out: the section that shows the card that decides, point by point. Used: by the committee's report."""

from __future__ import annotations

from weilend.app.desk.committee.facts import label_feature
from weilend.app.desk.committee.words import percent, plural, share, share_ppm
from weilend.app.desk.flat.pairs import pair_charts, pair_rows
from weilend.app.desk.run import Result
from weilend.features.spec import Unit, show_value
from weilend.models.card import ANCHOR_ODDS, ANCHOR_POINTS, POINTS_TO_DOUBLE, Card, Characteristic
from weilend.report import Block, Bullets, ChartBlock, Column, DataTable, Details, Prose, Section, bars

SIGNS = {1: "+", -1: "−", 0: "none"}


def compose_scorecard(result: Result) -> Section:
    """Return the section on the card."""
    card, about = result.study.card, result.study.about
    return Section(
        id="card",
        title="The card that decides",
        title_zh="评分卡",
        lead=f"A scorecard of weights of evidence: {plural(len(card.characteristics), 'feature')} out of "
        f"{len(about.features_offered)} that were offered, each with a sign that was declared before any data was seen.",
        blocks=(
            Prose((_scale(result), _adds_up(result))),
            _reach(card.characteristics),
            _features(card.characteristics),
            _bins(card.characteristics),
            *_pairs(card),
            Details("What the model's own card says of its limits", (Bullets(tuple(_limits(result))),)),
        ),
        new_page=True,
    )


def _scale(result: Result) -> str:
    card = result.study.card
    return (
        f"Every business starts with {card.base_points} points and each feature adds its own; more points are safer. "
        f"{ANCHOR_POINTS} points are {ANCHOR_ODDS} goods to 1 bad at a bad rate of {percent(card.anchor_ppm)}, and "
        f"{POINTS_TO_DOUBLE} more double that. The card was trained on {share(card.bads, card.rows)} bads; the PD of each number "
        f"of points is then moved to a portfolio in which {percent(card.prior_ppm)} go bad. Points do not move with it."
    )


def _adds_up(result: Result) -> str:
    scores = [receipt.score for receipt in result.receipts if receipt.score]
    exact = sum(score.points == score.base_points + sum(c.points for c in score.contributions) for score in scores)
    return (
        f"**Reasons add up:** base points plus the points of all features are the score, exactly, in "
        f"{share(exact, len(scores))}."
    )


def _reach(items: tuple[Characteristic, ...]) -> ChartBlock:
    return ChartBlock(
        title="How many points each feature decides 各变量的分值跨度",
        description="From the worst bin of a feature to its best.",
        spec=bars([label_feature(item.feature) for item in items], [_spread(item) for item in items], axis="points"),
    )


def _spread(item: Characteristic) -> int:
    return item.best_points() - min(*item.points, item.null_points)


def _features(items: tuple[Characteristic, ...]) -> DataTable:
    ordered = sorted(items, key=lambda item: (-_spread(item), item.feature.name))
    return DataTable(
        title="The features, their signs and weights 入模变量",
        caption="Sign + means higher is safer (越高越好), − higher is riskier (越高越差). "
        "Weight is the coefficient on the evidence of a feature, never negative: the sign was declared, not fitted. "
        "IV is the information value that the training rows show.",
        columns=(
            Column(title="Feature"),
            Column(title="What it says 含义"),
            Column(title="Sign 方向"),
            Column(title="Why it matters"),
            Column(title="Weight 权重", unit="fraction_ppm", bar=True),
            Column(title="IV", unit="fraction_ppm"),
        ),
        rows=tuple(_feature(item) for item in ordered),
        folded=False,
    )


def _feature(item: Characteristic) -> tuple[str | int, ...]:
    feature = item.feature
    said = f"{feature.en.format(value='…')} {feature.zh.format(value='…')}"
    return (feature.name, said, SIGNS[feature.sign], feature.why, item.coefficient_micro, item.information_micro)


def _bins(items: tuple[Characteristic, ...]) -> DataTable:
    return DataTable(
        title="The whole card: points of every bin 评分卡明细",
        caption="Businesses and bads are those of the training rows; a bin with few of them says little, which is why the evidence "
        "is smoothed and the weights are held down.",
        columns=(
            Column(title="Feature"),
            Column(title="Value"),
            Column(title="Businesses 企业", unit="count"),
            Column(title="Bads 违约", unit="count"),
            Column(title="Bad rate", unit="ppm", places=0, bar=True),
            Column(title="Points 分值", unit="count"),
        ),
        rows=tuple(row for item in items for row in _bin_rows(item)),
        folded=False,
    )


def _bin_rows(item: Characteristic) -> list[tuple[str | int | None, ...]]:
    rows: list[tuple[str | int | None, ...]] = []
    name = item.feature.name
    for place, (points, seen, bads) in enumerate(zip(item.points, item.rows, item.bads, strict=True)):
        said = bin_text(item.cuts, place, item.feature.unit)
        rows.append((name if place == 0 else "", said, seen, bads, share_ppm(bads, seen) if seen else None, points))
    rate = share_ppm(item.null_bads, item.null_rows) if item.null_rows else None
    return [*rows, ("", "not known", item.null_rows, item.null_bads, rate, item.null_points)]


def bin_text(cuts: tuple[int, ...], place: int, unit: Unit) -> str:
    """Return which values a bin holds.

    >>> [bin_text((3, 9), place, "count") for place in (0, 1, 2)], bin_text((), 0, "count")
    (['up to 3', 'above 3, up to 9', 'above 9'], 'any')
    """
    above = f"above {show_value(cuts[place - 1], unit)}" if place else ""
    up_to = f"up to {show_value(cuts[place], unit)}" if place < len(cuts) else ""
    return ", ".join(part for part in (above, up_to) if part) or "any"


def _pairs(card: Card) -> list[Block]:
    """Return a card's tables of two features, as charts and in figures; nothing where it has none."""
    charts = pair_charts(card)
    return [charts, Details("The tables of two features in figures 交互明细", (_cells(card),))] if charts else []


def _cells(card: Card) -> DataTable:
    return DataTable(
        caption="Points of a cell come on top of those that the two features bring alone. Cells without a row and without points "
        "are left out.",
        columns=(
            Column(title="Two features 变量"),
            Column(title="Values 取值"),
            Column(title="Points 分值", unit="count", signed=True),
            Column(title="Businesses 企业", unit="count"),
            Column(title="Bads 违约", unit="count"),
        ),
        rows=tuple(pair_rows(card)),
        folded=False,
    )


def _limits(result: Result) -> list[str]:
    return [f"{limit[:1].upper()}{limit[1:]}." for limit in result.study.about.limits]
