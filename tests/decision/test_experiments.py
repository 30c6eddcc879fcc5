"""Owners keep their arm, a slice keeps its budget, and a trial cries wolf no more often than it says."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from scipy.stats import binom

from weilend.core.errors import InputError
from weilend.core.money import PPM
from weilend.decision.experiments import (
    Design,
    Market,
    Outcomes,
    Trial,
    assign,
    find_bounds,
    judge,
    simulate,
    spent_by,
)

replace = msgspec.structs.replace
TRIAL = Trial(name="wider", salt="2026-12", champion="p1", challenger="p2", share_ppm=300_000)
MARKET = Market(owners_a_month=60)
DESIGN = Design(planned_owners=MARKET.owners)
RUNS = 200


# ------------------------------------------------------------------------------------------------------- assignment
def test_arms_hang_on_owners_and_shares_hold():
    owners = [f"O{number}" for number in range(4_000)]
    arms = [assign(TRIAL, owner).arm for owner in owners]
    assert arms == [assign(TRIAL, owner).arm for owner in reversed(owners)][::-1]
    assert abs(arms.count("challenger") - 1_200) < 120
    other = [assign(replace(TRIAL, salt="another"), owner).arm for owner in owners]
    both = sum(one == two == "challenger" for one, two in zip(arms, other, strict=True))
    assert abs(both - 360) < 75, "two trials draw independently"
    wider = [assign(replace(TRIAL, share_ppm=500_000), owner).arm for owner in owners]
    assert all(late == "challenger" for early, late in zip(arms, wider, strict=True) if early == "challenger")


def test_the_logged_probability_is_that_of_the_arm():
    for number in range(50):
        found = assign(TRIAL, f"O{number}")
        assert found.chance_ppm == (300_000 if found.decides == "p2" else 700_000)
    shadow = assign(replace(TRIAL, shadow=True), "O1")
    assert (shadow.decides, shadow.watches, shadow.chance_ppm) == ("p1", ("p2",), PPM)


# ------------------------------------------------------------------------------------------------------------ bounds
def test_bounds_are_those_of_the_books():
    """Lan & DeMets with O'Brien-Fleming spending at 5 %, and Pocock's at 5 % (ldbounds; Jennison & Turnbull 2000)."""
    equal = [number / 5 for number in range(1, 6)]
    assert find_bounds(equal, 0.05, "obrien_fleming") == pytest.approx((4.877, 3.357, 2.680, 2.290, 2.031), abs=0.002)
    assert find_bounds(equal, 0.05, "pocock") == pytest.approx((2.438, 2.427, 2.410, 2.397, 2.386), abs=0.003)
    assert find_bounds([1.0], 0.05, "pocock") == pytest.approx((1.960,), abs=0.001)
    assert find_bounds([1.0], 0.05, "pocock", sides=1) == pytest.approx((1.645,), abs=0.001)


@pytest.mark.parametrize("spending", ["obrien_fleming", "pocock"])
def test_brownian_paths_cross_as_often_as_alpha(spending):
    parts = np.cumsum([0.05, 0.1, 0.02, 0.2, 0.13, 0.3, 0.2])
    bounds = find_bounds(parts.tolist(), 0.05, spending)
    steps = np.random.default_rng(2).normal(size=(60_000, 7)) * np.sqrt(np.diff(parts, prepend=0))
    crossed = (np.abs(steps.cumsum(axis=1) / np.sqrt(parts)) >= bounds).any(axis=1).mean()
    assert crossed == pytest.approx(0.05, abs=0.004)
    assert spent_by(2.0, 0.05, spending) == spent_by(1.0, 0.05, spending) == pytest.approx(0.05)


# --------------------------------------------------------------------------------------------------------- false alarms
def most_alarms(runs: int, ppm: int) -> int:
    """Return how many false alarms a test of that many shows but once in a thousand."""
    return int(binom.ppf(0.999, runs, ppm / PPM))


def test_a_policy_against_itself_alarms_as_rarely_as_it_says():
    found = simulate(DESIGN, MARKET, runs=RUNS, seed=7)
    alarms = found.promoted + found.rejected + found.guarded
    assert alarms <= most_alarms(RUNS, 60_000)


@pytest.mark.parametrize("wrong", [{"peek": 1.96}, {"unit": "loan"}])
def test_looking_wrongly_is_caught(wrong):
    """Planted: every month at 1.96, and loans of an owner counted as if each were another's."""
    found = simulate(DESIGN, MARKET, runs=RUNS, seed=7, **wrong)
    assert found.promoted + found.rejected + found.guarded > most_alarms(RUNS, 60_000)


