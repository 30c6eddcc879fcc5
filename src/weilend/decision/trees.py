"""In: literals, fields, nodes. Out: typed nodes put together. Used: where the compiler joins formulas that are typed already.

What is built here has the types and ranges that the formula language would have proved for the same text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec

from weilend.core.errors import FormulaError
from weilend.core.records import Field, FieldType
from weilend.formula import Formula, parse
from weilend.formula.text import write
from weilend.formula.tree import Node

TRUE, FALSE = Node("literal", value=True), Node("literal", value=False)


def literal(value: int | str) -> Node:
    """Return an integer or a text as a node.

    >>> literal(7).range
    (7, 7)
    """
    if isinstance(value, str):
        return Node("literal", value=value, type="text")
    return Node("literal", value=value, type="integer", lo=value, hi=value)


def read(field: Field) -> Node:
    """Return the reading of a field.

    >>> read(Field("n", "integer", 0, 9)).range
    (0, 9)
    """
    lo, hi = (field.lo, field.hi) if None not in (field.lo, field.hi) else (None, None)
    return Node("field", value=field.name, type=field.type, nullable=field.nullable, lo=lo, hi=hi)


def choose(pairs: Sequence[tuple[Node, Node]], other: Node | None = None) -> Node:
    """Return the CASE that takes the result of the first condition that is true, `other` (NULL unless given) where none is.

    >>> as_formula(choose([(TRUE, literal(1))], literal(5))).text
    'CASE WHEN TRUE THEN 1 ELSE 5 END'
    """
    first = pairs[0][1]
    last = other or Node("null", type=first.type, nullable=True)
    results = [result for _, result in pairs] + [last]
    known = [result for result in results if result.op != "null"]
    spans = [(result.lo, result.hi) for result in known if result.lo is not None and result.hi is not None]
    lo, hi = (min(lo for lo, _ in spans), max(hi for _, hi in spans)) if len(spans) == len(known) else (None, None)
    args = (*(node for pair in pairs for node in pair), last)
    return Node("case", args, type=first.type, nullable=any(result.nullable for result in results), lo=lo, hi=hi)


def either(nodes: Sequence[Node]) -> Node:
    """Return whether one of several booleans is true; FALSE where there are none. NULL counts as false, so it is never NULL.

    >>> as_formula(either([TRUE, FALSE])).text
    'CASE WHEN TRUE OR FALSE THEN TRUE ELSE FALSE END'
    """
    if not nodes:
        return FALSE
    flat = tuple(arg for node in nodes for arg in (node.args if node.op == "or" else (node,)))
    whole = nodes[0] if len(nodes) == 1 else Node("or", flat, nullable=any(node.nullable for node in flat))
    return choose([(whole, TRUE)], FALSE) if whole.nullable or whole.op == "or" else whole


def never_null(node: Node, otherwise: Node) -> Node:
    """Return a boolean with a value in place of NULL.

    >>> never_null(TRUE, FALSE) == TRUE
    True
    """
    return Node("coalesce", (node, otherwise)) if node.nullable else node


def is_null(node: Node) -> Node:
    """Return whether a node is NULL.

    >>> is_null(TRUE).op
    'is_null'
    """
    return Node("is_null", (node,))


def put(root: Node, values: Mapping[str, Node]) -> Node:
    """Return a tree with the named fields replaced: a parameter by its literal, a name by the step that holds its value.

    >>> as_formula(put(parse("n + 1", {"n": Field("n", "integer", 3, 3, nullable=False)}).root, {"n": literal(3)})).text
    '3 + 1'
    """
    if root.op == "field":
        return values.get(str(root.value), root)
    if not root.args:
        return root
    args = tuple(put(arg, values) for arg in root.args)
    return root if all(new is old for new, old in zip(args, root.args, strict=True)) else _with(root, args)


def _with(root: Node, args: tuple[Node, ...]) -> Node:
    return Node(root.op, args, root.value, root.type, root.nullable, root.lo, root.hi)


def as_formula(root: Node) -> Formula:
    """Return a tree with its text.

    >>> as_formula(TRUE).text
    'TRUE'
    """
    return Formula(write(root), root)


def parse_once(text: str, fields: Mapping[str, Field]) -> Formula:
    """Return what `parse` does, kept by text and by the fields that it may mean, for policies that differ in a line.

    >>> number, word = Field("n", "integer"), Field("m", "text")
    >>> parse_once("n > 1", {"n": number}) is parse_once("n > 1", {"n": number, "m": word})
    True
    """
    named = sorted(set(re.findall(r"\w+", text)))
    try:
        return _parsed(text, tuple(fields[name] for name in named if name in fields))
    except FormulaError:
        return parse(text, fields)  # the same error, with every name in its hint


@lru_cache(maxsize=16_384)
def _parsed(text: str, fields: tuple[Field, ...]) -> Formula:
    return parse(text, {field.name: field for field in fields})


def as_field(name: str, formula: Formula, *, unit: str = "", words: tuple[str, ...] = ()) -> Field:
    """Return what is known of a formula's value as a field.

    >>> as_field("two", parse("1 + 1", {})).hi
    2
    """
    kind: FieldType = formula.type
    return Field(name, kind, formula.lo, formula.hi, nullable=formula.nullable, unit=unit, words=words)


def narrowed(formula: Formula, lo: int | None, hi: int | None) -> Formula:
    """Return a formula with the range that a condition inside it proves, where that has two ends.

    >>> narrowed(parse("n", {"n": Field("n", "integer")}), 0, 9).hi
    9
    """
    if lo is None or hi is None:
        return formula
    return Formula(formula.text, msgspec.structs.replace(formula.root, lo=lo, hi=hi))
