"""Features of books: examples worked by hand, on both engines."""

from __future__ import annotations

from datetime import date

from weilend.core.plan import Spine
from weilend.features.books import BOOKS_FEATURES
from weilend.features.plans import FeatureSet
from weilend.testing.facts import HOME, fact_at, look_at_facts

AS_OF = HOME.start_of(date(2020, 7, 1))  # windows in months end with June 2020, windows in days with 30 June


def at(day: str, hour: int = 12) -> int:
    return HOME.start_of(date.fromisoformat(day)) + 3600 * hour


def make(kind: str, day: str, hour: int = 12, **fields) -> dict:
    return fact_at(kind, at(day, hour), **{"business_id": "B1", **fields})


THEME = FeatureSet("books", BOOKS_FEATURES)


def of_kind(kind: str, *facts: dict) -> dict[str, int | None]:
    """Return the features of one kind, after both engines gave the same."""
    chosen = FeatureSet("alone", tuple(one for one in BOOKS_FEATURES if one.of.kind == kind))
    return look_at_facts(chosen, {kind: list(facts)}, Spine(("B1",), (AS_OF,)))


def line(day: str, code: str, debit: int = 0, credit: int = 0, entry: str = "voucher", **more) -> dict:
    return make("ledger_line", day, entry=entry, account_code=code, debit_fen=debit, credit_fen=credit, **more)


def check(name: str, holds: bool, **more) -> dict:
    return make("reconciliation", "2020-06-10", check_name=name, holds=holds, **more)


def test_revenue_and_margin_by_either_standard():
    values = of_kind(
        "ledger_line",
        line("2020-06-01", "5001", credit=1000),  # small firms: revenue, its class not told
        line("2020-06-01", "600101", credit=500, account_class="revenue"),
        line("2020-06-02", "6051", debit=100, account_class="revenue"),  # taken back
        line("2020-06-02", "5001", debit=9000, account_class="cost"),  # full standard: cost of production
        line("2020-06-03", "5401", debit=700, account_class="expense"),
        line("2020-06-03", "5401", debit=9000, account_class="cost"),  # full standard: construction
        line("2020-06-30", "5001", debit=1000, entry="year_end_transfer"),
        line("2020-06-30", "5603", debit=70, account_class="expense"),
        line("2020-06-30", "1122", debit=280),
        line("2020-06-30", "2001", credit=5000),
        line("2020-06-30", "2001", debit=2000),
        line("2020-06-30", "1221", debit=140),
    )
    assert values["books_revenue_fen_12m"] == 1400
    assert values["books_cost_fen_12m"] == 700
    assert values["books_gross_margin_12m"] == 500_000
    assert values["books_finance_cost_share_12m"] == 50_000
    assert values["books_profit_fen_12m"] == 500 - 100 - 700 - 70  # where the class is told
    assert values["books_receivables_share_12m"] == 200_000
    assert values["books_short_loans_change_fen_12m"] == 3000
    assert values["books_other_receivable_change_12m"] == 100_000
    assert values["books_revenue_months_active_12m"] == 1


def test_a_loss_has_a_negative_margin():
    values = of_kind("ledger_line", line("2020-06-01", "5001", credit=1000), line("2020-06-01", "5401", debit=1500))
    assert values["books_gross_margin_12m"] == -500_000


def test_standing_amounts_are_the_last_closing_balances():
    values = of_kind(
        "ledger_line",
        line("2020-04-30", "1122", debit=900, entry="closing_balance"),
        line("2020-05-31", "1122", debit=800, entry="closing_balance"),
        line("2020-05-31", "1122", debit=300, entry="closing_balance", counterparty_id="C1"),  # a part of it
        line("2020-05-31", "112201", debit=300, entry="closing_balance"),  # a part of it
        line("2020-05-31", "1001", debit=10, entry="closing_balance"),
        line("2020-05-31", "1002", debit=90, entry="closing_balance"),
        line("2020-05-31", "2001", credit=400, entry="closing_balance"),
        line("2020-05-31", "2001", credit=7, entry="opening_balance"),
    )
    assert values["books_receivables_fen_12m"] == 800
    assert values["books_money_fen_12m"] == 100
    assert values["books_short_loans_fen_12m"] == 400
    assert values["books_payables_fen_12m"] is None
    assert values["books_revenue_fen_12m"] == 0


def test_vouchers_balance_or_are_counted():
    values = of_kind(
        "ledger_line",
        line("2020-06-01", "1002", debit=100, voucher_id="V1", preparer_id="P1"),
        line("2020-06-01", "5001", credit=100, voucher_id="V1", preparer_id="P1"),
        line("2020-06-02", "1002", debit=100, voucher_id="V2", preparer_id="P2"),
        line("2020-06-02", "5001", credit=90, voucher_id="V2", preparer_id="P2"),
        line("2020-06-02", "1002", debit=9, entry="closing_balance"),
    )
    assert values["books_imbalance_fen_12m"] == 10
    assert values["books_unbalanced_voucher_share_12m"] == 500_000
    assert values["books_preparers_12m"] == 2


def test_failed_comparisons_are_counted_by_what_they_compare():
    values = of_kind(
        "reconciliation",
        check("running_balance", False, checked_count=100, failed_count=5),
        check("running_balance", False, checked_count=100),  # how many failed is not told
        check("interest_days", False),
        check("trial_balance_rolls", False),
        check("vat_identities", True, checked_count=100, failed_count=0),
        check("books_with_tax", True, gap_ppm=-40_000),
        check("books_with_bank", False, gap_ppm=500_000),
        check("shop_with_wallet", True),
    )
    assert values["checks_failed_count_12m"] == 5
    assert values["checks_failed_share_12m"] == 625_000
    assert values["checks_failed_names_12m"] == 4
    assert values["file_checks_failed_share_12m"] == 800_000  # four of five
    assert values["source_checks_failed_share_12m"] == 333_333
    assert values["statement_checks_failed_count_12m"] == 2
    assert values["forgery_checks_failed_count_12m"] == 1
    assert values["book_checks_failed_count_12m"] == 1
    assert values["checked_lines_failed_share_12m"] == 25_000
    assert values["books_tax_gap_12m"] == 40_000
    assert values["books_bank_gap_12m"] == 500_000
