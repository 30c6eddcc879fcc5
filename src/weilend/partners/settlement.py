"""In: an allocation and real outcomes. Out: `Settlement`, realised profit in fen. Used: by compare and the report."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from weilend.core.errors import InputError
from weilend.core.money import PPM, mul_rate
from weilend.partners.churn import ChurnTable
from weilend.partners.problem import Allocation, Economics, Placement


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """What a book earned: in all, by business, how much was taken up, and how much of that stood with defaulted businesses.

    >>> Settlement(profit_fen=0, by_business={}, taken_fen=0, defaulted_fen=0).profit_fen
    0
    """

    profit_fen: int
    by_business: dict[str, int]
    taken_fen: int
    defaulted_fen: int


def taken_fen(placement: Placement, economics: Economics, churn: ChurnTable) -> int:
    """Return how much of an offer is taken up: the share that the churn table expects to stay, not a coin thrown.

    >>> economics = Economics(loss_given_default_ppm=0, funding_rate_ppm=0, churn_class={"A": "A"})
    >>> placement = Placement(business_id="E1", receipt_id="r", grade="A", pd_ppm=0, amount_fen=10_000_000,
    ...     annual_rate_ppm=100_000, expected_profit_fen=0)
    >>> taken_fen(placement, economics, ChurnTable.from_rows("A", [(100_000, 600_000)]))
    4000000
    """
    lost = churn.lost_ppm(economics.class_of(placement.grade), placement.annual_rate_ppm)
    return mul_rate(placement.amount_fen, PPM - lost)


def realised_fen(placement: Placement, economics: Economics, churn: ChurnTable, *, defaulted: bool) -> int:
    """Return what one placement earned: a year's interest if repaid, the loss of principal if not, less funding either way.

    >>> churn = ChurnTable.from_rows("A", [(100_000, 600_000)])
    >>> economics = Economics(loss_given_default_ppm=650_000, funding_rate_ppm=35_000, churn_class={"A": "A"})
    >>> placement = Placement(business_id="E1", receipt_id="r", grade="A", pd_ppm=0, amount_fen=10_000_000,
    ...     annual_rate_ppm=100_000, expected_profit_fen=0)
    >>> [realised_fen(placement, economics, churn, defaulted=bad) for bad in (False, True)]
    [260000, -2740000]
    """
    taken = taken_fen(placement, economics, churn)
    earned = -mul_rate(taken, economics.loss_given_default_ppm) if defaulted else mul_rate(taken, placement.annual_rate_ppm)
    return earned - mul_rate(taken, economics.funding_rate_ppm)


def settle(allocation: Allocation, outcomes: Mapping[str, bool], economics: Economics, churn: ChurnTable) -> Settlement:
    """Return what a book earned, given whether each business in it defaulted; raises `InputError` where that is not known.

    >>> churn = ChurnTable.from_rows("A", [(100_000, 0)])
    >>> economics = Economics(loss_given_default_ppm=650_000, funding_rate_ppm=35_000, churn_class={"A": "A"})
    >>> from weilend.partners import placing, problem
    >>> firm = problem.Candidate(business_id="E1", receipt_id="r", pd_ppm=0, grade="A", ceiling_fen=10**8, floor_rate_ppm=0)
    >>> book = placing.place([firm], problem.Terms(budget_fen=10**8), economics, churn)
    >>> settle(book, {"E1": False}, economics, churn).profit_fen, settle(book, {"E1": True}, economics, churn).profit_fen
    (6500000, -68500000)
    """
    unknown = [p.business_id for p in allocation.placements if p.business_id not in outcomes]
    if unknown:
        raise InputError(
            f"{len(unknown)} placed businesses have no outcome, {unknown[0]!r} first", hint="settle when they are known"
        )
    taken = {p.business_id: taken_fen(p, economics, churn) for p in allocation.placements}
    earned = {
        p.business_id: realised_fen(p, economics, churn, defaulted=outcomes[p.business_id]) for p in allocation.placements
    }
    return Settlement(
        profit_fen=sum(earned.values()),
        by_business=earned,
        taken_fen=sum(taken.values()),
        defaulted_fen=sum(amount for name, amount in taken.items() if outcomes[name]),
    )
