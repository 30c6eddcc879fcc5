"""Laws of a scorecard, over any values: signs hold, points add up, one is as many, the prior moves PDs and nothing else."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import msgspec
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from weilend.core.money import PPM
from weilend.core.values import FeatureRow
from weilend.models.card import Card, score, score_table, with_prior
from weilend.models.prior import shift_prior
from weilend.models.recipes import woe_card
from weilend.models.table import Table

NAMES = ("sales_fen_12m", "void_rate_12m")
values = st.none() | st.integers(-(10**13), 10**13) | st.integers(-5, 65).map(lambda step: step * 1_000_000)
rates = st.none() | st.integers(0, PPM) | st.integers(0, 60).map(lambda step: step * 5_000)
priors = st.integers(1_000, 900_000)


@cache
def card() -> Card:
    return woe_card.example_card()


def row_of(sales: int | None, void: int | None, business_id: str = "B") -> FeatureRow:
    return FeatureRow(business_id=business_id, as_of=0, feature_set="f", values=dict(zip(NAMES, (sales, void), strict=True)))


def broken_signs(model: Card) -> list[str]:
    """Return the features of which a worse value brings more points than a better one."""
    wrong = []
    for item in model.characteristics:
        falling = item.points[::-1] if item.feature.sign == 1 else item.points
        if any(worse > better for better, worse in pairwise(falling)):
            wrong.append(item.feature.name)
    return wrong


def test_both_example_features_are_on_the_card_so_that_the_laws_below_say_something() -> None:
    assert [item.feature.name for item in card().characteristics] == list(NAMES)
    assert all(len(set(item.points)) > 1 for item in card().characteristics)


@given(a=st.integers(-(10**9), 10**9), b=st.integers(-(10**9), 10**9), void=rates)
def test_a_worse_value_never_brings_more_points(a: int, b: int, void: int | None) -> None:
    low, high = sorted((a, b))
    assert score(card(), row_of(low, void)).points <= score(card(), row_of(high, void)).points
    low, high = abs(low), abs(high)
    low, high = min(low, high), max(low, high)
    assert score(card(), row_of(a, low)).points >= score(card(), row_of(a, high)).points


def test_the_sign_check_catches_a_card_with_two_bins_swapped() -> None:
    assert broken_signs(card()) == []
    first = card().characteristics[0]
    swapped = msgspec.structs.replace(first, points=first.points[::-1])
    assert broken_signs(msgspec.structs.replace(card(), characteristics=(swapped,))) == [NAMES[0]]


@given(sales=values, void=rates)
def test_points_add_up_and_reasons_state_the_value(sales: int | None, void: int | None) -> None:
    said = score(card(), row_of(sales, void))
    assert said.points == said.base_points + sum(part.points for part in said.contributions)
    assert [part.value for part in said.contributions] == [sales, void]
    for part, item in zip(said.contributions, card().characteristics, strict=True):
        assert part.lost >= 0
        assert part.points + part.lost == item.best_points()
        assert part.reason == item.feature.say(part.value)
    assert 1 <= said.pd_ppm < PPM


@given(st.lists(st.tuples(values, rates), min_size=1, max_size=8))
def test_a_row_scores_the_same_alone_and_in_a_batch(pairs: list[tuple[int | None, int | None]]) -> None:
    rows = [row_of(*pair, business_id=f"B{place}") for place, pair in enumerate(pairs)]
    batch = score_table(card(), Table.of(rows, NAMES))
    alone = [score(card(), row) for row in rows]
    assert batch.points.tolist() == [said.points for said in alone]
    assert batch.pd_ppm.tolist() == [said.pd_ppm for said in alone]


@given(sales=values, void=rates, low=priors, high=priors)
def test_a_worse_portfolio_never_has_a_lower_pd_and_moves_no_points(
    sales: int | None, void: int | None, low: int, high: int
) -> None:
    low, high = sorted((low, high))
    better, worse = (score(with_prior(card(), prior), row_of(sales, void)) for prior in (low, high))
    assert better.points == worse.points
    assert better.pd_ppm <= worse.pd_ppm


@given(pd=st.integers(1_000, 999_000), sample=priors, portfolio=priors)
def test_the_prior_correction_is_the_formula_of_elkan_and_exact_at_the_prior(pd: int, sample: int, portfolio: int) -> None:
    p, b, t = pd / PPM, sample / PPM, portfolio / PPM
    bad, good = p * t / b, (1 - p) * (1 - t) / (1 - b)
    moved = int(shift_prior([pd], from_ppm=sample, to_ppm=portfolio)[0])
    assert abs(moved - np.clip(PPM * bad / (bad + good), 1, PPM - 1)) <= 0.5 + 1e-3
    assert shift_prior([pd], from_ppm=sample, to_ppm=sample).tolist() == [pd]
    assert shift_prior([sample], from_ppm=sample, to_ppm=portfolio).tolist() == [portfolio]
