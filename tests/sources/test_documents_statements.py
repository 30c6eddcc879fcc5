"""Bank statements: signs, days, states, money, pages and gaps, whichever format tells them."""

from datetime import date

import msgspec
import pytest

from weilend.core.errors import ConsentError, InputError, SourceError
from weilend.sources.documents.camt import read_camt
from weilend.sources.documents.mt940 import read_mt940
from weilend.sources.documents.ofx import read_ofx
from weilend.sources.documents.plaid import read_plaid
from weilend.testing.documents import check_batch, intake, told_rows


def ofx(lines="", tail="", account="1"):
    head = f"OFXHEADER:100\nCHARSET:936\n\n<OFX><STMTRS><CURDEF>CNY<BANKACCTFROM><ACCTID>{account}</BANKACCTFROM>"
    return f"{head}<BANKTRANLIST><DTSTART>20200101<DTEND>20200131{lines}</BANKTRANLIST>{tail}</STMTRS></OFX>".encode("gb18030")


def ofx_line(amount="-1.00", posted="20200102", kind="DEBIT", rest=""):
    return f"<STMTTRN><TRNTYPE>{kind}<DTPOSTED>{posted}<TRNAMT>{amount}<FITID>1{rest}</STMTTRN>"


def camt(*entries, balances="", account="<IBAN>1</IBAN>"):
    head = f"<Document><BkToCstmrStmt><Stmt><Acct><Id>{account}</Id><Ccy>CNY</Ccy></Acct>{balances}"
    return f"{head}{''.join(entries)}</Stmt></BkToCstmrStmt></Document>".encode()


def entry(amount="1.00", side="CRDT", status="BOOK", day="2020-01-02", rest="", currency="CNY"):
    booked = f"<BookgDt><Dt>{day}</Dt></BookgDt>" if day else ""
    head = f'<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts>{status}</Sts>{booked}'
    return f"{head}{rest}</Ntry>"


def balance(code, amount, day, side="CRDT"):
    kind = f"<Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
    return f'<Bal>{kind}<Amt Ccy="CNY">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>'


def rows(batch):
    return told_rows(batch, "bank_entry")


def reasons(batch):
    check_batch(batch)
    return batch.rejects["reason"].to_pylist()


@pytest.mark.parametrize(
    ("amount", "direction", "fen"),
    [("-13.00", "out", 1300), ("+13", "in", 1300), ("-200,29", "out", 20029), ("1.000", "in", 100), ("0.00", "in", 0)],
)
def test_ofx_amounts(amount, direction, fen):
    (row,) = rows(read_ofx(ofx(ofx_line(amount)), intake()))
    assert (row["direction"], row["amount_fen"]) == (direction, fen)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (ofx_line("1,234.56"), "not_an_amount"),
        (ofx_line("1.005"), "fraction_of_fen"),
        (ofx_line("9" * 15), "out_of_range"),
        (ofx_line(""), "missing"),
        (ofx_line(posted="20200230"), "not_a_day"),
        (ofx_line(posted=""), "missing"),
        (ofx_line(rest="<CURRENCY><CURRATE>1<CURSYM>USD</CURRENCY>"), "foreign_currency"),
    ],
)
def test_an_ofx_line_that_cannot_be_read_is_quarantined_alone(line, reason):
    batch = read_ofx(ofx(ofx_line() + line), intake())
    assert reasons(batch) == [reason]
    assert len(rows(batch)) == 1


@pytest.mark.parametrize(
    ("posted", "day", "has_time"),
    [
        ("20200102", date(2020, 1, 2), False),
        ("20200102000000[-3:GMT]", date(2020, 1, 2), False),
        ("20200102120000", date(2020, 1, 2), False),
        ("20200102170000[0:GMT]", date(2020, 1, 3), True),  # 01:00 the next day at home
        ("20200102170000.123[+8:CST]", date(2020, 1, 2), True),
        ("20200102203000[+5.5:IST]", date(2020, 1, 2), True),
    ],
)
def test_ofx_days_and_times(posted, day, has_time):
    (row,) = rows(read_ofx(ofx(ofx_line(posted=posted)), intake()))
    assert (row["happened_on"], row["has_time"]) == (day, has_time)


