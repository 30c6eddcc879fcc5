"""The policy over invoices answers its cases; and the checks see what is wrong when something is."""

from pathlib import Path

import msgspec
import pytest

from weilend.core.errors import PolicyError
from weilend.decision.cases import check_policy
from weilend.decision.compiler import compile_policy
from weilend.decision.policy import load_policy

LOAN = Path(__file__).parent / "files" / "invoice_example.toml"
replace = msgspec.structs.replace


@pytest.fixture(scope="module")
def policy():
    return load_policy(LOAN)


@pytest.fixture(scope="module")
def problems(policy, fields, parameters):
    """What the checks say of a changed policy."""

    def found(**changes):
        changed = compile_policy(replace(policy, **changes), fields, parameters, schedule="interest_first")
        return [str(problem) for problem in check_policy(changed)]

    return found


def test_every_case_is_answered_and_everything_is_reached(problems):
    assert problems() == []


def test_there_are_enough_cases_and_each_outcome_is_among_them(policy):
    assert len(policy.cases) >= 25
    assert {case.outcome for case in policy.cases} == {"approve", "refer", "decline"}


def test_a_wrong_answer_is_a_problem(policy, problems):
    lenient = replace(policy.rules[0], class_="soft_signal")
    found = problems(rules=(lenient, *policy.rules[1:]))
    assert found == ["case 'never sold at all': outcome: expected decline, got refer"]


@pytest.mark.parametrize("index", range(len(load_policy(LOAN).rules)))
def test_no_rule_can_be_dropped_unseen(index, policy, problems):
    rules = policy.rules[:index] + policy.rules[index + 1 :]
    assert any("expected" in problem for problem in problems(rules=rules))


@pytest.mark.parametrize("index", range(len(load_policy(LOAN).limits)))
def test_no_limit_can_be_dropped_unseen(index, policy, problems):
    limits = policy.limits[:index] + policy.limits[index + 1 :]
    assert any("expected" in problem for problem in problems(limits=limits))


@pytest.mark.parametrize("name", ["starter_outside_count", "min_history_months", "min_customers_count", "max_void_ppm",
                                  "max_red_ppm", "max_top_customer_ppm", "sales_capacity_ppm", "margin_ppm"])  # fmt: skip
def test_no_threshold_can_move_by_one_unseen(name, policy, problems):
    for step in (-1, 1) if name != "max_red_ppm" else (1,):
        moved = replace(policy.parameters[name], base=policy.parameters[name].base + step)
        assert problems(parameters={**policy.parameters, name: moved}), f"{name} moved by {step}"


def test_a_rule_that_no_case_reaches_is_a_problem(policy, problems):
    never = replace(policy.rules[0], id="never", when="history_months < 0", unknown="pass")
    assert problems(rules=(*policy.rules, never)) == ["rule 'never': no case reaches it"]


def test_an_input_that_nothing_reads_is_a_problem(policy, problems, fields):
    idle = replace(policy.inputs["sales_fen_3m"], en="purchases")
    inputs = {**policy.inputs, "purchase_fen_12m": idle}
    assert problems(inputs=inputs, base_case={**policy.base_case, "purchase_fen_12m": 1}) == [
        "purchase_fen_12m: nothing reads it"
    ]


def test_without_cases_everything_is_unreached(problems, policy):
    assert len(problems(cases=())) == len(policy.rules) + len(policy.grades) + len(policy.limits) + len(policy.floor_rate.terms)


def test_a_case_with_a_fraud_status_that_is_none_is_refused(policy, problems):
    odd = replace(policy.cases[0], values={"fraud_status": "fine"})
    with pytest.raises(PolicyError, match=r"case 'steady firm': 'fine' is no fraud_status\. Hint: say one of: not_assessed"):
        problems(cases=(odd,))
