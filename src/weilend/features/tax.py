"""In: nothing. Out: the features that read tax returns. Used: by the feature set of this theme and by products.

A return happens when it is filed, so a window of twelve months holds the returns *filed* in it: for monthly filers the twelve
periods that ended a month earlier. A correction is a new version of its return and counts once. Small-scale taxpayers file by
quarter, so what counts returns is held against returns, and time without sales against time declared. Windows in months are
complete calendar months; what is a state (rating, arrears, credit kept) is looked up in days, so that yesterday's return counts.
"""

from __future__ import annotations

from weilend.core.records import MAX_FEN
from weilend.features.spec import Feature, Part

VAT = "tax = 'vat'"
WITH_SALES = f"{VAT} and declared_sales_fen is not null"
PERIOD_DAYS = "days_between(period_start_on, period_end_on) + 1"
#: The office's order of ratings: A is best; M, not yet rated for want of history, stands between B and C.
RATING = (
    "case when credit_rating = 'A' then 5 when credit_rating = 'B' then 4 when credit_rating = 'M' then 3"
    " when credit_rating = 'C' then 2 when credit_rating = 'D' then 1 end"
)
#: Credit kept over all the credit there was; in steps of 10 ppm, for in ppm the product might not fit into 64 bits.
KEPT_SHARE = "least(div(carried_forward_fen * 100000, greatest(brought_forward_fen + input_tax_fen, 1)), 100000) * 10"
HAS_CREDIT = f"{VAT} and carried_forward_fen is not null and brought_forward_fen + input_tax_fen > 0"
#: Profit over revenue, kept within -1,000 % and 100 %.
MARGIN = "greatest(least(div(profit_fen * 100000, revenue_fen), 100000), -1000000) * 10"

RETURNS = Part("tax_filing", VAT)
DECLARED = Part("tax_filing", VAT, "declared_sales_fen")
TAXED = Part("tax_filing", f"{WITH_SALES} and payable_fen is not null", "declared_sales_fen")
PAYABLE = Part("tax_filing", f"{WITH_SALES} and payable_fen is not null", "payable_fen")
ZERO_RETURNS = Part("tax_filing", f"{VAT} and declared_sales_fen = 0")
ZERO_DAYS = Part("tax_filing", f"{VAT} and declared_sales_fen = 0", PERIOD_DAYS)
DECLARED_DAYS = Part("tax_filing", WITH_SALES, PERIOD_DAYS)
EXPORTS = Part("tax_filing", WITH_SALES, "export_sales_fen")
EXEMPT = Part("tax_filing", WITH_SALES, "exempt_sales_fen")
OUTPUT_TAX = Part("tax_filing", f"{VAT} and input_tax_fen is not null", "output_tax_fen")
INPUT_TAX = Part("tax_filing", f"{VAT} and output_tax_fen is not null", "input_tax_fen")
TAKEN_OUT = Part("tax_filing", f"{VAT} and input_tax_fen is not null", "transferred_out_fen")
TAKEN_FROM = Part("tax_filing", f"{VAT} and transferred_out_fen is not null", "input_tax_fen")
CREDIT_KEPT = Part("tax_filing", f"{VAT} and carried_forward_fen > 0")
CREDIT_STATED = Part("tax_filing", f"{VAT} and carried_forward_fen is not null")
CREDIT_SHARE = Part("tax_filing", HAS_CREDIT, KEPT_SHARE)
GENERAL = Part("tax_filing", f"{VAT} and taxpayer is not null", "case when taxpayer = 'general' then 1 else 0 end")
EVERY_RETURN = Part("tax_filing")
CORRECTIONS = Part("tax_filing", "is_correction")
ARREARS = Part("tax_filing", "", "arrears_fen", "tax")
OWING = Part("tax_filing", "arrears_fen > 0")
LATE_FEES = Part("tax_filing", "", "late_fee_fen")
LATE = Part("tax_filing", "late_days > 0", "late_days")
TIMED = Part("tax_filing", "late_days is not null", "late_days")
RATED = Part("tax_filing", "credit_rating is not null", RATING)
PROFIT = Part("tax_filing", "tax = 'corporate_income' and revenue_fen > 0", MARGIN)
INSURED = Part("tax_filing", "tax = 'social_insurance'", "staff_count")

ONE = 1_000_000
MAX_SUM_FEN = 100 * MAX_FEN
MAX_RETURNS = 10_000
MAX_STAFF = 10**9
#: Assumption: the owner authorises one pull from the tax portal through a licensed intermediary, ¥2 a business.
TAX_COST_FEN = 200