def test_ofx_values_without_end_tags_and_empty_ones():
    """An empty value whose tag is never closed does not swallow what follows it."""
    (row,) = rows(read_ofx(ofx(ofx_line(rest="<MEMO>\n<NAME>北京某某有限公司")), intake()))
    assert row["counterparty_id"] == "北京某某有限公司"
    assert row["counterparty_kind"] == "business"


def test_chinese_words_are_understood_and_own_transfers_are_known():
    lines = ofx_line(rest="<MEMO>结息") + ofx_line(rest="<NAME>张三") + ofx_line(rest="<MEMO>付张三房租 13800000000")
    told = rows(read_ofx(ofx(lines), intake(names=("张三",))))
    assert [(row["nature"], row["counterparty_kind"]) for row in told] == [
        ("interest", "bank"), ("transfer", "own"), ("rent", "unknown")
    ]  # fmt: skip
    assert "13800000000" not in told[2]["purpose"]


def test_lines_in_falling_order_are_turned_round():
    lines = ofx_line("3", "20200105") + ofx_line("2", "20200103") + ofx_line("1", "20200103")
    told = rows(read_ofx(ofx(lines, "<LEDGERBAL><BALAMT>6<DTASOF>20200131</LEDGERBAL>"), intake()))
    assert [(row["amount_fen"], row["line_no"], row["balance_fen"]) for row in told] == [
        (100, 1, 100),
        (200, 2, 300),
        (300, 1, 600),
    ]


def test_only_booked_entries_count_and_reversals_are_said():
    reversal = entry("5.00", "DBIT", rest="<RvslInd>true</RvslInd>")
    batch = read_camt(camt(entry(), entry(status="PDNG"), entry(status="<Cd>INFO</Cd>"), reversal, entry(side="X")), intake())
    assert reasons(batch) == ["not_booked", "not_booked", "unknown_word"]
    assert [(row["direction"], row["nature"]) for row in rows(batch)] == [("in", "unknown"), ("out", "reversal")]


def test_a_statement_that_adds_up_gives_balances_and_holds():
    content = camt(
        entry("10.00"), entry("3.00", "DBIT", day="2020-01-03"), entry("3.00", "DBIT", day="2020-01-03"), entry(status="PDNG"),
        balances=balance("OPBD", "5.00", "2020-01-01") + balance("CLBD", "9.00", "2020-01-31"),
    )  # fmt: skip
    batch = read_camt(content, intake())
    assert [row["balance_fen"] for row in rows(batch)] == [1500, 1200, 900]
    assert [(row["check_name"], row["holds"]) for row in told_rows(batch, "reconciliation")] == [("statement_sums", True)]
    (told,) = told_rows(batch, "statement_balance")
    assert (told["opening_fen"], told["closing_fen"], told["period_end_on"]) == (500, 900, date(2020, 1, 31))


def test_a_statement_that_does_not_add_up_fails_its_fact_and_carries_no_balances():
    content = camt(entry("10.00"), balances=balance("OPBD", "5.00", "2020-01-01") + balance("CLBD", "16.00", "2020-01-31"))
    batch = read_camt(content, intake())
    (fact,) = told_rows(batch, "reconciliation")
    assert (fact["holds"], fact["direction"], fact["expected_fen"], fact["found_fen"]) == (False, "below", 1600, 1500)
    assert "balance_fen" not in rows(batch)[0]


def test_a_line_that_cannot_be_read_makes_no_forger():
    """Where a booked line is in quarantine, nobody can say that the statement does not add up."""
    content = camt(entry("x"), balances=balance("OPBD", "5.00", "2020-01-01") + balance("CLBD", "16.00", "2020-01-31"))
    assert not told_rows(read_camt(content, intake()), "reconciliation")


