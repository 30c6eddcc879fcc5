"""The audit finds what was planted, and nothing where nothing was."""

from __future__ import annotations

import msgspec
import pytest

from weilend.app.desk.desk import open_desk
from weilend.testing.invoices import Invoice, as_records


@pytest.fixture
def desk(tmp_path):
    return open_desk(tmp_path / "home")


def test_records_that_do_not_hash_to_their_id_are_found(desk):
    assert desk.audit() == ()
    desk.home.book.append({"invoice": as_records([Invoice("E1", "C1", "sale", 1, 10, 100, "valid")])})
    assert desk.audit() == ("1 invoice records do not hash to their id",), "the generator of tests names records its own way"


def test_a_decision_that_the_book_does_not_know_is_found(desk, monkeypatch):
    receipt = desk.decide("enterprise_loan", "E1", "2020-01-01", consent="own-data")
    assert receipt.decision.outcome == "refer"
    assert desk.audit() == ()
    other = msgspec.structs.replace(receipt, receipt_id="f" * 32)
    monkeypatch.setattr(type(desk.home.store), "receipts", lambda _self: iter([other]))
    problems = desk.audit()
    assert any("does not know 1 decisions" in problem for problem in problems)
    assert any("without a receipt" in problem for problem in problems)
