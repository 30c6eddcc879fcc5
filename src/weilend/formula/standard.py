"""In: nothing. Out: `STANDARD`, what SQL engines write alike. Used: by the table of each dialect, which adds the rest.

Fields and literals get 64 bits before they enter arithmetic, because engines give literals 32 and files may hold fewer still.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from weilend.formula.text import quoted
from weilend.formula.tree import Node

#: How one operation is written, given the node and its arguments already written.
Rule = Callable[[Node, list[str]], str]
#: How one dialect writes each operation. Every argument appears once in what is written, so that the text grows in proportion
#: to the formula.
Table = Mapping[str, Rule]


def wides(node: Node, args: list[str]) -> list[str]:
    """Return the arguments of a node with 64 bits each; what is computed has them already.

    >>> wides(Node("neg", (Node("field", value="n", type="integer"),)), ['"n"'])
    ['"n"::BIGINT']
    """
    return [_wide(arg, text) for arg, text in zip(node.args, args, strict=True)]


def _wide(node: Node, text: str) -> str:
    return f"{text}::BIGINT" if node.op in ("field", "literal") and node.type == "integer" else text


def literal(node: Node, _args: list[str]) -> str:
    """Return a literal; a negative number stands in parentheses.

    >>> literal(Node("literal", value=-5, type="integer"), [])
    '(-5)'
    """
    if isinstance(node.value, date):
        return f"DATE '{node.value.isoformat()}'"
    if isinstance(node.value, str):
        return quoted(node.value)
    return f"({node.value})" if str(node.value).startswith("-") else str(node.value).upper()


def call(node: Node, args: list[str]) -> str:
    """Return an operation that is a function of the same name.

    >>> call(Node("least"), ["a", "b"])
    'least(a, b)'
    """
    return f"{node.op}({', '.join(args)})"


def _infix(node: Node, args: list[str]) -> str:
    return f"({args[0]} {node.op} {args[1]})"


def _arithmetic(node: Node, args: list[str]) -> str:
    return _infix(node, wides(node, args))


def _case(node: Node, args: list[str]) -> str:
    args = wides(node, args)
    pairs = zip(args[:-1:2], args[1::2], strict=True)
    return f"(CASE {' '.join(f'WHEN {condition} THEN {result}' for condition, result in pairs)} ELSE {args[-1]} END)"


STANDARD: dict[str, Rule] = {
    "literal": literal,
    **dict.fromkeys(("+", "-", "*"), _arithmetic),
    **dict.fromkeys(("=", "<>", "<", "<=", ">", ">="), _infix),
    "neg": lambda node, args: f"(-{wides(node, args)[0]})",
    "abs": lambda node, args: f"abs({wides(node, args)[0]})",
    "coalesce": lambda node, args: call(node, wides(node, args)),
    "case": _case,
    "in": lambda _, args: f"({args[0]} IN ({', '.join(args[1:])}))",
    "between": lambda _, args: f"({args[0]} BETWEEN {args[1]} AND {args[2]})",
    "is_null": lambda _, args: f"({args[0]} IS NULL)",
    "and": lambda _, args: f"({' AND '.join(args)})",
    "or": lambda _, args: f"({' OR '.join(args)})",
    "not": lambda _, args: f"(NOT {args[0]})",
}
