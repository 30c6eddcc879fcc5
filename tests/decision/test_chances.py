"""The probability that a decision logs is the share of draws that would have ended alike; receipts without one read on."""

from __future__ import annotations

from itertools import product

import msgspec
import pytest
from whatif_policies import exploring

from weilend.core.errors import ReplayError
from weilend.core.money import PPM
from weilend.core.values import Application, Decision, FeatureRow, FraudVerdict, Offer, Receipt, Score
from weilend.decision import Evaluator, replay, seal, seals, verify_receipt
from weilend.decision.chances import CERTAIN
from weilend.testing.applications import make_applications

CLEAR = FraudVerdict("clear")
GIVEN = {
    "sales_fen_12m": 50_000_000,
    "shop_status": "present",
    "row_age_seconds": 0,
    "explore_draw_ppm": 950_000,
    "dearer_draw_ppm": 0,
}
replace = msgspec.structs.replace


def decide(evaluator: Evaluator, business: str, pd_ppm: int, sales: int = 50_000_000) -> Decision:
    row = FeatureRow(business_id=business, as_of=0, feature_set="f", values={"sales_fen_12m": sales}, newest_days={"order": 1})
    return evaluator.decide(row, CLEAR, score_of(pd_ppm))


def score_of(pd_ppm: int) -> Score:
    return Score(model_id="m", base_points=500, points=500, pd_ppm=pd_ppm, contributions=())


def test_the_logged_probability_is_the_share_of_draws_that_end_alike():
    """By brute force: every pair of draws on a grid, on applications that break rules or not."""
    evaluator = exploring()
    rows = make_applications(evaluator.program, 60, 3, [GIVEN | {"pd_ppm": pd} for pd in (20_000, 60_000, 70_000)])
    seen = set()
    for row in rows.to_pylist():
        outcomes = {}
        for one, two in product(range(5_000, PPM, 50_000), range(5_000, PPM, 250_000)):
            values = row | {"explore_draw_ppm": one, "dearer_draw_ppm": two}
            outcomes[one, two] = evaluator.answer(values).outcome
        answer = evaluator.answer(row)
        share = sum(outcome == answer.outcome for outcome in outcomes.values()) / len(outcomes)
        logged = evaluator.chances.of(
            answer.grade, answer.outcome, answer.arms, lambda draws, row=row: evaluator.answer({**row, **draws}).outcome
        )
        assert logged == pytest.approx(share * PPM, abs=1)
        seen.add(logged)
    assert {PPM, 900_000, 100_000} <= seen


def test_who_is_explored_logs_the_slice_and_the_others_the_rest():
    evaluator = exploring()
    found = [decide(evaluator, f"E{number}", 60_000) for number in range(400)]
    assert {(one.outcome, one.chance_ppm) for one in found} == {("approve", 100_000), ("decline", 900_000)}
    assert {decide(evaluator, f"E{number}", 20_000).chance_ppm for number in range(50)} == {PPM}


def test_an_arm_that_turns_no_outcome_costs_nothing(shop, evaluator):
    assert evaluator.chances is CERTAIN
    grades = shop.chances.ways
    assert set(grades) <= {"B"}, "margin_test runs in grade B alone"


def receipt_of(evaluator: Evaluator, pd_ppm: int, *, logged: bool = True) -> Receipt:
    values = {"sales_fen_12m": 50_000_000}
    row = FeatureRow(business_id="E7", as_of=0, feature_set="f", values=values, newest_days={"order": 1})
    decision = evaluator.decide(row, CLEAR, score_of(pd_ppm))
    return seal(
        application=Application(application_id="A", product="example", business_id="E7", as_of=0, consent_id="own-data"),
        book_seq=1,
        sealed=seals(policy=evaluator.policy_id, product="p", model="m", feature_set="f", runtime={"python": "3.11"}),
        features=row,
        fraud=CLEAR,
        score=score_of(pd_ppm),
        decision=decision if logged else replace(decision, chance_ppm=None),
        offer=Offer(status="not_assessed"),
    )


@pytest.mark.parametrize("pd_ppm", [20_000, 60_000])
def test_old_receipts_have_no_probability_and_replay_to_the_bit(pd_ppm):
    evaluator = exploring()
    old, new = (receipt_of(evaluator, pd_ppm, logged=logged) for logged in (False, True))
    written = msgspec.json.encode(old)
    assert b"chance_ppm" not in written
    assert b"chance_ppm" in msgspec.json.encode(new)
    again = msgspec.json.decode(written, type=Receipt)
    verify_receipt(again)
    for receipt in (again, new):
        replay(receipt, evaluator, lambda row: score_of(pd_ppm))


def test_a_forged_probability_does_not_replay():
    evaluator = exploring()
    receipt = receipt_of(evaluator, 60_000)
    content = {name: getattr(receipt, name) for name in receipt.__struct_fields__ if name != "receipt_id"}
    forged = seal(**content | {"decision": replace(receipt.decision, chance_ppm=PPM)})
    with pytest.raises(ReplayError, match=r"decision\.chance_ppm differs"):
        replay(forged, evaluator, lambda row: score_of(60_000))
