"""In: a csv or Parquet file of a list. Out: `list_entry` records in batches, clear identifiers hidden. Used: by the desk's lists.

A file is read twice: first to find what is wrong with it, so that a bad one changes nothing, then to make records. Memory holds one
batch. A column may say of each row what else is said once of the whole file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

from weilend.core.calendars import Calendar
from weilend.core.errors import ConsentError, InputError, NotFoundError
from weilend.core.records import LIST_ENTRY
from weilend.core.records.people import SUBJECTS
from weilend.sources import PURPOSE_OF, Tokens, identify

BATCH_ROWS: Final = 131_072
_BLOCK_BYTES: Final = 4 << 20
#: What makes two records versions of one entry.
KEY: Final = ("subject_kind", "subject_id", "list_name", "source", "case_id")

_SAID: Final = ("subject_kind", "list_name", "source", "reason", "severity", "valid_until_on", "added_by")
_COLUMNS: Final[Mapping[str, pa.DataType]] = {
    "subject": pa.string(), "subject_id": pa.string(), "subject_kind": pa.string(), "list_name": pa.string(), "source": pa.string(),
    "reason": pa.string(), "case_id": pa.string(), "part": pa.string(), "amount_fen": pa.int64(), "severity": pa.int64(),
    "valid_from_on": pa.date32(), "valid_until_on": pa.date32(), "added_by": pa.string(),
}  # fmt: skip
_WORDS: Final = {
    "subject_kind": SUBJECTS,
    "list_name": LIST_ENTRY.field("list_name").words,
    "part": LIST_ENTRY.field("part").words,
}
_NEEDED: Final = ("subject_kind", "list_name", "source", "reason")


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a whole file, where its columns do not say it; `act` is what its rows do."""

    consent_id: str
    subject_kind: str | None = None
    list_name: str | None = None
    source: str | None = None
    reason: str | None = None
    severity: int | None = None
    valid_until_on: date | None = None
    added_by: str | None = None
    act: str = "added"


def check_file(path: Path, said: Said, today: date) -> int:
    """Return the rows of a file that can be imported as it is on a day.

    Raises `ConsentError` without a consent, and `InputError` or `NotFoundError` with the row and what to do for anything else.
    """
    if not said.consent_id.strip():
        raise ConsentError("a list came without a consent", hint="name it: --consent ID")
    rows = 0
    for table in _read(path):
        _check(path.name, _filled(table, said), rows, today)
        rows += table.num_rows
    if not rows:
        raise InputError(f"{path.name} has no rows", hint="give one subject a row, below a header")
    return rows


def record_tables(path: Path, said: Said, *, tokens: Tokens, calendar: Calendar, at: int) -> Iterator[pa.Table]:
    """Yield the records of a file that was checked, as the book takes them; `at` (UTC seconds) is when we came to know them."""
    for table in _read(path):
        yield make_records(_filled(table, said), said, tokens=tokens, calendar=calendar, at=at)


def make_records(table: pa.Table, said: Said, *, tokens: Tokens, calendar: Calendar, at: int) -> pa.Table:
    """Return rows with the columns of a list file as `list_entry` records."""
    count = table.num_rows
    columns = {name: table[name].combine_chunks() for name in table.column_names}
    columns["subject_id"] = _hidden(columns, tokens)
    begins = _begins(columns.pop("valid_from_on"), calendar, at)
    columns.pop("subject")
    columns["act"] = pa.repeat(said.act, count)
    key, record_id = identify("list_entry", columns, KEY)
    frame = {"key": key, "record_id": record_id, "happened_at": begins, "known_at": pa.repeat(at, count)}
    told = {"known_basis": pa.repeat("observed", count), "consent_id": pa.repeat(said.consent_id, count)}
    return pa.table({**columns, **frame, **told})


def _read(path: Path) -> Iterator[pa.Table]:
    """Yield a file in batches, typed; raises `InputError` for what is no table of a list."""
    if not path.is_file():
        raise NotFoundError(f"there is no file {path.name}", hint="check the path")
    try:
        if path.suffix == ".parquet":
            for batch in pq.ParquetFile(path).iter_batches(BATCH_ROWS):
                yield _typed(path.name, pa.Table.from_batches([batch]))
            return
        convert = pc_csv.ConvertOptions(column_types=dict.fromkeys(_COLUMNS, pa.string()), strings_can_be_null=True)
        for batch in pc_csv.open_csv(path, pc_csv.ReadOptions(block_size=_BLOCK_BYTES), convert_options=convert):
            for start in range(0, batch.num_rows, BATCH_ROWS):
                yield _typed(path.name, pa.Table.from_batches([batch.slice(start, BATCH_ROWS)]))
    except pa.ArrowInvalid as error:
        raise InputError(f"{path.name} is no table of a list: {error}", hint="give csv in UTF-8, or Parquet") from None


