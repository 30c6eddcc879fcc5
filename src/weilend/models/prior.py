"""In: probabilities of default at one bad rate. Out: the same at another. Used: by models, and by stress tests of the book.

A sample with 22 % bad stands for a portfolio with 8 %: odds are multiplied by the ratio of prior odds (Elkan 2001;
for the logit intercept King & Zeng 2001). It is right where the sample was chosen by outcome, and only there.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from weilend.core.errors import InputError
from weilend.core.money import PPM
from weilend.models.table import Integers


def logit_ppm(ppm: int) -> float:
    """Return ``ln(p / (1 - p))`` of a rate in ppm, which must lie strictly between 0 and 1 (`InputError`).

    >>> round(logit_ppm(80_000), 4)
    -2.4423
    """
    if not 0 < ppm < PPM:
        raise InputError(f"{ppm} ppm is not a rate between 0 and 1", hint="give parts per million, such as 80000 for 8 %")
    return math.log(ppm / (PPM - ppm))


def shift_prior(pd_ppm: npt.ArrayLike, *, from_ppm: int, to_ppm: int) -> Integers:
    """Return PDs (ppm, same shape) re-mapped from one bad rate to another, rounded, within 1..999,999.

    >>> shift_prior([220_000, 500_000], from_ppm=220_000, to_ppm=80_000).tolist()
    [80000, 235650]
    >>> shift_prior([123_456], from_ppm=80_000, to_ppm=80_000).tolist()
    [123456]
    """
    move = logit_ppm(to_ppm) - logit_ppm(from_ppm)
    pd = np.clip(np.asarray(pd_ppm, dtype=np.float64), 1, PPM - 1)
    return to_pd_ppm(np.log(pd / (PPM - pd)) + move)


def to_pd_ppm(logit: npt.ArrayLike) -> Integers:
    """Return the probability (ppm, within 1..999,999) of a logit of going bad.

    >>> to_pd_ppm([0.0, -100.0]).tolist()
    [500000, 1]
    """
    odds = np.exp(-np.clip(np.asarray(logit, dtype=np.float64), -50, 50))
    return np.clip(np.rint(PPM / (1 + odds)), 1, PPM - 1).astype(np.int64)
