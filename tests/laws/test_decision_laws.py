"""Laws of a policy over invoices: over every value that its inputs may take, not over examples."""

from functools import cache
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from weilend.core.records import Field
from weilend.core.values import Decision, FeatureRow, FraudVerdict, Score
from weilend.decision.compiler import compile_policy
from weilend.decision.evaluator import HARDNESS, Evaluator
from weilend.decision.facts import FACTS
from weilend.decision.parts import Policy
from weilend.decision.policy import load_policy
from weilend.features.invoice import INVOICE_FEATURES

LOAN = Path(__file__).parents[1] / "decision" / "files" / "invoice_example.toml"
PRODUCT = {"min_amount_fen": 10_000_000, "max_amount_fen": 100_000_000, "amount_step_fen": 1_000_000,
           "min_annual_rate_ppm": 40_000, "max_annual_rate_ppm": 150_000, "funding_rate_ppm": 35_000,
           "loss_given_default_ppm": 650_000, "grade_a_ppm": 30_000, "grade_b_ppm": 80_000, "grade_c_ppm": 160_000}  # fmt: skip
#: A busy machine draws slowly; that is no failure.
LAW = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
FRAUD = st.sampled_from(["not_assessed", "clear", "alert"]).map(FraudVerdict)
replace = msgspec.structs.replace


def compiled(policy: Policy, **numbers: int) -> Evaluator:
    fields = {feature.name: feature.as_field() for feature in INVOICE_FEATURES}
    return compile_policy(policy, fields, PRODUCT | numbers, schedule="interest_first")


@cache
def loan() -> Evaluator:
    return compiled(load_policy(LOAN))


def base() -> dict[str, int]:
    return {name: value for name, value in loan().policy.base_case.items() if name not in FACTS}


def ranges() -> dict[str, Field]:
    """The features that the policy reads, with the ranges that it accepts."""
    given = {field.name: field for field in loan().program.inputs.values()}
    return {name: field for name, field in given.items() if name in base()}


def anything() -> st.SearchStrategy[FeatureRow]:
    """Every value that the policy declares, and NULL."""
    fields = ranges()
    values = {name: st.none() | st.integers(field.lo, field.hi) for name, field in fields.items()}
    return st.fixed_dictionaries(values).map(row_of)


def plausible() -> st.SearchStrategy[FeatureRow]:
    """A sound firm in which up to three things are otherwise: most of these come near an approval."""
    fields = ranges()
    small = {name: st.integers(field.lo, min(field.hi, 2 * base()[name] + 5)) for name, field in fields.items()}
    one = st.sampled_from(sorted(small)).flatmap(lambda name: st.tuples(st.just(name), small[name]))
    return st.lists(one, max_size=3).map(lambda changes: row_of(base() | dict(changes)))


def row_of(values: dict[str, int | None]) -> FeatureRow:
    return FeatureRow(business_id="E1", as_of=0, feature_set="f", values=values)


def score_of(pd_ppm: int, outside: int = 0) -> Score:
    names = tuple(f"f{index}" for index in range(outside))
    return Score(model_id="m", base_points=500, points=500, pd_ppm=pd_ppm, contributions=(), outside=names)


rows = anything() | plausible()
pds = st.integers(0, 1_000_000) | st.integers(0, 170_000)
scores = st.none() | st.builds(score_of, pds, st.integers(0, 5))


def lent(decision: Decision) -> int:
    return decision.ceiling_fen or 0


def check_worse_is_never_better(evaluator, row, fraud, pds, outside) -> None:
    better, worse = (evaluator.decide(row, fraud, score_of(pd, outside)) for pd in sorted(pds))
    assert lent(worse) <= lent(better)
    assert HARDNESS[worse.outcome] >= HARDNESS[better.outcome]
    if worse.outcome == "approve":
        assert worse.floor_rate_ppm >= better.floor_rate_ppm


@given(rows, FRAUD, st.lists(pds, min_size=2, max_size=2), st.integers(0, 4))
@LAW
def test_a_worse_pd_never_brings_a_higher_ceiling_or_a_lower_rate(row, fraud, pds, outside):
    check_worse_is_never_better(loan(), row, fraud, pds, outside)


def test_the_law_of_pd_catches_a_policy_that_breaks_it():
    policy = load_policy(LOAN)
    caps = [100_000_000 - grade.values["grade_cap_fen"] for grade in policy.grades]
    grades = tuple(replace(grade, values={"grade_cap_fen": cap}) for grade, cap in zip(policy.grades, caps, strict=True))
    planted = compiled(replace(policy, grades=grades))
    rich = row_of(base() | {"sales_fen_12m": 900_000_000, "sales_fen_6m": 450_000_000})
    with pytest.raises(AssertionError):
        check_worse_is_never_better(planted, rich, FraudVerdict("clear"), [50_000, 100_000], 0)


