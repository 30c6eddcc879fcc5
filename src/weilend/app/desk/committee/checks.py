"""In: a `Result`. Out: a table of what had to hold, counted again from the values. Used: by the section on the budget."""

from __future__ import annotations

from collections.abc import Iterator

from weilend.app.desk.committee.facts import business_of, offered_behind
from weilend.app.desk.committee.words import percent, yuan
from weilend.app.desk.run import Result
from weilend.core.money import PPM, mul_rate
from weilend.core.values import Receipt
from weilend.report import Column, DataTable

#: What was asked, what was found, whether it holds.
Check = tuple[str, str, str, str]


def tabulate_checks(result: Result) -> DataTable:
    """Return the table of checks."""
    return DataTable(
        title="What had to hold, counted again 约束复核",
        caption="Each line is counted from decisions and offers for this page, apart from the solver and the policy.",
        columns=(Column(title="Constraint 约束"), Column(title="Allowed"), Column(title="Found"), Column(title="Holds 满足")),
        rows=tuple(check for part in (_budget, _terms, _decisions, _sales) for check in part(result)),
        folded=False,
    )


def _held(what: str, allowed: str, found: str, *, holds: bool) -> Check:
    return (what, allowed, found, "yes 是" if holds else "NO 否")


def _budget(result: Result) -> Iterator[Check]:
    book, terms = result.allocation, result.sealed.product.terms
    offered = sum(placement.amount_fen for placement in book.placements)
    yield _held("Offered in all", f"at most {yuan(book.budget_fen)}", yuan(offered), holds=offered <= book.budget_fen)
    cap, most = terms.max_share_behind_one_customer_ppm, max(offered_behind(result).values(), default=0)
    allowed = f"at most {yuan(offered * cap // PPM)}, {percent(cap)} of what is offered"
    yield _held("Behind one shared largest customer", allowed, yuan(most), holds=most * PPM <= offered * cap)


def _terms(result: Result) -> Iterator[Check]:
    terms = result.sealed.product.terms
    amounts = [placement.amount_fen for placement in result.allocation.placements]
    rates = [placement.annual_rate_ppm for placement in result.allocation.placements]
    if not amounts:
        return
    yield _held(
        "Amount of each offer",
        f"{yuan(terms.min_amount_fen)} to {yuan(terms.max_amount_fen)} in steps of {yuan(terms.amount_step_fen)}",
        f"{yuan(min(amounts))} to {yuan(max(amounts))}",
        holds=all(terms.min_amount_fen <= a <= terms.max_amount_fen and a % terms.amount_step_fen == 0 for a in amounts),
    )
    yield _held(
        "Annual rate of each offer",
        f"{percent(terms.min_annual_rate_ppm)} to {percent(terms.max_annual_rate_ppm)}",
        f"{percent(min(rates), 2)} to {percent(max(rates), 2)}",
        holds=all(terms.min_annual_rate_ppm <= rate <= terms.max_annual_rate_ppm for rate in rates),
    )


def _decisions(result: Result) -> Iterator[Check]:
    decided = {business_of(receipt): receipt.decision for receipt in result.receipts}
    over = under = other = 0
    for placement in result.allocation.placements:
        decision = decided[placement.business_id]
        over += placement.amount_fen > (decision.ceiling_fen or 0)
        under += decision.floor_rate_ppm is None or placement.annual_rate_ppm < decision.floor_rate_ppm
        other += decision.outcome != "approve"
    yield _held("Offers above the ceiling of the decision", "none", str(over), holds=not over)
    yield _held("Offers below the floor rate of the decision", "none", str(under), holds=not under)
    yield _held("Offers to a business that was not approved", "none", str(other), holds=not other)


def _sales(result: Result) -> Iterator[Check]:
    part = result.sealed.evaluator.parameters["sales_capacity_ppm"]
    approved = [receipt for receipt in result.receipts if receipt.decision.outcome == "approve"]
    over = sum(not _carried(result, receipt, part) for receipt in approved)
    yield _held(f"Offers above {percent(part)} of twelve months' net sales", "none", str(over), holds=not over)
    asleep = sum(not receipt.features.values["sales_months_active_6m"] for receipt in approved)
    yield _held("Approved without a sale in the last six complete months", "none", str(asleep), holds=not asleep)


def _carried(result: Result, receipt: Receipt, part_ppm: int) -> bool:
    amount = result.offers[business_of(receipt)].amount_fen or 0
    return amount <= mul_rate(max(receipt.features.values["sales_fen_12m"] or 0, 0), part_ppm)
