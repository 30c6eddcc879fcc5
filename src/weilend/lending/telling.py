"""In: a contract and its events. Out: rows of the book's kinds disbursement, instalment_due, repayment and loan_state. Used: by the
desk, which adds the frame and appends them; so labels read what the ledger knows.

A row says on which day it happened and on which it was known. What changes later (a payment is taken back, and the money of
another one goes where it would have gone) is told as a new version under the same key, never in place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import msgspec

from weilend.core.calendars import first_of_month, month_index
from weilend.lending.account import NOTHING, Amounts, Item, LoanAccount, Paid, open_account
from weilend.lending.contract import Contract
from weilend.lending.events import Drawdown, Due, Event, Fee, Restructuring
from weilend.lending.ledger import apply, dues_until
from weilend.lending.standing import stand

Fields = dict[str, Any]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a row of a kind: its key, the days on which it happened and was known, its subjects and business fields.

    >>> day = date(2024, 1, 31)
    >>> Told(kind="loan_state", key=("L1", "2024-01-31"), on=day, known_on=day, fields={"dpd": 0}).fields["dpd"]
    0
    """

    kind: str
    key: tuple[str, ...]
    on: date
    known_on: date
    fields: Fields


def tell_loan(contract: Contract, events: Sequence[Event], until: date) -> tuple[Told, ...]:
    """Return all that a loan's events tell until the end of a day, versions in the order in which they came to be known.

    States are told at each month's end, on each day with an event, and on `until`. Instalments fall due by themselves where the
    events leave that out. Raises `InputError` as `ledger.apply` does.

    >>> from weilend.lending.example import example_contract
    >>> drawn = Drawdown(event_id="D1", on=date(2024, 1, 1), amount_fen=10_000_000)
    >>> rows = tell_loan(example_contract(), [drawn], date(2024, 2, 10))
    >>> [(row.kind, row.on.isoformat()) for row in rows if row.kind != "loan_state"]
    [('disbursement', '2024-01-01'), ('instalment_due', '2024-02-01')]
    >>> [(row.on.isoformat(), row.fields["dpd"]) for row in rows if row.kind == "loan_state"]
    [('2024-01-01', 0), ('2024-01-31', 0), ('2024-02-01', 0), ('2024-02-10', 9)]
    """
    stages = tuple(live(contract, events, until))
    versions = sorted((*_tell_changes(stages), *_tell_states(stages, until)), key=lambda row: row.known_on)
    return tuple(versions)


def live(contract: Contract, events: Sequence[Event], until: date) -> Iterator[LoanAccount]:
    """Yield the account after each event, and after each instalment that fell due, until the end of a day.

    >>> from weilend.lending.example import example_contract
    >>> drawn = Drawdown(event_id="D1", on=date(2024, 1, 1), amount_fen=10_000_000)
    >>> [account.on.isoformat() for account in live(example_contract(), [drawn], date(2024, 3, 1))]
    ['2024-01-01', '2024-02-01', '2024-03-01']
    """
    account = open_account(contract)
    for event in (one for one in events if one.on <= until):
        for due in () if isinstance(event, Due) else dues_until(account, event.on):
            account, _ = apply(account, due)
            yield account
        account, _ = apply(account, event)
        yield account
    for due in dues_until(account, until):
        account, _ = apply(account, due)
        yield account


def _tell_changes(stages: Sequence[LoanAccount]) -> Iterator[Told]:
    """Yield what each stage says that none before it said: new rows, changed rows, and zeros for rows that no longer hold."""
    known: dict[tuple[str, ...], Told] = {}
    for account in stages:
        now = {row.key: row for row in _rows(account)}
        emptied = {key: _emptied(row, account.on) for key, row in known.items() if key not in now}
        for key, row in (emptied | now).items():
            if key not in known or (known[key].fields, known[key].on) != (row.fields, row.on):
                known[key] = row
                yield row


def _emptied(row: Told, known_on: date) -> Told:
    fields = {name: 0 if name.endswith("_fen") else value for name, value in row.fields.items()}
    return msgspec.structs.replace(row, fields=fields, known_on=known_on)


def _rows(account: LoanAccount) -> Iterator[Told]:
    """Yield the rows that hold at a stage, states left out."""
    for event in account.active:
        if isinstance(event, Drawdown):
            yield _row(account, "disbursement", (event.event_id,), event.on, _drawn(account, event))
    for item in account.fallen:
        key = (str(item.schedule_no), str(item.number))
        yield _row(account, "instalment_due", key, item.due_on, _fallen(account, item))
    for paid in account.paid:
        yield from _paid_rows(account, paid)
    for reversal_id, on, gone in account.taken_back:
        for paid in gone:
            yield from _paid_rows(account, paid)
            back = msgspec.structs.replace(paid, on=on, amounts=NOTHING - paid.amounts)
            yield from _paid_rows(account, back, reversal_id)


