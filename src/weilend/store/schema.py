"""In: nothing. Out: the tables, and the migrations that make them. Used: by every file of the store.

The types are those that SQLite and PostgreSQL share: BIGINT for instants, counts and fen, TEXT, and bytes. Migrations are an
ordered list of plain SQL; a tool for them would pay only when one of them must move data. A test holds them to the tables.
"""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import BigInteger, Column, ForeignKey, ForeignKeyConstraint, Index, LargeBinary, MetaData, Table, Text

METADATA: Final = MetaData()

SCHEMA_VERSION: Final = Table(
    "schema_version",
    METADATA,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("about", Text, nullable=False),
)

#: What came in, under the key that makes a request happen once.
INTAKE: Final = Table(
    "intake",
    METADATA,
    Column("request_id", Text, primary_key=True),
    Column("payload", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
)

#: Receipts as canonical JSON; `seq` is the order of commits. The same evidence decides the same, so an id is stored once.
RECEIPT: Final = Table(
    "receipt",
    METADATA,
    Column("receipt_id", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False, unique=True),
    Column("application_id", Text, nullable=False),
    Column("product", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("receipt_by_application", "application_id", "seq"),
    Index("receipt_by_product", "product", "seq"),
)

#: Which receipts answered a request, in order.
ANSWER: Final = Table(
    "answer",
    METADATA,
    Column("request_id", Text, ForeignKey("intake.request_id"), primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("receipt_id", Text, ForeignKey("receipt.receipt_id"), nullable=False),
)

#: What is owed to others; `delivered_at` is the one column of the store that changes.
OUTBOX: Final = Table(
    "outbox",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("request_id", Text, ForeignKey("intake.request_id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("delivered_at", BigInteger),
    Index("outbox_by_delivery", "delivered_at", "seq"),
)

#: Models, policies, product files, feature sets, reference inputs: by the hash of their bytes.
ARTIFACT: Final = Table(
    "artifact",
    METADATA,
    Column("hash", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
)

DOCUMENT: Final = Table(
    "document",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("document_id", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False, unique=True),
    Column("content", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
)

CITATION: Final = Table(
    "citation",
    METADATA,
    Column("kind", Text, primary_key=True),
    Column("document_id", Text, primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("receipt_id", Text, ForeignKey("receipt.receipt_id"), nullable=False),
    ForeignKeyConstraint(["kind", "document_id"], ["document.kind", "document.document_id"]),
)

#: Rows that could not be read; `row_id` hashes file, row and original, so that a file read twice is quarantined once.
QUARANTINE: Final = Table(
    "quarantine",
    METADATA,
    Column("row_id", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False, unique=True),
    Column("file", Text, nullable=False),
    Column("row", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    Column("en", Text, nullable=False),
    Column("zh", Text, nullable=False),
    Column("original", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

#: Who proposed, approved, retired or rolled back which version of a policy, a model or a list; a fold says what is live.
LIFECYCLE: Final = Table(
    "lifecycle",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("effective_at", BigInteger, nullable=False),
    Column("why", Text, nullable=False),
    Index("lifecycle_by_name", "kind", "name", "seq"),
)

#: What stands behind tokens and in quarantined rows, encrypted under the key of the subject it is of.
SEALED: Final = Table(
    "sealed",
    METADATA,
    Column("sealed_id", Text, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("sealed_by_subject", "subject"),
)

#: The key of each subject, itself encrypted. Erasing a subject shreds it; so this one table is not sealed by the audit.
SUBJECT_KEY: Final = Table(
    "subject_key",
    METADATA,
    Column("subject", Text, primary_key=True),
    Column("wrapped", LargeBinary),
    Column("erased_at", BigInteger),
)

#: One entry for each row of the tables above (but for keys), each sealing the one before it.
AUDIT: Final = Table(
    "audit",
    METADATA,
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("what", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("previous_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Index("audit_by_subject", "what", "subject", unique=True),
)


class Migration(msgspec.Struct, frozen=True):
    """One step of the schema: applied once, in order, in one transaction. ``BYTES`` stands for the dialect's type of bytes."""

    version: int
    about: str
    statements: tuple[str, ...]


#: The dialect's own words, where the two differ: the type of bytes, what makes a transaction read one state, and how a write
#: begins (one writer at a time, because the audit is a chain).
BYTES: Final = {"sqlite": "BLOB", "postgresql": "BYTEA"}
READ_OPTIONS: Final[dict[str, dict[str, str]]] = {"sqlite": {}, "postgresql": {"isolation_level": "REPEATABLE READ"}}
BEGIN_WRITE: Final = {"sqlite": "BEGIN IMMEDIATE", "postgresql": "SELECT pg_advisory_xact_lock(8457)"}

MIGRATIONS: Final = (
    Migration(
        1,
        "intake, receipts, outbox, artifacts, documents, quarantine, audit",
        (
            "CREATE TABLE schema_version (version BIGINT NOT NULL PRIMARY KEY, about TEXT NOT NULL)",
            'CREATE TABLE intake (request_id TEXT NOT NULL PRIMARY KEY, payload BYTES NOT NULL, "at" BIGINT NOT NULL)',
            "CREATE TABLE receipt (receipt_id TEXT NOT NULL PRIMARY KEY, seq BIGINT NOT NULL UNIQUE,"
            ' application_id TEXT NOT NULL, product TEXT NOT NULL, content BYTES NOT NULL, "at" BIGINT NOT NULL)',
            "CREATE INDEX receipt_by_application ON receipt (application_id, seq)",
            "CREATE INDEX receipt_by_product ON receipt (product, seq)",
            "CREATE TABLE answer (request_id TEXT NOT NULL REFERENCES intake (request_id), position BIGINT NOT NULL,"
            " receipt_id TEXT NOT NULL REFERENCES receipt (receipt_id), PRIMARY KEY (request_id, position))",
            "CREATE TABLE outbox (seq BIGINT NOT NULL PRIMARY KEY,"
            ' request_id TEXT NOT NULL REFERENCES intake (request_id), kind TEXT NOT NULL, "key" TEXT NOT NULL,'
            ' content BYTES NOT NULL, "at" BIGINT NOT NULL, delivered_at BIGINT)',
            "CREATE INDEX outbox_by_delivery ON outbox (delivered_at, seq)",
            'CREATE TABLE artifact (hash TEXT NOT NULL, kind TEXT NOT NULL, content BYTES NOT NULL, "at" BIGINT NOT NULL,'
            " PRIMARY KEY (hash, kind))",
            "CREATE TABLE document (kind TEXT NOT NULL, document_id TEXT NOT NULL, seq BIGINT NOT NULL UNIQUE,"
            ' content BYTES NOT NULL, "at" BIGINT NOT NULL, PRIMARY KEY (kind, document_id))',
            "CREATE TABLE citation (kind TEXT NOT NULL, document_id TEXT NOT NULL, position BIGINT NOT NULL,"
            " receipt_id TEXT NOT NULL REFERENCES receipt (receipt_id), PRIMARY KEY (kind, document_id, position),"
            " FOREIGN KEY (kind, document_id) REFERENCES document (kind, document_id))",
            "CREATE TABLE quarantine (row_id TEXT NOT NULL PRIMARY KEY, seq BIGINT NOT NULL UNIQUE, file TEXT NOT NULL,"
            ' "row" BIGINT NOT NULL, reason TEXT NOT NULL, en TEXT NOT NULL, zh TEXT NOT NULL, original TEXT NOT NULL,'
            ' "at" BIGINT NOT NULL)',
            'CREATE TABLE audit (seq BIGINT NOT NULL PRIMARY KEY, "at" BIGINT NOT NULL, what TEXT NOT NULL,'
            " subject TEXT NOT NULL, content_hash TEXT NOT NULL, previous_hash TEXT NOT NULL, hash TEXT NOT NULL)",
            "CREATE UNIQUE INDEX audit_by_subject ON audit (what, subject)",
        ),
    ),
    Migration(
        2,
        "lifecycle events",
        (
            "CREATE TABLE lifecycle (seq BIGINT NOT NULL PRIMARY KEY, kind TEXT NOT NULL, name TEXT NOT NULL,"
            ' version TEXT NOT NULL, "action" TEXT NOT NULL, who TEXT NOT NULL, "at" BIGINT NOT NULL,'
            " effective_at BIGINT NOT NULL, why TEXT NOT NULL)",
            "CREATE INDEX lifecycle_by_name ON lifecycle (kind, name, seq)",
        ),
    ),
    Migration(
        3,
        "clear values, encrypted under a key for each subject",
        (
            "CREATE TABLE sealed (sealed_id TEXT NOT NULL PRIMARY KEY, subject TEXT NOT NULL, content BYTES NOT NULL,"
            ' "at" BIGINT NOT NULL)',
            "CREATE INDEX sealed_by_subject ON sealed (subject)",
            "CREATE TABLE subject_key (subject TEXT NOT NULL PRIMARY KEY, wrapped BYTES, erased_at BIGINT)",
        ),
    ),
)
