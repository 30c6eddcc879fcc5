"""Laws of the graph: the future changes nothing, a generation and what came later are one graph, order does not matter; components,
blocks and circles are what a plain search finds."""

from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.fraud.graph_edges import DAY, business, edge, graph_of

from weilend.fraud.graph import Node, nightly, query
from weilend.fraud.graph import inquiry as inquiry_module
from weilend.fraud.graph.blocks import dense_blocks
from weilend.fraud.graph.build import Arrays
from weilend.fraud.graph.circles import NEAR_PARTS, WINDOW_DAYS, find_circles
from weilend.fraud.graph.components import components
from weilend.fraud.graph.graph import Graph
from weilend.fraud.lists.identity import fingerprint, identity

SETTINGS = settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
PEOPLE, THINGS = "abcde", "xyz"
days = st.integers(0, 40).map(lambda half: half / 2)
keys = st.builds(
    lambda who, what, type_, day, until: edge(f"O{who}", what, type_, day, until=until),
    st.sampled_from(PEOPLE), st.sampled_from(THINGS), st.sampled_from(("phone", "contact", "device", "address", "wifi", "account")),
    days, st.none() | days,
)  # fmt: skip
bonds = st.builds(lambda who, day: edge(f"B{who}", f"O{who}", "owner", day), st.sampled_from(PEOPLE), days)
ties = st.builds(
    lambda who, whom, day: edge(f"O{who}", f"O{whom}", "kin", day), st.sampled_from("ab"), st.sampled_from("cd"), days
)
marks = st.builds(
    lambda who, type_, day: edge(f"B{who}", None, type_, day),
    st.sampled_from(PEOPLE), st.sampled_from(("application", "declined", "fraud", "defaulted")), days,
)  # fmt: skip
edges = st.lists(st.one_of(keys, keys, keys, bonds, marks, ties), max_size=30)
ASKED = (*(business(name) for name in PEOPLE), Node("owner", "Oa"), Node("phone", "x"))


def numbered(said, first=1):
    return [(*one[:6], first + number, *one[7:]) for number, one in enumerate(said)]


def answers(graph, at, seq):
    return [query(graph, node, as_of=at, seq=seq) for node in ASKED]


def check_future(before, after, at):
    """Rows beyond a seq, or known after an instant, change no answer; nor does it matter where the generation ends."""
    known = numbered(before)
    known, late = [one for one in known if one[5] <= at], [one for one in known if one[5] > at]
    beyond = numbered(after, 1000)
    then = answers(graph_of(known), at, 500)
    assert answers(graph_of([*known, *late, *beyond]), at, 500) == then
    assert answers(graph_of(known, [*late, *beyond]), at, 500) == then
    half = len(known) // 2
    assert answers(graph_of(known[:half], [*known[half:], *beyond]), at, 500) == then
    assert answers(graph_of(beyond, known), at, 500) == then


@SETTINGS
@given(edges, edges, days.map(lambda day: round(day * DAY)))
def test_what_came_later_changes_nothing(before, after, at):
    check_future(before, after, at)


def reads_what_is_not_known(monkeypatch):
    monkeypatch.setattr(Arrays, "rows_by", lambda self, as_of: len(self.said))


def reads_beyond_the_seq(monkeypatch):
    walk_from = inquiry_module.walk_from
    monkeypatch.setattr(inquiry_module, "walk_from", lambda graph, place, at, _: walk_from(graph, place, at, 2**60))


def forgets_what_came_later(monkeypatch):
    monkeypatch.setattr(Graph, "find", lambda self, node: min(self.number_of(fingerprint_of(node)), len(self.main.codes) - 1))


def fingerprint_of(node):
    return fingerprint(node.kind, *identity(node.id))


@pytest.mark.parametrize("plant", [reads_what_is_not_known, reads_beyond_the_seq, forgets_what_came_later])
def test_a_planted_bug_is_caught(monkeypatch, plant):
    plant(monkeypatch)
    shared = [edge(f"O{who}", what, type_, 1) for who in "abc" for what, type_ in (("x", "phone"), ("y", "device"))]
    lives = [edge(f"B{who}", f"O{who}", "owner", 1) for who in "abc"]
    before = [*lives, *shared, edge("Oa", "z", "wifi", 12), edge("Od", "x", "phone", 12)]
    beyond = [edge("Oe", "x", "phone", 1), edge("Oe", "y", "device", 1)]
    with pytest.raises(AssertionError):
        check_future(before, beyond, 10 * DAY)


