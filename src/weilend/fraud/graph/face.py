"""In: edges from a file or a table. Out: a table of the rings in them; one node explained. Used: by the doors, through the
desk.
"""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from weilend.fraud.graph.build import AT
from weilend.fraud.graph.edges import Edges
from weilend.fraud.graph.graph import Graph
from weilend.fraud.graph.inquiry import query
from weilend.fraud.graph.nightly import Night, nightly
from weilend.fraud.graph.types import Node
from weilend.fraud.graph.verdict import RingVerdict

#: What a table of rings has; times are UTC seconds.
RINGS_SCHEMA: Final = pa.schema([
    ("ring_id", pa.string()), ("found_by", pa.string()), ("size_count", pa.int64()), ("keys_count", pa.int64()),
    ("density_ppm", pa.int64()), ("flow_fen", pa.int64()), ("first_at", pa.int64()), ("last_at", pa.int64()),
    ("members", pa.list_(pa.string())), ("shared", pa.list_(pa.string())),
])  # fmt: skip
_FEW: Final = 50


def find_rings(edges: Edges, *, most: int = 100) -> pa.Table:
    """Return the rings among some edges (`RINGS_SCHEMA`), the strongest first; none is an empty table.

    >>> from weilend.fraud.graph.edges import edges_from
    >>> shared = pa.table({"from": list("aabbccd"), "to": list("pdpdpdx"), "type": ["phone", "device"] * 3 + ["phone"]})
    >>> rings = find_rings(edges_from(shared))
    >>> rings["members"].to_pylist(), rings["found_by"].to_pylist()
    ([['a', 'b', 'c']], ['dense'])
    """
    graph = Graph.of(edges)
    return rings_table(nightly(graph, as_of=_last(graph)), most=most)


def rings_table(night: Night, *, most: int = 100) -> pa.Table:
    """Return what a night found as a table (`RINGS_SCHEMA`)."""
    rows = [
        {
            "ring_id": ring.ring_id,
            "found_by": ring.found_by,
            "size_count": len(ring.members),
            "keys_count": len(ring.shared),
            "density_ppm": ring.density_ppm,
            "flow_fen": ring.flow_fen,
            "first_at": ring.first_at,
            "last_at": ring.last_at,
            "members": sorted(node.id for node in night.members(ring)),
            "shared": sorted(night.graph.name(number).id for number in ring.shared),
        }
        for ring in night.rings[:most]
    ]
    return pa.Table.from_pylist(rows, schema=RINGS_SCHEMA)


def explain(edges: Edges | Graph, node: str | Node, *, as_of: int | None = None) -> RingVerdict:
    """Return the verdict on one node, as of an instant or of the last edge; a key is explained by the strongest of its holders.

    Raises `NotFoundError` for a node that no edge names.

    >>> from weilend.fraud.graph.edges import edges_from
    >>> shared = pa.table({"from": list("aabb"), "to": list("pdpd"), "type": ["phone", "device"] * 2})
    >>> explain(edges_from(shared), "p").members[0].families
    ('phone', 'device')
    """
    graph = edges if isinstance(edges, Graph) else Graph.of(edges)
    asked = graph.find_any(node) if isinstance(node, str) else node
    at = _last(graph) if as_of is None else as_of
    found = [query(graph, one, as_of=at) for one in graph.holders(asked)[:_FEW] or [asked]]
    return max(found, key=lambda verdict: (verdict.anomaly_ppm, verdict.node))


def _last(graph: Graph) -> int:
    """Return the instant of the last edge, 0 where there is none."""
    said = graph.main.said[:, AT].max(initial=0), graph.main.flow_said[:, 0].max(initial=0)
    return int(max(said))
