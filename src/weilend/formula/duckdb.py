"""In: nothing. Out: `TABLE`, how DuckDB writes each operation. Used: by `sql`. Pure text: DuckDB itself is only in the engine.

Where DuckDB's own meaning differs from ours, the row of the table says how ours is said: division by zero is an error there,
`least` skips NULL, a literal has 32 bits, and a product of two 64-bit integers does not fit in 64 bits.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final

from weilend.core.money import PPM
from weilend.formula.ranges import product_range
from weilend.formula.text import quoted
from weilend.formula.tree import MAX_INTEGER, Node

#: Values outside the language that stand for NULL inside least and greatest, which skip NULL in DuckDB.
_BELOW: Final = f"(-{MAX_INTEGER + 1})::BIGINT"
_BEFORE: Final = "DATE '0001-12-31 (BC)'"
_AFTER: Final = "DATE '10000-01-01'"

_TYPES: Final = {"integer": "BIGINT", "text": "VARCHAR", "date": "DATE", "boolean": "BOOLEAN"}


def _wide(node: Node, text: str) -> str:
    """Give fields and literals 64 bits before they enter arithmetic; what is computed has them already."""
    return f"{text}::BIGINT" if node.op in ("field", "literal") and node.type == "integer" else text


def _wides(node: Node, args: list[str]) -> list[str]:
    return [_wide(arg, text) for arg, text in zip(node.args, args, strict=True)]


def _literal(node: Node, _args: list[str]) -> str:
    if isinstance(node.value, date):
        return f"DATE '{node.value.isoformat()}'"
    if isinstance(node.value, str):
        return quoted(node.value)
    return f"({node.value})" if str(node.value).startswith("-") else str(node.value).upper()


def _infix(node: Node, args: list[str]) -> str:
    return f"({args[0]} {node.op} {args[1]})"


def _arithmetic(node: Node, args: list[str]) -> str:
    return _infix(node, _wides(node, args))


def _division(operator: str) -> Callable[[Node, list[str]], str]:
    def rule(node: Node, args: list[str]) -> str:
        left, right = _wides(node, args)
        low, high = node.args[1].range
        return f"({left} {operator} {f'nullif({right}, 0)' if low <= 0 <= high else right})"

    return rule


def _mul_rate(node: Node, args: list[str]) -> str:
    """`round(…, -6)` of an integer is exact and half away from zero; 128 bits where 64 are not proved to do."""
    low, high = product_range(node.args[0].range, node.args[1].range)
    fen, ppm = _wides(node, args)
    if max(-low, high) + PPM // 2 <= MAX_INTEGER:
        return f"(round({fen} * {ppm}, -6) // {PPM})"
    return f"(round({fen}::HUGEINT * {ppm}, -6) // {PPM})::BIGINT"


def _least(node: Node, args: list[str]) -> str:
    mark = _BELOW if node.type == "integer" else _BEFORE
    return _strict_least(node, _wides(node, args), mark)


def _greatest(node: Node, args: list[str]) -> str:
    args = _wides(node, args)
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


def _case(_: Node, args: list[str]) -> str:
    pairs = zip(args[:-1:2], args[1::2], strict=True)
    return f"(CASE {' '.join(f'WHEN {condition} THEN {result}' for condition, result in pairs)} ELSE {args[-1]} END)"


def _wide_choice(rule: Callable[[Node, list[str]], str]) -> Callable[[Node, list[str]], str]:
    return lambda node, args: rule(node, _wides(node, args))


def _call(node: Node, args: list[str]) -> str:
    return f"{node.op}({', '.join(args)})"


TABLE: dict[str, Callable[[Node, list[str]], str]] = {
    "field": lambda node, _: '"' + str(node.value).replace('"', '""') + '"',
    "literal": _literal,
    "null": lambda node, _: f"NULL::{_TYPES[node.type]}",
    **dict.fromkeys(("+", "-", "*"), _arithmetic),
    **dict.fromkeys(("=", "<>", "<", "<=", ">", ">="), _infix),
    "neg": lambda node, args: f"(-{_wides(node, args)[0]})",
    "abs": lambda node, args: f"abs({_wides(node, args)[0]})",
    "div": _division("//"),
    "mod": _division("%"),
    "mul_rate": _mul_rate,
    "least": _least,
    "greatest": _greatest,
    "days_between": lambda _, args: f"({args[1]} - {args[0]})",
    "add_days": _add_days,
    "starts_with": _call,
    "coalesce": _wide_choice(_call),
    "case": _wide_choice(_case),
    "in": lambda _, args: f"({args[0]} IN ({', '.join(args[1:])}))",
    "between": lambda _, args: f"({args[0]} BETWEEN {args[1]} AND {args[2]})",
    "is_null": lambda _, args: f"({args[0]} IS NULL)",
    "and": lambda _, args: f"({' AND '.join(args)})",
    "or": lambda _, args: f"({' OR '.join(args)})",
    "not": lambda _, args: f"(NOT {args[0]})",
}
