"""In: accepted rows with outcomes, declined rows without. Out: a sample to train on that stands for both. Used: before a recipe.

No method can know what declined rows would have done; each assumes something, and says it. Augmentation and exploration only
reweigh rows whose outcome is known; parcelling and fuzzy write outcomes for the others, which is how a wrong guess enters a model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
import numpy as np

from weilend.core.errors import InputError
from weilend.core.money import PPM
from weilend.models.prediction import Model
from weilend.models.sample import Sample
from weilend.models.table import Floats, Integers, Table

#: Trains a model on a sample with a seed: any recipe with everything else decided.
Train = Callable[[Sample, int], Model]
#: Bands of equal size in which acceptance or risk is taken as one: enough rows in each for a rate.
BANDS: Final = 20
#: No row counts more often than this: a row that was accepted against all odds must not decide a model (Crump et al. 2009).
MOST_WEIGHT: Final = 20.0
ASSUMPTIONS: Final = {
    "augment": "declined rows behave as accepted rows with the same chance of acceptance, given what the model sees",
    "parcel": "declined rows are as bad as accepted rows in the same band of points, times the stated factor",
    "fuzzy": "declined rows have the accepted model's PD, its odds times the stated factor",
    "explore": "acceptance was drawn by chance with the recorded probability; nothing else is assumed",
}


class Inferred(msgspec.Struct, frozen=True, eq=False):
    """The sample to train on, the method and what it assumes; `known` marks the rows whose outcome was observed."""

    method: str
    assumption: str
    sample: Sample
    known: Any


def augment(accepted: Sample, declined: Sample, fit: Train, *, seed: int) -> Inferred:
    """Return the accepted rows, each weighted by one over the share accepted in its band (Hsia 1978; Banasik & Crook 2007).

    `declined` is a sample whose `bad` is not read. The chance of acceptance comes from the same recipe, out of no hidden field.

    >>> from weilend.models.reject_inference.masked import example_train, example_halves
    >>> accepted, declined = example_halves()
    >>> inferred = augment(accepted, declined, example_train, seed=1)
    >>> len(inferred.sample) == len(accepted), bool(inferred.sample.weight.sum() > accepted.weight.sum())
    (True, True)
    """
    share = acceptance_ppm(accepted, declined, fit, seed=seed)[: len(accepted)] / PPM
    times = np.minimum(1 / share, MOST_WEIGHT)
    return _known("augment", msgspec.structs.replace(accepted, weight=accepted.weight * times))


def acceptance_ppm(accepted: Sample, declined: Sample, fit: Train, *, seed: int) -> Integers:
    """Return, for accepted and then declined rows, which share (ppm) of the rows in their band of likely acceptance was accepted.

    >>> from weilend.models.reject_inference.masked import example_train, example_halves
    >>> share = acceptance_ppm(*example_halves(), example_train, seed=1)
    >>> bool(share[0] > 500_000 > share[-1])
    True
    """
    both = _joined(accepted, declined, np.repeat([0, 1], [len(accepted), len(declined)]))
    band = _bands(fit(both, seed).predict(both.table).points)
    mass = np.bincount(band, weights=both.weight, minlength=BANDS)
    there = np.bincount(band[: len(accepted)], weights=accepted.weight, minlength=BANDS)
    return np.rint(PPM * there[band] / mass[band]).astype(np.int64)


def parcel(accepted: Sample, declined: Sample, fit: Train, *, seed: int, factor_ppm: int = 1_200_000) -> Inferred:
    """Return both, outcomes of declined rows dealt at random per band of points at the band's bad rate times a factor.

    The factor says how much worse the declined are than accepted rows with the same points (parcelling; Siddiqi 2006).

    >>> from weilend.models.reject_inference.masked import example_train, example_halves
    >>> inferred = parcel(*example_halves(), example_train, seed=1)
    >>> int(inferred.known.sum()), len(inferred.sample)
    (204, 400)
    """
    model = fit(accepted, seed)
    cuts = np.quantile(model.predict(accepted.table).points, np.arange(1, BANDS) / BANDS)
    mine, theirs = (np.searchsorted(cuts, model.predict(side.table).points) for side in (accepted, declined))
    bads = np.bincount(mine, weights=accepted.weight * accepted.bad, minlength=BANDS)
    mass = np.bincount(mine, weights=accepted.weight, minlength=BANDS)
    overall = float(np.average(accepted.bad, weights=accepted.weight))
    rate = np.minimum((bads + overall) / (mass + 1) * factor_ppm / PPM, 1.0)  # one row at the overall rate steadies empty bands
    dealt = (np.random.default_rng(seed).random(len(declined)) < rate[theirs]).astype(np.int64)
    return _guessed("parcel", accepted, declined, dealt, declined.weight)


def fuzzy(accepted: Sample, declined: Sample, fit: Train, *, seed: int, factor_ppm: int = PPM) -> Inferred:
    """Return both, each declined row twice: as bad with its PD as weight, as good with the rest; its odds are times a factor.

    >>> from weilend.models.reject_inference.masked import example_train, example_halves
    >>> accepted, declined = example_halves()
    >>> inferred = fuzzy(accepted, declined, example_train, seed=1)
    >>> bool(np.isclose(inferred.sample.weight.sum(), accepted.weight.sum() + declined.weight.sum()))
    True
    """
    chance = raised_odds(fit(accepted, seed).predict(declined.table).pd_ppm, factor_ppm)
    twice = np.tile(np.arange(len(declined)), 2)
    dealt = np.repeat([1, 0], len(declined))
    weight = np.concatenate([chance, 1 - chance]) * declined.weight[twice]
    return _guessed("fuzzy", accepted, declined.take(twice), dealt, weight)


def explore(accepted: Sample, chance_ppm: Integers) -> Inferred:
    """Return the accepted rows, each weighted by one over its recorded chance (ppm) of acceptance (Horvitz & Thompson 1952).

    It needs decisions that were drawn by chance and recorded. Raises `InputError` where a probability is not above 0 and at most 1.

    >>> from weilend.models.reject_inference.masked import example_halves
    >>> accepted, _ = example_halves()
    >>> float(explore(accepted, np.full(len(accepted), 250_000)).sample.weight[0])
    4.0
    """
    if chance_ppm.shape != (len(accepted),) or (chance_ppm <= 0).any() or (chance_ppm > PPM).any():
        raise InputError(
            "a probability of acceptance is not above 0 and at most 1", hint="give the recorded one of each accepted row"
        )
    times = np.minimum(PPM / chance_ppm, MOST_WEIGHT)
    return _known("explore", msgspec.structs.replace(accepted, weight=accepted.weight * times))


def raised_odds(pd_ppm: Integers, factor_ppm: int) -> Floats:
    """Return chances (n,) whose odds are those of the PDs times a factor.

    >>> raised_odds(np.array([500_000]), 3_000_000).tolist()
    [0.75]
    """
    chance = pd_ppm / PPM
    odds = chance / (1 - chance) * factor_ppm / PPM
    return np.asarray(odds / (1 + odds), dtype=np.float64)


def _bands(points: Integers) -> Integers:
    cuts = np.quantile(points, np.arange(1, BANDS) / BANDS)
    return np.searchsorted(cuts, points).astype(np.int64)


def _known(method: str, sample: Sample) -> Inferred:
    return Inferred(method, ASSUMPTIONS[method], sample, np.ones(len(sample), dtype=np.bool_))


def _guessed(method: str, accepted: Sample, declined: Sample, dealt: Integers, weight: Floats) -> Inferred:
    both = _joined(accepted, declined, np.concatenate([accepted.bad, dealt]))
    both = msgspec.structs.replace(both, weight=np.concatenate([accepted.weight, weight]))
    return Inferred(method, ASSUMPTIONS[method], both, np.arange(len(both)) < len(accepted))


def _joined(accepted: Sample, declined: Sample, bad: Sequence[int] | Integers) -> Sample:
    """Return the rows of both; groups keep their numbers, because an owner may be on both sides."""
    if accepted.columns != declined.columns:
        raise InputError("accepted and declined rows have other columns", hint="read both from the same feature set")
    a, b = accepted.table, declined.table
    ids = (*(f"a{at}" for at in range(len(a))), *(f"d{at}" for at in range(len(b))))
    table = Table(a.names, np.concatenate([a.values, b.values]), np.concatenate([a.known, b.known]), ids)
    parts = ((getattr(accepted, name), getattr(declined, name)) for name in ("weight", "group", "month"))
    weight, group, month = (np.concatenate(pair) for pair in parts)
    return Sample(
        table=table, columns=accepted.columns, bad=np.asarray(bad, dtype=np.int64), weight=weight, group=group, month=month
    )
