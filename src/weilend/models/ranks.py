"""In: labels and scores of many rows. Out: how well one ranks the other. Used: by guards, selection and values of sources."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from weilend.models.table import Booleans, Floats, Integers


def rank_auc(label: Integers, points: npt.ArrayLike) -> float:
    """Return the chance that a good (0) has more points than a bad (1), ties counting half; one half where either is missing.

    It takes n log n steps: the rank sum of the goods (Mann & Whitney 1947). `metrics.auc` is the same where both must be there.

    >>> rank_auc(np.array([1, 0, 0, 1]), [1, 2, 3, 2])
    0.875
    """
    return float(code_auc(*_counted(label, np.asarray(points))))


def code_auc(rows: npt.ArrayLike, bads: npt.ArrayLike) -> Floats:
    """Return AUCs (…) of scores that take m values in rising order, from rows and bads (…, m) of each value.

    >>> code_auc([1.0, 2.0, 1.0], [1.0, 1.0, 0.0]).item()
    0.875
    """
    bad = np.asarray(bads, dtype=np.float64)
    good = np.asarray(rows, dtype=np.float64) - bad
    pairs = bad.sum(axis=-1) * good.sum(axis=-1)
    below = np.cumsum(bad, axis=-1) - bad / 2
    wins = (good * below).sum(axis=-1)
    return np.asarray(np.where(pairs > 0, wins / np.where(pairs > 0, pairs, 1.0), 0.5))


def auc_error(auc: float, bads: int, goods: int) -> float:
    """Return the standard error of an AUC (Hanley & McNeil 1982).

    >>> round(auc_error(0.8, 27, 96), 3)
    0.054
    """
    q1, q2 = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    spread = auc * (1 - auc) + (bads - 1) * (q1 - auc * auc) + (goods - 1) * (q2 - auc * auc)
    return float(np.sqrt(max(spread, 0.0) / max(bads * goods, 1)))


def codes_of(values: Integers, known: Booleans) -> Integers:
    """Return the place (n,) of each value among the distinct ones, not known being the place before all.

    >>> codes_of(np.array([7, 3, 0]), np.array([True, True, False])).tolist()
    [2, 1, 0]
    """
    codes = np.zeros(len(values), dtype=np.int64)
    if known.any():
        codes[known] = np.unique(values[known], return_inverse=True)[1] + 1
    return codes


def _counted(label: Integers, points: npt.NDArray[np.generic]) -> tuple[Floats, Floats]:
    place = np.unique(points, return_inverse=True)[1]
    size = int(place.max()) + 1 if len(place) else 1
    rows = np.bincount(place, minlength=size).astype(np.float64)
    return rows, np.bincount(place, weights=np.asarray(label, dtype=np.float64), minlength=size).astype(np.float64)
