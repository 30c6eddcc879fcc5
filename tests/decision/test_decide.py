"""What a decision says: outcome, ceiling, price and reasons, in words that are true to the values."""

from pathlib import Path

import msgspec
import pytest

from weilend.core.errors import PolicyError
from weilend.core.money import show_percent, show_yuan
from weilend.core.values import Contribution, FeatureRow, FraudVerdict, Reason, Score
from weilend.decision.compiler import compile_policy
from weilend.decision.evaluator import binding_limit
from weilend.decision.facts import FACTS
from weilend.decision.policy import load_policy
from weilend.features.spec import SHOWN

LOAN = Path(__file__).parent / "files" / "invoice_example.toml"
DAY = 86_400
replace = msgspec.structs.replace
POINTS = {
    "sales_cv_12m": (-20, 35),
    "history_months": (18, 0),
    "customers_12m": (12, 3),
    "sales_slope_12m": (4, 9),
    "void": (2, 1),
}


def row(evaluator, as_of=0, **changes) -> FeatureRow:
    base = {name: value for name, value in evaluator.policy.base_case.items() if name not in FACTS}
    return FeatureRow(business_id="E1", as_of=as_of, feature_set="f", values=base | changes)


def score(pd_ppm=50_000, outside=()) -> Score:
    given = tuple(Contribution(name, 1, points, lost, Reason(name, name, name)) for name, (points, lost) in POINTS.items())
    return Score(model_id="m", base_points=500, points=516, pd_ppm=pd_ppm, contributions=given, outside=outside)


def decide(evaluator, pd_ppm=50_000, fraud="clear", outside=(), **changes):
    return evaluator.decide(row(evaluator, **changes), FraudVerdict(fraud), score(pd_ppm, outside))


def codes(decision) -> list[str]:
    return [reason.code for reason in decision.reasons]


def test_an_approval_says_what_binds_and_what_spoke_for_it(evaluator):
    decision = decide(evaluator)
    assert (decision.outcome, decision.grade, decision.ceiling_fen) == ("approve", "B", 50_000_000)
    assert binding_limit(decision) == "sales_capacity"
    assert codes(decision) == ["limit_sales_capacity", "history_months", "customers_12m", "sales_slope_12m"]
    assert decision.reasons[0].en == "the limit is 25.0 % of the last twelve months' net sales of ¥2,000,000"
    assert decision.reasons[0].zh == "额度按近12个月净销售额200.00万元的25.0 %核定"


def test_all_limits_are_said_and_those_that_do_not_apply_are_none(evaluator):
    assert decide(evaluator).limits_fen == {
        "sales_capacity": 50_000_000,
        "trend": 55_000_000,
        "customer_concentration": None,
        "grade_cap": 60_000_000,
        "product_cap": 100_000_000,
        "starter": None,
    }


def test_a_decline_for_risk_says_what_lost_the_most(evaluator):
    decision = decide(evaluator, pd_ppm=200_000)
    assert codes(decision) == ["grade_d", "price_above_cap", "sales_cv_12m", "sales_slope_12m", "customers_12m"]
    assert decision.reasons[0].en == "the probability of default of 20.0 % (516 points) is at or above 16.0 %"
    assert (decision.ceiling_fen, decision.floor_rate_ppm) == (None, None)


def test_a_decline_for_other_causes_does_not_blame_the_model(evaluator):
    decision = decide(evaluator, sales_fen_12m=30_000_000)
    assert codes(decision) == ["capacity"]
    assert decision.reasons[0].en == "sales carry ¥70,000, less than the least loan of ¥100,000"
    assert decision.reasons[0].zh == "经营规模可承受7.00万元，低于最低贷款额10.00万元"


def test_what_is_not_known_is_named(evaluator):
    decision = decide(evaluator, history_months=None)
    assert decision.outcome == "refer"
    assert (decision.reasons[0].en, decision.reasons[0].zh) == (
        "not known: months since the first known sale",
        "未知：首笔已知销售距今月数",
    )


