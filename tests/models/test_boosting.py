"""The boosting recipes: deterministic, calibrated, weighted, grouped, stoppable; the additive one is a sum of tables."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from weilend.core.errors import CheckError, InputError
from weilend.models import training
from weilend.models.calibration import measure_fitness
from weilend.models.metrics import auc
from weilend.models.recipes import additive_boosting, monotone_boosting
from weilend.models.recipes.monotone_boosting import example_sample
from weilend.models.shapes import draw_shapes
from weilend.models.straightened import Straightened
from weilend.models.table import Table
from weilend.models.training import Budget, train

QUICK = Budget(folds=3, repeats=1, most_trees=60)
RECIPES = (monotone_boosting, additive_boosting)


@pytest.mark.parametrize("recipe", RECIPES)
def test_the_same_rows_seed_and_trials_give_the_same_model(recipe):
    sample = example_sample(300, seed=2)
    one, two = (recipe.fit(sample, seed=4, trials=2, budget=QUICK) for _ in range(2))
    assert one == two
    assert one != recipe.fit(sample, seed=5, trials=2, budget=QUICK)


@pytest.mark.parametrize("recipe", RECIPES)
def test_it_tells_fresh_rows_apart_and_its_pds_hold(recipe):
    model, fresh = recipe.fit(example_sample(2000, seed=6), seed=1, trials=1, budget=QUICK), example_sample(2000, seed=7)
    said = model.predict(fresh.table)
    assert auc(fresh.bad, said.points) > 0.7
    fit = measure_fitness(fresh.bad, said.pd_ppm)
    assert 800_000 < fit.slope.estimate_ppm < 1_250_000
    assert abs(fit.mean_pd_ppm - fit.bad_rate_ppm) < 30_000


def test_labels_dealt_at_random_teach_nothing():
    sample = example_sample(600, seed=8)
    noise = msgspec.structs.replace(sample, bad=np.random.default_rng(1).permutation(sample.bad))
    model = monotone_boosting.fit(noise, seed=1, trials=4, budget=QUICK)
    fresh = example_sample(600, seed=9)
    assert 0.4 < auc(np.random.default_rng(2).permutation(fresh.bad), model.predict(fresh.table).points) < 0.6
    assert model.predict(fresh.table).pd_ppm.std() < 60_000


def test_stop_ends_the_search_and_trials_bound_it():
    asked = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) >= 3

    monotone_boosting.fit(example_sample(200), seed=1, trials=50, stop=stop, budget=QUICK)
    assert len(asked) == 3


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_settings_without_hope_are_not_tried_on_the_rest_of_the_folds(monkeypatch, order):
    """Of two settings one learns next to nothing: where the other came first it is tried on half of the folds alone; the other is
    taken either way."""
    good = {**monotone_boosting.STARTS[0], "learning_rate": 0.2}
    starts = [(good, {**good, "min_data_in_leaf": 190})[place] for place in order]
    tried = []
    validate = training._cross_validate

    def watch(rows, fold, settings, budget, only=None):
        tried.append((settings["min_data_in_leaf"], only if only is None else len(only)))
        return validate(rows, fold, settings, budget, only)

    monkeypatch.setattr(training, "_cross_validate", watch)
    budget = msgspec.structs.replace(QUICK, folds=4, repeats=1)
    made = train(example_sample(), monotone_boosting.signs, monotone_boosting.RANGES, starts, seed=1, trials=2,
                 stop=monotone_boosting.never, budget=budget)  # fmt: skip
    searched = [one for one in tried if one[1] is not None]
    assert searched.count((190, 2)) == (1 if order == (0, 1) else 2)
    assert searched.count((good["min_data_in_leaf"], 2)) == 2
    assert made.settings["min_data_in_leaf"] == good["min_data_in_leaf"] * 1_000_000


def test_folds_that_judge_are_not_those_that_chose(monkeypatch):
    """The search and the judgement each have a dealing of their own: folds that chose the settings would flatter them."""
    seeds = []
    deal = training.grouped_folds

    def watch(group, bad, *, folds, seed):
        seeds.append(seed)
        return deal(group, bad, folds=folds, seed=seed)

    monkeypatch.setattr(training, "grouped_folds", watch)
    monotone_boosting.fit(example_sample(), seed=1, trials=2, budget=QUICK)
    assert len(seeds) == 2
    assert seeds[0] != seeds[1]


def test_weights_move_the_pd_and_the_prior_is_that_of_the_weighted_sample():
    sample = example_sample(800, seed=3)
    heavy = msgspec.structs.replace(sample, weight=np.where(sample.bad == 1, 3.0, 1.0))
    plain, more = (monotone_boosting.fit(s, seed=1, trials=1, budget=QUICK) for s in (sample, heavy))
    assert more.sample_ppm == round(1_000_000 * 480 / 1120)
    assert plain.predict(sample.table).pd_ppm.mean() < 250_000 < more.predict(sample.table).pd_ppm.mean()


def test_rows_of_one_group_never_help_each_other():
    """Each row stands there four times: ungrouped folds would make the margins out of fold look far too good."""
    sample = example_sample(250, seed=5)
    noise = msgspec.structs.replace(sample, bad=np.random.default_rng(3).permutation(sample.bad))
    copies = noise.take(np.tile(np.arange(250), 4))
    apart = msgspec.structs.replace(copies, group=np.arange(1000))
    honest, leaky = (
        monotone_boosting.fit(s, seed=1, trials=1, budget=QUICK).predict(s.table).pd_ppm.std() for s in (copies, apart)
    )
    assert honest * 2 < leaky


def test_few_groups_with_bads_are_refused_in_words():
    sample = example_sample(100)
    one = msgspec.structs.replace(sample, group=np.zeros(100, dtype=np.int64))
    with pytest.raises(InputError, match="use fewer folds or more data"):
        monotone_boosting.fit(one, seed=1, trials=1, budget=QUICK)


def test_many_rows_keep_one_model_and_search_on_a_part():
    sample = example_sample(600, seed=4)
    small = Budget(folds=3, repeats=1, most_trees=40, bag_rows=500, search_rows=200)
    model = monotone_boosting.fit(sample, seed=1, trials=2, budget=small)
    assert len(model.forest.trees()) * 1_000_000 <= model.settings["trees"]


def test_the_tables_of_an_additive_model_are_the_model():
    sample = example_sample(500, seed=11)
    model = additive_boosting.fit(sample, seed=1, trials=1, budget=QUICK, most_pairs=3)
    shapes = draw_shapes(model.forest, model.slots, model.columns)
    values = np.array([[10**12, -(10**12), 7, -9], [0, 0, 0, 0], [-5, 49, 3, 10**9]])
    known = np.array([[True] * 4, [False] * 4, [True] * 4])
    for table in (example_sample(2000, seed=12).table, Table(sample.table.names, values, known, tuple("abc"))):
        assert (shapes.units(table) == model.units(table)).all()
    assert {len(shape.features) for shape in shapes.shapes} <= {1, 2}


def test_signs_hold_in_every_table():
    sample = example_sample(500, seed=11)
    model = additive_boosting.fit(sample, seed=1, trials=1, budget=QUICK, most_pairs=0)
    for shape in draw_shapes(model.forest, model.slots, model.columns).shapes:
        if shape.features == ("sales",):
            assert (np.diff(shape.units[: shape.axes[0].pieces]) <= 0).all()
        if shape.features == ("debt",):
            assert (np.diff(shape.units[: shape.axes[0].pieces]) >= 0).all()


def test_pairs_are_found_where_they_were_planted_and_trees_without_limits_are_no_tables():
    rng = np.random.default_rng(4)
    sample = example_sample(3000, seed=13)
    sales, debt = np.argsort(np.argsort(sample.table.values[:, 0])), np.argsort(np.argsort(sample.table.values[:, 1]))
    both = (sales > 1500) ^ (debt > 1500)
    undeclared = tuple(msgspec.structs.replace(column, sign=0) for column in sample.columns)
    planted = msgspec.structs.replace(
        sample, columns=undeclared, bad=(rng.random(3000) < np.where(both, 0.5, 0.1)).astype(np.int64)
    )
    model = additive_boosting.fit(planted, seed=1, trials=1, budget=QUICK, most_pairs=1)
    shapes = draw_shapes(model.forest, model.slots, model.columns).shapes
    assert shapes[0].features == ("debt", "sales")
    start = {**monotone_boosting.STARTS[0], "feature_fraction": 1.0}
    deep = train(planted, monotone_boosting.signs, (), [start], seed=1, trials=1, stop=monotone_boosting.never, budget=QUICK)
    with pytest.raises(CheckError, match="use attributions"):
        draw_shapes(deep.forest, deep.slots, planted.columns)


class Fold:
    """What the library hands to a measure: outcomes, and no weights."""

    def __init__(self, bad):
        self.bad = bad

    def get_label(self):
        return self.bad

    def get_weight(self):
        return None


def straightened(logit, bad):
    measure, fold = Straightened(), Fold(bad)
    return [measure(expit(logit), fold)[1] for _ in range(40)][-1]


@given(stretch=st.floats(0.3, 4.0), shift=st.floats(-2, 2), seed=st.integers(0, 50))
@settings(max_examples=10, deadline=None)
def test_saying_too_much_or_too_little_costs_nothing_and_ordering_worse_does(stretch, shift, seed):
    """Planted: plain log-loss takes chances that order worse for the better ones, because the others say too much."""
    dice = np.random.default_rng(seed)
    logit = dice.normal(size=20_000)
    bad = (dice.random(20_000) < expit(logit)).astype(np.float64)
    assert abs(straightened(stretch * logit + shift, bad) - straightened(logit, bad)) < 5e-3
    blurred = logit + dice.normal(size=20_000)
    assert straightened(blurred, bad) > straightened(6 * logit, bad) + 0.02
    plain = [float(np.mean(np.logaddexp(0, one) - bad * one)) for one in (blurred, 6 * logit)]
    assert plain[0] < plain[1]


@pytest.mark.filterwarnings("error")
def test_a_fold_that_is_ordered_perfectly_stays_finite():
    bad = np.repeat([0.0, 1.0], 50)
    for logit in (np.where(bad == 1, 18.0, -18.0), np.zeros(100), np.where(bad == 1, -15.0, 15.0)):
        assert np.isfinite(straightened(logit, bad))
