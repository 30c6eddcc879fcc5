"""In: sqlglot's syntax tree and the fields. Out: our typed tree, or a `FormulaError` at the place. Used: by `parse`.

No type is ever cast. Every integer that enters arithmetic has a proved range, and so does everything computed from it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Final

import msgspec
from sqlglot import exp

from weilend.core.errors import FormulaError
from weilend.core.records import Field, FieldType
from weilend.formula import ranges, words
from weilend.formula.faults import fault
from weilend.formula.grammar import span
from weilend.formula.tree import DAY_SPAN, MAX_INTEGER, Node

MAX_DEPTH: Final = 64  # a chain of additions this long; AND and OR chains count once

_ARITHMETIC: dict[type[exp.Expr], str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*"}
_COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
}  # fmt: skip
_JUNCTIONS: dict[type[exp.Expr], str] = {exp.And: "and", exp.Or: "or"}

#: What sqlglot may set on each node that we take; anything else that it sets means syntax that is not in the language.
_PARTS: dict[type[exp.Expr], frozenset[str]] = {
    exp.Literal: frozenset({"this", "is_string"}),
    exp.Column: frozenset({"this"}),
    exp.Between: frozenset({"this", "low", "high"}),
    exp.In: frozenset({"this", "expressions"}),
    exp.Case: frozenset({"ifs", "default"}),
    exp.Anonymous: frozenset({"this", "expressions"}),
    exp.Cast: frozenset({"this", "to"}),
}

_ARTICLES: dict[FieldType, str] = {"integer": "an integer", "text": "a text", "date": "a date", "boolean": "a boolean"}


def check(tree: exp.Expr, text: str, fields: Mapping[str, Field]) -> Node:
    """Return the typed tree of a formula, with the range of every integer in it.

    >>> from weilend.formula.grammar import read
    >>> node = check(read("n + 1"), "n + 1", {"n": Field("n", "integer", lo=0, hi=9)})
    >>> node.type, node.lo, node.hi, node.nullable
    ('integer', 1, 10, True)
    """
    return _Checker(text, fields).build(tree)


class _Checker:
    """One walk over one formula."""

    def __init__(self, text: str, fields: Mapping[str, Field]) -> None:
        self.text = text
        self.fields = fields
        self.depth = 0
        self.rules: dict[type[exp.Expr], Callable[[exp.Expr], Node]] = {
            exp.Column: self.field,
            exp.Literal: self.literal,
            exp.Boolean: lambda tree: Node("literal", value=bool(tree.this)),
            exp.Cast: self.date,
            exp.Neg: self.negative,
            exp.Not: lambda tree: _three_valued("not", (self.expect(tree.this, "boolean"),)),
            exp.Is: self.is_null,
            exp.In: self.membership,
            exp.Between: self.between,
            exp.Case: self.case,
            exp.Anonymous: self.call,
            **dict.fromkeys(
                _ARITHMETIC, lambda tree: self.arithmetic(tree, _ARITHMETIC[type(tree)], (tree.this, tree.expression))
            ),
            **dict.fromkeys(_COMPARISONS, self.comparison),
            **dict.fromkeys(_JUNCTIONS, self.junction),
        }

    def fault(self, tree: exp.Expr, message: str, hint: str) -> FormulaError:
        return fault(self.text, span(tree, self.text), message, hint)

    def build(self, tree: exp.Expr, null_as: FieldType | None = None) -> Node:
        """Return the typed node; a NULL is taken only where the place says of which type it is."""
        tree = tree.unnest()
        if isinstance(tree, exp.Null):
            if null_as is None:
                raise self.fault(tree, "NULL has no type here", "ask x IS NULL; NULL may stand in a branch of CASE")
            return Node("null", type=null_as, nullable=True)
        if type(tree) not in self.rules:
            what = words.FOREIGN_OPERATORS.get(
                type(tree).__name__, "the words and operators are listed in docs/methodology/formula.md"
            )
            raise self.fault(tree, f"{self.shown(tree)!r} is not in the language", what)
        self.refuse_parts(tree)
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise self.fault(tree, f"deeper than {MAX_DEPTH} operations", "make the inner part a named input of its own")
        node = self.rules[type(tree)](tree)
        self.depth -= 1
        return node

    def refuse_parts(self, tree: exp.Expr) -> None:
        extra = {name for name, part in tree.args.items() if part} - _PARTS.get(type(tree), frozenset(tree.args))
        if extra and isinstance(tree, exp.Case):
            raise self.fault(tree, "each WHEN takes a condition", "write CASE WHEN x = 1 THEN … END")
        if extra:
            raise self.fault(
                tree, f"{self.shown(tree)!r} is not in the language", "a field is one plain name; see formula.md for the words"
            )

    def shown(self, tree: exp.Expr) -> str:
        start, end = span(tree, self.text)
        return self.text[start:end]

    def expect(self, tree: exp.Expr, *types: FieldType, null: bool = True) -> Node:
        """Return the node if it has one of the types; in boolean places NULL is a value like the others."""
        node = self.build(tree, "boolean" if null and types == ("boolean",) else None)
        if node.type not in types:
            wanted = " or ".join(_ARTICLES[one] for one in types)
            raise self.fault(
                tree,
                f"{self.shown(tree)} is {_ARTICLES[node.type]} where {wanted} is needed",
                "nothing is cast: compare it first",
            )
        return node

    def field(self, tree: exp.Expr) -> Node:
        name = tree.name
        if name not in self.fields:
            raise self.fault(tree, f"no field {name!r}", words.about_name(name, self.fields))
        field = self.fields[name]
        low, high = (
            (field.lo, field.hi) if field.type == "integer" and field.lo is not None and field.hi is not None else (None, None)
        )
        if low is not None and high is not None and not -MAX_INTEGER <= low <= high <= MAX_INTEGER:
            raise self.fault(
                tree, f"the range of {name!r}, {low}..{high}, is empty or leaves 64 bits", "mend lo and hi of the field"
            )
        return Node("field", value=name, type=field.type, nullable=field.nullable, lo=low, hi=high)

    def literal(self, tree: exp.Expr) -> Node:
        if tree.args["is_string"]:
            return Node("literal", value=tree.name, type="text")
        return self.integer(tree, 1)

    def integer(self, tree: exp.Expr, sign: int) -> Node:
        if not re.fullmatch("[0-9]+", tree.name):
            raise self.fault(tree, f"{tree.name} is no integer", "money is in fen, rates in ppm: 9.6 % is 96000")
        if len(tree.name) > len(str(MAX_INTEGER)) or int(tree.name) > MAX_INTEGER:
            raise self.fault(tree, f"{tree.name} is beyond {MAX_INTEGER}", "integers have 64 bits")
        value = sign * int(tree.name)
        return Node("literal", value=value, type="integer", lo=value, hi=value)

    def date(self, tree: exp.Expr) -> Node:
        inner = tree.this
        start = inner.meta.get("start", 0)
        if not (isinstance(inner, exp.Literal) and inner.is_string and re.search(r"(?i)\bdate\s*$", self.text[:start])):
            raise self.fault(tree, f"{self.shown(tree)!r} is a cast", words.FOREIGN["cast"])
        if not re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", inner.name):
            raise self.fault(inner, f"{inner.name!r} is not a date", "write DATE '2020-01-31'")
        try:
            return Node("literal", value=date.fromisoformat(inner.name), type="date")
        except ValueError:
            raise self.fault(inner, f"there is no day {inner.name}", "write DATE '2020-01-31'") from None

    def negative(self, tree: exp.Expr) -> Node:
        inner = tree.this.unnest()
        if isinstance(inner, exp.Literal) and not inner.is_string:
            return self.integer(inner, -1)
        return self.arithmetic(tree, "neg", (inner,))

    def arithmetic(self, tree: exp.Expr, op: str, operands: Iterable[exp.Expr]) -> Node:
        nodes = tuple(self.number(operand) for operand in operands)
        spans = [node.range for node in nodes]
        if op in ("div", "mod") and spans[1] == (0, 0):
            raise self.fault(tree, f"{self.shown(tree)} divides by zero and is always NULL", "divide by something else")
        low, high = ranges.RULES[op](*spans)
        if low < -MAX_INTEGER or high > MAX_INTEGER:
            far = high if high > MAX_INTEGER else low
            raise self.fault(
                tree,
                f"{self.shown(tree)} can reach {far}, beyond {'-' if far < 0 else ''}{MAX_INTEGER}",
                "keep it in range with least and greatest, narrow lo..hi of the fields, or multiply by a rate with mul_rate",
            )
        divides_by_zero = op in ("div", "mod") and spans[1][0] <= 0 <= spans[1][1]
        return Node(op, nodes, type="integer", nullable=divides_by_zero or _any_null(nodes), lo=low, hi=high)

    def number(self, tree: exp.Expr) -> Node:
        node = self.expect(tree, "integer")
        if node.lo is None:
            raise self.fault(
                tree, f"{self.shown(tree)} has no known range, so it can only be compared", "give the field lo and hi"
            )
        return node

    def comparison(self, tree: exp.Expr) -> Node:
        op = _COMPARISONS[type(tree)]
        left, right = self.alike((tree.this, tree.expression))
        if left.type == "boolean" and op not in ("=", "<>"):
            raise self.fault(tree, "booleans have no order", "write them with AND, OR, NOT, = or <>")
        return Node(op, (left, right), nullable=_any_null((left, right)))

    def alike(self, trees: Iterable[exp.Expr]) -> tuple[Node, ...]:
        """Return nodes of one type, texts checked against the vocabulary of the fields beside them."""
        trees = tuple(trees)
        nodes = tuple(self.build(tree) for tree in trees)
        for tree, node in zip(trees, nodes, strict=True):
            if node.type != nodes[0].type:
                message = f"{self.shown(trees[0])} is {_ARTICLES[nodes[0].type]}, {self.shown(tree)} is {_ARTICLES[node.type]}"
                raise self.fault(tree, message, f"give {_ARTICLES[nodes[0].type]}: {_EXAMPLES[nodes[0].type]}")
        self.refuse_unknown_words(trees, nodes)
        return nodes

    def refuse_unknown_words(self, trees: tuple[exp.Expr, ...], nodes: tuple[Node, ...]) -> None:
        for field in (self.fields[str(node.value)] for node in nodes if node.op == "field" and node.type == "text"):
            for tree, node in zip(trees, nodes, strict=True):
                if field.words and node.op == "literal" and node.value not in field.words:
                    hint = words.nearest(str(node.value), field.words, f"words of {field.name}")
                    raise self.fault(tree, f"{field.name} is never {node.value!r}", hint)

    def membership(self, tree: exp.Expr) -> Node:
        if not tree.expressions:
            raise self.fault(tree, "IN needs a list", "write x IN (1, 2)")
        for item in tree.expressions:
            if isinstance(item.unnest(), exp.Null):
                raise self.fault(item, "NULL in a list matches nothing", "add OR x IS NULL")
        nodes = self.alike((tree.this, *tree.expressions))
        for item, node in zip(tree.expressions, nodes[1:], strict=True):
            if node.op != "literal":
                raise self.fault(item, f"{self.shown(item)} is no literal", "a list holds literals: write x = a OR x = b")
        return Node("in", nodes, nullable=nodes[0].nullable)

    def between(self, tree: exp.Expr) -> Node:
        nodes = self.alike((tree.this, tree.args["low"], tree.args["high"]))
        if nodes[0].type == "boolean":
            raise self.fault(tree, "booleans have no order", "write them with AND, OR, NOT, = or <>")
        return Node("between", nodes, nullable=_any_null(nodes))

    def is_null(self, tree: exp.Expr) -> Node:
        if not isinstance(tree.expression, exp.Null):
            raise self.fault(tree, f"{self.shown(tree)!r} is not in the language", words.FOREIGN_OPERATORS["Is"])
        return Node("is_null", (self.build(tree.this),))

    def junction(self, tree: exp.Expr) -> Node:
        op = _JUNCTIONS[type(tree)]
        parts = [self.expect(part, "boolean") for part in tree.flatten(unnest=True)]
        merged = (arg for part in parts for arg in (part.args if part.op == op else (part,)))
        return _three_valued(op, tuple(merged))

    def case(self, tree: exp.Expr) -> Node:
        """Pair conditions with results; arguments are (condition, result)…, else."""
        branches = tree.args["ifs"]
        results = [*(branch.args["true"] for branch in branches), tree.args.get("default") or exp.Null()]
        known = self.alike(result for result in results if not isinstance(result.unnest(), exp.Null))
        if not known:
            raise self.fault(tree, "every branch is NULL", "give one branch a value")
        typed = iter(known)
        nodes = [
            Node("null", type=known[0].type, nullable=True) if isinstance(r.unnest(), exp.Null) else next(typed)
            for r in results
        ]
        conditions = [self.expect(branch.this, "boolean") for branch in branches]
        pairs = [node for pair in zip(conditions, nodes, strict=False) for node in pair]
        return _choice("case", (*pairs, nodes[-1]), known, nullable=_any_null(nodes))

    def call(self, tree: exp.Expr) -> Node:
        name = str(tree.this).lower()
        if name in words.VARIADIC:
            return self.variadic(tree, name)
        if name not in words.FUNCTIONS:
            raise self.fault(tree, f"no function {name!r}", words.about_function(name))
        function = words.FUNCTIONS[name]
        if len(tree.expressions) != len(function.takes):
            raise self.fault(
                tree, f"{name} takes {len(function.takes)}, given {len(tree.expressions)}", f"write {function.usage}"
            )
        if function.takes[0] == function.gives == "integer":
            return self.arithmetic(tree, name, tree.expressions)
        nodes = tuple(self.expect(arg, type_) for arg, type_ in zip(tree.expressions, function.takes, strict=True))
        return _FINISHERS[name](self, tree, nodes)

    def variadic(self, tree: exp.Expr, name: str) -> Node:
        if len(tree.expressions) < 2:
            raise self.fault(tree, f"{name} takes two or more", f"write {name}(a, b)")
        nodes = self.alike(tree.expressions)
        if nodes[0].type not in words.VARIADIC[name]:
            raise self.fault(
                tree, f"{name} is not defined for {nodes[0].type}", f"it takes {' or '.join(words.VARIADIC[name])}"
            )
        if name == "coalesce":
            return _choice(name, nodes, nodes, nullable=all(node.nullable for node in nodes))
        if nodes[0].type == "integer":
            return self.arithmetic(tree, name, tree.expressions)
        return Node(name, nodes, type=nodes[0].type, nullable=_any_null(nodes))

    def add_days(self, tree: exp.Expr, nodes: tuple[Node, ...]) -> Node:
        days = self.number(tree.expressions[1])
        if ranges.union([days.range, ranges.DAYS]) != ranges.DAYS:
            raise self.fault(
                tree.expressions[1],
                f"{self.shown(tree.expressions[1])} can be {days.lo}..{days.hi} days, beyond ±{DAY_SPAN}",
                "keep it in range with least and greatest",
            )
        return Node("add_days", nodes, type="date", nullable=True)


_EXAMPLES: dict[FieldType, str] = {"integer": "5", "text": "'valid'", "date": "DATE '2020-01-31'", "boolean": "TRUE"}

_FINISHERS: dict[str, Callable[[_Checker, exp.Expr, tuple[Node, ...]], Node]] = {
    "days_between": lambda _c, _t, nodes: Node(
        "days_between", nodes, type="integer", nullable=_any_null(nodes), lo=ranges.DAYS[0], hi=ranges.DAYS[1]
    ),
    "add_days": _Checker.add_days,
    "starts_with": lambda _c, _t, nodes: Node("starts_with", nodes, nullable=_any_null(nodes)),
}


def _any_null(nodes: Iterable[Node]) -> bool:
    return any(node.nullable for node in nodes)


def _three_valued(op: str, nodes: tuple[Node, ...]) -> Node:
    return Node(op, nodes, nullable=_any_null(nodes))


def _choice(op: str, nodes: tuple[Node, ...], known: Iterable[Node], *, nullable: bool) -> Node:
    """Return a node that is one of `known`: its range is their union, where all have one."""
    spans = [node.range for node in known if node.lo is not None]
    whole = Node(op, nodes, type=nodes[-1].type, nullable=nullable)
    return (
        msgspec.structs.replace(whole, lo=min(s[0] for s in spans), hi=max(s[1] for s in spans))
        if len(spans) == len(tuple(known))
        else whole
    )
