"""In: the arguments of one operation before and after a change. Out: how far its value moves. Used: by gaps.

Every rule holds all differences that can occur; each follows from the operation being monotone, or from the size of a rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import product
from typing import Final

import msgspec

from weilend.core.money import PPM
from weilend.decision.prover.values import Integers

Gap = tuple[int, int]


class Pair(msgspec.Struct, frozen=True):
    """What an argument may be before and after, and the least and greatest of ``after - before``.

    >>> Pair((0, 9, False), (1, 10, False), (1, 1)).gap
    (1, 1)
    """

    before: Integers
    after: Integers
    gap: Gap


def apply(op: str, pairs: Sequence[Pair], factors: Sequence[int] | None = None) -> Gap | None:
    """Return how far an operation moves; None where nothing better is known than the ranges. A sum has `factors`.

    >>> sales = Pair((0, 1000, False), (0, 1000, False), (0, 0))
    >>> falls = Pair((200_000, 500_000, False), (200_000, 500_000, False), (-300_000, 0))
    >>> apply("mul_rate", [sales, falls])
    (-301, 0)
    """
    if all(pair.gap == (0, 0) for pair in pairs):
        return 0, 0
    return _moved_sum(pairs, factors) if factors is not None else RULES[op](*pairs)


def _moved_sum(pairs: Sequence[Pair], factors: Sequence[int]) -> Gap:
    low = high = 0
    for pair, factor in zip(pairs, factors, strict=True):
        a, b = _times(pair.gap, (factor, factor))
        low, high = low + a, high + b
    return low, high


def from_extreme(op: str, gaps: Sequence[Gap]) -> Gap:
    """Return how far a value lies from the least or greatest of some, given how far it lies from each of them.

    >>> from_extreme("greatest", [(-5, 2), (-1, 1)]), from_extreme("least", [(-5, 2), (-1, 1)])
    ((-5, 1), (-1, 2))
    """
    lows, highs = [gap[0] for gap in gaps], [gap[1] for gap in gaps]
    return (min(lows), min(highs)) if op == "greatest" else (max(lows), max(highs))


def to_extreme(op: str, gaps: Sequence[Gap]) -> Gap:
    """Return how far the least or greatest of some lies from a value, given how far each of them does.

    >>> to_extreme("greatest", [(-5, 2), (-1, 1)]), to_extreme("least", [(-5, 2), (-1, 1)])
    ((-1, 2), (-5, 1))
    """
    lows, highs = [gap[0] for gap in gaps], [gap[1] for gap in gaps]
    return (max(lows), max(highs)) if op == "greatest" else (min(lows), min(highs))


def _times(a: Gap, b: Gap) -> Gap:
    values = [x * y for x, y in product(a, b)]
    return min(values), max(values)


def _sum(a: Gap, b: Gap) -> Gap:
    return a[0] + b[0], a[1] + b[1]


def _both(a: Gap, b: Gap) -> Gap:
    return max(a[0], b[0]), min(a[1], b[1])


def _product(x: Pair, y: Pair) -> Gap:
    """x'y' - xy is x'(y' - y) + y(x' - x), and also x(y' - y) + y'(x' - x)."""
    one = _sum(_times(x.after[:2], y.gap), _times(y.before[:2], x.gap))
    other = _sum(_times(x.before[:2], y.gap), _times(y.after[:2], x.gap))
    return _both(one, other)


def _signed(gap: Gap, moved: Gap) -> Gap:
    """Return the gap of a rising function of what moved: it moves the same way or not at all."""
    low = max(gap[0], 0) if moved[0] >= 0 else gap[0]
    return low, min(gap[1], 0) if moved[1] <= 0 else gap[1]


def _mul_rate(x: Pair, y: Pair) -> Gap:
    """Rounding is off by half at most, before and after."""
    moved = _product(x, y)
    return _signed((-(-moved[0] // PPM) - 1, moved[1] // PPM + 1), moved)


def _div(x: Pair, y: Pair) -> Gap | None:
    if y.gap == (0, 0) and y.before[0] == y.before[1] and y.before[0] != 0:
        divisor = abs(y.before[0])
        moved = x.gap if y.before[0] > 0 else (-x.gap[1], -x.gap[0])
        # truncation is off by less than one, before and after
        return _signed((moved[0] // divisor - 1, -(-moved[1] // divisor) + 1), moved)
    if min(y.before[0], y.after[0]) <= 0:
        return None
    low, high = -_FAR, _FAR
    for dividend in (x.before, x.after):
        # one step changes the dividend, the other the divisor under a dividend of known sign
        if x.gap[0] >= 0 and ((dividend[0] >= 0 and y.gap[1] <= 0) or (dividend[1] <= 0 and y.gap[0] >= 0)):
            low = 0
        if x.gap[1] <= 0 and ((dividend[0] >= 0 and y.gap[0] >= 0) or (dividend[1] <= 0 and y.gap[1] <= 0)):
            high = 0
    return low, high


def _mod(_x: Pair, _y: Pair) -> None:
    return None


def _abs(x: Pair) -> Gap:
    if min(x.before[0], x.after[0]) >= 0:
        return x.gap
    most = max(abs(x.gap[0]), abs(x.gap[1]))
    return (-x.gap[1], -x.gap[0]) if max(x.before[1], x.after[1]) <= 0 else (-most, most)


def _least(*pairs: Pair) -> Gap:
    """The one that is least before bounds how far the least can rise, the one that is least after how far it can fall."""
    before, after = min(pair.before[1] for pair in pairs), min(pair.after[1] for pair in pairs)
    return (
        min(pair.gap[0] for pair in pairs if pair.after[0] <= after),
        max(pair.gap[1] for pair in pairs if pair.before[0] <= before),
    )


def _greatest(*pairs: Pair) -> Gap:
    before, after = max(pair.before[0] for pair in pairs), max(pair.after[0] for pair in pairs)
    return (
        min(pair.gap[0] for pair in pairs if pair.before[1] >= before),
        max(pair.gap[1] for pair in pairs if pair.after[1] >= after),
    )


_FAR: Final = 2**200

#: Operation -> how far it moves.
RULES: Final[dict[str, Callable[..., Gap | None]]] = {
    "+": lambda x, y: _sum(x.gap, y.gap),
    "-": lambda x, y: (x.gap[0] - y.gap[1], x.gap[1] - y.gap[0]),
    "neg": lambda x: (-x.gap[1], -x.gap[0]),
    "*": _product,
    "abs": _abs,
    "mul_rate": _mul_rate,
    "div": _div,
    "mod": _mod,
    "least": _least,
    "greatest": _greatest,
    "sum": lambda *_: None,  # takes factors: `apply`
}
