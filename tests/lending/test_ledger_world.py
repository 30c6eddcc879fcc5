"""The loans of a world, folded through the ledger: the same days past due and balances as the world tells, and where it simplifies.

The world charges no penalty interest, so the contracts here have none. And it lets each payment pay the instalment that it was made
for: a borrower who pays March in time while February is open stays overdue since February. The ledger follows the contract: money
goes to the oldest instalment. Where payments come in the order of the due days, both say the same to the fen.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from weilend.core.credit import month_days
from weilend.economy.district import make_district
from weilend.economy.loan_records import tell_loans
from weilend.economy.loans import decide_of_old, live_loans
from weilend.economy.plan import make_plan
from weilend.lending.account import LoanAccount, open_account, payoff_fen
from weilend.lending.contract import Contract
from weilend.lending.events import Drawdown, Event, Payoff, Renewal, Repayment, WriteOff
from weilend.lending.ledger import apply, bring_to
from weilend.lending.standing import stand

Row = dict[str, Any]
ENDS = {"settled", "settled_early", "renewed", "written_off"}


@pytest.fixture(scope="module")
def told() -> dict[str, dict[str, list[Row]]]:
    """The records of each loan of some districts of a world, by kind."""
    plan = make_plan(businesses=10_000, months=36, seed=1)
    loans: dict[str, dict[str, list[Row]]] = {}
    for number in range(3):
        district = make_district(plan, number)
        for kind, (table,) in tell_loans(district, live_loans(district, decide_of_old(district))).items():
            for row in table.to_pylist():
                loans.setdefault(row["loan_id"], {}).setdefault(kind, []).append(row)
    return {name: one for name, one in loans.items() if "disbursement" in one and "loan_state" in one}


def contract_of(one: dict[str, list[Row]]) -> Contract:
    paid_out = one["disbursement"][0]
    known = {row["instalment_no"]: row["due_on"] for row in one.get("instalment_due", [])}
    usual = month_days(paid_out["first_due_on"], paid_out["instalments_count"])[:-1]
    due_on = tuple(known.get(number, day) for number, day in enumerate(usual, start=1))
    same_name = {name: paid_out[name] for name in ("loan_id", "application_id", "product", "business_id", "method")}
    return Contract(
        **same_name, annual_rate_ppm=paid_out["annual_rate_ppm"], booked_on=paid_out["happened_on"], due_on=due_on, penalty_ppm=0,
    )  # fmt: skip


def payments_of(one: dict[str, list[Row]]) -> list[tuple[date, Row]]:
    return sorted(
        ((row["due_on"] + timedelta(days=row["late_days"]), row) for row in one.get("repayment", [])),
        key=lambda pair: (pair[0], pair[1]["instalment_no"]),
    )


def in_order(one: dict[str, list[Row]]) -> bool:
    """Whether each payment came when no older instalment was open."""
    numbers = [row["instalment_no"] for _, row in payments_of(one)]
    return numbers == sorted(numbers) == list(range(1, len(numbers) + 1))


def walk(one: dict[str, list[Row]]) -> list[tuple[Row, LoanAccount]]:
    """Fold a loan's payments, and show the account at each of the states that the world tells."""
    contract = contract_of(one)
    account, found = open_account(contract), []
    drawn = one["disbursement"][0]["principal_fen"]
    account, _ = apply(account, Drawdown(event_id="D", on=contract.booked_on, amount_fen=drawn))
    payments = payments_of(one)
    for state in sorted(one["loan_state"], key=lambda row: row["happened_on"]):
        day = state["happened_on"]
        while payments and payments[0][0] <= day:
            on, row = payments.pop(0)
            account, _ = apply(bring_to(account, on), _paid(bring_to(account, on), row, on))
        account = bring_to(account, day)
        found.append((state, account))
    return found


def _paid(account: LoanAccount, row: Row, on: date) -> Event:
    if row["is_early_payoff"]:
        return Payoff(event_id=row["payment_id"], on=on, amount_fen=payoff_fen(account, on))
    return Repayment(event_id=row["payment_id"], on=on, amount_fen=row["paid_fen"])


def same(state: Row, account: LoanAccount) -> bool:
    found = stand(account, state["happened_on"])
    return (found.dpd, found.outstanding_fen, found.overdue_fen, found.overdue_principal_fen) == (
        state["dpd"], state["outstanding_fen"], state["overdue_fen"], state["overdue_principal_fen"],
    )  # fmt: skip


def test_loans_paid_in_order_stand_as_the_world_says(told: dict[str, dict[str, list[Row]]]) -> None:
    orderly = [one for one in told.values() if in_order(one)]
    overdue = ended = 0
    for one in orderly:
        for state, account in walk(one):
            if state["state"] in ENDS:
                ended += 1
                check_end(state, account)
                break
            assert same(state, account), (state, stand(account, state["happened_on"]))
            overdue += state["dpd"] > 0
    assert len(orderly) > 150
    assert overdue > 40
    assert ended > 80


def check_end(state: Row, account: LoanAccount) -> None:
    """Bring the loan to the end that the world says it had, and compare."""
    day, before = state["happened_on"], stand(account, state["happened_on"])
    if state["state"] == "renewed":
        renewal = Renewal(event_id="R", on=day, amount_fen=payoff_fen(account, day), renewed_by="L2", under_stress=True)
        account, _ = apply(account, renewal)
    elif state["state"] == "written_off":
        account, _ = apply(account, WriteOff(event_id="W", on=day))
        assert account.written_off_fen == state["written_off_fen"]
    assert (account.status, account.outstanding_fen) == (state["state"], 0)
    assert before.dpd == state["dpd"]


def test_out_of_order_the_ledger_pays_the_oldest_first(told: dict[str, dict[str, list[Row]]]) -> None:
    """Here the world simplifies: it leaves the older instalment open, so it counts more days past due, never fewer."""
    crossed = [one for one in told.values() if not in_order(one)]
    fewer = 0
    for one in crossed:
        for state, account in walk(one):
            if state["state"] in ENDS:
                break
            found = stand(account, state["happened_on"])
            assert found.dpd <= state["dpd"]
            fewer += found.dpd < state["dpd"]
    assert fewer


def test_a_planted_day_is_seen(told: dict[str, dict[str, list[Row]]]) -> None:
    late = next(
        (state, account)
        for one in told.values()
        if in_order(one)
        for state, account in walk(one)
        if state["dpd"] and state["state"] == "overdue"
    )
    assert same(*late)
    assert not same(late[0] | {"dpd": late[0]["dpd"] + 1}, late[1])
    assert not same(late[0] | {"outstanding_fen": late[0]["outstanding_fen"] + 1}, late[1])
