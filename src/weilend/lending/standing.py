"""In: a loan account, a day. Out: `Standing`, how the loan stands at the end of it. Used: by records, statements and portfolios."""

from __future__ import annotations

from datetime import date

import msgspec

from weilend.core.credit import month_days, round_half_up
from weilend.core.errors import InputError
from weilend.core.money import mul_rate
from weilend.lending.account import Item, LoanAccount, accrue_penalties, dpd_at, interest_to
from weilend.lending.ledger import bring_to
from weilend.lending.rules import RULES, RiskClass, step_at


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How a loan stands at the end of a day: the word for it, days past due, bucket, class; amounts in fen.

    `dpd` counts from the oldest unpaid due day, grace not taken off; it is 0 once nothing is owed on the books.

    >>> from weilend.lending.example import example_loan
    >>> found = stand(example_loan(), date(2024, 3, 5))
    >>> found.state, found.dpd, found.bucket, found.risk_class.zh, found.unpaid_count
    ('overdue', 33, 'M2', '关注', 2)
    """

    on: date
    state: str
    dpd: int
    bucket: str
    risk_class: RiskClass
    mob: int
    outstanding_fen: int
    overdue_fen: int
    overdue_principal_fen: int
    accrued_interest_fen: int
    unpaid_count: int
    max_dpd: int
    first_dpd: int
    is_non_accrual: bool
    next_due_on: date | None
    next_due_fen: int | None
    due_12m_fen: int

    @property
    def provision_fen(self) -> int:
        """What the class asks to set aside for the principal that is outstanding."""
        return mul_rate(self.outstanding_fen, self.risk_class.provision_ppm)


def stand(account: LoanAccount, on: date) -> Standing:
    """Return how a loan stands at the end of a day, not before its last event; what falls due by then is reckoned in.

    Raises `InputError` for a day before the books: fold the events until that day instead.

    >>> from weilend.lending.example import example_loan
    >>> stand(example_loan(date(2024, 3, 1)), date(2024, 2, 1))
    Traceback (most recent call last):
    weilend.core.errors.InputError: loan L1: the books are at 2024-03-01, after 2024-02-01. Hint: ...
    """
    loan_id = account.contract.loan_id
    if on < account.on:
        raise InputError(f"loan {loan_id}: the books are at {account.on}, after {on}", hint="fold the events until that day")
    due = bring_to(account, on)
    brought, _ = accrue_penalties(due, on)
    dpd = dpd_at(brought, on)
    unpaid = [item for item in brought.items if _counts(item)]
    first = max(((on - item.due_on).days for item in unpaid if (item.schedule_no, item.number) == (1, 1)), default=0)
    following = brought.planned[0] if brought.planned else None
    return Standing(
        on=on,
        state=_word(brought, dpd, on),
        dpd=dpd,
        bucket=step_at(RULES.buckets, dpd).name,
        risk_class=_class_of(brought, dpd),
        mob=max(months_between(brought.contract.booked_on, on), 0),
        outstanding_fen=brought.outstanding_fen,
        overdue_fen=sum(item.owed.total for item in unpaid),
        overdue_principal_fen=brought.owed.principal,
        accrued_interest_fen=round_half_up(interest_to(brought, on)),
        unpaid_count=len(unpaid),
        max_dpd=max(brought.max_dpd, dpd),
        first_dpd=max(brought.first_dpd, first),
        is_non_accrual=dpd >= RULES.non_accrual_from_dpd or brought.status == "written_off",
        next_due_on=following.due_on if following else None,
        next_due_fen=following.due.total if following else None,
        due_12m_fen=sum(row.due.total for row in brought.planned if row.due_on <= month_days(on, 12)[-1]),
    )


def months_between(start: date, end: date) -> int:
    """Return the complete months from one day to another.

    >>> months_between(date(2024, 1, 31), date(2024, 2, 29)), months_between(date(2024, 1, 15), date(2024, 2, 14))
    (1, 0)
    """
    months = 12 * (end.year - start.year) + end.month - start.month
    return months if months <= 0 or month_days(start, months)[-1] <= end else months - 1


def _counts(item: Item) -> bool:
    return any(item.owed.of(name) for name in RULES.counts_as_overdue)


def _word(account: LoanAccount, dpd: int, on: date) -> str:
    """Return how it ended; on the day itself that it was restructured or recovered; else whether it is overdue."""
    if account.status == "written_off":
        return "recovered" if account.recovered_fen and on == account.on else "written_off"
    if account.status != "open":
        return account.status
    if account.restructured_on == on:
        return "restructured"
    return "overdue" if dpd else "current"


def _class_of(account: LoanAccount, dpd: int) -> RiskClass:
    """Return the class by days past due, or a worse one that what happened asks for."""
    names = [one.name for one in RULES.classes]
    least = [step_at(RULES.classes, dpd).name]
    if account.restructured_on:
        least.append(RULES.at_least["restructured"])
    if account.status == "written_off":
        least.append(RULES.at_least["written_off"])
    return RULES.classes[max(names.index(name) for name in least)]
