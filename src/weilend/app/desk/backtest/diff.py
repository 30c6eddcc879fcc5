"""In: two policies over the same history. Out: one page: what changed, who comes in, who goes out, why. Used: by the CLI."""

from __future__ import annotations

from collections.abc import Sequence

from weilend.app.desk.backtest.blocks import (
    BAD_COLUMNS,
    OUTCOMES,
    bad_cells,
    chart_bads,
    chart_findings,
    say_bads,
    say_finding,
    warn_of_assumptions,
    warn_of_unknown,
)
from weilend.app.desk.backtest.history import Compared
from weilend.app.desk.backtest.page import UNKNOWN, title_of
from weilend.app.desk.committee.words import percent, plural, share_ppm, yuan
from weilend.core.values import Outcome
from weilend.decision.backtest import Tally
from weilend.decision.differences import Difference
from weilend.decision.swap import Comparison, Shift, SwapSegment
from weilend.report import (
    Block,
    Bullets,
    ChartBlock,
    Column,
    DataTable,
    Details,
    KeyFigure,
    KeyFigures,
    Page,
    Prose,
    Section,
    Unit,
    heat,
    show,
)

YES: tuple[Outcome, ...] = ("approve",)
NO: tuple[Outcome, ...] = ("refer", "decline")
#: The four sets of a change: who is approved by both, by the new one alone, by the old one alone, by neither.
SETS = {
    "stay approved 均通过": (YES, YES),
    "come in 新增通过": (NO, YES),
    "go out 不再通过": (YES, NO),
    "stay out 均未通过": (NO, NO),
}


def compose_comparison(compared: Compared) -> Page:
    """Return the page of two policies."""
    old, new, result = compared.old.policy, compared.new.policy, compared.result
    return Page(
        title=f"{old.name} version {old.version} → {new.name} version {new.version}",
        title_zh="政策变更对比",
        subtitle=f"{plural(result.tally().rows, 'application')} of {compared.data}, decided by both",
        lead="What changes between two policies: in their files, and in what they answer to the same applications.",
        sections=(
            _files(compared.differences),
            _moves(compared),
            _reasons(compared),
            _amounts(result),
            _segments(result),
            _outcomes(result),
        ),
        made_from=(("old policy", old.identity), ("new policy", new.identity), ("applications", compared.data)),
    )


def _files(differences: Sequence[Difference]) -> Section:
    blocks: tuple[Block, ...] = (Prose(("The files say the same: what changes below comes from the product's numbers.",)),)
    if differences:
        chinese = Details("逐项变更（中文）", (Bullets(tuple(one.zh for one in differences)),))
        blocks = (Bullets(tuple(one.en for one in differences)), chinese)
    return Section(id="files", title="What changed in the file", title_zh="政策变更", blocks=blocks)


def _moves(compared: Compared) -> Section:
    result = compared.result
    counts = {(move.old, move.new): move.tally.rows for move in result.moves}
    chart = ChartBlock(
        title="Old answer by new answer 新旧决策对照",
        description="Each row is an answer of the old policy, each column one of the new; off the diagonal somebody moves.",
        spec=heat(
            [f"old: {label}" for label in OUTCOMES.values()],
            list(OUTCOMES.values()),
            [[counts.get((old, new), 0) for new in OUTCOMES] for old in OUTCOMES],
            unit="count",
        ),
    )
    blocks: list[Block] = [
        KeyFigures(tuple(_figures(result))),
        *warn_of_assumptions(compared.assumed),
        chart,
        _set_table(result),
    ]
    return Section(id="moves", title="Who moves", title_zh="决策变化", blocks=tuple(blocks))


def _figures(result: Comparison) -> list[KeyFigure]:
    rows = result.tally().rows
    old, new = (result.tally(old=YES), result.tally(new=YES))
    came, went = result.tally(NO, YES), result.tally(YES, NO)
    before, after = (sum(getattr(move, f"{side}_fen") for move in result.moves) for side in ("old", "new"))
    return [
        KeyFigure(
            "Approved 通过率",
            percent(share_ppm(new.rows, rows)),
            f"{percent(share_ppm(old.rows, rows))} before: {old.rows:,} → {new.rows:,} of {rows:,}",
        ),
        KeyFigure("Come in 新增通过", f"{came.rows:,}", f"bads of known outcomes: {say_bads(came)}"),
        KeyFigure("Go out 不再通过", f"{went.rows:,}", f"bads of known outcomes: {say_bads(went)}"),
        KeyFigure("Ceilings in all 额度合计", show(after - before, "fen", signed=True), f"{yuan(before)} → {yuan(after)}"),
        KeyFigure("Bads, old 原政策违约率", _rate(old), say_bads(old)),
        KeyFigure("Bads, new 新政策违约率", _rate(new), say_bads(new)),
    ]


def _rate(tally: Tally) -> str:
    return percent(share_ppm(tally.bad, tally.known)) if tally.known else "–"


