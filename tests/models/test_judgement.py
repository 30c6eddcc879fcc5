"""Judgement: intervals cover, pairs are paired, groups are drawn whole, gates read bounds, a champion goes only on evidence."""

from __future__ import annotations

import time

import numpy as np
import pytest

from weilend.core.errors import InputError
from weilend.models.calibration import pd_of_points
from weilend.models.judgement import Difference, Finding, Gate, compare, judge_challenger, load_gates, measure
from weilend.models.judgement.bootstrap import Contender, draw
from weilend.models.judgement.gates import gap, holm, measure_stability, read_grades
from weilend.models.master_scale import grade_table, load_scale
from weilend.models.metrics import auc, auc_difference, auc_interval, ks
from weilend.models.prediction import Prediction


def contender(name: str, points: np.ndarray, profit: np.ndarray | None = None) -> Contender:
    return Contender(name, Prediction(points, pd_of_points(points)), profit)


def book(seed: int, rows: int, *noise: float) -> tuple[np.ndarray, list[np.ndarray]]:
    rng = np.random.default_rng(seed)
    quality = rng.normal(size=rows)
    bad = (rng.random(rows) < 1 / (1 + np.exp(1.5 + 1.2 * quality))).astype(np.int64)
    return bad, [np.rint(550 + 30 * (quality + n * rng.normal(size=rows))).astype(np.int64) for n in noise]


def test_figures_are_those_of_the_plain_definitions():
    bad, (a,) = book(1, 700, 0.8)
    found = draw(bad, np.arange(700), [contender("a", a)], seed=1, draws=1)
    chance = np.where(bad == 1, pd_of_points(a), 1_000_000 - pd_of_points(a)) / 1e6
    assert found.values[0] == pytest.approx([auc(bad, a), ks(bad, a), -np.log(chance).mean()])


def test_intervals_are_those_of_the_exact_bootstrap():
    bad, (a, b) = book(2, 400, 0.5, 1.5)
    found = draw(bad, np.arange(400), [contender("a", a), contender("b", b)], seed=3, draws=1500)
    one, two = measure(found)[0], compare(found, "a", "b")[0]
    old, pair = auc_interval(bad, a, seed=5), auc_difference(bad, a, b, seed=5)
    assert (one.estimate, two.estimate) == (old.estimate_ppm, pair.estimate_ppm)
    for ours, theirs in ((one.lo, old.lo_ppm), (one.hi, old.hi_ppm), (two.lo, pair.lo_ppm), (two.hi, pair.hi_ppm)):
        assert abs(ours - theirs) < 7_000


def test_the_paired_interval_covers_the_true_difference():
    big, (a, b) = book(10, 300_000, 0.6, 1.0)
    truth = draw(big, np.arange(300_000), [contender("a", a), contender("b", b)], seed=1, draws=1)
    true = 1e6 * (truth.values[0, 0] - truth.values[0, 3])
    inside = 0
    for seed in range(60):
        bad, (x, y) = book(100 + seed, 600, 0.6, 1.0)
        found = compare(draw(bad, np.arange(600), [contender("a", x), contender("b", y)], seed=seed, draws=200), "a", "b")[0]
        inside += found.lo <= true <= found.hi
    assert 51 <= inside <= 60


def test_groups_are_drawn_whole_and_pairing_narrows():
    bad, (a, b) = book(4, 500, 0.8, 0.9)
    copies = np.tile(np.arange(500), 4)
    both = [contender("a", a[copies]), contender("b", b[copies])]
    grouped, apart = (draw(bad[copies], group, both, seed=1, draws=400) for group in (copies, np.arange(2000)))
    assert measure(grouped)[0].error > 1.6 * measure(apart)[0].error
    alone = measure(grouped)
    assert compare(grouped, "a", "b")[0].error < (alone[0].error ** 2 + alone[3].error ** 2) ** 0.5


