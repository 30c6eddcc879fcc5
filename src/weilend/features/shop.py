"""In: nothing. Out: the features that read orders, refunds and snapshots of shops. Used: by feature sets of shop products.

Orders count from paid to completed (domain.md §2); line 1 stands for the order. Amounts are what buyers paid. Net sales take off
what the order's own line says was paid back, so by month of the order; where a source does not tell, they are gross.
What stands still (rates, deposits) counts as last seen, shop by shop. `sign` was declared before any data was seen.
"""

from __future__ import annotations

from weilend.core.records import MAX_FEN
from weilend.features.spec import Feature, Part

VALID = "status in ('paid', 'part_shipped', 'shipped', 'signed', 'completed')"
WAS_PAID = (
    f"({VALID} or (status = 'closed' and pay_at is not null))"  # closed after payment: refunds are held against these too
)
FIRST_LINE = f"{VALID} and line_no = 1"
RETURNED = "status = 'refunded' and coalesce(with_goods, after_sale = 'return')"
# What a row says of brushing: held by the platform, a new buyer of lowest level, an empty parcel; what is not told is innocent
LOWEST_LEVEL, EMPTY_GRAMS = 1, 20
SUSPECT = (
    f"(coalesce(is_held_for_risk, false) or coalesce(buyer_is_new and buyer_level <= {LOWEST_LEVEL}, false)"
    f" or coalesce(weight_grams <= {EMPTY_GRAMS}, false))"
)
PAID_LAG, END_LAG = "consign_at - pay_at", "end_at - pay_at"
TWO_DAYS_SECONDS = 172_800
SNAPSHOT = "shop_id"

SALES = Part("order", VALID, "paid_fen")
PAID_SALES = Part("order", WAS_PAID, "paid_fen")
PAID_LINES = Part("order", WAS_PAID)
NET_SALES = Part("order", VALID, "paid_fen - coalesce(refunded_fen, 0)")
GENUINE_SALES = Part("order", f"{VALID} and not {SUSPECT}", "paid_fen")
SUSPECT_SALES = Part("order", f"{VALID} and {SUSPECT}", "paid_fen")
ORDERS = Part("order", FIRST_LINE)
PACE = Part("order", FIRST_LINE, "1")
EVERY_ORDER = Part("order", "line_no = 1")
CLOSED_ORDERS = Part("order", "line_no = 1 and status = 'closed'")
HELD_TOLD = Part("order", "line_no = 1 and is_held_for_risk is not null")
HELD = Part("order", "line_no = 1 and is_held_for_risk")
BY_BUYER = Part("order", VALID, "paid_fen", "buyer_id")
ORDERS_BY_BUYER = Part("order", FIRST_LINE, "", "buyer_id")
BY_PROVINCE = Part("order", VALID, "paid_fen", "province")
BY_SKU = Part("order", VALID, "paid_fen", "sku")
BY_CATEGORY = Part("order", VALID, "paid_fen", "category")
BY_STREAMER = Part("order", VALID, "paid_fen", "streamer_id")
BY_PRICE = Part("order", FIRST_LINE, "", "paid_fen")
STREAMED = Part("order", f"{VALID} and streamer_id is not null", "paid_fen")
TRAFFIC_TOLD = Part("order", f"{VALID} and traffic is not null", "paid_fen")
LIVE = Part("order", f"{VALID} and traffic in ('live', 'video')", "paid_fen")
FROM_ADS = Part("order", f"{VALID} and traffic = 'ad'", "paid_fen")
REVIEWED = Part("order", f"{VALID} and buyer_review is not null")
BAD_REVIEWS = Part("order", f"{VALID} and buyer_review = 'bad'")
BUYER_TOLD = Part("order", f"{FIRST_LINE} and buyer_is_new is not null and buyer_level is not null")
NEW_LOW = Part("order", f"{FIRST_LINE} and buyer_is_new and buyer_level <= {LOWEST_LEVEL}")
WEIGHED = Part("order", f"{FIRST_LINE} and weight_grams is not null")
EMPTY = Part("order", f"{FIRST_LINE} and weight_grams <= {EMPTY_GRAMS}")
BY_WAYBILL = Part("order", FIRST_LINE, "", "waybill_id")
SENT = Part("order", "line_no = 1 and status in ('shipped', 'signed', 'completed')")
SENT_WITH_WAYBILL = Part("order", "line_no = 1 and status in ('shipped', 'signed', 'completed') and waybill_id is not null")
BY_REVIEW = Part("order", VALID, "", "review_hash")
LAG_TOLD = Part("order", f"{FIRST_LINE} and {PAID_LAG} >= 0")
SENT_SOON = Part("order", f"{FIRST_LINE} and {PAID_LAG} between 0 and {TWO_DAYS_SECONDS}")
LAG_HOURS = Part("order", f"{FIRST_LINE} and {PAID_LAG} >= 0", f"div({PAID_LAG}, 3600)")
BY_LAG_HOURS = Part("order", f"{FIRST_LINE} and {PAID_LAG} >= 0", by=f"div({PAID_LAG}, 3600)")
PROMISED = Part("order", f"{FIRST_LINE} and consign_at is not null and promised_at is not null")
ON_TIME = Part("order", f"{FIRST_LINE} and consign_at <= promised_at")
SETTLED_DAYS = Part("order", f"{FIRST_LINE} and {END_LAG} >= 0", f"div({END_LAG}, 86400)")
IN_TRANSIT = Part("order", "status in ('part_shipped', 'shipped', 'signed')", "paid_fen")
FEE_TOLD = Part("order", f"{VALID} and commission_fen is not null", "paid_fen")
FEES = Part("order", VALID, "commission_fen")
LIST_TOLD = Part("order", f"{VALID} and discount_fen is not null", "list_fen")
DISCOUNTS = Part("order", f"{VALID} and list_fen is not null", "discount_fen")

