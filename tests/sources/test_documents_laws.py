"""Laws of papers: what a format can say is read as it was written, and the same file twice is the same facts."""

from datetime import date

import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from weilend.core.records import KINDS
from weilend.sources.documents.camt import CAMT_NATURES, read_camt, write_camt053
from weilend.sources.documents.certificates import read_certificates, write_certificates
from weilend.sources.documents.einvoice_xml import read_einvoice, write_einvoices
from weilend.sources.documents.income_tax import read_income_tax, write_income_tax
from weilend.sources.documents.mt940 import MT940_NATURES, read_mt940, write_mt940
from weilend.sources.documents.neutral import ACCEPTED, read_neutral, write_neutral
from weilend.sources.documents.ofx import OFX_NATURES, read_ofx, write_ofx
from weilend.sources.documents.plaid import read_plaid, write_plaid
from weilend.sources.documents.vat_return import read_vat_return, write_vat_return
from weilend.testing.documents import HOME, bank_records, check_batch, intake, table_of, told_rows
from weilend.testing.records import as_table, rows

LINE = ("account_id", "direction", "amount_fen", "nature", "counterparty_id", "purpose", "value_at", "has_time", "line_no")
BALANCE = ("account_id", "period_start_on", "period_end_on", "opening_fen", "closing_fen", "available_fen")
FEW = settings(max_examples=8, deadline=None, phases=(Phase.generate, Phase.shrink))


def shown(records, kind, names):
    """Return records as sorted rows of some fields, nulls left out: what a format is to keep."""
    listed = records[kind].to_pylist() if kind in records else []
    kept = [{name: row[name] for name in (*names, "happened_on") if row.get(name) is not None} for row in listed]
    return sorted(kept, key=lambda row: sorted((name, str(value)) for name, value in row.items()))


def lines_of(records, names=LINE):
    return shown(records, "bank_entry", names)


@pytest.mark.parametrize(
    ("write", "read", "natures", "timed", "lines", "balances"),
    [
        (write_camt053, read_camt, CAMT_NATURES, True, (*LINE, "balance_fen"), BALANCE),
        (write_camt053, read_camt, CAMT_NATURES, False, (*LINE, "balance_fen"), BALANCE),
        (write_mt940, read_mt940, MT940_NATURES, False, (*LINE, "balance_fen"), BALANCE),
        (write_ofx, read_ofx, OFX_NATURES, True, (*LINE, "balance_fen"), (*BALANCE[:3], *BALANCE[4:])),
        (write_ofx, read_ofx, OFX_NATURES, False, (*LINE, "balance_fen"), (*BALANCE[:3], *BALANCE[4:])),
        (write_plaid, read_plaid, ("unknown", "fee", "rent", "loan"), False, LINE[:5], ()),
    ],
    ids=["camt-timed", "camt", "mt940", "ofx-timed", "ofx", "plaid"],
)
def test_bank_formats_read_what_they_wrote(write, read, natures, timed, lines, balances):
    @FEW
    @given(bank_records(tuple(sorted(natures)), timed=timed))
    def law(records):
        batch = read(write(records, calendar=HOME), intake())
        check_batch(batch)
        assert lines_of(batch.records, lines) == lines_of(records, lines)
        told = [
            {name: row[name] for name in balances if row[name] is not None} for row in records["statement_balance"].to_pylist()
        ]
        read_back = batch.records.get("statement_balance", records["statement_balance"].slice(0, 0)).to_pylist()
        if balances:
            kept = [{name: row[name] for name in balances if row[name] is not None} for row in read_back]
            assert sorted(kept, key=str) == sorted(told, key=str)

    law()


@FEW
@given(bank_records(("unknown",)))
def test_one_statement_in_three_formats_is_one_statement(records):
    """The lines of a statement have the same keys whichever format told it, where the format carries the balances."""
    keys = [
        sorted(
            read(write(records, calendar=HOME), intake()).records.get("bank_entry", pa.table({"key": []}))["key"].to_pylist()
        )
        for write, read in ((write_camt053, read_camt), (write_mt940, read_mt940), (write_ofx, read_ofx))
    ]
    assert keys[0] == keys[1] == keys[2]
    assert len(set(keys[0])) == records["bank_entry"].num_rows


