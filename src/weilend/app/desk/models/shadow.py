"""In: receipts. Out: what models in shadow say of the same rows, kept beside them to be compared later (`trial`).

Used: after every decision. The receipt is committed before a shadow is asked, so a shadow can neither delay nor change an answer,
and one that cannot score says why instead of failing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from weilend.app.desk.home import Home
from weilend.app.desk.models.champion import Named, shadows
from weilend.core.errors import WeilendError
from weilend.core.ids import canonical_json, content_hash
from weilend.core.values import Receipt
from weilend.models import Card, check_identity, read_card, score
from weilend.store import Document

KIND = "shadow_score"


class ShadowScore(msgspec.Struct, frozen=True, kw_only=True):
    """What a model in shadow said of the row of a receipt: None with a sentence where it could not score it.

    >>> ShadowScore(receipt_id="R1", version="v2", points=None, pd_ppm=None, note="the row has no feature x").points is None
    True
    """

    receipt_id: str
    version: str
    points: int | None
    pd_ppm: int | None
    note: str = ""


def record_shadows(home: Home, name: str, receipts: Sequence[Receipt], *, at: int) -> int:
    """Keep what every model in shadow of a product's model says of some receipts; returns how many scores were kept.

    A shadow counts from the instant at which a decision is made (its as_of), as the champion does.
    """
    named, cards = Named("model", name), dict[str, Card]()
    papers = [
        _paper(score_in_shadow(home, named, version, receipt, cards), at)
        for receipt in receipts
        for version in shadows(home, named, at=receipt.application.as_of)
    ]
    home.store.put_documents(papers)
    return len(papers)


def score_in_shadow(home: Home, named: Named, version: str, receipt: Receipt, cards: dict[str, Card]) -> ShadowScore:
    """Return what a version says of a receipt's row, or why it cannot: it may be changed, or want what the row has not.

    `cards` are those that were read before.
    """
    try:
        if version not in cards:
            cards[version] = check_identity(read_card(home.store.document(named.kind, version).content))
        said = score(cards[version], receipt.features)
    except WeilendError as error:
        return ShadowScore(receipt_id=receipt.receipt_id, version=version, points=None, pd_ppm=None, note=str(error))
    return ShadowScore(receipt_id=receipt.receipt_id, version=version, points=said.points, pd_ppm=said.pd_ppm)


def _paper(said: ShadowScore, at: int) -> Document:
    name = content_hash([said.receipt_id, said.version])
    return Document(kind=KIND, document_id=name, content=canonical_json(said), cites=(said.receipt_id,), at=at)


def shadow_scores(home: Home, version: str) -> Iterator[ShadowScore]:
    """Iterate over what a version said in shadow, oldest first."""
    for paper in home.store.documents(KIND):
        said = msgspec.json.decode(paper.content, type=ShadowScore)
        if said.version == version:
            yield said
