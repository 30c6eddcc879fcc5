"""In: what the reader made of files. Out: `Batch`, and `Accounting` of where each row went. Used: by the desk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.errors import SourceError
from weilend.core.values import Reason
from weilend.sources.tokens import CLEAR, clear_values

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

REJECTS = pa.schema(
    [("row", pa.int64()), ("file", pa.string()), ("file_row", pa.int64())]
    + [(name, pa.string()) for name in ("reason", "en", "zh", "original")]
)
FACTS = pa.schema([("file", pa.string()), ("business_id", pa.string())])


class Batch(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The records of one or more files, ready to append, and what is needed to account for every raw row.

    `records` holds a table per kind; `row_of` the raw row (from 0, over all files) of each record, or -1 for a record about a
    file as a whole (a balance, a reconciliation); `rejects` the quarantined rows (`file_row` counts data rows from 1, `original`
    is the row as JSON); `rows` the file and business of every raw row; `clear` what the tokens in the records stand for.

    >>> Batch(records={}, row_of={}, rejects=REJECTS.empty_table(), rows=FACTS.empty_table()).rows.num_rows
    0
    """

    records: dict[str, pa.Table]
    row_of: dict[str, Rows]
    rejects: pa.Table
    rows: pa.Table
    clear: pa.Table = msgspec.field(default_factory=CLEAR.empty_table)


class FileCount(msgspec.Struct, frozen=True, kw_only=True):
    """Where the rows of one file went.

    >>> FileCount(file="a.csv", rows_in=3, accepted=1, duplicate=1, quarantined=1).rows_in
    3
    """

    file: str
    rows_in: int
    accepted: int
    duplicate: int
    quarantined: int


class Accounting(msgspec.Struct, frozen=True, kw_only=True):
    """Where every raw row went: rows_in = accepted + duplicate + quarantined, in all and per file.

    `duplicates_of` counts duplicate rows by business, `reasons` quarantined rows by reason code.

    >>> Accounting(rows_in=1, accepted=1, duplicate=0, quarantined=0, files=(), duplicates_of={}, reasons={}).accepted
    1
    """

    rows_in: int
    accepted: int
    duplicate: int
    quarantined: int
    files: tuple[FileCount, ...]
    duplicates_of: dict[str, int]
    reasons: dict[str, int]


def reject_rows(file: str, rejects: Sequence[tuple[int, Reason, object]]) -> pa.Table:
    """Return quarantined rows as a table: (row from 0, reason, the row as it stood, which becomes JSON) each.

    >>> reject_rows("a.csv", [(2, Reason("missing", "no day", "无日期"), ["", "1"])]).to_pylist()[0]["original"]
    '["","1"]'
    """
    lines = [
        {"row": row, "file": file, "file_row": row + 1, "reason": reason.code, "en": reason.en, "zh": reason.zh,
         "original": msgspec.json.encode(original).decode()}
        for row, reason, original in rejects
    ]  # fmt: skip
    return pa.Table.from_pylist(lines, schema=REJECTS)


def account(batch: Batch, fresh: Mapping[str, Mask]) -> Accounting:
    """Return where each raw row went, given which records of each kind the book had not known.

    A row is accepted if at least one of its records is fresh, a duplicate if none is, quarantined if it gave none. Raises
    `SourceError` if the masks do not fit the batch or a row went nowhere.

    >>> rows = pa.table({"file": ["a.csv"] * 3, "business_id": ["E1", "E1", "E2"]})
    >>> reject = pa.Table.from_pylist([{"row": 2, "file": "a.csv", "file_row": 3, "reason": "missing"}], schema=REJECTS)
    >>> batch = Batch(records={}, row_of={"invoice": np.array([0, 1])}, rejects=reject, rows=rows)
    >>> done = account(batch, {"invoice": np.array([True, False])})
    >>> done.rows_in, done.accepted, done.duplicate, done.quarantined, done.duplicates_of, done.reasons
    (3, 1, 1, 1, {'E1': 1}, {'missing': 1})
    """
    total = batch.rows.num_rows
    read, accepted, rejected = (np.zeros(total, np.bool_) for _ in range(3))
    for kind, row_of in batch.row_of.items():
        if len(fresh[kind]) != len(row_of):
            raise SourceError(f"{len(fresh[kind])} answers for {len(row_of)} records of {kind}", hint="append the whole batch")
        borne = row_of >= 0
        read[row_of[borne]] = True
        accepted[row_of[borne & fresh[kind]]] = True
    rejected[batch.rejects["row"].to_numpy()] = True
    if not np.array_equal(read, ~rejected):
        raise SourceError("a row was neither read nor quarantined, or both", hint="check the emits of the profile")
    duplicate = read & ~accepted
    return Accounting(
        rows_in=total,
        accepted=int(accepted.sum()),
        duplicate=int(duplicate.sum()),
        quarantined=int(rejected.sum()),
        files=_file_counts(batch.rows["file"], accepted, duplicate, rejected),
        duplicates_of=_counted(batch.rows["business_id"].filter(pa.array(duplicate))),
        reasons=_counted(batch.rejects["reason"]),
    )


