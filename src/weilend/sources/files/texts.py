"""In: csv and tsv files in any of the encodings of Chinese exports. Out: a `Sheet` of text cells. Used: by tables.

Arrow parses what is well formed, block by block; rows it refuses are parsed by themselves, so that one broken row costs one row.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from weilend.core.errors import SourceError
from weilend.sources.files.limits import MAX_COLUMNS, MAX_LINE_CHARS
from weilend.sources.files.rows import Block, Sheet, fit

DELIMITERS: Final = (",", "\t", ";", "|")
_HEAD_BYTES, _BLOCK_BYTES = 1 << 18, 1 << 24
_HEAD_LINES, _SAMPLE_LINES, _SAMPLE_SIGNS = 200, 50, 1 << 16
_BROKEN: Final = "\ufdd0"  # what stands for bytes that are no text; Unicode assigns it to nothing, so no file holds it
_ARMOUR: Final = r"^\s*=\"?(.*?)\"?\s*$|^\s*'(.+)$"  # ="0012" (Arrow has taken off one of its quotes) and '0012
_MARKS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


codecs.register_error("weilend_mark", lambda error: (_BROKEN, getattr(error, "end", 0)))


class TextSheet(Sheet):
    """The table of a text file, under one guess of its encoding and delimiter.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = file.write_bytes("甲,乙\\n1,2\\n3\\n".encode("gb18030"))
    >>> sheet = TextSheet(file, "gb18030", ",", multiline=False)
    >>> [(block.table.to_pylist(), block.torn) for block in sheet.blocks(0, 2, 2)]
    [([{'0': '1', '1': '2'}, {'0': None, '1': None}], {1: ('torn_row', ['3'])})]
    """

    name = ""

    def __init__(self, path: Path, encoding: str, delimiter: str, *, multiline: bool) -> None:
        self._path, self.encoding, self.delimiter, self.multiline = path, encoding, delimiter, multiline

    def head(self) -> Sequence[Sequence[str]]:
        """Return the first lines, each as cells."""
        with self._path.open("rb") as file:
            text = _decoder(self.encoding).decode(file.read(_HEAD_BYTES))
        return [_cells(line, self.delimiter) for line in lines_of(text)[:_HEAD_LINES]]

    def blocks(self, header_row: int, width: int, cells_min: int) -> Iterator[Block]:
        """Yield the rows below the header."""
        lines = header_row + 1
        wide = 0
        for text in _text_blocks(self._path, self.encoding):
            body, lines = _without(text, lines)
            if not body:
                continue
            wide = wide or _usual_width(body, self.delimiter, multiline=self.multiline)
            block = _Parser(self.delimiter, wide, width, cells_min, self.multiline).parse(body)
            del text, body  # they take more memory than the block, and would wait here until it is done with
            yield block


def candidates(path: Path, encodings: Sequence[str]) -> tuple[str, ...]:
    """Return the encodings in which the first bytes of a file are text, as a mark at its start says or else in the order given.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = file.write_bytes("甲".encode("gb18030"))
    >>> candidates(file, ("utf-8-sig", "gb18030"))
    ('gb18030',)
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return (encoding,)
    if b"\0" in head[:1024]:
        return ()
    return tuple(encoding for encoding in encodings if _mostly_text(head, encoding))


def settle(path: Path, encodings: Sequence[str]) -> str:
    """Return the first encoding in which the whole file is text, or the first at all: for a file whose header is plain ASCII.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = file.write_bytes(b"a,b\\n" + "甲,乙".encode("gb18030"))
    >>> settle(file, ("utf-8-sig", "gb18030"))
    'gb18030'
    """
    return next((encoding for encoding in encodings if _is_text(path, encoding)), encodings[0])


def lines_of(text: str) -> list[str]:
    """Return the lines of a text: only the line breaks of files end one, not the many signs that Unicode counts as such.

    >>> lines_of("a\\r\\nb\\x0bc\\rd")
    ['a', 'b\\x0bc', 'd']
    """
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


