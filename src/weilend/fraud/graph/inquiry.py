"""In: a graph, a node, an instant, a seq. Out: `RingVerdict`. Used: at an application; a batch is the same, one after the
other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np

from weilend.fraud.graph.build import AT
from weilend.fraud.graph.evidence import evidence_of, features_of, members_of
from weilend.fraud.graph.graph import NEWEST, Graph
from weilend.fraud.graph.judge import SCALE, Ties, settle, weigh
from weilend.fraud.graph.types import DAY_SECONDS, Node
from weilend.fraud.graph.verdict import RingVerdict, Status

_ROLES: Final = ("bond", "key", "tie", "flow", "mark")  # as walk.py numbers them
_EVER: Final = -(2**62)


def query(graph: Graph, node: Node, *, as_of: int, seq: int = NEWEST) -> RingVerdict:
    """Return whether a node stands in a ring at an instant (UTC seconds), as the book knew then, up to `seq`.

    At most two steps over shared keys and 500 nodes are looked at. The same question has the same answer for ever: nothing that
    was known later, or stands beyond `seq`, is read.

    >>> import pyarrow as pa
    >>> from weilend.fraud.graph.edges import edges_from
    >>> shared = pa.table({"from": list("abab"), "to": list("ppdd"), "type": ["phone", "phone", "device", "device"]})
    >>> verdict = query(Graph.of(edges_from(shared)), Node("thing", "a"), as_of=0)
    >>> verdict.members[0].node.id, verdict.members[0].families, verdict.members[0].strength_ppm
    ('b', ('phone', 'device'), 842500)
    """
    place = graph.find(node)
    if place < 0:
        return RingVerdict(node=node, as_of=as_of, seq=seq, status="not_assessed")
    around = settle(walk_from(graph, place, as_of, seq))
    if len(around.actors) == 1 and not len(around.keys):
        return RingVerdict(node=node, as_of=as_of, seq=seq, status="not_assessed")
    ties = weigh(around, graph.types, as_of)
    anomaly = ties.anomaly_ppm
    return RingVerdict(
        node=node,
        as_of=as_of,
        seq=seq,
        status=_status(anomaly, ties),
        anomaly_ppm=anomaly,
        features=features_of(around, ties, graph.types, as_of),
        members=members_of(graph, around, ties),
        evidence=evidence_of(graph, around, ties),
        truncated=bool(around.truncated),
    )


def query_many(graph: Graph, asked: Iterable[tuple[Node, int]], *, seq: int = NEWEST) -> tuple[RingVerdict, ...]:
    """Return the verdict of each (node, as_of), as `query` gives it."""
    return tuple(query(graph, node, as_of=as_of, seq=seq) for node, as_of in asked)


def walk_from(graph: Graph, place: int, as_of: int, seq: int) -> Any:
    """Return what the walk finds around a node: actors, keys, edges, ties, marks (see `walk.make_room`), and whether anything
    was left out.
    """
    from weilend.fraud.graph import walk  # late: numba is slow to load

    each = list(graph.types.values())
    types = (
        np.array([_ROLES.index(one.role) for one in each], np.int64),
        np.array([one.weight_ppm for one in each], np.int64),
        np.array([as_of - one.window_days * DAY_SECONDS if one.window_days else _EVER for one in each], np.int64),
    )
    later = graph.later.built.arrays.said[:, AT]
    when = (graph.main.rows_by(as_of), int(np.searchsorted(later, as_of, side="right")), as_of, seq)
    room = walk.make_room()
    walk.walk(place, graph.walked, when, types, *room)
    _, ((actors, _), (keys, _)), (edges, ties, marks, _), counts = room
    parts = zip((actors, keys[:, :2], edges, ties, marks), counts.tolist(), strict=False)
    return (*(part[:count] for part, count in parts), bool(counts[5] or counts[6] <= 0))


def _status(anomaly: int, ties: Ties) -> Status:
    members = ties.members
    families = int((ties.weights[members] > 0).any(axis=0).sum())
    enough = len(members) >= SCALE.least_members and families >= SCALE.least_families
    if anomaly >= SCALE.alert_ppm and enough:
        return "alert"
    return "watch" if anomaly >= SCALE.watch_ppm else "clear"
