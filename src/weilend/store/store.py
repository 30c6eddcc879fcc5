"""In: commits, artifacts, documents, rows in quarantine. Out: the same, after any crash. Used: by the desk alone.

Every write is one transaction that carries its own audit entries; what is returned is durable. Rows are appended and never
changed, but for the instant at which an outbox entry was delivered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, Self

import msgspec
from sqlalchemy import Connection, Engine, Select, bindparam, func, select, update

from weilend.core.errors import CheckError, InputError, NotFoundError
from weilend.core.ids import bytes_hash, canonical_json, content_hash
from weilend.core.lifecycle import Event
from weilend.core.values import Receipt
from weilend.store.audit import chain_head, chain_problems, insert_audited, next_seq
from weilend.store.database import open_engine, reading, writing
from weilend.store.events import append_event, read_events
from weilend.store.schema import ANSWER, ARTIFACT, CITATION, DOCUMENT, INTAKE, OUTBOX, QUARANTINE, RECEIPT
from weilend.store.values import ChainHead, Commit, Document, OutboxEntry, PendingEntry, QuarantinedRow

PAGE_ROWS: Final = 500  # how many rows an iterator holds at once; between pages it holds no transaction

_decode_receipt = msgspec.json.Decoder(Receipt).decode


class Store:
    """The system of record of one institution.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as home, Store.open(f"{home}/store.db") as store:
    ...     kept = store.put_artifact("policy", b"approve nobody", at=1_577_808_000)
    ...     store.artifact(kept), store.verify_chain()
    (b'approve nobody', ())
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    @classmethod
    def open(cls, address: str) -> Self:
        """Open the store at a path or a database address, and make it where there is none.

        Raises `InputError` when it cannot be opened, or is something else than a store.

        >>> Store.open("no/such/folder/store.db")
        Traceback (most recent call last):
        weilend.core.errors.InputError: no such folder: no/such/folder. Hint: make it first
        """
        return cls(open_engine(address))

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def commit(self, commit: Commit) -> tuple[Receipt, ...]:
        """Write payload, receipts and outbox in one transaction, and return the receipts once they are durable.

        A request id that is known with the same payload returns the receipts of its first time and writes nothing. Raises
        `InputError` when it is known with another payload.

        >>> import tempfile
        >>> owed = OutboxEntry(kind="record", key="application/A1", content=b"{}")
        >>> with tempfile.TemporaryDirectory() as home, Store.open(f"{home}/store.db") as store:
        ...     for payload in (b"first", b"first", b"another"):
        ...         _ = store.commit(Commit(request_id="R1", payload=payload, receipts=(), outbox=(owed,), at=0))
        Traceback (most recent call last):
        weilend.core.errors.InputError: request 'R1' is known with another payload. Hint: give a new request its own id
        """
        if not commit.request_id:
            raise InputError("a request needs an id", hint="make one and send it again with every retry")
        with writing(self.engine) as connection:
            known = _payload(connection, commit.request_id)
            if known is None:
                _write_intake(connection, commit)
                _write_receipts(connection, commit)
                _write_outbox(connection, commit)
            elif known != commit.payload:
                raise InputError(
                    f"request {commit.request_id!r} is known with another payload", hint="give a new request its own id"
                )
            return tuple(_receipts(connection, _answers(commit.request_id)))

    def payload(self, request_id: str) -> bytes:
        """Return what came in with a request."""
        with reading(self.engine) as connection:
            found = _payload(connection, request_id)
        if found is None:
            raise NotFoundError(f"no request {request_id!r}", hint="check the id")
        return found

    def receipt(self, receipt_id: str) -> Receipt:
        """Return a receipt by its id; raises `NotFoundError`."""
        with reading(self.engine) as connection:
            found = list(_receipts(connection, _RECEIPTS.where(RECEIPT.c.receipt_id == receipt_id)))
        if not found:
            raise NotFoundError(f"no receipt {receipt_id!r}", hint="check the id")
        return found[0]

    def receipts(self, product: str | None = None) -> Iterator[Receipt]:
        """Iterate over all receipts, or those of one product, in the order in which they were first committed."""
        query = _RECEIPTS if product is None else _RECEIPTS.where(RECEIPT.c.product == product)
        for row in _pages(self.engine, query, RECEIPT.c.seq):
            yield _decode_receipt(row.content)

    def receipts_of_request(self, request_id: str) -> tuple[Receipt, ...]:
        """Return the receipts that answered a request, in its order."""
        with reading(self.engine) as connection:
            return tuple(_receipts(connection, _answers(request_id)))

    def request_of(self, receipt_id: str) -> str:
        """Return the id of the request that a receipt answered first; raises `NotFoundError`."""
        query = select(ANSWER.c.request_id).join(INTAKE).where(ANSWER.c.receipt_id == receipt_id)
        with reading(self.engine) as connection:
            found = connection.execute(query.order_by(INTAKE.c.at, INTAKE.c.request_id).limit(1)).first()
        if found is None:
            raise NotFoundError(f"no receipt {receipt_id!r}", hint="check the id")
        return str(found.request_id)

    def find_receipts(self, application_id: str) -> tuple[Receipt, ...]:
        """Return the receipts of an application, oldest first."""
        query = _RECEIPTS.where(RECEIPT.c.application_id == application_id).order_by(RECEIPT.c.seq)
        with reading(self.engine) as connection:
            return tuple(_receipts(connection, query))

    def pending_outbox(self, limit: int) -> tuple[PendingEntry, ...]:
        """Return the oldest `limit` entries that have not been delivered.

        >>> import tempfile
        >>> owed = OutboxEntry(kind="record", key="application/A1", content=b"{}")
        >>> with tempfile.TemporaryDirectory() as home, Store.open(f"{home}/store.db") as store:
        ...     _ = store.commit(Commit(request_id="R1", payload=b"", receipts=(), outbox=(owed,), at=0))
        ...     ids = [pending.entry_id for pending in store.pending_outbox(10)]
        ...     store.mark_delivered(ids, at=1)
        ...     ids, store.pending_outbox(10)
        ([1], ())
        """
        query = select(OUTBOX).where(OUTBOX.c.delivered_at.is_(None)).order_by(OUTBOX.c.seq).limit(limit)
        with reading(self.engine) as connection:
            return tuple(
                PendingEntry(
                    entry_id=row.seq,
                    request_id=row.request_id,
                    entry=OutboxEntry(kind=row.kind, key=row.key, content=row.content),
                    at=row.at,
                )
                for row in connection.execute(query)
            )

    def mark_delivered(self, entry_ids: Sequence[int], at: int) -> None:
        """Say that entries were delivered; the first time counts. Raises `NotFoundError` if one is unknown, and marks none."""
        late = update(OUTBOX).where(OUTBOX.c.seq == bindparam("entry_id"), OUTBOX.c.delivered_at.is_(None))
        with writing(self.engine) as connection:
            for entry_id in entry_ids:
                if connection.execute(select(OUTBOX.c.seq).where(OUTBOX.c.seq == entry_id)).first() is None:
                    raise NotFoundError(f"no outbox entry {entry_id}", hint="give ids that pending_outbox returned")
                connection.execute(late.values(delivered_at=at), {"entry_id": entry_id})

    def put_artifact(self, kind: str, content: bytes, at: int) -> str:
        """Keep bytes under their own hash, which is returned; put twice they are kept once."""
        row = {"hash": bytes_hash(content), "kind": kind, "content": content, "at": at}
        with writing(self.engine) as connection:
            if _content(connection, select(ARTIFACT.c.content).filter_by(hash=row["hash"], kind=kind)) is None:
                insert_audited(connection, ARTIFACT, [row], at)
        return bytes_hash(content)

    def artifact(self, artifact_hash: str) -> bytes:
        """Return the bytes of a hash; raises `NotFoundError`, and `CheckError` when they are not those any more."""
        with reading(self.engine) as connection:
            content = _content(connection, select(ARTIFACT.c.content).where(ARTIFACT.c.hash == artifact_hash).limit(1))
        if content is None:
            raise NotFoundError(f"no artifact {artifact_hash}", hint="check the hash")
        if bytes_hash(content) != artifact_hash:
            raise CheckError(f"artifact {artifact_hash} has been changed in the store", hint="verify the chain")
        return content

    def put_document(self, document: Document) -> None:
        """Keep a document under its kind and id, with the receipts that it cites; put twice it is kept once.

        Raises `InputError` when the id is there with other content, or a cited receipt is not in the store.

        >>> import tempfile
        >>> paper = Document(kind="allocation", document_id="P1", content=b"{}", cites=(), at=0)
        >>> with tempfile.TemporaryDirectory() as home, Store.open(f"{home}/store.db") as store:
        ...     store.put_document(paper)
        ...     store.document("allocation", "P1") == paper, len(list(store.documents("allocation")))
        (True, 1)
        """
        self.put_documents((document,))

    def put_documents(self, documents: Sequence[Document]) -> None:
        """Keep many documents, as `put_document` does one, in one transaction: all of them or none."""
        with writing(self.engine) as connection:
            for document in documents:
                known = _document(connection, document.kind, document.document_id)
                if known is None:
                    _write_document(connection, document)
                elif (known.content, known.cites) != (document.content, document.cites):
                    name = f"{document.kind} {document.document_id}"
                    raise InputError(f"{name} is there already with other content", hint="give it another id")

    def document(self, kind: str, document_id: str) -> Document:
        """Return a document; raises `NotFoundError`."""
        with reading(self.engine) as connection:
            found = _document(connection, kind, document_id)
        if found is None:
            raise NotFoundError(f"no {kind} {document_id!r}", hint="check the id")
        return found

    def documents(self, kind: str) -> Iterator[Document]:
        """Iterate over the documents of a kind, oldest first."""
        for row in _pages(self.engine, select(DOCUMENT.c.document_id, DOCUMENT.c.seq).filter_by(kind=kind), DOCUMENT.c.seq):
            yield self.document(kind, row.document_id)

    def put_event(self, kind: str, event: Event) -> None:
        """Append a lifecycle event of a kind of thing (policy, model, lists); raises `InputError` where it is not legal."""
        with writing(self.engine) as connection:
            append_event(connection, kind, event)

    def events(self, kind: str, name: str | None = None) -> tuple[Event, ...]:
        """Return the lifecycle events of a kind, or of one thing of it, in the order in which they were appended."""
        with reading(self.engine) as connection:
            return read_events(connection, kind, name)

    def put_quarantine(self, rows: Sequence[QuarantinedRow], at: int) -> int:
        """Keep rows that could not be read, and return how many of them are new: a file read twice is kept once.

        >>> import tempfile
        >>> row = QuarantinedRow(file="a.csv", row=2, reason="no_date", en="no date", zh="缺少日期", original="x,y")
        >>> with tempfile.TemporaryDirectory() as home, Store.open(f"{home}/store.db") as store:
        ...     store.put_quarantine([row], at=0), store.put_quarantine([row], at=1), store.quarantine_counts()
        (1, 0, {'no_date': 1})
        """
        named = {quarantine_id(row): row for row in rows}
        with writing(self.engine) as connection:
            known = _quarantined(connection, list(named))
            new = {name: row for name, row in named.items() if name not in known}
            first = next_seq(connection, QUARANTINE)
            insert_audited(
                connection,
                QUARANTINE,
                [
                    {"row_id": name, "seq": seq, "at": at, **msgspec.structs.asdict(row)}
                    for seq, (name, row) in enumerate(new.items(), start=first)
                ],
                at,
            )
        return len(new)

    def quarantine(self, limit: int) -> tuple[QuarantinedRow, ...]:
        """Return the oldest `limit` rows in quarantine."""
        columns = [QUARANTINE.c[name] for name in QuarantinedRow.__struct_fields__]
        with reading(self.engine) as connection:
            found = connection.execute(select(*columns).order_by(QUARANTINE.c.seq).limit(limit))
            return tuple(QuarantinedRow(**row) for row in found.mappings())

    def quarantine_counts(self) -> dict[str, int]:
        """Return the number of rows in quarantine by reason, by name."""
        query = (
            select(QUARANTINE.c.reason, func.count().label("rows")).group_by(QUARANTINE.c.reason).order_by(QUARANTINE.c.reason)
        )
        with reading(self.engine) as connection:
            return {row.reason: row.rows for row in connection.execute(query)}

    def chain_head(self) -> ChainHead:
        """Return the end of the audit chain; keep it outside to prove later that nothing was cut off."""
        with reading(self.engine) as connection:
            return chain_head(connection)

    def verify_chain(self, anchor: ChainHead | None = None) -> tuple[str, ...]:
        """Return what contradicts the audit chain, or a head that was kept outside; nothing when all is as it was written."""
        with reading(self.engine) as connection:
            return tuple(chain_problems(connection, anchor))


