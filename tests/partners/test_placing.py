"""Placing on worked cases: constraints, ties, replay, silence; and a planted bug of every sort that verification must catch."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable

import msgspec
import pytest
from tests.real import find_real

from weilend.core.errors import InfeasibleError, InputError, ReplayError
from weilend.core.ids import bytes_hash, content_hash
from weilend.partners import placing
from weilend.partners.allocation import Choice, Problem, seal, verify_allocation
from weilend.partners.churn import ChurnTable
from weilend.partners.placing import place, replay
from weilend.partners.problem import Allocation, Candidate, Economics, Terms
from weilend.partners.solver import Solution
from weilend.partners.value import best_rate, margin_ppm, placeable

STEP = 1_000_000
CHURN = ChurnTable.from_rows(
    "ABC", [(40_000, 0, 0, 0), (60_000, 300_000, 250_000, 200_000), (100_000, 600_000, 610_000, 590_000), (200_000, 0, 0, 0)]
)
ECONOMICS = Economics(loss_given_default_ppm=650_000, funding_rate_ppm=35_000, churn_class={"A": "A", "B": "B", "C": "C"})
TERMS = Terms(budget_fen=1_000 * STEP)


def firm(number: int, **changes: object) -> Candidate:
    values = {"pd_ppm": 10_000, "grade": "A", "ceiling_fen": 50 * STEP, "floor_rate_ppm": 0} | changes
    return msgspec.convert({"business_id": f"E{number}", "receipt_id": f"r{number}", **values}, Candidate)


def problem_of(*candidates: Candidate, terms: Terms = TERMS) -> Problem:
    return Problem(candidates=candidates, terms=terms, economics=ECONOMICS, churn=CHURN)


def place_all(*candidates: Candidate, terms: Terms = TERMS) -> Allocation:
    return place(candidates, terms, ECONOMICS, CHURN)


def amounts(allocation: Allocation) -> dict[str, int]:
    return {placement.business_id: placement.amount_fen // STEP for placement in allocation.placements}


def crowd(count: int, seed: int = 0, customers: int = 120) -> list[Candidate]:
    """Businesses like those of a real run: pd 1-15 %, ceilings 0.1-1 million yuan, some leaning on the same customer."""
    dice, made = random.Random(seed), []
    for number in range(count):
        pd = dice.randint(10_000, 150_000)
        grade = "A" if pd < 30_000 else "B" if pd < 80_000 else "C"
        ceiling, customer = dice.randint(10 * STEP, 150 * STEP), f"c{dice.randint(0, customers)}"
        floor = 35_000 + pd * 65 // 100
        made.append(firm(number, pd_ppm=pd, grade=grade, ceiling_fen=ceiling, floor_rate_ppm=floor, top_customer=customer))
    return made


def test_margin_is_interest_less_loss_less_funding() -> None:
    # 96 % of 10 % is 9.6 %; 4 % of 65 % is 2.6 %; funding 3.5 %
    assert margin_ppm(40_000, 100_000, ECONOMICS) == 96_000 - 26_000 - 35_000


def test_the_best_rate_keeps_within_floor_and_terms() -> None:
    at = {floor: best_rate(firm(1, floor_rate_ppm=floor), TERMS, ECONOMICS, CHURN) for floor in (0, 60_001, 100_001)}
    # 10 %: (.99 * 10 % - .65 % - 3.5 %) * 40 % = 2.3 %; 20 % would yield most and lies outside the terms
    assert at == {0: (100_000, 23_000), 60_001: (100_000, 23_000), 100_001: None}


def test_a_wiggle_in_the_churn_table_is_used_as_it_is() -> None:
    wiggly = ChurnTable.from_rows("A", [(50_000, 400_000), (60_000, 500_000), (70_000, 450_000)])
    assert best_rate(firm(1), TERMS, ECONOMICS, wiggly) == (70_000, 15_290)  # (6.93 % - .65 % - 3.5 %) * 55 %
    assert wiggly.lost_ppm("A", 60_000) == 500_000


def test_of_equally_good_rates_the_lower_is_offered() -> None:
    # without losses and funding: 5 % * 80 % = 8 % * 50 % = 10 % * 40 %
    free = Economics(loss_given_default_ppm=0, funding_rate_ppm=0, churn_class={"A": "A"})
    table = ChurnTable.from_rows("A", [(50_000, 200_000), (100_000, 600_000), (80_000, 500_000)])
    assert best_rate(firm(1, pd_ppm=0), TERMS, free, table) == (50_000, 40_000)


def test_a_rate_between_two_of_the_table_is_not_known() -> None:
    with pytest.raises(InputError, match="no rate 50000 ppm"):
        CHURN.lost_ppm("A", 50_000)


def test_a_business_is_left_out_for_each_of_the_three_reasons() -> None:
    left_out = [firm(1, ceiling_fen=10 * STEP - 1), firm(2, floor_rate_ppm=150_001), firm(3, pd_ppm=400_000)]
    allocation = place_all(*left_out, firm(4))
    assert amounts(allocation) == {"E4": 50}
    assert sorted(allocation.not_placed) == ["E1", "E2", "E3"]


def test_a_rest_of_the_budget_under_the_least_amount_is_moved_not_lost() -> None:
    # 55 steps: 50 + 5 is not allowed, so the better one gives 5 steps up
    allocation = place_all(firm(1, pd_ppm=10_000), firm(2, pd_ppm=20_000), terms=Terms(budget_fen=55 * STEP + 999_999))
    assert amounts(allocation) == {"E1": 45, "E2": 10}
    assert allocation.method == "optimal"
    assert allocation.bound_fen is not None
    assert allocation.bound_fen > allocation.expected_profit_fen


def test_the_cap_behind_one_customer_is_a_share_of_what_is_offered() -> None:
    behind = [firm(n, pd_ppm=1_000, top_customer="c") for n in (1, 2)]
    others = [firm(n, pd_ppm=50_000) for n in range(3, 11)]
    allocation = place_all(*behind, *others)
    # 8 others carry 400 steps; x <= 5 % of (400 + x) gives 21
    assert sum(n for name, n in amounts(allocation).items() if name in {"E1", "E2"}) == 21
    assert allocation.offered_fen == 421 * STEP
    assert any("customer c binds" in reason.en for reason in allocation.binding)


def test_a_customer_of_one_business_is_not_shared() -> None:
    assert amounts(place_all(firm(1, top_customer="c"), firm(2, top_customer="d"))) == {"E1": 50, "E2": 50}


def test_where_every_business_leans_on_few_shared_customers_nothing_can_be_placed() -> None:
    allocation = place_all(*(firm(n, top_customer=f"c{n % 3}") for n in range(9)))
    assert allocation.offered_fen == 0
    assert len(allocation.not_placed) == 9
    assert {reason.code for reason in allocation.binding} == {"customer_cap"}


def test_nobody_is_lent_to_at_no_profit_even_to_make_room_behind_a_customer() -> None:
    table = ChurnTable.from_rows("AB", [(100_000, 0, 1_000_000)])
    leaning, idle = [firm(n, top_customer="c") for n in (1, 2)], [firm(n, grade="B") for n in range(3, 20)]
    assert best_rate(idle[0], TERMS, ECONOMICS, table) == (100_000, 0)
    assert place([*leaning, *idle], TERMS, ECONOMICS, table).offered_fen == 0


def test_ties_go_to_the_lower_pd_then_to_the_hash() -> None:
    free = ChurnTable.from_rows("AB", [(100_000, 500_000, 500_000)])
    even = msgspec.structs.replace(ECONOMICS, loss_given_default_ppm=0, churn_class={"A": "A"})
    twins = [firm(n, pd_ppm=0) for n in range(1, 5)]
    # with no loss and these pds the yields round to the same ppm
    near = [firm(9, pd_ppm=1), *twins]
    allocation = place(near, Terms(budget_fen=125 * STEP), even, free)
    first, second, third = sorted((t.business_id for t in twins), key=lambda name: bytes_hash(name.encode()))[:3]
    assert len({line.yield_ppm for line in placeable(near, TERMS, even, free)}) == 1
    assert amounts(allocation) == {first: 50, second: 50, third: 25}


def test_it_is_the_same_twice_in_any_order_and_it_replays() -> None:
    firms = crowd(80)
    terms = Terms(budget_fen=2_000 * STEP)
    one = place_all(*firms, terms=terms)
    assert place_all(*reversed(firms), terms=terms) == one == place_all(*firms, terms=terms)
    assert replay(one, firms, terms, ECONOMICS, CHURN) == one
    assert one.cites == tuple(
        f"r{c.business_id[1:]}" for c in sorted(firms, key=lambda c: (c.pd_ppm, bytes_hash(c.business_id.encode())))
    )


def test_replay_names_what_changed() -> None:
    firms = [firm(1), firm(2)]
    one = place_all(*firms)
    with pytest.raises(ReplayError, match="candidates differ"):
        replay(one, [firm(1), firm(2, pd_ppm=11_000)], TERMS, ECONOMICS, CHURN)
    with pytest.raises(ReplayError, match="economics differ"):
        replay(one, firms, TERMS, msgspec.structs.replace(ECONOMICS, funding_rate_ppm=0), CHURN)
    with pytest.raises(ReplayError, match="same inputs, another answer"):
        replay(msgspec.structs.replace(one, offered_fen=0), firms, TERMS, ECONOMICS, CHURN)


def test_the_solver_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    place_all(*crowd(60), terms=Terms(budget_fen=1_500 * STEP))
    assert capfd.readouterr() == ("", "")


def test_bad_input_is_one_sentence() -> None:
    with pytest.raises(InputError, match="'E1' is a candidate twice"):
        place_all(firm(1), firm(1))
    with pytest.raises(InputError, match="grade 'D' has no churn class"):
        place_all(firm(1, grade="D"))
    with pytest.raises(InputError, match="a pd of 2000000 ppm"):
        firm(1, pd_ppm=2_000_000)
    for wrong in ({"amount_step_fen": 0}, {"min_amount_fen": 10_500_000}, {"max_amount_fen": 1}, {"budget_fen": -1},
                  {"max_share_behind_one_customer_ppm": 1_000_001}, {"months": 6}):  # fmt: skip
        with pytest.raises(InputError):
            msgspec.structs.replace(TERMS, **wrong)


@pytest.mark.parametrize("rows", [[], [(50_000, 0), (50_000, 0)], [(50_000, 1_000_001)], [(50_000, 1, 2)], [(50_000, -1)]])
def test_a_malformed_churn_table_is_refused(rows: list[tuple[int, ...]]) -> None:
    with pytest.raises(InputError):
        ChurnTable.from_rows("A", rows)


def test_rows_of_a_churn_table_have_the_same_classes() -> None:
    with pytest.raises(InputError, match="same classes"):
        ChurnTable.from_shares([(40_000, {"A": 0}), (50_000, {"B": 0})])


def test_a_solver_that_lies_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    lie = Solution(steps=(50, 50), proven=True, bound=10**12, budget_price=0, customer_prices={})
    monkeypatch.setattr(placing, "solve", lambda problem, max_nodes: lie)
    with pytest.raises(InfeasibleError, match="¥1,000,000 is offered out of a budget of ¥600,000"):
        place_all(firm(1), firm(2), terms=Terms(budget_fen=60 * STEP))


GOOD = problem_of(firm(1, top_customer="c"), firm(2, top_customer="c"), firm(3), firm(4, floor_rate_ppm=60_000),
                  terms=Terms(budget_fen=100 * STEP, max_share_behind_one_customer_ppm=200_000))  # fmt: skip


def _with_choices(*choices: Choice) -> Callable[[Allocation], Allocation]:
    return lambda good: seal(GOOD, choices, book="bug", method="rule")


def _with(**changes: object) -> Callable[[Allocation], Allocation]:
    def change(good: Allocation) -> Allocation:
        bad = msgspec.structs.replace(good, **changes, allocation_id="")
        return msgspec.structs.replace(bad, allocation_id=content_hash(bad))

    return change


BUGS = {
    "under the least": (_with_choices(Choice("E3", 9 * STEP, 100_000)), "less than the least"),
    "off the step": (_with_choices(Choice("E3", 10 * STEP + 1, 100_000)), "no multiple"),
    "over the ceiling": (_with_choices(Choice("E3", 51 * STEP, 100_000)), "more than its ceiling"),
    "over the most": (_with_choices(Choice("E3", 101 * STEP, 100_000)), "more than the most"),
    "negative": (_with_choices(Choice("E3", -10 * STEP, 100_000)), "less than the least"),
    "under the floor": (_with_choices(Choice("E4", 20 * STEP, 40_000)), "do not allow"),
    "outside the terms": (_with_choices(Choice("E3", 20 * STEP, 200_000)), "do not allow"),
    "over the budget": (_with_choices(*(Choice(f"E{n}", 34 * STEP, 100_000) for n in (1, 3, 4))), "out of a budget"),
    "behind one customer": (
        _with_choices(Choice("E1", 11 * STEP, 100_000), Choice("E2", 10 * STEP, 100_000), Choice("E3", 50 * STEP, 100_000)),
        "stands behind customer c",
    ),
    "somebody left out": (_with(not_placed=()), "not each candidate once"),
    "sum": (_with(offered_fen=1), "placements add up"),
    "budget": (_with(budget_fen=10**12), "out of a budget"),
    "taken": (_with(expected_taken_fen=1), "expected to be taken"),
    "profit": (_with(expected_profit_fen=1), "expected profit"),
    "bound": (_with(bound_fen=1), "above the proven bound"),
    "inputs": (_with(inputs={}), "other inputs"),
    "inputs hash": (_with(inputs_hash="0"), "other inputs"),
    "identity": (lambda good: msgspec.structs.replace(good, book="other"), "not the hash"),
}


@pytest.mark.parametrize("name", BUGS)
def test_verification_catches(name: str) -> None:
    plant, message = BUGS[name]
    good = place(GOOD.candidates, GOOD.terms, GOOD.economics, GOOD.churn)
    assert amounts(good), "the good one places something and passes"
    with pytest.raises(InfeasibleError, match=message):
        verify_allocation(plant(good), GOOD)


def test_verification_catches_a_placement_that_cites_another_decision() -> None:
    good = place(GOOD.candidates, GOOD.terms, GOOD.economics, GOOD.churn)
    forged = (msgspec.structs.replace(good.placements[0], receipt_id="forged"), *good.placements[1:])
    with pytest.raises(InfeasibleError, match="does not follow from its decision"):
        verify_allocation(_with(placements=forged)(good), GOOD)


def test_three_hundred_businesses_are_placed_to_proven_optimum_on_the_real_churn_table() -> None:
    with find_real("cumcm2020c/rate_and_churn.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.reader(file))
    churn = ChurnTable.from_rows(rows[0][1:], [[round(float(cell) * 1_000_000) for cell in row] for row in rows[1:]])
    allocation = place(crowd(300), Terms(budget_fen=10_000 * STEP), ECONOMICS, churn)
    assert allocation.method == "optimal"
    assert allocation.bound_fen is not None
    assert allocation.bound_fen - allocation.expected_profit_fen < allocation.expected_profit_fen // 10_000
    assert 9_900 * STEP < allocation.offered_fen <= 10_000 * STEP


def test_a_search_that_is_stopped_early_says_so_and_still_keeps_every_constraint() -> None:
    firms, terms = crowd(120, customers=60), Terms(budget_fen=3_000 * STEP)
    stopped, searched = place(firms, terms, ECONOMICS, CHURN, max_nodes=0), place(firms, terms, ECONOMICS, CHURN)
    assert (stopped.method, searched.method) == ("gap", "optimal")
    assert stopped.bound_fen == searched.bound_fen
    assert stopped.expected_profit_fen <= searched.expected_profit_fen
    assert replay(stopped, firms, terms, ECONOMICS, CHURN) == stopped
