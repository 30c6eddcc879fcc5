"""In: what came with a request, and what it owes the book. Out: the same, sealed under the keys of whom it is. Used: by the desk.

A live application brings records: figures, and tokens that join them. They lie in the store twice, as the payload that a replay
reads again and in the outbox, and both are under the audit chain, which never forgets. So both are ciphertext. What is all of one
business is sealed as a whole. Else rows are sealed apart, each under the keys of everybody whose erasing concerns it (business,
owner, shop): it goes with the first of them, and the rows of others stay. A request about several businesses that brings no
records, such as the main job's own, holds nothing that its receipts do not, and stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from weilend.app.desk.home import Home
from weilend.app.desk.privacy import INSTITUTION, seal, seal_all, unseal
from weilend.app.desk.records import Cell, Rows
from weilend.core.errors import NotFoundError
from weilend.core.records import KINDS
from weilend.core.values import Receipt
from weilend.engine.book import erasable
from weilend.store import OutboxEntry

#: How sealed content begins: the mark, whose key it is in hexadecimal, a colon, ciphertext. What is not sealed is JSON.
_MARK: Final = b"sealed:"
#: How content begins whose rows are sealed apart: the mark, then `_Apart` as JSON.
_APART: Final = b"apart:"
_RECORDS: Final = "records"  # where the rows of a request stand in it

#: A row that is sealed apart: its kind, its place among the rows of this kind, and the row.
_Placed = tuple[str, int, dict[str, Cell]]


class _Apart(msgspec.Struct, frozen=True):
    """Content whose rows are sealed apart: what is around them, sealed where it is of one business, and the rows in groups."""

    around: bytes
    groups: list[bytes]


def business_of(receipts: Sequence[Receipt]) -> str:
    """Return the one business that a request is about, "" where it is about none or several.

    >>> business_of([])
    ''
    """
    names = {receipt.application.business_id for receipt in receipts}
    return names.pop() if len(names) == 1 else ""


def seal_request(
    home: Home, business_id: str, payload: bytes, records: Rows, owed: Sequence[OutboxEntry]
) -> tuple[bytes, tuple[OutboxEntry, ...]]:
    """Return a payload and what the request owes the book, sealed for the business and for all whose records it brings.

    `business_id` is "" where the request is about several. Raises `InputError` for somebody who was erased.
    """
    persons = {person for kind, rows in records.items() for row in rows for person in _persons(kind, row)}
    contents = [payload, *(one.content for one in owed)]
    if persons - {business_id}:
        around = {**msgspec.json.decode(payload), _RECORDS: {kind: [] for kind in records}}
        sealed = [_seal_apart(home, around, records, business_id)]
        sealed += [_seal_apart(home, {}, msgspec.json.decode(one.content, type=Rows), business_id) for one in owed]
    elif business_id:
        sealed = [_headed(business_id, content) for content in seal_all(home, business_id, contents)]
    else:
        sealed = contents
    others = zip(owed, sealed[1:], strict=True)
    return sealed[0], tuple(msgspec.structs.replace(one, content=kept) for one, kept in others)


def open_content(home: Home, kept: bytes) -> bytes:
    """Return a request in clear; raises `NotFoundError` where somebody was erased whose business or records it is about."""
    if not kept.startswith(_APART):
        return _opened(home, kept)
    whole = msgspec.json.decode(kept.removeprefix(_APART), type=_Apart)
    around: dict[str, Any] = msgspec.json.decode(_opened(home, whole.around))
    around[_RECORDS] = _in_place(around[_RECORDS], (row for group in whole.groups for row in _rows_of(_opened(home, group))))
    return msgspec.json.encode(around)


def open_rows(home: Home, kept: bytes) -> Rows:
    """Return the records that an entry of the outbox holds, without those of anybody who was erased."""
    if not kept.startswith(_APART):
        content = _opened_or_gone(home, kept)
        return msgspec.json.decode(content, type=Rows) if content else {}
    whole = msgspec.json.decode(kept.removeprefix(_APART), type=_Apart)
    left = [row for group in whole.groups for row in _rows_of(_opened_or_gone(home, group) or b"[]")]
    return _in_place(dict.fromkeys(kind for kind, _, _ in left), left)


def payload_of(home: Home, request_id: str) -> bytes:
    """Return what came in with a request; raises `NotFoundError` where there is no such request, or somebody was erased whom it
    is about.
    """
    return open_content(home, home.store.payload(request_id))


def _persons(kind: str, row: Mapping[str, Cell]) -> tuple[str, ...]:
    """Return those whose erasing concerns a row."""
    return tuple(dict.fromkeys(str(row[name]) for name in erasable(KINDS[kind]) if row.get(name)))


def _seal_apart(home: Home, around: dict[str, Any], rows: Rows, business_id: str) -> bytes:
    """Return content whose rows are sealed in groups, one for each set of persons."""
    groups: dict[tuple[str, ...], list[_Placed]] = {}
    for kind, some in rows.items():
        for place, row in enumerate(some):
            whose = dict.fromkeys(name for name in (*_persons(kind, row), business_id) if name)
            groups.setdefault(tuple(sorted(whose)) or (INSTITUTION,), []).append((kind, place, row))
    own = (business_id,) if business_id else ()
    sealed = [_sealed_for(home, whose, msgspec.json.encode(group)) for whose, group in sorted(groups.items())]
    return _APART + msgspec.json.encode(_Apart(_sealed_for(home, own, msgspec.json.encode(around)), sealed))


def _sealed_for(home: Home, persons: Iterable[str], content: bytes) -> bytes:
    """Return content sealed under the key of one after another: whoever is erased, nothing opens it."""
    for person in persons:
        content = _headed(person, seal(home, person, content))
    return content


def _headed(whose: str, content: bytes) -> bytes:
    return _MARK + whose.encode().hex().encode() + b":" + content


def _opened(home: Home, kept: bytes) -> bytes:
    """Return what was sealed, whosever keys it takes; content in clear (of a home that is older than sealing, too) as it is."""
    while kept.startswith(_MARK):
        whose, _, sealed = kept.removeprefix(_MARK).partition(b":")
        kept = unseal(home, bytes.fromhex(whose.decode()).decode(), sealed)
    return kept


def _opened_or_gone(home: Home, kept: bytes) -> bytes | None:
    try:
        return _opened(home, kept)
    except NotFoundError:
        return None


def _rows_of(group: bytes) -> list[_Placed]:
    return msgspec.json.decode(group, type=list[_Placed])


def _in_place(kinds: Iterable[str], rows: Iterable[_Placed]) -> Rows:
    """Return rows by kind in the order in which they came: what happened at one instant is told apart by it."""
    found: dict[str, list[tuple[int, dict[str, Cell]]]] = {kind: [] for kind in kinds}
    for kind, place, row in rows:
        found[kind].append((place, row))
    return {kind: [row for _, row in sorted(some, key=lambda one: one[0])] for kind, some in found.items()}
