"""What a ledger told is kept in a home's book, shown from it, and held against its laws."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from weilend.app.cli.main import cli
from weilend.app.desk.home import Home, open_home
from weilend.app.desk.ledger import check_loans, keep_told, show_loan
from weilend.economy.district import make_district
from weilend.economy.loan_records import tell_loans
from weilend.economy.loans import decide_of_old, live_loans
from weilend.economy.plan import make_plan
from weilend.lending.events import Drawdown, Event, Prepayment, Repayment, Restructuring, Reversal, WriteOff
from weilend.lending.example import FIRST_DAY, example_contract
from weilend.lending.recorded import check_rows_of
from weilend.lending.telling import Told, tell_loan

DRAWN = Drawdown(event_id="D1", on=FIRST_DAY, amount_fen=10_000_000)
ONE = 916_800
LIVES: dict[str, tuple[Event, ...]] = {
    "L1": (
        Repayment(event_id="P1", on=date(2024, 2, 1), amount_fen=ONE),
        Repayment(event_id="P2", on=date(2024, 3, 1), amount_fen=ONE),
        Reversal(event_id="B1", on=date(2024, 3, 4), of="P1"),
        Repayment(event_id="P3", on=date(2024, 3, 20), amount_fen=2 * ONE),
    ),
    "L2": (
        Repayment(event_id="P1", on=date(2024, 2, 1), amount_fen=ONE + 5_000),
        Prepayment(event_id="P2", on=date(2024, 2, 15), principal_fen=1_000_000),
    ),
    "L3": (
        Restructuring(event_id="X1", on=date(2024, 3, 9), annual_rate_ppm=60_000, due_on=(date(2024, 4, 15), date(2024, 9, 1))),
        Repayment(event_id="P1", on=date(2024, 4, 15), amount_fen=ONE),
        WriteOff(event_id="W1", on=date(2024, 6, 1)),
    ),
}
UNTIL = date(2024, 6, 10)
LATER = 1_730_000_000  # October 2024


def told() -> list[Told]:
    return [row for name, events in LIVES.items() for row in tell_loan(example_contract(loan_id=name), [DRAWN, *events], UNTIL)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    made = open_home(tmp_path_factory.mktemp("ledger") / "home")
    assert keep_told(made, told(), consent_id="own-data") == len(told())
    return made


def ask(home: Home, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(cli, ["ledger", *arguments, "--home", str(home.folder)])
    return done.exit_code, done.output


def test_telling_twice_says_nothing_new(home: Home) -> None:
    assert keep_told(home, told(), consent_id="own-data") == 0


def test_what_a_ledger_told_keeps_its_laws(home: Home) -> None:
    checked = check_loans(home, at=LATER)
    assert (checked.loans, checked.found) == (3, ())
    code, said = ask(home, "check")
    assert code == 0
    assert said.startswith("3 loans, ")
    assert said.endswith(" 0 contradictions\n")


def test_a_statement_from_the_records_in_both_languages(home: Home) -> None:
    shown = show_loan(home, "L1", "en", at=LATER)
    assert "¥100,000 at 18.00 % a year, 12 instalments from 2024-02-01 to 2025-01-01" in shown
    assert "| 2024-03-04 | payment taken back | -¥9,168 |" in shown
    assert "| 2024-03-04 | overdue, 32 days past due, ¥100,000 outstanding |" not in shown, "P2 covers a part of it"
    code, said = ask(home, "show", "L3", "--zh")
    assert code == 0
    assert "| 2024-06-01 | 已核销，逾期0天，未还本金¥0 |" in said


def test_an_unknown_loan_is_named(home: Home) -> None:
    done = CliRunner().invoke(cli, ["ledger", "show", "L9", "--home", str(home.folder)])
    assert "no loan 'L9' in the book" in str(done.exception)


def test_before_it_was_known_nothing_was_said(home: Home) -> None:
    then = home.calendar.end_of(date(2024, 3, 2))
    assert "payment taken back" not in show_loan(home, "L1", "en", at=then)
    assert check_loans(home, at=then).found == ()


def planted(row: Told) -> Told:
    """A state that counts wrongly, and a payment whose parts do not add up."""
    faults: dict[tuple[str, ...], dict[str, int]] = {
        ("loan_state", "L2", "2024-02-29"): {"dpd": 3, "outstanding_fen": 1},
        ("repayment", "L3", "P1", "2", "1", ""): {"interest_fen": 1},
    }
    return msgspec.structs.replace(row, fields=row.fields | faults.get(row.key, {}))


def test_planted_contradictions_are_found(tmp_path: Path) -> None:
    home = open_home(tmp_path / "home")
    keep_told(home, [planted(row) for row in told()], consent_id="own-data")
    code, said = ask(home, "check", "--json")
    assert code == 1
    what = [line["contradiction"] for line in json.loads(said)]
    assert any("¥0.01 is outstanding, but ¥100,000 was paid out" in one for one in what)
    assert any("3 days past due are told, by instalments and payments it is 0" in one for one in what)
    assert any("its parts make" in one for one in what)


def test_the_loans_of_a_world_keep_the_laws() -> None:
    district = make_district(make_plan(businesses=10_000, months=36, seed=1), 1)
    loans: dict[str, dict[str, list[dict[str, object]]]] = {}
    for kind, (table,) in tell_loans(district, live_loans(district, decide_of_old(district))).items():
        for row in table.to_pylist():
            loans.setdefault(row["loan_id"], {}).setdefault(kind, []).append(row)
    assert len(loans) > 50
    assert [one for name, rows in loans.items() for one in check_rows_of(name, rows)] == []
