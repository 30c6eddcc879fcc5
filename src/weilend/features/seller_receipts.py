"""In: nothing. Out: the features of sales that money was seen to follow. Used: by feature set `seller`, whose limits rest on them.

An order is a claim, a receipt that names it is evidence. So nothing here improves when orders are added that no receipt names: what
carries a limit counts only where order and receipt name each other, and what is read of orders alone can only speak against a
shop. Shares are of money received, never of orders, for more orders would thin them. Windows are complete calendar months.
"""

from __future__ import annotations

from weilend.core.records import MAX_FEN
from weilend.features.shop import SHOP_COST_FEN, SUSPECT, VALID
from weilend.features.spec import Feature, Part
from weilend.features.wallet import SIGNED, SOLD, SOLD_BACK, TO_PERSON, WALLET_COST_FEN

ORDER = "order_id"
GENUINE = f"{VALID} and not {SUSPECT}"
PAID_OUT = f"status = 'done' and direction = 'out' and {TO_PERSON}"
NET = "paid_fen - coalesce(refunded_fen, 0)"
#: The wallet that a platform pays out to, as a number that orders and lines of bills share; what has none of its own shares one.
WALLET_OF_ORDER = (
    "case when platform in ('taobao', 'tmall', '1688') then 0 when platform = 'jd' then 1 when platform = 'pinduoduo' then 2"
    " when platform = 'douyin' then 3 else 4 end"
)
WALLET_OF_LINE = (
    "case when wallet = 'alipay' then 0 when wallet = 'jd' then 1 when wallet = 'pinduoduo' then 2"
    " when wallet = 'douyin' then 3 else 4 end"
)
#: What platforms and wallets pay to the bank for sales, and what goes back to them: round trips cancel, loans are left out.
SETTLED = (
    "counterparty_kind in ('platform', 'wallet')"
    " and nature in ('trade', 'refund', 'reversal', 'returned_unpaid', 'transfer', 'unknown')"
)
#: Where a Chinese court's order cannot reach the goods: codes of GB/T 2260, or names as platforms write them.
OUT_OF_REACH = (
    "starts_with(region, '71') or starts_with(region, '81') or starts_with(region, '82') or starts_with(region, '台湾')"
    " or starts_with(region, '香港') or starts_with(region, '澳门') or starts_with(region, '海外')"
)

NAMED_SALES = Part("wallet_entry", f"{SOLD} and amount_fen > 0", "amount_fen", ORDER)
BY_WALLET = Part("wallet_entry", f"{SOLD} and amount_fen > 0", "amount_fen", WALLET_OF_LINE)
NAMED_RECEIPTS = Part("wallet_entry", f"({SOLD}) or ({SOLD_BACK})", SIGNED, ORDER)
PAYBACKS = Part("wallet_entry", f"({SOLD_BACK} and order_id is null) or ({PAID_OUT})", "amount_fen")
KEPT = Part("wallet_entry", f"({SOLD}) or ({SOLD_BACK}) or ({PAID_OUT})", SIGNED)
TAKEN = Part("wallet_entry", f"{SOLD} and amount_fen > 0", "amount_fen")
REFUNDED = Part("wallet_entry", "status = 'done' and direction = 'out' and nature = 'refund'", "amount_fen")
BY_SHOP = Part("wallet_entry", f"{SOLD} and amount_fen > 0", "amount_fen", "shop_id")
BANK_SETTLED = Part("bank_entry", SETTLED, SIGNED)
GENUINE_ORDERS = Part("order", GENUINE, NET, ORDER)
GENUINE_NET = Part("order", GENUINE, NET)
GENUINE_BY_WALLET = Part("order", GENUINE, NET, WALLET_OF_ORDER)
SUSPECT_ORDERS = Part("order", f"{VALID} and {SUSPECT}", "paid_fen")
STREAMED = Part("order", f"{VALID} and streamer_id is not null", "paid_fen")
DROP_SHIPPED = Part("order", f"{VALID} and is_drop_shipped", "paid_fen")
BY_PRODUCT = Part("order", GENUINE, by="sku")
BY_CATEGORY = Part("order", GENUINE, by="category")
REGION = Part("shop_snapshot", "region is not null", f"case when {OUT_OF_REACH} then 1 else 0 end", "shop_id")

