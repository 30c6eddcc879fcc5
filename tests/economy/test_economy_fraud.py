"""Fraud in the economy: as often as stated, by firms that could, and in nothing but its signature unlike honest life."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from tests.economy.fraud_worlds import APPLYING, MANY, district, ground_of, honest_trade, plan_of, planted_in_many, raised, told

from weilend.economy.audit.tells import scan_kind
from weilend.economy.constants import declared, draw_constants
from weilend.economy.fraud import PATTERNS, leave, lived, plant, with_fraud
from weilend.economy.fraud.brushing import HEAVY
from weilend.economy.fraud.page import tell_patterns
from weilend.economy.plan import make_plan
from weilend.economy.traces import DAY, OFFSET, local_day, scrambled

DOCUMENT = Path(__file__).parents[2] / "docs" / "methodology" / "economy_fraud.md"


def test_shares_of_applications_add_up_to_one_to_three_percent_in_every_world():
    for world_seed in range(30):
        c = draw_constants(world_seed)
        shares = {name: c[PATTERNS[name].share] for name in APPLYING}
        assert 0.01 < sum(shares.values()) < 0.03
        assert 0.08 < shares["gang"] / sum(shares.values()) < 0.22
    default = {name: declared()[PATTERNS[name].share].value for name in APPLYING}
    assert 0.10 < default["gang"] / sum(default.values()) < 0.20


def test_as_many_commit_fraud_as_the_constants_say():
    grounds, worlds = planted_in_many()
    asks = sum(len(ground.asks) for ground in grounds)
    made = sum(len(one.asks) for planted in worlds for one in planted.values() if one.asks is not None)
    assert 0.01 < made / asks < 0.03
    shops = sum(int(ground.firms.has_shop.sum()) for ground in grounds)
    dose = np.concatenate([planted["brushing"].dose for planted in worlds])
    assert 0.05 < (dose < HEAVY).sum() / shops < 0.10
    assert 0.01 < (dose >= HEAVY).sum() / shops < 0.02
    askers = sum(len(set(ground.asks.firm.tolist())) for ground in grounds)
    assert 0.08 < sum(len(planted["stacking"].firm) for planted in worlds) / askers < 0.12


def test_gangs_have_five_to_fifty_members_and_are_a_tenth_to_a_fifth_of_fraud_in_the_long_run():
    plan = plan_of(12, times=40.0)
    sizes = []
    for number in range(12):
        ground = ground_of(plan, number)
        gang = PATTERNS["gang"].plant(ground, plan.dice("gangs", number), np.arange(len(ground.firms)))
        sizes += np.bincount(gang.case).tolist()
    assert min(sizes) >= 5
    assert max(sizes) <= 50
    assert 9 < np.mean(sizes) < 16


def test_no_firm_commits_two_and_the_same_seed_plants_the_same():
    plan = plan_of(3, times=MANY)
    for number in range(3):
        ground = ground_of(plan, number)
        planted, again = plant(ground), plant(ground_of(plan, number))
        firms = np.concatenate([one.firm for one in planted.values()])
        assert len(set(firms.tolist())) == len(firms)
        for name in PATTERNS:
            assert msgspec.json.encode(told(planted[name])) == msgspec.json.encode(told(again[name]))
    other = plant(ground_of(plan_of(3, times=MANY, seed=12), 0))
    assert any(told(other[name]) != told(plant(ground_of(plan, 0))[name]) for name in PATTERNS)


def test_what_is_left_is_the_same_twice():
    ground, planted, honest = district(0)
    again = leave(ground, plant(ground), honest)
    assert all(told(planted[name]) == told(again[name]) for name in PATTERNS)


def test_applications_are_made_by_firms_that_could_make_one_and_honest_ones_stay():
    for number in (0, 1):
        ground, planted, _ = district(number)
        for one in planted.values():
            if one.asks is None or not len(one.asks):
                continue
            firm, month = one.asks.firm, one.asks.month
            assert ((month >= 6) & (month < ground.plan.months)).all()
            assert (ground.months.open[firm, month] & (month - ground.firms.founded[firm] >= 3)).all()
            for own, asked in zip(firm, month, strict=True):
                honest = ground.asks.month[ground.asks.firm == own]
                assert not (np.abs(honest - asked) < 6).any()
            assert np.isin(firm, one.firm).all()


def test_harm_begins_with_the_fraud_and_touches_nobody_else():
    for number in (0, 1):
        _, planted, _ = district(number)
        for name, one in planted.items():
            if one.harm is None:
                continue
            assert (one.harm >= 0).all()
            harmed = np.flatnonzero(one.harm.any(axis=1))
            assert set(harmed.tolist()) <= set(one.firm.tolist())
            for firm, since in zip(one.firm, one.since, strict=True):
                assert not one.harm[firm, :since].any(), name
        for name in ("gang", "packaged", "burst", "identity"):
            one = planted[name]
            assert (one.harm[one.firm, one.since] >= 4).all()
        stacking = planted["stacking"]
        assert 0.2 < stacking.harm[stacking.firm, np.minimum(stacking.since + 2, 35)].mean() < 2.5


def test_honest_facts_are_untouched_and_fraud_stands_in_the_books_of_those_who_commit_it():
    for number in (0, 1):
        ground, planted, honest = district(number)
        whole = with_fraud(honest, planted)
        first, after = ground.plan.first_days[0], ground.plan.first_days[ground.plan.months]
        for sort in ("flows", "orders", "papers"):
            before, all_of = getattr(honest, sort), getattr(whole, sort)
            for column in before.__struct_fields__:
                assert np.array_equal(getattr(all_of, column)[: len(before.pattern)], getattr(before, column)), column
                assert getattr(all_of, column).dtype == getattr(before, column).dtype, column
        for place, (_name, one) in enumerate(planted.items(), start=1):
            if one.flows is not None:
                assert set(one.flows.firm.tolist()) <= set(one.firm.tolist())
                assert ((one.flows.day >= first) & (one.flows.day < after)).all()
                assert (one.flows.fen != 0).all()
            if one.orders is not None:
                assert set(honest.shop_firm[one.orders.shop].tolist()) <= set(one.firm.tolist())
                assert (one.orders.pattern == place).all()
            if one.papers is not None:
                inside = np.concatenate([side[side >= 0] for side in (one.papers.seller, one.papers.buyer)])
                assert set(inside.tolist()) <= set(one.firm.tolist())


def test_nobody_trades_before_the_firm_is_founded_or_long_after_it_closed():
    for number in (0, 1):
        ground, planted, honest = district(number)
        for name, one in planted.items():
            facts = [(one.flows, one.flows.firm, one.flows.day)] if one.flows is not None else []
            if one.orders is not None:
                facts.append((one.orders, honest.shop_firm[one.orders.shop], local_day(one.orders.at)))
            for _, firm, day in facts:
                month = np.searchsorted(ground.plan.first_days, day, side="right") - 1
                assert (month >= ground.firms.founded[firm]).all(), name
                assert (month <= ground.firms.closed[firm]).all(), name


def test_shells_have_hardly_any_trade_of_their_own_and_others_all_of_it():
    ground, planted, _ = district(0)
    months = lived(ground.months, planted)
    shells = np.concatenate([planted[name].firm for name in ("burst", "packaged", "invoice_relay")])
    others = np.setdiff1d(np.arange(len(ground.firms)), shells)
    assert len(shells) > 10
    assert months.sales[shells].sum() < 0.05 * ground.months.sales[shells].sum()
    for name in ("sales", "cash", "late", "borrowed", "short"):
        assert np.array_equal(getattr(months, name)[others], getattr(ground.months, name)[others])
    for firm, since in zip(planted["burst"].firm, planted["burst"].since, strict=True):
        assert not months.sales[firm, since + 1 :].any()
    assert (months.cash >= 0).all()


@pytest.mark.parametrize("seed", range(10))
def test_hamlets_short_worlds_and_drawn_ones_hold_fraud_too(seed):
    plan = make_plan(businesses=3 + 11 * seed, months=6 + 2 * seed, seed=seed, world_seed=seed % 4)
    ground = ground_of(raised(plan, 60.0), 0)
    planted = plant(ground)
    honest = honest_trade(ground, planted)
    whole = with_fraud(honest, leave(ground, planted, honest))
    assert len(whole.flows.pattern) >= len(honest.flows.pattern)
    assert whole.flows.pattern.max(initial=0) <= len(PATTERNS)


def test_two_patterns_are_withheld_and_all_say_what_they_are():
    assert [name for name in PATTERNS if PATTERNS[name].withheld] == ["refund_laundering", "invoice_relay"]
    for name in PATTERNS:
        one = PATTERNS[name]
        assert one.name == name
        assert one.share in declared()
        assert all((one.zh, one.mechanics, one.signature, one.cost, one.source))


def test_the_page_has_the_table_of_patterns():
    assert tell_patterns() in DOCUMENT.read_text("utf-8")


def told_fields(facts) -> pa.Table:
    """Return facts as their records show them: ids scrambled, amounts without sign, seconds of the day."""
    if hasattr(facts, "shop"):
        day = local_day(facts.at)
        return pa.table({"day": day, "second": (facts.at + OFFSET) % DAY, "weekday": day % 7, "buyer_id": scrambled(facts.buyer, 1),
                         "waybill_id": scrambled(facts.waybill, 2), "paid_fen": facts.fen, "units_count": facts.units,
                         "refund_state": facts.fate, "buyer_level": facts.level, "buyer_review": facts.review})  # fmt: skip
    when = {"day": facts.day, "second": facts.second, "weekday": facts.day % 7}
    if hasattr(facts, "fen"):
        who = {"counterparty_id": scrambled(facts.party, 3), "counterparty_kind": facts.kind, "lender_id": facts.lender}
        amount = {"direction": (facts.fen > 0).astype(int), "amount_fen": np.abs(facts.fen), "nature": facts.nature}
        return pa.table({**when, **who, **amount})
    party = np.where(facts.seller >= 0, np.where(facts.buyer >= 0, facts.buyer, facts.party), facts.party)
    return pa.table({**when, "direction": (facts.seller >= 0).astype(int), "net_fen": facts.net, "tax_fen": facts.tax,
                     "status": facts.void.astype(int), "counterparty_id": scrambled(party, 4)})  # fmt: skip


KINDS = {"flows": "bank_entry", "orders": "order", "papers": "invoice"}


def scanned(change=None):
    """Return what any single field of facts tells of any pattern, over two districts; `change` may plant a tell."""
    found = []
    for sort, kind in KINDS.items():
        parts, patterns, subjects = [], [], []
        for number in (0, 1):
            _, planted, honest = district(number)
            facts = getattr(with_fraud(honest, planted), sort)
            firm = {"flows": "firm", "papers": "seller"}.get(sort)
            whose = getattr(facts, firm) if firm else honest.shop_firm[facts.shop]
            kept = (facts.pattern > 0) | (scrambled(whose, 9 + number) % 4 == 0)
            parts.append(told_fields(facts).filter(pa.array(kept)))
            patterns.append(facts.pattern[kept])
            subjects.append(whose[kept] + 10_000 * number)
        table, pattern, subject = pa.concat_tables(parts), np.concatenate(patterns), np.concatenate(subjects)
        table = change(sort, table, pattern) if change else table
        for place, name in enumerate(PATTERNS, start=1):
            chosen = (pattern == 0) | (pattern == place)
            made = pattern[chosen] == place
            found += scan_kind(kind, table.filter(pa.array(chosen)), made, subject[chosen], name, PATTERNS[name].ceilings)
    return found


def test_no_single_field_tells_more_than_the_signature_does():
    found = scanned()
    assert {one.what for one in found} >= {"circular", "packaged", "burst", "wash", "brushing", "stacking", "invoice_relay"}
    assert [f"{one.what}: {one.kind}.{one.field} {one.auc:.2f} > {one.ceiling}" for one in found if one.tells] == []


def test_the_scan_catches_a_planted_tell():
    def on_the_minute(sort, table, pattern):
        second = table["second"].to_numpy().copy()
        second[(pattern > 0) & (sort == "flows")] = 43_200
        return table.set_column(1, "second", pa.array(second))

    caught = {(one.what, one.kind) for one in scanned(on_the_minute) if one.tells and one.field.startswith("second")}
    assert {("wash", "bank_entry"), ("packaged", "bank_entry")} <= caught
