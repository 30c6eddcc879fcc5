"""In: nothing. Out: the features that read the bills of wallets and platform accounts. Used: by feature sets that judge shops.

Receipts are sales less refunds, fees and reversals, of lines that went through. A line that is neither in nor out (不计收支) only
matches bank and wallet: top-ups, withdrawals and loans are told by their nature, whichever way the wallet writes them. What a line
says was refunded of it or taken as fee is not subtracted again: refunds and fees have lines of their own.
"""

from __future__ import annotations

from weilend.core.records import MAX_FEN
from weilend.features.spec import Feature, Part

SIGNED = "case when direction = 'in' then amount_fen else -amount_fen end"
PARTY = "counterparty_id"
SOLD = "status = 'done' and direction = 'in' and nature = 'sale'"
SOLD_BACK = "status = 'done' and direction = 'out' and nature in ('refund', 'fee', 'reversal')"
BOUGHT = "status = 'done' and direction = 'out' and nature = 'purchase'"
TO_PERSON = "coalesce(counterparty_kind, 'unknown') = 'person' and nature in ('payout', 'transfer_out', 'red_packet_out')"
#: Lent by wallet or by a lender; wallets write such lines as neutral.
LENT = "status = 'done' and nature = 'loan_in' and direction <> 'out'"
REPAID = "status = 'done' and nature = 'loan_out' and direction <> 'in'"

RECEIPTS = Part("wallet_entry", f"({SOLD}) or ({SOLD_BACK})", SIGNED)
SALES = Part("wallet_entry", f"{SOLD} and amount_fen > 0", "amount_fen", PARTY)
REFUNDS = Part("wallet_entry", "status = 'done' and direction = 'out' and nature = 'refund'", "amount_fen")
FEES = Part("wallet_entry", "status = 'done' and direction = 'out' and nature = 'fee'", "amount_fen")
AD_SPEND = Part("wallet_entry", "status = 'done' and direction = 'out' and nature = 'ad_spend'", "amount_fen")
PURCHASES = Part("wallet_entry", BOUGHT, "amount_fen", PARTY)
PURCHASES_ON_CREDIT = Part("wallet_entry", f"{BOUGHT} and pay_method in ('credit', 'credit_card')", "amount_fen")
PURCHASES_KNOWN = Part("wallet_entry", f"{BOUGHT} and pay_method is not null", "amount_fen")
PAYOUTS = Part("wallet_entry", f"status = 'done' and direction = 'out' and {TO_PERSON}", "amount_fen", PARTY)
SALE_AMOUNTS = Part("wallet_entry", f"{SOLD} and amount_fen > 0", "amount_fen", "amount_fen")
PAYOUT_AMOUNTS = Part("wallet_entry", f"status = 'done' and direction = 'out' and {TO_PERSON}", "amount_fen", "amount_fen")
WITHDRAWN = Part("wallet_entry", "status = 'done' and nature = 'withdraw' and direction <> 'in'", "amount_fen")
TOPPED_UP = Part("wallet_entry", "status = 'done' and nature = 'top_up' and direction <> 'out'", "amount_fen")
GIFTS_IN = Part(
    "wallet_entry", "status = 'done' and direction = 'in' and nature in ('transfer_in', 'red_packet_in')", "amount_fen"
)
DEPOSITS = Part("wallet_entry", "status = 'done' and nature = 'deposit' and direction = 'out'", "amount_fen")
DEPOSIT_NET = Part("wallet_entry", "status = 'done' and nature = 'deposit' and direction <> 'neutral'",
                   "case when direction = 'out' then amount_fen else -amount_fen end")  # fmt: skip
LOANS_IN = Part("wallet_entry", LENT, "amount_fen", "lender_id")
LOANS_OUT = Part("wallet_entry", REPAID, "amount_fen", "lender_id")
CLOSED_SALES = Part("wallet_entry", "direction = 'in' and nature = 'sale' and status = 'closed'")
ALL_SALES = Part("wallet_entry", "direction = 'in' and nature = 'sale' and status <> 'pending'")
BALANCE = Part("wallet_entry", value="balance_fen", by="account_id")

ONE = 1_000_000
MAX_SUM_FEN = 100 * MAX_FEN
MAX_COUNT = 100_000_000
WALLET_COST_FEN = 100  # assumption: a year's bill, handed over by the owner or fetched with consent, costs about 1 yuan to read

