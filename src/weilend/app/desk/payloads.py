"""In: what came with a request, and what it owes the book. Out: the same, sealed under the key of its business. Used: by the desk.

A live application brings records: figures, and tokens that join them. They lie in the store twice, as the payload that a replay
reads again and in the outbox, and both are under the audit chain, which never forgets. So both are ciphertext, and go with the key
when their business is erased. A request about several businesses, such as the main job's own, brings no records and stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from weilend.app.desk.home import Home
from weilend.app.desk.privacy import seal_all, unseal
from weilend.core.values import Receipt
from weilend.store import OutboxEntry

#: How sealed content begins: the mark, the business in hexadecimal, a colon, ciphertext. What is not sealed is JSON.
_MARK: Final = b"sealed:"


def business_of(receipts: Sequence[Receipt]) -> str:
    """Return the one business that a request is about, "" where it is about none or several.

    >>> business_of([])
    ''
    """
    names = {receipt.application.business_id for receipt in receipts}
    return names.pop() if len(names) == 1 else ""


def seal_request(
    home: Home, business_id: str, payload: bytes, owed: Sequence[OutboxEntry]
) -> tuple[bytes, tuple[OutboxEntry, ...]]:
    """Return a payload and what the request owes the book, sealed for a business; as they are where there is none.

    Raises `InputError` for a business that was erased.
    """
    if not business_id:
        return payload, tuple(owed)
    head = _MARK + business_id.encode().hex().encode() + b":"
    contents = [payload, *(one.content for one in owed)]
    sealed, *others = (head + content for content in seal_all(home, business_id, contents))
    return sealed, tuple(msgspec.structs.replace(one, content=kept) for one, kept in zip(owed, others, strict=True))


def open_content(home: Home, kept: bytes) -> bytes:
    """Return content in clear; raises `NotFoundError` where its business was erased."""
    if not kept.startswith(_MARK):
        return kept  # of several businesses, or of a home that is older than sealing
    whose, _, sealed = kept.removeprefix(_MARK).partition(b":")
    return unseal(home, bytes.fromhex(whose.decode()).decode(), sealed)


def payload_of(home: Home, request_id: str) -> bytes:
    """Return what came in with a request; raises `NotFoundError` where there is no such request, or its business was erased."""
    return open_content(home, home.store.payload(request_id))