REFUNDS = Part("refund", "status = 'refunded'", "amount_fen")
RETURNS = Part("refund", RETURNED)
DISPUTES = Part("refund", "is_disputed")

POSITIVE = Part("shop_snapshot", "", "positive_rate_ppm", SNAPSHOT)
ITEM_GAP = Part("shop_snapshot", "", "dsr_item_gap_ppm", SNAPSHOT)
SERVICE_GAP = Part("shop_snapshot", "", "dsr_service_gap_ppm", SNAPSHOT)
DELIVERY_GAP = Part("shop_snapshot", "", "dsr_delivery_gap_ppm", SNAPSHOT)
DEPOSIT_PAID = Part("shop_snapshot", "", "deposit_paid_fen", SNAPSHOT)
DEPOSIT_PAID_OF_DUE = Part("shop_snapshot", "deposit_required_fen is not null", "deposit_paid_fen", SNAPSHOT)
DEPOSIT_DUE = Part("shop_snapshot", "deposit_paid_fen is not null", "deposit_required_fen", SNAPSHOT)
VIOLATIONS = Part("shop_snapshot", "", "violation_points", SNAPSHOT)
SEVERE_VIOLATIONS = Part("shop_snapshot", "", "severe_violation_points", SNAPSHOT)
PENDING = Part("shop_snapshot", "", "pending_settlement_fen", SNAPSHOT)
PLATFORM_CREDIT = Part("shop_snapshot", "", "platform_credit_fen", SNAPSHOT)
NOT_NORMAL = Part("shop_snapshot", "", "case when status = 'normal' then 0 else 1 end", SNAPSHOT)
AD_SPEND = Part("shop_snapshot", "", "ad_spend_30d_fen", SNAPSHOT)
SALES_BY_SHOP = Part("order", VALID, "paid_fen", SNAPSHOT)
OPENED = Part("shop_snapshot", "", "days_between(date '1970-01-01', opened_on)")

ONE = 1_000_000
MAX_SUM_FEN = 100 * MAX_FEN
MAX_COUNT = 100_000_000
MAX_AGE_DAYS = 36_525
# What a pull of one business's shops costs through an authorised platform interface, all kinds together (assumption: 0.50 yuan of
# service-market fees; orders, refunds and the snapshot come in one authorised pull).
SHOP_COST_FEN = 50
#: A shop whose orders are known and that has no refund has paid nothing back.
SOLD = ("order",)

