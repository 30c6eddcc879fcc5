"""Calibration: curves recover a known bend, intervals cover, repairs are found where they were planted, grades rise."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from weilend.core.errors import InputError
from weilend.core.money import PPM
from weilend.models.calibration import (
    choose_curve,
    choose_update,
    jeffreys_interval,
    jeffreys_p_value,
    measure_fitness,
    pd_of_points,
)
from weilend.models.forest import GRID
from weilend.models.logit import fit_logit
from weilend.models.master_scale import Grade, MasterScale, grade_table, load_scale


def outcomes(seed: int, rows: int, bend):
    rng = np.random.default_rng(seed)
    margin = rng.normal(-1.5, 1.5, rows)
    return np.rint(margin * GRID).astype(np.int64), (rng.random(rows) < 1 / (1 + np.exp(-bend(margin)))).astype(np.int64)


BENDS = {
    "platt": lambda margin: 0.4 + 0.7 * margin,
    "beta": lambda margin: -0.5 - 2.5 * np.logaddexp(0, -margin) + 0.1 * np.logaddexp(0, margin),
    "isotonic": lambda margin: np.where(margin < -2, -6, np.where(margin < 0, -1.2, 2.0)),
}


@pytest.mark.parametrize("shape", BENDS)
def test_the_shape_that_made_the_outcomes_is_chosen_and_its_pds_hold(shape):
    units, bad = outcomes(1, 60_000, BENDS[shape])
    made = choose_curve(units, bad, np.ones(len(bad)))
    assert made.shape == shape == min(made.losses_ppm, key=made.losses_ppm.get)
    fresh, label = outcomes(2, 60_000, BENDS[shape])
    fit = measure_fitness(label, pd_of_points(made.curve.points(fresh)))
    assert 900_000 < fit.slope.estimate_ppm < 1_100_000
    assert abs(fit.intercept.estimate_ppm) < 60_000


def test_a_margin_that_says_nothing_or_the_wrong_thing_still_gives_a_falling_curve():
    for way in (0.0, -1.0):
        units, bad = outcomes(3, 3_000, lambda margin, way=way: -1 + way * margin)
        points = choose_curve(units, bad, np.ones(3_000)).curve.points(np.arange(-4, 5) * GRID)
        assert (np.diff(points) <= 0).all()


def test_weights_count_as_rows():
    units, bad = outcomes(4, 2_000, BENDS["platt"])
    twice = np.where(bad == 1, 2.0, 1.0)
    doubled = choose_curve(np.r_[units, units[bad == 1]], np.r_[bad, bad[bad == 1]], np.ones(2_000 + bad.sum()))
    assert choose_curve(units, bad, twice).curve.point(0) == pytest.approx(doubled.curve.point(0), abs=1)


def test_logit_agrees_with_its_closed_form_and_refuses_one_class():
    fit = fit_logit(np.ones((50, 1)), np.r_[np.ones(10), np.zeros(40)].astype(np.int64))
    assert fit.coefficients[0] == pytest.approx(np.log(0.25))
    with pytest.raises(InputError, match="all labels are the same"):
        fit_logit(np.ones((5, 1)), np.zeros(5, dtype=np.int64))


def test_the_intervals_of_intercept_and_slope_cover_the_truth():
    rng = np.random.default_rng(5)
    inside = 0
    for _ in range(200):
        pd = rng.integers(5_000, 400_000, 1500)
        fit = measure_fitness((rng.random(1500) < pd / PPM).astype(np.int64), pd)
        inside += fit.intercept.holds_zero() + (fit.slope.lo_ppm <= PPM <= fit.slope.hi_ppm)
    assert 0.92 < inside / 400 < 0.98


def test_a_repair_is_asked_for_where_it_is_needed_and_nowhere_else():
    rng = np.random.default_rng(6)
    kinds = {"none": 0, "intercept": 0, "intercept_and_slope": 0}
    for _ in range(100):
        pd = rng.integers(10_000, 300_000, 2000)
        kinds[choose_update((rng.random(2000) < pd / PPM).astype(np.int64), pd).kind] += 1
    assert kinds["none"] >= 88
    logit = np.log(pd / (PPM - pd))
    flat = (rng.random(2000) < 1 / (1 + np.exp(-(-1.5 + 0.3 * logit)))).astype(np.int64)
    update = choose_update(flat, pd)
    assert update.kind == "intercept_and_slope"
    assert 100_000 < update.slope_micro < 500_000


def test_jeffreys_matches_its_distribution_and_is_calibrated():
    assert jeffreys_interval(50, 50).hi_ppm == PPM
    rng = np.random.default_rng(7)
    p = np.array([jeffreys_p_value(int(bads), 500, 40_000) for bads in rng.binomial(500, 0.04, 4000)])
    assert 0.03 < (p < 0.05).mean() < 0.07
    assert jeffreys_p_value(40, 500, 40_000) < 0.001 < 0.9 < jeffreys_p_value(8, 500, 40_000)


def test_grades_rise_with_pd_and_a_scale_that_does_not_is_refused(tmp_path):
    scale = load_scale()
    assert (np.diff(scale.places(np.arange(1, PPM, 997))) >= 0).all()
    with pytest.raises(InputError, match="do not rise"):
        MasterScale("x", (Grade("A", 5), Grade("B", 4), Grade("C", PPM)))
    with pytest.raises(InputError, match="names a grade twice"):
        MasterScale("x", (Grade("A", 5), Grade("A", PPM)))
    (tmp_path / "s.toml").write_text('name = "x"\ngrades = 3')
    with pytest.raises(InputError, match="is not a master scale"):
        load_scale(tmp_path / "s.toml")


def test_a_grade_whose_pd_is_too_low_has_a_small_p_value():
    pd = np.array([10_000] * 500 + [100_000] * 500)
    bad = np.zeros(1000, dtype=np.int64)
    bad[:20], bad[500:550] = 1, 1
    safe, risky = grade_table(bad, pd, load_scale())
    assert safe.too_low_p_ppm < 1_000 < 300_000 < risky.too_low_p_ppm
    assert msgspec.structs.asdict(safe)["rows"] == 500
