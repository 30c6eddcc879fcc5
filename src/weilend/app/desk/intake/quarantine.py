"""In: batches with rows that could not be read. Out: those rows, kept until they can be. Used: by ingest and `weilend quarantine`.

A row may hold names and numbers, so what it said lies sealed under the key of its business. Rows are never removed: one that a
later reading of its file took in is marked as mended.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence, Set
from typing import Final

import msgspec

from weilend.app.desk.home import Home
from weilend.app.desk.privacy import seal, unseal
from weilend.core.errors import NotFoundError
from weilend.sources import Batch
from weilend.store import Document, QuarantinedRow, quarantine_id

_SEALED, _MENDED = "sealed:", "quarantine_mended"
ALL_ROWS: Final = 2**31
ERASED = "erased"


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A row that waits in quarantine, its original in clear (`erased` where its business was)."""

    row_id: str
    file: str
    row: int
    reason: str
    en: str
    zh: str
    original: str


def quarantine(home: Home, batch: Batch, *, whose: str, at: int) -> int:
    """Keep the rows of a batch that could not be read, and return how many of them are new.

    `whose` is the business the file is of, "" where that is not said: then a row is sealed for the institution.
    """
    if not batch.rejects.num_rows:
        return 0
    rows = [_sealed(home, row, whose) for row in batch.rejects.to_pylist()]
    return home.store.put_quarantine(rows, at)


def waiting_rows(home: Home, limit: int, *, file: str = "") -> tuple[Waiting, ...]:
    """Return the oldest rows that wait, of one file or of all."""
    mended = {paper.document_id for paper in home.store.documents(_MENDED)}
    found = ((quarantine_id(row), row) for row in home.store.quarantine(ALL_ROWS) if file in ("", row.file))
    chosen = [pair for pair in found if pair[0] not in mended][:limit]
    return tuple(_opened(home, row_id, row) for row_id, row in chosen)


def waiting_row(home: Home, row_id: str) -> Waiting:
    """Return the row whose id begins so; raises `NotFoundError` where there is none or more than one."""
    found = [row for row in waiting_rows(home, ALL_ROWS) if row.row_id.startswith(row_id)]
    if len(found) != 1:
        raise NotFoundError(
            f"{len(found)} rows in quarantine begin with {row_id!r}", hint="weilend quarantine list shows the ids"
        )
    return found[0]


def mark_mended(home: Home, before: Sequence[Waiting], read: Mapping[str, Set[int]], *, at: int) -> int:
    """Mark rows of files that were read again; `read` says of each file which rows could be read. Returns how many.

    A row that the file does not have any more waits on: nobody knows that it was mended.
    """
    gone = [row for row in before if row.row in read.get(row.file, ())]
    papers = [Document(kind=_MENDED, document_id=row.row_id, content=b"{}", cites=(), at=at) for row in gone]
    home.store.put_documents(papers)
    return len(gone)


def _sealed(home: Home, row: dict[str, object], business_id: str) -> QuarantinedRow:
    texts = {name: str(row[name]) for name in ("file", "reason", "en", "zh")}
    content = base64.b64encode(seal(home, business_id, str(row["original"]).encode())).decode()
    file_row = row["file_row"]
    assert isinstance(file_row, int)
    return QuarantinedRow(row=file_row, original=f"{_SEALED}{business_id}:{content}", **texts)


def _opened(home: Home, row_id: str, row: QuarantinedRow) -> Waiting:
    return Waiting(row_id=row_id, **{**msgspec.structs.asdict(row), "original": _original(home, row.original)})


def _original(home: Home, kept: str) -> str:
    if not kept.startswith(_SEALED):
        return kept  # a row of a home that is older than sealing
    subject, _, content = kept.removeprefix(_SEALED).rpartition(":")
    try:
        return unseal(home, subject, base64.b64decode(content)).decode()
    except NotFoundError:
        return ERASED
