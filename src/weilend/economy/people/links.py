"""In: a scene. Out: `link` records: who owns what, is reached where, uses which device, banks where, is kin to whom. Used: by
telling.

What a user holds is known from registration on, what a firm and its owner hold from the day on which the owner tells us of the
firm. An end is a new version of the same link, known when the next thing is; so at any instant one version of a link is in force.
"""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.records import FAR_FUTURE
from weilend.economy.firms import Ints
from weilend.economy.people.holdings import NO_DAY, NOTHING, Held, always
from weilend.economy.people.scene import Scene
from weilend.economy.people.tokens import DISTRICT_NUMBERS, owner_codes, tokens
from weilend.economy.traces import dates, instant, local_day, tell

#: Whoever changes something tells us, or is seen with it, within so many days.
_LATE_DAYS = 20


class Bond(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Links of one sort: `left` their codes, `held` the things on the right (of `sort`), told from the instants `begin`."""

    left: pa.Array
    from_kind: str
    held: Held
    sort: str
    to_kind: str
    role: str
    begin: Ints
    share: Ints | None = None
    evidence: str = "declared"


class _Spells(msgspec.Struct, frozen=True, eq=False):
    """Versions of links: `row` of the bond, `number` held, when the thing `began`, `ended` (-1: it lasts), and the clocks."""

    row: Ints
    number: Ints
    began: Ints
    ended: Ints
    at: Ints
    known: Ints
    replaced: Ints


def tell_links(scene: Scene) -> list[pa.Table]:
    """Return the links of a district.

    >>> from weilend.economy.people.scene import make_scene
    >>> from weilend.economy.plan import make_plan
    >>> links = tell_links(make_scene(make_plan(businesses=60, months=12, seed=1), 0))[0]
    >>> sorted(set(links["role"].to_pylist()))[:4]
    ['banks_with', 'emergency_contact', 'keeps_books', 'lives_at']
    """
    dice = scene.dice("links")
    bonds = [*_of_firms(scene), *_of_users(scene)]
    spells = [_spells(dice, bond, scene.end_at) for bond in bonds]
    counts = [len(one.row) for one in spells]

    def texts(name: str) -> pa.Array:
        return pc.take(pa.array([getattr(bond, name) for bond in bonds]), pa.array(np.repeat(np.arange(len(bonds)), counts)))

    pairs = list(zip(bonds, spells, strict=True))
    columns = {
        "from_id": pa.concat_arrays([bond.left.take(pa.array(one.row)) for bond, one in pairs]),
        "to_id": pa.concat_arrays([tokens(bond.sort, one.number) for bond, one in pairs]),
        **{name: texts(name) for name in ("from_kind", "to_kind", "role", "evidence")},
        "share_ppm": pa.concat_arrays([_share(bond, one) for bond, one in pairs]),
        "valid_from_on": dates(np.concatenate([one.began for one in spells])),
        "valid_until_on": _until(np.concatenate([one.ended for one in spells])),
    }
    at, known, replaced = (np.concatenate([getattr(one, name) for one in spells]) for name in ("at", "known", "replaced"))
    return [tell("link", columns, at=at, known_at=known, source="app", key=("from_id", "role", "to_id"), replaced_at=replaced)]


def _share(bond: Bond, spells: _Spells) -> pa.Array:
    return pa.nulls(len(spells.row), pa.int64()) if bond.share is None else pa.array(bond.share[spells.row])


def _until(ended: Ints) -> pa.Array:
    return dates(np.maximum(ended, 0), ended >= 0)


def _of_firms(scene: Scene) -> list[Bond]:
    """Return what links firms: to owners and managers, to telephones, addresses, accounts, agencies and agents."""
    people, firms, begin = scene.people, scene.firms, scene.told_at()
    code, company = pa.array(firms.code), np.flatnonzero(firms.is_company)
    owner = Held(_numbered(people.district, people.owner_of), np.full(len(firms), NOTHING), scene.closing_days())
    runs = np.flatnonzero(people.is_owner & ~np.isin(np.arange(len(people)), people.owner_of))
    at = people.works_at[runs]
    runs_from = np.maximum(begin[at], scene.joined_at()[runs])

    def bond(held: Held, sort: str, to_kind: str, role: str) -> Bond:
        return Bond(left=code, from_kind="business", held=held, sort=sort, to_kind=to_kind, role=role, begin=begin)

    return [
        msgspec.structs.replace(bond(owner, "owner", "owner", "owns"), share=scene.owner_shares()),
        Bond(left=code.take(pa.array(company)), from_kind="business", held=taken(owner, company), sort="owner", to_kind="owner",
             role="represents", begin=begin[company], evidence="registered"),
        Bond(left=code.take(pa.array(at)), from_kind="business", held=always(_numbered(people.district, runs)), sort="owner",
             to_kind="owner", role="manages", begin=runs_from),
        bond(taken(people.phone, people.owner_of), "phone", "phone", "reachable_at"),
        bond(people.desk_phone, "phone", "phone", "reachable_at"),
        bond(people.address, "address", "address", "located_at"),
        bond(people.account, "account", "account", "banks_with"),
        bond(people.bookkeeper, "bookkeeper", "agent", "keeps_books"),
        bond(people.agent, "agent", "agent", "recommends"),
    ]  # fmt: skip


def _of_users(scene: Scene) -> list[Bond]:
    """Return what links users: to telephones and devices, and of owners who told us of a firm also to home, account and kin."""
    people, joined = scene.people, scene.joined_at()
    code = owner_codes(people.district, np.arange(len(people)))
    told = np.full(len(people), instant(np.array([NO_DAY]))[0])
    np.minimum.at(told, people.owner_of, scene.told_at())
    kin = np.where(people.home_of != np.arange(len(people)), people.home_of, NOTHING)
    head_told = np.minimum(told, told[people.home_of])  # either of the two tells of the other
    relation = Held(
        np.where(kin >= 0, _numbered(people.district, kin), NOTHING), np.full(len(kin), NOTHING), np.full(len(kin), NO_DAY)
    )
    spouses = np.flatnonzero(people.is_owner & people.is_owner[people.home_of])
    others = np.setdiff1d(np.arange(len(people)), spouses)

    def bond(held: Held, sort: str, role: str, begin: Ints, evidence: str = "declared") -> Bond:
        return Bond(left=code, from_kind="owner", held=held, sort=sort, to_kind=sort, role=role, begin=begin, evidence=evidence)

    def kinship(who: Ints, role: str) -> Bond:
        return Bond(left=code.take(pa.array(who)), from_kind="owner", held=taken(relation, who), sort="owner", to_kind="owner",
                    role=role, begin=np.maximum(head_told, joined)[who])  # fmt: skip

    return [
        bond(people.phone, "phone", "reachable_at", joined),
        bond(people.device, "device", "uses", joined, "observed"),
        bond(people.tablet, "device", "uses", joined, "observed"),
        bond(people.home, "address", "lives_at", told),
        bond(people.card, "account", "banks_with", told),
        bond(people.contact, "phone", "emergency_contact", told),
        kinship(spouses, "spouse"),
        kinship(others, "relative"),
    ]


def taken(held: Held, place: Ints) -> Held:
    """Return what those at some places hold.

    >>> taken(always(np.array([5, 6])), np.array([1])).first.tolist()
    [6]
    """
    return Held(held.first[place], held.then[place], held.since[place])


def _numbered(district: int, user: Ints) -> Ints:
    return district * DISTRICT_NUMBERS + user


def _spells(dice: np.random.Generator, bond: Bond, end_at: int) -> _Spells:
    """Return the versions of the links of a bond: the first thing, its end, and the second one."""
    held, begin = bond.held, bond.begin
    count = len(begin)
    turns = instant(np.minimum(held.since, NO_DAY), dice.integers(28_800, 79_200, count))
    noted = turns + dice.integers(60, _LATE_DAYS * 86_400, count)
    ends = held.changes() & (noted < end_at)
    there, early = begin < end_at, local_day(begin) < held.since  # told early enough to know the first thing
    one = np.flatnonzero(there & early & (held.first >= 0))
    over = one[ends[one]]
    two = np.flatnonzero(there & (held.then >= 0) & np.where(early, ends, held.changes()))
    two_at = np.where(early, turns, begin)[two]
    rows = np.concatenate([one, over, two])
    return _Spells(
        row=rows,
        number=np.concatenate([held.first[one], held.first[over], held.then[two]]),
        began=local_day(np.concatenate([begin[one], begin[over], two_at])),
        ended=np.concatenate([np.full(len(one), NOTHING), held.since[over] - 1, np.full(len(two), NOTHING)]),
        at=np.concatenate([begin[one], turns[over], two_at]),
        known=np.concatenate([begin[one], noted[over], np.where(early, noted, begin)[two]]),
        replaced=np.concatenate([np.where(ends, noted, FAR_FUTURE)[one], np.full(len(over) + len(two), FAR_FUTURE)]),
    )
