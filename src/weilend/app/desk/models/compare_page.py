"""In: two scores compared. Out: the page that tells it, and what a terminal shows. Used: by `weilend model compare`."""

from __future__ import annotations

from weilend.app.desk.models.compare import Compared
from weilend.app.desk.models.score_page import difference_row, difference_table
from weilend.app.desk.models.words import QUESTIONS, STATES, say_interval, say_rate, say_reading, say_span
from weilend.core.money import PPM
from weilend.models.validation import Validation
from weilend.models.validation.pairs import Cell
from weilend.report import (
    Block,
    Bullets,
    Callout,
    ChartBlock,
    Column,
    DataTable,
    KeyFigure,
    KeyFigures,
    Page,
    Section,
    heat,
    lines,
    show,
)

#: What the verdict on the second score means.
HEADS = {
    "replace": ("{second} may take the place of {first}", "{second}可替换{first}"),
    "keep": ("{first} stays", "保留{first}"),
    "no_evidence": ("No evidence to change {first} for {second}", "无证据支持替换"),
}
RULE = (
    "It is given up only where AUC, profit or log loss is better beyond chance, nothing is worse beyond chance, and no "
    "gate is red that "
    "was not red before."
)


def compare_rows_told(done: Compared) -> list[tuple[str, object]]:
    """Return what a terminal shows of a comparison."""
    first, second = done.names
    rows: list[tuple[str, object]] = [("rows", f"{done.rows:,}, {done.bads:,} of them bad")]
    for one in done.validations:
        rows += [(f"AUC of {one.name}", say_interval(one.ranking.auc)), (f"KS of {one.name}", say_interval(one.ranking.ks))]
    for difference in done.verdict.differences:
        name, middle, ends, shown = difference_row(difference)
        rows.append((f"{name}, {second} minus {first}", f"{middle} ({ends}): {shown}"))
    for swap in done.swaps:
        said = (
            f"in {swap.only_second.rows:,} ({swap.only_second.bads:,} bad), out {swap.only_first.rows:,} "
            f"({swap.only_first.bads:,} bad): "
            f"{abs(swap.bads_less):,} bads {'fewer' if swap.bads_less >= 0 else 'more'}"
        )
        rows.append((f"swapped at {swap.asked_ppm // 10_000} % approved", said))
    return [*rows, ("verdict", head_of(done)[0])]


def head_of(done: Compared) -> tuple[str, str]:
    """Return the verdict in words, English and Chinese."""
    english, chinese = HEADS[done.verdict.verdict]
    first, second = done.names
    return english.format(first=first, second=second), chinese.format(first=first, second=second)


def compose_comparison(done: Compared) -> Page:
    """Return the page of a comparison."""
    first, second = done.names
    return Page(
        title=f"{first} against {second}",
        title_zh="模型比较",
        subtitle=f"{done.rows:,} rows, {done.bads:,} of them bad, scored by both",
        lead=f"Would {second} decide better than {first}, and for whom would it decide otherwise?",
        sections=(_verdict(done), _swaps(done), _differ(done), _gates(done), *_segments(done), _limits(done)),
        made_from=done.made_from,
    )


def _verdict(done: Compared) -> Section:
    first, second = done.validations
    title, chinese = head_of(done)
    figures = [
        KeyFigure(f"AUC, {one.name}", show(one.ranking.auc.estimate_ppm, "fraction_ppm"), say_span(one.ranking.auc))
        for one in (first, second)
    ]
    figures += [
        KeyFigure(f"KS, {one.name}", show(one.ranking.ks.estimate_ppm, "fraction_ppm"), say_span(one.ranking.ks))
        for one in (first, second)
    ]
    table = difference_table(done.verdict.differences, title="Paired differences 配对差异")
    told = Callout(tone="note", title=f"{title} {chinese}", text=RULE)
    return Section(id="verdict", title="Which is better?", title_zh="结论", blocks=(KeyFigures(tuple(figures)), told, table))


