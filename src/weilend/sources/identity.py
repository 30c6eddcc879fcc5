"""In: record columns. Out: `key` and `record_id`, 32 hex digits a record. Used: by the reader for every record of every source.

`key` says which fact it is, `record_id` which version of it. Both hash text that names every field, without nulls, so a new
nullable field changes no old hash; clocks and source stay out of `record_id`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from weilend.sources.columns.groups import ordinals_of
from weilend.sources.profile import record_columns

#: A column, or the one thing that all its rows say.
Column = Any  # pa.Array | pa.Scalar, which have no types

_BREAK = "\x1f"  # stands between fields, so it is escaped within them
_ESCAPE = "\x1b"


def identify(
    kind: str,
    columns: Mapping[str, Column],
    key_fields: Sequence[str],
    *,
    ordinal: bool = False,
    ordinals: pa.Array | None = None,
) -> tuple[pa.Array, pa.Array]:
    """Return (key, record_id) of every row of `columns`, which hold the subjects, fields and keyed frame columns of a kind.

    With `key_fields` the key is their hash; without, it is content and happened day plus the ordinal among identical rows, so
    two equal genuine rows survive and overlapping files merge by maximum multiplicity. `ordinal` does the same for rows of one
    key: what a file says twice under one key is two facts, what two files say once each is one. `ordinals` are those of the rows
    where these are not all rows of their file. A column that says one thing may be a scalar.

    >>> one = {"business_id": pa.array(["E1", "E1"]), "outcome": pa.array(["default", "default"]),
    ...     "happened_on": pa.array([0, 0], pa.date32())}
    >>> key, record_id = identify("external_outcome", one, ("business_id",))
    >>> key[0].as_py(), key[0] == key[1], record_id[0] == record_id[1]
    ('4bc3f4b56a2d01a51f478d386b1241a8', True, True)
    >>> key, record_id = identify("external_outcome", one, ())
    >>> key[0] == key[1]
    False
    """
    plain = {name: _plain(column) for name, column in columns.items()}  # once for both texts
    named = {name: plain[name] for name in record_columns(kind) if name in plain}
    keyed = {name: plain[name] for name in key_fields or (*named, "happened_on")}
    count = _count(columns)
    texts = _joined_texts(kind, keyed, count)
    if ordinal or ordinals is not None or not key_fields:
        number = ordinals if ordinals is not None else pa.array(ordinals_of([texts]))
        texts = pc.binary_join_element_wise(texts, f"{_BREAK}ordinal=", number.cast(pa.string()), "")
    key = digests(texts)
    return key, digests(_joined_texts(kind, {"key": key, **named}, count))


def record_ids(kind: str, columns: Mapping[str, Column]) -> pa.Array:
    """Return the record_id of rows whose key is known: what an audit computes again.

    >>> one = {"key": pa.array(["k"]), "business_id": pa.array(["E1"])}
    >>> record_ids("external_outcome", one) == record_ids("external_outcome", {**one, "seq": pa.array([9])})
    True
    """
    named = {name: columns[name] for name in ("key", *record_columns(kind)) if name in columns}
    return digests(field_texts(kind, named))


def field_texts(kind: str, columns: Mapping[str, Column]) -> pa.Array:
    r"""Return one text a row that no other content shares: the kind, then ``name=value`` by name, nulls left out.

    >>> field_texts("k", {"b": pa.array([1, None]), "a": pa.array(["x", "y"])}).to_pylist()
    ['k\x1fa=x\x1fb=1', 'k\x1fa=y']
    """
    return _joined_texts(kind, {name: _plain(column) for name, column in columns.items()}, _count(columns))


def _count(columns: Mapping[str, Column]) -> int:
    return next((len(column) for column in columns.values() if not isinstance(column, pa.Scalar)), 1)


def _joined_texts(kind: str, columns: Mapping[str, Column], count: int) -> pa.Array:
    """Return the texts of columns that are plain already."""
    parts: list[pa.Array | str] = [kind]
    for name in sorted(columns):
        column, title = columns[name], f"{_BREAK}{name}="
        if isinstance(column, pa.Scalar):
            _add(parts, f"{title}{column.as_py()}" if column.is_valid else "")
        elif not column.null_count:
            _add(parts, title)
            parts.append(column)
        elif column.null_count < len(column):
            parts.append(pc.fill_null(pc.binary_join_element_wise(title, column, ""), ""))
    if len(parts) == 1 and isinstance(parts[0], str):  # every column says one thing, or nothing
        return pa.repeat(pa.scalar(parts[0]), count)
    return pc.binary_join_element_wise(*parts, "")


def _add(parts: list[pa.Array | str], text: str) -> None:
    """Add a text that stands in every row, to the one before it where there is one: fewer parts are joined faster."""
    if parts and isinstance(parts[-1], str):
        parts[-1] += text
    else:
        parts.append(text)


def digests(texts: pa.Array) -> pa.Array:
    """Return 32 hex digits (128 bits of SHA-256) of every text, as `core.ids.bytes_hash` gives them.

    >>> digests(pa.array([""]))[0].as_py()
    'e3b0c44298fc1c149afbf4c8996fb924'
    """
    plain = texts.combine_chunks() if isinstance(texts, pa.ChunkedArray) else texts
    _, places, content = plain.cast(pa.binary()).buffers()
    bounds = np.frombuffer(places or b"", np.int32)[plain.offset : plain.offset + len(plain) + 1].tolist()
    data = content.to_pybytes() if content else b""
    whole = b"".join([sha256(data[start:end]).digest() for start, end in pairwise(bounds)])
    halves = np.frombuffer(whole, np.uint8).reshape(-1, 32)[:, :16].tobytes()
    offsets = np.arange(len(texts) + 1, dtype=np.int32) * 32
    return pa.StringArray.from_buffers(len(texts), pa.py_buffer(offsets), pa.py_buffer(halves.hex().encode()))


def first_seen(record_ids: pa.Array) -> npt.NDArray[np.bool_]:
    """Return which rows hold a record_id for the first time: what a book that knows nothing would call fresh.

    >>> first_seen(pa.array(["a", "a", "b"])).tolist()
    [True, False, True]
    """
    plain = record_ids.combine_chunks() if isinstance(record_ids, pa.ChunkedArray) else record_ids
    codes = plain.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    mask = np.zeros(len(codes), np.bool_)
    mask[np.unique(codes, return_index=True)[1]] = True
    return mask


def _plain(column: Column) -> Column:
    """Return a column as text in which the break between fields cannot occur; one that says one thing as a scalar."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    if not isinstance(column, pa.Scalar):
        column = _one_thing(column)
    if isinstance(column, pa.Scalar):
        text = column.as_py()
        return (
            pa.scalar(text.replace(_ESCAPE, f"{_ESCAPE}0").replace(_BREAK, f"{_ESCAPE}1"))
            if isinstance(text, str)
            else column.cast(pa.string())
        )
    if pa.types.is_date(column.type):  # there are few days and many rows
        days = column.dictionary_encode()
        return days.dictionary.cast(pa.string()).take(days.indices)
    if not pa.types.is_string(column.type):
        return column.cast(pa.string())
    if not _holds_control(column):
        return column
    escaped = pc.replace_substring(column, _ESCAPE, f"{_ESCAPE}0")
    return pc.replace_substring(escaped, _BREAK, f"{_ESCAPE}1")


def _one_thing(column: pa.Array) -> Column:
    """Return the one thing that all rows of a column say, or the column."""
    if len(column) > 1 and not column.null_count and column[0] == column[-1] and pc.all(pc.equal(column, column[0])).as_py():
        return column[0]
    return column


def _holds_control(column: pa.Array) -> bool:
    """Return whether the bytes behind a text column hold a break or an escape at all; almost none does, so this is quick."""
    data = column.buffers()[2]
    if data is None:
        return False
    found = np.frombuffer(data, np.uint8)
    return bool(((found == ord(_BREAK)) | (found == ord(_ESCAPE))).any())
