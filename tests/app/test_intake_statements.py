"""Statements of one account that come one by one: gaps, overlaps and seams are kept as records, once, and told by an intake."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from weilend.app.cli.main import cli
from weilend.app.desk.desk import Desk, open_desk
from weilend.app.desk.intake import statements
from weilend.app.desk.steps import asked_by
from weilend.core.records import LAST_INSTANT

SAID = {"consent": "own-data", "business_id": "B1", "account": "42"}
HEADER = "记账日期,货币,交易金额,联机余额,交易摘要,对手信息,客户摘要"


def statement(folder: Path, since: str, until: str, opening: int, closing: int) -> Path:
    """A statement whose first and last line are of these days, from one balance (in yuan) to another."""
    lines = f"{since},CNY,1.00,{opening + 1}.00,消费,某人,\n{until},CNY,{closing - opening - 1}.00,{closing}.00,消费,某人,\n"
    path = folder / f"{since}.csv"
    path.write_text(f"{HEADER}\n{lines}", "utf-8")
    return path


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return open_desk(tmp_path / "home")


def between(desk: Desk, as_of: int = LAST_INSTANT) -> list[tuple[str, str, bool]]:
    """What statements say of each other, as known at an instant: the days and whether it holds."""
    rows = desk.home.book.view().read("reconciliation", subjects=["B1"], as_of=as_of).to_pylist()
    found = [
        (str(row["period_start_on"]), str(row["period_end_on"]), row["holds"]) for row in rows if row["source"] == "statements"
    ]
    return sorted(found)


def test_a_gap_is_kept_told_and_filled_by_the_statement_that_comes_late(desk, tmp_path):
    january = statement(tmp_path, "2024-01-01", "2024-01-31", 93, 100)
    march = statement(tmp_path, "2024-03-01", "2024-03-31", 114, 121)
    first = desk.ingest_paths([january], **SAID)
    assert first.together is None
    second = desk.ingest_paths([march], **SAID)
    assert second.together.failed == ("gap 2024-02-01 – 2024-02-29: no statement covers it",)
    assert between(desk) == [("2024-02-01", "2024-02-29", False)]
    third = desk.ingest_paths([statement(tmp_path, "2024-02-01", "2024-02-29", 100, 114)], **SAID)
    assert (third.together.failed, third.together.held) == ((), 2)
    seams = [("2024-02-01", "2024-02-01", True), ("2024-03-01", "2024-03-01", True)]
    assert between(desk) == [seams[0], ("2024-02-01", "2024-02-29", True), seams[1]]


def test_days_without_a_line_are_no_gap_where_the_balances_meet(desk, tmp_path):
    """The statements say no period: January ends with its last line, and nothing moved until the first one of February."""
    files = [
        statement(tmp_path, "2024-01-01", "2024-01-29", 93, 100),
        statement(tmp_path, "2024-02-03", "2024-02-28", 100, 107),
    ]
    told = desk.ingest_paths(files, **SAID).together
    assert (told.held, told.failed, told.noted) == (1, (), ())
    assert between(desk) == [("2024-01-30", "2024-02-02", True)]


def test_twice_is_once(desk, tmp_path):
    files = [
        statement(tmp_path, "2024-01-01", "2024-01-31", 93, 100),
        statement(tmp_path, "2024-03-01", "2024-03-31", 114, 121),
    ]
    told = desk.ingest_paths(files, **SAID).together
    before = desk.home.book.view().seq
    assert desk.ingest_paths(files, **SAID).together == told
    desk.ingest(files[0], **SAID)
    assert desk.home.book.view().seq == before
    assert desk.audit() == ()


def test_nobody_knows_of_a_gap_before_the_statement_behind_it(desk, tmp_path):
    files = [
        statement(tmp_path, "2024-01-01", "2024-01-31", 93, 100),
        statement(tmp_path, "2024-06-01", "2024-06-30", 114, 121),
    ]
    desk.ingest_paths(files, **SAID)
    june = desk.home.calendar.end_of(desk.home.book.view().read("statement_balance")["period_end_on"][1].as_py())
    assert between(desk, june) == []
    assert between(desk, june + 86_400) == [("2024-02-01", "2024-05-31", False)]


def test_overlaps_and_seams_are_told_apart_and_accounts_do_not_mix(desk, tmp_path):
    desk.ingest_paths([statement(tmp_path, "2023-05-01", "2023-05-31", 0, 7)], **{**SAID, "account": "43"})
    files = [
        statement(tmp_path, "2024-01-01", "2024-01-31", 93, 100),
        statement(tmp_path, "2024-01-15", "2024-02-10", 96, 107),
        statement(tmp_path, "2024-02-11", "2024-02-29", 193, 200),
    ]
    told = desk.ingest_paths(files, **SAID).together
    assert told.file == "3 statements together"
    assert told.noted == ("overlap 2024-01-15 – 2024-01-31",)
    assert told.failed == ("seam 2024-02-11: 107.00 closed, 193.00 opened",)


def test_the_table_of_an_intake_shows_it(tmp_path):
    files = [statement(tmp_path, "2024-01-01", "2024-01-31", 93, 100), statement(tmp_path, "2024-01-20", "2024-02-20", 97, 114)]
    options = ["--consent", "own-data", "--business", "B1", "--home", str(tmp_path / "home")]
    shown = CliRunner().invoke(cli, ["ingest", *map(str, files), *options]).output
    assert "2 statements together" in " ".join(shown.split())
    assert "overlap 2024-01-20" in " ".join(shown.split())


def test_a_gap_closes_where_no_statement_tells_balances(desk, tmp_path):
    """An OFX statement says no opening balance, so nothing else lies between two of them."""
    for month, days in (("01", "31"), ("03", "31"), ("02", "29")):
        text = (
            "<OFX><STMTRS><CURDEF>CNY<BANKACCTFROM><ACCTID>42</BANKACCTFROM><BANKTRANLIST><DTSTART>2024{0}01<DTEND>2024{0}{1}<STMTTRN>"
            "<TRNTYPE>CREDIT<DTPOSTED>2024{0}02<TRNAMT>7.00<FITID>1</STMTTRN></BANKTRANLIST><LEDGERBAL><BALAMT>9<DTASOF>2024{0}{1}"
            "</LEDGERBAL></STMTRS></OFX>"
        )
        (tmp_path / f"{month}.ofx").write_text(text.format(month, days), "utf-8")
        told = desk.ingest_paths([tmp_path / f"{month}.ofx"], consent="own-data", business_id="B1").together
    assert told is None
    assert between(desk) == [("2024-02-01", "2024-02-29", True)]


def test_many_facts_are_counted_in_the_table(tmp_path):
    files = [statement(tmp_path, f"20{year}-01-01", f"20{year}-01-31", 93, 100) for year in range(10, 18)]
    options = ["--consent", "own-data", "--business", "B1", "--home", str(tmp_path / "home")]
    shown = CliRunner().invoke(cli, ["ingest", *map(str, files), *options]).stdout
    assert "7 × gap" in " ".join(shown.split())


def test_a_gap_that_stays_open_for_ever_would_be_seen(desk, tmp_path, monkeypatch):
    """Planted bug: what a late statement fills is not said to hold."""
    monkeypatch.setattr(statements, "fill_gaps", lambda before, found, intake: found.slice(0, 0))
    for since, until in (("2024-01-01", "2024-01-31"), ("2024-03-01", "2024-03-31"), ("2024-02-01", "2024-02-29")):
        desk.ingest_paths([statement(tmp_path, since, until, 0, 7)], **SAID)
    assert ("2024-02-01", "2024-02-29", False) in between(desk)


def paper(folder: Path, lines: list[tuple[str, int]], closing: int, period: tuple[str, str]) -> Path:
    """The same as an OFX statement, which says no opening balance: days with amounts in yuan, the period as yyyymmdd."""
    told = "".join(
        f"<STMTTRN><TRNTYPE>OTHER<DTPOSTED>{day}<TRNAMT>{yuan}.00<FITID>{number}</STMTTRN>"
        for number, (day, yuan) in enumerate(lines)
    )
    path = folder / f"{period[0]}.ofx"
    path.write_text(
        f"<OFX><STMTRS><CURDEF>CNY<BANKACCTFROM><ACCTID>42</BANKACCTFROM><BANKTRANLIST><DTSTART>{period[0]}<DTEND>{period[1]}{told}"
        f"</BANKTRANLIST><LEDGERBAL><BALAMT>{closing}.00<DTASOF>{period[1]}</LEDGERBAL></STMTRS></OFX>",
        "utf-8",
    )
    return path


def told_statements(desk: Desk) -> list[tuple[str, str, int | None, int]]:
    rows = desk.home.book.view().read("statement_balance", subjects=["B1"], as_of=LAST_INSTANT).to_pylist()
    return [(str(row["period_start_on"]), str(row["period_end_on"]), row["opening_fen"], row["closing_fen"]) for row in rows]


@pytest.mark.parametrize("csv_first", [True, False])
@pytest.mark.parametrize("period", [("20240103", "20240130"), ("20240101", "20240131")])
def test_one_statement_in_two_formats_is_one_record(csv_first, period, desk, tmp_path):
    exported = statement(tmp_path, "2024-01-03", "2024-01-30", 93, 100)
    ofx = paper(tmp_path, [("20240103", 1), ("20240130", 6)], 100, period)
    files = [exported, ofx] if csv_first else [ofx, exported]
    for file in (*files, *files):
        desk.ingest_paths([file], **SAID)
    assert {one[3] for one in told_statements(desk)} == {10_000}
    assert len(told_statements(desk)) == 1
    assert between(desk) == []
    assert desk.audit() == ()
    if csv_first:
        assert told_statements(desk)[0][2] == 9_300 or period[0] == "20240101"


def test_statements_of_one_period_that_contradict_each_other_are_two_versions(desk, tmp_path):
    for closing in (100, 107):
        desk.ingest_paths([statement(tmp_path, "2024-01-01", "2024-01-31", 93, closing)], **SAID)
    assert desk.book_stats()["statement_balance"].rows == 2


def test_papers_that_come_with_an_application_are_compared_with_older_statements(desk, tmp_path):
    desk.ingest_paths([statement(tmp_path, "2024-01-01", "2024-01-31", 93, 100)], consent="own-data", business_id="B1")
    march = statement(tmp_path, "2024-03-01", "2024-03-31", 114, 121)
    receipt = desk.decide("enterprise_loan", "B1", "2024-05-01", consent="own-data", payload=march)
    assert between(desk) == [("2024-02-01", "2024-02-29", False)]
    asked = asked_by(desk.home, desk.home.store.request_of(receipt.receipt_id))
    assert "gap" in str(asked.records["reconciliation"])
    assert desk.replay().problems == ()