# A table: one feature a line, as far as a line goes.
# fmt: off
LEVEL = (
    Feature(name="shop_sales_fen_12m", aggregate="sum", of=SALES, months=12, unit="fen", lo=0, hi=MAX_SUM_FEN, sign=1,
            cost_fen=SHOP_COST_FEN, why="what the shop turns over carries what it can repay",
            en="paid orders of the last twelve months came to {value}", zh="近12个月店铺成交额{value}"),
    Feature(name="shop_sales_fen_6m", aggregate="sum", of=SALES, months=6, unit="fen", lo=0, hi=MAX_SUM_FEN, sign=1,
            cost_fen=SHOP_COST_FEN, why="recent turnover counts more than old turnover",
            en="paid orders of the last six months came to {value}", zh="近6个月店铺成交额{value}"),
    Feature(name="shop_sales_fen_3m", aggregate="sum", of=SALES, months=3, unit="fen", lo=0, hi=MAX_SUM_FEN, sign=1,
            cost_fen=SHOP_COST_FEN, why="platforms hand over three months at once",
            en="paid orders of the last three months came to {value}", zh="近3个月店铺成交额{value}"),
    Feature(name="shop_sales_fen_30d", aggregate="sum", of=SALES, days=30, unit="fen", lo=0, hi=MAX_SUM_FEN, sign=1,
            cost_fen=SHOP_COST_FEN, why="a shop that stops selling stops paying",
            en="paid orders of the last 30 days came to {value}", zh="近30天店铺成交额{value}"),
    Feature(name="shop_net_sales_fen_12m", aggregate="sum", of=NET_SALES, months=12, unit="fen", lo=-MAX_SUM_FEN,
            hi=MAX_SUM_FEN, sign=1, cost_fen=SHOP_COST_FEN, why="only what is not paid back is earned",
            en="orders of the last twelve months less refunds came to {value}", zh="近12个月扣除退款的成交额{value}"),
    Feature(name="shop_net_sales_fen_6m", aggregate="sum", of=NET_SALES, months=6, unit="fen", lo=-MAX_SUM_FEN, hi=MAX_SUM_FEN,
            sign=1, cost_fen=SHOP_COST_FEN, why="limits are set on six months of net sales",
            en="orders of the last six months less refunds came to {value}", zh="近6个月扣除退款的成交额{value}"),
    Feature(name="shop_net_sales_fen_3m", aggregate="sum", of=NET_SALES, months=3, unit="fen", lo=-MAX_SUM_FEN, hi=MAX_SUM_FEN,
            sign=1, cost_fen=SHOP_COST_FEN, why="only what is not paid back is earned",
            en="orders of the last three months less refunds came to {value}", zh="近3个月扣除退款的成交额{value}"),
    Feature(name="shop_sales_less_refunds_fen_12m", aggregate="difference", of=PAID_SALES, against=REFUNDS, months=12,
            unit="fen", lo=-MAX_SUM_FEN, hi=MAX_SUM_FEN, sign=1, cost_fen=SHOP_COST_FEN, seen_in=SOLD,
            why="net sales by the refund book, closed orders on both sides",
            en="payments less refunds of the last twelve months were {value}", zh="近12个月付款减退款{value}"),
    Feature(name="shop_genuine_sales_fen_12m", aggregate="sum", of=GENUINE_SALES, months=12, unit="fen", lo=0, hi=MAX_SUM_FEN,
            sign=1, cost_fen=SHOP_COST_FEN, why="brushed orders bring no money",
            en="orders of the last twelve months without marks of brushing came to {value}",
            zh="近12个月剔除疑似刷单的成交额{value}"),
    Feature(name="shop_genuine_sales_fen_3m", aggregate="sum", of=GENUINE_SALES, months=3, unit="fen", lo=0, hi=MAX_SUM_FEN,
            sign=1, cost_fen=SHOP_COST_FEN, why="brushing comes before an application",
            en="orders of the last three months without marks of brushing came to {value}",
            zh="近3个月剔除疑似刷单的成交额{value}"),
    Feature(name="shop_order_count_12m", aggregate="count", of=ORDERS, months=12, unit="count", lo=0, hi=MAX_COUNT, sign=1,
            cost_fen=SHOP_COST_FEN, why="many orders are steadier than few", en="{value} paid orders in the last twelve months",
            zh="近12个月付款订单{value}笔"),
    Feature(name="shop_order_count_90d", aggregate="count", of=ORDERS, days=90, unit="count", lo=0, hi=MAX_COUNT, sign=1,
            cost_fen=SHOP_COST_FEN, why="says whether the shop still trades", en="{value} paid orders in the last 90 days",
            zh="近90天付款订单{value}笔"),
)

