"""In: a `Program`. Out: its findings as bits of a few integers, and its steps that read them there. Used: where it becomes SQL.

A column for each finding would be most of the result, and an outcome asks all of them twice: whether one declines, whether one
refers. As bits they are asked with a mask.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Final

import msgspec

from weilend.decision.program import Finding, Program
from weilend.decision.trees import FALSE, literal
from weilend.formula.standard import Rule
from weilend.formula.tree import Node

#: Bits of one packed column; together they stay within 64 bits with a sign.
BITS: Final = 62
#: From so many findings on, an OR over them is a look at their bits.
_LONG: Final = 8
#: How both dialects ask for bits: an operation that formulas do not have.
ANY_BIT: Final = "any_bit"

#: What is NULL exactly where an argument is.
_COMPARISONS: Final = frozenset(("<", "<=", ">", ">=", "=", "<>", "between", "in"))

Places = Mapping[tuple[str, bool], tuple[str, int]]


def write_any_bit(node: Node, args: list[str]) -> str:
    """Return the question whether a packed integer has a bit of a mask.

    >>> write_any_bit(Node(ANY_BIT, (Node("field", value="found"),), value=5), ['"found"'])
    '(("found" & 5::BIGINT) <> 0)'
    """
    return f"(({args[0]} & {node.value}::BIGINT) <> 0)"


RULES: Final[dict[str, Rule]] = {ANY_BIT: write_any_bit}


def pack_findings(program: Program) -> dict[str, tuple[Finding, ...]]:
    """Return the findings of a program by the packed column that holds them, in their order.

    >>> pack_findings(Program(policy_id="p", inputs={}, rules=(), limits=(), sources=(), experiments=(), terms=(), refused={},
    ...     steps=(), findings=(Finding("thin", "rule_thin", "refer"),)))
    {'findings_0': (Finding(code='thin', step='rule_thin', outcome='refer', on_null=False),)}
    """
    found = program.findings
    return {f"findings_{start // BITS}": found[start : start + BITS] for start in range(0, len(found), BITS)}


def pack_steps(program: Program) -> tuple[dict[str, Node], dict[str, Node]]:
    """Return the steps of a program as trees, by name, and the packed columns as trees over them.

    A long OR over findings reads their bits; so findings that hang on such an OR come into their column after it.
    """
    packed = pack_findings(program)
    places = {(one.step, one.on_null): (column, place) for column, bits in packed.items() for place, one in enumerate(bits)}
    roots = {step.name: step.formula.root for step in program.steps}
    asking = {name for name, root in roots.items() if any(_is_long(node, places) for node in root.walk())}
    late = set(asking)
    for name, root in roots.items():
        late |= {name} if late & root.names else set()
    asks = {one.step: _ask(one.step, roots[one.step]) for one in program.findings}
    early = {column: _sum(bits, [one.step not in late for one in bits], asks) for column, bits in packed.items()}
    steps = {_early(column): tree for column, tree in early.items()} if asking else {}
    steps |= {name: _ask_bits(root, places, packed) if name in asking else root for name, root in roots.items()}
    if not asking:
        return steps, early
    rest = {column: _sum(bits, [one.step in late for one in bits], asks) for column, bits in packed.items()}
    return steps, {column: _plus(Node("field", value=_early(column)), rest[column]) for column in packed}


def _early(column: str) -> str:
    return f"{column} early"


def _ask(step: str, root: Node) -> tuple[Node, Node]:
    """Return what asks whether a step is true, and whether it is NULL; a plain comparison is written out, to be no column."""
    if root.op not in _COMPARISONS or any(arg.args for arg in root.args):
        field = Node("field", value=step, nullable=True)
        return field, Node("is_null", (field,))
    unknown = tuple(Node("is_null", (arg,)) for arg in dict.fromkeys(root.args) if arg.nullable) or (FALSE,)
    return root, unknown[0] if len(unknown) == 1 else Node("or", unknown)


def _sum(bits: Sequence[Finding], taken: Sequence[bool], asks: Mapping[str, tuple[Node, Node]]) -> Node:
    """Return the sum of the bits whose findings hold: a CASE for each step, since a rule is true, not known, or neither."""
    whens: dict[str, list[Node]] = {}
    for place, (one, is_taken) in enumerate(zip(bits, taken, strict=True)):
        if is_taken:
            whens.setdefault(one.step, []).extend((asks[one.step][one.on_null], literal(1 << place)))
    return reduce(_plus, [Node("case", (*pairs, literal(0)), type="integer") for pairs in whens.values()] or [literal(0)])


def _plus(left: Node, right: Node) -> Node:
    return left if right == literal(0) else Node("+", (left, right), type="integer")


def _asked(node: Node) -> tuple[str, bool]:
    """Return the step that a condition asks, and whether for NULL; no step where it asks something else."""
    inner = node.args[0] if node.op == "is_null" else node
    return (str(inner.value) if inner.op == "field" else "", node.op == "is_null")


def _is_long(node: Node, places: Places) -> bool:
    return node.op == "or" and len(node.args) >= _LONG and all(_asked(arg) in places for arg in node.args)


def _ask_bits(node: Node, places: Places, packed: Mapping[str, object]) -> Node:
    """Return a tree in which long ORs over findings are masks over the early bits."""
    if not _is_long(node, places):
        return msgspec.structs.replace(node, args=tuple(_ask_bits(arg, places, packed) for arg in node.args))
    found = [places[_asked(arg)] for arg in node.args]
    masks = {column: sum(1 << place for where, place in found if where == column) for column in packed}
    looks = [Node(ANY_BIT, (Node("field", value=_early(column)),), value=mask) for column, mask in masks.items() if mask]
    return looks[0] if len(looks) == 1 else Node("or", tuple(looks))
