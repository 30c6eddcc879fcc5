"""Features of cash flow: examples worked by hand, on both engines."""

from __future__ import annotations

from datetime import date

import pytest

from weilend.core.plan import Spine
from weilend.features.cash_flow import CASH_FLOW_FEATURES
from weilend.features.plans import FeatureSet
from weilend.testing.facts import HOME, fact_at, look_at_facts

AS_OF = HOME.start_of(date(2020, 7, 1))  # windows in months end with June 2020, windows in days with 30 June


def at(day: str, hour: int = 12) -> int:
    return HOME.start_of(date.fromisoformat(day)) + 3600 * hour


def make(kind: str, day: str, hour: int = 12, **fields) -> dict:
    return fact_at(kind, at(day, hour), **{"business_id": "B1", **fields})


THEME = FeatureSet("cash_flow", CASH_FLOW_FEATURES)


def line(
    day: str, direction: str, yuan: int, nature: str = "trade", other: str = "business", party: str = "C1", **more
) -> dict:
    fields = {"account_id": "A1", "direction": direction, "amount_fen": yuan * 100, "nature": nature, "has_time": False}
    return make("bank_entry", day, counterparty_kind=other, counterparty_id=party, **{**fields, **more})


def alone(*entries: dict, kind: str = "bank_entry") -> dict[str, int | None]:
    """Return the features of one kind only, so that the other kind need not be there."""
    chosen = FeatureSet("alone", tuple(one for one in CASH_FLOW_FEATURES if one.parts[0].kind == kind))
    return look_at_facts(chosen, {kind: list(entries)}, Spine(("B1",), (AS_OF,)))


def test_true_inflow_leaves_out_what_trade_did_not_bring():
    values = alone(
        line("2020-06-01", "in", 1000),
        line("2020-06-02", "in", 500, other="person", party="C2"),
        line("2020-06-03", "in", 9000, other="own"),
        line("2020-06-03", "in", 9000, other="related"),
        line("2020-06-03", "in", 9000, other="lender", nature="loan"),
        line("2020-06-03", "in", 9000, nature="loan"),
        line("2020-06-03", "in", 9000, other="wallet"),
        line("2020-06-04", "in", 9000, nature="refund"),
        line("2020-06-04", "in", 9000, nature="reversal"),
        line("2020-06-04", "in", 9000, nature="returned_unpaid"),
        line("2020-06-04", "in", 9000, nature="interest", other="bank"),
        line("2020-06-04", "in", 9000, nature="transfer"),
        line("2020-06-04", "in", 9000, nature="investment", other="bank"),
        line("2020-06-05", "out", 200, nature="reversal"),  # a receipt taken back
        line("2020-06-05", "out", 300, nature="refund"),  # a buyer paid back: not income lost twice, but cash spent
        line("2020-07-01", "in", 7000),  # in the month of the as_of, which is not complete
    )
    assert values["true_inflow_fen_12m"] == 130_000  # 1000 + 500 - 200
    assert values["true_inflow_share_12m"] == round(1300 / 100_500 * 1e6)  # eleven times 9000, and 1500, came in
    assert values["related_inflow_share_12m"] == round(9000 / 100_500 * 1e6)
    assert values["inflow_count_12m"] == 2
    assert values["inflow_mean_fen_12m"] == 75_000
    assert values["inflow_months_active_12m"] == 1
    assert values["payers_12m"] == 2
    assert values["top_payer_share_12m"] == 666_667  # 1000 of 1500
    # third parties, in: 1500 + refund, reversal, returned unpaid 27000; out: 200 + 300
    assert values["net_cash_fen_12m"] == 2_800_000
    assert values["net_cash_margin_12m"] == round(28_000 / 1_300 * 1e6)


def test_the_margin_is_negative_where_more_was_spent():
    values = alone(line("2020-05-01", "in", 1000), line("2020-05-02", "out", 1500), line("2020-05-03", "out", 800, other="own"))
    assert values["net_cash_fen_12m"] == -50_000
    assert values["net_cash_margin_12m"] == -500_000
    assert values["debt_cover_12m"] is None  # nothing was owed
    assert values["debt_burden_12m"] == 0


