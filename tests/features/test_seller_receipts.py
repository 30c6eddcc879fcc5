"""Features of sales that money was seen to follow: worked by hand, on both engines."""

from __future__ import annotations

from datetime import date

from weilend.features.seller_receipts import SELLER_RECEIPTS_FEATURES
from weilend.testing.facts import fact, measure_facts

AS_OF = date(2020, 7, 1)  # windows in months end with June 2020
MAY = date(2020, 5, 10)
SHOPS = {"shop_id": ("S1",)}


def order(number: int, yuan: int, on: date = MAY, **more) -> dict:
    said = {"shop_id": "S1", "order_id": f"N{number}", "line_no": 1, "platform": "taobao", "status": "completed", "sku": "a"}
    return fact("order", on, **{**said, "paid_fen": yuan * 100, **more})


def line(number: int | None, yuan: int, nature: str = "sale", on: date = MAY, **more) -> dict:
    said = {
        "business_id": "E1", "account_id": "W", "wallet": "alipay", "status": "done", "nature": nature, "shop_id": "S1",
        "direction": "in" if nature == "sale" else "out", "order_id": None if number is None else f"N{number}",
    }  # fmt: skip
    return fact("wallet_entry", on, **{**said, "amount_fen": yuan * 100, **more})


def measure(orders: list[dict], lines: list[dict], **more: list[dict]) -> dict[str, int | None]:
    facts = {"order": orders, "wallet_entry": lines, **more}
    return measure_facts(SELLER_RECEIPTS_FEATURES, facts, AS_OF, SHOPS)


def test_what_order_and_receipt_say_of_each_other():
    """N1 is paid for and half refunded, N2 nobody paid, N3 is marked, N4 is older than a year; one receipt names no order."""
    orders = [
        order(1, 1_000, refunded_fen=50_000),
        order(2, 2_000),
        order(3, 4_000, is_held_for_risk=True),
        order(4, 8_000, date(2019, 6, 30)),
    ]
    lines = [line(1, 1_010), line(1, 500, "refund"), line(3, 4_000), line(4, 8_000), line(None, 700), line(None, 30, "fee")]
    found = measure(orders, lines)
    assert found["seller_paid_sales_fen_12m"] == 500_00
    assert found["seller_named_receipts_fen_12m"] == 510_00
    assert found["seller_paybacks_fen_12m"] == 30_00
    assert found["seller_genuine_net_fen_12m"] == 2_500_00
    assert found["seller_suspect_fen_12m"] == 4_000_00
    assert found["seller_kept_fen_6m"] == (1_010 - 500 + 4_000 + 8_000 + 700 - 30) * 100


def test_a_payout_beside_the_order_is_a_payback_and_a_refund_that_names_it_is_not():
    orders = [order(1, 1_000)]
    payout = line(None, 900, "payout", counterparty_kind="person")
    found = measure(orders, [line(1, 1_000), line(1, 100, "refund"), payout, line(None, 50, "payout", counterparty_kind="own")])
    assert found["seller_named_receipts_fen_12m"] == 900_00
    assert found["seller_paybacks_fen_12m"] == 900_00


def test_only_platforms_whose_wallet_is_known_are_held_against_receipts():
    """Taobao pays into the Alipay account whose bill is there, Pinduoduo into a wallet that nobody showed.

    Planted bug: whoever holds all orders against the one bill finds two thirds of an honest seller's sales without money.
    """
    orders = [order(1, 1_000), order(2, 1_400, platform="pinduoduo"), order(3, 600, platform="other")]
    found = measure(orders, [line(1, 1_000)])
    paid = found["seller_paid_sales_fen_12m"]
    assert found["seller_billed_net_fen_12m"] == paid == 1_000_00
    assert found["seller_genuine_net_fen_12m"] - paid == 2_000_00
    both = measure(orders, [line(1, 1_000), line(9, 5, wallet="pinduoduo")])
    assert both["seller_billed_net_fen_12m"] == 2_400_00, "a bill that is there and names none of its orders speaks"
    assert measure(orders, [])["seller_billed_net_fen_12m"] is None


def test_more_orders_that_no_receipt_names_move_neither_sum():
    lines = [line(1, 1_000), line(2, 333)]
    own = [order(1, 1_000), order(2, 333)]
    few, many = (measure([*own, *(order(9 + n, 777) for n in range(size))], lines) for size in (0, 50))
    for name in ("seller_paid_sales_fen_12m", "seller_named_receipts_fen_12m"):
        assert few[name] == many[name] == 1_333_00


def test_shops_months_refunds_and_regions():
    lines = [
        line(1, 300, on=date(2020, 1, 5)),
        line(2, 500, on=MAY),
        line(3, 200, shop_id="S2", on=MAY),
        line(3, 35, "refund", on=MAY),
    ]
    snapshot = {"shop_id": "S1", "platform": "taobao", "status": "normal"}
    orders = [order(1, 300, streamer_id="x"), order(2, 500, is_drop_shipped=True, sku="b", category="c"), order(3, 200)]
    found = measure(orders, lines, shop_snapshot=[fact("shop_snapshot", date(2020, 6, 1), **snapshot, region="810000")])
    assert found["seller_best_month_share_12m"] == round(665 / 965 * 1_000_000)
    assert found["seller_top_shop_share_12m"] == 800_000
    assert found["seller_top_shop_share_3m"] == round(5 / 7 * 1_000_000)
    assert found["seller_refund_rate_3m"] == 50_000
    assert found["seller_streamed_fen_12m"] == 300_00
    assert found["seller_drop_shipped_fen_12m"] == 500_00
    assert (found["seller_products_90d"], found["seller_categories_180d"]) == (2, 1)
    assert found["seller_shops_out_of_reach_90d"] == 1


def test_lumps_at_the_bank_net_of_round_trips():
    def entry(yuan: int, way: str, party: str, nature: str) -> dict:
        said = {"business_id": "E1", "account_id": "B", "direction": way, "counterparty_kind": party, "nature": nature}
        return fact("bank_entry", MAY, **said, amount_fen=yuan * 100)

    lumps = [
        entry(1_000, "in", "wallet", "transfer"),
        entry(400, "in", "platform", "trade"),
        entry(300, "out", "wallet", "transfer"),
        entry(9_000, "in", "wallet", "loan"),
        entry(5_000, "in", "business", "trade"),
    ]
    assert measure([], [], bank_entry=lumps)["seller_bank_settled_fen_12m"] == 1_100_00
