"""In: files of a kind. Out: SQL that says which rows are new, and from when until when each version is in force. Used: by book.

The order of the rows of one key is (known_at, seq). A row whose `record_id` equals that of its predecessor says nothing new. A
version is in force from its `known_at` until that of the next row that says something new; one that is overtaken within the
same second, and a row that says nothing new, are in force for no time at all: known_until = known_at. A key is the key of one
first subject, so that one subject can be read, and added to, without reading the others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from weilend.core.records import FAR_FUTURE, Kind
from weilend.engine.book_index import read_subjects
from weilend.engine.book_schema import DUCKDB_TYPES, column_types
from weilend.engine.book_tables import INCOMING, DataFile

#: Marks rows by what the row before them says. {line} has subject, key, record_id, known_at, seq.
_SPEAKS = """SELECT *, record_id IS DISTINCT FROM lag(record_id) OVER line AS speaks, lead(known_at) OVER line AS next_at
FROM ({line}) WINDOW line AS (PARTITION BY subject, key ORDER BY known_at, seq)"""


def quote(text: str) -> str:
    """Return a text as a SQL literal.

    >>> quote("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def about(kind: Kind, subjects: Sequence[str] | None) -> str:
    """Return the SQL condition that a row is about one of some first subjects; TRUE where all are meant.

    >>> from weilend.core.records import KINDS
    >>> about(KINDS["invoice"], ["E1"])
    "business_id IN ('E1')"
    """
    return "TRUE" if subjects is None else in_words(kind.subjects[0], subjects)


def in_words(column: str, words: Sequence[str]) -> str:
    """Return the SQL condition that a column says one of some words; FALSE where there are none.

    >>> in_words("role", ["owns", "it's"])
    "role IN ('owns', 'it''s')"
    """
    return f"{column} IN ({', '.join(map(quote, words))})" if words else "FALSE"


def scan(kind: Kind, files: Sequence[DataFile], *, seq: int, where: str = "TRUE") -> str:
    """Return SQL for the rows of some files up to a seq, every column of the kind in stored order.

    >>> from weilend.core.records import KINDS
    >>> scan(KINDS["registry_event"], [], seq=0)[:38]
    'SELECT NULL::VARCHAR AS business_id, N'
    """
    files = [file for file in files if file.preview or file.first_seq <= seq]
    if not files:
        return f"SELECT {', '.join(_missing(kind, name) for name in column_types(kind))} WHERE FALSE"
    return " UNION ALL ".join(
        _scan_alike(kind, [file for file in files if (file.lacks, file.preview) == alike], seq, where)
        for alike in dict.fromkeys((file.lacks, file.preview) for file in files)
    )


def _missing(kind: Kind, name: str) -> str:
    return f"NULL::{DUCKDB_TYPES[column_types(kind)[name]]} AS {name}"


def _scan_alike(kind: Kind, files: Sequence[DataFile], seq: int, where: str) -> str:
    columns = ", ".join(_missing(kind, name) if name in files[0].lacks else name for name in column_types(kind))
    paths = ", ".join(quote(file.path) for file in files)
    bound = "TRUE" if files[0].preview or max(file.last_seq for file in files) <= seq else f"seq <= {seq}"
    conditions = " AND ".join(part for part in (where, bound) if part != "TRUE")
    return f"SELECT {columns} FROM read_parquet([{paths}])" + (f" WHERE {conditions}" if conditions else "")


def is_settled(files: Sequence[DataFile], seq: int) -> bool:
    """Return whether `known_until` as written is right for a reader at a seq: all compacted, and nothing later in it.

    >>> is_settled([], 0)
    True
    """
    return all(file.settled and file.last_seq <= seq for file in files)


def resolve(kind: Kind, files: Sequence[DataFile], *, seq: int, where: str = "TRUE") -> str:
    """Return SQL for every row up to a seq, with `known_until` as it follows from these rows alone.

    Where all files are compacted and none has a later row, it is a plain scan.

    >>> from weilend.core.records import KINDS
    >>> "OVER" in resolve(KINDS["invoice"], [], seq=0)
    False
    """
    if is_settled(files, seq):
        return scan(kind, files, seq=seq, where=where)
    # One compaction writes all settled files, so if one of them knows too much, all do.
    settled = [file for file in files if file.settled]
    trusted = bool(settled) and is_settled(settled, seq)
    moving = [file for file in files if not (file.settled and trusted)]
    line = f"SELECT {kind.subjects[0]} AS subject, key, record_id, known_at, seq"
    everything = scan(kind, files, seq=seq, where=where)
    written = "r.known_until" if trusted else "NULL"
    others = ", ".join(f"r.{name}" for name in column_types(kind) if name != "known_until")
    columns = others.replace("r.known_at", f"r.known_at, coalesce(u.known_until, {written}, {FAR_FUTURE}) AS known_until", 1)
    return f"""WITH line AS NOT MATERIALIZED ({line} FROM ({everything})),
touched AS (SELECT DISTINCT subject, key FROM ({line} FROM ({scan(kind, moving, seq=seq, where=where)}))),
busy AS (SELECT subject, key FROM line SEMI JOIN touched USING (subject, key) GROUP BY ALL HAVING count(*) > 1),
marked AS ({_SPEAKS.format(line="SELECT * FROM line SEMI JOIN busy USING (subject, key)")}),
until AS (SELECT seq, CASE WHEN speaks THEN coalesce(lead(CASE WHEN speaks THEN known_at END IGNORE NULLS)
    OVER (PARTITION BY subject, key ORDER BY known_at, seq), {FAR_FUTURE}) ELSE known_at END AS known_until FROM marked)
SELECT {columns} FROM ({everything}) AS r LEFT JOIN until AS u ON r.seq = u.seq"""


def resolve_once(kind: Kind, files: Sequence[DataFile], *, seq: int) -> str:
    """Return the same SQL as `resolve` for files in which each key stands once: every row is in force from then on.

    >>> from weilend.core.records import KINDS
    >>> resolve_once(KINDS["invoice"], [], seq=0).startswith(f"SELECT * REPLACE ({FAR_FUTURE}::BIGINT AS known_until)")
    True
    """
    return f"SELECT * REPLACE ({FAR_FUTURE}::BIGINT AS known_until) FROM ({scan(kind, files, seq=seq)})"


def stand_in_order(kind: Kind, files: Sequence[DataFile]) -> bool:
    """Return whether the rows of files, read one after the other, stand in the order (first subject, happened_at, seq).

    >>> from weilend.core.records import KINDS
    >>> stand_in_order(KINDS["invoice"], [])
    True
    """
    names = [kind.subjects[0], "happened_at", "seq"]
    last = None
    for file in files:
        read = pq.read_table(file.path, columns=names, read_dictionary=names[:1], use_threads=False)
        rows = read.unify_dictionaries()
        first = tuple(rows[name][0].as_py() for name in names)
        if (last is not None and first < last) or _find_order(rows, np.ones(rows.num_rows, np.bool_), names[0]) is not None:
            return False
        last = tuple(rows[name][-1].as_py() for name in names)
    return True


def in_force(kind: Kind, files: Sequence[DataFile], *, seq: int, where: str = "TRUE") -> str:
    """Return SQL for the versions up to a seq that are in force for some time.

    >>> from weilend.core.records import KINDS
    >>> in_force(KINDS["invoice"], [], seq=0)[-31:]
    ') WHERE known_until > known_at)'
    """
    return f"(SELECT * FROM ({resolve(kind, files, seq=seq, where=where)}) WHERE known_until > known_at)"


def read_few(
    kind: Kind,
    files: Sequence[DataFile],
    *,
    seq: int,
    subjects: Sequence[str] | None,
    as_of: int | None,
    columns: Sequence[str],
) -> pa.Table:
    """Return what `in_force` says of a few first subjects, or of all in a few rows (None), at `as_of` if given, in the order
    (subject, happened_at, seq).

    No database is asked, so one subject comes in milliseconds. Texts may be dictionaries.

    >>> from weilend.core.records import KINDS
    >>> read_few(KINDS["invoice"], [], seq=0, subjects=["E1"], as_of=0, columns=["net_fen"]).num_rows
    0
    """
    settled = is_settled(files, seq)
    asked = (*columns, "happened_at", "known_at", *(("known_until",) if settled else ("key", "record_id")))
    rows = read_subjects(kind, files, subjects, asked, seq)
    known_at = rows["known_at"].to_numpy()
    until = rows["known_until"].to_numpy() if settled else find_until(rows, kind.subjects[0])
    mask = (until > known_at) if as_of is None else (until > known_at) & (until > as_of) & (known_at <= as_of)
    if not settled and "known_until" in columns:
        rows = rows.set_column(rows.column_names.index("known_until"), "known_until", pa.array(until))
    order = _find_order(rows, mask, kind.subjects[0])
    return (rows if order is None else rows.take(pa.array(order))).select(list(columns))


def find_until(rows: pa.Table, subject: str) -> npt.NDArray[np.int64]:
    """Return until when each of all the rows about some subjects is in force, as `resolve` finds it.

    >>> rows = {"business_id": ["E"] * 3, "key": ["k"] * 3, "record_id": ["a", "b", "b"], "known_at": [1, 5, 6], "seq": [1, 2, 3]}
    >>> find_until(pa.table(rows), "business_id").tolist() == [5, FAR_FUTURE, 6]
    True
    """
    known_at, number = rows["known_at"].to_numpy(), rows["seq"].to_numpy()
    who, key, record = (_code(rows[name]) for name in (subject, "key", "record_id"))
    until = np.full(len(key), FAR_FUTURE, dtype=np.int64)
    keys = int(key.max(initial=-1)) + 1
    if keys == len(key):  # nothing was said again
        return until
    line = who * keys + key
    order = np.lexsort((number, known_at, line))
    line, record, known_at = line[order], record[order], known_at[order]
    begins = np.ones(len(line), dtype=np.bool_)
    begins[1:] = line[1:] != line[:-1]
    speaks = begins.copy()
    speaks[1:] |= record[1:] != record[:-1]
    ends = np.append(known_at, FAR_FUTURE)
    ends[:-1][begins] = FAR_FUTURE  # seen from the line before
    until[order] = np.where(speaks, ends[_next_place(speaks)], known_at)
    return until


def _next_place(marks: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Return for each place the next one behind it that is marked, the length where there is none."""
    ahead = np.where(marks, np.arange(len(marks)), len(marks))
    return np.append(np.minimum.accumulate(ahead[::-1])[::-1][1:], len(marks))


def _code(column: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """Return numbers that are equal where texts are."""
    whole = column.combine_chunks()
    coded = whole if isinstance(whole, pa.DictionaryArray) else whole.dictionary_encode()
    return np.asarray(coded.indices.to_numpy(), dtype=np.int64)


def _find_order(rows: pa.Table, mask: npt.NDArray[np.bool_], subject: str) -> npt.NDArray[np.int64] | None:
    """Return the places of the rows that a mask keeps in the order (subject, happened_at, seq); None where they all stand so."""
    names = rows[subject].combine_chunks()
    words = names.dictionary.to_pylist()
    rank = np.empty(len(words), dtype=np.int64)
    rank[sorted(range(len(words)), key=words.__getitem__)] = np.arange(len(words))
    keys = (rows["seq"].to_numpy(), rows["happened_at"].to_numpy(), rank[names.indices.to_numpy()])
    rising = keys[0][1:] > keys[0][:-1]
    for key in keys[1:]:
        rising = (key[1:] > key[:-1]) | ((key[1:] == key[:-1]) & rising)
    if rising.all():
        return None if mask.all() else np.flatnonzero(mask)
    order = np.lexsort(keys)
    return order[mask[order]]


def select_fresh(kind: Kind, files: Sequence[DataFile], *, subjects: Sequence[str] | None) -> str:
    """Return SQL for the places of those rows of `given` (place, subject, key, record_id, known_at) that say something new.

    A row is left out when the same (record_id, known_at) is there or came earlier in the batch, or when its predecessor among
    the rows there and in the batch says the same. The second holds only where nothing else is said in that second: else the
    same batch again would differ from the first time.

    >>> from weilend.core.records import KINDS
    >>> select_fresh(KINDS["invoice"], [], subjects=None).startswith("WITH there AS")
    True
    """
    stored = scan(kind, files, seq=INCOMING, where=about(kind, subjects))
    return f"""WITH there AS MATERIALIZED (SELECT subject, key, record_id, known_at, seq
    FROM (SELECT {kind.subjects[0]} AS subject, key, record_id, known_at, seq FROM ({stored}))
    SEMI JOIN given USING (subject, key)),
candidate AS MATERIALIZED (SELECT * FROM (SELECT min(place) AS place, subject, key, record_id, known_at FROM given GROUP BY ALL)
    ANTI JOIN there USING (subject, key, record_id, known_at)),
busy AS (SELECT subject, key FROM candidate GROUP BY ALL HAVING count(*) > 1
    UNION SELECT subject, key FROM candidate SEMI JOIN there USING (subject, key)),
line AS (SELECT place, subject, key, record_id, known_at, {INCOMING} + place AS seq
    FROM candidate SEMI JOIN busy USING (subject, key)
    UNION ALL SELECT -1, subject, key, record_id, known_at, seq FROM there SEMI JOIN busy USING (subject, key))
SELECT place FROM candidate ANTI JOIN busy USING (subject, key)
UNION ALL SELECT place FROM ({_SPEAKS.format(line="FROM line")}) WHERE place >= 0 AND (speaks OR next_at = known_at)"""
