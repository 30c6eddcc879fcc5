"""In: a policy, the features there are, a product's numbers, maybe a card. Out: a `Program`. Used: once, before any decision.

The steps are added in the order in which a decision is computed: inputs, card, matrix, grade, experiments, limits, price, rules,
outcome. `answers` adds the last two.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from weilend.core.credit import Method
from weilend.core.records import Field
from weilend.decision.answers import add_outcome, add_rules, read_accepted
from weilend.decision.card_steps import add_card, pair_steps
from weilend.decision.chances import find_chances
from weilend.decision.checks import check_within
from weilend.decision.evaluator import Evaluator
from weilend.decision.facts import AGE, FACTS
from weilend.decision.function import make_function
from weilend.decision.grades import add_experiment, add_grades, add_matrix
from weilend.decision.inputs import add_inputs, add_sources
from weilend.decision.limits import add_limits
from weilend.decision.parts import Policy
from weilend.decision.price import add_price
from weilend.decision.program import Program
from weilend.decision.scope import Scope
from weilend.decision.speech import make_speech
from weilend.decision.voices import make_card_speech
from weilend.models import Card


def compile_policy(
    policy: Policy,
    feature_fields: Mapping[str, Field],
    parameters: Mapping[str, int],
    *,
    schedule: Method | None = None,
    card: Card | None = None,
) -> Evaluator:
    """Return a policy ready to decide (see `compile_program` for what is given and refused).

    >>> from weilend.core.values import FeatureRow, FraudVerdict, Score
    >>> from weilend.decision.example import example_policy
    >>> sales = Field("sales_fen_12m", "integer", 0, 10**13, unit="fen")
    >>> evaluator = compile_policy(example_policy(), {sales.name: sales}, {"funding_rate_ppm": 50_000}, schedule="equal_instalment")
    >>> row = FeatureRow(business_id="E1", as_of=0, feature_set="f", values={sales.name: 100_000_000}, newest_days={"order": 3})
    >>> score = Score(model_id="m", base_points=560, points=560, pd_ppm=20_000, contributions=())
    >>> decision = evaluator.decide(row, FraudVerdict("clear"), score)
    >>> decision.outcome, decision.grade, decision.ceiling_fen, decision.floor_rate_ppm, decision.reasons[0].en
    ('approve', 'A', 25000000, 62000, 'the limit is 25.0 % of sales of ¥1,000,000')
    """
    compiled = compile_program(policy, feature_fields, parameters, schedule=schedule, card=card)
    speech = make_speech(policy, compiled.program, compiled.units, compiled.parameters)
    features = [item.feature.name for item in card.characteristics] if card is not None else []
    tables = pair_steps(card) if card is not None else []
    own = [
        *(f"given_{name}" for name in features), *(f"card_{name}" for name in features), *tables,
        *(f"outside_{name}" for name in features),
    ]  # fmt: skip
    facts = {
        AGE,
        *FACTS,
        *(source.status for source in policy.sources),
        *(name for one in policy.experiments for name in one.facts),
    }
    return Evaluator(
        policy=policy,
        program=compiled.program,
        parameters=compiled.parameters,
        used=compiled.used,
        function=make_function(compiled.program, frozenset(facts), (*speech.shown, *own)),
        speech=speech,
        card=None if card is None else make_card_speech(card),
        chances=find_chances(compiled.program),
    )


class Compiled(msgspec.Struct, frozen=True, kw_only=True):
    """A program, and what it was compiled with: the numbers of product and policy, the units of all names, the names it reads."""

    program: Program
    parameters: dict[str, int]
    units: dict[str, str]
    used: frozenset[str]


def compile_program(
    policy: Policy,
    feature_fields: Mapping[str, Field],
    parameters: Mapping[str, int],
    *,
    schedule: Method | None = None,
    card: Card | None = None,
) -> Compiled:
    """Return a policy as a program: features found, numbers in range, every formula parsed, typed and proved.

    `parameters` are the product's numbers by name (what no formula names is ignored), `schedule` how it is repaid, by which the
    cost of a term is measured. With a `card`, points, PD and the count of what is outside are computed from the features; without
    one they are inputs. Raises `PolicyError`, one for the first thing that is wrong, with file, line and what to do.

    >>> from weilend.decision.example import example_policy
    >>> compile_program(example_policy(), {}, {})
    Traceback (most recent call last):
    weilend.core.errors.PolicyError: example.toml:23: parameter 'funding_rate_ppm': the product does not give it. Hint: ...
    """
    scope = Scope(policy, _numbers(policy, parameters))
    sources = add_sources(scope)
    if card is not None:
        add_card(scope, card)
    refused = add_inputs(scope, feature_fields)
    for name in sorted(policy.matrix):
        add_matrix(scope, name, policy.matrix[name])
    add_grades(scope)
    experiments = tuple(add_experiment(scope, experiment) for experiment in policy.experiments)
    limits = add_limits(scope)
    terms = add_price(scope, schedule)
    rules = add_rules(scope)
    findings = add_outcome(scope, refused)
    _refuse_unsaid(policy, scope)
    program = Program(
        policy_id=policy.identity,
        inputs=scope.inputs,
        steps=tuple(scope.steps),
        rules=rules,
        limits=limits,
        sources=sources,
        experiments=experiments,
        terms=terms,
        refused=refused,
        findings=findings,
        accepted=read_accepted(scope),
    )
    units = {name: field.unit for name, field in scope.named.items()}
    return Compiled(program=program, parameters=scope.numbers, units=units, used=frozenset(scope.used))


def _numbers(policy: Policy, given: Mapping[str, int]) -> dict[str, int]:
    numbers = {}
    for name, parameter in policy.parameters.items():
        path = ("parameters", name)
        if parameter.base is not None and name in given:
            policy.places.refuse(path, "policy and product both give it", "drop `base` here, or it there")
        if parameter.base is None and name not in given:
            policy.places.refuse(path, "the product does not give it", f"add it to {policy.product}.toml")
        numbers[name] = given[name] if parameter.base is None else parameter.base
        check_within(policy, name, numbers[name])
    return numbers


def _refuse_unsaid(policy: Policy, scope: Scope) -> None:
    """Refuse a source whose absence nothing answers: a missing bureau is never a clean one."""
    for source in policy.sources:
        if source.missing == "degrade" and source.status not in scope.used:
            hint = f'name {source.status} in a limit or a rule, or write missing = "refer"'
            policy.places.refuse(("sources", source.name, "missing"), "nothing says what follows when it is missing", hint)
