"""The card of a flat table: one card class with the book's; integers that add up; as good as its evidence; honest about noise."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from weilend.core.errors import InputError
from weilend.core.ids import canonical_json
from weilend.core.values import FeatureRow
from weilend.models.backfit import Steps, fit_scores, loss_of
from weilend.models.card import Card, check_identity, score, strongest_reasons, with_prior
from weilend.models.package import read_card
from weilend.models.ranks import rank_auc
from weilend.models.recipes import flat_card, woe_card
from weilend.models.recipes.registry import RECIPES
from weilend.models.sample import Column, Sample, example_sample
from weilend.models.selection import select_columns
from weilend.models.table import Table


def coded(seed: int = 1, rows: int = 3_000) -> Sample:
    """Three numbers (one with a code, one bent, one noise), a category, gaps; the label follows all but the noise."""
    dice = np.random.default_rng(seed)
    x = dice.normal(size=(rows, 3))
    use = dice.integers(0, 4, rows)
    code = dice.random(rows) < 0.05
    danger = 0.9 * x[:, 0] + 0.7 * (np.abs(x[:, 1]) - 0.8) + np.array([0.0, 0.4, -0.4, 0.8])[use] - 1.8 + 1.2 * code
    values = np.column_stack([np.where(code, -9_000, np.rint(x[:, 0] * 1000)), np.rint(x[:, 1:] * 1000), use]).astype(np.int64)
    known = dice.random(values.shape) > 0.05
    columns = (
        Column(name="debt", specials=(-9_000,)), Column(name="bent"), Column(name="noise"),
        Column(name="use", kind="category", words=("经营", "rent", "wages", "other")),
    )  # fmt: skip
    return Sample(
        table=Table(tuple(c.name for c in columns), np.where(known, values, 0), known, tuple(map(str, range(rows)))),
        columns=columns, bad=(dice.random(rows) < 1 / (1 + np.exp(-danger))).astype(np.int64), weight=np.ones(rows),
        group=np.arange(rows), month=np.full(rows, -1),
    )  # fmt: skip


@pytest.fixture(scope="module")
def card() -> Card:
    return flat_card.fit(coded(), seed=1)


def test_it_ranks_what_it_has_not_seen_and_its_pds_are_right_on_average(card) -> None:
    other = coded(2)
    said = card.predict(other.table)
    assert rank_auc(other.bad, said.points) > 0.74
    assert said.pd_ppm.mean() / 1e6 == pytest.approx(other.bad.mean(), abs=0.02)


def test_one_row_and_many_are_scored_alike_with_codes_words_and_gaps(card) -> None:
    table = coded(3, 40).table
    values = table.values.copy()
    values[0, 3], values[1, 0], values[2, 0] = 4, -9_000, 10**9  # a word never seen, a code, far beyond
    table = Table(table.names, values, np.ones_like(table.known), table.ids)
    said = card.predict(table)
    for at, row in enumerate(values.tolist()):
        one = score(
            card, FeatureRow(business_id="B", as_of=0, feature_set="f", values=dict(zip(table.names, row, strict=True)))
        )
        assert (one.points, one.pd_ppm) == (said.points[at], said.pd_ppm[at])
        assert one.points == one.base_points + sum(part.points for part in one.contributions)
        if at == 0:
            assert "use" in one.outside
            assert [part.reason.zh for part in one.contributions if part.feature == "use"] == ["use为(never seen)"]
        if at == 2:
            assert "debt" in one.outside


def test_it_is_the_same_card_as_that_of_the_book_and_comes_back_whole(card) -> None:
    for one in (card, woe_card.example_card()):
        assert read_card(canonical_json(one)) == one
        assert RECIPES["card"].read(RECIPES["card"].write(one)) == one
        assert check_identity(one) is one
    assert isinstance(read_card(canonical_json(card)).characteristics[0].feature, Column)
    assert with_prior(with_prior(card, 10_000), card.prior_ppm) == card


def test_the_reasons_cost_points_and_stand_in_order(card) -> None:
    sample = coded(4, 60)
    for row, reasons in enumerate(strongest_reasons(card, sample.table, 3)):
        values = {
            name: int(value) if known else None
            for name, value, known in zip(sample.table.names, sample.table.values[row], sample.table.known[row], strict=True)
        }
        lost = {
            part.reason: part.lost
            for part in score(card, FeatureRow(business_id="B", as_of=0, feature_set="f", values=values)).contributions
        }
        costs = [lost[reason] for reason in reasons]
        assert costs == sorted(costs, reverse=True)
        assert all(cost > 0 for cost in costs)
        assert costs == sorted((cost for cost in lost.values() if cost > 0), reverse=True)[:3]


def test_the_order_of_rows_and_columns_does_not_matter(card) -> None:
    sample = coded()
    rows = np.random.default_rng(0).permutation(len(sample))
    shuffled = sample.take(rows)
    shuffled = msgspec.structs.replace(shuffled, group=np.arange(len(rows)))
    assert flat_card.fit(shuffled, seed=1).predict(sample.table).points.tolist() == card.predict(sample.table).points.tolist()


def test_declared_signs_hold_on_the_card() -> None:
    sample = coded()
    columns = (
        msgspec.structs.replace(sample.columns[0], sign=-1),
        msgspec.structs.replace(sample.columns[1], sign=1),
        *sample.columns[2:],
    )
    for item in flat_card.fit(msgspec.structs.replace(sample, columns=columns), seed=1).characteristics:
        if item.feature.sign:
            assert list(item.points) == sorted(item.points, reverse=item.feature.sign == -1)


def test_labels_dealt_anew_leave_nothing_to_learn() -> None:
    """Permuted labels: the whole recipe, choice included, ranks held-out rows no better than chance."""
    aucs = []
    for seed in range(1, 6):
        sample = coded(seed, 1_500)
        sample = msgspec.structs.replace(sample, bad=np.random.default_rng(seed).permutation(sample.bad))
        half = np.arange(1_500) < 750
        aucs.append(
            rank_auc(sample.bad[~half], flat_card.fit(sample.take(half), seed=1).predict(sample.take(~half).table).points)
        )
    assert abs(float(np.mean(aucs)) - 0.5) < 0.03


def test_the_stated_portfolio_moves_pds_and_not_the_ranking() -> None:
    sample = coded()
    one, two = flat_card.fit(sample, seed=1), flat_card.fit(sample, seed=1, prior_ppm=20_000)
    a, b = one.predict(sample.table), two.predict(sample.table)
    assert np.ptp(a.points - b.points) == 0
    assert b.pd_ppm.mean() < a.pd_ppm.mean() / 3


def test_too_few_of_either_outcome_are_refused() -> None:
    sample = example_sample(200)
    few = msgspec.structs.replace(sample, bad=(np.arange(200) < 9).astype(np.int64))
    with pytest.raises(InputError, match="9 bads and 191 goods are too few"):
        flat_card.fit(few, seed=1)


def test_a_hundred_rows_make_a_small_card_and_noise_makes_none() -> None:
    sample = coded(6, 160)
    assert max(len(item.points) for item in flat_card.fit(sample, seed=1).characteristics) <= 4
    values = np.random.default_rng(1).integers(0, 9, sample.table.values.shape)
    noise = Table(sample.table.names, values, np.ones_like(sample.table.known), sample.table.ids)
    columns = tuple(Column(name=name) for name in noise.names)
    card = flat_card.fit(msgspec.structs.replace(sample, table=noise, columns=columns), seed=1)
    assert np.ptp(card.predict(noise).points) < 60


def test_a_copy_is_left_out_for_the_better_one_and_a_bootstrap_says_how_often_each_speaks() -> None:
    sample = coded()
    old = sample.table
    values, known = (np.column_stack([part, part[:, 1]]) for part in (old.values, old.known))
    table = Table((*old.names, "copy"), values, known, old.ids)
    sample = msgspec.structs.replace(sample, table=table, columns=(*sample.columns, Column(name="copy")))
    whole = flat_card.fit_whole(sample, seed=1)
    found = {one.column: one for one in select_columns(sample, whole.bins, seed=1)}
    assert found["bent"].chosen != found["copy"].chosen
    assert found["bent"].cluster == found["copy"].cluster != found["debt"].cluster
    assert {found["bent"].like, found["copy"].like} & {"bent", "copy"}
    assert found["debt"].frequency_ppm == 1_000_000
    assert not found["noise"].chosen


def test_scores_fitted_together_do_not_count_one_fact_twice() -> None:
    sample = coded()
    bins = flat_card.fit_whole(sample, seed=1).bins[0]
    code = bins.place(*sample.table.column("debt"))
    twice = [Steps(code, bins.woe, bins.count)] * 2
    start = [one.start for one in twice]
    (scores,) = fit_scores(twice, sample.bad, sample.weight, [1.0])
    assert loss_of(scores, twice, sample.bad, sample.weight) < loss_of(start, twice, sample.bad, sample.weight)
    ordinary = slice(0, bins.count)
    assert (np.diff(scores[0][ordinary][np.argsort(bins.woe[ordinary])]) >= -1e-9).all()  # the order of the evidence is kept
    assert np.allclose(fit_scores(twice, sample.bad, sample.weight, [1e9])[0][0], bins.woe, atol=1e-3)
