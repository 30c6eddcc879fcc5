"""A world is made of its seeds alone; what it tells keeps together; what any offer leads to follows from the offer."""

from __future__ import annotations

from functools import cache

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from weilend.core.calendars import Calendar
from weilend.core.errors import InputError, NotFoundError
from weilend.core.records import FAR_FUTURE, KINDS
from weilend.economy.constants import declared, draw_constants
from weilend.economy.credit import expected_pd, hazards, outcome, standard_offer
from weilend.economy.district import District, make_district
from weilend.economy.firms import NEVER
from weilend.economy.loans import decide_of_old, live_loans
from weilend.economy.plan import make_plan
from weilend.economy.tell import Telling, tell_district
from weilend.engine.book_schema import check_rows

HOME = Calendar()


@cache
def district(number: int = 0, seed: int = 1, world_seed: int = 0) -> District:
    return make_district(make_plan(businesses=3_000, months=18, seed=seed, world_seed=world_seed), number)


@cache
def told(number: int = 0) -> Telling:
    return tell_district(district(number))


def test_the_same_seed_tells_the_same_and_another_does_not():
    again = tell_district(make_district(make_plan(businesses=3_000, months=18, seed=1), 0))
    assert all(again.records[kind].equals(table) for kind, table in told().records.items())
    assert all(again.truth[name].equals(table) for name, table in told().truth.items())
    assert not np.array_equal(district(0).firms.sales, district(0, seed=2).firms.sales)
    assert not np.array_equal(district(0).firms.sales, district(0, world_seed=1).firms.sales)


def test_a_district_is_the_same_in_a_larger_world():
    larger = make_district(make_plan(businesses=9_000, months=18, seed=1), 0)
    assert np.array_equal(larger.firms.code, district(0).firms.code)
    assert np.array_equal(larger.months.cash, district(0).months.cash)


def test_the_book_takes_every_record():
    for kind, table in told().records.items():
        check_rows(KINDS[kind], table.drop_columns(["known_until"]), HOME)
        assert not pc.any(pc.less(table["known_at"], table["happened_at"])).as_py(), kind


def test_versions_of_a_record_follow_each_other():
    for kind, table in told().records.items():
        order = table.select(["key", "known_at", "known_until"]).sort_by([("key", "ascending"), ("known_at", "ascending")])
        key = order["key"].combine_chunks()
        same = np.append(pc.equal(key[:-1], key[1:]).to_numpy(zero_copy_only=False), values=False)
        until, known = order["known_until"].to_numpy(), order["known_at"].to_numpy()
        assert (until[~same] == FAR_FUTURE).all(), kind
        assert (until[same] == np.roll(known, -1)[same]).all(), kind


def test_records_stand_in_the_order_of_the_book():
    for kind, table in told().records.items():
        first = KINDS[kind].subjects[0]
        ordered = table.sort_by([(first, "ascending"), ("happened_at", "ascending"), ("known_at", "ascending")])
        assert ordered["happened_at"].equals(table["happened_at"]), kind


