"""In: a boosted model and rows. Out: the points that each feature brings, and the strongest reasons. Used: by decisions, reports.

Attributions are exact Shapley values of the trees (TreeSHAP, Lundberg et al. 2020), which the library computes. They are told in
whole points that add up: ``base_points + sum of points = points``, as on a card.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

import msgspec
import numpy as np

from weilend.core.values import Contribution, Reason
from weilend.models.boosted import LEAST_POINTS, MOST_POINTS, BoostedModel, loaded
from weilend.models.described import Described
from weilend.models.encoding import encode
from weilend.models.forest import GRID
from weilend.models.grouped import resample_groups
from weilend.models.sample import Column, Sample
from weilend.models.table import Floats, Integers, Table

TOP: Final = 3
#: A step in the margin (logits) for the curve's local slope where a row's attributions cancel out.
STEP: Final = 0.05


class Attributions(msgspec.Struct, frozen=True, eq=False):
    """`margin` (n, k) attributions in logits of going bad; `points` (n, k) the same in whole points, and the base of all rows."""

    features: tuple[str, ...]
    base_points: int
    margin: Floats
    points: Integers


def attribute(model: BoostedModel, table: Table) -> Attributions:
    """Return what each feature brings to each row's points; the base is what the model says of the average training row.

    A row is told alike alone and among others. Nearly all of its time is the trees': TreeSHAP walks every leaf, at a cost that
    grows with the square of its depth (measured: 0.15 µs a leaf at 19 leaves a tree, 0.18 at 63), in a batch as for one row.

    >>> from weilend.models.recipes.monotone_boosting import example_model, example_sample
    >>> model, table = example_model(), example_sample().table
    >>> told = attribute(model, table)
    >>> bool((told.base_points + told.points.sum(axis=1) == model.predict(table).points).all())
    True
    """
    return attribute_of(model, encode(table, model.slots))


def attribute_of(model: BoostedModel, matrix: Floats) -> Attributions:
    """Return what each feature brings to each row of a matrix that was encoded in the model's slots (see `attribute`)."""
    features = tuple(dict.fromkeys(slot.feature for slot in model.slots))
    if not len(matrix):
        return Attributions(features, 0, np.zeros((0, len(features))), np.zeros((0, len(features)), dtype=np.int64))
    place = {feature: at for at, feature in enumerate(features)}
    raw = loaded(model.forest.text).predict(matrix, pred_contrib=True, num_threads=1)
    by_slot = np.asarray(raw, dtype=np.float64).reshape(len(matrix), -1)
    margin = np.zeros((len(matrix), len(features)))
    for at, slot in enumerate(model.slots):  # a number and its special codes are one feature
        margin[:, place[slot.feature]] += by_slot[:, at]
    base = round(float(by_slot[0, -1]) * GRID)
    base_points = _clip(np.array([model.curve.point(base)]))[0]
    points = model.points_of(matrix)
    return Attributions(features, int(base_points), margin, _apportion(model, margin, base, points - base_points))


def _clip(points: Integers) -> Integers:
    return np.clip(points, LEAST_POINTS, MOST_POINTS)


def _apportion(model: BoostedModel, margin: Floats, base: int, total: Integers) -> Integers:
    """Return whole points that add up to `total`, in proportion to the margin, as if the curve were straight."""
    moved = margin.sum(axis=1)
    near = model.curve.points(np.array([base + round(STEP * GRID), base - round(STEP * GRID)]))
    local = float(near[0] - near[1]) / (2 * STEP)
    steep = np.where(np.abs(moved) > STEP, total / np.where(moved == 0, 1.0, moved), local)
    wanted = margin * steep[:, None] + ((total - moved * steep) / max(margin.shape[1], 1))[:, None]
    whole = np.floor(wanted)
    rest = np.rint(total - whole.sum(axis=1)).astype(np.int64)
    order = np.argsort(np.argsort(-(wanted - whole), axis=1, kind="stable"), axis=1, kind="stable")
    return np.asarray(whole + (order < rest[:, None]), dtype=np.int64)


def say(column: Column, value: int | None) -> Reason:
    """Return the sentence for a value of a column, in English and Chinese.

    >>> say(Column(name="income", scale=100), 123450).en, say(Column(name="income", specials=(-9,)), -9).zh
    ('income is 1,234.5', 'income为特殊代码-9')
    >>> say(Column(name="region", kind="category", words=("east",)), None).en
    'region is not known'
    """
    if value is None:
        return Reason(column.name, f"{column.name} is not known", f"{column.name}未知")
    if value in column.specials:
        return Reason(column.name, f"{column.name} has the special code {value}", f"{column.name}为特殊代码{value}")
    if column.kind == "category":
        if not 0 <= value < len(column.words):
            return Reason(column.name, f"{column.name} has a value that was not seen before", f"{column.name}为未见过的取值")
        shown = column.words[value]
    else:
        shown = f"{value // column.scale:,}" if value % column.scale == 0 else f"{value / column.scale:,.9g}"
    return Reason(column.name, f"{column.name} is {shown}", f"{column.name}为{shown}")


