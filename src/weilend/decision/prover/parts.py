"""In: nothing. Out: `Part`, one operation of a graph, and `Bounds`. Used: by the graph and what it is made with."""

from __future__ import annotations

from typing import Any

import msgspec

from weilend.core.records import FieldType


class Part(msgspec.Struct, frozen=True):
    """One operation: its word, the places of its arguments, and the value of a literal, name of an input, or factors of a sum.

    >>> Part("literal", (), 7, "integer").args
    ()
    """

    op: str
    args: tuple[int, ...]
    value: Any
    type: FieldType


class Bounds(msgspec.Struct, frozen=True):
    """What a condition says of a value that is chosen under it: its range, and whether it is known.

    >>> Bounds(0, 9).known
    False
    """

    lo: int = -(2**80)
    hi: int = 2**80
    known: bool = False

    def both(self, other: Bounds) -> Bounds:
        """Return what two conditions say together.

        >>> Bounds(lo=0).both(Bounds(hi=9, known=True)).known
        True
        """
        return Bounds(max(self.lo, other.lo), min(self.hi, other.hi), self.known or other.known)
