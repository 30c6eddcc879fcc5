"""In: a policy over history. Out: one page: what it would have answered, why, how much, at what price. Used: by the CLI."""

from __future__ import annotations

from weilend.app.desk.backtest.blocks import (
    BAD_COLUMNS,
    OUTCOMES,
    bad_cells,
    chart_bads,
    chart_findings,
    chart_spread,
    say_bads,
    tabulate_findings,
    warn_of_assumptions,
    warn_of_unknown,
)
from weilend.app.desk.backtest.history import Backtested
from weilend.app.desk.committee.words import percent, plural, share_ppm, yuan
from weilend.decision.backtest import BackTest, Segment, Tally
from weilend.report import Block, ChartBlock, Column, DataTable, KeyFigure, KeyFigures, Page, Prose, Section, bars

UNKNOWN = "not known 未知"


def compose_backtest(tested: Backtested) -> Page:
    """Return the page of one policy."""
    policy, result = tested.evaluator.policy, tested.result
    return Page(
        title=f"Back-test of {policy.name}",
        title_zh=f"政策回测 · {policy.zh}",
        subtitle=f"{policy.en}, version {policy.version} · {plural(result.rows, 'application')} of {tested.data}",
        lead="What this policy would have answered to applications of the past, had it been live.",
        sections=(_answers(tested), _reasons(tested), _amounts(result), _segments(result), _outcomes(result)),
        made_from=(("policy", policy.identity), ("applications", tested.data)),
    )


def _answers(tested: Backtested) -> Section:
    result = tested.result
    blocks: list[Block] = [KeyFigures(tuple(_figures(result))), *warn_of_assumptions(tested.assumed), _outcome_table(result)]
    return Section(id="answers", title="What it would have answered", title_zh="决策结果", blocks=tuple(blocks))


def _figures(result: BackTest) -> list[KeyFigure]:
    counted = [
        KeyFigure(OUTCOMES[outcome], percent(share_ppm(tally.rows, result.rows)), f"{tally.rows:,} of {result.rows:,}")
        for outcome, tally in result.outcomes.items()
    ]
    money = []
    if result.ceilings and result.rates:
        money = [
            KeyFigure(
                "Ceilings in all 额度合计",
                yuan(result.ceilings.total),
                f"half of the approved: {yuan(result.ceilings.median)} or more",
            ),
            KeyFigure("Floor rate, median 最低利率中位数", percent(result.rates.median, 2), "a year, of the approved"),
        ]
    approved = result.outcomes["approve"]
    rate = percent(share_ppm(approved.bad, approved.known)) if approved.known else "–"
    return [*counted, *money, KeyFigure("Bads among the approved 通过客户违约率", rate, say_bads(approved))]


def _outcome_table(result: BackTest) -> DataTable:
    return DataTable(
        title="By outcome 按决策结果",
        columns=(
            Column(title="Outcome 结果"),
            Column(title="Applications 进件", unit="count"),
            Column(title="Share 占比", unit="ppm", places=1, bar=True),
            *BAD_COLUMNS,
        ),
        rows=tuple(
            (OUTCOMES[outcome], tally.rows, share_ppm(tally.rows, result.rows), *bad_cells(tally))
            for outcome, tally in result.outcomes.items()
        ),
    )


def _reasons(tested: Backtested) -> Section:
    result = tested.result
    chart = chart_findings(
        "What stands against an approval 未通过原因",
        result.findings,
        "How often each reason to refer or to decline held. One application may have several.",
    )
    blocks = [*chart, tabulate_findings(tested.evaluator.policy, result.findings, result.rows)]
    return Section(id="reasons", title="Why", title_zh="原因", blocks=tuple(blocks))


def _amounts(result: BackTest) -> Section:
    if result.ceilings is None or result.rates is None:
        return Section(
            id="amounts", title="Limits and prices", title_zh="额度与定价", blocks=(Prose(("Nothing is approved.",)),)
        )
    blocks: list[Block] = [
        ChartBlock(
            title="Which limit binds 决定额度的限制",
            description="The ceiling is the least of the limits that apply: how often each was the least, among the approved.",
            spec=bars(list(result.limits), list(result.limits.values()), axis="approved applications"),
        ),
        chart_spread("Ceilings of the approved 额度上限", result.ceilings, "fen", "approved applications"),
        chart_spread("Floor rates of the approved 最低利率", result.rates, "ppm", "approved applications"),
    ]
    if len(result.months) > 1:
        labels = [f"{months} months" for months in result.months]
        described = "A shorter term is taken where the longer one would cost more than the cap."
        spec = bars(labels, list(result.months.values()), sort=False, axis="approved applications")
        blocks.append(ChartBlock(title="Terms 期限", description=described, spec=spec))
    return Section(id="amounts", title="Limits and prices", title_zh="额度与定价", blocks=tuple(blocks))


def _segments(result: BackTest) -> Section:
    return Section(
        id="segments",
        title="To whom",
        title_zh="客群",
        lead="Grades are the policy's own; other columns are those of the applications.",
        blocks=tuple(_segment_table(name, rows) for name, rows in result.segments.items()),
    )


def title_of(segment: str) -> str:
    """Return the heading of a table by the values of a column.

    >>> title_of("grade"), title_of("region")
    ('By grade 按等级', 'By region 按 region 分组')
    """
    return f"By {segment} 按等级" if segment == "grade" else f"By {segment} 按 {segment} 分组"


def _segment_table(name: str, rows: tuple[Segment, ...]) -> DataTable:
    return DataTable(
        title=title_of(name),
        columns=(
            Column(title=name),
            Column(title="Applications 进件", unit="count"),
            Column(title="Approved 通过", unit="ppm", places=1),
            Column(title="Referred 转人工", unit="ppm", places=1),
            Column(title="Declined 拒绝", unit="ppm", places=1),
            Column(title="Ceilings 额度合计", unit="fen"),
            Column(title="Bads, approved 违约率"),
        ),
        rows=tuple(_segment_row(one) for one in sorted(rows, key=lambda one: (one.value is None, one.value or ""))),
    )


def _segment_row(one: Segment) -> tuple[str | int | None, ...]:
    shares = (share_ppm(count, one.rows) for count in (one.approve, one.refer, one.decline))
    return (one.value or UNKNOWN, one.rows, *shares, one.ceiling_fen, say_bads(one.approved))


def _outcomes(result: BackTest) -> Section:
    everybody = Tally()
    for tally in result.outcomes.values():
        everybody = everybody.plus(tally)
    grades = {f"grade {one.value}": one.approved for one in result.segments["grade"] if one.value}
    blocks: list[Block] = [
        warn_of_unknown(everybody),
        *chart_bads("Bads by what the policy would have answered 按决策", {OUTCOMES[o]: t for o, t in result.outcomes.items()}),
        *chart_bads("Bads among the approved, by grade 通过客户按等级", dict(sorted(grades.items()))),
    ]
    return Section(id="outcomes", title="What became of them", title_zh="已知结果", blocks=tuple(blocks))