# A table: one feature a line, as far as a line goes.
# fmt: off
RECEIVED = (
    Feature(name="wallet_receipts_fen_12m", aggregate="sum", of=RECEIPTS, months=12, unit="fen", lo=-MAX_SUM_FEN, hi=MAX_SUM_FEN,
            sign=1, why="what buyers paid and left there carries what can be repaid", cost_fen=WALLET_COST_FEN,
            en="buyers paid {value} into the wallets in twelve months, after refunds and fees", zh="近12个月钱包净收款{value}"),
    Feature(name="wallet_receipts_fen_3m", aggregate="sum", of=RECEIPTS, months=3, unit="fen", lo=-MAX_SUM_FEN, hi=MAX_SUM_FEN,
            sign=1, why="a shop that stops selling stops paying", cost_fen=WALLET_COST_FEN,
            en="buyers paid {value} into the wallets in three months, after refunds and fees", zh="近3个月钱包净收款{value}"),
    Feature(name="wallet_sale_count_12m", aggregate="count", of=SALES, months=12, unit="count", lo=0, hi=MAX_COUNT, sign=1,
            why="many sales are steadier than few", cost_fen=WALLET_COST_FEN,
            en="{value} sales were paid to the wallets in twelve months", zh="近12个月钱包收款{value}笔"),
    Feature(name="wallet_sale_mean_fen_12m", aggregate="mean", of=SALES, months=12, unit="fen", lo=0, hi=MAX_FEN, sign=0,
            why="size of a sale, for people who read the case", cost_fen=WALLET_COST_FEN,
            en="the average sale paid to the wallets was {value}", zh="近12个月钱包收款笔均{value}"),
    Feature(name="wallet_sale_months_active_12m", aggregate="months_active", of=SALES, months=12, unit="months", lo=0, hi=12,
            sign=1, why="regular trade pays regular instalments", cost_fen=WALLET_COST_FEN,
            en="sales were paid to the wallets in {value} of the last twelve", zh="近12个月钱包有收款的月份{value}"),
    Feature(name="wallet_sale_active_days_90d", aggregate="active_days", of=SALES, days=90, unit="days", lo=0, hi=91, sign=1,
            why="frequent sales are steadier than rare ones", cost_fen=WALLET_COST_FEN,
            en="sales were paid to the wallets on {value} of the last ninety", zh="近90天钱包有收款的天数{value}"),
    Feature(name="wallet_sale_longest_gap_days_180d", aggregate="longest_gap_days", of=SALES, days=180, unit="days", lo=0, hi=181,
            sign=-1, why="long silences are weeks without income", cost_fen=WALLET_COST_FEN,
            en="the longest time without a sale paid to the wallets in half a year was {value}",
            zh="近180天钱包最长无收款间隔{value}"),
    Feature(name="wallet_receipts_cv_12m", aggregate="cv", of=RECEIPTS, months=12, unit="ppm", lo=0, hi=100 * ONE, sign=-1,
            why="unsteady income misses instalments", cost_fen=WALLET_COST_FEN,
            en="monthly wallet receipts varied by {value} of their mean over twelve months",
            zh="近12个月月钱包净收款波动{value}"),
    Feature(name="wallet_receipts_slope_12m", aggregate="slope", of=RECEIPTS, months=12, unit="ppm", lo=-10 * ONE, hi=10 * ONE,
            sign=1, why="falling income precedes default", cost_fen=WALLET_COST_FEN,
            en="monthly wallet receipts moved by {value} of their mean a month", zh="近12个月月钱包净收款趋势每月{value}"),
    Feature(name="wallet_receipts_change_6m", aggregate="change", of=RECEIPTS, months=6, unit="ppm", lo=-ONE, hi=ONE, sign=1,
            why="falling income precedes default", cost_fen=WALLET_COST_FEN,
            en="the last quarter's wallet receipts less the quarter before, over both, are {value}",
            zh="近3个月较前3个月钱包净收款变动{value}"),
    Feature(name="wallet_payers_12m", aggregate="distinct", of=SALES, months=12, unit="count", lo=0, hi=MAX_COUNT, sign=1,
            why="many buyers outlive the loss of one", cost_fen=WALLET_COST_FEN,
            en="{value} buyers paid to the wallets in twelve months", zh="近12个月钱包付款人{value}个"),
    Feature(name="wallet_top_payer_share_12m", aggregate="share_of_top", of=SALES, months=12, unit="ppm", lo=0, hi=ONE, sign=-1,
            why="a shop that sells to one buyer sells to a friend", cost_fen=WALLET_COST_FEN,
            en="the largest buyer paid {value} of a year's wallet sales", zh="最大付款人占近12个月钱包收款的{value}"),
    Feature(name="wallet_payer_repeat_rate_12m", aggregate="repeat_rate", of=SALES, months=12, unit="ppm", lo=0, hi=ONE, sign=1,
            why="buyers who come back will come again", cost_fen=WALLET_COST_FEN,
            en="{value} of a year's wallet buyers paid in two months or more", zh="近12个月钱包回头付款人占{value}"),
)

