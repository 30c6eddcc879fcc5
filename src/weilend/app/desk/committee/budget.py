"""In: a `Result`. Out: the section on who is offered how much at what rate. Used: by the committee's report."""

from __future__ import annotations

from collections.abc import Sequence

from weilend.app.desk.committee.checks import tabulate_checks
from weilend.app.desk.committee.facts import (
    NOT_PLACED,
    answer_of,
    business_of,
    mean_pd_ppm,
    mean_rate_ppm,
    offered_behind,
    shared_customers,
    taken_fen,
)
from weilend.app.desk.committee.words import businesses, percent, plural, share_ppm, yuan
from weilend.app.desk.placing import economics_of
from weilend.app.desk.run import Result
from weilend.core.money import mul_rate
from weilend.partners import Placement
from weilend.report import Block, Callout, ChartBlock, Column, DataTable, Details, Prose, Section, bars, ranked, waterfall

CUSTOMERS_SHOWN = 8


def compose_budget(result: Result) -> Section:
    """Return the section on the placed budget."""
    book = result.allocation
    blocks: list[Block] = [Prose((_proven(result), _taken(result)))]
    blocks += _charts(result) if book.placements else [Callout(tone="note", title="Nothing is placed")]
    blocks += [_by_grade(result), _binding(result), *_customers(result), *_left_out(result), tabulate_checks(result)]
    return Section(
        id="budget",
        title="The budget",
        title_zh="预算安排",
        lead=f"{yuan(book.offered_fen)} of {yuan(book.budget_fen)} are offered to {businesses(len(book.placements))}, each "
        "within the ceiling and the floor rate of its decision, so that expected profit is as large as the constraints allow.",
        blocks=tuple(blocks),
        new_page=True,
    )


def _proven(result: Result) -> str:
    book = result.allocation
    expected = f"Expected profit is **{yuan(book.expected_profit_fen)}**"
    if book.method == "optimal":
        return f"{expected}, proven optimal: no book within the constraints expects more under the same assumptions."
    if book.method == "gap" and book.bound_fen is not None:
        return (
            f"{expected}; the search stopped early, and what is proven is that no book within the constraints expects more than "
            f"{yuan(book.bound_fen)}, {yuan(book.bound_fen - book.expected_profit_fen)} above it."
        )
    return f"{expected}; the book follows a rule, and nothing is proven about a better one."


def _taken(result: Result) -> str:
    book = result.allocation
    part = percent(share_ppm(book.expected_taken_fen, book.offered_fen))
    return (
        f"An offer is not a loan. By the table of customers lost at each rate, **{yuan(book.expected_taken_fen)}** ({part}) of "
        "what is offered is expected to be taken up; the rest turn the rate down. The budget counts what is offered, as "
        "the contest does."
    )


def _charts(result: Result) -> list[Block]:
    placements = result.allocation.placements
    order = [grade for grade in result.sealed.product.grades if any(p.grade == grade for p in placements)]
    rates = sorted({placement.annual_rate_ppm for placement in placements})
    return [
        ChartBlock(
            title="Amounts offered, by rank 授信金额",
            description="Each bar is one business, the largest offer at the left; darker is a worse grade.",
            spec=ranked(
                [placement.amount_fen for placement in placements],
                unit="fen",
                groups=[placement.grade for placement in placements],
                order=order,
                shaded=True,
                axis="amount",
                counted="business",
            ),
        ),
        ChartBlock(
            title="Annual rates offered 年化利率",
            description="Only the rates of the table of lost customers can be offered; nothing between them is known.",
            spec=bars(
                [percent(rate, 2) for rate in rates],
                [sum(placement.annual_rate_ppm == rate for placement in placements) for rate in rates],
                sort=False,
                axis="businesses",
            ),
        ),
        _profit(result),
    ]


def _profit(result: Result) -> ChartBlock:
    product = result.sealed.product
    costs = economics_of(product)
    interest = funding = losses = 0
    for placement in result.allocation.placements:
        taken = taken_fen(result, placement)
        interest += mul_rate(mul_rate(taken, 1_000_000 - placement.pd_ppm), placement.annual_rate_ppm)
        funding += mul_rate(taken, costs.funding_rate_ppm)
        losses += mul_rate(mul_rate(taken, placement.pd_ppm), costs.loss_given_default_ppm)
    return ChartBlock(
        title="Where the expected profit comes from 预期利润构成",
        description="Of what is expected to be taken up: interest of those that repay, the cost of money, expected losses. "
        "Operating cost is not in it.",
        spec=waterfall(
            ["Interest 利息", "Funding 资金成本", "Expected losses 预期损失"],
            [round(interest, -2), -round(funding, -2), -round(losses, -2)],
            unit="fen",
            total="Expected profit 预期利润",
        ),
    )