def test_no_score_refers_and_never_counts_as_zero(evaluator):
    decision = evaluator.decide(row(evaluator), FraudVerdict("clear"), None)
    assert (decision.outcome, decision.grade, codes(decision)) == ("refer", None, ["no_score"])


@pytest.mark.parametrize("names", [("history_months", "moon"), ("history_months", "moon", "sun")])
def test_unfamiliar_values_are_named(names, evaluator):
    """As the model says them in each language, or by name where it does not."""
    told = tuple(replace(given, reason=Reason("x", "36 months old", "36个月")) for given in score().contributions)
    decision = evaluator.decide(row(evaluator), FraudVerdict("clear"), replace(score(outside=names), contributions=told))
    rest = list(names[1:])
    assert decision.reasons[0].en.endswith(f"what the model has seen ({len(names)}): {'; '.join(['36 months old', *rest])}")
    assert decision.reasons[0].zh.endswith(f"：{'；'.join(['36个月', *rest])}")


@pytest.mark.parametrize(("unknown", "outcome"), [("refer", "refer"), ("decline", "decline"), ("pass", "approve")])
def test_a_rule_says_what_not_knowing_means(unknown, outcome, evaluator, fields, parameters):
    rules = tuple(replace(rule, unknown=unknown) if rule.id == "thin_history" else rule for rule in evaluator.policy.rules)
    other = compile_policy(replace(evaluator.policy, rules=rules), fields, parameters, schedule="interest_first")
    assert decide(other, history_months=None).outcome == outcome


def test_reasons_of_the_fraud_room_are_passed_on(evaluator):
    why = Reason("shared_device", "shares a device with 12 others", "与12户共用设备")
    decision = evaluator.decide(row(evaluator), FraudVerdict("alert", (why,)), score())
    assert decision.outcome == "refer"
    assert codes(decision) == ["fraud_alert", "shared_device"]


def test_a_stale_row_is_not_known(evaluator):
    fresh = evaluator.decide(row(evaluator), FraudVerdict("clear"), score(), as_of=31 * DAY)
    stale = evaluator.decide(row(evaluator), FraudVerdict("clear"), score(), as_of=31 * DAY + 1)
    assert fresh.outcome == "approve"
    assert stale.outcome == "refer"
    assert codes(stale)[0] == "customers_12m_refused"


def test_a_row_of_the_future_is_not_known(evaluator):
    ahead = evaluator.decide(row(evaluator, as_of=1), FraudVerdict("clear"), score(), as_of=0)
    assert (ahead.outcome, codes(ahead)[0]) == ("refer", "customers_12m_refused")


def test_a_row_of_another_feature_set_is_refused(evaluator):
    given = row(evaluator)
    del given.values["history_months"]
    with pytest.raises(PolicyError, match="the feature row of E1 has no 'history_months'"):
        evaluator.decide(given, FraudVerdict("clear"), score())


def test_nothing_is_approved_without_a_ceiling_or_a_price(fields, parameters):
    policy = load_policy(LOAN)
    keep = replace(policy.rules[0], when="false")
    blind = compile_policy(replace(policy, rules=(keep,)), fields, parameters, schedule="interest_first")
    decision = blind.decide(row(blind, sales_fen_12m=None), FraudVerdict("clear"), None)
    assert decision.outcome == "refer"
    assert codes(decision) == ["ceiling_unknown", "floor_rate_unknown"]


@pytest.mark.parametrize("value", [0, 1, 49, 50, 51, 150, 250, 350, 1_500, 12_345_600, -49, -50, -150, -12_345_600, 10**15])
def test_amounts_in_reasons_are_shown_as_money_is(value):
    assert SHOWN["fen"](value) == show_yuan(round(value / 100) * 100)
    assert SHOWN["ppm"](value) == show_percent(value, 1)