_RECEIPTS: Final = select(RECEIPT.c.seq, RECEIPT.c.content)


def _answers(request_id: str) -> Select[Any]:
    return _RECEIPTS.join(ANSWER).where(ANSWER.c.request_id == request_id).order_by(ANSWER.c.position)


def _receipts(connection: Connection, query: Select[Any]) -> Iterator[Receipt]:
    return (_decode_receipt(row.content) for row in connection.execute(query))


def _pages(engine: Engine, query: Select[Any], seq: Any) -> Iterator[Any]:
    last = 0
    while True:
        with reading(engine) as connection:
            rows = connection.execute(query.where(seq > last).order_by(seq).limit(PAGE_ROWS)).all()
        yield from rows
        if len(rows) < PAGE_ROWS:
            return
        last = rows[-1].seq


def _content(connection: Connection, query: Select[Any]) -> bytes | None:
    content: bytes | None = connection.execute(query).scalar_one_or_none()
    return content


def _payload(connection: Connection, request_id: str) -> bytes | None:
    return _content(connection, select(INTAKE.c.payload).where(INTAKE.c.request_id == request_id))


def _write_intake(connection: Connection, commit: Commit) -> None:
    row = {"request_id": commit.request_id, "payload": commit.payload, "at": commit.at}
    insert_audited(connection, INTAKE, [row], commit.at)


