"""In: record columns. Out: `key` and `record_id`, 32 hex digits a record. Used: by the reader for every record of every source.

`key` says which fact it is, `record_id` which version of it. Both hash text that names every field, without nulls, so a new
nullable field changes no old hash; clocks and source stay out of `record_id`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from weilend.sources.profile import record_columns

_BREAK = "\x1f"  # stands between fields, so it is escaped within them
_ESCAPE = "\x1b"


def identify(kind: str, columns: Mapping[str, pa.Array], key_fields: Sequence[str]) -> tuple[pa.Array, pa.Array]:
    """Return (key, record_id) of every row of `columns`, which hold the subjects, fields and keyed frame columns of a kind.

    With `key_fields` the key is their hash; without, it is content and happened day plus the ordinal among identical rows, so
    two equal genuine rows survive and overlapping files merge by maximum multiplicity.

    >>> one = {"business_id": pa.array(["E1", "E1"]), "outcome": pa.array(["default", "default"]),
    ...     "happened_on": pa.array([0, 0], pa.date32())}
    >>> key, record_id = identify("external_outcome", one, ("business_id",))
    >>> key[0].as_py(), key[0] == key[1], record_id[0] == record_id[1]
    ('4bc3f4b56a2d01a51f478d386b1241a8', True, True)
    >>> key, record_id = identify("external_outcome", one, ())
    >>> key[0] == key[1]
    False
    """
    named = {name: columns[name] for name in record_columns(kind) if name in columns}
    keyed = {name: columns[name] for name in key_fields or (*named, "happened_on")}
    texts = field_texts(kind, keyed)
    if not key_fields:
        texts = field_texts("", {"content": texts, "ordinal": pa.array(ordinals(texts))})
    key = digests(texts)
    return key, record_ids(kind, {"key": key, **named})


def record_ids(kind: str, columns: Mapping[str, pa.Array]) -> pa.Array:
    """Return the record_id of rows whose key is known: what an audit computes again.

    >>> one = {"key": pa.array(["k"]), "business_id": pa.array(["E1"])}
    >>> record_ids("external_outcome", one) == record_ids("external_outcome", {**one, "seq": pa.array([9])})
    True
    """
    named = {name: columns[name] for name in ("key", *record_columns(kind)) if name in columns}
    return digests(field_texts(kind, named))


def field_texts(kind: str, columns: Mapping[str, pa.Array]) -> pa.Array:
    r"""Return one text a row that no other content shares: the kind, then ``name=value`` by name, nulls left out.

    >>> field_texts("k", {"b": pa.array([1, None]), "a": pa.array(["x", "y"])}).to_pylist()
    ['k\x1fa=x\x1fb=1', 'k\x1fa=y']
    """
    plain = {name: _plain(columns[name]) for name in sorted(columns)}
    if not any(column.null_count for column in plain.values()):  # the same text in one pass
        parts = [part for name, column in plain.items() for part in (f"{_BREAK}{name}=", column)]
        return pc.binary_join_element_wise(kind, *parts, "")
    parts = [pc.binary_join_element_wise(f"{name}=", column, "") for name, column in plain.items()]
    return pc.binary_join_element_wise(kind, *parts, _BREAK, null_handling="skip")


def digests(texts: pa.Array) -> pa.Array:
    """Return 32 hex digits (128 bits of SHA-256) of every text, as `core.ids.bytes_hash` gives them.

    >>> digests(pa.array([""]))[0].as_py()
    'e3b0c44298fc1c149afbf4c8996fb924'
    """
    raw = b"".join([sha256(text).digest()[:16] for text in texts.cast(pa.binary()).to_pylist()])
    offsets = np.arange(len(texts) + 1, dtype=np.int32) * 32
    return pa.StringArray.from_buffers(len(texts), pa.py_buffer(offsets), pa.py_buffer(raw.hex().encode()))


def ordinals(texts: pa.Array) -> npt.NDArray[np.int64]:
    """Return for every row how many equal rows stand before it.

    >>> ordinals(pa.array(["a", "b", "a", "a"])).tolist()
    [0, 0, 1, 2]
    """
    codes = texts.dictionary_encode().indices.to_numpy(zero_copy_only=False)
    order = np.argsort(codes, kind="stable")
    ranked = codes[order]
    starts = np.flatnonzero(np.r_[True, ranked[1:] != ranked[:-1]]) if len(codes) else np.empty(0, np.int64)
    sizes = np.diff(np.r_[starts, len(codes)])
    result = np.empty(len(codes), np.int64)
    result[order] = np.arange(len(codes)) - np.repeat(starts, sizes)
    return result


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


def _plain(column: pa.Array) -> pa.Array:
    """Return a column as text in which the break between fields cannot occur."""
    if not pa.types.is_string(column.type):
        return column.cast(pa.string())
    if not _holds_control(column):
        return column
    escaped = pc.replace_substring(column, _ESCAPE, f"{_ESCAPE}0")
    return pc.replace_substring(escaped, _BREAK, f"{_ESCAPE}1")


def _holds_control(column: pa.Array) -> bool:
    """Return whether the bytes behind a text column hold a break or an escape at all; almost none does, so this is quick."""
    data = column.buffers()[2]
    if data is None:
        return False
    found = np.frombuffer(data, np.uint8)
    return bool(((found == ord(_BREAK)) | (found == ord(_ESCAPE))).any())
