"""In: a file. Out: its header, its raw table, and back. Used: by reader and writer; only here are file formats known.

Parquet is told from csv by its first four bytes, never by name.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from weilend.core.errors import NotFoundError, SourceError

_MAGIC = b"PAR1"
SUFFIXES = (".csv", ".parquet")


class RawTable(msgspec.Struct, frozen=True, eq=False):
    """The rows of a file as they stand; `torn` are the cells of rows that do not fit the header, by row number from 0."""

    table: pa.Table
    torn: dict[int, list[str]]


def files_in(path: Path) -> tuple[Path, ...]:
    """Return the file at a path, or the csv and parquet files of a folder by name.

    Raises `NotFoundError` where there is nothing, `SourceError` for a folder without such files.

    >>> files_in(Path("no/such/place"))
    Traceback (most recent call last):
    weilend.core.errors.NotFoundError: there is no file or folder no/such/place. Hint: check the path
    """
    if not path.exists():
        raise NotFoundError(f"there is no file or folder {path}", hint="check the path")
    if not path.is_dir():
        return (path,)
    found = tuple(sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES and file.is_file()))
    if not found:
        raise SourceError(f"the folder {path} holds no {' or '.join(SUFFIXES)} file", hint="give the folder with the raw files")
    return found


def header_of(path: Path, encodings: Sequence[str]) -> tuple[str, ...]:
    """Return the column names of a file; raises `SourceError` where it is no table or says a name twice.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "firms.csv"
    >>> write_table(pa.table({"企业代号": ["E1"], "企业名称": ["***公司"]}), file)
    >>> header_of(file, ("utf-8-sig",))
    ('企业代号', '企业名称')
    """
    header = tuple(_open_parquet(path).schema_arrow.names) if _is_parquet(path) else _csv_header(path, encodings)
    if len(set(header)) < len(header):
        raise SourceError(f"{path.name} names a column twice in its header", hint="export it again, each column once")
    return header


def read_table(path: Path, encodings: Sequence[str]) -> RawTable:
    """Return all rows of a file, csv cells as text.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "firms.csv"
    >>> _ = file.write_text("a,b\\n1,2\\n3\\n")
    >>> read_table(file, ("utf-8-sig",)).torn
    {1: ['3']}
    """
    return RawTable(_read_parquet(path), {}) if _is_parquet(path) else _read_csv(path, encodings)


def write_table(table: pa.Table, path: Path) -> None:
    """Write a raw table as parquet or csv by the suffix of the path; equal tables give equal bytes.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.parquet"
    >>> write_table(pa.table({"a": [1]}), file)
    >>> read_table(file, ()).table.to_pylist()
    [{'a': 1}]
    """
    if path.suffix == ".parquet":
        pq.write_table(table, path, compression="zstd")
        return
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file, lineterminator="\n")
        out.writerow(table.column_names)
        out.writerows(zip(*(column.to_pylist() for column in table.columns), strict=True))


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        magic = file.read(4) == _MAGIC
    if path.suffix.lower() == ".parquet" and not magic:
        raise SourceError(f"{path.name} is called parquet but is not", hint="export it again as parquet, or name it .csv")
    return magic


def _open_parquet(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError):
        raise SourceError(f"{path.name} is a parquet file cut short or damaged", hint="copy it again") from None


def _read_parquet(path: Path) -> pa.Table:
    file = _open_parquet(path)
    try:
        return file.read()
    except (pa.ArrowException, OSError):
        raise SourceError(f"{path.name} is a parquet file cut short or damaged", hint="copy it again") from None


def _csv_header(path: Path, encodings: Sequence[str]) -> tuple[str, ...]:
    with path.open("rb") as file:
        first = file.readline(1 << 16)
    rows = _csv_rows(first, path, encodings)
    return tuple(name.strip() for name in rows[0]) if rows else ()


def _read_csv(path: Path, encodings: Sequence[str]) -> RawTable:
    header, *rows = _csv_rows(path.read_bytes(), path, encodings)
    torn = {position: row for position, row in enumerate(rows) if len(row) != len(header)}
    blank = [""] * len(header)
    whole = [blank if position in torn else row for position, row in enumerate(rows)] if torn else rows
    columns = zip(*whole, strict=True) if whole else ((),) * len(header)
    arrays = [pa.array(column, pa.string()) for column in columns]
    return RawTable(pa.table(arrays, names=[name.strip() for name in header]), torn)


def _csv_rows(data: bytes, path: Path, encodings: Sequence[str]) -> list[list[str]]:
    text = _decode(data, path, encodings)
    try:
        return [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error as error:
        raise SourceError(f"{path.name} is not a csv table: {error}", hint="check its quotes, or export it again") from None


def _decode(data: bytes, path: Path, encodings: Sequence[str]) -> str:
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SourceError(f"{path.name} is not text in {' or '.join(encodings)}", hint="check that it is the exported file")
