"""In: who was found to be the same, or to belong together, night after night. Out: names of clusters that last, and what became
of each. Used: by nightly and by whoever resolves entities.

A cluster is called after its oldest member: (first said, kind, id). So its name does not change while it grows; where two
become one, the older name stays, and where one falls apart, the part with the oldest member keeps it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Literal

import msgspec

from weilend.fraud.graph.types import Node

Change = Literal["made", "grown", "merged", "split", "gone"]


class ClusterChange(msgspec.Struct, frozen=True):
    """What became of a cluster: `merged` into `other`, `split` off from `other`, made, grown (or shrunk), or gone."""

    cluster_id: str
    change: Change
    other: str = ""


def cluster_id(members: Iterable[tuple[int, Node]]) -> str:
    """Return the name of a cluster of (first said at, node): 32 hex digits of its oldest member.

    >>> old, new = (10, Node("owner", "a")), (20, Node("owner", "b"))
    >>> cluster_id([new, old]) == cluster_id([old]) != cluster_id([new])
    True
    """
    _, oldest = min(members)
    return blake2b(f"{oldest.kind} {oldest.id}".encode(), digest_size=16).hexdigest()


def log_changes(before: Mapping[Node, str], after: Mapping[Node, str]) -> tuple[ClusterChange, ...]:
    """Return what became of clusters between two nights; both map each member to its cluster. Sorted by cluster.

    >>> a, b, c = (Node("owner", name) for name in "abc")
    >>> [change.change for change in log_changes({a: "1", b: "2"}, {a: "1", b: "1", c: "3"})]
    ['grown', 'merged', 'made']
    """
    old, new = _members(before), _members(after)
    found = []
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            into = sorted({after[node] for node in old[name] if node in after})
            found.append(ClusterChange(name, "merged" if into else "gone", into[0] if into else ""))
        elif name not in old:
            out_of = sorted({before[node] for node in new[name] if node in before})
            found.append(ClusterChange(name, "split" if out_of else "made", out_of[0] if out_of else ""))
        elif old[name] != new[name]:
            found.append(ClusterChange(name, "grown"))
    return tuple(found)


def _members(clusters: Mapping[Node, str]) -> dict[str, set[Node]]:
    found: dict[str, set[Node]] = {}
    for node, name in clusters.items():
        found.setdefault(name, set()).add(node)
    return found
