"""In: states that keep the last value of each party. Out: how things stand now, over all shops. Used: through the registry.

What changes in place (a deposit, a review rate) counts once a shop, as last seen in the window; a shop not seen in it is left out.
"""

from __future__ import annotations

import numpy as np

from weilend.core.plan import State
from weilend.features.finish.aggregate import ONE, Floats, Ints, Window, add_by_row, aggregate, divide
from weilend.features.finish.pairs import other


def sum_lasts(window: Window, state: State) -> Ints:
    """Return the sum of the parties' last values per row, 0 where there is none."""
    return add_by_row(state.row, state.kept["last"], window.size)


def blank_unseen(window: Window, values: Floats) -> Floats:
    """Return the values with NaN where the first part has no row."""
    return np.where(add_by_row(window.state.row, window.state.count, window.size) > 0, values, np.nan)


@aggregate("standing_sum", "none", by=True, measures=("last",))
def finish_standing_sum(window: Window) -> Floats:
    """Last value of each party, added up; not known without any row."""
    return blank_unseen(window, sum_lasts(window, window.state).astype(np.float64))


@aggregate("standing_least", "none", by=True, measures=("last",))
def finish_standing_least(window: Window) -> Floats:
    """Last value of each party, the smallest of them: how the weakest stands."""
    least = np.full(window.size, np.iinfo(np.int64).max)
    np.minimum.at(least, window.state.row, window.state.kept["last"])
    return blank_unseen(window, least.astype(np.float64))


@aggregate("standing_ratio", "none", by=True, parts=2, measures=("last",))
def finish_standing_ratio(window: Window) -> Floats:
    """Sum of the last values of the one over that of the other, in ppm."""
    above, below = sum_lasts(window, window.state), sum_lasts(window, other(window))
    return blank_unseen(window, divide(above, below) * ONE)


@aggregate("standing_over_flow", "none", by=True, parts=2, measures=("last",))
def finish_standing_over_flow(window: Window) -> Floats:
    """Sum of the last values of the one over the whole sum of the other, in ppm: a standing figure against a flow."""
    flow = add_by_row(other(window).row, other(window).total, window.size)
    return blank_unseen(window, divide(sum_lasts(window, window.state), flow) * ONE)


@aggregate("days_since_named_day", "none", measures=("least",))
def finish_days_since_named_day(window: Window) -> Floats:
    """Days from the earliest day that any row names (a value in days since 1970-01-01) to the as_of."""
    earliest = np.zeros(window.size, dtype=np.int64)
    earliest[window.state.row] = window.state.kept["least"]
    return blank_unseen(window, (window.as_of_day - earliest).astype(np.float64))
