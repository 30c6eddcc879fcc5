"""In: nothing. Out: `TABLE`, how DuckDB writes each operation. Used: by `sql`. Pure text: DuckDB itself is only in the engine.

Where DuckDB's own meaning differs from ours, the row of the table says how ours is said: division by zero is an error there,
`least` skips NULL, a literal has 32 bits, and a product of two 64-bit integers does not fit in 64 bits.
"""

from __future__ import annotations

from typing import Final

from weilend.core.money import PPM
from weilend.formula.ranges import product_range
from weilend.formula.standard import STANDARD, Rule, call, wides
from weilend.formula.tree import MAX_INTEGER, Node

#: Values outside the language that stand for NULL inside least and greatest, which skip NULL in DuckDB.
_BELOW: Final = f"(-{MAX_INTEGER + 1})::BIGINT"
_BEFORE: Final = "DATE '0001-12-31 (BC)'"
_AFTER: Final = "DATE '10000-01-01'"

_TYPES: Final = {"integer": "BIGINT", "text": "VARCHAR", "date": "DATE", "boolean": "BOOLEAN"}


def _division(operator: str) -> Rule:
    def rule(node: Node, args: list[str]) -> str:
        left, right = wides(node, args)
        low, high = node.args[1].range
        return f"({left} {operator} {f'nullif({right}, 0)' if low <= 0 <= high else right})"

    return rule


def _mul_rate(node: Node, args: list[str]) -> str:
    """`round(…, -6)` of an integer is exact and half away from zero; 128 bits where 64 are not proved to do."""
    low, high = product_range(node.args[0].range, node.args[1].range)
    fen, ppm = wides(node, args)
    if max(-low, high) + PPM // 2 <= MAX_INTEGER:
        return f"(round({fen} * {ppm}, -6) // {PPM})"
    return f"(round({fen}::HUGEINT * {ppm}, -6) // {PPM})::BIGINT"


def _least(node: Node, args: list[str]) -> str:
    mark = _BELOW if node.type == "integer" else _BEFORE
    return _strict_least(node, wides(node, args), mark)


def _greatest(node: Node, args: list[str]) -> str:
    args = wides(node, args)
    if node.type == "date":
        return _strict("greatest", node, args, _AFTER)
    return (
        f"(-{_strict_least(node, [f'(-{arg})' for arg in args], _BELOW)})" if node.nullable else f"greatest({', '.join(args)})"
    )


def _strict_least(node: Node, args: list[str], mark: str) -> str:
    return _strict("least", node, args, mark)


def _strict(function: str, node: Node, args: list[str], mark: str) -> str:
    """Let one NULL make all NULL: it becomes the mark, the mark wins, and the mark becomes NULL again."""
    if not node.nullable:
        return f"{function}({', '.join(args)})"
    marked = [f"coalesce({text}, {mark})" if arg.nullable else text for arg, text in zip(node.args, args, strict=True)]
    return f"nullif({function}({', '.join(marked)}), {mark})"


def _add_days(_: Node, args: list[str]) -> str:
    """Clamp to one day outside the calendar of the language, and make those two days NULL."""
    moved = f"({args[0]} + {args[1]}::INTEGER)"
    return f"nullif(nullif(least(greatest({moved}, {_BEFORE}), {_AFTER}), {_BEFORE}), {_AFTER})"


TABLE: dict[str, Rule] = {
    **STANDARD,
    "field": lambda node, _: '"' + str(node.value).replace('"', '""') + '"',
    "null": lambda node, _: f"NULL::{_TYPES[node.type]}",
    "div": _division("//"),
    "mod": _division("%"),
    "mul_rate": _mul_rate,
    "least": _least,
    "greatest": _greatest,
    "days_between": lambda _, args: f"({args[1]} - {args[0]})",
    "add_days": _add_days,
    "starts_with": call,
}
