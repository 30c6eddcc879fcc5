"""In: labelled rows of a run. Out: `Ranker`, a model of them, by one of three learners; its kept form. Used: by learning, company.

Two learners err in different ways where bads are few: a card of ranks weighs every column a little, boosting bends a few of them
much. The third averages their log odds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec
import numpy as np

from weilend.app.desk.flywheel.rows import Rows, choose_columns, sample_of
from weilend.core.errors import InputError
from weilend.core.ids import canonical_json, content_hash
from weilend.core.money import PPM
from weilend.models.boosted import BoostedModel
from weilend.models.calibration import pd_of_points
from weilend.models.card import Card
from weilend.models.prediction import Prediction
from weilend.models.recipes import monotone_boosting, rank_card
from weilend.models.recipes.boosters import read_boosted, write_boosted
from weilend.models.recipes.registry import RECIPES
from weilend.models.table import Floats, Integers
from weilend.models.training import Budget

WORK: Final = Budget(folds=4, repeats=1, most_trees=240, patience=25)
#: Columns of a model that a report names.
TOLD_COLUMNS: Final = 8


class Ranker(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A model of a run: a card, boosted trees, or both. Their points are on one scale, so their mean is the mean of log odds."""

    card: Card | None = None
    boosted: BoostedModel | None = None

    @property
    def parts(self) -> tuple[Card | BoostedModel, ...]:
        """The models that speak."""
        return tuple(one for one in (self.card, self.boosted) if one is not None)

    @property
    def model_id(self) -> str:
        """The content hash: that of the one part, or of the ids of both."""
        ids = [one.model_id for one in self.parts]
        return ids[0] if len(ids) == 1 else content_hash(ids)

    @property
    def rows(self) -> int:
        """How many loans it learned from."""
        return self.parts[0].rows

    @property
    def bads(self) -> int:
        """How many of them went bad."""
        return self.parts[0].bads

    def predict(self, rows: Rows) -> Prediction:
        """Return points (added up over the parts) and PD of rows."""
        points = np.sum([one.predict(rows.table(_reads(one))).points for one in self.parts], axis=0)
        return Prediction(points, pd_of_points(points / len(self.parts)))

    def leans_on(self) -> tuple[tuple[str, int], ...]:
        """Return the columns that it leans on, by share (ppm), largest first: of the trees' gain, of the card's weights."""
        shares: dict[str, float] = {}
        for part in self.parts:
            for name, share in _shares(part).items():
                shares[name] = shares.get(name, 0.0) + share / len(self.parts)
        told = sorted(((round(PPM * value), name) for name, value in shares.items()), reverse=True)
        return tuple((name, share) for share, name in told[:TOLD_COLUMNS])


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model as the texts of its parts, each as its recipe keeps it."""

    card: str | None = None
    boosted: str | None = None


def write_ranker(model: Ranker) -> bytes:
    """Return a model as one JSON text; nothing is pickled."""
    card = RECIPES["card"].write(model.card).decode() if model.card else None
    return canonical_json(_Kept(card, write_boosted(model.boosted).decode() if model.boosted else None))


def read_ranker(content: bytes) -> Ranker:
    """Return the model of a text; `InputError` where it is none, `CheckError` where a part was changed.

    >>> read_ranker(b"[]")
    Traceback (most recent call last):
    weilend.core.errors.InputError: this is no model of a run: ... Hint: take it from the home of the run
    """
    try:
        kept = msgspec.json.decode(content, type=_Kept)
    except msgspec.DecodeError as error:
        raise InputError(f"this is no model of a run: {error}", hint="take it from the home of the run") from None
    card = RECIPES["card"].read(kept.card.encode()) if kept.card else None
    return Ranker(card=card, boosted=read_boosted(kept.boosted.encode()) if kept.boosted else None)


def fit_card(rows: Rows, bad: Integers, weight: Floats, seed: int) -> Ranker:
    """Return a card of ranks of all offered columns."""
    return Ranker(card=rank_card.fit(sample_of(rows, bad, weight, choose_columns(rows, bad, most=len(rows.names))), seed=seed))


def fit_boosted(rows: Rows, bad: Integers, weight: Floats, seed: int) -> Ranker:
    """Return boosted trees on the offered columns that rank these labels best one by one."""
    sample = sample_of(rows, bad, weight, choose_columns(rows, bad))
    return Ranker(boosted=monotone_boosting.fit(sample, seed=seed, trials=1, budget=WORK))


Fit = Callable[[Rows, Integers, Floats, int], Ranker]
#: Learners that are fitted, by name.
FITS: Final[Mapping[str, Fit]] = {"card of ranks": fit_card, "boosting": fit_boosted}
#: What is compared, by the learners in it, simplest first: of equals the first is taken.
CANDIDATES: Final[Mapping[str, tuple[str, ...]]] = {**{name: (name,) for name in FITS}, "card and boosting": tuple(FITS)}


def fit(name: str, rows: Rows, bad: Integers, weight: Floats, seed: int) -> Ranker:
    """Return the model of a candidate on labelled rows; `weight` (n,) is how much each row counts."""
    return join([FITS[one](rows, bad, weight, seed) for one in CANDIDATES[name]])


def join(models: Sequence[Ranker]) -> Ranker:
    """Return models as one."""
    cards, trees = [one.card for one in models if one.card], [one.boosted for one in models if one.boosted]
    return Ranker(card=cards[0] if cards else None, boosted=trees[0] if trees else None)


def _reads(part: Card | BoostedModel) -> list[str]:
    return (
        [column.name for column in part.columns]
        if isinstance(part, BoostedModel)
        else [one.feature.name for one in part.characteristics]
    )


def _shares(part: Card | BoostedModel) -> dict[str, float]:
    """Return how much of what a model says each column says, adding up to one."""
    said: dict[str, float] = {}
    if isinstance(part, BoostedModel):
        for tree in part.forest.trees():
            for split in tree.splits:
                name = part.slots[split.feature].feature
                said[name] = said.get(name, 0.0) + split.gain
    else:
        said = {one.feature.name: one.coefficient_micro / PPM for one in part.characteristics}
    whole = sum(said.values()) or 1.0
    return {name: value / whole for name, value in said.items()}
