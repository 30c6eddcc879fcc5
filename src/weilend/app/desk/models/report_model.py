"""In: a model with its evidence. Out: the sections on what it does, beside its validation. Used: by the report of a model."""

from __future__ import annotations

from typing import Final

from weilend.app.desk.flat.bins import name_ranges, name_words
from weilend.app.desk.flat.evidence import Effect, Evidence
from weilend.app.desk.flat.models import Built
from weilend.app.desk.flat.pairs import pair_charts, pair_rows, show_cut
from weilend.app.desk.models.score_page import difference_table
from weilend.app.desk.models.words import say_interval, say_rate
from weilend.core.money import PPM
from weilend.models.card import Card, Characteristic
from weilend.models.fairness import GroupRates
from weilend.models.judgement import Verdict
from weilend.models.sample import Column as FlatColumn
from weilend.report import (
    Block,
    Callout,
    ChartBlock,
    ChartGrid,
    Column,
    DataTable,
    Details,
    Panel,
    Prose,
    Section,
    bars,
    intervals,
    show_short,
)
from weilend.report.blocks import Spec
from weilend.report.marks import Domain

#: Columns whose effect is drawn bin by bin.
DRAWN: Final = 12
#: What a verdict on a challenger means.
VERDICTS: Final = {
    "replace": (
        "The challenger takes the place",
        "挑战者胜出",
        "something that matters is better beyond chance, nothing is worse beyond chance, no gate is newly red",
    ),
    "keep": ("The card stays", "保留评分卡", "something is worse beyond chance, or a gate is red that was not"),
    "no_evidence": ("The card stays", "保留评分卡", "nothing that matters is better beyond chance"),
}


def effect_section(built: Built, evidence: Evidence) -> Section:
    """Return how the model reads its columns: how far each moves points, and bin by bin."""
    effects = evidence.effects
    reach = bars(
        [one.column for one in effects[:20]],
        [one.reach_milli / 1000 for one in effects[:20]],
        unit="number",
        axis="points, on average, away from the mean",
    )
    shown = [one for one in effects if one.bins][:DRAWN]
    known = [value / 1000 for one in shown for value in one.points_milli if value is not None]
    span = (min([0.0, *known]) * 1.7, max([0.0, *known]) * 1.7)
    shapley = "exact Shapley values of the trees (Lundberg et al. 2020), in points"
    kind = "the card's own points" if isinstance(built.model, Card) else shapley
    blocks: list[Block] = [
        ChartBlock(
            title="How far each column moves the score 变量影响",
            description=f"Over {evidence.looked_at:,} judged rows: {kind}.",
            spec=reach,
        ),
        ChartGrid(
            title="What each bin brings 分箱得分",
            description="Points against the mean of the column; to the right is safer. All panels have one scale.",
            panels=tuple(Panel(one.column, _effect_chart(one, span)) for one in shown),
        ),
    ]
    if isinstance(built.model, Card):
        blocks += [charts] if (charts := pair_charts(built.model)) else []
        blocks.append(Details("The whole card 评分卡全表", (_points_table(built.model),)))
    return Section(id="effects", title="What moves the score", title_zh="模型解释", blocks=tuple(blocks))


def _effect_chart(one: Effect, span: Domain) -> Spec:
    pairs = [(name, value / 1000) for name, value in zip(one.bins, one.points_milli, strict=True) if value is not None]
    return bars([name for name, _ in pairs], [value for _, value in pairs], unit="number", sort=False, domain=span)


def points_rows(card: Card) -> list[tuple[str, str, int, int, int]]:
    """Return a card as rows: column, bin, points, rows and bads of training; what everybody starts from first, pairs last.

    >>> from weilend.models.recipes.flat_card import fit
    >>> from weilend.models.sample import example_sample
    >>> points_rows(fit(example_sample(2000), seed=1))[0][:2]
    ('base', 'everybody')
    """
    rows = [("base", "everybody", card.base_points, card.rows, card.bads)]
    for item in card.characteristics:
        column = item.feature
        names = _level_names(item) if item.levels else _range_names(item)
        rows += [(column.name, *line) for line in zip(names, item.points, item.rows, item.bads, strict=True)]
        if item.null_rows:
            rows.append((column.name, "not known", item.null_points, item.null_rows, item.null_bads))
        told = zip(item.specials, item.special_points, item.special_rows, item.special_bads, strict=True)
        rows += [(column.name, f"code {show_cut(item, code)}", points, seen, bads) for code, points, seen, bads in told]
    return [*rows, *pair_rows(card)]


