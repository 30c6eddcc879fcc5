"""In: nothing. Out: the features that read VAT invoices. Used: by feature set `invoice`.

Windows are complete calendar months. Sales are net of tax; net sales count red letters (negative amounts), gross activity does
not. `sign` was declared before any data was seen: +1 higher is safer, -1 higher is riskier, 0 for policies and reports only.
"""

from __future__ import annotations

from weilend.core.records import MAX_FEN
from weilend.features.spec import Feature, Part

VALID_SALES = "direction = 'sale' and status = 'valid'"
VALID_PURCHASES = "direction = 'purchase' and status = 'valid'"
PARTY = "counterparty_id"

NET_SALES = Part("invoice", VALID_SALES, "net_fen")
SALES = Part("invoice", f"{VALID_SALES} and net_fen > 0", "net_fen", PARTY)
SALES_TAX = Part("invoice", f"{VALID_SALES} and net_fen > 0", "tax_fen")
RED_SALES = Part("invoice", f"{VALID_SALES} and net_fen < 0", "net_fen")
VOID_SALES = Part("invoice", "direction = 'sale' and status = 'void'")
ALL_SALES = Part("invoice", "direction = 'sale'")
NET_PURCHASES = Part("invoice", VALID_PURCHASES, "net_fen")
PURCHASES = Part("invoice", f"{VALID_PURCHASES} and net_fen > 0", "net_fen", PARTY)
RED_PURCHASES = Part("invoice", f"{VALID_PURCHASES} and net_fen < 0", "net_fen")
VOID_PURCHASES = Part("invoice", "direction = 'purchase' and status = 'void'")
ALL_PURCHASES = Part("invoice", "direction = 'purchase'")

ONE = 1_000_000
MAX_SUM_FEN = 100 * MAX_FEN
MAX_COUNT = 100_000_000
LONG_MONTHS = 36  # the longest window: what the tax portal hands over

# A table: one feature a line, as far as a line goes.

# A table: one feature a line, as far as a line goes.

# A table: one feature a line, as far as a line goes.
# fmt: off
LEVEL = (
    Feature(name="sales_fen_12m", aggregate="sum", of=NET_SALES, months=12, unit="fen", lo=-MAX_SUM_FEN, hi=MAX_SUM_FEN,
            sign=1, why="what the firm turns over carries what it can repay",
            en="net sales of the last twelve months were {value}", zh="近12个月净销售额{value}"),
    Feature(name="sales_fen_6m", aggregate="sum", of=NET_SALES, months=6, unit="fen", lo=-MAX_SUM_FEN, hi=MAX_SUM_FEN,
            sign=1, why="recent turnover counts more than old turnover",
            en="net sales of the last six months were {value}", zh="近6个月净销售额{value}"),
    Feature(name="sales_fen_3m", aggregate="sum", of=NET_SALES, months=3, unit="fen", lo=-MAX_SUM_FEN, hi=MAX_SUM_FEN,
            sign=1, why="a firm that stops selling stops paying", en="net sales of the last three months were {value}",
            zh="近3个月净销售额{value}"),
    Feature(name="sales_fen_36m", aggregate="sum", of=NET_SALES, months=LONG_MONTHS, unit="fen", lo=-MAX_SUM_FEN,
            hi=MAX_SUM_FEN, sign=1, why="size over years, which one good season cannot make",
            en="net sales of the last three years were {value}", zh="近36个月净销售额{value}"),
    Feature(name="purchase_fen_12m", aggregate="sum", of=NET_PURCHASES, months=12, unit="fen", lo=-MAX_SUM_FEN,
            hi=MAX_SUM_FEN, sign=1, why="a firm that buys intends to sell",
            en="net purchases of the last twelve months were {value}", zh="近12个月净采购额{value}"),
    Feature(name="sales_count_12m", aggregate="count", of=SALES, months=12, unit="count", lo=0, hi=MAX_COUNT, sign=1,
            why="many sales are steadier than few", en="{value} sales invoices in the last twelve months",
            zh="近12个月销项发票{value}张"),
    Feature(name="sales_count_6m", aggregate="count", of=SALES, months=6, unit="count", lo=0, hi=MAX_COUNT, sign=0,
            why="says whether the firm still trades", en="{value} sales invoices in the last six months",
            zh="近6个月销项发票{value}张"),
    Feature(name="sales_count_3m", aggregate="count", of=SALES, months=3, unit="count", lo=0, hi=MAX_COUNT, sign=0,
            why="says whether the firm still trades", en="{value} sales invoices in the last three months",
            zh="近3个月销项发票{value}张"),
    Feature(name="purchase_count_12m", aggregate="count", of=PURCHASES, months=12, unit="count", lo=0, hi=MAX_COUNT,
            sign=1, why="many purchases are steadier than few",
            en="{value} purchase invoices in the last twelve months", zh="近12个月进项发票{value}张"),
    Feature(name="sales_mean_fen_12m", aggregate="mean", of=SALES, months=12, unit="fen", lo=0, hi=MAX_FEN, sign=0,
            why="size of a sale, for people who read the case",
            en="the average sales invoice of the last twelve months was {value}", zh="近12个月销项发票平均{value}"),
)

