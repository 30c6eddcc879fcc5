"""In: nothing. Out: `Program`, a compiled policy as pure data. Used: by every back end: Python, SQL, the prover, the waterfall.

A program is a list of named formulas, each over inputs and earlier steps only; parameters are literals in them. Whoever computes
the steps in order, in whatever engine, gets the decision: outcome, grade, limits, ceiling, price, and the answer of each rule.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from weilend.core.records import Field
from weilend.core.values import Outcome
from weilend.decision.parts import Experiment, Limit, Rule, Source, Term
from weilend.formula import Formula
from weilend.formula.tree import Value


class Step(msgspec.Struct, frozen=True):
    """A named formula and where it stands in the policy, such as ``rule 'thin_history', when``.

    >>> from weilend.formula import parse
    >>> Step("two", parse("1 + 1", {}), "an example").formula.text
    '1 + 1'
    """

    name: str
    formula: Formula
    where: str


class RuleStep(msgspec.Struct, frozen=True):
    """A rule, and the boolean step that is its condition: true, false or NULL."""

    rule: Rule
    step: str


class Finding(msgspec.Struct, frozen=True):
    """A reason by code, and when it is given: where `step` is true, or where it is NULL (`on_null`); and the outcome it asks for.

    >>> Finding("thin_history_unknown", "rule_thin_history", "refer", on_null=True).holds(None)
    True
    """

    code: str
    step: str
    outcome: Outcome
    on_null: bool = False

    def holds(self, value: Value) -> bool:
        """Return whether the reason is given for a value of its step."""
        return value is None if self.on_null else value is True


class LimitSteps(msgspec.Struct, frozen=True):
    """A limit, the boolean step that says whether it applies (never NULL) and the step of its amount (NULL where it does not)."""

    limit: Limit
    applies: str
    amount: str


class SourceSteps(msgspec.Struct, frozen=True):
    """A source, the input that holds its status, and the boolean step that is true where it is present."""

    source: Source
    status: str
    present: str


class ExperimentSteps(msgspec.Struct, frozen=True):
    """An experiment, the input that is drawn for it (0 to 999,999), and the text step that names the arm."""

    experiment: Experiment
    draw: str
    arm: str


class TermSteps(msgspec.Struct, frozen=True):
    """A term, the steps of its ceiling and of the rate that it must bear, and whether that rate is within the cap.

    `highest_rate_ppm` is the highest nominal rate whose all-in cost is within the cap; -1 where fees alone exceed it.
    """

    term: Term
    highest_rate_ppm: int
    ceiling_fen: str
    required_rate_ppm: str
    fits: str


class AcceptedUnknown(msgspec.Struct, frozen=True):
    """An input that may be not known in an approval: why, and the condition under which (None: always). No decision reads it."""

    input: str
    why: str
    when: Formula | None


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """A policy compiled against features, product and (optionally) a card.

    `inputs` maps the name that formulas read to the raw field: `Field.name` is the feature or fact (a column of history),
    ``lo..hi`` what the policy accepts. A number ``x`` is read as the input ``given_x``; the step ``x`` is NULL where the value is
    too old, out of range or of a source that is not there; ``refused_x`` says that it was too old or out of range (`refused` maps
    x to it). Texts are read as they are, under their own name.

    `outcome`, `grade`, `ceiling_fen`, `floor_rate_ppm`, `months` and `binding_limit` name the steps of the answer: ceiling, price
    and months hold what was computed, also where nothing is approved. `price_above_cap` is true where no term fits; then the last
    one stands in. `findings` are all reasons but those of an approval (what binds, what spoke for it), in the order in which they
    are given; the outcome is the hardest of those that hold.

    >>> Program.__struct_fields__[:3]
    ('policy_id', 'inputs', 'steps')
    """

    policy_id: str
    inputs: dict[str, Field]
    steps: tuple[Step, ...]
    rules: tuple[RuleStep, ...]
    limits: tuple[LimitSteps, ...]
    sources: tuple[SourceSteps, ...]
    experiments: tuple[ExperimentSteps, ...]
    terms: tuple[TermSteps, ...]
    refused: dict[str, str]
    findings: tuple[Finding, ...]
    accepted: tuple[AcceptedUnknown, ...] = ()
    outcome: str = "outcome"
    grade: str = "grade"
    ceiling_fen: str = "ceiling_fen"
    floor_rate_ppm: str = "floor_rate_ppm"
    months: str = "months"
    binding_limit: str = "binding_limit"
    price_above_cap: str = "price_above_cap"

    def fields(self) -> dict[str, Field]:
        """Return every name that a formula may read, as a field: inputs without ranges (they are raw), steps as proved."""
        raw = {name: msgspec.structs.replace(field, lo=None, hi=None) for name, field in self.inputs.items()}
        return raw | {step.name: _as_field(step) for step in self.steps}


def interpret(program: Program, values: Mapping[str, Value]) -> dict[str, Value]:
    """Return the value of every input and every step, computed one by one: what all back ends must agree with.

    `values` has a value for each feature or fact that the program reads (`Field.name`); a missing one raises `KeyError`.

    >>> from weilend.formula import parse
    >>> step = Step("twice", parse("2 * n", {"n": Field("n", "integer", 0, 9)}), "an example")
    >>> program = Program(policy_id="p", inputs={"n": Field("n", "integer", 0, 9)}, steps=(step,), rules=(), limits=(),
    ...     sources=(), experiments=(), terms=(), refused={}, findings=())
    >>> interpret(program, {"n": 4})
    {'n': 4, 'twice': 8}
    """
    known = {name: values[field.name] for name, field in program.inputs.items()}
    for step in program.steps:
        known[step.name] = step.formula.python()(known)
    return known


def _as_field(step: Step) -> Field:
    formula = step.formula
    return Field(step.name, formula.type, formula.lo, formula.hi, nullable=formula.nullable)
