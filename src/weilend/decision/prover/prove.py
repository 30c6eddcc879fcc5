"""In: a compiled policy. Out: verdicts on every claim about it. Used: by `weilend policy check`, before a policy is proposed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from weilend.core.records import Field
from weilend.decision.cases import case_values
from weilend.decision.evaluator import Evaluator
from weilend.decision.parts import Policy
from weilend.decision.program import Program
from weilend.decision.prover.claims import Claim, Judge
from weilend.decision.prover.conditions import Conditions
from weilend.decision.prover.machine import Machine
from weilend.decision.prover.points import Row
from weilend.decision.prover.reach import not_constant, not_contradicted, reachable
from weilend.decision.prover.safety import above_cost, answered, never_blind, steady
from weilend.decision.prover.search import ALLOWANCE
from weilend.decision.prover.stated import not_forbidden, with_purpose
from weilend.decision.prover.telling import Teller
from weilend.decision.prover.verdict import Verdict

Maker = Callable[[Program, Policy, Conditions, Mapping[str, int]], Iterable[Claim]]

#: Every property, and who makes its claims.
PROPERTIES: Final[dict[str, Maker]] = {
    "purpose": lambda program, policy, _say, _numbers: with_purpose(program, policy),
    "forbidden": lambda program, policy, _say, _numbers: not_forbidden(program, policy),
    "reachable": lambda program, policy, say, _: reachable(program, policy, say),
    "constant": lambda program, policy, say, _: not_constant(program, policy, say),
    "contradiction": lambda program, policy, say, _: not_contradicted(program, policy, say),
    "answer": lambda program, policy, say, _: answered(program, policy, say),
    "missing": lambda program, policy, say, _: never_blind(program, policy, say),
    "monotone": lambda program, policy, say, _: steady(program, policy, say),
    "cost": above_cost,
}


def prove(
    evaluator: Evaluator, properties: Sequence[str] = tuple(PROPERTIES), *, allowance: int = ALLOWANCE
) -> tuple[Verdict, ...]:
    """Return a verdict on every claim of the named properties, over all inputs: not over examples.

    A policy passes where each verdict `passes`. `allowance` bounds the work on one claim, in operations looked at: the same
    everywhere, however busy the machine is. Raises `KeyError` for a property that there is not.

    >>> from weilend.decision.example import example_evaluator
    >>> verdicts = prove(example_evaluator(), ["answer", "reachable"])
    >>> all(verdict.passes for verdict in verdicts), str(verdicts[0])
    (True, 'proven: answer: example.toml: outcome: never: there is no outcome')
    """
    judge = make_judge(evaluator, allowance)
    return tuple(judge.decide(claim) for claim in make_claims(evaluator, properties))


def make_claims(evaluator: Evaluator, properties: Sequence[str] = tuple(PROPERTIES)) -> tuple[Claim, ...]:
    """Return the claims of the named properties, in the order of the policy.

    >>> from weilend.decision.example import example_evaluator
    >>> [claim.where for claim in make_claims(example_evaluator(), ["contradiction", "monotone"])][:1]
    ["example.toml:21: input 'pd_ppm'"]
    """
    program, policy, say = evaluator.program, evaluator.policy, Conditions(evaluator.program)
    return tuple(claim for name in properties for claim in PROPERTIES[name](program, policy, say, evaluator.parameters))


def make_judge(evaluator: Evaluator, allowance: int = ALLOWANCE) -> Judge:
    """Return who decides claims about a policy; its cases are the rows that witnesses are near to.

    >>> from weilend.decision.example import example_evaluator
    >>> evaluator = example_evaluator()
    >>> make_judge(evaluator).decide(make_claims(evaluator, ["answer"])[0]).status
    'proven'
    """
    program, policy = evaluator.program, evaluator.policy
    steps = ((step.name, step.formula) for step in program.steps)
    machine = Machine(_raw(program), steps, _seeds(program, policy), _usual(program))
    return Judge(machine, Teller(program, policy, machine), allowance)


def _raw(program: Program) -> dict[str, Field]:
    """Return the inputs as they may really come: a number may be anything; the program's own steps refuse what is out of range."""
    steps = {step.name for step in program.steps}
    return {
        name: msgspec.structs.replace(field, lo=None, hi=None) if name.removeprefix("given_") in steps else field
        for name, field in program.inputs.items()
    }


def _usual(program: Program) -> dict[str, tuple[int, int]]:
    ranges = ((name, field.lo, field.hi) for name, field in program.inputs.items())
    return {name: (lo, hi) for name, lo, hi in ranges if lo is not None and hi is not None}


def _seeds(program: Program, policy: Policy) -> list[Row]:
    return [
        {name: values.get(field.name) for name, field in program.inputs.items()}
        for values in (case_values(policy, case) for case in policy.cases)
    ]
