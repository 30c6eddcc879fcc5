"""Damaged files: a broken row costs itself, a broken file is refused in one sentence, and spreadsheets are opened with care."""

from __future__ import annotations

import json
import time
import zipfile

import pytest
from export_files import HEADER, LINES, done, load, rows, statement

from weilend.core.errors import SourceError
from weilend.sources import PROFILES, source_of
from weilend.sources.files.workbooks import write_xlsx

DAMAGED = [
    ("2024-01-01,CNY,5.00", "torn_row"),
    ("2024-01-01,CNY,5.00,5.00,消费,甲,乙,丙", "torn_row"),
    ("2024-13-01,CNY,5.00,5.00,消费,甲,", "not_a_day"),
    ("1899-01-01,CNY,5.00,5.00,消费,甲,", "day_out_of_range"),
    (",CNY,5.00,5.00,消费,甲,", "missing"),
    ("2024-01-01,CNY,,5.00,消费,甲,", "missing"),
    ("2024-01-01,CNY,五元,5.00,消费,甲,", "not_an_amount"),
    ("2024-01-01,CNY,5.001,5.00,消费,甲,", "fraction_of_fen"),
    ("2024-01-01,CNY,99999999999999.00,5.00,消费,甲,", "out_of_range"),
    ("2024-01-01,CNY,5.00,5a.00,消费,甲,", "not_an_amount"),
    ("2024-01-01,USD,5.00,5.00,消费,甲,", "foreign_currency"),
    ('2024-01-01,CNY,5.00,5.00,消费,甲,"乙', "open_quote"),
]


@pytest.mark.parametrize(("line", "reason"), DAMAGED, ids=str)
def test_a_damaged_row_costs_itself_alone(line, reason, tmp_path):
    batch = load("cmb_debit", statement(tmp_path / "a.csv", [LINES[0], line, *LINES[1:]]))
    (reject,) = batch.rejects.to_pylist()
    assert (reject["file_row"], reject["reason"]) == (2, reason)
    assert reject["en"]
    assert reject["zh"]
    assert "2024" in reject["original"] or "1899" in reject["original"] or "5.00" in reject["original"]
    assert batch.row_of["bank_entry"].tolist() == [0, 2, 3]
    assert json.loads(reject["original"])


def test_a_sign_that_cannot_be_decoded_costs_its_row_alone(tmp_path):
    path = statement(tmp_path / "a.csv", LINES, "gb18030")
    path.write_bytes(path.read_bytes().replace("消费".encode("gb18030"), b"\xff\xff", 1))
    batch = load("cmb_debit", path)
    assert [(row["file_row"], row["reason"]) for row in batch.rejects.to_pylist()] == [(2, "broken_text")]


def test_a_number_that_a_spreadsheet_rounded_is_not_taken_for_another(tmp_path):
    header = PROFILES["wechat_fund_flow"].layouts[0].header
    line = {
        "记账时间": "2024-01-05 10:00:00",
        "业务类型": "交易",
        "收支类型": "收入",
        "收支金额(元)": "5.00",
        "业务凭证号": "4.2E+27",
    }
    (tmp_path / "a.csv").write_text(",".join(header) + "\n" + ",".join(line.get(name, "") for name in header), "utf-8")
    assert done(load("wechat_fund_flow", tmp_path / "a.csv")).reasons == {"digits_lost": 1}


def test_a_line_break_within_quotes_belongs_to_its_cell_where_the_format_has_such(tmp_path):
    header = PROFILES["shopify_orders"].layouts[0].header
    order = {"Name": "#1", "Financial Status": "paid", "Paid at": "2024-01-05 10:00:00 Z", "Created at": "2024-01-05 09:00:00 Z",
             "Total": "1.00", "Lineitem quantity": "1", "Lineitem price": "1.00", "Notes": '"ring twice\nthen wait"'}  # fmt: skip
    (tmp_path / "a.csv").write_text("\n".join([",".join(header), ",".join(order.get(name, "") for name in header)]), "utf-8")
    batch = load("shopify_orders", tmp_path / "a.csv")
    assert (batch.rows.num_rows, batch.rejects.num_rows) == (1, 0)


def test_blank_rows_and_footers_are_no_data(tmp_path):
    header = ",".join(PROFILES["icbc_debit_v1"].layouts[0].header)
    line = "2023-05-02,消费,甲,CHN,钞,-,-,-,,13.40,人民币,100.00,甲,"
    (tmp_path / "a.csv").write_text(f'{header}\n\n{line}\n,,,,,,,,,,,,,\n \n人民币合计,,,,,,,,"0.00","13.40",\n', "utf-8")
    batch = load("icbc_debit_v1", tmp_path / "a.csv")
    assert (batch.rows.num_rows, batch.rejects.num_rows) == (1, 0)
    facts = {row["check_name"]: row["holds"] for row in rows(batch, "reconciliation")}
    assert facts == {"header_totals": True}


def test_every_sheet_of_a_workbook_that_has_the_header_is_read(tmp_path):
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        for name, lines in (
            ("说明", [["看下一页"]]),
            ("明细", [HEADER.split(","), ["2024-01-01", "CNY", -5.1, 0.1 + 0.2, "消费", "甲", ""]]),
        ):
            sheet = book.add_worksheet(name)
            for place, line in enumerate(lines):
                sheet.write_row(place + 2, 1, line)  # tables need not begin in the first cell
    (entry,) = rows(load("cmb_debit", tmp_path / "a.xlsx"), "bank_entry")
    assert (entry["amount_fen"], entry["balance_fen"]) == (510, 30)