def test_debt_service_counts_lenders_and_not_what_bounced():
    values = alone(
        line("2020-05-10", "in", 10_000),
        line("2020-05-11", "out", 4000),
        line("2020-05-12", "in", 5000, nature="loan", other="lender", lender_id="L1"),
        line("2020-05-13", "in", 3000, nature="loan", other="bank", lender_id="L2"),
        line("2020-06-12", "out", 1000, nature="loan", other="lender", lender_id="L1"),
        line("2020-06-13", "out", 200, nature="interest", other="bank", lender_id="L2"),
        line("2020-06-14", "out", 700, nature="loan", other="lender", lender_id="L3"),
        line("2020-06-14", "in", 700, nature="returned_unpaid", other="lender", lender_id="L3"),  # the debit bounced
        line("2020-06-15", "in", 1, nature="interest", other="lender", lender_id="L9"),
        line("2019-12-15", "in", 100, nature="loan", other="lender", lender_id="L8"),  # more than ninety days ago
    )
    assert values["debt_service_fen_12m"] == 120_000  # 1000 + 200 + 700 - 700
    assert values["debt_burden_12m"] == 120_000  # 1200 of 10,000
    assert values["debt_burden_90d"] == 120_000
    assert values["debt_cover_12m"] == 5_000_000  # (10,000 - 4000) / 1200
    assert values["lenders_credited_90d"] == 2  # L1, L2
    assert values["lenders_debited_90d"] == 3  # L1, L2, L3
    assert values["loan_inflow_count_90d"] == 2
    assert values["debt_service_days_90d"] == 3
    assert values["debt_service_months_active_12m"] == 1
    assert values["returned_unpaid_count_12m"] == 1
    assert values["debt_refinancing_12m"] == round(8100 / 1900 * 1e6)
    assert values["loan_inflow_share_12m"] == round(8100 / (10_000 + 8100 + 700 + 1) * 1e6)


def test_reciprocity_and_turnover_see_what_passes_through():
    values = alone(
        line("2020-06-01", "in", 1000, party="C1"),
        line("2020-06-01", "out", 600, party="C1"),  # same party, same day
        line("2020-06-02", "in", 3000, party="C2"),
        line("2020-06-02", "out", 500, party="A2", other="own"),  # to oneself: no turnover
        line("2020-06-03", "in", 500, party="P1", other="platform"),
        line("2020-06-03", "out", 50, party="P1", other="platform", nature="fee"),  # a platform's fee is honest
    )
    assert values["reciprocity_12m"] == 250_000  # 1000 of the 4000 from traders
    assert values["same_day_turnover_90d"] == round(650 / 4500 * 1e6)
    assert values["top_payee_share_12m"] == round(600 / 650 * 1e6)


def test_patterns_of_receipts():
    values = alone(
        line("2020-06-06", "in", 2000),  # a Saturday; whole thousands
        line("2020-06-05", "in", 1999),  # a Friday
        line("2020-06-04", "in", 1999, has_time=True),  # at noon
        {**line("2020-06-03", "in", 300, has_time=True), "happened_at": at("2020-06-03", 2)},  # two at night
        {**line("2020-06-02", "in", 400), "happened_at": at("2020-06-02", 3)},  # no time of day was given
    )
    assert values["round_inflow_share_12m"] == 200_000
    assert values["weekend_inflow_share_12m"] == 200_000
    assert values["night_inflow_share_90d"] == 500_000
    assert values["common_inflow_share_12m"] == 400_000
    assert values["first_digit_gap_12m"] is None  # five amounts say nothing


def test_first_digits_are_held_against_benford():
    """A hundred amounts that begin with 1: |1 - 0.30103| + 0.69897 over nine digits."""
    values = alone(*(line("2020-06-01", "in", 100 + number) for number in range(100)))
    assert values["first_digit_gap_12m"] == round(2 * (1 - 0.3010299957) / 9 * 1e6)