def _points_table(card: Card) -> DataTable:
    return DataTable(
        caption="Points of a row are the sum of its bins' (and cells') points and of what everybody starts from. Rows and bads are "
        "those of training.",
        columns=(
            Column(title="Column 字段"),
            Column(title="Bin 分箱"),
            Column(title="Points 得分", unit="count", signed=True),
            Column(title="Rows 样本", unit="count"),
            Column(title="Bads 违约", unit="count"),
        ),
        rows=tuple(points_rows(card)),
        folded=False,
    )


def reason_section(evidence: Evidence) -> Section:
    """Return which reasons are given, three rows told, and whether reasons stay."""
    kept = evidence.kept_reasons_ppm
    blocks: list[Block] = [
        ChartBlock(
            title="How often a column is among the three reasons 原因码分布",
            description=f"Of {evidence.looked_at:,} judged rows. Reasons are the columns that cost a row the most points; "
            "the points of all columns add up to those of the row.",
            spec=bars(
                [one.column for one in evidence.reasons[:15]],
                [one.among_ppm for one in evidence.reasons[:15]],
                unit="ppm",
                axis="of the rows",
            ),
        ),
        DataTable(
            title="Three rows told 示例",
            caption="One of the riskiest twentieth, one in the middle, one of the safest twentieth.",
            columns=(
                Column(title="Row 行"),
                Column(title="Points 评分", unit="count"),
                Column(title="PD", unit="ppm"),
                Column(title="Reasons 原因"),
            ),
            rows=tuple(
                (one.row, one.points, one.pd_ppm, "; ".join(one.reasons) or "none: it has the most points everywhere")
                for one in evidence.examples
            ),
        ),
    ]
    if kept is None:
        text = "It is measured of cards of up to a million cells, while there is time: whether these reasons stay is not known."
        blocks.append(Callout(tone="unknown", title="Stability of reasons was not measured 未检验原因稳定性", text=text))
    else:
        text = (
            f"**{kept / PPM:.0%}** of the first three reasons are given again by cards fitted anew on resampled groups "
            f"(mean of {evidence.refits}). No gate reads this."
        )
        blocks.append(Prose((text,)))
    return Section(id="reasons", title="Which reasons it gives", title_zh="原因码", blocks=tuple(blocks))


def contest_sections(built: Built) -> list[Section]:
    """Return how card and challenger compare; nothing where one model was built."""
    rival = built.rival
    if rival is None:
        return []
    title, chinese, means = VERDICTS[rival.verdict.verdict]
    ours, theirs = built.validation, rival.validation
    rows = [
        (
            one.name + (" · champion" if one is ours else " · not chosen"),
            say_interval(one.ranking.auc),
            say_interval(one.ranking.ks),
            say_interval(one.probabilities.fitness.slope) if one.probabilities else "–",
            one.probabilities.log_loss_ppm if one.probabilities else None,
        )
        for one in (ours, theirs)
    ]
    blocks: tuple[Block, ...] = (
        Callout(tone="note", title=f"{title} {chinese}", text=_say_verdict(rival.verdict, means)),
        DataTable(
            title="Each alone 各自指标",
            columns=(
                Column(title="Model 模型"),
                Column(title="AUC"),
                Column(title="KS"),
                Column(title="Slope 斜率"),
                Column(title="Log loss", unit="fraction_ppm", places=4),
            ),
            rows=tuple(rows),
        ),
        difference_table(rival.verdict.differences, title="Challenger minus card, paired 配对差异"),
    )
    lead = (
        "A card and a challenger were built from the same rows and judged on the same rows. The card is given up only on "
        "evidence."
    )
    return [Section(id="contest", title="Card or challenger?", title_zh="冠军与挑战者", blocks=blocks, lead=lead)]


