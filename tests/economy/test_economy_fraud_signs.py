"""What each pattern of fraud leaves: its signature is there, and it weakens with skill."""

from __future__ import annotations

from itertools import pairwise

import msgspec
import numpy as np
import pytest
from tests.economy.fraud_worlds import as_skilled, district, ground_of, plan_of

from weilend.economy.district import share_out
from weilend.economy.fraud import PATTERNS, forge
from weilend.economy.fraud.honest import money
from weilend.economy.people import make_people
from weilend.economy.people.holdings import OF_FIRMS, OF_USERS
from weilend.economy.traces import DAY


def test_rings_close_with_near_equal_amounts_and_no_money_and_skill_varies_them():
    spread = {}
    for skill in (0.0, 1.0):
        one, left = as_skilled("circular", skill)
        assert left.flows is None
        papers = left.papers
        sales = papers.net > 0
        for case in np.unique(one.case):
            ring = one.firm[one.case == case]
            mine = np.isin(papers.seller, ring) & sales
            edges = set(zip(papers.seller[mine].tolist(), papers.buyer[mine].tolist(), strict=True))
            assert 3 <= len(ring) <= 5
            assert len(edges) == len(ring)
            seen, at = [], int(ring[0])
            for _ in ring:
                at = dict(edges)[at]
                seen.append(at)
            assert at == ring[0]
            assert set(seen) == set(ring.tolist())
        spread[skill] = np.mean(relative_spread(papers, one))
    assert spread[0.0] < 0.01 < 0.04 < spread[1.0]
    assert (as_skilled("circular", 0.0)[1].papers.net < 0).any()
    assert not (as_skilled("circular", 1.0)[1].papers.net < 0).any()


