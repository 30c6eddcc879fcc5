"""In: a subject of the book. Out: the home without it. Used: as `weilend book erase`.

What is kept: that it was erased and when, receipts (which hold figures and hashes, no names), and ciphertext whose key is gone.
What goes: the key of the subject, and with it all clear values and quarantined rows; every row of the book that is of it, and
what is kept beside the book of its rows: the index of lists, the graph, the indexes of crowds.
"""

from __future__ import annotations

import msgspec

from weilend.app.desk.crowds import forget_in_crowds
from weilend.app.desk.deliver import deliver
from weilend.app.desk.fraud.lists import forget_subject
from weilend.app.desk.fraud.rings import forget_in_rings
from weilend.app.desk.home import Home
from weilend.core.errors import NotFoundError
from weilend.core.ids import canonical_json
from weilend.core.records import KINDS
from weilend.engine.book import erasable
from weilend.store import Document, Vault

TOMBSTONE = "erasure"


class Erased(msgspec.Struct, frozen=True):
    """Who was erased, when (UTC seconds), and how many rows of the book went now."""

    subject: str
    at: int
    rows: int


def erase_subject(home: Home, subject: str, *, at: int) -> Erased:
    """Erase a business, owner or shop from the home; after a kill, or a second time, it finishes what is left.

    Raises `NotFoundError` where nobody goes by that identity.
    """
    vault = Vault(home.store.engine)
    before = vault.erased().get(subject)
    deliver(home, at=at)  # what waits would come back
    if before is None and vault.key(subject) is None and not _is_in_book(home, subject):
        raise NotFoundError(f"nobody goes by {subject!r} in this home", hint="give the identity as it stands in the records")
    since = at if before is None else before
    home.store.put_document(
        Document(kind=TOMBSTONE, document_id=subject, content=canonical_json({"erased_at": since}), cites=(), at=since)
    )
    vault.shred(subject, since)
    rows = home.book.erase(subject)
    forget_subject(home, subject)
    forget_in_rings(home, subject)
    forget_in_crowds(home, subject)
    return Erased(subject, since, rows)


def _is_in_book(home: Home, subject: str) -> bool:
    view = home.book.view()
    for name in KINDS:
        for column in erasable(KINDS[name]):
            if subject in view.read(name, columns=[column])[column].to_pylist():
                return True
    return False