def _say_verdict(verdict: Verdict, means: str) -> str:
    told = [means]
    if verdict.losses:
        told.append(f"worse: {', '.join(verdict.losses)}")
    if verdict.red:
        told.append(f"newly red: {', '.join(verdict.red)}")
    if verdict.gains:
        told.append(f"better: {', '.join(verdict.gains)}")
    text = "; ".join(told) + "."
    return text[0].upper() + text[1:]


def fairness_section(evidence: Evidence) -> Section:
    """Return how groups fare on fields that the model never saw, or that none was named."""
    lead = (
        f"At a cut-off that approves {evidence.approved_ppm / 10_000:.0f} % ({evidence.approve_points} points): "
        f"{evidence.approved_why.replace('`', '')}."
    )
    blocks: list[Block] = []
    if not evidence.fairness:
        text = "No field was kept out of training (`--keep-out sex,age`), so groups were not looked at."
        blocks.append(Callout(tone="unknown", title="Fairness was not looked at 未做公平性检查", text=text))
        return Section(id="fairness", title="How groups fare", title_zh="公平性", blocks=tuple(blocks))
    for name, groups in evidence.fairness.items():
        told = [(one.group, one.goods_declined) for one in groups if one.goods_declined]
        ends = [[getattr(rate, end) for _, rate in told] for end in ("estimate_ppm", "lo_ppm", "hi_ppm")]
        chart = intervals(
            [group for group, _ in told], *ends, unit="ppm", reference=None, signed=False, axis="of the goods are declined"
        )
        said = "Goods that the cut-off declines, with Jeffreys' 95 % interval."
        blocks += [
            ChartBlock(title=f"{name}: who is declined though good 好客户误拒率", description=said, spec=chart),
            _fair_table(name, groups),
        ]
    text = (
        "Rates differ between groups for many reasons, and which difference is lawful is not a number: this page reports, "
        "and judges nothing."
    )
    return Section(id="fairness", title="How groups fare", title_zh="公平性", blocks=(*blocks, Prose((text,))), lead=lead)


def _fair_table(name: str, groups: tuple[GroupRates, ...]) -> DataTable:
    return DataTable(
        caption=f"By {name}, which was no input of the model.",
        columns=(
            Column(title=name),
            Column(title="Rows 样本", unit="count"),
            Column(title="Approved 通过率"),
            Column(title="Bad rate 违约率"),
            Column(title="Mean PD", unit="ppm", places=1),
            Column(title="Goods declined 误拒"),
            Column(title="Bads approved 误放"),
        ),
        rows=tuple(
            (
                one.group,
                one.rows,
                say_rate(one.approved),
                say_rate(one.bad_rate),
                one.mean_pd_ppm,
                say_rate(one.goods_declined),
                say_rate(one.bads_approved),
            )
            for one in groups
        ),
    )


def reject_sections(evidence: Evidence) -> list[Section]:
    """Return the bounds on the bad rate of all applicants; nothing where nobody was rejected."""
    if not evidence.bands:
        return []
    rows = tuple(
        (band.assumption, f"{show_short(band.lo_ppm, 'ppm')} to {show_short(band.hi_ppm, 'ppm')}") for band in evidence.bands
    )
    table = DataTable(
        caption="Each band holds under its assumption, the chance of sampling included (cards fitted anew on resampled "
        "groups). Which assumption is true "
        "these data cannot say; only loans granted by chance could.",
        columns=(Column(title="If 假设"), Column(title="then of all applicants are bad 全体申请违约率")),
        rows=rows,
    )
    lead = (
        "The declined have no outcome. What they hide is bounded, not guessed; the model itself was trained on none of "
        "these assumptions."
    )
    return [Section(id="rejects", title="What the declined may hide", title_zh="拒绝推断", blocks=(table,), lead=lead)]


def _range_names(item: Characteristic) -> list[str]:
    return name_ranges([show_cut(item, cut) for cut in item.cuts])


def _level_names(item: Characteristic) -> list[str]:
    words = item.feature.words if isinstance(item.feature, FlatColumn) else ()
    return name_words((*words, "(never seen)"), item.levels, len(item.points))
