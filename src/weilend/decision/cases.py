"""In: a compiled policy. Out: what is wrong with it, as values. Used: by tests and by `weilend policy check`."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from weilend.core.values import Decision, FeatureRow, FraudVerdict, Score
from weilend.decision.compiler import names_read
from weilend.decision.evaluator import Evaluator, binding_limit
from weilend.decision.facts import FACTS
from weilend.decision.parts import Case
from weilend.decision.policy import Policy, refuse


class Problem(msgspec.Struct, frozen=True):
    """One thing that a check found: where in the policy, and what.

    >>> str(Problem("case 'no score'", "outcome: expected refer, got approve"))
    "case 'no score': outcome: expected refer, got approve"
    """

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def check_policy(evaluator: Evaluator) -> tuple[Problem, ...]:
    """Run every case of a policy, and return what is wrong; nothing when all is well.

    Wrong are: a case that is answered otherwise than it says; a rule, a grade or a limit that no case reaches; an input or
    parameter that nothing reads. Cases are decided with the parameters that the evaluator was compiled with.

    >>> from weilend.decision.compiler import compile_policy
    >>> from weilend.decision.policy import load_policy
    >>> from weilend.features.invoice import INVOICE_FEATURES
    >>> product = {"min_amount_fen": 10_000_000, "max_amount_fen": 100_000_000, "amount_step_fen": 1_000_000,
    ...     "min_annual_rate_ppm": 40_000, "max_annual_rate_ppm": 150_000, "funding_rate_ppm": 35_000,
    ...     "loss_given_default_ppm": 650_000, "grade_a_ppm": 30_000, "grade_b_ppm": 80_000, "grade_c_ppm": 160_000}
    >>> fields = {feature.name: feature.as_field() for feature in INVOICE_FEATURES}
    >>> check_policy(compile_policy(load_policy("enterprise_loan"), fields, product))
    ()
    """
    decisions = tuple(decide_case(evaluator, case) for case in evaluator.policy.cases)
    answered = zip(evaluator.policy.cases, decisions, strict=True)
    wrong = [problem for case, decision in answered for problem in _compare(case, decision)]
    return (*wrong, *_unreached(evaluator.policy, decisions), *_unread(evaluator))


def decide_case(evaluator: Evaluator, case: Case) -> Decision:
    """Return what a policy answers to one of its cases; the model of a case has no contributions, so rules speak alone."""
    policy = evaluator.policy
    values = {**policy.base_case, **case.values, **dict.fromkeys(case.unknown)}
    features = {name: value for name, value in values.items() if name not in FACTS and not isinstance(value, str)}
    row = FeatureRow(business_id=case.name, as_of=0, feature_set="case", values=features)
    return evaluator.decide(row, _fraud(policy, case, values), _score(values))


def _fraud(policy: Policy, case: Case, values: dict[str, int | str | None]) -> FraudVerdict:
    try:
        return msgspec.convert({"status": values.get("fraud_status", "not_assessed")}, FraudVerdict)
    except msgspec.ValidationError:
        words = ", ".join(FACTS["fraud_status"].words)
        refuse(policy.file, f"case {case.name!r}", f"{values['fraud_status']!r} is no fraud_status", f"say one of: {words}")


def _score(values: dict[str, int | str | None]) -> Score | None:
    """Return the score that a case speaks of: none where its PD is not known."""
    pd_ppm, points, outside = (values.get(name) for name in ("pd_ppm", "points", "outside_count"))
    if not isinstance(pd_ppm, int):
        return None
    total = points if isinstance(points, int) else 0
    names = tuple(f"value {index + 1}" for index in range(outside if isinstance(outside, int) else 0))
    return Score(model_id="case", base_points=total, points=total, pd_ppm=pd_ppm, contributions=(), outside=names)


def _compare(case: Case, decision: Decision) -> Iterable[Problem]:
    """Yield where an answer differs: grade and floor rate only where the case states them."""
    pairs: list[tuple[str, object, object]] = [
        ("outcome", case.outcome, decision.outcome),
        ("reasons", list(case.reasons), [reason.code for reason in decision.reasons]),
        ("ceiling_fen", case.ceiling_fen, decision.ceiling_fen),
    ]
    optional = [("grade", case.grade, decision.grade), ("floor_rate_ppm", case.floor_rate_ppm, decision.floor_rate_ppm)]
    pairs += [pair for pair in optional if pair[1] is not None]
    for name, wanted, found in pairs:
        if wanted != found:
            yield Problem(f"case {case.name!r}", f"{name}: expected {wanted}, got {found}")


def _unreached(policy: Policy, decisions: tuple[Decision, ...]) -> Iterable[Problem]:
    codes = {reason.code for decision in decisions for reason in decision.reasons}
    grades = {decision.grade for decision in decisions}
    bound = {binding_limit(decision) for decision in decisions}
    yield from (Problem(f"rule {rule.id!r}", "no case reaches it") for rule in policy.rules if rule.id not in codes)
    yield from (Problem(f"grade {grade.name!r}", "no case reaches it") for grade in policy.grades if grade.name not in grades)
    yield from (Problem(f"limit {limit.name!r}", "it binds in no case") for limit in policy.limits if limit.name not in bound)


def _unread(evaluator: Evaluator) -> Iterable[Problem]:
    read = names_read(evaluator)
    for name in (*evaluator.policy.inputs, *evaluator.policy.parameters):
        if name not in read:
            yield Problem(name, "nothing reads it")