class _Parser:
    """Turns a text of whole lines into a block. `wide` is how many cells its rows usually have, `width` how many the header has."""

    def __init__(self, delimiter: str, wide: int, width: int, cells_min: int, multiline: bool) -> None:  # noqa: FBT001
        self.delimiter, self.wide, self.width, self.cells_min, self.multiline = delimiter, wide, width, cells_min, multiline

    def parse(self, text: str) -> Block:
        """Return the rows of a text."""
        if self.wide < max(self.cells_min, 1) or self.wide > MAX_COLUMNS:
            return self._line_by_line(text)
        refused: list[tuple[int, str]] = []

        def note(row: pa_csv.InvalidRow) -> str:
            refused.append((row.number - 1, row.text))
            return "skip"

        names = [str(place) for place in range(self.wide)]
        table = pa_csv.read_csv(
            pa.BufferReader(text.encode()),
            pa_csv.ReadOptions(column_names=names, use_threads=False, block_size=max(4 * len(text), 1024)),
            pa_csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True, invalid_row_handler=note),
            pa_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        )
        if '"' in text and not self.multiline and _breaks(text, table, refused):
            return self._line_by_line(text)
        if '"' in text and self.multiline and _open_at_end(text, self.delimiter):
            return self._line_by_line(text)
        if '="' in text or "'" in text:
            table = _unarmoured(table)
        block = self._with_refused(table, [(place, _cells(row, self.delimiter)) for place, row in refused])
        return _without_broken(block) if _BROKEN in text else block

    def _with_refused(self, table: pa.Table, refused: list[tuple[int, list[str]]]) -> Block:
        """Return the block with the rows that Arrow refused at their places, filled where that is allowed."""
        torn: dict[int, tuple[str, list[str]]] = {}
        for place in range(self.width, self.wide):
            filled = pc.not_equal(pc.utf8_trim_whitespace(table[str(place)]), "").to_numpy()
            torn |= {
                int(row): ("torn_row", list(table.slice(int(row), 1).to_pylist()[0].values())) for row in np.flatnonzero(filled)
            }
        table = _as_wide(table, self.width)
        if not refused:
            return Block(table, torn)
        count = table.num_rows + len(refused)
        places = np.setdiff1d(np.arange(count), [place for place, _ in refused])
        torn = {int(places[row]): why for row, why in torn.items()}
        fitted = {place: fit(cells, self.width, self.cells_min) for place, cells in refused}
        torn |= {place: ("torn_row", cells) for place, cells in refused if fitted[place] is None}
        extra = [row if row is not None else [None] * self.width for row in fitted.values()]
        added = pa.table({str(at): pa.array([row[at] for row in extra], pa.string()) for at in range(self.width)})
        order = np.empty(count, np.int64)
        order[places] = np.arange(table.num_rows)
        order[[place for place, _ in refused]] = table.num_rows + np.arange(len(refused))
        return Block(pa.concat_tables([table, added]).take(pa.array(order)), torn)

    def _line_by_line(self, text: str) -> Block:
        """Return the rows of a text whose quotes are broken: a line is a row, and one whose quotes do not pair is torn."""
        rows: list[list[str] | list[None]] = []
        torn: dict[int, tuple[str, list[str]]] = {}
        for line in filter(None, lines_of(text)):
            cells = _cells(line, self.delimiter)
            fitted = fit(cells, self.width, self.cells_min)
            if fitted is None or _open_at_end(line, self.delimiter):
                torn[len(rows)] = ("torn_row" if fitted is None else "open_quote", cells)
            rows.append(fitted or [None] * self.width)
        block = Block(pa.table({str(at): pa.array([row[at] for row in rows], pa.string()) for at in range(self.width)}), torn)
        return _without_broken(block) if _BROKEN in text else block


def _decoder(encoding: str) -> codecs.IncrementalDecoder:
    return codecs.getincrementaldecoder(encoding)("weilend_mark")


def _mostly_text(head: bytes, encoding: str) -> bool:
    """Return whether bytes read as text but for a few: one broken sign must not hide what a file is."""
    text = _decoder(encoding).decode(head)
    return text.count(_BROKEN) * 10 <= len(text)


