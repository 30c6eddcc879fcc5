"""In: states that tell rows apart by an integer value. Out: percentiles and modes. Used: through the registry.

The state is a multiset, value by value, so it merges exactly; percentiles are nearest-rank: a value that was there.
"""

from __future__ import annotations

import numpy as np

from weilend.core.plan import Ints
from weilend.features.finish.aggregate import ONE, aggregate, divide
from weilend.features.finish.series import counts
from weilend.features.finish.window import Floats, Rows, Window


def nearest_rank(rows: Rows, value: Ints, count: Ints, percent: int) -> Floats:
    """Return the smallest value with at least `percent` of the rows at or below it; NaN without rows.

    `value` rises within each row and stands `count` times. Hyndman and Fan (1996), Sample quantiles in statistical packages,
    definition 1.

    >>> nearest_rank(Rows(np.array([0, 0, 2]), 3), np.array([1, 5, 3]), np.array([1, 9, 2]), 10)
    array([ 1., nan,  3.])
    """
    if not len(value):
        return np.full(rows.size, np.nan)
    until = np.cumsum(count)
    before = np.zeros(rows.size, dtype=np.int64)
    before[rows.present] = (until - count)[rows.start]
    short = (until - before[rows.row]) * 100 < percent * rows.add(count)[rows.row]
    answer = np.full(rows.size, np.nan)
    answer[rows.present] = value[rows.start + np.add.reduceat(short, rows.start, dtype=np.int64)]
    return answer


def count_up(window: Window) -> tuple[Ints, Ints]:
    """Return the values of each row in rising order, and how often each stands."""
    values = window.values()
    order = np.lexsort((values, window.row))
    return values[order], window.count[order]


@aggregate("p10", "none", by=True, company="values")
def finish_p10(window: Window) -> Floats:
    """Tenth percentile of the values, nearest rank."""
    return nearest_rank(window, *window.once(count_up), 10)


@aggregate("median", "none", by=True, company="values")
def finish_median(window: Window) -> Floats:
    """Median of the values, nearest rank."""
    return nearest_rank(window, *window.once(count_up), 50)


@aggregate("p90", "none", by=True, company="values")
def finish_p90(window: Window) -> Floats:
    """Ninetieth percentile of the values, nearest rank."""
    return nearest_rank(window, *window.once(count_up), 90)


@aggregate("share_of_most_common", "none", by=True, company="values")
def finish_share_of_most_common(window: Window) -> Floats:
    """Rows that have the most common value, over all rows, in ppm."""
    return divide(window.most(window.count, 0), window.once(counts)) * ONE
