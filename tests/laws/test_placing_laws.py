"""Placing on random problems: every constraint to the fen, never beaten, blind to order, and right by brute force."""

from __future__ import annotations

from itertools import product

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from weilend.partners.allocation import Problem
from weilend.partners.books import BOOKS, make_book
from weilend.partners.churn import ChurnTable
from weilend.partners.placing import place
from weilend.partners.problem import Allocation, Candidate, Economics, Terms
from weilend.partners.settlement import settle
from weilend.partners.solver import Amounts, solve
from weilend.partners.value import best_rate, rates_for, yield_ppm

STEP = 1_000_000
SHARES = st.sampled_from([500_000, 200_000, 333_333, 50_000, 1_000_000, 0])
PD = st.one_of(st.sampled_from([0, 10_000, 50_000]), st.integers(0, 120_000))


@st.composite
def churn_tables(draw: st.DrawFn) -> ChurnTable:
    """Tables with up to three rates, some outside the terms, and shares that may fall as rates rise."""
    rates = draw(st.lists(st.sampled_from([30_000, 60_000, 90_000, 120_000, 160_000]), max_size=2, unique=True))
    lost = st.sampled_from([0, 200_000, 500_000, 500_001, 900_000, 1_000_000])
    return ChurnTable.from_rows("AB", [(rate, draw(lost), draw(lost)) for rate in [*rates, 100_000]])


@st.composite
def problems(draw: st.DrawFn, most: int = 4) -> Problem:
    count = draw(st.sampled_from([0, *range(2, most + 1)]))
    candidates = tuple(
        Candidate(
            business_id=f"E{number}",
            receipt_id=f"r{number}",
            pd_ppm=draw(PD),
            grade=draw(st.sampled_from("AB")),
            ceiling_fen=draw(st.one_of(st.sampled_from([3 * STEP, 4 * STEP, 5 * STEP, 6 * STEP]), st.integers(0, 6 * STEP))),
            floor_rate_ppm=draw(st.sampled_from([0, 0, 0, 60_000, 60_001, 150_001])),
            top_customer=draw(st.sampled_from([None, None, None, "c", "d"])),
        )
        for number in range(count)
    )
    terms = Terms(
        budget_fen=STEP * count * draw(st.integers(0, 12)) // 2 + draw(st.integers(0, STEP)),
        min_amount_fen=2 * STEP,
        max_amount_fen=5 * STEP,
        max_share_behind_one_customer_ppm=draw(SHARES),
    )
    economics = Economics(
        loss_given_default_ppm=draw(st.sampled_from([0, 450_000, 850_000])),
        funding_rate_ppm=draw(st.sampled_from([0, 25_000, 50_000])),
        churn_class={"A": "A", "B": "B"},
    )
    return Problem(candidates=candidates, terms=terms, economics=economics, churn=draw(churn_tables()))


def placed(problem: Problem) -> Allocation:
    return place(problem.candidates, problem.terms, problem.economics, problem.churn)


def holds(problem: Problem, amounts: dict[str, int]) -> bool:
    """Say again, apart from the code under test, what the constraints on amounts are."""
    total = sum(amounts.values())
    customers = [c.top_customer for c in problem.candidates]
    for customer in {c for c in customers if c is not None and customers.count(c) >= 2}:
        behind = sum(amounts.get(c.business_id, 0) for c in problem.candidates if c.top_customer == customer)
        if behind * 1_000_000 > problem.terms.max_share_behind_one_customer_ppm * total:
            return False
    return total <= problem.terms.budget_fen