def _row(account: LoanAccount, kind: str, key: tuple[str, ...], on: date, fields: Fields) -> Told:
    contract = account.contract
    own = {"business_id": contract.business_id, "owner_id": contract.owner_id, "loan_id": contract.loan_id}
    return Told(kind=kind, key=(kind, contract.loan_id, *key), on=on, known_on=account.on, fields=own | fields)


def _drawn(account: LoanAccount, event: Drawdown) -> Fields:
    contract = account.contract
    most = max(contract.shares, key=lambda share: share.share_ppm, default=None)
    fees = (one.amount_fen for one in account.active if isinstance(one, Fee) and one.at_once and one.on == event.on)
    return {
        "application_id": contract.application_id,
        "product": contract.product,
        "principal_fen": event.amount_fen,
        "annual_rate_ppm": contract.annual_rate_ppm,
        "method": contract.method,
        "instalments_count": len(contract.due_on),
        "first_due_on": contract.due_on[0],
        "matures_on": contract.matures_on,
        "partner_id": most.partner_id if most else None,
        "limit_fen": contract.limit_fen,
        "fees_fen": sum(fees),
        "renews": contract.renews,
        "under_stress": contract.renews_under_stress if contract.renews else None,
    }


def _fallen(account: LoanAccount, item: Item) -> Fields:
    was = item.was
    return {
        "instalment_no": item.number,
        "due_on": item.due_on,
        "due_fen": was.fee + was.interest + was.principal,
        "principal_fen": was.principal,
        "interest_fen": was.interest,
        "fee_fen": was.fee,
        "schedule_no": item.schedule_no,
        "grace_days": account.contract.grace_days,
    }


def _paid_rows(account: LoanAccount, paid: Paid, reversal_id: str = "") -> Iterator[Told]:
    """Yield the row of what a payment brought to one instalment.

    What a restructuring moves to a new schedule covers the old instalments, and is told without parts: no principal was repaid.
    """
    if any(isinstance(event, Restructuring) and event.event_id == paid.payment_id for event in account.history):
        covered_fen = paid.amounts.total - paid.amounts.penalty - paid.amounts.compound
        yield _paid_row(account, paid, reversal_id, covered_fen, NOTHING)
    elif paid.amounts != NOTHING:
        yield _paid_row(account, paid, reversal_id, paid.amounts.total, paid.amounts)


def _paid_row(account: LoanAccount, paid: Paid, reversal_id: str, paid_fen: int, parts: Amounts) -> Told:
    key = (paid.payment_id, str(paid.schedule_no), str(paid.number), reversal_id)
    fields = {
        "payment_id": paid.payment_id,
        "paid_fen": paid_fen,
        "principal_fen": parts.principal,
        "interest_fen": parts.interest,
        "penalty_fen": parts.penalty + parts.compound,
        "fee_fen": parts.fee,
        "instalment_no": paid.number,
        "due_on": paid.due_on,
        "late_days": (paid.on - paid.due_on).days if paid.due_on else None,
        "payer": paid.payer,
        "way": paid.way,
        "is_early_payoff": paid.is_early_payoff,
        "is_reversal": bool(reversal_id),
    }
    return _row(account, "repayment", key, paid.on, fields)


def _tell_states(stages: Sequence[LoanAccount], until: date) -> Iterator[Told]:
    """Yield how the loan stood: until it ended, and on every day on which something happened."""
    last = {account.on: account for account in stages}
    first = min(last, default=until)
    ends = {first_of_month(month) - timedelta(days=1) for month in range(month_index(first) + 1, month_index(until) + 2)}
    for day in sorted({*last, *(end for end in ends if end < until), until}):
        account = last[max(one for one in last if one <= day)] if any(one <= day for one in last) else None
        if account is not None and (account.status == "open" or account.on == day):
            fields = _state(account, day)
            row = _row(account, "loan_state", (day.isoformat(),), day, fields)
            yield msgspec.structs.replace(row, known_on=day)


def _state(account: LoanAccount, day: date) -> Fields:
    found, contract = stand(account, day), account.contract
    matures_on = account.planned[-1].due_on if account.planned else contract.matures_on
    return {
        "state": found.state,
        "dpd": found.dpd,
        "outstanding_fen": found.outstanding_fen,
        "mob": found.mob,
        "booked_on": contract.booked_on,
        "matures_on": matures_on,
        "principal_fen": account.drawn_fen,
        "overdue_fen": found.overdue_fen,
        "overdue_principal_fen": found.overdue_principal_fen,
        "accrued_interest_fen": found.accrued_interest_fen,
        "written_off_fen": account.written_off_fen,
        "recovered_fen": account.recovered_fen,
        "recovery_cost_fen": account.recovery_cost_fen,
        "unpaid_count": found.unpaid_count,
        "max_dpd": found.max_dpd,
        "first_dpd": found.first_dpd,
        "under_stress": account.under_stress,
        "is_non_accrual": found.is_non_accrual,
        "renewed_by": account.renewed_by,
        "next_due_on": found.next_due_on,
        "next_due_fen": found.next_due_fen,
        "due_12m_fen": found.due_12m_fen,
    }
