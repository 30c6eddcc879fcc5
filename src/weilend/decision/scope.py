"""In: a policy and its numbers. Out: steps, one after the other. Used: by the compiler, which adds to it from top to bottom.

A scope knows two sorts of names: what the policy's own formulas may name, and what the steps between may. Every formula is parsed,
typed and proved here over the names that are known where it stands, so that deciding cannot fail.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from weilend.core.errors import FormulaError
from weilend.core.records import Field, FieldType
from weilend.decision.parts import Policy
from weilend.decision.program import Step
from weilend.decision.reading import name_part
from weilend.decision.trees import as_field, as_formula, literal, parse_once, put, read
from weilend.formula import Formula
from weilend.formula.tree import Node

Path = tuple[str, ...]
_HINTS: dict[FieldType, str] = {
    "boolean": "write a condition, such as history_months < 12",
    "integer": "write an amount, such as mul_rate(sales_fen_12m, 250000)",
}


class Scope:
    """The inputs and steps of a program as it grows."""

    def __init__(self, policy: Policy, numbers: Mapping[str, int]) -> None:
        self.policy = policy
        self.numbers = dict(numbers)
        self.inputs: dict[str, Field] = {}
        self.steps: list[Step] = []
        #: What steps may read, and what the policy may name: parameters among them, which become literals.
        self.known: dict[str, Field] = {}
        self.named = {name: self._parameter(name, value) for name, value in numbers.items()}
        #: Every name that a formula of the policy read.
        self.used: set[str] = set()

    def give(self, name: str, field: Field) -> None:
        """Add an input: `field` says under which name it is given, and what the policy accepts of it."""
        if name not in self.inputs:
            self._refuse_twice(name, ("inputs", field.name))
            self.inputs[name] = field
            self.known[name] = msgspec.structs.replace(field, name=name, lo=None, hi=None)

    def let(self, name: str, what: Formula | Node | str, where: Path | str, *, words: tuple[str, ...] = ()) -> Node:
        """Add a step and return the reading of it; a text is parsed over all names that steps may read."""
        formula = self._formula(what)
        path = where if isinstance(where, tuple) else (where,)
        self._refuse_twice(name, path)
        self.steps.append(Step(name, formula, where if isinstance(where, str) else name_part(where)))
        self.known[name] = as_field(name, formula, words=words)
        return read(self.known[name])

    def show(self, name: str, *, unit: str = "") -> None:
        """Let the policy's formulas name a step or an input, its unit known."""
        self.known[name] = msgspec.structs.replace(self.known[name], unit=unit)
        self.named[name] = self.known[name]

    def node(self, name: str) -> Node:
        """Return the reading of an input or step."""
        return read(self.known[name])

    def compile(
        self,
        path: Path,
        text: str,
        expected: FieldType,
        *,
        only: Mapping[str, Field] | None = None,
        instead: Mapping[str, Node] | None = None,
    ) -> Formula:
        """Return a formula of the policy, its parameters as literals; raises `PolicyError`.

        `only` narrows what it may name; `instead` are nodes that stand for some names here.
        """
        given = dict(instead or {})
        named = {**(self.named if only is None else only), **{name: _field_of(name, node) for name, node in given.items()}}
        try:
            formula = parse_once(text, named)
        except FormulaError as error:
            self.policy.places.refuse(path, error.message, error.hint)
        if formula.type != expected:
            what = f"{text!r} is {formula.type}, not {expected}"
            self.policy.places.refuse(path, what, _HINTS[expected])
        self.used |= formula.names
        numbers = {name: literal(value) for name, value in self.numbers.items() if name in formula.names}
        return as_formula(put(formula.root, numbers | given))

    def constant(self, path: Path, text: str) -> int:
        """Return the value of a formula over parameters alone; raises `PolicyError`."""
        parameters = {name: self.named[name] for name in self.numbers}
        value = self.compile(path, text, "integer", only=parameters).python()({})
        if not isinstance(value, int):
            self.policy.places.refuse(path, f"{text!r} has no value", "write an amount over parameters")
        return value

    def _formula(self, what: Formula | Node | str) -> Formula:
        if isinstance(what, Node):
            return as_formula(what)
        return parse_once(what, self.known) if isinstance(what, str) else what

    def _refuse_twice(self, name: str, path: Path) -> None:
        if name in self.known or name in self.numbers:
            self.policy.places.refuse(path, f"a step needs the name {name!r}, which is taken", "rename what has this name")

    def _parameter(self, name: str, value: int) -> Field:
        return Field(name, "integer", value, value, nullable=False, unit=self.policy.parameters[name].unit)


def _field_of(name: str, node: Node) -> Field:
    return Field(name, node.type, node.lo, node.hi, nullable=node.nullable)
