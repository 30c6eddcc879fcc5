"""Whatever becomes of a loan, its books keep their laws; and each law catches a fault that is planted for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from weilend.core.credit import make_schedule, month_days
from weilend.core.errors import BookError, InputError
from weilend.lending import ledger, moves
from weilend.lending.account import Amounts, Item, LoanAccount, arrears_fen, dpd_at, open_account, payoff_fen
from weilend.lending.accounts import Entry, Share, balances_of, by_funder
from weilend.lending.allocation import allocate
from weilend.lending.contract import Contract
from weilend.lending.events import (
    Drawdown,
    Due,
    Event,
    Fee,
    Payoff,
    Prepayment,
    Provision,
    RateChange,
    Recovery,
    Renewal,
    Repayment,
    Restructuring,
    Reversal,
    WriteOff,
    decode_events,
    encode_events,
)  # fmt: skip
from weilend.lending.ledger import apply, bring_to, fold
from weilend.lending.rules import COMPONENTS, RULES, AllocationStep, order_at
from weilend.lending.standing import stand

FIRST = date(2024, 1, 31)
SHARES = (Share("bank_a", 700_000), Share("bank_b", 199_999), Share("own", 100_001))
METHODS = ("equal_instalment", "equal_principal", "interest_first", "revolving")
RECEIVABLES = ("principal", "interest", "fee", "penalty", "compound")

contracts = st.builds(
    Contract,
    loan_id=st.just("L1"),
    business_id=st.just("E1"),
    application_id=st.just("A1"),
    product=st.just("p"),
    method=st.sampled_from(METHODS),
    annual_rate_ppm=st.integers(0, 360_000),
    booked_on=st.just(FIRST),
    due_on=st.integers(1, 8).map(lambda months: month_days(FIRST, months)[1:]),
    day_count=st.sampled_from(["twelfth", "act_360", "act_365f", "thirty_e_360"]),
    penalty_ppm=st.sampled_from([0, 1_300_000, 1_500_000]),
    grace_days=st.integers(0, 5),
    early_fee_ppm=st.sampled_from([0, 10_000]),
    allocation=st.sampled_from(sorted(RULES.allocation)),
    overpayment=st.sampled_from(["credit", "refuse"]),
    shares=st.just(SHARES),
)

#: An event as a wish: what, how many days after the last one, and how much of what it could be, in percent.
wishes = st.lists(
    st.tuples(
        st.sampled_from([*["pay"] * 6, "due_payment", "draw", "fee", "prepay", "payoff", "rate", "restructure", "provide",
                         "write_off", "recover", "reverse", "reverse", "renew"]),
        st.sampled_from([0, 0, 1, 7, 20, 31, 45]),
        st.integers(0, 160),
    ),
    max_size=9,
)  # fmt: skip

Wish = tuple[str, int, int]


def _event(account: LoanAccount, word: str, at: date, percent: int, name: str) -> Event:
    def part(fen: int) -> int:
        return fen * percent // 100

    payments = [one.event_id for one in account.active if isinstance(one, Repayment | Prepayment | Payoff | Recovery)]
    make: dict[str, Callable[[], Event]] = {
        "pay": lambda: Repayment(event_id=name, on=at, amount_fen=part(account.owed.total)),
        "due_payment": lambda: Repayment(event_id=name, on=at, amount_fen=account.owed.total),
        "draw": lambda: Drawdown(event_id=name, on=at, amount_fen=part(100_000)),
        "fee": lambda: Fee(event_id=name, on=at, amount_fen=percent, en="fee", zh="费", at_once=percent % 2 == 0),
        "prepay": lambda: Prepayment(event_id=name, on=at, principal_fen=part(account.planned_fen)),
        "payoff": lambda: Payoff(event_id=name, on=at, amount_fen=payoff_fen(account, at) + percent // 150),
        "rate": lambda: RateChange(event_id=name, on=at, annual_rate_ppm=percent * 2_000),
        "restructure": lambda: Restructuring(
            event_id=name, on=at, annual_rate_ppm=percent * 1_000, due_on=month_days(at, 1 + percent % 5)[1:]
        ),
        "provide": lambda: Provision(event_id=name, on=at, allowance_fen=part(account.outstanding_fen)),
        "write_off": lambda: WriteOff(event_id=name, on=at),
        "recover": lambda: Recovery(event_id=name, on=at, amount_fen=part(account.claim_fen), cost_fen=percent),
        "reverse": lambda: Reversal(event_id=name, on=at, of=payments[percent % len(payments)] if payments else "none"),
        "renew": lambda: Renewal(
            event_id=name, on=at, amount_fen=payoff_fen(account, at, with_fee=False), renewed_by="L2", under_stress=percent > 80
        ),
    }
    return make[word]()


def live_out(contract: Contract, principal_fen: int, wanted: list[Wish]) -> tuple[LoanAccount, list[Entry], int]:
    """Live a loan through some wishes; what is refused changes nothing. Returns how many were refused."""
    account, entries, said = open_account(contract), [], []
    account, entry = apply(account, Drawdown(event_id="D0", on=contract.booked_on, amount_fen=principal_fen))
    entries.append(entry)
    at = contract.booked_on
    for place, (word, gap, percent) in enumerate(wanted):
        at += timedelta(days=gap)
        before = account
        account, told = _with_dues(account, at)
        entries += told
        event = _event(account, word, at, percent, f"X{place}")
        seen = msgspec.structs.asdict(account)
        try:
            account, entry = apply(account, event)
            entries.append(entry)
        except InputError as error:
            assert msgspec.structs.asdict(account) == seen, "what is refused changes nothing"
            said.append(error)
        assert account.on >= before.on
    assert all(error.message.startswith("loan L1: ") and error.hint for error in said)
    return account, entries, len(said)


def _with_dues(account: LoanAccount, at: date) -> tuple[LoanAccount, list[Entry]]:
    entries = []
    while account.planned and account.planned[0].due_on <= at:
        row = account.planned[0]
        due = Due(event_id=f"L1-due-{account.schedule_no}-{row.number}", on=row.due_on, number=row.number)
        account, entry = apply(account, due)
        entries.append(entry)
    return account, entries


def check_books(account: LoanAccount, entries: list[Entry]) -> None:
    """The laws that hold after any events."""
    assert all(sum(posting.amount_fen for posting in entry.postings) == 0 for entry in entries), "an entry does not balance"
    assert {name: fen for name, fen in balances_of(entries).items() if fen} == account.balances, "entries and balances differ"
    open_principal = account.planned_fen + account.owed.principal
    assert account.outstanding_fen == account.drawn_fen - account.repaid_fen - account.written_off_fen == open_principal
    assert account.balances.get("principal", 0) == account.outstanding_fen
    for name in ("interest", "fee", "penalty", "compound"):
        owed = getattr(account.owed + account.carried, name)
        assert account.balances.get(name, 0) == owed, f"the books of {name} are not what is owed"
    assert account.credit_fen == -account.balances.get("borrower_credit", 0) >= 0
    assert all(getattr(item.owed, name) >= 0 for item in account.items for name in COMPONENTS)
    assert all(row.principal_fen >= 0 and row.interest_fen >= 0 for row in account.planned)
    if account.status != "open":
        assert account.outstanding_fen == 0
        assert not any(account.balances.get(name) for name in (*RECEIVABLES, "borrower_credit"))


def check_life(contract: Contract, principal_fen: int, wanted: list[Wish]) -> None:
    account, entries, _ = live_out(contract, principal_fen, wanted)
    check_books(account, entries)
    again, told = fold(contract, decode_events(encode_events(account.history)))
    assert again == account, "the replay of the events is not the state"
    assert list(told) == entries
    _check_funders(account, entries)


@settings(deadline=None, max_examples=120, suppress_health_check=[HealthCheck.too_slow])
@given(contract=contracts, principal_fen=st.integers(1, 10**7), wanted=wishes)
def test_books_balance_and_say_what_is_owed(contract: Contract, principal_fen: int, wanted: list[Wish]) -> None:
    check_life(contract, principal_fen, wanted)


@pytest.mark.nightly
@settings(deadline=None, max_examples=10_000, suppress_health_check=[HealthCheck.too_slow])
@given(contract=contracts, principal_fen=st.integers(1, 10**11), wanted=wishes)
def test_books_balance_and_say_what_is_owed_in_many_lives(contract: Contract, principal_fen: int, wanted: list[Wish]) -> None:
    check_life(contract, principal_fen, wanted)


def _check_funders(account: LoanAccount, entries: list[Entry]) -> None:
    sums: dict[str, dict[str, int]] = {share.partner_id: {} for share in SHARES}
    for entry, parts in zip(entries, by_funder(entries, SHARES), strict=True):
        both = balances_of(parts.values())
        assert {name: fen for name, fen in both.items() if fen} == balances_of([entry]), "the parts are not the whole"
        for name, part in parts.items():
            for posting in part.postings:
                sums[name][posting.account] = sums[name].get(posting.account, 0) + posting.amount_fen
    if account.status != "open":
        assert not any(part.get(name) for part in sums.values() for name in RECEIVABLES), "a fen is left with a funder"


@settings(deadline=None, max_examples=60)
@given(contract=contracts, wanted=wishes, first=st.integers(1, 150), second=st.integers(1, 150), gap=st.integers(0, 130))
def test_payments_of_one_day_go_where_their_sum_goes_in_any_order(
    contract: Contract, wanted: list[Wish], first: int, second: int, gap: int
) -> None:
    account, _, _ = live_out(contract, 1_000_000, wanted[:3])
    assume(account.status == "open")
    at = account.on + timedelta(days=gap)
    account = bring_to(account, at)
    one, two = (account.owed.total * percent // 300 for percent in (first, second))
    assume(one > 0 and two > 0 and one + two <= account.owed.total)

    def paid(*amounts: int) -> Any:
        left = account
        for place, fen in enumerate(amounts):
            left, _ = apply(left, Repayment(event_id=f"Z{place}", on=at, amount_fen=fen))
        return left.items, left.balances, left.outstanding_fen, left.status

    assert paid(one, two) == paid(two, one) == paid(one + two)


@settings(deadline=None, max_examples=80)
@given(
    owed=st.lists(st.builds(Amounts, **{name: st.integers(0, 500) for name in COMPONENTS}), min_size=1, max_size=4),
    amount_fen=st.integers(0, 12_000),
    name=st.sampled_from(sorted(RULES.allocation)),
    dpd=st.integers(0, 200),
)
def test_no_payment_takes_more_than_is_owed(owed: list[Amounts], amount_fen: int, name: str, dpd: int) -> None:
    items = [
        Item(number=place, schedule_no=1, due_on=FIRST + timedelta(days=place), was=one, owed=one)
        for place, one in enumerate(owed, start=1)
    ]
    step = order_at(name, dpd)
    after, got, left = allocate(items, amount_fen, step)
    assert sum(part.total for part in got) + left == amount_fen
    assert left == max(0, amount_fen - sum(one.total for one in owed))
    assert all(0 <= part.of(word) <= one.of(word) for part, one in zip(got, owed, strict=True) for word in COMPONENTS)
    assert sum(item.owed.total for item in after) == sum(one.total for one in owed) - (amount_fen - left)
    check_order(owed, got, step)


def check_order(owed: list[Amounts], got: tuple[Amounts, ...], step: AllocationStep) -> None:
    """Nothing is given anything while something before it in the queue is owed."""
    places = range(len(owed))
    queue = (
        [(place, word) for place in places for word in step.components]
        if step.first == "instalment"
        else [(place, word) for word in step.components for place in places]
    )
    short = False
    for place, word in queue:
        assert not (short and got[place].of(word)), "what comes later was paid before what comes first"
        short = short or got[place].of(word) < owed[place].of(word)


@settings(deadline=None, max_examples=60)
@given(contract=contracts, wanted=wishes, days=st.integers(0, 400))
def test_days_past_due_grow_by_a_day_a_day_until_somebody_pays(contract: Contract, wanted: list[Wish], days: int) -> None:
    account, _, _ = live_out(contract, 1_000_000, wanted[:4])
    day = account.on + timedelta(days=days)
    today, tomorrow = stand(account, day), stand(account, day + timedelta(days=1))
    grown = {0: {0, 1}}.get(today.dpd, {today.dpd + 1})
    assert tomorrow.dpd in grown
    assert tomorrow.max_dpd >= today.max_dpd >= today.dpd
    assert tomorrow.overdue_fen >= today.overdue_fen
    at = bring_to(account, day)
    if at.owed.total and at.status == "open":
        cleared, _ = apply(at, Repayment(event_id="Z", on=day, amount_fen=arrears_fen(at, day)))
        assert dpd_at(cleared, day) == 0


@settings(deadline=None, max_examples=60)
@given(
    method=st.sampled_from(METHODS[:3]), rate_ppm=st.integers(0, 360_000), months=st.integers(2, 12), at=st.integers(1, 11),
    principal_fen=st.integers(10_000, 10**9),
)  # fmt: skip
def test_a_payoff_on_a_due_day_is_what_the_schedule_has_outstanding(
    method: Any, rate_ppm: int, months: int, at: int, principal_fen: int
) -> None:
    assume(at < months)
    schedule = make_schedule(method, principal_fen, annual_rate_ppm=rate_ppm, months=months)
    account = _drawn(method, rate_ppm, months, principal_fen)
    for row in schedule.instalments[:at]:
        account = bring_to(account, account.planned[0].due_on)
        if row.due_fen:
            account, _ = apply(account, Repayment(event_id=f"P{row.number}", on=account.on, amount_fen=row.due_fen))
    outstanding = schedule.instalments[at - 1].outstanding_fen
    assert payoff_fen(account, account.on) == account.outstanding_fen == outstanding
    if outstanding:
        done, _ = apply(account, Payoff(event_id="X", on=account.on, amount_fen=outstanding))
        assert (done.status, done.balances.get("principal", 0)) == ("settled_early", 0)


def _drawn(method: Any, rate_ppm: int, months: int, principal_fen: int) -> LoanAccount:
    contract = Contract(
        loan_id="L1", business_id="E1", application_id="A1", product="p", method=method, annual_rate_ppm=rate_ppm, booked_on=FIRST,
        due_on=month_days(FIRST, months)[1:],
    )  # fmt: skip
    return apply(open_account(contract), Drawdown(event_id="D0", on=FIRST, amount_fen=principal_fen))[0]


@settings(deadline=None, max_examples=40)
@given(
    contract=contracts, wanted=wishes, percent=st.integers(1, 100), gaps=st.lists(st.integers(1, 25), min_size=1, max_size=4)
)
def test_how_often_anybody_looks_changes_no_penalty(
    contract: Contract, wanted: list[Wish], percent: int, gaps: list[int]
) -> None:
    """A provision of the same amount moves nothing: it only makes the books look at the day."""
    account, _, _ = live_out(contract, 1_000_000, wanted[:3])
    end = account.on + timedelta(days=sum(gaps))
    account = bring_to(account, end)
    assume(account.status == "open" and account.on < end)
    often, at = account, account.on
    for place, gap in enumerate(gaps):
        at = min(max(at, account.on) + timedelta(days=gap), end)
        often, _ = apply(often, Provision(event_id=f"V{place}", on=at, allowance_fen=often.allowance_fen))
    last = Provision(event_id="V", on=end, allowance_fen=account.allowance_fen)
    once, _ = apply(account, last)
    often, _ = apply(often, last)
    assert (once.items, once.balances) == (often.items, often.balances)


@settings(deadline=None, max_examples=60)
@given(contract=contracts, wanted=wishes, percent=st.integers(1, 100), gap=st.integers(0, 60))
def test_a_payment_taken_back_leaves_the_books_as_if_it_never_came(
    contract: Contract, wanted: list[Wish], percent: int, gap: int
) -> None:
    closing = ("reverse", "payoff", "renew", "write_off")
    account, entries, _ = live_out(contract, 1_000_000, [wish for wish in wanted[:4] if wish[0] not in closing])
    account, dues = _with_dues(account, account.on + timedelta(days=31))
    entries += dues
    assume(account.owed.total * percent >= 100)
    at = account.on + timedelta(days=gap)
    with_it, paid = apply(account, Repayment(event_id="P", on=account.on, amount_fen=account.owed.total * percent // 100))
    more, dues = _with_dues(with_it, at)
    back, taken = apply(more, Reversal(event_id="B", on=at, of="P"))
    never = bring_to(account, at)
    looked, _ = apply(never, Provision(event_id="V", on=at, allowance_fen=never.allowance_fen)) if never.planned or never.items \
        else (never, None)  # fmt: skip
    assert (back.items, back.balances, back.planned) == (looked.items, looked.balances, looked.planned)
    check_books(back, [*entries, paid, *dues, taken])


def lost_fen(account: LoanAccount, event: Repayment) -> moves.Moved:
    """A planted fault: one fen of each payment is lost in rounding."""
    after, moved = moves._repay(account, event)
    return after, moved | {"cash": moved["cash"] - 1}


def lost_on_both_sides(account: LoanAccount, event: Repayment) -> moves.Moved:
    """A planted fault that balances: a fen of principal is booked away and still owed."""
    after, moved = moves._repay(account, event)
    return after, moved | {"cash": moved["cash"] + 1, "principal": moved.get("principal", 0) - 1}


def test_a_fen_lost_in_rounding_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    account = bring_to(_drawn("equal_instalment", 180_000, 6, 1_000_000), month_days(FIRST, 1)[-1])
    payment = Repayment(event_id="P", on=account.on, amount_fen=account.owed.total)
    monkeypatch.setitem(ledger.MOVES, Repayment, lost_fen)
    with pytest.raises(BookError, match=r"repayment P does not balance: -1 fen is left over"):
        apply(account, payment)
    monkeypatch.setitem(ledger.MOVES, Repayment, lost_on_both_sides)
    _, entries = fold(account.contract, account.history)
    after, entry = apply(account, payment)
    with pytest.raises(AssertionError):
        check_books(after, [*entries, entry])


def test_a_wrong_order_of_allocation_is_caught() -> None:
    owed = [Amounts(fee=1, penalty=2, interest=10, principal=100), Amounts(interest=9, principal=101)]
    items = [Item(number=place, schedule_no=1, due_on=FIRST, was=one, owed=one) for place, one in enumerate(owed)]
    right = order_at("standard", 0)
    wrong = msgspec.structs.replace(right, components=tuple(reversed(right.components)))
    check_order(owed, allocate(items, 50, right)[1], right)
    for fault in (wrong, msgspec.structs.replace(right, first="component")):
        with pytest.raises(AssertionError, match="paid before"):
            check_order(owed, allocate(items, 120, fault)[1], right)
