"""In: recipes. Out: `RECIPES`, each by its name, with how its models are kept and explained. Used: by the desk.

To add one: a file with `fit` (and what writes, reads and explains its models), and a line below.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import msgspec

from weilend.core.ids import canonical_json
from weilend.core.registry import Registry
from weilend.core.values import FeatureRow, Reason, Score
from weilend.models.boosted_score import score_boosted
from weilend.models.card import RECIPE, Card, check_identity, score_each, strongest_reasons
from weilend.models.described import Described
from weilend.models.package import read_card
from weilend.models.prediction import Model
from weilend.models.recipes import additive_boosting, flat_card, monotone_boosting
from weilend.models.recipes.boosters import explain_boosted, read_boosted, with_trials, write_boosted
from weilend.models.recipes.monotone_boosting import never
from weilend.models.sample import Sample
from weilend.models.table import Table
from weilend.models.training import Stop


class FitSample(Protocol):
    """Everything but the rows and the seed is decided: bins, selection and strength all happen inside."""

    def __call__(self, sample: Sample, *, seed: int, prior_ppm: int | None = None) -> Model:
        """Return a model of a sample, for a portfolio whose bad rate is `prior_ppm` (the sample's own where none is given)."""
        ...


class FitUntil(Protocol):
    """A `FitSample` that searches, and ends its search with the best it has when `stop` says so."""

    def __call__(self, sample: Sample, *, seed: int, prior_ppm: int | None = None, stop: Stop = never) -> Model:
        """Return a model of a sample; `stop` is asked before each trial of the search."""
        ...


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """A recipe: `fit`; `write` and `read` keep a model as bytes, without pickle (`read` raises `CheckError` for a changed one).

    `fit_until` is the same fit, of a recipe that searches, None of one that does not.
    `identify` gives a model's id, a hash of its content; `explain` each row's strongest reasons, strongest first; `score` what the
    model says of feature rows in points that add up, each value stated in the words of its feature.
    """

    fit: FitSample
    write: Callable[[Any], bytes]
    read: Callable[[bytes], Any]
    identify: Callable[[Any], str]
    explain: Callable[[Any, Table, int], list[tuple[Reason, ...]]]
    score: Callable[[Any, Sequence[FeatureRow], Sequence[Described]], list[Score]]
    fit_until: FitUntil | None = None


def _read_card(content: bytes) -> Card:
    return check_identity(read_card(content))


#: What stands beside a card where nobody names a recipe.
CHALLENGER: Final = monotone_boosting.NAME
RECIPES: Final[Registry[Recipe]] = Registry("recipe")
RECIPES.add(
    RECIPE,
    Recipe(
        fit=flat_card.fit, write=canonical_json, read=_read_card, identify=lambda card: card.model_id, explain=strongest_reasons,
        score=lambda card, rows, _: score_each(card, rows),
    ),
)  # fmt: skip
for _name, _fit in ((monotone_boosting.NAME, monotone_boosting.fit), (additive_boosting.NAME, additive_boosting.fit)):
    RECIPES.add(
        _name,
        Recipe(
            fit=with_trials(_fit),
            fit_until=with_trials(_fit),
            write=write_boosted,
            read=read_boosted,
            identify=lambda model: model.model_id,
            explain=explain_boosted,
            score=score_boosted,
        ),
    )
