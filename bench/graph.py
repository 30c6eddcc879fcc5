"""In: made-up edges of people and what they share. Out: how fast components, blocks and ring queries are. Used: `make bench`.

`python -m bench.graph 10000000` is the size of the bar. Who shares what is drawn so that most keys have one holder or few, some
have hundreds (markets, offices) and a handful a hundredth of all people (hubs); one in a hundred people is in a gang of 20.
Peer: SciPy's connected components on the same edges, its sparse matrix included, for nobody has edges as such a matrix.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from bench.measure import Row, agree, compare, emit, plain_row, race
from weilend.fraud.graph.blocks import column_weights, dense_blocks
from weilend.fraud.graph.build import build, write
from weilend.fraud.graph.components import components
from weilend.fraud.graph.edges import EDGE_SCHEMA
from weilend.fraud.graph.graph import Graph, open_generation
from weilend.fraud.graph.inquiry import query
from weilend.fraud.graph.types import EDGE_TYPES, Node

Ints = npt.NDArray[np.int64]
_DAY, _DAYS = 86_400, 720
#: Of each type: the share of edges, and how many people there are for one key that is drawn at random.
_DRAWN = {"phone": (0.25, 1.0), "device": (0.30, 1.2), "address": (0.15, 2.0), "wifi": (0.15, 3.0), "account": (0.15, 1.1)}
_GANG, _HEX = 20, np.frombuffer(b"0123456789abcdef", np.uint8)


def rows(edges: int = 1_000_000, asked: int = 3_000, passes: int = 4) -> list[Row]:
    """Return the rows of a graph of so many edges."""
    people, parts = draw(edges)
    tables = [to_table(kind, *part) for kind, part in parts.items()]
    with TemporaryDirectory(prefix="weilend-bench-") as name:
        began = time.process_time()
        meta = write(build(tables, EDGE_TYPES), edges, Path(name))
        built = time.process_time() - began
        began = time.perf_counter()
        _, opened = open_generation(Path(name))
        graph = Graph(opened, EDGE_TYPES)
        opening = time.perf_counter() - began
        what = f"{meta.edges:,} edges"
        return [
            plain_row(f"build {what}, on disk", "CPU s", built, "none", built, check="-"),
            plain_row(f"open {what}", "ms", opening * 1e3, "none", opening * 1e3, check="-"),
            *_components(graph, what, passes),
            _blocks(graph, what),
            *_queries(graph, people, asked, what),
        ]


def draw(edges: int) -> tuple[int, dict[str, tuple[Ints, Ints, Ints]]]:
    """Return how many people there are, and of each type who (a number) has which key (a number) since when (UTC seconds)."""
    rng = np.random.default_rng(1)
    people, parts = max(edges // 5, 100), {}
    for name, (share, holders) in _DRAWN.items():
        count = int(edges * share)
        keys = int(people / holders) + 1
        who, key = rng.integers(0, people, count), rng.integers(0, keys, count)
        crowd = rng.random(count) < 0.05
        key[crowd] = (keys * rng.random(int(crowd.sum())) ** 4 / 50).astype(np.int64)
        hub = rng.random(count) < 0.01
        key[hub] = keys + rng.integers(0, 5, int(hub.sum()))
        gang = who < people // 100
        key[gang] = keys + 10 + who[gang] // _GANG
        parts[name] = who, key, rng.integers(0, _DAYS * _DAY, count)
    return people, parts


def tokens(kind: str, numbers: Ints) -> pa.Array:
    """Return tokens of 32 hexadecimal digits, one for each number of a kind."""
    with np.errstate(over="ignore"):
        mixed = (numbers.astype(np.uint64) + np.uint64(len(kind) << 40)) * np.uint64(0x9E3779B97F4A7C15)
    octets = np.concatenate([mixed, ~mixed]).reshape(2, -1).T.copy().view(np.uint8)
    digits = np.stack([_HEX[octets >> 4], _HEX[octets & 15]], axis=2).reshape(len(numbers), 32)
    offsets = np.arange(len(numbers) + 1, dtype=np.int32) * 32
    return pa.StringArray.from_buffers(len(numbers), pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(digits)))


def to_table(name: str, who: Ints, key: Ints, at: Ints) -> pa.Table:
    """Return drawn edges as a table of edges."""
    count = len(who)
    columns: dict[str, Any] = {
        "from_kind": pa.repeat(pa.scalar("owner"), count), "from_id": tokens("owner", who),
        "to_kind": pa.repeat(pa.scalar(name), count), "to_id": tokens(name, key), "type": pa.repeat(pa.scalar(name), count),
        "at": at, "seq": np.arange(count), "until_at": pa.repeat(pa.scalar(2**62), count),
        "amount_fen": pa.repeat(pa.scalar(0), count),
    }  # fmt: skip
    return pa.table(columns, schema=EDGE_SCHEMA)


def _components(graph: Graph, what: str, passes: int) -> list[Row]:
    left, right = (np.ascontiguousarray(graph.main.ends[:, side]) for side in (0, 1))
    nodes = graph.nodes

    def scipy() -> Any:
        ones = np.ones(len(left), np.int8)
        return connected_components(coo_matrix((ones, (left, right)), shape=(nodes, nodes)), directed=False)

    agree("components", len(np.unique(components(left, right, nodes))), int(scipy()[0]))
    seconds = race({"weilend": lambda: components(left, right, nodes), "SciPy": scipy}, passes=passes, least_seconds=0)
    ours = min(sample.cpu for sample in seconds["weilend"])
    return [
        *compare(f"components of {what}", seconds, unit="CPU s", scale=1, clock="cpu", check="as many"),
        plain_row(f"components of {what}", "CPU s", ours, "asked for", 2.0, check="as many"),
    ]


def _blocks(graph: Graph, what: str) -> Row:
    left, right = (graph.main.ends[:, side].astype(np.int64) for side in (0, 1))
    dense_blocks(left[:10], right[:10], np.ones(10, np.int64), graph.nodes)  # compiles
    began = time.process_time()
    dense_blocks(left, right, column_weights(right, graph.nodes), graph.nodes)
    return plain_row(f"FRAUDAR on {what}", "CPU s", time.process_time() - began, "asked for", 20.0, check="-")


def _queries(graph: Graph, people: int, asked: int, what: str) -> list[Row]:
    rng = np.random.default_rng(2)
    chosen = np.concatenate([rng.integers(0, people, asked), rng.integers(0, people // 100, asked // 10)])
    names = tokens("owner", chosen).to_pylist()
    instants = rng.integers(_DAYS * _DAY // 2, _DAYS * _DAY, len(names)).tolist()
    for name in names[:50]:
        query(graph, Node("owner", name), as_of=_DAYS * _DAY)
    taken, looked = [], []
    for name, at in zip(names, instants, strict=True):
        began = time.process_time()
        verdict = query(graph, Node("owner", name), as_of=at)
        taken.append(1e3 * (time.process_time() - began))
        looked.append(verdict.features.get("parties_2_count", 0))
    agree("a query asked again", query(graph, Node("owner", names[-1]), as_of=instants[-1]).anomaly_ppm, verdict.anomaly_ppm)
    middle, high = np.percentile(taken, [50, 99]).tolist()
    sys.stderr.write(f"parties within two steps: {np.percentile(looked, [50, 90, 99, 100]).tolist()}\n")
    return [
        plain_row(f"ring query in {what}, median", "CPU ms", middle, "asked for", 5.0, check="-"),
        plain_row(f"ring query in {what}, p99", "CPU ms", high, "asked for", 5.0, check="-"),
    ]


if __name__ == "__main__":
    emit(lambda: rows(*map(int, sys.argv[1:])))
