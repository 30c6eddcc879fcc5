"""In: records as tables. Out: the record book, append-only and versioned, and its views. Used: by desk and features.

One folder, one Delta table a kind. Rows are never changed: a record with a known key is a new version. One lock orders appends
and compactions of any number of processes; readers need none. `_seq` says how far may be read: an append first reserves its
numbers there, then commits each table, then says that they may be read, so a kill at any moment leaves either nothing or rows
that the next append or opening finds; whoever was not answered appends again, and what is there already is dropped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Sequence as SequenceOf
from functools import cached_property
from pathlib import Path

import duckdb
import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.calendars import Calendar
from weilend.core.errors import InputError
from weilend.core.records import KINDS, Kind
from weilend.engine.book_checks import KindStats, find_problems, measure
from weilend.engine.book_fill import Staged, check_empty
from weilend.engine.book_keys import KeyIndex
from weilend.engine.book_lock import Hook, Sequence, hold_lock, read_sequence, replace_file, write_sequence
from weilend.engine.book_schema import arrow_schema, check_rows
from weilend.engine.book_tables import GROUP_ROWS, DataFile, Tables
from weilend.engine.book_versions import is_settled, quote, resolve, resolve_once, select_fresh, stand_in_order
from weilend.engine.book_view import BookView

__all__ = ["Appended", "Book", "BookView", "KindStats", "erasable"]

#: Up to so many subjects, an append reads only their rows when it looks for what is there already.
_FEW_SUBJECTS = 200
#: From so many rows on, an append looks for those that may be there already by their keys before it asks the tables.
_MANY_ROWS = 10_000
_ALL = 2**61
_PERSONS = frozenset({"business_id", "owner_id", "shop_id"})


class Appended(msgspec.Struct, frozen=True):
    """What an append did with the rows of one kind; `fresh` says it row by row.

    >>> Appended(np.array([True, False]), 1, 1).accepted
    1
    """

    fresh: npt.NDArray[np.bool_]
    accepted: int
    duplicate: int


class _Made(msgspec.Struct, frozen=True):
    """What a book is made with and keeps."""

    format: int
    zone: str


class Book:
    """The record book in a folder.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as name:
    ...     book = Book.open(Path(name) / "book", calendar=Calendar())
    ...     one = pa.table({"business_id": ["E1"], "event": ["registered"], "legal_form": ["company"], "key": ["k"],
    ...         "record_id": ["r"], "happened_at": [0], "known_at": [0], "known_basis": ["observed"], "source": ["register"],
    ...         "consent_id": ["own-data"]})
    ...     first, again = (book.append({"registry_event": one})["registry_event"] for _ in range(2))
    ...     first.accepted, again.duplicate, book.view().read("registry_event", as_of=0).num_rows
    (1, 1, 1)
    """

    def __init__(self, folder: Path, calendar: Calendar, hook: Hook) -> None:
        self._folder = folder
        self._calendar = calendar
        self._hook = hook
        self._tables = Tables(folder)
        self._index = KeyIndex()

    @cached_property
    def _connection(self) -> duckdb.DuckDBPyConnection:
        """The database, made when it is first asked: few rows are read, and a first batch is written, without it."""
        limits: dict[str, str | bool | int | float | list[str]] = {
            "threads": 2,
            "memory_limit": "350MB",
            "temp_directory": str(self._folder / "_spill"),
        }
        connection = duckdb.connect(config=limits)
        connection.execute("SET GLOBAL parquet_metadata_cache = true")
        connection.execute("SET enable_progress_bar = false")  # cursors inherit it; the command line draws its own
        return connection

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        """Return a cursor of its own for one question."""
        return self._connection.cursor()

    @staticmethod
    def exists(folder: Path) -> bool:
        """Return whether there is a book in a folder.

        >>> Book.exists(Path("no such folder"))
        False
        """
        return (folder / "_book").is_file()

    @classmethod
    def open(cls, folder: Path, *, calendar: Calendar, hook: Hook = lambda _: None) -> Book:
        """Return the book in a folder, made if absent, with what a killed writer left recovered.

        `hook` is told each step of a write; it is there for tests. Raises `InputError` when the path is a file or the book
        keeps another calendar.
        """
        if folder.exists() and not folder.is_dir():
            raise InputError(f"{folder} is a file, not the folder of a book", hint="name a folder")
        folder.mkdir(parents=True, exist_ok=True)
        book = cls(folder.resolve(), calendar, hook)
        with hold_lock(book._folder, wait=not cls.exists(folder) or read_sequence(folder) is None) as mine:
            if mine:
                book._check_made()
                book._recover(thorough=True)
        book._check_made()
        return book

    @property
    def calendar(self) -> Calendar:
        """The calendar by which the book says on which day something happened."""
        return self._calendar

    def append(self, tables: Mapping[str, pa.Table]) -> dict[str, Appended]:
        """Add the rows that say something new, and return row by row which they were.

        Each table has the columns of its kind but `seq` and `known_until` (and `happened_on`, which may be left out). When it
        returns, all rows are safe and may be read; after a kill before that, append the same again. Raises `SchemaError` or
        `ConsentError`, nothing written, when any row of any kind is wrong.
        """
        checked = {name: check_rows(KINDS[name], table, self._calendar) for name, table in tables.items()}
        with hold_lock(self._folder):
            sequence = self._recover()
            fresh = {name: self._find_fresh(KINDS[name], rows) for name, rows in checked.items()}
            self._add({name: _keep(rows, fresh[name]) for name, rows in checked.items()}, sequence)
        return {name: Appended(mask, int(mask.sum()), int(len(mask) - mask.sum())) for name, mask in fresh.items()}

    def view(self, seq: int | None = None) -> BookView:
        """Return the book as it stood at a seq (default: all that is committed); it never changes.

        Raises `InputError` when the book has not come that far.
        """
        committed = (read_sequence(self._folder) or Sequence()).committed
        if seq is not None and not 0 <= seq <= committed:
            raise InputError(f"the book has no seq {seq} yet, it stands at {committed}", hint="ask for an earlier one")
        return BookView(self._tables, self._cursor, seq=committed if seq is None else seq)

    def preview(self, tables: Mapping[str, pa.Table], seq: int | None = None) -> BookView:
        """Return the book at a seq as it would read if these rows were appended; nothing is. A live decision reads so.

        Raises what `append` and `view` would raise.
        """
        checked = {name: check_rows(KINDS[name], table, self._calendar) for name, table in tables.items()}
        return BookView(self._tables, self._cursor, seq=self.view(seq).seq, preview=checked)

    def adopt(self, staged: SequenceOf[Staged]) -> dict[str, int]:
        """Make files that fillers wrote the book's, and return how many rows of each kind; they may be read when it returns.

        Raises `InputError`, nothing changed, where the book has rows of one of these kinds.
        """
        kinds = sorted({name for one in staged for name in one.files})
        with hold_lock(self._folder):
            sequence = self._recover()
            check_empty({name: len(self._tables.files(name)) for name in kinds})
            last = max([sequence.reserved, *(one.last_seq for one in staged)])
            write_sequence(self._folder, Sequence(sequence.committed, last))
            for name in kinds:
                added = [action for one in staged for action in one.actions(name)]
                self._tables.commit(KINDS[name], added, overwrite=False, hook=self._hook)
            write_sequence(self._folder, Sequence(last, last))
        return {name: sum(one.rows().get(name, 0) for one in staged) for name in kinds}

    def compact(self, kind: str | None = None, *, vacuum: bool = False) -> None:
        """Rewrite a kind's table (default: all) sorted by (first subject, happened_at, seq) with `known_until` in every row.

        Readers are not disturbed. `vacuum` also removes the files that only older views read.
        """
        for name in [KINDS[kind].name] if kind else KINDS:
            with hold_lock(self._folder):
                self._recover()
                self._settle(KINDS[name])
                if vacuum:
                    self._tables.vacuum(name)

    def erase(self, subject: str) -> int:
        """Rewrite every table without the rows of a subject, and return how many rows went; older views lose their files.

        A row is of a subject who stands in it as business, owner or shop, not of one who is only named as a counterparty. After a
        kill, erase again. The numbers of the rows that went are given to no others.
        """
        return sum(self._erase_kind(KINDS[name], subject) for name in KINDS)

    def verify(self) -> tuple[str, ...]:
        """Return what contradicts itself in the book, a sentence each; empty means that it is sound."""
        view = self.view()
        reserved = (read_sequence(self._folder) or Sequence()).reserved
        return find_problems(view, self._cursor(), self._calendar, reserved=reserved)

    def stats(self) -> dict[str, KindStats]:
        """Return how much the book has of each kind that it has."""
        return measure(self.view(), self._cursor())

    def _check_made(self) -> None:
        """Remember how the book is made the first time, and refuse another calendar ever after."""
        path = self._folder / "_book"
        made = _Made(1, self._calendar.zone)
        if not path.exists():
            replace_file(path, msgspec.json.encode(made))
        there = msgspec.json.decode(path.read_bytes(), type=_Made)
        if there != made:
            raise InputError(f"this book keeps the days of {there.zone}, not of {made.zone}", hint="open it with its calendar")

    def _recover(self, *, thorough: bool = False) -> Sequence:
        """Make readable what a killed append committed, and rebuild a lost sequence file; only under the lock."""
        there = read_sequence(self._folder)
        if there is not None and there.committed == there.reserved and not thorough:
            return there
        last = max((file.last_seq for name in KINDS for file in self._tables.files(name)), default=0)
        found = Sequence(max(last, there.committed if there else 0), max(last, there.reserved if there else 0))
        if found != there:
            write_sequence(self._folder, found)
        return found

    def _find_fresh(self, kind: Kind, rows: pa.Table) -> npt.NDArray[np.bool_]:
        fresh = np.zeros(rows.num_rows, dtype=np.bool_)
        files: SequenceOf[DataFile] = self._tables.files(kind.name)
        if not files and pc.count_distinct(rows["key"]).as_py() == rows.num_rows:  # a first batch that says nothing twice
            return ~fresh
        given = rows.select([kind.subjects[0], "key", "record_id", "known_at"])
        given = given.rename_columns(["subject", "key", "record_id", "known_at"])
        given = given.append_column("place", pa.array(np.arange(rows.num_rows)))
        if rows.num_rows >= _MANY_ROWS:
            known, files = self._index.search(files, given["key"])
            fresh[~known] = True
            given = given.filter(pa.array(known))
        if not given.num_rows:
            return fresh
        subjects = given["subject"].unique().to_pylist()
        query = select_fresh(kind, files, subjects=subjects if len(subjects) <= _FEW_SUBJECTS else None)
        with self._cursor() as cursor:
            cursor.register("given", given)
            fresh[cursor.sql(query).to_arrow_table()["place"].to_numpy()] = True
        return fresh

    def _add(self, tables: Mapping[str, pa.Table], sequence: Sequence) -> None:
        """Write rows that are all new: reserve, commit each table, let them be read."""
        count = sum(rows.num_rows for rows in tables.values())
        if not count:
            return
        reserved = sequence.reserve(count)
        write_sequence(self._folder, reserved)
        self._hook("reserved")
        first = sequence.reserved + 1
        for name, rows in tables.items():
            if rows.num_rows:
                added = self._tables.write(KINDS[name], [_numbered(KINDS[name], rows, first)], self._hook)
                self._tables.commit(KINDS[name], added, overwrite=False, hook=self._hook)
                first += rows.num_rows
        write_sequence(self._folder, Sequence(reserved.reserved, reserved.reserved))
        self._hook("readable")

    def _settle(self, kind: Kind) -> None:
        files = self._tables.files(kind.name)
        if is_settled(files, _ALL):
            return
        order = f"{kind.subjects[0]}, happened_at, seq"
        if not self._index.each_once(files):
            rows = f"{resolve(kind, files, seq=_ALL)} ORDER BY {order}"
        elif stand_in_order(kind, files):  # as a long statement does: DuckDB keeps the order of files and of their rows
            rows = resolve_once(kind, files, seq=_ALL)
        else:
            rows = f"{resolve_once(kind, files, seq=_ALL)} ORDER BY {order}"
        with self._cursor() as cursor:
            reader = cursor.sql(rows).to_arrow_reader(GROUP_ROWS)
            added = self._tables.write(kind, _as_tables(reader), self._hook)
        self._tables.commit(kind, added, overwrite=True, hook=self._hook)

    def _erase_kind(self, kind: Kind, subject: str) -> int:
        with hold_lock(self._folder), self._cursor() as cursor:
            self._recover()
            files = self._tables.files(kind.name)
            gone: int = 0
            if files:
                rows = resolve(kind, files, seq=_ALL)
                others = " AND ".join(f"{name} IS DISTINCT FROM {quote(subject)}" for name in erasable(kind))
                gone = cursor.sql(f"SELECT count(*) FROM ({rows}) WHERE NOT ({others})").fetchall()[0][0]
            if gone:
                order = f"{kind.subjects[0]}, happened_at, seq"
                kept = cursor.sql(f"SELECT * FROM ({rows}) WHERE {others} ORDER BY {order}").to_arrow_reader(GROUP_ROWS)
                added = self._tables.write(kind, _as_tables(kept), self._hook)
                self._tables.commit(kind, added, overwrite=True, hook=self._hook)
            if files:
                self._tables.vacuum(kind.name)  # also where a killed erasure left files that no version reads
        return gone


def erasable(kind: Kind) -> tuple[str, ...]:
    """Return the columns that say of whom a record is, so that erasing one of them erases it.

    >>> erasable(KINDS["invoice"])
    ('business_id',)
    """
    return tuple(name for name in kind.subjects if name in _PERSONS) or kind.subjects[:1]


def _keep(rows: pa.Table, mask: npt.NDArray[np.bool_]) -> pa.Table:
    """Return the rows that a mask keeps, without a copy where it keeps all."""
    return rows if mask.all() else rows.filter(pa.array(mask))


def _numbered(kind: Kind, rows: pa.Table, first: int) -> pa.Table:
    """Return rows as they are stored: each with its number, `known_until` open."""
    numbers = pa.array(np.arange(first, first + rows.num_rows))
    rows = rows.append_column("seq", numbers).append_column("known_until", pa.nulls(rows.num_rows, pa.int64()))
    return rows.select(arrow_schema(kind).names)


def _as_tables(reader: pa.RecordBatchReader) -> Iterator[pa.Table]:
    for batch in reader:
        yield pa.Table.from_batches([batch])
