"""In: a typed tree. Out: its canonical text, which parses back to the same tree. Used: for `Formula.text` and identity.

Parentheses stand where the grammar needs them, and around what would be read twice otherwise; keywords are upper case.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Final

from weilend.formula.tree import Node, Value
from weilend.formula.words import KEYWORDS

#: How tightly an operation binds; what is not listed is an atom.
_BINDING: Final = {
    "or": 1, "and": 2, "not": 3, **dict.fromkeys(("=", "<>", "<", "<=", ">", ">=", "in", "between", "is_null"), 4),
    "+": 5, "-": 5, "*": 6, "neg": 7,
}  # fmt: skip
_ATOM: Final = 9
_NEGATED: Final = {"in": "NOT IN", "between": "NOT BETWEEN", "is_null": "IS NOT NULL"}


def write(node: Node) -> str:
    """Return the canonical text of a tree.

    >>> from weilend.formula import parse
    >>> from weilend.core.records import Field
    >>> parse("not(a is null)and(((a))<= -(3))", {"a": Field("a", "integer")}).text
    'a IS NOT NULL AND a <= -3'
    """
    return _RULES.get(node.op, _call)(node)


def quoted(text: str) -> str:
    """Return a text literal.

    >>> quoted("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def _at(node: Node, binding: int) -> str:
    """Write an argument, in parentheses where it binds less tightly than its place asks."""
    binds = _BINDING.get(node.op, _ATOM)
    negative = node.op == "literal" and node.type == "integer" and str(node.value).startswith("-")
    if negative:
        binds = _BINDING["neg"]
    return write(node) if binds >= binding else f"({write(node)})"


def _call(node: Node) -> str:
    return f"{node.op}({', '.join(write(arg) for arg in node.args)})"


def _infix(node: Node) -> str:
    binding = _BINDING[node.op]
    left, right = node.args
    loose = binding + 1 if binding == _BINDING["="] else binding
    return f"{_at(left, loose)} {node.op} {_at(right, binding + 1)}"


def _junction(node: Node) -> str:
    return f" {node.op.upper()} ".join(_at(arg, _BINDING[node.op] + 1) for arg in node.args)


def _test(node: Node, word: str) -> str:
    subject, *rest = node.args
    tails: dict[str, Callable[[], str]] = {
        "in": lambda: f" ({', '.join(write(item) for item in rest)})",
        "between": lambda: f" {_at(rest[0], 5)} AND {_at(rest[1], 5)}",
        "is_null": lambda: "",
    }
    return f"{_at(subject, 5)} {word}{tails[node.op]()}"


def _not(node: Node) -> str:
    inner = node.args[0]
    return _test(inner, _NEGATED[inner.op]) if inner.op in _NEGATED else f"NOT {_at(inner, _ATOM)}"


def _case(node: Node) -> str:
    pairs = zip(node.args[:-1:2], node.args[1::2], strict=True)
    whens = "".join(f" WHEN {write(condition)} THEN {write(result)}" for condition, result in pairs)
    other = "" if node.args[-1].op == "null" else f" ELSE {write(node.args[-1])}"
    return f"CASE{whens}{other} END"


def _name(name: Value) -> str:
    plain = re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", str(name)) and str(name).lower() not in KEYWORDS
    return str(name) if plain else '"' + str(name).replace('"', '""') + '"'


def _literal(node: Node) -> str:
    if isinstance(node.value, date):
        return f"DATE '{node.value.isoformat()}'"
    if isinstance(node.value, str):
        return quoted(node.value)
    return str(node.value).upper()


_RULES: dict[str, Callable[[Node], str]] = {
    "field": lambda node: _name(node.value),
    "literal": _literal,
    "null": lambda _: "NULL",
    "neg": lambda node: f"-{_at(node.args[0], _ATOM)}",
    "and": _junction,
    "or": _junction,
    "not": _not,
    "in": lambda node: _test(node, "IN"),
    "between": lambda node: _test(node, "BETWEEN"),
    "is_null": lambda node: _test(node, "IS NULL"),
    "case": _case,
    **dict.fromkeys(("+", "-", "*", "=", "<>", "<", "<=", ">", ">="), _infix),
}
