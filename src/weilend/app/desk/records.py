"""In: tables of records. Out: the same as plain rows, and back. Used: where records travel in a request or wait in the outbox."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from weilend.core.errors import InputError
from weilend.core.records import FRAME, KINDS, FieldType

#: Records as JSON has them: kind → one object per record, subjects, fields and frame; the book adds what is its own.
Cell = str | int | bool | None
Rows = dict[str, list[dict[str, Cell]]]
#: How a field of each type stands in JSON, and what it becomes: dates go as YYYY-MM-DD.
SENT: dict[FieldType, pa.DataType] = {"integer": pa.int64(), "text": pa.string(), "date": pa.string(), "boolean": pa.bool_()}
GIVEN_FRAME = tuple(name for name in FRAME if name not in ("happened_on", "known_until", "seq"))


def to_rows(tables: Mapping[str, pa.Table]) -> Rows:
    """Return tables of records as plain rows, in the columns that an append needs.

    >>> to_rows({"registry_event": pa.table({"business_id": ["E1"], "seq": [7], "happened_at": [0]})})
    {'registry_event': [{'business_id': 'E1', 'happened_at': 0}]}
    """
    return {
        kind: _as_sent(kind, table.select(_columns(kind, table.column_names))).to_pylist() for kind, table in tables.items()
    }


def to_tables(rows: Rows) -> dict[str, pa.Table]:
    """Return plain rows as tables that the book takes; raises `InputError` where a value is of a wrong type.

    A nullable field that no row speaks of is NULL in all: a payload that was sealed before its kind had the field stays whole.

    >>> to_tables({"registry_event": [{"business_id": "E1", "happened_at": "yesterday"}]})
    Traceback (most recent call last):
    weilend.core.errors.InputError: registry_event.happened_at is no integer in every row. Hint: ...
    """
    return {kind: _as_table(kind, part) for kind, part in rows.items()}


def _columns(kind: str, there: list[str]) -> list[str]:
    schema = KINDS[kind]
    wanted = (*schema.subjects, *(field.name for field in schema.fields), *GIVEN_FRAME)
    return [name for name in wanted if name in there]


def _as_sent(kind: str, table: pa.Table) -> pa.Table:
    """Return a table whose dates are texts, as JSON has them."""
    for index, name in enumerate(table.column_names):
        if _type_of(kind, name) == "date":
            table = table.set_column(index, name, table[name].cast(pa.string()))
    return table


def _type_of(kind: str, name: str) -> FieldType:
    types: dict[str, FieldType] = {field.name: field.type for field in KINDS[kind].fields} | FRAME
    return types.get(name, "text")


def _as_table(kind: str, rows: list[dict[str, Cell]]) -> pa.Table:
    columns = {}
    nullable = [field.name for field in KINDS[kind].fields if field.nullable]
    for name in dict.fromkeys([*(name for row in rows for name in row), *nullable]):
        type_ = _type_of(kind, name)
        try:
            column = pa.array([row.get(name) for row in rows], SENT[type_])
            columns[name] = column.cast(pa.date32()) if type_ == "date" else column
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            hint = "send it as the kind declares it: fen, seconds and counts as integers, dates as YYYY-MM-DD"
            raise InputError(f"{kind}.{name} is no {type_} in every row", hint=hint) from None
    return pa.table(columns)
