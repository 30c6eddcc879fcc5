"""Intervals of 95 % cover the truth 95 times in a hundred: on invented markets, and by night on worlds of the economy."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import msgspec
import numpy as np
import pytest
from scipy.stats import binom
from whatif_worlds import MEASURES, World, make_world, truths

from weilend.core.money import PPM
from weilend.decision.whatif import Asked, Logged, WhatIf, estimate_policy

WORLDS = 100
#: Where the estimates of a result stand, and of which part of a market they speak.
ESTIMATES: dict[str, tuple[str, Callable[[WhatIf], object]]] = {
    "known": ("known", lambda found: found.known),
    "doubly robust": ("tried", lambda found: found.tried[0]),
    "inverse propensity": ("tried", lambda found: found.tried[1]),
    "outcome model": ("beyond", lambda found: found.beyond),
}


def band(runs: int) -> tuple[int, int]:
    """Return between how many hits a true coverage of 95 % lies but for one time in a thousand."""
    return int(binom.ppf(0.0005, runs, 0.95)), int(binom.ppf(0.9995, runs, 0.95))


@cache
def large() -> list[World]:
    return [make_world(90_000 + seed, owners=30_000) for seed in range(2)]


@cache
def truth_of(part: str) -> dict[str, float]:
    return truths(large(), part)


def hits(worlds: range, change: Callable[[Logged], Logged] = lambda logged: logged) -> dict[tuple[str, str], int]:
    """Return how many intervals hold the truth, by estimate and measure."""
    counted = dict.fromkeys(((name, measure) for name in ESTIMATES for measure in MEASURES), 0)
    for seed in worlds:
        world: World = make_world(seed)
        found = estimate_policy(change(world.logged), world.asked)
        for name, (part, pick) in ESTIMATES.items():
            for measure in MEASURES:
                figure = getattr(pick(found), measure)
                truth = truth_of(part)[measure] * (1 if measure == "bad_ppm" else len(world.logged))
                counted[name, measure] += figure.lo <= truth <= figure.hi
    return counted


@pytest.fixture(scope="module")
def honest() -> dict[tuple[str, str], int]:
    return hits(range(WORLDS))


def test_intervals_cover_the_truth_within_the_binomial_band(honest):
    low, high = band(WORLDS)
    assert not {which: count for which, count in honest.items() if not low <= count <= high}


def test_intervals_that_take_applications_for_owners_are_caught():
    """Planted: every application an owner of its own, though an owner's loans share their dice."""
    wrong = hits(range(50), lambda logged: msgspec.structs.replace(logged, owner=np.arange(len(logged))))
    low, _ = band(50)
    assert wrong["known", "bad_ppm"] < low


def test_taking_swap_ins_for_those_already_known_is_caught():
    """Planted: the bad rate of those who were approved, as if those who come in were like them."""
    truth, found = truth_of("tried")["bad_ppm"], [estimate_policy(one.logged, one.asked) for one in map(make_world, range(15))]
    assert sum(one.known.bad_ppm.lo <= truth <= one.known.bad_ppm.hi for one in found) < band(15)[0]


@pytest.mark.nightly
def test_a_thousand_markets_are_covered():
    low, high = band(1_000)
    found = hits(range(1_000, 2_000))
    assert not {which: count for which, count in found.items() if not low <= count <= high}


def economy_log(seed: int) -> tuple[Logged, Asked, dict[str, float]]:
    """Return a world's applicants decided by a lender who sees their PD through noise and explores, a wider policy, the truth."""
    from weilend.economy.district import make_district
    from weilend.economy.loans import decide_of_old
    from weilend.economy.plan import make_plan
    from weilend.economy.truth import tell_truth

    district = make_district(make_plan(businesses=1_500, months=18, seed=seed), 0)
    table = tell_truth(district, decide_of_old(district))["applications"]
    pd = table["pd_ppm_limit_100_rate_15"].to_numpy() / PPM
    bad = table["bad_limit_100_rate_15"].to_numpy().astype(float)
    amount = table["standard_limit_fen"].to_numpy().astype(float)
    owner = np.unique(np.array(table["business_id"].to_pylist()), return_inverse=True)[1]
    rng = np.random.default_rng(seed)
    score = np.log(np.clip(pd, 1e-6, 1 - 1e-6) / (1 - np.clip(pd, 1e-6, 1 - 1e-6))) + 0.5 * rng.normal(size=len(pd))
    cut, new = np.quantile(score, [0.4, 0.7])
    chance = np.where(score < cut, 1.0, np.where(score < new, 0.4, 0.0))
    approved = rng.random(len(pd)) < chance
    ready = amount > 0
    logged = Logged(
        owner=owner, approved=approved, chance_ppm=np.rint(PPM * np.where(approved, chance, 1 - chance)).astype(np.int64),
        seen=approved & ready, borrowed=np.ones(len(pd)), bad=bad, loss_fen=0.6 * bad * amount,
        profit_fen=np.where(bad == 1, -0.6, 0.09) * amount, ceiling_fen=amount, rate_ppm=np.zeros(len(pd)),
        explain=score[:, None],
    )  # fmt: skip
    asked = Asked(approved=(score < new) & ready, ceiling_fen=amount, rate_ppm=np.zeros(len(pd)))
    tried = asked.approved & (chance < 1)
    return logged, asked, {"bad": float(bad[tried].mean()), "loss": float((0.6 * bad * amount)[tried].sum() / len(pd))}


@pytest.mark.nightly
def test_on_worlds_of_the_economy_estimates_hold_what_would_have_been():
    """Potential outcomes are known there, firm by firm: the swap-ins' own bad rate lies within the interval of those tried."""
    held = []
    for seed in range(60):
        logged, asked, truth = economy_log(seed)
        found = estimate_policy(logged, asked)
        held += [one.bad_ppm.lo <= PPM * truth["bad"] <= one.bad_ppm.hi for one in found.tried if one.bad_ppm is not None]
    assert len(held) == 120
    assert np.mean(held) >= 0.9
