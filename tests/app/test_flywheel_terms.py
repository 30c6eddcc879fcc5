"""What a run learns of answers, losses and limits, and the terms that follow: each law with the mistake that it is about."""

from itertools import pairwise
from itertools import product as product_of

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit

from weilend.app.desk.flywheel.money import Costs
from weilend.app.desk.flywheel.policies import GRADES, Terms, load_first_loan, terms_of
from weilend.app.desk.flywheel.records import SHOW_AGES, watched_share
from weilend.app.desk.flywheel.responses import ALIKE, Response, TakeUp, learn_ages, learn_level, learn_slope, year_pd
from weilend.app.desk.flywheel.terms import (
    LIMITS,
    RATES,
    best_chain,
    choose_first_terms,
    choose_terms,
    counted_pd,
    expected_fen,
    loan_values,
    market_for,
)
from weilend.core.money import PPM

replace = msgspec.structs.replace


def test_young_loans_speak_and_do_not_look_safer_than_they_are():
    """A tenth goes bad, in any of five months alike; most are still young. Counted in full, the young would halve the rate."""
    dice = np.random.default_rng(3)
    age, month = dice.integers(2, 7, 40_000), dice.integers(2, 7, 40_000)
    bad = ((dice.random(40_000) < 0.1) & (month <= age)).astype(np.int64)
    assert abs(rate_of(bad, age) - 0.1) < 0.01
    assert bad.mean() < 0.07


def test_who_fails_early_does_not_make_the_young_look_worse_than_they_are():
    """A tenth of a year's loans goes bad, half of these at the first two instalments: what is left of the year is learned, not
    taken as more of the same. Planted: with all ages alike the young seem half as bad again."""
    dice = np.random.default_rng(4)
    shares = np.array([0.3, 0.2, *[0.05] * 10])
    age, fails = dice.integers(2, 14, 60_000), dice.choice(np.arange(2, 14), 60_000, p=shares)
    late = (dice.random(60_000) < 0.1) & (fails <= age)
    came, first = (
        [int(who.sum()) for who in each]
        for each in zip(*((age >= one, late & (fails == one)) for one in SHOW_AGES), strict=True)
    )
    ages = learn_ages(np.array(came), np.array(first))
    assert np.abs(np.array(ages) - shares).max() < 0.03
    bad = (late & (fails <= 6)).astype(np.int64)
    young = np.minimum(age, 6)
    label = 0.1 * shares[:5].sum()
    assert abs(rate_of(bad, young, ages) - label) < 0.005
    assert abs(float(year_pd(np.array([label]), 1.0, ages)[0]) - 0.1) < 0.01
    assert float(year_pd(np.array([rate_of(bad, young)]), 1.0)[0]) > 0.14


def rate_of(bad, age, ages=ALIKE):
    watched = [watched_share(one, int(at), ages) for one, at in zip(bad.tolist(), age.tolist(), strict=True)]
    return bad.sum() / sum(watched)


def test_only_limits_that_chance_moved_tell_what_a_larger_limit_does():
    """A larger debt does nothing here, or harm; the policy lends less to those who fail more, for reasons that nobody wrote down.

    Planted: by the limits as they were given a larger one seems to heal; by those that were drawn the truth comes out.
    """
    dice = np.random.default_rng(5)
    drawn = dice.choice([-1.0, 0.0, 0.0, 0.6], 40_000)
    hidden = dice.normal(size=40_000)
    given, everybody = drawn - 0.5 * hidden, np.ones(40_000)
    for harm in (0.0, 0.5):
        bad = (dice.random(40_000) < 1 / (1 + np.exp(2 - 0.6 * hidden - harm * drawn))).astype(np.int64)
        assert abs(learn_slope(drawn, bad, everybody) - harm) < 0.12
        assert learn_slope(given, bad, everybody) < harm - 0.2


def test_who_asks_now_may_be_safer_than_who_asked_and_that_is_not_the_limits_doing():
    """Half as many as the model says go bad lately, at larger limits. Planted: without these they seem hardly better."""
    dice = np.random.default_rng(6)
    pd, response = np.full(40_000, 0.08), Response(None, slope=0.5)
    doublings = dice.choice([0.0, 1.0, 2.0], 40_000)
    bad = (dice.random(40_000) < expit(logit(pd) + 0.5 * doublings - 0.7)).astype(np.int64)
    everybody = np.ones(40_000)
    assert abs(learn_level(pd, doublings, bad, everybody, response) + 0.7) < 0.06
    assert learn_level(pd, np.zeros(40_000), bad, everybody, response) > -0.25
    market, now = market_for(load_first_loan().product, Costs()), dict.fromkeys(GRADES, Terms(0, 240_000))
    risky, monthly = np.full(50, 0.12), np.full(50, 1_000_000.0)
    learned = replace(response, take_up=TakeUp(0.3, 0.4, -10.0))
    found = [
        choose_terms(risky, ("E",) * 50, monthly, replace(learned, level=level), market, now) for level in (-0.7, 0.0, 0.7)
    ]
    limits = [one["E"].limit_ppm for one in found]
    assert limits[0] > limits[1] > limits[2]