def _by_grade(result: Result) -> DataTable:
    book = result.allocation
    rows = [
        _grade_row(grade, [p for p in book.placements if p.grade == grade], book.offered_fen)
        for grade in result.sealed.product.grades
    ]
    return DataTable(
        title="Offers by grade 各等级授信",
        caption="Rate and PD are weighted by amount.",
        columns=(
            Column(title="Grade 等级"),
            Column(title="Businesses 企业", unit="count"),
            Column(title="Offered 金额", unit="fen"),
            Column(title="Share 占比", unit="ppm", places=1, bar=True),
            Column(title="Mean rate 平均利率", unit="ppm"),
            Column(title="Mean PD 平均违约概率", unit="ppm"),
            Column(title="Expected profit 预期利润", unit="fen"),
        ),
        rows=(*rows, _grade_row("All", book.placements, book.offered_fen)),
    )


def _grade_row(name: str, placements: Sequence[Placement], offered_fen: int) -> tuple[str | int | None, ...]:
    amount = sum(placement.amount_fen for placement in placements)
    profit = round(sum(placement.expected_profit_fen for placement in placements), -2)
    part = share_ppm(amount, offered_fen)
    return (name, len(placements), amount, part, mean_rate_ppm(placements), mean_pd_ppm(placements), profit)


def _binding(result: Result) -> Callout:
    found = result.allocation.binding
    if not found:
        return Callout(
            tone="note", title="No constraint binds · 无约束生效", text="More money would not be expected to earn more."
        )
    return Callout(
        tone="note",
        title="What binds, and what a little more room would be expected to earn · 生效约束及其影子价格",
        items=tuple(f"{reason.en}. {reason.zh}。" for reason in found),
    )


def _customers(result: Result) -> list[Block]:
    shared, behind, book = shared_customers(result), offered_behind(result), result.allocation
    cap = result.sealed.product.terms.max_share_behind_one_customer_ppm
    if not shared:
        return [
            Prose(
                (f"No two approved businesses share their largest customer, so the cap of {percent(cap)} has nothing to hold.",)
            )
        ]
    largest = sorted(behind, key=lambda customer: (-behind[customer], customer))[:CUSTOMERS_SHOWN]
    return [
        DataTable(
            title="Offered behind one shared largest customer 共同第一大客户集中度",
            caption=f"{plural(len(shared), 'customer')} are the largest of two or more approved businesses. At most {percent(cap)} "
            f"of what is offered may stand behind one of them. The {len(largest)} with most behind them:",
            columns=(
                Column(title="Customer 客户"),
                Column(title="Approved businesses", unit="count"),
                Column(title="Offered 金额", unit="fen"),
                Column(title="Share of all offered 占比", unit="ppm", bar=True),
            ),
            rows=tuple((name, len(shared[name]), behind[name], share_ppm(behind[name], book.offered_fen)) for name in largest),
        )
    ]


def _left_out(result: Result) -> list[Block]:
    left = [receipt for receipt in result.receipts if answer_of(result, receipt) == NOT_PLACED]
    if not left:
        return [Prose(("Every approved business is offered a loan.",))]
    rows = []
    for grade in result.sealed.product.grades:
        ceilings = [receipt.decision.ceiling_fen or 0 for receipt in left if receipt.decision.grade == grade]
        rows += [(grade, len(ceilings), sum(ceilings))] if ceilings else []
    return [
        DataTable(
            title="Approved, not placed 通过未安排",
            caption=f"{businesses(len(left))} meet the policy and are offered nothing: within the budget, money elsewhere is "
            "expected to earn more, or no rate of the table earns anything with them.",
            columns=(
                Column(title="Grade 等级"),
                Column(title="Businesses 企业", unit="count", bar=True),
                Column(title="Ceilings together 额度上限合计", unit="fen"),
            ),
            rows=tuple(rows),
        ),
        Details("Which these are", (Prose((", ".join(business_of(receipt) for receipt in left),)),)),
    ]
