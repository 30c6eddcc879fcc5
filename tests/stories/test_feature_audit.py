"""The audit of features finds a leak that is planted, and nothing where nothing is."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from weilend.app.desk import feature_audit
from weilend.app.desk.desk import open_desk
from weilend.core.records import FAR_FUTURE
from weilend.engine import duckdb
from weilend.engine.batch import rows

pytestmark = pytest.mark.xdist_group("live")
DAY = "2019-06-01"


@pytest.fixture(scope="module")
def prepared(world, tmp_path_factory):
    home = tmp_path_factory.mktemp("audited") / "home"
    desk = open_desk(home)
    desk.ingest(world, consent="own-data")
    desk.decide("enterprise_loan", "E150", "2020-01-01", consent="own-data")
    return home


@pytest.fixture
def desk(prepared, tmp_path):
    return open_desk(Path(shutil.copytree(prepared, tmp_path / "home")))


def test_honest_features_are_sound(desk):
    found = desk.audit_features("enterprise_loan", DAY)
    assert found.is_sound, found
    assert found.stored_rows == 1


def test_an_engine_that_sees_the_future_is_found(desk, monkeypatch):
    """Planted bug: a fold that forgets to ask whether a month is over already, of rows that nobody asked when they were known."""
    honest, slots = duckdb.write_pass, rows.Rows.slots
    clocks = re.compile(r"known_at <= \d+ AND known_until > \d+ AND happened_at <= \d+")
    monkeypatch.setattr(duckdb, "write_pass", lambda *given: clocks.sub(f"known_until = {FAR_FUTURE}", honest(*given)))
    monkeypatch.setattr(rows.Rows, "slots", lambda self, slot, day: np.maximum(slots(self, slot, day), 0))
    assert "sales_fen_12m" in desk.audit_features("enterprise_loan", DAY).sees_future


def test_a_feature_that_is_too_good_is_found(desk, monkeypatch):
    monkeypatch.setattr(feature_audit, "TOO_GOOD", 0.55)
    assert desk.audit_features("enterprise_loan", DAY).too_good


def test_a_stored_value_that_the_book_does_not_give_is_found(desk, monkeypatch):
    (receipt,) = desk.home.store.receipts()
    receipt.features.values["sales_fen_12m"] += 1
    monkeypatch.setattr(type(desk.home.store), "receipts", lambda *_given: iter([receipt]))
    assert len(desk.audit_features("enterprise_loan", DAY).skewed) == 1
