"""In: a `Result`. Out: the section on how well the card ranks, with intervals. Used: by the committee's report."""

from __future__ import annotations

from weilend.app.desk.committee.outcomes import tabulate_outcomes
from weilend.app.desk.committee.short import SIZE
from weilend.app.desk.committee.words import (
    TOSS_PPM,
    businesses,
    percent,
    plural,
    say_auc,
    say_difference,
    say_seeds,
    share_ppm,
    span,
)
from weilend.app.desk.run import Result
from weilend.models.metrics import Third
from weilend.models.validate import Figures, Permutations
from weilend.report import Block, Callout, ChartBlock, Column, DataTable, Details, Prose, Section, intervals, show

BENCHMARK = "a regularised logistic regression on the same features"
#: The card may rank below the benchmark by this much, no more: what was asked of it beforehand.
ALLOWED_BELOW_PPM = 20_000
#: How far from one half a mean of permuted AUCs may lie: what was asked of the pipeline beforehand.
ALLOWED_FROM_TOSS_PPM = 30_000
THIRDS_ZH = {"smallest": "规模最小", "middle": "中间", "largest": "规模最大"}


def compose_evidence(result: Result) -> Section:
    """Return the section on how well the card ranks."""
    figures = result.study.figures
    blocks: list[Block] = [
        _aucs(result),
        *_differences(result),
        *_by_third(figures),
        _table(figures),
        tabulate_outcomes(result),
    ]
    blocks += [_permuted(result.study.permutations), Details("How this was measured", (Prose(_method(result)),))]
    return Section(
        id="evidence",
        title="How well it ranks",
        title_zh="模型检验",
        lead=f"Judged out of fold: each of the {businesses(figures.rows)} by cards that never saw it. "
        f"{plural(figures.bads, 'bad')} are few: read the intervals.",
        blocks=tuple(blocks),
        new_page=True,
    )


def _aucs(result: Result) -> ChartBlock:
    study = result.study
    named = (
        ("Scorecard 评分卡", study.figures.auc),
        ("Logistic regression 逻辑回归", study.logistic_auc),
        ("Total sales alone 仅按规模", study.size_auc),
    )
    return ChartBlock(
        title="AUC of the card, the benchmark and size alone",
        description="95 % intervals over businesses; 0.5 is a coin. The same few businesses are behind all three, so whether two "
        "of them differ is not read here but in the paired differences below.",
        spec=intervals(
            [name for name, _ in named],
            [interval.estimate_ppm for _, interval in named],
            [interval.lo_ppm for _, interval in named],
            [interval.hi_ppm for _, interval in named],
            unit="fraction_ppm",
            reference=None,
            axis="AUC",
            signed=False,
        ),
    )


def _differences(result: Result) -> list[Block]:
    study = result.study
    pairs = (("card − total sales alone", study.over_size), ("card − logistic regression", study.over_logistic))
    estimate = study.over_logistic.estimate_ppm
    kept = "within" if estimate >= -ALLOWED_BELOW_PPM else "outside"
    allowed = show(ALLOWED_BELOW_PPM, "fraction_ppm", places=2)
    return [
        ChartBlock(
            title="Paired differences in AUC 配对差异",
            description="Both rankings are judged on the same draws of businesses. Grey and hollow: the interval contains zero.",
            spec=intervals(
                [name for name, _ in pairs],
                [interval.estimate_ppm for _, interval in pairs],
                [interval.lo_ppm for _, interval in pairs],
                [interval.hi_ppm for _, interval in pairs],
                unit="fraction_ppm",
                axis="difference in AUC",
            ),
        ),
        Prose(
            (
                f"**Against total sales alone** the difference is {say_difference(study.over_size, SIZE)}.",
                f"**Against the benchmark**, {BENCHMARK} and in the same folds, it is "
                f"{say_difference(study.over_logistic, 'the benchmark')}. The card decides because its signs are declared and its "
                f"reasons add up; it was allowed to rank below the benchmark by {allowed} at most; the estimate is {kept} that.",
                "**Neither is quite fair to the others:** the card's settings were settled after 26 of them had been compared on "
                "the contest's 123 businesses, so on those a difference leans the card's way. No data was left over to undo that.",
            )
        ),
    ]


