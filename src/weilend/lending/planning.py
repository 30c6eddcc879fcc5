"""In: a loan account, a principal. Out: its instalments reckoned anew. Used: by the ledger when a plan changes in the middle.

A drawdown, a prepayment, a change of rate and a restructuring are all the same sum: what the running period bore so far is added
to what the rest of it will bear, and the method of the contract spreads the principal over the periods that are left.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import msgspec

from weilend.core.credit import round_half_up
from weilend.core.errors import InputError
from weilend.lending.account import LoanAccount, Planned, interest_to
from weilend.lending.contract import rates_between, schedule_for


def halt(account: LoanAccount, on: date) -> LoanAccount:
    """Return the account with the interest of the running period settled until a day: from here on it may bear another rate.

    >>> from weilend.lending.example import example_loan
    >>> halt(example_loan(), date(2024, 1, 2)).accrued * 31
    Fraction(150000, 1)
    """
    return msgspec.structs.replace(account, accrued=interest_to(account, on), accrued_to=on)


def replan(account: LoanAccount, principal_fen: int, *, count: int | None = None) -> LoanAccount:
    """Return the account with a principal spread over its instalments, or the first `count` of them; it has been halted.

    >>> from weilend.lending.example import example_loan
    >>> [row.principal_fen for row in replan(example_loan(months=2, method="equal_principal"), 100).planned]
    [50, 50]
    """
    rows = account.planned[:count]
    days = (account.period_from, *(row.due_on for row in rows))
    first, *others = rates_between(account.annual_rate_ppm, days, account.day_count)
    left = Fraction((days[1] - account.accrued_to).days, (days[1] - account.period_from).days)
    if principal_fen == 0:
        interest = (round_half_up(account.accrued), *[0] * len(others))
        principal = (0,) * len(rows)
    else:
        rates = (first * left + account.accrued * Fraction(1, principal_fen), *others)
        schedule = schedule_for(account.contract.method, principal_fen, rates)
        interest = tuple(row.interest_fen for row in schedule.instalments)
        principal = tuple(row.principal_fen for row in schedule.instalments)
    planned = tuple(
        msgspec.structs.replace(row, principal_fen=repaid, interest_fen=borne)
        for row, repaid, borne in zip(rows, principal, interest, strict=True)
    )
    return msgspec.structs.replace(account, planned=planned)


def plan_days(account: LoanAccount, due_on: tuple[date, ...]) -> LoanAccount:
    """Return the account with empty instalments on some due days.

    >>> from weilend.lending.example import example_loan
    >>> plan_days(example_loan(), (date(2024, 2, 1),)).planned_fen
    0
    """
    planned = tuple(
        Planned(number=place, due_on=day, principal_fen=0, interest_fen=0) for place, day in enumerate(due_on, start=1)
    )
    return msgspec.structs.replace(account, planned=planned)


def count_for(account: LoanAccount, principal_fen: int) -> int:
    """Return the fewest instalments that repay a principal without any being larger than the next one is now.

    Raises `InputError` for methods whose instalments do not say how long they go on.

    >>> from weilend.lending.example import example_loan
    >>> count_for(example_loan(), 5_000_000)
    6
    """
    if account.contract.method not in ("equal_instalment", "equal_principal"):
        raise InputError(
            f"loan {account.contract.loan_id} is {account.contract.method}: a prepayment cannot keep its instalment",
            hint="let it keep the term",
        )
    now = account.planned[0]
    most = now.principal_fen + now.interest_fen
    for count in range(1, len(account.planned)):
        then = replan(account, principal_fen, count=count).planned[0]
        if then.principal_fen + then.interest_fen <= most:
            return count
    return len(account.planned)
