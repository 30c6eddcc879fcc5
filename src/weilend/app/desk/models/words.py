"""In: verdicts and intervals. Out: the words in which pages and terminal tell them, English and Chinese. Used: by model pages.

A word of praise or blame stands only where a gate was read: each state names what the interval showed, and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from weilend.core.money import PPM
from weilend.models.judgement.gates import State
from weilend.models.metrics import Interval
from weilend.models.validation import Validation, Verdict
from weilend.report import Column, DataTable, KeyFigure, show, show_short

#: What each gate asks.
QUESTIONS: Final[dict[str, tuple[str, str]]] = {
    "no_better_than_chance": ("Does it rank no better than a coin?", "排序不优于随机"),
    "rank_break": ("Is a safer tenth worse than its riskier neighbour?", "十分位倒挂"),
    "points_psi": ("Have the points moved?", "评分漂移 PSI"),
    "auc_gap": ("Has AUC been lost since training?", "较训练 AUC 下降"),
    "ks_gap": ("Has KS been lost since training?", "较训练 KS 下降"),
    "auc_fall": ("Has AUC been lost from older to newer rows?", "AUC 随时间下降"),
    "ks_fall": ("Has KS been lost from older to newer rows?", "KS 随时间下降"),
    "slope_off": ("Are PDs too far apart or too close together?", "校准斜率偏离 1"),
    "level_off": ("Are PDs too high or too low as a whole?", "PD 整体偏离"),
    "grade_too_low": ("Is the PD of a grade too low?", "等级 PD 偏低"),
    "window_too_low": ("Is the PD of a window of time too low?", "时段 PD 偏低"),
    "segment_too_low": ("Is the PD of a segment too low?", "客群 PD 偏低"),
}
STATES: Final[dict[State, str]] = {
    "red": "red 红",
    "amber": "amber 黄",
    "green": "green 绿",
    "open": "open 未定",
}
#: What a state claims of an interval, and of a p value.
CLAIMS: Final[dict[tuple[str, State], str]] = {
    ("interval", "red"): "the whole interval lies above red",
    ("interval", "amber"): "the whole interval lies above amber",
    ("interval", "green"): "the whole interval lies within amber",
    ("interval", "open"): "the interval crosses amber: these data cannot tell",
    ("p_value", "red"): "chance alone does so less often than red",
    ("p_value", "amber"): "chance alone does so less often than amber",
    ("p_value", "open"): "chance explains it: nothing is shown, which proves nothing",
}
ORDER: Final[tuple[State, ...]] = ("red", "amber", "open", "green")


def say_interval(interval: Interval | None, *, signed: bool = False) -> str:
    """Return a figure with its 95 % interval as fractions.

    >>> say_interval(Interval(775_000, 740_000, 810_000)), say_interval(None)
    ('0.775 (0.740 to 0.810)', '–')
    """
    if interval is None:
        return "–"
    middle, lo, hi = (
        show(end, "fraction_ppm", signed=signed) for end in (interval.estimate_ppm, interval.lo_ppm, interval.hi_ppm)
    )
    return f"{middle} ({lo} to {hi})"


def say_rate(interval: Interval | None) -> str:
    r"""Return a rate with its 95 % interval as percentages.

    >>> say_rate(Interval(300_000, 272_000, 329_000))
    '30.0\xa0%\xa0(27.2–32.9)'
    """
    if interval is None:
        return "–"
    lo, hi = (show(end, "ppm", places=1).removesuffix(" %") for end in (interval.lo_ppm, interval.hi_ppm))
    return f"{show(interval.estimate_ppm, 'ppm', places=1)} ({lo}–{hi})".replace(" ", "\N{NO-BREAK SPACE}")


def head_verdicts(verdicts: Sequence[Verdict]) -> tuple[str, str]:
    """Return what may be said of all gates together: the worst state, and how many there are of each.

    >>> from weilend.models.validation.verdicts import read_interval
    >>> head_verdicts([read_interval("auc_fall", 0, 10_000)])
    ('No gate is red or amber: 1 green', '无门限被突破')
    """
    counts = {state: sum(one.state == state for one in verdicts) for state in ORDER}
    told = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    if counts["red"]:
        return f"{'One gate is' if counts['red'] == 1 else str(counts['red']) + ' gates are'} red: {told}", "有门限越红线"
    if counts["amber"]:
        return f"No gate is red: {told}", "无红线，有黄线"
    return f"No gate is red or amber: {told}", "无门限被突破"


def tabulate_verdicts(verdicts: Sequence[Verdict]) -> DataTable:
    """Return every gate that was read: its state, what it read, its limits, what that shows."""
    ordered = sorted(verdicts, key=lambda one: ORDER.index(one.state))
    return DataTable(
        title="Every gate 全部门限",
        caption="A gate reads the bounds of a 95 % interval, or a p value adjusted for how many were looked at (Holm "
        "1979), never a "
        "figure alone. *Open* is no pass: there is too little to tell.",
        columns=(
            Column(title="Gate 门限"),
            Column(title="State 结论"),
            Column(title="It read 读数"),
            Column(title="Amber, red 黄线，红线"),
            Column(title="What that shows 含义"),
        ),
        rows=tuple(
            (_ask(one), STATES[one.state], say_reading(one), _limits(one), CLAIMS[one.kind, one.state]) for one in ordered
        ),
        folded=False,
    )


def explain_verdicts(verdicts: Sequence[Verdict]) -> DataTable:
    """Return what each gate that was read looks at."""
    return DataTable(
        columns=(Column(title="Gate 门限"), Column(title="It reads 读什么")),
        rows=tuple((" ".join(QUESTIONS[one.gate]), one.why) for one in verdicts),
        folded=False,
    )


def _ask(one: Verdict) -> str:
    english, chinese = QUESTIONS[one.gate]
    return f"{english} {chinese}" + (f" ({one.about})" if one.about and one.state != "open" else "")


def say_reading(one: Verdict) -> str:
    r"""Return what a gate read.

    >>> from weilend.models.validation.verdicts import read_interval
    >>> say_reading(read_interval("auc_fall", -3_000, 10_000))
    '-0.003\xa0to\xa00.010'
    """
    if one.kind == "p_value":
        return f"p = {show(one.lo_ppm, 'fraction_ppm')}" if one.lo_ppm >= PPM // 1000 else "p < 0.001"
    return " to ".join(show(end, "fraction_ppm") for end in (one.lo_ppm, one.hi_ppm)).replace(" ", "\N{NO-BREAK SPACE}")


def _limits(one: Verdict) -> str:
    sign = "below" if one.kind == "p_value" else "above"
    told = [f"{limit / PPM:g}" for limit in sorted({one.amber, one.red}, reverse=one.kind == "p_value")]
    return f"{sign}\N{NO-BREAK SPACE}{', '.join(told)}"


def figures_of(found: Validation) -> list[KeyFigure]:
    """Return the figures that are read first: ranking, calibration, bad rate, rows."""
    ranking, held = found.ranking, found.probabilities
    out = [
        KeyFigure("AUC", show(ranking.auc.estimate_ppm, "fraction_ppm"), say_span(ranking.auc)),
        KeyFigure("KS", show(ranking.ks.estimate_ppm, "fraction_ppm"), say_span(ranking.ks)),
        KeyFigure("Gini 基尼系数", show(ranking.gini.estimate_ppm, "fraction_ppm"), say_span(ranking.gini)),
    ]
    if held:
        slope, level = held.fitness.slope, held.fitness.intercept
        out += [
            KeyFigure("Calibration slope 校准斜率", show(slope.estimate_ppm, "fraction_ppm"), f"{say_span(slope)}; 1 is exact"),
            KeyFigure(
                "Level of PDs 整体偏差",
                show(level.estimate_ppm, "fraction_ppm", signed=True),
                f"{say_span(level, signed=True)} logits; 0 is exact",
            ),
        ]
    rate = found.bad_rate
    apart = "" if found.witnesses >= found.rows else f"; they count as {found.witnesses:,}, for weights and groups"
    out.append(KeyFigure("Bad rate 违约率", show(rate.estimate_ppm, "ppm", places=1), f"95 %: {_percent(rate)}"))
    out.append(KeyFigure("Rows 样本", f"{found.rows:,}", f"{found.bads:,} of them bad{apart}"))
    return out


def say_span(interval: Interval, *, signed: bool = False) -> str:
    """Return the bounds of an interval as fractions.

    >>> say_span(Interval(775_000, 740_000, 810_000))
    '95 %: 0.740 to 0.810'
    """
    return "95 %: " + " to ".join(show(end, "fraction_ppm", signed=signed) for end in (interval.lo_ppm, interval.hi_ppm))


def _percent(interval: Interval) -> str:
    return " to ".join(show_short(end, "ppm") for end in (interval.lo_ppm, interval.hi_ppm))
