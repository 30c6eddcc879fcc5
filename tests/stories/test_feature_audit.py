"""The audit of features finds a leak that is planted, and nothing where nothing is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from weilend.app.desk import feature_audit
from weilend.app.desk.desk import open_desk
from weilend.engine import duckdb

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
    """Planted bug: a fold that forgets to ask whether a month is over already."""
    honest = duckdb.write_pass
    monkeypatch.setattr(
        duckdb,
        "write_pass",
        lambda *given: (
            honest(*given)
            .replace("month_age >= 0", "month_age >= -3")
            .replace("AND r.happened_at <= s.as_of", "")
            .replace("r.known_at <= s.as_of AND s.as_of < r.known_until", "r.known_until > 2**61")
        ),
    )
    assert "sales_fen_12m" in desk.audit_features("enterprise_loan", DAY).sees_future


def test_a_feature_that_is_too_good_is_found(desk, monkeypatch):
    monkeypatch.setattr(feature_audit, "TOO_GOOD", 0.55)
    assert desk.audit_features("enterprise_loan", DAY).too_good


def test_a_stored_value_that_the_book_does_not_give_is_found(desk, monkeypatch):
    (receipt,) = desk.home.store.receipts()
    receipt.features.values["sales_fen_12m"] += 1
    monkeypatch.setattr(type(desk.home.store), "receipts", lambda *_given: iter([receipt]))
    assert len(desk.audit_features("enterprise_loan", DAY).skewed) == 1
