"""In: a kind of record and a table of it. Out: the same rows, checked and typed as they are stored. Used: by book."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.calendars import Calendar
from weilend.core.errors import ConsentError, InputError, SchemaError
from weilend.core.records import FRAME, KNOWN_BASES, Field, FieldType, Kind

ARROW_TYPES: Final = {"integer": pa.int64(), "text": pa.string(), "date": pa.date32(), "boolean": pa.bool_()}
DUCKDB_TYPES: Final = {"integer": "BIGINT", "text": "VARCHAR", "date": "DATE", "boolean": "BOOLEAN"}

#: Frame columns that only the book writes.
OWN_COLUMNS: Final = ("known_until", "seq")
#: The instants the book takes: 1900 to 2200 in UTC seconds. Milliseconds given by mistake lie beyond them.
FIRST_INSTANT, LAST_INSTANT = -2_208_988_800, 7_258_118_400
_DAY_SECONDS: Final = 86_400
_RANGED: Final = {
    "happened_at": Field("happened_at", "integer", FIRST_INSTANT, LAST_INSTANT, nullable=False),
    "known_at": Field("known_at", "integer", FIRST_INSTANT, LAST_INSTANT, nullable=False),
    "known_basis": Field("known_basis", "text", nullable=False, words=KNOWN_BASES),
}


def column_types(kind: Kind) -> dict[str, FieldType]:
    """Return every stored column of a kind in stored order, with its type: subjects, fields, frame.

    >>> from weilend.core.records import KINDS
    >>> list(column_types(KINDS["registry_event"]))[:4]
    ['business_id', 'event', 'legal_form', 'key']
    """
    subjects: dict[str, FieldType] = dict.fromkeys(kind.subjects, "text")
    return subjects | {field.name: field.type for field in kind.fields} | FRAME


def arrow_schema(kind: Kind) -> pa.Schema:
    """Return the stored columns of a kind as an Arrow schema.

    >>> from weilend.core.records import KINDS
    >>> arrow_schema(KINDS["invoice"]).field("net_fen").type
    DataType(int64)
    """
    return pa.schema([(name, ARROW_TYPES[type_]) for name, type_ in column_types(kind).items()])


def check_rows(kind: Kind, table: pa.Table, calendar: Calendar) -> pa.Table:
    """Return the rows of a table in stored order and type, `happened_on` added, without the columns that only the book writes.

    Raises `SchemaError` when a column is missing, unknown or of a wrong type, or a value is NULL or out of range where
    it may not be, and `ConsentError` when a row has no consent.

    >>> from weilend.core.records import KINDS
    >>> check_rows(KINDS["invoice"], pa.table({"business_id": ["E1"]}), Calendar())
    Traceback (most recent call last):
    weilend.core.errors.SchemaError: invoice lacks the column counterparty_id, direction, ... Hint: ...
    """
    _check_names(kind, table.column_names)
    fields = [field for field in _expected(kind) if field.name in table.column_names]
    columns = {field.name: _typed(kind, field, table.column(field.name)) for field in fields}
    for field in fields:
        _check_values(kind, field, columns[field.name])
    _check_clocks(kind, columns["happened_at"], columns["known_at"])
    columns["happened_on"] = _check_days(kind, columns, calendar)
    return pa.table({name: columns[name] for name in column_types(kind) if name in columns})


def local_days(instants: npt.NDArray[np.int64], calendar: Calendar) -> npt.NDArray[np.int64]:
    """Return the local day of each instant (UTC seconds), in days since 1970-01-01.

    >>> [int(day) for day in local_days(np.array([1577807999, 1577808000]), Calendar("Asia/Shanghai"))]
    [18261, 18262]
    """
    if not len(instants):
        return np.zeros(0, dtype=np.int64)
    starts, days = _day_boundaries(np.unique(instants // _DAY_SECONDS), calendar)
    return days[np.searchsorted(starts, instants, side="right") - 1]


def _day_boundaries(utc_days: npt.NDArray[np.int64], calendar: Calendar) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return when the local days begin that touch some UTC days, and their numbers: a few calls a day, not a row."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC).date()
    touched = set()
    for utc_day in utc_days.tolist():
        day, last = (calendar.day_of(utc_day * _DAY_SECONDS + edge) for edge in (0, _DAY_SECONDS - 1))
        while day <= last:
            touched.add(day)
            day += timedelta(days=1)
    ordered = sorted(touched)
    return np.array([calendar.start_of(day) for day in ordered]), np.array([(day - epoch).days for day in ordered])


def _expected(kind: Kind) -> list[Field]:
    """Return what may stand in each given column: the first subject, which orders the table, and the frame are never NULL."""
    subjects = [Field(name, "text", nullable=name != kind.subjects[0]) for name in kind.subjects]
    plain = [Field(name, type_, nullable=False) for name, type_ in FRAME.items() if name not in (*OWN_COLUMNS, *_RANGED)]
    frame = [*plain, *_RANGED.values()]
    return [*subjects, *kind.fields, *frame]


def _check_names(kind: Kind, given: Sequence[str]) -> None:
    expected = [field.name for field in _expected(kind)]
    missing = [name for name in expected if name not in given and name != "happened_on"]
    unknown = [name for name in given if name not in expected]
    if missing:
        raise SchemaError(f"{kind.name} lacks the column {', '.join(missing)}", hint="a value that is not known is a NULL")
    if unknown or len(set(given)) < len(given):
        twice = [name for name in dict.fromkeys(given) if list(given).count(name) > 1]
        raise SchemaError(
            f"{kind.name} has no column {', '.join(unknown)}" if unknown else f"{kind.name} has {', '.join(twice)} twice",
            hint=f"its columns are {', '.join(expected)}",
        )


def _typed(kind: Kind, field: Field, column: pa.ChunkedArray) -> pa.ChunkedArray:
    target = ARROW_TYPES[field.type]
    if column.type == target:
        return column
    given = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    fits = {
        "integer": pa.types.is_integer,
        "text": lambda it: pa.types.is_string(it) or pa.types.is_large_string(it) or pa.types.is_string_view(it),
        "date": pa.types.is_date,
        "boolean": pa.types.is_boolean,
    }[field.type]
    if not (fits(given) or pa.types.is_null(given)):
        raise SchemaError(f"{kind.name}.{field.name} is {given}", hint=f"give {field.type} ({target})")
    try:
        return column.cast(target)
    except pa.ArrowInvalid as error:
        raise SchemaError(f"{kind.name}.{field.name} does not fit {target}: {error}", hint="give smaller values") from None


def _check_values(kind: Kind, field: Field, column: pa.ChunkedArray) -> None:
    if field.name == "consent_id":
        _refuse(pc.fill_null(pc.equal(column, ""), fill_value=True), kind, "comes without a consent", column, ConsentError)
    if not field.nullable and column.null_count:
        _refuse(pc.is_null(column), kind, f"has no {field.name}", column)
    if field.type == "text" and not field.nullable:
        _refuse(pc.equal(column, ""), kind, f"has an empty {field.name}", column)
    if field.lo is not None:
        _refuse(pc.less(column, field.lo), kind, f"has {field.name} below {field.lo}", column)
    if field.hi is not None:
        _refuse(pc.greater(column, field.hi), kind, f"has {field.name} above {field.hi}", column)
    if field.words and not set(pc.unique(column).to_pylist()) <= {*field.words, None}:
        strange = pc.invert(pc.is_in(column, value_set=pa.array([*field.words, None], pa.string())))
        _refuse(strange, kind, f"has {field.name} other than {', '.join(field.words)}", column)


def _check_clocks(kind: Kind, happened_at: pa.ChunkedArray, known_at: pa.ChunkedArray) -> None:
    _refuse(pc.less(known_at, happened_at), kind, "is known before it happened", known_at)


def _check_days(kind: Kind, columns: dict[str, pa.ChunkedArray], calendar: Calendar) -> pa.ChunkedArray:
    days = local_days(columns["happened_at"].to_numpy(), calendar).astype(np.int32)
    computed = pa.chunked_array([pa.array(days).cast(pa.date32())], pa.date32())
    if "happened_on" in columns:
        given = columns["happened_on"]
        _refuse(pc.not_equal(given, computed), kind, f"has another happened_on than {calendar.zone}", given)
    return computed


def _refuse(
    wrong: pa.ChunkedArray,
    kind: Kind,
    what: str,
    column: pa.ChunkedArray,
    error: type[InputError] = SchemaError,
) -> None:
    """Raise when any row is wrong, naming how many and the first."""
    if not pc.any(wrong).as_py():
        return
    row = pc.index(wrong, pa.scalar(value=True)).as_py()
    count = pc.sum(wrong).as_py()
    raise error(
        f"{kind.name} row {row} {what} ({column[row].as_py()!r}); {count} of {len(column)} rows are so",
        hint="nothing was written: correct or quarantine these rows and append again",
    )
