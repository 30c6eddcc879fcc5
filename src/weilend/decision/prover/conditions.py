"""In: a program. Out: conditions over its steps. Used: by the properties, to say what they claim."""

from __future__ import annotations

from weilend.decision.program import Program
from weilend.decision.trees import FALSE, as_formula, choose, is_null, literal, never_null, read
from weilend.formula import Formula
from weilend.formula.tree import Node


class Conditions:
    """Conditions over the inputs and steps of a program, by name.

    >>> from weilend.decision.example import example_evaluator
    >>> Conditions(example_evaluator().program).is_word("outcome", "approve").text
    "outcome = 'approve'"
    """

    def __init__(self, program: Program) -> None:
        self.program = program
        self.fields = program.fields()

    def node(self, name: str) -> Node:
        """Return the reading of an input or a step."""
        return read(self.fields[name])

    def holds(self, name: str) -> Formula:
        """Return that a boolean step is true."""
        return as_formula(self.node(name))

    def fails(self, name: str) -> Formula:
        """Return that a boolean step is false or NULL."""
        return as_formula(Node("not", (never_null(self.node(name), FALSE),)))

    def not_true(self, condition: Formula) -> Formula:
        """Return that a condition is false or NULL."""
        return as_formula(Node("not", (never_null(condition.root, FALSE),)))

    def is_false(self, node: Node) -> Formula:
        """Return that a condition is false."""
        return as_formula(Node("not", (node,), nullable=node.nullable))

    def is_true(self, node: Node) -> Formula:
        """Return a condition as it stands."""
        return as_formula(node)

    def unknown(self, name: str) -> Formula:
        """Return that an input or a step is NULL."""
        return as_formula(is_null(self.node(name)))

    def known(self, name: str) -> Formula:
        """Return that an input or a step is not NULL."""
        return as_formula(Node("not", (is_null(self.node(name)),)))

    def is_word(self, name: str, word: str) -> Formula:
        """Return that a text is a word."""
        return as_formula(_compared("=", self.node(name), literal(word)))

    def compared(self, name: str, op: str, other: Node) -> Formula:
        """Return a comparison of a number with another one."""
        return as_formula(_compared(op, self.node(name), other))

    @property
    def approved(self) -> Formula:
        """Return that the outcome is approve."""
        return self.is_word(self.program.outcome, "approve")

    def when_approved(self, name: str, otherwise: int) -> Formula:
        """Return a number as an approval gives it, another one where nothing is approved."""
        number = choose([(Node("not", (is_null(self.node(name)),)), self.node(name))], literal(otherwise))
        return as_formula(choose([(self.approved.root, number)], literal(otherwise)))


def _compared(op: str, left: Node, right: Node) -> Node:
    return Node(op, (left, right), nullable=left.nullable or right.nullable)