ACTIVITY = (
    Feature(name="sales_months_active_3m", aggregate="months_active", of=SALES, months=3, unit="months", lo=0, hi=3,
            sign=0, why="says whether the firm still trades", en="sales in {value} of the last three",
            zh="近3个月有销售的月份{value}"),
    Feature(name="sales_months_active_6m", aggregate="months_active", of=SALES, months=6, unit="months", lo=0, hi=6,
            sign=0, why="says whether the firm still trades", en="sales in {value} of the last six",
            zh="近6个月有销售的月份{value}"),
    Feature(name="sales_months_active_12m", aggregate="months_active", of=SALES, months=12, unit="months", lo=0, hi=12,
            sign=1, why="regular trade pays regular instalments", en="sales in {value} of the last twelve",
            zh="近12个月有销售的月份{value}"),
    Feature(name="sales_months_active_36m", aggregate="months_active", of=SALES, months=LONG_MONTHS, unit="months",
            lo=0, hi=LONG_MONTHS, sign=1, why="regular trade over years pays regular instalments",
            en="sales in {value} of the last thirty-six", zh="近36个月有销售的月份{value}"),
    Feature(name="purchase_months_active_12m", aggregate="months_active", of=PURCHASES, months=12, unit="months", lo=0,
            hi=12, sign=1, why="regular buying shows a business that runs",
            en="purchases in {value} of the last twelve", zh="近12个月有采购的月份{value}"),
    Feature(name="history_months", aggregate="months_since_first", of=SALES, months=LONG_MONTHS, unit="months", lo=0,
            hi=LONG_MONTHS, sign=1, why="old firms have survived before", en="the first known sale is {value} old",
            zh="首笔已知销售距今{value}"),
    Feature(name="sales_active_days_12m", aggregate="active_days", of=SALES, months=12, unit="days", lo=0, hi=366,
            sign=1, why="frequent sales are steadier than rare ones", en="sales on {value} of the last twelve months",
            zh="近12个月有销售的天数{value}"),
    Feature(name="purchase_active_days_12m", aggregate="active_days", of=PURCHASES, months=12, unit="days", lo=0,
            hi=366, sign=1, why="frequent buying shows a business that runs",
            en="purchases on {value} of the last twelve months", zh="近12个月有采购的天数{value}"),
    Feature(name="days_since_last_sale", aggregate="days_since_last", of=SALES, months=LONG_MONTHS, unit="days", lo=0,
            hi=2_000, sign=-1, why="silence comes before default", en="the last sale was {value} ago",
            zh="最近一笔销售距今{value}"),
    Feature(name="days_since_last_purchase", aggregate="days_since_last", of=PURCHASES, months=LONG_MONTHS, unit="days",
            lo=0, hi=2_000, sign=-1, why="a firm that stops buying will stop selling",
            en="the last purchase was {value} ago", zh="最近一笔采购距今{value}"),
    Feature(name="sales_longest_gap_days_12m", aggregate="longest_gap_days", of=SALES, months=12, unit="days", lo=0,
            hi=400, sign=-1, why="long silences are months without income",
            en="the longest time without a sale in twelve months was {value}", zh="近12个月最长无销售间隔{value}"),
    Feature(name="purchase_longest_gap_days_12m", aggregate="longest_gap_days", of=PURCHASES, months=12, unit="days",
            lo=0, hi=400, sign=-1, why="long silences show a business that stands still",
            en="the longest time without a purchase in twelve months was {value}", zh="近12个月最长无采购间隔{value}"),
    Feature(name="sales_longest_gap_months_36m", aggregate="longest_gap_months", of=SALES, months=LONG_MONTHS,
            unit="months", lo=0, hi=LONG_MONTHS, sign=-1, why="a shell sleeps for months",
            en="the longest run of months without sales in three years was {value}", zh="近36个月最长连续无销售月数{value}"),
)