def test_weights_and_profit_enter_and_other_rows_are_refused():
    bad, (a,) = book(5, 300, 0.8)
    profit = np.where(a > 560, np.where(bad == 1, -900, 100), 0)
    found = draw(bad, np.arange(300), [contender("a", a, profit)], seed=1, draws=20)
    assert measure(found)[3].estimate == round(1000 * profit.mean())
    heavy = draw(bad, np.arange(300), [contender("a", a)], seed=1, draws=1, weight=np.where(np.arange(300) < 150, 1.0, 0.0))
    assert heavy.values[0, 0] == pytest.approx(auc(bad[:150], a[:150]))
    with pytest.raises(InputError, match="compare on the same rows"):
        draw(bad, np.arange(300), [contender("a", a[:9])], seed=1)
    with pytest.raises(InputError, match="all labels are the same"):
        draw(np.zeros(300, dtype=np.int64), np.arange(300), [contender("a", a)], seed=1)


def test_two_thousand_draws_of_many_rows_take_seconds():
    bad, (a, b) = book(6, 150_000, 0.5, 0.6)
    began = time.process_time()
    draw(bad, np.arange(150_000), [contender("a", a), contender("b", b)], seed=1, draws=60)
    assert (time.process_time() - began) * 2000 / 60 < 30  # about 3 s on a quiet core


def test_chance_alone_rarely_moves_points_and_a_shift_is_seen():
    rng = np.random.default_rng(7)
    moved = [
        measure_stability(*(rng.normal(550, 30, n).astype(np.int64) for n in (120, 300)), seed=s, draws=200) for s in range(150)
    ]
    assert 0.01 < np.mean([one.moved for one in moved]) < 0.10
    assert max(one.psi_ppm for one in moved) > 100_000  # amber by the plain limit, though nothing moved
    gate = load_gates()["points_psi"]
    assert not [one for one in moved if gate.read(one.lo_ppm, one.hi_ppm).state == "red"]
    far = measure_stability(rng.normal(550, 30, 900).astype(np.int64), rng.normal(580, 30, 900).astype(np.int64), seed=1)
    assert gate.read(far.lo_ppm, far.hi_ppm).state == "red"


def test_a_gate_reads_bounds_and_little_data_is_open():
    gate = Gate("gap", "interval", 20, 50, "why")
    read = {bounds: gate.read(*bounds).state for bounds in ((-5, 20), (-5, 21), (21, 60), (51, 60))}
    assert list(read.values()) == ["green", "open", "amber", "red"]


def test_an_overfitted_model_fails_the_gap_and_an_honest_one_does_not():
    train, (a,) = book(8, 3000, 0.3)
    honest, (b,) = book(9, 3000, 0.3)
    worse, (c,) = book(11, 3000, 3.0)
    sides = [draw(bad, np.arange(3000), [contender("m", p)], seed=s, draws=300) for s, (bad, p) in
             enumerate(((train, a), (honest, b), (worse, c)))]  # fmt: skip
    gate = load_gates()["auc_gap"]
    assert gate.read(*gap(sides[0], sides[2], "auc")).state == "red"
    assert gate.read(*gap(sides[0], sides[1], "auc")).state in ("green", "open")


def test_holm_keeps_the_error_over_many_grades():
    assert holm([20_000]) == (20_000,)
    rng = np.random.default_rng(12)
    gate, scale = load_gates()["grade_too_low"], load_scale()
    pd = rng.integers(1_000, 500_000, 6000)
    alarms = [
        read_grades(gate, grade_table((rng.random(6000) < pd / 1e6).astype(np.int64), pd, scale)).state != "open"
        for _ in range(120)
    ]
    assert np.mean(alarms) < 0.11


@pytest.mark.parametrize(
    ("lo", "hi", "metric", "red", "verdict"),
    [
        (1, 9, "auc", False, "replace"),
        (-1, 9, "auc", False, "no_evidence"),
        (1, 9, "log_loss", False, "keep"),
        (-9, -1, "auc", False, "keep"),
        (1, 9, "profit", True, "keep"),
        (1, 9, "ks", False, "no_evidence"),
    ],
)
def test_a_champion_is_replaced_only_on_evidence(lo, hi, metric, red, verdict):
    findings = [Finding("auc_gap", "red" if red else "open", 0, 0)]
    assert judge_challenger([Difference("new", "old", metric, 5, lo, hi, 2)], findings).verdict == verdict
