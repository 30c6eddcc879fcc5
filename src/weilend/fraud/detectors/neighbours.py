"""In: a matrix. Out: the distance to the tenth nearest of 512 rows that were learned. Used: in the ensemble.

Ramaswamy, Rastogi, Shim 2000, "Efficient algorithms for mining outliers from large data sets". A sample bounds the cost of one
row, and does not make it worse: with fewer rows strange ones have fewer friends (Sugiyama, Borgwardt 2013).
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
from weilend.fraud.detectors.scales import spreads_of, standard

NAME: Final = "neighbours"
REFERENCE_ROWS: Final = 512
NEIGHBOURS: Final = 10


def fit(matrix: npt.ArrayLike, seed: int) -> Fitted:
    """Keep a sample of up to 512 rows, on one scale; raises `InputError` for what is no matrix.

    >>> near = fit([[0.0], [1.0], [2.0], [3.0], [4.0], [5.0], [6.0]], seed=0)
    >>> bool(near.score([[50.0]])[0] > near.score([[3.0]])[0])
    True
    """
    given = checked(matrix)
    medians = medians_of(given)
    rows = ready(given, medians)
    spreads = spreads_of(rows)
    reference = standard(sample_rows(rows, REFERENCE_ROWS, seed), medians, spreads)
    return Fitted(NAME, {"medians": medians, "spreads": spreads, "reference": reference})


def _measure(arrays: dict[str, npt.NDArray[Any]], rows: Matrix) -> tuple[Scores, Matrix]:
    from weilend.fraud.detectors import kernels  # late: numba is slow to load

    distances, shares = np.zeros(len(rows)), np.zeros(rows.shape)
    scaled = standard(rows, arrays["medians"], arrays["spreads"])
    kernels.nearest(arrays["reference"], scaled, min(NEIGHBOURS, len(arrays["reference"])), distances, shares)
    return distances, shares


def _score(arrays: dict[str, npt.NDArray[Any]], rows: Matrix) -> Scores:
    return _measure(arrays, rows)[0]


register_detector(Detector(NAME, fit, _score, _measure))
