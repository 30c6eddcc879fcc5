"""In: nothing. Out: the features that read bank statements. Used: by the feature sets that judge a business by its cash flow.

True inflow is what came in from trade: credits less own transfers, related parties, loan proceeds, refunds, wallets, interest, own
investments coming back, and what was reversed later. Operating cash is all that third parties paid less all that they were paid.
What wallets pay out is left out of both, for their own bills tell of it; a bank statement alone cannot say where it came from. But
who sells through shops has all costs there and only part of the income: `*_with_wallets_*` count what wallets pay out, less what
their bills say was lent in them, and more what was repaid there: a platform's credit reaches the bank as a sale does, and what it
is repaid from never reaches it. Where no bill was seen, nobody knows how much of it is lent: who lends on it asks for the bill.
Accounts of the owner count beside those of the business. Months are complete calendar months, days are of 24 hours.
"""

from __future__ import annotations

from weilend.core.records import MAX_FEN
from weilend.features.spec import Feature, Part
from weilend.features.wallet import BOUGHT, LENT, REPAID

SIGNED = "case when direction = 'in' then amount_fen else -amount_fen end"
PAID = "case when direction = 'out' then amount_fen else -amount_fen end"
PARTY = "counterparty_id"
THIRD_PARTY = "counterparty_kind not in ('own', 'related', 'lender', 'wallet')"
NOT_EARNED = "('refund', 'reversal', 'returned_unpaid', 'interest', 'loan', 'transfer', 'investment')"
EARNED = f"direction = 'in' and {THIRD_PARTY} and nature not in {NOT_EARNED}"
TAKEN_BACK = f"direction = 'out' and {THIRD_PARTY} and nature in ('reversal', 'returned_unpaid')"
OPERATING = f"{THIRD_PARTY} and nature not in ('interest', 'loan', 'transfer', 'investment')"
SPENT = f"direction = 'out' and {OPERATING} and nature not in ('reversal', 'returned_unpaid')"
#: What wallets pay out, less what goes back to them: round trips cancel, their loans are left out as far as the line says so.
FROM_WALLETS = (
    "counterparty_kind = 'wallet' and nature in ('trade', 'refund', 'reversal', 'returned_unpaid', 'transfer', 'unknown')"
)
CANCELS = "nature in ('reversal', 'returned_unpaid', 'refund')"
BORROWED = (
    f"direction = 'in' and (counterparty_kind = 'lender' or nature = 'loan') and nature <> 'interest' and not ({CANCELS})"
)
SERVED = f"direction = 'out' and (counterparty_kind = 'lender' or nature in ('loan', 'interest')) and not ({CANCELS})"
#: What a bill says was repaid, with what that cost, and what was lent: as money, or by buying on the platform's credit, which is
#: repaid as money is. A credit card is paid off from trade, as any card is.
SERVED_IN_WALLET = f"({REPAID}) or (status = 'done' and nature = 'interest' and direction = 'out')"
LENT_IN_WALLET = f"({LENT}) or ({BOUGHT} and pay_method = 'credit')"
#: A direct debit that bounced was not paid; it comes back from the lender.
SERVED_NET = f"({SERVED}) or (direction = 'in' and counterparty_kind = 'lender' and {CANCELS})"
#: Who may sit on both sides of an invented trade: a platform that pays out and takes fees, or a bank, does so honestly.
TRADER = "counterparty_kind in ('business', 'person', 'related', 'unknown')"
TRADED = f"{TRADER} and nature not in {NOT_EARNED}"