TREND = (
    Feature(name="shop_net_sales_slope_12m", aggregate="slope", of=NET_SALES, months=12, unit="ppm", lo=-10 * ONE, hi=10 * ONE,
            sign=1, history_months=12, cost_fen=SHOP_COST_FEN, why="falling sales precede default",
            en="monthly net sales of the shop moved by {value} of their mean a month over twelve months",
            zh="近12个月店铺净销售额趋势每月{value}"),
    Feature(name="shop_net_sales_slope_6m", aggregate="slope", of=NET_SALES, months=6, unit="ppm", lo=-10 * ONE, hi=10 * ONE,
            sign=1, history_months=6, cost_fen=SHOP_COST_FEN, why="a recent fall counts first",
            en="monthly net sales of the shop moved by {value} of their mean a month over six months",
            zh="近6个月店铺净销售额趋势每月{value}"),
    Feature(name="shop_net_sales_change_6m", aggregate="change", of=NET_SALES, months=6, unit="ppm", lo=-ONE, hi=ONE, sign=1,
            history_months=6, cost_fen=SHOP_COST_FEN, why="the last quarter against the one before",
            en="the shop's last three months less the three before, over both, are {value}",
            zh="近3个月较前3个月店铺净销售变动{value}"),
    Feature(name="shop_net_sales_change_24m", aggregate="change", of=NET_SALES, months=24, unit="ppm", lo=-ONE, hi=ONE, sign=1,
            history_months=24, cost_fen=SHOP_COST_FEN, why="a year against the year before is free of seasons",
            en="the shop's last year less the year before, over both, is {value}",
            zh="近12个月较前12个月店铺净销售变动{value}"),
    Feature(name="shop_net_sales_cv_12m", aggregate="cv", of=NET_SALES, months=12, unit="ppm", lo=0, hi=100 * ONE, sign=-1,
            history_months=12, cost_fen=SHOP_COST_FEN, why="unsteady income misses instalments",
            en="monthly net sales of the shop varied by {value} of their mean", zh="近12个月店铺月净销售额波动{value}"),
    Feature(name="shop_net_sales_worst_month_12m", aggregate="share_of_worst_month", of=NET_SALES, months=12, unit="ppm", lo=0,
            hi=ONE, sign=1, history_months=12, cost_fen=SHOP_COST_FEN, why="the worst month has to carry an instalment too",
            en="the worst month of twelve brought {value} of an average one", zh="近12个月最差月份为月均的{value}"),
    Feature(name="shop_net_sales_best_month_12m", aggregate="share_of_best_month", of=NET_SALES, months=12, unit="ppm", lo=0,
            hi=ONE, sign=-1, history_months=12, cost_fen=SHOP_COST_FEN, why="a year that lives of one month is fragile",
            en="the best month brought {value} of twelve months' net sales", zh="近12个月最好月份占净销售额的{value}"),
    Feature(name="shop_seasonality_24m", aggregate="seasonality", of=NET_SALES, months=24, unit="ppm", lo=-ONE, hi=ONE, sign=0,
            history_months=24, cost_fen=SHOP_COST_FEN, why="says whether a fall is a season",
            en="monthly sales followed the year before by {value}", zh="店铺月销售额与上年同月的相关度{value}"),
    Feature(name="shop_recent_pace_120d", aggregate="recent_share", of=PACE, days=120, unit="ppm", lo=0, hi=4 * ONE, sign=0,
            cost_fen=SHOP_COST_FEN, why="a surge just before an application is made, a fall is a warning",
            en="the last 30 days had orders at {value} of the pace of 120", zh="近30天订单节奏为近120天的{value}"),
    Feature(name="shop_sales_against_season_12m", aggregate="recent_against_season", of=BY_CATEGORY, months=12, unit="ppm", lo=0,
            hi=100 * ONE, sign=1, history_months=12, cost_fen=SHOP_COST_FEN,
            why="a weak quarter out of season is no weakness, and a festival is no growth",
            en="the last quarter's sales were {value} of what the nine months before it and the season let expect",
            zh="近3个月成交额为按前9个月及类目季节性预期的{value}"),
)

ACTIVITY = (
    Feature(name="shop_months_active_12m", aggregate="months_active", of=ORDERS, months=12, unit="months", lo=0, hi=12, sign=1,
            cost_fen=SHOP_COST_FEN, why="regular trade pays regular instalments",
            en="the shop sold in {value} of the last twelve", zh="近12个月店铺有成交的月份{value}"),
    Feature(name="shop_active_days_90d", aggregate="active_days", of=ORDERS, days=90, unit="days", lo=0, hi=91, sign=1,
            cost_fen=SHOP_COST_FEN, why="frequent sales are steadier than rare ones",
            en="the shop sold on {value} of the last 90", zh="近90天店铺有成交的天数{value}"),
    Feature(name="shop_longest_gap_days_12m", aggregate="longest_gap_days", of=ORDERS, months=12, unit="days", lo=0, hi=400,
            sign=-1, cost_fen=SHOP_COST_FEN, why="long silences are months without income",
            en="the longest time without an order in twelve months was {value}", zh="近12个月店铺最长无成交间隔{value}"),
    Feature(name="shop_days_since_last_order_365d", aggregate="days_since_last", of=ORDERS, days=365, unit="days", lo=0, hi=366,
            sign=-1, cost_fen=SHOP_COST_FEN, why="silence comes before default", en="the last paid order was {value} ago",
            zh="店铺最近一笔成交距今{value}"),
    Feature(name="shop_history_months_36m", aggregate="months_since_first", of=ORDERS, months=36, unit="months", lo=0, hi=36,
            sign=1, cost_fen=SHOP_COST_FEN, why="old shops have survived before", en="the first known order is {value} old",
            zh="店铺首笔已知成交距今{value}"),
    Feature(name="shop_age_days_365d", aggregate="days_since_named_day", of=OPENED, days=365, unit="days", lo=0,
            hi=MAX_AGE_DAYS, sign=1, cost_fen=SHOP_COST_FEN, why="young shops fail more often",
            en="the oldest shop opened {value} ago", zh="最早店铺开店距今{value}"),
)

