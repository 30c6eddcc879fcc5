"""In: nothing. Out: `Node`, the typed tree of a formula. Used: made by `types`, read by every back end.

One struct serves every operation; what an operation means is a row in the table of each back end, never a branch here.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

import msgspec

from weilend.core.records import FieldType

Value = int | str | bool | date | None

#: Integers of the language: 64 bits, without the one value whose negation does not fit.
MAX_INTEGER: Final = 2**63 - 1
MIN_DAY: Final = date.min
MAX_DAY: Final = date.max
#: Days from the first day of the language (0001-01-01) to the last (9999-12-31).
DAY_SPAN: Final = MAX_DAY.toordinal() - MIN_DAY.toordinal()


class Node(msgspec.Struct, frozen=True):
    """An operation over typed arguments; `value` is a literal's value or a field's name.

    `lo..hi` is the proved inclusive range of an integer, None for other types and for integers of unknown range.

    >>> Node("literal", type="integer", value=7, lo=7, hi=7).names
    frozenset()
    """

    op: str
    args: tuple[Node, ...] = ()
    value: Value = None
    type: FieldType = "boolean"
    nullable: bool = False
    lo: int | None = None
    hi: int | None = None

    def walk(self) -> Iterator[Node]:
        """Give this node and every node below it, parents first.

        >>> [node.op for node in Node("not", (Node("literal", value=True),)).walk()]
        ['not', 'literal']
        """
        yield self
        for arg in self.args:
            yield from arg.walk()

    @property
    def names(self) -> frozenset[str]:
        """The fields that are read."""
        return frozenset(str(node.value) for node in self.walk() if node.op == "field")

    @property
    def range(self) -> tuple[int, int]:
        """The proved range of an integer that is known to have one."""
        assert self.lo is not None
        assert self.hi is not None
        return self.lo, self.hi
