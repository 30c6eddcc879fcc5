"""In: an adjacency with whole weights. Out: in which order nodes go, lightest first, and where to stop. Used: by blocks.

Compiled. The heap has four children a node: a node's weight only ever falls, which costs little there.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from weilend.fraud.jit import compiled

_ARITY = 4


@compiled
def rise(at: int, weights: Any, heap: Any, place: Any) -> None:
    """Bring a node up to where no lighter one stands below a heavier one; of equals the smaller number stands above."""
    node, weight = heap[at], weights[at]
    while at > 0:
        above = (at - 1) // _ARITY
        if weights[above] < weight or (weights[above] == weight and heap[above] < node):
            break
        heap[at], weights[at] = heap[above], weights[above]
        place[heap[at]] = at
        at = above
    heap[at], weights[at], place[node] = node, weight, at


@compiled
def sink(at: int, size: int, weights: Any, heap: Any, place: Any) -> None:
    """Bring a node down to where it belongs."""
    node, weight = heap[at], weights[at]
    while _ARITY * at + 1 < size:
        least = _ARITY * at + 1
        for child in range(least + 1, min(least + _ARITY, size)):
            if weights[child] < weights[least] or (weights[child] == weights[least] and heap[child] < heap[least]):
                least = child
        if weights[least] > weight or (weights[least] == weight and heap[least] > node):
            break
        heap[at], weights[at] = heap[least], weights[least]
        place[heap[at]] = at
        at = least
    heap[at], weights[at], place[node] = node, weight, at


@compiled
def peel(starts: Any, near: Any, rows: Any, edge_weights: Any, part: Any, gone: Any, best: Any) -> None:
    """Write at which step each node goes (`gone`), and of each part (by its first node) the step from which on its densest
    block is left (`best`).
    """
    nodes = len(starts) - 1
    heap, weights, place = np.arange(nodes), np.zeros(nodes, np.int64), np.arange(nodes)
    inside, size, density = np.zeros(nodes, np.int64), np.zeros(nodes, np.int64), np.zeros(nodes, np.float64)
    for node in range(nodes):
        for at in range(starts[node], starts[node + 1]):
            weights[node] += edge_weights[rows[at]]
        inside[part[node]] += weights[node]
        size[part[node]] += 1
    for node in range(nodes):
        inside[node] //= 2
        density[node] = inside[node] / max(size[node], 1)
    for at in range(nodes // _ARITY, -1, -1):
        sink(at, nodes, weights, heap, place)
    for step in range(nodes):
        node, weight = heap[0], weights[0]
        last = nodes - step - 1
        heap[0], weights[0] = heap[last], weights[last]
        if last:
            sink(0, last, weights, heap, place)
        gone[node], place[node] = step, -1
        for at in range(starts[node], starts[node + 1]):
            other = place[near[at]]
            if other >= 0:
                weights[other] -= edge_weights[rows[at]]
                rise(other, weights, heap, place)
        whole = part[node]
        inside[whole] -= weight
        size[whole] -= 1
        if size[whole] and inside[whole] / size[whole] > density[whole]:
            density[whole], best[whole] = inside[whole] / size[whole], step + 1
