"""What the ledger tells the book, and that labels read from it what became of the loan."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from weilend.core.records import KINDS
from weilend.engine.book import BookView
from weilend.features.labels import LOAN_LABELS
from weilend.features.outcomes import make_labels
from weilend.features.spines import booked_applications
from weilend.lending.events import Drawdown, Event, Payoff, Repayment, Restructuring, Reversal
from weilend.lending.example import FIRST_DAY, example_contract
from weilend.lending.telling import Told, tell_loan
from weilend.testing.loans import HOME, fact, view_of

CONTRACT = example_contract(application_id="A1", product="shop_loan", owner_id="O1")
DRAWN = Drawdown(event_id="D1", on=FIRST_DAY, amount_fen=10_000_000)
ONE = 916_800


def paid(number: int, on: date, fen: int = ONE) -> Repayment:
    return Repayment(event_id=f"P{number}", on=on, amount_fen=fen)


def rows(kind: str, *events: Event, until: date) -> list[Told]:
    return [row for row in tell_loan(CONTRACT, [DRAWN, *events], until) if row.kind == kind]


def test_every_field_is_one_of_its_kind() -> None:
    events = (paid(1, date(2024, 2, 1)), paid(2, date(2024, 3, 9)))
    for row in tell_loan(CONTRACT, [DRAWN, *events], date(2024, 3, 20)):
        kind = KINDS[row.kind]
        fields = {field.name: field for field in kind.fields}
        assert row.fields.keys() <= {*fields, *kind.subjects}
        missing = [name for name, field in fields.items() if not field.nullable and row.fields.get(name) is None]
        assert not missing, (row.kind, missing)
        for name, value in row.fields.items():
            words = fields[name].words if name in fields else ()
            assert value is None or not words or value in words


def test_money_told_is_money_booked() -> None:
    events = (paid(1, date(2024, 2, 1)), paid(2, date(2024, 3, 9), 2 * ONE))
    told = rows("repayment", *events, until=date(2024, 4, 1))
    assert [(row.fields["payment_id"], row.fields["instalment_no"], row.fields["late_days"]) for row in told] == [
        ("P1", 1, 0), ("P2", 2, 8), ("L1-due-1-3", 3, 0),
    ]  # fmt: skip
    assert sum(row.fields["paid_fen"] for row in told) == ONE + 2 * ONE
    assert told[2].fields["way"] == "offset", "what was too much is told when an instalment takes it"
    assert told[1].fields["penalty_fen"] > 0


def test_a_bounced_payment_is_told_as_a_reversal_and_moves_the_next_one() -> None:
    events = (paid(1, date(2024, 2, 1)), paid(2, date(2024, 3, 1)), Reversal(event_id="B1", on=date(2024, 3, 4), of="P1"))
    told = rows("repayment", *events, until=date(2024, 3, 10))
    assert [(row.fields["payment_id"], row.fields["instalment_no"], row.fields["paid_fen"], row.known_on.day) for row in told] == [
        ("P1", 1, ONE, 1), ("P2", 2, ONE, 1), ("P2", 2, 0, 4), ("P2", 1, ONE, 4), ("P1", 1, -ONE, 4),
    ]  # fmt: skip
    assert told[-1].fields["is_reversal"]
    states = rows("loan_state", *events, until=date(2024, 3, 10))
    assert [(row.on.isoformat(), row.fields["dpd"]) for row in states][-3:] == [
        ("2024-03-01", 0),
        ("2024-03-04", 32),
        ("2024-03-10", 38),
    ]


def view(tmp_path: Path, *events: Event, until: date) -> BookView:
    """A book of an application and of all that its loan told."""
    application = fact("application", "A1", date(2023, 12, 31), business_id="E1", application_id="A1", product="shop_loan")
    told = tell_loan(CONTRACT, [DRAWN, *events], until)
    facts = [fact(row.kind, "|".join(row.key), row.on, known=row.known_on, **row.fields) for row in told]
    return view_of(tmp_path, [application, *facts])


PUNCTUAL = tuple(paid(month - 1, date(2024, month, 1)) for month in range(2, 9))
FATES: dict[str, tuple[tuple[Event, ...], int]] = {
    "paid in time": (PUNCTUAL, 0),
    "29 days late": ((PUNCTUAL[0], paid(2, date(2024, 3, 30), 2 * ONE + 30_000), *PUNCTUAL[3:]), -1),
    "40 days late": ((PUNCTUAL[0], paid(2, date(2024, 4, 10), 3 * ONE + 60_000), *PUNCTUAL[3:]), 1),
    "bounced and never paid again": ((*PUNCTUAL[:3], Reversal(event_id="B1", on=date(2024, 4, 3), of="P3")), 1),
    "restructured": (
        (PUNCTUAL[0], Restructuring(event_id="X", on=date(2024, 3, 9), annual_rate_ppm=60_000, due_on=(date(2025, 1, 1),))),
        1,
    ),
    "paid off early": ((Payoff(event_id="P1", on=date(2024, 1, 1), amount_fen=10_000_000),), 0),
}


@pytest.mark.parametrize("name", FATES)
def test_a_label_reads_what_the_ledger_told(name: str, tmp_path: Path) -> None:
    events, bad = FATES[name]  # 1 bad, 0 good, -1 neither: late, and not late enough
    book = view(tmp_path, *events, until=date(2024, 9, 1))
    known_by = HOME.end_of(date(2024, 9, 1))
    spine = booked_applications(book, "shop_loan", known_by)
    labels = make_labels(LOAN_LABELS["dpd30_mob6"], spine, book, known_by=known_by, calendar=HOME)
    assert labels.bad.tolist() == [bad]
