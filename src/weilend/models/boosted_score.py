"""In: a boosted model, feature rows. Out: their scores, in points that add up as on a card. Used: by recipes that boost.

Columns that bring nothing are not told: a model of ninety columns moves a row's points by a dozen or two of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import msgspec
import numpy as np

from weilend.core.values import Contribution, FeatureRow, Score
from weilend.models.attributions import attribute_of, tell
from weilend.models.boosted import LEAST_POINTS, BoostedModel
from weilend.models.described import Described
from weilend.models.encoding import encode
from weilend.models.forest import Forest
from weilend.models.sample import Column
from weilend.models.table import Booleans, Floats, Integers, Table


def score_boosted(model: BoostedModel, rows: Sequence[FeatureRow], features: Sequence[Described]) -> list[Score]:
    """Return the score of each row; a row is scored alike alone and among others.

    `base_points` are those of the average training row, and what each column brings is its exact Shapley value in whole points
    (see `attributions`), stated in the words of the feature of its name. Raises `InputError` where a row lacks a column.

    >>> from weilend.models.recipes.monotone_boosting import example_model
    >>> values = {"sales": 90_000, "debt": None, "region": 3, "age": -9}
    >>> (said,) = score_boosted(example_model(), [FeatureRow(business_id="B", as_of=0, feature_set="f", values=values)], ())
    >>> said.points == said.base_points + sum(one.points for one in said.contributions), said.outside
    (True, ('sales',))
    """
    columns = {column.name: column for column in model.columns}
    table = Table.of(rows, model.reads)
    matrix = encode(table, model.slots)
    told, beyond = attribute_of(model, matrix), find_outside(model, table, matrix)
    words = {feature.name: feature for feature in features}
    found = []
    for row, points, outside in zip(rows, told.points.tolist(), beyond.tolist(), strict=True):
        total = told.base_points + sum(points)
        strange = tuple(name for name, is_strange in zip(table.names, outside, strict=True) if is_strange)
        brought = {name: part for name, part in zip(told.features, points, strict=True) if part or name in strange}
        found.append(
            Score(model_id=model.model_id, base_points=told.base_points, points=total,
                  pd_ppm=model.pd_ppm[total - LEAST_POINTS], contributions=_tell(row, brought, columns, words), outside=strange)
        )  # fmt: skip
    return found


def _tell(
    row: FeatureRow, brought: Mapping[str, int], columns: Mapping[str, Column], words: Mapping[str, Described]
) -> tuple[Contribution, ...]:
    return tuple(tell(columns[name], row.values[name], points, words.get(name)) for name, points in brought.items())


def find_outside(model: BoostedModel, table: Table, matrix: Floats) -> Booleans:
    """Return (n, columns) whether training saw no such value: beyond its range, a new word, unknown where it was always known.

    `matrix` is the table encoded in the model's slots; columns are in the table's order.

    >>> from weilend.models.recipes.monotone_boosting import example_model, example_sample
    >>> model, table = example_model(), example_sample().table
    >>> bool(find_outside(model, table, encode(table, model.slots)).any())
    False
    """
    seen, place = _seen(model.forest), {name: at for at, name in enumerate(table.names)}
    with np.errstate(invalid="ignore"):  # what is not known is beyond nothing
        strange = (matrix < seen.least) | (matrix > seen.most)
    for at, words in seen.words.items():
        strange[:, at] = ~np.isnan(matrix[:, at]) & ~np.isin(matrix[:, at], words)
    found = np.zeros((len(table), len(place)), dtype=np.bool_)
    np.logical_or.at(found.T, [place[slot.feature] for slot in model.slots], strange.T)
    always = [place[slot.feature] for slot in model.slots if slot.fill is not None]
    found[:, always] |= ~table.known[:, always]
    return found


class _Seen(msgspec.Struct, frozen=True, eq=False):
    """Least and most of each column that is a number, without bounds elsewhere; the words of categories by their place."""

    least: Floats
    most: Floats
    words: dict[int, Integers]


@lru_cache(maxsize=64)
def _seen(forest: Forest) -> _Seen:
    least, most, words = [], [], {}
    for at, told in enumerate(forest.seen):
        is_range = told is not None and isinstance(told[0], float)
        least.append(told[0] if told is not None and is_range else -np.inf)
        most.append(told[1] if told is not None and is_range else np.inf)
        if told is not None and not is_range:
            words[at] = np.array(told, dtype=np.int64)
    return _Seen(np.array(least), np.array(most), words)
