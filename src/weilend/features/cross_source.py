"""In: nothing. Out: the features that hold one source against another. Used: by the feature set of this theme and by products.

A forger must make every source tell the same story. Each comparison stands twice: with its direction (log ratio, positive where the
first is larger), which is not monotone and so carries no sign, and as a gap without direction, which does. A log of 0.34 (340,000
ppm) is a ratio of 1.4. Both kinds must be known for the whole window, or the shorter one would look small: `history_months`
is the window. A tax return counts in the months of its period, not in the one in which it was filed; as it is filed a month
after its period, both sides of what is held against tax end a month before the last complete one.
"""

from __future__ import annotations

import msgspec

from weilend.core.records import MAX_FEN
from weilend.features.cash_flow import INFLOW_WITH_WALLETS, RECEIPTS, TRUE_INFLOW
from weilend.features.spec import Feature, Measured, Part, parts_of

VALID_SALE = "direction = 'sale' and status = 'valid'"
VALID_PURCHASE = "direction = 'purchase' and status = 'valid'"
PARTY = "counterparty_id"
#: True inflow leaves out own accounts, related parties, lenders, wallets, and what was never a sale.
PAID_TRADE = "direction = 'out' and nature = 'trade' and counterparty_kind not in ('own', 'related', 'lender', 'wallet')"
#: Takings of a wallet: sales that went through less what was paid back to buyers, before fees, as a shop counts its sales.
TAKINGS = "status = 'done' and (nature = 'sale' and direction = 'in' or nature = 'refund' and direction = 'out')"
TAKINGS_FEN = "case when nature = 'sale' then amount_fen else -amount_fen end"
WITHDRAWN = "status = 'done' and nature in ('withdraw', 'payout') and direction <> 'in'"
PAID_ORDER = "status in ('paid', 'part_shipped', 'shipped', 'signed', 'completed')"
#: Revenue accounts of the standard for small firms (5001, 5051) and of the full standard (6001, 6051).
REVENUE_ACCOUNT = (
    "entry = 'voucher' and (starts_with(account_code, '5001') or starts_with(account_code, '5051')"
    " or starts_with(account_code, '6001') or starts_with(account_code, '6051'))"
)
BANK_ACCOUNT = "entry = 'voucher' and starts_with(account_code, '1002')"
TRADED = "status in ('paid', 'shipped', 'received', 'completed')"
#: Checks of one file against itself: what a forger of papers gets wrong.
IN_FILE = (
    "check_name in ('running_balance', 'statement_sums', 'header_totals', 'voucher_balances', 'trial_balance_rolls',"
    " 'invoice_sums', 'settlement_sums', 'vat_identities', 'interest_days', 'check_digits', 'repeated_sequence', 'file_marks')"
)

INVOICED_NET = Part("invoice", VALID_SALE, "net_fen", PARTY)
INVOICED = Part("invoice", VALID_SALE, "gross_fen", PARTY)
INVOICED_TAX = Part("invoice", VALID_SALE, "tax_fen")
SUPPLIED = Part("invoice", VALID_PURCHASE, "gross_fen", PARTY)
SUPPLIED_TAX = Part("invoice", VALID_PURCHASE, "tax_fen")
DECLARED = Part("tax_filing", "tax = 'vat'", "declared_sales_fen", on="period_end_on")
OUTPUT_TAX = Part("tax_filing", "tax = 'vat'", "output_tax_fen", on="period_end_on")
INPUT_TAX = Part("tax_filing", "tax = 'vat'", "input_tax_fen", on="period_end_on")
TAX_PAID = Part("tax_filing", "", "paid_fen", on="period_end_on")
BANKED_ALL = Part("bank_entry", "direction = 'in'", "amount_fen")
BANK_OF_WALLETS = Part("bank_entry", "direction = 'in' and counterparty_kind = 'wallet'", "amount_fen")
BANK_PURCHASES = Part("bank_entry", PAID_TRADE, "amount_fen", PARTY)
BANK_TAX = Part("bank_entry", "direction = 'out' and nature = 'tax'", "amount_fen")
WALLET_TAKINGS = Part("wallet_entry", TAKINGS, TAKINGS_FEN)
WALLET_WITHDRAWN = Part("wallet_entry", WITHDRAWN, "amount_fen")
SHOP_NET = Part("order", PAID_ORDER, "paid_fen - coalesce(refunded_fen, 0)")
BOOKED_REVENUE = Part("ledger_line", REVENUE_ACCOUNT, "credit_fen - debit_fen")
BOOKED_BANK = Part("ledger_line", BANK_ACCOUNT, "debit_fen")
B2B_SALES = Part("b2b_order", f"side = 'sale' and {TRADED}", "total_fen - coalesce(refunded_fen, 0)", PARTY)
B2B_PURCHASES = Part("b2b_order", f"side = 'purchase' and {TRADED}", "total_fen - coalesce(refunded_fen, 0)", PARTY)
CHECKED = Part("reconciliation")
FAILED = Part("reconciliation", "not holds")
FAILED_IN_FILE = Part("reconciliation", f"{IN_FILE} and not holds")
CHECKED_IN_FILE = Part("reconciliation", IN_FILE)
BROKEN_BALANCE = Part("reconciliation", "check_name = 'running_balance' and not holds")

