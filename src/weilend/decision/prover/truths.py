"""In: pairs of truths, before and after a change. Out: what AND, OR, NOT and comparisons make of them. Used: by gaps.

A pair is one bit of nine: FALSE, TRUE, NULL before, and the same after.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from itertools import product
from typing import Any, Final

from weilend.decision.prover.lockstep import Gap, Pair
from weilend.decision.prover.values import FALSE, NULL, RULES, TRUE

Words = frozenset[tuple[str | None, str | None]]
ALL: Final = 2**9 - 1
_TRUTHS: Final = (FALSE, TRUE, NULL)
_FAR: Final = 2**200  # farther than any integer of the language lies from any other


def _bit(before: int, after: int) -> int:
    return 1 << (3 * _TRUTHS.index(before) + _TRUTHS.index(after))


_PAIRS: Final = {_bit(a, b): (a, b) for a, b in product(_TRUTHS, _TRUTHS)}
SAME: Final = sum(_bit(truth, truth) for truth in _TRUTHS)
_MASKS: Final = [
    [sum(bit for bit, (x, y) in _PAIRS.items() if a & x and b & y) for b in range(8)] for a in range(8)
]  # fmt: skip


def of_masks(before: int, after: int) -> int:
    """Return all pairs of what may be before and what may be after.

    >>> of_masks(FALSE, FALSE), of_masks(TRUE | NULL, TRUE | FALSE | NULL)
    (1, 504)
    """
    return _MASKS[before][after]


def projected(mask: int) -> tuple[int, int]:
    """Return what may be before and what may be after, of a mask of pairs.

    >>> projected(of_masks(FALSE, TRUE) | of_masks(TRUE, TRUE)) == (FALSE | TRUE, TRUE)
    True
    """
    before = after = 0
    for bit, (x, y) in _PAIRS.items():
        if mask & bit:
            before, after = before | x, after | y
    return before, after


@cache
def _folded(op: str, a: int, b: int) -> int:
    rule = RULES[op]
    mask = 0
    for (bit, (x, y)), (other, (p, q)) in product(_PAIRS.items(), _PAIRS.items()):
        if a & bit and b & other:
            mask |= _bit(rule(x, p), rule(y, q))
    return mask


def folded(op: str, masks: Iterable[int]) -> int:
    """Return the pairs that AND or OR of pairs can be.

    >>> rises = of_masks(FALSE, FALSE) | of_masks(FALSE, TRUE) | of_masks(TRUE, TRUE)
    >>> folded("or", [rises, SAME]) & of_masks(TRUE, FALSE)
    0
    """
    found = of_masks(TRUE, TRUE) if op == "and" else of_masks(FALSE, FALSE)
    for mask in masks:
        found = _folded(op, found, mask)
    return found


@cache
def mapped(op: str, mask: int) -> int:
    """Return the pairs that NOT of a pair, or whether it holds, can be.

    >>> mapped("not", of_masks(FALSE, TRUE)) == of_masks(TRUE, FALSE)
    True
    >>> mapped("holds", of_masks(NULL, TRUE)) == of_masks(FALSE, TRUE)
    True
    """
    rule = RULES[op]
    found = 0
    for bit, (x, y) in _PAIRS.items():
        found |= _bit(rule(x), rule(y)) if mask & bit else 0
    return found


#: Where ``left - right`` lies when a comparison is true and when it is false.
_REGIONS: Final[dict[str, tuple[tuple[int, Gap], ...]]] = {
    "<": ((TRUE, (-_FAR, -1)), (FALSE, (0, _FAR))),
    "=": ((TRUE, (0, 0)), (FALSE, (-_FAR, -1)), (FALSE, (1, _FAR))),
}


def compared(op: str, sides: Sequence[Pair]) -> int:
    """Return the pairs of truths of a comparison whose two sides are known, before and after.

    >>> rising = Pair((0, 99, False), (0, 99, False), (0, 5))
    >>> line = Pair((50, 50, False), (50, 50, False), (0, 0))
    >>> compared("<", [rising, line]) & of_masks(FALSE, TRUE)
    0
    """
    left, right = sides
    before = left.before[0] - right.before[1], left.before[1] - right.before[0]
    after = left.after[0] - right.after[1], left.after[1] - right.after[0]
    moved = left.gap[0] - right.gap[1], left.gap[1] - right.gap[0]
    mask = 0
    for (truth, region), (later, other) in product(_REGIONS[op], _REGIONS[op]):
        a, b = _both(before, region), _both(after, other)
        if a[0] <= a[1] and b[0] <= b[1] and b[0] - a[1] <= moved[1] and b[1] - a[0] >= moved[0]:
            mask |= _bit(truth, later)
    return mask


def _both(a: Gap, b: Gap) -> Gap:
    return max(a[0], b[0]), min(a[1], b[1])


def of_words(op: str, sides: Sequence[Words]) -> int:
    """Return the pairs of truths of a comparison of texts; ALL where there are too many to look at.

    >>> of_words("=", [frozenset({("A", "A"), ("A", "B")}), frozenset({("B", "B")})]) == of_masks(FALSE, FALSE | TRUE)
    True
    """
    first, *rest = sides
    size = len(first)
    for other in rest:
        size *= len(other)
    if op not in _WORD_RULES or size > 10_000:
        return ALL
    rule = _WORD_RULES[op]
    mask = 0
    for row in product(first, *rest):
        mask |= _bit(rule([pair[0] for pair in row]), rule([pair[1] for pair in row]))
    return mask


def _word_rule(test: Callable[..., bool]) -> Callable[[list[Any]], int]:
    return lambda words: NULL if None in words else TRUE if test(*words) else FALSE


_WORD_RULES: Final = {
    "=": _word_rule(lambda a, b: a == b),
    "<": _word_rule(lambda a, b: a < b),
    "in": _word_rule(lambda a, *items: a in items),
    "starts_with": _word_rule(lambda a, b: a.startswith(b)),
}
