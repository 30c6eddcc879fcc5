"""In: a box, and rows that are known to be sensible. Out: single rows inside the box to try. Used: by the search for a witness.

A row that the policy's own cases describe is moved into the box, so that a witness differs from a sensible firm only where it must.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from weilend.decision.prover.values import TRUE, Span, may_be_known
from weilend.formula.tree import Value

Row = dict[str, Value]


def points(domains: Mapping[str, Span], seeds: Sequence[Row], usual: Mapping[str, tuple[int, int]]) -> Iterator[Row]:
    """Yield rows of a box: the first and the nearest of the seeds moved into it, its least and its greatest row.

    `usual` are the ranges that the policy accepts: the least and greatest values are taken from them where that is possible.

    >>> list(points({"n": (5, 99, False)}, [{"n": 7}, {"n": 1}], {"n": (0, 9)}))
    [{'n': 7}, {'n': 5}, {'n': 9}]
    """
    tried: list[Row] = []
    near = (moved(domains, seed) for seed in (*seeds[:1], *_nearest_seed(domains, seeds[1:])))
    within = {name: _usual(span, usual.get(name)) for name, span in domains.items()}
    for row in [*near, _corner(within, 0), _corner(within, 1)]:
        if row not in tried:
            tried.append(row)
            yield row


def moved(domains: Mapping[str, Span], seed: Row) -> Row:
    """Return the row of a box that is nearest to a given one.

    >>> moved({"n": (5, 9, False), "w": frozenset({"a", "b"})}, {"n": 1, "w": "b"})
    {'n': 5, 'w': 'b'}
    """
    return {name: _nearest(span, seed.get(name)) for name, span in domains.items()}


def holds(span: Span, value: Value) -> bool:
    """Tell whether a value is in a span.

    >>> holds((0, 9, False), None), holds((0, 9, False), 9), holds(TRUE, True)
    (False, True, True)
    """
    if isinstance(span, tuple):
        return bool(span[2]) if value is None else isinstance(value, int) and span[0] <= value <= span[1]
    if isinstance(span, int):
        return bool(span & _bit(value))
    return bool(value in span)


def _bit(value: Value) -> int:
    return 4 if value is None else 2 if value else 1


def _nearest_seed(domains: Mapping[str, Span], seeds: Sequence[Row]) -> list[Row]:
    """Return the seed of which the fewest values lie outside a box; none where there are no seeds."""
    found, least = [], len(domains) + 1
    for seed in seeds:
        outside = 0
        for name, span in domains.items():
            outside += not holds(span, seed.get(name))
            if outside >= least:
                break
        else:
            found, least = [seed], outside
    return found


def _nearest(span: Span, value: Value) -> Value:
    if holds(span, value):
        return value
    if not may_be_known(span):
        return None
    if isinstance(span, tuple):
        return int(max(span[0], min(span[1], value if isinstance(value, int) else 0)))
    if isinstance(span, int):
        return bool(span & TRUE)
    return str(min(word for word in span if word is not None))


def _usual(span: Span, usual: tuple[int, int] | None) -> Span:
    """Return the part of a span of integers that is usual, the whole where there is none."""
    if usual is None or not isinstance(span, tuple):
        return span
    low, high = max(span[0], usual[0]), min(span[1], usual[1])
    return (low, high, span[2]) if low <= high else span


def _corner(domains: Mapping[str, Span], end: int) -> Row:
    return {name: span[end] if isinstance(span, tuple) and span[0] <= span[1] else _nearest(span, None)
            for name, span in domains.items()}  # fmt: skip