# A table: one feature a line, as far as a line goes.
# fmt: off
SALES = (
    Feature(name="tax_sales_fen_12m", aggregate="sum", of=DECLARED, months=12, unit="fen", lo=-MAX_SUM_FEN, hi=MAX_SUM_FEN,
            sign=1, why="sales that one pays tax on are the dearest to invent", cost_fen=TAX_COST_FEN, history_months=12,
            en="sales declared in twelve months were {value}", zh="近12个月申报销售额{value}"),
    Feature(name="tax_sales_fen_24m", aggregate="sum", of=DECLARED, months=24, unit="fen", lo=-MAX_SUM_FEN, hi=MAX_SUM_FEN,
            sign=1, why="size over two years, which one good season cannot make", cost_fen=TAX_COST_FEN, history_months=24,
            en="sales declared in two years were {value}", zh="近24个月申报销售额{value}"),
    Feature(name="tax_sales_change_12m", aggregate="change", of=DECLARED, months=12, unit="ppm", lo=-ONE, hi=ONE, sign=1,
            why="falling sales precede default", cost_fen=TAX_COST_FEN, history_months=12,
            en="the last six months' declared sales less the six before, over both, are {value}",
            zh="近6个月较前6个月申报销售变动{value}"),
    Feature(name="tax_sales_change_24m", aggregate="change", of=DECLARED, months=24, unit="ppm", lo=-ONE, hi=ONE, sign=1,
            why="a year against the year before is free of seasons", cost_fen=TAX_COST_FEN, history_months=24,
            en="the last year's declared sales less the year before, over both, are {value}",
            zh="近12个月较前12个月申报销售变动{value}"),
    Feature(name="tax_sales_slope_24m", aggregate="slope", of=DECLARED, months=24, unit="ppm", lo=-10 * ONE, hi=10 * ONE,
            sign=1, why="a trend over two years outlasts a season", cost_fen=TAX_COST_FEN, history_months=24,
            en="declared sales moved by {value} of their mean a month over two years",
            zh="近24个月月申报销售额趋势每月{value}"),
    Feature(name="tax_export_share_12m", aggregate="ratio_of_sums", of=EXPORTS, against=DECLARED, months=12, unit="ppm", lo=0,
            hi=100 * ONE, sign=0, why="exporters stand and fall with other markets; for policies", cost_fen=TAX_COST_FEN,
            en="exports were {value} of sales declared in twelve months", zh="近12个月出口销售占申报销售的{value}"),
    Feature(name="tax_exempt_share_12m", aggregate="ratio_of_sums", of=EXEMPT, against=DECLARED, months=12, unit="ppm", lo=0,
            hi=100 * ONE, sign=0, why="exempt sales explain a low tax burden, for people who read the case",
            cost_fen=TAX_COST_FEN,
            en="exempt sales were {value} of sales declared in twelve months", zh="近12个月免税销售占申报销售的{value}"),
)

BURDEN = (
    Feature(name="tax_burden_12m", aggregate="ratio_of_sums", of=PAYABLE, against=TAXED, months=12, unit="ppm", lo=0,
            hi=10 * ONE,
            sign=0,
            why="far below its industry the sales or the purchases are invented; which level is low depends on the trade",
            cost_fen=TAX_COST_FEN, en="VAT payable was {value} of sales declared in twelve months",
            zh="近12个月增值税税负率{value}"),
    Feature(name="tax_burden_24m", aggregate="ratio_of_sums", of=PAYABLE, against=TAXED, months=24, unit="ppm", lo=0,
            hi=10 * ONE,
            sign=0, why="over two years credit kept evens out; which level is low depends on the trade", cost_fen=TAX_COST_FEN,
            en="VAT payable was {value} of sales declared in two years", zh="近24个月增值税税负率{value}"),
    Feature(name="tax_input_to_output_12m", aggregate="ratio_of_sums", of=INPUT_TAX, against=OUTPUT_TAX, months=12, unit="ppm",
            lo=0, hi=1_000 * ONE, sign=0, why="too little and too much input tax are both warnings; rules draw the lines",
            cost_fen=TAX_COST_FEN, en="input tax was {value} of output tax in twelve months",
            zh="近12个月进项税占销项税的{value}"),
    Feature(name="tax_transferred_out_share_12m", aggregate="ratio_of_sums", of=TAKEN_OUT, against=TAKEN_FROM, months=12,
            unit="ppm", lo=0, hi=100 * ONE, sign=-1, why="input tax that had to be given back hints at suppliers who vanished",
            cost_fen=TAX_COST_FEN, en="{value} of input tax was transferred out in twelve months",
            zh="近12个月进项税转出占{value}"),
    Feature(name="tax_carried_forward_share_365d", aggregate="last", of=CREDIT_SHARE, days=365, unit="ppm", lo=0, hi=ONE,
            sign=0,
            why="credit kept is stock that was bought and not yet sold, or purchases that never were", cost_fen=TAX_COST_FEN,
            en="the last return kept {value} of its credit for the next period", zh="最近一期留抵税额占可抵扣税额的{value}"),
    Feature(name="tax_carried_forward_returns_share_12m", aggregate="share_of_count", of=CREDIT_KEPT, against=CREDIT_STATED,
            months=12, unit="ppm", lo=0, hi=ONE, sign=0,
            why="who always keeps credit never pays: exporters, and makers of invoices",
            cost_fen=TAX_COST_FEN, en="{value} of the year's returns kept credit for the next period",
            zh="近12个月有留抵的申报占{value}"),
    Feature(name="tax_profit_margin_730d", aggregate="last", of=PROFIT, days=730, unit="ppm", lo=-10 * ONE, hi=ONE, sign=1,
            why="instalments are paid from profit; returns to date within a year, so margins compare and sums would not",
            cost_fen=TAX_COST_FEN, en="the last income tax return shows profit of {value} of revenue",
            zh="最近所得税申报利润率{value}"),
)

