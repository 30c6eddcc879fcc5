"""In: receipts. Out: what models in shadow say of the same rows, kept beside them to be compared later (`trial`).

Used: after every decision. The receipt is committed before a shadow is asked, so a shadow can neither delay nor change an answer,
and one that cannot score says why instead of failing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from weilend.app.desk.home import Home
from weilend.app.desk.models.champion import Named, shadows
from weilend.app.desk.models.kept import read_version
from weilend.core.errors import WeilendError
from weilend.core.ids import canonical_json, content_hash
from weilend.core.values import Receipt
from weilend.models import Table
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
    named = Named("model", name)
    watched: dict[tuple[str, str], list[Receipt]] = {}
    for receipt in receipts:
        for version in shadows(home, named, at=receipt.application.as_of):
            watched.setdefault((version, receipt.sealed["feature_set"]), []).append(receipt)
    said = [one for (version, _), some in watched.items() for one in score_in_shadow(home, named, version, some)]
    home.store.put_documents([_paper(one, at) for one in said])
    return len(said)


def score_in_shadow(home: Home, named: Named, version: str, receipts: Sequence[Receipt]) -> list[ShadowScore]:
    """Return what a version says of the rows of receipts of one feature set, all at once: points and PD, no reasons.

    Or why it cannot: it may be changed, or want what the rows have not.
    """
    rows = [receipt.features for receipt in receipts]
    points: list[int | None] = [None] * len(rows)
    pd_ppm, note = points, ""
    try:
        model = read_version(home, named.kind, version)
        said = model.predict(Table.of(rows, model.reads))
        points, pd_ppm = said.points.tolist(), said.pd_ppm.tolist()
    except WeilendError as error:
        note = str(error)
    return [
        ShadowScore(receipt_id=receipt.receipt_id, version=version, points=one, pd_ppm=pd, note=note)
        for receipt, one, pd in zip(receipts, points, pd_ppm, strict=True)
    ]


def _paper(said: ShadowScore, at: int) -> Document:
    name = content_hash([said.receipt_id, said.version])
    return Document(kind=KIND, document_id=name, content=canonical_json(said), cites=(said.receipt_id,), at=at)


def shadow_scores(home: Home, version: str) -> Iterator[ShadowScore]:
    """Iterate over what a version said in shadow, oldest first."""
    for paper in home.store.documents(KIND):
        said = msgspec.json.decode(paper.content, type=ShadowScore)
        if said.version == version:
            yield said