ONE = 1_000_000
MAX_SUM_FEN = 100 * MAX_FEN
MAX_COUNT = 100_000_000
BANK_COST_FEN = 500  # assumption: a statement of one year, fetched with consent, costs about 5 yuan
MATCH_COST_FEN = SHOP_COST_FEN + WALLET_COST_FEN


# A table: one feature a line, as far as a line goes.
# fmt: off
FOLLOWED = (
    Feature(name="seller_paid_sales_fen_12m", aggregate="shared_sum", of=GENUINE_ORDERS, against=NAMED_SALES, months=12,
            unit="fen", lo=-MAX_SUM_FEN, hi=MAX_SUM_FEN, sign=1, cost_fen=MATCH_COST_FEN,
            why="an order that a receipt names was paid for; any other is only said to be",
            en="sales of the last twelve months that a receipt names, without marks of brushing and less refunds, were {value}",
            zh="近12个月有收款对应、剔除疑似刷单及退款的销售额{value}"),
    Feature(name="seller_named_receipts_fen_12m", aggregate="shared_sum", of=NAMED_RECEIPTS, against=GENUINE_ORDERS, months=12,
            unit="fen", lo=-MAX_SUM_FEN, hi=MAX_SUM_FEN, sign=1, cost_fen=MATCH_COST_FEN,
            why="a receipt that names an order came from trade; any other may be a loan or a friend",
            en="receipts of the last twelve months that name an order of the shop, less what went back for it, were {value}",
            zh="近12个月可对应店铺订单的净收款{value}"),
    Feature(name="seller_paybacks_fen_12m", aggregate="sum", of=PAYBACKS, months=12, unit="fen", lo=0, hi=MAX_SUM_FEN, sign=-1,
            cost_fen=WALLET_COST_FEN, why="hired buyers are paid back beside the order, as payouts to individuals",
            en="payouts to individuals, and refunds and fees that name no order, were {value} in twelve months",
            zh="近12个月转给个人及无订单对应的退款和费用{value}"),
    Feature(name="seller_kept_fen_6m", aggregate="sum", of=KEPT, months=6, unit="fen", lo=-MAX_SUM_FEN, hi=MAX_SUM_FEN, sign=1,
            cost_fen=WALLET_COST_FEN, why="a shop that shrinks repays from what it still takes in",
            en="receipts of the last six months less refunds, fees and payouts to individuals were {value}",
            zh="近6个月扣除退款、费用及转给个人的收款{value}"),
    Feature(name="seller_best_month_share_12m", aggregate="share_of_best_month", of=KEPT, months=12, unit="ppm", lo=0, hi=ONE,
            sign=-1, cost_fen=WALLET_COST_FEN, why="a November that sells out says little of the eleven months after it",
            en="the best month brought {value} of a year's receipts", zh="最高月收款占近12个月的{value}"),
    Feature(name="seller_refund_rate_3m", aggregate="ratio_of_sums", of=REFUNDED, against=TAKEN, months=3, unit="ppm", lo=0,
            hi=100 * ONE, sign=-1, cost_fen=WALLET_COST_FEN, why="refunds that rise eat the next quarter",
            en="{value} of the last three months' receipts was refunded", zh="近3个月退款占收款的{value}"),
    Feature(name="seller_top_shop_share_12m", aggregate="share_of_top", of=BY_SHOP, months=12, unit="ppm", lo=0, hi=ONE, sign=0,
            cost_fen=WALLET_COST_FEN, why="says how far one shop carries the business",
            en="the largest shop took {value} of a year's receipts", zh="第一大店铺占近12个月收款的{value}"),
    Feature(name="seller_top_shop_share_3m", aggregate="share_of_top", of=BY_SHOP, months=3, unit="ppm", lo=0, hi=ONE, sign=0,
            cost_fen=WALLET_COST_FEN, why="a share that rises while sales do not is another shop dying",
            en="the largest shop took {value} of the last three months' receipts", zh="第一大店铺占近3个月收款的{value}"),
    Feature(name="seller_bank_settled_fen_12m", aggregate="sum", of=BANK_SETTLED, months=12, unit="fen", lo=-MAX_SUM_FEN,
            hi=MAX_SUM_FEN, sign=1, cost_fen=BANK_COST_FEN,
            why="platforms settle in lumps that name no order, but they do not settle what nobody paid",
            en="platforms and wallets paid {value} into the bank in twelve months, less what went back to them",
            zh="近12个月平台及钱包净结算入账{value}"),
)

