"""In: the outbox. Out: applications and decisions in the book. Used: by the desk after a commit, and again after a crash.

The book takes each key once, so an entry that was appended but not yet marked as delivered does no harm when it comes again.
"""

from __future__ import annotations

import msgspec
import pyarrow as pa

from weilend.app.desk.home import Home
from weilend.core.records import KINDS
from weilend.core.values import Receipt
from weilend.sources import identify
from weilend.store import OutboxEntry

PAGE = 1_000
SOURCE = "desk"


class RecordEntry(msgspec.Struct, frozen=True):
    """A record as it waits in the outbox: its kind and its columns."""

    kind: str
    columns: dict[str, str | int | None]


def entries_of(receipt: Receipt) -> tuple[OutboxEntry, ...]:
    """Return what a receipt owes the book: that there was an application, and how it was decided."""
    application, decision = receipt.application, receipt.decision
    frame: dict[str, str | int | None] = {
        "business_id": application.business_id,
        "application_id": application.application_id,
        "product": application.product,
        "happened_at": application.as_of,
        "consent_id": application.consent_id,
    }
    verdict = {
        "outcome": decision.outcome,
        "receipt_id": receipt.receipt_id,
        "grade": decision.grade,
        "ceiling_fen": decision.ceiling_fen,
    }
    records = (RecordEntry("application", frame), RecordEntry("decision", {**frame, **verdict}))
    return tuple(
        OutboxEntry(kind="record", key=f"{record.kind}/{receipt.receipt_id}", content=msgspec.json.encode(record))
        for record in records
    )


def deliver(home: Home, *, at: int) -> int:
    """Append what waits in the outbox to the book, and return how many records waited."""
    delivered = 0
    while pending := home.store.pending_outbox(PAGE):
        waiting: dict[str, list[dict[str, str | int | None]]] = {}
        for one in pending:
            record = msgspec.json.decode(one.entry.content, type=RecordEntry)
            waiting.setdefault(record.kind, []).append(record.columns)
        home.book.append({kind: _as_table(kind, rows) for kind, rows in waiting.items()})
        home.store.mark_delivered([one.entry_id for one in pending], at)
        delivered += len(pending)
    return delivered


def _as_table(kind: str, rows: list[dict[str, str | int | None]]) -> pa.Table:
    schema = KINDS[kind]
    integers = {field.name for field in schema.fields if field.type == "integer"} | {"happened_at"}
    names = [*schema.subjects, *(field.name for field in schema.fields)]
    columns = {
        name: pa.array([row.get(name) for row in rows], pa.int64() if name in integers else pa.string())
        for name in (*names, "happened_at", "consent_id")
    }
    key, record_id = identify(kind, {name: columns[name] for name in names}, ("business_id", "application_id"))
    origin = {"known_basis": "observed", "source": SOURCE}
    frame = {name: pa.array([text] * len(rows), pa.string()) for name, text in origin.items()}
    return pa.table({**columns, **frame, "known_at": columns["happened_at"], "key": key, "record_id": record_id})
