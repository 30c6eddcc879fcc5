"""Law of the preview: what a live decision reads of book and payload together is what the book says once they are appended."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from weilend.engine.book import Book
from weilend.testing.invoices import FIRST_DAY, HOME, Invoice, as_records, invoices

COLUMNS = ("business_id", "key", "record_id", "happened_at", "known_at", "known_until", "net_fen", "status")


def rows_of(view, as_of=None):
    rows = view.read("invoice", subjects=("E1", "E2"), as_of=as_of, columns=COLUMNS).to_pylist()
    return sorted(tuple(row.values()) for row in rows)


@settings(max_examples=25, deadline=None)
@given(invoices(size=12), invoices(size=12), invoices(size=12), st.booleans(), st.integers(200, 1400))
def test_a_preview_reads_what_an_append_would_write(there, payload, later, compacted, day):
    as_of = HOME.start_of(FIRST_DAY) + 86_400 * day
    with tempfile.TemporaryDirectory() as folder:
        book = Book.open(Path(folder) / "book", calendar=HOME)
        book.append({"invoice": as_records(there)})
        if compacted:
            book.compact("invoice")
        preview = book.preview({"invoice": as_records(payload)})
        seen, seen_then = rows_of(preview), rows_of(preview, as_of)
        book.append({"invoice": as_records(payload)})
        assert seen == rows_of(book.view())
        assert seen_then == rows_of(book.view(), as_of)


def test_a_preview_changes_nothing_and_ends_with_its_view(tmp_path):
    book = Book.open(tmp_path / "book", calendar=HOME)
    one = as_records([Invoice("E1", "C1", "sale", 1, 10, 100, "valid")])
    preview = book.preview({"invoice": one})
    assert preview.seq == 0
    assert len(rows_of(preview)) == 1
    assert rows_of(book.view()) == []
    assert book.stats() == {}
