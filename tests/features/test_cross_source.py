"""Features across sources on facts written by hand, and on random ones: engines equal, ranges hold."""

from __future__ import annotations

import math
from datetime import date, timedelta

import msgspec
import pytest

from weilend.core.errors import InputError
from weilend.features.cash_flow import TRUE_INFLOW
from weilend.features.cross_source import COMPARISONS, CROSS_SOURCE_FEATURES
from weilend.testing.bulk import random_records
from weilend.testing.facts import HOME, fact, measure, measure_facts

TODAY = date(2020, 1, 10)
SHOPS = {"shop_id": ("S1", "S2")}
OLD = date(2017, 12, 20)  # gives every source its history of two years; worth nothing within one


def ppm(above: int, below: int) -> int:
    return round(math.log(above / below) * 1_000_000)


def day(month: int) -> date:
    return date(2019, month, 15)


def invoice(on: date, direction: str, party: str, net: int, status: str = "valid"):
    sums = {"net_fen": net, "tax_fen": net // 10, "gross_fen": net + net // 10}
    return fact("invoice", on, business_id="E1", counterparty_id=party, direction=direction, status=status, number="1", **sums)


def bank(on: date, way: str, fen: int, *, party: str | None = None, who: str = "business", nature: str = "trade"):
    said = {"account_id": "A", "direction": way, "amount_fen": fen, "counterparty_kind": who, "nature": nature}
    return fact("bank_entry", on, business_id="E1", counterparty_id=party, **said)


def wallet(on: date, nature: str, way: str, fen: int, status: str = "done"):
    said = {"account_id": "W", "wallet": "alipay", "nature": nature, "direction": way, "status": status, "amount_fen": fen}
    return fact("wallet_entry", on, business_id="E1", **said)


def order(on: date, shop: str, status: str, paid: int, refunded: int | None = None):
    said = {"order_id": f"{shop}{on}{paid}", "line_no": 1, "platform": "taobao", "status": status}
    return fact("order", on, shop_id=shop, **said, paid_fen=paid, refunded_fen=refunded)


def ledger(on: date, account: str, debit: int, credit: int, entry: str = "voucher"):
    return fact("ledger_line", on, business_id="E1", entry=entry, account_code=account, debit_fen=debit, credit_fen=credit)


def filing(on: date, tax: str, **said):
    """Return a return for the month before the one in which it is filed."""
    period_end_on = on.replace(day=1) - timedelta(days=1)
    period = {"period_start_on": period_end_on.replace(day=1), "period_end_on": period_end_on}
    return fact("tax_filing", on, business_id="E1", tax=tax, **period, **said)


def wholesale(on: date, side: str, status: str, party: str, fen: int, refunded: int | None = None):
    said = {"order_id": "1", "side": side, "status": status, "total_fen": fen, "refunded_fen": refunded}
    return fact("b2b_order", on, business_id="E1", counterparty_id=party, **said)


def checked(month: int, name: str, holds: bool):
    return fact("reconciliation", day(month), business_id="E1", check_name=name, holds=holds)


FACTS = {
    "invoice": [
        invoice(OLD, "sale", "C1", 10), invoice(day(2), "sale", "C1", 1_000), invoice(day(8), "sale", "C2", 3_000),
        invoice(day(9), "sale", "C2", -1_000), invoice(day(9), "sale", "C2", 9_000, "void"),
        invoice(day(2), "purchase", "V1", 500), invoice(day(8), "purchase", "C1", 1_500),
    ],
    "tax_filing": [
        filing(OLD, "vat", declared_sales_fen=0),
        filing(day(3), "vat", declared_sales_fen=2_000, output_tax_fen=150, input_tax_fen=100,
                                                      paid_fen=50),
        filing(day(4), "corporate_income", declared_sales_fen=5_555, paid_fen=30),
    ],
    "bank_entry": [
        bank(OLD, "in", 1, party="C9"),
        bank(day(8), "in", 2_000, party="C2"), bank(day(10), "in", 1_000, party="C8"),
        *(bank(day(8), "in", 7_000, who=who) for who in ("own", "related", "lender")),
        bank(day(8), "in", 400, who="wallet"),
        *(bank(day(8), "in", 7_000, nature=nature) for nature in ("refund", "reversal", "interest", "loan", "transfer")),
        bank(day(8), "out", 1_100, party="C1"), bank(day(9), "out", 100, party="V7"),
        bank(day(8), "out", 9_999, who="own"), bank(day(8), "out", 40, nature="tax", who="tax"),
    ],
    "wallet_entry": [
        wallet(OLD, "sale", "in", 0),
        wallet(day(11), "sale", "in", 900), wallet(day(11), "refund", "out", 100), wallet(day(11), "refund", "in", 50),
        wallet(day(11), "sale", "in", 5_000, "closed"), wallet(day(11), "transfer_in", "in", 700),
        wallet(day(3), "sale", "in", 200),
        wallet(day(11), "withdraw", "neutral", 300), wallet(day(11), "payout", "out", 200), wallet(day(11), "payout", "in", 600),
    ],
    "order": [
        order(OLD, "S1", "completed", 0), order(day(11), "S1", "completed", 1_000, 250), order(day(11), "S2", "paid", 250),
        order(day(4), "S2", "signed", 1_000), order(day(11), "S1", "closed", 800), order(day(11), "S1", "unpaid", 800),
        order(day(11), "S9", "paid", 4_000),
    ],
    "ledger_line": [
        ledger(OLD, "5001", 0, 0), ledger(day(5), "500101", 0, 4_000), ledger(day(6), "5001", 500, 0),
        ledger(day(6), "6051", 0, 500),
        ledger(day(12), "5001", 4_000, 0, "year_end_transfer"), ledger(day(8), "1002", 8_000, 0), ledger(day(8), "1001", 77, 0),
    ],
    "b2b_order": [
        wholesale(OLD, "sale", "paid", "C1", 0), wholesale(day(5), "sale", "completed", "C1", 1_200, 100),
        wholesale(day(5), "sale", "closed", "C1", 5_000), wholesale(day(6), "sale", "paid", "X", 1_100),
        wholesale(day(6), "purchase", "paid", "V1", 30), wholesale(day(6), "purchase", "received", "V2", 10),
    ],
    "reconciliation": [
        checked(11, "running_balance", False), checked(11, "check_digits", True), checked(11, "invoice_with_tax", False),
        checked(11, "voucher_balances", False), checked(11, "books_with_tax", True),
    ],
}  # fmt: skip

EXPECTED = {
    "invoice_vs_tax_12m": ppm(3_000, 2_000),  # the red letter takes off, the void one does not count; VAT only
    "invoice_vs_tax_gap_12m": ppm(3_000, 2_000),
    "invoice_vs_tax_24m": ppm(3_010, 2_000),
    "output_tax_vs_invoice_12m": ppm(150, 300),
    "output_tax_vs_invoice_gap_12m": ppm(300, 150),  # a gap has no direction
    "input_tax_vs_invoice_12m": ppm(100, 200),
    "bank_vs_invoice_6m": ppm(3_000, 2_200),  # July to December: 3,300 - 1,100 with tax
    "bank_vs_invoice_12m": ppm(3_000, 3_300),
    "bank_vs_tax_12m": ppm(3_000, 2_000),
    "wallet_vs_shop_3m": ppm(800, 1_000),  # 900 - 100; 1,000 - 250 + 250
    "wallet_vs_shop_12m": ppm(1_000, 2_000),
    "books_vs_tax_12m": ppm(4_000, 2_000),  # 4,000 - 500 + 500; closing the year is no revenue
    "books_vs_invoice_12m": ppm(4_000, 3_000),
    "books_vs_bank_6m": ppm(8_000, 3_000 + 21_000 + 400 + 35_000),
    "bank_vs_wallet_out_6m": ppm(400, 500),
    "shop_vs_invoice_12m": ppm(2_000, 3_300),
    "shop_vs_tax_12m": 0,
    "paid_vs_purchases_6m": ppm(1_200, 1_650),
    "paid_vs_purchases_12m": ppm(1_200, 2_200),
    "tax_paid_vs_bank_12m": ppm(80, 40),
    "b2b_vs_invoice_12m": ppm(2_200, 3_300),
    "invoice_bank_months_unmatched_12m": 3,  # February and September have invoices only, October money only
    "purchase_bank_months_unmatched_12m": 2,  # February, September
    "shop_wallet_months_unmatched_12m": 2,  # March, April
    "bank_less_invoice_fen_12m": -300,
    "invoiced_customers_paying_12m": 750_000,  # C2's 3,300 of 4,400: months in which an invoice is taken back count as zero
    "payers_invoiced_12m": 666_667,  # C2's 2,000 of 3,000
    "invoicing_suppliers_paid_12m": 750_000,  # C1's 1,650 of 2,200
    "paid_to_customers_12m": 916_667,  # C1's 1,100 of 1,200
    "b2b_customers_invoiced_12m": 500_000,
    "b2b_suppliers_invoicing_12m": 750_000,
    "invoice_reciprocity_12m": 250_000,  # C1 bought 1,100 of 4,400 and sells to us
    "checks_failed_share_365d": 600_000,
    "file_checks_failed_365d": 2,
    "file_checks_failed_share_365d": 666_667,
    "running_balance_broken_365d": 1,
}


@pytest.fixture(scope="module")
def found():
    return measure_facts(CROSS_SOURCE_FEATURES, FACTS, TODAY, SHOPS)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_comparison_is_what_both_sources_say(found, name):
    assert found[name] == EXPECTED[name]


def test_a_return_counts_in_the_months_of_its_period_and_both_sides_end_a_month_early():
    """Seen on 10 January 2020 the window is December 2018 to November 2019, whatever was filed since."""
    filed = {date(2018, 12, 15): 7_000, date(2019, 1, 15): 100, date(2019, 12, 15): 20, date(2020, 1, 8): 50_000}
    sold = {date(2018, 11, 30): 9_000, date(2018, 12, 1): 200, date(2019, 11, 30): 40, date(2019, 12, 1): 60_000}
    facts = {
        "tax_filing": [
            filing(OLD, "vat", declared_sales_fen=0),
            *(filing(on, "vat", declared_sales_fen=fen) for on, fen in filed.items()),
        ],
        "invoice": [invoice(OLD, "sale", "C1", 0), *(invoice(on, "sale", "C1", fen) for on, fen in sold.items())],
    }
    features = [one for one in CROSS_SOURCE_FEATURES if one.name == "invoice_vs_tax_12m"]
    assert measure_facts(features, facts, TODAY)["invoice_vs_tax_12m"] == ppm(240, 120)
    by_day = [
        msgspec.structs.replace(one, lag_months=0, against=msgspec.structs.replace(one.against, on="")) for one in features
    ]
    assert measure_facts(by_day, facts, TODAY)["invoice_vs_tax_12m"] != ppm(240, 120)  # by filing day the law would not hold


@pytest.mark.parametrize("change", [{"lag_months": -1}, {"months": 0, "days": 90, "lag_months": 1}])
def test_a_window_lags_by_whole_months_or_not_at_all(change):
    with pytest.raises(InputError, match="lags by"):
        msgspec.structs.replace(CROSS_SOURCE_FEATURES[0], **change)


def test_what_does_not_count_by_month_does_not_lag():
    odd = msgspec.structs.replace(CROSS_SOURCE_FEATURES[0], aggregate="same_day_share", against=TRUE_INFLOW)
    with pytest.raises(InputError, match="does not count by month"):
        measure_facts([odd], FACTS, TODAY)


def test_sources_that_move_together_correlate():
    months = [(month, 100 * month % 700 + 100) for month in range(1, 13)]
    invoices = [invoice(day(month), "sale", "C1", 10 * fen) for month, fen in months]
    names = {"bank_follows_invoice_12m"}
    features = [one for one in CROSS_SOURCE_FEATURES if one.name in names]
    same = [bank(day(month), "in", 3 * fen) for month, fen in months]
    flat = [bank(day(month), "in", 10**12 + 1) for month, _ in months]
    against = [bank(day(month), "in", 1_000 - fen) for month, fen in months]
    found = [measure_facts(features, {"invoice": invoices, "bank_entry": rows}, TODAY) for rows in (same, flat, against)]
    assert [one["bank_follows_invoice_12m"] for one in found] == [1_000_000, None, -1_000_000]


def test_a_source_that_is_younger_than_the_window_is_not_compared():
    facts = {**FACTS, "bank_entry": FACTS["bank_entry"][1:]}  # since August: five months
    found = measure_facts(CROSS_SOURCE_FEATURES, facts, TODAY, SHOPS)
    assert [found[name] for name in ("bank_vs_invoice_6m", "bank_vs_invoice_12m")] == [None, None]
    assert found["books_vs_invoice_12m"] == EXPECTED["books_vs_invoice_12m"]


def test_every_comparison_stands_with_and_without_direction():
    names = {one.name: one for one in CROSS_SOURCE_FEATURES}
    for one in COMPARISONS:
        ratio, gap = names[f"{one.name}_{one.months}m"], names[f"{one.name}_gap_{one.months}m"]
        assert (ratio.sign, gap.sign, ratio.of, ratio.against) == (0, -1, gap.of, gap.against)


@pytest.mark.parametrize("seed", range(2))
def test_engines_agree_on_random_sources_and_ranges_hold(seed):
    since, until = HOME.start_of(date(2017, 10, 1)), HOME.start_of(TODAY)
    tables = {}
    for kind in FACTS:
        subject = "S1" if kind == "order" else "E1"
        tables |= random_records([kind], seed, rows=250, subjects=[subject], since=since, until=until)
    found = measure(CROSS_SOURCE_FEATURES, tables, TODAY, SHOPS)
    assert all(found[one.name] is None or one.lo <= found[one.name] <= one.hi for one in CROSS_SOURCE_FEATURES)
    assert sum(value is not None for value in found.values()) > len(found) // 3
