"""In: what each row adds to totals, and who belongs together. Out: totals and rates with 95 % intervals. Used: by estimates.

An estimate is a sum of row contributions (its influence, linearised where it is a ratio), so its variance is that of sums over
owners (Liang & Zeger 1986): an owner with four loans is one draw, not four.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
from scipy.stats import t as student

from weilend.core.money import PPM
from weilend.decision.whatif.logged import BAD, BORROWED, CARRY, LOSS, NET, Floats, Integers

LEVEL: Final = 0.95
#: Log odds beyond which a rate is 0 or 1 to the last ppm.
_FAR: Final = 40.0


class Figure(msgspec.Struct, frozen=True):
    """A whole number with a 95 % interval.

    >>> Figure(20_000, 10_000, 40_000).lo
    10000
    """

    value: int
    lo: int
    hi: int


def bad_rate(contributions: Floats, owner: Integers) -> Figure | None:
    """Return bads over borrowers in ppm from contributions (n, 5), the interval on the scale of log odds; None without borrowers.

    Where none or all went bad the interval is that of as many owners with no bad (the rule of three: Hanley & Lippman-Hand 1983).

    >>> rows = np.zeros((400, 5)); rows[:, BORROWED] = 1; rows[:20, BAD] = 1
    >>> bad_rate(rows, np.arange(400))
    Figure(value=50000, lo=32091, hi=77107)
    """
    bads, borrowers = float(contributions[:, BAD].sum()), float(contributions[:, BORROWED].sum())
    if borrowers <= 0:
        return None
    rate = min(max(bads / borrowers, 0.0), 1.0)
    if rate in (0.0, 1.0):
        reach = 1 - ((1 - LEVEL) / 2) ** (1 / max(effective_owners(contributions[:, BORROWED], owner), 1.0))
        lo, hi = (0.0, reach) if rate == 0 else (1 - reach, 1.0)
        return Figure(round(PPM * rate), round(PPM * lo), round(PPM * hi))
    error, reach = _error((contributions[:, BAD] - rate * contributions[:, BORROWED]) / borrowers, owner)
    odds, reach = np.log(rate / (1 - rate)), reach * error / (rate * (1 - rate))
    lo, hi = (1 / (1 + np.exp(-np.clip(odds + sign * reach, -_FAR, _FAR))) for sign in (-1, 1))
    return Figure(round(PPM * rate), round(PPM * float(lo)), round(PPM * float(hi)))


def loss_fen(contributions: Floats, owner: Integers) -> Figure:
    """Return what is lost in all.

    >>> rows = np.zeros((4, 5)); rows[:, LOSS] = 100
    >>> loss_fen(rows, np.arange(4))
    Figure(value=400, lo=400, hi=400)
    """
    return _total(contributions[:, LOSS], owner)


def profit_fen(contributions: Floats, owner: Integers) -> Figure:
    """Return what is earned in all, losses taken off.

    >>> rows = np.zeros((4, 5)); rows[:, NET] = -100; rows[:, CARRY] = 150
    >>> profit_fen(rows, np.arange(4)).value
    200
    """
    return _total(contributions[:, NET] + contributions[:, CARRY], owner)


def effective_owners(weight: Floats, owner: Integers) -> float:
    """Return how many owners of equal weight would tell as much (Kish 1965), weights summed by owner first.

    >>> effective_owners(np.array([1.0, 1.0, 2.0]), np.array([7, 7, 8]))
    2.0
    """
    sums = sum_by_owner(weight, owner)
    square = float((sums**2).sum())
    return float(sums.sum()) ** 2 / square if square else 0.0


def sum_by_owner(values: Floats, owner: Integers) -> Floats:
    """Return the sum of values of each owner.

    >>> sum_by_owner(np.array([1.0, 2.0, 4.0]), np.array([5, 6, 5])).tolist()
    [5.0, 2.0]
    """
    if owner.min(initial=0) >= 0 and owner.max(initial=0) <= 2 * len(owner):  # numbered without large gaps: no need to sort
        return np.asarray(np.bincount(owner, weights=values)[np.bincount(owner) > 0], dtype=np.float64)
    _, place = np.unique(owner, return_inverse=True)
    return np.asarray(np.bincount(place, weights=values), dtype=np.float64)


def _total(values: Floats, owner: Integers) -> Figure:
    total = float(values.sum())
    error, times = _error(values - values.mean(), owner)  # of so many applications: their number is given, no chance
    return Figure(round(total), round(total - times * error), round(total + times * error))


def _error(values: Floats, owner: Integers) -> tuple[float, float]:
    """Return the standard error of a sum over owners of what adds up to nothing, and the quantile that it is multiplied by.

    The degrees of freedom are those of a chi-square that spreads as the sum of squares does (Satterthwaite 1946): twice the owners
    over their kurtosis less one, so that few large owners are few.
    """
    sums = sum_by_owner(values, owner)
    count = len(sums)
    if count < 2:
        return float(np.abs(sums).sum()), float(student.ppf((1 + LEVEL) / 2, 1))
    squares = sums**2
    total = float(squares.sum())
    if total == 0:
        return 0.0, 0.0
    kurtosis = max(count * float((squares**2).sum()) / total**2, 1 + 2 / count)
    freedom = min(max(2 * count / (kurtosis - 1), 1.0), count - 1)
    return float(np.sqrt(total * count / (count - 1))), float(student.ppf((1 + LEVEL) / 2, freedom))
