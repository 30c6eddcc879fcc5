"""In: checked rows. Out: Parquet files in Delta tables, one table a kind, committed atomically. Used: by book and its views."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake import DeltaTable, Schema
from deltalake.transaction import AddAction

from weilend.core.records import KINDS, Kind
from weilend.engine.book_lock import Hook, sync
from weilend.engine.book_schema import arrow_schema, column_types

#: Rows of a row group: small, so that one subject is read without its neighbours. Measured: 8 ms for one subject out of
#: 1.1M rows, 10 ms at twice the size.
GROUP_ROWS: Final = 8_192
#: An opening reads the log since the last checkpoint: about 0.3 ms a commit.
COMMITS_A_CHECKPOINT: Final = 32
#: Whoever reads one subject of a file reads the end of the file first, which grows with it: 0.7 ms for 32 row groups, 3 ms for 128.
FILE_ROWS: Final = 32 * GROUP_ROWS
#: Numbers that rows carry until the book gives them their own: above all that are there, in the order given.
INCOMING: Final = 2**61
#: Texts that are different in every row: a dictionary of them only costs.
PLAIN_TEXTS: Final = ("key", "record_id", "number")


class DataFile(msgspec.Struct, frozen=True, kw_only=True):
    """A Parquet file of a table as the Delta log describes it; such a file never changes.

    `settled` says that compaction has written `known_until` in every row; `lacks` names columns that its kind got later.
    `preview` marks rows that are not in the book: they are read whatever the bound on seq, and come after all that are.
    """

    path: str
    bytes: int
    rows: int
    settled: bool
    first_seq: int
    last_seq: int
    first_subject: str
    last_subject: str
    lacks: tuple[str, ...] = ()
    preview: bool = False


class Tables:
    """The Delta tables of a book. Reading is safe from many threads and processes; writing asks for the book's lock.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as name:
    ...     Tables(Path(name)).files("invoice")
    ()
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open: dict[str, DeltaTable] = {}
        self._stamps: dict[str, int] = {}
        self._listed: dict[str, tuple[int, tuple[DataFile, ...]]] = {}
        self._guard = threading.Lock()  # a DeltaTable is moved forward in place

    def files(self, kind: str) -> tuple[DataFile, ...]:
        """Return the files of the newest version of a kind's table, none where there is no table yet."""
        with self._guard:
            table = self._newest(kind)
            if table is None:
                return ()
            version = table.version()
            if kind not in self._listed or self._listed[kind][0] != version:
                self._listed[kind] = version, _data_files(self._folder / kind, KINDS[kind], table)
            return self._listed[kind][1]

    def write(self, kind: Kind, batches: Iterable[pa.Table], hook: Hook) -> list[AddAction]:
        """Write rows to new files that no version of the table knows yet, and return what would add them."""
        added = [file for file, _ in write_files(self._folder, kind, batches)]
        hook(f"written {kind.name}")
        return added

    def commit(self, kind: Kind, added: Sequence[AddAction], *, overwrite: bool, hook: Hook) -> None:
        """Make written files part of the table, beside or instead of the ones there: one atomic step."""
        with self._guard:
            table = self._open.get(kind.name) or self._create(kind)  # as `files` found it under the same lock
            _widen(table, kind)
            mode = "overwrite" if overwrite else "append"
            table.create_write_transaction(list(added), mode, table.schema())
            table.update_incremental()
            log = self._folder / kind.name / "_delta_log"
            sync(log / f"{table.version():020}.json")
            sync(log)
        hook(f"committed {kind.name}")

    def vacuum(self, kind: str) -> int:
        """Remove files that the newest version does not use, and return how many; readers of older versions lose them."""
        with self._guard:
            table = self._newest(kind)
            if table is None:
                return 0
            return len(table.vacuum(0, dry_run=False, enforce_retention_duration=False, full=True))

    def _newest(self, kind: str) -> DeltaTable | None:
        table = self._open.get(kind)
        if table is None:
            if DeltaTable.is_deltatable(str(self._folder / kind)):
                self._open[kind] = DeltaTable(self._folder / kind)
        elif not self._is_newest(kind, table):
            table.update_incremental()
        return self._open.get(kind)

    def _is_newest(self, kind: str, table: DeltaTable) -> bool:
        """Return whether no commit came since the last look, from the log's folder alone: a look by Delta takes milliseconds.

        The folder's clock may be as coarse as a tick of the kernel, so the commit that would come next is asked for too.
        """
        log = self._folder / kind / "_delta_log"
        stamp = log.stat().st_mtime_ns
        before, self._stamps[kind] = self._stamps.get(kind), stamp
        return stamp == before and not (log / f"{table.version() + 1:020}.json").exists()

    def _create(self, kind: Kind) -> DeltaTable:
        settings: dict[str, str | None] = {
            "delta.checkpointInterval": str(COMMITS_A_CHECKPOINT),
            "delta.dataSkippingNumIndexedCols": "-1",  # else a reader is told of the first 32 columns only, the frame comes last
        }
        folder = self._folder / kind.name
        self._open[kind.name] = DeltaTable.create(folder, schema=arrow_schema(kind), mode="ignore", configuration=settings)
        return self._open[kind.name]