def test_what_is_counted_of_some_is_what_they_would_do_at_the_limits_of_all():
    """Loans of twice a month's sales went bad by a tenth; at the mean, one month, fewer would. Few loans say what is assumed."""
    known = Response(None, slope=0.35, rolls=1.0)
    many = counted_pd(1e6, 100_000, 0.09, doublings=1.0, response=known)
    assert abs(many - 1 / (1 + np.exp(np.log(9) + 0.35))) < 1e-3
    assert counted_pd(1e6, 100_000, 0.09, doublings=1.0, response=replace(known, lent=1.0)) == pytest.approx(0.1, abs=1e-3)
    none = [counted_pd(0, 0, 0.09, doublings=0.0, response=known, odds=odds) for odds in (1.0, 1.5)]
    assert float(year_pd(np.array(none), 1.0)[0]) == pytest.approx(0.09)
    assert none[1] > none[0]
    # planted: limits raised before any loan spoke, as if the assumption rose with them
    raised = counted_pd(0, 0, 0.09, doublings=2.0, response=replace(known, lent=2.0))
    assert raised == pytest.approx(float(expit(logit(none[0]) + 2 * 0.35)))
    assert raised > counted_pd(0, 0, 0.09, doublings=2.0, response=replace(known, lent=2.0, opened=2.0))


def test_before_a_model_decides_a_limit_moves_by_a_step():
    """Where nothing is lost the largest limit brings most; a month leads no further than half as much again, and where all is lost
    down to the least."""
    product, policy = load_first_loan().product, load_first_loan().policy
    market, monthly = market_for(product, Costs()), np.full(9, 2_000_000.0)
    response, now = Response(TakeUp(0.0, 0.4, -5.0)), terms_of(policy)["N"]
    up, down = (choose_first_terms(np.full(9, risk), monthly, now, response, market) for risk in (1e-4, 0.6))
    assert up.limit_ppm == 4_000_000 < max(LIMITS)
    assert down.limit_ppm == 2_000_000


@given(risk=st.floats(0.005, 0.4), limit=st.sampled_from(LIMITS), rate=st.sampled_from(RATES), slope=st.floats(-0.2, 0.8))
@settings(max_examples=40, deadline=None)
def test_of_nearly_equal_terms_the_present_ones_stay(risk, limit, rate, slope):
    """Terms that go live bring a hundredth more than those that were there; going to and fro between equals teaches nothing."""
    market = market_for(load_first_loan().product, Costs())
    response, monthly = Response(TakeUp(0.0, 0.4, -9.0), slope=slope, lent=0.5), np.array([2_000_000.0])

    def worth(terms: Terms) -> float:
        months = terms.limit_ppm / PPM
        label = expit(logit(risk) + slope * (np.log2(months) - response.lent))
        pd, size = year_pd(np.array([label]), response.rolls), np.array([months])
        return float(expected_fen(monthly * months, size, terms.rate_ppm / PPM, pd, response, market)[0])

    now = Terms(limit, rate)
    best = choose_first_terms(np.array([risk]), monthly, now, response, market)
    assert best == now or worth(best) > worth(now) + 0.0099 * abs(worth(now))
    again = choose_first_terms(np.array([risk]), monthly, best, response, market)
    if limit / 1.5 <= again.limit_ppm <= limit * 1.5:
        assert again == best


OPTIONS = [Terms(limit, rate) for limit in (1, 2, 3) for rate in (1, 2, 3)] + [Terms(0, 9)]
WORTHS = st.lists(st.lists(st.integers(-9, 99), min_size=len(OPTIONS), max_size=len(OPTIONS)), min_size=1, max_size=3)


def is_fair(chain) -> bool:
    return all(one.limit_ppm >= two.limit_ppm and one.rate_ppm <= two.rate_ppm for one, two in pairwise(chain))


@given(WORTHS)
@settings(max_examples=60, deadline=None)
def test_terms_of_all_grades_bring_most_together_and_worse_is_never_better_off(drawn):
    worth = [dict(zip(OPTIONS, map(float, fen), strict=True)) for fen in drawn]
    chain = best_chain(worth)
    brings = sum(one[terms] for one, terms in zip(worth, chain, strict=True))
    fair = [several for several in product_of(OPTIONS, repeat=len(worth)) if is_fair(several)]
    assert is_fair(chain)
    assert brings == max(sum(one[terms] for one, terms in zip(worth, several, strict=True)) for several in fair)


def test_few_safe_firms_whose_size_hardly_matters_do_not_set_the_limit_of_all():
    """Planted: chosen one grade after the other, the eight of grade A, at the cap anyhow, would halve everybody's limit."""
    market = market_for(load_first_loan().product, Costs())
    monthly = np.concatenate([np.full(8, 90_000_000.0), np.full(500, 1_000_000.0)])
    pd, grade = np.concatenate([np.full(8, 0.02), np.full(500, 0.03)]), ("A",) * 8 + ("B",) * 500
    now = dict.fromkeys(GRADES, Terms(2_000_000, 240_000))
    response = Response(TakeUp(0.3, 0.4, -10.0))
    found = choose_terms(pd, grade, monthly, response, market, now)
    assert found["A"].limit_ppm == found["B"].limit_ppm == 4_000_000
    (alone,) = {choose_terms(pd[:8], grade[:8], monthly[:8], response, market, now)["A"].limit_ppm}
    assert alone == 4_000_000  # of equals the largest


def test_what_is_lost_early_costs_more():
    early = tuple(np.eye(12)[1].tolist())
    value = [float(loan_values(np.array([0.2]), funding=0.035, lgd=0.8, ages=ages)[1][0]) for ages in (early, ALIKE)]
    assert value[0] < value[1]
