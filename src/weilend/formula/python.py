"""In: a typed tree. Out: plain Python source, and the function that it makes. Used: for live decisions, one row at a time.

Every subexpression of the language has a value or is NULL, and none raises, so the source computes top to bottom with locals.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import takewhile
from typing import Any, Final

import msgspec

from weilend.core.money import PPM
from weilend.formula.ranges import product_range
from weilend.formula.stairs import find_stairs
from weilend.formula.tree import MAX_DAY, MIN_DAY, Node, Value
from weilend.formula.writer import Writer, compile_source, local_names, missing, safe_locals

_LONG: Final = 90  # characters of an inline expression before it gets a line of its own
_STAIRS: Final = 8  # results of a CASE over one number from which on a search is quicker than asking one by one


def source(root: Node) -> str:
    """Return the Python source of a formula: a function of one row.

    >>> print(source(Node("not", (Node("field", value="paid"),))))
    def formula(row):
        try:
            paid = row['paid']
        except KeyError as error:
            raise _missing(error.args[0], 'row') from None
        return not paid
    """
    return _written(root)[0]


def compiled(root: Node) -> Callable[[Mapping[str, Any]], Value]:
    """Return a formula as a function of one row.

    >>> compiled(Node("not", (Node("field", value="paid"),)))({"paid": True})
    False
    """
    text, constants = _written(root)
    return compile_source(text, {**constants, "_missing": missing, "_add_days": _add_days, "_bisect": bisect_left})


class Block(msgspec.Struct, frozen=True):
    """Lines that compute formulas one after the other: `locals` names the variable of each, `constants` what the lines call.

    >>> write_block(["net_fen"], [("twice", Node("*", (Node("literal", value=2), Node("field", value="net_fen"))))]).lines
    ('twice = 2 * net_fen',)
    """

    lines: tuple[str, ...]
    locals: dict[str, str]
    constants: dict[str, Any]


def write_block(inputs: Sequence[str], steps: Sequence[tuple[str, Node]]) -> Block:
    """Return the lines of several formulas, each over inputs and what stands before it; what they share is computed once.

    >>> write_block(["net_fen", "n"], []).locals
    {'net_fen': 'net_fen', 'n': 'field_1_'}
    """
    names = safe_locals([*inputs, *(name for name, _ in steps)])
    writer = _Python(names)
    for name, root in steps:
        written = writer.memo.get(("value", root)) or writer.write(root)
        writer.lines.append(f"{names[name]} = {_bare(written)}")
        if root.args:
            writer.memo["value", root] = names[name]
    return Block(tuple(writer.lines), names, {**writer.constants, "_add_days": _add_days, "_bisect": bisect_left})


def _written(root: Node) -> tuple[str, dict[str, Any]]:
    writer = _Python(local_names(root))
    result = writer.value(root)
    loads = [f"        {local} = row[{name!r}]" for name, local in writer.fields.items()]
    guarded = ["    try:", *loads, "    except KeyError as error:", "        raise _missing(error.args[0], 'row') from None"]
    body = [f"    {line}" for line in writer.lines]
    lines = ["def formula(row):", *(guarded if loads else []), *body, f"    return {_bare(result)}"]
    return "\n".join(lines), writer.constants


class _Python(Writer):
    """Writes expressions; what is used twice, or is long, gets a line of its own."""

    def __init__(self, fields: dict[str, str]) -> None:
        super().__init__()
        self.fields = fields
        self.sure: frozenset[Node] = frozenset()  # what is not NULL where a condition is written

    def value(self, node: Node) -> str:
        """Return an expression for the node's value, None for NULL."""
        key = ("value", node)
        if key not in self.memo:
            self.memo[key] = self.write(node)
        elif node.args:
            self.memo[key] = self.assign(self.memo[key])
        if len(self.memo[key]) > _LONG:
            self.memo[key] = self.assign(self.memo[key])
        return self.memo[key]

    def write(self, node: Node) -> str:
        """Return an expression that may stand anywhere: what a condition around it knows is not taken for granted in it."""
        before, self.sure = self.sure, frozenset()
        written = _RULES.get(node.op, _strict)(self, node)
        self.sure = before
        return written

    def truth(self, node: Node) -> str:
        """Return an expression that is truthy where the node is true: NULL need not be told from FALSE."""
        if not node.nullable:
            return self.value(node)
        if node.op in ("and", "or"):
            return f"({f' {node.op} '.join(self.truth(arg) for arg in node.args)})"
        return _known(self, node) if node.op in _TESTS else self.value(node)

    def atom(self, node: Node) -> str:
        """Return a name or a literal, which may be written many times."""
        expression = self.value(node)
        if node.op != "literal":
            self.memo["value", node] = expression = self.assign(expression)
        return expression