QUALITY = (
    Feature(name="shop_refund_rate_12m", aggregate="ratio_of_sums", of=REFUNDS, against=PAID_SALES, months=12, unit="ppm", lo=0,
            hi=10 * ONE, sign=-1, cost_fen=SHOP_COST_FEN, seen_in=SOLD, why="buyers who want their money back do not come back",
            en="{value} of what buyers paid in twelve months was paid back", zh="近12个月退款金额占付款的{value}"),
    Feature(name="shop_refund_rate_90d", aggregate="ratio_of_sums", of=REFUNDS, against=PAID_SALES, days=90, unit="ppm", lo=0,
            hi=10 * ONE, sign=-1, cost_fen=SHOP_COST_FEN, seen_in=SOLD, why="refunds that rise eat the next quarter",
            en="{value} of what buyers paid in 90 days was paid back", zh="近90天退款金额占付款的{value}"),
    Feature(name="shop_return_rate_12m", aggregate="share_of_count", of=RETURNS, against=PAID_LINES, months=12, unit="ppm",
            lo=0, hi=10 * ONE, sign=-1, cost_fen=SHOP_COST_FEN, seen_in=SOLD, why="goods that come back cost twice",
            en="{value} of what was bought in twelve months was sent back", zh="近12个月退货件数占比{value}"),
    Feature(name="shop_dispute_rate_12m", aggregate="share_of_count", of=DISPUTES, against=PAID_LINES, months=12, unit="ppm",
            lo=0, hi=10 * ONE, sign=-1, cost_fen=SHOP_COST_FEN, seen_in=SOLD, why="disputes end in penalties",
            en="{value} of what was bought in twelve months was disputed", zh="近12个月纠纷占比{value}"),
    Feature(name="shop_bad_review_share_12m", aggregate="share_of_count", of=BAD_REVIEWS, against=REVIEWED, months=12,
            unit="ppm", lo=0, hi=ONE, sign=-1, cost_fen=SHOP_COST_FEN, why="bad reviews are lost sales",
            en="{value} of the reviews in twelve months were bad", zh="近12个月差评占比{value}"),
    Feature(name="shop_closed_share_12m", aggregate="share_of_count", of=CLOSED_ORDERS, against=EVERY_ORDER, months=12,
            unit="ppm", lo=0, hi=ONE, sign=-1, cost_fen=SHOP_COST_FEN, why="orders that close bring nothing",
            en="{value} of the orders in twelve months were closed", zh="近12个月关闭订单占比{value}"),
)

CONCENTRATION = (
    Feature(name="shop_buyers_12m", aggregate="distinct", of=BY_BUYER, months=12, unit="count", lo=0, hi=MAX_COUNT, sign=1,
            cost_fen=SHOP_COST_FEN, why="many buyers are hard to lose at once", en="{value} buyers in the last twelve months",
            zh="近12个月买家{value}位"),
    Feature(name="shop_top_five_buyer_share_12m", aggregate="share_of_top_five", of=BY_BUYER, months=12, unit="ppm", lo=0,
            hi=ONE, sign=-1, cost_fen=SHOP_COST_FEN, why="a retail shop with few large buyers is either wholesale or brushed",
            en="the five largest buyers paid {value} of sales", zh="前五大买家占成交额的{value}"),
    Feature(name="shop_buyer_hhi_12m", aggregate="hhi", of=BY_BUYER, months=12, unit="ppm", lo=0, hi=ONE, sign=-1,
            cost_fen=SHOP_COST_FEN, why="few buyers are easily lost", en="concentration of buyers was {value}",
            zh="买家集中度{value}"),
    Feature(name="shop_repeat_buyer_share_180d", aggregate="returning_share", of=ORDERS_BY_BUYER, days=180, unit="ppm", lo=0,
            hi=ONE, sign=1, cost_fen=SHOP_COST_FEN, why="buyers who come back are the shop's capital",
            en="{value} of the buyers of 180 days ordered again", zh="近180天复购买家占比{value}"),
    Feature(name="shop_buyer_overlap_12m", aggregate="overlap", of=BY_BUYER, months=12, unit="ppm", lo=0, hi=ONE, sign=1,
            history_months=12, cost_fen=SHOP_COST_FEN, why="buyers that stay carry sales into the next half-year",
            en="{value} of the year's buyers bought in both halves", zh="近12个月前后半年均购买的买家占{value}"),
    Feature(name="shop_province_top_share_12m", aggregate="share_of_top", of=BY_PROVINCE, months=12, unit="ppm", lo=0, hi=ONE,
            sign=0, cost_fen=SHOP_COST_FEN, why="one province may be home, or the brusher's address book",
            en="the largest province took {value} of sales", zh="第一大省份占成交额的{value}"),
    Feature(name="shop_province_hhi_12m", aggregate="hhi", of=BY_PROVINCE, months=12, unit="ppm", lo=0, hi=ONE, sign=0,
            cost_fen=SHOP_COST_FEN, why="real buyers live in many places", en="concentration of provinces was {value}",
            zh="收货省份集中度{value}"),
    Feature(name="shop_sku_active_90d", aggregate="distinct", of=BY_SKU, days=90, unit="count", lo=0, hi=MAX_COUNT, sign=1,
            cost_fen=SHOP_COST_FEN, why="a broad range outlasts a fashion", en="{value} items were sold in the last 90 days",
            zh="近90天动销商品{value}个"),
    Feature(name="shop_sku_hhi_12m", aggregate="hhi", of=BY_SKU, months=12, unit="ppm", lo=0, hi=ONE, sign=-1,
            cost_fen=SHOP_COST_FEN, why="one hit is not a business", en="concentration of items was {value}",
            zh="商品集中度{value}"),
    Feature(name="shop_category_overlap_180d", aggregate="overlap", of=BY_CATEGORY, days=180, unit="ppm", lo=0, hi=ONE, sign=1,
            history_months=6, cost_fen=SHOP_COST_FEN, why="a shop that changes its trade starts anew",
            en="{value} of the categories of 180 days were sold in both halves", zh="近180天前后90天均有成交的类目占{value}"),
    Feature(name="shop_streamer_hhi_12m", aggregate="hhi", of=BY_STREAMER, months=12, unit="ppm", lo=0, hi=ONE, sign=-1,
            cost_fen=SHOP_COST_FEN, why="one streamer can leave and take the sales along",
            en="concentration of streamers was {value}", zh="主播集中度{value}"),
    Feature(name="shop_streamed_share_12m", aggregate="ratio_of_sums", of=STREAMED, against=SALES, months=12, unit="ppm", lo=0,
            hi=ONE, sign=0, cost_fen=SHOP_COST_FEN, why="sales in streams rest on somebody else",
            en="{value} of sales came through streamers", zh="经主播成交占{value}"),
    Feature(name="shop_live_share_12m", aggregate="ratio_of_sums", of=LIVE, against=TRAFFIC_TOLD, months=12, unit="ppm", lo=0,
            hi=ONE, sign=0, cost_fen=SHOP_COST_FEN, why="live sales come and go with the show",
            en="{value} of sales came from live rooms and videos", zh="直播和短视频成交占{value}"),
    Feature(name="shop_ad_traffic_share_12m", aggregate="ratio_of_sums", of=FROM_ADS, against=TRAFFIC_TOLD, months=12,
            unit="ppm", lo=0, hi=ONE, sign=-1, cost_fen=SHOP_COST_FEN, why="bought traffic ends with the money",
            en="{value} of sales came from advertising", zh="广告成交占{value}"),
)

