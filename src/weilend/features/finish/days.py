"""In: states by day or hour. Out: gaps, recency, bursts. Used: through the registry of aggregates."""

from __future__ import annotations

import numpy as np

from weilend.features.finish.aggregate import ONE, Floats, Window, add_by_row, aggregate, divide


@aggregate("active_days", "day")
def finish_active_days(window: Window) -> Floats:
    """Days with at least one row."""
    inside = window.state.slot >= window.first_day[window.state.row]
    ones = np.ones(int(inside.sum()), dtype=np.int64)
    return add_by_row(window.state.row[inside], ones, window.size).astype(np.float64)


@aggregate("days_since_last", "day")
def finish_days_since_last(window: Window) -> Floats:
    """Days from the last row in the window to the as_of; not known without any row."""
    latest = np.full(window.size, np.iinfo(np.int64).min)
    inside = window.state.slot >= window.first_day[window.state.row]
    np.maximum.at(latest, window.state.row[inside], window.state.slot[inside])
    return np.where(latest > np.iinfo(np.int64).min, (window.as_of_day - latest).astype(np.float64), np.nan)


@aggregate("longest_gap_days", "day")
def finish_longest_gap_days(window: Window) -> Floats:
    """Longest stretch of days between two rows in the window, from its opening to the as_of's month; unknown without any row."""
    inside = window.state.slot >= window.first_day[window.state.row]
    row, day = window.state.row[inside], window.state.slot[inside]
    order = np.lexsort((day, row))
    row, day = row[order], day[order]
    same = np.diff(row, prepend=-1) == 0
    since = np.where(same, np.diff(day, prepend=0), day - window.first_day[row])
    longest = np.full(window.size, -1, dtype=np.int64)
    np.maximum.at(longest, row, since)
    last = np.diff(row, append=-1) != 0
    np.maximum.at(longest, row[last], window.as_of_day[row[last]] - day[last])
    return np.where(longest >= 0, longest.astype(np.float64), np.nan)


@aggregate("busiest_hour_share", "hour")
def finish_busiest_hour_share(window: Window) -> Floats:
    """Rows of the busiest hour over all rows, in ppm: orders that come in a burst were ordered."""
    most = np.zeros(window.size, dtype=np.int64)
    np.maximum.at(most, window.state.row, window.state.count)
    return divide(most, add_by_row(window.state.row, window.state.count, window.size)) * ONE
