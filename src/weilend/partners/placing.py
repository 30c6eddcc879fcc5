"""In: approved candidates, terms, economics, churn. Out: the allocation that expects most profit. Used: by the desk and stress.

First the best rate of each business, then the amounts by integer programming, then a check in exact integers, then the seal.
"""

from __future__ import annotations

from collections.abc import Sequence

from weilend.core.errors import ReplayError
from weilend.core.money import mul_rate, show_percent, show_yuan
from weilend.core.values import Reason
from weilend.partners.allocation import Choice, Problem, seal
from weilend.partners.churn import ChurnTable
from weilend.partners.problem import Allocation, Candidate, Economics, Terms
from weilend.partners.solver import MAX_NODES, Amounts, Solution, solve, solver_version
from weilend.partners.value import Line, placeable


def place(candidates: Sequence[Candidate], terms: Terms, economics: Economics, churn: ChurnTable,
          max_nodes: int = MAX_NODES) -> Allocation:  # fmt: skip
    """Return amounts and rates that maximise expected profit within the constraints; the same for any order of candidates.

    A candidate that is left with nothing is in `not_placed`. Equal plans are told apart by the declared order (lower pd
    first, then the hash of the business id) within equal yields, and by the fixed search beyond that.
    Raises `InputError` on malformed inputs and `InfeasibleError` should the solver's answer not hold.

    >>> churn = ChurnTable.from_rows("A", [(50_000, 100_000), (100_000, 600_000)])
    >>> economics = Economics(loss_given_default_ppm=650_000, funding_rate_ppm=35_000, churn_class={"A": "A"})
    >>> firms = [Candidate(business_id=f"E{i}", receipt_id=f"r{i}", pd_ppm=10_000 * i, grade="A", ceiling_fen=60_000_000,
    ...          floor_rate_ppm=45_000) for i in (3, 1, 2)]
    >>> allocation = place(firms, Terms(budget_fen=100_000_000), economics, churn)
    >>> [(p.business_id, p.amount_fen, p.annual_rate_ppm) for p in allocation.placements]
    [('E1', 60000000, 100000), ('E2', 40000000, 100000)]
    >>> allocation.not_placed, allocation.method, allocation.expected_profit_fen == allocation.bound_fen
    (('E3',), 'optimal', True)
    >>> print(allocation.binding[0].en)
    the budget binds: another ¥10,000 would be expected to earn about ¥200
    """
    problem = Problem(candidates=tuple(candidates), terms=terms, economics=economics, churn=churn)
    lines = placeable(candidates, terms, economics, churn)
    solution = solve(_amounts(lines, terms), max_nodes)
    step = terms.amount_step_fen
    return seal(
        problem,
        [
            Choice(line.candidate.business_id, n * step, line.annual_rate_ppm)
            for line, n in zip(lines, solution.steps, strict=True)
        ],
        book="placed",
        method="optimal" if solution.proven else "gap",
        bound_fen=mul_rate(solution.bound * step, 1),
        binding=_binding(solution, terms),
        also_read={"solver": solver_version(), "max_nodes": str(max_nodes)},
    )


def replay(allocation: Allocation, candidates: Sequence[Candidate], terms: Terms, economics: Economics,
           churn: ChurnTable) -> Allocation:  # fmt: skip
    """Place the same inputs again and return the same allocation; raises `ReplayError` naming what differs.

    >>> economics = Economics(loss_given_default_ppm=0, funding_rate_ppm=0, churn_class={"A": "A"})
    >>> churn = ChurnTable.from_rows("A", [(50_000, 0)])
    >>> empty = place([], Terms(budget_fen=0), economics, churn)
    >>> replay(empty, [], Terms(budget_fen=0), economics, churn) == empty
    True
    >>> replay(empty, [], Terms(budget_fen=9), economics, churn)
    Traceback (most recent call last):
    weilend.core.errors.ReplayError: the allocation does not replay: terms differ. Hint: give what it was made from
    """
    again = place(candidates, terms, economics, churn, int(allocation.inputs.get("max_nodes", MAX_NODES)))
    if again != allocation:
        changed = [name for name, value in again.inputs.items() if allocation.inputs.get(name) != value]
        what = f"{' and '.join(changed)} differ" if changed else "same inputs, another answer"
        raise ReplayError(f"the allocation does not replay: {what}", hint="give what it was made from")
    return again


def _amounts(lines: Sequence[Line], terms: Terms) -> Amounts:
    step = terms.amount_step_fen
    return Amounts(
        yields=tuple(line.yield_ppm for line in lines),
        ceilings=tuple(line.ceiling_steps for line in lines),
        customers=tuple(line.shared_customer for line in lines),
        least=terms.min_amount_fen // step,
        budget=terms.budget_fen // step,
        share_ppm=terms.max_share_behind_one_customer_ppm,
    )


def _binding(solution: Solution, terms: Terms) -> tuple[Reason, ...]:
    """Return a sentence for each constraint that costs profit; prices are the relaxed problem's, hence 'about'."""
    step, share = terms.amount_step_fen, show_percent(terms.max_share_behind_one_customer_ppm)
    found = []
    if solution.budget_price > 0:
        found.append(_priced("budget", solution.budget_price, step, "the budget binds", "预算已用足"))
    for name, price in solution.customer_prices.items():
        en, zh = f"the cap of {share} behind customer {name} binds", f"客户{name}的集中度上限{share}已用足"
        found.append(_priced("customer_cap", price, step, en, zh))
    return tuple(found)


def _priced(code: str, price_ppm: int, step_fen: int, en: str, zh: str) -> Reason:
    more, gain = show_yuan(step_fen), show_yuan(mul_rate(step_fen, price_ppm))
    return Reason(
        code, f"{en}: another {more} would be expected to earn about {gain}", f"{zh}：每增加{more}，预期利润约增加{gain}"
    )
