"""In: yields, ceilings and customers in whole steps. Out: `Solution`, the best amounts and a bound on them. Used: by placing.

The only file that calls the solver. With x the steps of each business, y whether it is placed and t their total:
maximise Σ yield·x  so that  least·y ≤ x ≤ ceiling·y,  Σ x = t ≤ budget,  q·Σ_customer x ≤ p·t  for each shared customer,
where p/q is the cap behind one customer in lowest terms. All coefficients are integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from math import gcd
from typing import Any

import highspy
import msgspec
import numpy as np
import numpy.typing as npt

from weilend.core.errors import InfeasibleError
from weilend.core.money import PPM

#: Nodes of the search after which it stops with a gap: a count and not a time, so that every machine stops at the same place.
MAX_NODES = 100_000
#: Multipliers are rounded to this fraction of a ppm; any multipliers give a valid bound, finer ones a tighter one.
FINENESS = 1_000_000


class Amounts(msgspec.Struct, frozen=True, kw_only=True):
    """The problem in whole steps; entry i of each sequence belongs to business i, in the declared order.

    >>> Amounts(yields=(5, 9), ceilings=(3, 3), customers=(None, None), least=2, budget=4, share_ppm=50_000).cap
    (1, 20)
    """

    yields: tuple[int, ...]
    ceilings: tuple[int, ...]
    customers: tuple[str | None, ...]
    least: int
    budget: int
    share_ppm: int

    @property
    def cap(self) -> tuple[int, int]:
        """The cap behind one customer as a fraction p / q in lowest terms."""
        divisor = gcd(self.share_ppm, PPM)
        return self.share_ppm // divisor, PPM // divisor

    @property
    def groups(self) -> dict[str, list[int]]:
        """Positions of the businesses behind each shared customer."""
        names = sorted({name for name in self.customers if name is not None})
        return {name: [i for i, customer in enumerate(self.customers) if customer == name] for name in names}


class Solution(msgspec.Struct, frozen=True, kw_only=True):
    """The best steps; whether the solver proved them; an upper bound in yield × steps; what one step more would bring.

    `budget_price` is what a further step of budget would add, `customer_prices` what a further step of room behind each
    customer would; both in yield units, from the relaxed problem, hence approximate.

    >>> Solution(steps=(2, 3), proven=True, bound=37, budget_price=5, customer_prices={}).bound
    37
    """

    steps: tuple[int, ...]
    proven: bool
    bound: int
    budget_price: int
    customer_prices: dict[str, int]


def solve(problem: Amounts, max_nodes: int = MAX_NODES) -> Solution:
    """Return the amounts that yield most: one thread, no gap allowed, silent, the same every time.

    >>> solve(Amounts(yields=(5, 9), ceilings=(3, 3), customers=(None, None), least=2, budget=4, share_ppm=50_000)).steps
    (2, 2)
    >>> solve(Amounts(yields=(5, 9), ceilings=(3, 3), customers=(None, None), least=2, budget=5, share_ppm=50_000)).steps
    (2, 3)
    """
    if not problem.yields or problem.budget < problem.least:
        return Solution(steps=(0,) * len(problem.yields), proven=True, bound=0, budget_price=0, customer_prices={})
    relaxed = _run(problem, whole=False, max_nodes=max_nodes)
    multipliers = _multipliers(problem, relaxed)
    bound, budget_price = _bound(problem, multipliers)
    search = _run(problem, whole=True, max_nodes=max_nodes)
    steps = _round(search, len(problem.yields))
    return Solution(
        steps=deal_ties(problem, steps),
        proven=search.getModelStatus() == highspy.HighsModelStatus.kOptimal,
        bound=bound,
        budget_price=budget_price,
        customer_prices={name: problem.cap[1] * m // FINENESS for name, m in multipliers.items() if m >= FINENESS},
    )


def solver_version() -> str:
    """Return the solver and its version, which is part of what an allocation is made from.

    >>> solver_version().split()[0]
    'HiGHS'
    """
    return f"HiGHS {_new_solver().version()}"


def _new_solver() -> Any:
    return highspy.Highs()  # type: ignore[no-untyped-call]  # it ships no types


def _run(problem: Amounts, *, whole: bool, max_nodes: int) -> Any:
    solver = _new_solver()
    for option, value in (
        ("output_flag", False),
        ("threads", 1),
        ("parallel", "off"),
        ("random_seed", 0),
        ("mip_rel_gap", 0.0),
        ("mip_abs_gap", 0.5),  # yields and steps are integers, so a gap under one is none
        ("mip_max_nodes", max_nodes),
    ):
        solver.setOptionValue(option, value)
    solver.passModel(_model(problem, whole=whole))
    solver.run()
    return solver


def _model(problem: Amounts, *, whole: bool) -> Any:
    """Return the model; columns are x, then y, then t, and rows the total, each customer, then the two links of x and y."""
    count, rows = len(problem.yields), _rows(problem)
    model = highspy.HighsLp()
    model.sense_ = highspy.ObjSense.kMaximize
    model.num_col_, model.num_row_ = 2 * count + 1, len(rows)
    model.col_cost_ = np.array([*problem.yields, *[0] * (count + 1)], dtype=float)
    model.col_lower_ = np.zeros(2 * count + 1)
    model.col_upper_ = np.array([*problem.ceilings, *[1] * count, problem.budget], dtype=float)
    model.row_lower_ = np.array([0.0 if row == 0 else -highspy.kHighsInf for row in range(len(rows))])
    model.row_upper_ = np.zeros(len(rows))
    model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    model.a_matrix_.start_ = np.cumsum([0, *(len(row) for row in rows)], dtype=np.int32)
    model.a_matrix_.index_ = np.array([column for row in rows for column in row], dtype=np.int32)
    model.a_matrix_.value_ = np.array([value for row in rows for value in row.values()], dtype=float)
    if whole:
        model.integrality_ = [highspy.HighsVarType.kInteger] * (2 * count + 1)
    return model


def _rows(problem: Amounts) -> list[dict[int, int]]:
    """Return the rows as coefficients by column: the first equals 0, the others are at most 0."""
    count, (p, q) = len(problem.yields), problem.cap
    total = 2 * count
    rows = [{**dict.fromkeys(range(count), 1), total: -1}]
    rows += [{**dict.fromkeys(members, q), total: -p} for members in problem.groups.values()]
    rows += [{i: -1, count + i: problem.least} for i in range(count)]
    rows += [{i: 1, count + i: -problem.ceilings[i]} for i in range(count)]
    return rows


def _round(search: Any, count: int) -> tuple[int, ...]:
    """Return the solver's steps as integers, which they are up to its tolerance; refuse an answer that is none."""
    values: npt.NDArray[np.float64] = np.asarray(search.getSolution().col_value[:count], dtype=float)
    whole = np.rint(values)
    if len(values) != count or bool(np.any(np.abs(values - whole) > 1e-4)):
        raise InfeasibleError(
            f"the solver stopped without whole amounts ({search.modelStatusToString(search.getModelStatus())})",
            hint="raise max_nodes",
        )
    return tuple(int(value) for value in whole)


