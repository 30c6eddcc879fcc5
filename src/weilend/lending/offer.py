"""In: a product, a decision, and what the placing gave. Out: an offer. Used: by the desk.

Policy sets the ceiling and the floor rate; the placing chooses within them; an offer only says what was chosen and all that it
costs. What breaches them is an error; above the cap of the day there is no offer, and a reason. It never re-prices.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import msgspec

from weilend.core.errors import CheckError, InputError
from weilend.core.money import show_percent, show_yuan
from weilend.core.values import Decision, Offer, OfferCost, OfferLine
from weilend.lending.caps import cap_for
from weilend.lending.costs import CostStatement, cost_statement, find_breach
from weilend.lending.products import Product, Terms

__all__ = ["Allotment", "CostStatement", "cost_statement", "make_offer"]


class Allotment(msgspec.Struct, frozen=True, kw_only=True):
    """What the placing of a budget gave to one decision: 0 fen, or an amount at a yearly rate.

    `allocation_id` is the id of the placing's own receipt, `receipt_id` that of the decision.

    >>> Allotment(allocation_id="P1", receipt_id="R1", amount_fen=20_000_000, annual_rate_ppm=60_000).amount_fen
    20000000
    """

    allocation_id: str
    receipt_id: str
    amount_fen: int
    annual_rate_ppm: int | None = None


def make_offer(product: Product, decision: Decision, allotment: Allotment | None, *, on: date | None = None) -> Offer:
    """Return the offer that a decision and its allotment amount to; it cites both.

    With the day `on` which it is made it says what it costs, held against the cap of that day for the product's sort of lender;
    above it, it is `not_placed` and says why in `refused`. `not_assessed` while there is no allotment, `not_placed` where it left
    nothing. Raises `CheckError` where it breaches the decision or the product's terms, and `InputError` where it gives to a
    decision that approved nothing, or no cap is known on the day.

    >>> from weilend.lending.products import load_product
    >>> approved = Decision(policy_id="p", outcome="approve", grade="A", ceiling_fen=50_000_000, floor_rate_ppm=60_000,
    ...     limits_fen={}, reasons=(), months=12)
    >>> given = Allotment(allocation_id="P1", receipt_id="R1", amount_fen=20_000_000, annual_rate_ppm=60_000)
    >>> make_offer(load_product("enterprise_loan"), approved, given).cites
    ('R1', 'P1')
    >>> greedy = msgspec.structs.replace(given, amount_fen=60_000_000)
    >>> make_offer(load_product("enterprise_loan"), approved, greedy)
    Traceback (most recent call last):
    weilend.core.errors.CheckError: allocation P1 for R1 is above the ceiling of ¥500,000: ¥600,000 at 6.00 %. Hint: ...
    """
    if allotment is None:
        return Offer(status="not_assessed")
    if decision.outcome != "approve":
        raise InputError(
            f"allocation {allotment.allocation_id} gives to {allotment.receipt_id}, which is {decision.outcome}",
            hint="place a budget among approved decisions only",
        )
    cites = (allotment.receipt_id, allotment.allocation_id)
    if allotment.amount_fen == 0:
        return Offer(status="not_placed", cites=cites)
    _refuse_breaches(product.terms, decision, allotment)
    offer = Offer(
        status="offered",
        amount_fen=allotment.amount_fen,
        annual_rate_ppm=allotment.annual_rate_ppm,
        months=decision.months,
        cites=cites,
    )
    return offer if on is None else _with_cost(product, offer, on)


def _with_cost(product: Product, offer: Offer, on: date) -> Offer:
    """Return an offer with all that it costs, or none and why, where that is above the cap of a day."""
    statement, cap = cost_statement(product, offer), cap_for(product.lender_type, product.name, on)
    breach = find_breach(product, statement, cap)
    if breach is not None:
        return Offer(status="not_placed", cites=offer.cites, refused=breach)
    lines = tuple(
        OfferLine(sort=one.sort, en=one.en, zh=one.zh, payee_en=one.payee_en, payee_zh=one.payee_zh, amount_fen=one.amount_fen)
        for one in statement.lines
    )
    cost = OfferCost(
        lines=lines,
        total_fen=statement.interest_fen + statement.fees_fen,
        nominal_rate_ppm=statement.nominal_rate_ppm,
        effective_rate_ppm=statement.effective_rate_ppm,
        cap_ppm=cap.rate_ppm,
        cap_convention=cap.convention,
    )
    return msgspec.structs.replace(offer, cost=cost)


def _refuse_breaches(terms: Terms, decision: Decision, allotment: Allotment) -> None:
    ceiling_fen, floor_ppm = decision.ceiling_fen, decision.floor_rate_ppm
    amount_fen, rate_ppm = allotment.amount_fen, allotment.annual_rate_ppm
    if ceiling_fen is None or floor_ppm is None or decision.months is None or rate_ppm is None:
        raise InputError(
            f"allocation {allotment.allocation_id} for {allotment.receipt_id} lacks a ceiling, a floor rate, a term or a rate",
            hint="an approval sets ceiling, floor rate and months, and an amount is given at a rate",
        )
    breaches = [
        *(text.format(show_yuan(bound)) for breached, text, bound in _amount_rules(terms, ceiling_fen) if breached(amount_fen)),
        *(text.format(show_percent(bound)) for breached, text, bound in _rate_rules(terms, floor_ppm) if breached(rate_ppm)),
    ]
    if breaches:
        raise CheckError(
            f"allocation {allotment.allocation_id} for {allotment.receipt_id} is {', '.join(breaches)}: "
            f"{show_yuan(amount_fen)} at {show_percent(rate_ppm)}",
            hint="place it again; an offer never re-prices",
        )


_Rule = tuple[Callable[[int], bool], str, int]


def _amount_rules(terms: Terms, ceiling_fen: int) -> tuple[_Rule, ...]:
    return (
        (lambda fen: fen > ceiling_fen, "above the ceiling of {}", ceiling_fen),
        (lambda fen: fen < terms.min_amount_fen, "below the product's smallest amount of {}", terms.min_amount_fen),
        (lambda fen: fen > terms.max_amount_fen, "above the product's largest amount of {}", terms.max_amount_fen),
        (lambda fen: fen % terms.amount_step_fen != 0, "no multiple of {}", terms.amount_step_fen),
    )


def _rate_rules(terms: Terms, floor_ppm: int) -> tuple[_Rule, ...]:
    return (
        (lambda ppm: ppm < floor_ppm, "below the floor rate of {}", floor_ppm),
        (lambda ppm: ppm < terms.min_annual_rate_ppm, "below the product's lowest rate of {}", terms.min_annual_rate_ppm),
        (lambda ppm: ppm > terms.max_annual_rate_ppm, "above the product's highest rate of {}", terms.max_annual_rate_ppm),
    )
