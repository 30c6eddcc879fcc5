"""Growth finds what was planted, keeps its hold-out and its budget, and a ranking turned round is seen to be worse."""

import numpy as np
import pytest

from weilend.growth import choose_audience, fit_uplift, held_out, measure_qini, owner_likelihood

ROWS = 4_000


@pytest.fixture(scope="module")
def people():
    """Persuadable, sure, lost and put off by being reached: a quarter each, told by one column and noise beside it."""
    rng = np.random.default_rng(3)
    sort = rng.integers(0, 4, ROWS)
    features = np.column_stack([sort + 0.3 * rng.normal(size=ROWS), rng.normal(size=ROWS)])
    contacted = rng.random(ROWS) < 0.5
    chance = np.choose(sort, [np.where(contacted, 0.4, 0.05), 0.6, 0.02, np.where(contacted, 0.1, 0.4)])
    return sort, features, contacted, rng.random(ROWS) < chance


@pytest.mark.parametrize("method", ["two_models", "transformed"])
def test_uplift_tells_who_is_moved_from_who_comes_anyway(people, method):
    sort, features, contacted, applied = people
    found = fit_uplift(features, contacted, applied, np.full(ROWS, 0.5), weight=np.ones(ROWS), seed=1, method=method)
    means = [found.out_of_fold[sort == one].mean() for one in range(4)]
    assert means[0] > 0.2
    assert abs(means[1]) < 0.12
    assert means[3] < -0.15
    again = fit_uplift(features, contacted, applied, np.full(ROWS, 0.5), weight=np.ones(ROWS), seed=1, method=method)
    assert (found.predict(features[:50]) == again.predict(features[:50])).all()


def test_response_ranking_chooses_those_who_come_anyway_and_uplift_does_not(people):
    sort, features, contacted, applied = people
    found = fit_uplift(features, contacted, applied, np.full(ROWS, 0.5), weight=np.ones(ROWS), seed=1)
    by_uplift, by_response = (np.argsort(-one)[: ROWS // 4] for one in (found.out_of_fold, found.contacted_response))
    assert (sort[by_uplift] == 0).mean() > 0.8 > 0.3 > (sort[by_response] == 0).mean()
    assert (
        measure_qini(found.out_of_fold, contacted, applied).area
        > measure_qini(found.contacted_response, contacted, applied).area
    )


def test_owner_likelihood_is_a_probability_where_known_owners_are_a_share_of_all():
    rng = np.random.default_rng(5)
    owner = rng.random(20_000) < 0.25
    visits = rng.poisson(0.6 + 2.5 * owner)[:, None].astype(np.float64)
    known = owner & (rng.random(20_000) < 0.4)
    found = owner_likelihood(visits, known, seed=1)
    busy = ~known & (visits[:, 0] >= 4)
    assert abs(found[busy].mean() - owner[busy].mean()) < 0.12
    assert (found[known] == 1).all()


def test_the_hold_out_is_stable_and_nobody_of_it_nor_beyond_the_budget_is_contacted():
    names = [f"U{place}" for place in range(5_000)]
    out = held_out(names, salt="reach", share_ppm=100_000)
    assert 0.085 < out.mean() < 0.115
    assert (held_out(names[::-1], salt="reach", share_ppm=100_000)[::-1] == out).all()
    worth = np.random.default_rng(1).random(5_000)
    choice = choose_audience(worth, ~out, count=400, chance_share_ppm=250_000, dice=np.random.default_rng(2))
    assert len(choice.contacted) == 400
    assert len(choice.by_chance) == 100
    assert not out[choice.contacted].any()
    assert worth[choice.by_worth].min() >= np.sort(worth[~out])[-300]
    share = choice.chance_ppm[~out] / 10**6
    assert abs(share.sum() - 400) < 5  # propensities add up to the contacts
