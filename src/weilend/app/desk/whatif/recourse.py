"""In: a receipt. Out: what would turn its answer into an approval. Used: by `weilend policy recourse`, and beside a decision."""

from __future__ import annotations

from weilend.app.desk.home import Home
from weilend.app.desk.sealed import find_sealed
from weilend.core.values import Receipt
from weilend.decision.recourse import Recourse, find_recourse


def recourse_of_receipt(home: Home, receipt: str | Receipt) -> Recourse:
    """Return the cheapest change that the policy which a receipt seals would approve, from the values that it seals.

    Raises `NotFoundError` where there is no such receipt, `InputError` where its policy declares too many combinations.
    """
    sealed_receipt = home.store.receipt(receipt) if isinstance(receipt, str) else receipt
    evaluator = find_sealed(home, sealed_receipt.sealed).evaluator
    one = sealed_receipt
    values = evaluator.values(one.features, one.fraud, one.score, one.standing, as_of=one.application.as_of)
    return find_recourse(evaluator, values)
