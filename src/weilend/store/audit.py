"""In: rows as they are written. Out: a chain of hashes over them, and what is wrong with it. Used: by every write of the store.

Each entry seals one row of an audited table (`content_hash`) and the entry before it (`previous_hash`). A row that was changed,
added or removed, and an entry that was changed, added, removed or moved, contradict each other. Only cutting rows *and* entries
off the end, or rewriting the whole chain, leaves no contradiction inside; against that the head is kept outside.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, Table, func, select

from weilend.core.ids import bytes_hash, content_hash
from weilend.store.schema import (
    ANSWER,
    ARTIFACT,
    AUDIT,
    CITATION,
    DOCUMENT,
    INTAKE,
    LIFECYCLE,
    OUTBOX,
    QUARANTINE,
    RECEIPT,
    SEALED,
)
from weilend.store.values import ChainHead

#: Every table whose rows are sealed, in an order in which references hold.
AUDITED: Final = (INTAKE, RECEIPT, ANSWER, OUTBOX, ARTIFACT, DOCUMENT, CITATION, QUARANTINE, LIFECYCLE, SEALED)

#: Columns that may change after a row was written.
MUTABLE: Final = frozenset({"delivered_at"})

START: Final = ChainHead(0, "")


def insert_audited(connection: Connection, table: Table, rows: Sequence[dict[str, Any]], at: int) -> None:
    """Insert rows and chain one audit entry to each, within the caller's transaction.

    >>> import tempfile
    >>> from weilend.store.database import open_engine, writing
    >>> with tempfile.TemporaryDirectory() as home:
    ...     engine = open_engine(f"{home}/store.db")
    ...     with writing(engine) as connection:
    ...         insert_audited(connection, INTAKE, [{"request_id": "R1", "payload": b"", "at": 0}], 0)
    ...         before = list(chain_problems(connection, None))
    ...         _ = connection.execute(INTAKE.update().values(payload=b"other"))
    ...         after = list(chain_problems(connection, None))
    ...     engine.dispose()
    >>> before, after
    ([], ['intake R1 is not as it was sealed'])
    """
    if not rows:
        return
    connection.execute(table.insert(), list(rows))
    head, entries = chain_head(connection), []
    for row in rows:
        entry = _entry(head, at, str(table.name), subject_of(table, row), row_hash(table, row))
        entries.append(entry)
        head = ChainHead(entry["seq"], entry["hash"])
    connection.execute(AUDIT.insert(), entries)


def chain_head(connection: Connection) -> ChainHead:
    """Return the last entry of the chain."""
    row = connection.execute(select(AUDIT.c.seq, AUDIT.c.hash).order_by(AUDIT.c.seq.desc()).limit(1)).first()
    return START if row is None else ChainHead(row.seq, row.hash)


def chain_problems(connection: Connection, anchor: ChainHead | None) -> Iterator[str]:
    """Yield what contradicts the chain: broken links, rows that are not as sealed, rows without an entry and the reverse."""
    yield from _broken_links(connection, anchor or START)
    for table in AUDITED:
        yield from _unsealed_rows(connection, table)


def subject_of(table: Table, row: Any) -> str:
    """Return the primary key of a row as one text that no other key shares.

    >>> subject_of(INTAKE, {"request_id": "R1"})
    'R1'
    """
    values = [str(row[column.name]) for column in table.primary_key.columns]
    return values[0] if len(values) == 1 else content_hash(values)


def row_hash(table: Table, row: Any) -> str:
    """Return the hash of all that never changes in a row.

    >>> row = {"seq": 1, "request_id": "R1", "kind": "record", "key": "k", "content": b"", "at": 0, "delivered_at": None}
    >>> row_hash(OUTBOX, row) == row_hash(OUTBOX, {**row, "delivered_at": 5}) != row_hash(OUTBOX, {**row, "content": b"x"})
    True
    """
    values = {str(column.name): row[column.name] for column in table.columns if column.name not in MUTABLE}
    return content_hash({name: bytes_hash(value) if isinstance(value, bytes) else value for name, value in values.items()})


def _entry(head: ChainHead, at: int, what: str, subject: str, content: str) -> dict[str, Any]:
    entry = {
        "seq": head.seq + 1,
        "at": at,
        "what": what,
        "subject": subject,
        "content_hash": content,
        "previous_hash": head.hash,
    }
    return {**entry, "hash": content_hash(entry)}


def _broken_links(connection: Connection, anchor: ChainHead) -> Iterator[str]:
    head, anchored = START, anchor == START
    for row in connection.execute(select(AUDIT).order_by(AUDIT.c.seq).execution_options(yield_per=1_000)).mappings():
        expected = _entry(head, row["at"], row["what"], row["subject"], row["content_hash"])
        if dict(row) != expected:
            yield f"audit entry {row['seq']} ({row['what']} {row['subject']}) does not follow from the one before it"
        head = ChainHead(row["seq"], row["hash"])
        anchored = anchored or head == anchor
    if not anchored:
        yield f"audit entry {anchor.seq} is not the one that was kept outside: the chain was cut off or rewritten"


def _unsealed_rows(connection: Connection, table: Table) -> Iterator[str]:
    seals = select(AUDIT.c.subject, AUDIT.c.content_hash).where(AUDIT.c.what == table.name)
    sealed = {row.subject: row.content_hash for row in connection.execute(seals)}
    for row in _all_rows(connection, table):
        subject = subject_of(table, row)
        if sealed.pop(subject, None) != row_hash(table, row):
            yield f"{table.name} {subject} is not as it was sealed"
    yield from (f"{table.name} {subject} is gone" for subject in sealed)


def _all_rows(connection: Connection, table: Table) -> Iterator[RowMapping]:
    yield from connection.execute(select(table).execution_options(yield_per=1_000)).mappings()


def next_seq(connection: Connection, table: Table) -> int:
    """Return the next place in the order of a table; one writer at a time makes it safe."""
    return int(connection.execute(select(func.coalesce(func.max(table.c.seq), 0))).scalar_one()) + 1
