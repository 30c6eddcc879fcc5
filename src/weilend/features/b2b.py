"""In: nothing. Out: the features that read orders between firms. Used: by feature sets of firms that trade with firms.

Orders count from paid to completed; shipped goods on account count though nothing is paid yet. What is still to be paid comes from
the order's version in force. `sign` was declared before any data was seen.
"""

from __future__ import annotations

from weilend.core.records import MAX_FEN
from weilend.features.spec import Feature, Part

VALID = "status in ('paid', 'shipped', 'received', 'completed')"
SOLD, BOUGHT = f"side = 'sale' and {VALID}", f"side = 'purchase' and {VALID}"
PARTY = "counterparty_id"

SALES = Part("b2b_order", SOLD, "total_fen", PARTY)
PURCHASES = Part("b2b_order", BOUGHT, "total_fen", PARTY)
ON_ACCOUNT = Part("b2b_order", f"{SOLD} and terms in ('account_period', 'credit')", "total_fen")
TERMS_TOLD = Part("b2b_order", f"{SOLD} and terms is not null", "total_fen")
TERM_DAYS = Part("b2b_order", f"{SOLD} and terms = 'account_period'", "account_period_days")
#: Days from shipping to payment of what was sold on account: how long the firm's own money is out.
PAID_AFTER_DAYS = Part("b2b_order", f"{SOLD} and terms in ('account_period', 'credit') and pay_at >= consign_at",
                       by="div(pay_at - consign_at, 86400)")  # fmt: skip
RECEIVABLE = Part("b2b_order", SOLD, "unpaid_fen")
RECEIVABLE_TOLD = Part("b2b_order", f"{SOLD} and unpaid_fen is not null", "total_fen")
RECEIVABLE_BY_PARTY = Part("b2b_order", SOLD, "unpaid_fen", PARTY)
PAYABLE = Part("b2b_order", BOUGHT, "unpaid_fen")
PAYABLE_TOLD = Part("b2b_order", f"{BOUGHT} and unpaid_fen is not null", "total_fen")
REFUNDED = Part("b2b_order", SOLD, "refunded_fen")
REFUND_TOLD = Part("b2b_order", f"{SOLD} and refunded_fen is not null", "total_fen")
EVERY_SALE = Part("b2b_order", "side = 'sale'")
CLOSED_SALES = Part("b2b_order", "side = 'sale' and status = 'closed'")
CLOSED_BY_FIRM = Part("b2b_order", "side = 'sale' and status = 'closed' and closed_by = 'seller'")
OVERSEAS = Part("b2b_order", f"{SOLD} and is_overseas", "total_fen")
OVERSEAS_TOLD = Part("b2b_order", f"{SOLD} and is_overseas is not null", "total_fen")

ONE = 1_000_000
MAX_SUM_FEN = 100 * MAX_FEN
MAX_COUNT = 100_000_000
B2B_COST_FEN = 20  # one authorised pull of a wholesale platform's orders (assumption: 0.20 yuan of interface fees a business)

