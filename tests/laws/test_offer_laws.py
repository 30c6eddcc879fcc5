from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from weilend.core.errors import CheckError
from weilend.core.values import Decision
from weilend.lending.offer import Allotment, cost_statement, make_offer
from weilend.lending.products import load_product

PRODUCT = load_product("enterprise_loan")
TERMS = PRODUCT.terms


@given(
    ceiling_fen=st.integers(0, 120).map(lambda steps: steps * TERMS.amount_step_fen),
    floor_rate_ppm=st.integers(30_000, 160_000),
    amount_fen=st.integers(1, 120).map(lambda steps: steps * TERMS.amount_step_fen),
    rate_ppm=st.integers(30_000, 160_000),
)
def test_an_offer_is_what_was_allotted_or_nothing(
    ceiling_fen: int, floor_rate_ppm: int, amount_fen: int, rate_ppm: int
) -> None:
    decision = Decision(
        policy_id="p", outcome="approve", grade="A", ceiling_fen=ceiling_fen, floor_rate_ppm=floor_rate_ppm,
        limits_fen={}, reasons=(), months=12,
    )  # fmt: skip
    allotment = Allotment(allocation_id="P", receipt_id="R", amount_fen=amount_fen, annual_rate_ppm=rate_ppm)
    inside = (
        TERMS.min_amount_fen <= amount_fen <= min(ceiling_fen, TERMS.max_amount_fen)
        and max(floor_rate_ppm, TERMS.min_annual_rate_ppm) <= rate_ppm <= TERMS.max_annual_rate_ppm
    )
    try:
        offer = make_offer(PRODUCT, decision, allotment)
    except CheckError:
        assert not inside
        return
    assert inside
    assert (offer.amount_fen, offer.annual_rate_ppm) == (amount_fen, rate_ppm)
    statement = cost_statement(PRODUCT, offer)
    flows = statement.schedule.flows_fen()
    assert sum(flows) == statement.interest_fen == statement.total_fen - amount_fen
    assert abs(statement.nominal_rate_ppm - rate_ppm) <= 2, "the quoted rate is the rate of the flows"
    assert statement.effective_rate_ppm > statement.nominal_rate_ppm
