"""In: what applicants showed, labels that came of age. Out: models, and the evidence on which one replaces another. Used: by
months.

At each training the learners are held against each other on folds of businesses that had no part in them, and the one that ranks
best is proposed. It must rank beyond chance there; and, learned from the older three quarters of the labels, it must not do worse
beyond chance than the champion on the newest. Then it is learned once more from all labels and takes over: a champion that learned
from fewer labels needs no further proof to be renewed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
import numpy as np

from weilend.app.desk.flywheel.learners import FITS, leans_on
from weilend.app.desk.flywheel.rows import Rows, sample_of
from weilend.core.money import PPM
from weilend.models import RowModel
from weilend.models.calibration import pd_of_points
from weilend.models.judgement.bootstrap import Contender, Difference, Draws, compare, draw
from weilend.models.judgement.champion import Verdict, judge_challenger
from weilend.models.prediction import Prediction
from weilend.models.split import deal_folds
from weilend.models.table import Floats, Integers

#: Folds on which learners are compared, and draws of businesses by which it is told what is beyond chance.
FOLDS, DRAWS = 4, 400
NEWEST: Final = 0.25
NO_MODEL, CHAMPION = "no model", "champion"


class Trained(msgspec.Struct, frozen=True, eq=False):
    """A challenger: the model on all labels, its learner and verdict; AUCs (ppm) of every learner out of fold, and of this one
    and the champion on the newest labels (None: there was no champion).
    """

    model: RowModel
    learner: str
    verdict: Verdict
    tried: tuple[tuple[str, int], ...]
    newest: tuple[int, int] | None
    leans_on: tuple[tuple[str, int], ...]

    @property
    def auc_ppm(self) -> int:
        """The AUC of its learner out of fold."""
        return dict(self.tried)[self.learner]


def score(model: RowModel, rows: Rows) -> Integers:
    """Return the PD (ppm) of rows."""
    return predict(model, rows).pd_ppm


def predict(model: RowModel, rows: Rows) -> Prediction:
    """Return points and PD of rows."""
    return model.predict(rows.table(model.reads))


def train(rows: Rows, bad: Integers, weight: Floats, champion: RowModel | None, *, seed: int) -> Trained:
    """Return a challenger trained on labelled rows, and what these say of it and of the champion.

    `weight` (n,) is how much each row counts: a loan that is still young counts as far as it was watched.
    """
    order = np.argsort(rows.at, kind="stable")
    rows, bad, weight = rows.take(order), bad[order], weight[order]
    learner, tried, ranks = _compare(rows, bad, weight, seed)
    newest = None if champion is None else _judge(learner, champion, rows, bad, weight, seed)
    model = FITS[learner](rows, bad, weight, seed)
    return Trained(
        model=model, learner=learner, verdict=judge_challenger([ranks, *([newest[0]] if newest else [])], []), tried=tried,
        newest=newest[1] if newest else None, leans_on=leans_on(model),
    )  # fmt: skip


def _compare(rows: Rows, bad: Integers, weight: Floats, seed: int) -> tuple[str, tuple[tuple[str, int], ...], Difference]:
    """Return the learner that ranks best out of fold, the AUC (ppm) of each, and how much better than nothing the best is."""
    points = _out_of_fold(rows, bad, weight, seed)
    said = {name: Prediction(one, pd_of_points(one)) for name, one in points.items()}
    found = _draw(bad, rows, weight, said | {NO_MODEL: _nothing(bad, weight)}, seed)
    auc = {name: round(PPM * float(value)) for (name, metric), value in zip(found.figures, found.values[0], strict=True)
           if metric == "auc" and name in FITS}  # fmt: skip
    best = max(auc, key=lambda name: auc[name])
    return best, tuple(auc.items()), _auc_of(compare(found, best, NO_MODEL))


def _out_of_fold(rows: Rows, bad: Integers, weight: Floats, seed: int) -> dict[str, Integers]:
    """Return the points (n,) of each learner for rows of businesses that it did not learn from."""
    fold = deal_folds(sample_of(rows, bad, weight, rows.names), folds=FOLDS, seed=seed)
    points = {name: np.zeros(len(bad), np.int64) for name in FITS}
    for this in range(FOLDS):
        train, rest = np.flatnonzero(fold != this), np.flatnonzero(fold == this)
        shown = rows.take(train)
        for name, learn in FITS.items():
            points[name][rest] = predict(learn(shown, bad[train], weight[train], seed), rows.take(rest)).points
    return points


def _judge(
    learner: str, champion: RowModel, rows: Rows, bad: Integers, weight: Floats, seed: int
) -> tuple[Difference, tuple[int, int]]:
    """Return how much better a learner of the older labels ranks the newest than the champion, and both AUCs (ppm)."""
    cut = int(len(bad) * (1 - NEWEST))
    older, newer = np.arange(cut), np.arange(cut, len(bad))
    shown = rows.take(newer)
    said = {
        learner: predict(FITS[learner](rows.take(older), bad[older], weight[older], seed), shown),
        CHAMPION: predict(champion, shown),
    }
    found = _draw(bad[newer], shown, weight[newer], said, seed)
    first, second = (round(PPM * float(value)) for (_, metric), value in zip(found.figures, found.values[0], strict=True)
                     if metric == "auc")  # fmt: skip
    return _auc_of(compare(found, learner, CHAMPION)), (first, second)


def _draw(bad: Integers, rows: Rows, weight: Floats, said: Mapping[str, Prediction], seed: int) -> Draws:
    return draw(bad, rows.group(), [Contender(name, one) for name, one in said.items()], seed=seed, draws=DRAWS, weight=weight)


def _nothing(bad: Integers, weight: Floats) -> Prediction:
    """Return what is said where nobody ranks: the same of everybody."""
    rate = round(PPM * float(np.average(bad, weights=weight)))
    return Prediction(np.zeros(len(bad), np.int64), np.full(len(bad), rate))


def _auc_of(differences: tuple[Difference, ...]) -> Difference:
    """Return the difference that counts here: ranking. How well PDs hold is repaired each time the terms are chosen anew."""
    (found,) = (one for one in differences if one.metric == "auc")
    return found
