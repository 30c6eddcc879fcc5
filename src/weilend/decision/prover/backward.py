"""In: an operation, what it may be, what its arguments may be. Out: what that leaves of each argument. Used: by boxes.

"Approved" says of every rule that it does not hold, and so of every input where it lies: the way back through each operation
(Benhamou, Goualard, Granvilliers and Puget 1999, hull consistency). A rule here may leave more than it must, never less.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from weilend.core.money import PPM
from weilend.decision.prover.parts import Part
from weilend.decision.prover.values import (
    FALSE,
    NOTHING,
    NULL,
    RULES,
    TRUE,
    Integers,
    Span,
    all_of,
    any_of,
    may_be_known,
    may_be_null,
    meet,
    settled,
)

_FAR: Final = 2**100
_ANY: Final[Integers] = (-_FAR, _FAR, True)
_KNOWN: Final[Integers] = (-_FAR, _FAR, False)
Demands = Sequence[Span | None]
Rule = Callable[[Part, Span, Sequence[Span]], Demands]


def demanded(part: Part, span: Span, args: Sequence[Span]) -> Demands:
    """Return for each argument of an operation the span that its value leaves; None where nothing was learnt.

    >>> demanded(Part("<", (0, 1), None, "boolean"), TRUE, [(0, 99, True), (9, 9, False)])[0][1]
    8
    >>> demanded(Part("least", (0, 1), None, "integer"), (5, 9, False), [(0, 99, False), (0, 99, False)])[0][0]
    5
    """
    rule = _RULES.get(part.op)
    if rule is None:
        return ()
    if part.op in _NULL_BY_ARGUMENT and not may_be_known(span):
        return _one_is_null(args)
    found = rule(part, span, args)
    if part.op not in _STRICT or not may_be_null(span):
        return found
    # where another argument may be NULL, and so the value, this one may be anything
    doubtful = [may_be_null(arg) for arg in args]
    return [None if any(doubtful[:at] + doubtful[at + 1 :]) else one for at, one in enumerate(found)]


def _one_is_null(args: Sequence[Span]) -> Demands:
    """A value that can only be NULL has an argument that is NULL: the one that can be."""
    able = [at for at, arg in enumerate(args) if may_be_null(arg)]
    return [_only_null(arg) if able == [at] else None for at, arg in enumerate(args)]


def _only_null(span: Span) -> Span:
    return NOTHING if isinstance(span, tuple) else NULL if isinstance(span, int) else frozenset([None])


def _junction(part: Part, span: int, args: Sequence[int]) -> list[int]:
    """Keep of each argument what, with the others, can give the value."""
    whole = all_of if part.op == "and" else any_of
    neutral = TRUE if part.op == "and" else FALSE
    before = [neutral]
    for arg in args[:-1]:
        before.append(whole((before[-1], arg)))
    found, after = [], neutral
    for arg, first in zip(reversed(args), reversed(before), strict=True):
        others = whole((first, after))
        found.append(sum(bit for bit in (FALSE, TRUE, NULL) if arg & bit and whole((others, bit)) & span))
        after = whole((arg, after))
    return found[::-1]


def _not(_part: Part, span: int, _args: Sequence[int]) -> list[int]:
    return [RULES["not"](span)]


def _holds(_part: Part, span: int, _args: Sequence[int]) -> list[int]:
    return [(span & TRUE) | (FALSE | NULL if span & FALSE else 0)]


def _is_null(_part: Part, span: int, args: Sequence[Span]) -> list[Span | None]:
    if span not in (TRUE, FALSE):
        return [None]
    only_null = span == TRUE
    if only_null:
        return [_only_null(args[0])]
    if isinstance(args[0], tuple):
        return [_KNOWN]
    return [TRUE | FALSE if isinstance(args[0], int) else args[0] - {None}]


def _less(_part: Part, span: int, args: Sequence[Span]) -> list[Span | None]:
    left, right = args
    if not isinstance(left, tuple) or left[0] > left[1] or right[0] > right[1]:
        return [None, None]
    null = bool(span & NULL)
    if span & ~NULL == TRUE:
        return [(-_FAR, right[1] - 1, null), (left[0] + 1, _FAR, null)]
    if span & ~NULL == FALSE:
        return [(right[0], _FAR, null), (-_FAR, left[1], null)]
    return [None, None] if null else [_KNOWN, _KNOWN]


def _equal(_part: Part, span: int, args: Sequence[Span]) -> list[Span | None]:
    left, right = args
    if isinstance(left, int) or span & NULL:
        return [None, None]
    if span == TRUE:
        known = [(one[0], one[1], False) if isinstance(one, tuple) else one - {None} for one in (right, left)]
        return list(known)
    if isinstance(left, frozenset):
        words = left - {None}
        return [words - right if span == FALSE and settled(right) else words, right - {None}]
    return [_unequal(left, right), _unequal(right, left)] if span == FALSE else [_KNOWN, _KNOWN]


def _unequal(span: Integers, other: Integers) -> Integers:
    """Take the one value of the other side from the ends of a range."""
    if not settled(other) or other[0] > other[1]:
        return _KNOWN
    return span[0] + (span[0] == other[0]), span[1] - (span[1] == other[0]), False


def _case(part: Part, span: Span, args: Sequence[Span]) -> list[Span | None]:
    """No branch before the first that can give the value is taken; the only one that can give it is."""
    conditions, branches = args[:-1:2], (*args[1::2], args[-1])
    open_ = [meet(branch, span) is not None for branch in branches]
    certain = next((at for at, condition in enumerate(conditions) if condition == TRUE), len(conditions))
    taken = [at <= certain and (at == len(conditions) or conditions[at] & TRUE != 0) for at in range(len(branches))]
    able = [at for at, (one, other) in enumerate(zip(open_, taken, strict=True)) if one and other]
    found: list[Span | None] = [None] * len(part.args)
    if not able:
        return [0, *found[1:]]  # no truth is left: this cannot be
    first = able[0]
    for at in range(first):
        found[2 * at] = FALSE | NULL
    if len(able) == 1 and first < len(conditions):
        found[2 * first : 2 * first + 2] = [TRUE, span]
    elif len(able) == 1:
        found[-1] = span
    return found


def _sum(part: Part, span: Integers, args: Sequence[Integers]) -> list[Span | None]:
    factors = {"+": (1, 1), "-": (1, -1), "neg": (-1,), "sum": part.value}[part.op]
    if span[0] > span[1] or any(arg[0] > arg[1] for arg in args):
        return [None] * len(args)
    ends = [(f * a[0], f * a[1]) if f > 0 else (f * a[1], f * a[0]) for f, a in zip(factors, args, strict=True)]
    low, high = sum(end[0] for end in ends), sum(end[1] for end in ends)
    found: list[Span | None] = []
    for factor, end in zip(factors, ends, strict=True):
        # what the value leaves when the others are at their far ends
        a, b = span[0] - (high - end[1]), span[1] - (low - end[0])
        found.append(_shared(a, b, factor, null=span[2]))
    return found


def _shared(low: int, high: int, factor: int, *, null: bool) -> Integers:
    """Return the integers x with ``low <= factor * x <= high``."""
    if factor == 0:
        return -_FAR, _FAR, null
    if factor < 0:
        low, high, factor = -high, -low, -factor
    return -(-low // factor), high // factor, null


def _times(_part: Part, span: Integers, args: Sequence[Integers]) -> list[Span | None]:
    if span[0] > span[1]:
        return [None, None]
    found: list[Span | None] = [None, None]
    for at, other in ((0, args[1]), (1, args[0])):
        if settled(other) and other[0] <= other[1] and other[0] != 0:
            found[at] = _shared(span[0], span[1], other[0], null=span[2])
        elif not span[2]:
            found[at] = _KNOWN
    return found


def _div(_part: Part, span: Integers, args: Sequence[Integers]) -> list[Span | None]:
    divisor = args[1]
    if span[0] > span[1] or not settled(divisor) or divisor[0] <= 0:
        return [None, None]
    size = divisor[0]
    low = span[0] * size - (size - 1 if span[0] <= 0 else 0)
    high = span[1] * size + (size - 1 if span[1] >= 0 else 0)
    return [(low, high, span[2]), None]


def _mul_rate(_part: Part, span: Integers, args: Sequence[Integers]) -> list[Span | None]:
    """Rounding moves by half at most: ``|x * rate / 1e6 - value| <= 1/2``."""
    if span[0] > span[1]:
        return [None, None]
    found: list[Span | None] = [None, None]
    for at, rate in ((0, args[1]), (1, args[0])):
        if settled(rate) and rate[0] <= rate[1] and rate[0] > 0:
            low, high = (2 * span[0] - 1) * PPM, (2 * span[1] + 1) * PPM
            found[at] = (-(-low // (2 * rate[0])), high // (2 * rate[0]), span[2])
        elif not span[2]:
            found[at] = _KNOWN
    return found


def _extreme(part: Part, span: Integers, args: Sequence[Integers]) -> list[Span | None]:
    """Of the least, all lie at or above its low end, and the only one that can reach below its high end does."""
    if span[0] > span[1]:
        return [None] * len(args)
    least = part.op == "least"
    able = [at for at, arg in enumerate(args) if (arg[0] <= span[1] if least else arg[1] >= span[0])]
    found: list[Span | None] = []
    for at in range(len(args)):
        low, high = (span[0], _FAR) if least else (-_FAR, span[1])
        if able == [at]:
            low, high = span[0], span[1]
        found.append((low, high, span[2]))
    return found


def _known(_part: Part, span: Integers, args: Sequence[Span]) -> list[Span | None]:
    return [_KNOWN] * len(args) if span[0] <= span[1] and not span[2] else [None] * len(args)


def _one_of(_part: Part, span: int, args: Sequence[Any]) -> list[Span | None]:
    words = frozenset().union(*args[1:])
    if span == TRUE:
        return [args[0] & words]
    return [args[0] - words - {None}] if span == FALSE else [None]


_RULES: Final[dict[str, Rule]] = {
    "and": _junction,
    "or": _junction,
    "not": _not,
    "holds": _holds,
    "is_null": _is_null,
    "<": _less,
    "=": _equal,
    "in": _one_of,
    "case": _case,
    **dict.fromkeys(("+", "-", "neg", "sum"), _sum),
    "*": _times,
    "div": _div,
    "mul_rate": _mul_rate,
    **dict.fromkeys(("least", "greatest"), _extreme),
    **dict.fromkeys(("abs", "mod"), _known),
}
#: What is NULL where an argument is, and nowhere else; of those below, some are NULL for other reasons too.
_NULL_BY_ARGUMENT: Final = frozenset(("<", "=", "in", "+", "-", "neg", "sum", "*", "mul_rate", "least", "greatest", "abs"))
#: What is NULL where an argument is.
_STRICT: Final = frozenset(("<", "+", "-", "neg", "sum", "*", "div", "mul_rate", "least", "greatest", "abs", "mod"))
