"""In: the boosting recipes. Out: the same, kept as one text and explained row by row. Used: by the registry of recipes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from weilend.core.errors import InputError
from weilend.core.ids import canonical_json
from weilend.core.values import Reason
from weilend.models.attributions import attribute, top_reasons
from weilend.models.boosted import BoostedModel, check_boosted, with_prior
from weilend.models.forest import Forest
from weilend.models.recipes.monotone_boosting import never
from weilend.models.sample import Sample
from weilend.models.table import Table
from weilend.models.training import Stop

#: Settings that a search tries where nobody says how many: a minute for a hundred thousand rows.
TRIALS: Final = 12


class _Kept(msgspec.Struct, frozen=True):
    """A boosted model as one JSON text: what it is without its trees, and these as LightGBM's text."""

    model: BoostedModel
    trees: str


def with_trials(fit: Callable[..., BoostedModel]) -> Callable[..., BoostedModel]:
    """Return a recipe that needs no word about its search, and moves its PDs to the bad rate of a portfolio; `stop` may end it.

    >>> from weilend.models.recipes import monotone_boosting
    >>> with_trials(monotone_boosting.fit).__name__
    'fit_sample'
    """

    def fit_sample(sample: Sample, *, seed: int, prior_ppm: int | None = None, stop: Stop = never) -> BoostedModel:
        model = fit(sample, seed=seed, trials=TRIALS, stop=stop)
        return model if prior_ppm is None else with_prior(model, prior_ppm)

    return fit_sample


def write_boosted(model: BoostedModel) -> bytes:
    """Return a boosted model as one JSON text; nothing is pickled.

    >>> from weilend.models.recipes.monotone_boosting import example_model
    >>> read_boosted(write_boosted(example_model())) == example_model()
    True
    """
    return canonical_json(_Kept(msgspec.structs.replace(model, forest=Forest("")), model.forest.text))


def read_boosted(content: bytes) -> BoostedModel:
    """Return the boosted model of a text; `InputError` where it is none, `CheckError` where model or trees were changed.

    >>> read_boosted(b"{}")
    Traceback (most recent call last):
    weilend.core.errors.InputError: this is no boosted model: ... Hint: take it from where it was built
    """
    try:
        kept = msgspec.json.decode(content, type=_Kept)
    except msgspec.DecodeError as error:
        raise InputError(f"this is no boosted model: {error}", hint="take it from where it was built") from None
    return check_boosted(kept.model, kept.trees)


def explain_boosted(model: BoostedModel, table: Table, count: int) -> list[tuple[Reason, ...]]:
    """Return each row's strongest reasons: the values that cost it the most points against the average row.

    >>> from weilend.models.recipes.monotone_boosting import example_model, example_sample
    >>> len(explain_boosted(example_model(), example_sample().table.take([399]), 2)[0])
    2
    """
    told = attribute(model, table)
    themes = (top_reasons(model, table, told, row, top=count) for row in range(len(table)))
    return [tuple(theme.contributions[0].reason for theme in row) for row in themes]
