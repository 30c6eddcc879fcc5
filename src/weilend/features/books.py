"""In: nothing. Out: the features that read the ledger, and what comparisons of figures found. Used: by sets for firms with books.

Accounts are told by the code of either standard (小企业会计准则 5xxx, 企业会计准则 6xxx); 5001 and 5401 mean something else in the
larger one, so there the class decides. Flows are of vouchers; the lines that carry a year's result to equity (结转) are left out,
else every revenue would add up to nothing. Standing amounts are closing balances of the account itself, not of its parts.
"""

from __future__ import annotations

from weilend.core.records import MAX_FEN
from weilend.features.spec import Feature, Part

EARNED = "credit_fen - debit_fen"
SPENT = "debit_fen - credit_fen"
VOUCHER = "entry = 'voucher'"
SMALL_REVENUE = "(starts_with(account_code, '5001') or starts_with(account_code, '5051'))"
LARGE_REVENUE = "(starts_with(account_code, '6001') or starts_with(account_code, '6051'))"
SMALL_COST = "(starts_with(account_code, '5401') or starts_with(account_code, '5402'))"
LARGE_COST = "(starts_with(account_code, '6401') or starts_with(account_code, '6402'))"
IS_REVENUE = f"{VOUCHER} and ({LARGE_REVENUE} or {SMALL_REVENUE} and coalesce(account_class, 'revenue') = 'revenue')"
IS_COST = f"{VOUCHER} and ({LARGE_COST} or {SMALL_COST} and coalesce(account_class, 'expense') = 'expense')"
CLOSING = "entry = 'closing_balance' and counterparty_id is null"

REVENUE = Part("ledger_line", IS_REVENUE, EARNED)
COST = Part("ledger_line", IS_COST, SPENT)
MARGIN = Part("ledger_line", f"({IS_REVENUE}) or ({IS_COST})", EARNED)
RESULT = Part("ledger_line", f"{VOUCHER} and account_class in ('revenue', 'expense')", EARNED)
FINANCE_COST = Part(
    "ledger_line", f"{VOUCHER} and (starts_with(account_code, '5603') or starts_with(account_code, '6603'))", SPENT
)
RECEIVABLES_MOVED = Part("ledger_line", f"{VOUCHER} and starts_with(account_code, '1122')", SPENT)
SHORT_LOANS_MOVED = Part("ledger_line", f"{VOUCHER} and starts_with(account_code, '2001')", EARNED)
OWNER_LENT = Part(
    "ledger_line", f"{VOUCHER} and (starts_with(account_code, '1221') or starts_with(account_code, '2241'))", SPENT
)
RECEIVABLES = Part("ledger_line", f"{CLOSING} and account_code = '1122'", SPENT)
INVENTORY = Part("ledger_line", f"{CLOSING} and account_code = '1405'", SPENT)
MONEY = Part("ledger_line", f"{CLOSING} and account_code in ('1001', '1002', '1012')", SPENT, "account_code")
SHORT_LOANS = Part("ledger_line", f"{CLOSING} and account_code = '2001'", EARNED)
LONG_LOANS = Part("ledger_line", f"{CLOSING} and account_code = '2501'", EARNED)
PAYABLES = Part("ledger_line", f"{CLOSING} and account_code = '2202'", EARNED)
VOUCHERS = Part("ledger_line", f"{VOUCHER} and voucher_id is not null", SPENT, "voucher_id")
VOUCHER_LINES = Part("ledger_line", VOUCHER, SPENT)
PREPARERS = Part("ledger_line", VOUCHER, "", "preparer_id")

IN_ONE_FILE = (
    "('running_balance', 'statement_sums', 'header_totals', 'voucher_balances', 'trial_balance_rolls', 'invoice_sums', "
    "'settlement_sums', 'vat_identities', 'interest_days', 'check_digits', 'repeated_sequence', 'file_marks', 'order_refunds')"
)
OF_STATEMENTS = "('running_balance', 'statement_sums', 'header_totals')"
OF_FORGERY = "('interest_days', 'check_digits', 'repeated_sequence', 'file_marks')"
OF_BOOKS = "('voucher_balances', 'trial_balance_rolls')"
ALL_CHECKS = Part("reconciliation")
FAILED_CHECKS = Part("reconciliation", "not holds", "1", "check_name")
FILE_CHECKS = Part("reconciliation", f"check_name in {IN_ONE_FILE}")
FAILED_FILE_CHECKS = Part("reconciliation", f"not holds and check_name in {IN_ONE_FILE}")
PAIR_CHECKS = Part("reconciliation", f"check_name not in {IN_ONE_FILE}")
FAILED_PAIR_CHECKS = Part("reconciliation", f"not holds and check_name not in {IN_ONE_FILE}")
FAILED_STATEMENT_CHECKS = Part("reconciliation", f"not holds and check_name in {OF_STATEMENTS}")
FAILED_FORGERY_CHECKS = Part("reconciliation", f"not holds and check_name in {OF_FORGERY}")
FAILED_BOOK_CHECKS = Part("reconciliation", f"not holds and check_name in {OF_BOOKS}")
COUNTED = "checked_count is not null and failed_count is not null"
FAILED_LINES = Part("reconciliation", COUNTED, "failed_count")
CHECKED_LINES = Part("reconciliation", COUNTED, "checked_count")
BOOKS_TAX_GAP = Part("reconciliation", "check_name = 'books_with_tax'", "abs(gap_ppm)")
BOOKS_BANK_GAP = Part("reconciliation", "check_name = 'books_with_bank'", "abs(gap_ppm)")