@given(rows, FRAUD, scores)
@LAW
@example(row_of(dict.fromkeys(base())), FraudVerdict("clear"), None)
def test_an_answer_is_always_given_complete_and_the_same(row, fraud, score):
    decision = loan().decide(row, fraud, score)
    assert loan().decide(row, fraud, score) == decision
    approved = decision.outcome == "approve"
    assert (decision.ceiling_fen is not None) == (decision.floor_rate_ppm is not None) == approved
    assert decision.reasons
    assert all(reason.en and reason.zh and "{" not in reason.en + reason.zh for reason in decision.reasons)


def check_approval(decision: Decision, row: FeatureRow) -> None:
    values, terms = row.values, loan().parameters
    assert decision.outcome == "approve"
    assert 4 * decision.ceiling_fen <= values["sales_fen_12m"]
    assert terms["min_amount_fen"] <= decision.ceiling_fen <= terms["max_amount_fen"]
    assert decision.ceiling_fen % terms["amount_step_fen"] == 0
    assert decision.ceiling_fen <= min(limit for limit in decision.limits_fen.values() if limit is not None)
    assert values["sales_months_active_6m"] > 0
    assert terms["min_annual_rate_ppm"] <= decision.floor_rate_ppm <= terms["max_annual_rate_ppm"]


@given(rows, FRAUD, scores)
@LAW
def test_what_is_approved_is_carried_by_sales_and_trades(row, fraud, score):
    decision = loan().decide(row, fraud, score)
    if decision.outcome == "approve":
        check_approval(decision, row)


@pytest.mark.parametrize("rule", ["inactive_6m", "capacity"])
def test_the_law_of_approvals_catches_a_dropped_rule(rule):
    policy = load_policy(LOAN)
    planted = compiled(replace(policy, rules=tuple(given for given in policy.rules if given.id != rule)))
    wrong = {
        "inactive_6m": (base() | {"sales_months_active_6m": 0, "sales_months_active_3m": 0}, 50_000),
        "capacity": (base() | {"sales_fen_12m": 30_000_000}, 50_000),
    }
    values, pd_ppm = wrong[rule]
    decision = planted.decide(row_of(values), FraudVerdict("clear"), score_of(pd_ppm))
    with pytest.raises(AssertionError):
        check_approval(decision, row_of(values))


def test_the_law_of_approvals_catches_a_cap_that_is_not_the_products():
    planted = compiled(load_policy(LOAN), max_annual_rate_ppm=500_000)
    decision = planted.decide(row_of(base()), FraudVerdict("clear"), score_of(150_000))
    with pytest.raises(AssertionError):
        check_approval(decision, row_of(base()))


@given(st.lists(pds, min_size=20, max_size=20), st.integers(0, 500_000), st.integers(0, 1_000_000))
@settings(LAW, max_examples=15)
def test_the_floor_rate_never_lends_below_cost(given_pds, funding_ppm, loss_ppm):
    """Of one yuan, (1 - pd)(1 + r) + pd (1 - lgd) comes back: at the floor it is at least what the yuan cost."""
    policy = compiled(load_policy(LOAN), funding_rate_ppm=funding_ppm, loss_given_default_ppm=loss_ppm)
    rate = next(step.formula for step in policy.program.steps if step.name == "term_1_rate_ppm").python()
    one = 1_000_000
    for pd_ppm in given_pds:
        rate_ppm = rate({"pd_ppm": pd_ppm}) - policy.parameters["margin_ppm"]
        if pd_ppm < one:
            assert (one - pd_ppm) * (one + rate_ppm) + pd_ppm * (one - loss_ppm) >= one * (one + funding_ppm)


@given(plausible(), FRAUD, scores, st.sets(st.sampled_from(sorted(base())), min_size=1, max_size=3))
@LAW
def test_not_knowing_never_brings_more_than_any_knowledge_would(row, fraud, score, unknown):
    known = loan().decide(row, fraud, score)
    blind = loan().decide(row_of(row.values | dict.fromkeys(unknown)), fraud, score)
    assert lent(blind) <= lent(known)


@given(rows, FRAUD, st.sampled_from(sorted(base())))
@LAW
def test_without_any_one_input_or_without_a_score_nobody_is_approved(row, fraud, name):
    blind = row_of(row.values | {name: None})
    assert loan().decide(blind, fraud, score_of(10_000)).outcome != "approve"
    assert loan().decide(row, fraud, None).outcome != "approve"


@given(plausible(), FRAUD, pds)
@LAW
def test_the_stranger_the_less(row, fraud, pd_ppm):
    ceilings = [lent(loan().decide(row, fraud, score_of(pd_ppm, outside))) for outside in range(5)]
    assert ceilings == sorted(ceilings, reverse=True)
    assert max(ceilings[1:3]) <= 20_000_000
    assert ceilings[3:] == [0, 0]
