"""In: a home, loans. Out: statements of account, what the records of loans say against each other, rows kept of a ledger. Used: by
`weilend ledger`, and by whoever lends.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from weilend.app.desk.home import Home
from weilend.app.desk.records import to_tables
from weilend.core.errors import NotFoundError
from weilend.core.ids import content_hash
from weilend.lending.recorded import KINDS_OF_LOAN, Contradiction, check_rows_of, show_rows_of
from weilend.lending.statement import Language
from weilend.lending.telling import Told
from weilend.sources import record_ids

_SOURCE: Final = "weilend"
RowsOfLoan = dict[str, list[dict[str, Any]]]


class Checked(msgspec.Struct, frozen=True):
    """What a check of loans found: how many there are, how many rows, and what contradicts itself."""

    loans: int
    rows: int
    found: tuple[Contradiction, ...]


def show_loan(home: Home, loan_id: str, language: Language, *, at: int) -> str:
    """Return the statement of account of a loan as the book knows it at an instant; raises `NotFoundError`."""
    rows = {kind: table.to_pylist() for kind, table in _read(home, at, loan_id).items()}
    if not any(rows.values()):
        raise NotFoundError(f"no loan {loan_id!r} in the book", hint="weilend ledger check says how many loans there are")
    return show_rows_of(loan_id, rows, language)


def check_loans(home: Home, *, at: int) -> Checked:
    """Return what the records of all loans say against each other, as the book knows them at an instant."""
    loans: dict[str, RowsOfLoan] = {}
    count = 0
    for kind, table in _read(home, at).items():
        count += table.num_rows
        for row in table.to_pylist():
            loans.setdefault(row["loan_id"], {}).setdefault(kind, []).append(row)
    found = (one for loan_id, rows in sorted(loans.items()) for one in check_rows_of(loan_id, rows))
    return Checked(len(loans), count, tuple(found))


def keep_told(home: Home, rows: Iterable[Told], *, consent_id: str) -> int:
    """Append what a ledger told to the book, and return how many rows said something new; a second time it is none."""
    calendar = home.calendar
    kinds: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        frame = {
            "key": content_hash(list(row.key)),
            "happened_at": calendar.end_of(row.on),
            "known_at": calendar.end_of(row.known_on),
            "known_basis": "observed",
            "source": _SOURCE,
            "consent_id": consent_id,
        }
        kinds.setdefault(row.kind, []).append(msgspec.to_builtins(row.fields) | frame)
    tables = {kind: _named(kind, table) for kind, table in to_tables(kinds).items()}
    return sum(appended.accepted for appended in home.book.append(tables).values())


def _named(kind: str, table: pa.Table) -> pa.Table:
    columns = {name: table[name].combine_chunks() for name in table.column_names}
    return table.append_column("record_id", record_ids(kind, columns))


def _read(home: Home, at: int, loan_id: str | None = None) -> dict[str, pa.Table]:
    """Return the rows in force by kind, in the order in which they happened."""
    view = home.book.view()
    tables = {}
    for kind in KINDS_OF_LOAN:
        table = view.read(kind, as_of=at)
        chosen = table if loan_id is None else table.filter(pc.equal(table["loan_id"], loan_id))
        tables[kind] = chosen.sort_by([("happened_at", "ascending"), ("seq", "ascending")])
    return tables


def as_rows(found: Sequence[Contradiction]) -> list[tuple[str, str, str]]:
    """Return contradictions as rows to print: loan, day, what."""
    return [(one.loan_id, one.on.isoformat(), one.what) for one in found]
