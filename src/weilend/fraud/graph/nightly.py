"""In: a graph, an instant, a seq. Out: `Night`: the rings that the whole graph shows, and who is in them. Used: by jobs.

Three ways to find a ring, each with its name in `found_by`: *dense* (many keys held by the same few), *lockstep* (several kinds of
keys touched in the same days), *circle* (invoices that come back, unpaid). `brushing` reads orders, on its own. What a ring is
called depends on its oldest member alone (see `entities.cluster_id`), so it keeps its name as it grows.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.fraud.graph.blocks import column_weights, dense_blocks
from weilend.fraud.graph.circles import find_circles
from weilend.fraud.graph.components import components, sizes
from weilend.fraud.graph.entities import cluster_id
from weilend.fraud.graph.graph import NEWEST, Graph
from weilend.fraud.graph.judge import ONE
from weilend.fraud.graph.lockstep import lockstep_groups
from weilend.fraud.graph.shares import Shares, families_held, shares_of, what_holding_says
from weilend.fraud.graph.types import Node

Ints = npt.NDArray[np.int64]
#: The family of each share, and which families are personal.
Families = tuple[Ints, npt.NDArray[np.bool_]]
LEAST_MEMBERS: Final = 3
MOST_MEMBERS: Final = 500
#: A dense block is a ring where each member holds at least so many of its keys, over so many families.
LEAST_KEYS, LEAST_FAMILIES = 2, 2
LOCKSTEP_DAYS: Final = 7


class Ring(msgspec.Struct, frozen=True, kw_only=True):
    """One ring: its members (who holds) and what they share (numbers of the graph), by which way it was found.

    A member stands for its party; `density_ppm` is the share of (member, shared) pairs that are there; `flow_fen` what a circle
    invoiced.
    """

    ring_id: str
    found_by: str
    members: tuple[int, ...]
    shared: tuple[int, ...]
    density_ppm: int
    first_at: int
    last_at: int
    flow_fen: int = 0


class Night(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a night found as of an instant, up to a seq; `component` has the size of each node's component, hubs
    apart, `party` the first node of each node's party.
    """

    graph: Graph
    as_of: int
    seq: int
    rings: tuple[Ring, ...]
    component: Ints
    party: Ints

    def members(self, ring: Ring) -> list[Node]:
        """Return the members of a ring by name."""
        return [self.graph.name(number) for number in ring.members]


def nightly(graph: Graph, *, as_of: int, seq: int = NEWEST, rounds: int = 2) -> Night:
    """Return the rings of a whole graph as known at an instant, up to a seq; `rounds` how often a block is taken out of a
    component. Flows are read from the generation alone: rebuild the shelf before.

    >>> import pyarrow as pa
    >>> from weilend.fraud.graph.edges import edges_from
    >>> shared = pa.table({"from": list("aabbcc"), "to": list("pdpdpd"), "type": ["phone", "device"] * 3})
    >>> night = nightly(Graph.of(edges_from(shared)), as_of=0)
    >>> [sorted(node.id for node in night.members(ring)) for ring in night.rings], night.rings[0].found_by
    ([['a', 'b', 'c']], 'dense')
    """
    shares = shares_of(graph, as_of, seq)
    labels = components(shares.holder, shares.key, graph.nodes)
    found = [*_dense(graph, shares, rounds), *_in_step(graph, shares), *_circles(graph, as_of, seq)]
    order = sorted(found, key=lambda ring: (-len(ring.members) * ring.density_ppm, ring.found_by, ring.ring_id))
    return Night(graph=graph, as_of=as_of, seq=seq, rings=tuple(order), component=sizes(labels), party=shares.party)


def _dense(graph: Graph, shares: Shares, rounds: int) -> list[Ring]:
    """Return dense blocks that are rings: in each, members that hold several of its keys, over several families."""
    weights = column_weights(shares.key, graph.nodes) * what_holding_says(graph, shares) // ONE
    blocks = dense_blocks(shares.holder, shares.key, weights, graph.nodes, rounds=rounds)
    block = np.full(graph.nodes, -1)
    for number, (nodes, _) in enumerate(blocks):
        block[nodes] = number
    inside = np.flatnonzero((block[shares.holder] >= 0) & (block[shares.holder] == block[shares.key]))
    joined = components(shares.holder[inside], shares.key[inside], graph.nodes)  # equally dense parts come as one block
    return _rings_by(graph, shares, inside, joined, "dense")


