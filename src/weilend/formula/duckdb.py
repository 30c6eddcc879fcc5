"""In: nothing. Out: `TABLE`, how DuckDB writes each operation. Used: by `sql`. Pure text: DuckDB itself is only in the engine.

Where DuckDB's own meaning differs from ours, the row of the table says how ours is said: division by zero is an error there,
`least` skips NULL, a literal has 32 bits, and a product of two 64-bit integers does not fit in 64 bits.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Final

from weilend.core.money import PPM
from weilend.formula.ranges import product_range
from weilend.formula.stairs import find_stairs
from weilend.formula.standard import STANDARD, Rule, call, literal, wides
from weilend.formula.tree import MAX_INTEGER, Node

#: Values outside the language that stand for NULL inside least and greatest, which skip NULL in DuckDB.
_BELOW: Final = f"(-{MAX_INTEGER + 1})::BIGINT"
_BEFORE: Final = "DATE '0001-12-31 (BC)'"
_AFTER: Final = "DATE '10000-01-01'"

#: A CASE over a number becomes a table from so many results on, up to so many values of the number.
_TABLE_FROM, _TABLE_TO = 16, 4_096

_TYPES: Final = {"integer": "BIGINT", "text": "VARCHAR", "date": "DATE", "boolean": "BOOLEAN"}


def _division(operator: str) -> Rule:
    def rule(node: Node, args: list[str]) -> str:
        left, right = wides(node, args)
        low, high = node.args[1].range
        return f"({left} {operator} {f'nullif({right}, 0)' if low <= 0 <= high else right})"

    return rule


def _mul_rate(node: Node, args: list[str]) -> str:
    """Round half away from zero, in 128 bits where 64 are not proved to do.

    `round(…, -6)` of an integer does so, at thirty times the price of an addition and a division; these do where the product is
    never negative, which is nearly always.
    """
    low, high = product_range(node.args[0].range, node.args[1].range)
    fen, ppm = wides(node, args)
    fits = max(-low, high) + PPM // 2 <= MAX_INTEGER
    product = f"{fen} * {ppm}" if fits else f"{fen}::HUGEINT * {ppm}"
    rounded = f"({product} + {PPM // 2})" if low >= 0 else f"round({product}, -6)"
    return f"({rounded} // {PPM})" if fits else f"({rounded} // {PPM})::BIGINT"


def _least(node: Node, args: list[str]) -> str:
    mark = _BELOW if node.type == "integer" else _BEFORE
    args = wides(node, args)
    return _of_two(node, args, "<=") or _strict_least(node, args, mark)


def _greatest(node: Node, args: list[str]) -> str:
    args = wides(node, args)
    if _of_two(node, args, ">="):
        return _of_two(node, args, ">=")
    if node.type == "date":
        return _strict("greatest", node, args, _AFTER)
    return (
        f"(-{_strict_least(node, [f'(-{arg})' for arg in args], _BELOW)})" if node.nullable else f"greatest({', '.join(args)})"
    )


def _of_two(node: Node, args: list[str], sign: str) -> str:
    """Return the choice of two plain values, in half the time of the marks below; nothing where it is another case."""
    if not node.nullable or len(args) > 2 or any(arg.args for arg in node.args):
        return ""
    a, b = args
    return f"(CASE WHEN {a} {sign} {b} THEN {a} WHEN {b} {sign} {a} THEN {b} END)"


def _strict_least(node: Node, args: list[str], mark: str) -> str:
    return _strict("least", node, args, mark)


def _strict(function: str, node: Node, args: list[str], mark: str) -> str:
    """Let one NULL make all NULL: it becomes the mark, the mark wins, and the mark becomes NULL again."""
    if not node.nullable:
        return f"{function}({', '.join(args)})"
    marked = [f"coalesce({text}, {mark})" if arg.nullable else text for arg, text in zip(node.args, args, strict=True)]
    return f"nullif({function}({', '.join(marked)}), {mark})"


def _coalesce(node: Node, args: list[str]) -> str:
    """Ask whether a boolean is true, or false, where TRUE or FALSE stands in for NULL: that takes half the time."""
    if node.type != "boolean" or len(args) > 2 or node.args[1].op != "literal":
        return STANDARD["coalesce"](node, args)
    if node.args[1].value is False:
        return f"(CASE WHEN {args[0]} THEN TRUE ELSE FALSE END)"
    return f"(CASE WHEN NOT {args[0]} THEN FALSE ELSE TRUE END)"


def _case(node: Node, args: list[str]) -> str:
    """Look up a table of literals by its place; asking whether the number is below each cut takes fifty times as long."""
    stairs = find_stairs(node)
    subject = node.args[0].args[0] if stairs else node
    if (
        len(stairs) < _TABLE_FROM
        or subject.op != "field"
        or subject.lo is None
        or subject.range[1] - subject.range[0] >= _TABLE_TO
    ):
        return STANDARD["case"](node, args)
    low, high = subject.range
    cuts = [cut for cut, _ in stairs]
    values = [stairs[bisect_left(cuts, place)][1] for place in range(low, high + 1)]
    written = ", ".join(literal(Node("literal", value=value), []) for value in values)
    return f"([{written}]::{_TYPES[node.type]}[])[{TABLE['field'](subject, [])}::BIGINT - ({low - 1})]"


def _add_days(_: Node, args: list[str]) -> str:
    """Clamp to one day outside the calendar of the language, and make those two days NULL."""
    moved = f"({args[0]} + {args[1]}::INTEGER)"
    return f"nullif(nullif(least(greatest({moved}, {_BEFORE}), {_AFTER}), {_BEFORE}), {_AFTER})"


TABLE: dict[str, Rule] = {
    **STANDARD,
    "field": lambda node, _: '"' + str(node.value).replace('"', '""') + '"',
    "null": lambda node, _: f"NULL::{_TYPES[node.type]}",
    "coalesce": _coalesce,
    "case": _case,
    "div": _division("//"),
    "mod": _division("%"),
    "mul_rate": _mul_rate,
    "least": _least,
    "greatest": _greatest,
    "days_between": lambda _, args: f"({args[1]} - {args[0]})",
    "add_days": _add_days,
    "starts_with": call,
}
