"""In: a loan account and an event on its day. Out: the account after it, and the amounts that it moves. Used: by the ledger alone.

One function for each sort of event that moves money; what changes the terms or ends the loan stands in `changes`. Order, identity
and days are the ledger's to check; here stands what an event means.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, Final

import msgspec

from weilend.core.credit import round_half_up
from weilend.core.errors import InputError
from weilend.core.money import show_yuan
from weilend.lending.account import (
    NOTHING,
    Amounts,
    Item,
    LoanAccount,
    Paid,
    Status,
    early_fee_fen,
    interest_to,
    payoff_fen,
)
from weilend.lending.allocation import allocate
from weilend.lending.events import (
    Drawdown,
    Due,
    Event,
    Fee,
    Payoff,
    Prepayment,
    Renewal,
    Repayment,
)
from weilend.lending.planning import count_for, halt, plan_days, replan
from weilend.lending.rules import COMPONENTS, order_at

Moved = tuple[LoanAccount, dict[str, int]]


def refusal(account: LoanAccount, event: Event, why: str, hint: str) -> InputError:
    """Return the error that refuses an event: which loan, which event, why, and what to do.

    >>> from datetime import date
    >>> from weilend.lending.example import example_loan
    >>> str(refusal(example_loan(), Due(event_id="X", on=date(2024, 2, 1), number=9), "is unheard of", "wait"))
    'loan L1: due X is unheard of. Hint: wait'
    """
    return InputError(f"loan {account.contract.loan_id}: {event.kind} {event.event_id} {why}", hint=hint)


def need_positive(account: LoanAccount, event: Event, fen: int) -> None:
    """Raise `InputError` unless an amount is positive.

    >>> from datetime import date
    >>> from weilend.lending.example import example_loan
    >>> need_positive(example_loan(), Due(event_id="X", on=date(2024, 2, 1), number=9), 1)
    """
    if fen <= 0:
        raise refusal(account, event, f"is of {fen} fen", "give a positive amount")


def need_a_plan(account: LoanAccount, event: Event) -> None:
    """Raise `InputError` where there is no plan to change: it is over, or a flat fee's, whose interest is fixed at the start.

    >>> from datetime import date
    >>> from weilend.lending.example import example_loan
    >>> need_a_plan(example_loan(), Due(event_id="X", on=date(2024, 2, 1), number=9))
    """
    if not account.planned:
        raise refusal(account, event, "comes when no instalment lies ahead", "restructure the loan, or lend anew")
    if account.contract.method == "flat_fee":
        raise refusal(account, event, "would change a flat fee, which is fixed at the start", "pay it off and lend anew")


def need_nothing_due(account: LoanAccount, event: Event) -> None:
    """Raise `InputError` while something is due and unpaid.

    >>> from datetime import date
    >>> from weilend.lending.example import example_loan
    >>> need_nothing_due(example_loan(), Due(event_id="X", on=date(2024, 2, 1), number=9))
    """
    if account.items:
        raise refusal(account, event, f"comes while {show_yuan(account.owed.total)} is due and unpaid", "repay that first")


def credits_of(amounts: Amounts) -> dict[str, int]:
    """Return the postings that take amounts off the receivables.

    >>> credits_of(Amounts(fee=5))["fee"]
    -5
    """
    return {name: -amounts.of(name) for name in COMPONENTS}


def _draw(account: LoanAccount, event: Drawdown) -> Moved:
    contract = account.contract
    need_positive(account, event, event.amount_fen)
    if account.drawn_fen == 0:
        if event.on != contract.booked_on:
            raise refusal(account, event, f"is of {event.on}, the loan is booked on {contract.booked_on}", "draw on that day")
        account = plan_days(account, contract.due_on)
    else:
        need_a_plan(account, event)
        need_nothing_due(account, event)
    after_fen = account.outstanding_fen + event.amount_fen
    if contract.limit_fen is not None and after_fen > contract.limit_fen:
        limit = show_yuan(contract.limit_fen)
        raise refusal(
            account, event, f"would bring {show_yuan(after_fen)} outstanding, above the limit of {limit}", "draw less"
        )
    halted = halt(account, event.on)
    drawn = msgspec.structs.replace(halted, drawn_fen=account.drawn_fen + event.amount_fen)
    source = "renewal_clearing" if event.way == "new_loan" else "cash"
    return replan(drawn, account.planned_fen + event.amount_fen), {"principal": event.amount_fen, source: -event.amount_fen}


def _fall_due(account: LoanAccount, event: Due) -> Moved:
    now, *later = account.planned
    item = Item(number=now.number, schedule_no=account.schedule_no, due_on=now.due_on, was=now.due, owed=now.due)
    after = msgspec.structs.replace(
        account,
        planned=tuple(later),
        items=(*account.items, item) if now.due.total else account.items,
        fallen=(*account.fallen, item) if now.due.total else account.fallen,
        period_from=now.due_on,
        accrued_to=now.due_on,
        accrued=Fraction(0),
    )
    moved = {"interest": now.interest_fen, "interest_income": -now.interest_fen}
    if not account.credit_fen:
        return after, moved
    paid, left = _pay(after, event, account.credit_fen, way="offset")
    used = account.credit_fen - left
    both = {"borrower_credit": used} | moved
    for name, fen in credits_of(after.owed - paid.owed).items():
        both[name] = both.get(name, 0) + fen
    return msgspec.structs.replace(paid, credit_fen=left), both


def _pay(account: LoanAccount, event: Event, amount_fen: int, **how: Any) -> tuple[LoanAccount, int]:
    """Use an amount up on what is owed; returns what is left over."""
    items, got, left = allocate(account.items, amount_fen, order_at(account.contract.allocation, account.morning_dpd))
    told = told_by(account, event, got, **how)
    principal_fen = sum(part.principal for part in got)
    after = msgspec.structs.replace(
        account, items=items, repaid_fen=account.repaid_fen + principal_fen, paid=(*account.paid, *told)
    )
    return after, left


def told_by(account: LoanAccount, event: Event, got: tuple[Amounts, ...], **how: Any) -> tuple[Paid, ...]:
    """Return what each open item got of an event's money, as it is told.

    >>> from datetime import date
    >>> from weilend.lending.example import example_loan
    >>> due = date(2024, 2, 1)
    >>> told_by(example_loan(due), Repayment(event_id="P", on=due, amount_fen=5), (Amounts(interest=5),))[0].number
    1
    """
    return tuple(
        Paid(
            payment_id=event.event_id,
            on=event.on,
            amounts=part,
            number=item.number,
            schedule_no=item.schedule_no,
            due_on=item.due_on,
            **how,
        )
        for item, part in zip(account.items, got, strict=True)
        if part != NOTHING
    )


def _charge(account: LoanAccount, event: Fee) -> Moved:
    need_positive(account, event, event.amount_fen)
    earned = "fee_income" if event.payee == "lender" else "payable_fees"
    if event.at_once:
        return account, {"cash": event.amount_fen, earned: -event.amount_fen}
    if not account.planned:
        raise refusal(account, event, "comes when no instalment lies ahead to carry it", "charge it at once")
    now, *later = account.planned
    now = msgspec.structs.replace(now, carried=now.carried.plus("fee", event.amount_fen))
    return msgspec.structs.replace(account, planned=(now, *later)), {"fee": event.amount_fen, earned: -event.amount_fen}


def _repay(account: LoanAccount, event: Repayment) -> Moved:
    need_positive(account, event, event.amount_fen)
    after, left = _pay(account, event, event.amount_fen, payer=event.payer, way=event.way)
    moved = {"cash": event.amount_fen} | credits_of(account.owed - after.owed)
    if not left:
        return after, moved
    if account.contract.overpayment == "refuse":
        raise refusal(account, event, f"is {show_yuan(left)} more than is due", "take what is due, or book a prepayment")
    room = payoff_fen(after, event.on, with_fee=False)
    if left > room:
        raise refusal(account, event, f"is {show_yuan(left - room)} more than the loan owes in all", "give that back")
    return msgspec.structs.replace(after, credit_fen=account.credit_fen + left), moved | {"borrower_credit": -left}


def _prepay(account: LoanAccount, event: Prepayment) -> Moved:
    need_positive(account, event, event.principal_fen)
    need_a_plan(account, event)
    need_nothing_due(account, event)
    left = account.planned_fen - event.principal_fen
    if left < 0 or (left == 0 and account.contract.method != "revolving"):
        raise refusal(account, event, f"is no part of the {show_yuan(account.planned_fen)} that are left", "book a payoff")
    fee = early_fee_fen(account, event.principal_fen)
    halted = halt(account, event.on)
    count = count_for(halted, left) if event.keeps == "instalment" else None
    paid = Paid(
        payment_id=event.event_id,
        on=event.on,
        amounts=Amounts(principal=event.principal_fen, fee=fee),
        payer=event.payer,
        way=event.way,
    )
    after = msgspec.structs.replace(
        replan(halted, left, count=count), repaid_fen=account.repaid_fen + event.principal_fen, paid=(*account.paid, paid)
    )
    if payoff_fen(after, event.on, with_fee=False) < 0:
        credit = show_yuan(account.credit_fen)
        raise refusal(
            account, event, f"leaves less than the {credit} of the borrower's credit", "book a payoff, which uses that"
        )
    return after, {"cash": event.principal_fen + fee, "principal": -event.principal_fen, "fee_income": -fee}


def _close(account: LoanAccount, event: Payoff | Renewal, fee_fen: int, money: str, **how: Any) -> Moved:
    """Repay all, due and not due, interest until the day included; the borrower's credit helps to pay."""
    quote = payoff_fen(account, event.on, with_fee=bool(fee_fen))
    if event.amount_fen != quote:
        given = show_yuan(event.amount_fen)
        raise refusal(account, event, f"is of {given}, all that is owed is {show_yuan(quote)}", f"give {quote} fen")
    interest = round_half_up(interest_to(account, event.on))
    ahead = account.carried + Amounts(principal=account.planned_fen)
    early = () if not account.planned else (Paid(
        payment_id=event.event_id, on=event.on, amounts=ahead + Amounts(interest=interest, fee=fee_fen),
        is_early_payoff=isinstance(event, Payoff), **how,
    ),)  # fmt: skip
    moved = credits_of(account.owed + ahead) | {
        money: event.amount_fen,
        "interest_income": -interest,
        "fee_income": -fee_fen,
        "borrower_credit": account.credit_fen,
    }
    after = msgspec.structs.replace(
        account,
        planned=(),
        items=(),
        accrued=Fraction(0),
        credit_fen=0,
        repaid_fen=account.drawn_fen,
        paid=(*account.paid, *told_by(account, event, tuple(item.owed for item in account.items), **how), *early),
    )
    return after, moved


def _pay_off(account: LoanAccount, event: Payoff) -> Moved:
    status: Status = "settled_early" if account.planned else "settled"
    fee = early_fee_fen(account, account.planned_fen)
    after, moved = _close(account, event, fee, "cash", payer=event.payer, way=event.way)
    return msgspec.structs.replace(after, status=status), moved


def _renew(account: LoanAccount, event: Renewal) -> Moved:
    after, moved = _close(account, event, 0, "renewal_clearing", way="new_loan")
    stress = account.under_stress or event.under_stress
    return msgspec.structs.replace(after, status="renewed", renewed_by=event.renewed_by, under_stress=stress), moved


#: What each sort of event that moves money does.
MONEY_MOVES: Final[dict[type, Callable[[LoanAccount, Any], Moved]]] = {
    Drawdown: _draw,
    Due: _fall_due,
    Fee: _charge,
    Repayment: _repay,
    Prepayment: _prepay,
    Payoff: _pay_off,
    Renewal: _renew,
}
