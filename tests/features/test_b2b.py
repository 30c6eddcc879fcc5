"""Features of orders between firms, from a few rows worked out by hand, and on any rows at all."""

from __future__ import annotations

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from weilend.core.plan import Spine
from weilend.core.records import KINDS
from weilend.features.b2b import B2B_FEATURES
from weilend.features.plans import FeatureSet, make_plan, unique_names
from weilend.testing.facts import HOME, fact, look_at_facts
from weilend.testing.records import rows

B2B = FeatureSet("b2b", unique_names(B2B_FEATURES))
PLAN, ORDER = make_plan(B2B), KINDS["b2b_order"]
AS_OF, DAY = HOME.start_of(date(2020, 1, 1)), 86_400
SPINE = Spine(("B1",), (AS_OF,))


def deal(number: int, on: date, side: str, party: str | None, total: int, status: str = "completed", **fields) -> dict:
    basics = {"business_id": "B1", "counterparty_id": party, "order_id": str(number), "side": side, "status": status}
    return fact("b2b_order", on, **{**basics, "total_fen": total, **fields})


def compute(facts: list) -> dict[str, int | None]:
    return look_at_facts(B2B, {"b2b_order": facts}, SPINE)


def test_sales_purchases_terms_and_debts():
    values = compute(
        [
            deal(1, date(2019, 12, 1), "sale", "A", 6_000, terms="account_period", account_period_days=30, unpaid_fen=3_000),
            deal(2, date(2019, 11, 1), "sale", "A", 1_000, terms="prepaid", unpaid_fen=0, refunded_fen=100, is_overseas=True),
            deal(3, date(2019, 8, 1), "sale", "B", 3_000, terms="account_period", account_period_days=90, status="shipped"),
            deal(4, date(2019, 12, 2), "sale", "B", 50_000, status="unpaid", unpaid_fen=50_000),
            deal(5, date(2019, 12, 3), "sale", "C", 50_000, status="closed", closed_by="seller"),
            deal(6, date(2019, 12, 4), "sale", "C", 50_000, status="closed", closed_by="buyer"),
            deal(7, date(2019, 12, 20), "purchase", "B", 4_000, unpaid_fen=1_000),
            deal(8, date(2019, 10, 20), "purchase", "D", 1_000),
        ]
    )
    expected = {
        "b2b_sales_fen_12m": 10_000, "b2b_sales_fen_3m": 7_000, "b2b_purchase_fen_12m": 5_000, "b2b_sales_count_12m": 3,
        "b2b_sales_months_active_12m": 3,
        "b2b_customers_12m": 2, "b2b_top_customer_share_12m": 700_000, "b2b_customer_hhi_12m": 580_000,  # 0.7² + 0.3²
        "b2b_customer_repeat_rate_12m": 500_000,  # A in two months, B in one
        "b2b_suppliers_12m": 2, "b2b_top_supplier_share_12m": 800_000, "b2b_supplier_repeat_rate_12m": 0,
        "b2b_reciprocal_share_12m": 300_000,  # B buys and sells
        "b2b_purchase_to_sales_12m": 500_000,
        "b2b_on_account_share_12m": 900_000, "b2b_account_days_mean_12m": 60,
        "b2b_receivable_fen_365d": 3_000,  # order 4 is not a sale yet
        "b2b_receivable_share_365d": 428_571,  # of the 7,000 that tell
        "b2b_top_debtor_share_365d": 1_000_000,
        "b2b_payable_fen_365d": 1_000, "b2b_payable_share_365d": 250_000,
        "b2b_refund_rate_12m": 100_000,  # 100 of the 1,000 that tell
        "b2b_closed_share_12m": 333_333, "b2b_closed_by_firm_share_12m": 166_667,  # 2 and 1 of 6
        "b2b_overseas_share_12m": 1_000_000,
        "b2b_days_since_last_sale_365d": 31, "b2b_days_since_last_purchase_365d": 12,
        "b2b_sales_cv_12m": None,  # five months of history are not twelve
    }  # fmt: skip
    assert {name: values[name] for name in expected} == expected


def test_trend_over_a_full_year():
    values = compute(
        [deal(month, date(2019, month, 5), "sale", "A" if month < 7 else "B", 1_000 * month) for month in range(1, 13)]
    )
    expected = {
        "b2b_sales_change_12m": 461_538,  # (57 - 21) / 78
        "b2b_sales_slope_12m": 153_846,  # 1,000 a month over a mean of 6,500
        "b2b_customer_overlap_12m": 0,
    }
    assert {name: values[name] for name in expected} == expected


@settings(max_examples=4, deadline=None)
@given(st.lists(rows(ORDER, ("B1", "B2")), min_size=1, max_size=8), st.data())
def test_engines_agree_and_ranges_hold_on_any_rows(some, data):
    times = st.integers(AS_OF - 400 * DAY, AS_OF + 5 * DAY)
    values = compute([{**one, "happened_at": (when := data.draw(times)), "known_at": when} for one in some])
    for feature in B2B.features:
        value = values[feature.name]
        assert value is None or feature.lo <= value <= feature.hi, feature.name