TREND = (
    Feature(name="sales_change_12m", aggregate="change", of=NET_SALES, months=12, unit="ppm", lo=-ONE, hi=ONE, sign=1,
            why="falling sales precede default",
            en="the last six months' sales less the six before, over both, are {value}", zh="近6个月较前6个月销售变动{value}"),
    Feature(name="sales_change_24m", aggregate="change", of=NET_SALES, months=24, unit="ppm", lo=-ONE, hi=ONE, sign=1,
            history_months=24, why="a year against the year before is free of seasons",
            en="the last year's sales less the year before, over both, are {value}", zh="近12个月较前12个月销售变动{value}"),
    Feature(name="purchase_change_12m", aggregate="change", of=NET_PURCHASES, months=12, unit="ppm", lo=-ONE, hi=ONE,
            sign=1, why="who expects to sell buys",
            en="the last six months' purchases less the six before, over both, are {value}", zh="近6个月较前6个月采购变动{value}"),
    Feature(name="sales_slope_12m", aggregate="slope", of=NET_SALES, months=12, unit="ppm", lo=-10 * ONE, hi=10 * ONE,
            sign=1, why="falling sales precede default",
            en="monthly sales moved by {value} of their mean a month over twelve months", zh="近12个月月销售额趋势每月{value}"),
    Feature(name="sales_slope_24m", aggregate="slope", of=NET_SALES, months=24, unit="ppm", lo=-10 * ONE, hi=10 * ONE,
            sign=1, history_months=24, why="a trend over two years outlasts a season",
            en="monthly sales moved by {value} of their mean a month over two years", zh="近24个月月销售额趋势每月{value}"),
    Feature(name="sales_recent_pace_12m", aggregate="recent_share", of=NET_SALES, months=12, unit="ppm", lo=0,
            hi=4 * ONE, sign=1, why="a slow last quarter is an early warning",
            en="the last quarter sold at {value} of the year's pace", zh="近3个月销售节奏为全年的{value}"),
)

VOLATILITY = (
    Feature(name="sales_cv_12m", aggregate="cv", of=NET_SALES, months=12, unit="ppm", lo=0, hi=100 * ONE, sign=-1,
            why="unsteady income misses instalments",
            en="monthly sales varied by {value} of their mean over twelve months", zh="近12个月月销售额波动{value}"),
    Feature(name="sales_cv_24m", aggregate="cv", of=NET_SALES, months=24, unit="ppm", lo=0, hi=100 * ONE, sign=-1,
            history_months=24, why="unsteady income misses instalments",
            en="monthly sales varied by {value} of their mean over two years", zh="近24个月月销售额波动{value}"),
    Feature(name="purchase_cv_12m", aggregate="cv", of=NET_PURCHASES, months=12, unit="ppm", lo=0, hi=100 * ONE,
            sign=-1, why="unsteady buying shows unsteady trade",
            en="monthly purchases varied by {value} of their mean over twelve months", zh="近12个月月采购额波动{value}"),
    Feature(name="sales_best_month_share_12m", aggregate="share_of_best_month", of=NET_SALES, months=12, unit="ppm",
            lo=0, hi=ONE, sign=-1, why="a year in one month is a deal, not a trade",
            en="the best month brought {value} of a year's sales", zh="最高月占近12个月销售额的{value}"),
    Feature(name="sales_worst_month_12m", aggregate="share_of_worst_month", of=NET_SALES, months=12, unit="ppm", lo=0,
            hi=ONE, sign=1, why="the worst month must still pay the instalment",
            en="the weakest month sold {value} of the average month", zh="最低月为近12个月月均销售额的{value}"),
    Feature(name="sales_seasonality_24m", aggregate="seasonality", of=NET_SALES, months=24, unit="ppm", lo=-ONE, hi=ONE,
            sign=1, history_months=24, why="a season that comes back can be planned for",
            en="sales follow the same months of the year before with correlation {value}", zh="月销售额与上年同期相关系数{value}"),
)