def test_presence_is_counted_in_months():
    values = alone(
        line("2020-04-10", "out", 100, nature="wages", other="person"),
        line("2020-05-10", "out", 100, nature="unknown", other="payroll"),
        line("2020-05-11", "out", 100, nature="wages", other="person"),
        line("2020-05-12", "in", 1000, nature="wages", other="person"),  # came in: not paid
        line("2020-05-13", "out", 50, nature="tax", other="tax"),
        line("2020-05-14", "out", 50, nature="rent"),
        line("2020-06-14", "out", 50, other="utility"),
        line("2020-06-15", "out", 50, nature="social_insurance"),
    )
    names = ("wage", "rent", "utility", "tax_payment", "social_insurance")
    assert [values[f"{name}_months_active_12m"] for name in names] == [2, 1, 1, 1, 1]
    assert values["wage_share_12m"] == 300_000


def test_gaps_and_recency():
    values = alone(line("2020-03-01", "in", 10), line("2020-03-31", "in", 10), line("2020-06-29", "in", 10))
    assert values["inflow_longest_gap_days_180d"] == 90  # 31 March to 29 June
    assert values["days_since_last_inflow_180d"] == 2  # as of 1 July
    assert values["inflow_active_days_90d"] == 1  # 31 March at noon is 91 days and a half ago


def test_balances_hold_until_the_next_entry():
    values = alone(
        line("2020-06-21", "in", 1, balance_fen=50_000),
        line("2020-06-21", "in", 1, balance_fen=200_000),  # later that day: written after it
        line("2020-06-26", "in", 1, balance_fen=-10_000),
        line("2020-06-29", "in", 1, balance_fen=300_000),
        line("2020-06-29", "in", 1, balance_fen=None),
        line("2020-07-01", "in", 1, balance_fen=10**9),  # after the as_of
    )
    # 21-25 June (5 days) 2000 yuan, 26-28 June (3) -100, 29-30 June (2) 3000
    assert values["daily_balance_mean_fen_90d"] == (5 * 200_000 - 3 * 10_000 + 2 * 300_000) // 10
    assert values["daily_balance_p10_fen_90d"] == -10_000
    assert values["low_balance_days_90d"] == 3
    assert values["overdrawn_days_90d"] == 3
    assert values["last_balance_fen_90d"] == 300_000
    assert values["lowest_balance_fen_90d"] == -10_000
    assert values["balance_median_fen_90d"] == 50_000  # -10,000, 50,000, 200,000, 300,000
    assert values["overdrawn_entry_share_12m"] == 250_000


def test_balances_of_accounts_add_up():
    values = alone(
        line("2020-06-27", "in", 1, account_id="A1", balance_fen=90_000),
        line("2020-06-29", "in", 1, account_id="A2", balance_fen=40_000),
    )
    assert values["daily_balance_mean_fen_90d"] == 110_000  # two days of 90,000, two of 130,000
    assert values["low_balance_days_90d"] == 2
    assert values["last_balance_fen_90d"] == 130_000


def test_without_balances_nothing_is_known_of_them():
    values = alone(line("2020-06-27", "in", 1))
    names = [one.name for one in CASH_FLOW_FEATURES if "balance" in one.name]
    assert {values[name] for name in names} == {None}
    assert len(names) == 8
    assert values["overdrawn_days_90d"] is None


def test_statements_close_by_account():
    rows = (
        make("statement_balance", "2020-05-31", account_id="A1", closing_fen=100),
        make("statement_balance", "2020-06-30", account_id="A1", closing_fen=300),
        make("statement_balance", "2020-04-30", account_id="A2", closing_fen=7),
        make("statement_balance", "2020-06-30", account_id="A3"),
    )
    dates = {"period_start_on": date(2020, 4, 1), "period_end_on": date(2020, 6, 30)}
    values = alone(*({**row, **dates} for row in rows), kind="statement_balance")
    assert values == {"statement_closing_fen_12m": 307, "statement_accounts_12m": 2}


@pytest.mark.parametrize("whole", [True, False])
def test_income_swings_and_trends(whole):
    months = [f"2020-0{month}-15" for month in range(1, 7)]
    values = alone(*(line(day, "in", 1000 if whole else 1000 * index) for index, day in enumerate(months, 1)))
    assert values["inflow_change_6m"] == (0 if whole else round((15 - 6) / 21 * 1e6))
    assert values["inflow_best_month_share_12m"] == round((1 / 6 if whole else 6 / 21) * 1e6)
    assert values["inflow_worst_month_12m"] == 0
    assert values["true_inflow_fen_3m"] == (300_000 if whole else 1_500_000)
