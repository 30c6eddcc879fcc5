"""Public credit tables with known traps: what must be seen is seen. WEILEND_DATA says where."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from weilend.app.desk.flat.models import Ask, design_table, guard_design
from weilend.core.errors import InputError
from weilend.models.flat import Roles
from weilend.models.guards.finding import Finding

DATA = Path(os.environ.get("WEILEND_DATA", ""))
pytestmark = pytest.mark.skipif(
    not os.environ.get("WEILEND_DATA"), reason="WEILEND_DATA does not say where the public tables are"
)


def guarded(file: str, roles: Roles) -> tuple[tuple[str, ...], tuple[Finding, ...]]:
    ask = Ask(name="x", table=DATA / file, roles=roles)
    design, findings = guard_design(design_table(ask)[0], ask)
    return design.sample.table.names, findings


def test_the_rating_that_copies_the_label_and_the_order_by_size_are_seen() -> None:
    left, findings = guarded("cumcm2020c/firms_with_history.csv", Roles(label="是否违约"))
    assert "信誉评级" not in left
    assert "企业代号" not in left
    assert {"order", "undated"} <= {one.guard for one in findings}


def test_loans_that_have_ended_are_told_by_their_bad_rate_and_copies_and_ids_are_dropped() -> None:
    left, findings = guarded("lendingclub_2018/lendingclub.parquet", Roles(label="loan_status", time="issue_d"))
    dropped = {one.column for one in findings if one.action == "dropped"}
    assert dropped == {"id", "grade.1"}
    assert "censored" in {one.guard for one in findings}
    assert "grade" in left


def test_a_missing_ratio_that_follows_the_outcome_is_told_and_kept() -> None:
    left, findings = guarded("hmeq/hmeq.csv", Roles(label="BAD"))
    assert [one.column for one in findings if one.guard == "presence" and one.action == "kept"] == ["DEBTINC"]
    assert "DEBTINC" in left


@pytest.mark.nightly
def test_ids_and_repeated_rows_of_card_clients_are_seen() -> None:
    left, findings = guarded("uci_taiwan/UCI_Credit_Card.csv", Roles(label="default.payment.next.month"))
    assert "ID" not in left
    assert "duplicate" in {one.guard for one in findings}
    assert len(left) == 23


def test_an_unclear_label_asks_which_value_is_bad(tmp_path) -> None:
    text = "\n".join(",".join(line.split()) for line in (DATA / "german" / "german.data").read_text().split("\n") if line)
    file = tmp_path / "german.csv"
    file.write_text(",".join([*(f"a{at}" for at in range(20)), "outcome"]) + "\n" + text + "\n")
    with pytest.raises(InputError, match=r"it has 1 \(700 rows\), 2 \(300 rows\)"):
        guarded(str(file), Roles(label="outcome"))
    left, findings = guarded(str(file), Roles(label="outcome", bad=("2",)))
    assert len(left) == 20
    assert not [one for one in findings if one.action == "dropped"]


@pytest.mark.nightly
def test_codes_among_counts_and_the_row_number_are_seen(tmp_path) -> None:
    from zipfile import ZipFile

    with ZipFile(DATA / "gmsc" / "cs-training.csv.zip") as archive:
        (tmp_path / "gmsc.csv").write_bytes(archive.read("cs-training.csv"))
    left, findings = guarded(str(tmp_path / "gmsc.csv"), Roles(label="SeriousDlqin2yrs"))
    assert "column 1" not in left
    codes = {(one.column, one.figures["value"]) for one in findings if one.guard == "code"}
    assert {("NumberOfTimes90DaysLate", 98), ("NumberOfTime30-59DaysPastDueNotWorse", 98)} <= codes
