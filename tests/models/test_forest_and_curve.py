"""Trees as values, the curve and the encoding: whole numbers that equal the library's doubles to the bit."""

from __future__ import annotations

import lightgbm
import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weilend.core.errors import CheckError, InputError
from weilend.models.boosted import BoostedModel, load, repaired, save, with_prior
from weilend.models.calibration import Update
from weilend.models.curve import FINE, LIMIT, Curve
from weilend.models.encoding import encode, encode_value
from weilend.models.forest import GRID, average, example_forest
from weilend.models.grouped import grouped_folds
from weilend.models.recipes.monotone_boosting import example_model, example_sample
from weilend.models.table import Table


def test_the_library_and_numpy_say_the_same_to_the_bit():
    model, sample = example_model(), example_sample(rows=600, seed=9)
    assert (model.units(sample.table) == model.forest.units(encode(sample.table, model.slots))).all()


def test_a_margin_is_a_whole_number_on_the_grid_and_the_batch_does_not_matter():
    model, sample = example_model(), example_sample(rows=200, seed=3)
    matrix = encode(sample.table, model.slots)
    margin = lightgbm.Booster(model_str=model.forest.text).predict(matrix, raw_score=True, num_threads=1) * GRID
    assert (margin == np.rint(margin)).all()
    alone = [int(model.units(sample.table.take([row]))[0]) for row in range(50)]
    assert alone == model.units(sample.table)[:50].tolist()


def test_leaves_off_the_grid_would_be_noticed():
    text = example_forest().text.replace("leaf_value=0.5", "leaf_value=0.3333333333")
    margin = lightgbm.Booster(model_str=text).predict(np.array([[1.0, 0.0]]), raw_score=True, num_threads=1) * GRID
    assert (margin != np.rint(margin)).all()


def test_the_average_of_models_is_the_mean_of_their_margins():
    one = example_forest()
    other = average([one.text.replace("leaf_value=0.5", "leaf_value=0.1")])
    rows = np.array([[1.0, 0.0], [9.0, 3.0]])
    both = average([one.text, other.text])
    assert np.abs(both.units(rows) - (one.units(rows) + other.units(rows)) / 2).max() <= len(both.trees())
    with pytest.raises(InputError, match="same columns"):
        average([one.text, one.text.replace("region", "town")])


@given(st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=30))
def test_a_curve_says_the_same_of_one_and_of_many_and_never_rises(units):
    curve = Curve((-3 * GRID, -GRID, 5, 4 * GRID), (800 * FINE, 700 * FINE + 3, 600 * FINE, 400 * FINE + 1))
    many = curve.points(np.array(sorted(units)))
    assert many.tolist() == [curve.point(unit) for unit in sorted(units)]
    assert (np.diff(many) <= 0).all()
    assert curve.point(10 * LIMIT) == curve.point(LIMIT)


def test_a_curve_that_rises_is_refused():
    with pytest.raises(InputError, match="do not fall"):
        Curve((0, 1), (5, 6))


def test_one_value_is_encoded_as_a_column_is():
    model, sample = example_model(), example_sample(rows=50, seed=4)
    matrix = encode(sample.table, model.slots)
    for at, slot in enumerate(model.slots):
        values, known = sample.table.column(slot.feature)
        one = [encode_value(slot, int(v) if k else None) for v, k in zip(values, known, strict=True)]
        assert np.array_equal(matrix[:, at], np.array(one), equal_nan=True)


def test_null_where_training_always_knew_reads_as_the_middle_value():
    model, sample = example_model(), example_sample()
    values, known = sample.table.values[:1].copy(), sample.table.known[:1].copy()
    known[0, 0] = False
    unknown = model.units(Table(sample.table.names, np.where(known, values, 0), known, ("a",)))
    values[0, 0], known[0, 0] = next(slot.fill for slot in model.slots if slot.feature == "sales"), True
    assert unknown == model.units(Table(sample.table.names, values, known, ("a",)))


def test_declared_signs_hold_at_every_value():
    model, sample = example_model(), example_sample(rows=40, seed=5)
    for name, sign in (("sales", 1), ("debt", -1)):
        place = sample.table.names.index(name)
        for row in range(20):
            grid = np.linspace(sample.table.values[:, place].min(), sample.table.values[:, place].max(), 60).astype(np.int64)
            values = np.tile(sample.table.values[row], (60, 1))
            values[:, place] = grid
            known = np.ones_like(values, dtype=np.bool_)
            points = model.predict(Table(sample.table.names, values, known, tuple(map(str, range(60))))).points
            assert (np.diff(points) * sign >= 0).all(), name


def test_pd_falls_with_points_and_repairs_move_pd_alone():
    model = example_model()
    assert list(model.pd_ppm) == sorted(model.pd_ppm, reverse=True)
    worse = repaired(model, Update("intercept", 500_000, 1_000_000, 0, 0))
    twice = repaired(worse, Update("intercept_and_slope", 0, 2_000_000, 0, 0))
    assert (worse.curve, worse.trees) == (model.curve, model.trees)
    assert worse.pd_ppm[500] > model.pd_ppm[500]
    assert (twice.slope_micro, twice.intercept_micro) == (2_000_000, 1_000_000)
    assert with_prior(model, model.sample_ppm) == model


def test_a_changed_model_is_refused(tmp_path):
    model = example_model()
    save(model, tmp_path)
    assert (
        load(tmp_path).predict(example_sample().table).points.tolist() == model.predict(example_sample().table).points.tolist()
    )
    text = (tmp_path / "trees.txt").read_text()
    (tmp_path / "trees.txt").write_text(text.replace("leaf_value=", "leaf_value=1.0 ", 1))
    with pytest.raises(CheckError, match="not what its id says"):
        load(tmp_path)
    (tmp_path / "model.json").write_text("{")
    with pytest.raises(InputError, match="does not hold a boosted model"):
        load(tmp_path)


def test_the_json_has_no_float_and_nothing_is_pickled(tmp_path):
    save(example_model(), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.json", "trees.txt"]
    assert isinstance(msgspec.json.decode((tmp_path / "model.json").read_bytes(), type=BoostedModel), BoostedModel)


@given(st.integers(0, 10**6), st.integers(2, 6))
@settings(max_examples=30)
def test_groups_stay_together_and_folds_are_even(seed, folds):
    rng = np.random.default_rng(seed)
    group, bad = rng.integers(0, 60, 200), (rng.random(200) < 0.3).astype(np.int64)
    fold = grouped_folds(group, bad, folds=folds, seed=seed)
    assert all(len(set(fold[group == one].tolist())) == 1 for one in np.unique(group))
    bads = np.bincount(fold, weights=bad, minlength=folds)
    assert bads.max() - bads.min() <= bad.sum() / folds / 2 + 5
    with pytest.raises(InputError, match="use fewer folds"):
        grouped_folds(np.zeros(5, dtype=np.int64), np.array([0, 1, 0, 0, 1]), folds=2, seed=1)
