"""In: a `Result`. Out: the section on the book under other assumptions. Used: by the committee's report."""

from __future__ import annotations

from collections.abc import Callable

from weilend.app.desk.committee.words import businesses, percent, plural, share, yuan
from weilend.app.desk.run import Result
from weilend.partners import Scenario, StressCell, survival
from weilend.report import Block, ChartGrid, Column, DataTable, Panel, Prose, Section, Unit, heat


def compose_stress(result: Result) -> Section:
    """Return the section on stress."""
    cells = result.stress.cells
    base = result.stress.base
    blocks: tuple[Block, ...] = (
        Prose((_worst(result), _kept(result))),
        _grid(
            result,
            "Expected profit of the book as it is placed 原方案预期利润",
            "Amounts and rates stay; PDs, losses and cost of money change.",
            lambda cell: cell.base_profit_fen,
        ),
        _grid(
            result,
            "Expected profit of a book decided and placed anew 重新决策后的预期利润",
            "The policy decides again under each set of assumptions and the budget is placed again.",
            lambda cell: cell.expected_profit_fen,
        ),
        _grid(
            result,
            "Placements that survive 仍获授信的企业数",
            f"How many of the {businesses(len(result.allocation.placements))} placed now would be placed again.",
            lambda cell: len(cell.kept),
            unit="count",
        ),
        _survival(result),
    )
    return Section(
        id="stress",
        title="Under other assumptions",
        title_zh="压力测试",
        lead=f"{len(cells)} combinations of bad rate, loss and cost of money. The report's own are "
        f"{_name(base)}; in each the {plural(len(result.receipts), 'application')} are decided and placed again.",
        blocks=blocks,
        new_page=True,
    )


def _name(scenario: Scenario) -> str:
    return (
        f"bad rate {percent(scenario.bad_rate_ppm)}, loss {percent(scenario.loss_given_default_ppm)}, funding "
        f"{percent(scenario.funding_rate_ppm)}"
    )


def _worst(result: Result) -> str:
    cells = result.stress.cells
    worst = min(cells, key=lambda cell: cell.base_profit_fen)
    losing = sum(cell.base_profit_fen < 0 for cell in cells)
    return (
        f"Left as it is, the book expects **{yuan(worst.base_profit_fen)}** in the worst combination ({_name(worst.scenario)}), "
        f"against {yuan(result.allocation.expected_profit_fen)} at the base. It expects a loss in {losing} of {len(cells)}."
    )


def _kept(result: Result) -> str:
    counts, cells = survival(result.allocation, result.stress.cells), result.stress.cells
    always = sum(count == len(cells) for count in counts.values())
    fewest = min((len(cell.kept) for cell in cells), default=0)
    return (
        f"**Which decisions survive:** {share(always, len(counts))} businesses that are placed now are placed in all {len(cells)} "
        f"combinations; {fewest} of them are in the combination that keeps fewest. Amounts and rates may differ from one to the "
        "next. Points do not move with a bad rate, PDs do: the order of businesses stays, so a stress of it cannot show that the "
        "card ranks them wrongly."
    )


def _grid(result: Result, title: str, description: str, read: Callable[[StressCell], int], *, unit: Unit = "fen") -> ChartGrid:
    found = {cell.scenario: read(cell) for cell in result.stress.cells}
    bads, losses, fundings = (sorted({getattr(scenario, field) for scenario in found}) for field in Scenario.__struct_fields__)
    domain = (min(found.values(), default=0), max(found.values(), default=0))
    panels = []
    for funding in fundings:
        values = [
            [found.get(Scenario(bad_rate_ppm=bad, loss_given_default_ppm=loss, funding_rate_ppm=funding)) for bad in bads]
            for loss in losses
        ]
        spec = heat(
            [percent(loss) for loss in losses],
            [percent(bad) for bad in bads],
            values,
            unit=unit,
            row_axis="loss",
            column_axis="bad rate",
            centre=0 if unit == "fen" and domain[0] < 0 else None,
            domain=domain,
        )
        panels.append(Panel(f"Funding at {percent(funding)}", spec))
    said = f"{description} Orange is an expected loss." if unit == "fen" and domain[0] < 0 else description
    return ChartGrid(title=title, description=said, panels=tuple(panels))


def _survival(result: Result) -> DataTable:
    cells = len(result.stress.cells)
    kept = survival(result.allocation, result.stress.cells)
    amounts = {placement.business_id: placement.amount_fen for placement in result.allocation.placements}
    rows = []
    for count in sorted(set(kept.values()), reverse=True):
        names = [name for name, times in kept.items() if times == count]
        listed = ", ".join(names) if len(names) <= 12 else f"{', '.join(names[:12])} and {len(names) - 12} more"
        rows.append((f"{count} of {cells}", len(names), sum(amounts[name] for name in names), listed))
    return DataTable(
        title="In how many combinations a placement survives 授信存续情况",
        columns=(
            Column(title="Combinations 情景数"),
            Column(title="Businesses 企业", unit="count", bar=True),
            Column(title="Offered now 金额", unit="fen"),
            Column(title="Which"),
        ),
        rows=tuple(rows),
        folded=False,
    )