def _in_step(graph: Graph, shares: Shares) -> list[Ring]:
    """Return groups that came to the same keys in the same days."""
    if len(shares.key) and shares.first_at.min() == shares.first_at.max():
        return []  # a list without times says nothing of steps
    family, personal = families_held(graph, shares)
    groups = lockstep_groups(
        shares.holder, shares.key, family, shares.first_at, graph.nodes, personal=personal, days=LOCKSTEP_DAYS
    )
    rows = np.flatnonzero((sizes(groups) >= LEAST_MEMBERS)[shares.holder])
    return _rings_by(graph, shares, rows, groups, "lockstep")


def _rings_by(graph: Graph, shares: Shares, rows: Ints, groups: npt.NDArray[np.uint32], found_by: str) -> list[Ring]:
    """Return the rings that some rows are, each group of holders on its own."""
    group = groups[shares.holder[rows]].astype(np.int64)
    order = np.argsort(group, kind="stable")
    cuts = np.flatnonzero(np.diff(group[order])) + 1
    held = families_held(graph, shares)
    found = (_ring(graph, shares, part, held, found_by) for part in np.split(rows[order], cuts) if len(part))
    return [ring for ring in found if ring is not None]


def _ring(graph: Graph, shares: Shares, rows: Ints, families: Families, found_by: str) -> Ring | None:
    """Return the ring that some rows are, None where too few members share too little.

    A member holds keys of two families with other members, one of them personal; a list of edges of one type has but one
    family.
    """
    _, place = np.unique(shares.key[rows], return_inverse=True)
    rows = rows[np.bincount(place)[place] >= 2]
    family, personal = families
    who, place = np.unique(shares.holder[rows], return_inverse=True)
    held = np.zeros((len(who), len(personal)), np.bool_)
    held[place, family[rows]] = True
    keys = np.bincount(place, minlength=len(who))
    wanted = min(LEAST_FAMILIES, len({one.family for one in graph.types.values() if one.role == "key"}))
    is_member = (keys >= LEAST_KEYS) & (held.sum(axis=1) >= wanted) & held[:, personal].any(axis=1)
    rows, member = rows[is_member[place]], who[is_member]
    if not LEAST_MEMBERS <= len(np.unique(shares.household[member])) <= MOST_MEMBERS:
        return None
    key, first = np.unique(shares.key[rows]), shares.first_at[rows]
    pairs = np.unique(np.stack([shares.holder[rows], shares.key[rows]]), axis=1).shape[1]
    joined = [(int(first[shares.holder[rows] == one].min()), graph.name(int(one))) for one in member]
    return Ring(
        ring_id=cluster_id(joined), found_by=found_by, members=tuple(member.tolist()), shared=tuple(key.tolist()),
        density_ppm=pairs * ONE // (len(member) * len(key)), first_at=int(first.min()), last_at=int(shares.last_at[rows].max()),
    )  # fmt: skip


def _circles(graph: Graph, as_of: int, seq: int) -> list[Ring]:
    """Return circles of invoices with no money behind them."""
    said, names = graph.main.flow_said, list(graph.types)
    there = (said[:, 0] <= as_of) & (said[:, 1] <= seq)
    rows = np.concatenate([graph.main.flows[there].astype(np.int64), said[there][:, [0, 2, 3]]], axis=1)
    kinds = [rows[np.isin(rows[:, 4], [names.index(name) for name in names if name == wanted])][:, :4]
             for wanted in ("invoice", "payment")]  # fmt: skip
    return [
        Ring(ring_id=cluster_id([(circle.first_at, graph.name(firm)) for firm in circle.firms]), found_by="circle",
             members=circle.firms, shared=(), density_ppm=ONE, first_at=circle.first_at, last_at=circle.last_at,
             flow_fen=circle.invoiced_fen)
        for circle in find_circles(kinds[0], kinds[1], graph.nodes)
    ]  # fmt: skip