BRUSHING = (
    Feature(name="shop_suspect_sales_share_12m", aggregate="ratio_of_sums", of=SUSPECT_SALES, against=SALES, months=12,
            unit="ppm", lo=0, hi=ONE, sign=-1, cost_fen=SHOP_COST_FEN, why="brushed orders bring no money",
            en="{value} of sales bear marks of brushing", zh="疑似刷单成交占{value}"),
    Feature(name="shop_held_share_90d", aggregate="share_of_count", of=HELD, against=HELD_TOLD, days=90, unit="ppm", lo=0,
            hi=ONE, sign=-1, cost_fen=SHOP_COST_FEN, why="the platform sees brushing first",
            en="{value} of the orders in 90 days were held by the platform", zh="近90天被平台风控的订单占{value}"),
    Feature(name="shop_new_low_buyer_share_90d", aggregate="share_of_count", of=NEW_LOW, against=BUYER_TOLD, days=90,
            unit="ppm", lo=0, hi=ONE, sign=-1, cost_fen=SHOP_COST_FEN, why="hired accounts are new and of low level",
            en="{value} of the orders in 90 days came from new buyers of the lowest level",
            zh="近90天低等级新买家订单占{value}"),
    Feature(name="shop_empty_parcel_share_90d", aggregate="share_of_count", of=EMPTY, against=WEIGHED, days=90, unit="ppm",
            lo=0, hi=ONE, sign=-1, cost_fen=SHOP_COST_FEN, why="empty parcels are brushing",
            en="{value} of the parcels in 90 days weighed next to nothing", zh="近90天疑似空包裹占{value}"),
    Feature(name="shop_busiest_hour_share_90d", aggregate="busiest_hour_share", of=ORDERS, days=90, unit="ppm", lo=0, hi=ONE,
            sign=-1, cost_fen=SHOP_COST_FEN, why="orders that come in a burst were ordered",
            en="the busiest hour of 90 days had {value} of the orders", zh="近90天最集中1小时订单占{value}"),
    Feature(name="shop_hourly_burst_share_90d", aggregate="hourly_burst_share", of=ORDERS_BY_BUYER, days=90, unit="ppm", lo=0,
            hi=ONE, sign=-1, cost_fen=SHOP_COST_FEN,
            why="three orders of one buyer in an hour are a platform's mark of brushing",
            en="{value} of the orders in 90 days were of buyers with three or more in an hour",
            zh="近90天同一买家1小时内三单以上的订单占{value}"),
    Feature(name="shop_waybill_reused_share_90d", aggregate="repeated_share", of=BY_WAYBILL, days=90, unit="ppm", lo=0, hi=ONE,
            sign=-1, cost_fen=SHOP_COST_FEN, why="one waybill on many orders is brushing",
            en="{value} of the orders in 90 days share a waybill with another", zh="近90天重复使用运单的订单占{value}"),
    Feature(name="shop_waybill_coverage_90d", aggregate="share_of_count", of=SENT_WITH_WAYBILL, against=SENT, days=90,
            unit="ppm", lo=0, hi=ONE, sign=0, cost_fen=SHOP_COST_FEN,
            why="what was sent has a waybill, where the source tells it",
            en="{value} of the orders sent in 90 days have a waybill", zh="近90天已发货订单有运单的占{value}"),
    Feature(name="shop_review_copied_share_12m", aggregate="repeated_share", of=BY_REVIEW, months=12, unit="ppm", lo=0, hi=ONE,
            sign=-1, cost_fen=SHOP_COST_FEN, why="the same words under many orders were bought",
            en="{value} of the reviews in twelve months repeat another's words", zh="近12个月文字重复的评价占{value}"),
    Feature(name="shop_same_price_share_90d", aggregate="share_of_most_common", of=BY_PRICE, days=90, unit="ppm", lo=0, hi=ONE,
            sign=0, cost_fen=SHOP_COST_FEN, why="brushers pay one price",
            en="{value} of the orders in 90 days were of one amount", zh="近90天同一金额的订单占{value}"),
)

