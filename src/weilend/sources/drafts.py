"""In: a table that no source knows, and what was said of its columns. Out: its profile in TOML. Used: by `weilend source new`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from weilend.core.errors import SourceError
from weilend.core.records import KINDS
from weilend.sources.files.headers import plain
from weilend.sources.files.rows import Sheet
from weilend.sources.files.texts import DELIMITERS, TextSheet, candidates
from weilend.sources.files.workbooks import OLE, PARQUET, ZIP, ParquetSheet, grid_sheets
from weilend.sources.profile import PROFILES, Profile
from weilend.sources.questions import QUESTIONS, Question, direction_says, names_of, questions_of

_ENCODINGS: Final = Profile(name="", en="", zh="", layouts=()).encodings
_TIMED = re.compile(r"\d{1,2}:\d\d")
_FIGURE = re.compile(r"[\s\d.,:/+\-¥￥%年月日]*")
_SUMS = re.compile(r"(合计|总计|小计|total)", re.IGNORECASE)
#: Days that do not begin with a year: which of the other ways fits is asked.
_YEAR_FIRST = re.compile(r"(19|20)\d\d")
DAY_WAYS: Final = ("dmy", "mdy", "yymmdd")


class Table(msgspec.Struct, frozen=True):
    """A table as far as it was looked at: its header, the first rows below, and what stands between cells.

    >>> Table(("日期", "金额"), (("2024-01-01", ""), ("2024-01-02", "5"))).column("金额")
    ['5']
    """

    names: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    delimiter: str = ","

    def column(self, name: str) -> list[str]:
        """Return the cells of a column that say something."""
        place = self.names.index(name)
        return [row[place] for row in self.rows if row[place]]

    def is_timed(self, name: str) -> bool:
        """Return whether the days of a column say the time too."""
        return any(_TIMED.search(cell) for cell in self.column(name))

    def begins_with_year(self, name: str) -> bool:
        """Return whether the days of a column begin with the year, as far as they are days."""
        return all(_YEAR_FIRST.match(cell) for cell in self.column(name) if _FIGURE.fullmatch(cell))


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody said of a table: its name, template and sign rule, for each fact the column, and what no column says.

    >>> Described(name="mine", en="", zh="", like="bank", sign="signed", columns={"day": "日期"}).wallet
    ''
    """

    name: str
    en: str
    zh: str
    like: str
    sign: str
    columns: dict[str, str]
    days: str = ""
    wallet: str = ""


def look_at(path: Path) -> Table:
    """Return the table in a file that no source knows: its header is the row with most names that profiles know, or most names.

    Raises `SourceError` for a file that is no table.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = file.write_text("我的账户\\n日期,金额\\n2024-01-01,5\\n", encoding="utf-8")
    >>> look_at(file)
    Table(names=('日期', '金额'), rows=(('2024-01-01', '5'),), delimiter=',')
    """
    known = frozenset().union(*(names_of(question.fact) for question in QUESTIONS))
    heads = [(sheet, [[cell.strip() for cell in row] for row in sheet.head()]) for sheet in _sheets(path)]
    scored = [(_score(row, known), sheet, head, at) for sheet, head in heads for at, row in enumerate(head)]
    (_, names), sheet, head, at = max(scored, key=lambda one: one[0], default=((0, 0), None, [], 0))
    if sheet is None or names < 2:
        raise SourceError(f"{path.name} holds no header of a table", hint="give a csv or a workbook whose columns have names")
    places = {name: place for place, name in reversed(list(enumerate(head[at]))) if name}
    header = tuple(sorted(places, key=lambda name: places[name]))
    rows = tuple(
        tuple(row[places[name]] if places[name] < len(row) else "" for name in header) for row in head[at + 1 :] if any(row)
    )
    return Table(header, rows, sheet.delimiter if isinstance(sheet, TextSheet) else ",")


