"""In: a graph, an instant, a seq. Out: who holds which key then, and what that says. Used: by nightly."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.fraud.graph.build import AT, SEQ, TYPE, UNTIL
from weilend.fraud.graph.components import components
from weilend.fraud.graph.graph import Graph
from weilend.fraud.graph.judge import ONE, SCALE, families_of
from weilend.fraud.graph.types import DAY_SECONDS

Ints = npt.NDArray[np.int64]
#: A key with more holders is a hub: it joins nobody.
HUB_HOLDERS: Final = 300
#: As in a walk.
MOST_BONDS: Final = 20


class Shares(msgspec.Struct, frozen=True, eq=False):
    """Who holds which key, once each, with its type, when it was said first and last, and how many hold it: one row each;
    `party` is the first node of each node's party, `household` that of the parties that are kin.
    """

    holder: Ints
    key: Ints
    type: Ints
    first_at: Ints
    last_at: Ints
    holders: Ints
    party: Ints
    household: Ints


def what_holding_says(graph: Graph, shares: Shares) -> Ints:
    """Return what holding each key says, in ppm: the weight of the type, less where the key has many holders, and of
    circumstances (a market's address) only what they say alone.
    """
    each = list(graph.types.values())
    weight, plain = (np.array([getattr(one, name) for one in each], np.int64)[shares.type] for name in ("weight_ppm", "plain"))
    family, personal = families_held(graph, shares)
    damped = weight * np.minimum(plain, shares.holders) // shares.holders
    return np.where(personal[family], damped, damped * SCALE.one_family_ppm // ONE)


def families_held(graph: Graph, shares: Shares) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """Return the family of each row, by what its key is to anybody (see `judge`), and which families are personal."""
    families = families_of(graph.types)
    first = np.full(graph.nodes, len(graph.types))
    np.minimum.at(first, shares.key, shares.type)
    codes = np.array([families.index(one.family) for one in graph.types.values()], np.int64)
    return codes[first[shares.key]], np.array([name not in SCALE.circumstances for name in families], np.bool_)


def shares_of(graph: Graph, as_of: int, seq: int) -> Shares:
    """Return who holds which key at an instant: the last word on each two, within its type's window, hubs left out.

    Whoever is bound to another (a business and its owner) holds what the other holds; the first node of a party stands for it.
    A key that one household holds alone is shared with nobody, and `holders` counts households.
    """
    ends, said = _rows(graph, as_of, seq)
    each = list(graph.types.values())
    bond = np.array([one.role == "bond" for one in each], np.bool_)[said[:, TYPE]]
    kin = np.array([one.family == "kin" for one in each], np.bool_)[said[:, TYPE]]
    bond &= _few_bonds(ends, bond, graph.nodes)
    party = components(ends[bond, 0], ends[bond, 1], graph.nodes).astype(np.int64)
    household = components(ends[bond | kin, 0], ends[bond | kin, 1], graph.nodes).astype(np.int64)
    says = np.array([one.role == "key" and one.weight_ppm > 0 for one in each], np.bool_)[said[:, TYPE]]
    ends, said = ends[says], said[says]
    first, last = _runs(ends, said)
    since = np.array([as_of - one.window_days * DAY_SECONDS if one.window_days else -(2**62) for one in each], np.int64)
    holds = (said[last, UNTIL] > as_of) & (said[last, AT] > since[said[last, TYPE]])
    first, last = first[holds], last[holds]
    holder, key = party[ends[last, 0]], ends[last, 1].astype(np.int64)
    holders = _distinct(household[holder], key, graph.nodes)[key]
    few = (holders > 1) & (holders <= HUB_HOLDERS)
    names = ("holder", "key", "type", "first_at", "last_at", "holders")
    columns = (holder, key, said[last, TYPE], said[first, AT], said[last, AT], holders)
    return Shares(**{name: column[few] for name, column in zip(names, columns, strict=True)}, party=party, household=household)


def _few_bonds(ends: Any, bond: npt.NDArray[np.bool_], nodes: int) -> npt.NDArray[np.bool_]:
    """Return which rows join two of few bonds: whoever represents dozens of businesses makes no party of them."""
    pairs = np.unique(ends[bond], axis=0)
    bonds = np.bincount(pairs.ravel(), minlength=nodes)
    few: npt.NDArray[np.bool_] = (bonds[ends] <= MOST_BONDS).all(axis=1)
    return few


def _runs(ends: Any, said: Ints) -> tuple[Ints, Ints]:
    """Return the first and the last row about each two nodes and type; rows come in the order of time."""
    order = np.lexsort((np.arange(len(said)), said[:, TYPE], ends[:, 1], ends[:, 0]))
    ends, types = ends[order], said[order, TYPE]
    begins = np.ones(len(order), np.bool_)
    begins[1:] = (ends[1:] != ends[:-1]).any(axis=1) | (types[1:] != types[:-1])
    finishes = np.ones(len(order), np.bool_)
    finishes[:-1] = begins[1:]
    return order[begins], order[finishes]


def _rows(graph: Graph, as_of: int, seq: int) -> tuple[Any, Ints]:
    """Return both ends and what was said of all rows known at an instant, generation and later ones, in the order of time."""
    later = graph.later.built.arrays
    numbers = np.empty(len(later.codes), np.int64)
    numbers[np.argsort(_own_numbers(graph), kind="stable")] = graph.later.nodes
    ends = np.concatenate([graph.main.ends.astype(np.int64), numbers[later.ends].reshape(-1, 2)])
    said = np.concatenate([graph.main.said, later.said])
    there = (said[:, AT] <= as_of) & (said[:, SEQ] <= seq)
    order = np.lexsort((said[there, SEQ], said[there, AT]))
    return ends[there][order], said[there][order]


def _own_numbers(graph: Graph) -> Ints:
    """Return the number in the whole graph of each node of what came later, in its own order."""
    return np.array([graph.number_of(code) for code in graph.later.built.arrays.codes.tolist()], np.int64)


def _distinct(holder: Ints, key: Ints, nodes: int) -> Ints:
    """Return how many different holders each node has."""
    pairs = np.unique(np.stack([key, holder], axis=1), axis=0) if len(key) else np.zeros((0, 2), np.int64)
    return np.bincount(pairs[:, 0], minlength=nodes)
