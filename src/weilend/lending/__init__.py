"""Products as files, offers with all that they cost, and the books of loans: a double-entry ledger that is a fold over events.

Pure: values in, values out; never re-prices.
"""

from weilend.lending.account import LoanAccount, arrears_fen, open_account, payoff_fen
from weilend.lending.accounts import ACCOUNTS, Entry, Posting, Share, balances_of, by_funder
from weilend.lending.booking import book_offer, first_events, monthly_fees
from weilend.lending.caps import CAPS, Cap, cap_for
from weilend.lending.contract import Contract
from weilend.lending.cost_text import say_offer, show_cost
from weilend.lending.costs import CostStatement, cost_statement, find_breach
from weilend.lending.events import Event, decode_events, encode_events
from weilend.lending.fees import DeclaredFee
from weilend.lending.ledger import apply, bring_to, dues_until, fold
from weilend.lending.offer import Allotment, make_offer
from weilend.lending.products import PRODUCTS, Assumption, Product, Terms, load_product, read_product
from weilend.lending.recorded import Contradiction, check_rows_of, show_rows_of
from weilend.lending.rules import RULES
from weilend.lending.standing import Standing, stand
from weilend.lending.statement import show_statement
from weilend.lending.telling import Told, tell_loan
from weilend.lending.worth import Life, RunOff, dated_value_fen, expected_flows, expected_profit_fen, money_flows, run_off

__all__ = [
    "ACCOUNTS",
    "CAPS",
    "PRODUCTS",
    "RULES",
    "Allotment",
    "Assumption",
    "Cap",
    "Contract",
    "Contradiction",
    "CostStatement",
    "DeclaredFee",
    "Entry",
    "Event",
    "Life",
    "LoanAccount",
    "Posting",
    "Product",
    "RunOff",
    "Share",
    "Standing",
    "Terms",
    "Told",
    "apply",
    "arrears_fen",
    "balances_of",
    "book_offer",
    "bring_to",
    "by_funder",
    "cap_for",
    "check_rows_of",
    "cost_statement",
    "dated_value_fen",
    "decode_events",
    "dues_until",
    "encode_events",
    "expected_flows",
    "expected_profit_fen",
    "find_breach",
    "first_events",
    "fold",
    "load_product",
    "make_offer",
    "money_flows",
    "monthly_fees",
    "open_account",
    "payoff_fen",
    "read_product",
    "run_off",
    "say_offer",
    "show_cost",
    "show_rows_of",
    "show_statement",
    "stand",
    "tell_loan",
]