CONDUCT = (
    Feature(name="tax_returns_12m", aggregate="count", of=RETURNS, months=12, unit="count", lo=0, hi=MAX_RETURNS, sign=0,
            why="twelve or four are usual; fewer are missing", cost_fen=TAX_COST_FEN,
            en="{value} VAT returns in the last twelve months", zh="近12个月增值税申报{value}次"),
    Feature(name="tax_days_since_last_return_24m", aggregate="days_since_last", of=RETURNS, months=24, unit="days", lo=0,
            hi=1_000, sign=-1, why="a firm that stops filing has stopped, or hides", cost_fen=TAX_COST_FEN,
            en="the last VAT return was filed {value} ago", zh="最近一次增值税申报距今{value}"),
    Feature(name="tax_zero_returns_12m", aggregate="count", of=ZERO_RETURNS, months=12, unit="count", lo=0, hi=MAX_RETURNS,
            sign=-1, why="a firm without sales has nothing to repay from", cost_fen=TAX_COST_FEN,
            en="{value} VAT returns of the last twelve months declared no sales", zh="近12个月零申报{value}次"),
    Feature(name="tax_zero_return_share_12m", aggregate="ratio_of_sums", of=ZERO_DAYS, against=DECLARED_DAYS, months=12,
            unit="ppm",
            lo=0, hi=ONE, sign=-1, why="time without declared sales, the same for those who file by month and by quarter",
            cost_fen=TAX_COST_FEN, en="{value} of the time declared in twelve months had no sales",
            zh="近12个月零申报期占{value}"),
    Feature(name="tax_zero_return_share_24m", aggregate="ratio_of_sums", of=ZERO_DAYS, against=DECLARED_DAYS, months=24,
            unit="ppm",
            lo=0, hi=ONE, sign=-1, why="a shell sleeps for years before it is used", cost_fen=TAX_COST_FEN, history_months=24,
            en="{value} of the time declared in two years had no sales", zh="近24个月零申报期占{value}"),
    Feature(name="tax_late_returns_12m", aggregate="count", of=LATE, months=12, unit="count", lo=0, hi=MAX_RETURNS, sign=-1,
            why="who is late with the state will be late with us", cost_fen=TAX_COST_FEN,
            en="{value} returns of the last twelve months were late", zh="近12个月逾期申报{value}次"),
    Feature(name="tax_late_return_share_24m", aggregate="share_of_count", of=LATE, against=TIMED, months=24, unit="ppm", lo=0,
            hi=ONE, sign=-1, why="who is late with the state will be late with us", cost_fen=TAX_COST_FEN,
            en="{value} of returns in two years were late", zh="近24个月逾期申报率{value}"),
    Feature(name="tax_late_days_12m", aggregate="sum", of=LATE, months=12, unit="days", lo=0, hi=100_000_000, sign=-1,
            why="many short delays and one long one both count", cost_fen=TAX_COST_FEN,
            en="returns of the last twelve months were late by {value} together", zh="近12个月累计逾期{value}"),
    Feature(name="tax_longest_delay_days_730d", aggregate="most", of=TIMED, days=730, unit="days", lo=0, hi=36_525, sign=-1,
            why="a long delay was a crisis", cost_fen=TAX_COST_FEN,
            en="the latest return of two years was late by {value}", zh="近两年最长逾期{value}"),
    Feature(name="tax_late_fee_fen_24m", aggregate="sum", of=LATE_FEES, months=24, unit="fen", lo=0, hi=MAX_SUM_FEN, sign=-1,
            why="late fees are paid by those who could not pay", cost_fen=TAX_COST_FEN,
            en="late fees of two years came to {value}", zh="近24个月滞纳金{value}"),
    Feature(name="tax_arrears_fen_365d", aggregate="standing_sum", of=ARREARS, days=365, unit="fen", lo=0, hi=MAX_SUM_FEN,
            sign=-1,
            why="tax owed stands before our claim", cost_fen=TAX_COST_FEN,
            en="by the last return of each tax, {value} is overdue to the tax office", zh="各税种最近一期欠税合计{value}"),
    Feature(name="tax_arrears_most_fen_730d", aggregate="most", of=ARREARS, days=730, unit="fen", lo=0, hi=MAX_FEN, sign=-1,
            why="arrears that were settled for the application were arrears all the same", cost_fen=TAX_COST_FEN,
            en="the most overdue on any return of two years was {value}", zh="近两年单期最高欠税{value}"),
    Feature(name="tax_arrears_returns_24m", aggregate="count", of=OWING, months=24, unit="count", lo=0, hi=MAX_RETURNS, sign=-1,
            why="tax that is owed again and again shows a firm without cash", cost_fen=TAX_COST_FEN,
            en="{value} returns of two years showed tax overdue", zh="近24个月有欠税的申报{value}次"),
    Feature(name="tax_corrections_12m", aggregate="count", of=CORRECTIONS, months=12, unit="count", lo=0, hi=MAX_RETURNS,
            sign=-1,
            why="returns are corrected upwards before an application and downwards after an audit", cost_fen=TAX_COST_FEN,
            en="{value} returns of the last twelve months were corrected", zh="近12个月更正申报{value}次"),
    Feature(name="tax_correction_share_24m", aggregate="share_of_count", of=CORRECTIONS, against=EVERY_RETURN, months=24,
            unit="ppm", lo=0, hi=ONE, sign=-1, why="books that are often corrected are not to be relied on",
            cost_fen=TAX_COST_FEN,
            en="{value} of the returns of two years were corrected", zh="近24个月更正申报占{value}"),
)

