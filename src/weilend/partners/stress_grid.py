"""In: a placed book, and candidates under other assumptions. Out: what survives in each scenario. Used: by the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import product

import msgspec

from weilend.core.errors import InputError
from weilend.core.money import mul_rate
from weilend.partners.churn import ChurnTable
from weilend.partners.placing import place
from weilend.partners.problem import Allocation, Candidate, Economics, Terms
from weilend.partners.value import yield_ppm


class Scenario(msgspec.Struct, frozen=True, order=True, kw_only=True):
    """One set of assumptions: the portfolio's bad rate, the loss given default and the funding rate, in ppm.

    >>> Scenario(bad_rate_ppm=80_000, loss_given_default_ppm=650_000, funding_rate_ppm=35_000).bad_rate_ppm
    80000
    """

    bad_rate_ppm: int
    loss_given_default_ppm: int
    funding_rate_ppm: int


class StressCell(msgspec.Struct, frozen=True, kw_only=True):
    """What one scenario does.

    `kept` are businesses of the base book that would be placed again, `dropped` those that would not, `offered_fen` and
    `expected_profit_fen` belong to the book placed anew, and `base_profit_fen` is what the base book, left as it is, expects.

    >>> scenario = Scenario(bad_rate_ppm=80_000, loss_given_default_ppm=650_000, funding_rate_ppm=35_000)
    >>> StressCell(scenario=scenario, kept=("E1",), dropped=(), offered_fen=10_000_000, expected_profit_fen=9,
    ...     base_profit_fen=9, method="optimal").kept
    ('E1',)
    """

    scenario: Scenario
    kept: tuple[str, ...]
    dropped: tuple[str, ...]
    offered_fen: int
    expected_profit_fen: int
    base_profit_fen: int
    method: str


def scenarios(bad_rates_ppm: Sequence[int], losses_ppm: Sequence[int], funding_rates_ppm: Sequence[int]) -> Iterator[Scenario]:
    """Return every combination of the grids.

    >>> len(list(scenarios([30_000, 80_000], [450_000], [25_000, 35_000])))
    4
    """
    for bad_rate, loss, funding in product(bad_rates_ppm, losses_ppm, funding_rates_ppm):
        yield Scenario(bad_rate_ppm=bad_rate, loss_given_default_ppm=loss, funding_rate_ppm=funding)


def stress(base: Allocation, candidates_at: Callable[[Scenario], Sequence[Candidate]], grid: Sequence[Scenario], terms: Terms,
           economics: Economics, churn: ChurnTable) -> tuple[StressCell, ...]:  # fmt: skip
    """Return what each scenario does to the base book; all else (terms, churn, the map of grades) stays as it is.

    `candidates_at` must return every business of the base book, with the pd, grade, ceiling and floor rate that the scenario
    gives it; one that the policy would no longer approve comes with a ceiling of 0. Its grade needs a churn class still.

    >>> firm = Candidate(business_id="E1", receipt_id="r", pd_ppm=10_000, grade="A", ceiling_fen=50_000_000, floor_rate_ppm=0)
    >>> economics = Economics(loss_given_default_ppm=650_000, funding_rate_ppm=35_000, churn_class={"A": "A"})
    >>> churn, terms = ChurnTable.from_rows("A", [(90_000, 0)]), Terms(budget_fen=50_000_000)
    >>> base = place([firm], terms, economics, churn)
    >>> worse = lambda scenario: [msgspec.structs.replace(firm, pd_ppm=scenario.bad_rate_ppm)]
    >>> cells = stress(base, worse, list(scenarios([10_000, 220_000], [650_000], [35_000])), terms, economics, churn)
    >>> [(cell.kept, cell.base_profit_fen) for cell in cells]
    [(('E1',), 2380000), ((), -5390000)]
    """
    return tuple(_cell(base, scenario, candidates_at(scenario), terms, economics, churn) for scenario in grid)


def survival(base: Allocation, cells: Sequence[StressCell]) -> dict[str, int]:
    """Return in how many scenarios each business of the base book keeps a placement.

    >>> from weilend.partners.allocation import Problem, seal
    >>> problem = Problem(candidates=(), terms=Terms(budget_fen=0), churn=ChurnTable.from_rows("A", [(40_000, 0)]),
    ...     economics=Economics(loss_given_default_ppm=0, funding_rate_ppm=0, churn_class={}))
    >>> survival(seal(problem, [], book="none", method="rule"), [])
    {}
    """
    kept = Counter(name for cell in cells for name in cell.kept)
    return {placement.business_id: kept[placement.business_id] for placement in base.placements}


def _cell(base: Allocation, scenario: Scenario, candidates: Sequence[Candidate], terms: Terms, economics: Economics,
          churn: ChurnTable) -> StressCell:  # fmt: skip
    changed = msgspec.structs.replace(
        economics, loss_given_default_ppm=scenario.loss_given_default_ppm, funding_rate_ppm=scenario.funding_rate_ppm
    )
    again = place(candidates, terms, changed, churn)
    placed = {placement.business_id for placement in again.placements}
    names = [placement.business_id for placement in base.placements]
    return StressCell(
        scenario=scenario,
        kept=tuple(name for name in names if name in placed),
        dropped=tuple(name for name in names if name not in placed),
        offered_fen=again.offered_fen,
        expected_profit_fen=again.expected_profit_fen,
        base_profit_fen=_left_as_it_is(base, candidates, changed, churn),
        method=again.method,
    )


def _left_as_it_is(base: Allocation, candidates: Sequence[Candidate], economics: Economics, churn: ChurnTable) -> int:
    """Return the expected profit of the base book's amounts and rates under the scenario's pds and costs."""
    by_id = {candidate.business_id: candidate for candidate in candidates}
    missing = [placement.business_id for placement in base.placements if placement.business_id not in by_id]
    if missing:
        raise InputError(f"the scenario leaves out {missing[0]!r}", hint="return it with a ceiling of 0 if it is declined")
    exact = sum(p.amount_fen * yield_ppm(by_id[p.business_id], p.annual_rate_ppm, economics, churn) for p in base.placements)
    return mul_rate(exact, 1)
