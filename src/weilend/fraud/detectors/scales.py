"""In: a matrix. Out: its columns on one scale, by medians and quartiles that a few strange rows cannot move. Used: by
distances."""

from __future__ import annotations

from typing import Final

import numpy as np

from weilend.fraud.detectors.fitted import Matrix, Scores

_NORMAL_QUARTILES: Final = 1.349  # between the quartiles of a standard normal
#: Knots of a table: so many spread evenly, and so many towards each end, where tails are told apart.
_EVEN, _TAIL = 512, 128
_WIDEST: Final = 1e6  # standard units: farther is as far


def spreads_of(matrix: Matrix) -> Scores:
    """Return the spread of each column: of its quartiles, else of all its values, and 0 where all are alike.

    >>> spreads_of(np.array([[0.0, 7.0], [1.349, 7.0], [0.0, 7.0], [1.349, 7.0]])).tolist()
    [1.0, 0.0]
    """
    low, high = np.percentile(matrix, [25, 75], axis=0)
    quartiles = (high - low) / _NORMAL_QUARTILES
    centred = matrix - matrix.mean(axis=0)
    whole = np.sqrt((centred**2).mean(axis=0))
    alike = matrix.max(axis=0) == matrix.min(axis=0)
    return np.where(alike, 0.0, np.where(quartiles > 0, quartiles, whole))


def standard(matrix: Matrix, centres: Scores, spreads: Scores) -> Matrix:
    """Return columns in spreads from their centres, 0 where the spread is 0.

    >>> standard(np.array([[3.0, 9.0]]), np.array([1.0, 7.0]), np.array([2.0, 0.0])).tolist()
    [[1.0, 0.0]]
    """
    safe = np.where(spreads > 0, spreads, 1.0)
    away = np.where(spreads > 0, (matrix - centres) / safe, 0.0)
    return np.ascontiguousarray(np.minimum(np.maximum(away, -_WIDEST), _WIDEST))


def choose_knots(ordered: Scores) -> Scores:
    """Return the distinct values of a sorted column that stand for it in a table: every one of few, more of many towards the ends.

    >>> choose_knots(np.array([1.0, 1.0, 2.0, 5.0])).tolist(), len(choose_knots(np.arange(1e6))) < 800
    ([1.0, 2.0, 5.0], True)
    """
    count = len(ordered)
    tail = np.unique(np.geomspace(1, count, _TAIL).astype(np.int64)) - 1
    ranks = np.unique(np.concatenate([np.linspace(0, count - 1, _EVEN).astype(np.int64), tail, count - 1 - tail]))
    return np.unique(ordered[ranks])


def row_sums(matrix: Matrix) -> Scores:
    """Return the sum of each row, added column by column: the same alone and in a batch, whatever its memory looks like.

    >>> row_sums(np.array([[1.0, 2.0], [3.0, 4.0]])).tolist()
    [3.0, 7.0]
    """
    from weilend.fraud.detectors import kernels  # late: numba is slow to load

    sums = np.empty(len(matrix))
    kernels.row_sums(np.ascontiguousarray(matrix), sums)
    return sums
