"""In: a sample and limits on what trees may do. Out: a forest with its out-of-fold margins. Used: by the boosting recipes.

Everything that looks at a label stays inside grouped folds of the rows that are given: the number of trees, the settings, the
curve. No clock is read: the search ends with its trials, or when the caller's `stop` says so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np

from weilend.core.money import PPM
from weilend.models.encoding import Slot, encode, lay_out
from weilend.models.forest import GRID, Forest, average
from weilend.models.grouped import grouped_folds
from weilend.models.sample import Sample
from weilend.models.table import Floats, Integers

if TYPE_CHECKING:
    import lightgbm
    import optuna

#: Says that the time for a search is over.
Stop = Callable[[], bool]
#: A setting's range as (name, least, most, on a logarithmic scale).
Range = tuple[str, float, float, bool]


class Budget(msgspec.Struct, frozen=True, kw_only=True):
    """How much work a training may be, each number with its reason.

    >>> Budget().folds
    5
    """

    folds: int = 5
    search_rows: int = 30_000  # more rows hardly change which settings are best, and cost in proportion
    most_trees: int = 500  # early stopping ends before, nearly always; more would make a live decision slow
    patience: int = 40  # trees without gain before a fold's training ends
    bag_rows: int = (
        50_000  # up to here the mean of the folds' models is kept; above, one model of all rows is as good, and quicker
    )
    repeat_rows: int = 3_000  # up to here the folds are dealt out several times: few rows decide little, and chance much
    repeats: int = 3
    threads: int = 1


class Trained(msgspec.Struct, frozen=True, eq=False):
    """A forest over its columns, the margins (n,) of its rows by models that had not seen them, and the settings chosen."""

    forest: Forest
    slots: tuple[Slot, ...]
    out_of_fold: Integers
    loss: float
    settings: dict[str, int]


#: What never changes: one answer for one seed on one runtime, and quiet.
FIXED: Final[dict[str, Any]] = {
    "objective": "binary", "metric": "binary_logloss", "verbosity": -1, "deterministic": True, "force_row_wise": True,
    "feature_pre_filter": False, "boost_from_average": True, "max_bin": 255, "bagging_freq": 1,
}  # fmt: skip


def train(
    sample: Sample,
    limits: Callable[[tuple[Slot, ...]], Mapping[str, Any]],
    ranges: Sequence[Range],
    starts: Sequence[Mapping[str, float]],
    *,
    seed: int,
    trials: int,
    stop: Stop,
    budget: Budget = Budget(),  # noqa: B008 - frozen
) -> Trained:
    """Return the forest with the best settings that the search found; the first trials are `starts`.

    `limits` gives what the recipe fixes for the columns (signs, interactions). Raises `InputError` where folds cannot be made.
    """
    part = _search_part(sample, budget, seed)
    slots = lay_out(part)
    fixed = FIXED | dict(limits(slots)) | {"num_threads": budget.threads, "seed": seed}
    rows = _Rows.of(part, slots, fixed)
    folds = _deals(part, budget, seed)
    best = _search(rows, folds, fixed, ranges, starts, seed=seed, trials=trials, stop=stop, budget=budget)
    slots = lay_out(sample)
    rows = rows if part is sample else _Rows.of(sample, slots, fixed)
    return _final(rows, sample, slots, fixed, best, budget, seed)


def _deals(sample: Sample, budget: Budget, seed: int) -> list[Integers]:
    """Return the folds of the rows, dealt out several times where there are few rows."""
    repeats = budget.repeats if len(sample) <= budget.repeat_rows else 1
    return [grouped_folds(sample.group, sample.bad, folds=budget.folds, seed=seed + repeat) for repeat in range(repeats)]


def _search_part(sample: Sample, budget: Budget, seed: int) -> Sample:
    """Return the sample, or whole groups of it up to the rows that the search may see."""
    if len(sample) <= budget.search_rows:
        return sample
    pieces = math.ceil(len(sample) / budget.search_rows)
    return sample.take(grouped_folds(sample.group, sample.bad, folds=pieces, seed=seed) == 0)


class _Rows(msgspec.Struct, frozen=True, eq=False):
    """The rows as the library and as NumPy see them."""

    data: lightgbm.Dataset
    matrix: Floats

    @classmethod
    def of(cls, sample: Sample, slots: tuple[Slot, ...], fixed: Mapping[str, Any]) -> _Rows:
        import lightgbm  # late: the command line starts without it

        matrix, weight = encode(sample.table, slots), sample.weight / sample.weight.mean()
        kinds = [place for place, slot in enumerate(slots) if slot.kind != "number"]
        data = lightgbm.Dataset(
            matrix, sample.bad.astype(np.float64), weight=weight, feature_name=[slot.name for slot in slots],
            categorical_feature=kinds, free_raw_data=False, params=dict(fixed),
        )  # fmt: skip
        return cls(data.construct(), matrix)


def _search(
    rows: _Rows, folds: Sequence[Integers], fixed: Mapping[str, Any], ranges: Sequence[Range],
    starts: Sequence[Mapping[str, float]], *, seed: int, trials: int, stop: Stop, budget: Budget,
) -> list[dict[str, float]]:  # fmt: skip
    """Return the settings by rising log-loss out of fold, found by a tree-structured Parzen estimator (Bergstra et al. 2011)."""
    if trials <= 1 or stop():
        return [_whole(starts[0], ranges)]
    import optuna  # late: the command line starts without it

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    for start in starts:
        study.enqueue_trial(_whole(start, ranges))
    for _ in range(trials):
        trial = study.ask()
        settings = {**fixed, **_suggest(trial, ranges)}
        study.tell(trial, float(np.mean([_cross_validate(rows, fold, settings, budget)[1] for fold in folds])))
        if stop():
            break
    done = study.get_trials(states=(optuna.trial.TrialState.COMPLETE,))
    return [dict(trial.params) for trial in sorted(done, key=lambda trial: (trial.values[0], trial.number))]


def _whole(settings: Mapping[str, float], ranges: Sequence[Range]) -> dict[str, float]:
    """Return settings with whole numbers where the range is one of whole numbers."""
    whole = {name for name, least, _, _ in ranges if isinstance(least, int)}
    return {name: round(value) if name in whole else value for name, value in settings.items()}


def _suggest(trial: optuna.Trial, ranges: Sequence[Range]) -> dict[str, float]:
    return {
        name: trial.suggest_int(name, int(least), int(most), log=log)
        if isinstance(least, int)
        else trial.suggest_float(name, least, most, log=log)
        for name, least, most, log in ranges
    }


def _cross_validate(
    rows: _Rows, fold: Integers, settings: Mapping[str, Any], budget: Budget
) -> tuple[list[lightgbm.Booster], float, int]:
    """Return a model for each fold, their mean log-loss on the fold left out, and the number of trees where it was least."""
    import lightgbm

    parts = [(np.flatnonzero(fold != this), np.flatnonzero(fold == this)) for this in range(int(fold.max()) + 1)]
    found = lightgbm.cv(
        dict(settings), rows.data, num_boost_round=budget.most_trees, folds=parts, return_cvbooster=True,
        callbacks=[lightgbm.early_stopping(budget.patience, verbose=False)],
    )  # fmt: skip
    models: Any = found["cvbooster"]
    curve: Any = found["valid binary_logloss-mean"]
    return list(models.boosters), float(min(curve)), int(models.best_iteration)


def _final(
    rows: _Rows, sample: Sample, slots: tuple[Slot, ...], fixed: Mapping[str, Any], best: Sequence[Mapping[str, float]],
    budget: Budget, seed: int,
) -> Trained:  # fmt: skip
    """Return the mean of the folds' models, or for many rows one model of all; margins out of fold come from the folds' models.

    Where folds are dealt out several times, each time has the next best settings: which of them is best is chance on few rows.
    """
    deals = _deals(sample, budget, seed)
    texts: list[str] = []
    margins, losses, counts = np.zeros(len(sample)), [], []
    for repeat, fold in enumerate(deals):
        settings = {**fixed, **best[repeat % len(best)], "seed": seed + repeat}
        models, loss, count = _cross_validate(rows, fold, settings, budget)
        for this, model in enumerate(models):
            texts.append(model.model_to_string(num_iteration=count))
            held_out = fold == this
            margins[held_out] += _margin(model, rows.matrix[held_out], count, budget) / len(deals)
        losses.append(loss)
        counts.append(count)
    if len(sample) > budget.bag_rows:
        texts = [_refit(rows, {**fixed, **best[0]}, counts[0])]
    shown = {name: round(PPM * value) for name, value in {**best[0], "trees": float(np.mean(counts))}.items()}
    return Trained(average(texts), slots, np.rint(margins * GRID).astype(np.int64), float(np.mean(losses)), shown)


def _margin(model: lightgbm.Booster, matrix: Floats, count: int, budget: Budget) -> Floats:
    return np.asarray(model.predict(matrix, num_iteration=count, raw_score=True, num_threads=budget.threads), dtype=np.float64)


def _refit(rows: _Rows, settings: Mapping[str, Any], count: int) -> str:
    import lightgbm

    return str(lightgbm.train(dict(settings), rows.data, num_boost_round=count).model_to_string())
