"""In: tables of edges. Out: nodes by number, edges in the order of time, an adjacency: in memory, or as files. Used: by shelf,
overlay.

Nodes are numbered in the order of their fingerprints (see `fraud.lists.identity`), which does not depend on what else there is.
Edges are ordered by (at, seq). Building takes about 150 bytes an edge of memory.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.errors import CheckError, InputError
from weilend.engine.book_lock import sync
from weilend.fraud.generations import META
from weilend.fraud.graph.types import NODE_KINDS, EdgeType
from weilend.fraud.lists.identity import fingerprints, identities, kind_seed

FORMAT: Final = 1
NAMES: Final = "names.arrow"
#: Columns of `said`: what a query needs of a row, side by side, so that one look into memory brings it all.
AT, SEQ, UNTIL, TYPE = range(4)
_MOST: Final = 2**32 - 2
_SEEDS: Final = np.array([kind_seed(kind) for kind in NODE_KINDS], np.uint64)

Array = npt.NDArray[Any]


class Meta(msgspec.Struct, frozen=True):
    """What a generation is: every edge of the book up to `seq`; the types by their codes."""

    format: int
    seq: int
    nodes: int
    edges: int
    types: tuple[str, ...]


class Arrays(msgspec.Struct, frozen=True, eq=False):
    """A graph as arrays.

    `codes` and `kinds` are of nodes; node n has `near[starts[n]:starts[n + 1]]` as neighbours by the rows `rows[...]`; of a row
    `said` has (at, seq, until, type). `ends` are the two nodes of each row. Flows stand apart, for no query follows them:
    `flows` (from, to) and `flow_said` (at, seq, amount, type).
    """

    codes: Array
    kinds: Array
    starts: Array
    near: Array
    rows: Array
    said: Array
    ends: Array
    flows: Array
    flow_said: Array

    def rows_by(self, as_of: int) -> int:
        """Return how many rows were said by an instant."""
        return int(np.searchsorted(self.said[:, AT], as_of, side="right"))


class Built(msgspec.Struct, frozen=True, eq=False):
    """Arrays, the names of their nodes (columns kind, id) and the names of types by code."""

    arrays: Arrays
    names: pa.Table
    types: tuple[str, ...]


def build(tables: Iterable[pa.Table], types: dict[str, EdgeType]) -> Built:
    """Return the graph of some tables of edges. Raises `InputError` for a kind of node or a type that does not exist.

    >>> from weilend.fraud.graph.edges import edges_from
    >>> edges = edges_from(pa.table({"from": ["a", "b"], "to": ["x", "x"]}))
    >>> built = build([edges.table], edges.types)
    >>> built.names.num_rows, np.diff(built.arrays.starts).tolist()
    (3, [1, 2, 1])
    """
    names = tuple(types)
    flow = np.array([types[name].role == "flow" for name in names], np.bool_)
    parts = [_to_rows(table, names) for table in tables if table.num_rows]
    codes, kinds, labels = _nodes([part[0] for part in parts])
    ends = _stack([part[1] for part in parts], 2, np.uint64)
    said = _stack([part[2] for part in parts], 5, np.int64)
    order = np.lexsort((ends[:, 1], ends[:, 0], said[:, TYPE], said[:, SEQ], said[:, AT]))
    said, numbers = said[order], np.searchsorted(codes, ends[order]).astype(np.uint32)
    if max(len(said), len(codes)) > _MOST:
        raise CheckError(f"{len(said):,} edges are more than one graph counts", hint="build the graph of a shorter past")
    is_flow = flow[said[:, TYPE]] if len(said) else np.zeros(0, np.bool_)
    flows, flow_said = numbers[is_flow], said[is_flow][:, [AT, SEQ, 4, TYPE]]
    own, told = np.ascontiguousarray(numbers[~is_flow]), np.ascontiguousarray(said[~is_flow][:, :4])
    starts, near, rows = adjacency(own, len(codes))
    arrays = Arrays(codes, kinds, starts, near, rows, told, own, np.ascontiguousarray(flows), np.ascontiguousarray(flow_said))
    return Built(arrays, labels, names)


def adjacency(ends: Array, nodes: int) -> tuple[Array, Array, Array]:
    """Return (starts, near, rows) of edges (two nodes a row) in the order of their rows.

    >>> starts, near, rows = adjacency(np.array([[0, 1], [1, 1]], np.uint32), 2)
    >>> starts.tolist(), near.tolist(), rows.tolist()
    ([0, 1, 3], [1, 0, 1], [0, 0, 1])
    """
    from weilend.fraud.graph import kernels  # late: numba is slow to load

    left, right = np.ascontiguousarray(ends[:, 0]), np.ascontiguousarray(ends[:, 1])
    starts = np.zeros(nodes + 1, np.int64)
    kernels.count_ends(left, right, starts)
    near, rows = np.empty(starts[-1], np.uint32), np.empty(starts[-1], np.uint32)
    kernels.place_rows(left, right, starts, near, rows)
    return starts, near, rows


def write(built: Built, seq: int, folder: Path) -> Meta:
    """Write a graph into an empty folder, and force it to disk."""
    meta = Meta(FORMAT, seq, len(built.arrays.codes), len(built.arrays.said) + len(built.arrays.flow_said), built.types)
    for name in Arrays.__struct_fields__:
        np.save(folder / f"{name}.npy", getattr(built.arrays, name), allow_pickle=False)
    with pa.ipc.new_file(folder / NAMES, built.names.schema) as writer:
        writer.write_table(built.names.combine_chunks())
    (folder / META).write_bytes(msgspec.json.encode(meta))
    for path in folder.iterdir():
        sync(path)
    sync(folder)
    return meta


def _to_rows(table: pa.Table, names: tuple[str, ...]) -> tuple[pa.Table, Array, Array]:
    """Return the nodes of a table once each (code, kind, id), the codes of both ends, and at, seq, until, type, amount."""
    ends, nodes = np.empty((table.num_rows, 2), np.uint64), []
    for side, way in enumerate(("from", "to")):
        ends[:, side], there = _codes_of(table[f"{way}_kind"], table[f"{way}_id"])
        nodes.append(there)
    said = np.empty((table.num_rows, 5), np.int64)
    for place, column in ((AT, "at"), (SEQ, "seq"), (UNTIL, "until_at"), (4, "amount_fen")):
        said[:, place] = table[column].to_numpy()
    said[:, TYPE] = _number(table["type"], names, "type of edge")
    return pa.concat_tables(nodes), ends, said


def _codes_of(kinds: pa.ChunkedArray, ids: pa.ChunkedArray) -> tuple[Array, pa.Table]:
    """Return the fingerprint of each node, and a table of the nodes once each (code, kind, id)."""
    numbers = _number(kinds, NODE_KINDS, "kind of node")
    coded = ids.combine_chunks().dictionary_encode()
    high, low = identities(coded.dictionary)
    places = coded.indices.to_numpy()
    codes = fingerprints(_SEEDS[numbers], high[places], low[places])
    unique, first = np.unique(codes, return_index=True)
    kind = pa.array(NODE_KINDS).take(pa.array(numbers[first]))
    return codes, pa.table({"code": unique, "kind": kind, "id": coded.dictionary.take(pa.array(places[first]))})


def _number(column: pa.ChunkedArray, words: tuple[str, ...], what: str) -> Array:
    numbers = pc.index_in(column.combine_chunks(), value_set=pa.array(words, pa.string()))
    if numbers.null_count:
        wrong = column.filter(numbers.is_null())[0].as_py()
        raise InputError(f"there is no {what} {wrong!r}", hint=f"there is: {', '.join(words)}")
    return np.asarray(numbers.to_numpy(), np.int64)


def _nodes(parts: list[pa.Table]) -> tuple[Array, Array, pa.Table]:
    """Return the codes and kinds of all nodes in the order of codes, and their names."""
    empty = pa.schema([("code", pa.uint64()), ("kind", pa.string()), ("id", pa.string())]).empty_table()
    every = pa.concat_tables([empty, *parts])
    codes, first = np.unique(every["code"].to_numpy(), return_index=True)
    names = every.select(["kind", "id"]).take(pa.array(first)).combine_chunks()
    kinds = _number(names["kind"], NODE_KINDS, "kind of node").astype(np.uint8)
    return codes, kinds, names


def _stack(parts: list[Array], width: int, dtype: Any) -> Array:
    return np.concatenate([np.empty((0, width), dtype), *parts])