def test_balances_run_and_never_fall_below_zero():
    """Fraud may forge statements; where none is planted, every account adds up line by line."""
    table = told().records["bank_entry"]
    forged = told().truth["records"].filter(pc.equal(told().truth["records"]["kind"], "bank_entry"))
    table = table.filter(pc.invert(pc.is_in(table["business_id"], value_set=_accused(table, forged))))
    account = table["business_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    order = np.lexsort((table["line_no"].to_numpy(), table["happened_on"].cast(pa.int32()).to_numpy(), account))
    signed = np.where(pc.equal(table["direction"], "in").to_numpy(zero_copy_only=False), 1, -1) * table["amount_fen"].to_numpy()
    balance, signed, account = table["balance_fen"].to_numpy()[order], signed[order], account[order]
    same = account[1:] == account[:-1]
    assert (balance[1:][same] == (balance[:-1] + signed[1:])[same]).all()
    assert (balance >= 0).mean() > 0.999


def _accused(table: pa.Table, marks: pa.Table) -> pa.Array:
    return table.filter(pc.is_in(table["record_id"], value_set=marks["record_id"].combine_chunks()))[
        "business_id"
    ].combine_chunks()


def test_a_heavier_offer_never_turns_out_better_and_doubling_the_instalment_raises_the_chance_of_default():
    one = district()
    light = standard_offer(one.months, one.asks)
    heavy = msgspec.structs.replace(light, limit=light.limit * 2)
    dear = msgspec.structs.replace(light, rate=light.rate + 0.1)
    chance = expected_pd(one.plan, 0, one.firms, one.months, one.asks, [light, heavy, dear])
    assert (chance[:, 1] > chance[:, 0]).all()
    assert chance[:, 1].mean() > 1.25 * chance[:, 0].mean()
    assert (chance[:, 2] >= chance[:, 0]).all()
    went = [outcome(hazards(one.plan.constants, one.firms, one.months, one.asks, offer), one.asks, one.dice)
            for offer in (light, heavy, dear)]  # fmt: skip
    assert (went[1] <= went[0]).all()
    assert (went[2] <= went[0]).all()


def test_the_oracle_is_right_on_average():
    expected, went = [], []
    for number in range(3):
        one = district(number)
        offer = standard_offer(one.months, one.asks)
        expected.append(expected_pd(one.plan, number, one.firms, one.months, one.asks, [offer])[:, 0])
        went.append(outcome(hazards(one.plan.constants, one.firms, one.months, one.asks, offer), one.asks, one.dice) < NEVER)
    chance, bad = np.concatenate(expected), np.concatenate(went)
    error = np.sqrt((chance * (1 - chance)).sum()) / len(chance)
    assert abs(bad.mean() - chance.mean()) < 4 * error + 0.02  # weather of a few months is shared by all


def test_who_was_lent_to_differs_in_what_no_file_holds():
    one = district()
    approved = decide_of_old(one).approved
    unseen = one.firms.unseen[one.asks.firm]
    assert unseen[approved].mean() < unseen[~approved].mean() - 0.2


def test_loans_add_up_to_the_fen():
    one = district()
    loans = live_loans(one, decide_of_old(one))
    runs = np.arange(12) < loans.term[:, None]
    assert (loans.principal.sum(axis=1) == loans.principal_fen).all()
    assert (loans.principal[~runs] == 0).all()
    states = told().records["loan_state"]
    paid = told().records["repayment"].group_by("loan_id").aggregate([("principal_fen", "sum")])
    last = states.group_by("loan_id").aggregate([("outstanding_fen", "min"), ("written_off_fen", "max"), ("mob", "max")])
    ended = states.filter(pc.is_in(states["state"], value_set=pa.array(["settled", "settled_early"])))
    whole = ended.join(paid, "loan_id")
    assert whole.num_rows > 5
    assert pc.all(pc.equal(whole["principal_fen_sum"], whole["principal_fen"])).as_py()
    assert pc.min(last["outstanding_fen_min"]).as_py() >= 0


@pytest.mark.parametrize("world_seed", [1, 2, 3, 4, 5])
def test_drawn_constants_lie_within_their_bounds(world_seed):
    drawn = draw_constants(world_seed)
    assert drawn.identity() != draw_constants(0).identity()
    for name, one in declared().items():
        assert one.lo <= one.value <= one.hi, name
        assert one.lo <= drawn[name] <= one.hi, name
        assert len(one.source) > 5, name


@pytest.mark.parametrize(
    ("wrong", "says"),
    [({"businesses": 0}, "0 businesses"), ({"months": 3}, "3 months"), ({"users": 5}, "5 users"), ({"seed": -1}, "a seed")],
)
def test_sizes_that_cannot_be_are_refused_in_a_sentence(wrong, says):
    with pytest.raises(InputError, match=says):
        make_plan(**{"businesses": 100, "months": 12, "seed": 1} | wrong)


def test_an_unknown_constant_is_named():
    with pytest.raises(NotFoundError, match="no constant luck"):
        draw_constants(0)["luck"]
