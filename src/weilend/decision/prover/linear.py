"""In: two numbers that are compared. Out: one sum of terms and what it is compared with. Used: by the graph.

``a > b + 10`` and ``a - b <= 5`` ask about one quantity, a - b. Written as one quantity each, they are seen to exclude each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import gcd

import msgspec

from weilend.decision.prover.parts import Part


class Sum(msgspec.Struct, frozen=True):
    """A sum of terms, each a place in the graph with its factor, and a constant; a term whose factor is 0 can still be NULL.

    >>> Sum(((3, 2), (5, -2)), 7).divided().terms
    ((3, 1), (5, -1))
    """

    terms: tuple[tuple[int, int], ...]
    constant: int = 0

    def plus(self, other: Sum, factor: int = 1) -> Sum:
        """Return this sum and another one times a factor.

        >>> Sum(((1, 1),), 2).plus(Sum(((1, 1), (2, 1)), 3), -1)
        Sum(terms=((1, 0), (2, -1)), constant=-1)
        """
        factors = dict(self.terms)
        for place, size in other.terms:
            factors[place] = factors.get(place, 0) + factor * size
        return Sum(tuple(sorted(factors.items())), self.constant + factor * other.constant)

    def divided(self) -> Sum:
        """Return the terms, without the constant, with no common divisor and the first factor above zero.

        >>> Sum(((1, -4), (2, 6)), 5).divided()
        Sum(terms=((1, 2), (2, -3)), constant=0)
        """
        size = self.divisor
        return Sum(tuple((place, factor // size) for place, factor in self.terms))

    @property
    def divisor(self) -> int:
        """Return what all factors are divided by: their greatest common divisor, with the sign of the first."""
        factors = [factor for _, factor in self.terms if factor]
        return gcd(*factors) * (1 if factors[0] > 0 else -1) if factors else 1


def sum_of(parts: Sequence[Part], place: int) -> Sum:
    """Return a number as a sum: additions, and products with a literal, are taken apart.

    >>> parts = [Part("input", (), "n", "integer"), Part("literal", (), 3, "integer"), Part("*", (1, 0), None, "integer"),
    ...     Part("+", (2, 1), None, "integer")]
    >>> sum_of(parts, 3)
    Sum(terms=((0, 3),), constant=3)
    """
    part = parts[place]
    if part.op == "literal" and isinstance(part.value, int):
        return Sum((), part.value)
    if part.op == "neg":
        return Sum(()).plus(sum_of(parts, part.args[0]), -1)
    if part.op in ("+", "-"):
        left, right = (sum_of(parts, arg) for arg in part.args)
        return left.plus(right, 1 if part.op == "+" else -1)
    if part.op == "*":
        for one, other in (part.args, part.args[::-1]):
            if parts[one].op == "literal":
                return Sum(()).plus(sum_of(parts, other), parts[one].value)
    return Sum(((place, 1),))
