"""In: a million made-up invoices. Out: seconds to append them, milliseconds to read one business. Used: `make bench`.

Peer: SQLite with the same columns, the same promise (twice = once, durable when it returns: a unique key, one transaction, full
synchronisation) and an index by business. It is given rows as tuples already made; ours takes an Arrow table, and gives one.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa

from bench.invoices import AS_OF, HOME, make_invoices, subjects
from bench.measure import Row, agree, compare, emit, plain_row, race
from weilend.core.records import INVOICE
from weilend.engine import Book
from weilend.engine.book_schema import column_types

SUBJECT = subjects(1)
READ = "SELECT {columns} FROM invoice WHERE business_id = ? AND known_at <= ? ORDER BY business_id, happened_at, key"


def rows(count: int = 1_000_000, businesses: int = 1_000, passes: int = 4) -> list[Row]:
    """Return the rows of appending, appending again, reading one business, and the bytes that both take."""
    given = make_invoices(count, businesses)
    tuples = list(zip(*(given[name].to_pylist() for name in given.column_names), strict=True))
    with TemporaryDirectory() as name:
        folder = Path(name)
        appended = race(
            {
                "weilend": lambda: append(folder / "race", given),
                "SQLite": lambda: insert(folder / "race.db", given.column_names, tuples),
            },
            passes=passes,
            least_seconds=0,
        )
        book = append(folder / "book", given)
        base = insert(folder / "base.db", given.column_names, tuples)
        agree(
            "rows there",
            book.view().read("invoice", columns=["seq"]).num_rows,
            base.execute("SELECT count(*) FROM invoice").fetchone()[0],
        )
        again = race(
            {
                "weilend": lambda: book.append({"invoice": given})["invoice"].accepted,
                "SQLite": lambda: fill(base, given.column_names, tuples),
            },
            passes=2,
            least_seconds=0,
        )
        what = f"{count:,} invoices"
        return [
            *compare(f"append {what}", appended, unit="s", scale=1, check="equal"),
            *compare("append the same again", again, unit="s", scale=1, check="equal"),
            *_reading(book, base, folder, given.column_names, what),
        ]


def _reading(book: Book, base: sqlite3.Connection, folder: Path, columns: list[str], what: str) -> list[Row]:
    fresh = book.view()
    book.compact("invoice")
    view = book.view()
    text = READ.format(columns=", ".join(columns))

    def theirs() -> list[tuple[Any, ...]]:
        return base.execute(text, (SUBJECT[0], AS_OF)).fetchall()

    def ours(of: Any) -> pa.Table:
        return of.read("invoice", subjects=SUBJECT, as_of=AS_OF, columns=columns)

    for of in (fresh, view):
        table = ours(of).sort_by([("happened_at", "ascending"), ("key", "ascending")])
        agree("one business", list(zip(*(table[name].to_pylist() for name in columns), strict=True)), theirs())
    samples = race({"weilend": lambda: ours(view), "SQLite": theirs}, passes=10)
    book.compact("invoice", vacuum=True)
    here = sum(path.stat().st_size for path in folder.glob("book/**/*.parquet"))
    there = (folder / "base.db").stat().st_size
    return [
        *compare(f"one business of {what}", samples, unit="ms", scale=1e3, check="equal"),
        plain_row(f"bytes of {what}", "MB", here / 1e6, "SQLite", there / 1e6, check="-"),
    ]


def append(folder: Path, given: pa.Table) -> Book:
    """Return a new book with the invoices in it."""
    rmtree(folder, ignore_errors=True)
    book = Book.open(folder, calendar=HOME)
    book.append({"invoice": given})
    return book


def insert(path: Path, columns: list[str], tuples: list[tuple[Any, ...]]) -> sqlite3.Connection:
    """Return a new SQLite database with the invoices in it."""
    path.unlink(missing_ok=True)
    base = sqlite3.connect(path)
    types = {"integer": "INTEGER", "text": "TEXT", "date": "TEXT", "boolean": "INTEGER"}
    kinds = column_types(INVOICE)
    base.execute(
        f"CREATE TABLE invoice ({', '.join(f'{name} {types[kinds[name]]}' for name in columns)}, "
        "UNIQUE (key, known_at, record_id))"
    )
    base.execute("CREATE INDEX by_business ON invoice (business_id, happened_at)")
    base.execute("PRAGMA synchronous = FULL")
    fill(base, columns, tuples)
    return base


def fill(base: sqlite3.Connection, columns: list[str], tuples: list[tuple[Any, ...]]) -> None:
    """Add the invoices that are not there yet, in one transaction."""
    with base:
        base.executemany(f"INSERT OR IGNORE INTO invoice VALUES ({', '.join('?' * len(columns))})", tuples)


if __name__ == "__main__":
    emit(rows)
