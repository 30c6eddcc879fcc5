"""In: weighted edges. Out: the densest block of every component, camouflage notwithstanding. Used: by nightly and find_rings.

FRAUDAR (Hooi et al., KDD 2016): the node whose edges weigh least is taken away, again and again; what was left when the mean
weight a node was highest is the block, at least half as dense as the densest there is. An edge to a node that many hold weighs
little (column weights), so fraudsters gain nothing by buying from popular sellers. Components do not touch each other, so one
pass finds the block of each. Weights are whole numbers: the same edges give the same blocks, in whatever order they come.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from weilend.fraud.graph.build import adjacency
from weilend.fraud.graph.components import components

Ints = npt.NDArray[np.int64]
#: What is added to the number of holders before its logarithm is taken, as in the paper.
_ADDED: Final = 5
_WEIGHT: Final = 1_000_000


def column_weights(keys: npt.NDArray[Any], nodes: int) -> Ints:
    """Return the weight of each edge by how many edges its key has: 10^6 / ln(holders + 5), rounded.

    >>> column_weights(np.array([0, 0, 1]), 2).tolist()
    [513898, 513898, 558111]
    """
    holders = np.bincount(keys, minlength=nodes)
    weights: Ints = np.rint(_WEIGHT / np.log(holders + _ADDED)).astype(np.int64)[keys]
    return weights


def dense_blocks(
    left: npt.NDArray[Any], right: npt.NDArray[Any], weights: Ints, nodes: int, *, rounds: int = 1
) -> list[tuple[Ints, int]]:
    """Return (nodes, weight inside) of the densest block of each component, densest first; again without them, `rounds` times.

    >>> dense_blocks(np.array([0, 0, 1, 1, 4]), np.array([2, 3, 2, 3, 3]), np.array([9, 9, 9, 9, 1]), 5)[0][0].tolist()
    [0, 1, 2, 3]
    """
    from weilend.fraud.graph import peel  # late: numba is slow to load

    found: list[tuple[Ints, int]] = []
    for _ in range(rounds):
        if not len(left):
            break
        part = components(left, right, nodes)
        ends = np.stack([left, right], axis=1).astype(np.uint32)
        starts, near, rows = adjacency(ends, nodes)
        gone = np.empty(nodes, np.int64)
        best = np.zeros(nodes, np.int64)
        peel.peel(starts, near, rows, weights, part, gone, best)
        inside = (gone >= best[part]) & (np.diff(starts) > 0)
        found += _collect(inside, part, left, right, weights)
        keep = ~(inside[left] | inside[right])
        left, right, weights = left[keep], right[keep], weights[keep]
    return sorted(found, key=lambda block: (-block[1] / len(block[0]), block[0][0]))


def _collect(inside: npt.NDArray[np.bool_], part: Any, left: Any, right: Any, weights: Ints) -> list[tuple[Ints, int]]:
    """Return the nodes of each block and the weight of the edges within."""
    members = np.flatnonzero(inside)
    order = members[np.argsort(part[members], kind="stable")]
    cuts = np.flatnonzero(np.diff(part[order])) + 1
    both = inside[left] & inside[right]
    weight = np.bincount(part[left[both]], weights[both], minlength=len(part))
    return [(nodes, round(weight[part[nodes[0]]])) for nodes in np.split(order, cuts) if len(nodes)]