COSTS = (
    Feature(name="wallet_refund_rate_12m", aggregate="ratio_of_sums", of=REFUNDS, against=SALES, months=12, unit="ppm", lo=0,
            hi=100 * ONE, sign=-1, why="refunds eat sales", cost_fen=WALLET_COST_FEN,
            en="{value} of wallet sales was refunded in twelve months", zh="近12个月钱包退款率{value}"),
    Feature(name="wallet_fee_rate_12m", aggregate="ratio_of_sums", of=FEES, against=SALES, months=12, unit="ppm", lo=0,
            hi=100 * ONE, sign=0, why="fees come off before anything is repaid; they differ by platform",
            cost_fen=WALLET_COST_FEN,
            en="fees took {value} of wallet sales in twelve months", zh="近12个月平台费率{value}"),
    Feature(name="wallet_ad_share_12m", aggregate="ratio_of_sums", of=AD_SPEND, against=SALES, months=12, unit="ppm", lo=0,
            hi=1_000 * ONE, sign=0, why="advertising buys growth, or replaces it", cost_fen=WALLET_COST_FEN,
            en="advertising took {value} of wallet sales in twelve months", zh="近12个月广告支出占钱包收款{value}"),
    Feature(name="wallet_purchase_share_12m", aggregate="ratio_of_sums", of=PURCHASES, against=SALES, months=12, unit="ppm", lo=0,
            hi=1_000 * ONE, sign=0, why="too little and too much buying are both warnings", cost_fen=WALLET_COST_FEN,
            en="purchases from the wallets were {value} of sales in twelve months", zh="近12个月钱包采购占收款{value}"),
    Feature(name="wallet_credit_purchase_share_12m", aggregate="ratio_of_sums", of=PURCHASES_ON_CREDIT, against=PURCHASES_KNOWN,
            months=12, unit="ppm", lo=0, hi=ONE, sign=-1, why="who buys stock on credit owes for it", cost_fen=WALLET_COST_FEN,
            en="{value} of wallet purchases in twelve months was paid on credit", zh="近12个月钱包采购以信用支付占{value}"),
    Feature(name="wallet_deposit_net_fen_12m", aggregate="sum", of=DEPOSIT_NET, months=12, unit="fen", lo=-MAX_SUM_FEN,
            hi=MAX_SUM_FEN, sign=1, why="a deposit left with the platform is a stake in going on", cost_fen=WALLET_COST_FEN,
            en="deposits paid to platforms less those returned were {value} in twelve months",
            zh="近12个月净缴店铺保证金{value}"),
    Feature(name="wallet_deposit_count_90d", aggregate="count", of=DEPOSITS, days=90, unit="count", lo=0, hi=MAX_COUNT, sign=0,
            why="deposits topped up follow penalties, or growth", cost_fen=WALLET_COST_FEN,
            en="deposits were paid {value} times in ninety days", zh="近90天缴纳保证金{value}次"),
)

CIRCLES = (
    Feature(name="wallet_same_day_payout_share_90d", aggregate="same_day_share", of=SALES, against=PAYOUTS, days=90, unit="ppm",
            lo=0, hi=ONE, sign=-1, why="hired buyers get their money back the same day", cost_fen=WALLET_COST_FEN,
            en="{value} of ninety days' wallet sales went to individuals on the same day",
            zh="近90天收款当日转给个人占{value}"),
    Feature(name="wallet_same_size_payout_share_90d", aggregate="shared_share", of=SALE_AMOUNTS, against=PAYOUT_AMOUNTS, days=90,
            unit="ppm", lo=0, hi=ONE, sign=-1, why="hired buyers get back just what they paid", cost_fen=WALLET_COST_FEN,
            en="{value} of ninety days' wallet sales has a payout to an individual of the same size",
            zh="近90天收款有等额转给个人占{value}"),
    Feature(name="wallet_reciprocity_12m", aggregate="shared_share", of=SALES, against=PAYOUTS, months=12, unit="ppm", lo=0,
            hi=ONE, sign=-1, why="a buyer who is paid by the shop is no buyer", cost_fen=WALLET_COST_FEN,
            en="{value} of a year's wallet sales came from people who were also paid", zh="近12个月付款人同时收款占{value}"),
    Feature(name="wallet_payout_share_12m", aggregate="ratio_of_sums", of=PAYOUTS, against=SALES, months=12, unit="ppm", lo=0,
            hi=1_000 * ONE, sign=-1, why="money that goes to individuals does not go to suppliers", cost_fen=WALLET_COST_FEN,
            en="payouts to individuals were {value} of wallet sales in twelve months", zh="近12个月转给个人占钱包收款{value}"),
    Feature(name="wallet_gift_share_12m", aggregate="ratio_of_sums", of=GIFTS_IN, against=SALES, months=12, unit="ppm", lo=0,
            hi=1_000 * ONE, sign=0, why="transfers and red packets may be sales by another name, or help",
            cost_fen=WALLET_COST_FEN,
            en="transfers and red packets received were {value} of wallet sales in twelve months",
            zh="近12个月转入和红包占钱包收款{value}"),
    Feature(name="wallet_busiest_hour_share_90d", aggregate="busiest_hour_share", of=SALES, days=90, unit="ppm", lo=0, hi=ONE,
            sign=-1, why="sales that come in one burst were ordered", cost_fen=WALLET_COST_FEN,
            en="the busiest hour brought {value} of ninety days' wallet sales by number",
            zh="近90天最集中一小时收款笔数占{value}"),
    Feature(name="wallet_common_amount_share_90d", aggregate="share_of_most_common", of=SALE_AMOUNTS, days=90, unit="ppm", lo=0,
            hi=ONE, sign=0, why="one price is a small shop, or a brushed one", cost_fen=WALLET_COST_FEN,
            en="{value} of ninety days' wallet sales were of one and the same amount", zh="近90天同一金额收款笔数占{value}"),
    Feature(name="wallet_closed_sale_rate_12m", aggregate="share_of_count", of=CLOSED_SALES, against=ALL_SALES, months=12,
            unit="ppm", lo=0, hi=ONE, sign=-1, why="sales that fall through were never sales", cost_fen=WALLET_COST_FEN,
            en="{value} of a year's wallet sales were closed without payment", zh="近12个月钱包交易关闭率{value}"),
)

