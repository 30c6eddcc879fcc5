"""In: what is known of applications, outcomes of some. Out: expected outcomes of all, and how unsure the fit is. Used: by methods.

Who borrows and who goes bad are logistic regressions; money per fen is what bads and goods bring on average, so that it follows the
probability of default where nobody was seen. A fit keeps the influence of each row that it learnt from, and the uncertainty of what
it says of others is counted by owner (Huber 1967: the sandwich).
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from weilend.decision.whatif.logged import BAD, BORROWED, CARRY, LOSS, NET, Booleans, Floats, Logged
from weilend.models.logit import fit_logit

FOLDS: Final = 5
MONEY: Final = (LOSS, NET, CARRY)


class Chance(msgspec.Struct, frozen=True, eq=False):
    """A logistic regression: coefficients (k,) and their covariance (k, k); a rate that never varies has no covariance."""

    coefficients: Floats
    covariance: Floats

    def say(self, design: Floats) -> Floats:
        """Return the chance of rows (n, k)."""
        return np.asarray(1 / (1 + np.exp(-np.clip(design @ self.coefficients, -30, 30))), dtype=np.float64)


class Fit(msgspec.Struct, frozen=True, eq=False):
    """What is expected of rows: who borrows, who goes bad, and the money (5,) that a bad and a good bring per fen."""

    borrowed: Chance
    bad: Chance
    of_bad: Floats
    of_good: Floats

    def say(self, design: Floats) -> Floats:
        """Return the expected outcomes (n, 5) of rows (n, k)."""
        borrowed, bad = self.borrowed.say(design), self.bad.say(design)
        found = bad[:, None] * self.of_bad + (borrowed - bad)[:, None] * self.of_good
        found[:, BORROWED], found[:, BAD] = borrowed, bad
        return found


def make_design(explain: Floats) -> Floats:
    """Return columns with a constant before them, each centred and scaled; one that never varies is left out.

    >>> make_design(np.array([[1.0, 5.0], [3.0, 5.0]])).tolist()
    [[1.0, -1.0], [1.0, 1.0]]
    """
    spread = explain.std(axis=0)
    varied = explain[:, spread > 0]
    return np.concatenate([np.ones((len(explain), 1)), (varied - varied.mean(axis=0)) / spread[spread > 0]], axis=1)


def fit_outcomes(design: Floats, outcomes: Floats) -> Fit:
    """Return the fit of outcomes (n, 5) to rows (n, k).

    >>> fit = fit_outcomes(np.ones((4, 1)), np.array([[1, 1, 0.6, -0.6, 0], [1, 0, 0, 0.1, 0]] * 2))
    >>> np.round(fit.say(np.ones((1, 1))), 3).tolist()
    [[1.0, 0.5, 0.3, -0.25, 0.0]]
    """
    bad = outcomes[:, BAD] == 1
    good = (outcomes[:, BORROWED] == 1) & ~bad
    means = [outcomes[rows].mean(axis=0) if rows.any() else np.zeros(outcomes.shape[1]) for rows in (bad, good)]
    return Fit(_fit_chance(design, outcomes[:, BORROWED]), _fit_chance(design, outcomes[:, BAD]), *means)


def _fit_chance(design: Floats, outcome: Floats) -> Chance:
    width = design.shape[1]
    if outcome.min() == outcome.max():
        return Chance(np.eye(width)[0] * (30.0 if outcome[0] else -30.0), np.zeros((width, width)))
    found = fit_logit(design, outcome.astype(np.int64))
    return Chance(found.coefficients, found.covariance)


def expect_of_others(logged: Logged, seed: int) -> Floats:
    """Return expected outcomes (n, 5), each row's from a fit that saw none of its owner (Chernozhukov and others 2018).

    >>> from weilend.decision.whatif.logged import example_logged
    >>> expect_of_others(example_logged(400), 1).shape
    (400, 5)
    """
    design, outcomes = make_design(logged.explain), logged.outcomes
    names, place = np.unique(logged.owner, return_inverse=True)
    fold = np.random.default_rng(seed).permutation(len(names))[place] % FOLDS
    said = np.zeros_like(outcomes)
    for one in range(FOLDS):
        known = logged.seen & (fold != one)
        if known.any():
            said[fold == one] = fit_outcomes(design[known], outcomes[known]).say(design[fold == one])
    return said


def extrapolate(logged: Logged, scale: Floats, target: Booleans) -> Floats:
    """Return row contributions (n, 5) whose sum is what the fit on the seen expects of the target rows.

    A target row adds what is expected of it, a seen row its influence on the fit: on both chances, and on the means of money.

    >>> from weilend.decision.whatif.logged import example_asked, example_logged
    >>> logged = example_logged()
    >>> found = extrapolate(logged, example_asked(logged).scale, logged.explain[:, 0] > 0.7)
    >>> [round(float(bads)) for bads in (found[:, 1].sum(), found[logged.seen, 1].sum())]
    [55, 0]
    """
    design, outcomes, seen = make_design(logged.explain), logged.outcomes, logged.seen
    fit = fit_outcomes(design[seen], outcomes[seen])
    said, weight = fit.say(design[target]), scale[target]
    found = np.zeros_like(outcomes)
    found[target] = weight * said
    moved_bad = _influence(fit.bad, design, outcomes[:, BAD], seen, target, weight)
    moved_borrowed = _influence(fit.borrowed, design, outcomes[:, BORROWED], seen, target, weight)
    found[seen, BORROWED] += moved_borrowed[:, BORROWED]
    found[seen, BAD] += moved_bad[:, BAD]
    bad = outcomes[seen, BAD]
    good = outcomes[seen, BORROWED] - bad
    for at in MONEY:
        apart = fit.of_bad[at] - fit.of_good[at]
        found[seen, at] += apart * moved_bad[:, at] + fit.of_good[at] * moved_borrowed[:, at]
        for who, mean, mass in (
            (bad, fit.of_bad[at], weight[:, at] @ said[:, BAD]),
            (good, fit.of_good[at], weight[:, at] @ (said[:, BORROWED] - said[:, BAD])),
        ):
            found[seen, at] += who * (outcomes[seen, at] - mean) * mass / max(float(who.sum()), 1.0)
    return found


def _influence(chance: Chance, design: Floats, outcome: Floats, seen: Booleans, target: Booleans, weight: Floats) -> Floats:
    """Return by how much each seen row moves the weighted chances of the target, for each column of weights (m, 5)."""
    said = chance.say(design[target])
    slope = (design[target] * (said * (1 - said))[:, None]).T @ weight
    missed = outcome[seen] - chance.say(design[seen])
    return np.asarray((design[seen] * missed[:, None]) @ (chance.covariance @ slope), dtype=np.float64)
