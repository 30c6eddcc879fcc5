"""In: nothing. Out: `TABLE`, how Spark writes each operation. Used: by `sql`. Pure text: Spark itself is only in the engine.

The text means the same whether `spark.sql.ansi.enabled` is true or false: no division by zero is left in it and nothing
overflows. A value becomes NULL by `get(array_remove(array(a), b), 0)`, which is NULL past the end, and not by `nullif(a, b)`:
Spark copies the first argument of `nullif`, so ten of them inside each other inside a CASE no longer compile. For the same
reason nothing here takes a lambda: one stops Spark from compiling the whole step of the query that it stands in.
"""

from __future__ import annotations

import re
from typing import Final

from weilend.core.money import PPM
from weilend.formula.ranges import product_range
from weilend.formula.standard import STANDARD, Rule, call, literal, wides
from weilend.formula.tree import MAX_INTEGER, Node

_TYPES: Final = {"integer": "BIGINT", "text": "STRING", "date": "DATE", "boolean": "BOOLEAN"}

#: The days beside the calendar of the language; Spark's own goes on for five million years.
_BEFORE: Final = "DATE '0000-12-31'"
_AFTER: Final = "DATE '+10000-01-01'"

#: What Spark may read as something else inside quotes, as its settings say: quotes, escapes, variables.
_TOUCHY: Final = re.compile(r"['\\$]")


def _literal(node: Node, args: list[str]) -> str:
    """Return a literal; a touchy text goes as its bytes, which no setting changes."""
    if isinstance(node.value, str) and _TOUCHY.search(node.value):
        return f"X'{node.value.encode().hex()}'::STRING"
    return literal(node, args)


def _division(operator: str) -> Rule:
    def rule(node: Node, args: list[str]) -> str:
        left, right = wides(node, args)
        low, high = node.args[1].range
        return f"({left} {operator} {_without(right, '0') if low <= 0 <= high else right})"

    return rule


def _mul_rate(node: Node, args: list[str]) -> str:
    """`round(…, -6)` of an integer is exact and half away from zero; 38 digits where 64 bits are not proved to do."""
    low, high = product_range(node.args[0].range, node.args[1].range)
    fen, ppm = wides(node, args)
    if max(-low, high) + PPM // 2 <= MAX_INTEGER:
        return f"(round({fen} * {ppm}, -6) DIV {PPM})"
    return f"(round({fen}::DECIMAL(38, 0) * {ppm}, -6) DIV {PPM})"


def _without(value: str, *marks: str) -> str:
    """Return a value, NULL where it is one of the marks."""
    left = f"array({value})"
    for mark in marks:
        left = f"array_remove({left}, {mark})"
    return f"get({left}, 0)"


def _least(node: Node, args: list[str]) -> str:
    args = wides(node, args)
    return _first(args) if node.nullable else call(node, args)


def _first(args: list[str]) -> str:
    """Take the first in an order in which NULL comes first, because Spark's own least skips NULL."""
    return f"get(sort_array(array({', '.join(args)})), 0)"


def _greatest(node: Node, args: list[str]) -> str:
    """Take the least of what is negative: a date goes as its number of days."""
    args = wides(node, args)
    if not node.nullable:
        return call(node, args)
    if node.type == "date":
        return f"date_from_unix_date(-{_first([f'(-unix_date({arg}))' for arg in args])})"
    return f"(-{_first([f'(-{arg})' for arg in args])})"


def _add_days(_: Node, args: list[str]) -> str:
    """Clamp to one day outside the calendar of the language, and make those two days NULL."""
    moved = f"date_add({args[0]}, {args[1]}::INT)"
    return _without(f"least(greatest({moved}, {_BEFORE}), {_AFTER})", _BEFORE, _AFTER)


TABLE: dict[str, Rule] = {
    **STANDARD,
    "field": lambda node, _: "`" + str(node.value).replace("`", "``") + "`",
    "literal": _literal,
    "null": lambda node, _: f"NULL::{_TYPES[node.type]}",
    "div": _division("DIV"),
    "mod": _division("%"),
    "mul_rate": _mul_rate,
    "least": _least,
    "greatest": _greatest,
    "days_between": lambda _, args: f"datediff({args[1]}, {args[0]})::BIGINT",
    "add_days": _add_days,
    "starts_with": lambda _, args: f"startswith({args[0]}, {args[1]})",
}
