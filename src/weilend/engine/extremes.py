"""In: values of rows, or of states, in groups. Out: sums, extremes, squares of each group. Used: by `numpy` and `merging`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from weilend.core.errors import BookError
from weilend.core.plan import KEEPS, SQUARE_BASE, Ints, Measure

INT64_MAX = 2**63 - 1
HALF = 2**30


def keep(measures: Sequence[Measure], amount: Ints, start: Ints, places: Ints, rows: Mapping[str, Ints]) -> dict[str, Ints]:
    """Return the arrays of some measures, one element a group.

    `amount` are the values of rows that stand in groups, each from its `start` on and in the order (happened_at, seq); `places`
    says where in `rows` each one stands.

    >>> two = np.array([0, 2])
    >>> rows = {"happened_at": np.array([7, 8, 9]), "seq": np.array([1, 2, 3])}
    >>> {name: kept.tolist() for name, kept in keep(("most", "first"), np.array([5, 6, 4]), two, np.arange(3), rows).items()}
    {'most': [6, 4], 'first_at': [7, 9], 'first_seq': [1, 3], 'first': [5, 4]}
    """
    kept: dict[str, Ints] = {}
    for measure in measures:
        if measure in ("first", "last"):
            chosen = start if measure == "first" else np.append(start[1:], len(amount)) - 1
            place = places[chosen]
            kept |= {f"{measure}_at": rows["happened_at"][place], f"{measure}_seq": rows["seq"][place], measure: amount[chosen]}
        elif measure == "squares":
            kept |= _add_squares(*_square(amount), start)
        else:
            kept[measure] = _EXTREME[measure].reduceat(amount, start)
    return kept


def combine(columns: dict[str, Ints], start: Ints) -> dict[str, Ints]:
    """Return groups from columns of states that stand in groups, each from its `start` on.

    >>> combine({"count": np.array([1, 2]), "most": np.array([5, 3])}, np.array([0]))
    {'count': array([3]), 'most': array([5])}
    """
    combined = {name: _COMBINE[name].reduceat(column, start) for name, column in columns.items() if name in _COMBINE}
    if "square_low" in columns:
        combined |= _add_squares(columns["square_high"], columns["square_low"], start)
    for side, place in (("first", 0), ("last", -1)):
        if side in columns:
            combined |= _pick({name: columns[name] for name in KEEPS["first" if side == "first" else "last"]}, start, place)
    return combined


def add_runs(amount: Ints, start: Ints) -> Ints:
    """Return the sum of each run of amounts that begins at a `start`: what the running sum gained in it.

    The running sum may wrap on the way, which takes nothing from a difference that fits; for short runs this is several times as
    fast as `np.add.reduceat`.

    >>> add_runs(np.array([2**62, 2**62, 2**62, 1, 2]), np.array([0, 1, 2, 3])).tolist()[-1]
    3
    """
    until = np.cumsum(amount)
    ends = until[np.concatenate((start[1:], [len(amount)])) - 1]
    sums: Ints = ends.copy()
    sums[1:] -= ends[:-1]
    return sums


def fits(amount: Ints, count: int) -> bool:
    """Return whether any sum of so many of some amounts fits 64 bits, whatever their signs; False where that is not sure.

    >>> fits(np.array([2**61]), 3), fits(np.array([2**61]), 4)
    (True, False)
    """
    return not len(amount) or max(-int(amount.min()), int(amount.max())) * count <= INT64_MAX


def refuse_overflow(amount: Ints) -> None:
    """Raise `BookError` where the sums of amounts without their signs do not fit 64 bits, so that no sum of any of them may not.

    >>> refuse_overflow(np.array([2**62, -(2**62)]))
    Traceback (most recent call last):
    weilend.core.errors.BookError: the sums of one subject do not fit 64 bits. Hint: check the amounts of its records
    """
    if not fits(amount, len(amount)) and sum(map(abs, amount.tolist())) > INT64_MAX:
        raise BookError("the sums of one subject do not fit 64 bits", hint="check the amounts of its records")


def _square(amount: Ints) -> tuple[Ints, Ints]:
    """Return amount squared in base `SQUARE_BASE`, exactly: with 30-bit halves no product exceeds 62 bits."""
    magnitude = np.abs(amount)
    high, low = magnitude >> 30, magnitude & (HALF - 1)
    middle = 2 * high * low
    low_part = low * low + ((middle & (HALF - 1)) << 30)
    return high * high + (middle >> 30) + (low_part >> 60), low_part & (SQUARE_BASE - 1)


def _add_squares(high: Ints, low: Ints, start: Ints) -> dict[str, Ints]:
    """Add numbers in base `SQUARE_BASE`: halves apart, so that no sum of them exceeds 64 bits, then carried."""
    lower, upper = np.add.reduceat(low & (HALF - 1), start), np.add.reduceat(low >> 30, start)
    upper = upper + (lower >> 30)
    return {
        "square_high": np.add.reduceat(high, start) + (upper >> 30),
        "square_low": ((upper & (HALF - 1)) << 30) | (lower & (HALF - 1)),
    }


def _pick(columns: dict[str, Ints], start: Ints, place: int) -> dict[str, Ints]:
    """Return the first or last (place 0 or -1) of each group in the order (happened_at, seq)."""
    at, seq, _ = columns.values()
    ends = np.append(start[1:], len(at))
    order = np.lexsort((seq, at, np.repeat(np.arange(len(start)), ends - start)))
    chosen = order[start if place == 0 else ends - 1]
    return {name: column[chosen] for name, column in columns.items()}


_EXTREME: dict[Measure, Any] = {"least": np.minimum, "most": np.maximum}
_COMBINE: dict[str, Any] = {"count": np.add, "total": np.add, "least": np.minimum, "most": np.maximum}
