"""In: touches in the order of key and time; invoices in the order of time. Out: pairs in step; circles. Used: by lockstep,
circles.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from weilend.fraud.jit import compiled

MOST_LENGTH = 5


@compiled
def note_pairs(touches: Any, window: int, crowd: int, pairs: Any) -> int:
    """Write (two actors in one number, family) of touches of one key within a window, as far as there is room; returns how
    many.
    """
    actors, keys, families, at = touches
    count, first = 0, 0
    for row in range(len(keys)):
        while keys[first] != keys[row] or at[first] < at[row] - window:
            first += 1
        if row - first >= crowd:
            continue
        for other in range(first, row):
            low, high = min(actors[row], actors[other]), max(actors[row], actors[other])
            if low == high:
                continue
            if count < len(pairs):
                pairs[count, 0], pairs[count, 1] = (low << 32) | high, families[row]
            count += 1
    return count


@compiled
def near_equal(one: int, other: int, parts: int) -> bool:
    """Return whether two amounts differ by at most a parts-th of the larger."""
    return abs(one - other) * parts <= max(one, other)


@compiled
def trace(row: int, flows: Any, starts: Any, out: Any, limits: Any, path: Any, cursor: Any) -> int:
    """Look for a way back from where a row leads to where it comes from, by later rows; returns its length, 0 for none.

    `flows` is (from, to, at, amount) in the order of time; `out` has the rows that leave each node, ascending; `limits` is
    (window, parts, budget). The way is the first that is found with the rows in order, no node twice.
    """
    left, right, at, amount = flows
    window, parts, budget = limits
    path[0], depth = row, 1
    cursor[1] = first_after(out, starts, right[row], row)
    while depth > 0 and budget > 0:
        budget -= 1
        node = right[path[depth - 1]]
        place = cursor[depth]
        if place >= starts[node + 1] or at[out[place]] > at[row] + window:
            depth -= 1
            continue
        cursor[depth] = place + 1
        step = out[place]
        if not near_equal(amount[step], amount[row], parts):
            continue
        if right[step] == left[row]:
            path[depth] = step
            return depth + 1
        if depth + 1 < MOST_LENGTH and not visits(right[step], path, depth, right):
            path[depth] = step
            depth += 1
            cursor[depth] = first_after(out, starts, right[step], row)
    return 0


@compiled
def first_after(out: Any, starts: Any, node: int, row: int) -> int:
    """Return the place of the first row that leaves a node and stands behind another row."""
    low, high = starts[node], starts[node + 1]
    while low < high:
        middle = (low + high) // 2
        if out[middle] <= row:
            low = middle + 1
        else:
            high = middle
    return int(low)


@compiled
def visits(node: int, path: Any, depth: int, right: Any) -> bool:
    """Return whether a way leads through a node already."""
    found = False
    for at in range(depth):
        found |= right[path[at]] == node
    return found


@compiled
def find_circles(flows: Any, starts: Any, out: Any, limits: Any, circles: Any) -> int:
    """Write the rows of one circle for each row that begins one (-1 behind the last), and return how many there are."""
    count = 0
    path, cursor = np.zeros(MOST_LENGTH + 1, np.int64), np.zeros(MOST_LENGTH + 2, np.int64)
    for row in range(len(flows[0])):
        length = trace(row, flows, starts, out, limits, path, cursor)
        if length:
            if count < len(circles):
                circles[count, :] = -1
                for at in range(length):
                    circles[count, at] = path[at]
            count += 1
    return count