def add_up(parts: Sequence[Accounting]) -> Accounting:
    """Return the accounts of several reads as one.

    >>> one = Accounting(rows_in=2, accepted=1, duplicate=1, quarantined=0, files=(), duplicates_of={"E1": 1}, reasons={})
    >>> both = add_up([one, one])
    >>> both.rows_in, both.duplicates_of
    (4, {'E1': 2})
    """
    duplicates, reasons = Counter[str](), Counter[str]()
    for part in parts:
        duplicates.update(part.duplicates_of)
        reasons.update(part.reasons)
    return Accounting(
        rows_in=sum(part.rows_in for part in parts),
        accepted=sum(part.accepted for part in parts),
        duplicate=sum(part.duplicate for part in parts),
        quarantined=sum(part.quarantined for part in parts),
        files=tuple(file for part in parts for file in part.files),
        duplicates_of=dict(duplicates.most_common()),
        reasons=dict(reasons.most_common()),
    )


def join(batches: Sequence[Batch]) -> Batch:
    """Return the batches of several files as one, rows numbered on.

    >>> rows, none = pa.table({"file": ["a.csv"], "business_id": ["E1"]}), REJECTS.empty_table()
    >>> record = {"invoice": pa.table({"key": ["k"]})}
    >>> one = Batch(records=record, row_of={"invoice": np.array([0])}, rejects=none, rows=rows)
    >>> join([one, one]).row_of["invoice"].tolist()
    [0, 1]
    """
    starts = np.cumsum([0, *(batch.rows.num_rows for batch in batches)])
    records: dict[str, list[pa.Table]] = {}
    row_of: dict[str, list[Rows]] = {}
    rejects = []
    for start, batch in zip(starts, batches, strict=False):
        for kind, table in batch.records.items():
            records.setdefault(kind, []).append(table)
            row_of.setdefault(kind, []).append(np.where(batch.row_of[kind] < 0, -1, batch.row_of[kind] + start))
        rejects.append(batch.rejects.set_column(0, "row", pc.add(batch.rejects["row"], int(start))))
    return Batch(
        records={kind: pa.concat_tables(tables) for kind, tables in records.items()},
        row_of={kind: np.concatenate(parts) for kind, parts in row_of.items()},
        rejects=pa.concat_tables(rejects),
        rows=pa.concat_tables([batch.rows for batch in batches]),
        clear=clear_values(batch.clear for batch in batches),
    )


def _file_counts(files: pa.ChunkedArray, accepted: Mask, duplicate: Mask, rejected: Mask) -> tuple[FileCount, ...]:
    encoded = files.combine_chunks().dictionary_encode()
    codes, names = encoded.indices.to_numpy(), encoded.dictionary.to_pylist()
    counts = [np.bincount(codes[mask], minlength=len(names)) for mask in (accepted, duplicate, rejected)]
    return tuple(
        FileCount(file=name, rows_in=int(fresh + again + out), accepted=int(fresh), duplicate=int(again), quarantined=int(out))
        for name, fresh, again, out in zip(names, *counts, strict=True)
    )


def _counted(column: pa.ChunkedArray) -> dict[str, int]:
    pairs = [(pair["values"], pair["counts"]) for pair in column.drop_null().value_counts().to_pylist()]
    return dict(sorted(pairs, key=lambda pair: (-pair[1], pair[0])))