TRUE_INFLOW = Part("bank_entry", f"({EARNED}) or ({TAKEN_BACK})", SIGNED)
GROSS_INFLOW = Part("bank_entry", "direction = 'in'", "amount_fen")
RECEIPTS = Part("bank_entry", f"{EARNED} and amount_fen > 0", "amount_fen", PARTY)
NET_CASH = Part("bank_entry", OPERATING, SIGNED)
OWED_IN_WALLETS = Part(
    "wallet_entry",
    f"({SERVED_IN_WALLET}) or ({LENT_IN_WALLET})",
    "case when nature in ('loan_out', 'interest') then amount_fen else -amount_fen end",
)
INFLOW_WITH_WALLETS = (Part("bank_entry", f"({EARNED}) or ({TAKEN_BACK}) or ({FROM_WALLETS})", SIGNED), OWED_IN_WALLETS)
NET_CASH_WITH_WALLETS = (Part("bank_entry", f"({OPERATING}) or ({FROM_WALLETS})", SIGNED), OWED_IN_WALLETS)
PAYMENTS = Part("bank_entry", SPENT, "amount_fen", PARTY)
OUT_TO_OTHERS = Part("bank_entry", "direction = 'out' and counterparty_kind <> 'own'", "amount_fen")
CAME_FROM_TRADERS = Part("bank_entry", f"direction = 'in' and {TRADED}", "amount_fen", PARTY)
WENT_TO_TRADERS = Part("bank_entry", f"direction = 'out' and {TRADED}", "amount_fen", PARTY)
FROM_RELATED = Part("bank_entry", "direction = 'in' and counterparty_kind = 'related'", "amount_fen")
LOANS_IN = Part("bank_entry", BORROWED, "amount_fen", "lender_id")
DEBT_SERVICE = Part("bank_entry", SERVED_NET, PAID)
DEBT_SERVICE_WITH_WALLETS = (DEBT_SERVICE, Part("wallet_entry", SERVED_IN_WALLET, "amount_fen"))
DEBT_PAYMENTS = Part("bank_entry", SERVED, "amount_fen", "lender_id")
ROUND_RECEIPTS = Part("bank_entry", f"{EARNED} and amount_fen > 0 and mod(amount_fen, 100000) = 0")  # whole thousands of yuan
TIMED_RECEIPTS = Part("bank_entry", f"{EARNED} and coalesce(has_time, false)")  # a line without a time of day tells no hour
WEEKEND_RECEIPTS = Part(
    "bank_entry", f"{EARNED} and mod(days_between(date '1900-01-01', happened_on), 7) in (5, 6)"
)  # a Monday
RECEIPT_AMOUNTS = Part("bank_entry", f"{EARNED} and amount_fen > 0", "amount_fen", "amount_fen")
CASH_IN = Part("bank_entry", f"{EARNED} and nature = 'cash'", "amount_fen")
WAGES = Part("bank_entry", "direction = 'out' and (nature = 'wages' or counterparty_kind = 'payroll')", "amount_fen")
RENT = Part("bank_entry", "direction = 'out' and (nature = 'rent' or counterparty_kind = 'rent')")
UTILITY = Part("bank_entry", "direction = 'out' and (nature = 'utility' or counterparty_kind = 'utility')")
TAX = Part("bank_entry", "direction = 'out' and (nature = 'tax' or counterparty_kind = 'tax')")
INSURED = "direction = 'out' and (nature = 'social_insurance' or counterparty_kind = 'social_insurance')"
SOCIAL_INSURANCE = Part("bank_entry", INSURED)
UNPAID = Part("bank_entry", "nature = 'returned_unpaid'")
TO_COURT = Part("bank_entry", "direction = 'out' and counterparty_kind = 'court'", "amount_fen")
BALANCE = Part("bank_entry", value="balance_fen", by="account_id")
BALANCE_VALUES = Part("bank_entry", value="balance_fen", by="balance_fen")
OVERDRAWN = Part("bank_entry", "balance_fen < 0")
WITH_BALANCE = Part("bank_entry", "balance_fen is not null")
STATEMENTS = Part("statement_balance", value="closing_fen", by="account_id")

ONE = 1_000_000
MAX_SUM_FEN = 100 * MAX_FEN
MAX_COUNT = 100_000_000
BANK_COST_FEN = 500  # assumption: a statement of one year, fetched with consent, costs about 5 yuan

