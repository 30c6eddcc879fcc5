"""In: a view of the book, or a list of edges in a file. Out: tables of edges. Used: by build, overlay and the doors of the
graph.

An edge says that at `at` (the later of when it happened and when we came to know it) two nodes were said to belong together.
What was once said stays said; a later row about the same two nodes and type is the last word on them, and may say that it is
over (`until_at`). So rows are only ever added, and what a query at an instant and a seq reads never changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from weilend.core.calendars import Calendar
from weilend.core.errors import InputError, NotFoundError
from weilend.core.records import FAR_FUTURE
from weilend.engine.book_view import BookView
from weilend.fraud.graph.types import EDGE_TYPES, THING, EdgeType, Origin, types_of

#: What a table of edges has; a mark has the same node on both ends. Times are UTC seconds, the amount is 0 where there is none.
EDGE_SCHEMA: Final = pa.schema([
    ("from_kind", pa.string()), ("from_id", pa.string()), ("to_kind", pa.string()), ("to_id", pa.string()), ("type", pa.string()),
    ("at", pa.int64()), ("seq", pa.int64()), ("until_at", pa.int64()), ("amount_fen", pa.int64()),
])  # fmt: skip
_UNTYPED: Final = "edge"
#: A walk tells so many types apart.
MOST_TYPES: Final = 255
_NEEDED: Final = ("from", "to")


class Edges(msgspec.Struct, frozen=True, eq=False):
    """Edges (`EDGE_SCHEMA`, any order) and what their types mean.

    >>> Edges(EDGE_SCHEMA.empty_table()).table.num_rows
    0
    """

    table: pa.Table
    types: dict[str, EdgeType] = msgspec.field(default_factory=lambda: EDGE_TYPES)


def edges_of(view: BookView, calendar: Calendar, *, after: int = -1, roles: tuple[str, ...] = ()) -> Iterator[pa.Table]:
    """Yield the edges of the rows that a view reads above a seq (a preview's too), one piece for each file and origin.

    `roles` keeps types of these roles only. Files that end before the seq are not opened.
    """
    for name, type_ in EDGE_TYPES.items():
        if roles and type_.role not in roles:
            continue
        for origin in type_.origins:
            for file in view.files(origin.record):
                lacks = {*_columns(origin)} & {*file.lacks}
                if lacks or not (file.preview or file.last_seq > after) or (file.first_seq > view.seq and not file.preview):
                    continue
                bound = [] if file.preview else [("seq", ">", after), ("seq", "<=", view.seq)]
                read = pq.read_table(
                    file.path, columns=_columns(origin), filters=[*origin.where, *bound] or None, use_threads=False
                )
                if read.num_rows:
                    yield _to_edges(read, name, origin, calendar)


def _columns(origin: Origin) -> list[str]:
    kinds = [text[1:] for text in (origin.from_kind, origin.to_kind) if text.startswith("@")]
    named = [origin.from_, origin.to, origin.until, origin.amount, *kinds, *(column for column, _, _ in origin.where)]
    return list(dict.fromkeys(name for name in (*named, "happened_at", "known_at", "seq") if name))


def _to_edges(read: pa.Table, name: str, origin: Origin, calendar: Calendar) -> pa.Table:
    """Return records as edges; those without either end say nothing."""
    right, right_kind = (origin.to, origin.to_kind) if origin.to else (origin.from_, origin.from_kind)
    read = read.filter(pc.and_(read[origin.from_].is_valid(), read[right].is_valid()))
    count = read.num_rows

    def kind(text: str) -> pa.ChunkedArray | pa.Array:
        return read[text[1:]].cast(pa.string()) if text.startswith("@") else pa.repeat(pa.scalar(text), count)

    columns = {
        "from_kind": kind(origin.from_kind),
        "from_id": read[origin.from_].cast(pa.string()),
        "to_kind": kind(right_kind),
        "to_id": read[right].cast(pa.string()),
        "type": pa.repeat(pa.scalar(name), count),
        "at": pc.max_element_wise(read["happened_at"], read["known_at"]),
        "seq": read["seq"],
        "until_at": _until(read[origin.until], calendar) if origin.until else pa.repeat(pa.scalar(FAR_FUTURE), count),
        "amount_fen": read[origin.amount] if origin.amount else pa.repeat(pa.scalar(0), count),
    }
    return pa.table(columns, schema=EDGE_SCHEMA)


def _until(days: pa.ChunkedArray, calendar: Calendar) -> pa.Array:
    """Return the last second of each day, far away where there is none; the calendar is asked once a day."""
    coded = days.combine_chunks().dictionary_encode()
    ends = [calendar.end_of(day) for day in coded.dictionary.to_pylist()]
    places = pc.fill_null(coded.indices, len(ends))
    return pa.array([*ends, FAR_FUTURE], pa.int64()).take(places)


def read_edges(path: Path) -> Edges:
    """Return the edges of a CSV or Parquet file with columns from, to and, where there are, type, at, weight.

    `at` is UTC seconds or a date (its first second, UTC); without it all edges are of one instant. `weight` (0 to 1) scales
    what a type's sharing says: rows of equal weight become a type of their own. Edges from a node to itself are left out.
    Raises `InputError` with the first row that is wrong, `NotFoundError` for a file that is not there.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as name:
    ...     _ = (Path(name) / "edges.csv").write_text("from,to,type\\na,p,phone\\nb,p,phone\\n")
    ...     read_edges(Path(name) / "edges.csv").table["type"].to_pylist()
    ['phone', 'phone']
    """
    if not path.is_file():
        raise NotFoundError(f"there is no file {path.name}", hint="name a csv or parquet file with columns from and to")
    given = _read_file(path)
    missing = [name for name in _NEEDED if name not in given.column_names]
    if missing:
        there = ", ".join(given.column_names) or "none"
        raise InputError(f"{path.name} has no column {missing[0]!r} (it has {there})", hint="an edge needs from and to")
    return edges_from(given, path.name)


def edges_from(given: pa.Table, name: str = "the table") -> Edges:
    """Return a table with columns from, to [, type, at, weight] as edges; what `read_edges` does with a file.

    >>> edges_from(pa.table({"from": ["a", "b"], "to": ["x", "x"], "type": ["phone", "phone"]})).table["to_kind"].to_pylist()
    ['phone', 'phone']
    """
    left, right = (_texts(given, column, name) for column in _NEEDED)
    count = given.num_rows
    said = _texts(given, "type", name) if "type" in given.column_names else pa.repeat(pa.scalar(_UNTYPED), count)
    types, names = _weighted(said, given, name)
    if len(types) > MOST_TYPES:
        raise InputError(
            f"{name} has {len(types)} types of edges", hint=f"at most {MOST_TYPES}: say what is shared, not each thing"
        )
    kinds = pa.array([word if word in ("phone", "address", "account", "device", "wifi", "ip") else THING
                      for word in said.unique().to_pylist()], pa.string())  # fmt: skip
    columns = {
        "from_kind": pa.repeat(pa.scalar(THING), count),
        "from_id": left,
        "to_kind": kinds.take(pc.index_in(said, value_set=said.unique())),
        "to_id": right,
        "type": names,
        "at": _instants(given, name),
        "seq": pa.array(np.arange(count)),
        "until_at": pa.repeat(pa.scalar(FAR_FUTURE), count),
        "amount_fen": pc.fill_null(given["amount_fen"].cast(pa.int64()), 0)
        if "amount_fen" in given.column_names
        else pa.repeat(pa.scalar(0), count),
    }
    table = pa.table(columns, schema=EDGE_SCHEMA)
    return Edges(table.filter(pc.not_equal(left, right)), types)


def _read_file(path: Path) -> pa.Table:
    try:
        if path.suffix == ".parquet":
            return pq.read_table(path)
        texts = {name: pa.string() for name in (*_NEEDED, "type")}
        return pyarrow.csv.read_csv(path, convert_options=pyarrow.csv.ConvertOptions(column_types=texts))
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        first = str(error).splitlines()[0]
        raise InputError(f"{path.name} cannot be read: {first}", hint="a csv with a header, or a parquet file") from None


def _texts(given: pa.Table, column: str, name: str) -> pa.Array:
    texts = _whole(given[column].cast(pa.string()))
    if texts.null_count or pc.any(pc.equal(texts, "")).as_py():
        row = int(np.flatnonzero(pc.fill_null(pc.equal(texts, ""), fill_value=True).to_numpy(zero_copy_only=False))[0])
        raise InputError(f"{name}, row {row + 1}: {column!r} is empty", hint="leave the row out, or say which node it is")
    return texts


def _whole(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def _instants(given: pa.Table, name: str) -> pa.Array:
    if "at" not in given.column_names:
        return pa.repeat(pa.scalar(0, pa.int64()), given.num_rows)
    try:
        at = _whole(given["at"])
        if pa.types.is_date(at.type) or pa.types.is_timestamp(at.type):
            at = at.cast(pa.timestamp("s"), safe=False)
        whole = at.cast(pa.int64())
    except pa.ArrowInvalid as error:
        raise InputError(f"{name}: 'at' is neither seconds nor a date ({error})", hint="UTC seconds, or YYYY-MM-DD") from None
    if whole.null_count:
        raise InputError(f"{name}: 'at' is empty in {whole.null_count} rows", hint="say it in every row or in none")
    return whole


def _weighted(said: pa.Array, given: pa.Table, name: str) -> tuple[dict[str, EdgeType], pa.Array]:
    """Return the types and each row's type; with weights a type has a part for each tenth."""
    words = said.unique().to_pylist()
    types = {word: _as_key(one) for word, one in types_of(words).items()}
    if "weight" not in given.column_names:
        return types, said
    weights = _whole(given["weight"]).cast(pa.float64()).to_numpy(zero_copy_only=False)
    wrong = np.flatnonzero(~((weights >= 0) & (weights <= 1)))
    if len(wrong):
        raise InputError(f"{name}, row {wrong[0] + 1}: a weight of {weights[wrong[0]]}", hint="weights go from 0 to 1")
    tenths = np.rint(10 * weights).astype(np.int64)
    names = pc.binary_join_element_wise(said, pa.array(tenths).cast(pa.string()), " ")
    parts: dict[str, Any] = {}
    for part in names.unique().to_pylist():
        word, tenth = part.rsplit(" ", 1)
        parts[part] = msgspec.structs.replace(types[word], weight_ppm=types[word].weight_ppm * int(tenth) // 10)
    return parts, names


def _as_key(one: EdgeType) -> EdgeType:
    """Return a type as a list of edges means it: whatever is named there is shared, with no window but what the list has."""
    return msgspec.structs.replace(one, role="key" if one.role in ("bond", "mark") else one.role)