FULFILMENT = (
    Feature(name="shop_sent_in_two_days_share_90d", aggregate="share_of_count", of=SENT_SOON, against=LAG_TOLD, days=90,
            unit="ppm", lo=0, hi=ONE, sign=1, cost_fen=SHOP_COST_FEN, why="who ships late has no goods or no hands",
            en="{value} of the orders sent left within 48 hours", zh="近90天48小时内发货占{value}"),
    Feature(name="shop_on_time_share_90d", aggregate="share_of_count", of=ON_TIME, against=PROMISED, days=90, unit="ppm", lo=0,
            hi=ONE, sign=1, cost_fen=SHOP_COST_FEN, why="late parcels cost penalties",
            en="{value} of the orders sent left in time", zh="近90天按时发货占{value}"),
    Feature(name="shop_consign_lag_mean_hours_90d", aggregate="mean", of=LAG_HOURS, days=90, unit="count", lo=0, hi=100_000,
            sign=-1, cost_fen=SHOP_COST_FEN, why="who ships late has no goods or no hands",
            en="orders left {value} hours after payment on average", zh="近90天平均发货时长{value}小时"),
    Feature(name="shop_consign_lag_p90_hours_90d", aggregate="p90", of=BY_LAG_HOURS, days=90, unit="count", lo=0, hi=100_000,
            sign=-1, cost_fen=SHOP_COST_FEN, why="the slowest tenth shows a shop that runs out before its mean does",
            en="nine in ten orders left within {value} hours of payment", zh="近90天九成订单在付款后{value}小时内发货"),
    Feature(name="shop_settlement_lag_mean_days_180d", aggregate="mean", of=SETTLED_DAYS, days=180, unit="days", lo=0,
            hi=MAX_AGE_DAYS, sign=-1, cost_fen=SHOP_COST_FEN, why="slow money is money the shop must find elsewhere",
            en="orders were completed {value} after payment on average", zh="近180天付款至完成平均{value}"),
    Feature(name="shop_in_transit_fen_60d", aggregate="sum", of=IN_TRANSIT, days=60, unit="fen", lo=0, hi=MAX_SUM_FEN, sign=1,
            cost_fen=SHOP_COST_FEN, why="what is shipped and not yet settled is an asset",
            en="{value} of the last 60 days are shipped and not yet settled", zh="近60天在途货款{value}"),
)

COST = (
    Feature(name="shop_platform_fee_share_12m", aggregate="ratio_of_sums", of=FEES, against=FEE_TOLD, months=12, unit="ppm",
            lo=0, hi=ONE, sign=-1, cost_fen=SHOP_COST_FEN, why="what the platform keeps cannot repay",
            en="the platform kept {value} of sales", zh="平台扣费占成交额的{value}"),
    Feature(name="shop_discount_share_12m", aggregate="ratio_of_sums", of=DISCOUNTS, against=LIST_TOLD, months=12, unit="ppm",
            lo=0, hi=ONE, sign=0, cost_fen=SHOP_COST_FEN, why="says how hard the shop has to fight for sales",
            en="discounts took {value} of list prices", zh="店铺优惠占标价的{value}"),
    Feature(name="shop_ad_spend_share_30d", aggregate="standing_over_flow", of=AD_SPEND, against=SALES_BY_SHOP, days=30,
            unit="ppm", lo=0, hi=100 * ONE, sign=-1, cost_fen=SHOP_COST_FEN, why="bought sales leave no margin",
            en="advertising took {value} of 30 days' sales", zh="近30天广告费占成交额的{value}"),
)