def _typed(name: str, table: pa.Table) -> pa.Table:
    unknown = [column for column in table.column_names if column not in _COLUMNS]
    if unknown or not {"subject", "subject_id"} & set(table.column_names):
        wrong = f"has a column {unknown[0]!r}" if unknown else "has neither a column subject nor subject_id"
        raise InputError(f"{name} {wrong}", hint=f"its columns may be: {', '.join(_COLUMNS)}")
    columns = {}
    for column in table.column_names:
        try:
            columns[column] = table[column].cast(_COLUMNS[column])
        except pa.ArrowInvalid:
            hint = "whole numbers, and days as YYYY-MM-DD"
            raise InputError(f"{name} has a {column} that is none", hint=hint) from None
    return pa.table(columns)


def _filled(table: pa.Table, said: Said) -> pa.Table:
    """Return a table with every column: what no cell says is what was said of the whole file."""
    columns = {}
    for name, type_ in _COLUMNS.items():
        column = table[name] if name in table.column_names else pa.nulls(table.num_rows, type_)
        whole = pa.scalar(getattr(said, name), type_) if name in _SAID else pa.scalar(None, type_)
        columns[name] = pc.fill_null(column, whole) if whole.is_valid else column
    return pa.table(columns)


def _check(name: str, table: pa.Table, before: int, today: date) -> None:
    for column in _NEEDED:
        empty = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(table[column]), ""), fill_value=True)
        _refuse(name, empty, before, f"has no {column}", f"fill the column, or say it once: --{_option(column)}")
    for column, words in _WORDS.items():
        strange = pc.invert(pc.is_in(table[column], value_set=pa.array([*words, None], pa.string())))
        _refuse(name, strange, before, f"has an unknown {column}", f"there is: {', '.join(words)}")
    subject = pc.coalesce(table["subject_id"], table["subject"])
    nobody = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(subject), ""), fill_value=True)
    _refuse(name, nobody, before, "names nobody", "fill subject (as it reads) or subject_id (a token)")
    hidden = pc.is_in(table["subject_kind"], value_set=pa.array(list(PURPOSE_OF)))
    _refuse(name, pc.and_(pc.invert(hidden), table["subject_id"].is_null()), before, "is of a kind that has no clear name",
            "give its identity as subject_id")  # fmt: skip
    severity = pc.fill_null(table["severity"], 0)
    _refuse(
        name, pc.or_(pc.less(severity, 0), pc.greater(severity, 100)), before, "has a severity beyond 0 to 100", "correct it"
    )
    later = pc.fill_null(pc.greater(table["valid_from_on"], pa.scalar(today)), fill_value=False)
    _refuse(name, later, before, f"begins after {today}", "import it on its first day")
    backwards = pc.fill_null(pc.less(table["valid_until_on"], table["valid_from_on"]), fill_value=False)
    _refuse(name, backwards, before, "ends before it begins", "correct valid_from_on or valid_until_on")


def _option(column: str) -> str:
    return {"subject_kind": "kind", "list_name": "list"}.get(column, column)


def _refuse(name: str, wrong: pa.ChunkedArray, before: int, what: str, hint: str) -> None:
    if pc.any(wrong).as_py():
        row = before + pc.index(wrong, pa.scalar(value=True)).as_py() + 1
        raise InputError(f"{name} row {row} {what}; nothing was imported", hint=hint)


def _hidden(columns: Mapping[str, pa.Array], tokens: Tokens) -> pa.Array:
    """Return the identity of each row: as given, or the token of what was given in clear, under the purpose of its kind."""
    given, clear, kinds = columns["subject_id"], columns["subject"], columns["subject_kind"]
    if not given.null_count:
        return given
    for kind in pc.unique(kinds.filter(given.is_null())).to_pylist():
        mine = pc.and_(pc.equal(kinds, kind), given.is_null())
        hidden, _ = tokens.column(PURPOSE_OF[kind], pc.if_else(mine, clear, pa.scalar(None, pa.string())))
        given = pc.coalesce(given, hidden)
    return given


def _begins(days: pa.Array, calendar: Calendar, at: int) -> pa.Array:
    """Return when each entry begins to hold: the first second of its first day, which is the careful reading; else when it came."""
    encoded = days.dictionary_encode()
    starts = pa.array([calendar.start_of(day) for day in encoded.dictionary.to_pylist()], pa.int64())
    return pc.fill_null(starts.take(encoded.indices), at)
