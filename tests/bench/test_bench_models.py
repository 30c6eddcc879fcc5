"""The models' bench: a stopped run goes on where it was, every bar can fail, and what was measured is what is told."""

from __future__ import annotations

import numpy as np
import pytest
from bench.model_cache import Cache, digest
from bench.model_firms import told_apart
from bench.models import FOLDS, SEED, lines, summarise

from weilend.models.grouped import grouped_folds
from weilend.models.prior import to_pd_ppm
from weilend.models.sample import example_sample


@pytest.fixture(scope="module")
def sample():
    return example_sample(1500)


def said(sample, strength, *, slope=1.0):
    """Return what a model would say that knows the risk that strongly, and its PDs with that slope too steep or too flat."""
    noise = np.random.default_rng(3).normal(size=len(sample))
    income, use = sample.table.values[:, 0], sample.table.values[:, 2]
    logit = strength * (1.5 - income / 200 - (use == 2)) + (1 - strength) * noise
    return {"points": np.rint(-1000 * logit).astype(np.int64), "pd_ppm": to_pd_ppm(slope * logit), "cpu_ms": np.array([1500])}


def test_what_was_done_is_not_done_again_unless_what_it_hangs_on_changed(tmp_path):
    done = []

    def work():
        done.append(1)
        return {"points": np.arange(3)}

    cache = Cache(tmp_path)
    for hangs_on, is_new in ((digest("a"), True), (digest("a"), False), (digest("b", np.arange(2)), True)):
        kept, was_new = cache.get("set-card", hangs_on, work)
        assert (kept["points"].tolist(), was_new) == ([0, 1, 2], is_new)
    assert len(done) == 2
    assert digest(np.arange(2)) != digest(np.arange(2)[::-1])


def test_every_bar_is_met_by_equals_and_missed_by_the_worse(sample):
    equal = {"card": said(sample, 0.9), "boosting": said(sample, 0.9), "lightgbm": said(sample, 0.9)}
    assert summarise({"gmsc": lines("gmsc", sample, equal)}, {"gmsc": 3.0})[1]
    worse = equal | {"boosting": said(sample, 0.3, slope=3.0), "card": said(sample, 0.3)}
    made = {"gmsc": lines("gmsc", sample, worse)}
    told, good = summarise(made, {"gmsc": 301.0})
    assert not good
    text = "\n".join(told)
    for bar in ("lower bound: 0 of 1 met", "card: 0 of 1 met", "not on gmsc", "too slow: gmsc", ": NO"):
        assert bar in text
    assert [line.met.get("slope") for line in made["gmsc"] if line.cells[3] == "boosting"] == [False]


def test_the_cuts_of_one_set_count_as_one_set(sample):
    better, equal = (
        {"boosting": said(sample, 1.0), "flaml": said(sample, 0.3)},
        {"boosting": said(sample, 1.0), "flaml": said(sample, 1.0)},
    )
    cuts = {f"cumcm2020c-{cut}": lines("x", sample, better) for cut in ("2018-01", "2018-07", "2019-01", "2019-06")}
    gain = next(line.difference[1] for line in cuts["cumcm2020c-2018-01"] if line.difference)
    told, _ = summarise(cuts | {"german": lines("german", sample, equal)}, {})
    assert f"{gain / 2 / 1_000_000:+.4f}" in told[0]


def test_who_is_told_apart_are_those_without_a_history(sample):
    apart = told_apart(sample, example_sample(40).table)
    assert (len(apart), int(apart.bad.sum()), int(apart.bad[:1500].sum())) == (1540, 40, 0)
    assert len(np.unique(grouped_folds(apart.group, apart.bad, folds=FOLDS, seed=SEED))) == FOLDS
