"""In: rows with outcomes, of which some are hidden as if declined. Out: what each method made of them. Used: by reports and tests.

The truth of the hidden rows is known, so a method can be held against it: against the model of the accepted alone, and with a
policy that saw a field which the model does not. Only here, and on exploration data, may a method be said to improve anything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import msgspec
import numpy as np

from weilend.core.errors import InputError
from weilend.core.money import PPM
from weilend.models.judgement.bootstrap import Contender, Difference, compare, draw
from weilend.models.prediction import Model
from weilend.models.recipes import monotone_boosting
from weilend.models.reject_inference.bounds import REFITS, Band, bad_rate_bands
from weilend.models.reject_inference.methods import Inferred, Train, augment, fuzzy, parcel
from weilend.models.sample import Sample
from weilend.models.table import Booleans
from weilend.models.training import Budget

Claim = Literal["improves", "no difference shown", "worsens", "untested"]
METHODS: Mapping[str, Callable[[Sample, Sample, Train, int], Inferred]] = {
    "augment": lambda a, d, fit, seed: augment(a, d, fit, seed=seed),
    "parcel": lambda a, d, fit, seed: parcel(a, d, fit, seed=seed),
    "fuzzy": lambda a, d, fit, seed: fuzzy(a, d, fit, seed=seed),
}


class MaskedTest(msgspec.Struct, frozen=True):
    """A method against the accepted alone, on fresh rows of all applicants: paired differences, and what may be claimed of AUC.

    `true_ppm` and `said_ppm` are bad rate and mean PD of the hidden rows; `bands` are of all applicants, `all_ppm` their truth.
    """

    method: str
    differences: tuple[Difference, ...]
    claim: Claim
    true_ppm: int
    said_ppm: int
    all_ppm: int
    bands: tuple[Band, ...]


def claim(difference: Difference | None, *, judged_on: Literal["truth", "exploration", "guesses"]) -> Claim:
    """Return what may be said of a method: nothing, unless outcomes of declined rows were seen.

    >>> gain = Difference("fuzzy", "accepted only", "auc", 9, 1, 20, 5)
    >>> claim(gain, judged_on="truth"), claim(gain, judged_on="guesses"), claim(None, judged_on="truth")
    ('improves', 'untested', 'untested')
    """
    if difference is None or judged_on == "guesses":
        return "untested"
    words: Mapping[str, Claim] = {"first": "improves", "second": "worsens", "neither": "no difference shown"}
    return words[difference.better]


def try_masked(
    sample: Sample, hidden: Booleans, fresh: Sample, fit: Train, *, seed: int, draws: int = 500, refits: int = REFITS
) -> tuple[MaskedTest, ...]:
    """Return each method's test: outcomes of the `hidden` rows are not shown to it; all are judged on `fresh` rows of everyone.

    Raises `InputError` where no row, or every row, is hidden.

    >>> sample, fresh = (monotone_boosting.example_sample(400, seed=seed) for seed in (1, 2))
    >>> found = try_masked(sample, np.arange(400) >= 204, fresh, example_train, seed=1, draws=50, refits=2)
    >>> [test.method for test in found]
    ['augment', 'parcel', 'fuzzy']
    """
    if hidden.all() or not hidden.any():
        raise InputError("no row, or every row, is hidden", hint="hide the outcomes of a part of the rows")
    accepted, declined = sample.take(~hidden), sample.take(hidden)
    unseen = msgspec.structs.replace(declined, bad=np.zeros_like(declined.bad))  # a method that read it would be found out here
    base = fit(accepted, seed)
    models = {name: fit(method(accepted, unseen, fit, seed).sample, seed) for name, method in METHODS.items()}
    bands = bad_rate_bands(accepted, unseen, fit, seed=seed, refits=refits)
    each = [Contender("accepted only", base.predict(fresh.table))]
    each += [Contender(name, model.predict(fresh.table)) for name, model in models.items()]
    found = draw(fresh.bad, fresh.group, each, seed=seed, draws=draws, weight=fresh.weight)
    return tuple(
        _tell(name, model, compare(found, name, "accepted only"), sample, declined, bands) for name, model in models.items()
    )


def _tell(
    name: str, model: Model, differences: tuple[Difference, ...], sample: Sample, declined: Sample, bands: tuple[Band, ...]
) -> MaskedTest:
    auc = next(one for one in differences if one.metric == "auc")
    return MaskedTest(
        method=name,
        differences=differences,
        claim=claim(auc, judged_on="truth"),
        true_ppm=_rate(declined),
        said_ppm=round(float(np.average(model.predict(declined.table).pd_ppm, weights=declined.weight))),
        all_ppm=_rate(sample),
        bands=bands,
    )


def _rate(sample: Sample) -> int:
    return round(PPM * float(np.average(sample.bad, weights=sample.weight)))


def example_halves() -> tuple[Sample, Sample]:
    """Return invented accepted and declined rows, for examples and tests: the riskier half was declined.

    >>> [len(half) for half in example_halves()]
    [204, 196]
    """
    sample = monotone_boosting.example_sample()
    return sample.take(np.arange(400) < 204), sample.take(np.arange(400) >= 204)


def example_train(sample: Sample, seed: int) -> Model:
    """Return a small boosted model, for examples and tests.

    >>> example_train(monotone_boosting.example_sample(), 1).predict(monotone_boosting.example_sample().table).points.shape
    (400,)
    """
    return monotone_boosting.fit(sample, seed=seed, trials=1, budget=Budget(folds=3, repeats=1, most_trees=40))
