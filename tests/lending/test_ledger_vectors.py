"""The worked schedules, row by row, out of the ledger: what falls due is what was agreed, to the fen."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

import pytest
from tests.real import worked_loans

from weilend.core.credit import make_schedule
from weilend.lending.account import LoanAccount, payoff_fen
from weilend.lending.contract import LoanMethod
from weilend.lending.events import Drawdown, Event, Payoff, Prepayment, RateChange, Repayment
from weilend.lending.example import example_loan
from weilend.lending.ledger import apply, bring_to

Row = tuple[int, int, int, int]  # due, interest, principal, outstanding after it


@pytest.fixture(name="vectors")
def read_vectors() -> dict[str, Any]:
    return worked_loans()


def rows_of(account: LoanAccount) -> list[Row]:
    """What the plan says, walked down from what is outstanding."""
    left, rows = account.planned_fen, []
    for row in account.planned:
        left -= row.principal_fen
        rows.append((row.due.total, row.interest_fen, row.principal_fen, left))
    return rows


def lived(account: LoanAccount) -> list[Row]:
    """What falls due when the loan is lived to its end, each instalment repaid on its day."""
    rows = []
    for row in account.planned:
        account = bring_to(account, row.due_on)
        due = account.owed
        account, _ = apply(account, Repayment(event_id=f"R{row.number}", on=row.due_on, amount_fen=due.total))
        rows.append((due.total, due.interest, due.principal, account.outstanding_fen))
    assert account.status == "settled"
    assert account.balances.get("principal", 0) == account.balances.get("interest", 0) == 0
    return rows


def after(account: LoanAccount, *events: Event) -> LoanAccount:
    for event in events:
        account, _ = apply(bring_to(account, event.on), event)
    return account


def fen(yuan: float) -> int:
    return round(yuan * 100)


def table(*rows: tuple[float, float, float, float]) -> list[Row]:
    return [(fen(due), fen(interest), fen(principal), fen(left)) for due, interest, principal, left in rows]


@pytest.mark.parametrize(
    ("name", "method"),
    [("equal_instalment_18pct_12m_100k", "equal_instalment"), ("equal_principal_18pct_12m_100k", "equal_principal")],
)
def test_the_worked_loans_lived_to_their_end(vectors: dict[str, Any], name: str, method: LoanMethod) -> None:
    worked = [
        (fen(due), fen(interest), fen(principal), fen(left)) for _, due, principal, interest, left in vectors[name]["rows"]
    ]
    assert lived(example_loan(method=method)) == worked


def test_interest_first_lived_to_its_end(vectors: dict[str, Any]) -> None:
    worked = [fen(due) for _, due in vectors["interest_only_18pct_12m_100k"]["rows"]]
    assert [due for due, *_ in lived(example_loan(method="interest_first"))] == worked


def test_interest_by_the_day(vectors: dict[str, Any]) -> None:
    worked = vectors["daily_interest"]
    loan = example_loan(
        method="revolving",
        day_count="act_360",
        annual_rate_ppm=round(worked["annual_360"] * 1e6),
        due_on=(date(2024, 1, 1 + 30), date.fromordinal(date(2024, 1, 1).toordinal() + worked["days"])),
        amount_fen=worked["P"] * 100,
    )
    assert sum(interest for _, interest, _, _ in lived(loan)) == fen(worked["interest_act"])


#: 100.00 over six months from 2024-01-01 by Apache Fineract's ProgressiveEMICalculatorTest: due, interest, principal, left.
AT_9_4822 = table(
    (17.13, 0.79, 16.34, 83.66), (17.13, 0.66, 16.47, 67.19), (17.13, 0.53, 16.60, 50.59),
    (17.13, 0.40, 16.73, 33.86), (17.13, 0.27, 16.86, 17.00), (17.13, 0.13, 17.00, 0.00),
)  # fmt: skip
AT_15_678 = table(
    (17.43, 1.33, 16.10, 83.90), (17.43, 1.05, 16.38, 67.52), (17.43, 0.90, 16.53, 50.99),
    (17.43, 0.66, 16.77, 34.22), (17.43, 0.46, 16.97, 17.25), (17.47, 0.22, 17.25, 0.00),
)  # fmt: skip


def small(annual_rate_ppm: int, day_count: str = "thirty_e_360", until: date = date(2024, 1, 1)) -> LoanAccount:
    return example_loan(until, amount_fen=10_000, months=6, annual_rate_ppm=annual_rate_ppm, day_count=day_count)


@pytest.mark.parametrize(
    ("annual_rate_ppm", "day_count", "rows"), [(94_822, "thirty_e_360", AT_9_4822), (156_780, "act_365f", AT_15_678)]
)
def test_an_open_source_ledger_row_by_row(annual_rate_ppm: int, day_count: str, rows: list[Row]) -> None:
    assert rows_of(small(annual_rate_ppm, day_count)) == rows
    assert lived(small(annual_rate_ppm, day_count)) == rows


def test_a_second_drawdown_on_a_due_day() -> None:
    loan = after(
        small(94_822),
        Repayment(event_id="P1", on=date(2024, 2, 1), amount_fen=1_713),
        Repayment(event_id="P2", on=date(2024, 3, 1), amount_fen=1_713),
        Drawdown(event_id="D2", on=date(2024, 3, 1), amount_fen=10_000),
    )
    assert rows_of(loan) == table(
        (42.63, 1.32, 41.31, 125.88), (42.63, 0.99, 41.64, 84.24), (42.63, 0.67, 41.96, 42.28), (42.61, 0.33, 42.28, 0.00)
    )


def test_a_rate_that_falls_on_a_due_day() -> None:
    loan = after(small(70_000), RateChange(event_id="C1", on=date(2024, 2, 1), annual_rate_ppm=40_000))
    assert rows_of(loan) == table(
        (16.88, 0.28, 16.60, 66.97), (16.88, 0.22, 16.66, 50.31), (16.88, 0.17, 16.71, 33.60),
        (16.88, 0.11, 16.77, 16.83), (16.89, 0.06, 16.83, 0.00),
    )  # fmt: skip


def test_a_rate_that_falls_in_the_middle_of_a_period() -> None:
    """Fineract lets a change of 15 February bear from the end of the 14th: 13 days at 7 %, 16 at 4 %."""
    loan = after(small(70_000), RateChange(event_id="C1", on=date(2024, 2, 14), annual_rate_ppm=40_000))
    assert rows_of(loan) == table(
        (16.90, 0.37, 16.53, 67.04), (16.90, 0.22, 16.68, 50.36), (16.90, 0.17, 16.73, 33.63),
        (16.90, 0.11, 16.79, 16.84), (16.90, 0.06, 16.84, 0.00),
    )  # fmt: skip


def test_an_early_payoff_in_the_middle_of_a_period() -> None:
    """Interest to the day: 83.57 outstanding at 7 %, 14 of February's 29 days, is 0.24; 83.81 pays it off."""
    loan = after(small(70_000), Repayment(event_id="P1", on=date(2024, 2, 1), amount_fen=1_701))
    assert loan.outstanding_fen == 8_357
    assert payoff_fen(loan, date(2024, 2, 15)) == 8_381
    done, entry = apply(loan, Payoff(event_id="P2", on=date(2024, 2, 15), amount_fen=8_381))
    assert (done.status, done.outstanding_fen) == ("settled_early", 0)
    assert {posting.account: posting.amount_fen for posting in entry.postings} == {
        "cash": 8_381, "principal": -8_357, "interest_income": -24,
    }  # fmt: skip


