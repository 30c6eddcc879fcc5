"""In: states by month, or by day of a window in days. Out: levels, trends, volatility, activity. Used: through the registry.

Slots are counted backwards from the as_of: 0 is the last complete month, or the last 24 hours. A slot without rows counts as zero.
"""

from __future__ import annotations

import numpy as np

from weilend.core.plan import State
from weilend.features.finish.aggregate import ONE, Floats, Ints, Window, add_by_row, aggregate, divide


def spread(window: Window, amount: Ints, slots: int | None = None, since: int = 0) -> Ints:
    """Return a matrix (rows, slots) of exact integers, slot `since` first."""
    wanted = slots or window.length
    matrix = np.zeros((window.size, wanted), dtype=np.int64)
    inside = (window.state.slot >= since) & (window.state.slot < since + wanted)
    np.add.at(matrix, (window.state.row[inside], window.state.slot[inside] - since), amount[inside])
    return matrix


def total(state: State, amount: Ints, window: Window) -> Ints:
    """Return the sum over the window per row."""
    inside = state.slot < window.length
    return add_by_row(state.row[inside], amount[inside], window.size)


def add_columns(matrix: Floats) -> Floats:
    """Return row sums, added month by month: the same bits for one row and for many."""
    sums = np.zeros(matrix.shape[0])
    for column in range(matrix.shape[1]):
        sums = sums + matrix[:, column]
    return sums


@aggregate("sum")
def finish_sum(window: Window) -> Floats:
    """Sum of the values."""
    return total(window.state, window.state.total, window).astype(np.float64)


@aggregate("count")
def finish_count(window: Window) -> Floats:
    """Number of rows."""
    return total(window.state, window.state.count, window).astype(np.float64)


@aggregate("mean")
def finish_mean(window: Window) -> Floats:
    """Mean value of a row."""
    return divide(total(window.state, window.state.total, window), total(window.state, window.state.count, window))


@aggregate("months_active")
def finish_months_active(window: Window) -> Floats:
    """Months with at least one row."""
    return np.asarray((spread(window, window.state.count) > 0).sum(axis=1), dtype=np.float64)


@aggregate("months_since_first")
def finish_months_since_first(window: Window) -> Floats:
    """Complete months since the first row in the window, that month included; 0 without any row."""
    oldest = np.zeros(window.size, dtype=np.int64)
    np.maximum.at(oldest, window.state.row, np.where(window.state.slot < window.length, window.state.slot + 1, 0))
    return oldest.astype(np.float64)


@aggregate("longest_gap_months")
def finish_longest_gap_months(window: Window) -> Floats:
    """Longest run of months without a row, in months."""
    empty = spread(window, window.state.count) == 0
    run, longest = np.zeros(window.size, dtype=np.int64), np.zeros(window.size, dtype=np.int64)
    for age in range(window.length):
        run = (run + 1) * empty[:, age]
        longest = np.maximum(longest, run)
    return longest.astype(np.float64)


@aggregate("change")
def finish_change(window: Window) -> Floats:
    """Later half of the window against the earlier: (later - earlier) / (later + earlier), -1 to 1, in ppm."""
    half = window.length // 2
    months = np.maximum(spread(window, window.state.total), 0)
    later, earlier = months[:, :half].sum(axis=1), months[:, half:].sum(axis=1)
    return divide(later - earlier, later + earlier) * ONE


@aggregate("slope")
def finish_slope(window: Window) -> Floats:
    """Ordinary least-squares slope of the monthly totals over their mean, in ppm of the mean per month."""
    months = spread(window, window.state.total)
    count = window.length
    # centred time runs forward: age 0 is the latest. Twice the deviation keeps it an integer, so the numerator is exact enough.
    moment = np.zeros(window.size)
    for age in range(count):
        moment = moment + float(count - 1 - 2 * age) * months[:, age].astype(np.float64)
    spread_of_time = count * (count * count - 1) / 12.0
    return divide(moment / 2.0 / spread_of_time, months.sum(axis=1) / float(count)) * ONE


@aggregate("cv")
def finish_cv(window: Window) -> Floats:
    """Standard deviation of the monthly totals over their mean (population form), in ppm."""
    months = spread(window, window.state.total).astype(np.float64)
    mean = add_columns(months) / float(window.length)
    deviation = months - mean[:, None]
    return divide(np.sqrt(add_columns(deviation * deviation) / float(window.length)), mean) * ONE


@aggregate("share_of_best_month")
def finish_share_of_best_month(window: Window) -> Floats:
    """The largest month's share of the window, in ppm; months that are negative count as zero."""
    months = np.maximum(spread(window, window.state.total), 0)
    return divide(months.max(axis=1), months.sum(axis=1)) * ONE


@aggregate("share_of_worst_month")
def finish_share_of_worst_month(window: Window) -> Floats:
    """The smallest month over the mean month, in ppm; months that are negative count as zero."""
    months = np.maximum(spread(window, window.state.total), 0)
    return divide(months.min(axis=1) * window.length, months.sum(axis=1)) * ONE


@aggregate("seasonality")
def finish_seasonality(window: Window) -> Floats:
    """Correlation (Pearson) of the last twelve monthly totals with the same months a year before, in ppm."""
    this = spread(window, window.state.total, 12).astype(np.float64)
    before = spread(window, window.state.total, 12, since=12).astype(np.float64)
    this = this - (add_columns(this) / 12.0)[:, None]
    before = before - (add_columns(before) / 12.0)[:, None]
    scale = np.sqrt(add_columns(this * this)) * np.sqrt(add_columns(before * before))
    return divide(add_columns(this * before), scale) * ONE


@aggregate("share_of_count", parts=2)
def finish_share_of_count(window: Window) -> Floats:
    """Rows that pass the filter over rows that pass the other filter, in ppm."""
    other = _other(window)
    return divide(total(window.state, window.state.count, window), total(other, other.count, window)) * ONE


@aggregate("ratio_of_sums", parts=2)
def finish_ratio_of_sums(window: Window) -> Floats:
    """Sum under the filter over the sum under the other filter, sign dropped above, in ppm."""
    other = _other(window)
    return divide(np.abs(total(window.state, window.state.total, window)), total(other, other.total, window)) * ONE


@aggregate("recent_share")
def finish_recent_share(window: Window) -> Floats:
    """Share of the window's total that its last quarter brought, over a quarter, in ppm: 1,000,000 is an even pace."""
    recent = np.maximum(spread(window, window.state.total), 0)
    return divide(recent[:, : window.length // 4].sum(axis=1) * 4, recent.sum(axis=1)) * ONE


def _other(window: Window) -> State:
    assert window.other is not None, "an aggregate of two filters is planned with two folds"
    return window.other
