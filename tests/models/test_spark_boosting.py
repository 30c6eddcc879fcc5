"""The boosting recipe on Spark: both workers have rows, the model is one of ours, the same twice; what lacks is said."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from weilend.core.errors import InputError
from weilend.engine import spark_boost
from weilend.engine.spark_boost import HELD_OUT, boost, deal_out, what_training_lacks
from weilend.models.attributions import attribute
from weilend.models.calibration import measure_fitness
from weilend.models.ranks import rank_auc
from weilend.models.recipes import monotone_boosting, spark_boosting
from weilend.models.recipes.monotone_boosting import example_sample
from weilend.models.training import Budget
from weilend.testing.spark import NO_SPARK, spark_session

LACKS = what_training_lacks()
needs_spark = pytest.mark.skipif(bool(NO_SPARK), reason=NO_SPARK or "Spark is here")
needs_training = pytest.mark.skipif(bool(LACKS), reason=f"training on Spark is not tested: {LACKS}")
pytestmark = pytest.mark.xdist_group("spark")


@needs_spark
def test_every_worker_has_its_share_and_one_without_rows_is_refused():
    frame = spark_session().range(11)
    assert sorted(deal_out(frame, 2)[1]) == [5, 6]
    with pytest.raises(InputError, match="2 rows leave a worker of 3 without any"):
        deal_out(frame.limit(2), 3)


@needs_spark
def test_a_deal_by_hash_that_leaves_a_worker_empty_is_caught():
    """The planted fault: all rows have one key, so that a deal by key gives all of them to one worker."""

    class ByKey:
        """Rows that are dealt out by a key that is the same in all of them."""

        def repartition(self, workers):
            return spark_session().range(11).selectExpr("id", "1 AS key").repartition(workers, "key")

    with pytest.raises(InputError, match="without any"):
        deal_out(ByKey(), 2)


def test_what_is_not_installed_is_said_in_words(tmp_path, monkeypatch):
    monkeypatch.setattr(spark_boost, "find_spec", lambda name: None if name == "xgboost" else object())
    monkeypatch.setattr(spark_boost, "what_is_missing", lambda: "")
    with pytest.raises(InputError, match="xgboost not installed"):
        boost(tmp_path, ["c0"], None, settings={}, workers=2, seed=1)


@needs_training
@pytest.mark.nightly
def test_the_recipe_on_spark_is_the_recipe():
    sample, fresh = example_sample(1500, seed=3), example_sample(1500, seed=4)
    made = spark_boosting.fit(sample, spark_session(), seed=1, most_trees=60)
    assert made.rows == (750, 750)
    said = made.model.predict(fresh.table)
    here = monotone_boosting.fit(sample, seed=1, trials=1, budget=Budget(folds=3, repeats=1, most_trees=60)).predict(
        fresh.table
    )
    assert abs(rank_auc(fresh.bad, said.points) - rank_auc(fresh.bad, here.points)) < 0.02
    assert 800_000 < measure_fitness(fresh.bad, said.pd_ppm).slope.estimate_ppm < 1_250_000
    told = attribute(made.model, fresh.table)
    assert (told.base_points + told.points.sum(axis=1) == said.points).all()
    richer = msgspec.structs.replace(fresh.table, values=fresh.table.values + np.array([10**6, 0, 0, 0]))
    assert (made.model.predict(richer).points[fresh.table.known[:, 0]] >= said.points[fresh.table.known[:, 0]]).all()
    assert spark_boosting.fit(sample, spark_session(), seed=1, most_trees=60).model == made.model
    assert HELD_OUT not in made.model.forest.columns
