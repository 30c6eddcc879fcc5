"""In: xls, xlsx and parquet files. Out: `Sheet`s of rows as text, and back. Used: by tables; only here are these formats known.

A spreadsheet is read whole by calamine, which holds a sheet as one rectangle: so the rectangle is measured first.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter  # type: ignore[import-untyped]
from python_calamine import CalamineSheet, CalamineWorkbook

from weilend.core.errors import SourceError
from weilend.sources.files.limits import (
    MAX_CELLS,
    MAX_RATIO,
    MAX_STRINGS_BYTES,
    MAX_WORKBOOK_BYTES,
    MAX_XLS_BYTES,
    SMALL_BYTES,
    SPARSE_CELLS,
    SPARSE_RATIO,
    XLS_CELLS,
    XLS_MEMORY_BYTES,
    XLS_WAIT_SECONDS,
    XLS_WORK_SECONDS,
)
from weilend.sources.files.rows import Block, Sheet, fit
from weilend.sources.files.xls_worker import TOO_LARGE, cell_text

PARQUET, ZIP, OLE = b"PAR1", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_HEAD_ROWS, _BLOCK_ROWS = 200, 50_000
_CHUNK = 1 << 20
_PLACE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]+)([0-9]+)["']""")
_ROW_PLACE = re.compile(rb"""<(?:\w+:)?row\b[^>]*?\br\s*=\s*["']([0-9]+)["']""")
_ROW, _CELL = (re.compile(rb"<(?:\w+:)?" + tag + rb"[\s/>]") for tag in (b"row", b"c"))  # which need not say their place
_TAGS = (b"<c ", b"<c>", b"<c/>", b":c ", b":c>", b":c/>", b"<c\n", b":c\n", b"<c\t", b":c\t", b"<c\r", b":c\r")
_LETTERS = 26
_STDERR = 2


class GridSheet(Sheet):
    """A sheet of a workbook: `rows` yields its rows as text; `above` and `left` say how many rows and columns stand before them.

    >>> sheet = GridSheet("a", 1, 0, lambda: iter([["x", "y"], ["1", "2"]]))
    >>> sheet.head(), [block.table.to_pylist() for block in sheet.blocks(1, 2, 0)]
    ([[], ['x', 'y'], ['1', '2']], [[{'0': '1', '1': '2'}]])
    """

    def __init__(self, name: str, above: int, left: int, rows: Callable[[], Iterator[list[str]]]) -> None:
        self.name, self._above, self._left, self._rows = name, above, left, rows

    def head(self) -> Sequence[Sequence[str]]:
        """Return the first rows as text."""
        return list(islice(self._placed(), _HEAD_ROWS))

    def blocks(self, header_row: int, width: int, cells_min: int) -> Iterator[Block]:
        """Yield the rows below the header; a row may be wider than the header only in blank cells."""
        del cells_min  # a sheet is a rectangle: its rows are all as long
        rows = islice(self._placed(), header_row + 1, None)
        while chunk := list(islice(rows, _BLOCK_ROWS)):
            yield _block(chunk, width)

    def _placed(self) -> Iterator[list[str]]:
        """Yield the rows with the blank ones before them, which calamine leaves out."""
        margin = [""] * self._left
        yield from ([] for _ in range(self._above))
        for row in self._rows():
            yield [*margin, *row] if margin else row


class ParquetSheet(Sheet):
    """The one table of a parquet file, its columns typed."""

    name = ""

    def __init__(self, path: Path) -> None:
        self._path = path

    def head(self) -> Sequence[Sequence[str]]:
        """Return the column names."""
        return [tuple(_opened(self._path).schema_arrow.names)]

    def blocks(self, header_row: int, width: int, cells_min: int) -> Iterator[Block]:
        """Yield all rows at once, as they are typed."""
        del header_row, cells_min
        try:
            table = _opened(self._path).read()
        except (pa.ArrowException, OSError):
            raise SourceError(f"{self._path.name} is a parquet file cut short or damaged", hint="copy it again") from None
        yield Block(table.rename_columns([str(place) for place in range(width)]), {})


def grid_sheets(path: Path) -> list[Sheet]:
    """Return the sheets of a workbook.

    Raises `SourceError` where it is damaged, locked, or larger than may be read.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.xlsx"
    >>> write_xlsx([["a", "b"], ["1", "2"]], file)
    >>> grid_sheets(file)[0].head()
    [['a', 'b'], ['1', '2']]
    """
    with path.open("rb") as file:
        is_zip = file.read(len(ZIP)) == ZIP
    return _xlsx_sheets(path) if is_zip else _xls_sheets(path)


def write_xlsx(rows: Iterable[Sequence[str]], path: Path) -> None:
    """Write rows as the one sheet of a workbook, every cell as text: nothing in it is a formula or a rounded number.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.xlsx"
    >>> write_xlsx([["=1+1"]], file)
    >>> grid_sheets(file)[0].head()
    [['=1+1']]
    """
    with xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties({"created": datetime(2000, 1, 1)})  # noqa: DTZ001 - equal rows give equal bytes, whenever written
        sheet = book.add_worksheet("Sheet1")
        for place, row in enumerate(rows):
            for column, cell in enumerate(row):
                sheet.write_string(place, column, cell)


def _xlsx_sheets(path: Path) -> list[Sheet]:
    _measure(path)
    with _quiet():
        try:
            book = CalamineWorkbook.from_path(path)
            sheets = [book.get_sheet_by_name(name) for name in book.sheet_names]
            return [GridSheet(sheet.name, *(sheet.start or (0, 0)), _texts(sheet)) for sheet in sheets]
        except BaseException as error:  # calamine's own errors share no class, and a panic inside it is no Exception
            if isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise
    raise _unreadable(path)


