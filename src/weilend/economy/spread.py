"""In: totals of cells and how many parts each has. Out: the parts. Used: by makers of orders, flows and papers.

A cell is a firm (or shop) in a month, numbered row by row.
"""

from __future__ import annotations

import numpy as np

from weilend.economy.firms import Floats, Ints

#: Share of a day's acts by hour: quiet at night, busiest in the evening. Assumption.
HOURS = np.array([2, 1, 1, 1, 1, 1, 2, 3, 5, 7, 8, 8, 7, 7, 8, 8, 7, 7, 7, 8, 10, 10, 8, 4], dtype=np.float64)


def counts(dice: np.random.Generator, pace: Floats, cap: float) -> Ints:
    """Return Poisson counts of cells around a pace, at most `cap`.

    >>> counts(np.random.default_rng(1), np.array([[0.0, 3.0]]), 2).tolist()
    [[0, 2]]
    """
    return np.minimum(dice.poisson(np.minimum(pace, cap)), int(cap)).astype(np.int64)


def parts(dice: np.random.Generator, total: Floats, count: Ints, spread: float) -> tuple[Ints, Floats]:
    """Return (cell, amount) of every part: lognormal shares of the cell's total, which they add up to.

    >>> cell, amount = parts(np.random.default_rng(1), np.array([10.0, 4.0]), np.array([2, 1]), 0.5)
    >>> cell.tolist(), round(float(amount[:2].sum()), 6), float(amount[2])
    ([0, 0, 1], 10.0, 4.0)
    """
    cell = np.repeat(np.arange(count.size), count.ravel())
    weight = np.exp(spread * dice.standard_normal(len(cell)))
    sums = np.bincount(cell, weight, minlength=count.size)
    amount: Floats = total.ravel()[cell] * weight / sums[cell]
    return cell, amount


def seconds(dice: np.random.Generator, count: int) -> Ints:
    """Return seconds of the day at which people act.

    >>> bool((seconds(np.random.default_rng(1), 100) < 86_400).all())
    True
    """
    edges = np.cumsum(HOURS) / HOURS.sum()
    hour = np.searchsorted(edges, dice.random(count), side="right")
    return (hour * 3_600 + dice.integers(0, 3_600, count)).astype(np.int64)


def days(dice: np.random.Generator, first_days: Ints, month: Ints, *, least: int = 0, most: int = 31) -> Ints:
    """Return a local day within each month: evenly from its `least`-th day on, before its `most`-th, both counted from 0.

    >>> days(np.random.default_rng(1), np.array([100, 131]), np.array([0]), least=9, most=10).tolist()
    [109]
    """
    span = np.minimum(np.diff(first_days)[month], most) - least
    day: Ints = first_days[month] + least + np.floor(dice.random(len(month)) * span).astype(np.int64)
    return day
