"""In: the outbox. Out: payloads, applications and decisions in the book. Used: by the desk after a commit, and after a crash.

The book takes each key once, so an entry that was appended but not yet marked as delivered does no harm when it comes again. What
is owed about somebody who was erased meanwhile reaches nobody.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import pyarrow as pa

from weilend.app.desk.home import Home
from weilend.app.desk.payloads import open_rows
from weilend.app.desk.records import SENT, Cell, Rows, to_rows, to_tables
from weilend.core.records import KINDS
from weilend.core.values import Receipt
from weilend.sources import identify
from weilend.store import OutboxEntry

PAGE = 100
SOURCE = "desk"
RECORDS = "records"
KEY = ("business_id", "application_id")


def owe(request_id: str, receipts: Sequence[Receipt], payload: Rows) -> tuple[OutboxEntry, ...]:
    """Return what a request owes the book: what came with it, that there were applications, and how they were decided."""
    owed = {
        **payload,
        **to_rows(
            {kind: identified(kind, [_facts(receipt) for receipt in receipts], KEY) for kind in ("application", "decision")}
        ),
    }
    return tuple(
        OutboxEntry(kind=RECORDS, key=f"{kind}/{request_id}", content=msgspec.json.encode({kind: rows}))
        for kind, rows in owed.items()
    )


def deliver(home: Home, *, at: int) -> int:
    """Append what waits in the outbox to the book, and return how many entries waited."""
    delivered = 0
    while pending := home.store.pending_outbox(PAGE):
        for one in pending:
            if rows := open_rows(home, one.entry.content):
                home.book.append(to_tables(rows))
        home.store.mark_delivered([one.entry_id for one in pending], at)
        delivered += len(pending)
    return delivered


def _facts(receipt: Receipt) -> dict[str, str | int | None]:
    application, decision = receipt.application, receipt.decision
    return {
        "business_id": application.business_id,
        "application_id": application.application_id,
        "product": application.product,
        "outcome": decision.outcome,
        "receipt_id": receipt.receipt_id,
        "grade": decision.grade,
        "ceiling_fen": decision.ceiling_fen,
        "chance_ppm": decision.chance_ppm,
        "arms": " ".join(f"{experiment}={arm}" for experiment, arm in sorted(decision.arms.items())) or None,
        "arms_chance_ppm": decision.arms_chance_ppm,
        "happened_at": application.as_of,
        "consent_id": application.consent_id,
    }


def identified(
    kind: str, facts: Sequence[Mapping[str, Cell]], key_columns: tuple[str, ...], *, basis: str = "observed"
) -> pa.Table:
    """Return facts of the desk's own making as records that the book takes, known when they happened."""
    schema = KINDS[kind]
    names = (*schema.subjects, *(field.name for field in schema.fields))
    types = {field.name: SENT[field.type] for field in schema.fields} | {"happened_at": pa.int64()}
    columns = {
        name: pa.array([fact.get(name) for fact in facts], types.get(name, pa.string()))
        for name in (*names, "happened_at", "consent_id")
    }
    key, record_id = identify(kind, {name: columns[name] for name in (*names, "happened_at")}, key_columns)
    said = {name: pa.array([text] * len(facts), pa.string()) for name, text in (("known_basis", basis), ("source", SOURCE))}
    return pa.table({**columns, **said, "known_at": columns["happened_at"], "key": key, "record_id": record_id})
