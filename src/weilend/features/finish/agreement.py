"""In: states of two parts. Out: how far two tellings of one story are apart. Used: through the registry."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from weilend.features.finish.aggregate import ONE, aggregate, divide
from weilend.features.finish.pairs import match
from weilend.features.finish.series import spread
from weilend.features.finish.window import Floats, Window


@aggregate("months_unmatched", parts=2)
def finish_months_unmatched(window: Window) -> Floats:
    """Months in which one part has rows and the other has none."""
    both, _ = match(window)
    return (window.tally() + window.other.tally() - 2 * window.add(both)).astype(np.float64)


@aggregate("correlation", parts=2, company="correlation")
def finish_correlation(window: Window) -> Floats:
    """Correlation (Pearson) of the monthly totals of two parts, in ppm; not known where one of them never moves.

    Moments are taken in Python's integers, which do not overflow: in floats a series that stands still would seem to move a little.
    """
    months = int(window.length.max(initial=1))
    this, that = (spread(one, one.total, months).astype(np.object_) for one in (window, window.other))
    joint, one, two = (_moments(left, right, window) for left, right in ((this, that), (this, this), (that, that)))
    return divide(joint, np.sqrt(one) * np.sqrt(two)) * ONE


def _moments(left: npt.NDArray[np.object_], right: npt.NDArray[np.object_], window: Window) -> Floats:
    """Return the covariance of two series per row, times the square of their length, rounded once."""
    length = window.length.astype(np.object_)
    moments = length * (left * right).sum(axis=1) - left.sum(axis=1) * right.sum(axis=1)
    return np.asarray(moments, dtype=np.float64)
