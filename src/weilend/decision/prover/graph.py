"""In: inputs and steps (name, formula). Out: `Graph`, every operation once, in few words. Used: by all that the prover does.

A step's name stands for its formula, so nothing is hidden behind a name. The words of the formula language are written in fewer:
numbers are compared by ``sum < literal`` and ``sum = literal`` only, COALESCE is CASE, a date is the number of its day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

from weilend.core.records import Field, FieldType
from weilend.decision.prover.branches import branch_bounds
from weilend.decision.prover.linear import Sum, sum_of
from weilend.decision.prover.parts import Bounds, Part
from weilend.formula import Formula
from weilend.formula.tree import MAX_DAY, MIN_DAY, Node

#: Where a field names no range, it may hold any integer whose sums still fit; what lies beyond is refused as data.
WIDEST = 2**62


class Graph:
    """Operations in an order in which arguments come first; `names` says where the value of a step or an input stands.

    >>> from weilend.formula import parse
    >>> fields = {"n": Field("n", "integer", 0, 9)}
    >>> graph = Graph(fields, [("twice", parse("2 * n", fields))])
    >>> graph.parts[graph.names["twice"]].op, sorted(graph.reads[graph.names["twice"]])
    ('*', ['n'])
    """

    def __init__(self, inputs: Mapping[str, Field], steps: Iterable[tuple[str, Formula]]) -> None:
        self.inputs = dict(inputs)
        self.parts: list[Part] = []
        self.reads: list[frozenset[str]] = []
        self.bounds: dict[int, tuple[Bounds, ...]] = {}
        self.names: dict[str, int] = {}
        self.made_of: dict[int, frozenset[int]] = {}  # kept for `near`
        self._known: dict[Part, int] = {}
        for name, field in self.inputs.items():
            self.names[name] = self.put("input", (), field.type, name)
        for name, formula in steps:
            self.names[name] = self.add(formula.root)

    def add(self, node: Node) -> int:
        """Return the place of a formula's value, which is put in where it is not there yet."""
        if node.op == "field":
            return self.names[str(node.value)]
        if node.op in ("literal", "null"):
            return self.literal(node.value, node.type)
        args = tuple(self.add(arg) for arg in node.args)
        return _REWRITTEN[node.op](self, args) if node.op in _REWRITTEN else self.put(node.op, args, node.type)

    def needed(self, place: int) -> list[int]:
        """Return the places that a value is computed from, itself the last, arguments before what reads them."""
        found: set[int] = set()
        waiting = [place]
        while waiting:
            at = waiting.pop()
            if at not in found:
                found.add(at)
                waiting.extend(self.parts[at].args)
        return sorted(found)

    def texts(self) -> list[str]:
        """Return every text that stands in a formula, in order."""
        return sorted({part.value for part in self.parts if part.op == "literal" and part.type == "text" and part.value})

    def literal(self, value: Any, type_: FieldType) -> int:
        """Return the place of a literal; a date is the number of its day."""
        return self.put("literal", (), type_, value.toordinal() if isinstance(value, date) else value)

    def put(self, op: str, args: tuple[int, ...], type_: FieldType, value: Any = None) -> int:
        """Return the place of an operation, which is put in where it is not there yet."""
        part = Part(op, args, value, "integer" if type_ == "date" else type_)
        if part not in self._known:
            self._known[part] = len(self.parts)
            self.parts.append(part)
            read = frozenset([str(value)]) if op == "input" else frozenset().union(*(self.reads[arg] for arg in args))
            self.reads.append(read)
            if op == "case":
                self.bounds[len(self.parts) - 1] = branch_bounds(self.parts, args)
        return self._known[part]


def _not(graph: Graph, arg: int) -> int:
    return graph.put("not", (arg,), "boolean")


