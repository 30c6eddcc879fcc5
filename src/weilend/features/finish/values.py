"""In: states that tell rows apart by an integer value. Out: percentiles and modes. Used: through the registry.

The state is a multiset, value by value, so it merges exactly; percentiles are nearest-rank: a value that was there.
"""

from __future__ import annotations

import numpy as np

from weilend.features.finish.aggregate import ONE, Floats, Ints, Window, add_by_row, aggregate, divide


def nearest_rank(window: Window, percent: int) -> Floats:
    """Return the smallest value with at least `percent` of the rows at or below it; NaN without rows.

    Hyndman and Fan (1996), Sample quantiles in statistical packages, definition 1.
    """
    state = window.state
    value = _values(window)
    order = np.lexsort((value, state.row))
    row, value, count = state.row[order], value[order], state.count[order]
    rows = add_by_row(row, count, window.size)
    before = np.cumsum(count) - count
    start = np.zeros(window.size, dtype=np.int64)
    first = np.flatnonzero(np.diff(row, prepend=-1) != 0)
    start[row[first]] = before[first]
    reached = (before + count - start[row]) * 100 >= percent * rows[row]
    answer = np.full(window.size, np.nan)
    hit = np.flatnonzero(reached)[::-1]  # the first that reaches it is written last
    answer[row[hit]] = value[hit]
    return answer


def _values(window: Window) -> Ints:
    names = window.state.parties
    return np.asarray(names.astype(np.int64)[window.state.party] if len(names) else window.state.party)


@aggregate("p10", "none", by=True)
def finish_p10(window: Window) -> Floats:
    """Tenth percentile of the values, nearest rank."""
    return nearest_rank(window, 10)


@aggregate("median", "none", by=True)
def finish_median(window: Window) -> Floats:
    """Median of the values, nearest rank."""
    return nearest_rank(window, 50)


@aggregate("p90", "none", by=True)
def finish_p90(window: Window) -> Floats:
    """Ninetieth percentile of the values, nearest rank."""
    return nearest_rank(window, 90)


@aggregate("share_of_most_common", "none", by=True)
def finish_share_of_most_common(window: Window) -> Floats:
    """Rows that have the most common value, over all rows, in ppm."""
    most = np.zeros(window.size, dtype=np.int64)
    np.maximum.at(most, window.state.row, window.state.count)
    return divide(most, add_by_row(window.state.row, window.state.count, window.size)) * ONE