def _swaps(done: Compared) -> Section:
    first, second = done.names
    table = DataTable(
        caption=f"*Swapped in* are approved by {second} only, *swapped out* by {first} only. Whoever swaps well takes in "
        "fewer bads than go out.",
        columns=(
            Column(title="Approved 通过率", unit="ppm", places=0),
            Column(title="Both 均通过", unit="count"),
            Column(title="Swapped in 换入", unit="count"),
            Column(title="bad rate 违约率"),
            Column(title="Swapped out 换出", unit="count"),
            Column(title="bad rate 违约率"),
            Column(title="Bads fewer 少坏", unit="count", signed=True),
        ),
        rows=tuple(
            (
                swap.asked_ppm,
                swap.both.rows,
                swap.only_second.rows,
                say_rate(swap.only_second.bad_rate),
                swap.only_first.rows,
                say_rate(swap.only_first.bad_rate),
                swap.bads_less,
            )
            for swap in done.swaps
        ),
    )
    cuts = [one.cutoffs for one in done.validations]
    same = [cut.asked_ppm for cut in cuts[0]] == [cut.asked_ppm for cut in cuts[1]]
    blocks: tuple[Block, ...] = (table,)
    if same:
        series = {
            one.name: [cut.bad_rate.estimate_ppm for cut in each] for one, each in zip(done.validations, cuts, strict=True)
        }
        chart = lines(
            [cut.asked_ppm for cut in cuts[0]], series, x_unit="ppm", unit="ppm", x_axis="approved", axis="bads among them"
        )
        described = "If the safest so many per cent were approved by each."
        blocks = (ChartBlock(title="Bad rate at equal approval 同通过率违约率", description=described, spec=chart), table)
    return Section(id="swaps", title="Who changes sides?", title_zh="换入换出", blocks=blocks)


def _differ(done: Compared) -> Section:
    first, second = done.names
    names = ("1 riskiest", "2", "3", "4", "5 safest")
    share = [[round(PPM * cell.rows / done.rows) for cell in line] for line in done.fifths]
    rate: list[list[int | float | None]] = [[_rate(cell) for cell in line] for line in done.fifths]
    blocks: tuple[Block, ...] = (
        ChartBlock(
            title="Where rows stand by both 交叉分布",
            description="Share of rows in each fifth of the one and of the other. Away from the diagonal the two disagree.",
            spec=heat(names, names, share, unit="ppm", row_axis=first, column_axis=second),
        ),
        ChartBlock(
            title="What became of them 交叉违约率",
            description="Bad rate of each cell. Where rates change along a row but not down a column, the second score is "
            "the one that knows.",
            spec=heat(names, names, rate, unit="ppm", row_axis=first, column_axis=second),
        ),
    )
    lead = f"Rank correlation {show(done.correlation_ppm, 'fraction_ppm')} (Spearman 1904)."
    return Section(id="differ", title="Where do they differ?", title_zh="差异所在", blocks=blocks, lead=lead)


def _rate(cell: Cell) -> int | None:
    return cell.bad_rate.estimate_ppm if cell.bad_rate else None


def _gates(done: Compared) -> Section:
    gates = list(dict.fromkeys(one.gate for side in done.validations for one in side.verdicts))
    table = DataTable(
        columns=(Column(title="Gate 门限"), *(Column(title=name) for name in done.names)),
        rows=tuple((" ".join(QUESTIONS[gate]), *(_say_gate(side, gate) for side in done.validations)) for gate in gates),
    )
    return Section(id="gates", title="The gates of each", title_zh="门限", blocks=(table,))


def _say_gate(side: Validation, gate: str) -> str:
    return next((f"{STATES[one.state]}: {say_reading(one)}" for one in side.verdicts if one.gate == gate), "–")


def _segments(done: Compared) -> list[Section]:
    first, second = done.validations
    if not first.segments:
        return []
    tables = [
        DataTable(
            title=f"By {column} 分群",
            columns=(
                Column(title=column),
                Column(title="Rows 样本", unit="count"),
                Column(title="Bad rate, 95 % 违约率"),
                *(Column(title=f"AUC, {name}") for name in done.names),
            ),
            rows=tuple(
                (one.band.name, one.band.rows, say_rate(one.band.bad_rate), say_interval(one.auc), say_interval(other.auc))
                for one, other in zip(parts, second.segments[column], strict=True)
            ),
        )
        for column, parts in first.segments.items()
    ]
    return [Section(id="segments", title="In whom does each work?", title_zh="客群", blocks=tuple(tables))]


def _limits(done: Compared) -> Section:
    items = (
        *done.notes,
        "Rows without an outcome are not compared: who was declined when these loans were made is not among them.",
        "Swaps are counted on these rows; a difference of a few bads is chance. The paired intervals above say how much is.",
    )
    return Section(id="limits", title="What this page cannot say", title_zh="局限与假设", blocks=(Bullets(items),))