def _set_table(result: Comparison) -> DataTable:
    return DataTable(
        title="Swap-in and swap-out 通过客群置换",
        caption="Bad rates are counted on known outcomes alone: of those who come in, few were ever lent to.",
        columns=(Column(title="Set 客群"), Column(title="Applications 进件", unit="count"), *BAD_COLUMNS),
        rows=tuple(
            (name, result.tally(old, new).rows, *bad_cells(result.tally(old, new))) for name, (old, new) in SETS.items()
        ),
    )


def _reasons(compared: Compared) -> Section:
    result = compared.result
    blocks: list[Block] = [
        *chart_findings(
            "Why they were not approved before 新增客户原未通过原因",
            result.in_reasons,
            "Of those who come in: the old policy's reasons against them.",
        ),
        *chart_findings(
            "Why they are not approved any more 流出客户未通过原因",
            result.out_reasons,
            "Of those who go out: the new policy's reasons against them.",
        ),
        _reason_table(compared),
    ]
    return Section(id="reasons", title="Why", title_zh="原因", blocks=tuple(blocks))


def _reason_table(compared: Compared) -> DataTable:
    old, new = ({one.code: one.rows for one in side.findings} for side in (compared.result.old, compared.result.new))
    codes = [code for code in dict.fromkeys((*old, *new)) if old.get(code) != new.get(code)]
    codes.sort(key=lambda code: -abs(new.get(code, 0) - old.get(code, 0)))
    rows = [(code, _when(compared, code), old.get(code), new.get(code), new.get(code, 0) - old.get(code, 0)) for code in codes]
    return DataTable(
        title="Reasons that are given more or less often 原因变化",
        caption="A dash is a reason that the policy does not know. Reasons that are given as often as before are left out.",
        columns=(
            Column(title="Reason 原因"),
            Column(title="When 条件"),
            Column(title="Old 原", unit="count"),
            Column(title="New 新", unit="count"),
            Column(title="Change 变化", unit="count", signed=True),
        ),
        rows=tuple(rows),
    )


def _when(compared: Compared, code: str) -> str:
    known = {one.code for one in compared.result.new.findings}
    return say_finding((compared.new if code in known else compared.old).policy, code)


def _amounts(result: Comparison) -> Section:
    names = list(dict.fromkeys((*result.new.limits, *result.old.limits)))
    limits = DataTable(
        title="Which limit binds 决定额度的限制",
        columns=(Column(title="Limit 限制"), Column(title="Old 原", unit="count"), Column(title="New 新", unit="count")),
        rows=tuple((name, result.old.limits.get(name, 0), result.new.limits.get(name, 0)) for name in names),
    )
    blocks = (
        _shift_table("Ceilings 额度上限", result.ceilings, "fen"),
        _shift_table("Floor rates 最低利率", result.rates, "ppm"),
    )
    lead = "Higher and lower are counted among those whom both policies approve."
    return Section(id="amounts", title="Limits and prices", title_zh="额度与定价", lead=lead, blocks=(*blocks, limits))


def _shift_table(title: str, shift: Shift, unit: Unit) -> DataTable:
    rows = shift.more + shift.same + shift.less
    means = [total // rows // 100 * 100 if rows else None for total in (shift.old_total, shift.new_total)]  # whole yuan
    return DataTable(
        title=title,
        columns=(
            Column(title="Higher 上升", unit="count"),
            Column(title="The same 不变", unit="count"),
            Column(title="Lower 下降", unit="count"),
            Column(title="Old mean 原均值", unit=unit),
            Column(title="New mean 新均值", unit=unit),
        ),
        rows=((shift.more, shift.same, shift.less, *means),),
    )


def _segments(result: Comparison) -> Section:
    return Section(
        id="segments",
        title="For whom it changes",
        title_zh="客群变化",
        lead="Grades are those of the old policy.",
        blocks=tuple(_segment_table(name, rows) for name, rows in result.segments.items()),
    )


def _segment_table(name: str, rows: tuple[SwapSegment, ...]) -> DataTable:
    ordered = sorted(rows, key=lambda one: (one.value is None, one.value or ""))
    return DataTable(
        title=title_of(name),
        columns=(
            Column(title=name),
            Column(title="Applications 进件", unit="count"),
            Column(title="Approved, old 原通过率", unit="ppm", places=1),
            Column(title="Approved, new 新通过率", unit="ppm", places=1),
            Column(title="Change 变化", unit="ppm", places=1, signed=True),
            Column(title="Come in 新增", unit="count"),
            Column(title="Go out 流出", unit="count"),
        ),
        rows=tuple(_segment_row(one) for one in ordered),
    )


def _segment_row(one: SwapSegment) -> tuple[str | int, ...]:
    old, new = share_ppm(one.old, one.rows), share_ppm(one.new, one.rows)
    return (one.value or UNKNOWN, one.rows, old, new, new - old, one.swap_in, one.swap_out)


def _outcomes(result: Comparison) -> Section:
    groups = {"approved by the old 原政策通过": result.tally(old=YES), "approved by the new 新政策通过": result.tally(new=YES)}
    groups |= {name: result.tally(old, new) for name, (old, new) in SETS.items()}
    blocks = [warn_of_unknown(result.tally()), *chart_bads("Bads among known outcomes 已知结果违约率", groups)]
    return Section(id="outcomes", title="What became of them", title_zh="已知结果", blocks=tuple(blocks))
