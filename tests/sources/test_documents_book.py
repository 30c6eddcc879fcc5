"""Papers in the book: a file read twice changes nothing, another format of one statement adds no line, versions are versions."""

from datetime import date

import pytest
from test_documents_invoices import BUYER, NUMBER, SELLER, dialect_1
from test_documents_statements import balance, camt, entry
from test_documents_tax import SOUND, general, vat
from test_platforms_orders import ORDER_1688, TRADE, answer

from weilend.engine.book import Book
from weilend.sources import account, read
from weilend.sources.documents.camt import read_camt
from weilend.sources.documents.einvoice_xml import read_einvoice
from weilend.sources.documents.mt940 import read_mt940, write_mt940
from weilend.sources.documents.ofx import read_ofx, write_ofx
from weilend.sources.platforms.alibaba_1688 import read_1688
from weilend.sources.platforms.taobao import read_taobao
from weilend.testing.documents import HOME, PlainTokens, intake

BALANCES = balance("OPBD", "5.00", "2020-01-01") + balance("CLBD", "9.00", "2020-01-31")
STATEMENT = camt(
    entry("10.00"), entry("3.00", "DBIT", day="2020-01-03"), entry("3.00", "DBIT", day="2020-01-03"), balances=BALANCES
)


@pytest.fixture
def book(tmp_path):
    return Book.open(tmp_path / "book", calendar=HOME)


def put(book, batch):
    appended = book.append(batch.records)
    return account(batch, {kind: result.fresh for kind, result in appended.items()})


def test_one_statement_in_three_formats_enters_once(book):
    first = read_camt(STATEMENT, intake())
    assert put(book, first).accepted == 3
    assert put(book, first).duplicate == 3
    for write, reader in ((write_mt940, read_mt940), (write_ofx, read_ofx)):
        again = reader(write(first.records, calendar=HOME), intake())
        assert set(again.records["bank_entry"]["key"].to_pylist()) == set(first.records["bank_entry"]["key"].to_pylist())
        put(book, again)
    view = book.view()
    assert view.read("bank_entry").num_rows == 3, "another format is a version at most, never another line"


POOL = {
    "发票代码": "", "发票号码": "", "数电发票号码": NUMBER, "销方识别号": SELLER, "销方名称": "",
    "购方识别号": BUYER, "购买方名称": "", "开票日期": "2025-09-01 10:11:12", "税收分类编码": "", "特定业务类型": "",
    "货物或应税劳务名称": "", "规格型号": "", "单位": "", "数量": "1", "单价": "", "金额": "1200.00", "税率": "6%",
    "税额": "72.00", "价税合计": "1272.00", "发票来源": "", "发票票种": "数电票（增值税专用发票）", "发票状态": "正常",
    "是否正数发票": "", "发票风险等级": "", "开票人": "张三", "备注": "",
}  # fmt: skip


def test_an_invoice_of_the_pool_and_its_xml_are_one_invoice(book, tmp_path):
    file = tmp_path / "pool.csv"
    file.write_text("\n".join(",".join(row) for row in (POOL, POOL.values())) + "\n", encoding="utf-8-sig")
    known = {"consent_id": "own-data", "business_id": "B1", "tokens": PlainTokens(bytes(16)), "tax_id": SELLER}
    assert put(book, read("invoice_pool", file, calendar=HOME, **known)).accepted == 1
    done = put(book, read_einvoice(dialect_1(), intake(tax_id=SELLER)))
    assert (done.rows_in, done.duplicate) == (2, 2), "the same records from another format"


def test_papers_and_messages_pass_the_checks_of_the_book(book):
    for batch in (
        read_camt(STATEMENT, intake()),
        read_einvoice(dialect_1(), intake(tax_id=SELLER)),
        vat(general(SOUND), general(SOUND, is_correction=True, filed_on="2025-03-01")),
        read_taobao(answer("trade", TRADE), intake()),
        read_1688(answer("1688", ORDER_1688), intake(), side="sale"),
    ):
        done = put(book, batch)
        assert done.accepted == done.rows_in
    book.compact()
    assert book.verify() == ()


def test_a_look_back_sees_the_order_as_it_stood(book):
    put(book, read_taobao(answer("trade", TRADE), intake()))
    rows = book.view().read("order").to_pylist()
    on_the_way = HOME.start_of(date(2025, 1, 5))
    seen = [
        row for row in rows if row["known_at"] <= on_the_way and (row["known_until"] is None or row["known_until"] > on_the_way)
    ]
    latest = {row["line_no"]: row["status"] for row in sorted(seen, key=lambda row: row["known_at"])}
    assert latest == {1: "shipped", 2: "shipped"}


def test_the_face_of_the_room_reads_papers_too(tmp_path):
    file = tmp_path / "statement.bin"
    file.write_bytes(STATEMENT)
    batch = read("camt", file, calendar=HOME, consent_id="own-data", business_id="B1", tokens=PlainTokens(bytes(16)))
    assert batch.records["bank_entry"].num_rows == 3
