"""In: candidates, terms, economics, churn. Out: what a yuan offered is expected to earn, and the best rate of each business.

Used: by placing, the comparison books and the stress. The formulas and their assumptions stand in docs/methodology/placing.md.

Why the rate can be chosen before the amounts: no constraint reads a rate except the business's own (its floor, the grid), and
expected profit is Σ amount × yield(rate) with amount ≥ 0. Swap every rate of any feasible plan for the business's best one:
it stays feasible, and no term falls. So some optimal plan has best rates only, and only the amounts are left to choose.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from weilend.core.errors import InputError
from weilend.core.ids import bytes_hash
from weilend.core.money import PPM, mul_rate
from weilend.partners.churn import ChurnTable
from weilend.partners.problem import Candidate, Economics, Terms


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate that money can be placed with: its best rate, what that yields, and its ceiling in steps.

    `shared_customer` is its top customer where another candidate has the same one, None otherwise.

    >>> firm = Candidate(business_id="E1", receipt_id="r", pd_ppm=0, grade="A", ceiling_fen=10**8, floor_rate_ppm=0)
    >>> Line(candidate=firm, annual_rate_ppm=60_000, yield_ppm=9_000, ceiling_steps=100, shared_customer=None).ceiling_steps
    100
    """

    candidate: Candidate
    annual_rate_ppm: int
    yield_ppm: int
    ceiling_steps: int
    shared_customer: str | None


def margin_ppm(pd_ppm: int, annual_rate_ppm: int, economics: Economics) -> int:
    """Return what a yuan that is taken earns in its year: interest if repaid, less the loss if not, less funding.

    A default is taken to come before the first interest and to lose `loss_given_default_ppm` of the principal; the whole
    amount is funded for the whole year either way.

    >>> margin_ppm(50_000, 100_000, Economics(loss_given_default_ppm=650_000, funding_rate_ppm=35_000, churn_class={}))
    27500
    """
    interest = mul_rate(PPM - pd_ppm, annual_rate_ppm)
    return interest - mul_rate(pd_ppm, economics.loss_given_default_ppm) - economics.funding_rate_ppm


def yield_ppm(candidate: Candidate, annual_rate_ppm: int, economics: Economics, churn: ChurnTable) -> int:
    """Return what a yuan *offered* at a rate is expected to earn: the margin times the share of customers who stay.

    >>> churn = ChurnTable.from_rows("A", [(100_000, 600_000)])
    >>> economics = Economics(loss_given_default_ppm=650_000, funding_rate_ppm=35_000, churn_class={"A": "A"})
    >>> firm = Candidate(business_id="E1", receipt_id="r", pd_ppm=50_000, grade="A", ceiling_fen=0, floor_rate_ppm=0)
    >>> yield_ppm(firm, 100_000, economics, churn)
    11000
    """
    lost = churn.lost_ppm(economics.class_of(candidate.grade), annual_rate_ppm)
    return mul_rate(margin_ppm(candidate.pd_ppm, annual_rate_ppm, economics), PPM - lost)


def rates_for(candidate: Candidate, terms: Terms, churn: ChurnTable) -> tuple[int, ...]:
    """Return the rates of the table that terms and the policy's floor allow, rising; none where the floor is too high.

    >>> firm = Candidate(business_id="E1", receipt_id="r", pd_ppm=0, grade="A", ceiling_fen=0, floor_rate_ppm=50_000)
    >>> rates_for(firm, Terms(budget_fen=0), ChurnTable.from_rows("A", [(40_000, 0), (50_000, 0), (160_000, 0)]))
    (50000,)
    """
    least = max(terms.min_annual_rate_ppm, candidate.floor_rate_ppm)
    return tuple(rate for rate in churn.rates_ppm if least <= rate <= terms.max_annual_rate_ppm)