STANDING = (
    Feature(name="tax_rating_730d", aggregate="last", of=RATED, days=730, unit="count", lo=1, hi=5, sign=1,
            why="the tax office has seen more of the firm than we have", cost_fen=TAX_COST_FEN,
            en="the tax office rates the firm {value} of 5", zh="纳税信用等级{value}（最高5）"),
    Feature(name="tax_rating_worst_1095d", aggregate="least", of=RATED, days=1_095, unit="count", lo=1, hi=5, sign=1,
            why="a bad year leaves habits", cost_fen=TAX_COST_FEN,
            en="the lowest rating of the tax office in three years was {value} of 5",
            zh="近三年最低纳税信用等级{value}（最高5）"),
    Feature(name="tax_rating_change_1095d", aggregate="change_of_value", of=RATED, days=1_095, unit="count", lo=-4, hi=4,
            sign=1,
            why="a rating that falls was lost for a reason", cost_fen=TAX_COST_FEN,
            en="the tax office's rating moved by {value} steps in three years", zh="近三年纳税信用等级变动{value}级"),
    Feature(name="tax_general_taxpayer_730d", aggregate="last", of=GENERAL, days=730, unit="count", lo=0, hi=1, sign=0,
            why="says which rules and which usual burden apply", cost_fen=TAX_COST_FEN,
            en="general taxpayer (1) or small-scale (0): {value}", zh="一般纳税人（1）或小规模纳税人（0）：{value}"),
    Feature(name="tax_insured_staff_365d", aggregate="last", of=INSURED, days=365, unit="count", lo=0, hi=MAX_STAFF, sign=1,
            why="a firm that insures people has people", cost_fen=TAX_COST_FEN,
            en="social insurance is paid for {value} people", zh="社保缴纳人数{value}人"),
    Feature(name="tax_insured_staff_change_365d", aggregate="change_of_value", of=INSURED, days=365, unit="count",
            lo=-MAX_STAFF,
            hi=MAX_STAFF, sign=1, why="a firm in trouble lets people go first", cost_fen=TAX_COST_FEN,
            en="the number of insured people changed by {value} in a year", zh="近一年社保缴纳人数变动{value}人"),
)
# fmt: on

#: Every feature of tax returns, in the order of the data dictionary.
TAX_FEATURES = (*SALES, *BURDEN, *CONDUCT, *STANDING)
