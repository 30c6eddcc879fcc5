"""What each sort of event does to the books, what is refused and in which words, and what the book is told."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import msgspec
import pytest

from weilend.core.errors import InputError
from weilend.lending.account import LoanAccount, open_account, payoff_fen
from weilend.lending.accounts import Entry
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
)
from weilend.lending.example import example_contract, example_loan
from weilend.lending.ledger import apply, bring_to
from weilend.lending.standing import stand

FEB, MARCH = date(2024, 2, 1), date(2024, 3, 1)
ONE = 916_800


def after(account: LoanAccount, *events: Event) -> LoanAccount:
    for event in events:
        account, _ = apply(bring_to(account, event.on), event)
    return account


def moved(entry: Entry) -> dict[str, int]:
    return {posting.account: posting.amount_fen for posting in entry.postings}


def paid(on: date, fen: int = ONE, name: str = "P1") -> Repayment:
    return Repayment(event_id=name, on=on, amount_fen=fen)


def test_an_instalment_that_falls_due_is_income_and_its_payment_is_none() -> None:
    loan = example_loan()
    due, entry = apply(loan, Due(event_id="L1-due-1-1", on=FEB, number=1))
    assert moved(entry) == {"interest": 150_000, "interest_income": -150_000}
    _, entry = apply(due, paid(FEB))
    assert moved(entry) == {"cash": ONE, "interest": -150_000, "principal": -766_800}


def test_late_money_bears_penalty_and_compound_interest_for_each_day() -> None:
    """7,668.00 of principal and 1,500.00 of interest, 20 days at 150 % of 18 %, a year of 360 days."""
    loan = example_loan(FEB)
    settled, entry = apply(loan, paid(FEB + timedelta(days=20), ONE + 11_502 + 2_250))
    assert moved(entry) == {
        "penalty_income": -11_502, "compound_income": -2_250, "cash": ONE + 13_752, "interest": -150_000, "principal": -766_800,
    }  # fmt: skip
    assert settled.items == ()
    short, _ = apply(loan, paid(FEB + timedelta(days=20)))
    assert (short.owed.penalty, short.owed.interest, short.owed.principal) == (0, 0, 13_752), (
        "penalties are paid before principal"
    )
    assert stand(short, FEB + timedelta(days=20)).dpd == 20


@pytest.mark.parametrize(("days", "penalty_fen"), [(0, 0), (3, 0), (4, 2_300), (20, 11_502)])
def test_days_of_grace_delay_the_penalty_and_not_the_days_past_due(days: int, penalty_fen: int) -> None:
    loan, _ = apply(example_loan(FEB, grace_days=3), Provision(event_id="V", on=FEB + timedelta(days=days), allowance_fen=1))
    assert loan.owed.penalty == penalty_fen
    assert stand(loan, loan.on).dpd == days


def test_principal_comes_first_once_the_loan_is_91_days_past_due() -> None:
    for days, interest_left in ((90, 0), (91, 150_000)):
        loan = bring_to(example_loan(FEB, allocation="principal_first_after_90", penalty_ppm=0), FEB + timedelta(days=days))
        got = after(loan, paid(FEB + timedelta(days=days), 150_000))
        assert got.items[0].owed.interest == interest_left


def test_the_order_of_a_day_is_that_of_its_morning() -> None:
    """The first payment clears the oldest instalments; the second one of that day still goes to principal first."""
    at = FEB + timedelta(days=95)
    loan = example_loan(at, allocation="principal_first_after_90", penalty_ppm=0)
    whole = after(loan, paid(at, loan.owed.total - 10, "P1"))
    halves = after(loan, paid(at, loan.owed.total - 1_000, "P1"), paid(at, 990, "P2"))
    assert whole.items == halves.items


def test_what_is_too_much_stands_to_the_borrowers_credit_until_the_next_instalment() -> None:
    loan = after(example_loan(FEB), paid(FEB, ONE + 100_000))
    assert (loan.credit_fen, loan.balances["borrower_credit"]) == (100_000, -100_000)
    due, entry = apply(loan, Due(event_id="L1-due-1-2", on=MARCH, number=2))
    assert moved(entry) == {"borrower_credit": 100_000, "interest": 138_498 - 100_000, "interest_income": -138_498}
    assert (due.credit_fen, due.owed.total) == (0, ONE - 100_000)
    with pytest.raises(InputError, match=r"repayment P1 is ¥1,000 more than is due"):
        apply(example_loan(FEB, overpayment="refuse"), paid(FEB, ONE + 100_000))
    with pytest.raises(InputError, match=r"repayment P1 is ¥1 more than the loan owes in all"):
        apply(example_loan(FEB), paid(FEB, ONE + 9_233_200 + 100))


def test_a_credit_is_never_larger_than_what_is_left() -> None:
    loan = after(example_loan(FEB), paid(FEB, ONE + 9_000_000))
    with pytest.raises(InputError, match=r"prepayment P2 leaves less than the ¥90,000 of the borrower's credit"):
        apply(loan, Prepayment(event_id="P2", on=FEB, principal_fen=1_000_000))
    done, entry = apply(loan, Payoff(event_id="P2", on=FEB, amount_fen=233_200))
    assert moved(entry) == {"cash": 233_200, "borrower_credit": 9_000_000, "principal": -9_233_200}
    assert done.status == "settled_early"


def test_a_bounced_payment_leaves_the_books_as_if_it_never_came() -> None:
    loan = after(example_loan(FEB), paid(FEB), paid(MARCH, ONE, "P2"))
    assert stand(loan, date(2024, 3, 4)).dpd == 0
    back, entry = apply(loan, Reversal(event_id="B1", on=date(2024, 3, 4), of="P1"))
    assert moved(entry)["cash"] == -ONE
    assert [(item.number, item.owed.total > 0) for item in back.items] == [(1, True), (2, True)]
    assert stand(back, date(2024, 3, 4)).dpd == 32, "P2 went to the penalties and the oldest instalment, and did not fill it"
    assert back.balances["penalty"] == back.owed.penalty > 0
    assert [event.event_id for event in back.history][-1] == "B1"
    again = after(back, paid(date(2024, 3, 5), 100, "P3"))
    with pytest.raises(InputError, match="takes back 'P1', which is no payment in force"):
        apply(again, Reversal(event_id="B2", on=date(2024, 3, 5), of="P1"))


def test_a_payoff_that_bounced_brings_back_what_fell_due_meanwhile() -> None:
    loan = example_loan()
    done = after(loan, Payoff(event_id="P1", on=date(2024, 1, 20), amount_fen=payoff_fen(loan, date(2024, 1, 20))))
    assert done.status == "settled_early"
    back = after(done, Reversal(event_id="B1", on=date(2024, 3, 5), of="P1"))
    assert (back.status, back.outstanding_fen, stand(back, back.on).dpd) == ("open", 10_000_000, 33)


def test_a_payment_that_something_rests_on_is_not_taken_back() -> None:
    loan = after(example_loan(FEB), paid(FEB), Prepayment(event_id="P2", on=FEB, principal_fen=1_000_000))
    with pytest.raises(InputError, match=r"cannot take P1 back, because something later rests on it \(.*P2 comes while .*due"):
        apply(loan, Reversal(event_id="B1", on=FEB, of="P1"))
    assert after(loan, Reversal(event_id="B1", on=FEB, of="P2"), Reversal(event_id="B2", on=FEB, of="P1")).owed.total == ONE


def test_renewal_without_repaying_the_principal() -> None:
    """无还本续贷: the interest is paid, the principal is repaid by the new loan, no cash moves for it."""
    last = date(2025, 1, 1)
    loan = example_loan(method="interest_first")
    for row in loan.planned:
        loan = after(loan, paid(row.due_on, 150_000, f"P{row.number}"))
    assert (loan.owed.interest, loan.owed.principal) == (0, 10_000_000)
    old, entry = apply(loan, Renewal(event_id="R1", on=last, amount_fen=10_000_000, renewed_by="L2"))
    assert moved(entry) == {"renewal_clearing": 10_000_000, "principal": -10_000_000}
    assert (old.status, old.renewed_by, old.under_stress) == ("renewed", "L2", False)
    contract = example_contract(loan_id="L2", renews="L1", booked_on=last, due_on=(date(2025, 7, 1),))
    new, entry = apply(open_account(contract), Drawdown(event_id="D2", on=last, amount_fen=10_000_000, way="new_loan"))
    assert moved(entry) == {"principal": 10_000_000, "renewal_clearing": -10_000_000}
    assert new.outstanding_fen == 10_000_000


def test_a_restructuring_makes_a_new_schedule_of_all_that_is_owed() -> None:
    loan = bring_to(example_loan(MARCH), date(2024, 3, 10))
    days = (date(2024, 6, 1), date(2024, 9, 1), date(2024, 12, 1))
    new, entry = apply(loan, Restructuring(event_id="X1", on=date(2024, 3, 10), annual_rate_ppm=120_000, due_on=days))
    assert (new.planned_fen, new.schedule_no, new.items) == (10_000_000, 2, ())
    carried = new.planned[0].carried
    assert carried.interest == 150_000 + 138_498 + moved(entry)["interest"]
    assert carried.principal == 0
    assert carried.penalty == new.balances["penalty"] > 0
    found = stand(new, date(2024, 3, 10))
    assert (found.state, found.dpd, found.risk_class.name, new.under_stress) == ("restructured", 0, "special_mention", True)
    assert stand(new, date(2024, 6, 2)).dpd == 1


def test_a_loan_is_provided_for_written_off_and_recovered_in_part() -> None:
    loan = bring_to(example_loan(FEB), date(2024, 8, 1))
    found = stand(loan, date(2024, 8, 1))
    assert (found.bucket, found.risk_class.name, found.provision_fen) == ("M7", "substandard", 2_500_000)
    loan = after(loan, Provision(event_id="V1", on=date(2024, 8, 1), allowance_fen=found.provision_fen))
    gone, entry = apply(loan, WriteOff(event_id="W1", on=date(2024, 8, 1)))
    booked = moved(entry)
    assert booked["allowance"] == 2_500_000
    assert booked["principal"] == -10_000_000
    assert booked["impairment_loss"] == gone.claim_fen - 2_500_000
    assert stand(gone, gone.on).state == "written_off"
    assert stand(gone, gone.on).risk_class.name == "loss"
    back, entry = apply(gone, Recovery(event_id="R1", on=date(2024, 10, 1), amount_fen=3_000_000, cost_fen=600_000))
    assert moved(entry) == {"cash": 2_400_000, "recovery_cost": 600_000, "recoveries": -3_000_000}
    assert (stand(back, back.on).state, back.recovered_fen) == ("recovered", 3_000_000)
    with pytest.raises(InputError, match=r"recovery R2 does not fit a claim of ¥"):
        apply(back, Recovery(event_id="R2", on=date(2024, 10, 2), amount_fen=gone.claim_fen))


def test_an_early_repayment_fee_is_charged_on_what_is_repaid_early() -> None:
    loan = after(example_loan(FEB, early_fee_ppm=10_000), paid(FEB))
    part, entry = apply(loan, Prepayment(event_id="P2", on=FEB, principal_fen=1_000_000))
    assert moved(entry) == {"cash": 1_010_000, "principal": -1_000_000, "fee_income": -10_000}
    assert payoff_fen(part, FEB) == 8_233_200 + 82_332


def test_a_fee_falls_due_with_the_next_instalment_or_is_taken_at_once() -> None:
    fee = Fee(event_id="F1", on=date(2024, 1, 1), amount_fen=5_000, en="Guarantee fee", zh="担保费", payee="guarantor")
    loan, entry = apply(example_loan(), fee)
    assert moved(entry) == {"fee": 5_000, "payable_fees": -5_000}
    assert bring_to(loan, FEB).owed.total == ONE + 5_000
    _, entry = apply(example_loan(), msgspec.structs.replace(fee, at_once=True, payee="lender"))
    assert moved(entry) == {"cash": 5_000, "fee_income": -5_000}


REFUSED: dict[str, tuple[Any, Event, str]] = {
    "before the money": (
        lambda: open_account(example_contract()),
        paid(FEB),
        "repayment P1 comes before the loan was paid out",
    ),
    "twice": (lambda: after(example_loan(FEB), paid(FEB)), paid(FEB), "repayment P1 is there already"),
    "in the past": (
        lambda: example_loan(MARCH),
        paid(FEB),
        "repayment P1 is of 2024-02-01, the books are at 2024-03-01 already",
    ),
    "over a due day": (example_loan, paid(FEB), "repayment P1 comes before instalment 1 of 2024-02-01 fell due"),
    "negative": (lambda: example_loan(FEB), paid(FEB, -1), "repayment P1 is of -1 fen"),
    "nothing": (lambda: example_loan(FEB), paid(FEB, 0), "repayment P1 is of 0 fen"),
    "wrong due": (
        example_loan,
        Due(event_id="X", on=MARCH, number=2),
        "due X is instalment 2 on 2024-03-01, but instalment 1 on",
    ),
    "other booking day": (
        lambda: open_account(example_contract()),
        Drawdown(event_id="D", on=FEB, amount_fen=1),
        "is of 2024-02-01, the loan is booked on",
    ),
    "above the limit": (
        lambda: example_loan(limit_fen=10_000_000),
        Drawdown(event_id="D", on=date(2024, 1, 2), amount_fen=1),
        "above the limit of ¥100,000",
    ),
    "drawn while due": (
        lambda: example_loan(FEB),
        Drawdown(event_id="D2", on=FEB, amount_fen=5),
        r"drawdown D2 comes while ¥9,168 is due and unpaid",
    ),
    "prepaid while due": (
        lambda: example_loan(FEB),
        Prepayment(event_id="P", on=FEB, principal_fen=5),
        r"comes while ¥9,168 is due and unpaid",
    ),
    "prepaid in full": (
        example_loan,
        Prepayment(event_id="P", on=date(2024, 1, 2), principal_fen=10_000_000),
        r"is no part of the ¥100,000",
    ),
    "wrong payoff": (
        example_loan,
        Payoff(event_id="P", on=date(2024, 1, 1), amount_fen=1),
        r"is of ¥0\.01, all that is owed is ¥100,000",
    ),
    "above the cap": (
        lambda: example_loan(rate_cap_ppm=240_000),
        RateChange(event_id="C", on=date(2024, 1, 2), annual_rate_ppm=250_000),
        r"is to 25\.00 % a year\. Hint: give 0 to 24\.00 %",
    ),
    "flat fee": (
        lambda: example_loan(method="flat_fee"),
        Prepayment(event_id="P", on=date(2024, 1, 2), principal_fen=5),
        "would change a flat fee",
    ),
    "restructured backwards": (
        example_loan,
        Restructuring(event_id="X", on=date(2024, 1, 2), annual_rate_ppm=0, due_on=(date(2024, 1, 2),)),
        "has no due days after it",
    ),
    "paid after write-off": (
        lambda: after(example_loan(FEB), WriteOff(event_id="W", on=FEB)),
        paid(FEB),
        "comes after the loan was written off. Hint: book a recovery",
    ),
    "recovered too soon": (
        example_loan,
        Recovery(event_id="R", on=date(2024, 1, 2), amount_fen=5),
        r"does not fit a claim of ¥0",
    ),
    "after the end": (
        lambda: after(example_loan(), Payoff(event_id="P", on=date(2024, 1, 1), amount_fen=10_000_000)),
        paid(date(2024, 1, 2)),
        "comes after the loan was settled early",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_is_refused_in_one_sentence_and_changes_nothing(name: str) -> None:
    make, event, said = REFUSED[name]
    account = make()
    before = msgspec.structs.asdict(account)
    with pytest.raises(InputError, match=said) as caught:
        apply(account, event)
    assert caught.value.message.startswith("loan L1: ")
    assert caught.value.hint
    assert msgspec.structs.asdict(account) == before


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"due_on": ()}, "0 due days are no schedule"),
        ({"due_on": (date(2023, 12, 31),)}, "the due days do not follow the booking day"),
        ({"annual_rate_ppm": -1}, "the yearly rate is negative"),
        ({"penalty_ppm": 1_600_000}, "penalty interest of 160 % of the contract rate is not allowed"),
        ({"allocation": "mine"}, "no allocation order 'mine'"),
        ({"method": "balloon"}, "no method 'balloon'"),
        ({"grace_days": -1}, "days of grace are negative"),
        ({"early_fee_ppm": -1}, "the early repayment fee is no share"),
    ],
)
def test_a_contract_that_cannot_be_is_refused(terms: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        open_account(example_contract(**terms))
