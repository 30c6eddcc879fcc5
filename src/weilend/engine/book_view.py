"""In: a book and a seq. Out: what the book said up to there, for ever the same. Used: by whoever reads records."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from weakref import finalize

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.errors import NotFoundError
from weilend.core.records import KINDS, Kind
from weilend.engine.book_schema import column_types
from weilend.engine.book_tables import DataFile, Tables, write_preview
from weilend.engine.book_versions import about, in_force, in_words, is_settled, read_few

#: Up to so many subjects are read one by one from the row groups that have them, which takes a few milliseconds.
FEW_SUBJECTS = 16
#: So few rows in so few files are read whole, for all subjects: a query planner alone takes fifty milliseconds.
FEW_ROWS, FEW_FILES = 20_000, 16


#: Texts of which a column says one, by column.
_Words = Mapping[str, Sequence[str]]


class BookView:
    """The book up to a seq: appends and compactions that come later do not change what it reads.

    Made by `Book.view` and `Book.preview`. Only a vacuum can take its files away.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as name:
    ...     view = BookView(Tables(Path(name)), duckdb.connect, seq=0)
    ...     view.seq, view.read("invoice").num_rows
    (0, 0)
    """

    def __init__(
        self,
        tables: Tables,
        cursor: Callable[[], duckdb.DuckDBPyConnection],
        *,
        seq: int,
        preview: Mapping[str, pa.Table] | None = None,
    ) -> None:
        self._tables = tables
        self._cursor = cursor
        self._seq = seq
        self._files: dict[str, tuple[DataFile, ...]] = {}
        self._preview = self._write(preview or {})

    @property
    def seq(self) -> int:
        """The last number of the book's total order that this view reads."""
        return self._seq

    def read(
        self,
        kind: str,
        *,
        subjects: Sequence[str] | None = None,
        as_of: int | None = None,
        columns: Sequence[str] | None = None,
        among: Mapping[str, Sequence[str]] | None = None,
    ) -> pa.Table:
        """Return versions ordered by (first subject, happened_at, seq), `known_until` resolved.

        `subjects` keeps some first subjects; `as_of` (UTC seconds) keeps what was in force then: known_at <= as_of <
        known_until; `among` keeps versions of which a text column says one of some words. Raises `NotFoundError` for a kind or
        column that does not exist.
        """
        schema, words = KINDS[kind], dict(among or {})
        chosen = _choose(schema, columns)
        _choose(schema, tuple(words))
        if subjects and len(subjects) <= FEW_SUBJECTS and not words:
            return _decode(self.read_few(kind, subjects, as_of=as_of, columns=chosen))
        if _are_few(self.files(kind)):
            return self._read_little(schema, subjects, as_of, chosen, words)
        return self._query(schema, subjects, as_of, chosen, words)

    def _read_little(
        self, kind: Kind, subjects: Sequence[str] | None, as_of: int | None, columns: Sequence[str], words: _Words
    ) -> pa.Table:
        """Return what `_query` returns, from files that hold few rows."""
        names = None if subjects is None else tuple(dict.fromkeys(subjects))
        asked = tuple(dict.fromkeys((*columns, *words)))
        rows = _decode(read_few(kind, self.files(kind.name), seq=self._seq, subjects=names, as_of=as_of, columns=asked))
        for name, said in words.items():
            rows = rows.filter(pc.is_in(rows[name], value_set=pa.array(said, pa.string())))
        return rows.select(list(columns))

    def _query(
        self, schema: Kind, subjects: Sequence[str] | None, as_of: int | None, columns: Sequence[str], words: _Words
    ) -> pa.Table:
        """Return versions as `read` does, by a query of the database."""
        kept = [in_words(name, said) for name, said in words.items()]
        kept += [] if as_of is None else [f"known_at <= {as_of:d}", f"known_until > {as_of:d}"]
        order = ", ".join((schema.subjects[0], "happened_at", "seq"))
        force = f" WHERE {' AND '.join(kept)}" if kept else ""
        query = f"SELECT {', '.join(columns)} FROM {self._relation(schema, subjects)}{force} ORDER BY {order}"
        return self._cursor().sql(query).to_arrow_table()

    def read_few(self, kind: str, subjects: Sequence[str], *, as_of: int | None, columns: Sequence[str]) -> pa.Table:
        """Return what `read` returns of a few first subjects, with texts as Arrow dictionaries where they are stored so."""
        schema = KINDS[kind]
        names = tuple(dict.fromkeys(subjects))
        files = self._files_about(schema, names)
        return read_few(schema, files, seq=self._seq, subjects=names, as_of=as_of, columns=_choose(schema, columns))

    def sql(self, kind: str) -> str:
        """Return a DuckDB relation (a query in parentheses) of all versions of a kind, `known_until` resolved.

        A reader at an instant adds ``known_at <= as_of AND known_until > as_of``. Where the kind is compacted and nothing
        came later, it is a plain scan.
        """
        return self._relation(KINDS[kind], None)

    def is_settled(self, kind: str) -> bool:
        """Return whether compaction has resolved all that this view reads of a kind."""
        return is_settled(self.files(KINDS[kind].name), self._seq)

    def files(self, kind: str) -> tuple[DataFile, ...]:
        """Return the files that this view reads of a kind, the same ones every time."""
        if kind not in self._files:
            extra = (self._preview[kind],) if kind in self._preview else ()
            self._files[kind] = (*self._tables.files(kind), *extra)
        return self._files[kind]

    def _write(self, preview: Mapping[str, pa.Table]) -> dict[str, DataFile]:
        """Write the rows that only this view reads to a folder that goes when it goes."""
        if not preview:
            return {}
        folder = Path(mkdtemp(prefix="weilend-"))
        finalize(self, rmtree, folder, ignore_errors=True)
        return {name: write_preview(folder, KINDS[name], rows) for name, rows in preview.items() if rows.num_rows}

    def _relation(self, kind: Kind, subjects: Sequence[str] | None) -> str:
        files = self.files(kind.name) if subjects is None else self._files_about(kind, subjects)
        return in_force(kind, files, seq=self._seq, where=about(kind, subjects))

    def _files_about(self, kind: Kind, subjects: Sequence[str]) -> tuple[DataFile, ...]:
        """Return the files that may have rows about some first subjects."""
        first, last = min(subjects, default=""), max(subjects, default="")
        return tuple(file for file in self.files(kind.name) if file.first_subject <= last and first <= file.last_subject)


def _are_few(files: Sequence[DataFile]) -> bool:
    return len(files) <= FEW_FILES and sum(file.rows for file in files) <= FEW_ROWS


def _decode(table: pa.Table) -> pa.Table:
    """Return a table with plain texts."""
    plain = [pa.field(field.name, pa.string()) if pa.types.is_dictionary(field.type) else field for field in table.schema]
    return table.cast(pa.schema(plain))


def _choose(kind: Kind, columns: Sequence[str] | None) -> list[str]:
    there = list(column_types(kind))
    unknown = [name for name in columns or () if name not in there]
    if unknown:
        raise NotFoundError(f"{kind.name} has no column {', '.join(unknown)}", hint=f"there is: {', '.join(there)}")
    return list(columns) if columns is not None else there
