"""In: the scores of the rows that were learned. Out: where among them another score lies, from a table made once. Used: by the
ensemble.

Ranks make the scores of different detectors comparable, and no share of strange rows need be assumed. Beyond the strangest row
that was learned the rank goes on towards 1, so that of two such rows the stranger one stays in front.
"""

from __future__ import annotations

import msgspec
import numpy as np

from weilend.fraud.detectors.fitted import Scores
from weilend.fraud.detectors.scales import choose_knots


class RankTable(msgspec.Struct, frozen=True):
    """Knots of the scores that were learned, ascending, and the middle rank of each (0 to 1)."""

    scores: Scores
    ranks: Scores

    def rank(self, scores: Scores) -> Scores:
        """Return the rank of each score, ascending with it, in (0, 1).

        >>> table = make_ranks(np.array([1.0, 2.0, 3.0, 4.0]))
        >>> table.rank(np.array([0.0, 2.0, 4.0, 9.0])).round(3).tolist()
        [0.125, 0.375, 0.875, 0.979]
        """
        within = np.interp(scores, self.scores, self.ranks)
        top, middle = self.scores[-1], self.scores[len(self.scores) // 2]
        reach = top - middle if top > middle else 1.0
        beyond = np.maximum(scores - top, 0.0) / reach
        return np.asarray(within + (1.0 - self.ranks[-1]) * (beyond / (1.0 + beyond)), np.float64)


def make_ranks(scores: Scores) -> RankTable:
    """Return the table of some scores, one or more.

    >>> make_ranks(np.array([5.0])).ranks.tolist()
    [0.5]
    """
    ordered = np.sort(scores)
    knots = choose_knots(ordered)
    middle = (np.searchsorted(ordered, knots, side="left") + np.searchsorted(ordered, knots, side="right")) / 2
    return RankTable(knots, middle / len(ordered))
