"""In: columns of what happened. Out: records with identity, clocks and order, as the book keeps them. Used: by every maker of
traces.

A maker says what happened when, in arrays; `tell` gives it the frame that all kinds share. When we came to know it follows from
the lag of its source: a bank's lines come the next day, a tax return on the day it is filed, an order when the platform says
so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.errors import SchemaError
from weilend.core.records import FAR_FUTURE, FRAME, KINDS
from weilend.sources.identity import identify

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
#: A column: numbers, an Arrow array, or one value for all rows.
Given = Any

DAY: Final = 86_400
#: The home's calendar is eight hours ahead of UTC and has no summer time.
OFFSET: Final = 8 * 3_600
END_OF_DAY: Final = DAY - 1
CONSENT: Final = "economy"
#: Stands among the kinds of records that a maker tells, and is none: which of them fraud made.
TRUTH: Final = "truth"
_TYPES: Final = {"integer": pa.int64(), "text": pa.string(), "date": pa.date32(), "boolean": pa.bool_()}


def instant(day: Ints, second: Ints | int = END_OF_DAY) -> Ints:
    """Return UTC seconds of a second of a local day (days since 1970-01-01).

    >>> instant(np.array([18_262]), 0).tolist()
    [1577808000]
    """
    return np.asarray(day, dtype=np.int64) * DAY + second - OFFSET


def local_day(at: Ints) -> Ints:
    """Return the local day of instants.

    >>> local_day(np.array([1577807999, 1577808000])).tolist()
    [18261, 18262]
    """
    day: Ints = (at + OFFSET) // DAY
    return day


def dates(day: Ints, known: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    """Return days as dates, NULL where they are not known.

    >>> dates(np.array([18_262]))[0].as_py().isoformat()
    '2020-01-01'
    """
    return pa.array(day.astype(np.int32), mask=None if known is None else ~known).cast(pa.date32())


def maybe(values: npt.ArrayLike | pa.Array, known: npt.NDArray[np.bool_]) -> pa.Array:
    """Return values (numbers, or an Arrow array), NULL where they are not known.

    >>> maybe(np.array([1, 2]), np.array([True, False])).to_pylist()
    [1, None]
    """
    if isinstance(values, pa.Array):
        return pc.if_else(pa.array(known), values, pa.scalar(None, values.type))
    return pa.array(np.asarray(values), mask=~known)


def words(vocabulary: Sequence[str], place: Ints) -> pa.Array:
    """Return the words at places of a vocabulary; a place below 0 is NULL.

    >>> words(("in", "out"), np.array([1, 0, -1])).to_pylist()
    ['out', 'in', None]
    """
    return pa.array(list(vocabulary), pa.string()).take(pa.array(place, mask=place < 0))


def named(prefix: str, number: Ints, width: int = 0) -> pa.Array:
    """Return names made of a prefix and a number, padded with zeros.

    >>> named("S", np.array([7]), 3).to_pylist()
    ['S007']
    """
    digits = pa.array(np.asarray(number, np.int64)).cast(pa.string())
    return pc.binary_join_element_wise(prefix, pc.utf8_lpad(digits, width, "0") if width else digits, "")


def some(columns: Mapping[str, Given], chosen: npt.NDArray[Any]) -> dict[str, Given]:
    """Return columns at positions, or where a mask is true; what is one value for all rows stays one.

    >>> some({"a": np.array([1, 2]), "b": "x"}, np.array([False, True]))
    {'a': array([2]), 'b': 'x'}
    """
    at = np.flatnonzero(chosen) if chosen.dtype == np.bool_ else chosen
    return {
        name: value.take(pa.array(at)) if isinstance(value, pa.Array | pa.ChunkedArray)
        else value[at] if isinstance(value, np.ndarray) else value
        for name, value in columns.items()
    }  # fmt: skip


def scrambled(number: Ints, salt: int) -> Ints:
    """Return numbers of 48 bits that tell nothing of the order of those given; one to one (an affine map and its swap of halves).

    >>> len(set(scrambled(np.arange(1_000), 3).tolist()))
    1000
    """
    mask, value = (1 << 48) - 1, np.asarray(number, np.int64).astype(np.uint64)
    for factor in (0x9E3779B97F4B | 1, 0xC2B2AE3D27D5 | 1):
        value = (value * np.uint64(factor) + np.uint64(salt * 2 + 1)) & np.uint64(mask)
        value ^= value >> np.uint64(23)
    return value.astype(np.int64)


def tell(
    kind: str,
    columns: Mapping[str, Given],
    *,
    at: Ints,
    known_at: Ints | None = None,
    lag_days: int = 0,
    source: str,
    key: Sequence[str],
    replaced_at: Ints | None = None,
) -> pa.Table:
    """Return records of a kind in the order given, all columns of the kind in place.

    `at` are UTC seconds. Known at `known_at`, or at the end of the day that lies `lag_days` after it happened (0: at once). `key`
    names the columns that make the fact; `replaced_at` is when a later version of the same key came, for rows that have one.
    Raises `SchemaError` for a column that the kind does not have.

    >>> one = tell("external_outcome", {"business_id": pa.array(["B1"]), "outcome": "default"}, at=np.array([5]),
    ...     source="bank", key=("business_id",))
    >>> one["known_at"].to_pylist(), one["outcome"].to_pylist(), one["known_until"][0].as_py() == FAR_FUTURE
    ([5], ['default'], True)
    """
    schema, count = _stored(kind), len(at)
    unknown = set(columns) - set(schema.names)
    if unknown:
        raise SchemaError(f"{kind} has no column {', '.join(sorted(unknown))}", hint="see core/records")
    full = {name: _column(value, schema.field(name).type, count) for name, value in columns.items()}
    full["happened_on"] = dates(local_day(at))
    full["key"], full["record_id"] = identify(kind, full, key)
    known = known_at if known_at is not None else at if not lag_days else instant(local_day(at) + lag_days)
    full |= {"happened_at": pa.array(at), "known_at": pa.array(known)}
    full["known_until"] = pa.array(np.full(count, FAR_FUTURE) if replaced_at is None else replaced_at)
    origin = {"known_basis": "observed", "source": source, "consent_id": CONSENT}
    full |= {name: pa.repeat(text, count) for name, text in origin.items()}
    return pa.table({name: full.get(name, pa.nulls(count, schema.field(name).type)) for name in schema.names}, schema=schema)


def _stored(kind: str) -> pa.Schema:
    """Return the columns of a kind as the book stores them, `seq` left out: the book numbers."""
    one = KINDS[kind]
    types = dict.fromkeys(one.subjects, pa.string()) | {field.name: _TYPES[field.type] for field in one.fields}
    frame = {name: _TYPES[word] for name, word in FRAME.items() if name != "seq"}
    return pa.schema(list((types | frame).items()))


def _column(value: Given, wanted: pa.DataType, count: int) -> pa.Array:
    if isinstance(value, pa.ChunkedArray):
        value = value.combine_chunks()
    if isinstance(value, str | bool | int):
        return pa.repeat(pa.scalar(value, wanted), count)
    array = value if isinstance(value, pa.Array) else pa.array(value)
    return array if array.type == wanted else array.cast(wanted)


def mark(kind: str, table: pa.Table, pattern: Ints) -> pa.Table:
    """Return what the truth will say of records that fraud made: kind, record_id, first subject, and the pattern's number (from 1).

    >>> mark("order", pa.table({"shop_id": ["s", "s"], "record_id": ["a", "b"]}), np.array([0, 2])).to_pylist()
    [{'kind': 'order', 'record_id': 'b', 'subject_id': 's', 'pattern': 2}]
    """
    made = pattern > 0
    ids, whose = (table[name].filter(pa.array(made)) for name in ("record_id", KINDS[kind].subjects[0]))
    kinds = pa.repeat(pa.scalar(kind), len(ids))
    return pa.table({"kind": kinds, "record_id": ids, "subject_id": whose, "pattern": pattern[made]})
