"""How exports are read: encodings, preambles, order, identity, currencies, versions, damage. Each rule on a tiny file."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from export_files import HEADER, HOME, LINES, TOKENS, content, done, load, rows, statement

from weilend.core.errors import SourceError
from weilend.engine.book import Book
from weilend.sources import PROFILES, Source, account, detect, first_seen, profile_from_toml, read_files, source_of, write
from weilend.sources.catalogue import SOURCES
from weilend.sources.files.workbooks import write_xlsx


def entries(path: Path, **said: object) -> list[dict]:
    return rows(load("cmb_debit", path, **said), "bank_entry")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_any_encoding_and_line_end_gives_the_same_entries(encoding, newline, tmp_path):
    plain = load("cmb_debit", statement(tmp_path / "plain.csv", LINES))
    other = load("cmb_debit", statement(tmp_path / "other.csv", LINES, encoding, newline))
    assert content(other) == content(plain)
    assert len(rows(plain, "bank_entry")) == 3


@pytest.mark.parametrize("delimiter", ["\t", ";", "|"])
def test_a_file_saved_with_another_delimiter_is_read(delimiter, tmp_path):
    text = "\n".join([HEADER, *LINES]).replace('"1,234.00","1,271.66"', "1234.00,1271.66").replace(",", delimiter)
    (tmp_path / "a.txt").write_text(text, "utf-8")
    assert content(load("cmb_debit", tmp_path / "a.txt")) == content(load("cmb_debit", statement(tmp_path / "b.csv", LINES)))


def test_a_header_of_plain_letters_leaves_the_encoding_to_the_rows(tmp_path):
    header = "Date,Description,Billing amount,Billing currency,Balance,Balance currency"
    (tmp_path / "a.csv").write_bytes(f"{header}\n24/03/2025,FPS    王先生,5.00,HKD,5.00,HKD\n".encode("gb18030"))
    batch = load("hsbchk_debit", tmp_path / "a.csv", currency="HKD")
    assert "王先生" in batch.clear["value"].to_pylist()


def test_cells_padded_armoured_or_masked_say_what_they_hold(tmp_path):
    lines = ['2024-01-01 \t,CNY ,="5.00"\t,x,xxx.xx, 消费　,甲\t, ']
    (entry,) = entries(statement(tmp_path / "a.csv", [lines[0].replace("x,xxx.xx", '"x,xxx.xx"')]))
    assert (entry["amount_fen"], entry["balance_fen"], entry["purpose"]) == (500, None, "消费")


def test_rows_ascend_whichever_way_the_file_stands(tmp_path):
    ascending = entries(statement(tmp_path / "a.csv", LINES))
    assert [row["line_no"] for row in ascending] == [1, 1, 2]
    assert entries(statement(tmp_path / "b.csv", LINES[::-1])) == ascending


def test_one_day_without_times_is_ordered_by_its_balances(tmp_path):
    day = [f"2024-01-01,CNY,{amount}.00,{balance}.00,消费,甲," for amount, balance in ((5, 105), (7, 112), (-2, 110))]
    balances = [[row["balance_fen"] for row in entries(statement(tmp_path / "a.csv", lines))] for lines in (day, day[::-1])]
    assert balances == [[10500, 11200, 11000]] * 2


def test_a_time_of_day_and_its_absence(tmp_path):
    text = "序号,交易日期,交易时间,交易类型,借贷,交易金额,余额,对方账号,对方户名,交易地点,摘要\n"
    text += "1,2025-01-01,10:20:30,消费,借 Dr,5.00,5.00,,甲,,\n2,2025-01-01,,消费,贷 Cr,1.00,6.00,,甲,,\n"
    (tmp_path / "a.csv").write_text(text, "utf-8")
    timed, untimed = rows(load("bocom_debit", tmp_path / "a.csv"), "bank_entry")
    assert (timed["happened_at"], timed["has_time"]) == (
        int(datetime.fromisoformat("2025-01-01T10:20:30+08:00").timestamp()),
        True,
    )
    assert (untimed["happened_at"], untimed["has_time"]) == (HOME.end_of(date(2025, 1, 1)), False)
    assert timed["known_at"] == HOME.end_of(date(2025, 1, 2))
    assert (timed["direction"], untimed["direction"]) == ("out", "in")  # the bank's view: a debit of the account is money out


def test_two_equal_genuine_rows_survive_and_a_file_read_twice_changes_nothing(tmp_path):
    text = (
        "交易日期,入账日期,交易描述,卡末四位,交易币种,结算币种,交易金额,结算金额\n"
        + "2024-11-09,2024-11-09,甲,1,人民币,人民币,5.90,5.90\n" * 2
    )
    (tmp_path / "a.csv").write_text(text, "utf-8")
    batch = load("citic_credit", tmp_path / "a.csv")
    assert len(set(batch.records["bank_entry"]["key"].to_pylist())) == 2
    book = Book.open(tmp_path / "book", calendar=HOME)
    assert account(batch, {kind: told.fresh for kind, told in book.append(batch.records).items()}).accepted == 2
    again = account(batch, {kind: told.fresh for kind, told in book.append(batch.records).items()})
    assert (again.accepted, again.duplicate) == (0, 2)


def test_overlapping_statements_count_each_line_once(tmp_path):
    first, second = (load("cmb_debit", statement(tmp_path / f"{n}.csv", part)) for n, part in ((1, LINES[:2]), (2, LINES[1:])))
    # the second begins within a day that the first holds whole: the line that both have is one
    assert len({row["key"] for batch in (first, second) for row in rows(batch, "bank_entry")}) == 3
    whole = load("cmb_debit", statement(tmp_path / "3.csv", LINES))
    assert {row["record_id"] for row in rows(first, "bank_entry")[:1]} <= {
        row["record_id"] for row in rows(whole, "bank_entry")
    }


def test_one_account_in_two_formats_is_one(tmp_path):
    cmb = load("cmb_debit", statement(tmp_path / "a.csv", LINES), account="6214000000001234")
    text = "记账日期,记账时间,币别,金额,余额,交易名称,渠道,网点名称,附言,对方账户名,对方卡号/账号,对方开户行,借记卡号\n"
    text += "2024-01-02,09:00:00,人民币,-71.66,1200.00,消费,网银,,,便民超市,,,6214 0000 0000 1234\n"
    (tmp_path / "b.csv").write_text(text, "utf-8")
    boc = load("boc_debit", tmp_path / "b.csv")
    assert rows(boc, "bank_entry")[0]["key"] in {row["key"] for row in rows(cmb, "bank_entry")}


def test_a_masked_account_gives_way_to_the_one_that_is_said(tmp_path):
    text = "明细查询文件下载\n卡号: 1234****9876\n" + ",".join(PROFILES["icbc_debit_v1"].layouts[0].header) + "\n"
    text += "2023-05-02,消费,甲,CHN,钞,-,-,-,,13.40,人民币,100.00,甲,\n"
    (tmp_path / "a.csv").write_text(text, "utf-8")
    masked, said = (
        rows(load("icbc_debit_v1", tmp_path / "a.csv", account=one), "bank_entry")[0] for one in ("", "1234000000009876")
    )
    assert masked["account_id"] == TOKENS.of("account", "1234****9876")
    assert said["account_id"] == TOKENS.of("account", "1234000000009876")


def test_versions_of_a_format_stand_side_by_side(tmp_path):
    for version in ("icbc_debit_v1", "icbc_debit_v2"):
        (tmp_path / "a.csv").write_text(",".join(PROFILES[version].layouts[0].header) + "\n", "utf-8")
        assert source_of(tmp_path / "a.csv") == version


@pytest.mark.parametrize(("currency", "kept"), [("CNY", 1), ("HKD", 2), ("USD", 0)])
def test_amounts_of_another_currency_are_quarantined_never_added(currency, kept, tmp_path):
    header = "Date,Description,Billing amount,Billing currency,Balance,Balance currency"
    amounts = ["-1.00,HKD,5.00,HKD", "2.00,CNY,2.00,CNY", "6.00,HKD,6.00,HKD"]
    (tmp_path / "a.csv").write_text("\n".join([header, *(f"24/03/2025,FPS    A,{amount}" for amount in amounts)]), "utf-8")
    batch = load("hsbchk_debit", tmp_path / "a.csv", currency=currency)
    assert len(rows(batch, "bank_entry")) == kept
    assert done(batch).reasons == {"foreign_currency": 3 - kept}


def test_what_was_paid_back_is_known_only_when_the_file_was_written(tmp_path):
    header = ",".join(PROFILES["jd_personal"].layouts[0].header)
    text = f"日期区间：2024-12-01 至 2024-12-31\n{header}\n"
    text += "2024-12-05 22:49:55,甲,x,235.61(已退款235.50),余额,交易成功,支出,网购,1,1,\n"
    (tmp_path / "a.csv").write_text(text, "utf-8")
    first, last = rows(load("jd_personal", tmp_path / "a.csv"), "wallet_entry")
    assert (first["key"], first["amount_fen"], first["refunded_fen"]) == (last["key"], 23_561, None)
    assert last["refunded_fen"] == 23_550
    assert [row["known_at"] for row in (first, last)] == [HOME.end_of(date(2024, 12, 5)), HOME.end_of(date(2024, 12, 31))]


def test_what_comes_in_on_a_personal_bill_is_never_a_sale(tmp_path):
    header = ",".join(PROFILES["wechat_personal"].layouts[0].header)
    kinds = ["商户消费", "二维码收款", "转账", "微信红包", "其他", "收款", "交易"]
    lines = [f"2024-01-0{place + 1} 10:00:00,{kind},甲,/,收入,¥5.00,零钱,已收钱,1,1,/" for place, kind in enumerate(kinds)]
    lines.append("2024-01-09 10:00:00,零钱提现,招商银行,/,/,¥100.10,招商银行,提现已到账,1,1,服务费¥0.10")
    (tmp_path / "a.csv").write_text("\n".join([header, *lines]), "utf-8")
    found = rows(load("wechat_personal", tmp_path / "a.csv"), "wallet_entry")
    assert "sale" not in {row["nature"] for row in found}
    assert (found[-1]["direction"], found[-1]["nature"], found[-1]["fee_fen"]) == ("neutral", "withdraw", 10)
    assert (found[3]["nature"], found[2]["nature"]) == ("red_packet_in", "transfer_in")


def test_a_fee_in_a_row_of_a_seller_is_a_line_of_its_own(tmp_path):
    header = ",".join(PROFILES["alipay_seller_orders"].layouts[0].header)
    cells = {
        "商户订单号": "O1",
        "业务类型": "交易",
        "完成时间": "2024-01-05 10:00:05",
        "商家实收（元）": "10.00",
        "服务费（元）": "-0.06",
    }
    back = {**cells, "业务类型": "退款", "商家实收（元）": "-10.00", "服务费（元）": "0.06"}
    lines = [
        ",".join(row.get(name, "") for name in PROFILES["alipay_seller_orders"].layouts[0].header) for row in (cells, back)
    ]
    (tmp_path / "a.csv").write_text("\n".join(["#账号：[2088]", header, *lines, "#结束"]), "gb18030")
    found = [
        (row["nature"], row["direction"], row["amount_fen"])
        for row in rows(load("alipay_seller_orders", tmp_path / "a.csv"), "wallet_entry")
    ]
    assert sorted(found) == [("fee", "in", 6), ("fee", "out", 6), ("refund", "out", 1000), ("sale", "in", 1000)]


def test_an_order_that_was_shipped_was_only_paid_before(tmp_path):
    header = PROFILES["shopify_orders"].layouts[0].header
    order = {"Name": "#1", "Email": "a@b.c", "Financial Status": "paid", "Paid at": "2024-01-05 10:00:00 +0800", "Total": "30.00",
             "Created at": "2024-01-05 09:00:00 +0800", "Fulfillment Status": "fulfilled", "Shipping": "0.00",
             "Fulfilled at": "2024-01-06 10:00:00 +0800", "Lineitem quantity": "1", "Lineitem price": "10.00"}  # fmt: skip
    lines = [order, {"Name": "#1", "Lineitem quantity": "2", "Lineitem price": "10.00"}]
    (tmp_path / "a.csv").write_text(
        "\n".join([",".join(header), *(",".join(line.get(n, "") for n in header) for line in lines)]), "utf-8"
    )
    found = rows(load("shopify_orders", tmp_path / "a.csv"), "order")
    assert [(row["line_no"], row["status"], row["paid_fen"], row["consign_at"] is None) for row in found] == [
        (1, "paid", 1000, True), (1, "shipped", 1000, False), (2, "paid", 2000, True), (2, "shipped", 2000, False),
    ]  # fmt: skip
    assert len({row["key"] for row in found}) == 2


OWN = """
name = "own"
en = "o"
zh = "o"
like = "bank"
sign = "signed"
says = ["期初(?P<opening>[0-9.]+)", "期末(?P<closing>[0-9.]+)", "共(?P<lines>[0-9]+)笔"]
columns = [
  { raw = "日", convert = "moment" },
  { raw = "额", fact = "signed_fen", convert = "yuan" },
  { raw = "余", fact = "balance_fen", convert = "yuan" },
  { raw = "方", fact = "party", blank = true },
]
"""


@pytest.mark.parametrize(("amount", "holds"), [("-2", True), ("-20", False)], ids=["honest", "forged"])
def test_what_a_statement_says_of_itself_is_compared_with_its_rows(amount, holds, tmp_path):
    lines = ["期初100.00", "期末103.00 共2笔", "日,额,余,方", "2024-01-01,5,105,甲", f"2024-01-02,{amount},103,乙"]
    (tmp_path / "a.csv").write_text("\n".join(lines), "utf-8")
    found = {
        row["check_name"]: row["holds"] for row in rows(load(profile_from_toml(OWN), tmp_path / "a.csv"), "reconciliation")
    }
    assert found == {"statement_sums": holds, "running_balance": holds, "header_totals": True}


def test_a_long_file_is_read_in_slices_that_add_up(tmp_path, monkeypatch):
    monkeypatch.setattr("weilend.sources.tables.batches._SLICE_ROWS", 7)
    monkeypatch.setattr("weilend.sources.files.texts._BLOCK_BYTES", 300)
    lines = [f"2024-01-{1 + place // 10:02d},CNY,-1.00,{1000 - place}.00,消费,甲," for place in range(30)]
    lines[20] = "2024-01-03,CNY,x,980.00,消费,甲,"
    path = statement(tmp_path / "a.csv", lines)
    parts = list(read_files("cmb_debit", path, calendar=HOME, consent_id="own-data", business_id="B1", tokens=TOKENS))
    assert [part.rows.num_rows for part in parts] == [7, 7, 7, 7, 1, 1]
    monkeypatch.undo()
    whole = load("cmb_debit", path)
    sliced = pa.concat_tables([part.records["bank_entry"] for part in parts if "bank_entry" in part.records])
    assert sliced.to_pylist() == whole.records["bank_entry"].to_pylist()
    assert [row["file_row"] for part in parts for row in part.rejects.to_pylist()] == [21]
    for part in parts:
        account(part, {kind: first_seen(table["record_id"]) for kind, table in part.records.items()})


def test_a_source_that_is_no_table_reads_through_the_same_face(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"WEIRD 1")
    inner = load("cmb_debit", statement(tmp_path / "a.csv", LINES))
    SOURCES.add(
        "weird",
        Source(
            name="weird", en="", zh="", signature=lambda head, name: head.startswith(b"WEIRD"), read=lambda path, intake: inner
        ),
    )
    try:
        assert detect(tmp_path / "a.bin") == "weird"
        assert load("weird", tmp_path / "a.bin").rows.num_rows == 3
    finally:
        del SOURCES._things["weird"]


def test_the_order_of_folders_of_one_format_is_kept(tmp_path):
    for number in (1, 2):
        statement(tmp_path / f"{number}.csv", LINES[number - 1 : number])
    assert detect(tmp_path) == "cmb_debit"
    assert load("cmb_debit", tmp_path).rows["file"].to_pylist() == ["1.csv", "2.csv"]
    write_xlsx([["x"]], tmp_path / "3.xlsx")
    with pytest.raises(SourceError):
        detect(tmp_path)


def test_a_format_that_cannot_hold_several_accounts_says_so(tmp_path):
    both = [load("spdb_debit", _spdb(tmp_path / f"{number}.csv", number)).records["bank_entry"] for number in ("111", "222")]
    with pytest.raises(SourceError, match="holds one account"):
        write("spdb_debit", {"bank_entry": pa.concat_tables(both)}, tmp_path / "out", calendar=HOME, business_id="B1")


def _spdb(path: Path, number: str) -> Path:
    header = ",".join(PROFILES["spdb_debit"].layouts[0].header)
    path.write_text(f"账号,{number}\n{header}\n1,2025/12/03  14:06:51,消费,,3.88,1981.33,甲,,\n", "utf-8")
    return path