def test_a_revolving_loan_bears_each_balance_for_its_days() -> None:
    """¥100,000 for 10 days, ¥60,000 for 11, ¥90,000 for 10, at 0.05 % a day."""
    loan = example_loan(method="revolving", day_count="act_360", months=1, limit_fen=10_000_000)
    loan = after(
        loan,
        Prepayment(event_id="P1", on=date(2024, 1, 11), principal_fen=4_000_000),
        Drawdown(event_id="D2", on=date(2024, 1, 22), amount_fen=3_000_000),
    )
    assert loan.planned[0].interest_fen == 50_000 + 33_000 + 45_000
    assert lived(loan) == [(9_128_000, 128_000, 9_000_000, 0)]


def test_a_line_that_is_repaid_in_full_can_be_drawn_again() -> None:
    loan = after(
        example_loan(method="revolving", day_count="act_360", months=2, limit_fen=10_000_000),
        Prepayment(event_id="P1", on=date(2024, 1, 11), principal_fen=10_000_000),
    )
    assert (loan.outstanding_fen, [row.due.total for row in loan.planned]) == (0, [50_000, 0])
    interest = Repayment(event_id="P2", on=date(2024, 2, 1), amount_fen=50_000)
    again = after(loan, interest, Drawdown(event_id="D2", on=date(2024, 2, 1), amount_fen=5_000_000))
    assert [row.due.total for row in again.planned] == [5_000_000 + 72_500]


@pytest.mark.parametrize(("keeps", "months"), [("term", 11), ("instalment", 5)])
def test_a_prepayment_keeps_the_term_or_the_instalment(keeps: Literal["term", "instalment"], months: int) -> None:
    loan = after(
        example_loan(),
        Repayment(event_id="P1", on=date(2024, 2, 1), amount_fen=916_800),
        Prepayment(event_id="P2", on=date(2024, 2, 1), principal_fen=5_000_000, keeps=keeps),
    )
    new = make_schedule("equal_instalment", 4_233_200, annual_rate_ppm=180_000, months=months)
    assert [row.due.total for row in loan.planned] == [row.due_fen for row in new.instalments]
    longer = make_schedule("equal_instalment", 4_233_200, annual_rate_ppm=180_000, months=4)
    assert loan.planned[0].due.total <= 916_800 < longer.instalments[0].due_fen
