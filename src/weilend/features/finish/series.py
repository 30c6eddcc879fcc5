"""In: states by month, or by day of a window in days. Out: levels, trends, volatility, activity. Used: through the registry.

Slots are counted backwards from the as_of: 0 is the last complete month, or the last 24 hours. A slot without rows counts as zero.
"""

from __future__ import annotations

import numpy as np

from weilend.core.plan import Ints
from weilend.features.finish.aggregate import ONE, aggregate, divide
from weilend.features.finish.window import Floats, Window

YEAR = 12


def sums(window: Window) -> Ints:
    """Return the sum over the window per row."""
    return window.add(window.total)


def counts(window: Window) -> Ints:
    """Return the number of rows of records over the window per row."""
    return window.add(window.count)


def gains(window: Window) -> Ints:
    """Return the sum of each group, zero for one that is negative."""
    return np.maximum(window.total, 0)


def gained(window: Window) -> Ints:
    """Return the sum of what is gained over the window per row."""
    return window.add(window.once(gains))


def spread(window: Window, amount: Ints, slots: int) -> Ints:
    """Return a matrix (rows, slots) of exact integers, the last slot first; the groups of a row differ in slot."""
    matrix = np.zeros((window.size, slots), dtype=np.int64)
    inside = (window.slot < slots).nonzero()[0]
    matrix[window.row[inside], window.slot[inside]] = amount[inside]
    return matrix


def add_columns(matrix: Floats) -> Floats:
    """Return sums over the last axis, added one by one: the same bits for one row and for many."""
    sums: Floats = np.add.accumulate(matrix, axis=-1)[..., -1]
    return sums


@aggregate("sum")
def finish_sum(window: Window) -> Floats:
    """Sum of the values."""
    return window.once(sums).astype(np.float64)


@aggregate("count")
def finish_count(window: Window) -> Floats:
    """Number of rows."""
    return window.once(counts).astype(np.float64)


@aggregate("mean")
def finish_mean(window: Window) -> Floats:
    """Mean value of a row."""
    return divide(window.once(sums), window.once(counts))


@aggregate("months_active")
def finish_months_active(window: Window) -> Floats:
    """Months with at least one row."""
    return window.once(Window.tally).astype(np.float64)


@aggregate("months_since_first")
def finish_months_since_first(window: Window) -> Floats:
    """Complete months since the first row in the window, that month included; 0 without any row."""
    return (window.first(window.slot, -1) + 1).astype(np.float64)


@aggregate("longest_gap_months")
def finish_longest_gap_months(window: Window) -> Floats:
    """Longest run of months without a row, in months."""
    longest = window.most(window.before(window.slot, window.length) - window.slot - 1, 0)
    return np.where(window.there, np.maximum(longest, window.last(window.slot, 0)), window.length).astype(np.float64)


@aggregate("change")
def finish_change(window: Window) -> Floats:
    """Later half of the window against the earlier: (later - earlier) / (later + earlier), -1 to 1, in ppm."""
    half = window.length // 2
    both = window.once(gained)
    later = window.add(np.where(window.slot < half[window.row], window.once(gains), 0))
    return divide(later - (both - later), both) * ONE


@aggregate("slope")
def finish_slope(window: Window) -> Floats:
    """Ordinary least-squares slope of the monthly totals over their mean, in ppm of the mean per month."""
    count = window.length
    # centred time runs forward: age 0 is the latest. Twice the deviation keeps it an integer, so the numerator is exact enough.
    time = (count - 1)[window.row] - 2 * window.slot
    moment = window.add_floats(time.astype(np.float64) * window.total)
    # moment / 2 over the spread of time, count * (count² - 1) / 12, over the mean, sum / count
    return divide(moment * 6.0, (count * count - 1) * window.once(sums).astype(np.float64)) * ONE


@aggregate("cv")
def finish_cv(window: Window) -> Floats:
    """Standard deviation of the monthly totals over their mean (population form), in ppm."""
    count = window.length
    mean = window.once(sums) / count
    deviation = window.total - mean[window.row]
    empty = count - window.once(Window.tally)
    squares = window.add_floats(deviation * deviation) + empty * (mean * mean)
    return divide(np.sqrt(squares / count), mean) * ONE


@aggregate("share_of_best_month")
def finish_share_of_best_month(window: Window) -> Floats:
    """The largest month's share of the window, in ppm; months that are negative count as zero."""
    return divide(window.most(window.once(gains), 0), window.once(gained)) * ONE


@aggregate("share_of_worst_month")
def finish_share_of_worst_month(window: Window) -> Floats:
    """The smallest month over the mean month, in ppm; months that are negative count as zero."""
    every = window.once(Window.tally) == window.length
    least = np.where(every, window.least(window.once(gains), 0), 0)
    return divide(least * window.length, window.once(gained)) * ONE


@aggregate("seasonality")
def finish_seasonality(window: Window) -> Floats:
    """Correlation (Pearson) of the last twelve monthly totals with the same months a year before, in ppm."""
    months = spread(window, window.total, 2 * YEAR).astype(np.float64).reshape(-1, 2, YEAR)
    months = months - (add_columns(months) / YEAR)[:, :, None]
    this, before = months[:, 0], months[:, 1]
    spreads = np.sqrt(add_columns(months * months))
    return divide(add_columns(this * before), spreads[:, 0] * spreads[:, 1]) * ONE


@aggregate("share_of_count", parts=2)
def finish_share_of_count(window: Window) -> Floats:
    """Rows that pass the filter over rows that pass the other filter, in ppm."""
    return divide(window.once(counts), window.other.once(counts)) * ONE


@aggregate("ratio_of_sums", parts=2)
def finish_ratio_of_sums(window: Window) -> Floats:
    """Sum under the filter over the sum under the other filter, sign dropped above, in ppm."""
    return divide(np.abs(window.once(sums)), window.other.once(sums)) * ONE


@aggregate("recent_share")
def finish_recent_share(window: Window) -> Floats:
    """Share of the window's total that its last quarter brought, over a quarter, in ppm: 1,000,000 is an even pace."""
    quarter = window.length // 4
    recent = window.add(np.where(window.slot < quarter[window.row], window.once(gains), 0))
    return divide(recent * 4, window.once(gained)) * ONE
