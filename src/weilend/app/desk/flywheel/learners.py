"""In: labelled rows of a run. Out: models of them, by one of two learners, and what each leans on. Used: by learning.

They err in different ways where bads are few: a card of ranks weighs every column a little, boosting bends a few of them much.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec

from weilend.app.desk.flywheel.rows import DECIDED, Rows, choose_columns, sample_of
from weilend.core.money import PPM
from weilend.models import RowModel
from weilend.models.boosted import BoostedModel
from weilend.models.card import Card, seal
from weilend.models.recipes import monotone_boosting, rank_card
from weilend.models.table import Floats, Integers
from weilend.models.training import Budget

WORK: Final = Budget(folds=4, repeats=1, most_trees=240, patience=25)
#: Columns of a model that a report names.
TOLD_COLUMNS: Final = 8
#: The features by name: a card speaks in their words.
_FEATURES: Final = {one.name: one for one in DECIDED.features}


def fit_card(rows: Rows, bad: Integers, weight: Floats, seed: int) -> Card:
    """Return a card of ranks of all offered columns."""
    card = rank_card.fit(sample_of(rows, bad, weight, choose_columns(rows, bad, most=len(rows.names))), seed=seed)
    told = tuple(msgspec.structs.replace(one, feature=_FEATURES[one.feature.name]) for one in card.characteristics)
    return seal(msgspec.structs.replace(card, characteristics=told))


def fit_boosted(rows: Rows, bad: Integers, weight: Floats, seed: int) -> BoostedModel:
    """Return boosted trees on the offered columns that rank these labels best one by one."""
    sample = sample_of(rows, bad, weight, choose_columns(rows, bad))
    return monotone_boosting.fit(sample, seed=seed, trials=1, budget=WORK)


Fit = Callable[[Rows, Integers, Floats, int], RowModel]
#: Learners by name, simplest first: of equals the first is taken.
FITS: Final[Mapping[str, Fit]] = {"card of ranks": fit_card, "boosting": fit_boosted}


def leans_on(model: RowModel) -> tuple[tuple[str, int], ...]:
    """Return the columns that a model leans on, by share (ppm), largest first: of a card's weights, of the trees' gain.

    >>> from weilend.models.recipes.woe_card import example_card
    >>> sum(share for _, share in leans_on(example_card()))
    1000000
    """
    told = sorted(((round(PPM * share), name) for name, share in _shares(model).items()), reverse=True)
    return tuple((name, share) for share, name in told[:TOLD_COLUMNS])


def _shares(model: RowModel) -> dict[str, float]:
    """Return how much of what a model says each column says, adding up to one."""
    said: dict[str, float] = {}
    if isinstance(model, BoostedModel):
        for tree in model.forest.trees():
            for split in tree.splits:
                name = model.slots[split.feature].feature
                said[name] = said.get(name, 0.0) + split.gain
    if isinstance(model, Card):
        said = {one.feature.name: one.coefficient_micro / PPM for one in model.characteristics}
    whole = sum(said.values()) or 1.0
    return {name: value / whole for name, value in said.items()}
