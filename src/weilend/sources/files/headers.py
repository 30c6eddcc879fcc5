"""In: a file and what profiles know. Out: `Found`, the sheets of a file with the layout whose header each holds. Used: by reading.

A file is told by its first bytes and its header, never by its name.
"""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec

from weilend.core.errors import NotFoundError, SourceError
from weilend.sources.files.limits import MAX_COLUMNS
from weilend.sources.files.rows import Sheet
from weilend.sources.files.texts import DELIMITERS, TextSheet, candidates, settle
from weilend.sources.files.workbooks import OLE, PARQUET, ZIP, ParquetSheet, grid_sheets
from weilend.sources.profile import Column, Layout, Profile

#: What a folder is searched for.
SUFFIXES = (".csv", ".tsv", ".txt", ".asc", ".xls", ".xlsx", ".parquet")
_ENCODINGS = ("utf-8-sig", "gb18030")
_HEAD_BYTES = 4096
_WEB_PAGE = (b"<!doctype html", b"<html", b"<table", b"<meta")
_NO_MEMBERS = b"PK\x05\x06"  # how a zip begins that holds no file


class Found(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A sheet whose header a layout knows: `header_row` from 0, `names` the header as it stands, `above` the lines before it.

    >>> Found.__struct_fields__
    ('profile', 'layout', 'file', 'sheet', 'header_row', 'names', 'above', 'encoding')
    """

    profile: Profile
    layout: Layout
    file: Path
    sheet: Sheet
    header_row: int
    names: tuple[str, ...]
    above: tuple[str, ...]
    encoding: str = ""

    @property
    def title(self) -> str:
        """The file's name, with that of the sheet where the file has several."""
        return f"{self.file.name}:{self.sheet.name}" if self.sheet.name else self.file.name

    def places(self, column: Column) -> int | None:
        """Return at which place of the header a column stands, None where it is absent."""
        known = {plain(name): place for place, name in reversed(list(enumerate(self.names)))}
        return next((known[plain(name)] for name in column.names if plain(name) in known), None)


@lru_cache(maxsize=4096)
def plain(name: str) -> str:
    """Return a column name without what exports change about it: white space, width of signs, case, armour.

    >>> plain(" 金额（元）\\t") == plain("金额(元)"), plain("日 志 号")
    (True, '日志号')
    """
    return "".join(unicodedata.normalize("NFKC", name).split()).strip("`'\"\ufeff").casefold()


def files_in(path: Path) -> tuple[Path, ...]:
    """Return the file at a path, or the files of a folder that may hold tables, by name.

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
        raise SourceError(f"the folder {path} holds no {', '.join(SUFFIXES)} file", hint="give the folder with the raw files")
    return found


def refuse_hopeless(path: Path) -> None:
    """Raise `SourceError` for a file that holds nothing, or a web page: what many banks send under the name of a workbook.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.xls"
    >>> _ = file.write_text("<html><table><tr><td>记账日期</td></tr></table></html>", encoding="utf-8")
    >>> refuse_hopeless(file)
    Traceback (most recent call last):
    weilend.core.errors.SourceError: a.xls is a web page. Hint: open it in a spreadsheet and save it as xlsx or csv
    """
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    said = head.removeprefix(codecs.BOM_UTF8).strip().lower()
    if (not said and len(head) < _HEAD_BYTES) or head.startswith(_NO_MEMBERS):
        raise SourceError(f"{path.name} is empty", hint="export it again")
    if said.startswith(_WEB_PAGE):
        raise SourceError(f"{path.name} is a web page", hint="open it in a spreadsheet and save it as xlsx or csv")


def find(path: Path, profiles: Sequence[Profile]) -> list[Found]:
    """Return the sheets of a file that one of the profiles knows, each with the layout that knows most of its header.

    Empty where none does; raises `SourceError` for a file that cannot be opened as what it is.

    >>> import tempfile
    >>> from weilend.sources import PROFILES
    >>> file = Path(tempfile.mkdtemp()) / "firms.csv"
    >>> _ = file.write_text("企业代号,企业名称\\nE1,***公司\\n", encoding="utf-8")
    >>> [(found.layout.name, found.header_row, found.encoding) for found in find(file, [PROFILES["cumcm2020c"]])]
    [('firms', 0, 'utf-8-sig')]
    """
    known = [_knowing(profile, layout) for profile in profiles for layout in profile.layouts]
    best: list[tuple[int, Found]] = []
    for sheets in _readings(path, profiles):
        matched = [match for sheet in sheets if (match := _match(path, sheet, known)) is not None]
        if sum(score for score, _ in matched) > sum(score for score, _ in best):
            best = matched
    return [_settled(found) for _, found in best]


class Near(msgspec.Struct, frozen=True):
    """A layout that knows some names of a header: how many, and the columns it needs and does not find there.

    >>> Near("cmb_debit", 3, ("联机余额",)).known
    3
    """

    layout: str
    known: int
    missing: tuple[str, ...]


def nearest(path: Path, profiles: Sequence[Profile]) -> list[Near]:
    """Return the layouts that know at least two names of some row of a file, those first that miss the fewest columns.

    >>> import tempfile
    >>> from weilend.sources import PROFILES
    >>> file = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = file.write_text("记账日期,货币,交易金额\\n", encoding="utf-8")
    >>> nearest(file, [PROFILES["cmb_debit"]])[0].missing
    ('联机余额', '交易摘要', '对手信息', '客户摘要')
    """
    heads = [row for sheets in _readings(path, profiles) for sheet in sheets for row in sheet.head()]
    rows = {frozenset(plain(name) for name in row) - {""} for row in heads}
    found = []
    for one in (_knowing(profile, layout) for profile in profiles for layout in profile.layouts):
        names = max(rows, key=lambda row: len(row & one.mapped), default=frozenset())
        needed = [column for column in one.layout.columns if not column.absent]
        missing = dict.fromkeys(column.raw for column in needed if names.isdisjoint(map(plain, column.names)))
        if len(names & one.mapped) > 1:
            title = one.profile.name if len(one.profile.layouts) == 1 else f"{one.profile.name}.{one.layout.name}"
            found.append(Near(title, len(names & one.mapped), tuple(missing)))
    return sorted(found, key=lambda near: (len(near.missing), -near.known))


def headers_of(path: Path) -> list[tuple[str, ...]]:
    """Return the first row of each sheet of a file as column names, a text file's under each delimiter.

    Raises `SourceError` for a file that is no table at all.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = file.write_text("a, b\\n1,2\\n")
    >>> headers_of(file)[0]
    ('a', 'b')
    """
    found = [
        tuple(name.strip() for name in row) for sheets in _readings(path, ()) for sheet in sheets for row in sheet.head()[:1]
    ]
    if not found:
        raise _no_table(path)
    return found


def _no_table(path: Path) -> SourceError:
    with path.open("rb") as file:
        if file.read(4).startswith((ZIP, OLE[:4])):
            return SourceError(f"{path.name} is a workbook with nothing in it", hint="check that it is the exported file")
    return SourceError(f"{path.name} is not text in {' or '.join(_ENCODINGS)}", hint="check that it is the exported file")


def _readings(path: Path, profiles: Sequence[Profile]) -> Iterator[list[Sheet]]:
    """Yield the ways to read a file: its sheets, or for text each guess of encoding and delimiter."""
    with path.open("rb") as file:
        magic = file.read(8)
    if magic.startswith(PARQUET):
        yield [ParquetSheet(path)]
    elif path.suffix.lower() == ".parquet":
        raise SourceError(f"{path.name} is called parquet but is not", hint="export it again as parquet, or name it .csv")
    elif magic.startswith((ZIP, OLE)):
        yield grid_sheets(path)
    else:
        layouts = [layout for profile in profiles for layout in profile.layouts]
        wanted = tuple(dict.fromkeys(name for profile in profiles for name in profile.encodings)) or _ENCODINGS
        for encoding in candidates(path, wanted):
            for delimiter in dict.fromkeys((*DELIMITERS, *(layout.delimiter for layout in layouts))):
                yield [TextSheet(path, encoding, delimiter, multiline=False)]


class _Known(msgspec.Struct, frozen=True):
    """What a layout knows of headers: for each column that must be there its names, and every name it has heard of."""

    profile: Profile
    layout: Layout
    required: tuple[frozenset[str], ...]
    mapped: frozenset[str]

    def score(self, names: frozenset[str]) -> int:
        """Return how many names of a header are known, 0 where one that must be there is missing."""
        if len(names) < len(self.required) or not all(names & wanted for wanted in self.required):
            return 0
        return len(self.mapped & names)


def _knowing(profile: Profile, layout: Layout) -> _Known:
    names = {column.raw: frozenset(plain(name) for name in column.names) for column in layout.columns}
    required = {column.raw: names[column.raw] for column in layout.columns if not column.absent}
    return _Known(profile, layout, tuple(required.values()), frozenset(map(plain, layout.written)).union(*names.values()))


def _match(path: Path, sheet: Sheet, known: Sequence[_Known]) -> tuple[int, Found] | None:
    """Return the layout that knows most of a header in the first rows of a sheet; among equals the first row and profile."""
    best, best_score = None, 0
    rows = sheet.head()
    for at, row in enumerate(rows):
        if len(row) > MAX_COLUMNS:
            continue
        names = frozenset(plain(name) for name in row) - {""}
        for one in known:
            score = one.score(names)
            if score > best_score:
                above = tuple("\t".join(cell.strip() for cell in line if cell.strip()) for line in rows[:at])
                best_score = score
                best = Found(
                    profile=one.profile, layout=one.layout, file=path, sheet=sheet, header_row=at, names=tuple(row), above=above
                )
    if best is None:
        return None
    _refuse_twice(best)
    return best_score, best


def _refuse_twice(found: Found) -> None:
    names = [plain(name) for name in found.names if name.strip()]
    wanted = {plain(name) for column in found.layout.columns for name in column.names}
    if twice := [name for name in dict.fromkeys(names) if names.count(name) > 1 and name in wanted]:
        raise SourceError(
            f"{found.file.name} names a column twice in its header: {', '.join(twice)}",
            hint="export it again, each column once",
        )


def _settled(found: Found) -> Found:
    """Return a text sheet with its encoding decided by the whole file where the header alone cannot tell."""
    sheet = found.sheet
    if not isinstance(sheet, TextSheet):
        return found
    encoding = sheet.encoding
    if "".join(found.names).isascii() and encoding in found.profile.encodings:
        encoding = settle(found.file, found.profile.encodings)
    settled = TextSheet(found.file, encoding, sheet.delimiter, multiline=found.layout.multiline)
    return msgspec.structs.replace(found, sheet=settled, encoding=encoding)
