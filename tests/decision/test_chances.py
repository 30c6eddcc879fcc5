"""The probability that a decision logs is the share of draws that would have ended alike; receipts without one read on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom
from whatif_policies import compiled, exploring

from weilend.core.errors import ReplayError
from weilend.core.money import PPM
from weilend.core.values import Application, Decision, FeatureRow, FraudVerdict, Offer, Receipt, Score, Standing
from weilend.decision import Evaluator, check_policy, replay, seal, seals, verify_receipt
from weilend.decision.chances import CERTAIN
from weilend.decision.example import example_policy
from weilend.decision.experiments import Trial, assign
from weilend.decision.facts import drawn_by
from weilend.decision.parts import Arm, Experiment
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
        decision=decision if logged else replace(decision, chance_ppm=None, arms_chance_ppm=None),
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


# ------------------------------------------------------------------------------------------------- the arms themselves
SHARES = st.lists(st.integers(0, 10), min_size=1, max_size=3).filter(any)


def drawing(*experiments: list[int]) -> Evaluator:
    """The example with experiments of arms by these tenths or so; the second runs in grade B alone."""
    made = []
    for number, tenths in enumerate(experiments):
        shares = [PPM * one // sum(tenths) for one in tenths]
        shares[-1] += PPM - sum(shares)
        arms = tuple(Arm(name=f"a{place}", share_ppm=share) for place, share in enumerate(shares))
        made.append(Experiment(name=f"e{number}", salt=f"s{number}", arms=arms, when="grade = 'B'" if number else "TRUE"))
    return compiled(replace(example_policy(), experiments=tuple(made)))


def sum_to_one(evaluator: Evaluator, grade: str | None) -> bool:
    """Whether the probabilities of all combinations of arms add up to one, up to half a ppm for each that is rounded."""
    shares = evaluator.chances.shares[grade]
    ways = [dict(zip(shares, arms, strict=True)) for arms in product(*shares.values())]
    total = sum(evaluator.chances.of_arms(grade, way) for way in ways)
    return abs(total - PPM) <= (len(ways) if len(shares) > 1 else 0)


@settings(max_examples=25, deadline=None)
@given(one=SHARES, two=SHARES)
def test_the_chances_of_all_arms_add_up_to_one(one, two):
    for evaluator in (drawing(one), drawing(one, two)):
        assert all(sum_to_one(evaluator, grade) for grade in evaluator.chances.shares)
    assert evaluator.chances.shares["A"]["e1"] == {"a0": PPM}, "outside its grade the first arm holds, for certain"


def test_a_planted_fault_in_the_chances_is_caught():
    """Shares of arms as they stand in the file, also where the experiment does not run."""
    evaluator = drawing([9, 1], [5, 5])
    wrong = {"e0": {"a0": 900_000, "a1": 100_000}, "e1": {"a0": 500_000}}
    shares = {**evaluator.chances.shares, "A": wrong}
    assert sum_to_one(evaluator, "A")
    assert not sum_to_one(replace(evaluator, chances=replace(evaluator.chances, shares=shares)), "A")


def test_owners_fall_into_arms_as_often_as_the_logged_chances_say():
    evaluator, owners = drawing([6, 3, 1]), 4_000
    row = FeatureRow(business_id="E", as_of=0, feature_set="f", values={"sales_fen_12m": 50_000_000}, newest_days={"order": 1})
    decisions = [
        evaluator.decide(row, CLEAR, score_of(20_000), Standing(drawn_by=drawn_by(f"E{number}", {f"O{number}"})))
        for number in range(owners)
    ]
    for arm, share in evaluator.chances.shares["A"]["e0"].items():
        mine = [one for one in decisions if one.arms == {"e0": arm}]
        assert {one.arms_chance_ppm for one in mine} == {share}
        lo, hi = binom.ppf([0.001, 0.999], owners, share / PPM)
        assert lo <= len(mine) <= hi


def arms_agree(evaluator: Evaluator, drawer: Callable[[str, frozenset[str]], str], families: Sequence[frozenset[str]]) -> bool:
    """Whether any two firms of the same owners are in the same arms."""
    for family, owners in enumerate(families):
        rows = [FeatureRow(business_id=f"E{family}-{one}", as_of=one, feature_set="f", values={"sales_fen_12m": None})
                for one in range(3)]  # fmt: skip
        said = [evaluator.decide(row, CLEAR, None, Standing(drawn_by=drawer(row.business_id, owners))) for row in rows]
        if len({(tuple(one.arms.items()), one.arms_chance_ppm) for one in said}) > 1:
            return False
    return True


@settings(max_examples=25, deadline=None)
@given(families=st.lists(st.frozensets(st.text("abc", min_size=1, max_size=3), min_size=1), min_size=1, max_size=8))
def test_two_firms_of_the_same_owners_are_in_the_same_arms_whenever_they_ask(families):
    assert arms_agree(drawing([5, 5]), drawn_by, families)


def test_drawing_by_the_business_is_caught():
    families = [frozenset({f"O{number}"}) for number in range(20)]
    assert not arms_agree(drawing([5, 5]), lambda business, owners: business, families)


def test_trials_draw_as_live_decisions_do():
    """One function says who draws, one draws: an arm of half of all owners is that of a trial with the same salt."""
    trial = Trial(name="t", salt="s0", champion="p", challenger="q", share_ppm=500_000)
    evaluator = drawing([5, 5])
    row = FeatureRow(business_id="E", as_of=0, feature_set="f", values={"sales_fen_12m": None})
    for number in range(50):
        owner = drawn_by(f"E{number}", {f"O{number}", f"P{number}"})
        assert owner == f"O{number}"
        arms = evaluator.decide(row, CLEAR, None, Standing(drawn_by=owner)).arms
        assert (arms == {"e0": "a0"}) is (assign(trial, owner).arm == "challenger")


def test_a_check_finds_equal_salts():
    policy = drawing([5, 5], [5, 5]).policy
    twins = tuple(replace(one, salt="s") for one in policy.experiments)
    found = [str(one) for one in check_policy(compiled(replace(policy, experiments=twins)))]
    assert "experiment 'e1': another experiment has its salt" in found


def test_a_policy_without_experiments_logs_that_nobody_drew():
    assert decide(compiled(example_policy()), "E1", 20_000).arms_chance_ppm is None
