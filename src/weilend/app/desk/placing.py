"""In: receipts of a product and a budget. Out: the allocation and the offers, both kept with what they cite. Used: by `run`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from weilend.app.desk.home import Home
from weilend.core.errors import InputError
from weilend.core.ids import canonical_json, content_hash
from weilend.core.values import Decision, Offer, Receipt
from weilend.lending import Allotment, Product, make_offer
from weilend.partners import Allocation, Candidate, ChurnTable, Economics, Terms, place
from weilend.sources import read_churn
from weilend.store import Document

CHURN_FILE = "rate_and_churn.csv"


def load_churn(folder: Path) -> ChurnTable:
    """Return the table of borrowers lost at each rate that lies beside the data: a declared reference input, not a record."""
    return ChurnTable.from_shares(read_churn(folder / CHURN_FILE))


def terms_of(product: Product, budget_fen: int) -> Terms:
    """Return what may be placed of a product within a budget."""
    return Terms(budget_fen=budget_fen, months=product.months, **msgspec.structs.asdict(product.terms))


def economics_of(product: Product) -> Economics:
    """Return what a loan of the product is taken to cost and lose."""
    return Economics(
        loss_given_default_ppm=product.assumed("loss_given_default_ppm"),
        funding_rate_ppm=product.assumed("funding_rate_ppm"),
        churn_class=dict(product.churn_class),
    )


def make_candidate(business_id: str, receipt_id: str, pd_ppm: int, decision: Decision, top_customer: str | None) -> Candidate:
    """Return an approved business as the placing sees it; raises `InputError` when it was not approved."""
    if decision.outcome != "approve" or decision.ceiling_fen is None or decision.floor_rate_ppm is None:
        raise InputError(f"{business_id} was not approved", hint="place approved businesses only")
    return Candidate(
        business_id=business_id,
        receipt_id=receipt_id,
        pd_ppm=pd_ppm,
        grade=decision.grade or "",
        ceiling_fen=decision.ceiling_fen,
        floor_rate_ppm=decision.floor_rate_ppm,
        top_customer=top_customer,
    )


def candidates_of(receipts: Sequence[Receipt], top_customers: Mapping[str, str | None]) -> tuple[Candidate, ...]:
    """Return the approved among some receipts."""
    return tuple(
        make_candidate(
            receipt.application.business_id,
            receipt.receipt_id,
            receipt.score.pd_ppm,
            receipt.decision,
            top_customers[receipt.application.business_id],
        )
        for receipt in receipts
        if receipt.decision.outcome == "approve" and receipt.score
    )


def place_budget(
    home: Home,
    product: Product,
    receipts: Sequence[Receipt],
    top_customers: Mapping[str, str | None],
    churn: ChurnTable,
    *,
    budget_fen: int,
    at: int,
) -> tuple[Allocation, dict[str, Offer]]:
    """Place a budget over approved businesses, keep the allocation and every offer, and return them (offers by business).

    The allocation cites the decisions' receipts; an offer cites its decision and the allocation, and says what it costs by
    the rules of the day of its as_of.
    """
    candidates = candidates_of(receipts, top_customers)
    allocation = place(candidates, terms_of(product, budget_fen), economics_of(product), churn)
    cited = tuple(candidate.receipt_id for candidate in candidates)
    papers = [_paper("allocation", allocation.allocation_id, allocation, cited, at)]
    offers = {}
    for receipt in receipts:
        offer = make_offer(
            product, receipt.decision, _allotment(allocation, receipt), on=home.calendar.day_of(receipt.application.as_of)
        )
        offers[receipt.application.business_id] = offer
        if offer.status != "not_assessed":
            papers.append(_paper("offer", content_hash(offer), offer, (receipt.receipt_id,), at))
    home.store.put_documents(papers)
    return allocation, offers


def _allotment(allocation: Allocation, receipt: Receipt) -> Allotment | None:
    if receipt.decision.outcome != "approve":
        return None
    placed = allocation.placement(receipt.application.business_id)
    return Allotment(
        allocation_id=allocation.allocation_id,
        receipt_id=receipt.receipt_id,
        amount_fen=placed.amount_fen if placed else 0,
        annual_rate_ppm=placed.annual_rate_ppm if placed else None,
    )


def _paper(kind: str, name: str, value: msgspec.Struct, cites: tuple[str, ...], at: int) -> Document:
    return Document(kind=kind, document_id=name, content=canonical_json(value), cites=cites, at=at)