def _write_receipts(connection: Connection, commit: Commit) -> None:
    """Write the receipts that are new, and which ones answer the request."""
    contents = {receipt.receipt_id: canonical_json(receipt) for receipt in commit.receipts}
    new = [receipt for receipt in commit.receipts if not _is_committed(connection, receipt.receipt_id, contents)]
    rows = [
        {
            "receipt_id": receipt.receipt_id,
            "seq": seq,
            "application_id": receipt.application.application_id,
            "product": receipt.application.product,
            "content": contents[receipt.receipt_id],
            "at": commit.at,
        }
        for seq, receipt in enumerate(_once(new), start=next_seq(connection, RECEIPT))
    ]
    insert_audited(connection, RECEIPT, rows, commit.at)
    answers = [
        {"request_id": commit.request_id, "position": position, "receipt_id": receipt.receipt_id}
        for position, receipt in enumerate(commit.receipts)
    ]
    insert_audited(connection, ANSWER, answers, commit.at)


def _is_committed(connection: Connection, receipt_id: str, contents: dict[str, bytes]) -> bool:
    known = _content(connection, select(RECEIPT.c.content).where(RECEIPT.c.receipt_id == receipt_id))
    if known not in (None, contents[receipt_id]):
        raise InputError(f"receipt {receipt_id} is there already with other content", hint="seal it again by its content")
    return known is not None


