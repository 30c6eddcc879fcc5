"""In: a sample design and recipes. Out: what models say of rows that they have not seen, and which recipe is the champion.

Used: when a model of a flat table is built. Out of time where there are months; by folds of whole groups where rows are few;
else on the quarter that was held out by chance. Champion and challenger are judged on the same rows.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from weilend.app.desk.flat.allowance import Allowance, Step
from weilend.app.desk.progress import Tell
from weilend.core.money import PPM
from weilend.models.design import Design
from weilend.models.judgement import Verdict, compare, judge_challenger
from weilend.models.judgement.bootstrap import Contender, draw
from weilend.models.prediction import Model, Prediction
from weilend.models.prior import logit_ppm, to_pd_ppm
from weilend.models.ranks import auc_error, rank_auc
from weilend.models.recipes import boosters
from weilend.models.recipes.registry import RECIPES
from weilend.models.sample import Sample
from weilend.models.split import deal_folds
from weilend.models.table import Integers
from weilend.models.validation import ScoredRows, Segments, Validation, validate
from weilend.models.validation.ranking import draws_for
from weilend.models.value import Economics

FOLDS: Final = 5
#: Up to so many rows every row is judged, by a model of the other folds; above, a quarter tells enough, at a fifth of the cost.
FOLDED_ROWS: Final = 5_000
#: Up to so many cells the rows that a card learned on are scored by folds too, so that what was lost since training can be told.
REPLAYED_CELLS: Final = 2_000_000


class Unseen(msgspec.Struct, frozen=True, eq=False):
    """What models said of rows that they had not seen: `at` (n,) positions in the sample, `fold` (n,) 0 throughout "
    "without folds."""

    at: Integers
    said: Prediction
    fold: Integers
    how: str


class Judged(msgspec.Struct, frozen=True):
    """How well a model ranks rows that it has not learned from: AUC with its standard error in ppm, on how many rows and "
    "bads."""

    rows: int
    bads: int
    auc_ppm: int
    error_ppm: int
    how: str


def fit_within(
    recipe: str, sample: Sample, allowance: Allowance, step: Step, *, seed: int, prior_ppm: int | None, about: str = "",
    share_ppm: int = PPM,
) -> Model:  # fmt: skip
    """Return a recipe's model of a sample, whose search ends with its trials or with the time of a step (`share_ppm` of it).

    >>> from weilend.models.sample import example_sample
    >>> allowance = Allowance()
    >>> fit_within("card", example_sample(400), allowance, "search", seed=1, prior_ppm=None).rows, allowance.cuts
    (400, ())
    """
    asked = RECIPES[recipe]
    if asked.fit_until is None:
        return asked.fit(sample, seed=seed, prior_ppm=prior_ppm)
    stop = allowance.watch(f"trials of {recipe}{about}", step, of=boosters.TRIALS, share_ppm=share_ppm)
    return asked.fit_until(sample, seed=seed, prior_ppm=prior_ppm, stop=stop)


def say_unseen(
    recipe: str, model: Model, design: Design, *, seed: int, prior_ppm: int | None, tell: Tell, allowance: Allowance
) -> Unseen:
    """Return what models of a recipe say of the rows that are judged; `model` is the one that was fitted."""
    at, sample = np.flatnonzero(design.test), design.sample
    if not design.exception:
        return Unseen(at, model.predict(sample.table.take(at)), np.zeros(len(at), dtype=np.int64), design.split)
    if len(sample) <= FOLDED_ROWS:
        said, fold = _by_folds(recipe, sample, seed=seed, prior_ppm=prior_ppm, tell=tell, allowance=allowance)
        return Unseen(np.arange(len(sample)), said, fold, f"{FOLDS} folds, whole groups")
    tell(f"judge the {recipe}", 0, 1)
    held = fit_within(recipe, design.part("train"), allowance, "judge", seed=seed, prior_ppm=prior_ppm, about=", judged")
    how = "on a quarter of whole groups that was held out by chance; the model itself was then fitted on all rows"
    return Unseen(at, held.predict(sample.table.take(at)), np.zeros(len(at), dtype=np.int64), how)


def _by_folds(
    recipe: str, sample: Sample, *, seed: int, prior_ppm: int | None, tell: Tell, allowance: Allowance
) -> tuple[Prediction, Integers]:
    fold = deal_folds(sample, folds=FOLDS, seed=seed)
    points, pd_ppm = np.empty(len(sample), dtype=np.int64), np.empty(len(sample), dtype=np.int64)
    for this in range(FOLDS):
        tell(f"judge the {recipe} by folds", this, FOLDS)
        held = fit_within(
            recipe, sample.take(fold != this), allowance, "judge", seed=seed, prior_ppm=prior_ppm,
            about=f", fold {this + 1}", share_ppm=PPM * (this + 1) // FOLDS,
        )  # fmt: skip
        said = held.predict(sample.table.take(fold == this))
        points[fold == this], pd_ppm[fold == this] = said.points, said.pd_ppm
    return Prediction(points, pd_ppm), fold