def test_a_much_better_policy_is_promoted_and_a_worse_one_stopped():
    better, worse = (
        simulate(DESIGN, replace(MARKET, pd_factor_ppm=factor), runs=40, seed=1) for factor in (200_000, 3_000_000)
    )
    assert (better.promoted >= 36, better.rejected, worse.promoted) == (True, 0, 0)
    assert worse.guarded > worse.rejected
    assert worse.median_months < 9, "guards see it before the value is ripe"


@pytest.mark.nightly
@pytest.mark.parametrize("owners", [60, 240])
def test_two_thousand_trials_of_a_policy_against_itself(owners):
    market = Market(owners_a_month=owners)
    found = simulate(Design(planned_owners=market.owners), market, runs=2_000, seed=2026)
    assert found.alarms_ppm <= 60_000


@pytest.mark.nightly
def test_power_is_what_the_page_states():
    """docs/methodology/experiments.md: 4,320 owners, 8 % bads."""
    market = Market()
    for factor, least in ((500_000, 970_000), (700_000, 740_000)):
        found = simulate(Design(planned_owners=market.owners), replace(market, pd_factor_ppm=factor), runs=400, seed=3)
        assert found.power_ppm >= least


# -------------------------------------------------------------------------------------------------------------- judging
def outcomes(seed: int, effect: float = 0.0, owners: int = 1_800) -> Outcomes:
    rng = np.random.default_rng(seed)
    loans = rng.integers(1, 4, owners)
    owner = np.repeat(np.arange(owners), loans)
    challenger = (rng.random(owners) < 0.5)[owner]
    value = 100.0 * (rng.normal(size=owners)[owner] + effect * challenger)
    late = (rng.random(len(owner)) < 0.05).astype(float)
    return Outcomes(
        owner=owner,
        challenger=challenger,
        month=np.sort(rng.integers(0, 18, owners))[owner],
        value_fen=value,
        fpd7=late,
        dpd7=late,
    )


def test_a_verdict_is_the_first_look_that_stops_and_never_changes_after():
    design, made = Design(planned_owners=1_800), outcomes(1, effect=0.25)
    final = judge(design, made, month=30)
    assert final.verdict == "promote"
    for month in (5, final.month - 1, final.month):
        earlier = judge(design, made, month=month)
        assert earlier.verdict == ("promote" if month == final.month else "go on")
        assert final.looks[: len(earlier.looks)] == earlier.looks
    assert [look.stops for look in final.looks].count(True) == 1


def test_what_is_not_ripe_is_not_read():
    design, made = Design(planned_owners=1_800), outcomes(5)
    unripe = made.month + design.value_months > 12
    changed = replace(made, value_fen=np.where(unripe, 1e9 * made.challenger, made.value_fen))
    assert judge(design, made, month=12) == judge(design, changed, month=12)
    assert judge(design, made, month=30).verdict == "no difference"
    assert judge(design, changed, month=30).verdict == "promote"


def test_a_guard_stops_before_the_value_is_ripe():
    made = outcomes(3)
    rng = np.random.default_rng(0)
    late = (rng.random(len(made.owner)) < np.where(made.challenger, 0.3, 0.05)).astype(float)
    found = judge(Design(planned_owners=1_800), replace(made, fpd7=late), month=30)
    assert found.verdict == "stop: fpd7"
    assert found.month < 6


def test_an_owner_in_two_arms_is_refused():
    made = outcomes(4)
    with pytest.raises(InputError, match="two arms"):
        replace(made, challenger=np.arange(len(made.owner)) % 2 == 1)
    with pytest.raises(InputError, match="two months"):
        replace(made, month=np.arange(len(made.owner)))