# A table: one feature a line, as far as a line goes.
# fmt: off
B2B_FEATURES = (
    Feature(name="b2b_paid_after_median_days_365d", aggregate="median", of=PAID_AFTER_DAYS, days=365, unit="days", lo=0,
            hi=36_525, sign=-1, cost_fen=B2B_COST_FEN, why="customers who pay late are financed by the firm",
            en="half of the sales on account were paid within {value} of shipping", zh="近一年赊销订单中位回款时长{value}"),
    Feature(name="b2b_sales_fen_12m", aggregate="sum", of=SALES, months=12, unit="fen", lo=0, hi=MAX_SUM_FEN, sign=1,
            cost_fen=B2B_COST_FEN, why="what the firm sells to firms carries what it can repay",
            en="sales to firms in twelve months came to {value}", zh="近12个月批发销售额{value}"),
    Feature(name="b2b_sales_fen_3m", aggregate="sum", of=SALES, months=3, unit="fen", lo=0, hi=MAX_SUM_FEN, sign=1,
            cost_fen=B2B_COST_FEN, why="recent turnover counts more than old turnover",
            en="sales to firms in three months came to {value}", zh="近3个月批发销售额{value}"),
    Feature(name="b2b_purchase_fen_12m", aggregate="sum", of=PURCHASES, months=12, unit="fen", lo=0, hi=MAX_SUM_FEN, sign=1,
            cost_fen=B2B_COST_FEN, why="a firm that buys intends to sell",
            en="purchases from firms in twelve months came to {value}", zh="近12个月批发采购额{value}"),
    Feature(name="b2b_sales_count_12m", aggregate="count", of=SALES, months=12, unit="count", lo=0, hi=MAX_COUNT, sign=1,
            cost_fen=B2B_COST_FEN, why="many sales are steadier than few", en="{value} orders of firms in twelve months",
            zh="近12个月批发销售订单{value}笔"),
    Feature(name="b2b_sales_change_12m", aggregate="change", of=SALES, months=12, unit="ppm", lo=-ONE, hi=ONE, sign=1,
            history_months=12, cost_fen=B2B_COST_FEN, why="falling sales precede default",
            en="the last six months' sales to firms less the six before, over both, are {value}",
            zh="近6个月较前6个月批发销售变动{value}"),
    Feature(name="b2b_sales_slope_12m", aggregate="slope", of=SALES, months=12, unit="ppm", lo=-10 * ONE, hi=10 * ONE, sign=1,
            history_months=12, cost_fen=B2B_COST_FEN, why="falling sales precede default",
            en="monthly sales to firms moved by {value} of their mean a month", zh="近12个月批发月销售额趋势每月{value}"),
    Feature(name="b2b_sales_cv_12m", aggregate="cv", of=SALES, months=12, unit="ppm", lo=0, hi=100 * ONE, sign=-1,
            history_months=12, cost_fen=B2B_COST_FEN, why="unsteady income misses instalments",
            en="monthly sales to firms varied by {value} of their mean", zh="近12个月批发月销售额波动{value}"),
    Feature(name="b2b_sales_months_active_12m", aggregate="months_active", of=SALES, months=12, unit="months", lo=0, hi=12,
            sign=1, cost_fen=B2B_COST_FEN, why="regular trade pays regular instalments",
            en="sales to firms in {value} of the last twelve", zh="近12个月有批发销售的月份{value}"),
    Feature(name="b2b_customers_12m", aggregate="distinct", of=SALES, months=12, unit="count", lo=0, hi=MAX_COUNT, sign=1,
            cost_fen=B2B_COST_FEN, why="many customers are hard to lose at once", en="{value} firms bought in twelve months",
            zh="近12个月批发客户{value}家"),
    Feature(name="b2b_top_customer_share_12m", aggregate="share_of_top", of=SALES, months=12, unit="ppm", lo=0, hi=ONE, sign=-1,
            cost_fen=B2B_COST_FEN, why="one customer's trouble becomes the firm's",
            en="the largest customer bought {value} of sales to firms", zh="第一大批发客户占{value}"),
    Feature(name="b2b_customer_hhi_12m", aggregate="hhi", of=SALES, months=12, unit="ppm", lo=0, hi=ONE, sign=-1,
            cost_fen=B2B_COST_FEN, why="few customers are easily lost", en="concentration of customers was {value}",
            zh="批发客户集中度{value}"),
    Feature(name="b2b_customer_repeat_rate_12m", aggregate="repeat_rate", of=SALES, months=12, unit="ppm", lo=0, hi=ONE, sign=1,
            cost_fen=B2B_COST_FEN, why="customers who come back are worth lending on",
            en="{value} of the customers bought in more than one month", zh="多月采购的批发客户占{value}"),
    Feature(name="b2b_customer_overlap_12m", aggregate="overlap", of=SALES, months=12, unit="ppm", lo=0, hi=ONE, sign=1,
            history_months=12, cost_fen=B2B_COST_FEN, why="customers that stay carry sales into the next half-year",
            en="{value} of the customers bought in both halves of the year", zh="前后半年均采购的批发客户占{value}"),
    Feature(name="b2b_suppliers_12m", aggregate="distinct", of=PURCHASES, months=12, unit="count", lo=0, hi=MAX_COUNT, sign=0,
            cost_fen=B2B_COST_FEN, why="says what the supply rests on", en="{value} firms supplied in twelve months",
            zh="近12个月供应商{value}家"),
    Feature(name="b2b_top_supplier_share_12m", aggregate="share_of_top", of=PURCHASES, months=12, unit="ppm", lo=0, hi=ONE,
            sign=-1, cost_fen=B2B_COST_FEN, why="one supplier's trouble becomes the firm's",
            en="the largest supplier sold {value} of purchases", zh="第一大供应商占{value}"),
    Feature(name="b2b_supplier_repeat_rate_12m", aggregate="repeat_rate", of=PURCHASES, months=12, unit="ppm", lo=0, hi=ONE,
            sign=1, cost_fen=B2B_COST_FEN, why="suppliers that stay trust the firm",
            en="{value} of the suppliers sold in more than one month", zh="多月供货的供应商占{value}"),
    Feature(name="b2b_reciprocal_share_12m", aggregate="shared_share", of=SALES, against=PURCHASES, months=12, unit="ppm", lo=0,
            hi=ONE, sign=-1, cost_fen=B2B_COST_FEN, why="who buys and sells to the same firm may trade in circles",
            en="{value} of sales went to firms that also supply", zh="向同时是供应商的客户销售占{value}"),
    Feature(name="b2b_purchase_to_sales_12m", aggregate="ratio_of_sums", of=PURCHASES, against=SALES, months=12, unit="ppm",
            lo=0, hi=100 * ONE, sign=0, cost_fen=B2B_COST_FEN, why="buying far above or below sales asks for a word",
            en="purchases were {value} of sales", zh="采购为销售的{value}"),
    Feature(name="b2b_on_account_share_12m", aggregate="ratio_of_sums", of=ON_ACCOUNT, against=TERMS_TOLD, months=12,
            unit="ppm", lo=0, hi=ONE, sign=-1, cost_fen=B2B_COST_FEN, why="sales on account are paid late or never",
            en="{value} of sales were on account", zh="赊销占{value}"),
    Feature(name="b2b_account_days_mean_12m", aggregate="mean", of=TERM_DAYS, months=12, unit="days", lo=0, hi=3_650, sign=-1,
            cost_fen=B2B_COST_FEN, why="the longer the terms, the longer the money is gone",
            en="sales on account are due after {value} on average", zh="赊销平均账期{value}"),
    Feature(name="b2b_receivable_fen_365d", aggregate="sum", of=RECEIVABLE, days=365, unit="fen", lo=0, hi=MAX_SUM_FEN, sign=0,
            cost_fen=B2B_COST_FEN, why="an asset if it is paid, a loss if not",
            en="{value} of a year's sales is still to be paid to the firm", zh="近365天应收未收{value}"),
    Feature(name="b2b_receivable_share_365d", aggregate="ratio_of_sums", of=RECEIVABLE, against=RECEIVABLE_TOLD, days=365,
            unit="ppm", lo=0, hi=10 * ONE, sign=-1, cost_fen=B2B_COST_FEN, why="sales that are not paid are not income",
            en="{value} of a year's sales is still to be paid to the firm", zh="近365天应收未收占销售的{value}"),
    Feature(name="b2b_top_debtor_share_365d", aggregate="share_of_top", of=RECEIVABLE_BY_PARTY, days=365, unit="ppm", lo=0,
            hi=ONE, sign=-1, cost_fen=B2B_COST_FEN, why="one debtor's default becomes the firm's",
            en="the largest debtor owes {value} of what is to be paid to the firm", zh="第一大欠款客户占应收的{value}"),
    Feature(name="b2b_payable_fen_365d", aggregate="sum", of=PAYABLE, days=365, unit="fen", lo=0, hi=MAX_SUM_FEN, sign=-1,
            cost_fen=B2B_COST_FEN, why="suppliers are paid before lenders",
            en="{value} of a year's purchases is still to be paid", zh="近365天应付未付{value}"),
    Feature(name="b2b_payable_share_365d", aggregate="ratio_of_sums", of=PAYABLE, against=PAYABLE_TOLD, days=365, unit="ppm",
            lo=0, hi=10 * ONE, sign=-1, cost_fen=B2B_COST_FEN, why="who does not pay suppliers will not pay lenders",
            en="{value} of a year's purchases is still to be paid", zh="近365天应付未付占采购的{value}"),
    Feature(name="b2b_refund_rate_12m", aggregate="ratio_of_sums", of=REFUNDED, against=REFUND_TOLD, months=12, unit="ppm",
            lo=0, hi=10 * ONE, sign=-1, cost_fen=B2B_COST_FEN, why="goods that come back cost twice",
            en="{value} of sales to firms was paid back", zh="批发退款占销售的{value}"),
    Feature(name="b2b_closed_share_12m", aggregate="share_of_count", of=CLOSED_SALES, against=EVERY_SALE, months=12, unit="ppm",
            lo=0, hi=ONE, sign=-1, cost_fen=B2B_COST_FEN, why="orders that close bring nothing",
            en="{value} of the firms' orders were closed", zh="批发订单关闭占{value}"),
    Feature(name="b2b_closed_by_firm_share_12m", aggregate="share_of_count", of=CLOSED_BY_FIRM, against=EVERY_SALE, months=12,
            unit="ppm", lo=0, hi=ONE, sign=-1, cost_fen=B2B_COST_FEN, why="a firm that cannot deliver closes orders itself",
            en="{value} of the firms' orders were closed by the seller", zh="卖家关闭的批发订单占{value}"),
    Feature(name="b2b_overseas_share_12m", aggregate="ratio_of_sums", of=OVERSEAS, against=OVERSEAS_TOLD, months=12, unit="ppm",
            lo=0, hi=ONE, sign=0, cost_fen=B2B_COST_FEN, why="says which rules and currencies the firm depends on",
            en="{value} of sales crossed a border", zh="跨境销售占{value}"),
    Feature(name="b2b_days_since_last_sale_365d", aggregate="days_since_last", of=SALES, days=365, unit="days", lo=0, hi=366,
            sign=-1, cost_fen=B2B_COST_FEN, why="silence comes before default", en="the last sale to a firm was {value} ago",
            zh="最近一笔批发销售距今{value}"),
    Feature(name="b2b_days_since_last_purchase_365d", aggregate="days_since_last", of=PURCHASES, days=365, unit="days", lo=0,
            hi=366, sign=-1, cost_fen=B2B_COST_FEN, why="a firm that stops buying will stop selling",
            en="the last purchase was {value} ago", zh="最近一笔批发采购距今{value}"),
)
# fmt: on
