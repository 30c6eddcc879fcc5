"""In: states of whole windows. Out: least, most, first, last value and spread of single rows. Used: through the registry.

These read what a fold keeps beside the sum, over the whole window at once; a window without rows has no answer.
"""

from __future__ import annotations

import numpy as np

from weilend.core.plan import SQUARE_BASE
from weilend.features.finish.aggregate import Floats, Ints, Window, aggregate


def place(window: Window, amount: Ints) -> Floats:
    """Return one value per spine row, NaN where the fold has no group; there is at most one group a row."""
    placed = np.full(window.size, np.nan)
    placed[window.state.row] = amount.astype(np.float64)
    return placed


@aggregate("least", "none", measures=("least",))
def finish_least(window: Window) -> Floats:
    """Smallest value."""
    return place(window, window.state.kept["least"])


@aggregate("most", "none", measures=("most",))
def finish_most(window: Window) -> Floats:
    """Largest value."""
    return place(window, window.state.kept["most"])


@aggregate("first", "none", measures=("first",))
def finish_first(window: Window) -> Floats:
    """Value of the first row, in the order in which they happened and were written down."""
    return place(window, window.state.kept["first"])


@aggregate("last", "none", measures=("last",))
def finish_last(window: Window) -> Floats:
    """Value of the last row, in the order in which they happened and were written down."""
    return place(window, window.state.kept["last"])


@aggregate("std", "none", measures=("squares",))
def finish_std(window: Window) -> Floats:
    """Standard deviation of the values (population form), in the value's unit.

    The variance is ``(n * sum of squares - sum²) / n²``, and its numerator is taken in exact integers: in floats it would cancel.
    """
    state = window.state
    columns = (state.count, state.total, state.kept["square_high"], state.kept["square_low"])
    above = [
        n * (high * SQUARE_BASE + low) - total * total
        for n, total, high, low in zip(*map(np.ndarray.tolist, columns), strict=True)
    ]
    spread = np.sqrt(np.array([float(one) for one in above])) / state.count.astype(np.float64)
    placed = np.full(window.size, np.nan)
    placed[state.row] = spread
    return placed


@aggregate("change_of_value", "none", measures=("first", "last"))
def finish_change_of_value(window: Window) -> Floats:
    """Last value less the first."""
    return place(window, window.state.kept["last"]) - place(window, window.state.kept["first"])