ONE = 1_000_000
MAX_SUM_FEN = 100 * MAX_FEN
MAX_COUNT = 100_000_000
BOOKS_COST_FEN = 1_000  # assumption: an export from the bookkeeping program and its reading cost about 10 yuan
CHECK_COST_FEN = 0  # a comparison of what has been paid for already

# A table: one feature a line, as far as a line goes.
# fmt: off
RESULTS = (
    Feature(name="books_revenue_fen_12m", aggregate="sum", of=REVENUE, months=12, unit="fen", lo=-MAX_SUM_FEN, hi=MAX_SUM_FEN,
            sign=1, why="what the firm turns over carries what it can repay", cost_fen=BOOKS_COST_FEN,
            en="the books show {value} of revenue in twelve months", zh="账面近12个月营业收入{value}"),
    Feature(name="books_cost_fen_12m", aggregate="sum", of=COST, months=12, unit="fen", lo=-MAX_SUM_FEN, hi=MAX_SUM_FEN, sign=0,
            why="costs grow with sales, so no sign fits alone", cost_fen=BOOKS_COST_FEN,
            en="the books show {value} of cost of sales in twelve months", zh="账面近12个月营业成本{value}"),
    Feature(name="books_gross_margin_12m", aggregate="signed_ratio", of=MARGIN, against=REVENUE, months=12, unit="ppm",
            lo=-100 * ONE, hi=100 * ONE, sign=1, why="instalments are paid from the margin", cost_fen=BOOKS_COST_FEN,
            en="the books show a gross margin of {value} over twelve months", zh="账面近12个月毛利率{value}"),
    Feature(name="books_profit_fen_12m", aggregate="sum", of=RESULT, months=12, unit="fen", lo=-MAX_SUM_FEN, hi=MAX_SUM_FEN,
            sign=1, why="a firm that loses money repays from what it has left", cost_fen=BOOKS_COST_FEN,
            en="the books show {value} of profit in twelve months", zh="账面近12个月利润{value}"),
    Feature(name="books_finance_cost_share_12m", aggregate="signed_ratio", of=FINANCE_COST, against=REVENUE, months=12,
            unit="ppm", lo=-100 * ONE, hi=100 * ONE, sign=-1, why="dear debt eats the margin", cost_fen=BOOKS_COST_FEN,
            en="finance cost took {value} of booked revenue in twelve months", zh="账面近12个月财务费用占收入{value}"),
    Feature(name="books_revenue_cv_12m", aggregate="cv", of=REVENUE, months=12, unit="ppm", lo=0, hi=100 * ONE, sign=-1,
            why="unsteady income misses instalments", cost_fen=BOOKS_COST_FEN,
            en="monthly booked revenue varied by {value} of its mean over twelve months", zh="账面近12个月月收入波动{value}"),
    Feature(name="books_revenue_slope_12m", aggregate="slope", of=REVENUE, months=12, unit="ppm", lo=-10 * ONE, hi=10 * ONE,
            sign=1, why="falling sales precede default", cost_fen=BOOKS_COST_FEN,
            en="monthly booked revenue moved by {value} of its mean a month", zh="账面近12个月月收入趋势每月{value}"),
    Feature(name="books_revenue_months_active_12m", aggregate="months_active", of=REVENUE, months=12, unit="months", lo=0, hi=12,
            sign=1, why="books that are written every month are kept", cost_fen=BOOKS_COST_FEN,
            en="the books show revenue in {value} of the last twelve", zh="账面近12个月有收入的月份{value}"),
)

