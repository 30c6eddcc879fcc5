"""In: a validation. Out: the sections of a page that tell it. Used: by the page of somebody's score, and of a model's "
"report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from weilend.app.desk.models.words import explain_verdicts, figures_of, head_verdicts, say_interval, say_rate, tabulate_verdicts
from weilend.core.money import PPM
from weilend.models.metrics import Interval
from weilend.models.validation import Validation
from weilend.models.validation.bands import Band
from weilend.models.validation.probabilities import Probabilities
from weilend.report import (
    Block,
    Bullets,
    Callout,
    ChartBlock,
    Column,
    DataTable,
    Details,
    KeyFigures,
    Prose,
    Section,
    intervals,
    lines,
    show,
)
from weilend.report.blocks import Spec, Tone

#: Headings of any table of bands: rows, bads, their rate.
COUNTS: Final = (
    Column(title="Rows 样本", unit="count"),
    Column(title="Bads 违约", unit="count"),
    Column(title="Bad rate, 95 % 违约率"),
)
#: A grade with fewer rows has an interval that hides all others in a chart.
FEWEST_SHOWN: Final = 30
#: What the repair of PDs is called that the outcomes ask for.
REPAIRS = {
    "none": "The outcomes ask for no repair (closed likelihood-ratio test, Vergouwe et al. 2017).",
    "intercept": "The outcomes ask for a new intercept: all PDs together are off, their order and distances hold "
    "(Vergouwe et al. 2017).",
    "intercept_and_slope": "The outcomes ask for a new intercept and slope (closed likelihood-ratio test, Vergouwe et al. "
    "2017).",
}


def verdict_section(found: Validation, *, lead: str = "") -> Section:
    """Return what comes first: figures, and every gate with its state."""
    title, chinese = head_verdicts(found.verdicts)
    states = {one.state for one in found.verdicts}
    tone: Tone = "warning" if "red" in states else "note"
    said = (
        "A gate is green only where its whole interval lies within the limit. Limits are in `models/judgement/gates.toml` and "
        "`models/validation/gates.toml`, each with its reason."
    )
    blocks: list[Block] = [
        KeyFigures(tuple(figures_of(found))),
        Callout(tone=tone, title=f"{title} {chinese}", text=said),
        *_turned(found),
        tabulate_verdicts(found.verdicts),
        Details("What each gate reads 门限释义", (explain_verdicts(found.verdicts),)),
    ]
    return Section(
        id="verdicts", title="What was tested, and what it showed", title_zh="检验结论", blocks=tuple(blocks), lead=lead
    )


def _turned(found: Validation) -> list[Block]:
    if found.ranking.auc.hi_ppm >= PPM // 2:
        return []
    text = (
        "The whole interval of the AUC lies below 0.5: bads have *better* scores than goods. Was the direction said the "
        "wrong way round (`--higher`)?"
    )
    return [Callout(tone="warning", title="It ranks the wrong way round 方向相反", text=text)]


def ranking_section(found: Validation) -> Section:
    """Return how the score ranks: gains, tenths, breaks."""
    curve = found.curve
    gains = lines(
        list(curve.rows_ppm),
        {"this score 本评分": list(curve.bads_ppm), "a coin 随机": list(curve.rows_ppm)},
        x_unit="ppm",
        unit="ppm",
        x_axis="share of rows, riskiest first",
        axis="share of all bads",
        domain=(0, PPM),
    )
    rates = [band.bad_rate for band in found.tenths]
    chart = _rates([f"{band.name} · {_points(band)}" for band in found.tenths], rates)
    blocks: list[Block] = [
        ChartBlock(
            title="How many of the bads lie among the riskiest 提升曲线",
            description="Of the riskiest so many per cent of rows, by score, this share of all bads is found. The further "
            "above the straight line, the more the score tells apart.",
            spec=gains,
        ),
        ChartBlock(
            title="Bad rate of each tenth 十分位违约率",
            description="Rows in ten parts of about equal size, 1 the riskiest, with the points they span; rows with the "
            "same points stay together. Lines are Jeffreys' 95 % intervals.",
            spec=chart,
        ),
        _breaks(found),
        _tenth_table(found),
    ]
    lead = f"AUC, KS and Gini over {found.ranking.draws:,} bootstraps of {_parts(found)}; seed {found.seed}."
    return Section(id="ranking", title="Does it rank?", title_zh="排序能力", blocks=tuple(blocks), lead=lead)


def _parts(found: Validation) -> str:
    whole = found.parts < found.rows
    return f"{found.parts:,} whole groups" if whole else f"{found.rows:,} rows, each a group of its own"


def _points(band: Band) -> str:
    return (
        f"{band.lowest_points:,}–{band.highest_points:,}"
        if band.lowest_points < band.highest_points
        else f"{band.lowest_points:,}"
    )


def _rates(labels: Sequence[str], rates: Sequence[Interval], axis: str = "bad rate") -> Spec:
    return intervals(
        labels,
        [one.estimate_ppm for one in rates],
        [one.lo_ppm for one in rates],
        [one.hi_ppm for one in rates],
        unit="ppm",
        reference=None,
        signed=False,
        axis=axis,
    )


def _breaks(found: Validation) -> Block:
    if not found.breaks:
        return Prose((f"In none of the {len(found.tenths)} tenths is the bad rate higher than in the riskier one before it.",))
    items = tuple(
        f"tenth {one.safer} has {show(one.safer_rate_ppm, 'ppm', places=1)} bads, tenth {one.riskier}, which is riskier by "
        "its score, "
        f"{show(one.riskier_rate_ppm, 'ppm', places=1)}; p = {show(one.p_ppm, 'fraction_ppm')} that chance does so"
        for one in found.breaks
    )
    return Callout(tone="note", title="Neighbours in the wrong order 排序倒挂", items=items)


def _tenth_table(found: Validation) -> DataTable:
    gained = 0.0
    rows = []
    for band in found.tenths:
        share = band.bad_rate.estimate_ppm * band.share_ppm / max(found.bad_rate.estimate_ppm, 1)
        gained += share
        lift = f"{band.bad_rate.estimate_ppm / max(found.bad_rate.estimate_ppm, 1):.2f}"
        rows.append(
            (
                band.name,
                _points(band),
                band.rows,
                band.bads,
                say_rate(band.bad_rate),
                band.mean_pd_ppm,
                lift,
                min(round(gained), PPM),
            )
        )
    return DataTable(
        title="The tenths in figures 十分位明细",
        columns=(
            Column(title="Tenth 十分位"),
            Column(title="Points 评分"),
            *COUNTS,
            Column(title="Mean PD", unit="ppm", places=1),
            Column(title="Lift 提升度"),
            Column(title="Bads so far 累计捕获", unit="ppm", places=1),
        ),
        rows=tuple(rows),
        folded=False,
    )


def probability_section(found: Validation) -> Section:
    """Return whether PDs are what happened."""
    held = found.probabilities
    lead = "A PD is a promise of how many of a hundred go bad. Here it is held against what happened."
    blocks: tuple[Block, ...]
    if held is None:
        text = "The score says an order and no probability, so nothing here says whether it would price risk."
        blocks = (Callout(tone="unknown", title="No PD was given 未提供违约概率", text=text),)
    else:
        blocks = _probability_blocks(held)
    return Section(id="probabilities", title="Are its PDs what happened?", title_zh="校准", blocks=blocks, lead=lead)


def _probability_blocks(held: Probabilities) -> tuple[Block, ...]:
    names = [f"tenth {band.name}" for band in reversed(held.tenths)]
    said = [band.mean_pd_ppm for band in reversed(held.tenths)]
    came = [band.bad_rate.estimate_ppm for band in reversed(held.tenths)]
    shown = [band for band in held.grades if band.rows >= FEWEST_SHOWN] or list(held.grades)
    fit, worth = held.fitness, 1 - held.brier_ppm / max(held.flat_brier_ppm, 1)
    prose = (
        f"**Slope** {say_interval(fit.slope)}, **intercept at slope 1** {say_interval(fit.intercept, signed=True)} (Cox "
        "1958; Van Calster et al. "
        "2016). "
        + ("Neither interval contradicts exact PDs. " if fit.holds else "At least one interval contradicts exact PDs. ")
        + REPAIRS[held.update.kind],
        f"**Brier score** {held.brier_ppm / PPM:.4f}; saying the bad rate to everybody would score "
        f"{held.flat_brier_ppm / PPM:.4f}, "
        f"so {worth:.1%} of that is taken away. **Log loss** {held.log_loss_ppm / PPM:.4f} against "
        f"{held.flat_log_loss_ppm / PPM:.4f}. These "
        "two are told, and tested by no gate.",
    )
    return (
        Prose(prose),
        ChartBlock(
            title="Said and happened, safest tenth first 预测与实际",
            description="Tenths by PD. Where the lines part, look at the intervals below before believing it.",
            spec=lines(names, {"mean PD 预测": said, "bad rate 实际": came}, unit="ppm"),
        ),
        ChartBlock(
            title="What happened minus what was said, by grade 各等级偏差",
            description="Bad rate minus mean PD, with Jeffreys' 95 % interval. To the right more went bad than was said; "
            "a hollow dot contradicts nothing. "
            f"These intervals are not adjusted for their number: the gate is. Grades of fewer than {FEWEST_SHOWN} rows are "
            "in the table only.",
            spec=chart_excess([f"{band.name} · {band.rows:,} rows" for band in shown], shown),
        ),
        _pd_table("Grade 等级", held.grades),
    )


def chart_excess(labels: Sequence[str], bands: Sequence[Band]) -> Spec:
    """Return bad rate minus mean PD of some bands, with intervals."""
    pd = [band.mean_pd_ppm or 0 for band in bands]
    ends = [
        [getattr(band.bad_rate, end) - mean for band, mean in zip(bands, pd, strict=True)]
        for end in ("estimate_ppm", "lo_ppm", "hi_ppm")
    ]
    return intervals(labels, *ends, unit="ppm", axis="bad rate minus PD")


def _pd_table(first: str, bands: Sequence[Band]) -> DataTable:
    return DataTable(
        title="Grades in figures 等级明细",
        caption="*p, too low* is the chance that the true bad rate is no more than the PD, given these outcomes "
        "(Jeffreys); not adjusted here.",
        columns=(
            Column(title=first),
            *COUNTS,
            Column(title="Mean PD", unit="ppm"),
            Column(title="p, too low PD偏低", unit="fraction_ppm"),
            Column(title="p, too high PD偏高", unit="fraction_ppm"),
        ),
        rows=tuple(
            (
                band.name,
                band.rows,
                band.bads,
                say_rate(band.bad_rate),
                band.mean_pd_ppm,
                band.too_low_p_ppm,
                band.too_high_p_ppm,
            )
            for band in bands
        ),
        folded=False,
    )


def limit_section(found: Validation, more: Sequence[str] = ()) -> Section:
    """Return what the validation cannot say, and what was taken for granted."""
    items = [
        *more,
        "Only rows with an outcome are judged. Those who were declined, or are too young to have gone bad, are not among them.",
        "Intervals say what other rows of the same kind would give, not what another year would.",
        "Gates are read one by one; p values are adjusted within a gate (Holm 1979), not over all of them.",
    ]
    if found.parts == found.rows:
        items.append(
            "Each row is taken to be independent. Where one owner has several, name the column with `--group`: intervals "
            "are too narrow otherwise."
        )
    if found.weighted:
        items.append("Weights enter every rate and rank. The population stability index counts rows.")
    return Section(id="limits", title="What this page cannot say", title_zh="局限与假设", blocks=(Bullets(tuple(items)),))
