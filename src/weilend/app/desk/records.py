"""In: tables of records. Out: the same as plain rows, and back. Used: where records travel in a request or wait in the outbox."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from weilend.core.errors import InputError
from weilend.core.records import FRAME, KINDS

#: Records as JSON has them: kind → one object per record, subjects, fields and frame; the book adds what is its own.
Rows = dict[str, list[dict[str, str | int | None]]]
GIVEN_FRAME = tuple(name for name in FRAME if name not in ("happened_on", "known_until", "seq"))


def to_rows(tables: Mapping[str, pa.Table]) -> Rows:
    """Return tables of records as plain rows, in the columns that an append needs.

    >>> to_rows({"registry_event": pa.table({"business_id": ["E1"], "seq": [7], "happened_at": [0]})})
    {'registry_event': [{'business_id': 'E1', 'happened_at': 0}]}
    """
    return {kind: table.select(_columns(kind, table.column_names)).to_pylist() for kind, table in tables.items()}


def to_tables(rows: Rows) -> dict[str, pa.Table]:
    """Return plain rows as tables that the book takes; raises `InputError` where a value is of a wrong type.

    >>> to_tables({"registry_event": [{"business_id": "E1", "happened_at": "yesterday"}]})
    Traceback (most recent call last):
    weilend.core.errors.InputError: registry_event.happened_at is no integer in every row. Hint: ...
    """
    return {kind: _as_table(kind, part) for kind, part in rows.items()}


def _columns(kind: str, there: list[str]) -> list[str]:
    schema = KINDS[kind]
    wanted = (*schema.subjects, *(field.name for field in schema.fields), *GIVEN_FRAME)
    return [name for name in wanted if name in there]


def _as_table(kind: str, rows: list[dict[str, str | int | None]]) -> pa.Table:
    types = {field.name: field.type for field in KINDS[kind].fields} | FRAME
    columns = {}
    for name in dict.fromkeys(name for row in rows for name in row):
        type_ = "integer" if types.get(name) == "integer" else "text"
        try:
            columns[name] = pa.array([row.get(name) for row in rows], pa.int64() if type_ == "integer" else pa.string())
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            hint = "send it as the kind declares it: fen, seconds and counts as integers"
            raise InputError(f"{kind}.{name} is no {type_} in every row", hint=hint) from None
    return pa.table(columns)
