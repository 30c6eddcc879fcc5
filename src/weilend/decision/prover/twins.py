"""In: a box before a change and one after it. Out: `Twins`, how far they can lie apart. Used: to prove that worse is never better.

What the change does not reach is the same in both: what is learnt of it in one is learnt in the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from weilend.decision.prover.box import Box, Slice
from weilend.decision.prover.gaps import NN, NV, VN, VV, Gaps
from weilend.decision.prover.graph import Graph
from weilend.decision.prover.truths import projected
from weilend.decision.prover.values import FALSE, NOTHING, NULL, TRUE, Span, meet

#: How often the two boxes tell each other what they learnt.
_ROUNDS: Final = 3
_FAR: Final = 2**200


class Reach:
    """What an input that moves by `step` reaches in a slice: its own place, and the places that stay as they are.

    >>> from weilend.core.records import Field
    >>> from weilend.decision.prover.graph import Graph
    >>> from weilend.formula import parse
    >>> fields = {"n": Field("n", "integer", 0, 9), "m": Field("m", "integer", 0, 9)}
    >>> graph = Graph(fields, [("sum", parse("m + n", fields))])
    >>> Reach(Slice(graph, graph.names["sum"]), "n", 1).still == (graph.names["m"],)
    True
    """

    def __init__(self, part: Slice, moved: str, step: int) -> None:
        self.part = part
        self.moved = moved
        self.step = step
        self.input = part.graph.names[moved]
        self.still = tuple(at for at in part.places if moved not in part.graph.reads[at])
        self.moving = tuple(at for at in part.places if moved in part.graph.reads[at])
        self.words = tuple(at for at in self.moving if _is_word(part.graph, at))

    def shifted(self, span: Span, by: int) -> Span:
        """Return where the input is after (by 1) or was before (by -1) the change."""
        return span[0] + by * self.step, span[1] + by * self.step, span[2]


def _is_word(graph: Graph, at: int) -> bool:
    """Tell whether a place is a text, or a number that is chosen from a list."""
    part = graph.parts[at]
    chosen = (*part.args[1::2], part.args[-1]) if part.op == "case" and part.type == "integer" else ()
    return part.type == "text" or (bool(chosen) and all(graph.parts[arg].op == "literal" for arg in chosen))


class Twins:
    """Two boxes, and the pair of places (x before, y after) whose order is asked for."""

    def __init__(self, reach: Reach, before: Box, after: Box, target: tuple[int, int]) -> None:
        self.reach = reach
        self.before = before
        self.after = after
        self.target = target
        self._gaps: Gaps | None = None
        self._share()
        self.work = before.work + after.work

    @property
    def empty(self) -> bool:
        """Tell whether nothing fits what was assumed."""
        return self.before.empty or self.after.empty

    @property
    def gaps(self) -> Gaps:
        """Return what is known of pairs of operations."""
        if self._gaps is None:
            reach = self.reach
            self._gaps = Gaps(reach.part.graph, self.before.values, self.after.values, reach.moved, reach.step)
        return self._gaps

    def may_be_wrong(self, sign: int, target: tuple[int, int] | None = None) -> bool:
        """Tell whether the second of a pair may lie above the first (`sign` 1) or below it (-1)."""
        low, high = self.gaps.gap(*(target or self.target))
        return not self.gaps.impossible and (high > 0 if sign > 0 else low < 0)

    def narrowed(self, before: Mapping[int, Span], after: Mapping[int, Span], target: tuple[int, int]) -> Twins:
        """Return the twins of which more is known."""
        return Twins(self.reach, self.before.narrowed_all(before), self.after.narrowed_all(after), target)

    def taking(self, x: int, y: int, i: int, j: int) -> Twins:
        """Return the twins in which x takes its branch i before the change and y its branch j after it."""
        gaps = self.gaps
        target = (gaps.branch(x, i), gaps.branch(y, j)) if (x, y) == self.target else self.target
        return self.narrowed(_taking(gaps, x, i), _taking(gaps, y, j), target)

    def same_as(self, other: Twins) -> bool:
        """Tell whether nothing more is known than of other twins."""
        return (self.before.values, self.after.values, self.target) == (other.before.values, other.after.values, other.target)

    def related(self) -> Twins:
        """Return the twins in which each place is only what it can be beside its twin; `empty` where one can be nothing."""
        gaps, graph = self.gaps, self.reach.part.graph
        before: dict[int, Span] = {}
        after: dict[int, Span] = {}
        for at in self.reach.moving:
            sides = _SIDES[graph.parts[at].type](gaps, at)
            if sides is None:
                self.before.empty = True
                return self
            for said, box, side in ((before, self.before, sides[0]), (after, self.after, sides[1])):
                if meet(box.values[at], side) != box.values[at]:
                    said[at] = side
        if gaps.impossible:
            self.before.empty = True
        return self.narrowed(before, after, self.target) if before or after else self

    def _share(self) -> None:
        """Learn in each box what the other one knows of what stays as it is, and of the input that moves."""
        reach = self.reach
        for _ in range(_ROUNDS):
            if self.empty:
                return
            first, second = self.before.values, self.after.values
            spans = {at: meet(first[at], second[at]) for at in reach.still if first[at] != second[at]}
            moved = meet(first[reach.input], reach.shifted(second[reach.input], -1))
            if moved is None or None in spans.values():
                self.before.empty = True
                return
            if not spans and moved == first[reach.input] and reach.shifted(moved, 1) == second[reach.input]:
                return
            self.before = self.before.narrowed_all({**spans, reach.input: moved})
            self.after = self.after.narrowed_all({**spans, reach.input: reach.shifted(moved, 1)})


def _taking(gaps: Gaps, place: int, index: int) -> dict[int, Span]:
    """Return what a CASE that takes a branch says of its conditions."""
    part = gaps.graph.parts[place]
    if part.op != "case":
        return {}
    conditions = part.args[:-1:2]
    said: dict[int, Span] = dict.fromkeys(conditions[:index], FALSE | NULL)
    return said | ({conditions[index]: TRUE} if index < len(conditions) else {})


def _of_truths(gaps: Gaps, at: int) -> tuple[Span, Span] | None:
    mask = gaps.truths(at, at)
    return projected(mask) if mask else None


def _of_words(gaps: Gaps, at: int) -> tuple[Span, Span] | None:
    pairs = gaps.words(at, at)
    return (frozenset(a for a, _ in pairs), frozenset(b for _, b in pairs)) if pairs else None


def _of_numbers(gaps: Gaps, at: int) -> tuple[Span, Span] | None:
    nulls = gaps.nulls(at, at)
    if not nulls:
        return None
    a, b = gaps.before[at], gaps.after[at]
    low, high = gaps.gap(at, at) if nulls == VV else (-_FAR, _FAR)
    return (
        (b[0] - high, b[1] - low, bool(nulls & (NV | NN))) if nulls & (VV | VN) else NOTHING,
        (a[0] + low, a[1] + high, bool(nulls & (VN | NN))) if nulls & (VV | NV) else NOTHING,
    )


_SIDES: Final[dict[str, Callable[[Gaps, int], tuple[Span, Span] | None]]] = {
    "boolean": _of_truths,
    "text": _of_words,
    "integer": _of_numbers,
}
