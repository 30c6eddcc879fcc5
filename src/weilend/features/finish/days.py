"""In: states by day or hour. Out: gaps, recency, bursts. Used: through the registry of aggregates."""

from __future__ import annotations

import numpy as np

from weilend.features.finish.aggregate import ONE, aggregate, divide
from weilend.features.finish.series import counts
from weilend.features.finish.window import Floats, Window


@aggregate("active_days", "day")
def finish_active_days(window: Window) -> Floats:
    """Days with at least one row."""
    return window.tally().astype(np.float64)


@aggregate("days_since_last", "day")
def finish_days_since_last(window: Window) -> Floats:
    """Days from the last row in the window to the as_of; not known without any row."""
    return window.blank(window.as_of_day - window.last(window.slot, 0))


@aggregate("longest_gap_days", "day")
def finish_longest_gap_days(window: Window) -> Floats:
    """Longest stretch of days between two rows in the window, from its opening to the as_of's month; unknown without any row."""
    longest = window.most(window.slot - window.before(window.slot, window.first_day), 0)
    return window.blank(np.maximum(longest, window.as_of_day - window.last(window.slot, 0)))


@aggregate("busiest_hour_share", "hour")
def finish_busiest_hour_share(window: Window) -> Floats:
    """Rows of the busiest hour over all rows, in ppm: orders that come in a burst were ordered."""
    return divide(window.most(window.count, 0), window.once(counts)) * ONE
