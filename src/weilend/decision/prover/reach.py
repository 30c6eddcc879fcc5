"""In: a program and its policy. Out: claims that everything in it can happen, and that nothing always does. Used: by `prove`."""

from __future__ import annotations

from collections.abc import Iterator

from weilend.decision.parts import Policy
from weilend.decision.program import Program, RuleStep
from weilend.decision.prover.claims import Claim, Sometimes
from weilend.decision.prover.conditions import Conditions
from weilend.decision.reading import name_part
from weilend.formula import Formula
from weilend.formula.text import write
from weilend.formula.tree import Node

Path = tuple[str, ...]


def place(policy: Policy, *path: str) -> str:
    """Return file, line and name of a part of a policy.

    >>> from weilend.decision.example import example_policy
    >>> place(example_policy(), "rules", "small").endswith("rule 'small'")
    True
    """
    return f"{policy.places.at(path)}: {name_part(path)}"


def reachable(program: Program, policy: Policy, say: Conditions) -> Iterator[Claim]:
    """Claim that each outcome, rule, unknown answer, grade, limit, term, missing source and arm can occur.

    A limit occurs where it sets the ceiling of an approval, a term where it is approved.
    """

    def can(path: Path, what: str, *conditions: Formula) -> Sometimes:
        return Sometimes(
            kind="reachable", where=place(policy, *path), conditions=conditions,
            good=f"{what} can be", bad=f"{what} can never be, whatever the inputs are",
        )  # fmt: skip

    for outcome in ("approve", "refer", "decline"):
        yield can(("outcome",), f"the outcome {outcome}", say.is_word(program.outcome, outcome))
    for one in program.rules:
        yield can(("rules", one.rule.id), "that it holds", say.holds(one.step))
    for grade in policy.grades:
        yield can(("grades", grade.name), "that it is given", say.is_word(program.grade, grade.name))
    for limit in program.limits:
        binds = (say.approved, say.is_word(program.binding_limit, limit.limit.name))
        yield can(("limits", limit.limit.name), "that it sets the ceiling of an approval", *binds)
    for number, term in enumerate(program.terms):
        taken = (say.approved, *(say.fails(other.fits) for other in program.terms[:number]), say.holds(term.fits))
        yield can(("floor_rate", "terms", f"[{number}]"), f"that {term.term.months} months are approved", *taken)
    for source in program.sources:
        yield can(("sources", source.source.name), "that it is missing", say.fails(source.present))
    for test in program.experiments:
        for arm in test.experiment.arms:
            yield can(("experiments", test.experiment.name), f"the arm {arm.name!r}", say.is_word(test.arm, arm.name))


def not_constant(program: Program, policy: Policy, say: Conditions) -> Iterator[Claim]:
    """Claim that no condition in rules, limits and grades, and no part of one, is always true or always false.

    A range that holds every value that there can be is no range: it looks like a check and is none.
    """
    for path, root in _conditions(program, policy):
        for node in dict.fromkeys(_parts(root)):
            text = write(node)
            for truth, condition in (("true", say.is_false(node)), ("false", say.is_true(node))):
                yield Sometimes(
                    kind="constant", where=place(policy, *path), conditions=(condition,),
                    good=f"{text!r} is not always {truth}", bad=f"{text!r} is always {truth}: whatever the inputs are",
                )  # fmt: skip


def not_contradicted(program: Program, policy: Policy, say: Conditions) -> Iterator[Claim]:
    """Claim that each rule holds somewhere where no earlier hard stop has declined already."""
    hard: list[RuleStep] = []
    for one in program.rules:
        if hard:
            yield Sometimes(
                kind="contradiction", where=place(policy, "rules", one.rule.id),
                conditions=(say.holds(one.step), *(say.fails(other.step) for other in hard)),
                good="it can hold where no earlier hard stop does",
                bad="wherever it holds, an earlier hard stop has declined already: it decides nothing",
            )  # fmt: skip
        if one.rule.class_ == "hard_stop":
            hard.append(one)


def _conditions(program: Program, policy: Policy) -> Iterator[tuple[Path, Node]]:
    steps = {step.name: step.formula.root for step in program.steps}
    for one in program.rules:
        yield ("rules", one.rule.id, "when"), steps[one.step]
    for limit in program.limits:
        if limit.limit.when:
            root = steps[limit.applies]
            yield ("limits", limit.limit.name, "when"), root.args[0] if root.op == "coalesce" else root
    grades = steps[program.grade].args[:-1:2]
    for grade, root in zip(policy.grades, grades, strict=True):
        yield ("grades", grade.name, "when"), root


def _parts(root: Node) -> Iterator[Node]:
    """Yield every condition inside a condition, itself first; literals and what stands inside amounts are left out."""
    if root.type == "boolean" and root.op not in ("literal", "null"):
        yield root
        for arg in root.args:
            yield from _parts(arg)