def _less(graph: Graph, left: int, right: int) -> int:
    """``left < right`` as ``sum < line``, divided by what the factors share; a sum that is turned round gives the other answer."""
    if graph.parts[left].type != "integer":
        return graph.put("<", (left, right), "boolean")
    whole = sum_of(graph.parts, left).plus(sum_of(graph.parts, right), -1)
    if whole.divisor > 0:  # sum < -constant
        return _below(graph, whole, -(whole.constant // whole.divisor))
    return _not(graph, _below(graph, whole, whole.constant // -whole.divisor + 1))


def _below(graph: Graph, whole: Sum, line: int) -> int:
    return graph.put("<", (_terms(graph, whole.divided()), graph.literal(line, "integer")), "boolean")


def _equal(graph: Graph, left: int, right: int) -> int:
    if graph.parts[left].type != "integer":
        return graph.put("=", (left, right), "boolean")
    whole = sum_of(graph.parts, left).plus(sum_of(graph.parts, right), -1)
    if whole.constant % whole.divisor:  # never equal, yet NULL where a term is: left as it stands
        return graph.put("=", (left, right), "boolean")
    return graph.put(
        "=", (_terms(graph, whole.divided()), graph.literal(-(whole.constant // whole.divisor), "integer")), "boolean"
    )


def _minus(graph: Graph, left: int, right: int) -> int:
    """``a - mod(a, b)`` is the multiple of b below a: written so, it is seen to rise with a."""
    rest = graph.parts[right]
    if rest.op == "mod" and rest.args[0] == left:
        return graph.put("*", (graph.put("div", rest.args, "integer"), rest.args[1]), "integer")
    return graph.put("-", (left, right), "integer")


def _terms(graph: Graph, whole: Sum) -> int:
    """Return the place of a sum of terms: the term itself where it is only one."""
    if len(whole.terms) == 1 and whole.terms[0][1] == 1:
        return whole.terms[0][0]
    if not whole.terms:
        return graph.literal(0, "integer")
    return graph.put("sum", tuple(place for place, _ in whole.terms), "integer", tuple(factor for _, factor in whole.terms))


def _between(graph: Graph, subject: int, low: int, high: int) -> int:
    above, below = _not(graph, _less(graph, subject, low)), _not(graph, _less(graph, high, subject))
    return graph.put("and", (above, below), "boolean")


def _coalesce(graph: Graph, args: tuple[int, ...]) -> int:
    last = graph.parts[args[-1]]
    if len(args) == 2 and last.type == "boolean" and last.op == "literal":  # whether it is true, or whether it is not false
        return _holds(graph, args[0]) if last.value is False else _not(graph, _holds(graph, _not(graph, args[0])))
    pairs = [(_not(graph, graph.put("is_null", (arg,), "boolean")), arg) for arg in args[:-1]]
    return graph.put("case", (*(place for pair in pairs for place in pair), args[-1]), graph.parts[args[0]].type)


def _holds(graph: Graph, arg: int) -> int:
    return graph.put("holds", (arg,), "boolean")


def _case(graph: Graph, args: tuple[int, ...]) -> int:
    """``CASE WHEN c THEN TRUE ELSE FALSE END`` asks whether c is true."""
    answers = [graph.parts[arg] for arg in args[1:]]
    plain = len(args) == 3 and all(one.op == "literal" and one.type == "boolean" for one in answers)
    if plain and [one.value for one in answers] == [True, False]:
        return _holds(graph, args[0])
    return graph.put("case", args, graph.parts[args[1]].type)


def _add_days(graph: Graph, args: tuple[int, ...]) -> int:
    later = graph.put("+", args, "integer")
    first, last = (graph.literal(day, "date") for day in (MIN_DAY, MAX_DAY))
    return graph.put("case", (_between(graph, later, first, last), later, graph.literal(None, "integer")), "integer")


def _one_of(graph: Graph, args: tuple[int, ...]) -> int:
    if graph.parts[args[0]].type != "integer":
        return graph.put("in", args, "boolean")
    return graph.put("or", tuple(_equal(graph, args[0], item) for item in args[1:]), "boolean")


_REWRITTEN: dict[str, Callable[[Graph, tuple[int, ...]], int]] = {
    "=": lambda graph, args: _equal(graph, *args),
    "<>": lambda graph, args: _not(graph, _equal(graph, *args)),
    "<": lambda graph, args: _less(graph, *args),
    ">": lambda graph, args: _less(graph, args[1], args[0]),
    "<=": lambda graph, args: _not(graph, _less(graph, args[1], args[0])),
    ">=": lambda graph, args: _not(graph, _less(graph, *args)),
    "between": lambda graph, args: _between(graph, *args),
    "in": _one_of,
    "coalesce": _coalesce,
    "-": lambda graph, args: _minus(graph, *args),
    "days_between": lambda graph, args: graph.put("-", (args[1], args[0]), "integer"),
    "add_days": _add_days,
}
