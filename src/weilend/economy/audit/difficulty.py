"""In: every observable feature of applicants, and what would become of them. Out: how hard they are to judge. Used: by the
audit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from weilend.economy.audit.tells import ranking
from weilend.economy.firms import Bools, Floats, Ints
from weilend.models.metrics import ks
from weilend.models.recipes.plain_boosting import best_rank

#: What the best model on all observable fields may reach: as on real applicants, and never so much that the world is a toy.
AUC_RANGE: Final = (0.70, 0.80)
KS_RANGE: Final = (0.25, 0.45)
AUC_NEVER: Final = 0.85
#: A feature that is known for fewer applicants is not judged alone.
_LEAST_KNOWN: Final = 300


class Difficulty(msgspec.Struct, frozen=True, kw_only=True):
    """How well applicants are told apart: by the best model on all that can be seen, by the best single feature, by the oracle.

    >>> Difficulty(applicants=9, bad_ppm=1, features=2, auc=0.75, ks=0.3, oracle_auc=0.9, singles=(("x", 0.7),)).fits
    True
    """

    applicants: int
    bad_ppm: int
    features: int
    auc: float
    ks: float
    oracle_auc: float
    singles: tuple[tuple[str, float], ...]

    @property
    def fits(self) -> bool:
        """Whether AUC and KS lie where they may."""
        return AUC_RANGE[0] <= self.auc <= AUC_RANGE[1] and KS_RANGE[0] <= self.ks <= KS_RANGE[1]


def measure_difficulty(
    names: Sequence[str], signs: Sequence[int], values: Floats, bad: Bools, group: Ints, oracle: Floats, *, seed: int,
    threads: int = 1,
) -> Difficulty:  # fmt: skip
    """Return how hard applicants are to judge from all features (n, k) with their declared signs, NaN where one is not known."""
    live = [place for place in range(values.shape[1]) if np.unique(values[~np.isnan(values[:, place]), place]).size > 1]
    declared = [signs[place] for place in live]
    score = best_rank(values[:, live], bad.astype(np.int64), group, declared, seed=seed, threads=threads)
    singles = sorted(((names[place], _single(values[:, place], bad)) for place in live), key=lambda one: -one[1])
    return Difficulty(
        applicants=len(bad),
        bad_ppm=round(1e6 * float(bad.mean())),
        features=len(live),
        auc=ranking(score, bad),
        ks=ks(bad.astype(np.int64), -score),
        oracle_auc=ranking(oracle, bad),
        singles=tuple(singles[:10]),
    )


def _single(column: Floats, bad: Bools) -> float:
    known = ~np.isnan(column)
    if known.sum() < _LEAST_KNOWN:
        return 0.5
    rank = ranking(column[known], bad[known])
    return max(rank, 1 - rank)
