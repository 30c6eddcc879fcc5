"""In: ranges of integers. Out: the range of what is computed from them. Used: by the type check, to prove every value fits.

Each rule returns the smallest interval that holds every value; none of them is clamped, so that an overflow can be reported
with its size. The operations are monotone in each argument (division on each side of zero), so the corners suffice.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product

from weilend.core.money import mul_rate
from weilend.formula.tree import DAY_SPAN

Range = tuple[int, int]


def truncated(a: int, b: int) -> int:
    """Return ``a / b`` truncated toward zero, as SQL divides.

    >>> truncated(-7, 2), truncated(7, -2)
    (-3, -3)
    """
    quotient = abs(a) // abs(b)
    return quotient if (a >= 0) == (b > 0) else -quotient


def remainder(a: int, b: int) -> int:
    """Return what truncated division leaves, with the sign of `a`.

    >>> remainder(-7, 2), remainder(7, -2)
    (-1, 1)
    """
    return a - b * truncated(a, b)


def _corners(operation: Callable[[int, int], int]) -> Callable[..., Range]:
    def rule(a: Range, b: Range) -> Range:
        values = [operation(x, y) for x, y in product(a, b)]
        return min(values), max(values)

    return rule


def _absolute(a: Range) -> Range:
    low = 0 if a[0] <= 0 <= a[1] else min(abs(a[0]), abs(a[1]))
    return low, max(abs(a[0]), abs(a[1]))


def _quotient(a: Range, b: Range) -> Range:
    parts = [part for part in ((b[0], min(b[1], -1)), (max(b[0], 1), b[1])) if part[0] <= part[1]]
    return union([_corners(truncated)(a, part) for part in parts])


def _remainder(a: Range, b: Range) -> Range:
    most = _absolute(b)[1] - 1
    return max(min(a[0], 0), -most), min(max(a[1], 0), most)


def union(ranges: list[Range]) -> Range:
    """Return the smallest range that holds all the given ones.

    >>> union([(0, 1), (-5, -4)])
    (-5, 1)
    """
    return min(low for low, _ in ranges), max(high for _, high in ranges)


#: Operation -> range of the result from the ranges of the arguments.
RULES: dict[str, Callable[..., Range]] = {
    "+": lambda a, b: (a[0] + b[0], a[1] + b[1]),
    "-": lambda a, b: (a[0] - b[1], a[1] - b[0]),
    "*": _corners(lambda x, y: x * y),
    "neg": lambda a: (-a[1], -a[0]),
    "abs": _absolute,
    "div": _quotient,
    "mod": _remainder,
    "mul_rate": _corners(mul_rate),
    "least": lambda *rs: (min(low for low, _ in rs), min(high for _, high in rs)),
    "greatest": lambda *rs: (max(low for low, _ in rs), max(high for _, high in rs)),
}

#: What days_between can give at most.
DAYS: Range = (-DAY_SPAN, DAY_SPAN)


def product_range(a: Range, b: Range) -> Range:
    """Return the range of ``a * b``: what stands inside mul_rate before it is divided.

    >>> product_range((-2, 3), (5, 7))
    (-14, 21)
    """
    return RULES["*"](a, b)