def _texts(sheet: CalamineSheet) -> Callable[[], Iterator[list[str]]]:
    return lambda: ([cell_text(cell) for cell in row] for row in sheet.iter_rows())


def _xls_sheets(path: Path) -> list[Sheet]:
    """Return the sheets of a workbook of the old format, read by a process of its own."""
    _refuse_large(path, path.stat().st_size > MAX_XLS_BYTES)
    limits = map(str, (XLS_CELLS, XLS_WORK_SECONDS, XLS_MEMORY_BYTES))
    worker = [sys.executable, "-I", str(Path(__file__).with_name("xls_worker.py")), str(path), *limits]
    try:
        done = subprocess.run(worker, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=XLS_WAIT_SECONDS, check=False)  # noqa: S603 - our own file
    except subprocess.TimeoutExpired:
        raise _unreadable(path) from None
    _refuse_large(path, done.returncode == TOO_LARGE)
    if done.returncode:
        raise _unreadable(path)
    sheets: list[tuple[dict[str, object], list[list[str]]]] = []
    for line in done.stdout.splitlines():
        said = json.loads(line)
        if isinstance(said, dict):
            sheets.append((said, []))
        else:
            sheets[-1][1].append(said)
    return [
        GridSheet(str(said["sheet"]), int(str(said["above"])), int(str(said["left"])), _listed(rows)) for said, rows in sheets
    ]


def _listed(rows: list[list[str]]) -> Callable[[], Iterator[list[str]]]:
    return lambda: iter(rows)


def _unreadable(path: Path) -> SourceError:
    return SourceError(f"{path.name} is a workbook that cannot be read", hint="open it and save it again, without a password")


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what calamine writes to the terminal from there while it opens a file: it reports a damaged one with a trace of Rust."""
    sys.stderr.flush()
    kept, nowhere = os.dup(_STDERR), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, _STDERR)
    try:
        yield
    finally:
        os.dup2(kept, _STDERR)
        os.close(nowhere)
        os.close(kept)


def _block(rows: list[list[str]], width: int) -> Block:
    torn = {}
    for place, row in enumerate(rows):
        if len(row) != width:
            fitted = fit(row, width, 0)
            if fitted is None:
                torn[place] = ("torn_row", row)
            rows[place] = fitted or [""] * width
    columns = zip(*rows, strict=True)
    return Block(pa.table({str(place): pa.array(column, pa.string()) for place, column in enumerate(columns)}), torn)


def _opened(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError):
        raise SourceError(f"{path.name} is a parquet file cut short or damaged", hint="copy it again") from None


def _measure(path: Path) -> None:
    """Refuse a workbook that would not fit: by its unpacked size, and by the rectangle of each sheet."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            names = {member.filename.replace("\\", "/").lower() for member in members}
            if "xl/workbook.xml" not in names or "content.xml" in names:
                raise SourceError(f"{path.name} is a zip but no xlsx workbook", hint="unpack it, or save the workbook as xlsx")
            unpacked = sum(member.file_size for member in members)
            packed = sum(member.compress_size for member in members)
            _refuse_large(path, unpacked > MAX_WORKBOOK_BYTES or unpacked > MAX_RATIO * max(packed, SMALL_BYTES))
            for member in members:
                if "sharedstrings" in member.filename.lower():
                    _refuse_large(path, member.file_size > MAX_STRINGS_BYTES)
                elif member.filename.lower().endswith(".xml"):
                    area, cells = _rectangle(_pieces(archive, member))
                    _refuse_large(path, max(area, cells) > MAX_CELLS or (area > SPARSE_CELLS and area > SPARSE_RATIO * cells))
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError, zlib.error):
        raise SourceError(f"{path.name} is a workbook cut short or damaged", hint="copy it again") from None


def _refuse_large(path: Path, large: bool) -> None:  # noqa: FBT001 - a verdict, not an option
    if large:
        raise SourceError(f"{path.name} is larger than a workbook may be", hint="save it as csv and read that")


def _pieces(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Yield a member unpacked, each piece beginning with the end of the last one, so that no reference is cut."""
    kept = b""
    with archive.open(member) as file:
        while piece := file.read(_CHUNK):
            yield kept + piece
            kept = piece[-64:]


def _rectangle(pieces: Iterable[bytes]) -> tuple[int, int]:
    """Return how many cells the rectangle has that holds every cell of a sheet, and about how many cells it holds.

    Cells and rows that do not say their place stand after the one before them.
    """
    letters, last_row, rows, cells, widest = {b"A"}, 1, 0, 0, 0
    for piece in pieces:
        places = _PLACE.findall(piece)
        letters.update({column.upper() for column, _ in places})
        last_row = max(last_row, max(map(int, {row for _, row in places}), default=1))
        if sum(map(piece.count, _TAGS)) > len(places):  # rare and slow: rows are counted, and the cells of each
            counts = [len(_CELL.findall(row)) for row in _ROW.split(piece)]
            last_row = max(last_row, max(map(int, _ROW_PLACE.findall(piece)), default=1))
            rows, widest = rows + len(counts), max(widest, *counts)
            cells += sum(counts)
        else:
            cells += len(places)
    return max(*map(_column_number, letters), widest) * max(last_row, rows), cells


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * _LETTERS + letter - ord("A") + 1
    return number