def at_sample_rate(unseen: Unseen, prior_ppm: int, learned: Sample) -> Unseen:
    """Return what was said with its PDs moved from a portfolio's bad rate to the sample's, whose outcomes they are held against.

    >>> from weilend.models.sample import example_sample
    >>> said = Prediction(np.array([600]), np.array([50_000]))
    >>> unseen = Unseen(np.arange(1), said, np.zeros(1, dtype=np.int64), "once")
    >>> bool(at_sample_rate(unseen, 50_000, example_sample()).said.pd_ppm[0] > 50_000)
    True
    """
    rate_ppm = round(PPM * float(np.average(learned.bad, weights=learned.weight)))
    chance = np.clip(unseen.said.pd_ppm, 1, PPM - 1) / PPM
    moved = to_pd_ppm(np.log(chance / (1 - chance)) + logit_ppm(rate_ppm) - logit_ppm(prior_ppm))
    return msgspec.structs.replace(unseen, said=Prediction(unseen.said.points, moved))


def judge_unseen(bad: Integers, unseen: Unseen) -> Judged:
    """Return how well unseen rows are ranked: the mean AUC of the folds, with its standard error (Hanley & McNeil 1982).

    >>> said = Prediction(np.array([1, 2, 3, 4]), np.array([400_000, 300_000, 200_000, 100_000]))
    >>> judge_unseen(np.array([1, 0, 1, 0]), Unseen(np.arange(4), said, np.zeros(4, dtype=np.int64), "once")).auc_ppm
    750000
    """
    mine, bads = bad[unseen.at], int(bad[unseen.at].sum())
    folds = np.unique(unseen.fold)
    aucs = [rank_auc(mine[unseen.fold == this], unseen.said.points[unseen.fold == this]) for this in folds]
    auc = float(np.mean(aucs))
    error = auc_error(auc, bads, len(mine) - bads)
    how = unseen.how if len(folds) == 1 else f"mean of {unseen.how}"
    return Judged(len(mine), bads, round(PPM * auc), round(PPM * error), how)


def scored_rows(sample: Sample, unseen: Unseen, segments: dict[str, Segments]) -> ScoredRows:
    """Return the judged rows as a validation reads them; `segments` speak of all rows of the sample."""
    part = sample.take(unseen.at)
    return ScoredRows(
        bad=part.bad, points=unseen.said.points, pd_ppm=unseen.said.pd_ppm, weight=part.weight, group=part.group, month=part.month,
        segments={name: Segments(one.names, one.place[unseen.at]) for name, one in segments.items()},
    )  # fmt: skip


def learned_rows(recipe: str, model: Model, design: Design, *, seed: int, tell: Tell) -> tuple[ScoredRows | None, bool]:
    """Return the rows that a model learned on, scored, and whether by models that had not seen them; None where all are "
    "judged."""
    if design.exception:
        return None, False
    train = design.part("train")
    told = len(train) * len(train.columns) <= REPLAYED_CELLS and recipe == "card"
    folded = (recipe, train)
    said = (
        _by_folds(*folded, seed=seed, prior_ppm=None, tell=tell, allowance=Allowance())[0]
        if told
        else model.predict(train.table)
    )
    everywhere = np.arange(len(train))
    return scored_rows(train, Unseen(everywhere, said, np.zeros(len(train), dtype=np.int64), ""), {}), told


def validate_model(
    recipe: str,
    model: Model,
    design: Design,
    unseen: Unseen,
    segments: dict[str, Segments],
    economics: Economics | None,
    *,
    seed: int,
    tell: Tell,
) -> Validation:
    """Return the validation of a model on the rows that it has not seen."""
    learned, told = learned_rows(recipe, model, design, seed=seed, tell=tell)
    tell(f"validate the {recipe}", 0, 1)
    rows = scored_rows(design.sample, unseen, segments)
    if economics is not None:
        money = (np.full(len(rows), fen) for fen in (economics.margin_fen, economics.loss_fen))
        rows = msgspec.structs.replace(rows, margin_fen=next(money), loss_fen=next(money))
    return validate(rows, seed=seed, name=recipe, learned=learned, gaps=told)


def judge_contest(
    design: Design, champion: Unseen, challenger: Unseen, validations: tuple[Validation, Validation], seed: int
) -> Verdict:
    """Return whether the challenger may replace the champion: paired, on the same rows, whole groups drawn.

    A gate that is red for both stands against neither. Names are those of the validations.
    """
    part = design.sample.take(champion.at)
    first, second = validations
    contenders = [Contender(second.name, challenger.said), Contender(first.name, champion.said)]
    found = draw(part.bad, part.group, contenders, seed=seed, draws=draws_for(len(part)), weight=part.weight)
    red = {one.gate for one in first.verdicts if one.state == "red"}
    findings = [one.finding() for one in second.verdicts if one.gate not in red]
    return judge_challenger(compare(found, second.name, first.name), findings)
