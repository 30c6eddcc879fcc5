"""The five books, settlement, the comparison with intervals, and the stress, on worked cases."""

from __future__ import annotations

import msgspec
import pytest

from weilend.core.errors import InputError
from weilend.partners.allocation import Problem
from weilend.partners.books import BOOKS, make_book
from weilend.partners.churn import ChurnTable
from weilend.partners.compare import compare_books
from weilend.partners.placing import place
from weilend.partners.problem import Allocation, Candidate, Economics, Terms
from weilend.partners.settlement import settle
from weilend.partners.stress_grid import Scenario, scenarios, stress, survival

STEP = 1_000_000
CHURN = ChurnTable.from_rows("A", [(60_000, 250_000), (100_000, 600_000)])
ECONOMICS = Economics(loss_given_default_ppm=650_000, funding_rate_ppm=35_000, churn_class={"A": "A"})


def firm(number: int, pd_ppm: int = 10_000, ceiling: int = 50, floor: int = 0, customer: str | None = None) -> Candidate:
    return Candidate(
        business_id=f"E{number}",
        receipt_id=f"r{number}",
        pd_ppm=pd_ppm,
        grade="A",
        ceiling_fen=ceiling * STEP,
        floor_rate_ppm=floor,
        top_customer=customer,
    )


def problem_of(*candidates: Candidate, budget: int) -> Problem:
    return Problem(candidates=candidates, terms=Terms(budget_fen=budget * STEP), economics=ECONOMICS, churn=CHURN)


