from __future__ import annotations

from datetime import date
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weilend.core.credit import all_in_rate_ppm, make_schedule
from weilend.core.errors import InputError
from weilend.core.money import PPM
from weilend.lending.events import Payoff, Repayment
from weilend.lending.example import example_contract, example_loan
from weilend.lending.ledger import apply, bring_to, fold
from weilend.lending.worth import (
    Life,
    dated_value_fen,
    expected_flows,
    expected_profit_fen,
    money_flows,
    present_value_fen,
    rows_of,
    run_off,
)

LOAN = make_schedule("equal_instalment", 1_000_000, annual_rate_ppm=180_000, months=4)
SURE = Life(hazard_ppm=(0,), loss_ppm=PPM)


def by_hand(life: Life) -> list[float]:
    """Every way in which the loan may end, one by one: its chance, and what comes when."""
    rows, flows = rows_of(LOAN), [0.0] * (4 + life.recovery_months)
    for path in product(("falls", "early", "pays"), repeat=4):
        chance, came = 1.0, [0.0] * len(flows)
        for month, what in enumerate(path, start=1):
            falls = float(life.hazard_at(month))
            early = life.prepay_ppm / PPM
            chance *= {"falls": falls, "early": (1 - falls) * early, "pays": (1 - falls) * (1 - early)}[what]
            due, outstanding = rows[month - 1]
            if what == "falls":
                came[month - 1 + life.recovery_months] += (1 - life.loss_ppm / PPM) * outstanding
            else:
                came[month - 1] += due + (rows[month][1] if what == "early" and month < 4 else 0)
            if what != "pays":
                chance *= (1 / 3) ** (4 - month)  # the rest of the path does not matter: each of its continuations a third
                break
        flows = [all_ + chance * one for all_, one in zip(flows, came, strict=True)]
    return flows


@settings(deadline=None, max_examples=15)
@given(
    life=st.builds(
        Life,
        hazard_ppm=st.lists(st.integers(0, PPM), min_size=1, max_size=5).map(tuple),
        loss_ppm=st.integers(0, PPM),
        prepay_ppm=st.integers(0, PPM),
        recovery_months=st.integers(0, 3),
    )
)
def test_expected_flows_are_all_ends_weighed_by_their_chance(life: Life) -> None:
    assert [float(fen) for fen in expected_flows(rows_of(LOAN), life)] == pytest.approx(by_hand(life), abs=1e-6)


def test_a_sure_loan_is_worth_nothing_at_its_own_rate() -> None:
    rate_ppm = all_in_rate_ppm(LOAN.flows_fen(), "effective")
    assert abs(expected_profit_fen(LOAN, SURE, rate_ppm)) <= 1
    assert expected_profit_fen(LOAN, SURE, 0) == LOAN.interest_fen
    assert expected_profit_fen(LOAN, SURE, 0, upfront_fen=-500) == LOAN.interest_fen - 500


def test_a_loan_that_is_never_paid_costs_what_is_not_recovered() -> None:
    lost = Life(hazard_ppm=(PPM,), loss_ppm=600_000, recovery_months=0)
    assert expected_profit_fen(LOAN, lost, 0) == -600_000


def test_a_higher_hazard_or_loss_is_never_worth_more() -> None:
    profits = [expected_profit_fen(LOAN, Life(hazard_ppm=(h,), loss_ppm=750_000), 35_000) for h in range(0, 100_000, 20_000)]
    assert profits == sorted(profits, reverse=True)
    profits = [expected_profit_fen(LOAN, Life(hazard_ppm=(20_000,), loss_ppm=loss), 35_000) for loss in (0, 500_000, PPM)]
    assert profits == sorted(profits, reverse=True)


@pytest.mark.parametrize("life", [{"hazard_ppm": ()}, {"hazard_ppm": (PPM + 1,)}, {"hazard_ppm": (0,), "prepay_ppm": -1}])
def test_a_life_that_cannot_be_is_refused(life: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="a life needs hazards"):
        expected_flows(rows_of(LOAN), Life(loss_ppm=0, **life))


def test_the_money_of_the_books_is_worth_what_its_flows_are() -> None:
    """Lived as agreed, month by month: the dated value of the cash is near that of twelve equal months."""
    account = example_loan()
    for row in account.planned:
        account = bring_to(account, row.due_on)
        account, _ = apply(account, Repayment(event_id=f"P{row.number}", on=row.due_on, amount_fen=account.owed.total))
    flows = money_flows(fold(example_contract(), account.history)[1])
    assert sum(fen for _, fen in flows) == 1_001_599
    schedule = make_schedule("equal_instalment", 10_000_000, annual_rate_ppm=180_000, months=12)
    monthly = present_value_fen([row.due_fen for row in schedule.instalments], 35_000) - 10_000_000
    assert dated_value_fen(flows, 35_000, date(2024, 1, 1)) == pytest.approx(monthly, rel=2e-3)


def test_a_cohort_is_run_off_to_its_last_month() -> None:
    on = date(2024, 3, 15)
    late, current = example_loan(on), example_loan(months=3)
    for row in current.planned[:2]:
        current = bring_to(current, row.due_on)
        current, _ = apply(current, Repayment(event_id=f"P{row.number}", on=row.due_on, amount_fen=current.owed.total))
    paid, _ = apply(example_loan(), Payoff(event_id="P", on=date(2024, 1, 1), amount_fen=10_000_000))
    sure = {"C": SURE, "M2": SURE}
    found = run_off([late, current, paid], on, sure, 0)
    assert found.loans == 2
    assert found.outstanding_fen == late.outstanding_fen + current.outstanding_fen
    assert len([fen for fen in found.flows_fen if fen]) == 10
    overdue = run_off([late], on, sure, 0).flows_fen[0] - late.planned[0].due.total
    assert overdue >= late.owed.total, "arrears and their penalties come with the first month"
    worse = run_off([late, current, paid], on, {"C": SURE, "M2": Life(hazard_ppm=(PPM,), loss_ppm=PPM)}, 0)
    assert worse.value_fen == sum(row.due.total for row in current.planned)
    with pytest.raises(InputError, match="no life for loans in M2"):
        run_off([late], on, {"C": SURE}, 0)