def best_by_brute_force(problem: Problem) -> int:
    """Try every amount at every allowed rate for every business together; return the most expected profit in fen."""
    options = []
    for candidate in problem.candidates:
        best = best_rate(candidate, problem.terms, problem.economics, problem.churn)
        choices = [(0, 0)]
        if best is not None and best[1] > 0:
            for rate in rates_for(candidate, problem.terms, problem.churn):
                per_yuan = yield_ppm(candidate, rate, problem.economics, problem.churn)
                choices += [(n, n * per_yuan) for n in range(2, min(5, candidate.ceiling_fen // STEP) + 1)]
        options.append(sorted(set(choices)))
    names = [candidate.business_id for candidate in problem.candidates]
    values = [0]
    for plan in product(*options):
        if holds(problem, {name: n * STEP for name, (n, _) in zip(names, plan, strict=True)}):
            values.append(sum(value for _, value in plan))
    return max(values)


@given(problems(most=3))
@settings(max_examples=150, deadline=None)
def test_it_equals_brute_force_over_rates_and_amounts_together(problem: Problem) -> None:
    allocation = placed(problem)
    assert allocation.expected_profit_fen == best_by_brute_force(problem)
    assert allocation.method == "optimal"
    assert allocation.bound_fen is not None
    assert allocation.bound_fen >= allocation.expected_profit_fen


@given(problems(most=14))
@settings(max_examples=150, deadline=None)
def test_every_constraint_holds_to_the_fen(problem: Problem) -> None:
    allocation = placed(problem)
    by_id = {candidate.business_id: candidate for candidate in problem.candidates}
    assert holds(problem, {p.business_id: p.amount_fen for p in allocation.placements})
    for placement in allocation.placements:
        candidate = by_id[placement.business_id]
        assert 2 * STEP <= placement.amount_fen <= min(5 * STEP, candidate.ceiling_fen)
        assert placement.amount_fen % STEP == 0
        assert max(40_000, candidate.floor_rate_ppm) <= placement.annual_rate_ppm <= 150_000
        assert placement.annual_rate_ppm in problem.churn.rates_ppm
        assert placement.expected_profit_fen > 0


@given(problems(most=14), st.data())
@settings(max_examples=100, deadline=None)
def test_no_simpler_book_expects_more(problem: Problem, data: st.DataObject) -> None:
    sales = {c.business_id: data.draw(st.integers(-(10**6), 10**12)) for c in problem.candidates}
    ours = placed(problem)
    for name in BOOKS:
        other = make_book(name, problem, sales)
        assert holds(problem, {p.business_id: p.amount_fen for p in other.placements})
        assert other.expected_profit_fen <= ours.expected_profit_fen


@given(problems(most=14), st.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None)
def test_order_changes_nothing_and_twice_is_the_same(problem: Problem, dice: object) -> None:
    shuffled = list(problem.candidates)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    ours = placed(problem)
    assert place(shuffled, problem.terms, problem.economics, problem.churn) == ours == placed(problem)
    moved = msgspec.structs.replace(problem, candidates=tuple(shuffled))
    for name in BOOKS:
        assert make_book(name, problem, dict.fromkeys(by_name(problem), 7)) == make_book(
            name, moved, dict.fromkeys(by_name(problem), 7)
        )


def by_name(problem: Problem) -> list[str]:
    return [candidate.business_id for candidate in problem.candidates]


@given(problems(most=12), st.integers(0, 30 * STEP))
@settings(max_examples=80, deadline=None)
def test_more_budget_never_expects_less(problem: Problem, more: int) -> None:
    richer = msgspec.structs.replace(problem.terms, budget_fen=problem.terms.budget_fen + more)
    wider = msgspec.structs.replace(problem, terms=richer)
    assert placed(wider).expected_profit_fen >= placed(problem).expected_profit_fen


@given(problems(most=10))
@settings(max_examples=60, deadline=None)
def test_if_none_default_a_book_earns_at_least_what_it_expects(problem: Problem) -> None:
    ours = placed(problem)
    best = settle(ours, dict.fromkeys(by_name(problem), False), problem.economics, problem.churn).profit_fen
    worst = settle(ours, dict.fromkeys(by_name(problem), True), problem.economics, problem.churn).profit_fen
    rounding = 10 * len(ours.placements)  # yields are ppm of amounts up to 5 million fen: at most some fen each
    assert worst - rounding <= ours.expected_profit_fen <= best + rounding


@given(
    st.lists(st.tuples(st.integers(1, 40_000), st.integers(10, 25)), min_size=1, max_size=14),
    st.integers(0, 200),
)
@settings(max_examples=80, deadline=None)
def test_without_shared_customers_it_equals_dynamic_programming(firms: list[tuple[int, int]], budget: int) -> None:
    amounts = Amounts(
        yields=tuple(y for y, _ in firms),
        ceilings=tuple(c for _, c in firms),
        customers=(None,) * len(firms),
        least=10,
        budget=budget,
        share_ppm=50_000,
    )
    best = [0] * (budget + 1)
    for per_step, ceiling in firms:
        best = [
            max([best[b], *(best[b - n] + n * per_step for n in range(10, min(ceiling, b) + 1))]) for b in range(budget + 1)
        ]
    solution = solve(amounts)
    assert sum(y * n for (y, _), n in zip(firms, solution.steps, strict=True)) == best[budget]
    assert solution.bound >= best[budget]
