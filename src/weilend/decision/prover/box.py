"""In: a graph and what each input may be. Out: `Box`, what every operation may be over those inputs. Used: by the search.

A box is narrowed one thing at a time, an input or what any operation gives; only what that touches is computed again, forwards
to what reads it and backwards to what it is computed from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from heapq import heappop, heappush
from typing import Final

from weilend.core.records import Field
from weilend.decision.prover.backward import demanded
from weilend.decision.prover.graph import WIDEST, Graph
from weilend.decision.prover.parts import Part
from weilend.decision.prover.values import FALSE, NULL, RULES, TRUE, Span, added, chosen, meet, of_literal
from weilend.formula.tree import MAX_DAY, MIN_DAY

#: A box is looked at again for at most so many times its operations: some circles of comparisons narrow by one at a time.
_PATIENCE: Final = 8


class Slice:
    """The part of a graph that one place needs, laid out to be computed quickly.

    >>> from weilend.formula import parse
    >>> fields = {"n": Field("n", "integer", 0, 9, nullable=False), "m": Field("m", "integer", 0, 9)}
    >>> graph = Graph(fields, [("big", parse("n > 4", fields))])
    >>> part = Slice(graph, graph.names["big"])
    >>> part.inputs, Box.whole(part).target == TRUE | FALSE
    (('n',), True)
    """

    def __init__(self, graph: Graph, target: int) -> None:
        self.graph = graph
        self.target = target
        self.inputs = tuple(sorted(graph.reads[target]))
        self.places = graph.needed(target)
        self.rules = {at: _rule(graph, at) for at in self.places}
        self.opaque = frozenset(at for at in self.places if _beyond_words(graph, graph.parts[at]))
        self.readers: dict[int, list[int]] = {at: [] for at in self.places}
        for at in self.places:
            for arg in set(graph.parts[at].args):
                self.readers[arg].append(at)


class Box:
    """What each input and each operation may be. `values` also holds what was assumed of any place, and what follows from it.

    `work` counts the operations that were computed to make it; `empty` says that nothing fits what was assumed.

    >>> from weilend.formula import parse
    >>> n = {"n": Field("n", "integer", 0, 99)}
    >>> graph = Graph(n, [("some", parse("2 * n + 1 > 10 AND n IS NOT NULL", n))])
    >>> Box.whole(Slice(graph, graph.names["some"])).narrowed(graph.names["some"], TRUE).domains
    {'n': (5, 99, False)}
    """

    def __init__(self, part: Slice, values: list[Span]) -> None:
        self.part = part
        self.values = values
        self.work = 0
        self.empty = False

    @classmethod
    def whole(cls, part: Slice, given: Mapping[str, Span] | None = None) -> Box:
        """Return the box of all that the inputs may be, or of what is given; nothing is assumed of other places."""
        graph = part.graph
        box = cls(part, [None] * len(graph.parts))
        spans = {graph.names[name]: span for name, span in (given or {}).items() if name in part.inputs}
        for at in part.places:
            value = part.rules[at](box.values)
            box.values[at] = meet(value, spans[at]) if at in spans else value
            box.empty = box.empty or box.values[at] is None
            if box.empty:
                break
        box.work = len(part.places)
        return box

    def narrowed(self, place: int, span: Span) -> Box:
        """Return the box in which what stands at a place is known to be in a span, and what follows from that."""
        return self.narrowed_all({place: span})

    def narrowed_all(self, spans: Mapping[int, Span]) -> Box:
        """Return the box in which several places are known to be in spans, and what follows from that."""
        box = Box(self.part, list(self.values))
        _Learning(box).learn(spans)
        return box

    @property
    def target(self) -> Span:
        """Return what the place that the slice was made for may be."""
        return self.values[self.part.target]

    @property
    def domains(self) -> dict[str, Span]:
        """Return what each input may be."""
        return {name: self.values[self.part.graph.names[name]] for name in self.part.inputs}


class _Learning:
    """Narrows a box: from a place up to all that reads it, and down to what it is computed from."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.part = box.part
        self.up: list[int] = []  # to be computed again from their arguments, least first
        self.down: list[int] = []  # to be asked what they leave of their arguments, greatest first

    def learn(self, spans: Mapping[int, Span]) -> None:
        """Narrow places, until nothing more follows or enough was tried."""
        for at, span in spans.items():
            self._narrow(at, span)
        most = _PATIENCE * len(self.part.places)
        while (self.up or self.down) and not self.box.empty and self.box.work < most:
            self.box.work += 1
            if self.up:
                self._compute()
            else:
                self._ask(-heappop(self.down))

    def _narrow(self, at: int, span: Span) -> None:
        values = self.box.values
        known = values[at]
        if span == known:
            return
        left = meet(known, span)
        if left is None:
            self.box.empty = True
        elif left != known:
            values[at] = left
            for reader in self.part.readers[at]:
                heappush(self.up, reader)
            heappush(self.down, -at)

    def _compute(self) -> None:
        """Compute the least place that waits, from its arguments."""
        at = heappop(self.up)
        while self.up and self.up[0] == at:
            heappop(self.up)
        value = self.part.rules[at](self.box.values)
        self._narrow(at, value)
        if self.box.values[at] != value:  # more is known of it than its arguments say: ask what that leaves of them
            heappush(self.down, -at)

    def _ask(self, at: int) -> None:
        """Narrow the arguments of a place to what its value leaves of them."""
        part, values = self.part.graph.parts[at], self.box.values
        if not part.args or at in self.part.opaque:
            return
        for arg, span in zip(part.args, demanded(part, values[at], [values[arg] for arg in part.args]), strict=False):
            if span is not None:
                self._narrow(arg, span)


