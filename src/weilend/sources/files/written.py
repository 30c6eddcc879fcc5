"""In: raw cells. Out: files that hold them: parquet, csv, tsv, xlsx. Used: by the writer."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from weilend.sources.files.workbooks import write_xlsx


def write_table(table: pa.Table, path: Path) -> None:
    """Write a raw table as parquet or csv by the suffix of the path; equal tables give equal bytes.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.parquet"
    >>> write_table(pa.table({"a": [1]}), file)
    >>> pq.read_table(file).to_pylist()
    [{'a': 1}]
    """
    if path.suffix == ".parquet":
        pq.write_table(table, path, compression="zstd")
        return
    write_rows(rows_of(table), path, encoding="utf-8", delimiter=",")


def rows_of(table: pa.Table) -> Iterator[Sequence[str]]:
    """Yield the header and the rows of a table of text, "" for NULL.

    >>> list(rows_of(pa.table({"a": ["x", None]})))
    [['a'], ('x',), ('',)]
    """
    yield table.column_names
    for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
        yield tuple("" if cell is None else cell for cell in row)


def write_rows(rows: Iterable[Sequence[str]], path: Path, *, encoding: str, delimiter: str) -> None:
    """Write rows of text as xlsx, csv or tsv by the suffix of the path; equal rows give equal bytes.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.csv"
    >>> write_rows([["甲", "1"]], file, encoding="gb18030", delimiter=",")
    >>> file.read_bytes()
    b'\\xbc\\xd7,1\\n'
    """
    if path.suffix == ".xlsx":
        write_xlsx(rows, path)
        return
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter, lineterminator="\n").writerows(rows)
