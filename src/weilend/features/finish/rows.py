"""In: states of whole windows. Out: least, most, first, last value and spread of single rows. Used: through the registry.

These read what a fold keeps beside the sum, over the whole window at once; a window without rows has no answer.
"""

from __future__ import annotations

import numpy as np

from weilend.core.plan import SQUARE_BASE
from weilend.features.finish.aggregate import aggregate
from weilend.features.finish.window import Floats, Window


def place(window: Window, name: str) -> Floats:
    """Return what the fold keeps by a name per spine row, NaN where it has no group; there is at most one group a row."""
    placed = np.full(window.size, np.nan)
    placed[window.row] = window.kept(name)
    return placed


@aggregate("least", "none", measures=("least",))
def finish_least(window: Window) -> Floats:
    """Smallest value."""
    return place(window, "least")


@aggregate("most", "none", measures=("most",))
def finish_most(window: Window) -> Floats:
    """Largest value."""
    return place(window, "most")


@aggregate("first", "none", measures=("first",))
def finish_first(window: Window) -> Floats:
    """Value of the first row, in the order in which they happened and were written down."""
    return place(window, "first")


@aggregate("last", "none", measures=("last",))
def finish_last(window: Window) -> Floats:
    """Value of the last row, in the order in which they happened and were written down."""
    return place(window, "last")


@aggregate("std", "none", measures=("squares",), company="std")
def finish_std(window: Window) -> Floats:
    """Standard deviation of the values (population form), in the value's unit.

    The variance is ``(n * sum of squares - sum²) / n²``, and its numerator is taken in exact integers: in floats it would cancel.
    """
    columns = (window.count, window.total, window.kept("square_high"), window.kept("square_low"))
    count, total, high, low = (column.astype(np.object_) for column in columns)
    above = (count * (high * SQUARE_BASE + low) - total * total).astype(np.float64)
    placed = np.full(window.size, np.nan)
    placed[window.row] = np.sqrt(above) / window.count
    return placed


@aggregate("change_of_value", "none", measures=("first", "last"))
def finish_change_of_value(window: Window) -> Floats:
    """Last value less the first."""
    return place(window, "last") - place(window, "first")
