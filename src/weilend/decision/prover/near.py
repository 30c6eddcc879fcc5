"""In: an operation and what its arguments may be. Out: how far its value lies from each argument. Used: by gaps.

A share of an amount lies at or below it, an amount rounded down to a step less than a step below it, a sum beside its parts.
"""

from __future__ import annotations

from typing import Final

from weilend.core.money import PPM
from weilend.decision.prover.graph import Graph
from weilend.decision.prover.lockstep import Gap
from weilend.decision.prover.values import Span

#: Of these operations, so many first arguments are near the value.
_NEAR: Final = {"+": 2, "-": 1, "*": 1, "mul_rate": 1, "div": 1, "least": 64, "greatest": 64}


def near(graph: Graph, values: list[Span], at: int) -> list[tuple[int, Gap]]:
    """Return arguments with the least and greatest of ``value - argument``, where that is more than ranges say.

    >>> from weilend.core.records import Field
    >>> from weilend.formula import parse
    >>> fields = {"n": Field("n", "integer", 0, 99, nullable=False)}
    >>> graph = Graph(fields, [("steps", parse("n - mod(n, 10)", fields))])
    >>> values = {0: (0, 99, False), 1: (10, 10, False), 2: (0, 9, False), 3: (0, 90, False)}
    >>> near(graph, values, graph.names["steps"]) == [(graph.names["n"], (-9, 0))]
    True
    """
    part = graph.parts[at]
    if part.op == "+":
        return [(one, values[other][:2]) for one, other in (part.args, part.args[::-1])]
    if part.op == "-":
        low, high, _ = values[part.args[1]]
        return [(part.args[0], (-high, -low))]
    if part.op == "*":
        return _rounded_down(graph, values, at)
    if part.op in ("mul_rate", "div"):
        whole, by = (values[arg] for arg in part.args)
        share = by[0] >= 0 and by[1] <= PPM if part.op == "mul_rate" else by[0] >= 1
        return [(part.args[0], (-whole[1], 0))] if share and whole[0] >= 0 else []
    return []


def made_of(graph: Graph, at: int) -> frozenset[int]:
    """Return the places that a number lies near to, or is chosen from, step by step: itself, its shares, parts and limits.

    >>> from weilend.core.records import Field
    >>> from weilend.formula import parse
    >>> fields = {"n": Field("n", "integer", 0, 99, nullable=False)}
    >>> graph = Graph(fields, [("capped", parse("least(mul_rate(n, 500000), 7)", fields))])
    >>> graph.names["n"] in made_of(graph, graph.names["capped"])
    True
    """
    if at not in graph.made_of:
        part = graph.parts[at]
        below = [*part.args[1::2], part.args[-1]] if part.op == "case" else part.args[: _NEAR.get(part.op, 0)]
        found = frozenset([at]).union(*(made_of(graph, arg) for arg in below if graph.parts[arg].type == "integer"))
        graph.made_of[at] = found
    return graph.made_of[at]


def _rounded_down(graph: Graph, values: list[Span], at: int) -> list[tuple[int, Gap]]:
    quotient, step = graph.parts[at].args
    inner = graph.parts[quotient]
    if inner.op != "div" or inner.args[1] != step or graph.parts[step].op != "literal":
        return []
    size, whole = graph.parts[step].value, values[inner.args[0]]
    return [(inner.args[0], (1 - size, 0))] if isinstance(size, int) and size > 0 and whole[0] >= 0 else []