# A table: one feature a line, as far as a line goes.
# fmt: off
INFLOW = (
    Feature(name="true_inflow_fen_12m", aggregate="sum", of=TRUE_INFLOW, months=12, unit="fen", lo=-MAX_SUM_FEN, hi=MAX_SUM_FEN,
            sign=1, why="what trade brings in carries what can be repaid", cost_fen=BANK_COST_FEN,
            en="trade brought {value} into the accounts in twelve months", zh="近12个月真实经营流入{value}"),
    Feature(name="inflow_with_wallets_fen_12m", aggregate="sum", of=INFLOW_WITH_WALLETS, months=12, unit="fen", lo=-MAX_SUM_FEN,
            hi=MAX_SUM_FEN, sign=1, why="a shop's sales reach the bank through its wallet", cost_fen=BANK_COST_FEN,
            en="trade and wallets brought {value} into the accounts in twelve months",
            zh="近12个月经营及钱包净流入{value}"),
    Feature(name="true_inflow_fen_3m", aggregate="sum", of=TRUE_INFLOW, months=3, unit="fen", lo=-MAX_SUM_FEN, hi=MAX_SUM_FEN,
            sign=1, why="a firm whose money stops coming stops paying", cost_fen=BANK_COST_FEN,
            en="trade brought {value} into the accounts in three months", zh="近3个月真实经营流入{value}"),
    Feature(name="true_inflow_share_12m", aggregate="signed_ratio", of=TRUE_INFLOW, against=GROSS_INFLOW, months=12, unit="ppm",
            lo=-100 * ONE, hi=ONE, sign=1, why="money that only circulates, or is lent, is no income", cost_fen=BANK_COST_FEN,
            en="{value} of all money that came in over twelve months came from trade",
            zh="近12个月真实经营流入占全部流入{value}"),
    Feature(name="related_inflow_share_12m", aggregate="ratio_of_sums", of=FROM_RELATED, against=GROSS_INFLOW, months=12,
            unit="ppm", lo=0, hi=ONE, sign=-1, why="related parties can pay in for show", cost_fen=BANK_COST_FEN,
            en="{value} of the money that came in over twelve months came from related parties",
            zh="近12个月关联方流入占{value}"),
    Feature(name="cash_inflow_share_12m", aggregate="ratio_of_sums", of=CASH_IN, against=RECEIPTS, months=12, unit="ppm", lo=0,
            hi=ONE, sign=0, why="cash paid in has no payer; a market stall has much of it honestly", cost_fen=BANK_COST_FEN,
            en="{value} of trade receipts in twelve months was paid in as cash", zh="近12个月经营流入中现金存入占{value}"),
    Feature(name="inflow_count_12m", aggregate="count", of=RECEIPTS, months=12, unit="count", lo=0, hi=MAX_COUNT, sign=1,
            why="many receipts are steadier than few", cost_fen=BANK_COST_FEN,
            en="{value} receipts from trade in the last twelve months", zh="近12个月经营流入{value}笔"),
    Feature(name="inflow_mean_fen_12m", aggregate="mean", of=RECEIPTS, months=12, unit="fen", lo=0, hi=MAX_FEN, sign=0,
            why="size of a receipt, for people who read the case", cost_fen=BANK_COST_FEN,
            en="the average receipt from trade in twelve months was {value}", zh="近12个月经营流入笔均{value}"),
    Feature(name="inflow_months_active_12m", aggregate="months_active", of=RECEIPTS, months=12, unit="months", lo=0, hi=12,
            sign=1, why="regular income pays regular instalments", cost_fen=BANK_COST_FEN,
            en="money from trade came in during {value} of the last twelve", zh="近12个月有经营流入的月份{value}"),
    Feature(name="inflow_active_days_90d", aggregate="active_days", of=RECEIPTS, days=90, unit="days", lo=0, hi=91, sign=1,
            why="frequent receipts are steadier than rare ones", cost_fen=BANK_COST_FEN,
            en="money from trade came in on {value} of the last ninety", zh="近90天有经营流入的天数{value}"),
    Feature(name="inflow_longest_gap_days_180d", aggregate="longest_gap_days", of=RECEIPTS, days=180, unit="days", lo=0, hi=181,
            sign=-1, why="three weeks without income is a warning", cost_fen=BANK_COST_FEN,
            en="the longest time without money from trade in half a year was {value}", zh="近180天最长无经营流入间隔{value}"),
    Feature(name="days_since_last_inflow_180d", aggregate="days_since_last", of=RECEIPTS, days=180, unit="days", lo=0, hi=181,
            sign=-1, why="silence comes before default", cost_fen=BANK_COST_FEN,
            en="money from trade last came in {value} ago", zh="最近一笔经营流入距今{value}"),
    Feature(name="inflow_cv_12m", aggregate="cv", of=TRUE_INFLOW, months=12, unit="ppm", lo=0, hi=100 * ONE, sign=-1,
            why="unsteady income misses instalments", cost_fen=BANK_COST_FEN,
            en="monthly money from trade varied by {value} of its mean over twelve months", zh="近12个月月经营流入波动{value}"),
    Feature(name="inflow_slope_12m", aggregate="slope", of=TRUE_INFLOW, months=12, unit="ppm", lo=-10 * ONE, hi=10 * ONE, sign=1,
            why="falling income precedes default", cost_fen=BANK_COST_FEN,
            en="monthly money from trade moved by {value} of its mean a month over twelve months",
            zh="近12个月月经营流入趋势每月{value}"),
    Feature(name="inflow_change_6m", aggregate="change", of=TRUE_INFLOW, months=6, unit="ppm", lo=-ONE, hi=ONE, sign=1,
            why="falling income precedes default", cost_fen=BANK_COST_FEN,
            en="the last quarter's money from trade less the quarter before, over both, is {value}",
            zh="近3个月较前3个月经营流入变动{value}"),
    Feature(name="inflow_worst_month_12m", aggregate="share_of_worst_month", of=TRUE_INFLOW, months=12, unit="ppm", lo=0, hi=ONE,
            sign=1, why="the worst month must still pay the instalment", cost_fen=BANK_COST_FEN,
            en="the weakest month brought {value} of the average month", zh="最低月经营流入为近12个月月均的{value}"),
    Feature(name="inflow_best_month_share_12m", aggregate="share_of_best_month", of=TRUE_INFLOW, months=12, unit="ppm", lo=0,
            hi=ONE, sign=-1, why="a year in one month is a deal, not a trade", cost_fen=BANK_COST_FEN,
            en="the best month brought {value} of a year's money from trade", zh="最高月占近12个月经营流入的{value}"),
)

