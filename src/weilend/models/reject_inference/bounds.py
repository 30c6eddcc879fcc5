"""In: outcomes of accepted rows, and rows that were declined. Out: the bad rate of all applicants, each band under an assumption.

Used: by reports, beside any figure on all applicants. A point without such bands would claim to know what nobody knows.
"""

from __future__ import annotations

import math
from typing import Final

import msgspec
import numpy as np
from scipy.stats import t

from weilend.core.money import PPM
from weilend.models.grouped import resample_groups
from weilend.models.prediction import Model
from weilend.models.recipes.monotone_boosting import never
from weilend.models.reject_inference.methods import Train, acceptance_ppm, raised_odds
from weilend.models.sample import Sample
from weilend.models.table import Booleans, Floats, Integers
from weilend.models.training import Stop

REFITS: Final = 10
#: Fewer say nothing of a spread.
LEAST_REFITS: Final = 2
#: How many times worse than the model says the declined may be, in odds: a policy may see more than the model.
WORST_ODDS_PPM: Final = 4_000_000
#: Of rows that look like it, at least this share was accepted, or nothing is taken over to a declined row.
LEAST_ACCEPTED_PPM: Final = 50_000


class Band(msgspec.Struct, frozen=True):
    """The bad rate of all applicants in ppm under an assumption; the chance of sampling is inside the band."""

    assumption: str
    lo_ppm: int
    hi_ppm: int


def bad_rate_bands(
    accepted: Sample,
    declined: Sample,
    fit: Train,
    *,
    seed: int,
    worst_odds_ppm: int = WORST_ODDS_PPM,
    refits: int = REFITS,
    stop: Stop = never,
) -> tuple[Band, Band, Band]:
    """Return three bands: nothing hidden; odds up to a factor worse, and anything where none alike was accepted; nothing assumed.

    The last is that of Manski (1989).
    The outcomes of `declined` are not read. Sampling error comes from training anew on resampled groups of the accepted;
    `stop` is asked before each but the first two, and fewer of them make the bands wider.

    >>> from weilend.models.reject_inference.masked import example_halves, example_train
    >>> same, worse, none = bad_rate_bands(*example_halves(), example_train, seed=1, refits=3)
    >>> none.lo_ppm <= same.lo_ppm <= same.hi_ppm <= worse.hi_ppm <= none.hi_ppm
    True
    """
    like = acceptance_ppm(accepted, declined, fit, seed=seed)[len(accepted) :] >= LEAST_ACCEPTED_PPM
    rng = np.random.default_rng(seed)
    told = [_rates(accepted, fit(accepted, seed), declined, like, worst_odds_ppm)]
    for at in range(1, refits + 1):
        if at > LEAST_REFITS and stop():
            break
        side = resample_groups(accepted, rng)
        told.append(_rates(side, fit(side, seed + at), declined, like, worst_odds_ppm))
    rates = np.array(told)
    reach = float(t.ppf(0.975, len(rates) - 2)) * rates[1:].std(axis=0, ddof=1)
    lo, hi = np.clip(rates[0] - reach, 0, 1), np.clip(rates[0] + reach, 0, 1)
    beyond = f"; {round(100 * float(np.average(~like, weights=declined.weight)))} % of them look like none that was accepted"
    same = "the declined behave as accepted rows that look the same to the model, which goes on where none was accepted"
    times = f"1 to {worst_odds_ppm / PPM:g} times"
    worse = f"the odds of the declined are {times} what the model says, or anything where none was accepted"
    return (
        _band(same + beyond, lo[0], hi[0]),
        _band(worse + beyond, lo[0], hi[1]),
        _band("nothing is assumed of the declined", lo[2], hi[3]),
    )


def _rates(side: Sample, model: Model, declined: Sample, like: Booleans, worst_odds_ppm: int) -> Floats:
    """Return the bad rate of all applicants: as said, at worst, with no declined row bad, with every one bad."""
    pd_ppm: Integers = model.predict(declined.table).pd_ppm
    worst = np.where(like, raised_odds(pd_ppm, worst_odds_ppm), 1.0)
    mass, apart = float(side.weight.sum()), float(declined.weight.sum())
    bads = float((side.weight * side.bad).sum())
    theirs = (float((declined.weight * chance).sum()) for chance in (pd_ppm / PPM, worst))
    return np.array([(bads + more) / (mass + apart) for more in (*theirs, 0.0, apart)])


def _band(assumption: str, lo: float, hi: float) -> Band:
    return Band(assumption, math.floor(PPM * lo), math.ceil(PPM * hi))
