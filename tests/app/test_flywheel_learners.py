"""What a run learns with: cards of ranks keep declared signs, models are kept to the bit, the better learner is proposed."""

from functools import cache

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weilend.app.desk.flywheel.learners import fit_boosted, fit_card, leans_on
from weilend.app.desk.flywheel.learning import predict, score, train
from weilend.app.desk.flywheel.money import Costs
from weilend.app.desk.flywheel.policies import Terms, load_first_loan
from weilend.app.desk.flywheel.responses import Response, TakeUp
from weilend.app.desk.flywheel.rows import Rows, sample_of
from weilend.app.desk.flywheel.terms import THIN_SHARES, choose_thin_share, market_for
from weilend.core.errors import CheckError, InputError
from weilend.core.money import PPM
from weilend.models import RowModel, read_model, write_model
from weilend.models.card import Card
from weilend.models.recipes import rank_card

NAMES = ("lowest_balance_fen_90d", "owner_utilisation_180d", "own_paid_count_730d")
SIGNS = (1, -1, 1)
replace = msgspec.structs.replace


@cache
def labelled(seed: int = 1, rows: int = 700) -> tuple[Rows, np.ndarray]:
    """Return rows whose first two columns tell who goes bad; one value in ten is not known."""
    dice = np.random.default_rng(seed)
    values = dice.integers(0, 1_000, (rows, 3))
    chance = 1 / (1 + np.exp((values[:, 0] - values[:, 1]) / 300 + 2))
    known = dice.random((rows, 3)) > 0.1
    shown = Rows(
        NAMES, SIGNS, values, known, tuple(f"E{place // 2}" for place in range(rows)), np.arange(rows), np.zeros(rows, np.bool_)
    )
    return shown, (dice.random(rows) < chance).astype(np.int64)


@cache
def models() -> tuple[RowModel, RowModel]:
    rows, bad = labelled()
    return fit_card(rows, bad, np.ones(len(bad)), 1), fit_boosted(rows, bad, np.ones(len(bad)), 1)


def is_monotone(model: RowModel, column: int, low: int, high: int, others: list[int]) -> bool:
    """Return whether the safer of two values of a column has no fewer points, the others being equal."""
    values = np.array([others, others])
    values[:, column] = (low, high) if SIGNS[column] > 0 else (high, low)
    rows = Rows(NAMES, SIGNS, values, np.ones((2, 3), np.bool_), ("E", "E"), np.zeros(2, np.int64), np.zeros(2, np.bool_))
    points = predict(model, rows).points
    return bool(points[0] <= points[1])


def reverse(card: Card) -> Card:
    """Return a card whose points run against the declared signs."""
    return replace(card, characteristics=tuple(replace(one, points=one.points[::-1]) for one in card.characteristics))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2), st.integers(-100, 1_100), st.integers(0, 1_000), st.lists(st.integers(0, 1_000), min_size=3, max_size=3)
)
def test_what_is_safer_never_costs_points(column, low, more, others):
    for model in models():
        assert is_monotone(model, column, low, low + more, others)


def test_a_card_against_its_signs_is_seen():
    assert not is_monotone(reverse(models()[0]), 0, 0, 1_000, [500, 500, 500])


@settings(max_examples=20, deadline=None)
@given(st.floats(0.001, 0.3), st.sampled_from(THIN_SHARES))
def test_thin_files_move_by_one_step_and_up_only_where_it_pays(pd, now):
    market = market_for(load_first_loan().product, Costs())
    terms, response = {"A": Terms(2_000_000, 200_000)}, Response(TakeUp(0.0, 0.3, -13.0))

    def chosen(risk: float) -> int:
        return choose_thin_share(np.full(9, risk), ("A",) * 9, np.full(9, 2_000_000.0), terms, response, market, now)

    assert abs(THIN_SHARES.index(chosen(pd)) - THIN_SHARES.index(now)) <= 1
    assert chosen(pd) >= chosen(min(2 * pd, 0.5))
    assert chosen(0.001) >= now >= chosen(0.4)


def test_models_are_kept_to_the_bit_and_a_changed_one_is_refused():
    rows, _ = labelled(2)
    for model in models():
        kept = read_model(write_model(model))
        assert kept.model_id == model.model_id
        assert (score(kept, rows) == score(model, rows)).all()
        with pytest.raises(CheckError):
            read_model(write_model(model).replace(b'"rows":700', b'"rows":701'))


def test_a_card_speaks_in_the_words_of_its_features():
    card, _ = models()
    assert isinstance(card, Card)
    (said,) = (one.feature.say(500).en for one in card.characteristics if one.feature.name == NAMES[0])
    assert "¥5" in said


def test_a_card_of_ranks_asks_for_directions():
    rows, bad = labelled()
    plain = replace(rows, signs=(0,) * len(rows.names))
    with pytest.raises(InputError, match="declared sign"):
        rank_card.fit(sample_of(plain, bad, np.ones(len(bad)), plain.names), seed=1)


def test_a_young_loan_counts_for_little_and_the_mean_pd_is_the_bad_rate():
    rows, bad = labelled()
    weight = np.where((bad == 0) & (np.arange(len(bad)) % 2 == 0), 0.2, 1.0)
    card = fit_card(rows, bad, weight, 1)
    assert abs(np.average(score(card, rows), weights=weight) / PPM / np.average(bad, weights=weight) - 1) < 0.1
    assert {name for name, _ in leans_on(card)[:2]} == set(NAMES[:2])


def test_the_learner_that_ranks_best_is_proposed_and_all_are_told():
    rows, bad = labelled()
    found = train(rows, bad, np.ones(len(bad)), None, seed=1)
    tried = dict(found.tried)
    assert set(tried) == {"card of ranks", "boosting"}
    assert found.auc_ppm == max(tried.values())
    assert found.verdict.verdict == "replace"
    assert found.newest is None
    renewed = train(rows, bad, np.ones(len(bad)), found.model, seed=1)
    assert renewed.newest is not None
    assert renewed.model.model_id == found.model.model_id
