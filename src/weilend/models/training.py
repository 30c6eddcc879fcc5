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
from weilend.models.straightened import Straightened
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
    twice_rows: int = 10_000  # up to here the last models are of twice as many folds: each has then seen nearly all of few rows
    whole_rows: int = 3_000  # from here to `twice_rows` half of them give way to models of all rows: rows that repeat then tell
    repeat_rows: int = 3_000  # up to here the folds are dealt out several times: few rows decide little, and chance much
    repeats: int = 3
    judge_rows: int = 200_000  # more rows settle neither the number of trees nor the curve any better, and cost memory by folds
    threads: int = 1


class Trained(msgspec.Struct, frozen=True, eq=False):
    """A forest over its columns, margins (m,) of the sample's `rows` (m,) by models that had not seen them, and the settings."""

    forest: Forest
    slots: tuple[Slot, ...]
    rows: Integers
    out_of_fold: Integers
    loss: float
    settings: dict[str, int]


#: Of the rarer outcome, before folds are doubled: a fold then has ten of them.
TWICE_EACH: Final = 100
#: The folds that judge are dealt by a seed so far from that of the search: the folds that chose the settings would flatter them.
ANEW: Final = 1_000
#: A search goes on with settings beyond the first half of the first dealing's folds where their loss there is no more than so many
#: times the best's.
HOPELESS: Final = 1.01
#: Settings that are yes or no.
YES_OR_NO: Final = frozenset({"extra_trees"})
#: Rows of a large sample that are encoded at a time.
BATCH_ROWS: Final = 20_000