ONE = 1_000_000
MAX_LOG = 50 * ONE
MAX_THINGS = 10**9
MAX_SUM_FEN = 200 * MAX_FEN
#: Assumption: what a comparison costs is pulling both sources; papers that the owner hands over or authorises cost nothing but
#: the tax portal (¥2 a business) and the platform of the shop (¥0.20).
TAX_COST_FEN = 200
#: A return for a month is filed until the 15th of the next one, so at any day of a month that of the month before last is there.
TAX_LAG_MONTHS = 1
SHOP_COST_FEN = 20


class Comparison(msgspec.Struct, frozen=True):
    """Two tellings of one sum: the stem of the features' names, the parts, the window, why, and the words for it.

    What is held against tax lags by `TAX_LAG_MONTHS`.
    """

    name: str
    of: Measured
    against: Measured
    months: int
    cost_fen: int
    why: str
    en: str
    zh: str

    @property
    def lag_months(self) -> int:
        """By how many months the window lags."""
        kinds = {part.kind for side in (self.of, self.against) for part in parts_of(side)}
        return TAX_LAG_MONTHS if "tax_filing" in kinds else 0


# A table: one comparison a line, as far as a line goes; each makes a ratio with direction and a gap without.
# fmt: off
COMPARISONS = (
    Comparison("invoice_vs_tax", INVOICED_NET, DECLARED, 12, TAX_COST_FEN,
               "invoices above what is declared are invented or hide tax; declared above invoices may be padded for the loan",
               "invoiced sales against declared sales over twelve months", "近12个月开票销售与申报销售"),
    Comparison("invoice_vs_tax", INVOICED_NET, DECLARED, 24, TAX_COST_FEN,
               "what a good season may hide in one year shows over two",
               "invoiced sales against declared sales over two years", "近24个月开票销售与申报销售"),
    Comparison("output_tax_vs_invoice", OUTPUT_TAX, INVOICED_TAX, 12, TAX_COST_FEN,
               "tax is declared on every valid invoice",
               "declared output tax against the tax of sales invoices over twelve months",
               "近12个月申报销项税与销项发票税额"),
    Comparison("input_tax_vs_invoice", INPUT_TAX, SUPPLIED_TAX, 12, TAX_COST_FEN,
               "input tax without purchase invoices is claimed on papers we were not shown",
               "declared input tax against the tax of purchase invoices over twelve months",
               "近12个月申报进项税与进项发票税额"),
    Comparison("bank_vs_invoice", TRUE_INFLOW, INVOICED, 6, 0,
               "far below its invoices a firm trades in paper; far above, it sells without invoices or turns money in circles",
               "true inflow against invoiced sales over six months", "近6个月真实流入与开票金额"),
    Comparison("bank_vs_invoice", TRUE_INFLOW, INVOICED, 12, 0,
               "far below its invoices a firm trades in paper; far above, it sells without invoices or turns money in circles",
               "true inflow against invoiced sales over twelve months", "近12个月真实流入与开票金额"),
    Comparison("bank_vs_invoice_with_wallets", INFLOW_WITH_WALLETS, INVOICED, 12, 0,
               "a company with a shop invoices what its wallets pay out; without them it would seem to trade in paper",
               "true inflow and what wallets paid out against invoiced sales over twelve months",
               "近12个月真实流入及钱包净流入与开票金额"),
    Comparison("bank_vs_tax", TRUE_INFLOW, DECLARED, 12, TAX_COST_FEN,
               "inflow far above declared sales is evasion or wash, far below is invention",
               "true inflow against declared sales over twelve months", "近12个月真实流入与申报销售"),
    Comparison("wallet_vs_shop", WALLET_TAKINGS, SHOP_NET, 3, SHOP_COST_FEN,
               "orders without takings are brushed", "wallet takings against shop net sales over three months",
               "近3个月钱包收款与店铺净销售"),
    Comparison("wallet_vs_shop", WALLET_TAKINGS, SHOP_NET, 12, SHOP_COST_FEN,
               "orders without takings are brushed", "wallet takings against shop net sales over twelve months",
               "近12个月钱包收款与店铺净销售"),
    Comparison("books_vs_tax", BOOKED_REVENUE, DECLARED, 12, TAX_COST_FEN,
               "books for the bank and books for the tax office are two sets of books",
               "booked revenue against declared sales over twelve months", "近12个月账面收入与申报销售"),
    Comparison("books_vs_invoice", BOOKED_REVENUE, INVOICED_NET, 12, 0,
               "revenue that was booked but not invoiced has only the bookkeeper's word",
               "booked revenue against invoiced sales over twelve months", "近12个月账面收入与开票销售"),
    Comparison("books_vs_bank", BOOKED_BANK, BANKED_ALL, 6, 0,
               "what the books say came into the bank must stand on the statements",
               "booked bank receipts against statements over six months", "近6个月账面银行收款与银行流水"),
    Comparison("bank_vs_wallet_out", BANK_OF_WALLETS, WALLET_WITHDRAWN, 6, 0,
               "what leaves the wallet must arrive at the bank; if it does not, there is an account we were not shown",
               "bank receipts from wallets against wallet withdrawals over six months", "近6个月银行收到钱包提现与钱包提现"),
    Comparison("shop_vs_invoice", SHOP_NET, INVOICED, 12, SHOP_COST_FEN,
               "a shop on a platform sells what it invoices, and more where buyers want no invoice",
               "shop net sales against invoiced sales over twelve months", "近12个月店铺净销售与开票金额"),
    Comparison("shop_vs_tax", SHOP_NET, DECLARED, 12, SHOP_COST_FEN + TAX_COST_FEN,
               "platforms report sales to the tax office; a shop that outsells its returns owes tax",
               "shop net sales against declared sales over twelve months", "近12个月店铺净销售与申报销售"),
    Comparison("paid_vs_purchases", BANK_PURCHASES, SUPPLIED, 6, 0,
               "purchases that nobody paid for did not happen, or are debts",
               "payments for trade against purchase invoices over six months", "近6个月采购付款与进项发票"),
    Comparison("paid_vs_purchases", BANK_PURCHASES, SUPPLIED, 12, 0,
               "purchases that nobody paid for did not happen, or are debts",
               "payments for trade against purchase invoices over twelve months", "近12个月采购付款与进项发票"),
    Comparison("tax_paid_vs_bank", TAX_PAID, BANK_TAX, 12, TAX_COST_FEN,
               "tax that was paid left an account; forged returns leave no payment",
               "tax paid by the returns against the bank over twelve months", "近12个月申报已缴税与银行缴税"),
    Comparison("b2b_vs_invoice", B2B_SALES, INVOICED, 12, SHOP_COST_FEN,
               "firms that buy want an invoice", "wholesale orders against invoiced sales over twelve months",
               "近12个月批发订单与开票金额"),
)


