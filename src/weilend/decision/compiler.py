"""In: a policy, the features there are, a product's parameters. Out: an `Evaluator`. Used: once, before anything is decided.

Every formula is parsed, typed and proved here over the names that are known where it stands, so that deciding cannot fail.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from weilend.core.errors import FormulaError
from weilend.core.records import Field, FieldType
from weilend.decision.evaluator import Evaluator, Formula
from weilend.decision.facts import FACTS
from weilend.decision.parts import Input
from weilend.decision.policy import Policy, check_within, refuse
from weilend.decision.wording import placeholders
from weilend.formula import parse

#: How what the evaluator computes is called where it is not known.
GRADE = ("the grade", "信用等级")
LABELS = {"grade": GRADE, "ceiling_fen": ("the limit", "额度上限"), "floor_rate_ppm": ("the lowest rate", "最低利率")}


def compile_policy(policy: Policy, feature_fields: Mapping[str, Field], parameters: Mapping[str, int]) -> Evaluator:
    """Return a policy ready to decide: features found, parameters in range, every formula parsed, typed and proved.

    `parameters` are the product's numbers by name; numbers that no formula names are ignored. Raises `PolicyError`, one for
    the first thing that is wrong, with file, where and what to do.

    >>> from weilend.core.values import FeatureRow, FraudVerdict, Score
    >>> from weilend.decision.policy import load_policy
    >>> from weilend.features.invoice import INVOICE_FEATURES
    >>> policy = load_policy("enterprise_loan")
    >>> product = {"min_amount_fen": 10_000_000, "max_amount_fen": 100_000_000, "amount_step_fen": 1_000_000,
    ...     "min_annual_rate_ppm": 40_000, "max_annual_rate_ppm": 150_000, "funding_rate_ppm": 35_000,
    ...     "loss_given_default_ppm": 650_000, "grade_a_ppm": 30_000, "grade_b_ppm": 80_000, "grade_c_ppm": 160_000}
    >>> evaluator = compile_policy(policy, {given.name: given.as_field() for given in INVOICE_FEATURES}, product)
    >>> row = FeatureRow(business_id="E1", as_of=0, feature_set="invoice", values=policy.base_case)
    >>> score = Score(model_id="m", base_points=560, points=560, pd_ppm=50_000, contributions=())
    >>> decision = evaluator.decide(row, FraudVerdict("clear"), score)
    >>> decision.outcome, decision.grade, decision.ceiling_fen, decision.floor_rate_ppm, decision.reasons[0].en
    ('approve', 'B', 50000000, 81054, "the limit is 25.0 % of the last twelve months' net sales of ¥2,000,000")
    >>> compile_policy(policy, {}, {})
    Traceback (most recent call last):
    weilend.core.errors.PolicyError: enterprise_loan.toml: parameter 'min_amount_fen': the product does not give it. Hint: ...
    """
    numbers = _parameters(policy, parameters)
    fields = {name: _input_field(policy, name, given, feature_fields) for name, given in policy.inputs.items()}
    compiler = _Compiler(policy, {**fields, **_parameter_fields(policy)})
    grades = tuple(compiler.boolean(f"grade {grade.name!r}, when", grade.when) for grade in policy.grades)
    compiler.learn(_grade_fields(policy))
    limits = tuple(
        (
            compiler.boolean(f"limit {limit.name!r}, when", limit.when) if limit.when else None,
            compiler.integer(f"limit {limit.name!r}, formula", limit.formula),
        )
        for limit in policy.limits
    )
    step = compiler.integer("ceiling, step", policy.ceiling.step)
    floor_rate = compiler.integer("floor_rate, formula", policy.floor_rate.formula)
    highest = max((formula.hi or 0 for _, formula in limits), default=0)
    compiler.learn([
        Field("ceiling_fen", "integer", 0, max(0, highest), unit="fen"),
        Field("floor_rate_ppm", "integer", floor_rate.lo, floor_rate.hi, unit="ppm"),
    ])  # fmt: skip
    rules = tuple(compiler.boolean(f"rule {rule.id!r}, when", rule.when) for rule in policy.rules)
    return Evaluator(
        policy=policy,
        policy_id=policy.identity,
        parameters=numbers,
        fields=fields,
        units={name: field.unit for name, field in compiler.fields.items()},
        labels=LABELS | {name: (given.en, given.zh) for name, given in policy.inputs.items()} | _value_labels(policy),
        grades=grades,
        limits=limits,
        step=step,
        floor_rate=floor_rate,
        rules=rules,
    )


def names_read(evaluator: Evaluator) -> frozenset[str]:
    """Return every name that a formula or a reason of a compiled policy reads.

    >>> run = Formula(lambda names: 1, frozenset({"step_fen"}), 1, 1)
    >>> from weilend.decision.policy import load_policy
    >>> bare = msgspec.structs.replace(load_policy("enterprise_loan"), rules=(), limits=())
    >>> sorted(names_read(Evaluator(policy=bare, policy_id="", parameters={}, fields={}, units={}, labels={}, grades=(),
    ...     limits=(), step=run, floor_rate=run, rules=())))
    ['step_fen']
    """
    conditions = [when for when, _ in evaluator.limits if when is not None]
    formulas = (*evaluator.grades, *conditions, *(amount for _, amount in evaluator.limits), *evaluator.rules)
    policy = evaluator.policy
    texts = [text for rule in policy.rules for text in (rule.en, rule.zh)]
    texts += [text for limit in policy.limits for text in (limit.en, limit.zh)]
    shown = frozenset(name for text in texts for name in placeholders(text))
    return shown.union(evaluator.step.names, evaluator.floor_rate.names, *(formula.names for formula in formulas))


class _Compiler:
    """Parses formulas over the names that are known so far; each step of a decision teaches it new ones."""

    def __init__(self, policy: Policy, fields: Mapping[str, Field]) -> None:
        self.policy = policy
        self.fields = dict(fields)

    def learn(self, fields: list[Field]) -> None:
        self.fields |= {field.name: field for field in fields}

    def boolean(self, where: str, text: str) -> Formula:
        return self._compile(where, text, "boolean", "write a condition, such as history_months < 12")

    def integer(self, where: str, text: str) -> Formula:
        return self._compile(where, text, "integer", "write an amount, such as mul_rate(sales_fen_12m, 250000)")

    def _compile(self, where: str, text: str, expected: FieldType, hint: str) -> Formula:
        try:
            formula = parse(text, self.fields)
        except FormulaError as error:
            refuse(self.policy.file, where, error.message, error.hint)
        if formula.type != expected:
            refuse(self.policy.file, where, f"{text!r} is {formula.type}, not {expected}", hint)
        return Formula(formula.python(), frozenset(formula.names), formula.lo, formula.hi)


def _parameters(policy: Policy, given: Mapping[str, int]) -> dict[str, int]:
    numbers = {}
    for name, parameter in policy.parameters.items():
        if parameter.base is not None and name in given:
            refuse(policy.file, f"parameter {name!r}", "policy and product both give it", "drop `base` here, or it there")
        if parameter.base is None and name not in given:
            refuse(policy.file, f"parameter {name!r}", "the product does not give it", f"add it to {policy.product}.toml")
        numbers[name] = given[name] if parameter.base is None else parameter.base
        check_within(policy, name, numbers[name])
    return numbers


def _parameter_fields(policy: Policy) -> dict[str, Field]:
    return {
        name: Field(name, "integer", given.lo, given.hi, nullable=False, unit=given.unit)
        for name, given in policy.parameters.items()
    }


def _input_field(policy: Policy, name: str, given: Input, feature_fields: Mapping[str, Field]) -> Field:
    """Return the field of an input: the policy's range where it states one, the feature's own where it does not."""
    where = f"input {name!r}"
    field = FACTS.get(name) or feature_fields.get(name)
    if field is None:
        hint = f"the facts are {', '.join(FACTS)}; `features list` shows the rest"
        refuse(policy.file, where, "there is no such feature", hint)
    if given.unit != field.unit:
        refuse(policy.file, where, f"its unit is {field.unit!r}, not {given.unit!r}", "state the unit of the feature")
    lo = field.lo if given.lo is None else given.lo
    hi = field.hi if given.hi is None else given.hi
    if lo is not None and hi is not None and lo > hi:
        refuse(policy.file, where, f"its range {lo}..{hi} holds no value of the feature", "correct lo and hi")
    return msgspec.structs.replace(field, name=name, lo=lo, hi=hi, nullable=field.type != "text")


def _grade_fields(policy: Policy) -> list[Field]:
    """Return the grade and what it brings: the range of each value is what the table of grades holds."""
    names = tuple(grade.name for grade in policy.grades)
    columns = {name: [grade.values[name] for grade in policy.grades] for name in policy.grades[0].values}
    return [
        Field("grade", "text", words=names),
        *(Field(name, "integer", min(column), max(column), unit=_unit(name)) for name, column in columns.items()),
    ]


def _value_labels(policy: Policy) -> dict[str, tuple[str, str]]:
    return dict.fromkeys(policy.grades[0].values, GRADE)


def _unit(name: str) -> str:
    """Return the unit that a name ends with, as all names of amounts and rates do here."""
    return next((unit for unit in ("fen", "ppm") if name.endswith(f"_{unit}")), "")
