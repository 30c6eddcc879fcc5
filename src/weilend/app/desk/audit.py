"""In: a home. Out: what contradicts itself in it, a sentence each. Used: by `weilend audit`."""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow.compute as pc

from weilend.app.desk.home import Home
from weilend.core.records import KINDS
from weilend.engine import BookView
from weilend.sources import record_ids
from weilend.store import Vault


def audit(home: Home) -> tuple[str, ...]:
    """Return every contradiction in book, store and between the two; empty when all is sound.

    The book must be consistent in itself, every record must hash to its id, the audit chain must hold, and the book must say of
    every receipt what the store says (but for what still waits in the outbox).
    """
    view = home.book.view()
    return (*home.book.verify(), *_wrong_ids(view), *home.store.verify_chain(), *_missing_decisions(home, view))


def _wrong_ids(view: BookView) -> Iterator[str]:
    for name in KINDS:
        table = view.read(name)
        if table.num_rows:
            columns = {column: table[column].combine_chunks() for column in table.column_names}
            wrong = pc.sum(pc.not_equal(record_ids(name, columns), columns["record_id"])).as_py()
            if wrong:
                yield f"{wrong} {name} records do not hash to their id"


def _missing_decisions(home: Home, view: BookView) -> Iterator[str]:
    if home.store.pending_outbox(1):
        return
    decided = view.read("decision", columns=["receipt_id"])["receipt_id"].to_pylist()
    told = set(decided)
    receipts = {receipt.receipt_id: receipt for receipt in home.store.receipts()}
    erased = Vault(home.store.engine).erased()
    receipts = {name: one for name, one in receipts.items() if one.application.business_id not in erased}
    latest = {(one.application.business_id, one.application.application_id): one.receipt_id for one in receipts.values()}
    missing = [receipt_id for receipt_id in latest.values() if receipt_id not in told]
    strangers = [receipt_id for receipt_id in told if receipt_id not in receipts]
    if missing:
        yield f"the book does not know {len(missing)} decisions of the store, receipt {missing[0]} first"
    if strangers:
        yield f"the book knows {len(strangers)} decisions without a receipt, {strangers[0]} first"