def test_header_totals_are_compared():
    sums = (
        "<TxsSummry><TtlNtries><NbOfNtries>3</NbOfNtries></TtlNtries><TtlCdtNtries><Sum>10.00</Sum></TtlCdtNtries></TxsSummry>"
    )
    batch = read_camt(camt(entry("10.00"), balances=sums), intake())
    (fact,) = told_rows(batch, "reconciliation")
    assert (fact["check_name"], fact["checked_count"], fact["failed_count"]) == ("header_totals", 2, 1)


def test_money_of_another_currency_is_never_added():
    assert reasons(read_camt(camt(entry(), entry(currency="USD")), intake())) == ["foreign_currency"]
    assert reasons(read_camt(camt(entry(), entry()), intake(currency="EUR"))) == ["foreign_currency"] * 2


MT = ":20:1\n:25:1/2\n:28C:1\n:60F:C200101CNY100,00\n{lines}:62F:C200131CNY{closing}\n-\n"


def test_mt940_pages_of_one_day_keep_equal_payments_apart():
    """Two pages, on each the same payment in and out: four facts, not two."""
    line = ":61:2001020102C10,NMSCNONREF\n:61:2001020102D10,NMSCNONREF\n"
    page = MT.replace("C200131", "C200102").format(lines=line, closing="100,00")
    batch = read_mt940((page + page.replace("C200101", "C200102")).encode(), intake())
    check_batch(batch)
    assert len(set(batch.records["bank_entry"]["key"].to_pylist())) == 4
    chain = [fact for fact in told_rows(batch, "reconciliation") if fact["check_name"] == "running_balance"]
    assert [fact["holds"] for fact in chain] == [True]


def test_mt940_statements_that_overlap_tell_a_line_once():
    line = ":61:2001020102C10,NMSCNONREF\n"
    twice = MT.format(lines=line, closing="110,00") * 2
    batch = read_mt940(twice.encode(), intake())
    assert batch.records["bank_entry"].num_rows == 2
    assert len(set(batch.records["bank_entry"]["key"].to_pylist())) == 1
    assert check_batch(batch).duplicate == 1
    chain = [fact for fact in told_rows(batch, "reconciliation") if fact["check_name"] == "running_balance"]
    assert [(fact["holds"], fact["expected_fen"], fact["found_fen"]) for fact in chain] == [(False, 11000, 10000)]


@pytest.mark.parametrize(
    ("mark", "direction", "nature"),
    [("C", "in", "fee"), ("D", "out", "fee"), ("RC", "out", "reversal"), ("RD", "in", "reversal")],
)
def test_mt940_marks(mark, direction, nature):
    (row,) = rows(read_mt940(MT.format(lines=f":61:2001020102{mark}1,NCHGNONREF\n", closing="0,").encode(), intake()))
    assert (row["direction"], row["nature"]) == (direction, nature)


def test_mt940_line_that_cannot_be_read_stays_alone():
    lines = ":61:2001020102C1,NMSCNONREF\n:61:rubbish\n:86:999?20note\n:61:2001020102D1,5NMSC\n"
    batch = read_mt940(MT.format(lines=lines, closing="100,50").encode(), intake())
    assert reasons(batch) == ["not_of_format"]
    assert [row["amount_fen"] for row in rows(batch)] == [100, 150]


def test_mt940_names_come_from_subfields_only():
    plain = ":61:2001020102C1,NMSC\n:86:PAYMENT FROM JOHN DOE 10 DOWNING ST\n"
    told = ":61:2001020102C1,NMSC\n:86:166?00GUTSCHRIFT?20SVWZ+Rechnung?2112345678?31DE89370400440532013000?32Erika Muster?33mann\n"
    first, second = rows(read_mt940(MT.format(lines=plain + told, closing="102,").encode(), intake()))
    assert "counterparty_id" not in first
    assert "purpose" not in first
    assert second["counterparty_id"] == "Erika Mustermann"
    assert second["purpose"] == "Rechnung#"