QUALITY = (
    Feature(name="sales_void_rate_12m", aggregate="share_of_count", of=VOID_SALES, against=ALL_SALES, months=12,
            unit="ppm", lo=0, hi=ONE, sign=-1, why="many voids show sloppy or invented invoicing",
            en="{value} of sales invoices in twelve months were voided", zh="近12个月销项作废率{value}"),
    Feature(name="sales_void_rate_36m", aggregate="share_of_count", of=VOID_SALES, against=ALL_SALES,
            months=LONG_MONTHS, unit="ppm", lo=0, hi=ONE, sign=-1, why="many voids show sloppy or invented invoicing",
            en="{value} of sales invoices in three years were voided", zh="近36个月销项作废率{value}"),
    Feature(name="purchase_void_rate_12m", aggregate="share_of_count", of=VOID_PURCHASES, against=ALL_PURCHASES,
            months=12, unit="ppm", lo=0, hi=ONE, sign=-1, why="suppliers who void do not trust the buyer",
            en="{value} of purchase invoices in twelve months were voided", zh="近12个月进项作废率{value}"),
    Feature(name="sales_red_rate_12m", aggregate="ratio_of_sums", of=RED_SALES, against=SALES, months=12, unit="ppm",
            lo=0, hi=100 * ONE, sign=-1, why="returns eat sales",
            en="red-letter invoices took back {value} of sales in twelve months", zh="近12个月销项红冲率{value}"),
    Feature(name="purchase_red_rate_12m", aggregate="ratio_of_sums", of=RED_PURCHASES, against=PURCHASES, months=12,
            unit="ppm", lo=0, hi=100 * ONE, sign=-1, why="goods sent back show plans that failed",
            en="red-letter invoices took back {value} of purchases in twelve months", zh="近12个月进项红冲率{value}"),
    Feature(name="purchase_to_sales_12m", aggregate="ratio_of_sums", of=NET_PURCHASES, against=NET_SALES, months=12,
            unit="ppm", lo=0, hi=1_000 * ONE, sign=0,
            why="too little and too much are both warnings, so no sign fits; rules draw the lines",
            en="purchases were {value} of sales in twelve months", zh="近12个月采购销售比{value}"),
    Feature(name="sales_tax_burden_12m", aggregate="ratio_of_sums", of=SALES_TAX, against=SALES, months=12, unit="ppm",
            lo=0, hi=ONE, sign=0, why="tells trades by their tax rate, for people who read the case",
            en="tax was {value} of sales in twelve months", zh="近12个月销项税率{value}"),
)

