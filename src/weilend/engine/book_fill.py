"""In: whole records in the book's order, from any number of processes. Out: the first content of kinds that a book has nothing
of. Used: by the economy, and by whoever moves millions of records into a new book.

An append looks for what is there already and takes its turn; to fill an empty book neither is needed. Each writer (`Filler`)
puts rows into files that no table knows yet; `Book.adopt` makes all of them the book's, a commit a kind. Killed before that,
nothing was written; killed within it, some kinds are there and others are not: fill a new book.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from deltalake.transaction import AddAction

from weilend.core.calendars import Calendar
from weilend.core.errors import InputError, SchemaError
from weilend.core.records import KINDS
from weilend.engine.book_schema import arrow_schema, check_rows
from weilend.engine.book_tables import FILE_ROWS, write_files


class Staged(msgspec.Struct, frozen=True):
    """Files that wait to become part of a book, by kind, and the last number that their rows have; plain values, so it can be
    sent.

    >>> Staged({}, 0).rows()
    {}
    """

    files: dict[str, list[dict[str, Any]]]
    last_seq: int

    def rows(self) -> dict[str, int]:
        """Return how many rows there are of each kind."""
        return {kind: sum(file["rows"] for file in files) for kind, files in self.files.items()}

    def actions(self, kind: str) -> list[AddAction]:
        """Return what adds the files of a kind to its table."""
        return [
            AddAction(one["path"], one["size"], {}, 0, data_change=True, stats=one["stats"]) for one in self.files.get(kind, ())
        ]


class Filler:
    """Writes records for a book that has none of their kinds, a file's worth at a time; other processes may write beside it.

    >>> from tempfile import TemporaryDirectory
    >>> from weilend.engine.book import Book
    >>> one = pa.table({"business_id": ["E1"], "event": ["registered"], "legal_form": ["company"], "key": ["k"],
    ...     "record_id": ["r"], "happened_at": [0], "known_at": [0], "known_until": [2**62], "known_basis": ["observed"],
    ...     "source": ["register"], "consent_id": ["own-data"]})
    >>> with TemporaryDirectory() as name:
    ...     book = Book.open(Path(name), calendar=Calendar())
    ...     filler = Filler(Path(name), Calendar())
    ...     filler.add({"registry_event": one}, first_seq=1)
    ...     book.adopt([filler.finish()])
    ...     book.view().read("registry_event", as_of=0).num_rows
    {'registry_event': 1}
    1
    """

    def __init__(self, folder: Path, calendar: Calendar) -> None:
        self._folder, self._calendar = folder, calendar
        self._waiting: dict[str, list[pa.Table]] = {}
        self._files: dict[str, list[dict[str, Any]]] = {}
        self._last_seq = 0

    def add(self, tables: Mapping[str, pa.Table], *, first_seq: int) -> None:
        """Take records that stand in order and carry `known_until`; they are numbered from `first_seq` on, kind after kind.

        Raises `SchemaError` for rows that the book would refuse.
        """
        for name, table in tables.items():
            kind = KINDS[name]
            if "known_until" not in table.column_names or table["known_until"].null_count:
                raise SchemaError(f"{name} comes without known_until", hint="say until when each version holds")
            rows = check_rows(kind, table.drop_columns(["known_until"]), self._calendar)
            numbers = pa.array(np.arange(first_seq, first_seq + len(rows)))
            rows = rows.append_column("seq", numbers).append_column("known_until", table["known_until"])
            self._waiting.setdefault(name, []).append(rows.select(arrow_schema(kind).names))
            first_seq += len(rows)
            if sum(len(part) for part in self._waiting[name]) >= FILE_ROWS:
                self._write(name)
        self._last_seq = max(self._last_seq, first_seq - 1)

    def finish(self) -> Staged:
        """Write what still waits, and return all that was written."""
        for name in list(self._waiting):
            self._write(name)
        return Staged(self._files, self._last_seq)

    def _write(self, name: str) -> None:
        written = write_files(self._folder, KINDS[name], self._waiting.pop(name))
        told = [{"path": one.path, "size": one.size, "stats": one.stats, "rows": rows} for one, rows in written]
        self._files.setdefault(name, []).extend(told)


def check_empty(kinds: Mapping[str, int]) -> None:
    """Refuse to fill kinds that the book has rows of.

    >>> check_empty({"invoice": 3})
    Traceback (most recent call last):
    weilend.core.errors.InputError: the book has invoice already. Hint: append to it, or fill a new book
    """
    there = [name for name, rows in kinds.items() if rows]
    if there:
        raise InputError(f"the book has {', '.join(there)} already", hint="append to it, or fill a new book")
