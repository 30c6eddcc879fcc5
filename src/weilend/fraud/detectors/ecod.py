"""In: a matrix. Out: ECOD with fixed tables: how far in the tail of what was learned each value lies. Used: in the ensemble.

Li et al. 2022, "ECOD: Unsupervised outlier detection using empirical cumulative distribution functions". PyOD joins the rows
that are scored to those that were learned, so a score depends on the batch; here the distribution is a table made once. A tail
of n rows has the probability (rows in it + 1/2) / (n + 1): beyond all that was learned it is small, not zero.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from weilend.fraud.detectors.fitted import Detector, Fitted, Matrix, Scores, checked, medians_of, ready, register_detector
from weilend.fraud.detectors.scales import choose_knots, row_sums

NAME: Final = "ecod"


def fit(matrix: npt.ArrayLike, seed: int) -> Fitted:  # noqa: ARG001 (nothing is drawn)
    """Learn the distribution of each column; raises `InputError` for what is no matrix.

    >>> ecod = fit([[1.0], [2.0], [3.0], [4.0]], seed=0)
    >>> ecod.score([[2.0], [99.0]]).round(3).tolist()
    [0.693, 2.303]
    """
    given = checked(matrix)
    medians = medians_of(given)
    rows = ready(given, medians)
    tables = [_table(column) for column in rows.T]
    arrays = {
        "medians": medians,
        "values": np.concatenate([values for values, _, _ in tables]),
        "at_most": np.concatenate([at_most for _, at_most, _ in tables]),
        "below": np.concatenate([below for _, _, below in tables]),
        "begins": np.cumsum([0, *(len(values) for values, _, _ in tables)]),
        "rows": np.array([len(rows)]),
        "skews": np.array([_skew(column) for column in rows.T]),
    }
    return Fitted(NAME, arrays)


def _table(column: Scores) -> tuple[Scores, Scores, Scores]:
    """Return knots of a column, how many rows are at most each, and how many below; none where all rows are alike."""
    ordered = np.sort(column)
    if ordered[0] == ordered[-1]:
        return np.zeros(0), np.zeros(0), np.zeros(0)
    values = choose_knots(ordered)
    at_most = np.searchsorted(ordered, values, side="right")
    return values, at_most.astype(np.float64), np.searchsorted(ordered, values, side="left").astype(np.float64)


def _skew(column: Scores) -> float:
    """Return the sign of the third moment about the mean, of values brought to one scale."""
    away = column - column.mean()
    largest = np.abs(away).max()
    return float(np.sign(((away / largest) ** 3).mean())) if largest > 0 else 0.0


def _measure(arrays: dict[str, npt.NDArray[Any]], rows: Matrix) -> tuple[Scores, Matrix]:
    from weilend.fraud.detectors import kernels  # late: numba is slow to load

    surprise = np.empty(rows.shape)
    learned = int(arrays["rows"][0])
    kernels.tail_surprise(rows, surprise, learned, *_of(arrays, "values", "at_most", "below", "begins", "skews"))
    return row_sums(surprise), surprise


def _of(arrays: dict[str, npt.NDArray[Any]], *names: str) -> Any:
    return tuple(arrays[name] for name in names)


def _score(arrays: dict[str, npt.NDArray[Any]], rows: Matrix) -> Scores:
    return _measure(arrays, rows)[0]


register_detector(Detector(NAME, fit, _score, _measure))
