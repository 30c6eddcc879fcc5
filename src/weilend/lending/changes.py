"""In: a loan account and an event that changes its terms or ends it. Out: the account after it, and the amounts it moves.
Used: by the ledger alone.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any, Final

import msgspec

from weilend.core.credit import round_half_up
from weilend.core.money import show_percent, show_yuan
from weilend.lending.account import Amounts, LoanAccount, interest_to
from weilend.lending.events import Provision, RateChange, Recovery, Restructuring, WriteOff
from weilend.lending.moves import Moved, credits_of, need_a_plan, need_positive, refusal, told_by
from weilend.lending.planning import halt, plan_days, replan


def _need_allowed_rate(account: LoanAccount, event: RateChange | Restructuring) -> None:
    cap = account.contract.rate_cap_ppm
    if event.annual_rate_ppm < 0 or (cap is not None and event.annual_rate_ppm > cap):
        allowed = f"0 to {show_percent(cap)}" if cap is not None else "0 or more"
        raise refusal(account, event, f"is to {show_percent(event.annual_rate_ppm)} a year", f"give {allowed}")


def _change_rate(account: LoanAccount, event: RateChange) -> Moved:
    need_a_plan(account, event)
    _need_allowed_rate(account, event)
    changed = msgspec.structs.replace(halt(account, event.on), annual_rate_ppm=event.annual_rate_ppm)
    return replan(changed, account.planned_fen), {}


def _restructure(account: LoanAccount, event: Restructuring) -> Moved:
    _need_allowed_rate(account, event)
    days = (event.on, *event.due_on)
    if account.contract.method == "flat_fee" or not event.due_on or any(after <= before for before, after in pairwise(days)):
        raise refusal(
            account, event, "has no due days after it, one after the other", "give them in order; a flat fee has none"
        )
    interest = round_half_up(interest_to(account, event.on))
    arrears = account.owed
    carried = account.carried + arrears + Amounts(interest=interest, principal=-arrears.principal)
    planned = msgspec.structs.replace(
        plan_days(account, event.due_on),
        annual_rate_ppm=event.annual_rate_ppm,
        day_count=event.day_count or account.day_count,
        items=(),
        period_from=event.on,
        accrued_to=event.on,
        accrued=Fraction(0),
        schedule_no=account.schedule_no + 1,
        restructured_on=event.on,
        under_stress=account.under_stress or event.under_stress,
        paid=(*account.paid, *told_by(account, event, tuple(item.owed for item in account.items), way="offset")),
    )
    spread = replan(planned, account.outstanding_fen)
    first = msgspec.structs.replace(spread.planned[0], carried=carried)
    after = msgspec.structs.replace(spread, planned=(first, *spread.planned[1:]))
    return after, {"interest": interest, "interest_income": -interest}


def _provide(account: LoanAccount, event: Provision) -> Moved:
    if event.allowance_fen < 0:
        raise refusal(account, event, f"is of {event.allowance_fen} fen", "give 0 or more")
    more = event.allowance_fen - account.allowance_fen
    return account, {"impairment_loss": more, "allowance": -more}


def _write_off(account: LoanAccount, event: WriteOff) -> Moved:
    if account.credit_fen:
        raise refusal(
            account, event, f"comes while {show_yuan(account.credit_fen)} stands to the borrower's credit", "use that"
        )
    gone = account.owed + account.carried + Amounts(principal=account.planned_fen)
    after = msgspec.structs.replace(
        account,
        planned=(),
        items=(),
        accrued=Fraction(0),
        status="written_off",
        written_off_fen=gone.principal,
        claim_fen=gone.total,
    )
    set_aside = account.allowance_fen
    return after, credits_of(gone) | {"allowance": set_aside, "impairment_loss": gone.total - set_aside}


def _recover(account: LoanAccount, event: Recovery) -> Moved:
    need_positive(account, event, event.amount_fen)
    left = account.claim_fen - account.recovered_fen
    if account.status != "written_off" or event.cost_fen < 0 or event.amount_fen > left:
        raise refusal(
            account, event, f"does not fit a claim of {show_yuan(left)}", "recover what was written off, at a cost of 0+"
        )
    after = msgspec.structs.replace(
        account,
        recovered_fen=account.recovered_fen + event.amount_fen,
        recovery_cost_fen=account.recovery_cost_fen + event.cost_fen,
    )
    cash = event.amount_fen - event.cost_fen
    return after, {"cash": cash, "recovery_cost": event.cost_fen, "recoveries": -event.amount_fen}


#: What each sort of event that changes the terms, or ends the loan, does.
CHANGES: Final[dict[type, Callable[[LoanAccount, Any], Moved]]] = {
    RateChange: _change_rate,
    Restructuring: _restructure,
    Provision: _provide,
    WriteOff: _write_off,
    Recovery: _recover,
}