def _once(receipts: Sequence[Receipt]) -> list[Receipt]:
    return list({receipt.receipt_id: receipt for receipt in receipts}.values())


def _write_outbox(connection: Connection, commit: Commit) -> None:
    rows = [
        {"seq": seq, "request_id": commit.request_id, "at": commit.at, "delivered_at": None, **msgspec.structs.asdict(entry)}
        for seq, entry in enumerate(commit.outbox, start=next_seq(connection, OUTBOX))
    ]
    insert_audited(connection, OUTBOX, rows, commit.at)


def _write_document(connection: Connection, document: Document) -> None:
    for receipt_id in document.cites:
        if _content(connection, select(RECEIPT.c.content).where(RECEIPT.c.receipt_id == receipt_id)) is None:
            raise InputError(
                f"{document.kind} {document.document_id} cites receipt {receipt_id}, which is not here",
                hint="commit the decisions first",
            )
    key = {"kind": document.kind, "document_id": document.document_id}
    row = {**key, "seq": next_seq(connection, DOCUMENT), "content": document.content, "at": document.at}
    insert_audited(connection, DOCUMENT, [row], document.at)
    citations = [{**key, "position": position, "receipt_id": cited} for position, cited in enumerate(document.cites)]
    insert_audited(connection, CITATION, citations, document.at)


def _document(connection: Connection, kind: str, document_id: str) -> Document | None:
    key = {"kind": kind, "document_id": document_id}
    row = connection.execute(select(DOCUMENT.c.content, DOCUMENT.c.at).filter_by(**key)).first()
    if row is None:
        return None
    cites = connection.execute(select(CITATION.c.receipt_id).filter_by(**key).order_by(CITATION.c.position)).scalars()
    return Document(kind=kind, document_id=document_id, content=row.content, cites=tuple(cites), at=row.at)


def quarantine_id(row: QuarantinedRow) -> str:
    """Return the id of a row in quarantine: the same file read twice gives the same ids.

    >>> row = QuarantinedRow(file="a.csv", row=2, reason="no_date", en="no date", zh="缺少日期", original="x,y")
    >>> len(quarantine_id(row))
    32
    """
    return content_hash([row.file, row.row, row.original])


def _quarantined(connection: Connection, row_ids: Sequence[str]) -> set[str]:
    pages = (row_ids[start : start + PAGE_ROWS] for start in range(0, len(row_ids), PAGE_ROWS))
    query = select(QUARANTINE.c.row_id)
    return {name for page in pages for name in connection.execute(query.where(QUARANTINE.c.row_id.in_(page))).scalars()}