def _multipliers(problem: Amounts, relaxed: Any) -> dict[str, int]:
    """Return what the relaxed problem would pay for room behind each customer, as non-negative integers."""
    duals = relaxed.getSolution().row_dual
    return {name: round(abs(duals[1 + row]) * FINENESS) for row, name in enumerate(problem.groups)}


def _bound(problem: Amounts, multipliers: dict[str, int]) -> tuple[int, int]:
    """Return (bound, price of a budget step), exact in integers whatever the solver did.

    Lagrange: pay the multiplier m ≥ 0 for each unit by which a customer's cap is overrun, which no feasible plan does, and
    forget the cap and the least amount. What is left is a knapsack of unit weights, solved by taking the best yields first;
    its value is at least that of every feasible plan. See Geoffrion (1974), Lagrangean relaxation for integer programming.
    """
    p, q = problem.cap
    everywhere = p * sum(multipliers.values())
    paid = [
        y * FINENESS + everywhere - q * (multipliers[customer] if customer is not None else 0)
        for y, customer in zip(problem.yields, problem.customers, strict=True)
    ]
    value: int = 0
    left = problem.budget
    for net, ceiling in sorted(zip(paid, problem.ceilings, strict=True), reverse=True):
        take = min(ceiling, left) if net > 0 else 0
        value, left = value + net * take, left - take
        if not left:
            return value // FINENESS, net // FINENESS
    return value // FINENESS, 0


def deal_ties(problem: Amounts, steps: Sequence[int]) -> tuple[int, ...]:
    """Return steps re-dealt among businesses with the same yield and the same shared customer: the first in order get most.

    The plan's value, its total and what lies behind each customer stay as they are.

    >>> problem = Amounts(yields=(9, 9), ceilings=(3, 3), customers=(None, None), least=2, budget=3, share_ppm=0)
    >>> deal_ties(problem, [0, 3])
    (3, 0)
    """
    dealt = list(steps)
    key = [(problem.yields[i], problem.customers[i] or "") for i in range(len(dealt))]
    for _, group in groupby(sorted(range(len(dealt)), key=lambda i: (key[i], i)), key=lambda i: key[i]):
        members = list(group)
        left = sum(dealt[i] for i in members)
        for at, i in enumerate(members):
            rest = [problem.ceilings[j] for j in members[at + 1 :]]
            dealt[i] = _most(problem.ceilings[i], left, rest, problem.least)
            left -= dealt[i]
    return tuple(dealt)


def _most(ceiling: int, left: int, rest: Sequence[int], least: int) -> int:
    """Return the most that one business may take of what is left so that the rest can carry what remains."""
    choices: list[int] = [*range(min(ceiling, left), least - 1, -1), 0]
    return next(take for take in choices if _can_carry(left - take, rest, least))


def _can_carry(total: int, ceilings: Sequence[int], least: int) -> bool:
    """Return whether businesses can share a total: with k of them, from k·least up to the k highest ceilings."""
    if total == 0:
        return True
    highest = 0
    for count, ceiling in enumerate(sorted(ceilings, reverse=True), start=1):
        highest += ceiling
        if count * least <= total <= highest:
            return True
    return False