def _ratio(one: Comparison) -> Feature:
    return Feature(name=f"{one.name}_{one.months}m", aggregate="log_ratio", of=one.of, against=one.against, months=one.months,
                   unit="ppm", lo=-MAX_LOG, hi=MAX_LOG, sign=0, cost_fen=one.cost_fen, why=one.why,
                   history_months=one.months + one.lag_months, lag_months=one.lag_months,
                   en=f"{one.en}: logarithm of the ratio {{value}}", zh=f"{one.zh}之比的对数{{value}}")


def _gap(one: Comparison) -> Feature:
    return Feature(name=f"{one.name}_gap_{one.months}m", aggregate="log_gap", of=one.of, against=one.against, months=one.months,
                   unit="ppm", lo=0, hi=MAX_LOG, sign=-1, cost_fen=one.cost_fen, why=one.why,
                   history_months=one.months + one.lag_months, lag_months=one.lag_months,
                   en=f"{one.en}: apart by {{value}} (logarithm)", zh=f"{one.zh}偏离{{value}}（对数）")


AGREEMENT = tuple(make(one) for one in COMPARISONS for make in (_ratio, _gap))

RHYTHM = (
    Feature(name="bank_follows_invoice_12m", aggregate="correlation", of=TRUE_INFLOW, against=INVOICED, months=12, unit="ppm",
            lo=-ONE,
            hi=ONE, sign=1, history_months=12, why="money follows sales; invented invoices are not followed by any",
            en="true inflow moves with invoiced sales, correlation {value}", zh="近12个月真实流入与开票金额相关系数{value}"),
    Feature(name="wallet_follows_shop_12m", aggregate="correlation", of=WALLET_TAKINGS, against=SHOP_NET, months=12, unit="ppm",
            lo=-ONE, hi=ONE, sign=1, history_months=12, cost_fen=SHOP_COST_FEN,
            why="takings follow orders; brushed orders bring none",
            en="wallet takings move with shop sales, correlation {value}", zh="近12个月钱包收款与店铺销售相关系数{value}"),
    Feature(name="books_follow_invoice_12m", aggregate="correlation", of=BOOKED_REVENUE, against=INVOICED_NET, months=12,
            unit="ppm",
            lo=-ONE, hi=ONE, sign=1, history_months=12, why="books that were kept month by month move with the invoices",
            en="booked revenue moves with invoiced sales, correlation {value}", zh="近12个月账面收入与开票销售相关系数{value}"),
    Feature(name="invoice_bank_months_unmatched_12m", aggregate="months_unmatched", of=INVOICED, against=TRUE_INFLOW, months=12,
            unit="months", lo=0, hi=12, sign=-1, history_months=12,
            why="a month of sales without money, or of money without sales, is to be explained",
            en="in {value} of twelve there were sales invoices without inflow, or inflow without",
            zh="近12个月开票与流入不匹配的月份{value}"),
    Feature(name="purchase_bank_months_unmatched_12m", aggregate="months_unmatched", of=SUPPLIED, against=BANK_PURCHASES,
            months=12,
            unit="months", lo=0, hi=12, sign=-1, history_months=12,
            why="purchases that nobody paid for did not happen, or are debts",
            en="in {value} of twelve there were purchase invoices without payment, or payments without",
            zh="近12个月进项与付款不匹配的月份{value}"),
    Feature(name="shop_wallet_months_unmatched_12m", aggregate="months_unmatched", of=SHOP_NET, against=WALLET_TAKINGS,
            months=12,
            unit="months", lo=0, hi=12, sign=-1, history_months=12, cost_fen=SHOP_COST_FEN,
            why="orders without takings are brushed",
            en="in {value} of twelve there were orders without takings, or takings without",
            zh="近12个月订单与收款不匹配的月份{value}"),
    Feature(name="bank_less_invoice_fen_12m", aggregate="difference", of=TRUE_INFLOW, against=INVOICED, months=12, unit="fen",
            lo=-MAX_SUM_FEN, hi=MAX_SUM_FEN, sign=0, history_months=12,
            why="in money what the ratio says, for people who read the case",
            en="true inflow of twelve months less invoiced sales is {value}", zh="近12个月真实流入减开票金额{value}"),
)