def _by_third(figures: Figures) -> list[Block]:
    ranked = [(third.name, third.auc) for third in figures.thirds if third.auc is not None]
    chart: list[Block] = []
    if ranked:
        chart.append(
            ChartBlock(
                title="AUC inside each third by size 分规模AUC",
                description="Within a third size itself tells little, so this is what the card knows beyond it. Grey and hollow: "
                "the interval contains 0.5.",
                spec=intervals(
                    [f"{name} {THIRDS_ZH.get(name, '')}" for name, _ in ranked],
                    [auc.estimate_ppm for _, auc in ranked],
                    [auc.lo_ppm for _, auc in ranked],
                    [auc.hi_ppm for _, auc in ranked],
                    unit="fraction_ppm",
                    reference=TOSS_PPM,
                    axis="AUC",
                    signed=False,
                ),
            )
        )
    smallest = figures.thirds[0]
    return [
        *chart,
        DataTable(
            title="Bads and AUC by size third 分规模违约与AUC",
            caption=f"{smallest.bads} of the {figures.bads} bads are in the smallest third.",
            columns=(
                Column(title="Third by sales 规模"),
                Column(title="Businesses 企业", unit="count"),
                Column(title="Bads 违约", unit="count", bar=True),
                Column(title="Bad rate", unit="ppm", places=1),
                Column(title="AUC", unit="fraction_ppm"),
                Column(title="95 % from", unit="fraction_ppm"),
                Column(title="to", unit="fraction_ppm"),
                Column(title="What that shows"),
            ),
            rows=tuple(_third(third) for third in figures.thirds),
        ),
    ]


def _third(third: Third) -> tuple[str | int | None, ...]:
    counted = (third.name, third.rows, third.bads, share_ppm(third.bads, third.rows))
    if third.auc is None:
        return (*counted, None, None, None, say_auc(None))
    return (*counted, third.auc.estimate_ppm, third.auc.lo_ppm, third.auc.hi_ppm, say_auc(third.auc))


def _table(figures: Figures) -> DataTable:
    slope = figures.calibration_slope_ppm
    apart = "PDs lie too far apart" if slope < 1_000_000 else "PDs lie too close together"
    rows = (
        ("AUC, mean over seeds", show(figures.auc.estimate_ppm, "fraction_ppm"), f"95 % {span(figures.auc)}"),
        (
            "Spread of AUC from seed to seed",
            show(figures.auc_spread_ppm, "fraction_ppm"),
            f"one standard deviation; {say_seeds(figures.seeds)}",
        ),
        ("KS", show(figures.ks_ppm, "fraction_ppm"), "largest distance between goods and bads; no interval was computed"),
        (
            "Brier score",
            show(figures.brier_ppm, "fraction_ppm"),
            f"always saying the sample's rate would give {show(_constant_brier(figures), 'fraction_ppm')}",
        ),
        (
            "Mean PD, and bad rate",
            f"{percent(figures.mean_pd_ppm)}, {percent(share_ppm(figures.bads, figures.rows))}",
            "PDs at the sample's own bad rate, only here",
        ),
        (
            "Calibration slope",
            show(slope, "fraction_ppm"),
            "1 is exact" if slope == 1_000_000 else f"1 is exact; as estimated, {apart}; no interval was computed",
        ),
        (
            "Calibration intercept",
            show(figures.calibration_intercept_ppm, "fraction_ppm", signed=True),
            "0 is exact; no interval was computed",
        ),
    )
    return DataTable(
        title="All figures, out of fold 折外指标",
        columns=(Column(title="Figure 指标"), Column(title="Value 数值"), Column(title="How to read it")),
        rows=rows,
    )


def _constant_brier(figures: Figures) -> int:
    rate = figures.bads / figures.rows
    return round(1_000_000 * rate * (1 - rate))


def _permuted(found: Permutations | None) -> Callout:
    if found is None:
        return Callout(
            tone="unknown",
            title="The permutation test was not run · 未做置换检验",
            text="It deals the labels out at random and runs the whole pipeline again, to see what it finds where there is "
            "nothing. `--full` runs it.",
        )
    away = abs(found.mean_ppm - TOSS_PPM) <= ALLOWED_FROM_TOSS_PPM
    said = "as it should be" if away else "**further from 0.5 than 0.03: something in the pipeline sees what it must not**"
    return Callout(
        tone="note" if away else "warning",
        title="The whole pipeline on labels dealt out at random · 置换检验",
        text=f"{plural(found.draws, 'permutation')}: the mean AUC is {show(found.mean_ppm, 'fraction_ppm')} (standard deviation "
        f"{show(found.spread_ppm, 'fraction_ppm')}), {said}. The share that reaches the card's own AUC is at most "
        f"{show(found.p_value_ppm, 'fraction_ppm')} (p).",
    )


def _method(result: Result) -> tuple[str, ...]:
    comparison, figures = result.proof.comparison, result.study.figures
    return (
        f"Nested cross-validation in five folds, drawn anew for each seed: {say_seeds(figures.seeds)}. Choice of features, bins "
        "and strength happens inside each fold and sees nothing of what it is judged on.",
        "Intervals draw businesses with replacement 2,000 times; models are not refitted. So they say how much these few "
        "businesses decide, not what another training sample would have done.",
        f"The proof on truth draws {comparison.draws:,} times as well, with seed {comparison.seed}.",
    )