def _literal(writer: _Python, node: Node) -> str:
    if isinstance(node.value, date):
        return writer.constant("_date", node.value)
    return f"({node.value})" if str(node.value).startswith("-") and not isinstance(node.value, str) else repr(node.value)


def _strict(writer: _Python, node: Node) -> str:
    """Write an operation that is NULL where an argument is NULL."""
    again = node.op in _TWICE
    args = [writer.atom(arg) if arg.nullable or again else writer.value(arg) for arg in node.args]
    return _guarded(
        [arg for arg, child in zip(args, node.args, strict=True) if child.nullable], _STRICT[node.op](node, args), node, args
    )


def _guarded(nullable: list[str], expression: str, node: Node, args: list[str]) -> str:
    tests = [f"{arg} is None" for arg in dict.fromkeys(nullable)]
    if node.op in ("div", "mod") and node.args[1].range[0] <= 0 <= node.args[1].range[1]:
        tests.append(f"{args[1]} == 0")
    return f"(None if {' or '.join(tests)} else {_bare(expression)})" if tests else expression


def _known(writer: _Python, node: Node) -> str:
    """Write a test that is false where an argument is NULL; None equals nothing but None and is in no set."""
    guards = [writer.atom(arg) for arg in node.args if arg.nullable and arg not in writer.sure]
    if node.op == "in" or (node.op == "=" and len(guards) < len(node.args)):
        guards = []
    args = [writer.atom(arg) if arg.nullable else writer.value(arg) for arg in node.args]
    if not guards:
        return f"({_TESTS[node.op](node, args)})" if node.op == "between" else _TESTS[node.op](node, args)
    return f"({' and '.join([*(f'{guard} is not None' for guard in dict.fromkeys(guards)), _TESTS[node.op](node, args)])})"


def _infix(operator: str) -> Callable[[Node, list[str]], str]:
    return lambda _node, args: f"({args[0]} {operator} {args[1]})"


def _never_negative(node: Node) -> bool:
    return node.range[0] >= 0


def _div(node: Node, args: list[str]) -> str:
    a, b = args
    if all(map(_never_negative, node.args)):
        return f"({a} // {b})"
    return f"({a} // {b} if ({a} >= 0) == ({b} > 0) else -(-{a} // {b}))"


def _mod(node: Node, args: list[str]) -> str:
    a, b = args
    if all(map(_never_negative, node.args)):
        return f"({a} % {b})"
    divisor = str(abs(node.args[1].range[0])) if node.args[1].op == "literal" else f"abs({b})"
    return f"({a} % {divisor} if {a} >= 0 else -(-{a} % {divisor}))"


def _mul_rate(node: Node, args: list[str]) -> str:
    """`core.money.mul_rate`, written out: half away from zero."""
    product = f"{args[0]} * {args[1]}"
    if product_range(node.args[0].range, node.args[1].range)[0] >= 0:
        return f"(({product} + {PPM // 2}) // {PPM})"
    return f"((_p + {PPM // 2}) // {PPM} if (_p := {product}) >= 0 else -(({PPM // 2} - _p) // {PPM}))"


def _between(writer: _Python, node: Node) -> str:
    subject, low, high = node.args
    if not low.nullable and not high.nullable:
        asked = writer.atom(subject) if subject.nullable else writer.value(subject)
        within = f"{writer.value(low)} <= {asked} <= {writer.value(high)}"
        return f"(None if {asked} is None else {within})" if subject.nullable else f"({within})"
    return writer.value(Node("and", tuple(Node(op, (subject, bound), nullable=subject.nullable or bound.nullable)
                                          for op, bound in ((">=", low), ("<=", high))), nullable=True))  # fmt: skip


def _junction(writer: _Python, node: Node) -> str:
    """Write Kleene's AND and OR: one decisive argument decides, else one NULL makes NULL."""
    decisive = str(node.op == "or")
    known = [writer.value(arg) for arg in node.args if not arg.nullable]
    unknown = list(dict.fromkeys(writer.atom(arg) for arg in node.args if arg.nullable))
    if len(unknown) > 1:
        decided = " or ".join(f"{arg} is {decisive}" for arg in unknown)
        open_ = " or ".join(f"{arg} is None" for arg in unknown)
        unknown = [f"({decisive} if {decided} else None if {open_} else {node.op == 'and'})"]
    return f"({f' {node.op} '.join([*known, *unknown])})"