def tell(column: Column, value: int | None, points: int, feature: Described | None = None) -> Contribution:
    """Return what a column's value brings, stated in the sentence of its feature where there is one, else in the column's own.

    `lost` is what it lies below the base, which is what the model says of the average row.

    >>> tell(Column(name="debt", sign=-1), 7, -4).lost, tell(Column(name="debt", sign=-1), 7, 4).lost
    (4, 0)
    """
    reason = say(column, value) if feature is None or value in column.specials else feature.say(value)
    return Contribution(column.name, value, points, max(-points, 0), reason)


class Theme(msgspec.Struct, frozen=True):
    """The features of one theme, together: `points` is their sum, and `contributions` tells them, the most harmful first."""

    name: str
    points: int
    contributions: tuple[Contribution, ...]


def top_reasons(
    model: BoostedModel, table: Table, told: Attributions, row: int, *, themes: Mapping[str, str] | None = None, top: int = TOP
) -> tuple[Theme, ...]:
    """Return the themes that cost a row the most points, at most `top`, none that brings points.

    `themes` maps a feature to its theme; a feature without one is a theme of its own. Each one is told with the row's value;
    `lost` is what it lies below the base.

    >>> from weilend.models.recipes.monotone_boosting import example_model, example_sample
    >>> model, table = example_model(), example_sample().table
    >>> worst = top_reasons(model, table, attribute(model, table), 399, themes={"sales": "size", "debt": "burden"})
    >>> sorted(theme.name for theme in worst[:2]), worst[0].points < 0
    (['burden', 'size'], True)
    """
    grouped: dict[str, list[Contribution]] = {}
    columns = {column.name: column for column in model.columns}
    for at, feature in enumerate(told.features):
        values, known = table.column(feature)
        value = int(values[row]) if known[row] else None
        said = tell(columns[feature], value, int(told.points[row, at]))
        grouped.setdefault((themes or {}).get(feature, feature), []).append(said)
    found = [
        Theme(name, sum(one.points for one in parts), tuple(sorted(parts, key=lambda one: one.points)))
        for name, parts in grouped.items()
    ]
    return tuple(sorted((theme for theme in found if theme.points < 0), key=lambda theme: theme.points)[:top])


class ReasonStability(msgspec.Struct, frozen=True):
    """How the first three reasons hold when the model is trained anew on resampled rows, in ppm.

    `kept_ppm` is the share of the first three that are among the new first three, `all_kept_ppm` the share of rows that keep all
    three in any order, `first_kept_ppm` that keep the first.
    """

    draws: int
    rows: int
    kept_ppm: int
    all_kept_ppm: int
    first_kept_ppm: int


def measure_reason_stability(
    fit: Callable[[Sample, int], BoostedModel], sample: Sample, rows: Table, *, draws: int, seed: int
) -> ReasonStability:
    """Return how stable the reasons of some rows are over models of bootstrapped groups; `fit` takes a sample and a seed.

    >>> from weilend.models.recipes import monotone_boosting as recipe
    >>> from weilend.models.training import Budget
    >>> sample = recipe.example_sample(300)
    >>> quick = Budget(folds=3, repeats=1, most_trees=20)
    >>> fit = lambda part, seed: recipe.fit(part, seed=seed, trials=1, budget=quick)
    >>> measure_reason_stability(fit, sample, sample.table.take([0, 299]), draws=2, seed=1).rows
    2
    """
    rng = np.random.default_rng(seed)
    first = _ranks(fit(sample, seed), rows)
    kept, every, best = [], [], []
    for at in range(draws):
        again = _ranks(fit(resample_groups(sample, rng), seed + at + 1), rows)
        stays = (first[:, :, None] == again[:, None, :]).any(axis=2)
        kept.append(stays.mean())
        every.append(stays.all(axis=1).mean())
        best.append((first[:, 0] == again[:, 0]).mean())
    shares = (round(1_000_000 * float(np.mean(part))) for part in (kept, every, best))
    return ReasonStability(draws, len(rows), *shares)


def _ranks(model: BoostedModel, rows: Table) -> Integers:
    """Return (n, 3) the features that cost most; ties by name's place, alike in every model."""
    told = attribute(model, rows)
    order = np.argsort(told.features)
    return np.asarray(np.argsort(-told.margin[:, order], axis=1, kind="stable")[:, :TOP])