FUNDING = (
    Feature(name="wallet_withdrawal_share_12m", aggregate="ratio_of_sums", of=WITHDRAWN, against=SALES, months=12, unit="ppm",
            lo=0, hi=1_000 * ONE, sign=0, why="says how much of the sales must show at the bank", cost_fen=WALLET_COST_FEN,
            en="withdrawals to the bank were {value} of wallet sales in twelve months", zh="近12个月提现占钱包收款{value}"),
    Feature(name="wallet_top_up_share_12m", aggregate="ratio_of_sums", of=TOPPED_UP, against=SALES, months=12, unit="ppm", lo=0,
            hi=1_000 * ONE, sign=-1, why="money put in to pay out again feeds invented sales, or plugs holes",
            cost_fen=WALLET_COST_FEN,
            en="top-ups were {value} of wallet sales in twelve months", zh="近12个月充值占钱包收款{value}"),
    Feature(name="wallet_loans_in_fen_90d", aggregate="sum", of=LOANS_IN, days=90, unit="fen", lo=0, hi=MAX_SUM_FEN, sign=-1,
            why="loans taken just before are debts that no report shows yet", cost_fen=WALLET_COST_FEN,
            en="{value} was borrowed through the wallets in ninety days", zh="近90天钱包借入{value}"),
    Feature(name="wallet_loan_service_fen_12m", aggregate="sum", of=LOANS_OUT, months=12, unit="fen", lo=0, hi=MAX_SUM_FEN,
            sign=-1, why="what is repaid to others is paid beside us", cost_fen=WALLET_COST_FEN,
            en="{value} was repaid to lenders through the wallets in twelve months", zh="近12个月钱包还款{value}"),
    Feature(name="wallet_debt_burden_12m", aggregate="signed_ratio", of=LOANS_OUT, against=RECEIPTS, months=12, unit="ppm", lo=0,
            hi=1_000 * ONE, sign=-1, why="debts that take much of the income leave no room for another",
            cost_fen=WALLET_COST_FEN,
            en="repayments took {value} of the wallet receipts in twelve months", zh="近12个月还款占钱包净收款{value}"),
    Feature(name="wallet_lenders_90d", aggregate="distinct", of=LOANS_IN, days=90, unit="count", lo=0, hi=MAX_COUNT, sign=-1,
            why="many new lenders in a short time is the best single sign of stacking", cost_fen=WALLET_COST_FEN,
            en="{value} lenders lent through the wallets in ninety days", zh="近90天钱包放款机构{value}家"),
    Feature(name="wallet_last_balance_fen_90d", aggregate="standing_sum", of=BALANCE, days=90, unit="fen", lo=-MAX_SUM_FEN,
            hi=MAX_SUM_FEN, sign=1, why="what is there today pays the next instalment", cost_fen=WALLET_COST_FEN,
            en="the wallets last held {value}", zh="钱包最新余额合计{value}"),
    Feature(name="wallet_daily_balance_mean_fen_90d", aggregate="daily_balance_mean", of=BALANCE, days=90, unit="fen",
            lo=-MAX_SUM_FEN, hi=MAX_SUM_FEN, sign=1, why="the average cushion pays on the bad days", cost_fen=WALLET_COST_FEN,
            en="the wallets held {value} on an average day of the last ninety", zh="近90天钱包日均余额{value}"),
)
# fmt: on

#: Every wallet feature, in the order of the data dictionary.
WALLET_FEATURES = (*RECEIVED, *COSTS, *CIRCLES, *FUNDING)