DEBT = (
    Feature(name="net_cash_fen_12m", aggregate="sum", of=NET_CASH, months=12, unit="fen", lo=-MAX_SUM_FEN, hi=MAX_SUM_FEN, sign=1,
            why="instalments are paid from what trade leaves over", cost_fen=BANK_COST_FEN,
            en="trade left {value} over in twelve months", zh="近12个月经营净现金流{value}"),
    Feature(name="net_cash_with_wallets_fen_12m", aggregate="sum", of=NET_CASH_WITH_WALLETS, months=12, unit="fen",
            lo=-MAX_SUM_FEN, hi=MAX_SUM_FEN, sign=1, cost_fen=BANK_COST_FEN,
            why="goods sold in a shop are paid from the bank, and their price comes by wallet",
            en="trade and wallets left {value} over in twelve months", zh="近12个月经营及钱包净现金流{value}"),
    Feature(name="net_cash_margin_12m", aggregate="signed_ratio", of=NET_CASH, against=TRUE_INFLOW, months=12, unit="ppm",
            lo=-1_000 * ONE, hi=1_000 * ONE, sign=1, why="a firm that spends all it earns has nothing to repay with",
            cost_fen=BANK_COST_FEN,
            en="trade left {value} of what it brought in over twelve months", zh="近12个月经营净现金率{value}"),
    Feature(name="debt_service_fen_12m", aggregate="sum", of=DEBT_SERVICE, months=12, unit="fen", lo=-MAX_SUM_FEN, hi=MAX_SUM_FEN,
            sign=-1, why="what is owed to others is paid before us, or beside us", cost_fen=BANK_COST_FEN,
            en="{value} was paid to lenders in twelve months", zh="近12个月偿还借款本息{value}"),
    Feature(name="debt_service_with_wallets_fen_12m", aggregate="sum", of=DEBT_SERVICE_WITH_WALLETS, months=12, unit="fen",
            lo=-MAX_SUM_FEN, hi=MAX_SUM_FEN, sign=-1, cost_fen=BANK_COST_FEN,
            why="a platform takes its instalments out of the wallet, before anything reaches the bank",
            en="lenders were paid {value} in twelve months, by bank and in wallets", zh="近12个月银行及钱包偿债支出{value}"),
    Feature(name="debt_burden_12m", aggregate="signed_ratio", of=DEBT_SERVICE, against=TRUE_INFLOW, months=12, unit="ppm",
            lo=-1_000 * ONE, hi=1_000 * ONE, sign=-1, why="debts that take much of the income leave no room for another",
            cost_fen=BANK_COST_FEN,
            en="payments to lenders took {value} of the money from trade in twelve months", zh="近12个月偿债占经营流入{value}"),
    Feature(name="debt_burden_90d", aggregate="signed_ratio", of=DEBT_SERVICE, against=TRUE_INFLOW, days=90, unit="ppm",
            lo=-1_000 * ONE, hi=1_000 * ONE, sign=-1, why="stacked debts show in the latest weeks first",
            cost_fen=BANK_COST_FEN,
            en="payments to lenders took {value} of the money from trade in ninety days", zh="近90天偿债占经营流入{value}"),
    Feature(name="debt_cover_12m", aggregate="signed_ratio", of=NET_CASH, against=DEBT_SERVICE, months=12, unit="ppm",
            lo=-1_000 * ONE, hi=1_000 * ONE, sign=1, why="below 1.2 times, one bad month misses an instalment",
            cost_fen=BANK_COST_FEN,
            en="what trade left over was {value} of what lenders were paid in twelve months",
            zh="近12个月经营净现金流为已偿债务的{value}"),
    Feature(name="debt_cover_with_wallets_12m", aggregate="signed_ratio", of=NET_CASH_WITH_WALLETS,
            against=DEBT_SERVICE_WITH_WALLETS, months=12, unit="ppm", lo=-1_000 * ONE, hi=1_000 * ONE, sign=1,
            why="a shop repays from what its wallet pays out, and in it",
            cost_fen=BANK_COST_FEN,
            en="what trade and wallets left over was {value} of what lenders were paid in twelve months",
            zh="近12个月经营及钱包净现金流为已偿债务的{value}"),
    Feature(name="debt_service_days_90d", aggregate="active_days", of=DEBT_PAYMENTS, days=90, unit="days", lo=0, hi=91, sign=-1,
            why="lenders who collect every day are the dearest", cost_fen=BANK_COST_FEN,
            en="lenders were paid on {value} of the last ninety", zh="近90天有偿债支出的天数{value}"),
    Feature(name="debt_service_months_active_12m", aggregate="months_active", of=DEBT_PAYMENTS, months=12, unit="months", lo=0,
            hi=12, sign=0, why="paying shows both debt and discipline", cost_fen=BANK_COST_FEN,
            en="lenders were paid in {value} of the last twelve", zh="近12个月有偿债支出的月份{value}"),
    Feature(name="lenders_credited_90d", aggregate="distinct", of=LOANS_IN, days=90, unit="count", lo=0, hi=MAX_COUNT, sign=-1,
            why="many new lenders in a short time is the best single sign of stacking", cost_fen=BANK_COST_FEN,
            en="{value} lenders paid money in during ninety days", zh="近90天放款机构{value}家"),
    Feature(name="lenders_debited_90d", aggregate="distinct", of=DEBT_PAYMENTS, days=90, unit="count", lo=0, hi=MAX_COUNT,
            sign=-1, why="every lender who collects stands beside us in the queue", cost_fen=BANK_COST_FEN,
            en="{value} lenders were paid in ninety days", zh="近90天还款机构{value}家"),
    Feature(name="loan_inflow_count_90d", aggregate="count", of=LOANS_IN, days=90, unit="count", lo=0, hi=MAX_COUNT, sign=-1,
            why="who borrows again and again repays one loan with the next", cost_fen=BANK_COST_FEN,
            en="{value} loans were paid in during ninety days", zh="近90天借款入账{value}笔"),
    Feature(name="loan_inflow_share_90d", aggregate="ratio_of_sums", of=LOANS_IN, against=GROSS_INFLOW, days=90, unit="ppm", lo=0,
            hi=ONE, sign=-1, why="a firm that lives on loans lives until they stop", cost_fen=BANK_COST_FEN,
            en="{value} of all money that came in over ninety days was borrowed", zh="近90天借款占全部流入{value}"),
    Feature(name="loan_inflow_share_12m", aggregate="ratio_of_sums", of=LOANS_IN, against=GROSS_INFLOW, months=12, unit="ppm",
            lo=0, hi=ONE, sign=-1, why="a firm that lives on loans lives until they stop", cost_fen=BANK_COST_FEN,
            en="{value} of all money that came in over twelve months was borrowed", zh="近12个月借款占全部流入{value}"),
    Feature(name="debt_refinancing_12m", aggregate="ratio_of_sums", of=LOANS_IN, against=DEBT_PAYMENTS, months=12, unit="ppm",
            lo=0, hi=1_000 * ONE, sign=0, why="above one, debt grows; below, it is paid down or no longer to be had",
            cost_fen=BANK_COST_FEN,
            en="new loans were {value} of what lenders were paid in twelve months", zh="近12个月新借款为偿债的{value}"),
    Feature(name="returned_unpaid_count_12m", aggregate="count", of=UNPAID, months=12, unit="count", lo=0, hi=MAX_COUNT, sign=-1,
            why="a payment that bounced had no money behind it", cost_fen=BANK_COST_FEN,
            en="{value} payments were returned unpaid in twelve months", zh="近12个月退票或扣款失败{value}笔"),
    Feature(name="court_paid_fen_12m", aggregate="sum", of=TO_COURT, months=12, unit="fen", lo=0, hi=MAX_SUM_FEN, sign=-1,
            why="who pays a court did not pay a creditor", cost_fen=BANK_COST_FEN,
            en="{value} was paid to courts in twelve months", zh="近12个月支付法院款项{value}"),
)

