"""In: a model that was built, with its evidence. Out: its card and validation report, one page. Used: by `weilend model "
"build`."""

from __future__ import annotations

from weilend.app.desk.flat.allowance import Allowance
from weilend.app.desk.flat.evidence import Evidence
from weilend.app.desk.flat.models import Built
from weilend.app.desk.models.report_columns import bin_section, finding_section, selection_section
from weilend.app.desk.models.report_model import (
    contest_sections,
    effect_section,
    fairness_section,
    reason_section,
    reject_sections,
)
from weilend.app.desk.models.report_sources import source_section
from weilend.app.desk.models.validation import limit_section, probability_section, ranking_section, verdict_section
from weilend.app.desk.models.validation_parts import cutoff_section, segment_sections, stability_section
from weilend.core.ids import content_hash
from weilend.core.money import PPM
from weilend.models.flat.dates import name_month
from weilend.report import Block, Callout, ChartBlock, Column, DataTable, Page, Section, lines, waterfall

#: What each recipe is.
RECIPE_WORDS = {
    "card": ("a scorecard: bins with points that add up", "评分卡"),
    "monotone_boosting": ("boosted trees, monotone where a sign was declared", "单调提升树"),
    "additive_boosting": ("boosted trees, one column at a time", "可加提升树"),
}
PURPOSE = "To rank new applications by risk, and to say a PD for each, where they come like those in the sample."


def compose_report(built: Built, evidence: Evidence, *, purpose: str = "", allowance: Allowance | None = None) -> Page:
    """Return the model card and validation report of a model; `allowance` is the time it was built in, None where it had all."""
    allowance = allowance or Allowance()
    what, chinese = RECIPE_WORDS.get(built.ask.recipe, (built.ask.recipe, ""))
    found = built.validation
    sections = [
        _card(built, evidence, purpose, allowance),
        verdict_section(found, lead=f"On rows that the model has not seen: {built.unseen.how}."),
        _sample(built),
        finding_section(built.findings),
        selection_section(built),
        bin_section(built),
        effect_section(built, evidence),
        ranking_section(found),
        probability_section(found),
        stability_section(found),
        *segment_sections(found),
        cutoff_section(found),
        reason_section(evidence),
        *contest_sections(built),
        source_section(evidence.sources),
        fairness_section(evidence),
        *reject_sections(evidence),
        limit_section(found, _limits(built, evidence)),
    ]
    return Page(
        title=f"{built.ask.name}: model card and validation",
        title_zh=f"模型卡与验证报告 · {chinese}",
        subtitle=f"{what} · made from {built.ask.table.name} · model {built.model_id}",
        lead="How this model came about, what it was tested on, and what is not known of it. A sentence that claims names "
        "its test.",
        sections=tuple(sections),
        made_from=_identities(built),
    )


def _identities(built: Built) -> tuple[tuple[str, str], ...]:
    sample = built.design.sample
    out = [
        ("model", built.model_id),
        ("recipe", built.ask.recipe),
        ("sample", sample.table.identity(sample.bad)),
        ("findings", content_hash(built.findings)),
        ("validation", content_hash(built.validation)),
        ("seed", str(built.ask.seed)),
    ]
    return (*out, ("challenger", built.rival.model_id)) if built.rival else tuple(out)


def _card(built: Built, evidence: Evidence, purpose: str, allowance: Allowance) -> Section:
    what, _ = RECIPE_WORDS.get(built.ask.recipe, (built.ask.recipe, ""))
    roles = built.design.roles
    named = [
        ("for what 用途", purpose or PURPOSE),
        (
            "not for 不适用",
            "Applications that come another way, rows with other columns, other outcomes than the one below; deciding alone.",
        ),
        ("what it is 模型", f"{what}; it reads {sum(bool(one.bins) for one in evidence.effects)} columns"),
        ("outcome 标签", f"`{roles.label}`" + (f", bad where it is {', '.join(roles.bad)}" if roles.bad else "")),
        ("points 评分", "higher is safer; 600 points are odds of 50 goods to 1 bad, 20 more double them"),
        ("PD 违约概率", _prior(built)),
        ("judged 验证方式", built.unseen.how),
        (
            "columns said to be known at application 申请时已知",
            ", ".join(roles.known) or "not said: all were offered, and the guards looked",
        ),
        ("kept out of training 不入模字段", ", ".join(built.kept_out) or "none was named (`--keep-out`)"),
        ("time 用时上限", _time(allowance)),
    ]
    blocks: list[Block] = [
        DataTable(
            columns=(Column(title="Field 项目"), Column(title="What it says 内容")),
            rows=tuple((name, text.replace("`", "")) for name, text in named),
        ),
    ]
    if built.note:
        text = f"{built.note[0].upper()}{built.note[1:]}."
        blocks.append(Callout(tone="note", title="No challenger 未建挑战者模型", text=text))
    if allowance.cuts:
        blocks.append(_cut_short(allowance))
    return Section(id="card", title="What it is, and for what", title_zh="模型卡", blocks=tuple(blocks))


