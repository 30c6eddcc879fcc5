"""In: weights of evidence and a label. Out: logistic coefficients that are never negative. Used: by the scorecard recipe, and,
without that bound, by the benchmark.

``logit P(bad) = b0 - woe · b`` with b >= 0: minus, because a positive weight of evidence is safer.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from weilend.models.table import Floats, Integers

MAX_STEPS = 60
TOLERANCE = 1e-7  # of the gradient, per row: far below what a rounded point shows


def fit_path(
    woe: Floats, label: Integers, strengths: Sequence[float], weight: Floats | None = None, *, least: float = 0.0
) -> Floats:
    """Return (len(strengths), 1 + p) coefficients (b0, b), each minimising mean deviance/2 + strength/2 · |b|² with b >= least.

    `woe` is (n, p), `weight` (n,) has mean 1 where given; give strengths from strong to weak: each solution starts the next.
    `least` is 0 or less: -inf where no sign is known. Projected Newton (Bertsekas 1982).

    >>> woe = np.array([[1.0, 0.3], [1.0, -0.3], [-1.0, 0.3], [-1.0, -0.3]] * 5)
    >>> label = np.array([0, 0, 1, 1] * 4 + [0, 1, 1, 0])
    >>> b = fit_path(woe, label, [10.0, 0.1])
    >>> bool(0 < b[0, 1] < b[1, 1]), bool((b[:, 1:] >= 0).all())
    (True, True)
    """
    design = np.hstack([np.ones((len(label), 1)), -woe])
    weight = np.ones(len(label)) if weight is None else weight
    rate = float((label * weight).mean())
    start = np.zeros(design.shape[1])
    start[0] = np.log(rate / (1 - rate))
    path = np.empty((len(strengths), design.shape[1]))
    for step, strength in enumerate(strengths):
        start = path[step] = _solve(design, label.astype(np.float64), weight, strength, start, least)
    return path


def log_loss(path: Floats, woe: Floats, label: Integers) -> Floats:
    """Return the summed log loss of each row of coefficients on rows (n, p).

    >>> log_loss(np.array([[0.0, 1.0]]), np.array([[0.0]]), np.array([1])).round(4).tolist()
    [0.6931]
    """
    logit = path[:, :1] - path[:, 1:] @ woe.T
    return np.asarray((np.logaddexp(0.0, logit) - logit * label).sum(axis=1))


def _solve(design: Floats, label: Floats, weight: Floats, strength: float, start: Floats, least: float) -> Floats:
    n, width = design.shape
    ridge = np.full(width, strength)
    ridge[0] = 0.0
    b = start.copy()
    value = _loss(design, label, weight, ridge, b)
    for _ in range(MAX_STEPS):
        chance = 1 / (1 + np.exp(-(design @ b)))
        gradient = design.T @ (weight * (chance - label)) / n + ridge * b
        free = (b > least) | (gradient < 0)
        free[0] = True
        if np.abs(gradient[free]).max() < TOLERANCE:
            return b
        part = design if free.all() else design[:, free]
        curve = (part.T * (weight * chance * (1 - chance))) @ part / n
        curve.flat[:: curve.shape[0] + 1] += ridge[free] + 1e-9
        direction = np.zeros(width)
        direction[free] = -np.linalg.solve(curve, gradient[free])
        b, value, moved = _step(design, label, weight, ridge, b, value, direction, least)
        if not moved:
            return b
    return b


def _step(
    design: Floats, label: Floats, weight: Floats, ridge: Floats, b: Floats, value: float, direction: Floats, least: float
) -> tuple[Floats, float, bool]:
    """Return the longest halving of a step that lowers the loss, projected on b >= least."""
    size = 1.0
    for _ in range(30):
        trial = b + size * direction
        np.maximum(trial[1:], least, out=trial[1:])
        trial_value = _loss(design, label, weight, ridge, trial)
        if trial_value < value:
            return trial, trial_value, True
        size /= 2
    return b, value, False


def _loss(design: Floats, label: Floats, weight: Floats, ridge: Floats, b: Floats) -> float:
    logit = design @ b
    return float((weight * (np.logaddexp(0.0, logit) - logit * label)).mean() + (ridge * b * b).sum() / 2)
