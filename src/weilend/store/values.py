"""In: nothing. Out: the frozen values that go into the store and come out of it. Used: by the store and by the desk above."""

from __future__ import annotations

import msgspec

from weilend.core.values import Receipt


class OutboxEntry(msgspec.Struct, frozen=True, kw_only=True):
    """What is owed to somebody else once a commit is durable; the receiver takes each `key` of a kind once.

    >>> OutboxEntry(kind="record", key="decision/A1", content=b"{}").kind
    'record'
    """

    kind: str
    key: str
    content: bytes


class PendingEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An outbox entry that has not been delivered; `entry_id` is its place in the order of commits.

    >>> entry = OutboxEntry(kind="record", key="decision/A1", content=b"{}")
    >>> PendingEntry(entry_id=1, request_id="R1", entry=entry, at=0).entry.key
    'decision/A1'
    """

    entry_id: int
    request_id: str
    entry: OutboxEntry
    at: int


class Commit(msgspec.Struct, frozen=True, kw_only=True):
    """All that one request leaves behind: what came in, what was decided, and what is owed. `at` is in UTC seconds.

    >>> Commit(request_id="R1", payload=b"{}", receipts=(), outbox=(), at=0).request_id
    'R1'
    """

    request_id: str
    payload: bytes
    receipts: tuple[Receipt, ...]
    outbox: tuple[OutboxEntry, ...]
    at: int


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """A paper under a name of its own, such as the receipt of an allocation; `cites` are ids of committed receipts.

    >>> Document(kind="offer", document_id="O1", content=b"{}", cites=("R1",), at=0).cites
    ('R1',)
    """

    kind: str
    document_id: str
    content: bytes
    cites: tuple[str, ...]
    at: int


class QuarantinedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row that could not be read, as it stood in its file (`row` counts from 1), and why.

    >>> QuarantinedRow(file="a.csv", row=2, reason="no_date", en="no date", zh="缺少日期", original="x,y").reason
    'no_date'
    """

    file: str
    row: int
    reason: str
    en: str
    zh: str
    original: str


class ChainHead(msgspec.Struct, frozen=True):
    """The end of the audit chain: kept outside the store, it proves later that nothing before it was changed or cut off.

    >>> ChainHead(seq=3, hash="ab").seq
    3
    """

    seq: int
    hash: str