PARTIES = (
    Feature(name="payers_12m", aggregate="distinct", of=RECEIPTS, months=12, unit="count", lo=0, hi=MAX_COUNT, sign=1,
            why="many payers outlive the loss of one", cost_fen=BANK_COST_FEN,
            en="{value} parties paid in during twelve months", zh="近12个月付款方{value}个"),
    Feature(name="top_payer_share_12m", aggregate="share_of_top", of=RECEIPTS, months=12, unit="ppm", lo=0, hi=ONE, sign=-1,
            why="one payer's trouble becomes the firm's", cost_fen=BANK_COST_FEN,
            en="the largest payer brought {value} of a year's receipts", zh="最大付款方占近12个月经营流入的{value}"),
    Feature(name="top_five_payers_share_12m", aggregate="share_of_top_five", of=RECEIPTS, months=12, unit="ppm", lo=0, hi=ONE,
            sign=-1, why="few payers make a fragile firm", cost_fen=BANK_COST_FEN,
            en="the five largest payers brought {value} of a year's receipts", zh="前五大付款方占近12个月经营流入的{value}"),
    Feature(name="payer_entropy_12m", aggregate="entropy", of=RECEIPTS, months=12, unit="ppm", lo=0, hi=20 * ONE, sign=1,
            why="receipts spread over many payers are steadier", cost_fen=BANK_COST_FEN,
            en="the spread of receipts over payers (entropy) is {value}", zh="近12个月付款方分散度（熵）{value}"),
    Feature(name="payer_repeat_rate_12m", aggregate="repeat_rate", of=RECEIPTS, months=12, unit="ppm", lo=0, hi=ONE, sign=1,
            why="payers who come back will come again", cost_fen=BANK_COST_FEN,
            en="{value} of a year's payers paid in two months or more", zh="近12个月重复付款方占{value}"),
    Feature(name="top_payee_share_12m", aggregate="share_of_top", of=PAYMENTS, months=12, unit="ppm", lo=0, hi=ONE, sign=-1,
            why="money that all goes one way may come back another", cost_fen=BANK_COST_FEN,
            en="the largest payee took {value} of a year's payments", zh="最大收款方占近12个月经营支出的{value}"),
    Feature(name="top_five_payees_share_12m", aggregate="share_of_top_five", of=PAYMENTS, months=12, unit="ppm", lo=0, hi=ONE,
            sign=-1, why="few payees make a fragile or an invented firm", cost_fen=BANK_COST_FEN,
            en="the five largest payees took {value} of a year's payments", zh="前五大收款方占近12个月经营支出的{value}"),
    Feature(name="reciprocity_12m", aggregate="shared_share", of=CAME_FROM_TRADERS, against=WENT_TO_TRADERS, months=12,
            unit="ppm", lo=0, hi=ONE, sign=-1, why="who pays and is paid may only pass money around", cost_fen=BANK_COST_FEN,
            en="{value} of a year's receipts came from parties who were also paid", zh="近12个月对手方双向往来占流入的{value}"),
    Feature(name="same_day_turnover_90d", aggregate="same_day_share", of=RECEIPTS, against=OUT_TO_OTHERS, days=90, unit="ppm",
            lo=0, hi=ONE, sign=-1, why="money that leaves on the day it comes was never the firm's", cost_fen=BANK_COST_FEN,
            en="{value} of ninety days' receipts left again on the same day", zh="近90天经营流入当日转出占{value}"),
)