def test_plaid_positive_is_out_and_pending_waits():
    line = {"account_id": "a", "transaction_id": "t", "iso_currency_code": "CNY", "date": "2020-01-02", "name": "X"}
    message = {
        "accounts": [{"account_id": "a", "balances": {"current": 7.5, "available": None, "iso_currency_code": "CNY"}}],
        "added": [
            {**line, "amount": 1.25},
            {**line, "amount": -2},
            {**line, "amount": 3, "pending": True},
        ],
        "modified": [{**line, "amount": 0.005}],
        "removed": [{"transaction_id": "old"}],
    }
    batch = read_plaid(msgspec.json.encode(message), intake())
    assert reasons(batch) == ["not_booked", "fraction_of_fen", "taken_back"]
    assert [(row["direction"], row["amount_fen"]) for row in rows(batch)] == [("out", 125), ("in", 200)]
    assert told_rows(batch, "statement_balance")[0]["closing_fen"] == 750


def test_the_account_is_the_intakes_where_the_file_masks_it():
    one = read_ofx(ofx(ofx_line(), account="6222****1234"), intake(account="6222 0000-1234"))
    other = read_camt(camt(entry(side="DBIT"), account="<IBAN>622200001234</IBAN>"), intake())
    assert one.records["bank_entry"]["key"] == other.records["bank_entry"]["key"]
    assert rows(one)[0]["account_id"] == "622200001234"


def test_a_statement_without_account_is_quarantined_line_by_line():
    batch = read_camt(camt(entry(), entry(), account=""), intake())
    assert reasons(batch) == ["no_account"] * 2


def test_what_a_reader_must_be_told():
    with pytest.raises(InputError, match="which business"):
        read_ofx(ofx(ofx_line()), intake(business_id=""))
    with pytest.raises(InputError, match="names or account numbers"):
        read_ofx(ofx(ofx_line()), intake(tokens=None))
    with pytest.raises(ConsentError):
        read_ofx(ofx(ofx_line()), intake(consent_id=" "))


@pytest.mark.parametrize(
    ("read", "content", "words"),
    [
        (read_ofx, b"<OFX><INVSTMTRS></INVSTMTRS></OFX>", "securities account"),
        (read_ofx, b"OFXHEADER:100", "no <OFX>"),
        (read_ofx, b"<OFX></OFX>", "tells only about the bank"),
        (read_camt, b"<Document><CstmrCdtTrfInitn/></Document>", "no bank statement"),
        (read_camt, b"<Document><BkToCstmrStmt><Stmt/></BkToCstmrStmt></Document>", "neither entries nor balances"),
        (read_mt940, b":20:1\n:25:2\n", "neither a line"),
        (read_mt940, b":62F:C200101CNY1,\n", "names no account"),
        (read_plaid, b"{}", "holds no transactions"),
        (read_plaid, b"[]", "no JSON object"),
    ],
)
def test_files_of_another_sort_are_refused_with_one_sentence(read, content, words):
    with pytest.raises(SourceError, match=words) as refused:
        read(content, intake())
    assert "\n" not in str(refused.value)
    assert refused.value.hint


@pytest.mark.parametrize(
    "line", [":61:2001020102C1.234,56NMSCNONREF", ":61:200102C1.00NMSCNONREF", ":61:2001020102RD.5,NMSCNONREF"]
)
def test_an_amount_of_mt940_with_a_point_is_not_cut_there(line):
    batch = read_mt940(MT.format(lines=f"{line}\n:61:2001030103C2,NMSCNONREF\n", closing="102,00").encode(), intake())
    assert batch.rejects["reason"].to_pylist() == ["not_an_amount"]
    assert batch.records["bank_entry"]["amount_fen"].to_pylist() == [200]


def test_a_balance_of_mt940_with_a_point_is_not_told():
    batch = read_mt940(MT.format(lines=":61:2001020102C10,NMSCNONREF\n", closing="1.234,56").encode(), intake())
    assert batch.records["bank_entry"]["amount_fen"].to_pylist() == [1_000]
    assert "statement_balance" not in batch.records or batch.records["statement_balance"]["closing_fen"].to_pylist() == [None]
