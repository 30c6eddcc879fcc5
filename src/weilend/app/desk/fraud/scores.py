"""In: features, what reviewers confirmed, suspicion. Out: a supervised score of fraud, judged on folds it has not seen. Used: by
`weilend fraud fit`, through the recipes of the models room.

Few cases are ever confirmed, so the most suspicious of the others stand in for fraud and the least suspicious half for
honesty, at a fraction of the weight (pseudo-labels, Lee 2013). How well the score ranks is measured on confirmed cases alone.
It is heard only where it ranks them better than the suspicion that goes without it, beyond chance: a score that mostly repeats
what made its stand-ins suspicious would count that twice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Self

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.core.money import PPM
from weilend.core.values import Application, Reason
from weilend.engine import BookView
from weilend.features.compute import FeatureTable
from weilend.models.guard import MIN_OF_EACH_OUTCOME
from weilend.models.judgement.bootstrap import Contender, Difference, compare, draw
from weilend.models.prediction import Model, Prediction
from weilend.models.ranks import rank_auc
from weilend.models.sample import Column, Sample
from weilend.models.split import deal_folds
from weilend.models.table import Table

if TYPE_CHECKING:
    from weilend.models.recipes.registry import Recipe

FOLDS: Final = 4
#: What a stand-in weighs against a confirmed case. Assumption: a fifth, so that forty stand-ins never outvote ten cases.
PSEUDO_WEIGHT: Final = 0.2
UNKNOWN: Final = -1
REASONS: Final = 2
#: Bootstraps of groups by which the score is held against suspicion.
DRAWS: Final = 500
Ints = npt.NDArray[np.int64]


class Confirmed(msgspec.Struct, frozen=True, eq=False):
    """What reviewers found of applications: 1 fraud, 0 sound, -1 nobody has said."""

    fraud: Ints

    @property
    def counts(self) -> tuple[int, int]:
        """How many are fraud, and how many sound."""
        return int((self.fraud == 1).sum()), int((self.fraud == 0).sum())

    @classmethod
    def read(cls, view: BookView, applications: Sequence[Application], as_of: int) -> Self:
        """Return what was known at an instant; of several findings the newest counts."""
        columns = ("application_id", "is_fraud", "happened_at", "seq")
        rows = view.read("review_outcome", as_of=as_of, columns=columns).to_pylist()
        ordered = sorted(rows, key=lambda row: (row["happened_at"], row["seq"]))
        found = {row["application_id"]: int(row["is_fraud"]) for row in ordered if row["is_fraud"] is not None}
        return cls(np.array([found.get(one.application_id, UNKNOWN) for one in applications], dtype=np.int64))


class Scored(msgspec.Struct, frozen=True, eq=False):
    """A score, what it says of each application out of fold (ppm), how many stood in for fraud and honesty, its AUC on confirmed
    cases (ppm), and how much better that is than suspicion's without it."""

    model: Model
    out_of_fold: tuple[int, ...]
    pseudo: tuple[int, int]
    auc_ppm: int
    gain: Difference

    @property
    def is_heard(self) -> bool:
        """Whether it ranks confirmed cases better than suspicion does without it, beyond chance."""
        return self.gain.better == "first"


def learn_score(
    table: FeatureTable,
    confirmed: Confirmed,
    suspicions: Sequence[int],
    groups: Sequence[int],
    *,
    budget_ppm: int,
    seed: int,
    recipe: str,
) -> Scored | None:
    """Return a score learned from confirmed cases and stand-ins, None where too few of either were confirmed
    to learn from in every fold."""
    if min(confirmed.counts) < MIN_OF_EACH_OUTCOME:
        return None
    label, weight, pseudo = stand_ins(confirmed.fraud, np.array(suspicions), budget_ppm)
    sample = _sample(table, label, weight, np.array(groups, dtype=np.int64))
    fold = deal_folds(sample, folds=FOLDS, seed=seed)
    if any(not _has_enough(label[fold != this]) for this in range(FOLDS)):
        return None
    out_of_fold = np.zeros(len(label), dtype=np.int64)
    for this in range(FOLDS):
        held = _fit(recipe, sample.take((fold != this) & (label != UNKNOWN)), seed)
        out_of_fold[fold == this] = held.predict(sample.table.take(np.flatnonzero(fold == this))).pd_ppm
    there = confirmed.fraud != UNKNOWN
    auc = rank_auc(confirmed.fraud[there], -out_of_fold[there])
    gain = _compare(confirmed.fraud[there], sample.group[there], out_of_fold[there], np.array(suspicions)[there], seed)
    model = _fit(recipe, sample.take(label != UNKNOWN), seed)
    return Scored(model, tuple(out_of_fold.tolist()), pseudo, round(PPM * auc), gain)


