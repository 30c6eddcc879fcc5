"""Policies that are sound are proven; broken by hand, each is refuted, and what is shown of it is true when it is decided."""

from __future__ import annotations

from functools import cache
from typing import Any

import msgspec
import pytest

from weilend.app.desk.sealed import make_evaluator
from weilend.core.money import mul_rate
from weilend.core.records import Field
from weilend.decision import (
    Answer,
    Evaluator,
    Policy,
    Verdict,
    Witness,
    compile_policy,
    load_policy,
    make_claims,
    make_judge,
    prove,
)
from weilend.decision.example import example_policy
from weilend.decision.parts import Accepted, Arm, Experiment, Input, Rule
from weilend.decision.prover.prove import PROPERTIES
from weilend.features.sets import FEATURE_SETS
from weilend.lending import load_product
from weilend.testing.cells import look_everywhere, replay

replace = msgspec.structs.replace
SELLER, LOAN = "ecommerce_seller_loan", "enterprise_loan"
SMALL_FIELDS = {
    "sales_fen_12m": Field("sales_fen_12m", "integer", 0, 10**13, unit="fen"),
    "owner_sex": Field("owner_sex", "integer", 0, 1, unit="count"),
}


def compiled(policy: Policy) -> Evaluator:
    if policy.product == "example":
        return compile_policy(policy, SMALL_FIELDS, {"funding_rate_ppm": 50_000}, schedule="equal_instalment")
    product = load_product(policy.product)
    return make_evaluator(product, FEATURE_SETS[product.feature_set], policy)


@cache
def loan() -> Policy:
    return load_policy(LOAN)


def small() -> Policy:
    return example_policy()


def rule(policy: Policy, name: str, **changes: Any) -> Policy:
    return replace(policy, rules=tuple(replace(one, **changes) if one.id == name else one for one in policy.rules))


def limit(policy: Policy, name: str, **changes: Any) -> Policy:
    return replace(policy, limits=tuple(replace(one, **changes) if one.name == name else one for one in policy.limits))


def price(policy: Policy, formula: str) -> Policy:
    return replace(policy, floor_rate=replace(policy.floor_rate, formula=formula))


def failing(policy: Policy, *properties: str, at: str = "") -> list[Verdict]:
    """What is not proven, of all places or of one."""
    evaluator = compiled(policy)
    judge = make_judge(evaluator)
    verdicts = (judge.decide(claim) for claim in make_claims(evaluator, properties) if claim.where.endswith(at))
    return [verdict for verdict in verdicts if not verdict.passes]


def the(verdicts: list[Verdict], where: str, said: str = "") -> Verdict:
    """The verdict of a place; all that fail are refuted, none is left open."""
    assert [one.status for one in verdicts] == ["refuted"] * len(verdicts)
    (found,) = (one for one in verdicts if one.where.endswith(where) and said in one.said)
    return found


def shown(verdict: Verdict) -> Witness:
    assert verdict.witness is not None
    return verdict.witness


def answers(policy: Policy, witness: Witness) -> tuple[Answer, Answer | None]:
    evaluator = compiled(policy)
    return evaluator.answer(witness.values), None if witness.after is None else evaluator.answer(witness.after)


def never(policy: Policy, verdict: Verdict) -> None:
    """Look in all cells that a claim depends on for what the verdict says can never be."""
    evaluator = compiled(policy)
    claim = next(one for one in make_claims(evaluator, [verdict.kind]) if (one.where, one.bad) == (verdict.where, verdict.said))
    assert look_everywhere(evaluator, claim, verdict) is None
    assert verdict.witness is None


# ---------------------------------------------------------------------------------------------------------------- sound
@pytest.mark.parametrize("name", [SELLER, LOAN])
def test_the_policies_that_come_with_weilend_are_proven_and_every_witness_is_true(name):
    """The monotony of the seller loan takes longest and is proven at night, and by every `weilend policy check`."""
    properties = [one for one in PROPERTIES if (name, one) != (SELLER, "monotone")]
    evaluator = compiled(load_policy(name))
    claims, verdicts = make_claims(evaluator, properties), prove(evaluator, properties)
    assert [str(one) for one in verdicts if not one.passes] == []
    assert {one.kind for one in verdicts} == set(properties)
    assert all(replay(evaluator, claim, verdict) for claim, verdict in zip(claims, verdicts, strict=True))
    assert sum(verdict.witness is not None for verdict in verdicts) > 350