PARTIES = (
    Feature(name="invoiced_customers_paying_12m", aggregate="shared_share", of=INVOICED, against=RECEIPTS, months=12, unit="ppm",
            lo=0,
            hi=ONE, sign=1, history_months=12, why="who was invoiced should be who pays",
            en="{value} of invoiced sales went to customers who also paid by bank", zh="开票客户中有银行回款的销售占{value}"),
    Feature(name="payers_invoiced_12m", aggregate="shared_share", of=RECEIPTS, against=INVOICED, months=12, unit="ppm", lo=0,
            hi=ONE,
            sign=1, history_months=12, why="money from those who were never invoiced needs another explanation",
            en="{value} of true inflow came from customers who were invoiced", zh="真实流入中来自开票客户的占{value}"),
    Feature(name="invoicing_suppliers_paid_12m", aggregate="shared_share", of=SUPPLIED, against=BANK_PURCHASES, months=12,
            unit="ppm",
            lo=0, hi=ONE, sign=1, history_months=12, why="who supplies should be who is paid",
            en="{value} of purchases came from suppliers who were paid by bank", zh="进项供应商中有银行付款的采购占{value}"),
    Feature(name="paid_to_customers_12m", aggregate="shared_share", of=BANK_PURCHASES, against=INVOICED, months=12, unit="ppm",
            lo=0,
            hi=ONE, sign=-1, history_months=12, why="money that goes back to the customers makes a circle",
            en="{value} of payments for trade went to our own customers", zh="采购付款中付给开票客户的占{value}"),
    Feature(name="b2b_customers_invoiced_12m", aggregate="shared_share", of=B2B_SALES, against=INVOICED, months=12, unit="ppm",
            lo=0,
            hi=ONE, sign=1, history_months=12, cost_fen=SHOP_COST_FEN, why="firms that buy want an invoice",
            en="{value} of wholesale orders came from customers who were invoiced", zh="批发订单中已开票客户占{value}"),
    Feature(name="b2b_suppliers_invoicing_12m", aggregate="shared_share", of=B2B_PURCHASES, against=SUPPLIED, months=12,
            unit="ppm",
            lo=0, hi=ONE, sign=1, history_months=12, cost_fen=SHOP_COST_FEN, why="a real supplier gives an invoice",
            en="{value} of wholesale purchases came from suppliers who invoiced", zh="批发采购中已取得发票的供应商占{value}"),
    Feature(name="invoice_reciprocity_12m", aggregate="shared_share", of=INVOICED, against=SUPPLIED, months=12, unit="ppm",
            lo=0,
            hi=ONE, sign=-1, why="firms that sell to each other pass invoices round in a circle",
            en="{value} of invoiced sales went to firms that also sell to us", zh="向供应商开票的销售占{value}"),
)

