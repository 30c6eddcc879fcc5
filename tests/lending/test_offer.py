from __future__ import annotations

import msgspec
import pytest

from weilend.core.errors import CheckError, InputError
from weilend.core.values import Decision, Offer
from weilend.lending.offer import Allotment, cost_statement, make_offer
from weilend.lending.products import load_product

PRODUCT = load_product("enterprise_loan")
APPROVED = Decision(
    policy_id="p",
    outcome="approve",
    grade="B",
    ceiling_fen=50_000_000,
    floor_rate_ppm=70_000,
    limits_fen={},
    reasons=(),
    months=12,
)
GIVEN = Allotment(allocation_id="P1", receipt_id="R1", amount_fen=20_000_000, annual_rate_ppm=96_000)


def test_what_was_allotted_is_offered_and_cites_both_receipts() -> None:
    assert make_offer(PRODUCT, APPROVED, GIVEN) == Offer(
        status="offered", amount_fen=20_000_000, annual_rate_ppm=96_000, months=12, cites=("R1", "P1")
    )


def test_the_ceiling_and_the_floor_themselves_may_be_offered() -> None:
    edge = msgspec.structs.replace(GIVEN, amount_fen=50_000_000, annual_rate_ppm=70_000)
    assert make_offer(PRODUCT, APPROVED, edge).amount_fen == 50_000_000


@pytest.mark.parametrize("outcome", ["approve", "refer", "decline"])
def test_before_a_budget_is_placed_nothing_is_assessed(outcome: str) -> None:
    decision = msgspec.structs.replace(APPROVED, outcome=outcome)
    assert make_offer(PRODUCT, decision, None) == Offer(status="not_assessed")


def test_an_approval_left_with_nothing_is_not_placed() -> None:
    nothing = Allotment(allocation_id="P1", receipt_id="R1", amount_fen=0)
    assert make_offer(PRODUCT, APPROVED, nothing) == Offer(status="not_placed", cites=("R1", "P1"))


@pytest.mark.parametrize(
    ("amount_fen", "rate_ppm", "said"),
    [
        (51_000_000, 96_000, "above the ceiling of ¥500,000: ¥510,000 at 9.60 %"),
        (20_000_000, 69_999, "below the floor rate of 7.00 %"),
        (9_000_000, 96_000, "below the product's smallest amount of ¥100,000"),
        (-20_000_000, 96_000, "below the product's smallest amount"),
        (20_500_000, 96_000, "no multiple of ¥10,000"),
        (20_000_000, 150_001, "above the product's highest rate of 15.00 %"),
        (60_500_000, 150_001, "above the ceiling of ¥500,000, no multiple of ¥10,000, above the product's highest rate"),
    ],
)
def test_a_breach_is_refused_and_never_re_priced(amount_fen: int, rate_ppm: int, said: str) -> None:
    with pytest.raises(CheckError, match=said):
        make_offer(PRODUCT, APPROVED, msgspec.structs.replace(GIVEN, amount_fen=amount_fen, annual_rate_ppm=rate_ppm))


def test_a_generous_policy_does_not_widen_the_product() -> None:
    generous = msgspec.structs.replace(APPROVED, ceiling_fen=10**10, floor_rate_ppm=0)
    with pytest.raises(CheckError, match="above the product's largest amount of ¥1,000,000"):
        make_offer(PRODUCT, generous, msgspec.structs.replace(GIVEN, amount_fen=101_000_000))
    with pytest.raises(CheckError, match=r"below the product's lowest rate of 4\.00 %"):
        make_offer(PRODUCT, generous, msgspec.structs.replace(GIVEN, annual_rate_ppm=39_999))


@pytest.mark.parametrize("outcome", ["refer", "decline"])
@pytest.mark.parametrize("amount_fen", [0, 20_000_000])
def test_nothing_is_given_to_what_was_not_approved(outcome: str, amount_fen: int) -> None:
    decision = msgspec.structs.replace(APPROVED, outcome=outcome)
    with pytest.raises(InputError, match=f"allocation P1 gives to R1, which is {outcome}"):
        make_offer(PRODUCT, decision, msgspec.structs.replace(GIVEN, amount_fen=amount_fen))


@pytest.mark.parametrize(
    ("decision", "given"),
    [
        (msgspec.structs.replace(APPROVED, ceiling_fen=None), GIVEN),
        (msgspec.structs.replace(APPROVED, floor_rate_ppm=None), GIVEN),
        (APPROVED, msgspec.structs.replace(GIVEN, annual_rate_ppm=None)),
    ],
)
def test_an_approval_without_bounds_offers_nothing(decision: Decision, given: Allotment) -> None:
    with pytest.raises(InputError, match="lacks a ceiling, a floor rate, a term or a rate"):
        make_offer(PRODUCT, decision, given)


def test_the_cost_of_an_offer_by_both_conventions_in_both_languages() -> None:
    statement = cost_statement(PRODUCT, make_offer(PRODUCT, APPROVED, GIVEN))
    assert (statement.interest_fen, statement.total_fen) == (1_920_000, 21_920_000)
    assert (statement.nominal_rate_ppm, statement.effective_rate_ppm) == (96_000, 100_339)
    assert [row.due_fen for row in statement.schedule.instalments] == [160_000] * 11 + [20_160_000]
    said = statement.say()
    assert said.en == (
        "¥200,000 for 12 months costs ¥19,200 of interest and no fee, ¥219,200 to repay in all: "
        "9.60 % a year simple, 10.03 % compounded"
    )
    assert "利息合计¥19,200" in said.zh
    assert "10.03 %" in said.zh


def test_what_was_not_offered_has_no_cost() -> None:
    with pytest.raises(InputError, match="an offer that is not_placed costs nothing"):
        cost_statement(PRODUCT, Offer(status="not_placed"))