def _widen(table: DeltaTable, kind: Kind) -> None:
    """Add the columns that a kind got after its table was made."""
    wanted = Schema.from_arrow(arrow_schema(kind)).fields
    there = {field.name for field in table.schema().fields}
    added = [field for field in wanted if field.name not in there]
    if added:
        table.alter.add_columns(added)


def _data_files(folder: Path, kind: Kind, table: DeltaTable) -> tuple[DataFile, ...]:
    rows = pa.table(table.get_add_actions(flatten=True))
    subject = kind.subjects[0]
    told = (
        "path",
        "size_bytes",
        "num_records",
        "null_count.known_until",
        "min.seq",
        "max.seq",
        f"min.{subject}",
        f"max.{subject}",
    )
    lacks = _lacking(rows, kind)
    files = [
        DataFile(
            path=f"{folder}/{path}",
            bytes=size,
            rows=count,
            settled=open_rows == 0,
            first_seq=first_seq,
            last_seq=last_seq,
            first_subject=first,
            last_subject=last,
            lacks=tuple(name for name, absent in lacks.items() if absent[at]),
        )
        for at, (path, size, count, open_rows, first_seq, last_seq, first, last) in enumerate(
            zip(*(rows[name].to_pylist() for name in told), strict=True)
        )
    ]
    return tuple(sorted(files, key=lambda file: (file.first_subject, file.first_seq)))


def _lacking(rows: pa.Table, kind: Kind) -> dict[str, list[bool]]:
    """Return, for each column that some file does not have, which files do not: nothing is counted in them."""
    names = [name for name in column_types(kind) if f"null_count.{name}" not in rows.column_names]
    some = [name for name in column_types(kind) if name not in names and rows[f"null_count.{name}"].null_count]
    return {name: [True] * rows.num_rows for name in names} | {
        name: rows[f"null_count.{name}"].is_null().to_pylist() for name in some
    }


def write_preview(folder: Path, kind: Kind, rows: pa.Table) -> DataFile:
    """Write rows that are not in the book to a file of their own, numbered above all that ever will be."""
    path = folder / f"{kind.name}.parquet"
    numbered = rows.append_column("seq", pa.array(range(INCOMING, INCOMING + rows.num_rows), pa.int64()))
    whole = numbered.append_column("known_until", pa.nulls(rows.num_rows, pa.int64())).select(arrow_schema(kind).names)
    pq.write_table(whole, path, store_schema=False)
    subjects = pc.min_max(rows[kind.subjects[0]]).as_py()
    return DataFile(path=str(path), bytes=path.stat().st_size, rows=rows.num_rows, settled=False, first_seq=INCOMING,
                    last_seq=INCOMING + rows.num_rows - 1, first_subject=subjects["min"], last_subject=subjects["max"],
                    preview=True)  # fmt: skip


def write_files(folder: Path, kind: Kind, batches: Iterable[pa.Table]) -> list[tuple[AddAction, int]]:
    """Write rows to new files beside a kind's table, and return what would add each, with its number of rows.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as name:
    ...     write_files(Path(name), KINDS["invoice"], [])
    []
    """
    inside = folder / kind.name
    inside.mkdir(exist_ok=True)
    added = [(_write_file(inside, kind, part), len(part)) for part in _by_file(batches)]
    sync(inside)
    return added


def _by_file(batches: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """Cut a stream of rows into tables of a file's size."""
    waiting: list[pa.Table] = []
    count = 0
    for batch in batches:
        waiting.append(batch)
        count += batch.num_rows
        while count >= FILE_ROWS:
            whole = pa.concat_tables(waiting)
            yield whole.slice(0, FILE_ROWS)
            waiting, count = [whole.slice(FILE_ROWS)], count - FILE_ROWS
    if count:
        yield pa.concat_tables(waiting)


def _write_file(folder: Path, kind: Kind, rows: pa.Table) -> AddAction:
    path = folder / f"{uuid4().hex}.parquet"
    texts = [name for name, type_ in column_types(kind).items() if type_ == "text" and name not in PLAIN_TEXTS]
    with path.open("wb") as file:
        pq.write_table(rows, file, compression="zstd", row_group_size=GROUP_ROWS, use_dictionary=texts, store_schema=False)
        file.flush()
        os.fsync(file.fileno())
    return AddAction(path.name, path.stat().st_size, {}, 0, data_change=True, stats=json.dumps(_statistics(kind, rows)))


def _statistics(kind: Kind, rows: pa.Table) -> dict[str, Any]:
    """Return the statistics by which a reader of any make leaves out whole files."""
    ranges = {name: pc.min_max(rows[name]).as_py() for name in (kind.subjects[0], "happened_at", "known_at", "seq")}
    return {
        "numRecords": rows.num_rows,
        "minValues": {name: range_["min"] for name, range_ in ranges.items()},
        "maxValues": {name: range_["max"] for name, range_ in ranges.items()},
        "nullCount": {name: rows[name].null_count for name in rows.column_names},
    }
