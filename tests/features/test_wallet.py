"""Features of wallet: examples worked by hand, on both engines."""

from __future__ import annotations

from datetime import date

from weilend.core.plan import Spine
from weilend.features.plans import FeatureSet
from weilend.features.wallet import WALLET_FEATURES
from weilend.testing.facts import HOME, fact_at, look_at_facts

AS_OF = HOME.start_of(date(2020, 7, 1))  # windows in months end with June 2020, windows in days with 30 June


def at(day: str, hour: int = 12) -> int:
    return HOME.start_of(date.fromisoformat(day)) + 3600 * hour


def make(kind: str, day: str, hour: int = 12, **fields) -> dict:
    return fact_at(kind, at(day, hour), **{"business_id": "B1", **fields})


def values_of(rows: list[dict], kind: str) -> dict[str, int | None]:
    """Return every feature of B1, after both engines gave the same."""
    return look_at_facts(THEME, {kind: rows}, Spine(("B1",), (AS_OF,)))


THEME = FeatureSet("wallet", WALLET_FEATURES)


def line(day: str, direction: str, yuan: int, nature: str = "sale", party: str = "C1", hour: int = 12, **more) -> dict:
    fields = {"account_id": "W1", "wallet": "alipay", "status": "done", "nature": nature, "amount_fen": yuan * 100}
    return make("wallet_entry", day, hour, direction=direction, counterparty_id=party, **{**fields, **more})


def wallet(*entries: dict) -> dict[str, int | None]:
    return values_of(list(entries), "wallet_entry")


def test_receipts_are_sales_less_refunds_and_fees():
    values = wallet(
        line("2020-06-01", "in", 1000, refunded_fen=10_000),  # the refund has a line of its own
        line("2020-06-02", "in", 500, party="C2"),
        line("2020-06-03", "out", 100, "refund"),
        line("2020-06-03", "out", 6, "fee"),
        line("2020-06-03", "in", 50, "refund"),  # of a purchase
        line("2020-06-03", "neutral", 900),  # neither in nor out
        line("2020-06-03", "in", 900, status="pending"),
        line("2020-06-03", "in", 800, status="closed"),
        line("2020-06-03", "in", 700, "top_up"),
        line("2020-06-04", "out", 150, "ad_spend"),
    )
    assert values["wallet_receipts_fen_12m"] == 139_400  # 1500 - 100 - 6
    assert values["wallet_sale_count_12m"] == 2
    assert values["wallet_sale_mean_fen_12m"] == 75_000
    assert values["wallet_refund_rate_12m"] == round(100 / 1500 * 1e6)
    assert values["wallet_fee_rate_12m"] == 4_000
    assert values["wallet_ad_share_12m"] == 100_000
    assert values["wallet_payers_12m"] == 2
    assert values["wallet_top_payer_share_12m"] == 666_667
    assert values["wallet_closed_sale_rate_12m"] == 333_333  # one of three; a pending one is neither
    assert values["wallet_top_up_share_12m"] == round(700 / 1500 * 1e6)


def test_money_that_goes_back_to_hired_buyers_is_seen():
    values = wallet(
        line("2020-06-01", "in", 100, party="P1"),
        line("2020-06-01", "in", 300, party="P2", hour=13),
        line("2020-06-01", "out", 100, "transfer_out", party="P9", counterparty_kind="person"),
        line("2020-06-02", "out", 300, "payout", party="P2", counterparty_kind="person"),  # a day later
        line("2020-06-01", "out", 300, "transfer_out", party="S1", counterparty_kind="business"),  # a supplier
        line("2020-06-01", "out", 300, "transfer_out", party="S2"),  # who, is not known
        line("2020-06-03", "in", 400, party="P3"),
    )
    assert values["wallet_same_day_payout_share_90d"] == 125_000  # 100 of 800
    assert values["wallet_same_size_payout_share_90d"] == 500_000  # 100 and 300 of 800
    assert values["wallet_reciprocity_12m"] == 375_000  # P2's 300 of 800
    assert values["wallet_payout_share_12m"] == 500_000
    assert values["wallet_busiest_hour_share_90d"] == 333_333


def test_loans_and_withdrawals_are_told_by_their_nature():
    values = wallet(
        line("2020-06-01", "in", 1000),
        line("2020-06-02", "neutral", 600, "withdraw"),
        line("2020-06-02", "out", 100, "withdraw"),
        line("2020-06-03", "neutral", 2000, "loan_in", lender_id="L1"),
        line("2020-06-03", "in", 500, "loan_in", lender_id="L2"),
        line("2020-06-04", "neutral", 200, "loan_out", lender_id="L1"),
        line("2020-06-05", "out", 300, "deposit"),
        line("2020-06-06", "in", 100, "deposit"),
        line("2020-06-07", "out", 80, "purchase", pay_method="credit"),
        line("2020-06-07", "out", 20, "purchase", pay_method="balance"),
        line("2020-06-07", "out", 900, "purchase"),
    )
    assert values["wallet_withdrawal_share_12m"] == 700_000
    assert values["wallet_loans_in_fen_90d"] == 250_000
    assert values["wallet_lenders_90d"] == 2
    assert values["wallet_loan_service_fen_12m"] == 20_000
    assert values["wallet_debt_burden_12m"] == 200_000
    assert values["wallet_deposit_net_fen_12m"] == 20_000
    assert values["wallet_deposit_count_90d"] == 1
    assert values["wallet_credit_purchase_share_12m"] == 800_000  # of those whose way of paying is known


def test_wallet_balances_add_up():
    values = wallet(line("2020-06-29", "in", 1, balance_fen=100), line("2020-06-30", "in", 1, account_id="W2", balance_fen=50))
    assert values["wallet_last_balance_fen_90d"] == 150
    assert values["wallet_daily_balance_mean_fen_90d"] == 125