STANDING = (
    Feature(name="shop_positive_rate_90d", aggregate="standing_least", of=POSITIVE, days=90, unit="ppm", lo=0, hi=ONE, sign=1,
            cost_fen=SHOP_COST_FEN, why="buyers know first",
            en="{value} of the reviews of the weakest shop were good when last seen", zh="最弱店铺最近好评率{value}"),
    Feature(name="shop_dsr_item_gap_90d", aggregate="standing_least", of=ITEM_GAP, days=90, unit="ppm", lo=-1000 * ONE,
            hi=1000 * ONE, sign=1, cost_fen=SHOP_COST_FEN, why="goods worse than the category's lose buyers",
            en="goods were rated {value} against the category", zh="描述相符较同行{value}"),
    Feature(name="shop_dsr_service_gap_90d", aggregate="standing_least", of=SERVICE_GAP, days=90, unit="ppm", lo=-1000 * ONE,
            hi=1000 * ONE, sign=1, cost_fen=SHOP_COST_FEN, why="service worse than the category's loses buyers",
            en="service was rated {value} against the category", zh="服务态度较同行{value}"),
    Feature(name="shop_dsr_delivery_gap_90d", aggregate="standing_least", of=DELIVERY_GAP, days=90, unit="ppm", lo=-1000 * ONE,
            hi=1000 * ONE, sign=1, cost_fen=SHOP_COST_FEN, why="delivery worse than the category's loses buyers",
            en="delivery was rated {value} against the category", zh="物流服务较同行{value}"),
    Feature(name="shop_deposit_ratio_90d", aggregate="standing_ratio", of=DEPOSIT_PAID_OF_DUE, against=DEPOSIT_DUE, days=90,
            unit="ppm", lo=0, hi=100 * ONE, sign=1, cost_fen=SHOP_COST_FEN, why="who cannot pay the deposit cannot pay us",
            en="{value} of the deposit that the platform asks is paid", zh="店铺保证金缴存比例{value}"),
    Feature(name="shop_deposit_to_sales_30d", aggregate="standing_over_flow", of=DEPOSIT_PAID, against=SALES_BY_SHOP, days=30,
            unit="ppm", lo=0, hi=1000 * ONE, sign=0, cost_fen=SHOP_COST_FEN, why="a deposit stands behind sales",
            en="the deposit is {value} of 30 days' sales", zh="保证金为近30天成交额的{value}"),
    Feature(name="shop_violation_points_90d", aggregate="standing_sum", of=VIOLATIONS, days=90, unit="count", lo=0, hi=100_000,
            sign=-1, cost_fen=SHOP_COST_FEN, why="penalties end in a closed shop", en="{value} penalty points this year",
            zh="本年违规扣{value}分"),
    Feature(name="shop_severe_violation_points_90d", aggregate="standing_sum", of=SEVERE_VIOLATIONS, days=90, unit="count",
            lo=0, hi=100_000, sign=-1, cost_fen=SHOP_COST_FEN, why="counterfeits end in a closed shop",
            en="{value} penalty points for severe violations this year", zh="本年严重违规扣{value}分"),
    Feature(name="shop_not_normal_count_90d", aggregate="standing_sum", of=NOT_NORMAL, days=90, unit="count", lo=0,
            hi=MAX_COUNT, sign=-1, cost_fen=SHOP_COST_FEN, why="a frozen shop earns nothing",
            en="{value} shops are supervised, frozen or closed", zh="{value}家店铺被监管、冻结或关闭"),
    Feature(name="shop_pending_settlement_fen_60d", aggregate="standing_sum", of=PENDING, days=60, unit="fen", lo=0,
            hi=MAX_SUM_FEN, sign=1, cost_fen=SHOP_COST_FEN, why="what the platform owes the shop is an asset",
            en="the platform has {value} to pay out", zh="平台待结算货款{value}"),
    Feature(name="shop_platform_credit_fen_90d", aggregate="standing_sum", of=PLATFORM_CREDIT, days=90, unit="fen", lo=0,
            hi=MAX_SUM_FEN, sign=-1, cost_fen=SHOP_COST_FEN, why="who lends on the platform is paid first",
            en="{value} is owed to lenders of the platform", zh="欠平台信贷{value}"),
)
# fmt: on

#: Declaration order.
SHOP_FEATURES = (*LEVEL, *TREND, *ACTIVITY, *QUALITY, *CONCENTRATION, *BRUSHING, *FULFILMENT, *COST, *STANDING)
