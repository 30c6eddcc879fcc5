"""Trees that XGBoost grew say the same as ours: on numbers, NULL, categories and codes; what is no model is refused."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from weilend.models.boosted import loaded
from weilend.models.encoding import encode, lay_out
from weilend.models.forest import GRID
from weilend.models.recipes.monotone_boosting import example_sample
from weilend.models.recipes.spark_boosting import SETTINGS, _cells, _signs, ask_columns
from weilend.models.xgboost_trees import Asked, read_trees

#: A tree that asks sales (NULL goes right) and then whether the region is the 34th word.
WRITTEN = {
    "learner": {
        "learner_model_param": {"base_score": "[5E-1]"},
        "gradient_booster": {
            "model": {
                "trees": [
                    {
                        "left_children": [1, -1, 3, -1, -1], "right_children": [2, -1, 4, -1, -1], "split_indices": [0, 0, 1, 0, 0],
                        "split_conditions": [10.0, 0.5, 0.5, -0.25, 0.125], "default_left": [0, 0, 1, 0, 0],
                        "sum_hessian": [8.0, 4.0, 4.0, 2.0, 2.0], "base_weights": [0.0] * 5, "loss_changes": [1.0] * 5,
                    },
                    {
                        "left_children": [-1], "right_children": [-1], "split_indices": [0], "split_conditions": [0.0625],
                        "default_left": [0], "sum_hessian": [8.0], "base_weights": [0.0], "loss_changes": [0.0],
                    },
                ]
            }
        },
    }
}  # fmt: skip


def slots():
    return lay_out(example_sample(100))[1:3]  # debt, which may be unknown, and region


def test_a_tree_written_by_hand_is_read_question_by_question():
    forest = read_trees(msgspec.json.encode(WRITTEN).decode(), slots(), (Asked(0), Asked(1, 33)), trees=2)
    rows = np.array([[9.0, 33.0], [10.0, 33.0], [10.0, 1.0], [np.nan, np.nan]])
    wanted = np.array([0.5, 0.125, -0.25, -0.25]) + 0.0625
    assert (forest.units(rows) == wanted * GRID).all()
    assert (loaded(forest.text).predict(rows, raw_score=True) == wanted).all()
    assert len(read_trees(msgspec.json.encode(WRITTEN).decode(), slots(), (Asked(0), Asked(1, 33)), trees=1).trees()) == 2


def test_a_number_on_the_edge_goes_where_xgboost_sends_it():
    """XGBoost asks below, ours up to: with the edge taken over as it is, a row on it would go the other way."""
    forest = read_trees(msgspec.json.encode(WRITTEN).decode(), slots(), (Asked(0), Asked(1, 33)), trees=1)
    assert forest.trees()[1].splits[0].threshold == 9


def test_what_xgboost_grows_says_the_same_here():
    xgboost = pytest.importorskip("xgboost", reason="xgboost is not installed")
    sample = example_sample(1200, seed=3)
    layout = lay_out(sample)
    asked, cells = ask_columns(sample, layout), encode(sample.table, layout)
    seen = xgboost.DMatrix(np.column_stack([_cells(cells, one) for one in asked]), sample.bad)
    settings = SETTINGS | {
        "objective": "binary:logistic",
        "monotone_constraints": _signs(layout, asked),
        "seed": 1,
        "nthread": 1,
    }
    theirs = xgboost.train(settings, seen, 15)
    forest = read_trees(bytes(theirs.save_raw("json")).decode(), layout, asked, trees=15)
    said = forest.units(cells) / GRID
    assert np.abs(said - theirs.predict(seen, output_margin=True)).max() < 1e-5  # it adds up in single precision
    assert (loaded(forest.text).predict(cells, raw_score=True) == said).all()
    assert {split.words is None for tree in forest.trees() for split in tree.splits} == {True, False}  # numbers and categories
    told = np.asarray(loaded(forest.text).predict(cells[:40], pred_contrib=True))
    assert np.abs(told.sum(axis=1) - said[:40]).max() < 1e-9
