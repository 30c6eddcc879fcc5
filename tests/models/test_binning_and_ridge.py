"""The two engines of the scorecard against oracles: isotonic regression of scikit-learn, L-BFGS-B of SciPy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from weilend.models.binning import _means_at_once, _means_one_by_one, fine_bins, place, pool, weigh
from weilend.models.ridge import fit_path
from weilend.models.table import Table


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_pooling_equals_isotonic_regression(sign: float) -> None:
    rng = np.random.default_rng(1)
    for _ in range(50):
        weight = rng.integers(0, 9, 7).astype(float)
        weight[3] += 1
        value = rng.normal(size=7) * weight
        fit = pool(value[None], weight[None], np.array([sign]))[0]
        at = np.flatnonzero(weight > 0)
        oracle = IsotonicRegression(increasing=sign > 0).fit(at, value[at] / weight[at], weight[at]).predict(at)
        assert fit[at] == pytest.approx(oracle, abs=1e-9)
        assert np.isnan(fit[weight == 0]).all()


def test_many_features_are_pooled_as_few_to_the_bit() -> None:
    rng = np.random.default_rng(4)
    for shape in ((3, 4, 7), (5, 1), (9,), (2, 12)):
        weight = rng.integers(0, 4, shape).astype(float)
        value = np.minimum(rng.integers(0, 4, shape), weight).astype(float)
        few, many = _means_at_once(value, weight), _means_one_by_one(value, weight)
        assert np.array_equal(np.where(weight > 0, few, 0), np.where(weight > 0, many, 0))


def test_every_fine_bin_is_large_enough_and_holds_what_its_cuts_say() -> None:
    rng = np.random.default_rng(2)
    values = np.stack([rng.integers(0, 5, 123), rng.integers(0, 10**12, 123), np.zeros(123, dtype=np.int64)], axis=1)
    known = rng.random((123, 3)) > 0.2
    table = Table(("a", "b", "c"), values, known, tuple(map(str, range(123))))
    fine = fine_bins(table, bins=5, min_rows=12)
    assert np.array_equal(place(values, known, fine), fine.index)
    for column in range(3):
        sizes = np.bincount(fine.index[known[:, column], column], minlength=5)
        assert sizes[sizes > 0].min() >= 12
    assert (fine.index[~known] == 5).all()
    assert len(np.unique(fine.index[known[:, 2], 2])) == 1


def test_evidence_is_monotone_and_smaller_than_raw_evidence() -> None:
    rng = np.random.default_rng(3)
    rows = rng.integers(5, 30, (200, 4, 6)).astype(float)
    bads = np.floor(rows * rng.random((200, 4, 6)) * 0.5)
    sign = np.array([1.0, -1.0, 1.0, -1.0])
    woe = weigh(rows, bads, sign, prior_rows=5, min_rows=10).woe
    assert (np.diff(woe[..., :-1], axis=-1) * sign[:, None] >= -1e-9).all()
    assert (woe[..., -1] <= 0).all()
    raw = weigh(rows, bads, sign, prior_rows=1e-9, min_rows=10).woe
    assert np.abs(woe[..., :-1]).max() < np.abs(raw[..., :-1]).max()


@pytest.mark.parametrize("inverse", [1.0, 0.03, 0.001])
def test_without_a_bound_it_is_the_logistic_regression_of_scikit_learn(inverse: float) -> None:
    """The benchmark's way: no signs, a penalty that weighs as much as 1 / inverse rows."""
    rng = np.random.default_rng(5)
    columns = rng.normal(size=(240, 40))
    label = (rng.random(240) < 1 / (1 + np.exp(1 - columns[:, 0] + columns[:, 1]))).astype(np.int64)
    ours = fit_path(-columns, label, [1.0, 1 / (inverse * 240)], least=-np.inf)[-1]
    oracle = LogisticRegression(C=inverse, solver="newton-cholesky", tol=1e-9, max_iter=500).fit(columns, label)
    assert ours == pytest.approx(np.append(oracle.intercept_, oracle.coef_[0]), abs=1e-5)
    assert (ours[1:] < 0).any(), "planted: a bound that stays would leave none below 0"


@pytest.mark.parametrize("strength", [1.0, 0.1, 0.003])
def test_the_solver_reaches_the_optimum_of_scipy(strength: float) -> None:
    rng = np.random.default_rng(4)
    woe = rng.normal(size=(98, 6))
    label = (rng.random(98) < 1 / (1 + np.exp(1 + woe[:, 0] - 0.8 * woe[:, 1]))).astype(np.int64)
    design = np.hstack([np.ones((98, 1)), -woe])

    def loss(b):
        logit = design @ b
        value = (np.logaddexp(0, logit) - logit * label).mean() + strength / 2 * (b[1:] ** 2).sum()
        gradient = design.T @ (1 / (1 + np.exp(-logit)) - label) / 98 + strength * np.array([0, *b[1:]])
        return value, gradient

    ours = fit_path(woe, label, [3.0, strength])[-1]
    bounds = [(None, None), *[(0, None)] * 6]
    oracle = minimize(loss, np.zeros(7), jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-14, "gtol": 1e-9})
    assert ours == pytest.approx(oracle.x, abs=1e-4)
    assert ours[2] == 0.0  # its evidence points the wrong way: nothing, rather than a turned sign
