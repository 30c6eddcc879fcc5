"""Known, estimated and unknown stay apart; what nobody stands for is refused by name; terms and prices are carried over."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from whatif_worlds import make_world

from weilend.core.errors import CheckError, InputError
from weilend.core.money import PPM
from weilend.decision.whatif import Combined, Figure, estimate_policy
from weilend.decision.whatif.intervals import effective_owners
from weilend.decision.whatif.methods import donors_of, inverse_propensity
from weilend.decision.whatif.models import expect_of_others

replace = msgspec.structs.replace


@pytest.fixture(scope="module")
def world():
    return make_world(3)


@pytest.fixture(scope="module")
def found(world):
    return estimate_policy(world.logged, world.asked)


def test_no_two_kinds_are_added_up(found):
    for one in found.parts:
        for other in (*found.parts, 0):
            with pytest.raises(InputError, match="not added up"):
                one + other
    with pytest.raises(InputError, match="not added up"):
        sum(found.parts)
    with pytest.raises(InputError, match="nobody said"):
        replace(found.combined, added="")


def test_every_printed_line_says_its_kind(found):
    kinds = [line.split(":")[0].split(" (")[0] for line in str(found).splitlines()[:-1]]
    assert kinds == ["known", "estimated", "estimated", "estimated", "unknown", "together"]
    assert "known + " in str(found.combined)
    assert "unknown, anything from best to worst" in str(found.combined)


def test_an_estimate_by_chance_is_refused_where_nobody_had_any(world):
    with pytest.raises(CheckError, match=r"had no chance of approval \(band = never: \d+\)"):
        inverse_propensity(world.logged, world.asked)
    certain = replace(world.logged, chance_ppm=np.full(len(world.logged), PPM))
    result = estimate_policy(certain, world.asked)
    assert result.tried == ()
    assert "no inverse-propensity and no doubly robust estimate" in result.refusals[0]
    assert result.unknown.applications == result.approved - result.known.applications


def test_known_is_counted_not_estimated(world, found):
    both = world.asked.approved & world.logged.seen
    bad = world.logged.bad[both]
    assert found.known.applications == both.sum()
    assert found.known.bad_ppm.value == round(PPM * bad.mean())
    assert found.known.loss_fen.value == round(world.logged.loss_fen[both].sum())
    assert found.known.profit_fen.value == round(world.logged.profit_fen[both].sum())


def test_bounds_hold_whatever_becomes_of_the_unknown(world, found):
    """Manski's: the truth of those nobody ever approved, at its best and worst."""
    beyond = world.asked.approved & (world.logged.explain[:, 0] >= 0.8)
    for bad in (world.logged.bad, np.zeros(len(world.logged)), np.ones(len(world.logged))):
        loss = (bad * world.logged.ceiling_fen)[beyond].sum()
        assert found.unknown.loss_fen.lo <= loss <= found.unknown.loss_fen.hi
        assert found.unknown.bad_ppm.lo <= PPM * bad[beyond].mean() <= found.unknown.bad_ppm.hi
    assert found.combined.bad_ppm.lo < found.known.bad_ppm.value < found.combined.bad_ppm.hi


def test_effective_owners_count_owners_not_applications():
    assert effective_owners(np.array([1.0, 1.0, 1.0, 1.0]), np.array([0, 0, 1, 1])) == 2
    assert effective_owners(np.array([9.0, 1.0]), np.array([0, 1])) == pytest.approx(100 / 82)


def test_weights_are_of_those_seen_by_chance_alone(world):
    weight = donors_of(world.logged, world.asked)
    assert ((weight > 0) == (world.asked.approved & world.logged.seen & world.logged.overlap)).all()
    assert np.unique(weight.round(6)).tolist() == [0.0, round(0.7 / 0.3, 6)]


def test_other_terms_are_scaled_and_said(world):
    doubled = replace(world.asked, ceiling_fen=2 * world.logged.ceiling_fen)
    one, two = (estimate_policy(world.logged, asked) for asked in (world.asked, doubled))
    assert one.known.moved == 0
    assert two.known.moved == two.known.applications
    assert two.known.loss_fen.value == pytest.approx(2 * one.known.loss_fen.value, abs=2)
    assert two.known.bad_ppm == one.known.bad_ppm
    assert "at other terms" in str(two.known)


def test_a_higher_price_earns_more_of_goods_alone(world):
    rows = len(world.logged)
    priced = replace(world.logged, rate_ppm=np.full(rows, 90_000.0))
    same, dearer = (
        estimate_policy(priced, replace(world.asked, rate_ppm=np.full(rows, rate))).known for rate in (90_000.0, 100_000.0)
    )
    both = world.asked.approved & world.logged.seen
    more = (0.01 * world.logged.ceiling_fen * (1 - world.logged.bad))[both].sum()
    assert dearer.profit_fen.value - same.profit_fen.value == pytest.approx(more, abs=2)
    assert same.profit_fen.value == pytest.approx(world.logged.profit_fen[both].sum(), abs=2)


def test_who_is_not_ripe_is_unknown(world):
    late = world.logged.seen & (np.arange(len(world.logged)) % 3 == 0)
    result = estimate_policy(replace(world.logged, seen=world.logged.seen & ~late), world.asked)
    assert result.unknown.pending == (late & world.asked.approved).sum()
    assert result.known.applications + result.unknown.pending == (world.asked.approved & world.logged.approved).sum()


def test_an_expectation_never_saw_its_owner(world):
    """Planted: one owner's outcomes turned over change the expectation of others, never of her own applications."""
    mine = world.logged.owner == world.logged.owner[world.logged.seen][0]
    turned = replace(world.logged, bad=np.where(mine, 1 - world.logged.bad, world.logged.bad))
    before, after = (expect_of_others(logged, 1) for logged in (world.logged, turned))
    assert (before[mine] == after[mine]).all()
    assert (before != after).any()


def test_nobody_approved_is_an_answer(world):
    nobody = replace(world.asked, approved=np.zeros(len(world.logged), bool))
    result = estimate_policy(world.logged, nobody)
    assert (result.approved, result.known.bad_ppm, result.known.loss_fen) == (0, None, Figure(0, 0, 0))
    assert isinstance(result.combined, Combined)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"chance_ppm": lambda one: np.zeros(len(one), int)}, "not above 0"),
        ({"seen": lambda one: np.ones(len(one), bool)}, "nobody lent"),
        ({"ceiling_fen": lambda one: np.zeros(len(one))}, "at no ceiling"),
        ({"bad": lambda one: one.bad[:-1]}, "column bad has"),
    ],
)
def test_a_log_that_cannot_be_is_refused(changes, said, world):
    with pytest.raises(InputError, match=said):
        replace(world.logged, **{name: make(world.logged) for name, make in changes.items()})
