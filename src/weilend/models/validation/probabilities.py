"""In: scored rows with a PD. Out: whether the PDs are what happened. Used: by the whole validation."""

from __future__ import annotations

import msgspec
import numpy as np

from weilend.core.money import PPM
from weilend.models.calibration import Fitness, Update, choose_update, measure_fitness
from weilend.models.logit import log_loss
from weilend.models.master_scale import MasterScale
from weilend.models.metrics import Interval
from weilend.models.table import Floats, Integers
from weilend.models.validation.bands import Band, cut_tenths, tabulate_bands
from weilend.models.validation.scored import ScoredRows


class Probabilities(msgspec.Struct, frozen=True, kw_only=True):
    """How the PDs hold: slope and intercept, Brier score and log loss beside those of one rate for all, tenths, grades, repair.

    Brier scores and log losses are in ppm a row; the ``flat`` ones are of a model that says the bad rate to everybody.
    """

    fitness: Fitness
    brier_ppm: int
    flat_brier_ppm: int
    log_loss_ppm: int
    flat_log_loss_ppm: int
    tenths: tuple[Band, ...]
    grades: tuple[Band, ...]
    update: Update


def judge_probabilities(rows: ScoredRows, pd_ppm: Integers, scale: MasterScale) -> Probabilities:
    """Return how the PDs of rows hold; intervals are as wide as weights and groups ask for (sandwich, Huber 1967).

    >>> from weilend.models.master_scale import load_scale
    >>> from weilend.models.validation.scored import example_rows
    >>> rows = example_rows()
    >>> held = judge_probabilities(rows, rows.pd_ppm, load_scale())
    >>> held.fitness.holds, held.update.kind, held.brier_ppm < held.flat_brier_ppm
    (True, 'none', True)
    """
    weight = rows.weight / rows.weight.mean()
    chance = np.clip(pd_ppm, 1, PPM - 1) / PPM
    rate = float(np.clip(np.average(rows.bad, weights=weight), 1 / PPM, 1 - 1 / PPM))
    logit = np.log(chance / (1 - chance))
    flat = np.full(len(rows), np.log(rate / (1 - rate)))
    return Probabilities(
        fitness=_widen(measure_fitness(rows.bad, pd_ppm, weight=rows.weight), rows, logit),
        brier_ppm=_mean_ppm(np.square(chance - rows.bad), weight),
        flat_brier_ppm=_mean_ppm(np.square(rate - rows.bad), weight),
        log_loss_ppm=round(PPM * log_loss(logit, rows.bad, weight) / len(rows)),
        flat_log_loss_ppm=round(PPM * log_loss(flat, rows.bad, weight) / len(rows)),
        tenths=tabulate_bands(rows, cut_tenths(-pd_ppm, rows.weight), [str(at) for at in range(1, 11)]),
        grades=tabulate_bands(rows, scale.places(pd_ppm), [grade.name for grade in scale.grade]),
        update=choose_update(rows.bad, pd_ppm, weight=rows.weight),
    )


def _mean_ppm(values: Floats, weight: Floats) -> int:
    return round(PPM * float(np.average(values, weights=weight)))


def _widen(fitness: Fitness, rows: ScoredRows, logit: Floats) -> Fitness:
    """Return intercept and slope with intervals that allow for weights and groups."""
    if rows.plain:
        return fitness
    one = np.ones((len(rows), 1))
    alone = _widening(rows, one, logit + fitness.intercept.estimate_ppm / PPM)
    both = np.column_stack([one, logit])
    slope = fitness.slope.estimate_ppm / PPM
    level = float(np.average(rows.bad, weights=rows.weight))
    shift = _level(slope * logit, rows.weight, level)
    return msgspec.structs.replace(
        fitness,
        intercept=_stretch(fitness.intercept, float(alone[0])),
        slope=_stretch(fitness.slope, float(_widening(rows, both, shift + slope * logit)[1])),
    )


def _level(margin: Floats, weight: Floats, rate: float) -> float:
    """Return the constant that gives a margin a mean chance, by halving."""
    lo, hi = -30.0, 30.0
    for _ in range(60):  # sixty halvings of sixty logits are below any figure that is told
        middle = (lo + hi) / 2
        lo, hi = (middle, hi) if np.average(1 / (1 + np.exp(-margin - middle)), weights=weight) < rate else (lo, middle)
    return (lo + hi) / 2


def _widening(rows: ScoredRows, design: Floats, margin: Floats) -> Floats:
    """Return how many times wider each coefficient's error is than that of as many plain rows."""
    weight = rows.weight / rows.weight.mean()
    chance = 1 / (1 + np.exp(-margin))
    bread = np.linalg.inv((design.T * (weight * chance * (1 - chance))) @ design)
    _, place = np.unique(rows.group, return_inverse=True)
    scores = design * (weight * (rows.bad - chance))[:, None]
    sums = np.column_stack([np.bincount(place, weights=column) for column in scores.T])
    robust = bread @ (sums.T @ sums) @ bread
    return np.asarray(np.maximum(np.sqrt(np.diag(robust) / np.diag(bread)), 1.0))


def _stretch(interval: Interval, times: float) -> Interval:
    middle = interval.estimate_ppm
    return Interval(middle, *(round(middle + times * (end - middle)) for end in (interval.lo_ppm, interval.hi_ppm)))