def test_the_law_of_keys_can_fail():
    """A line that is a fen larger has another key: the law above does not hold by itself."""
    told = {"account_id": ["1"], "direction": ["in"], "line_no": [1], "happened_on": [date(2020, 1, 1)], "happened_at": [0]}
    one, other = (
        read_camt(write_camt053({"bank_entry": pa.table({**told, "amount_fen": [fen]})}, calendar=HOME), intake())
        for fen in (100, 101)
    )
    assert one.records["bank_entry"]["key"] != other.records["bank_entry"]["key"]


@st.composite
def invoices(draw):
    """Return sales and purchases of B1 with their lines, as the tax office's XML tells them."""
    numbers = draw(st.lists(st.integers(10**19, 10**20 - 1).map(str), min_size=1, max_size=2, unique=True))
    headers, lines = [], []
    for number in numbers:
        at = HOME.start_of(draw(st.dates(date(2021, 1, 1), date(2030, 1, 1)))) + draw(st.integers(0, 86_398))
        shared = {"business_id": "B1", "counterparty_id": draw(st.sampled_from(("91A", "91B"))), "number": number}
        shared |= {"direction": draw(st.sampled_from(("sale", "purchase"))), "status": "valid", "happened_at": at}
        red = draw(st.booleans())
        form = draw(st.sampled_from(("digital_special", "digital_ordinary")))
        parts = draw(st.lists(st.tuples(st.integers(1, 10**8), st.sampled_from((0, 60_000, 130_000))), min_size=1, max_size=3))
        mine = [
            {**shared, "line_no": place, "net_fen": -net if red else net, "tax_fen": 0 if not ppm else (-net if red else net) // 10,
             "tax_rate_ppm": ppm, "units_milli": draw(st.integers(-5_000, 5_000)), "form": form, "drawer_id": "张三",
             "goods_code": "3040201990000000000", "red_of": "25312000000012345678" if red else None, "has_time": True}
            for place, (net, ppm) in enumerate(parts, start=1)
        ]  # fmt: skip
        net, tax = (sum(line[name] for line in mine) for name in ("net_fen", "tax_fen"))
        headers.append({**shared, "net_fen": net, "tax_fen": tax, "gross_fen": net + tax})
        lines += mine
    return {"invoice": table_of(headers, "invoice"), "invoice_line": table_of(lines, "invoice_line")}


@FEW
@given(invoices())
def test_einvoices_read_what_they_wrote(records):
    files = write_einvoices(records, calendar=HOME)
    batches = [read_einvoice(content, intake(tax_id="B1"), file=name) for name, content in files.items()]
    for kind in ("invoice", "invoice_line"):
        told = [row for batch in batches for row in told_rows(batch, kind, clocks=True)]
        kept = [{name: value for name, value in row.items() if name not in ("happened_on", "known_at")} for row in told]
        want = [{name: value for name, value in row.items() if value is not None} for row in records[kind].to_pylist()]
        assert sorted(map(sorted_items, kept)) == sorted(map(sorted_items, want))
    facts = [row for batch in batches for row in batch.records["reconciliation"].to_pylist()]
    assert {row["check_name"] for row in facts if not row["holds"]} == {"check_digits"}, (
        "the made-up numbers have no check digit"
    )


def sorted_items(row):
    return sorted((name, str(value)) for name, value in row.items())


FEN = st.integers(-(10**9), 10**9)
NOT_NEGATIVE = st.integers(0, 10**9)
PERIODS = st.dates(date(2010, 1, 1), date(2040, 1, 1)).flatmap(
    lambda first: st.tuples(st.just(first), st.dates(first, date(2040, 6, 30)), st.dates(date(2041, 1, 1), date(2042, 1, 1)))
)


