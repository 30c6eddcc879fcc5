"""Reject inference: weights and guesses are what they say, bands cover the truth where they should, claims need truth."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import numpy as np
import pytest
from bench.model_data import uci_taiwan

from weilend.core.errors import InputError
from weilend.models.prediction import Prediction
from weilend.models.prior import to_pd_ppm
from weilend.models.reject_inference import augment, bad_rate_bands, claim, explore, fuzzy, parcel
from weilend.models.reject_inference.masked import METHODS, example_train, try_masked
from weilend.models.sample import Column, Sample
from weilend.models.table import Table

DATA = os.environ.get("WEILEND_DATA")


class Line:
    """A model that is one logistic line through the first column: quick, and right in the worlds below."""

    def __init__(self, sample: Sample, _seed: int) -> None:
        from weilend.models.logit import fit_logit

        self.columns = self.design(sample.table)
        fit = fit_logit(self.columns, sample.bad, weight=sample.weight / sample.weight.mean())
        self.line = fit.coefficients

    @staticmethod
    def design(table: Table) -> np.ndarray:
        return np.stack([np.ones(len(table)), table.values[:, 0] / 1000], axis=1)

    def predict(self, table: Table) -> Prediction:
        logit = self.design(table) @ self.line
        return Prediction(np.rint(-1000 * logit).astype(np.int64), to_pd_ppm(logit))


def world(seed: int, rows: int = 3000, hidden: float = 0.0) -> tuple[Sample, np.ndarray]:
    """Return applicants and who is accepted: by what the model sees, and by a field that it does not, worth `hidden` logits."""
    rng = np.random.default_rng(seed)
    seen, unseen = rng.normal(size=rows), rng.normal(size=rows)
    bad = (rng.random(rows) < 1 / (1 + np.exp(2 + seen + hidden * unseen))).astype(np.int64)
    accepted = seen + (unseen if hidden else 0) + 0.7 * rng.normal(size=rows) > -0.2
    values = np.rint(1000 * seen).astype(np.int64)[:, None]
    table = Table(("seen",), values, np.ones((rows, 1), dtype=np.bool_), tuple(map(str, range(rows))))
    return Sample(table=table, columns=(Column(name="seen", scale=1000, sign=1),), bad=bad, weight=np.ones(rows),
                  group=np.arange(rows), month=np.full(rows, -1)), accepted  # fmt: skip


def covered(hidden: float, worlds: int) -> tuple[float, float, float]:
    """Return how often each band held the true bad rate of all applicants."""
    inside = np.zeros(3)
    for seed in range(worlds):
        sample, yes = world(seed, hidden=hidden)
        accepted, declined = sample.take(yes), sample.take(~yes)
        bands = bad_rate_bands(accepted, declined, Line, seed=seed)
        truth = 1_000_000 * sample.bad.mean()
        inside += [band.lo_ppm <= truth <= band.hi_ppm for band in bands]
    return tuple(inside / worlds)


def test_bands_cover_the_truth_where_nothing_is_hidden():
    same, worse, nothing = covered(0.0, 40)
    assert same >= 0.9
    assert worse >= 0.9
    assert nothing == 1.0


def test_time_leaves_two_trainings_anew_and_the_bands_are_those_of_two() -> None:
    sample, yes = world(3)
    sides = sample.take(yes), sample.take(~yes)
    assert bad_rate_bands(*sides, Line, seed=1, stop=lambda: True) == bad_rate_bands(*sides, Line, seed=1, refits=2)
    assert bad_rate_bands(*sides, Line, seed=1, stop=lambda: False) == bad_rate_bands(*sides, Line, seed=1)


def test_bands_cover_the_truth_where_the_policy_saw_more_and_the_plain_point_does_not():
    same, worse, nothing = covered(0.8, 40)
    assert same < 0.5  # the planted fault: the policy declined for what the model does not see
    assert worse >= 0.9
    assert nothing == 1.0


def test_augmentation_weights_stand_for_everyone():
    sample, yes = world(3, rows=6000)
    weight = augment(sample.take(yes), sample.take(~yes), Line, seed=1).sample.weight
    seen = sample.table.values[:, 0]
    plain, stands = seen[yes].mean(), np.average(seen[yes], weights=weight)
    assert abs(stands - seen.mean()) < 0.45 * abs(plain - seen.mean())


def test_exploration_is_unbiased_even_where_the_policy_saw_more():
    sample, yes = world(4, rows=40_000, hidden=0.8)
    chance = np.where(yes, 1.0, 0.1)
    drawn = np.random.default_rng(5).random(40_000) < chance
    accepted = sample.take(drawn)
    known = explore(accepted, np.rint(1e6 * chance[drawn]).astype(np.int64)).sample
    truth, plain = sample.bad.mean(), accepted.bad.mean()
    assert abs(np.average(known.bad, weights=known.weight) - truth) < 0.008 < truth - plain
    for wrong in (np.zeros(len(accepted), dtype=np.int64), np.full(3, 5), np.full(len(accepted), 2_000_000)):
        with pytest.raises(InputError, match="probability of acceptance"):
            explore(accepted, wrong)


def test_guesses_are_as_bad_as_stated():
    sample, yes = world(6)
    accepted, declined = sample.take(yes), sample.take(~yes)
    said = Line(accepted, 0).predict(declined.table).pd_ppm.mean() / 1e6
    soft = fuzzy(accepted, declined, Line, seed=1)
    guessed = soft.sample.take(~soft.known)
    assert np.average(guessed.bad, weights=guessed.weight) == pytest.approx(said)
    worse = fuzzy(accepted, declined, Line, seed=1, factor_ppm=3_000_000).sample.take(~soft.known)
    assert np.average(worse.bad, weights=worse.weight) > 1.3 * said
    dealt = [
        parcel(accepted, declined, Line, seed=1, factor_ppm=f).sample.bad[len(accepted) :].mean() for f in (10**6, 2 * 10**6)
    ]
    assert dealt[0] < dealt[1]


@pytest.mark.parametrize("name", METHODS)
def test_no_method_reads_what_is_hidden(name):
    sample, yes = world(7, rows=1200)
    accepted, declined = sample.take(yes), sample.take(~yes)
    flipped = msgspec.structs.replace(declined, bad=1 - declined.bad)
    one, two = (METHODS[name](accepted, side, Line, 3).sample for side in (declined, flipped))
    assert (one.bad == two.bad).all()
    assert (one.weight == two.weight).all()


def test_other_columns_and_nothing_hidden_are_refused():
    sample, yes = world(8, rows=400)
    other = msgspec.structs.replace(sample.take(~yes), columns=(Column(name="seen"),))
    with pytest.raises(InputError, match="have other columns"):
        augment(sample.take(yes), other, Line, seed=1)
    with pytest.raises(InputError, match="no row, or every row, is hidden"):
        try_masked(sample, np.zeros(400, dtype=np.bool_), sample, Line, seed=1)


def test_improves_is_never_said_without_truth():
    sample, yes = world(9, rows=1500, hidden=0.8)
    found = try_masked(sample, ~yes, world(10, rows=1500, hidden=0.8)[0], Line, seed=1, draws=200)
    for one in found:
        auc = next(d for d in one.differences if d.metric == "auc")
        assert claim(auc, judged_on="guesses") == claim(None, judged_on="truth") == "untested"
        assert (one.claim == "improves") == (auc.lo > 0)
    assert "improves" not in repr(METHODS["fuzzy"](sample.take(yes), sample.take(~yes), Line, 1).assumption)


@pytest.mark.skipif(not DATA, reason="WEILEND_DATA does not say where the public lending data lies")
@pytest.mark.parametrize("field", [None, "PAY_0"], ids=["by_points", "by_a_field_hidden_from_the_model"])
def test_on_real_rows_that_were_hidden(field):
    """Taiwan's cards: the riskier 40 % by a model, or by a field that the model then does not see, count as declined."""
    everyone = uci_taiwan(Path(DATA))
    everyone = everyone.take(np.random.default_rng(1).permutation(len(everyone))[:3000])
    if field is None:
        risk = -example_train(everyone.take(np.arange(1000)), 1).predict(everyone.table).points
        sample = everyone
    else:
        risk = everyone.table.column(field)[0]
        names = [name for name in everyone.table.names if name != field]
        kept = tuple(column for column in everyone.columns if column.name != field)
        sample = msgspec.structs.replace(everyone, table=everyone.table.select(names), columns=kept)
    hidden = risk > np.quantile(risk, 0.6) if field is None else risk > 0
    train = np.arange(3000) < 1500
    found = try_masked(sample.take(train), hidden[train], sample.take(~train), example_train, seed=1, draws=100, refits=4)
    for one in found:
        same, worse, nothing = one.bands
        assert worse.lo_ppm <= one.all_ppm <= worse.hi_ppm, one.method
        assert nothing.lo_ppm <= one.all_ppm <= nothing.hi_ppm
        assert same.hi_ppm < one.all_ppm  # the plain point misses: trees know nothing beyond a hard cut, nor of a hidden field
        assert one.claim in ("improves", "no difference shown", "worsens")
