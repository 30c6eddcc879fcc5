"""Validation: exact metrics against oracles, honest intervals, and nothing found where there is nothing."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import brier_score_loss, roc_auc_score

from weilend.models.drift import measure_drift
from weilend.models.folds import SEEDS, stratified_folds
from weilend.models.metrics import auc, auc_difference, auc_interval, brier, by_third, calibration, ks
from weilend.models.recipes import logistic, woe_card
from weilend.models.table import Table
from weilend.models.validate import judge, judge_permutations, nested_cross_validation, permuted_auc, runs_over_seeds


def recipes(features):
    return {
        "card": partial(woe_card.fit, features=features, prior_ppm=219_512),
        "logistic": partial(logistic.fit, features=features, prior_ppm=219_512),
    }


def test_auc_ks_and_brier_equal_their_oracles() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        label = (rng.random(60) < 0.3).astype(np.int64)
        points = rng.integers(0, 15, 60) - 3 * label
        pd_ppm = rng.integers(1, 999_999, 60)
        assert auc(label, points) == pytest.approx(roc_auc_score(1 - label, points), abs=1e-12)
        assert ks(label, points) == pytest.approx(stats.ks_2samp(points[label == 1], points[label == 0]).statistic, abs=1e-12)
        assert brier(label, pd_ppm) == pytest.approx(brier_score_loss(label, pd_ppm / 1e6), abs=1e-12)


def test_calibration_finds_the_distortion_that_was_put_in() -> None:
    rng = np.random.default_rng(2)
    logit = rng.normal(-1, 1.5, 40_000)
    label = (rng.random(40_000) < 1 / (1 + np.exp(-logit))).astype(np.int64)
    too_bold = 1e6 / (1 + np.exp(-(2 * logit + 0.5)))
    intercept, slope = calibration(label, too_bold.astype(np.int64))
    assert slope == pytest.approx(0.5, abs=0.03)
    assert intercept == pytest.approx(-0.25, abs=0.06)


def delong_error(label, points) -> float:
    bads, goods = points[label == 1], points[label == 0]
    wins = (goods[None, :] > bads[:, None]) + 0.5 * (goods[None, :] == bads[:, None])
    return float(np.sqrt(wins.mean(axis=1).var(ddof=1) / len(bads) + wins.mean(axis=0).var(ddof=1) / len(goods)))


def test_the_bootstrap_is_as_wide_as_delongs_interval() -> None:
    rng = np.random.default_rng(3)
    label = (np.arange(123) < 27).astype(np.int64)
    points = np.rint(100 * (rng.normal(size=123) - 1.2 * label)).astype(np.int64)
    found = auc_interval(label, points, seed=1)
    assert (found.hi_ppm - found.lo_ppm) / 1e6 == pytest.approx(2 * 1.96 * delong_error(label, points), rel=0.12)
    assert found.lo_ppm < found.estimate_ppm < found.hi_ppm


def test_a_paired_difference_is_narrower_than_an_unpaired_one_and_row_order_is_nothing() -> None:
    rng = np.random.default_rng(4)
    label = (np.arange(123) < 27).astype(np.int64)
    a = np.rint(100 * (rng.normal(size=123) - 1.5 * label)).astype(np.int64)
    b = a + rng.integers(-20, 21, 123)
    paired, alone = auc_difference(label, a, b, seed=1), auc_interval(label, a, seed=1)
    assert paired.hi_ppm - paired.lo_ppm < (alone.hi_ppm - alone.lo_ppm) / 2
    rows = rng.permutation(123)
    assert auc_difference(label[rows], a[rows], b[rows], seed=1) == paired
    swapped = auc_difference(label, b, a, seed=1)
    assert swapped.estimate_ppm == -paired.estimate_ppm


def test_thirds_count_every_firm_and_every_bad_once() -> None:
    label = (np.arange(122) % 7 == 0).astype(np.int64)
    size = np.arange(122) // 2  # ties stay together
    thirds = by_third(label, size, np.stack([size, -size]), seed=1)
    assert sum(third.rows for third in thirds) == 122
    assert sum(third.bads for third in thirds) == int(label.sum())
    assert max(third.rows for third in thirds) - min(third.rows for third in thirds) <= 3


@pytest.mark.parametrize("name", ["card", "logistic"])
def test_out_of_fold_points_do_not_hang_on_row_order(firms, name: str) -> None:
    table, label, features = firms(1)
    rows = np.random.default_rng(0).permutation(len(table))
    fit = recipes(features)[name]
    straight = nested_cross_validation(fit, table, label, seed=1)
    shuffled = nested_cross_validation(fit, table.take(rows), label[rows], seed=1)
    assert np.array_equal(straight.points[rows], shuffled.points)
    assert np.array_equal(straight.pd_ppm[rows], shuffled.pd_ppm)


def test_no_model_sees_the_fold_that_it_judges(firms) -> None:
    table, label, features = firms(2)
    seen = []

    def spy(part, part_label, *, seed):
        seen.append(set(part.ids))
        return woe_card.fit(part, part_label, features, seed=seed, prior_ppm=80_000)

    nested_cross_validation(spy, table, label, seed=5)
    fold = stratified_folds(table, label, folds=5, seed=5)
    for this, ids in enumerate(seen):
        assert ids == {name for name, part in zip(table.ids, fold, strict=True) if part != this}


def test_the_card_holds_its_own_against_the_benchmark_and_both_are_calibrated(firms) -> None:
    table, label, features = firms(3, k=16)
    fits = recipes(features)
    size = table.values[:, 0]
    figures = {
        name: judge(label, list(runs_over_seeds(fit, table, label, seeds=SEEDS[:4])), size, seeds=SEEDS[:4])
        for name, fit in fits.items()
    }
    assert figures["card"].auc.estimate_ppm > figures["logistic"].auc.estimate_ppm - 40_000
    for found in figures.values():
        assert found.auc.estimate_ppm > 700_000
        assert abs(found.mean_pd_ppm - 219_512) < 30_000
        assert 400_000 < found.calibration_slope_ppm < 2_000_000


def test_where_there_is_nothing_the_pipeline_finds_nothing(firms) -> None:
    table, label, features = firms(4)
    found = [permuted_auc(recipes(features)["card"], table, label, seed=seed) for seed in range(1, 21)]
    summary = judge_permutations(found, observed=0.8)
    assert abs(summary.mean_ppm - 500_000) < 45_000
    assert summary.p_value_ppm == round(1e6 / 21)


class PeekingModel:
    """The bug that permutations must catch: features were chosen on all labels, before the folds were cut."""

    def __init__(self, table: Table, chosen: np.ndarray, sign: np.ndarray) -> None:
        self.chosen, self.sign = chosen, sign

    def predict(self, table: Table):
        from weilend.models.prediction import Prediction

        points = (table.values[:, self.chosen] * self.sign).sum(axis=1)
        return Prediction(points, np.full(len(table), 100_000))


def test_permutations_catch_a_pipeline_that_looks_at_all_labels_first() -> None:
    rng = np.random.default_rng(5)
    values = rng.integers(0, 1000, (123, 40))
    table = Table(tuple(f"n{j:02d}" for j in range(40)), values, values >= 0, tuple(f"B{i}" for i in range(123)))
    found = []
    for _ in range(10):
        label = rng.permutation((np.arange(123) < 27).astype(np.int64))
        contrast = values[label == 0].mean(axis=0) - values[label == 1].mean(axis=0)
        chosen = np.argsort(-np.abs(contrast))[:5]

        def peek(part, part_label, *, seed, chosen=chosen, contrast=contrast):
            return PeekingModel(part, chosen, np.sign(contrast[chosen]).astype(np.int64))

        found.append(auc(label, nested_cross_validation(peek, table, label, seed=1).points))
    assert np.mean(found) > 0.6


def test_drift_sees_a_shift_and_not_a_random_split(firms) -> None:
    table, _, _ = firms(6, n=425)
    before, after = table.take(np.arange(123)), table.take(np.arange(123, 425))
    quiet = measure_drift(before, after, seed=1)
    assert sum(found.moved for found in quiet) <= 2
    values = after.values.copy()
    values[:, 2] = values[:, 2] * 3 + 40
    shifted = measure_drift(before, Table(after.names, values, after.known, after.ids), seed=1)
    assert shifted[2].moved
    assert shifted[2].lo_ppm > shifted[2].chance_ppm
    assert [found.psi_ppm for found in shifted][3:] == [found.psi_ppm for found in quiet][3:]
    assert all(found.psi_ppm >= 0 for found in quiet)


def test_drift_of_known_to_unknown_is_drift() -> None:
    values = np.arange(200)[:, None] % 50
    half = [Table(("x",), values, np.full((200, 1), known), tuple(map(str, range(200)))) for known in (True, False)]
    assert measure_drift(*half, seed=1, draws=50)[0].moved