ORDERS_ALONE = (
    Feature(name="seller_genuine_net_fen_12m", aggregate="sum", of=GENUINE_NET, months=12, unit="fen", lo=-MAX_SUM_FEN,
            hi=MAX_SUM_FEN, sign=0, cost_fen=SHOP_COST_FEN, why="what the shop claims to have sold, to be held against receipts",
            en="orders of the last twelve months without marks of brushing, less refunds, came to {value}",
            zh="近12个月剔除疑似刷单及退款的成交额{value}"),
    Feature(name="seller_billed_net_fen_12m", aggregate="shared_sum", of=GENUINE_BY_WALLET, against=BY_WALLET, months=12,
            unit="fen", lo=-MAX_SUM_FEN, hi=MAX_SUM_FEN, sign=0, cost_fen=MATCH_COST_FEN,
            why="only orders whose platform pays into a wallet that we see can be held against receipts",
            en="a year's orders without marks of brushing, less refunds, came to {value} on platforms whose wallet's bill was seen",
            zh="近12个月已取得钱包账单的平台剔除疑似刷单及退款的成交额{value}"),
    Feature(name="seller_suspect_fen_12m", aggregate="sum", of=SUSPECT_ORDERS, months=12, unit="fen", lo=0, hi=MAX_SUM_FEN,
            sign=-1, cost_fen=SHOP_COST_FEN, why="who brushes for the platform brushes for the lender",
            en="orders of {value} in twelve months bear marks of brushing", zh="近12个月疑似刷单成交额{value}"),
    Feature(name="seller_streamed_fen_12m", aggregate="sum", of=STREAMED, months=12, unit="fen", lo=0, hi=MAX_SUM_FEN, sign=0,
            cost_fen=SHOP_COST_FEN, why="a streamer can leave and take the sales along",
            en="streamers sold {value} in twelve months", zh="近12个月经主播成交{value}"),
    Feature(name="seller_drop_shipped_fen_12m", aggregate="sum", of=DROP_SHIPPED, months=12, unit="fen", lo=0, hi=MAX_SUM_FEN,
            sign=0, cost_fen=SHOP_COST_FEN, why="who sells other people's stock has no stock of his own",
            en="sales of {value} in twelve months were shipped by somebody else", zh="近12个月代销成交额{value}"),
    Feature(name="seller_products_90d", aggregate="distinct", of=BY_PRODUCT, days=90, unit="count", lo=0, hi=MAX_COUNT, sign=0,
            cost_fen=SHOP_COST_FEN, why="one hit is not a range, for people who read the case",
            en="{value} products were sold in the last 90 days", zh="近90天动销商品{value}个"),
    Feature(name="seller_categories_180d", aggregate="distinct", of=BY_CATEGORY, days=180, unit="count", lo=0, hi=MAX_COUNT,
            sign=0, cost_fen=SHOP_COST_FEN, why="a shop in many categories follows fashions, for people who read the case",
            en="{value} categories were sold in the last 180 days", zh="近180天成交类目{value}个"),
    Feature(name="seller_shops_out_of_reach_90d", aggregate="standing_sum", of=REGION, days=90, unit="count", lo=0,
            hi=MAX_COUNT, sign=-1, cost_fen=SHOP_COST_FEN, why="goods beyond our courts cannot be claimed",
            en="{value} shops ship from outside the mainland", zh="{value}家店铺从境外发货"),
)
# fmt: on

#: Declaration order.
SELLER_RECEIPTS_FEATURES = (*FOLLOWED, *ORDERS_ALONE)