def _compare(fraud: Ints, group: Ints, score: Ints, suspicion: Ints, seed: int) -> Difference:
    """Return the score's AUC minus that of suspicion on the same cases, whole groups drawn."""
    nothing = np.full(len(fraud), PPM // 2)  # a suspicion is no chance: only ranks are compared
    said = [Contender(name, Prediction(-one, nothing)) for name, one in (("score", score), ("suspicion", suspicion))]
    found = compare(draw(fraud, group, said, seed=seed, draws=DRAWS), "score", "suspicion")
    return next(one for one in found if one.metric == "auc")


def stand_ins(fraud: Ints, suspicions: Ints, budget_ppm: int) -> tuple[Ints, npt.NDArray[np.float64], tuple[int, int]]:
    """Return labels (1, 0, -1 for those in between), weights, and how many stand in for fraud and for honesty.

    >>> label, weight, counts = stand_ins(np.array([1, 0, -1, -1, -1, -1]), np.array([9, 1, 8, 5, 2, 3]), 250_000)
    >>> label.tolist(), counts
    ([1, 0, 1, -1, 0, 0], (1, 2))
    """
    unknown = np.flatnonzero(fraud == UNKNOWN)
    order = unknown[np.argsort(-suspicions[unknown], kind="stable")]
    bad, good = order[: len(order) * budget_ppm // PPM], order[len(order) - len(order) // 2 :]
    label, weight = fraud.copy(), np.ones(len(fraud))
    label[bad], label[good] = 1, 0
    weight[bad], weight[good] = PSEUDO_WEIGHT, PSEUDO_WEIGHT
    return label, weight, (len(bad), len(good))


def find_recipe(name: str) -> Recipe:
    """Return a recipe of the models room.

    >>> find_recipe("card").fit.__name__
    'fit'
    """
    from weilend.models.recipes.registry import RECIPES  # late: loads SciPy and LightGBM, which most commands never need

    return RECIPES[name]


def score_rows(model: Model, table: FeatureTable, recipe: str) -> tuple[list[int], list[tuple[Reason, ...]]]:
    """Return the score of each application (ppm, higher is worse) and its strongest reasons."""
    rows = _table(table)
    said = model.predict(rows).pd_ppm.tolist()
    return said, find_recipe(recipe).explain(model, rows, REASONS)


def _has_enough(label: Ints) -> bool:
    """Return whether there are enough of either outcome to learn from; whole groups go to one fold, so some folds have few."""
    return bool(min((label == 1).sum(), (label == 0).sum()) >= MIN_OF_EACH_OUTCOME)


def _fit(recipe: str, sample: Sample, seed: int) -> Model:
    return find_recipe(recipe).fit(sample, seed=seed)


def _table(table: FeatureTable) -> Table:
    names = tuple(feature.name for feature in table.feature_set.features)
    return Table(names, table.values, table.known, tuple(map(str, range(table.spine.size))))


def _sample(table: FeatureTable, label: Ints, weight: npt.NDArray[np.float64], group: Ints) -> Sample:
    columns = tuple(Column(name=feature.name, sign=feature.sign) for feature in table.feature_set.features)
    month = np.full(len(label), -1, dtype=np.int64)
    return Sample(table=_table(table), columns=columns, bad=np.maximum(label, 0), weight=weight, group=group, month=month)
