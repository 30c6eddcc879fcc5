"""In: what a walk found around a node. Out: how strongly it belongs to a ring, with whom, and by which edges. Used: by inquiry.

For each party that shares keys with the asked one, each *family* of sharing counts once, by its best key: weight of the type,
less where the key has many holders. A key is of the family of the first type (in the table) by which anybody holds it: the
telephone of a market's office is a place, whoever names it as a contact. Families are independent, so what they say joins as
one minus the product of what they leave; one family alone says little, for one landlord, market or courier explains it, and
explains all his tenants at once. What was known of the other party says how much the tie matters. Integers throughout: ppm,
rounded down.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.fraud.graph.types import DAY_SECONDS, EdgeType

Ints = npt.NDArray[np.int64]
ONE: Final = 1_000_000


class Scale(msgspec.Struct, frozen=True):
    """The numbers of rings.toml.

    >>> SCALE.watch_ppm < SCALE.alert_ppm
    True
    """

    alert_ppm: int
    watch_ppm: int
    least_members: int
    least_families: int
    member_ppm: int
    one_family_ppm: int
    kin_ppm: int
    circumstances: tuple[str, ...]
    known: dict[str, int]
    days: dict[str, int]


_TEXT = files("weilend.fraud.graph").joinpath("rings.toml").read_text(encoding="utf-8")
SCALE: Final = msgspec.convert(tomllib.loads(_TEXT), Scale)
#: What may be known of a party, gravest first.
KNOWN: Final = ("fraud", "defaulted", "applied", "declined", "earlier", "nothing")
_KNOWN_PPM: Final = np.array([SCALE.known[name] for name in KNOWN])


class Around(msgspec.Struct, frozen=True, eq=False):
    """What a walk found (see `walk.make_room`); `party` is the party of each actor, the asked one's is 0."""

    actors: Ints
    keys: Ints
    edges: Ints
    ties: Ints
    marks: Ints
    party: Ints
    truncated: bool


class Ties(msgspec.Struct, frozen=True, eq=False):
    """What each party shares with the asked one.

    `weights` (parties, families) are ppm; `by` the row of `edges` behind each, -1 for none; `kin` who is family; `known` the
    place in `KNOWN`; `applied_at` when it last applied (a very small number for never); `few` who shares one thing only, or
    circumstances alone; `strength` and `counts` as `Member` has them.
    """

    weights: Ints
    by: Ints
    kin: npt.NDArray[np.bool_]
    known: Ints
    applied_at: Ints
    few: npt.NDArray[np.bool_]
    strength: Ints
    counts: Ints

    @property
    def anomaly_ppm(self) -> int:
        """One minus the product of what the parties leave; all who share one thing only are explained at once, so the strongest
        of them speaks for them all.
        """
        left = ONE - int(self.counts[self.few].max(initial=0))
        for counts in self.counts[~self.few].tolist():
            left = left * (ONE - counts) // ONE
        return ONE - left

    @property
    def members(self) -> Ints:
        """The parties that count, strongest first."""
        chosen = np.flatnonzero(self.strength >= SCALE.member_ppm)
        return chosen[np.lexsort((chosen, -self.strength[chosen], -self.counts[chosen]))]


def settle(walked: Any) -> Around:
    """Return what a walk found, with the party of each actor."""
    actors, keys, edges, ties, marks, truncated = walked
    party = actors[:, 2].copy()
    while (party != party[party]).any():
        party = party[party]
    return Around(actors, keys, edges, ties, marks, party, truncated)


def weigh(around: Around, types: dict[str, EdgeType], as_of: int) -> Ties:
    """Return what each party shares with the asked one, and what that says."""
    families = families_of(types)
    codes = np.array([families.index(one.family) for one in types.values()], np.int64)
    count = len(around.actors)
    weights, by = np.zeros((count, len(families)), np.int64), np.full((count, len(families)), -1, np.int64)
    found = _shared(around, types)
    of_key = np.full(len(around.keys), len(types))
    np.minimum.at(of_key, around.edges[:, 1], around.edges[:, 2])
    for row, weight in found:
        place = around.party[around.edges[row, 0]], codes[of_key[around.edges[row, 1]]]
        if weight > weights[place]:
            weights[place], by[place] = weight, row
    kin = _tied(around, types, weights, codes)
    known, applied_at = _known(around, types, as_of)
    left = np.full(count, ONE)
    for family in range(len(families)):
        left = left * (ONE - weights[:, family]) // ONE
    strength = ONE - left
    personal = np.array([name not in SCALE.circumstances for name in families])
    few = ((weights > 0).sum(axis=1) < SCALE.least_families) | ~(weights[:, personal] > 0).any(axis=1)
    strength = np.where(few, strength * SCALE.one_family_ppm // ONE, strength)
    strength = np.where(kin, strength * SCALE.kin_ppm // ONE, strength)
    strength[0] = 0
    return Ties(weights, by, kin, known, applied_at, few, strength, strength * _KNOWN_PPM[known] // ONE)


def families_of(types: dict[str, EdgeType]) -> list[str]:
    """Return the families of some types, each once.

    >>> families_of({"wifi": EdgeType(role="key", family="place"), "ip": EdgeType(role="key", family="place")})
    ['place']
    """
    return list(dict.fromkeys(one.family for one in types.values()))


def _shared(around: Around, types: dict[str, EdgeType]) -> list[tuple[int, int]]:
    """Return the edges of others to keys of the asked party, with the weight of each: the less telling type of the two counts."""
    each = list(types.values())
    mine = around.party[around.edges[:, 0]] == 0
    own = np.zeros(len(around.keys), np.int64)
    weight = np.array([one.weight_ppm for one in each], np.int64)[around.edges[:, 2]]
    np.maximum.at(own, around.edges[mine, 1], weight[mine])
    theirs = np.flatnonzero(~mine & (own[around.edges[:, 1]] > 0))
    key = around.edges[theirs, 1]
    plain = np.array([one.plain for one in each], np.int64)[around.edges[theirs, 2]]
    holders = np.maximum(around.keys[key, 1], 1)
    said = np.minimum(weight[theirs], own[key]) * np.minimum(plain, holders) // holders
    return list(zip(theirs.tolist(), said.tolist(), strict=True))


def _tied(around: Around, types: dict[str, EdgeType], weights: Ints, codes: Ints) -> npt.NDArray[np.bool_]:
    """Add what ties say to the weights, and return which parties are kin of the asked one."""
    names, kin = list(types), np.zeros(len(weights), np.bool_)
    for one, other, type_ in around.ties[:, :3].tolist():
        ends = {int(around.party[one]), int(around.party[other])}
        if 0 not in ends or len(ends) == 1:
            continue
        place, tie = max(ends), types[names[type_]]
        kin[place] |= tie.family == "kin"
        weights[place, codes[type_]] = max(weights[place, codes[type_]], tie.weight_ppm)
    return kin


def _known(around: Around, types: dict[str, EdgeType], as_of: int) -> tuple[Ints, Ints]:
    """Return the gravest that was known of each party, and when it last applied."""
    names = list(types)
    known = np.full(len(around.actors), KNOWN.index("nothing"))
    applied_at = np.full(len(around.actors), -(2**62))
    recent = as_of - SCALE.days["recent"] * DAY_SECONDS
    for actor, type_, at in around.marks.tolist():
        party, name = around.party[actor], names[type_]
        if name == "application":
            applied_at[party] = max(applied_at[party], at)
            name = "applied" if at > recent else "earlier"
        known[party] = min(known[party], KNOWN.index(name))
    return known, applied_at