def _time(allowance: Allowance) -> str:
    if allowance.seconds is None:
        return "as much as it took"
    cuts, minutes = len(allowance.cuts), allowance.seconds // 60
    told = f"{cuts} {'step was' if cuts == 1 else 'steps were'} cut short, see below" if cuts else "nothing was cut short"
    return f"at most {minutes} {'minute' if minutes == 1 else 'minutes'}: {told}"


def _cut_short(allowance: Allowance) -> Callout:
    """Return what ended before its end because of time, and what that means."""
    text = "More time (--minutes) does the rest; built again, a quicker or slower machine comes to another result. Done:"
    items = tuple(one.text for one in allowance.cuts)
    return Callout(tone="warning", title="Cut short for time 因时间截断", text=text, items=items)


def _prior(built: Built) -> str:
    rate = f"{float(built.design.sample.bad.mean()):.1%}"
    if built.ask.prior_ppm is None:
        return f"at the sample's own bad rate ({rate})"
    return f"for a portfolio with {built.ask.prior_ppm / PPM:.1%} bads; held here against outcomes at the sample's own {rate}"


def _sample(built: Built) -> Section:
    design = built.design
    first, *gone, _ = design.steps
    blocks: list[Block] = []
    if gone:
        spec = waterfall(
            [first.reason, *(step.reason for step in gone)],
            [first.rows, *(-step.rows for step in gone)],
            unit="count",
            axis="rows",
            total="kept",
        )
        said = "From the rows of the table to those that are learned from and judged on. Every row that leaves has a reason."
        blocks.append(ChartBlock(title="Population flow 样本流转", description=said, spec=spec))
    blocks += [
        DataTable(
            title="" if gone else "Population flow 样本流转",
            columns=(
                Column(title="Step 步骤"),
                Column(title="Rows 样本", unit="count"),
                Column(title="Bads 违约", unit="count"),
            ),
            rows=tuple((step.reason, step.rows, step.bads) for step in design.steps),
        ),
        _split(built),
    ]
    if design.exception:
        blocks.append(
            Callout(
                tone="warning", title="Not out of time 非跨期验证", text=f"{design.exception[0].upper()}{design.exception[1:]}."
            )
        )
    return Section(id="sample", title="Who is in the sample", title_zh="样本", blocks=(*blocks, *_months(built)))


def _split(built: Built) -> DataTable:
    design = built.design
    folded = bool((built.unseen.fold > 0).any())
    every = len(design.sample)
    parts = (
        (("learned and judged, in turn, by folds", design.train | design.test),)
        if folded
        else (
            ("learned 训练", design.train),
            ("judged 验证", design.test),
            ("neither: of groups on the other side 剔除", ~design.train & ~design.test),
        )
    )
    return DataTable(
        title="Split 样本划分",
        caption=f"{built.unseen.how[0].upper()}{built.unseen.how[1:]}. No group stands on both sides.",
        columns=(
            Column(title="Part 部分"),
            Column(title="Rows 样本", unit="count"),
            Column(title="Share 占比", unit="ppm", places=1),
            Column(title="Bads 违约", unit="count"),
            Column(title="Bad rate 违约率", unit="ppm", places=1),
        ),
        rows=tuple(
            (
                name,
                int(mask.sum()),
                round(PPM * int(mask.sum()) / every),
                int(design.sample.bad[mask].sum()),
                round(PPM * float(design.sample.bad[mask].mean())),
            )
            for name, mask in parts
            if mask.any()
        ),
    )


def _months(built: Built) -> list[Block]:
    sample = built.design.sample
    months = sorted(set(sample.month[sample.month >= 0].tolist()))
    if len(months) < 2:
        return []
    rates: list[int | float | None] = [round(PPM * float(sample.bad[sample.month == month].mean())) for month in months]
    spec = lines([name_month(month) for month in months], {"bad rate": rates}, unit="ppm")
    said = "By month of application. A rate that falls towards the end may be youth, not safety."
    return [ChartBlock(title="Bad rate by month 逐月违约率", description=said, spec=spec)]


def _limits(built: Built, evidence: Evidence) -> list[str]:
    design = built.design
    items = ["The guards cannot see a leak that is no better than an honest column and bears no telling name."]
    if design.exception:
        items.append("Split by chance: how the model ages was not tested.")
    if not design.roles.known:
        items.append(
            "Nobody said which columns were known at application (`--known-at-application`); all that were left "
            "are taken to be."
        )
    if len(design.rejects):
        told = (
            "The bounds say what that may hide." if evidence.bands else "What that may hide was not bounded, for want of time."
        )
        items.append(f"The declined taught the model nothing. {told}")
    elif not design.roles.decision:
        items.append("Nobody said who was declined (`--decision`): what the lender's own choice hides is not bounded.")
    if built.validation.shift is None or built.validation.shift.auc_loss is None:
        items.append("What AUC and KS lost since training was not measured.")
    return items