def test_a_sparse_sheet_of_a_million_rows_is_refused_before_it_is_opened(tmp_path):
    import xlsxwriter

    with xlsxwriter.Workbook(tmp_path / "a.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER.split(","))
        sheet.write(1_048_575, 40, "x")
    with pytest.raises(SourceError, match="larger than a workbook may be"):
        source_of(tmp_path / "a.xlsx")


def hollow_workbook(path, members):
    """A workbook of some members, other parts as xlsxwriter makes them."""
    import xlsxwriter

    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet().write_row(0, 0, HEADER.split(","))
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()} | members
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return path


SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'
NOISE = b"".join(b"<!--%d-->" % (7919 * number) for number in range(30_000))  # keeps the ratio of the zip honest


def test_cells_that_do_not_say_their_place_are_counted_too(tmp_path):
    """A row of four thousand cells and as many rows of one are sixteen million cells in memory, and forty kilobytes."""
    rows = b"<row>%s</row>%s" % (b"<c/>" * 4_000, b"<row><c/></row>" * 4_000)
    path = hollow_workbook(tmp_path / "a.xlsx", {"xl/worksheets/sheet1.xml": SHEET % (NOISE + rows)})
    with pytest.raises(SourceError, match="larger than a workbook may be"):
        source_of(path)


@pytest.mark.parametrize("member", ["content.xml", "Content.xml"])
def test_a_zip_that_may_be_taken_for_another_sort_of_workbook_is_refused(member, tmp_path):
    with pytest.raises(SourceError, match="no xlsx workbook"):
        source_of(hollow_workbook(tmp_path / "a.ods", {member: b"<a/>"}))


def test_a_line_of_a_million_cells_costs_itself_alone(tmp_path):
    wide = "," * 1_000_000
    path = statement(tmp_path / "a.csv", [wide + "1", LINES[0], wide + "1", wide + "1"])
    begun = time.process_time()
    batch = load("cmb_debit", path)
    assert time.process_time() - begun < 5
    assert [(row["file_row"], row["reason"]) for row in batch.rejects.to_pylist()] == [(at, "torn_row") for at in (1, 3, 4)]


def test_a_line_without_an_end_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("weilend.sources.files.texts.MAX_LINE_CHARS", 1_000)
    monkeypatch.setattr("weilend.sources.files.texts._BLOCK_BYTES", 600)
    with pytest.raises(SourceError, match="a line without an end"):
        load("cmb_debit", statement(tmp_path / "a.csv", [*LINES, "x" * 5_000]))
    assert done(load("cmb_debit", statement(tmp_path / "a.csv", LINES * 9))).rows_in == 27


WRONG_FILES = {
    "empty": b"",
    "no table": b"\x00\x01\x02\x03" * 100,
    "a zip that is no workbook": b"PK\x03\x04" + b"x" * 100,
    "an old workbook cut short": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600,
    "only a header of nobody": "甲,乙\n1,2\n".encode(),
    "a column twice": (HEADER + ",交易金额\n").encode(),
}


@pytest.mark.parametrize("what", WRONG_FILES)
def test_a_wrong_file_is_refused_in_one_sentence_with_a_hint(what, tmp_path, capfd):
    (tmp_path / "a.csv").write_bytes(WRONG_FILES[what])
    with pytest.raises(SourceError) as caught:
        load("cmb_debit", tmp_path / "a.csv")
    assert caught.value.hint
    assert "\n" not in str(caught.value)
    assert not capfd.readouterr().err  # what a library prints about a damaged file stays inside


@pytest.mark.parametrize(
    ("amount", "fen"),
    [("1,234.50", 123_450), ("12,345,678.9", 1_234_567_890), ("-1,000", -100_000), ("1,50", None), ("1.234,56", None),
     ("12,34,567.00", None), ("1,2345.00", None), (",5", None)],
)  # fmt: skip
def test_a_comma_counts_only_between_thousands(amount, fen, tmp_path):
    """A file of another country writes 1,50 for one and a half: a hundred and fifty would be a hundredfold."""
    path = statement(tmp_path / "a.csv", [f'2024-01-01,CNY,"{amount}",9.00,消费,某人,'])
    batch = load("cmb_debit", path)
    found = [row["amount_fen"] * (-1 if row["direction"] == "out" else 1) for row in rows(batch, "bank_entry")]
    assert (found, batch.rejects["reason"].to_pylist()) == (([fen], []) if fen else ([], ["not_an_amount"]))


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [("a.csv", b"", "a.csv is empty"), ("a.csv", b"\xef\xbb\xbf \r\n\n", "a.csv is empty"),
     ("a.zip", b"PK\x05\x06" + bytes(18), "a.zip is empty"),
     ("a.xls", b"\xef\xbb\xbf<HTML><table><tr><td>x</td></tr></table></HTML>", "a.xls is a web page")],
)  # fmt: skip
def test_what_a_file_is_instead_is_said(name, content, why, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=why):
        source_of(tmp_path / name)


def test_a_workbook_without_a_cell_says_so(tmp_path):
    write_xlsx([], tmp_path / "a.xlsx")
    with pytest.raises(SourceError, match="is a workbook with nothing in it"):
        source_of(tmp_path / "a.xlsx")
