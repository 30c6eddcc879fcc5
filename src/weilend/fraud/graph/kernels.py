"""In: arrays of nodes and edges. Out: an adjacency, and groups of nodes that hang together. Used: by build and components.

Compiled when they first run. An edge is a row; rows stand in the order of time, so what a node had by an instant is the
beginning of its part of the adjacency, found by halving.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from weilend.fraud.jit import compiled

Ints = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.uint32]


@compiled
def place_rows(left: Numbers, right: Numbers, starts: Ints, near: Numbers, rows: Numbers) -> None:
    """Fill the adjacency: of each node, in the order of rows, the node on the other side and the row; a mark stands once.

    `starts` has a place more than there are nodes and comes in as counts (see `count_ends`).
    """
    at = starts[:-1].copy()
    for row in range(len(left)):
        one, other = left[row], right[row]
        near[at[one]], rows[at[one]] = other, row
        at[one] += 1
        if one != other:
            near[at[other]], rows[at[other]] = one, row
            at[other] += 1


@compiled
def count_ends(left: Numbers, right: Numbers, starts: Ints) -> None:
    """Write where the part of each node begins."""
    for row in range(len(left)):
        starts[left[row] + 1] += 1
        if left[row] != right[row]:
            starts[right[row] + 1] += 1
    for node in range(1, len(starts)):
        starts[node] += starts[node - 1]


@compiled
def join(left: Numbers, right: Numbers, parent: Numbers) -> None:
    """Join nodes by edges: Rem's union-find with splicing; a parent's number is never greater than its child's.

    Patwary, Blair, Manne: Experiments on union-find algorithms for the disjoint-set data structure (2010).
    """
    for row in range(len(left)):
        one, other = left[row], right[row]
        while parent[one] != parent[other]:
            if parent[one] < parent[other]:
                one, other = other, one
            if one == parent[one]:
                parent[one] = parent[other]
                break
            above = parent[one]
            parent[one] = parent[other]
            one = above


@compiled
def flatten(parent: Numbers) -> int:
    """Make each node's parent the least node of its group, and return how many groups there are."""
    groups = 0
    for node in range(len(parent)):
        if parent[node] == node:
            groups += 1
        else:
            parent[node] = parent[parent[node]]
    return groups
