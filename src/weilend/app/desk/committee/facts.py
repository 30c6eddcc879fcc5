"""In: a `Result`. Out: what several sections count in it. Used: by the sections of the committee's report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from weilend.app.desk.placing import candidates_of, economics_of
from weilend.app.desk.run import Result
from weilend.core.money import PPM
from weilend.core.values import Reason, Receipt
from weilend.models.described import Described
from weilend.partners import Placement, margin_ppm

APPROVED, NOT_PLACED, REFERRED, DECLINED = "approve", "approve, not placed", "refer", "decline"
#: Every answer that a business can get, in the order in which a committee reads them.
ANSWERS: Final = (APPROVED, NOT_PLACED, REFERRED, DECLINED)
ANSWERS_ZH: Final = {APPROVED: "通过并安排", NOT_PLACED: "通过未安排", REFERRED: "转人工", DECLINED: "拒绝"}
OUTCOMES: Final = ("approve", "refer", "decline")


def label_feature(feature: Described) -> str:
    """Return a feature's name with its Chinese words, for charts."""
    return f"{feature.name} {feature.zh.format(value='')}"


def say_both(reason: Reason) -> str:
    """Return a reason in English and Chinese."""
    return f"{reason.en} · {reason.zh}"


def business_of(receipt: Receipt) -> str:
    """Return whom a receipt is about."""
    return receipt.application.business_id


def answer_of(result: Result, receipt: Receipt) -> str:
    """Return the outcome of a decision, with the approved that the budget left out told apart."""
    offer = result.offers[business_of(receipt)]
    return NOT_PLACED if offer.status == "not_placed" else receipt.decision.outcome


def count_answers(result: Result) -> Counter[str]:
    """Return how many businesses got each answer."""
    return Counter(answer_of(result, receipt) for receipt in result.receipts)


def count_outcomes(result: Result) -> Counter[str]:
    """Return how many decisions had each outcome."""
    return Counter(receipt.decision.outcome for receipt in result.receipts)


def day_of(result: Result, instant: int) -> date:
    """Return the day of an instant in the home's calendar, in which the order's as_of day begins at the result's as_of."""
    return result.order.as_of + timedelta(seconds=instant - result.as_of)


def mean_rate_ppm(placements: Sequence[Placement]) -> int | None:
    """Return the average annual rate, weighted by amount; None where nothing is placed."""
    total = sum(placement.amount_fen for placement in placements)
    return round(sum(p.amount_fen * p.annual_rate_ppm for p in placements) / total) if total else None


def mean_pd_ppm(placements: Sequence[Placement]) -> int | None:
    """Return the average PD, weighted by amount; None where nothing is placed."""
    total = sum(placement.amount_fen for placement in placements)
    return round(sum(p.amount_fen * p.pd_ppm for p in placements) / total) if total else None


def taken_fen(result: Result, placement: Placement) -> int:
    """Return how much of a placement is expected to be taken up: its expected profit over what each yuan taken earns."""
    each = margin_ppm(placement.pd_ppm, placement.annual_rate_ppm, economics_of(result.sealed.product))
    return round(placement.expected_profit_fen * PPM / each) if each else 0


def shared_customers(result: Result) -> dict[str, tuple[str, ...]]:
    """Return the top customers that two or more approved businesses share, with those businesses."""
    behind: dict[str, list[str]] = {}
    for candidate in candidates_of(result.receipts, result.population.applicants.top_customers):
        if candidate.top_customer is not None:
            behind.setdefault(candidate.top_customer, []).append(candidate.business_id)
    return {customer: tuple(names) for customer, names in sorted(behind.items()) if len(names) > 1}


def offered_behind(result: Result) -> dict[str, int]:
    """Return how much is offered behind each shared top customer, in fen."""
    placed = {placement.business_id: placement.amount_fen for placement in result.allocation.placements}
    return {customer: sum(placed.get(name, 0) for name in names) for customer, names in shared_customers(result).items()}