PATTERNS = (
    Feature(name="round_inflow_share_12m", aggregate="share_of_count", of=ROUND_RECEIPTS, against=RECEIPTS, months=12, unit="ppm",
            lo=0, hi=ONE, sign=-1, why="invented receipts like whole thousands", cost_fen=BANK_COST_FEN,
            en="{value} of a year's receipts were whole thousands of yuan", zh="近12个月整千元流入笔数占{value}"),
    Feature(name="night_inflow_share_90d", aggregate="night_share", of=TIMED_RECEIPTS, days=90, unit="ppm", lo=0, hi=ONE, sign=0,
            why="a night market honestly earns at night; an office does not", cost_fen=BANK_COST_FEN,
            en="{value} of ninety days' receipts came between midnight and six", zh="近90天凌晨流入笔数占{value}"),
    Feature(name="weekend_inflow_share_12m", aggregate="share_of_count", of=WEEKEND_RECEIPTS, against=RECEIPTS, months=12,
            unit="ppm", lo=0, hi=ONE, sign=0, why="tells shops from offices, for people who read the case",
            cost_fen=BANK_COST_FEN,
            en="{value} of a year's receipts came on weekends", zh="近12个月周末流入笔数占{value}"),
    Feature(name="first_digit_gap_12m", aggregate="first_digit_gap", of=RECEIPT_AMOUNTS, months=12, unit="ppm", lo=0, hi=ONE,
            sign=0, why="invented amounts miss Benford's law, but so do fixed prices: a mark for reviewers",
            cost_fen=BANK_COST_FEN,
            en="first digits of a year's receipts stray {value} from Benford's law",
            zh="近12个月流入首位数字偏离本福特定律{value}"),
    Feature(name="common_inflow_share_12m", aggregate="share_of_most_common", of=RECEIPT_AMOUNTS, months=12, unit="ppm", lo=0,
            hi=ONE, sign=0, why="one amount again and again is a subscription, or a loop", cost_fen=BANK_COST_FEN,
            en="{value} of a year's receipts were of one and the same amount", zh="近12个月同一金额流入笔数占{value}"),
)