def steps(allocation: Allocation) -> dict[str, int]:
    return {p.business_id: p.amount_fen // STEP for p in sorted(allocation.placements, key=lambda p: p.business_id)}


def test_the_books_spend_the_budget_as_their_rule_says() -> None:
    problem = problem_of(firm(1, ceiling=100), firm(2, 20_000, ceiling=40), firm(3, 5_000, ceiling=20), budget=90)
    sales = {"E1": 10**9, "E2": 5 * 10**9, "E3": 3 * 10**9}
    assert {name: steps(make_book(name, problem, sales)) for name in BOOKS} == {
        "equal": {"E1": 35, "E2": 35, "E3": 20},
        "by_sales": {"E1": 30, "E2": 40, "E3": 20},
        "size_ranked": {"E1": 30, "E2": 40, "E3": 20},
        "pd_ranked": {"E1": 70, "E3": 20},
        "all": {"E1": 56, "E2": 22, "E3": 11},
    }


def test_a_flat_rate_is_the_best_single_one_and_leaves_out_whose_floor_is_higher() -> None:
    problem = problem_of(firm(1, 0), firm(2, 0), firm(3, 60_000, floor=90_000), budget=200)
    book = make_book("pd_ranked", problem, {"E1": 1, "E2": 1, "E3": 1})
    # at 6 %: 2.5 % * 75 % = 1.875 %, only E1 and E2; at 10 %: 6.5 % * 40 % = 2.6 % for them
    # and 9.4 % - 3.9 % - 3.5 % = 2 % before churn for E3
    assert {p.annual_rate_ppm for p in book.placements} == {100_000}
    low = msgspec.structs.replace(problem, churn=ChurnTable.from_rows("A", [(60_000, 0), (100_000, 900_000)]))
    cheap = make_book("pd_ranked", low, {"E1": 1, "E2": 1, "E3": 1})
    assert {(p.business_id, p.annual_rate_ppm) for p in cheap.placements} == {("E1", 60_000), ("E2", 60_000)}


def test_books_keep_the_cap_behind_one_customer() -> None:
    leaning = [firm(n, 1_000, customer="c") for n in range(3)]
    problem = problem_of(*leaning, *(firm(n, 50_000) for n in range(3, 12)), budget=1_000)
    sales = {candidate.business_id: 10**9 for candidate in problem.candidates}
    for name in BOOKS:
        book = steps(make_book(name, problem, sales))
        behind = sum(n for business, n in book.items() if business in {"E0", "E1", "E2"})
        assert 0 < behind * 20 <= sum(book.values()), name


def test_a_budget_too_small_for_everyone_serves_the_heaviest() -> None:
    problem = problem_of(*(firm(n, ceiling=20) for n in range(5)), budget=32)
    assert steps(make_book("by_sales", problem, {f"E{n}": n for n in range(5)})) == {"E2": 10, "E3": 10, "E4": 10}


def test_missing_sales_or_outcomes_are_named() -> None:
    problem = problem_of(firm(1), firm(2), budget=100)
    with pytest.raises(InputError, match="'E2' has no sales figure"):
        make_book("equal", problem, {"E1": 1})
    ours = place(problem.candidates, problem.terms, ECONOMICS, CHURN)
    with pytest.raises(InputError, match="1 placed businesses have no outcome, 'E2' first"):
        settle(ours, {"E1": False}, ECONOMICS, CHURN)


def test_settlement_is_interest_or_loss_on_what_is_taken() -> None:
    ours = place([firm(1), firm(2)], Terms(budget_fen=100 * STEP), ECONOMICS, CHURN)
    settled = settle(ours, {"E1": False, "E2": True}, ECONOMICS, CHURN)
    # 40 % of 500,000 yuan is taken at 10 %: 20,000 interest or 130,000 lost, 7,000 funding
    assert settled.by_business == {"E1": 1_300_000, "E2": -13_700_000}
    assert (settled.profit_fen, settled.taken_fen, settled.defaulted_fen) == (-12_400_000, 40 * STEP, 20 * STEP)


def test_a_clear_lead_is_claimed_and_an_unclear_one_is_not() -> None:
    # pd says which half defaults; size says the opposite
    good = [firm(n, 1_000) for n in range(30)]
    bad = [firm(n, 40_000) for n in range(30, 60)]
    problem = problem_of(*good, *bad, budget=1_500)
    sales = {c.business_id: 10**9 + int(c.business_id[1:]) for c in problem.candidates}
    outcomes = {c.business_id: c.pd_ppm == 40_000 for c in problem.candidates}
    found = compare_books(problem, sales, outcomes, seed=1, draws=400)
    by_name = {book.book: book for book in found.books}
    assert found.realised_fen == 30 * 1_300_000
    assert by_name["size_ranked"].says().code == "better"
    assert by_name["size_ranked"].lead_fen == found.realised_fen - by_name["size_ranked"].realised_fen
    # the same book as ours: the lead is 0 in every draw, so nothing may be claimed
    same = by_name["pd_ranked"]
    assert (same.lead_fen, same.low_fen, same.high_fen, same.says().code) == (0, 0, 0, "undecided")
    wrong = compare_books(problem, sales, {name: not out for name, out in outcomes.items()}, seed=1, draws=400)
    assert {book.book: book.says().code for book in wrong.books}["size_ranked"] == "worse"


def test_intervals_repeat_with_the_seed() -> None:
    problem = problem_of(*(firm(n, 1_000 * n) for n in range(20)), budget=300)
    sales = {c.business_id: 10**9 for c in problem.candidates}
    outcomes = {c.business_id: c.pd_ppm > 15_000 for c in problem.candidates}
    one, two, other = (compare_books(problem, sales, outcomes, seed=seed, draws=200) for seed in (3, 3, 4))
    assert one == two
    assert one.books != other.books


def test_stress_says_who_survives() -> None:
    def at(scenario: Scenario) -> list[Candidate]:
        worse = scenario.bad_rate_ppm // 8
        return [firm(1, worse), firm(2, 8 * worse), firm(3, worse, ceiling=0)]

    terms = Terms(budget_fen=200 * STEP)
    grid = list(scenarios([30_000, 80_000], [450_000, 850_000], [25_000, 50_000]))
    base = place([firm(1), firm(2), firm(3)], terms, ECONOMICS, CHURN)
    cells = stress(base, at, grid, terms, ECONOMICS, CHURN)
    assert [cell.scenario for cell in cells] == grid
    # at a bad rate of 8 % E2 pays only where losses and funding are low; E3 the policy turns away everywhere
    assert survival(base, cells) == {"E1": 8, "E2": 6, "E3": 0}
    for cell in cells:
        assert sorted([*cell.kept, *cell.dropped]) == ["E1", "E2", "E3"]
    profits = {(c.scenario.loss_given_default_ppm, c.scenario.funding_rate_ppm): c.base_profit_fen for c in cells[:4]}
    assert profits[850_000, 50_000] < profits[450_000, 50_000] < profits[450_000, 25_000]
    with pytest.raises(InputError, match="leaves out 'E"):
        stress(base, lambda scenario: [], grid, terms, ECONOMICS, CHURN)
