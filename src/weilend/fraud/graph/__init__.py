"""The graph of who shares what: edges of the book, or of any list, and the rings in it.

In the order in which they build on each other: `types` (edges.toml: what is an edge, of which family, how much it weighs),
`edges` (tables of them; from records, from a file), `build` (nodes by number, an adjacency), `graph` (a generation mapped into
memory and what came after it), `shelf` (which generation is in force), `walk` (the neighbourhood of one node as of an instant),
`judge` and `evidence` (is it a ring, and by what?), `inquiry`; and what a night has time for: `components`, `blocks`, `lockstep`,
`circles`, `shares`, `nightly`, `publish`, `brushing`; `entities` and `matching` say who is the same.
docs/methodology/rings.md has the figures.

The public face, shortest first::

    edges = read_edges(Path("edges.csv"))            # columns from, to [, type, at, weight]
    rings = find_rings(edges)                        # a table: one ring a row, the strongest first
    told  = explain(edges, "13800000000")            # one node: RingVerdict, with the few edges that carry it

    shelf = GraphShelf(home / "graph", calendar)     # a home's generation; catch_up(book) in a job
    graph = shelf.graph(view)                        # generation + all that the view reads beyond it (a preview's rows too)
    verdict = query(graph, Node("business", "E1"), as_of=at)
    night = nightly(graph, as_of=at)
    rows = publish(night, book_seq=view.seq, published_at=now, consent_id="own-data")  # graph_profile records for the book
"""

from weilend.fraud.graph.brushing import Brushing, find_brushing, read_orders
from weilend.fraud.graph.edges import Edges, edges_from, read_edges
from weilend.fraud.graph.entities import ClusterChange, cluster_id, log_changes
from weilend.fraud.graph.face import explain, find_rings, rings_table
from weilend.fraud.graph.graph import Graph
from weilend.fraud.graph.inquiry import query, query_many
from weilend.fraud.graph.matching import cluster_matches, match_entities
from weilend.fraud.graph.nightly import Night, Ring, nightly
from weilend.fraud.graph.publish import publish
from weilend.fraud.graph.shelf import GraphShelf
from weilend.fraud.graph.types import Node
from weilend.fraud.graph.verdict import Evidence, Member, RingVerdict

__all__ = [
    "Brushing",
    "ClusterChange",
    "Edges",
    "Evidence",
    "Graph",
    "GraphShelf",
    "Member",
    "Night",
    "Node",
    "Ring",
    "RingVerdict",
    "cluster_id",
    "cluster_matches",
    "edges_from",
    "explain",
    "find_brushing",
    "find_rings",
    "log_changes",
    "match_entities",
    "nightly",
    "publish",
    "query",
    "query_many",
    "read_edges",
    "read_orders",
    "rings_table",
]
