"""In: the bin of each row by characteristic, first scores. Out: scores fitted to each other. Used: by the flat card.

Weights of evidence look at one characteristic at a time; of several that overlap each then says too much or too little. Scores are
therefore fitted together, drawn towards those they start from, and never leave the order of the evidence: a generalised additive
model of steps (Hastie & Tibshirani 1986) by cyclic Newton steps, each followed by pooling (Barlow et al. 1972).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from weilend.models.binning import pool
from weilend.models.table import Floats, Integers

#: Rounds over all characteristics for each strength; scores move by less than a point after that.
SWEEPS: Final = 6


class Steps(msgspec.Struct, frozen=True, eq=False):
    """A characteristic in rows: `code` (n,) its bin, `start` (m,) the scores to begin with, of which `ordinary` are in order."""

    code: Integers
    start: Floats
    ordinary: int

    def take(self, rows: Integers) -> Steps:
        """Return the same for some rows."""
        return Steps(self.code[rows], self.start, self.ordinary)


def fit_scores(steps: Sequence[Steps], bad: Integers, weight: Floats, strengths: Sequence[float]) -> list[tuple[Floats, ...]]:
    """Return scores for each strength, from strong to weak; a score of s takes s from the logit of going bad.

    Each minimises deviance/2 + strength/2 · |s - start|² over scores that keep the order of `start` in the ordinary bins.

    >>> code = np.arange(400) % 2
    >>> bad = (np.arange(400) % 4 == 1).astype(np.int64)
    >>> both = [Steps(code, np.array([1.0, -1.0]), 2)] * 2
    >>> (scores,) = fit_scores(both, bad, np.ones(400), [1.0])
    >>> loss_of(scores, both, bad, np.ones(400)) < loss_of([one.start for one in both], both, bad, np.ones(400))
    True
    """
    scores = [one.start.copy() for one in steps]
    safe = sum((score[one.code] for score, one in zip(scores, steps, strict=True)), np.zeros(len(bad)))
    base = 0.0
    path = []
    for strength in strengths:
        for _ in range(SWEEPS):
            base = centre(base, safe, bad, weight)
            for at, one in enumerate(steps):
                moved = move_scores(one, scores[at], base - safe, bad, weight, strength)
                safe += (moved - scores[at])[one.code]
                scores[at] = moved
        path.append(tuple(score.copy() for score in scores))
    return path


class Together(msgspec.Struct, frozen=True, eq=False):
    """Scores fitted to each other at the `strength` that folds approved; `by_fold` the same, each without its `fold`'s rows."""

    steps: tuple[Steps, ...]
    scores: tuple[Floats, ...]
    strength: float
    fold: Integers
    by_fold: tuple[tuple[Floats, ...], ...]


def loss_of(scores: Sequence[Floats], steps: Sequence[Steps], bad: Integers, weight: Floats) -> float:
    """Return the log loss of scores on rows, at the intercept with which these rows' PDs add up to their bads.

    >>> round(loss_of([np.zeros(2)], [Steps(np.array([0, 1]), np.zeros(2), 2)], np.array([0, 1]), np.ones(2)), 4)
    1.3863
    """
    safe = sum((score[one.code] for score, one in zip(scores, steps, strict=True)), np.zeros(len(bad)))
    base = 0.0
    for _ in range(12):
        base = centre(base, safe, bad, weight)
    logit = base - safe
    return float((weight * (np.logaddexp(0.0, logit) - logit * bad)).sum())


def centre(base: float, safe: Floats, bad: Integers, weight: Floats) -> float:
    """Return the intercept after one Newton step from `base`, where rows (n,) are `safe` logits away from it.

    >>> round(centre(0.0, np.zeros(4), np.array([1, 0, 0, 0]), np.ones(4)), 4)
    -1.0
    """
    chance = 1 / (1 + np.exp(safe - base))
    return base - float((weight * (chance - bad)).sum() / max(float((weight * chance * (1 - chance)).sum()), 1e-9))


def move_scores(one: Steps, score: Floats, logit: Floats, bad: Integers, weight: Floats, strength: float) -> Floats:
    """Return a characteristic's scores after one Newton step in each bin, in the order of its start; `logit` (n,) of going bad.

    >>> one = Steps(np.array([0, 0, 1, 1]), np.array([0.1, -0.1]), 2)
    >>> move_scores(one, one.start, np.zeros(4), np.array([0, 0, 1, 1]), np.ones(4), 0.5).round(2).tolist()
    [1.1, -1.1]
    """
    chance = 1 / (1 + np.exp(-logit))
    size = len(score)
    slope = np.bincount(one.code, weights=weight * (chance - bad), minlength=size)
    curve: Floats = np.bincount(one.code, weights=weight * chance * (1 - chance), minlength=size).astype(np.float64) + strength
    moved: Floats = score + np.clip((slope - strength * (score - one.start)) / curve, -1.0, 1.0)
    order = np.argsort(one.start[: one.ordinary], kind="stable")
    moved[order] = pool((moved * curve)[order], curve[order], np.array(1.0))
    return moved