def best_rate(candidate: Candidate, terms: Terms, economics: Economics, churn: ChurnTable) -> tuple[int, int] | None:
    """Return (annual_rate_ppm, yield_ppm) of the rate that yields most, the lower of equals; None where none is allowed.

    >>> churn = ChurnTable.from_rows("A", [(40_000, 0), (50_000, 250_000), (60_000, 900_000)])
    >>> economics = Economics(loss_given_default_ppm=650_000, funding_rate_ppm=35_000, churn_class={"A": "A"})
    >>> firm = Candidate(business_id="E1", receipt_id="r", pd_ppm=0, grade="A", ceiling_fen=0, floor_rate_ppm=0)
    >>> best_rate(firm, Terms(budget_fen=0), economics, churn)
    (50000, 11250)
    """
    yields = [(rate, yield_ppm(candidate, rate, economics, churn)) for rate in rates_for(candidate, terms, churn)]
    return max(yields, key=lambda item: (item[1], -item[0]), default=None)


def order_of(candidate: Candidate) -> tuple[int, str]:
    """Return the key of the declared order: lower pd first, then the hash of the business id, which no file order can move.

    >>> firm = Candidate(business_id="E1", receipt_id="r", pd_ppm=7, grade="A", ceiling_fen=0, floor_rate_ppm=0)
    >>> order_of(firm) == (7, bytes_hash(b"E1"))
    True
    """
    return candidate.pd_ppm, bytes_hash(candidate.business_id.encode())


def in_order(candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Return candidates in the declared order; raises `InputError` where a business comes twice.

    >>> a, b = (Candidate(business_id=i, receipt_id="r", pd_ppm=p, grade="A", ceiling_fen=0, floor_rate_ppm=0)
    ...         for i, p in (("E1", 9), ("E2", 3)))
    >>> [candidate.business_id for candidate in in_order([a, b])]
    ['E2', 'E1']
    """
    twice = [name for name, count in Counter(c.business_id for c in candidates).items() if count > 1]
    if twice:
        raise InputError(f"business {min(twice)!r} is a candidate twice", hint="give each approved business once")
    return tuple(sorted(candidates, key=order_of))


def shared_customers(candidates: Sequence[Candidate]) -> frozenset[str]:
    """Return the top customers that two or more candidates share: one customer's trouble would become that of them all.

    >>> firms = [Candidate(business_id=f"E{i}", receipt_id="r", pd_ppm=0, grade="A", ceiling_fen=0, floor_rate_ppm=0,
    ...          top_customer=customer) for i, customer in enumerate(["c", "d", "c", None, None])]
    >>> sorted(shared_customers(firms))
    ['c']
    """
    counts = Counter(candidate.top_customer for candidate in candidates)
    return frozenset(name for name, count in counts.items() if name is not None and count > 1)


def placeable(candidates: Sequence[Candidate], terms: Terms, economics: Economics, churn: ChurnTable) -> tuple[Line, ...]:
    """Return the candidates that money can be placed with, in the declared order.

    Left out are those whose ceiling is under the least amount, whose floor is above every rate, or whose best expected profit
    is not positive: nobody is lent to at an expected loss, not even to make room under the cap behind one customer.

    >>> churn = ChurnTable.from_rows("A", [(100_000, 0)])
    >>> economics = Economics(loss_given_default_ppm=650_000, funding_rate_ppm=35_000, churn_class={"A": "A"})
    >>> firms = [Candidate(business_id=f"E{i}", receipt_id="r", pd_ppm=pd, grade="A", ceiling_fen=10**8, floor_rate_ppm=0)
    ...          for i, pd in enumerate([10_000, 90_000])]
    >>> [(line.candidate.business_id, line.yield_ppm) for line in placeable(firms, Terms(budget_fen=0), economics, churn)]
    [('E0', 57500)]
    """
    ordered, lines = in_order(candidates), []
    shared = shared_customers(ordered)
    for candidate in ordered:
        ceiling = min(candidate.ceiling_fen, terms.max_amount_fen) // terms.amount_step_fen
        best = best_rate(candidate, terms, economics, churn)
        if best is not None and best[1] > 0 and ceiling * terms.amount_step_fen >= terms.min_amount_fen:
            customer = candidate.top_customer if candidate.top_customer in shared else None
            lines.append(
                Line(
                    candidate=candidate,
                    annual_rate_ppm=best[0],
                    yield_ppm=best[1],
                    ceiling_steps=ceiling,
                    shared_customer=customer,
                )
            )
    return tuple(lines)