CHECKS = (
    Feature(name="checks_failed_share_365d", aggregate="share_of_count", of=FAILED, against=CHECKED, days=365, unit="ppm", lo=0,
            hi=ONE,
            sign=-1, why="honest papers agree with each other", en="{value} of the year's reconciliations failed",
            zh="近一年勾稽核对不符率{value}"),
    Feature(name="file_checks_failed_365d", aggregate="count", of=FAILED_IN_FILE, days=365, unit="count", lo=0, hi=MAX_THINGS,
            sign=-1,
            why="a file that contradicts itself was edited", en="{value} files of a year failed a check against themselves",
            zh="近一年文件自身核对不符{value}次"),
    Feature(name="file_checks_failed_share_365d", aggregate="share_of_count", of=FAILED_IN_FILE, against=CHECKED_IN_FILE,
            days=365,
            unit="ppm", lo=0, hi=ONE, sign=-1, why="a file that contradicts itself was edited",
            en="{value} of the year's checks of a file against itself failed", zh="近一年文件自身核对不符率{value}"),
    Feature(name="running_balance_broken_365d", aggregate="count", of=BROKEN_BALANCE, days=365, unit="count", lo=0,
            hi=MAX_THINGS,
            sign=-1, why="a balance that jumps is the mark of a line taken out or put in",
            en="the running balance broke on {value} statements of a year", zh="近一年余额不连续的流水{value}份"),
)
# fmt: on

#: Every feature across sources, in the order of the data dictionary.
CROSS_SOURCE_FEATURES = (*AGREEMENT, *RHYTHM, *PARTIES, *CHECKS)
