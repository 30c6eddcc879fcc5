"""In: matrices of features. Out: `Fitted`, what every detector is once it has learned; how a matrix is made ready. Used: by all
of them.

A matrix has a row for each subject and a column for each feature. A value that is not known is NaN and is taken as the median
that was learned, so that not knowing is never strange by itself; values beyond ±1e30, infinities among them, count as that.
Columns that say nothing (all missing, or all alike) are learned as such and never make a row strange.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.core.errors import InputError
from weilend.core.registry import Registry

Matrix = npt.NDArray[np.float64]
Scores = npt.NDArray[np.float64]
_FARTHEST: Final = 1e30


class Fitted(msgspec.Struct, frozen=True):
    """A detector that has learned: which one, and its arrays, which nobody may write."""

    detector: str
    arrays: dict[str, npt.NDArray[Any]]

    def __post_init__(self) -> None:
        for array in self.arrays.values():
            array.flags.writeable = False

    def score(self, matrix: npt.ArrayLike) -> Scores:
        """Return how strange each row is, higher is stranger; raises `InputError` for other columns than were learned."""
        return DETECTORS[self.detector].score(self.arrays, ready(matrix, self.arrays["medians"]))

    def measure(self, row: npt.ArrayLike) -> tuple[float, Scores]:
        """Return the score of one row and what each feature adds to it, none below 0, in the detector's own measure."""
        prepared = ready(np.asarray(row, np.float64).reshape(1, -1), self.arrays["medians"])
        scores, shares = DETECTORS[self.detector].measure(self.arrays, prepared)
        return float(scores[0]), np.maximum(shares[0], 0.0)


class Detector(msgspec.Struct, frozen=True):
    """What a detector's file gives: how it learns, scores prepared rows, and measures them: scores, and shares of the features."""

    name: str
    fit: Callable[[npt.ArrayLike, int], Fitted]
    score: Callable[[dict[str, npt.NDArray[Any]], Matrix], Scores]
    measure: Callable[[dict[str, npt.NDArray[Any]], Matrix], tuple[Scores, Matrix]]


DETECTORS: Final[Registry[Detector]] = Registry("detector")


def register_detector(detector: Detector) -> None:
    """Enter a detector; the suite in tests/fraud finds it there."""
    DETECTORS.add(detector.name, detector)


def checked(matrix: npt.ArrayLike) -> Matrix:
    """Return a matrix to learn from as it is given; raises `InputError` where it is none, or has no rows or columns.

    >>> checked([[1, 2]]).shape
    (1, 2)
    """
    try:
        array = np.asarray(matrix, np.float64)
    except (TypeError, ValueError):
        raise InputError("the features are no matrix of numbers", hint="give numbers, NaN where a value is not known") from None
    if array.ndim != 2 or not array.size:
        raise InputError(f"nothing to learn from: a matrix of shape {array.shape}", hint="give rows and columns")
    return np.clip(array, -_FARTHEST, _FARTHEST)


def medians_of(matrix: Matrix) -> Scores:
    """Return the median of each column's known values, 0 where none is known.

    >>> medians_of(np.array([[1, np.nan], [3, np.nan]])).tolist()
    [2.0, 0.0]
    """
    known = ~np.isnan(matrix)
    return np.array([np.median(column[there]) if there.any() else 0.0 for column, there in zip(matrix.T, known.T, strict=True)])


def ready(matrix: npt.ArrayLike, medians: Scores) -> Matrix:
    """Return rows as a detector takes them: clipped, what is missing filled with the median that was learned.

    >>> ready([[np.nan, np.inf]], np.array([5.0, 0.0])).tolist()
    [[5.0, 1e+30]]
    >>> ready([[1.0]], np.array([5.0, 0.0]))
    Traceback (most recent call last):
    weilend.core.errors.InputError: 1 features come, 2 were learned. Hint: ...
    """
    array = np.asarray(matrix, np.float64)
    if array.ndim != 2 or array.shape[1] != len(medians):
        found = array.shape[1] if array.ndim == 2 else f"a shape of {array.shape}"
        raise InputError(
            f"{found} features come, {len(medians)} were learned", hint="give the columns of the fit, in its order"
        )
    filled = np.where(np.isnan(array), medians, array)
    return np.ascontiguousarray(np.minimum(np.maximum(filled, -_FARTHEST), _FARTHEST))  # quicker than clip for one row


def sample_rows(matrix: Matrix, most: int, seed: int) -> Matrix:
    """Return at most so many rows, drawn by a seed without putting back, in their order.

    >>> sample_rows(np.arange(10.0).reshape(5, 2), 2, seed=1).shape
    (2, 2)
    """
    if len(matrix) <= most:
        return matrix
    chosen = np.sort(np.random.default_rng(seed).choice(len(matrix), most, replace=False))
    return np.asarray(matrix[chosen])
