"""Features of shops, each from a few rows whose answer is worked out by hand, and on any rows at all."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weilend.core.plan import Spine
from weilend.core.records import KINDS
from weilend.features.plans import FeatureSet, make_plan, unique_names
from weilend.features.shop import SHOP_FEATURES
from weilend.testing.facts import HOME, fact_at, look_at_facts
from weilend.testing.records import rows

SHOP = FeatureSet("shop", unique_names(SHOP_FEATURES))
PLAN = make_plan(SHOP)
AS_OF = HOME.start_of(date(2020, 1, 1))
SPINE = Spine(("B1",), (AS_OF,), linked={"shop_id": (("S1", "S2"),)})
HOUR, DAY = 3_600, 86_400


def at(month: int, day: int, hour: int = 12) -> int:
    return int(datetime(2019, month, day, hour, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp())


def order(number: int, happened_at: int, paid: int, status: str = "completed", **fields: object) -> dict[str, object]:
    basics = {"shop_id": "S1", "order_id": str(number), "line_no": 1, "platform": "taobao", "status": status, "paid_fen": paid}
    return fact_at("order", happened_at, **{**basics, **fields})


def refund(number: int, happened_at: int, amount: int, status: str = "refunded", **fields: object) -> dict[str, object]:
    basics = {"shop_id": "S1", "refund_id": f"R{number}", "order_id": str(number), "status": status, "amount_fen": amount}
    return fact_at("refund", happened_at, **{**basics, **fields})


def snapshot(shop: str, happened_at: int, **fields: object) -> dict[str, object]:
    return fact_at("shop_snapshot", happened_at, **{"shop_id": shop, "platform": "taobao", "status": "normal", **fields})


def compute(facts: dict[str, list]) -> dict[str, int | None]:
    return look_at_facts(SHOP, facts, SPINE)


def check(facts: dict[str, list], expected: dict[str, int | None]) -> None:
    values = compute(facts)
    assert {name: values[name] for name in expected} == expected


def test_sales_count_from_paid_to_completed_over_all_shops():
    facts = [
        order(1, at(12, 20), 10_000, refunded_fen=1_000),  # S1, within 30 days
        order(2, at(11, 1), 20_000, status="shipped", shop_id="S2"),
        order(3, at(8, 1), 40_000, status="paid"),  # in 6 months (July to December), not in 3
        order(4, at(12, 20), 1, status="unpaid"),
        order(5, at(12, 20), 2, status="deposit_paid"),
        order(6, at(12, 21), 5_000, status="closed", pay_at=at(12, 21)),  # paid, then closed: refunded in full below
        order(7, at(12, 21), 7_000, status="closed"),  # never paid
        order(1, at(12, 20), 3_000, line_no=2),  # second line of order 1
    ]
    back = [refund(6, at(12, 22), 5_000), refund(1, at(12, 23), 1_000), refund(2, at(12, 24), 900, status="asked")]
    check(
        {"order": facts, "refund": back},
        {
            "shop_sales_fen_30d": 13_000,  # 10,000 + 3,000
            "shop_sales_fen_3m": 33_000,
            "shop_sales_fen_6m": 73_000,
            "shop_net_sales_fen_6m": 72_000,  # 1,000 paid back on order 1
            "shop_net_sales_fen_3m": 32_000,
            "shop_sales_less_refunds_fen_12m": 72_000,  # 73,000 + 5,000 closed after payment - 6,000 refunded
            "shop_refund_rate_12m": 76_923,  # 6,000 / 78,000
            "shop_order_count_12m": 3,  # lines 1 of orders 1, 2, 3
            "shop_order_count_90d": 2,
            "shop_closed_share_12m": 285_714,  # 2 of 7 first lines
            "shop_in_transit_fen_60d": 0,  # order 2 is shipped but 60.5 days old
            "shop_net_sales_cv_12m": None,  # five months of history are not twelve
        },
    )


def test_returns_and_disputes_are_held_against_paid_lines():
    orders = [order(number, at(12, 10), 1_000) for number in range(4)] + [order(9, at(12, 10), 1_000, status="closed")]
    back = [
        refund(0, at(12, 12), 500, with_goods=True, is_disputed=True),
        refund(1, at(12, 12), 500, after_sale="return"),  # not told whether goods came back, but a return was asked
        refund(2, at(12, 12), 500, with_goods=False, after_sale="return"),  # told: no goods
        refund(3, at(12, 12), 500, status="refused", with_goods=True, is_disputed=False),
        refund(3, at(12, 13), 100),  # nothing told
    ]
    values = {"shop_return_rate_12m": 500_000, "shop_dispute_rate_12m": 250_000, "shop_refund_rate_12m": 400_000}
    check({"order": orders, "refund": back}, values)  # 2 of 4, 1 of 4, 1,600 of 4,000


def test_activity_and_trend():
    months = [order(month, at(month, 10), 1_000 * month) for month in range(1, 13)]
    check(
        {"order": months, "shop_snapshot": [snapshot("S1", at(11, 1), opened_on=date(2018, 1, 1))]},
        {
            "shop_months_active_12m": 12,
            "shop_history_months_36m": 12,
            "shop_days_since_last_order_365d": 22,  # 10 December to 1 January
            "shop_longest_gap_days_12m": 31,
            "shop_active_days_90d": 3,  # 10 October is 82.5 days back
            "shop_net_sales_change_6m": 157_895,  # (33 - 24) / 57
            "shop_net_sales_slope_12m": 153_846,  # 1,000 a month over a mean of 6,500
            "shop_net_sales_worst_month_12m": 153_846,  # 1,000 / 6,500
            "shop_net_sales_best_month_12m": 153_846,  # 12,000 / 78,000
            "shop_net_sales_change_24m": None,
            "shop_age_days_365d": 730,  # 2018-01-01 to 2020-01-01
        },
    )


def test_buyers_items_provinces_streamers():
    sales = [
        order(1, at(12, 1), 6_000, buyer_id="A", sku="x", province="ZJ", streamer_id="L", traffic="live"),
        order(2, at(12, 2), 2_000, buyer_id="A", sku="y", province="ZJ", traffic="ad"),
        order(3, at(12, 3), 2_000, buyer_id="B", sku="y", province="GD"),
        order(3, at(12, 3), 0, buyer_id="C", line_no=2),
    ]
    check(
        {"order": sales},
        {
            "shop_buyers_12m": 3,
            "shop_buyer_hhi_12m": 680_000,  # 0.8² + 0.2²
            "shop_repeat_buyer_share_180d": 500_000,  # A of A and B; a second line is no second order
            "shop_province_top_share_12m": 800_000,
            "shop_sku_active_90d": 2,
            "shop_sku_hhi_12m": 520_000,  # 0.6² + 0.4²
            "shop_streamer_hhi_12m": 1_000_000,
            "shop_streamed_share_12m": 600_000,
            "shop_live_share_12m": 750_000,  # 6,000 of the 8,000 that tell
            "shop_ad_traffic_share_12m": 250_000,
            "shop_top_five_buyer_share_12m": 1_000_000,
        },
    )


def test_marks_of_brushing():
    hour = at(12, 5, 10)
    sales = [
        order(1, hour, 1_000, buyer_id="A", buyer_is_new=True, buyer_level=1, waybill_id="w1", review_hash="r", weight_grams=5),
        order(2, hour + 60, 1_000, buyer_id="A", buyer_is_new=True, buyer_level=3, waybill_id="w1", review_hash="r"),
        order(3, hour + 120, 1_000, buyer_id="A", is_held_for_risk=True, waybill_id="w2", review_hash="s"),
        order(4, hour + 180, 1_000, buyer_id="B", buyer_is_new=False, buyer_level=1, is_held_for_risk=False, weight_grams=20),
        order(5, at(12, 6), 4_000, buyer_id="B", weight_grams=21),
        order(6, at(12, 7), 2_000, buyer_id="C", buyer_is_new=True),  # level not told: no mark
    ]
    check(
        {"order": sales},
        {
            "shop_genuine_sales_fen_12m": 7_000,  # 2, 5, 6: order 4's parcel of 20 grams is empty, 21 is not
            "shop_suspect_sales_share_12m": 300_000,  # 1, 3, 4 of 10,000
            "shop_new_low_buyer_share_90d": 333_333,  # 1 of the three that tell both
            "shop_held_share_90d": 500_000,  # 3 of 3 and 4
            "shop_empty_parcel_share_90d": 666_667,
            "shop_busiest_hour_share_90d": 666_667,
            "shop_hourly_burst_share_90d": 500_000,  # A's three of six
            "shop_waybill_reused_share_90d": 666_667,  # w1 twice, w2 once
            "shop_waybill_coverage_90d": 500_000,
            "shop_review_copied_share_12m": 666_667,
            "shop_same_price_share_90d": 666_667,
            "shop_recent_pace_120d": 4_000_000,  # every order within 30 days
        },
    )


def test_fulfilment_and_cost():
    paid = at(12, 5)
    told = {"list_fen": 2_000, "discount_fen": 500, "commission_fen": 50}
    sales = [
        order(1, paid, 1_000, pay_at=paid, consign_at=paid + 48 * HOUR, promised_at=paid + 48 * HOUR, **told),
        order(
            2, paid, 1_000, pay_at=paid, consign_at=paid + 48 * HOUR + 1, promised_at=paid + 48 * HOUR, end_at=paid + 10 * DAY
        ),
        order(3, paid, 1_000, pay_at=paid, consign_at=paid - 1, discount_fen=900),  # shipped before it was paid: no lag
        order(4, paid, 1_000, status="shipped", end_at=paid),  # no pay_at
    ]
    check(
        {"order": sales},
        {
            "shop_sent_in_two_days_share_90d": 500_000,
            "shop_on_time_share_90d": 500_000,
            "shop_consign_lag_mean_hours_90d": 48,
            "shop_settlement_lag_mean_days_180d": 10,
            "shop_in_transit_fen_60d": 1_000,
            "shop_platform_fee_share_12m": 50_000,  # 50 of the 1,000 whose fee is told
            "shop_discount_share_12m": 250_000,  # 500 of 2,000; order 3 does not tell its list price
        },
    )


def test_what_stands_counts_once_a_shop_as_last_seen():
    shots = [
        snapshot("S1", at(11, 1), positive_rate_ppm=900_000, deposit_paid_fen=100, deposit_required_fen=100, violation_points=2),
        snapshot("S1", at(12, 10), positive_rate_ppm=970_000, deposit_paid_fen=300, violation_points=6, ad_spend_30d_fen=200),
        snapshot("S2", at(12, 9), positive_rate_ppm=950_000, deposit_paid_fen=0, deposit_required_fen=300, status="frozen",
                 violation_points=1, pending_settlement_fen=70),
    ]  # fmt: skip
    check(
        {"shop_snapshot": shots, "order": [order(1, at(12, 20), 1_000), order(2, at(11, 20), 500, shop_id="S2")]},
        {
            "shop_positive_rate_90d": 950_000,  # the weaker of 97 % and 95 %, not the 90 % of a month before
            "shop_violation_points_90d": 7,
            "shop_not_normal_count_90d": 1,
            "shop_deposit_ratio_90d": 250_000,  # 100 of 100 and 0 of 300: where both are told at once
            "shop_deposit_to_sales_30d": 300_000,  # 300 + 0 over the 1,000 of 30 days
            "shop_ad_spend_share_30d": 200_000,
            "shop_pending_settlement_fen_60d": 70,
            "shop_dsr_item_gap_90d": None,
        },
    )


@settings(max_examples=3, deadline=None)
@given(st.data())
def test_engines_agree_and_ranges_hold_on_any_rows(data):
    facts = {}
    for kind in SHOP.kinds:
        some = data.draw(st.lists(rows(KINDS[kind], ("S1", "S2", "S3")), min_size=1, max_size=3))
        times = st.integers(AS_OF - 200 * DAY, AS_OF + 5 * DAY)
        facts[kind] = [{**one, "happened_at": (when := data.draw(times)), "known_at": when} for one in some]
    values = compute(facts)
    for feature in SHOP.features:
        value = values[feature.name]
        assert value is None or feature.lo <= value <= feature.hi, feature.name


@pytest.mark.parametrize("feature", SHOP_FEATURES, ids=lambda feature: feature.name)
def test_each_says_why_and_what(feature):
    assert feature.why
    assert "{value}" in feature.en
    assert "{value}" in feature.zh
    assert feature.cost_fen > 0