STANDING = (
    Feature(name="books_receivables_fen_12m", aggregate="last", of=RECEIVABLES, months=12, unit="fen", lo=-MAX_FEN * 2,
            hi=MAX_FEN * 2, sign=0, why="sales on credit are sales, and money not yet there", cost_fen=BOOKS_COST_FEN,
            en="receivables last stood at {value}", zh="账面应收账款最近余额{value}"),
    Feature(name="books_receivables_share_12m", aggregate="signed_ratio", of=RECEIVABLES_MOVED, against=REVENUE, months=12,
            unit="ppm", lo=-1_000 * ONE, hi=1_000 * ONE, sign=-1, why="revenue that only grows receivables was not paid",
            cost_fen=BOOKS_COST_FEN,
            en="receivables grew by {value} of booked revenue in twelve months", zh="账面近12个月应收增加占收入{value}"),
    Feature(name="books_inventory_fen_12m", aggregate="last", of=INVENTORY, months=12, unit="fen", lo=-MAX_FEN * 2,
            hi=MAX_FEN * 2, sign=0, why="stock can be sold, or cannot", cost_fen=BOOKS_COST_FEN,
            en="stock last stood at {value}", zh="账面库存商品最近余额{value}"),
    Feature(name="books_money_fen_12m", aggregate="standing_sum", of=MONEY, months=12, unit="fen", lo=-MAX_FEN * 10,
            hi=MAX_FEN * 10, sign=1, why="what is there pays the next instalment", cost_fen=BOOKS_COST_FEN,
            en="cash and bank last stood at {value} in the books", zh="账面货币资金最近余额{value}"),
    Feature(name="books_short_loans_fen_12m", aggregate="last", of=SHORT_LOANS, months=12, unit="fen", lo=-MAX_FEN * 2,
            hi=MAX_FEN * 2, sign=-1, why="what is owed within the year competes with us", cost_fen=BOOKS_COST_FEN,
            en="short loans last stood at {value}", zh="账面短期借款最近余额{value}"),
    Feature(name="books_long_loans_fen_12m", aggregate="last", of=LONG_LOANS, months=12, unit="fen", lo=-MAX_FEN * 2,
            hi=MAX_FEN * 2, sign=-1, why="long debts must be served as well", cost_fen=BOOKS_COST_FEN,
            en="long loans last stood at {value}", zh="账面长期借款最近余额{value}"),
    Feature(name="books_payables_fen_12m", aggregate="last", of=PAYABLES, months=12, unit="fen", lo=-MAX_FEN * 2,
            hi=MAX_FEN * 2, sign=0, why="suppliers who wait trust the firm, or wait in vain", cost_fen=BOOKS_COST_FEN,
            en="payables last stood at {value}", zh="账面应付账款最近余额{value}"),
    Feature(name="books_short_loans_change_fen_12m", aggregate="sum", of=SHORT_LOANS_MOVED, months=12, unit="fen",
            lo=-MAX_SUM_FEN, hi=MAX_SUM_FEN, sign=-1, why="debt that grows must be repaid by more trade",
            cost_fen=BOOKS_COST_FEN,
            en="short loans grew by {value} in twelve months", zh="账面近12个月短期借款净增{value}"),
    Feature(name="books_other_receivable_change_12m", aggregate="signed_ratio", of=OWNER_LENT, against=REVENUE, months=12,
            unit="ppm", lo=-1_000 * ONE, hi=1_000 * ONE, sign=-1, why="money parked in other receivables often went to the owner",
            cost_fen=BOOKS_COST_FEN,
            en="other receivables less other payables grew by {value} of booked revenue",
            zh="账面近12个月其他应收净增占收入{value}"),
)

