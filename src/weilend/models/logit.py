"""In: a few columns and who is bad. Out: an unpenalised logistic fit with its uncertainty. Used: by calibration and its tests."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from weilend.core.errors import InputError
from weilend.models.table import Floats, Integers

STEPS: Final = 50
TOLERANCE: Final = 1e-9  # of the mean gradient
MOST: Final = 5.0  # the longest step of a coefficient, so that a first step never overshoots out of reach


class LogitFit(msgspec.Struct, frozen=True, eq=False):
    """Coefficients (k,), their covariance (k, k) and the log-loss, a sum over weighted rows."""

    coefficients: Floats
    covariance: Floats
    loss: float


def fit_logit(columns: Floats, bad: Integers, *, weight: Floats | None = None, offset: Floats | None = None) -> LogitFit:
    """Return the fit of ``logit P(bad) = offset + columns @ coefficients`` by Newton's steps; columns (n, k).

    Weights count as rows: scale them to a mean of one. Raises `InputError` where all rows are good or all bad.

    >>> fit = fit_logit(np.ones((10, 1)), np.array([1, 1, *[0] * 8]))
    >>> round(float(fit.coefficients[0]), 4), round(float(fit.covariance[0, 0]), 4)
    (-1.3863, 0.625)
    """
    if bad.min() == bad.max():
        raise InputError("all labels are the same, so nothing can be fitted", hint="bring goods and bads")
    weight = np.ones(len(bad)) if weight is None else weight
    offset = np.zeros(len(bad)) if offset is None else offset
    beta = np.zeros(columns.shape[1])
    curve = np.eye(len(beta))
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-np.clip(offset + columns @ beta, -30, 30)))
        slope = columns.T @ (weight * (bad - chance))
        curve = (columns.T * (weight * chance * (1 - chance))) @ columns + 1e-9 * np.eye(len(beta))
        if float(np.abs(slope).max(initial=0.0)) < TOLERANCE * len(bad):
            break
        beta = beta + np.clip(np.linalg.solve(curve, slope), -MOST, MOST)
    return LogitFit(beta, np.asarray(np.linalg.inv(curve), dtype=np.float64), log_loss(offset + columns @ beta, bad, weight))


def log_loss(logit: Floats, bad: Integers, weight: Floats) -> float:
    """Return the summed log-loss of logits of going bad.

    >>> round(log_loss(np.zeros(2), np.array([0, 1]), np.ones(2)), 4)
    1.3863
    """
    return float((weight * (np.logaddexp(0.0, logit) - logit * bad)).sum())
