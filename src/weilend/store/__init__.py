"""The system of record: what must survive. Intake, receipts, outbox, artifacts, documents, quarantine, and a chained audit."""

from weilend.store.store import Store, quarantine_id
from weilend.store.values import ChainHead, Commit, Document, OutboxEntry, PendingEntry, QuarantinedRow
from weilend.store.vault import Vault

__all__ = [
    "ChainHead",
    "Commit",
    "Document",
    "OutboxEntry",
    "PendingEntry",
    "QuarantinedRow",
    "Store",
    "Vault",
    "quarantine_id",
]