def relative_spread(papers, one) -> list[float]:
    """Return how far the amounts of each round lie from their mean."""
    found = []
    for case in np.unique(one.case):
        ring = one.firm[one.case == case]
        net = papers.net[np.isin(papers.seller, ring) & (papers.net > 0)]
        rounds = net[: len(net) // len(ring) * len(ring)].reshape(-1, len(ring)).astype(float)
        found += (rounds.std(axis=1) / rounds.mean(axis=1)).tolist()
    return found


def test_brushed_orders_reuse_waybills_and_come_from_few_low_level_buyers_and_skill_hides_it():
    _, _, honest = district(0)
    known = set(honest.orders.waybill.tolist())
    reused, buyers, level = {}, {}, {}
    for skill in (0.0, 1.0):
        _, left = as_skilled("brushing", skill)
        orders = left.orders
        reused[skill] = np.mean([waybill in known for waybill in orders.waybill.tolist()])
        buyers[skill] = len(np.unique(orders.buyer)) / len(orders.buyer)
        level[skill] = orders.level.mean()
        assert (orders.fate == 0).all()
        assert (left.flows.fen < 0).all()
    assert reused[0.0] > 0.8
    assert reused[1.0] < 0.1
    assert buyers[0.0] < 0.35 < 0.55 < buyers[1.0]
    assert level[0.0] < 0.7 * level[1.0]
    assert level[1.0] == pytest.approx(honest.orders.level.mean(), rel=0.2)
    assert bursts(as_skilled("brushing", 0.0)[1].orders) > 3 * bursts(as_skilled("brushing", 1.0)[1].orders)


def bursts(orders) -> float:
    """Return the share of orders of a shop that follow the one before within ten minutes."""
    order = np.lexsort((orders.at, orders.shop))
    same = np.diff(orders.shop[order]) == 0
    return float(((np.diff(orders.at[order]) < 600) & same).mean())


def test_what_is_paid_back_for_brushing_is_what_was_spent():
    _, left = as_skilled("brushing", 0.0)
    assert -left.flows.fen.sum() == pytest.approx(left.orders.fen.sum(), rel=0.08)  # some of it after the world ends


def test_washed_money_comes_back_the_same_day_in_round_sums_and_skill_breaks_that():
    share = {}
    for skill in (0.0, 1.0):
        _, left = as_skilled("wash", skill)
        out, back = left.flows.fen < 0, left.flows.fen > 0
        keys = {sign: rows(left.flows, mask) for sign, mask in (("out", out), ("back", back))}
        share[skill] = len(set(keys["out"]) & set(keys["back"])) / len(keys["out"])
        if not skill:
            assert (np.abs(left.flows.fen) % 5 == 0).all()
            assert round_share(left.flows.fen) > 0.9
        else:
            assert round_share(left.flows.fen) < 0.3
    assert share[0.0] > 0.95
    assert share[1.0] < 0.2


def rows(flows, mask) -> list[tuple[int, ...]]:
    return list(zip(flows.firm[mask].tolist(), flows.day[mask].tolist(), flows.party[mask].tolist(),
                    np.abs(flows.fen[mask]).tolist(), strict=True))  # fmt: skip


def round_share(fen) -> float:
    """Return the share of amounts of which at most the first two digits are not zero."""
    text = [str(abs(int(one))) for one in fen]
    return float(np.mean([not one[2:].strip("0") for one in text]))


def test_packaged_shells_of_a_batch_have_one_statement_one_drawer_and_skill_makes_them_differ():
    ground, _, _ = district(0)
    alike = {}
    for skill in (0.0, 1.0):
        one, left = as_skilled("packaged", skill)
        alike[skill] = np.mean([likeness(left, one, case) for case in np.unique(one.case)])
    assert alike[0.0] > 0.99
    assert alike[1.0] < 0.6
    one, left = as_skilled("packaged", 0.0)
    for case in np.unique(one.case):
        drawers = left.papers.drawer[np.isin(left.papers.seller, one.firm[one.case == case])]
        assert len(set(drawers.tolist())) <= 1
    lines = np.bincount(left.flows.firm, minlength=len(ground.firms))
    assert (lines[one.firm] >= 15).all()
    books = next(share for share in one.shares if share.what == "bookkeeper")
    assert np.array_equal(books.value, one.case)
    (changed,) = one.changes
    assert (changed.day < ground.plan.first_days[one.since]).all()


def likeness(left, one, case) -> float:
    """Return how many of the (day, first three digits in proportion) of a shell stand in the statement of the next of its batch."""
    shapes = []
    for firm in one.firm[one.case == case]:
        mine = left.flows.firm == firm
        fen = left.flows.fen[mine].astype(float)
        shapes.append(
            {
                (int(day), round(float(ratio), 2))
                for day, ratio in zip(left.flows.day[mine], fen / np.abs(fen).max(), strict=True)
            }
        )
    return float(np.mean([len(a & b) / max(len(a), 1) for a, b in pairwise(shapes)]))


def test_shells_burst_to_just_below_the_ceiling_and_skill_spreads_it():
    ground, _, honest = district(0)
    near = {}
    for skill in (0.0, 1.0):
        one, left = as_skilled("burst", skill)
        near[skill] = ((left.papers.net > 8_900_000) & (left.papers.net <= 9_999_999)).mean()
        for firm, since in zip(one.firm, one.since, strict=True):
            own = left.papers.seller == firm
            assert (left.papers.day[own] < ground.plan.first_days[since]).all()
            before = (honest.papers.seller == firm) & (honest.papers.day < ground.plan.first_days[max(since - 4, 0)])
            if not skill:
                assert own.sum() > 15
                assert honest.papers.net[before].sum() < 0.3 * left.papers.net[own].sum()
    assert near[0.0] > 0.95
    assert near[1.0] < 0.2


def test_relays_sell_what_they_bought_within_days_and_move_no_money():
    for skill, longest in ((0.0, 3), (1.0, 23)):
        one, left = as_skilled("invoice_relay", skill)
        assert left.flows is None
        for firm in one.firm:
            bought, sold = left.papers.buyer == firm, left.papers.seller == firm
            ratio = left.papers.net[sold].sum() / left.papers.net[bought].sum()
            assert 1.0 < ratio < 1.3 or not bought.any() or skill
            assert (left.papers.day[sold] - longest <= left.papers.day[bought].max()).all()


def test_laundered_orders_are_refunded_by_buyers_seen_once_and_skill_mixes_them():
    refunded = {}
    for skill in (0.0, 1.0):
        _, left = as_skilled("refund_laundering", skill)
        refunded[skill] = (left.orders.fate == 1).mean()
        assert len(set(left.orders.buyer.tolist())) > 0.95 * len(left.orders.buyer)
        assert (left.flows.fen < 0).all()
    assert refunded[0.0] > 0.65
    assert refunded[1.0] < refunded[0.0] - 0.15


def test_stacked_loans_come_from_several_lenders_around_the_application_and_are_paid_back():
    ground, planted, honest = district(0)
    one = planted["stacking"]
    lenders = np.bincount(one.debts.firm, minlength=len(ground.firms))[one.firm]
    assert ((lenders >= 2) & (lenders <= 6)).all()
    away = ground.plan.first_days[one.since[np.searchsorted(one.firm, one.debts.firm)]] - one.debts.day
    assert (np.abs(away) < 150).all()
    assert (one.flows.lender >= 0).all()
    assert set(one.flows.lender.tolist()) <= set(honest.flows.lender.tolist())
    paid_out = one.flows.fen > 0
    assert paid_out.sum() < (~paid_out).sum()
    careful, careless = one.skill > 0.6, one.skill < 0.4
    hidden = {name: 1 - one.debts.booked[np.isin(one.debts.firm, one.firm[mask])].mean()
              for name, mask in (("careful", careful), ("careless", careless))}  # fmt: skip
    assert hidden["careful"] > hidden["careless"]


def test_gangs_share_devices_and_hours_and_skill_thins_it_out():
    shared, closeness = {}, {}
    plan = plan_of(8, times=30.0)
    gangs = []
    for number in range(8):
        ground = ground_of(plan, number)
        gangs.append(PATTERNS["gang"].plant(ground, plan.dice("gangs", number), np.arange(len(ground.firms))))
    for name, low, high in (("clumsy", 0.0, 0.4), ("skilled", 0.6, 1.0)):
        uses, members, hours = 0, 0, []
        for gang in gangs:
            wanted = (gang.skill >= low) & (gang.skill < high)
            device = next(share for share in gang.shares if share.what == "device")
            uses, members = uses + int(np.isin(device.firm, gang.firm[wanted]).sum()), members + int(wanted.sum())
            hours += np.diff(gang.since[wanted]).tolist()
        shared[name], closeness[name] = uses / members, np.mean(np.abs(hours))
    assert shared["clumsy"] > 1.15 * shared["skilled"]
    sent = next(share for share in gangs[0].shares if share.what == "sent").value
    assert ((sent % DAY >= 8 * 3_600) & (sent % DAY < 23 * 3_600)).all()


def test_shared_things_are_held_by_nobody_else_and_equal_labels_are_one_thing():
    ground, planted, _ = district(0)
    plain = make_people(ground.plan, ground.district, ground.firms, ground.months, ground.asks)
    people = share_out(plain, planted)
    all_held = [getattr(plain, what) for what in (*OF_USERS, *OF_FIRMS)]
    before = np.concatenate([part for held in all_held for part in (held.first, held.then)])
    numbers: dict[str, set[int]] = {}
    for one in planted.values():
        for share in one.shares:
            if share.what in (*OF_USERS, *OF_FIRMS):
                place = people.owner_of[share.firm] if share.what in OF_USERS else share.firm
                held = getattr(people, share.what).then[place]
                assert not np.isin(held, before).any(), share.what
                pairs = set(zip(share.value.tolist(), held.tolist(), strict=True))
                assert len(pairs) == len(set(share.value.tolist())) == len(set(held.tolist())), share.what
                assert not numbers.setdefault(share.what, set()) & set(held.tolist())
                numbers[share.what] |= set(held.tolist())
    assert {"device", "wifi", "agent", "bookkeeper", "phone", "card"} <= set(numbers)
    each = [number for held in numbers.values() for number in held]
    assert len(each) == len(set(each))


def test_a_forged_statement_does_not_add_up_and_skill_leaves_fewer_gaps():
    _, planted, honest = district(0)
    order = np.lexsort((honest.flows.second, honest.flows.day, honest.flows.firm))
    firm, day, fen = honest.flows.firm[order], honest.flows.day[order], honest.flows.fen[order]
    balance = np.cumsum(fen)
    plain = np.isin(order, money(honest.flows, 1, ("business",)))
    forged = planted["forged"].forged
    gaps = {}
    for skill in (0.0, 0.9):
        one = msgspec.structs.replace(forged, mended=np.full(len(forged.firm), skill))
        new_fen, new_balance, edited = forge(np.random.default_rng(3), one, firm, day, fen, balance, plain)
        broken = np.flatnonzero((np.diff(new_balance) != new_fen[1:]) & (np.diff(firm) == 0)) + 1
        assert set(firm[edited].tolist()) <= set(forged.firm.tolist())
        assert (new_fen[edited] > fen[edited]).all()
        assert np.array_equal(new_fen[~edited], fen[~edited])
        has_lines = [one for one in forged.firm if edited[firm == one][1:].any()]
        assert len(set(firm[broken].tolist())) >= len(has_lines) - 2  # the first line of a firm has none before it
        gaps[skill] = len(broken)
    assert gaps[0.9] < 0.5 * gaps[0.0]
    assert np.array_equal(balance[~np.isin(firm, forged.firm)], new_balance[~np.isin(firm, forged.firm)])


def test_identity_is_stolen_days_before_the_application_and_the_trade_of_the_victim_is_his_own():
    ground, planted, _ = district(0)
    one = planted["identity"]
    asked = ground.plan.first_days[one.since]
    assert {change.event for change in one.changes} == {"change_device", "change_payee", "change_phone"}
    for change in one.changes:
        days = np.array([int(asked[one.firm == firm][0]) for firm in change.firm]) - change.day
        assert ((days >= 0) & (days <= 35)).all()
    assert (one.flows, one.orders, one.papers, one.volume) == (None, None, None, None)