PRESENCE = (
    Feature(name="wage_months_active_12m", aggregate="months_active", of=WAGES, months=12, unit="months", lo=0, hi=12, sign=1,
            why="a firm that pays wages has people at work; a shell has none", cost_fen=BANK_COST_FEN,
            en="wages were paid in {value} of the last twelve", zh="近12个月发放工资的月份{value}"),
    Feature(name="wage_share_12m", aggregate="ratio_of_sums", of=WAGES, against=TRUE_INFLOW, months=12, unit="ppm", lo=0,
            hi=1_000 * ONE, sign=0, why="too little and too much are both warnings; it differs by trade",
            cost_fen=BANK_COST_FEN,
            en="wages took {value} of the money from trade in twelve months", zh="近12个月工资占经营流入{value}"),
    Feature(name="rent_months_active_12m", aggregate="months_active", of=RENT, months=12, unit="months", lo=0, hi=12, sign=1,
            why="rent is paid for a place that exists", cost_fen=BANK_COST_FEN,
            en="rent was paid in {value} of the last twelve", zh="近12个月支付租金的月份{value}"),
    Feature(name="utility_months_active_12m", aggregate="months_active", of=UTILITY, months=12, unit="months", lo=0, hi=12,
            sign=1, why="water and power are used where work is done", cost_fen=BANK_COST_FEN,
            en="utilities were paid in {value} of the last twelve", zh="近12个月支付水电费的月份{value}"),
    Feature(name="tax_payment_months_active_12m", aggregate="months_active", of=TAX, months=12, unit="months", lo=0, hi=12, sign=1,
            why="taxes are paid on trade that is real", cost_fen=BANK_COST_FEN,
            en="taxes were paid in {value} of the last twelve", zh="近12个月缴税的月份{value}"),
    Feature(name="social_insurance_months_active_12m", aggregate="months_active", of=SOCIAL_INSURANCE, months=12, unit="months",
            lo=0, hi=12, sign=1, why="insurance is paid for people who work there", cost_fen=BANK_COST_FEN,
            en="social insurance was paid in {value} of the last twelve", zh="近12个月缴纳社保的月份{value}"),
)