#: What never changes: one answer for one seed on one runtime, and quiet.
FIXED: Final[dict[str, Any]] = {
    "objective": "binary", "metric": "None", "verbosity": -1, "deterministic": True, "force_row_wise": True,
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
    slots = lay_out(sample)
    fixed = FIXED | dict(limits(slots)) | {"num_threads": budget.threads, "seed": seed}
    seen = _part(sample, budget.search_rows, seed)
    part = _take(sample, seen)
    best = _search(_Rows.of(part, slots, fixed), _deals(part, budget.folds, budget, seed), fixed, ranges, starts,
                   seed=seed, trials=trials, stop=stop, budget=budget)  # fmt: skip
    rows = _part(sample, budget.judge_rows, seed)
    part = _take(sample, rows)
    judged = _judge(part, slots, fixed, best, budget, seed)
    texts = judged.texts
    if len(sample) > budget.bag_rows:
        data = _Rows.of(sample, slots, fixed).data if part is sample else _stream(sample, slots, fixed, part)
        texts = [_refit(data, {**fixed, **best[0]}, judged.counts[0])]
    shown = {name: round(PPM * value) for name, value in {**best[0], "trees": float(np.mean(judged.counts))}.items()}
    return Trained(average(texts), slots, rows, np.rint(judged.margins * GRID).astype(np.int64), judged.loss, shown)


def _deals(sample: Sample, folds: int, budget: Budget, seed: int) -> list[Integers]:
    """Return the folds of the rows, dealt out several times where there are few rows."""
    repeats = budget.repeats if len(sample) <= budget.repeat_rows else 1
    return [grouped_folds(sample.group, sample.bad, folds=folds, seed=seed + repeat) for repeat in range(repeats)]


def _last_folds(sample: Sample, budget: Budget) -> int:
    """Return the folds of the last models: twice those of the search where rows are few and bads are not."""
    each = min(int(sample.bad.sum()), len(sample) - int(sample.bad.sum()))
    return budget.folds * (2 if len(sample) <= budget.twice_rows and each >= TWICE_EACH else 1)


def _part(sample: Sample, most: int, seed: int) -> Integers:
    """Return the rows of whole groups, at most about as many as asked for."""
    if len(sample) <= most:
        return np.arange(len(sample))
    pieces = math.ceil(len(sample) / most)
    return np.flatnonzero(grouped_folds(sample.group, sample.bad, folds=pieces, seed=seed) == 0)


def _take(sample: Sample, rows: Integers) -> Sample:
    return sample if len(rows) == len(sample) else sample.take(rows)


class _Rows(msgspec.Struct, frozen=True, eq=False):
    """The rows as the library and as NumPy see them."""

    data: lightgbm.Dataset
    matrix: Floats

    @classmethod
    def of(cls, sample: Sample, slots: tuple[Slot, ...], fixed: Mapping[str, Any]) -> _Rows:
        import lightgbm  # late: the command line starts without it

        matrix = encode(sample.table, slots)
        # its own copy of the matrix is let go: each fold would copy its share of it
        data = lightgbm.Dataset(matrix, **_about(sample, slots, fixed))
        return cls(data.construct(), matrix)


def _about(sample: Sample, slots: tuple[Slot, ...], fixed: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the library is told of the rows beside their matrix."""
    kinds = [place for place, slot in enumerate(slots) if slot.kind != "number"]
    return {"label": sample.bad.astype(np.float64), "weight": sample.weight / sample.weight.mean(), "params": dict(fixed),
            "feature_name": [slot.name for slot in slots], "categorical_feature": kinds}  # fmt: skip


def _stream(sample: Sample, slots: tuple[Slot, ...], fixed: Mapping[str, Any], first: Sample) -> lightgbm.Dataset:
    """Return the rows of a large sample in the bins of some of them, read in batches: their matrix is never whole in memory."""
    import lightgbm

    class Batches(lightgbm.Sequence):  # a class of the library's own, which is imported late
        batch_size = BATCH_ROWS

        def __len__(self) -> int:
            return len(sample)

        def __getitem__(self, rows: int | slice | list[int]) -> Floats:
            return encode(sample.table.take(np.arange(len(sample))[rows]), slots)

    bins = _Rows.of(first, slots, fixed).data
    return lightgbm.Dataset(Batches(), reference=bins, **_about(sample, slots, fixed)).construct()


def _search(
    rows: _Rows, folds: Sequence[Integers], fixed: Mapping[str, Any], ranges: Sequence[Range],
    starts: Sequence[Mapping[str, float]], *, seed: int, trials: int, stop: Stop, budget: Budget,
) -> list[dict[str, float]]:  # fmt: skip
    """Return the settings by rising loss out of fold, found by a tree-structured Parzen estimator (Bergstra et al. 2011)."""
    if trials <= 1 or stop():
        return [_whole(starts[0], ranges)]
    import optuna  # late: the command line starts without it

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
    for start in starts:
        study.enqueue_trial(_whole(start, ranges))
    # no two have the same number, so that nothing behind it is ever compared
    whole: list[tuple[float, int, Floats, dict[str, float]]] = []
    for at in range(trials):
        trial = study.ask()
        settings, best = {**fixed, **_suggest(trial, ranges)}, min(whole)[2] if whole else None
        losses = _look(rows, folds, settings, best, budget)
        if best is None or len(losses) == len(best):
            whole.append((float(losses.mean()), at, losses, dict(trial.params)))
        else:  # as much worse than the best on all folds as it is on those that it was tried on
            losses = best.mean() + losses - best[: len(losses)]
        study.tell(trial, float(losses.mean()))
        if at + 1 < trials and stop():
            break
    return [settings for _, _, _, settings in sorted(whole)]


def _look(rows: _Rows, folds: Sequence[Integers], settings: Mapping[str, Any], best: Floats | None, budget: Budget) -> Floats:
    """Return the loss by fold, that of its part; of the first part alone where that leaves no hope beside the best."""
    losses: list[float] = []
    for fold in folds:
        every = np.arange(int(fold.max()) + 1)
        for part in np.split(every, [len(every) // 2]):
            losses += [_cross_validate(rows, fold, settings, budget, part).loss] * len(part)
            if best is not None and len(losses) == len(part) and losses[0] > HOPELESS * best[0]:
                return np.array(losses)
    return np.array(losses)


def _whole(settings: Mapping[str, float], ranges: Sequence[Range]) -> dict[str, float]:
    """Return settings with whole numbers where the range is one of whole numbers."""
    whole = {name for name, least, _, _ in ranges if isinstance(least, int)}
    return {name: round(value) if name in whole else value for name, value in settings.items()}


def _spell(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as the library reads them: yes or no where a search has one or nought."""
    return {name: bool(value) if name in YES_OR_NO else value for name, value in settings.items()}


def _suggest(trial: optuna.Trial, ranges: Sequence[Range]) -> dict[str, float]:
    return {
        name: trial.suggest_int(name, int(least), int(most), log=log)
        if isinstance(least, int)
        else trial.suggest_float(name, least, most, log=log)
        for name, least, most, log in ranges
    }


class _Validated(msgspec.Struct, frozen=True, eq=False):
    """A model for each fold, the mean loss on the folds left out where it is least, and after how many trees that is."""

    models: list[lightgbm.Booster]
    loss: float
    count: int


def _cross_validate(
    rows: _Rows, fold: Integers, settings: Mapping[str, Any], budget: Budget, only: Integers | None = None
) -> _Validated:
    """Return what comes of leaving each fold out, or some of them alone."""
    import lightgbm

    out = range(int(fold.max()) + 1) if only is None else only.tolist()
    parts = [(np.flatnonzero(fold != this), np.flatnonzero(fold == this)) for this in out]
    found = lightgbm.cv(
        _spell(settings), rows.data, num_boost_round=budget.most_trees, folds=parts, return_cvbooster=True,
        feval=Straightened(), callbacks=[lightgbm.early_stopping(budget.patience, verbose=False)],
    )  # fmt: skip
    models: Any = found["cvbooster"]
    curve: Any = found[f"valid {Straightened.name}-mean"]
    return _Validated(list(models.boosters), float(min(curve)), int(models.best_iteration))


class _Judged(msgspec.Struct, frozen=True, eq=False):
    """The folds' models as texts, margins out of fold, the mean loss, and how many trees each dealing of folds wanted."""

    texts: list[str]
    margins: Floats
    loss: float
    counts: list[int]


def _judge(
    sample: Sample,
    slots: tuple[Slot, ...],
    fixed: Mapping[str, Any],
    best: Sequence[Mapping[str, float]],
    budget: Budget,
    seed: int,
) -> _Judged:
    """Return what models of the other folds say of each row.

    Where folds are dealt out several times, each time has the next best settings: which of them is best is chance on few rows.
    """
    rows, deals = _Rows.of(sample, slots, fixed), _deals(sample, _last_folds(sample, budget), budget, seed + ANEW)
    texts: list[str] = []
    margins, losses, counts = np.zeros(len(sample)), [], []
    for repeat, fold in enumerate(deals):
        settings = {**fixed, **best[repeat % len(best)], "seed": seed + repeat}
        found = _cross_validate(rows, fold, settings, budget)
        for this, model in enumerate(found.models):
            texts.append(model.model_to_string(num_iteration=found.count))
            held_out = fold == this
            margins[held_out] += _margin(model, rows.matrix[held_out], found.count, budget) / len(deals)
        losses.append(found.loss)
        counts.append(found.count)
    if budget.whole_rows < len(sample) <= budget.twice_rows:
        kept = texts[::2]
        seeds = range(seed + len(deals), seed + len(deals) + len(kept))
        texts = kept + [_refit(rows.data, {**fixed, **best[0], "seed": one}, counts[0]) for one in seeds]
    return _Judged(texts, margins, float(np.mean(losses)), counts)


def _margin(model: lightgbm.Booster, matrix: Floats, count: int, budget: Budget) -> Floats:
    return np.asarray(model.predict(matrix, num_iteration=count, raw_score=True, num_threads=budget.threads), dtype=np.float64)


def _refit(data: lightgbm.Dataset, settings: Mapping[str, Any], count: int) -> str:
    import lightgbm

    return str(lightgbm.train(_spell(settings), data, num_boost_round=count).model_to_string())
