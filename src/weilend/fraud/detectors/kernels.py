"""In: what detectors learned, rows. Out: depths, distances, sums over features. Used: by the detectors, one file each.

Every loop adds in one fixed order for each row by itself: so a row has the same score alone and in a batch, to the bit.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from weilend.fraud.jit import compiled

Array = npt.NDArray[Any]

_BLOCK: Final = 256


@compiled
def forest_scores(rows: Array, scores: Array, usual: float, levels: int, roots: Array, feature: Array, threshold: Array,
                  kids: Array, value: Array) -> None:  # fmt: skip
    """Write 2 to the minus path length of each row (in 32-bit floats, as trees were grown) over the usual one; `scores` come 0.

    A leaf is its own child, so that a block of rows goes down a tree level by level, without a branch that could be guessed wrong.
    """
    at = np.empty(_BLOCK, np.int32)
    for begin in range(0, len(rows), _BLOCK):
        many = min(_BLOCK, len(rows) - begin)
        for root in roots:
            at[:many] = root
            for _ in range(levels):
                for row in range(many):
                    node = at[row]
                    at[row] = kids[node, np.int64(rows[begin + row, feature[node]] > threshold[node])]
            for row in range(many):
                scores[begin + row] += value[at[row]]
    for row in range(len(rows)):
        scores[row] = 2.0 ** -(scores[row] / usual if usual != 0.0 else 1.0)


@compiled
def forest_shares(
    rows: Array, shares: Array, roots: Array, feature: Array, threshold: Array, kids: Array, expected: Array
) -> None:
    """Add to `shares` by how much each split shortened a row's path below what was expected, at the feature of the split."""
    for root in roots:
        for row in range(len(rows)):
            node = np.int32(root)
            while kids[node, 0] != node:
                child = kids[node, np.int64(rows[row, feature[node]] > threshold[node])]
                shares[row, feature[node]] += expected[node] - 1.0 - expected[child]
                node = child


@compiled
def row_sums(matrix: Array, sums: Array) -> None:
    """Write the sum of each row, added column by column."""
    for row in range(len(matrix)):
        total = 0.0
        for column in range(matrix.shape[1]):
            total += matrix[row, column]
        sums[row] = total


@compiled
def tail_surprise(rows: Array, surprise: Array, learned: int, values: Array, at_most: Array, below: Array, begins: Array,
                  skews: Array) -> None:  # fmt: skip
    """Write for each row and column minus the logarithm of the rarer tail, or of the tail that the column's skew points to."""
    for row in range(len(rows)):
        for column in range(rows.shape[1]):
            first, last, x = begins[column], begins[column + 1], rows[row, column]
            surprise[row, column] = 0.0
            if first == last:  # all rows that were learned are alike: the column says nothing
                continue
            low, high = first, last
            while low < high:  # the first knot above x
                middle = (low + high) // 2
                if values[middle] <= x:
                    low = middle + 1
                else:
                    high = middle
            left, less = 0.0, 0.0
            if low > first:
                left = at_most[low - 1]
                less = below[low - 1] if values[low - 1] == x else left
            left_tail = -np.log((left + 0.5) / (learned + 1.0))
            right_tail = -np.log((learned - less + 0.5) / (learned + 1.0))
            skewed = left_tail if skews[column] < 0 else right_tail
            surprise[row, column] = max(left_tail, right_tail, skewed)


@compiled
def nearest(reference: Array, rows: Array, k: int, distances: Array, shares: Array) -> None:
    """Write the distance of each row to its k-th nearest reference row that is another one, and the squares by column.

    A reference row that equals the row is counted once as itself.
    """
    best = np.empty(k + 1)
    which = np.empty(k + 1, np.int64)
    for row in range(len(rows)):
        best[:] = np.inf
        which[:] = -1
        for other in range(len(reference)):
            total = 0.0
            for column in range(rows.shape[1]):
                gap = rows[row, column] - reference[other, column]
                total += gap * gap
                if total >= best[k]:
                    break
            if total < best[k]:
                place = k
                while place > 0 and best[place - 1] > total:
                    best[place], which[place] = best[place - 1], which[place - 1]
                    place -= 1
                best[place], which[place] = total, other
        last = min(k, len(reference)) - (0 if best[0] == 0.0 and len(reference) > k else 1)
        distances[row] = np.sqrt(best[last])
        for column in range(rows.shape[1]):
            gap = rows[row, column] - reference[which[last], column]
            shares[row, column] = gap * gap


@compiled
def mahalanobis(centre: Array, precision: Array, rows: Array, shares: Array) -> None:
    """Write the terms of each row's squared Mahalanobis distance by column."""
    columns = rows.shape[1]
    away = np.empty(columns)
    for row in range(len(rows)):
        for column in range(columns):
            away[column] = rows[row, column] - centre[column]
        for column in range(columns):
            total = 0.0
            for other in range(columns):
                total += precision[column, other] * away[other]
            shares[row, column] = away[column] * total