def _is_text(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        with path.open("rb") as file:
            while chunk := file.read(_BLOCK_BYTES):
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _text_blocks(path: Path, encoding: str) -> Iterator[str]:
    """Yield a file as texts of whole lines; a line is not cut between quotes that pair."""
    decoder, kept = _decoder(encoding), ""
    with path.open("rb") as file:
        while chunk := file.read(_BLOCK_BYTES):
            kept += decoder.decode(chunk)
            cut = _cut(kept)
            if cut:
                whole, kept = kept[:cut], kept[cut:]
                yield whole
                del whole
            if len(kept) > MAX_LINE_CHARS:
                raise SourceError(f"{path.name} has a line without an end", hint="check that it is the exported file")
    kept += decoder.decode(b"", final=True)
    if kept:
        yield kept


def _cut(text: str) -> int:
    """Return where the last whole line ends: after a line break with as many quotes before it as pair, if there is one nearby."""
    last = cut = text.rfind("\n") + 1
    if '"' not in text:
        return last
    quotes = text.count('"', 0, last)
    for _ in range(_SAMPLE_LINES):
        if cut <= 0 or quotes % 2 == 0:
            break
        before = text.rfind("\n", 0, cut - 1) + 1
        quotes -= text.count('"', before, cut)
        cut = before
    return cut or last


def _without(text: str, lines: int) -> tuple[str, int]:
    """Return a text without its first lines, and how many are still to be left out."""
    start = 0
    while lines and (end := _line_end(text, start)):
        start, lines = end, lines - 1
    return (text[start:], lines) if not lines else ("", lines)


def _line_end(text: str, start: int) -> int:
    """Return where the line that begins at a place ends, its break included; 0 at the end of the text."""
    ends = [text.find(sign, start) for sign in ("\r\n", "\n", "\r")]
    first = min((end for end in ends if end >= 0), default=-1)
    if first < 0:
        return len(text) if start < len(text) else 0
    return first + 2 if text.startswith("\r\n", first) else first + 1


def _usual_width(text: str, delimiter: str, *, multiline: bool) -> int:
    """Return how many cells most of the first rows have."""
    sample = lines_of(text[:_SAMPLE_SIGNS])[: _SAMPLE_LINES + 1]
    if multiline:
        with suppress(csv.Error):
            whole = csv.reader(io.StringIO("\n".join(sample), newline=""), delimiter=delimiter)
            return Counter(len(row) for row in whole if row).most_common(1)[0][0]
    lines = [line for line in sample if line.strip()]
    return Counter(len(_cells(line, delimiter)) for line in lines).most_common(1)[0][0] if lines else 0


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:  # a field beyond the limit, or a line break alone inside quotes
        return line.split(delimiter)


def _open_at_end(text: str, delimiter: str) -> bool:
    """Return whether a quote is opened and never closed."""
    try:
        for _ in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            pass
    except csv.Error as error:
        return "unexpected end" in str(error)
    return False


def _breaks(text: str, table: pa.Table, refused: Sequence[tuple[int, str]]) -> bool:
    """Return whether a cell holds a line break: then there are more lines than rows, blank ones aside."""
    lines = text.count("\n") + (not text.endswith("\n"))
    if "\r" not in text and lines == table.num_rows + len(refused):
        return False
    within = any("\n" in row or "\r" in row for _, row in refused)
    return within or any(pc.any(pc.match_substring_regex(column, "[\r\n]")).as_py() for column in table.columns)


def _unarmoured(table: pa.Table) -> pa.Table:
    """Return cells without the signs that keep a spreadsheet from reading them as numbers."""
    columns = [pc.replace_substring_regex(column, _ARMOUR, r"\1\2") for column in table.columns]
    return pa.table(columns, names=table.column_names)


def _as_wide(table: pa.Table, width: int) -> pa.Table:
    for place in range(table.num_columns, width):
        table = table.append_column(str(place), pa.repeat(pa.scalar(""), table.num_rows))
    return table.select([str(place) for place in range(width)])


def _without_broken(block: Block) -> Block:
    """Return the block with rows torn that hold a sign which could not be decoded."""
    broken = np.zeros(block.table.num_rows, np.bool_)
    for column in block.table.columns:
        broken |= pc.fill_null(pc.match_substring(column, _BROKEN), fill_value=False).to_numpy()
    rows = {int(row): list(block.table.slice(int(row), 1).to_pylist()[0].values()) for row in np.flatnonzero(broken)}
    return Block(block.table, {row: ("broken_text", cells) for row, cells in rows.items()} | block.torn)
