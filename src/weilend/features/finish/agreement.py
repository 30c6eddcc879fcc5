"""In: states of two parts. Out: how far two tellings of one story are apart. Used: through the registry."""

from __future__ import annotations

import msgspec
import numpy as np

from weilend.features.finish.aggregate import ONE, Floats, Ints, Window, aggregate, divide
from weilend.features.finish.pairs import finish_log_ratio, other
from weilend.features.finish.series import spread


@aggregate("log_gap", parts=2)
def finish_log_gap(window: Window) -> Floats:
    """Natural logarithm of the ratio of two sums without its sign, in ppm: 0 where they agree; not known unless both exceed 0."""
    return np.abs(finish_log_ratio(window))


@aggregate("months_unmatched", parts=2)
def finish_months_unmatched(window: Window) -> Floats:
    """Months in which one part has rows and the other has none."""
    this, that = spread(window, window.state.count) > 0, _spread_other(window, "count") > 0
    return np.asarray((this != that).sum(axis=1), dtype=np.float64)


@aggregate("correlation", parts=2)
def finish_correlation(window: Window) -> Floats:
    """Correlation (Pearson) of the monthly totals of two parts, in ppm; not known where one of them never moves.

    Moments are taken in Python's integers, which do not overflow: in floats a series that stands still would seem to move a little.
    """
    this, that = spread(window, window.state.total), _spread_other(window, "total")
    joint, one, two = (_moments(left, right) for left, right in ((this, that), (this, this), (that, that)))
    return divide(joint, np.sqrt(one) * np.sqrt(two)) * ONE


def _moments(left: Ints, right: Ints) -> Floats:
    """Return the covariance of two series per spine row, times the square of their length, rounded once."""
    pairs = zip(left.tolist(), right.tolist(), strict=True)
    return np.array([float(_moment(a, b)) for a, b in pairs], dtype=np.float64)


def _moment(left: list[int], right: list[int]) -> int:
    return len(left) * sum(a * b for a, b in zip(left, right, strict=True)) - sum(left) * sum(right)


def _spread_other(window: Window, column: str) -> Ints:
    against = other(window)
    return spread(msgspec.structs.replace(window, state=against), against.count if column == "count" else against.total)
