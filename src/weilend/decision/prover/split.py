"""In: a box whose answer is open. Out: the place to split it at, and how. Used: by the search.

The way goes down from what is asked to the first thing that is open and matters: the input of a condition over one is halved; a
condition over several is taken as true and as false. What does not matter is never split.
"""

from __future__ import annotations

from math import isqrt

import msgspec

from weilend.decision.prover.box import Box
from weilend.decision.prover.values import FALSE, NOTHING, NULL, TRUE, Span, may_be_known, may_be_null, settled

#: Operations in which the arguments multiply: there a relative width says what matters.
_FACTORS = ("*", "mul_rate", "div", "mod")


class Split(msgspec.Struct, frozen=True):
    """A place, and the spans that together hold all that it may be; `reason` is the number that is compared and left open by it.

    >>> Split(3, ((0, 4, False), (5, 9, False))).place
    3
    """

    place: int
    spans: tuple[Span, ...]
    reason: int | None = None


def pivot(box: Box, at: int, known: Box | None = None) -> Split | None:
    """Return the first split at or below a place that makes it clearer; None where it is settled.

    `known` is the same box with what was assumed of it: there a condition over several inputs is taken as true and as false.
    """
    graph, values = box.part.graph, box.values
    part = graph.parts[at]
    if settled(values[at]):
        return None
    if part.op == "input":
        return Split(at, tuple(parts_of(values[at])))
    if part.type == "boolean":
        found = _of_condition(box, at, known)
        if found is not None:
            return found
    waiting = _of_case(box, at) if part.op == "case" else by_width(box, at)
    found = next((found for arg in waiting if (found := pivot(box, arg, known)) is not None), None)
    return msgspec.structs.replace(found, reason=part.args[0]) if found is not None and part.op == "<" else found


def _of_condition(box: Box, at: int, known: Box | None) -> Split | None:
    """Return the split of the one input of a condition, or of what a condition over several compares with a literal."""
    graph = box.part.graph
    part = graph.parts[at]
    if len(graph.reads[at]) == 1:
        (name,) = graph.reads[at]
        span = box.values[graph.names[name]]
        if isinstance(span, tuple) and not settled(span):
            return Split(graph.names[name], tuple(parts_of(span)))
    if known is None or settled(known.values[at]) or part.op not in ("<", "=") or graph.parts[part.args[1]].op != "literal":
        return None
    compared, line = part.args[0], graph.parts[part.args[1]].value
    span = known.values[compared]
    sides = _sides(span, part.op, line) if isinstance(span, tuple | frozenset) else []
    return Split(compared, tuple(sides)) if len(sides) > 1 else None


def _sides(span: Span, op: str, line: int | str) -> list[Span]:
    """Return the parts of a span on which a comparison with a literal has one answer."""
    if isinstance(span, frozenset):
        return [side for side in (span & {None}, span - {line, None}, span & {line}) if side]
    lo, hi, null = span
    assert isinstance(line, int)
    found = [(lo, min(hi, line - 1), False), (max(lo, line), hi, False)]
    if op == "=":
        found = [(lo, min(hi, line - 1), False), (max(lo, line), min(hi, line), False), (max(lo, line + 1), hi, False)]
    return ([NOTHING] if null else []) + [side for side in found if side[0] <= side[1]]


def _of_case(box: Box, at: int) -> list[int]:
    """Return the open conditions of a CASE that can be reached, in order, then the branches that can be taken, widest first."""
    args = box.part.graph.parts[at].args
    conditions, branches = [], []
    for condition, branch in zip(args[:-1:2], args[1::2], strict=True):
        mask = box.values[condition]
        if not settled(mask):
            conditions.append(condition)
        if mask & TRUE:
            branches.append(branch)
        if mask == TRUE:
            break
    else:
        branches.append(args[-1])
    return [*conditions, *sorted(branches, key=lambda branch: -_width(box.values[branch], relative=False))]


def room(box: Box, found: Split) -> float:
    """Return how much is left open in a box of what a split was for: a box with more room is followed first."""
    return 0.0 if found.reason is None else _width(box.values[found.reason], relative=False)


def by_width(box: Box, at: int) -> list[int]:
    """Return the arguments that are open: of AND and OR those that read least first, of others the widest first."""
    graph, values = box.part.graph, box.values
    part = graph.parts[at]
    waiting = [arg for arg in part.args if not settled(values[arg])]
    if part.op in ("and", "or"):
        return sorted(waiting, key=lambda arg: (len(graph.reads[arg]), arg))
    return sorted(waiting, key=lambda arg: -_width(values[arg], relative=part.op in _FACTORS))


def _width(span: Span, *, relative: bool) -> float:
    if not isinstance(span, tuple):
        return 0.5
    if span[0] > span[1]:
        return -1.0
    width = float(span[1] - span[0])
    return width / (1 + max(abs(span[0]), abs(span[1]))) if relative else width + (0.5 if span[2] else 0)


def parts_of(span: Span) -> list[Span]:
    """Return the parts that a span is split into: NULL and the rest, one word and the rest, or two ranges.

    >>> parts_of((0, 9, True)), parts_of((4, 9, False)), parts_of((0, 10_000, False))
    ([(1, 0, True), (0, 9, False)], [(4, 6, False), (7, 9, False)], [(0, 100, False), (101, 10000, False)])
    >>> sorted(map(sorted, parts_of(frozenset({"a", "b", "c"}))))
    [['a'], ['b', 'c']]
    """
    if may_be_null(span) and may_be_known(span):
        return _without_null(span)
    if isinstance(span, frozenset):
        first = min(span)
        return [frozenset([first]), span - {first}]
    if isinstance(span, int):
        return [bit for bit in (FALSE, TRUE) if span & bit]
    lo, hi, _ = span
    middle = _middle(lo, hi)
    return [(lo, middle, False), (middle + 1, hi, False)]


def _without_null(span: Span) -> list[Span]:
    if isinstance(span, tuple):
        return [NOTHING, (span[0], span[1], False)]
    if isinstance(span, int):
        return [NULL, span & ~NULL]
    return [frozenset([None]), span - {None}]


def _middle(lo: int, hi: int) -> int:
    """Return where to halve: at the sign, then by size, then in the middle; always below `hi`."""
    if lo < 0 <= hi:
        return -1
    if hi < 0:
        return -_middle(-hi, -lo) - 1
    if hi > 16 * max(lo, 1):
        return min(isqrt(max(lo, 1) * hi), hi - 1)
    return (lo + hi) // 2
