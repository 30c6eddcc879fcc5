"""In: what a walk found, and what each party shares. Out: features, members, and the few edges that carry a verdict. Used: by
query.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from weilend.fraud.graph.graph import Graph
from weilend.fraud.graph.judge import KNOWN, ONE, SCALE, Around, Ints, Ties, families_of
from weilend.fraud.graph.types import DAY_SECONDS, EdgeType
from weilend.fraud.graph.verdict import Evidence, Member

MOST_MEMBERS: Final = 50  # named in a verdict
MOST_KEYS: Final = 12  # named as evidence
_EXPLAINED: Final = 20  # members that the evidence must reach


def features_of(around: Around, ties: Ties, types: dict[str, EdgeType], as_of: int) -> dict[str, int]:
    """Return the features of a neighbourhood by name: counts, ppm, days; 0 is a count, what is not known is left out."""
    members = ties.members
    near = np.unique(around.party[around.actors[:, 1] <= 1])
    far = np.unique(around.party)
    since = as_of - ties.applied_at
    found = {
        "parties_1_count": len(near) - 1,
        "parties_2_count": len(far) - 1,
        "hubs_count": int((around.keys[:, 1] > _most_holders()).sum()),
        "members_count": len(members),
        "families_count": int((ties.weights[members] > 0).any(axis=0).sum()),
        "most_families_count": int((ties.weights > 0).sum(axis=1).max(initial=0)),
        "strongest_ppm": int(ties.strength.max(initial=0)),
        "density_ppm": _density(around, members),
    }
    for name, parties in (("", near), ("_2", far)):
        others = parties[parties != 0]
        for known in ("fraud", "defaulted", "declined"):
            found[f"{known}{name}_count"] = int((ties.known[others] == KNOWN.index(known)).sum())
        for label in ("recent", "burst"):
            days = SCALE.days[label]
            found[f"applications{name}_{days}d_count"] = int((since[others] < days * DAY_SECONDS).sum())
    return found | _holders(around, types) | _ages(around, ties, members, as_of)


def members_of(graph: Graph, around: Around, ties: Ties) -> tuple[Member, ...]:
    """Return the parties that count, strongest first, each by the actor that the walk met first."""
    families = families_of(graph.types)
    found = []
    for party in ties.members[:MOST_MEMBERS].tolist():
        shared = tuple(families[at] for at in np.flatnonzero(ties.weights[party]))
        found.append(Member(
            node=graph.name(int(around.actors[party, 0])), strength_ppm=int(ties.strength[party]),
            counts_ppm=int(ties.counts[party]), families=shared, known=KNOWN[ties.known[party]],
        ))  # fmt: skip
    return tuple(found)


def evidence_of(graph: Graph, around: Around, ties: Ties) -> tuple[Evidence, ...]:
    """Return the edges of the fewest keys (greedily) that join the strongest members to the asked party by two families each.

    Set cover after Chvátal (1979): the next key is the one that joins most of what is not joined yet.
    """
    wanted = {
        (party, family): int(ties.by[party, family])
        for party in ties.members[:_EXPLAINED].tolist()
        for family in np.argsort(-ties.weights[party], kind="stable")[: SCALE.least_families].tolist()
        if ties.by[party, family] >= 0
    }
    rows: list[int] = []
    for _ in range(MOST_KEYS):
        if not wanted:
            break
        keys = [int(around.edges[row, 1]) for row in wanted.values()]
        best = max(dict.fromkeys(keys), key=keys.count)
        rows += [row for row in dict.fromkeys(wanted.values()) if around.edges[row, 1] == best]
        rows += np.flatnonzero((around.edges[:, 1] == best) & (around.party[around.edges[:, 0]] == 0))[:1].tolist()
        wanted = {place: row for place, row in wanted.items() if around.edges[row, 1] != best}
    return tuple(_edge(graph, around, row) for row in rows)


def _edge(graph: Graph, around: Around, row: int) -> Evidence:
    actor, key, type_, first_at, last_at = around.edges[row].tolist()
    return Evidence(
        holder=graph.name(int(around.actors[actor, 0])), key=graph.name(int(around.keys[key, 0])), type=list(graph.types)[type_],
        first_at=first_at, last_at=last_at, holders=int(around.keys[key, 1]),
    )  # fmt: skip


def _most_holders() -> int:
    from weilend.fraud.graph.walk import MOST_HOLDERS  # late: numba is slow to load

    return MOST_HOLDERS


def _holders(around: Around, types: dict[str, EdgeType]) -> dict[str, int]:
    """Return, of each type, the most others on any one key of the asked party."""
    mine = around.party[around.edges[:, 0]] == 0
    own = np.bincount(around.edges[mine, 1], minlength=len(around.keys))
    names, found = list(types), {name: 0 for name, one in types.items() if one.role == "key" and one.weight_ppm}
    for key, type_ in around.edges[mine][:, 1:3].tolist():
        others = max(int(around.keys[key, 1] - own[key]), 0)
        found[names[type_]] = max(found[names[type_]], others)
    return {f"{name}_others_count": count for name, count in found.items()}


def _density(around: Around, members: Ints) -> int:
    """Return the share of pairs of members (and the asked party) that hold a key together, in ppm."""
    group = np.concatenate([[0], members[:MOST_MEMBERS]])
    place = np.full(len(around.actors), -1)
    place[group] = np.arange(len(group))
    holds = np.zeros((len(group), len(around.keys)), np.int64)
    at = place[around.party[around.edges[:, 0]]]
    holds[at[at >= 0], around.edges[at >= 0, 1]] = 1
    together = (holds @ holds.T > 0).sum() - (holds.sum(axis=1) > 0).sum()
    pairs = len(group) * (len(group) - 1)
    return int(together) * ONE // pairs if pairs else 0


def _ages(around: Around, ties: Ties, members: Ints, as_of: int) -> dict[str, int]:
    """Return how many days ago members and the asked party began to share: the youngest and the oldest sharing."""
    rows = np.unique(ties.by[members])
    rows = rows[rows >= 0]
    if not len(rows):
        return {}
    mine = around.party[around.edges[:, 0]] == 0
    first = np.full(len(around.keys), 2**62)
    np.minimum.at(first, around.edges[mine, 1], around.edges[mine, 3])
    began = np.maximum(around.edges[rows, 3], first[around.edges[rows, 1]])
    days = (as_of - began) // DAY_SECONDS
    return {"youngest_sharing_days": int(days.min()), "oldest_sharing_days": int(days.max())}
