"""In: a .csv or .parquet file. Out: its columns as Arrow arrays, one after the other, texts untouched. Used: by
`frame`."""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from weilend.core.errors import InputError, NotFoundError
from weilend.sources.files.texts import settle

ENCODINGS: Final = ("utf-8-sig", "gb18030")
SEPARATORS: Final = (",", ";", "\t", "|")
#: Lines that are looked at to find the separator: it stands equally often in each of them.
LOOKED_AT: Final = 50
_SAMPLE_BYTES: Final = 1 << 16
#: Of a CSV that are laid down at once.
_BLOCK_BYTES: Final = 1 << 24


def read_names(path: Path) -> tuple[str, ...]:
    """Return the names of a file's columns (see `read_arrays`)."""
    with _open(path) as file:
        return _names(file, path.name)


def read_arrays(path: Path) -> Iterator[tuple[str, pa.ChunkedArray]]:
    """Yield the columns of a file with their names, one after the other; of CSV all are text, of Parquet they have their own types.

    UTF-8 (with or without mark) and GB18030 are read; the separator is found from the first lines. A column without a name
    becomes ``column N``. Raises `NotFoundError` and `InputError` (two columns of one name, no rows, not a table).

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "a.csv"
    ...     _ = file.write_bytes("甲;乙\\n1;2,5\\n".encode("gb18030"))
    ...     {name: array.to_pylist() for name, array in read_arrays(file)}
    {'甲': ['1'], '乙': ['2,5']}
    """
    with _open(path) as file:
        for at, name in enumerate(_names(file, path.name)):
            yield name, _read_column(file, at)


def _names(file: pq.ParquetFile, what: str) -> tuple[str, ...]:
    names = [name.strip() or f"column {at + 1}" for at, name in enumerate(file.schema_arrow.names)]
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InputError(f"{what} has two columns named {twice[0]}", hint="name each column once")
    if not file.metadata.num_rows:
        raise InputError(f"{what} has a header and no rows", hint="give rows to learn from or to score")
    return tuple(names)


@contextmanager
def _open(path: Path) -> Iterator[pq.ParquetFile]:
    """Yield a file as Parquet, of which one column can be read alone: a CSV is laid down as one beside, some rows at a time."""
    if not path.is_file():
        raise NotFoundError(f"there is no file {path}", hint="give a .csv or .parquet file")
    with TemporaryDirectory() as folder:
        try:
            laid = path if path.suffix.lower() == ".parquet" else _lay_down(path, Path(folder) / "rows.parquet")
            with pq.ParquetFile(laid) as file:
                yield file
        except pa.ArrowInvalid as error:
            text = str(error).split("\n")[0]
            raise InputError(
                f"{path.name} is not read as a table: {text}", hint="give a .csv or .parquet with a header"
            ) from None


def _read_column(file: pq.ParquetFile, at: int) -> pa.ChunkedArray:
    name = file.schema_arrow.names[at]
    return file.read(columns=[name]).column(name)  # of "grade" Parquet reads "grade.1" too


def separator_of(path: Path) -> str:
    """Return what cuts the cells of a CSV; a comma for Parquet, which has nothing to cut, and for no file.

    >>> separator_of(Path("rows.parquet"))
    ','
    """
    if path.suffix.lower() == ".parquet" or not path.is_file():
        return ","
    return _separator(_head(path), path.name)


def _head(path: Path) -> str:
    """Return the beginning of a file in the first encoding that it is in, whatever follows."""
    with path.open("rb") as file:
        data = file.read(_SAMPLE_BYTES)
    for encoding in ENCODINGS:
        with suppress(UnicodeDecodeError):
            return codecs.getincrementaldecoder(encoding)().decode(data)  # a sign that the sample's end cuts is left out
    return data.decode(ENCODINGS[0], errors="replace")


def _lay_down(path: Path, target: Path) -> Path:
    """Write a CSV as Parquet, all of it text, and return where it lies."""
    encoding = settle(path, ENCODINGS)
    head = _head(path)
    separator = _separator(head, path.name)
    header = next(csv.reader(io.StringIO(head, newline=""), delimiter=separator))
    marks = [f"{at}" for at in range(len(header))]  # by place: a header may hold a name twice, which is told later
    options: dict[str, Any] = {
        "read_options": pacsv.ReadOptions(
            encoding="utf8" if encoding == "utf-8-sig" else encoding, column_names=marks, skip_rows=1, use_threads=False,
            block_size=_BLOCK_BYTES,
        ),
        "parse_options": pacsv.ParseOptions(delimiter=separator, newlines_in_values=True),
        "convert_options": pacsv.ConvertOptions(
            column_types=dict.fromkeys(marks, pa.string()), strings_can_be_null=False, quoted_strings_can_be_null=False
        ),
    }  # fmt: skip
    names = [name.lstrip("\ufeff") for name in header]
    with (
        pacsv.open_csv(path, **options) as rows,
        pq.ParquetWriter(target, pa.schema([(n, pa.string()) for n in names])) as file,
    ):
        for batch in rows:
            file.write_batch(batch.rename_columns(names))
    return target


def _separator(head: str, name: str) -> str:
    """Return the separator that cuts every full line of the head into the same number of cells, the most cells first."""
    lines = [line for line in csv.reader(io.StringIO(head, newline=""), delimiter="\0") if line][:LOOKED_AT]
    if not lines:
        raise InputError(f"{name} is empty", hint="give a table with a header")
    texts = ["".join(line) for line in lines]
    texts = texts[:-1] if len(texts) > 2 else texts  # the last may be cut off by the sample's end
    cells = {mark: [len(row) for row in csv.reader(texts, delimiter=mark)] for mark in SEPARATORS}
    even = [mark for mark in SEPARATORS if len(set(cells[mark])) == 1 and cells[mark][0] > 1]
    return max(even, key=lambda mark: cells[mark][0]) if even else ","
