"""In: a what-if, a search. Out: pages on which known, estimated and unknown stand apart. Used: by `weilend policy
whatif|search`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from weilend.app.desk.backtest.blocks import warn_of_assumptions
from weilend.app.desk.committee.words import percent, plural, share_ppm, yuan
from weilend.app.desk.whatif.estimate import Wondered
from weilend.app.desk.whatif.search import MOST_POINTS, Point, Searched, say_values
from weilend.decision.search import Variant
from weilend.decision.whatif import Figure, WhatIf
from weilend.decision.whatif.parts import Apart, Combined, Estimated, Known, Unknown
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
    Unit,
    scatter,
    show_short,
)

_TIGHT, _MINUS = "\N{NO-BREAK SPACE}", "\N{MINUS SIGN}"

_KINDS: Final[dict[type[Apart], str]] = {
    Known: "known 已知",
    Estimated: "estimated 估计",
    Unknown: "unknown 未知",
    Combined: "added up 合计",
}
_COLUMNS: Final = (
    Column(title="What 部分"),
    Column(title="Applications 进件", unit="count"),
    Column(title="Bad rate 违约率"),
    Column(title="Loss 损失"),
    Column(title="Profit 利润"),
    Column(title="By what, and if what 方法与假设"),
)
APART: Final = (
    "*Known* were approved then and would be approved now, and what became of them was seen. *Estimated* would only be approved "
    "now: each estimate names what it assumes. *Unknown* are like nobody who was ever approved, or not yet ripe: bounds, no "
    "estimate. They are never added up, but where a line says so. Intervals are 95 %, with owners as draws."
)


def compose_whatif(wondered: Wondered) -> Page:
    """Return the page of one policy over a log."""
    policy, result = wondered.evaluator.policy, wondered.result
    kinds = Callout(tone="unknown", title="Three kinds of numbers 三类数字", text=APART)
    return Page(
        title=f"What if: {policy.name}",
        title_zh=f"政策假设分析 · {policy.zh}",
        subtitle=f"{policy.en}, version {policy.version} · {plural(result.applications, 'application')} of {wondered.data}",
        lead="What this policy would have brought, had it decided the applications of the log.",
        sections=(
            Section(
                id="brought",
                title="What it would have brought",
                title_zh="假设结果",
                blocks=(
                    KeyFigures(_figures(result)),
                    kinds,
                    *warn_of_assumptions(wondered.assumed),
                    tabulate_parts(result),
                    *_refused(result.refusals),
                ),
            ),
        ),
        made_from=(("policy", policy.identity), ("applications", wondered.data)),
    )


def _figures(result: WhatIf) -> tuple[KeyFigure, ...]:
    known, unknown = result.known, result.unknown
    swapped = result.approved - known.applications
    share = percent(share_ppm(result.approved, result.applications))
    return (
        KeyFigure("Approved 通过", share, f"{result.approved:,} of {result.applications:,}"),
        KeyFigure("Bad rate, known 已知违约率", _span(known.bad_ppm, "ppm"), f"{known.applications:,} that both approve"),
        KeyFigure("Not seen 未观察", f"{swapped:,}", f"of these nothing at all is known of {unknown.applications:,}"),
        KeyFigure("Profit, known 已知利润", _span(known.profit_fen, "fen"), "losses taken off"),
    )


def tabulate_parts(result: WhatIf, title: str = "By what is known 按已知程度") -> DataTable:
    """Return the parts of a what-if, one row each, never added up but in the row that says so."""
    return DataTable(title=title, columns=_COLUMNS, rows=tuple(_row(part) for part in result.parts))


def _row(part: Apart) -> tuple[str | int, ...]:
    bounds = isinstance(part, Unknown)
    figures = (
        _span(part.bad_ppm, "ppm", bounds=bounds),
        _span(part.loss_fen, "fen", bounds=bounds),
        _span(part.profit_fen, "fen", bounds=bounds),
    )
    return (_KINDS[type(part)], part.applications, *figures, part.by)


def _span(figure: Figure | None, unit: Unit, *, bounds: bool = False) -> str:
    if figure is None:
        return "–"
    value, lo, hi = (show_short(one, unit).replace(" ", _TIGHT).replace("-", _MINUS) for one in _numbers(figure))
    span = _TIGHT.join((lo, "to", hi))
    return span if bounds else f"{value} ({span})"  # a line may break before the interval, and nowhere else


def _numbers(figure: Figure) -> tuple[int, int, int]:
    return figure.value, figure.lo, figure.hi


def _refused(sentences: Sequence[str]) -> list[Block]:
    return [Callout(tone="warning", title="Not estimated 未作估计", items=tuple(sentences))] if sentences else []


def compose_search(found: Searched) -> Page:
    """Return the page of a search: the frontier, what each point is made of, and whether the winner is proven."""
    policy = found.policy
    return Page(
        title=f"Policy search: {policy.name}",
        title_zh=f"政策参数搜索 · {policy.zh}",
        subtitle=f"{plural(found.tried, 'variant')} of version {policy.version} · "
        f"{plural(found.base.result.applications, 'application')} of {found.data}",
        lead="More approvals, less loss, more profit: the variants of this policy that no other beats in all three.",
        sections=(_winner(found), _frontier(found), _points(found)),
        made_from=(("policy", policy.identity), ("applications", found.data)),
    )


def _winner(found: Searched) -> Section:
    blocks: list[Block] = [Callout(tone="unknown", title="Three kinds of numbers 三类数字", text=APART)]
    if found.won is None:
        text = "None of the points shown passes the prover: none may be proposed."
        blocks.append(Callout(tone="warning", title="No winner 无可行方案", text=text, items=found.refused))
    else:
        blocks.append(
            Callout(
                tone="note",
                title="The most profitable point that is proven 已证明的最优点",
                text=f"{say_values(found.won.variant.values)}. Ranked by known and estimated together, which is for ranking alone. "
                f"{plural(len(found.cases), 'expectation')} of the policy's cases would have to be rewritten by a person.",
                items=found.refused,
            )
        )
        blocks.append(tabulate_parts(found.won.result, "The winner 最优点"))
    blocks += [tabulate_parts(found.base.result, "The policy as it stands 现行政策"), *warn_of_assumptions(found.assumed)]
    if found.skipped:
        blocks.append(Callout(tone="warning", title="Not tried 未尝试", items=found.skipped))
    return Section(id="winner", title="What was found", title_zh="搜索结果", blocks=tuple(blocks))


def _frontier(found: Searched) -> Section:
    variants = [*found.frontier, found.base.variant]
    groups = [*["frontier 前沿"] * len(found.frontier), "as it stands 现行"]
    labels = [say_values(one.values) for one in variants]
    share = [share_ppm(one.approved, found.base.result.applications) for one in variants]
    charts = [
        ChartBlock(
            title=title,
            description="Each dot is a variant, its parameters in its label. Known and estimated are added up here, to rank.",
            spec=scatter(
                share,
                [one.ranked[at] for one in variants],
                x_unit="ppm",
                y_unit="fen",
                x_axis="approved 通过率",
                y_axis=axis,
                labels=labels,
                groups=groups,
            ),
        )
        for title, at, axis in (
            ("Profit against approvals 利润与通过率", 2, "profit, known + estimated"),
            ("Loss against approvals 损失与通过率", 1, "loss, known + estimated"),
        )
    ]
    tried = Bullets(tuple(f"{name}: {', '.join(f'{value:,}' for value in values)}" for name, values in found.levels.items()))
    return Section(
        id="frontier", title="The frontier", title_zh="前沿", lead="Values that were tried:", blocks=(tried, *charts)
    )


def _points(found: Searched) -> Section:
    columns = (
        *(Column(title=name) for name in found.levels),
        Column(title="Approved 通过", unit="count"),
        Column(title="Known: bad rate 已知违约率"),
        Column(title="Known: profit 已知利润"),
        Column(title="Estimated by chance: applications"),
        Column(title="Profit 利润"),
        Column(title="By model alone: applications"),
        Column(title="Profit 利润"),
        Column(title="Unknown: profit 未知利润"),
    )
    rows = tuple(_point(point, tuple(found.levels)) for point in found.points)
    most = f" {MOST_POINTS} of {len(found.frontier):,} are shown, from end to end." if len(found.frontier) > MOST_POINTS else ""
    table = DataTable(
        title="Points of the frontier 前沿各点", caption=f"The most profitable first.{most}", columns=columns, rows=rows
    )
    return Section(id="points", title="Its points", title_zh="各点明细", blocks=(table,))


def _point(point: Point, names: Sequence[str]) -> tuple[str | int, ...]:
    variant, result = point.variant, point.result
    tried = result.tried[0] if result.tried else None
    estimates = [
        (f"{one.applications:,}", _span(one.profit_fen, "fen")) if one else ("0", "–") for one in (tried, result.beyond)
    ]
    return (
        *(f"{variant.values[name]:_}" for name in names),
        variant.approved,
        _span(result.known.bad_ppm, "ppm"),
        _span(result.known.profit_fen, "fen"),
        *(cell for pair in estimates for cell in pair),
        _span(result.unknown.profit_fen, "fen", bounds=True),
    )


def line_of(variant: Variant) -> tuple[str | int, ...]:
    """Return a variant as a line on a terminal: its values, approvals, then profit in yuan as known and as estimated.

    >>> from weilend.decision.search import Sums
    >>> part = Sums(applications=1, borrowers=1.0, bads=0.0, loss_fen=0, profit_fen=500)
    >>> line_of(Variant(values={"x": 1}, approved=3, ceiling_fen=0, known=part, tried=part, beyond=part, pending=0))
    ('x = 1', 3, '¥5', '¥5', '¥5')
    """
    profits = (yuan(part.profit_fen) for part in (variant.known, variant.tried, variant.beyond))
    return (say_values(variant.values), variant.approved, *profits)