PARTIES = (
    Feature(name="customers_12m", aggregate="distinct", of=SALES, months=12, unit="count", lo=0, hi=MAX_COUNT, sign=1,
            why="many customers outlive the loss of one", en="{value} customers in the last twelve months",
            zh="近12个月客户{value}家"),
    Feature(name="suppliers_12m", aggregate="distinct", of=PURCHASES, months=12, unit="count", lo=0, hi=MAX_COUNT,
            sign=1, why="many suppliers show a business that runs", en="{value} suppliers in the last twelve months",
            zh="近12个月供应商{value}家"),
    Feature(name="top_customer_share_12m", aggregate="share_of_top", of=SALES, months=12, unit="ppm", lo=0, hi=ONE,
            sign=-1, why="one customer's trouble becomes the firm's",
            en="the largest customer bought {value} of a year's sales", zh="最大客户占近12个月销售额的{value}"),
    Feature(name="top_five_customers_share_12m", aggregate="share_of_top_five", of=SALES, months=12, unit="ppm", lo=0,
            hi=ONE, sign=-1, why="few customers make a fragile firm",
            en="the five largest customers bought {value} of a year's sales", zh="前五大客户占近12个月销售额的{value}"),
    Feature(name="top_supplier_share_12m", aggregate="share_of_top", of=PURCHASES, months=12, unit="ppm", lo=0, hi=ONE,
            sign=-1, why="one supplier's trouble becomes the firm's",
            en="the largest supplier sold {value} of a year's purchases", zh="最大供应商占近12个月采购额的{value}"),
    Feature(name="customer_hhi_12m", aggregate="hhi", of=SALES, months=12, unit="ppm", lo=0, hi=ONE, sign=-1,
            why="few customers make a fragile firm", en="customer concentration (HHI) over twelve months is {value}",
            zh="近12个月客户集中度（HHI）{value}"),
    Feature(name="supplier_hhi_12m", aggregate="hhi", of=PURCHASES, months=12, unit="ppm", lo=0, hi=ONE, sign=-1,
            why="few suppliers make a fragile firm", en="supplier concentration (HHI) over twelve months is {value}",
            zh="近12个月供应商集中度（HHI）{value}"),
    Feature(name="customer_entropy_12m", aggregate="entropy", of=SALES, months=12, unit="ppm", lo=0, hi=20 * ONE,
            sign=1, why="sales spread over many customers are steadier",
            en="the spread of sales over customers (entropy) is {value}", zh="近12个月客户分散度（熵）{value}"),
    Feature(name="customer_overlap_12m", aggregate="overlap", of=SALES, months=12, unit="ppm", lo=0, hi=ONE, sign=1,
            why="customers who come back will come again",
            en="{value} of a year's customers bought in both of its halves", zh="近12个月前后半年均交易的客户占{value}"),
    Feature(name="supplier_overlap_12m", aggregate="overlap", of=PURCHASES, months=12, unit="ppm", lo=0, hi=ONE, sign=1,
            why="suppliers who stay trust the firm", en="{value} of a year's suppliers sold in both of its halves",
            zh="近12个月前后半年均交易的供应商占{value}"),
    Feature(name="customer_repeat_rate_12m", aggregate="repeat_rate", of=SALES, months=12, unit="ppm", lo=0, hi=ONE,
            sign=1, why="customers who come back will come again",
            en="{value} of a year's customers bought in two months or more", zh="近12个月复购客户占{value}"),
    Feature(name="customer_tenure_36m", aggregate="tenure", of=SALES, months=LONG_MONTHS, unit="months", lo=0,
            hi=LONG_MONTHS, sign=1, why="old customers stay",
            en="a customer of the last year has been one for {value} on average", zh="近一年客户平均合作{value}"),
    Feature(name="supplier_tenure_36m", aggregate="tenure", of=PURCHASES, months=LONG_MONTHS, unit="months", lo=0,
            hi=LONG_MONTHS, sign=1, why="old suppliers trust the firm",
            en="a supplier of the last year has been one for {value} on average", zh="近一年供应商平均合作{value}"),
    Feature(name="new_customer_share_36m", aggregate="new_share", of=SALES, months=LONG_MONTHS, unit="ppm", lo=0,
            hi=ONE, sign=-1, history_months=24, why="sales to strangers are the easiest to invent",
            en="{value} of the last year's sales went to customers not seen before", zh="近12个月新客户销售占{value}"),
)
# fmt: on

#: Every invoice feature, in the order of the data dictionary.
INVOICE_FEATURES = (*LEVEL, *ACTIVITY, *TREND, *VOLATILITY, *QUALITY, *PARTIES)
