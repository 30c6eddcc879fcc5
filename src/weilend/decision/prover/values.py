"""In: what the arguments of an operation may be. Out: what its value may be. Used: by boxes, for many inputs at one time.

What a value may be (`Span`): an integer is (lo, hi, may be NULL), where lo > hi says that it can only be NULL; a boolean is a
mask of FALSE, TRUE and NULL; a text is the set of its words, None for NULL. Each rule holds every value that can occur, and
maybe more: what is never in a span never occurs (Cousot and Cousot 1977, interval analysis).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import product
from typing import Any, Final

from weilend.decision.prover.parts import Bounds
from weilend.formula import ranges

Span = Any
Integers = tuple[int, int, bool]

FALSE: Final = 1
TRUE: Final = 2
NULL: Final = 4
#: An integer that can only be NULL.
NOTHING: Final[Integers] = (1, 0, True)
#: More pairs of words than this are not looked at one by one.
_MANY: Final = 4096


def settled(span: Span) -> bool:
    """Tell whether only one value is left.

    >>> settled((7, 7, False)), settled((7, 7, True)), settled(TRUE), settled(frozenset({"a", "b"}))
    (True, False, True, False)
    """
    if isinstance(span, tuple):
        return bool(span[0] > span[1] or (span[0] == span[1] and not span[2]))
    return span & (span - 1) == 0 if isinstance(span, int) else len(span) == 1


def may_be_null(span: Span) -> bool:
    """Tell whether NULL is among the values.

    >>> may_be_null(NOTHING), may_be_null(TRUE | NULL), may_be_null(frozenset({"a"}))
    (True, True, False)
    """
    if isinstance(span, tuple):
        return bool(span[2])
    return bool(span & NULL) if isinstance(span, int) else None in span


def may_be_known(span: Span) -> bool:
    """Tell whether a value that is not NULL is among the values.

    >>> may_be_known(NOTHING), may_be_known(TRUE | NULL), may_be_known(frozenset({None}))
    (False, True, False)
    """
    if isinstance(span, tuple):
        return bool(span[0] <= span[1])
    return bool(span & (TRUE | FALSE)) if isinstance(span, int) else any(word is not None for word in span)


def kinds(span: Span) -> int:
    """Return 1 where a span holds known values, 2 where it holds NULL, 3 where both.

    >>> kinds((0, 9, True)), kinds(NOTHING), kinds(TRUE)
    (3, 2, 1)
    """
    if isinstance(span, tuple):
        return (1 if span[0] <= span[1] else 0) | (2 if span[2] else 0)
    return (1 if may_be_known(span) else 0) | (2 if may_be_null(span) else 0)


def join(spans: Sequence[Span]) -> Span:
    """Return what holds all values of all spans.

    >>> join([(1, 2, False), NOTHING, (5, 6, False)]), join([TRUE, NULL])
    ((1, 6, True), 6)
    """
    first = spans[0]
    if isinstance(first, int):
        mask = 0
        for span in spans:
            mask |= span
        return mask
    if isinstance(first, frozenset):
        return first.union(*spans[1:])
    null = any(span[2] for span in spans)
    known = [span for span in spans if span[0] <= span[1]]
    return (min(s[0] for s in known), max(s[1] for s in known), null) if known else NOTHING


def within(span: Span, bounds: Bounds) -> Span:
    """Return the part of a span that bounds leave; None where they leave nothing.

    >>> within((0, 9, True), Bounds(lo=5, known=True)), within((0, 9, False), Bounds(lo=10))
    ((5, 9, False), None)
    """
    if not isinstance(span, tuple):
        if not (bounds.known and may_be_null(span)):
            return span
        known = span & ~NULL if isinstance(span, int) else span - {None}
        return known or None
    lo, hi, null = max(span[0], bounds.lo), min(span[1], bounds.hi), span[2] and not bounds.known
    if lo <= hi:
        return lo, hi, null
    return NOTHING if null else None


def of_literal(value: Any, type_: str) -> Span:
    """Return the span of one value.

    >>> of_literal(5, "integer"), of_literal(None, "integer"), of_literal(True, "boolean"), of_literal("a", "text")
    ((5, 5, False), (1, 0, True), 2, frozenset({'a'}))
    """
    if type_ == "integer":
        return NOTHING if value is None else (value, value, False)
    if type_ == "boolean":
        return NULL if value is None else (TRUE if value else FALSE)
    return frozenset([value])


def _strict(rule: Callable[..., ranges.Range]) -> Callable[..., Integers]:
    def run(*args: Integers) -> Integers:
        if any(arg[0] > arg[1] for arg in args):
            return NOTHING
        lo, hi = rule(*(arg[:2] for arg in args))
        return lo, hi, any(arg[2] for arg in args)

    return run


def _divided(rule: Callable[..., ranges.Range]) -> Callable[..., Integers]:
    """Division by zero is NULL, so zero is taken out of the divisor first."""
    strict = _strict(rule)

    def run(a: Integers, b: Integers) -> Integers:
        zero = b[0] <= 0 <= b[1]
        divisor = (b[0] + (b[0] == 0), b[1] - (b[1] == 0), b[2] or zero)
        return strict(a, divisor)

    return run


def _mod(a: Integers, b: Integers) -> Integers:
    """A rest neither rises nor falls, so its range says little; of two numbers it is known, with the sign of the first."""
    if settled(a) and settled(b) and a[0] <= a[1] and b[0] <= b[1] and b[0] != 0:
        rest = abs(a[0]) % abs(b[0])
        return of_literal(rest if a[0] >= 0 else -rest, "integer")  # type: ignore[no-any-return]
    return _any_rest(a, b)


_any_rest = _divided(ranges.RULES["mod"])


def _compared(a: Span, b: Span, test: Callable[[Any, Any], bool]) -> int:
    """Compare texts word by word."""
    mask = NULL if may_be_null(a) or may_be_null(b) else 0
    if len(a) * len(b) > _MANY:
        return mask | TRUE | FALSE
    for left, right in product(a - {None}, b - {None}):
        mask |= TRUE if test(left, right) else FALSE
    return mask


def _less(a: Span, b: Span) -> int:
    if not isinstance(a, tuple):
        return _compared(a, b, lambda left, right: left < right)
    mask = NULL if a[2] or b[2] else 0
    if a[0] <= a[1] and b[0] <= b[1]:
        mask |= (TRUE if a[0] < b[1] else 0) | (FALSE if a[1] >= b[0] else 0)
    return mask


def _equal(a: Span, b: Span) -> int:
    if isinstance(a, int):
        return _SAME_BOOLEAN[a][b]
    if isinstance(a, frozenset):
        return _compared(a, b, lambda left, right: left == right)
    mask = NULL if a[2] or b[2] else 0
    if a[0] <= a[1] and b[0] <= b[1]:
        mask |= TRUE if a[0] <= b[1] and b[0] <= a[1] else 0
        mask |= 0 if a[0] == a[1] == b[0] == b[1] else FALSE
    return mask


def _one_of(a: Span, *items: Span) -> int:
    return any_of([_equal(a, item) for item in items])


def meet(span: Span, other: Span) -> Span | None:
    """Return the values that two spans share; None where they share none.

    >>> meet((0, 9, True), (5, 20, False)), meet((0, 9, False), NOTHING), meet(TRUE | NULL, TRUE)
    ((5, 9, False), None, 2)
    """
    if not isinstance(span, tuple):
        return span & other or None
    lo, hi, null = max(span[0], other[0]), min(span[1], other[1]), span[2] and other[2]
    if lo <= hi:
        return lo, hi, null
    return NOTHING if null else None


def added(spans: Sequence[Integers], factors: Sequence[int]) -> Integers:
    """Return what a sum of terms times their factors may be.

    >>> added([(0, 9, False), (1, 2, True)], [1, -2])
    (-4, 7, True)
    """
    if any(span[0] > span[1] for span in spans):
        return NOTHING
    low = high = 0
    for (lo, hi, _), factor in zip(spans, factors, strict=True):
        low, high = (low + factor * lo, high + factor * hi) if factor > 0 else (low + factor * hi, high + factor * lo)
    return low, high, any(span[2] for span in spans)


def _each(mask: int) -> list[int]:
    return [bit for bit in (FALSE, TRUE, NULL) if mask & bit]


def _table(meaning: Callable[[int, int], int]) -> list[list[int]]:
    """Return the meaning of two masks from that of two values."""

    def entry(a: int, b: int) -> int:
        mask = 0
        for left, right in product(_each(a), _each(b)):
            mask |= meaning(left, right)
        return mask

    return [[entry(a, b) for b in range(8)] for a in range(8)]


_SAME_BOOLEAN = _table(lambda a, b: NULL if NULL in (a, b) else TRUE if a == b else FALSE)
_AND = _table(lambda a, b: FALSE if FALSE in (a, b) else NULL if NULL in (a, b) else TRUE)
_OR = _table(lambda a, b: TRUE if TRUE in (a, b) else NULL if NULL in (a, b) else FALSE)
_HOLDS = [mask & TRUE | (FALSE if mask & (FALSE | NULL) else 0) for mask in range(8)]
_NOT = [mask & NULL | (TRUE if mask & FALSE else 0) | (FALSE if mask & TRUE else 0) for mask in range(8)]


def all_of(masks: Iterable[int]) -> int:
    """Return what AND of booleans may be.

    >>> all_of([TRUE, NULL | FALSE])
    5
    """
    found = TRUE
    for mask in masks:
        found = _AND[found][mask]
    return found


def any_of(masks: Iterable[int]) -> int:
    """Return what OR of booleans may be.

    >>> any_of([FALSE, NULL | TRUE])
    6
    """
    found = FALSE
    for mask in masks:
        found = _OR[found][mask]
    return found


def chosen(args: Sequence[Span], bounds: Sequence[Bounds]) -> Span:
    """Return what a CASE may be: (condition, value)…, else; `bounds` say of each value what being chosen means for it.

    >>> chosen([TRUE | FALSE, (0, 9, False), (50, 60, True)], [Bounds(hi=4), Bounds()])
    (0, 60, True)
    """
    found = []
    for index, condition in enumerate(args[:-1:2]):
        if condition & TRUE:
            found.append(within(args[2 * index + 1], bounds[index]))
        if condition == TRUE:
            break
    else:
        found.append(within(args[-1], bounds[-1]))
    # bounds that leave nothing say that a branch is never taken; some branch is
    left = [span for span in found if span is not None]
    return join(left) if left else join([args[-1], *args[1::2]])


def _is_null(a: Span) -> int:
    return (TRUE if may_be_null(a) else 0) | (FALSE if may_be_known(a) else 0)


#: Operation -> what its value may be from what its arguments may be; CASE, which also takes bounds, is `chosen`.
RULES: Final[dict[str, Callable[..., Span]]] = {
    **{op: _strict(ranges.RULES[op]) for op in ("+", "-", "*", "neg", "abs", "mul_rate", "least", "greatest")},
    "div": _divided(ranges.RULES["div"]),
    "mod": _mod,
    "<": _less,
    "=": _equal,
    "in": _one_of,
    "and": lambda *masks: all_of(masks),
    "or": lambda *masks: any_of(masks),
    "not": lambda mask: _NOT[mask],
    "holds": lambda mask: _HOLDS[mask],
    "is_null": _is_null,
    "starts_with": lambda a, b: _compared(a, b, lambda text, start: bool(text.startswith(start))),
}
