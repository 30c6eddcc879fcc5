"""In: rows of `list_entry`. Out: `Entry`, one of them in full, and rows as the index keeps them. Used: by build, delta, lookup."""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.calendars import Calendar
from weilend.core.records import FAR_FUTURE
from weilend.core.records.people import SUBJECTS
from weilend.fraud.lists.identity import fingerprints, identities, identity, kind_seed
from weilend.fraud.lists.meanings import ACTS, LISTS, NAMES

#: The columns of a `list_entry` that lists read.
COLUMNS: Final = (
    "subject_kind", "subject_id", "list_name", "act", "key", "happened_at", "valid_until_on", "known_at", "seq", "severity",
    "reason", "source", "case_id", "part", "amount_fen", "added_by", "consent_id",
)  # fmt: skip

#: A row of the index, 64 bytes: identity, which chain of versions it is of, when it was said, from when until when it holds,
#: where the full entry lies, and codes.
ROW: Final = np.dtype([
    ("high", "<u8"), ("low", "<u8"), ("chain", "<u8"), ("known_at", "<i8"), ("seq", "<i8"), ("from_at", "<i8"), ("until_at", "<i8"),
    ("place", "<u4"), ("kind", "u1"), ("list", "u1"), ("act", "u1"), ("severity", "u1"),
])  # fmt: skip
#: The same with the fingerprint that it is sorted by.
SPOOLED: Final = np.dtype([("fingerprint", "<u8"), ("row", ROW)])
Rows = npt.NDArray[np.void]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an entry of a list, as the book has it; `until_at` is the last second of `valid_until_on`, or far away.

    Versions with the same `key` are one chain: the newest of those known says how it stands.
    """

    subject_kind: str
    subject_id: str
    list_name: str
    act: str
    key: str
    happened_at: int
    until_at: int
    known_at: int
    seq: int
    severity: int
    reason: str | None = None
    source: str = ""
    case_id: str | None = None
    part: str | None = None
    amount_fen: int | None = None
    valid_until_on: date | None = None
    added_by: str | None = None
    consent_id: str = ""


def chain_of(key: str) -> int:
    """Return the 64 bits by which versions of one entry are told from those of others of the same subject.

    >>> chain_of("0" * 15 + "a" + "f" * 16)
    10
    """
    return identity(key)[0]


def to_entry(row: dict[str, object], calendar: Calendar) -> Entry:
    """Return one row of `COLUMNS`, its severity filled and its last day as an instant.

    >>> said = {"subject_kind": "phone", "subject_id": "t", "list_name": "watch", "act": "added", "key": "k", "source": "own"}
    >>> clocks = {"happened_at": 0, "known_at": 0, "seq": 1, "consent_id": "c", "valid_until_on": date(1970, 1, 1)}
    >>> row = dict.fromkeys(COLUMNS) | said | clocks
    >>> entry = to_entry(row, Calendar("Asia/Shanghai"))
    >>> entry.severity, entry.until_at
    (50, 57599)
    """
    last = row["valid_until_on"]
    until_at = calendar.end_of(last) if isinstance(last, date) else FAR_FUTURE
    severity = LISTS[str(row["list_name"])].severity if row["severity"] is None else row["severity"]
    return msgspec.convert({**row, "until_at": until_at, "severity": severity}, Entry)


def to_rows(table: pa.Table, first_place: int, calendar: Calendar) -> Rows:
    """Return a table of `COLUMNS` as `SPOOLED` rows, in the same order; their places count from `first_place`."""
    spooled = np.zeros(table.num_rows, SPOOLED)
    rows = spooled["row"]
    high, low = identities(_whole(table["subject_id"]))
    rows["high"], rows["low"] = high, low
    kinds = _codes(table["subject_kind"], SUBJECTS)
    spooled["fingerprint"] = fingerprints(np.array([kind_seed(kind) for kind in SUBJECTS], np.uint64)[kinds], high, low)
    rows["chain"] = identities(_whole(table["key"]))[0]
    for ours, theirs in (("known_at", "known_at"), ("seq", "seq"), ("from_at", "happened_at")):
        rows[ours] = table[theirs].to_numpy()
    rows["until_at"] = _untils(table["valid_until_on"], calendar)
    rows["place"] = np.arange(first_place, first_place + table.num_rows)
    rows["kind"], rows["act"] = kinds, _codes(table["act"], ACTS)
    lists = _codes(table["list_name"], NAMES)
    rows["list"] = lists
    usual = np.array([LISTS[name].severity for name in NAMES], np.int64)[lists]
    rows["severity"] = np.where(table["severity"].is_valid().to_numpy(), pc.fill_null(table["severity"], 0).to_numpy(), usual)
    return spooled


def _whole(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _codes(column: pa.ChunkedArray, words: tuple[str, ...]) -> npt.NDArray[np.int64]:
    codes: npt.NDArray[np.int64] = np.asarray(
        pc.index_in(_whole(column), value_set=pa.array(words)).to_numpy(zero_copy_only=False), np.int64
    )
    return codes


def _untils(days: pa.ChunkedArray, calendar: Calendar) -> npt.NDArray[np.int64]:
    """Return the last second of each day, far away where there is none; the calendar is asked once a day."""
    encoded = _whole(days).dictionary_encode()
    ends = [calendar.end_of(day) for day in encoded.dictionary.to_pylist()]
    places = pc.fill_null(encoded.indices, len(ends)).to_numpy(zero_copy_only=False)
    untils: npt.NDArray[np.int64] = np.array([*ends, FAR_FUTURE], np.int64)[places]
    return untils
