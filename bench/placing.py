"""In: 300 made-up approved businesses and a budget. Out: expected profit and milliseconds of placing it. Used: `make bench`.

Peers: greedy ranking by yield at everybody's best rate, ranking by probability of default at the best single rate (the book
`pd_ranked`), and scipy.optimize.milp on the same model, whose optimum must be ours to the yield unit.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import lil_array

from bench.measure import DisagreementError, Row, agree, compare, emit, plain_row, race
from weilend.partners.allocation import Choice, Problem, seal
from weilend.partners.books import make_book
from weilend.partners.churn import ChurnTable
from weilend.partners.placing import place
from weilend.partners.problem import Allocation, Candidate, Economics, Terms
from weilend.partners.value import Line, placeable

STEP = 1_000_000
CLASSES = "ABC"
RATES = tuple(range(40_000, 150_001, 5_000))


def rows(count: int = 300, budget_steps: int = 10_000, passes: int = 4) -> list[Row]:
    """Return profit against both rankings, and time against all three, after the optima have been compared."""
    problem = make_problem(count, budget_steps)
    sales = {one.business_id: 4 * one.ceiling_fen for one in problem.candidates}
    works = {
        "weilend": lambda: place(problem.candidates, problem.terms, problem.economics, problem.churn),
        "greedy by yield": lambda: greedy(problem),
        "ranked by PD, one rate": lambda: make_book("pd_ranked", problem, sales),
    }
    ours, by_yield, by_pd = (work() for work in works.values())
    agree("optimum, scipy milp", worth(ours, problem), by_scipy(problem))
    for other in (by_yield, by_pd):
        if other.expected_profit_fen > ours.expected_profit_fen:
            raise DisagreementError(f"{other.book} expects more than the optimum")
    what = f"place {count}"
    timed = race(
        {
            "weilend": works["weilend"],
            "scipy milp, bare": lambda: by_scipy(problem),
            "greedy by yield": lambda: greedy(problem),
        },
        passes=passes,
    )
    profits = [
        plain_row(
            f"{what}, expected profit",
            "yuan",
            ours.expected_profit_fen / 100,
            name,
            other.expected_profit_fen / 100,
            check="never less",
            higher=True,
        )
        for name, other in (("greedy by yield", by_yield), ("ranked by PD, one rate", by_pd))
    ]
    solved, ranked = ({name: timed[name] for name in ("weilend", peer)} for peer in ("scipy milp, bare", "greedy by yield"))
    return [
        *profits,
        *compare(f"{what}, with its receipt", solved, unit="CPU ms", scale=1e3, clock="cpu", check="optimum equal"),
        *compare(f"{what}, with its receipt", ranked, unit="CPU ms", scale=1e3, clock="cpu", check="never less"),
    ]


def make_problem(count: int, budget_steps: int) -> Problem:
    """Return businesses with PD of 1-15 %, ceilings of 100,000 to 1.5 million yuan, half of them behind few customers."""
    dice = np.random.default_rng(13)
    made = []
    for at in range(count):
        pd = int(dice.integers(10_000, 150_000))
        made.append(
            Candidate(
                business_id=f"E{at}",
                receipt_id=f"r{at}",
                pd_ppm=pd,
                grade="A" if pd < 30_000 else "B" if pd < 80_000 else "C",
                ceiling_fen=int(dice.integers(10, 150)) * STEP,
                floor_rate_ppm=35_000 + pd * 65 // 100,
                top_customer=f"c{dice.integers(0, max(1, count // 25))}" if dice.random() < 0.6 else None,
            )
        )
    lost = [(rate, *(min(950_000, round((rate - 40_000) * slope)) for slope in (9.0, 8.2, 7.5))) for rate in RATES]
    economics = Economics(loss_given_default_ppm=650_000, funding_rate_ppm=35_000, churn_class={one: one for one in CLASSES})
    terms = Terms(budget_fen=budget_steps * STEP)
    return Problem(candidates=tuple(made), terms=terms, economics=economics, churn=ChurnTable.from_rows(CLASSES, lost))


def greedy(problem: Problem) -> Allocation:
    """Return the book that gives the best yields their whole ceiling first, as far as budget and cap behind one customer allow.

    The cap is a share of what is offered, which is not known before: it starts from the budget and shrinks until it holds.
    """
    base = problem.terms.budget_fen
    while True:
        choices, most = _fill(problem, base)
        offered = sum(choice.amount_fen for choice in choices)
        if most * 1_000_000 <= problem.terms.max_share_behind_one_customer_ppm * offered:
            return seal(problem, choices, book="greedy", method="rule")
        base = min(offered, base - STEP)


def _fill(problem: Problem, base_fen: int) -> tuple[list[Choice], int]:
    """Return choices by falling yield, and the most that stands behind one customer; its cap is a share of `base_fen`."""
    terms, left = problem.terms, problem.terms.budget_fen
    cap = base_fen * terms.max_share_behind_one_customer_ppm // 1_000_000
    behind: dict[str, int] = defaultdict(int)
    choices = []
    for line in sorted(_lines(problem), key=lambda line: -line.yield_ppm):
        customer = line.shared_customer
        room = left if customer is None else min(left, cap - behind[customer])
        amount = min(line.ceiling_steps * STEP, room // STEP * STEP)
        if amount >= terms.min_amount_fen:
            choices.append(Choice(line.candidate.business_id, amount, line.annual_rate_ppm))
            left -= amount
            if customer is not None:
                behind[customer] += amount
    return choices, max(behind.values(), default=0)


def worth(allocation: Allocation, problem: Problem) -> int:
    """Return the sum of yield times steps of an allocation: what the solver maximises."""
    yields = {line.candidate.business_id: line.yield_ppm for line in _lines(problem)}
    return sum(yields[one.business_id] * (one.amount_fen // STEP) for one in allocation.placements)


def by_scipy(problem: Problem) -> int:
    """Return the optimum of the same model by scipy: columns are steps, whether placed, and their total."""
    lines, terms = _lines(problem), problem.terms
    size, least = len(lines), terms.min_amount_fen // STEP
    yields, ceilings = (np.array([getattr(line, name) for line in lines], float) for name in ("yield_ppm", "ceiling_steps"))
    customers = sorted({line.shared_customer for line in lines if line.shared_customer is not None})
    rows_, share = lil_array((1 + len(customers) + 2 * size, 2 * size + 1)), terms.max_share_behind_one_customer_ppm / 1e6
    rows_[0, :size], rows_[0, 2 * size] = 1, -1
    for at, name in enumerate(customers, start=1):
        rows_[at, [i for i, line in enumerate(lines) if line.shared_customer == name]] = 1 / share
        rows_[at, 2 * size] = -1
    for i in range(size):
        at = 1 + len(customers) + 2 * i
        rows_[at, i], rows_[at, size + i] = -1, least
        rows_[at + 1, i], rows_[at + 1, size + i] = 1, -ceilings[i]
    low = np.full(rows_.shape[0], -np.inf)
    low[0] = 0
    found = milp(
        np.concatenate([-yields, np.zeros(size + 1)]),
        constraints=LinearConstraint(rows_.tocsr(), low, np.zeros(rows_.shape[0])),
        bounds=Bounds(0, np.concatenate([ceilings, np.ones(size), [terms.budget_fen // STEP]])),
        integrality=np.ones(2 * size + 1),
        options={"mip_rel_gap": 0.0},
    )
    return round(-found.fun)


def _lines(problem: Problem) -> tuple[Line, ...]:
    return placeable(problem.candidates, problem.terms, problem.economics, problem.churn)


if __name__ == "__main__":
    emit(rows)