@pytest.mark.nightly
def test_worse_is_never_better_in_the_seller_loan():
    assert failing(load_policy(SELLER), "monotone") == []


def test_a_claim_that_is_not_decided_does_not_pass():
    verdicts = prove(compiled(loan()), ["monotone"], allowance=10)
    stuck = [one for one in verdicts if one.status == "unknown"]
    assert len(stuck) > 5
    assert not any(one.passes for one in stuck)
    assert all("not decided: the allowance ended" in one.said for one in stuck)


# --------------------------------------------------------------------------------------------------------------- broken
def test_a_rule_that_can_never_hold():
    policy = rule(loan(), "void_rate", when="sales_void_rate_12m > max_void_ppm and sales_void_rate_12m < 200000")
    never(policy, the(failing(policy, "reachable", at="rule 'void_rate'"), "rule 'void_rate'"))


def test_a_grade_that_nobody_can_get():
    first, second = small().grades
    policy = replace(small(), grades=(replace(first, when="pd_ppm >= 0"), second))
    verdicts = failing(policy, "reachable", "constant")
    never(policy, the(verdicts, "grade 'B'"))
    the(verdicts, "grade 'A', when", "always true")


def test_a_range_cell_that_is_always_true():
    """The share of void invoices begins at 0: the second half looks like a check and is none."""
    policy = rule(loan(), "void_rate", when="sales_void_rate_12m > max_void_ppm and sales_void_rate_12m >= 0")
    (verdict,) = failing(policy, "constant")
    assert "'sales_void_rate_12m >= 0' is always true" in verdict.said
    never(policy, verdict)


def test_a_threshold_out_of_range_is_always_false():
    policy = rule(loan(), "inactive_6m", when="sales_months_active_6m = 0 or sales_months_active_6m > 6")
    (verdict,) = failing(policy, "constant")
    assert "'sales_months_active_6m > 6' is always false" in verdict.said
    never(policy, verdict)


def test_a_rule_that_decides_nothing():
    twin = Rule(id="tiny", class_="referral", topic="capacity", when="sales_fen_12m < 500000", en="tiny", zh="小")
    policy = replace(small(), rules=(*small().rules, twin))
    verdict = the(failing(policy, "contradiction", "reachable"), "rule 'tiny'")
    assert (verdict.kind, "already" in verdict.said) == ("contradiction", True)
    never(policy, verdict)


def test_an_input_that_is_passed_over_when_it_is_not_known():
    policy = rule(loan(), "void_rate", unknown="pass")
    witness = shown(the(failing(policy, "missing", at="input 'sales_void_rate_12m'"), "input 'sales_void_rate_12m'"))
    answer, _ = answers(policy, witness)
    assert (answer.outcome, witness.values["sales_void_rate_12m"]) == ("approve", None)
    assert all(witness.values[source.status] == "present" for source in policy.sources if source.name == "invoices")
    assert witness.en.startswith("share of void sales invoices (not known): approve")
    assert witness.zh.startswith("销项发票作废率")


def test_a_missing_bureau_is_taken_for_a_clean_one():
    silent = rule(limit(loan(), "unseen", when="owner_no_file_180d = 1"), "bureau_unseen", when="bureau_status = 'stale'")
    witness = shown(the(failing(silent, "missing", at="source 'bureau'"), "source 'bureau'"))
    answer, _ = answers(silent, witness)
    assert answer.outcome == "approve"
    assert witness.values["bureau_status"] in ("missing", "not_pulled")
    assert "bureau_unseen" not in answer.codes


def test_a_reason_for_what_never_happens_is_refused():
    policy = replace(loan(), accepted={**loan().accepted, "sales_fen_12m": Accepted(why="we trust them")})
    never(
        policy,
        the(failing(policy, "missing", at="accepted 'sales_fen_12m'"), "accepted 'sales_fen_12m'", "take the reason out"),
    )


def test_what_is_accepted_under_a_condition_is_accepted_there_only():
    accepted = {**loan().accepted, "tax_rating_730d": Accepted(when="history_months < 24", why="new firms are not rated")}
    policy = replace(loan(), accepted=accepted)
    witness = shown(
        the(failing(policy, "missing", at="accepted 'tax_rating_730d'"), "accepted 'tax_rating_730d'", "neither a rule")
    )
    assert answers(policy, witness)[0].outcome == "approve"
    assert witness.values["history_months"] >= 24