def fill_profile(table: Table, said: Described) -> str:
    """Return the profile in TOML that was described, to be checked by `profile_from_toml`.

    >>> table = Table(("哪天", "多少"), (("31.01.2024", "5"), ("合计", "5")))
    >>> said = {"like": "bank", "sign": "signed", "columns": {"day": "哪天", "signed_fen": "多少"}, "days": "dmy"}
    >>> print(fill_profile(table, Described(name="mine", en="Mine", zh="我的", **said)))
    name = "mine"
    en = "Mine"
    zh = "我的"
    evidence = "sample"
    like = "bank"
    sign = "signed"
    footers = ["^合计"]
    columns = [
      { raw = "哪天", fact = "day", convert = "day", formats = ["dmy"] },
      { raw = "多少", fact = "signed_fen", convert = "yuan" },
    ]
    """
    sums = dict.fromkeys(found[1] for row in table.rows if (found := _SUMS.match(row[0])))
    status = {} if "status" in said.columns else {"status": "done"}
    head: dict[str, object] = {
        "name": said.name,
        "en": said.en,
        "zh": said.zh,
        "evidence": "sample",
        "like": said.like,
        "sign": said.sign,
        "delimiter": "" if table.delimiter == "," else table.delimiter,
        "constants": {"wallet": said.wallet, **status} if said.wallet else {},
        "footers": [f"^{word}" for word in sums],
    }
    asked = {question.fact: question for question in questions_of(said.like, said.sign)}
    lines = [line for fact, raw in said.columns.items() for line in _lines(table, asked[fact], raw, said)]
    told = [f"{key} = {_toml(value)}" for key, value in head.items() if value or key in ("en", "zh")]
    return "\n".join([*told, "columns = [", *lines, "]"])


def wallets() -> tuple[str, ...]:
    """Return the wallets whose bills there are.

    >>> "alipay" in wallets()
    True
    """
    return KINDS["wallet_entry"].field("wallet").words


def _score(row: list[str], known: frozenset[str]) -> tuple[int, int]:
    """Return how many names of a row other profiles know, and how many names it has at all."""
    names = {plain(cell) for cell in row if cell and not _FIGURE.fullmatch(cell)}
    return len(names & known), len(names)


def _lines(table: Table, question: Question, raw: str, said: Described) -> list[str]:
    """Return the lines of a profile that read a column as a fact."""
    says = dict(question.says)
    if question.fact == "day":
        says |= {"formats": [said.days]} if said.days else {}
        if table.is_timed(raw):
            return [_line({"raw": raw, **says, "convert": "moment"})]
    if question.fact == "direction":
        says = direction_says(table.column(raw), said.like)
    lines = [_line({"raw": raw, "fact": question.fact, **says})]
    if question.fact == "account_code":  # its first digit is the class, as the built-in vouchers read it
        model = next(one for one in PROFILES["vouchers"].layouts[0].columns if one.fact == "account_class")
        words = dict(model.words)
        lines.append(_line({"raw": raw, "fact": model.fact, "convert": model.convert, "blank": True, "words": words}))
    return lines


def _line(column: Mapping[str, object]) -> str:
    return f"  {_toml(column)},"


def _toml(value: Any) -> str:
    """Return a value as TOML: texts, truths and lists stand as in JSON, tables in line."""
    if isinstance(value, Mapping):
        pairs = (f"{key if key.isascii() and key.isidentifier() else _toml(key)} = {_toml(one)}" for key, one in value.items())
        return "{ " + ", ".join(pairs) + " }"
    return json.dumps(value, ensure_ascii=False)


def _sheets(path: Path) -> list[Sheet]:
    """Return every way to read a file: its sheets, or for text each guess of encoding and delimiter."""
    with path.open("rb") as file:
        magic = file.read(8)
    if magic.startswith(PARQUET):
        return [ParquetSheet(path)]
    if magic.startswith((ZIP, OLE)):
        return list(grid_sheets(path))
    encodings = candidates(path, _ENCODINGS)
    return [TextSheet(path, encoding, sign, multiline=False) for encoding in encodings for sign in DELIMITERS]