HONESTY = (
    Feature(name="books_imbalance_fen_12m", aggregate="sum", of=VOUCHER_LINES, months=12, unit="fen", lo=-MAX_SUM_FEN,
            hi=MAX_SUM_FEN, sign=0, why="debits equal credits; anything but zero was edited", cost_fen=BOOKS_COST_FEN,
            en="debits exceed credits by {value} over twelve months", zh="账面近12个月借贷差额{value}"),
    Feature(name="books_unbalanced_voucher_share_12m", aggregate="share_of_unbalanced", of=VOUCHERS, months=12, unit="ppm", lo=0,
            hi=ONE, sign=-1, why="a voucher that does not balance was not written by a program", cost_fen=BOOKS_COST_FEN,
            en="{value} of a year's vouchers do not balance", zh="近12个月不平凭证占{value}"),
    Feature(name="books_preparers_12m", aggregate="distinct", of=PREPARERS, months=12, unit="count", lo=0, hi=MAX_COUNT, sign=0,
            why="who wrote the books, for people who read the case", cost_fen=BOOKS_COST_FEN,
            en="{value} people wrote the vouchers of twelve months", zh="近12个月制单人{value}个"),
    Feature(name="checks_failed_count_12m", aggregate="count", of=FAILED_CHECKS, months=12, unit="count", lo=0, hi=MAX_COUNT,
            sign=-1, why="figures that do not agree were made up, or kept badly", cost_fen=CHECK_COST_FEN,
            en="{value} comparisons of figures failed in twelve months", zh="近12个月勾稽不符{value}项"),
    Feature(name="checks_failed_share_12m", aggregate="share_of_count", of=FAILED_CHECKS, against=ALL_CHECKS, months=12,
            unit="ppm", lo=0, hi=ONE, sign=-1, why="figures that do not agree were made up, or kept badly",
            cost_fen=CHECK_COST_FEN,
            en="{value} of the comparisons of twelve months failed", zh="近12个月勾稽不符占{value}"),
    Feature(name="checks_failed_names_12m", aggregate="distinct", of=FAILED_CHECKS, months=12, unit="count", lo=0, hi=100,
            sign=-1, why="one kind of mismatch may be a habit, several are a story", cost_fen=CHECK_COST_FEN,
            en="{value} kinds of comparison failed in twelve months", zh="近12个月不符勾稽{value}类"),
    Feature(name="file_checks_failed_share_12m", aggregate="share_of_count", of=FAILED_FILE_CHECKS, against=FILE_CHECKS,
            months=12, unit="ppm", lo=0, hi=ONE, sign=-1, why="a file that contradicts itself was edited",
            cost_fen=CHECK_COST_FEN,
            en="{value} of the comparisons within files failed in twelve months", zh="近12个月文件内勾稽不符占{value}"),
    Feature(name="source_checks_failed_share_12m", aggregate="share_of_count", of=FAILED_PAIR_CHECKS, against=PAIR_CHECKS,
            months=12, unit="ppm", lo=0, hi=ONE, sign=-1, why="sources that tell different stories cannot both be right",
            cost_fen=CHECK_COST_FEN,
            en="{value} of the comparisons between sources failed in twelve months", zh="近12个月跨来源勾稽不符占{value}"),
    Feature(name="statement_checks_failed_count_12m", aggregate="count", of=FAILED_STATEMENT_CHECKS, months=12, unit="count",
            lo=0, hi=MAX_COUNT, sign=-1, why="a bank's own statement always adds up", cost_fen=CHECK_COST_FEN,
            en="{value} tests of statement sums failed in twelve months", zh="近12个月银行流水核对不符{value}项"),
    Feature(name="forgery_checks_failed_count_12m", aggregate="count", of=FAILED_FORGERY_CHECKS, months=12, unit="count", lo=0,
            hi=MAX_COUNT, sign=-1, why="banks pay interest on their days and print valid numbers", cost_fen=CHECK_COST_FEN,
            en="{value} marks of an edited file were found in twelve months", zh="近12个月文件篡改迹象{value}项"),
    Feature(name="book_checks_failed_count_12m", aggregate="count", of=FAILED_BOOK_CHECKS, months=12, unit="count", lo=0,
            hi=MAX_COUNT, sign=-1, why="books that do not roll forward were written for the occasion", cost_fen=CHECK_COST_FEN,
            en="{value} tests of the books failed in twelve months", zh="近12个月账簿核对不符{value}项"),
    Feature(name="checked_lines_failed_share_12m", aggregate="ratio_of_sums", of=FAILED_LINES, against=CHECKED_LINES, months=12,
            unit="ppm", lo=0, hi=1_000 * ONE, sign=-1, why="many lines off are no slip of the pen", cost_fen=CHECK_COST_FEN,
            en="{value} of all compared lines did not agree in twelve months", zh="近12个月不符行数占{value}"),
    Feature(name="books_tax_gap_12m", aggregate="last", of=BOOKS_TAX_GAP, months=12, unit="ppm", lo=0, hi=1_000 * ONE, sign=-1,
            why="books for the tax office and books for us should be one", cost_fen=CHECK_COST_FEN,
            en="books and tax returns are {value} apart", zh="账税差异{value}"),
    Feature(name="books_bank_gap_12m", aggregate="last", of=BOOKS_BANK_GAP, months=12, unit="ppm", lo=0, hi=1_000 * ONE, sign=-1,
            why="what the books call received, the bank should have seen", cost_fen=CHECK_COST_FEN,
            en="books and bank are {value} apart", zh="账银差异{value}"),
)
# fmt: on

#: Every feature of books and comparisons, in the order of the data dictionary.
BOOKS_FEATURES = (*RESULTS, *STANDING, *HONESTY)