BALANCES = (
    Feature(name="last_balance_fen_90d", aggregate="standing_sum", of=BALANCE, days=90, unit="fen", lo=-MAX_SUM_FEN,
            hi=MAX_SUM_FEN, sign=1, why="what is there today pays the next instalment", cost_fen=BANK_COST_FEN,
            en="the accounts last held {value}", zh="账户最新余额合计{value}"),
    Feature(name="lowest_balance_fen_90d", aggregate="least", of=BALANCE, days=90, unit="fen", lo=-MAX_FEN, hi=MAX_FEN, sign=1,
            why="the lowest point shows how near the edge it goes", cost_fen=BANK_COST_FEN,
            en="the lowest balance of any account in ninety days was {value}", zh="近90天单一账户最低余额{value}"),
    Feature(name="balance_p10_fen_90d", aggregate="p10", of=BALANCE_VALUES, days=90, unit="fen", lo=-MAX_FEN, hi=MAX_FEN, sign=1,
            why="a balance that is often near nothing has no cushion", cost_fen=BANK_COST_FEN,
            en="after one entry in ten the account held {value} or less in ninety days",
            zh="近90天每笔交易后余额10分位{value}"),
    Feature(name="balance_median_fen_90d", aggregate="median", of=BALANCE_VALUES, days=90, unit="fen", lo=-MAX_FEN, hi=MAX_FEN,
            sign=1, why="the usual balance is the usual cushion", cost_fen=BANK_COST_FEN,
            en="after half of the entries the account held {value} or less in ninety days",
            zh="近90天每笔交易后余额中位数{value}"),
    Feature(name="overdrawn_entry_share_12m", aggregate="share_of_count", of=OVERDRAWN, against=WITH_BALANCE, months=12,
            unit="ppm", lo=0, hi=ONE, sign=-1, why="who overdraws has spent the cushion already", cost_fen=BANK_COST_FEN,
            en="{value} of a year's entries left the account overdrawn", zh="近12个月透支笔数占{value}"),
    Feature(name="daily_balance_mean_fen_90d", aggregate="daily_balance_mean", of=BALANCE, days=90, unit="fen", lo=-MAX_SUM_FEN,
            hi=MAX_SUM_FEN, sign=1, why="the average cushion is what lenders to small firms look at first",
            cost_fen=BANK_COST_FEN,
            en="the accounts held {value} on an average day of the last ninety", zh="近90天日均余额{value}"),
    Feature(name="daily_balance_mean_fen_180d", aggregate="daily_balance_mean", of=BALANCE, days=180, unit="fen",
            lo=-MAX_SUM_FEN, hi=MAX_SUM_FEN, sign=1, why="a cushion kept for half a year was not borrowed for the day",
            cost_fen=BANK_COST_FEN,
            en="the accounts held {value} on an average day of the last half year", zh="近180天日均余额{value}"),
    Feature(name="daily_balance_p10_fen_90d", aggregate="daily_balance_p10", of=BALANCE, days=90, unit="fen", lo=-MAX_SUM_FEN,
            hi=MAX_SUM_FEN, sign=1, why="the bad days are the days on which instalments bounce", cost_fen=BANK_COST_FEN,
            en="on one day in ten of the last ninety the accounts held {value} or less", zh="近90天日终余额10分位{value}"),
    Feature(name="low_balance_days_90d", aggregate="daily_balance_low_days", of=BALANCE, days=90, unit="days", lo=0, hi=91,
            sign=-1, why="days under 1,000 yuan are days on which nothing can be collected", cost_fen=BANK_COST_FEN,
            en="the accounts ended below ¥1,000 on {value} of the last ninety", zh="近90天日终余额低于1000元的天数{value}"),
    Feature(name="overdrawn_days_90d", aggregate="daily_balance_overdrawn_days", of=BALANCE, days=90, unit="days", lo=0, hi=91,
            sign=-1, why="who overdraws has spent the cushion already", cost_fen=BANK_COST_FEN,
            en="the accounts ended overdrawn on {value} of the last ninety", zh="近90天日终透支天数{value}"),
    Feature(name="statement_closing_fen_12m", aggregate="standing_sum", of=STATEMENTS, months=12, unit="fen", lo=-MAX_SUM_FEN,
            hi=MAX_SUM_FEN, sign=1, why="what the bank's own summary says was left", cost_fen=BANK_COST_FEN,
            en="the latest statements of all accounts closed at {value}", zh="各账户最近对账单期末余额合计{value}"),
    Feature(name="statement_accounts_12m", aggregate="distinct", of=STATEMENTS, months=12, unit="count", lo=0, hi=MAX_COUNT,
            sign=0, why="says how much of the money we were shown", cost_fen=BANK_COST_FEN,
            en="statements of {value} accounts with a closing balance in twelve months",
            zh="近12个月提供对账单的账户{value}个"),
)
# fmt: on

#: Every cash flow feature, in the order of the data dictionary.
CASH_FLOW_FEATURES = (*INFLOW, *DEBT, *PARTIES, *PATTERNS, *PRESENCE, *BALANCES)