def _coalesce(writer: _Python, node: Node) -> str:
    """Write the choice up to the first argument that always has a value."""
    first = list(takewhile(lambda arg: arg.nullable, node.args[:-1]))
    last = node.args[len(first)]
    atoms = [writer.atom(arg) for arg in first]
    return f"({''.join(f'{atom} if {atom} is not None else ' for atom in atoms)}{writer.value(last)})"


def _case(writer: _Python, node: Node) -> str:
    stairs = find_stairs(node)
    if len(stairs) >= _STAIRS:
        cuts = writer.constant("_cuts", tuple(cut for cut, _ in stairs[:-1]))
        results = writer.constant("_results", tuple(result for _, result in stairs))
        return f"{results}[_bisect({cuts}, {writer.value(node.args[0].args[0])})]"
    written, known = [], frozenset[Node]()
    for condition, result in zip(node.args[:-1:2], node.args[1::2], strict=True):
        chosen = writer.value(result)
        writer.sure = known
        written.append(f"{chosen} if {writer.truth(condition)}")
        writer.sure = frozenset()
        if condition.op == "is_null":
            known |= {condition.args[0]}  # what comes after is asked only where it was not NULL
    return f"({' else '.join(written)} else {writer.value(node.args[-1])})"


def _extreme(operator: str, function: str) -> Callable[[Node, list[str]], str]:
    """Two are compared in place, which is three times as quick as a call."""
    return lambda _node, args: (
        f"({args[0]} if {args[0]} {operator} {args[1]} else {args[1]})" if len(args) == 2 else f"{function}({', '.join(args)})"
    )


def _in(_node: Node, args: list[str]) -> str:
    return f"({args[0]} in {{{', '.join(args[1:])}}})"


def _many(function: str) -> Callable[[Node, list[str]], str]:
    return lambda _node, args: f"{function}({', '.join(args)})"


def _add_days(day: date, days: int) -> date | None:
    moved = day.toordinal() + days
    return date.fromordinal(moved) if MIN_DAY.toordinal() <= moved <= MAX_DAY.toordinal() else None


def _bare(expression: str) -> str:
    """Take off one pair of parentheses around the whole."""
    if not (expression.startswith("(") and expression.endswith(")")):
        return expression
    depth = 0
    for place, character in enumerate(expression):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0:
            return (
                expression[1:-1]
                if place == len(expression) - 1 and "'" not in expression and '"' not in expression
                else expression
            )
    return expression


#: Operations whose text names an argument more than once.
_TWICE: Final = frozenset({"div", "mod", "least", "greatest"})

_STRICT: Final[dict[str, Callable[[Node, list[str]], str]]] = {
    **{op: _infix(op) for op in ("+", "-", "*", "<", "<=", ">", ">=")},
    "=": _infix("=="),
    "<>": _infix("!="),
    "neg": lambda _, args: f"(-{args[0]})",
    "not": lambda _, args: f"(not {args[0]})",
    "abs": _many("abs"),
    "div": _div,
    "mod": _mod,
    "mul_rate": _mul_rate,
    "least": _extreme("<=", "min"),
    "greatest": _extreme(">=", "max"),
    "days_between": lambda _, args: f"({args[1]} - {args[0]}).days",
    "add_days": _many("_add_days"),
    "starts_with": lambda _, args: f"{args[0]}.startswith({args[1]})",
    "in": _in,
}

#: Operations that ask something of plain values.
_TESTS: Final[dict[str, Callable[[Node, list[str]], str]]] = {
    **{op: _STRICT[op] for op in ("=", "<>", "<", "<=", ">", ">=", "in", "starts_with")},
    "between": lambda _, args: f"{args[1]} <= {args[0]} <= {args[2]}",
}

_RULES: Final[dict[str, Callable[[_Python, Node], str]]] = {
    "field": lambda writer, node: writer.fields[str(node.value)],
    "literal": _literal,
    "null": lambda _writer, _node: "None",
    "between": _between,
    "and": _junction,
    "or": _junction,
    "coalesce": _coalesce,
    "case": _case,
    "is_null": lambda writer, node: f"({writer.value(node.args[0])} is None)" if node.args[0].nullable else "False",
}
