"""In: nothing. Out: the share of borrowers lost at each annual rate, made by a formula. Used: by the portfolio of the demo."""

from __future__ import annotations

from typing import Final

import numpy as np

from weilend.sources import Churn

#: 29 rates from 4 % to 15 %, as the contest's table has.
CHURN_RATES_PPM: Final = (40_000, *range(42_500, 150_000, 4_000), 150_000)
#: Assumptions: the shape of such curves, not the contest's numbers. A borrowers have other offers and leave sooner.
CHURN_CEILING_PPM: Final = {"A": 980_000, "B": 960_000, "C": 960_000}
CHURN_SCALE_PPM: Final = {"A": 40_000, "B": 44_000, "C": 46_000}


def make_churn() -> Churn:
    """Return the share of borrowers lost at each rate: ``ceiling × (1 - exp(-(rate - lowest) / scale))``; it measures nothing.

    >>> make_churn()[0], make_churn()[-1]
    ((40000, {'A': 0, 'B': 0, 'C': 0}), (150000, {'A': 917351, 'B': 881198, 'C': 872150}))
    """
    lowest = CHURN_RATES_PPM[0]

    def lost(letter: str, rate: int) -> int:
        return round(CHURN_CEILING_PPM[letter] * (1 - float(np.exp(-(rate - lowest) / CHURN_SCALE_PPM[letter]))))

    return tuple((rate, {letter: lost(letter, rate) for letter in CHURN_CEILING_PPM}) for rate in CHURN_RATES_PPM)
