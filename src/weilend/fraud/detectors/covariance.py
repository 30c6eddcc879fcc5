"""In: a matrix. Out: how far a row lies from the middle, measured by how the features usually move together. Used: in the
ensemble.

The covariance is that of the three quarters of the rows that lie nearest to the middle, found by concentration from medians
(Hubert, Rousseeuw, Verdonck 2012, "A deterministic algorithm for robust location and scatter"): no chance in it, and the
strange do not shape what is usual. A ridge keeps it sound where features say the same.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from weilend.fraud.detectors.fitted import (
    Detector,
    Fitted,
    Matrix,
    Scores,
    checked,
    medians_of,
    ready,
    register_detector,
    sample_rows,
)
from weilend.fraud.detectors.scales import row_sums, spreads_of, standard

NAME: Final = "covariance"
LEARNED_ROWS: Final = 20_000
_CORE, _STEPS = 0.75, 20
_RIDGE: Final = 1e-2  # of the mean variance


def fit(matrix: npt.ArrayLike, seed: int) -> Fitted:
    """Learn the middle and the covariance of the usual rows; raises `InputError` for what is no matrix.

    >>> rng = np.random.default_rng(0)
    >>> line = rng.normal(size=(200, 1)) + rng.normal(size=(200, 2)) / 10
    >>> scores = fit(line, seed=0).score([[2.0, 2.0], [2.0, -2.0]])  # the second breaks what goes together
    >>> bool(scores[1] > 3 * scores[0])
    True
    """
    given = checked(matrix)
    medians = medians_of(given)
    rows = ready(given, medians)
    spreads = spreads_of(rows)
    scaled = standard(sample_rows(rows, LEARNED_ROWS, seed), medians, spreads)
    core = _concentrate(scaled)
    centre, precision = _shape(core)
    return Fitted(NAME, {"medians": medians, "spreads": spreads, "centre": centre, "precision": precision})


def _concentrate(scaled: Matrix) -> Matrix:
    """Return the rows nearest to the middle, chosen again by their own shape until they stay the same."""
    many = max(1, int(np.ceil(_CORE * len(scaled))))
    chosen = np.sort(np.argsort((scaled**2).sum(axis=1), kind="stable")[:many])
    for _ in range(_STEPS):
        centre, precision = _shape(scaled[chosen])
        away = scaled - centre
        again = np.sort(np.argsort(((away @ precision) * away).sum(axis=1), kind="stable")[:many])
        if np.array_equal(again, chosen):
            break
        chosen = again
    return np.asarray(scaled[chosen])


def _shape(rows: Matrix) -> tuple[Scores, Matrix]:
    centre = rows.mean(axis=0)
    away = rows - centre
    covariance = away.T @ away / len(rows)
    width = covariance.shape[0]
    ridge = _RIDGE * max(float(np.trace(covariance)) / width, 1e-12)
    return centre, np.ascontiguousarray(np.linalg.inv(covariance + ridge * np.eye(width)))


def _measure(arrays: dict[str, npt.NDArray[Any]], rows: Matrix) -> tuple[Scores, Matrix]:
    from weilend.fraud.detectors import kernels  # late: numba is slow to load

    shares = np.empty(rows.shape)
    scaled = standard(rows, arrays["medians"], arrays["spreads"])
    kernels.mahalanobis(arrays["centre"], arrays["precision"], scaled, shares)
    return np.maximum(row_sums(shares), 0.0), shares


def _score(arrays: dict[str, npt.NDArray[Any]], rows: Matrix) -> Scores:
    return _measure(arrays, rows)[0]


register_detector(Detector(NAME, fit, _score, _measure))
