"""Bins hold what was promised: size, shape, signs, order in every period; unseen words, codes and NULL have their places."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weilend.models.bins import BinRules, bin_sample, evidence_of, evidence_out_of_fold
from weilend.models.bins.shapes import choose_shape, fit_shape, log_likelihood
from weilend.models.metrics import auc
from weilend.models.ranks import rank_auc
from weilend.models.sample import Column, Sample
from weilend.models.table import Table

ROWS = 4_000


def sample_of(values, chance, *, columns=None, month=None, known=None, seed: int = 1) -> Sample:
    values = np.asarray(values).reshape(len(chance), -1).astype(np.int64)
    names = tuple(f"x{at}" for at in range(values.shape[1]))
    known = np.ones(values.shape, dtype=np.bool_) if known is None else np.asarray(known).reshape(values.shape)
    bad = (np.random.default_rng(seed).random(len(values)) < chance).astype(np.int64)
    return Sample(
        table=Table(names, np.where(known, values, 0), known, tuple(map(str, range(len(values))))),
        columns=columns or tuple(Column(name=name) for name in names), bad=bad, weight=np.ones(len(values)),
        group=np.arange(len(values)), month=np.full(len(values), -1) if month is None else month,
    )  # fmt: skip


def line(rows: int = ROWS) -> np.ndarray:
    return np.random.default_rng(0).permutation(rows)


@pytest.mark.parametrize(
    ("shape", "chance"),
    [
        ("up", lambda u: 0.05 + 0.3 * u),
        ("down", lambda u: 0.35 - 0.3 * u),
        ("peak", lambda u: 0.05 + 0.4 * (1 - np.abs(2 * u - 1))),
        ("valley", lambda u: 0.05 + 0.4 * np.abs(2 * u - 1)),
        ("free", lambda u: 0.2 + 0.18 * np.sin(u * 18)),
    ],
)
def test_the_shape_of_the_risk_is_found(shape, chance) -> None:
    x = line()
    (bins,) = bin_sample(sample_of(x, chance(x / ROWS)), seed=1)
    assert bins.shape == shape
    assert bins.information > 0.05
    if shape in ("up", "down"):
        woe = bins.woe[: bins.count]
        assert (np.diff(woe) * (1 if shape == "down" else -1) > -1e-9).all()


def test_noise_is_worth_nothing_out_of_fold_and_seldom_bends() -> None:
    dice = np.random.default_rng(4)
    sample = sample_of(dice.integers(0, 10**6, (ROWS, 20)), np.full(ROWS, 0.2))
    found = bin_sample(sample, seed=1)
    assert abs(np.mean([one.information for one in found])) < 0.005
    assert sum(one.shape in ("up", "down") for one in found) >= 17


def test_a_declared_sign_holds_whatever_the_data_say() -> None:
    x = line()
    (bins,) = bin_sample(sample_of(x, 0.05 + 0.3 * x / ROWS, columns=(Column(name="x0", sign=1),)), seed=1)
    assert bins.shape == "down"
    assert (np.diff(bins.woe[: bins.count]) >= -1e-9).all()
    assert bins.information < 0.01


def test_bins_are_large_enough_and_hold_both_outcomes() -> None:
    x = line()
    rules = BinRules(least_share=0.05, least_each=20)
    (bins,) = bin_sample(sample_of(x, 0.4 * (x / ROWS) ** 3), seed=1, rules=rules)
    rows, bads = bins.rows[: bins.count], bins.bads[: bins.count]
    assert rows.min() >= 0.05 * ROWS
    assert min(bads.min(), (rows - bads).min()) >= 20
    assert bins.rows.sum() == ROWS


def test_null_and_codes_have_bins_of_their_own_and_rare_ones_say_nothing() -> None:
    x, dice = line(), np.random.default_rng(2)
    chance = 0.05 + 0.2 * x / ROWS
    code, gone, rare = dice.random(ROWS) < 0.1, dice.random(ROWS) < 0.1, dice.random(ROWS) < 0.002
    chance = np.where(code, 0.6, np.where(gone, 0.5, chance))
    values = np.where(code, -9, np.where(rare, -8, x))
    column = Column(name="x0", specials=(-9, -8))
    (bins,) = bin_sample(sample_of(values, chance, columns=(column,), known=~gone), seed=1)
    null, nine, eight = bins.woe[bins.count :]
    assert null < -0.5
    assert nine < -0.5
    assert eight == 0.0
    assert bins.place(np.array([-9, -8, 0, 5]), np.array([True, True, False, True])).tolist() == [
        bins.count + 1, bins.count + 2, bins.count, 0,
    ]  # fmt: skip


def test_words_stand_by_risk_and_a_word_never_seen_stands_with_the_rare_ones() -> None:
    dice = np.random.default_rng(3)
    place = dice.integers(0, 40, ROWS)
    place[:5] = 40  # one rare word
    words = tuple(f"w{at:02d}" for at in range(42))
    sample = sample_of(place, np.where(place % 2 == 0, 0.35, 0.1), columns=(Column(name="x0", kind="category", words=words),))
    (bins,) = bin_sample(sample, seed=1)
    even, odd = bins.woe[list(bins.levels[0:40:2])], bins.woe[list(bins.levels[1:40:2])]
    assert np.median(even) < np.median(odd)
    assert bins.levels[40] == bins.levels[41] == bins.levels[42]
    assert bins.place(np.array([99]), np.array([True]))[0] == bins.levels[-1]


def test_many_words_that_say_nothing_are_worth_nothing() -> None:
    place = np.random.default_rng(5).integers(0, 120, ROWS)
    words = tuple(map(str, range(120)))
    sample = sample_of(place, np.full(ROWS, 0.2), columns=(Column(name="x0", kind="category", words=words),))
    (bins,) = bin_sample(sample, seed=1)
    assert bins.information < 0.02
    honest = rank_auc(sample.bad, evidence_out_of_fold(sample, seed=1)[:, 0])
    believed = rank_auc(sample.bad, evidence_of([bins], sample.table)[:, 0])
    assert abs(honest - 0.5) < 0.03
    assert believed > 0.52  # the planted mistake: judged on the rows that made it, noise looks like evidence


def test_bins_that_turn_between_periods_are_merged_at_a_stated_price() -> None:
    x = line()
    month = np.arange(ROWS) * 4 // ROWS
    low = x < ROWS // 2
    chance = np.where(low, np.where(month < 3, 0.35, 0.05), 0.15)
    (bins,) = bin_sample(sample_of(x, chance, month=month), seed=1)
    assert bins.count < 3
    assert bins.price_stable > 0.02
    assert any("change their order" in said for said in bins.refused)
    (steady,) = bin_sample(sample_of(x, np.where(low, 0.35, 0.15), month=month), seed=1)
    assert steady.price_stable == 0.0
    assert steady.count >= 2


def test_the_order_of_rows_does_not_matter() -> None:
    dice = np.random.default_rng(6)
    x = dice.integers(0, 500, (ROWS, 2))
    sample = sample_of(x, 0.05 + 0.3 * x[:, 0] / 500)
    rows = dice.permutation(ROWS)
    for one, other in zip(bin_sample(sample, seed=1), bin_sample(sample.take(rows), seed=1), strict=True):
        assert one.cuts == other.cuts
        assert np.allclose(one.woe, other.woe)


def test_weights_count_as_rows() -> None:
    x = line()
    sample = sample_of(x, 0.05 + 0.3 * x / ROWS)
    heavy = msgspec.structs.replace(sample, weight=np.full(ROWS, 2.0))
    (one,), (two,) = bin_sample(sample, seed=1), bin_sample(heavy, seed=1)
    assert one.shape == two.shape
    assert two.rows.sum() == 2 * one.rows.sum()


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=2, max_size=9),
    st.sampled_from(["up", "down", "peak", "valley"]),
)
@settings(max_examples=80, deadline=None)
def test_a_shape_is_kept_and_a_bent_one_explains_no_less(counts, name) -> None:
    rows = np.array([goods + bads + 1.0 for goods, bads in counts])
    bads = np.array([float(bads) for _, bads in counts])
    fit = fit_shape(rows, bads, name)
    steps = np.sign(np.round(np.diff(fit), 12))
    turns = int((np.diff(steps[steps != 0]) != 0).sum())
    assert turns <= (name in ("peak", "valley"))
    assert ((fit > 0) & (fit < 1)).all() or bads.sum() in (0, rows.sum())
    plain = fit_shape(rows, bads, {"peak": "up", "valley": "down"}.get(name, name))
    r, b = rows + 1, bads + bads.sum() / rows.sum()
    inside = (fit > 0) & (fit < 1)
    if inside.all() and ((plain > 0) & (plain < 1)).all():
        assert log_likelihood(r, b, fit) >= log_likelihood(r, b, plain) - 1e-9


def test_a_bend_must_show_on_held_out_rows() -> None:
    rows = np.full((5, 4), 30.0)
    bads = np.tile(np.array([9.0, 6.0, 3.0, 4.0]), (5, 1))
    bads[0, 3] = 7.0  # one fold alone bends
    assert choose_shape(rows, bads, 0).name == "down"


def test_the_quick_auc_is_the_exact_one() -> None:
    dice = np.random.default_rng(8)
    label, points = dice.integers(0, 2, 300), dice.integers(0, 20, 300)
    good, bad = points[label == 0][:, None], points[label == 1]
    pairs = ((good > bad) + 0.5 * (good == bad)).mean()
    assert rank_auc(label, points) == pytest.approx(pairs, abs=1e-12)
    assert auc(label, points) == rank_auc(label, points)