def test_a_worse_grade_that_is_lent_more():
    first, second = small().grades
    policy = replace(small(), grades=(replace(first, values=second.values), replace(second, values=first.values)))
    witness = shown(the(failing(policy, "monotone", at="input 'pd_ppm'"), "input 'pd_ppm'", "higher ceiling"))
    before, after = answers(policy, witness)
    assert after is not None
    assert witness.after["pd_ppm"] > witness.values["pd_ppm"]
    assert (before.ceiling_fen or 0) < after.ceiling_fen


def test_a_matrix_with_two_words_swapped():
    words = [list(row) for row in loan().matrix["risk"].words]
    words[1][0], words[2][0] = words[2][0], words[1][0]
    risk = replace(loan().matrix["risk"], words=tuple(tuple(row) for row in words))
    policy = replace(loan(), matrix={"risk": risk})
    where = "input 'business_pd_ppm'"
    witness = shown(the(failing(policy, "monotone", at=where), where, "higher ceiling"))
    before, after = answers(policy, witness)
    assert after is not None
    assert (before.ceiling_fen or 0) < after.ceiling_fen
    assert [name for name in witness.values if witness.values[name] != witness.after[name]] == ["business_pd_ppm"]


def test_a_price_with_the_wrong_sign():
    policy = price(small(), "funding_rate_ppm + 100000 - mul_rate(pd_ppm, 60000)")
    witness = shown(the(failing(policy, "monotone", at="input 'pd_ppm'"), "input 'pd_ppm'", "lower price"))
    before, after = answers(policy, witness)
    assert after is not None
    assert after.floor_rate_ppm < before.floor_rate_ppm


def test_a_price_that_forgets_the_expected_loss():
    policy = price(loan(), "greatest(min_annual_rate_ppm, funding_rate_ppm + margin_ppm)")
    (verdict,) = failing(policy, "cost")
    answer, _ = answers(policy, shown(verdict))
    numbers, pd_ppm = compiled(policy).parameters, shown(verdict).values["pd_ppm"]
    assert answer.outcome == "approve"
    assert answer.floor_rate_ppm < numbers["funding_rate_ppm"] + mul_rate(pd_ppm, numbers["loss_given_default_ppm"])


@pytest.mark.parametrize("exploration", [True, False])
def test_below_cost_only_where_it_is_exploration(exploration):
    arms = (
        Arm(name="control", share_ppm=900_000, values={"gift_ppm": 0}),
        Arm(name="gift", share_ppm=100_000, values={"gift_ppm": 30_000}),
    )
    test = Experiment(name="gift", salt="x", when="grade = 'A'", arms=arms, exploration=exploration)
    policy = price(replace(small(), experiments=(test,)), "funding_rate_ppm + mul_rate(pd_ppm, 600000) - gift_ppm")
    found = failing(policy, "cost")
    assert bool(found) != exploration
    for verdict in found:
        answer, _ = answers(policy, shown(verdict))
        assert answer.arms == {"gift": "gift"}
        assert answer.floor_rate_ppm < 50_000


def test_a_cost_that_is_not_stated():
    parameters = {name: one for name, one in small().parameters.items() if name != "funding_rate_ppm"}
    policy = price(replace(small(), parameters=parameters), "50000 + mul_rate(pd_ppm, 600000)")
    assert "names no funding_rate_ppm" in failing(policy, "cost")[0].said


def test_an_approval_for_nothing():
    rules = tuple(one for one in loan().rules if one.id not in ("capacity", "exposure_used_up"))
    policy = replace(loan(), rules=rules)
    witness = shown(the(failing(policy, "answer", at="outcome"), "outcome", "for nothing"))
    answer, _ = answers(policy, witness)
    assert (answer.outcome, answer.ceiling_fen) == ("approve", 0)


def test_something_read_without_a_purpose():
    policy = replace(small(), inputs={**small().inputs, "sales_fen_12m": replace(small().inputs["sales_fen_12m"], source="")})
    assert "without a purpose" in the(failing(policy, "purpose"), "input 'sales_fen_12m'").said


def test_something_that_no_policy_may_read():
    sex = Input(unit="count", source="shop", en="sex of the owner", zh="企业主性别")
    when = "sales_fen_12m < 1000000 or owner_sex = 1"
    policy = rule(replace(small(), inputs={**small().inputs, "owner_sex": sex}), "small", when=when)
    assert "no policy may read" in the(failing(policy, "forbidden"), "input 'owner_sex'").said