@SETTINGS
@given(st.data(), edges)
def test_the_order_of_rows_does_not_matter(data, said):
    known = numbered(said)
    mixed = graph_of(data.draw(st.permutations(known)))
    plain = graph_of(known)
    assert answers(mixed, 15 * DAY, 500) == answers(plain, 15 * DAY, 500)
    assert nightly(mixed, as_of=15 * DAY).rings == nightly(plain, as_of=15 * DAY).rings


@SETTINGS
@given(edges, edges)
def test_a_night_reads_a_generation_and_what_came_later_as_one(before, after):
    first, second = numbered(before), numbered(after, 100)
    one, two = graph_of([*first, *second]), graph_of(first, second)
    assert named(nightly(one, as_of=18 * DAY)) == named(nightly(two, as_of=18 * DAY))
    alone = nightly(graph_of(first), as_of=18 * DAY)
    assert named(nightly(one, as_of=18 * DAY, seq=50)) == named(nightly(two, as_of=18 * DAY, seq=50)) == named(alone)


def named(night):
    return sorted((ring.found_by, ring.density_ppm, *sorted(node.id for node in night.members(ring))) for ring in night.rings)


pairs = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25)


@SETTINGS
@given(pairs)
def test_components_are_what_a_plain_search_finds(ends):
    left, right = (np.array([pair[side] for pair in ends], np.uint32) for side in (0, 1))
    labels = components(left, right, 10).tolist()
    plain = list(range(10))
    for _ in range(10):
        for one, other in ends:
            plain[one] = plain[other] = min(plain[one], plain[other])
    assert labels == plain


@SETTINGS
@given(st.sets(st.tuples(st.integers(0, 4), st.integers(5, 9)), min_size=1))
def test_a_block_is_what_taking_the_lightest_away_leaves(ends):
    left, right = (np.array([pair[side] for pair in sorted(ends)]) for side in (0, 1))
    weights = np.arange(3, 3 + len(left)) * 7 % 11 + 1
    found = {tuple(nodes.tolist()): weight for nodes, weight in dense_blocks(left, right, weights, 10)}
    groups = components(left.astype(np.uint32), right.astype(np.uint32), 10)
    for group in set(groups[left].tolist()):
        rows = groups[left] == group
        nodes, weight = peel_plainly(left[rows].tolist(), right[rows].tolist(), weights[rows].tolist())
        assert found[nodes] == weight


def peel_plainly(left, right, weights):
    rows = list(zip(left, right, weights, strict=True))
    nodes, best = sorted({*left, *right}), None
    while nodes:
        inside = [row for row in rows if row[0] in nodes and row[1] in nodes]
        density = sum(row[2] for row in inside) / len(nodes)
        if best is None or density > best[0]:
            best = density, tuple(nodes), sum(row[2] for row in inside)
        nodes.remove(min(nodes, key=lambda node: (sum(row[2] for row in inside if node in row[:2]), node)))
    return best[1:]


@SETTINGS
@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 200), st.sampled_from((70, 100, 105))), max_size=14)
)
def test_circles_are_what_a_plain_search_finds(said):
    rows = np.array(said, np.int64).reshape(-1, 4) * [1, 1, DAY, 1]
    found = {one.firms for one in find_circles(rows, np.zeros((0, 4), np.int64), 4)}
    begins = {firms for first in rows.tolist() for firms in circles_from(first, rows.tolist())}
    assert found <= {firms for firms in begins if len(firms) >= 3}


def circles_from(first, rows):
    later = [row for row in rows if row != first and first[2] <= row[2] <= first[2] + WINDOW_DAYS * DAY]
    near = [row for row in later if abs(row[3] - first[3]) * NEAR_PARTS <= max(row[3], first[3])]
    for length in range(1, 4):
        for way in permutations(near, length):
            line = [first, *way]
            firms = [row[0] for row in line]
            if (
                all(one[1] == other[0] for one, other in pairwise(line))
                and line[-1][1] == first[0]
                and len({*firms}) == len(firms)
            ):
                yield tuple(sorted(firms))
