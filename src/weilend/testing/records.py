"""In: a kind of record. Out: hypothesis strategies of its rows and tables, as a book takes them. Used: by suites of all kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

import pyarrow as pa
from hypothesis import strategies as st

from weilend.core.records import FIRST_INSTANT, KNOWN_BASES, LAST_INSTANT, Field, FieldType, Kind
from weilend.sources import identify

Value = int | str | bool | date | None
Row = Mapping[str, Value]

ARROW: Final[dict[FieldType, pa.DataType]] = {
    "integer": pa.int64(),
    "text": pa.string(),
    "date": pa.date32(),
    "boolean": pa.bool_(),
}
_WIDEST: Final = 2**63 - 1
_FRAME: Final = ("happened_at", "known_at", "known_basis", "source", "consent_id")
_FEW: Final = ("S1", "S2", "甲")  # subjects: few, so that rows meet


def values(field: Field) -> st.SearchStrategy[Value]:
    """Return what may stand in a field: its range to both ends, its words or any text, NULL where it is nullable.

    >>> from hypothesis import find
    >>> find(values(Field("net_fen", "integer", lo=3, hi=9, nullable=False)), lambda value: True)
    3
    """
    by_type: dict[FieldType, st.SearchStrategy[Value]] = {
        "integer": st.integers(
            -_WIDEST if field.lo is None else field.lo,
            _WIDEST if field.hi is None else field.hi,
        ),
        "text": st.sampled_from(field.words) if field.words else st.text(min_size=not field.nullable, max_size=12),
        "date": st.dates(date(1900, 1, 1), date(2199, 12, 31)),
        "boolean": st.booleans(),
    }
    plain = by_type[field.type]
    return st.none() | plain if field.nullable else plain


@st.composite
def rows(draw: st.DrawFn, kind: Kind, subjects: Sequence[str] = _FEW) -> Row:
    """Return rows of a kind: subjects, business fields, and the frame without key and record_id; known when or after it happened.

    >>> from hypothesis import find
    >>> from weilend.core.records import KINDS
    >>> row = find(rows(KINDS["decision"]), lambda row: row["outcome"] == "approve")
    >>> row["business_id"], row["known_at"] >= row["happened_at"]
    ('S1', True)
    """
    row: dict[str, Value] = {kind.subjects[0]: draw(st.sampled_from(subjects))}
    row |= {name: draw(st.none() | st.sampled_from(subjects)) for name in kind.subjects[1:]}
    row |= {field.name: draw(values(field)) for field in kind.fields}
    happened_at, known_at = sorted(
        (draw(st.integers(FIRST_INSTANT, LAST_INSTANT)), draw(st.integers(FIRST_INSTANT, LAST_INSTANT)))
    )
    basis = draw(st.sampled_from(KNOWN_BASES))
    return {**row, **dict(zip(_FRAME, (happened_at, known_at, basis, "test", "own-data"), strict=True))}


def as_table(kind: Kind, facts: Sequence[Row]) -> pa.Table:
    """Return rows of a kind as a table that a book takes, `key` by content and ordinal, `record_id` by content.

    >>> from weilend.core.records import KINDS
    >>> fact = {"business_id": "E1", "outcome": "default", "happened_at": 0, "known_at": 0, "known_basis": "observed",
    ...     "source": "test", "consent_id": "own-data"}
    >>> table = as_table(KINDS["external_outcome"], [fact, fact])
    >>> table.num_rows, len(set(table["key"].to_pylist()))
    (2, 2)
    """
    fields = (*(Field(name, "text") for name in kind.subjects), *kind.fields)
    columns = {field.name: pa.array([fact[field.name] for fact in facts], ARROW[field.type]) for field in fields}
    frame = {
        name: pa.array([fact[name] for fact in facts], pa.int64() if name.endswith("_at") else pa.string()) for name in _FRAME
    }
    happened_at = {"happened_on": frame["happened_at"]}  # finer than the day: rows of one second are told apart by ordinal
    key, record_id = identify(kind.name, {**columns, **happened_at}, ())
    return pa.table({**columns, **frame, "key": key, "record_id": record_id})


def tables(kind: Kind, *, min_size: int = 1, max_size: int = 8, subjects: Sequence[str] = _FEW) -> st.SearchStrategy[pa.Table]:
    """Return tables of a kind that a book takes.

    >>> from weilend.core.records import KINDS
    >>> tables(KINDS["link"], max_size=2).is_empty
    False
    """
    return st.lists(rows(kind, subjects), min_size=min_size, max_size=max_size).map(lambda facts: as_table(kind, facts))
