"""In: a graph's arrays, a node, an instant and a seq. Out: the nodes within two steps and what joins them. Used: by inquiry.

Compiled, but for `make_room`. Every look is bounded: rows of one node, holders of one key, rows and nodes in all. What is left
out is decided by what could be seen at that instant alone (newest rows first, keys with few holders first), so nothing that
came later changes it.

A *pair* is two neighbours by one type: (near, type, first said, last said), as its last row says it: over or not, within its
window or not. Grouped arguments: `graph` is (codes, starts, near, rows, said) of the generation, the same of what came
later, and that one's nodes; `when` is (rows by then, later rows by then, as_of, seq).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from weilend.fraud.jit import compiled

MOST_ROWS, MOST_HOLDERS, MOST_BONDS = 4_096, 300, 20  # of one node
BUDGET_ROWS, MOST_NODES, MOST_EDGES = 20_000, 500, 8_192  # of one query
BOND, KEY, TIE, FLOW, MARK = range(5)
NOT_YET_NUMBERED = 2**61  # rows of a preview have a seq from here on: whoever gives them sees them
_SLOTS, _FEW_SLOTS = 16_384, 2_048
STEPS = 2
_AT, _SEQ, _UNTIL, _TYPE = range(4)


@compiled
def before(rows: Any, start: int, end: int, bound: int) -> int:
    """Return the place of the first row that is not below a bound."""
    while start < end:
        middle = (start + end) // 2
        if rows[middle] < bound:
            start = middle + 1
        else:
            end = middle
    return start


@compiled
def part_of(node: int, graph: Any, when: Any) -> Any:
    """Return where the rows of a node begin and end that were there by then: in the generation, and in what came later."""
    main, later, nodes = graph
    start, end, start_later, end_later = 0, 0, 0, 0
    if node < len(main[0]):
        start = main[1][node]
        end = before(main[3], start, main[1][node + 1], when[0])
    place = before(nodes, 0, len(nodes), node)
    if place < len(nodes) and nodes[place] == node:
        start_later = later[1][place]
        end_later = before(later[3], start_later, later[1][place + 1], when[1])
    return start, end, start_later, end_later


@compiled
def slot_of(key: int, keys: Any, stamps: Any, stamp: int) -> int:
    """Return where a key stands, or would stand, in a table of slots; what has another stamp is empty."""
    slot = ((key * 0x9E3779B97F4A7C1) >> 20) & (len(keys) - 1)
    while stamps[slot] == stamp and keys[slot] != key:
        slot = (slot + 1) & (len(keys) - 1)
    return slot


@compiled
def pairs_of(node: int, graph: Any, when: Any, since: Any, table: Any, out: Any, most: int) -> Any:
    """Write the pairs of a node, newest first, and its marks; returns how many pairs, those that hold, marks, and rows seen.

    It ends once more than `most` pairs hold: the node is a hub. `out` is (pairs, marks): a pair is (near, type, first, last,
    holds), a mark (type, at).
    """
    start, end, start_later, end_later = part_of(node, graph, when)
    main, later, _ = graph
    keys, stamps, places, clock = table
    pairs, marks = out
    clock[0] += 1
    count, holding, marked, seen = 0, 0, 0, 0
    while (end > start or end_later > start_later) and seen < MOST_ROWS and holding <= most:
        use_later = end_later > start_later
        if use_later and end > start:
            one, other = main[4][main[3][end - 1]], later[4][later[3][end_later - 1]]
            use_later = other[_AT] > one[_AT] or (other[_AT] == one[_AT] and other[_SEQ] > one[_SEQ])
        if use_later:
            end_later -= 1
            near, said = np.int64(later[2][end_later]), later[4][later[3][end_later]]
        else:
            end -= 1
            near, said = np.int64(main[2][end]), main[4][main[3][end]]
        if when[3] < said[_SEQ] < NOT_YET_NUMBERED:
            continue
        seen += 1
        if near == node:
            if marked < len(marks):
                marks[marked, 0], marks[marked, 1] = said[_TYPE], said[_AT]
                marked += 1
            continue
        slot = slot_of(near * 256 + said[_TYPE], keys, stamps, clock[0])
        if stamps[slot] == clock[0]:
            pairs[places[slot], 2] = said[_AT]
            continue
        keys[slot], stamps[slot], places[slot] = near * 256 + said[_TYPE], clock[0], count
        holds = said[_UNTIL] > when[2] and said[_AT] > since[said[_TYPE]]
        pairs[count, 0], pairs[count, 1], pairs[count, 4] = near, said[_TYPE], holds
        pairs[count, 2], pairs[count, 3] = said[_AT], said[_AT]
        count, holding = count + 1, holding + holds
    return count, holding, marked, seen


@compiled
def add_actor(node: int, hop: int, party: int, state: Any, counts: Any) -> int:
    """Return the place of an actor, added where it is new and there is room; -1 where there is none."""
    actors, table = state
    keys, stamps, places, clock = table
    slot = slot_of(node, keys, stamps, clock[0])
    if stamps[slot] == clock[0]:
        return int(places[slot])
    if counts[0] + counts[1] >= MOST_NODES:
        counts[5] = 1
        return -1
    place = counts[0]
    keys[slot], stamps[slot], places[slot] = node, clock[0], place
    actors[place, 0], actors[place, 1], actors[place, 2] = node, hop, place if party < 0 else party
    counts[0] += 1
    return int(place)


@compiled
def unite(one: int, other: int, actors: Any) -> None:
    """Make two actors one party; the earlier one gives the number."""
    while actors[one, 2] != one:
        one = actors[one, 2]
    while actors[other, 2] != other:
        other = actors[other, 2]
    actors[max(one, other), 2] = min(one, other)


@compiled
def visit(place: int, hop: int, graph: Any, when: Any, types: Any, scratch: Any, state: Any, found: Any, counts: Any) -> None:
    """Look at an actor: note its marks, bring in who is bound or tied to it, and within two steps its keys.

    `counts`: actors, keys, edges, ties, marks, truncated, rows left.
    """
    table, pairs, marks = scratch
    count, _, mark_count, seen = pairs_of(state[0][0][place, 0], graph, when, types[2], table, (pairs, marks), MOST_ROWS)
    counts[6] -= seen
    for at in range(min(mark_count, len(found[2]) - counts[4])):
        found[2][counts[4], 0], found[2][counts[4], 1], found[2][counts[4], 2] = place, marks[at, 0], marks[at, 1]
        counts[4] += 1
    bonds = 0
    for at in range(count):
        bonds += pairs[at, 4] and types[0][pairs[at, 1]] == BOND
    for at in range(count):
        role = types[0][pairs[at, 1]]
        if pairs[at, 4] and role == BOND and bonds <= MOST_BONDS:
            bind(place, pairs[at], state[0], counts)
        elif pairs[at, 4] and role == TIE and hop < STEPS:
            tie(place, hop, pairs[at], state[0], found[1], counts)
        elif pairs[at, 4] and role == KEY and hop < STEPS and types[1][pairs[at, 1]] > 0:
            add_key(pairs[at, 0], state[1], counts)


@compiled
def bind(place: int, pair: Any, state: Any, counts: Any) -> None:
    """Bring in who is of one party with an actor, at the same distance."""
    other = add_actor(pair[0], state[0][place, 1], -1, state, counts)
    if other >= 0:
        unite(place, other, state[0])


@compiled
def tie(place: int, hop: int, pair: Any, state: Any, ties: Any, counts: Any) -> None:
    """Bring in who is tied to an actor, a step further, and note the tie."""
    other = add_actor(pair[0], hop + 1, -1, state, counts)
    if other >= 0 and counts[3] < len(ties):
        ties[counts[3], 0], ties[counts[3], 1], ties[counts[3], 2] = place, other, pair[1]
        ties[counts[3], 3], ties[counts[3], 4] = pair[2], pair[3]
        counts[3] += 1


@compiled
def add_key(node: int, state: Any, counts: Any) -> None:
    """Note a key that is to be opened, once."""
    keys, (slots, stamps, places, clock) = state
    slot = slot_of(node, slots, stamps, clock[0])
    if stamps[slot] == clock[0]:
        return
    if counts[0] + counts[1] >= MOST_NODES:
        counts[5] = 1
        return
    slots[slot], stamps[slot], places[slot] = node, clock[0], counts[1]
    keys[counts[1], 0], keys[counts[1], 1] = node, -1
    counts[1] += 1


@compiled
def open_key(place: int, graph: Any, when: Any, types: Any, scratch: Any, keys: Any, pool: Any, used: int, counts: Any) -> int:
    """Write who holds a key to the pool, and how many; returns how far the pool is used."""
    table, pairs, marks = scratch
    count, holding, _, seen = pairs_of(keys[place, 0], graph, when, types[2], table, (pairs, marks), MOST_HOLDERS)
    counts[6] -= seen
    keys[place, 1], keys[place, 2], keys[place, 3] = holding, used, used
    if holding > MOST_HOLDERS:
        return used
    for at in range(count):
        if pairs[at, 4] and types[0][pairs[at, 1]] == KEY and used < len(pool):
            for column in range(4):
                pool[used, column] = pairs[at, column]
            used += 1
    keys[place, 3] = used
    return used


@compiled
def add_holders(key: int, hop: int, holders: Any, state: Any, edges: Any, counts: Any) -> None:
    """Bring in who holds a key, a step further, and note what each has to do with it."""
    for at in range(len(holders)):
        holder = add_actor(holders[at, 0], hop + 1, -1, state, counts)
        if holder >= 0 and counts[2] < len(edges):
            edges[counts[2], 0], edges[counts[2], 1] = holder, key
            edges[counts[2], 2], edges[counts[2], 3], edges[counts[2], 4] = holders[at, 1], holders[at, 2], holders[at, 3]
            counts[2] += 1


@compiled
def code_of(node: int, graph: Any) -> Any:
    """Return the fingerprint of a node."""
    if node < len(graph[0][0]):
        return graph[0][0][node]
    return graph[1][0][node - len(graph[0][0])]


@compiled
def order_of(first: int, last: int, keys: Any, graph: Any) -> Any:
    """Return the places of keys from one to another, fewest holders first, then by fingerprint."""
    order = np.arange(first, last)
    for at in range(1, len(order)):
        one, back = order[at], at
        while back > 0:
            other = order[back - 1]
            if keys[other, 1] < keys[one, 1]:
                break
            if keys[other, 1] == keys[one, 1] and code_of(keys[other, 0], graph) <= code_of(keys[one, 0], graph):
                break
            order[back] = other
            back -= 1
        order[back] = one
    return order


@compiled
def walk(node: int, graph: Any, when: Any, types: Any, scratch: Any, state: Any, found: Any, counts: Any) -> None:
    """Fill the room (see `make_room`) with what stands within two steps of a node."""
    keys, (visited, pool) = state[1][0], found[3]
    add_actor(node, 0, -1, state[0], counts)
    opened = none = counts[1]  # nothing yet, as a number that numba lets grow
    for hop in range(STEPS + 1):
        at = none
        while at < counts[0] and counts[6] > 0:
            if not visited[at] and state[0][0][at, 1] <= hop:
                visited[at] = True
                visit(at, hop, graph, when, types, scratch, state, found, counts)
            at += 1
        used, first = none, opened
        while opened < counts[1] and counts[6] > 0:
            used = open_key(opened, graph, when, types, scratch, keys, pool, used, counts)
            opened += 1
        for place in order_of(first, opened, keys, graph):
            add_holders(place, hop, pool[keys[place, 2] : keys[place, 3]], state[0], found[0], counts)


def make_room() -> Any:
    """Return what a walk writes to, empty: (scratch, state, found, counts).

    `state` is actors (node, hop, party) and keys (node, holders, ...), each with its table of slots; `found` is edges (actor,
    key, type, first, last), ties (actor, actor, type, first, last), marks (actor, type, at).
    """

    def table(slots: int) -> Any:
        places = np.zeros((2, slots), np.int64)
        return places[0], np.zeros(slots, np.int32), places[1], np.ones(1, np.int32)

    scratch = (table(_SLOTS), np.empty((MOST_ROWS + 1, 5), np.int64), np.empty((16, 2), np.int64))
    state = (
        (np.empty((MOST_NODES, 3), np.int64), table(_FEW_SLOTS)),
        (np.empty((MOST_NODES, 4), np.int64), table(_FEW_SLOTS)),
    )
    edges, ties, marks = (np.empty(shape, np.int64) for shape in ((MOST_EDGES, 5), (MOST_NODES, 5), (4 * MOST_NODES, 3)))
    found = (edges, ties, marks, (np.zeros(MOST_NODES, np.bool_), np.empty((BUDGET_ROWS, 4), np.int64)))
    counts = np.zeros(7, np.int64)
    counts[6] = BUDGET_ROWS
    return scratch, state, found, counts
