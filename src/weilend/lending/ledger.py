"""In: a contract and events. Out: the loan account and its entries: a fold. Used: by whoever keeps the books of a loan.

`apply` is the one step: it refuses an event that cannot be so, lets penalties grow until its day, moves what the event moves, and
makes the entry. `fold` repeats it. A reversal is the fold without what it takes back, and its entry is the difference: so the books
become what they would be had the payment never come, penalties included, and nothing is ever changed in place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, Final

import msgspec

from weilend.core.errors import InputError
from weilend.lending.account import LoanAccount, accrue_penalties, dpd_at, open_account
from weilend.lending.accounts import Entry, make_entry
from weilend.lending.changes import CHANGES
from weilend.lending.contract import Contract
from weilend.lending.events import PAYMENTS, Drawdown, Due, Event, Recovery, Reversal
from weilend.lending.moves import MONEY_MOVES, Moved, refusal

#: What each sort of event does. A reversal is the ledger's own: it is the fold without what it takes back.
MOVES: Final[dict[type, Callable[[LoanAccount, Any], Moved]]] = MONEY_MOVES | CHANGES


def apply(account: LoanAccount, event: Event) -> tuple[LoanAccount, Entry]:
    """Return the account after an event, and the entry that books it.

    Raises `InputError` that says in one sentence why an event cannot be so; nothing has changed then.

    >>> from weilend.lending.events import Repayment
    >>> from weilend.lending.example import example_contract
    >>> drawdown = Drawdown(event_id="D1", on=date(2024, 1, 1), amount_fen=10_000_000)
    >>> account, entry = apply(open_account(example_contract()), drawdown)
    >>> entry.postings
    (Posting(account='principal', amount_fen=10000000), Posting(account='cash', amount_fen=-10000000))
    >>> account = bring_to(account, date(2024, 2, 1))
    >>> apply(account, Repayment(event_id="P1", on=date(2024, 2, 1), amount_fen=916_800))[0].outstanding_fen
    9233200
    >>> apply(account, Repayment(event_id="P1", on=date(2024, 2, 1), amount_fen=-1))
    Traceback (most recent call last):
    weilend.core.errors.InputError: loan L1: repayment P1 is of -1 fen. Hint: give a positive amount
    """
    _refuse_disorder(account, event)
    if isinstance(event, Reversal):
        return _take_back(account, event)
    brought, amounts = _wake(account, event.on)
    moved, more = MOVES[type(event)](brought, event)
    for name, fen in more.items():
        amounts[name] = amounts.get(name, 0) + fen
    entry = make_entry(event.event_id, event.kind, event.on, amounts)
    status = "settled" if moved.status == "open" and not moved.planned and not moved.items else moved.status
    after = msgspec.structs.replace(
        moved,
        status=status,
        balances=_sum(account.balances, amounts),
        active=(*account.active, event),
        history=(*account.history, event),
    )
    return after, entry


def fold(contract: Contract, events: Iterable[Event]) -> tuple[LoanAccount, tuple[Entry, ...]]:
    """Return the account of a contract after some events, and all entries; raises `InputError` as `apply` does.

    >>> from weilend.lending.example import example_contract
    >>> contract = example_contract(method="revolving", due_on=(date(2024, 2, 7),), day_count="act_360")
    >>> account, entries = fold(contract, [Drawdown(event_id="D1", on=date(2024, 1, 1), amount_fen=10_000_000)])
    >>> account.planned[0].interest_fen
    185000
    """
    account, entries = open_account(contract), []
    for event in events:
        account, entry = apply(account, event)
        entries.append(entry)
    return account, tuple(entries)


def dues_until(account: LoanAccount, on: date) -> tuple[Due, ...]:
    """Return the events by which instalments fall due until a day, that day included: what a nightly job appends.

    >>> from weilend.lending.example import example_loan
    >>> [(due.event_id, due.on.isoformat()) for due in dues_until(example_loan(), date(2024, 3, 1))]
    [('L1-due-1-1', '2024-02-01'), ('L1-due-1-2', '2024-03-01')]
    """
    loan_id, schedule_no = account.contract.loan_id, account.schedule_no
    return tuple(
        Due(event_id=f"{loan_id}-due-{schedule_no}-{row.number}", on=row.due_on, number=row.number)
        for row in account.planned
        if row.due_on <= on
    )


def bring_to(account: LoanAccount, on: date) -> LoanAccount:
    """Return the account with all that falls due until a day, that day included.

    >>> from weilend.lending.example import example_loan
    >>> bring_to(example_loan(), date(2024, 2, 1)).owed.total
    916800
    """
    for due in dues_until(account, on):
        account, _ = apply(account, due)
    return account


def _wake(account: LoanAccount, on: date) -> tuple[LoanAccount, dict[str, int]]:
    """Let penalties grow until a day, and note how far past due the loan was when the day began."""
    brought, booked = accrue_penalties(account, on)
    dpd = dpd_at(account, on)
    first = max(((on - item.due_on).days for item in account.items if (item.schedule_no, item.number) == (1, 1)), default=0)
    woken = msgspec.structs.replace(
        brought,
        on=on,
        morning_dpd=dpd if on > account.on else account.morning_dpd,
        max_dpd=max(account.max_dpd, dpd),
        first_dpd=max(account.first_dpd, first),
    )
    return woken, booked


def _take_back(account: LoanAccount, event: Reversal) -> tuple[LoanAccount, Entry]:
    there = [one for one in account.active if one.event_id == event.of and isinstance(one, PAYMENTS)]
    if not there:
        raise refusal(account, event, f"takes back {event.of!r}, which is no payment in force", "name a payment of this loan")
    try:
        rebuilt = _without(account, event.of, event.on)
    except InputError as error:
        why = f"cannot take {event.of} back, because something later rests on it ({error.message})"
        raise refusal(account, event, why, "take that back first") from None
    amounts = _sum(rebuilt.balances, {name: -fen for name, fen in account.balances.items()})
    gone = tuple(one for one in account.paid if one.payment_id == event.of)
    after = msgspec.structs.replace(
        rebuilt,
        history=(*account.history, event),
        taken_back=(*account.taken_back, (event.event_id, event.on, gone)),
    )
    return after, make_entry(event.event_id, event.kind, event.on, amounts)


def _without(account: LoanAccount, event_id: str, on: date) -> LoanAccount:
    """Fold what is in force without one event; what falls due follows from the rest, so it is reckoned anew."""
    rebuilt = open_account(account.contract)
    for one in account.active:
        if one.event_id != event_id and not isinstance(one, Due):
            rebuilt, _ = apply(bring_to(rebuilt, one.on), one)
    rebuilt = bring_to(rebuilt, on)
    woken, booked = _wake(rebuilt, on)
    return msgspec.structs.replace(woken, balances=_sum(rebuilt.balances, booked))


def _sum(left: dict[str, int], right: dict[str, int]) -> dict[str, int]:
    both = {name: left.get(name, 0) + right.get(name, 0) for name in (*left, *right)}
    return {name: fen for name, fen in both.items() if fen}


def _refuse_disorder(account: LoanAccount, event: Event) -> None:
    """Refuse an event that is booked twice, in the past, before or after the loan's life, or over an instalment that fell due."""
    for is_wrong, why, hint in (
        (any(one.event_id == event.event_id for one in account.history), "is there already", "give it an identity of its own"),
        (event.on < account.on, f"is of {event.on}, the books are at {account.on} already", "append it on a later day"),
        (not account.drawn_fen and not isinstance(event, Drawdown), "comes before the loan was paid out", "draw it first"),
        (
            account.status == "written_off" and not isinstance(event, Recovery | Reversal),
            "comes after the loan was written off",
            "book a recovery",
        ),
        (
            account.status in ("settled", "settled_early", "renewed") and not isinstance(event, Reversal),
            f"comes after the loan was {account.status.replace('_', ' ')}",
            "give the money back, or lend anew",
        ),
    ):
        if is_wrong:
            raise refusal(account, event, why, hint)
    _refuse_skipped_dues(account, event)


def _refuse_skipped_dues(account: LoanAccount, event: Event) -> None:
    now = account.planned[0] if account.planned else None
    if isinstance(event, Due):
        if now is None or (event.number, event.on) != (now.number, now.due_on):
            there = f"instalment {now.number} on {now.due_on} is next" if now else "no instalment lies ahead"
            raise refusal(
                account, event, f"is instalment {event.number} on {event.on}, but {there}", "append what falls due next"
            )
    elif now is not None and now.due_on <= event.on and not isinstance(event, Reversal):
        raise refusal(
            account,
            event,
            f"comes before instalment {now.number} of {now.due_on} fell due",
            "append what falls due (dues_until)",
        )