def filings(tax, amounts, **more):
    def make(drawn):
        (first, last, on), told = drawn
        days = {"period_start_on": first, "period_end_on": last, "happened_on": on}
        return {"tax": tax, "business_id": "B1", **days, **{name: value for name, value in told.items() if value is not None}}

    fields = {name: st.none() | (NOT_NEGATIVE if name in ("brought_forward_fen", "late_fee_fen", "arrears_fen") else FEN)
              for name in amounts}  # fmt: skip
    return st.lists(st.tuples(PERIODS, st.fixed_dictionaries({**fields, **more})).map(make), min_size=1, max_size=3)


def check_filings(write, read, rows):
    records = {"tax_filing": table_of(rows, "tax_filing")}
    batch = read(write(records), intake())
    check_batch(batch)
    told = told_rows(batch, "tax_filing")
    assert sorted(map(sorted_items, told)) == sorted(map(sorted_items, rows))


@FEW
@given(
    filings(
        "vat",
        ("taxed_sales_fen", "output_tax_fen", "input_tax_fen", "brought_forward_fen", "payable_fen", "paid_fen", "arrears_fen"),
        taxpayer=st.just("general"),
        is_correction=st.none() | st.booleans(),
    )
)
def test_vat_returns_read_what_they_wrote(rows):
    for row in rows:
        if "taxed_sales_fen" in row:
            row["declared_sales_fen"] = row["taxed_sales_fen"]
    check_filings(write_vat_return, read_vat_return, rows)


@FEW
@given(filings("corporate_income", ("revenue_fen", "cost_fen", "profit_fen", "taxable_fen", "payable_fen", "paid_fen")))
def test_income_tax_returns_read_what_they_wrote(rows):
    check_filings(write_income_tax, read_income_tax, rows)


@FEW
@given(filings("stamp", ("late_fee_fen",), paid_fen=FEN))
def test_payments_read_what_they_wrote(rows):
    check_filings(write_certificates, read_certificates, rows)


@pytest.mark.parametrize("kind", ACCEPTED)
def test_neutral_records_read_what_they_wrote(kind):
    @FEW
    @given(st.lists(rows(KINDS[kind]), min_size=1, max_size=4))
    def law(facts):
        clean = [
            {name: value.strip() or None if isinstance(value, str) else value for name, value in row.items()} for row in facts
        ]
        told = [row for row in clean if all(row[field.name] is not None for field in KINDS[kind].fields if not field.nullable)]
        table = as_table(KINDS[kind], told) if told else None
        if table is None:
            return
        batch = read_neutral(write_neutral({kind: table}), intake(business_id="", shop_id=""))
        assert not batch.rejects.num_rows, batch.rejects.to_pylist()
        names = (*KINDS[kind].subjects, *(field.name for field in KINDS[kind].fields), "happened_at", "known_at", "known_basis")
        assert rows_of(batch.records[kind], names) == rows_of(table, names)

    law()


def rows_of(table, names):
    return sorted(sorted_items({name: row[name] for name in names if row[name] is not None}) for row in table.to_pylist())


@pytest.mark.parametrize(("write", "read"), [(write_camt053, read_camt), (write_mt940, read_mt940), (write_ofx, read_ofx)])
def test_the_same_file_twice_is_the_same_facts(write, read):
    told = {"account_id": ["1", "1"], "direction": ["in", "in"], "amount_fen": [500, 500], "line_no": [1, 2],
            "happened_on": [date(2020, 1, 2)] * 2, "happened_at": [HOME.end_of(date(2020, 1, 2))] * 2}  # fmt: skip
    balance = {"account_id": ["1"], "period_start_on": [date(2020, 1, 1)], "period_end_on": [date(2020, 1, 3)], "opening_fen": [0],
               "closing_fen": [1_000]}  # fmt: skip
    content = write({"bank_entry": pa.table(told), "statement_balance": pa.table(balance)}, calendar=HOME)
    one, other = (read(content, intake()) for _ in range(2))
    for kind, table in one.records.items():
        assert table.select(["key", "record_id"]).equals(other.records[kind].select(["key", "record_id"])), kind
    assert len(set(one.records["bank_entry"]["key"].to_pylist())) == 2, "two equal genuine payments are two facts"