def domain(graph: Graph, field: Field) -> Span:
    """Return all that an input may be: its range or words and NULL; of a text without words, all that formulas can tell apart.

    >>> domain(Graph({}, []), Field("n", "integer", 0, 9)), domain(Graph({}, []), Field("b", "boolean", nullable=False))
    ((0, 9, True), 3)
    """
    if field.type == "boolean":
        return TRUE | FALSE | (NULL if field.nullable else 0)
    if field.type == "text":
        return frozenset(field.words or _words(graph)) | (frozenset([None]) if field.nullable else frozenset())
    if field.type == "date":
        return MIN_DAY.toordinal(), MAX_DAY.toordinal(), field.nullable
    lo = -WIDEST if field.lo is None else field.lo
    return lo, WIDEST if field.hi is None else field.hi, field.nullable


def _words(graph: Graph) -> list[str]:
    """Return words that stand for all texts: the least, each literal, what follows it at once, and what follows all that start so.

    Between two of these neighbours no comparison with a literal changes its answer, and neither does starts_with.
    """
    literals = graph.texts()
    after = [text + "\0" for text in literals]
    past = [text[:-1] + chr(ord(text[-1]) + 1) for text in literals if ord(text[-1]) < 0x10FFFF and ord(text[-1]) + 1 != 0xD800]
    return ["", *literals, *after, *past]


def _rule(graph: Graph, at: int) -> Callable[[list[Span]], Span]:
    """Return how a place is computed from the places before it."""
    part = graph.parts[at]
    args = part.args
    if part.op in ("literal", "input"):
        span = of_literal(part.value, part.type) if part.op == "literal" else domain(graph, graph.inputs[part.value])
        return lambda _: span
    if part.op == "case":
        bounds = graph.bounds[at]
        return lambda values: chosen([values[arg] for arg in args], bounds)
    if part.op == "sum":
        return lambda values: added([values[arg] for arg in args], part.value)
    if _beyond_words(graph, part):
        return lambda _: TRUE | FALSE | NULL
    rule = RULES[part.op]
    return lambda values: rule(*[values[arg] for arg in args])


def _beyond_words(graph: Graph, part: Part) -> bool:
    """Tell whether two texts are compared of which one has no list of words: the words that stand for it cannot answer."""
    if part.op not in ("=", "<", "starts_with") or graph.parts[part.args[0]].type != "text":
        return False
    read = [graph.reads[arg] for arg in part.args]
    open_ = {name for names in read for name in names if graph.inputs[name].type == "text" and not graph.inputs[name].words}
    return all(read) and bool(open_)
