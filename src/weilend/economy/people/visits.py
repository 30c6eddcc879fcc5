"""In: a scene. Out: `Visits`, who came to our app when, from where and on which device. Used: by sightings and events.

People come from home, from where they work, over the mobile network and from public places; a market, a cafe and the mobile
network put many strangers behind one address. Owners come more often, and at other pages; not much else tells them from others.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from weilend.economy.catalogue import catalogue, drawn
from weilend.economy.firms import Floats, Ints
from weilend.economy.people.holdings import NO_DAY, NOTHING, Held
from weilend.economy.people.making import PLACES, POOLS
from weilend.economy.people.scene import Scene, waking_second
from weilend.economy.people.tokens import DISTRICT_NUMBERS, RANGE_NUMBERS, mixed
from weilend.economy.traces import DAY, instant, local_day

#: What a visit is for.
REGISTER, BROWSE, APPLY, ASK, LEAVE, NEW_PHONE, NEW_DEVICE, NEW_PASSWORD, NEW_PAYEE = range(9)
#: Where a visit comes from: places in the catalogue's networks.
AT_HOME, AT_DESK, MOBILE, PUBLIC = range(4)
#: Acts in our app that change something.
_CREDENTIALS: Final = {
    "change_phone": NEW_PHONE,
    "change_device": NEW_DEVICE,
    "change_password": NEW_PASSWORD,
    "change_payee": NEW_PAYEE,
}
_PUBLIC_PLACES, _MOBILE_GATES = 14, 40
#: Within their ranges of numbers: public places, mobile gates, addresses that a provider deals out anew each month.
_PUBLIC_FROM, _GATES_FROM, _DEALT_FROM = 1 << 20, 1 << 20, 1 << 22


class Visits(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Visits as rows: `user`, `at` (UTC seconds; of a form, when it was sent or left), `purpose`, `firm` that it is about (-1
    none), `want` the amount asked for (yuan), `place` where from, numbers of `device`, `wifi` (-1 none) and `ip`.
    """

    user: Ints
    at: Ints
    purpose: Ints
    firm: Ints
    want: Floats
    place: Ints
    device: Ints
    wifi: Ints
    ip: Ints

    def __len__(self) -> int:
        return len(self.user)


class _Plain(msgspec.Struct, frozen=True, eq=False):
    """Visits before it is known where from."""

    user: Ints
    at: Ints
    purpose: Ints
    firm: Ints
    want: Floats


def draw_visits(scene: Scene) -> Visits:
    """Return all visits of a district: registrations, browsing, applications, other forms.

    >>> from weilend.economy.people.scene import make_scene
    >>> from weilend.economy.plan import make_plan
    >>> scene = make_scene(make_plan(businesses=200, months=12, seed=1), 0)
    >>> visits = draw_visits(scene)
    >>> int((visits.purpose == REGISTER).sum()), int((visits.purpose == APPLY).sum()) == len(scene.asks)
    (800, True)
    """
    dice = scene.dice("visits")
    joined = scene.joined_at()
    users, none = np.arange(len(scene.people)), np.full(len(scene.people), NOTHING)
    parts = [
        _Plain(users, joined, none * 0 + REGISTER, none, np.zeros(len(users))),
        _browsing(scene, dice, joined),
        _Plain(scene.askers(), scene.asked_at(), np.full(len(scene.asks), APPLY), scene.asks.firm, scene.asks.want),
        _other_forms(scene, dice, joined),
        _changes(scene, dice, joined),
    ]
    user, at, purpose, firm, want = (np.concatenate([getattr(one, name) for one in parts]) for name in _Plain.__struct_fields__)
    return _placed(scene, dice, _Plain(user, at, purpose, firm, want))


def _browsing(scene: Scene, dice: np.random.Generator, joined: Ints) -> _Plain:
    """Return visits without a form: a share of users who come often, many who hardly do."""
    c, people = scene.plan.constants, scene.people
    since = np.maximum(joined + 600, scene.first_at)
    span = np.maximum(scene.end_at - since, 0) / (30.4 * DAY)
    rate = c["visits_month"] * np.exp(
        c["visits_spread"] * dice.standard_normal(len(people)) + c["visits_owner"] * people.is_owner
    )
    user = np.repeat(np.arange(len(people)), dice.poisson(rate * span))
    day = local_day(since[user] + (dice.random(len(user)) * span[user] * 30.4 * DAY).astype(np.int64))
    at = np.clip(instant(day, waking_second(dice, len(user))), since[user], scene.end_at - 1)
    none = np.full(len(user), NOTHING)
    return _Plain(user, at, np.full(len(user), BROWSE), none, np.zeros(len(user)))


def _other_forms(scene: Scene, dice: np.random.Generator, joined: Ints) -> _Plain:
    """Return forms for a loan of one's own, and forms of either product that are left before they are sent."""
    c, count = scene.plan.constants, len(scene.people)
    asks, leaves = (np.flatnonzero(dice.random(count) < c[name]) for name in ("personal_form_share", "left_form_share"))
    user = np.concatenate([asks, leaves])
    since = np.maximum(joined[user] + 1_800, scene.first_at)
    day = local_day(since + (dice.random(len(user)) * np.maximum(scene.end_at - since, 0)).astype(np.int64))
    at = np.clip(instant(day, waking_second(dice, len(user))), since, scene.end_at - 1)
    purpose = np.repeat([ASK, LEAVE], [len(asks), len(leaves)])
    about = scene.people.is_owner[user] & (purpose == LEAVE) & (dice.random(len(user)) < 0.6)
    firm = np.where(about, scene.people.works_at[user], NOTHING)
    return _Plain(user, at, purpose, firm, 18_000 * np.exp(0.8 * dice.standard_normal(len(user))))


def _changes(scene: Scene, dice: np.random.Generator, joined: Ints) -> _Plain:
    """Return visits that change something: telephone and device when there is a new one, password and payee now and then."""
    c, people, count = scene.plan.constants, scene.people, len(scene.people)
    span = np.maximum(scene.end_at - joined, 0)
    parts = _said_of(scene, dice, joined)
    for purpose, held in ((NEW_PHONE, people.phone), (NEW_DEVICE, people.device)):
        at = instant(np.minimum(held.since, NO_DAY), waking_second(dice, count))
        says = held.changes() & (dice.random(count) < c["change_said_share"]) & (at > joined) & (at < scene.end_at)
        parts.append((np.flatnonzero(says), at, purpose))
    for purpose in (NEW_PASSWORD, NEW_PAYEE):
        at = instant(local_day(joined + (dice.random(count) * span).astype(np.int64)), waking_second(dice, count))
        does = (dice.random(count) < c["credentials_year"] * span / (365 * DAY)) & (at > joined) & (at < scene.end_at)
        does &= (at >= scene.first_at) & (people.is_owner | (purpose == NEW_PASSWORD) | (dice.random(count) < 0.5))
        parts.append((np.flatnonzero(does), at, purpose))
    user = np.concatenate([who for who, _, _ in parts])
    none = np.full(len(user), NOTHING)
    purposes = np.concatenate([np.full(len(who), sort) for who, _, sort in parts])
    return _Plain(user, np.concatenate([at[who] for who, at, _ in parts]), purposes, none, np.zeros(len(user)))


def _said_of(scene: Scene, dice: np.random.Generator, joined: Ints) -> list[tuple[Ints, Ints, int]]:
    """Return (user, instant by user, purpose) of the changes that fraud makes to what an app knows of an owner."""
    parts = []
    for one in scene.changes:
        if one.event in _CREDENTIALS:
            user = scene.people.owner_of[one.firm]
            at = np.zeros(len(scene.people), np.int64)
            at[user] = instant(one.day, waking_second(dice, len(user)))
            parts.append((user[(at[user] > joined[user]) & (at[user] < scene.end_at)], at, _CREDENTIALS[one.event]))
    return parts


def _placed(scene: Scene, dice: np.random.Generator, plain: _Plain) -> Visits:
    """Return visits with device and network."""
    people, day, count = scene.people, local_day(plain.at), len(plain.user)
    place = _where(scene, dice, plain.user)
    device = _devices(scene, dice, plain, day)
    desk = _desks(scene, dice, plain.user)
    public = _number(scene, PLACES, _PUBLIC_FROM + drawn(dice, [1 / (1 + k) for k in range(_PUBLIC_PLACES)], count))
    gate = _number(scene, POOLS, _GATES_FROM + drawn(dice, [1 / (2 + k) for k in range(_MOBILE_GATES)], count))
    nothing = np.full(count, NOTHING)
    wifi = _by_place(place, people.wifi.at(plain.user, day), _desk_held(people.desk_wifi, desk, day), nothing, public)
    home_ip = _dealt(scene, people.ip, plain.user, day)
    ip = _by_place(place, home_ip, _desk_held(people.desk_ip, desk, day), gate, public)
    fields = {name: getattr(plain, name) for name in _Plain.__struct_fields__}
    return Visits(**fields, place=place, device=device, wifi=wifi, ip=ip)


def _devices(scene: Scene, dice: np.random.Generator, plain: _Plain, day: Ints) -> Ints:
    """Return the device of each visit: one's own, the one that the household or the desk shares, that of kin, or of a counter."""
    c, people, luck = scene.plan.constants, scene.people, dice.random(len(plain.user))
    spare = (people.tablet.first[plain.user] >= 0) & (luck < c["tablet_visit_share"])
    kin = np.where(luck > 1 - c["kin_visit_share"], people.home_of[plain.user], plain.user)
    device = np.where(spare, people.tablet.at(plain.user, day), people.device.at(kin, day))
    counter = scene.counters(dice, len(plain.user))
    device = np.where((plain.purpose == REGISTER) & (counter >= 0), counter, device)
    device[plain.purpose == APPLY] = scene.asking_devices()
    return device


def _where(scene: Scene, dice: np.random.Generator, user: Ints) -> Ints:
    """Return where each visit comes from; who has no desk sits at home instead."""
    count, people = len(user), scene.people
    owners, others = (drawn(dice, [getattr(one, who) for one in catalogue().networks], count) for who in ("owner", "other"))
    place = np.where(people.is_owner[user], owners, others)
    return np.where((place == AT_DESK) & (people.works_at[user] < 0) & ~people.courier[user], AT_HOME, place)


def _desks(scene: Scene, dice: np.random.Generator, user: Ints) -> Ints:
    """Return at the desk of which firm a user would sit: a courier stands at any."""
    anywhere = dice.integers(0, len(scene.firms), len(user))
    return np.where(scene.people.courier[user], anywhere, scene.people.works_at[user])


def _desk_held(held: Held, desk: Ints, day: Ints) -> Ints:
    return held.at(np.maximum(desk, 0), day)


def _by_place(place: Ints, home: Ints, desk: Ints, mobile: Ints, public: Ints) -> Ints:
    return np.choose(place, [home, desk, mobile, public])


def _number(scene: Scene, group: int, place: Ints) -> Ints:
    return scene.district * DISTRICT_NUMBERS + group * RANGE_NUMBERS + place


def _dealt(scene: Scene, ip: Held, user: Ints, day: Ints) -> Ints:
    """Return the network address of homes: some providers deal them out anew each month, so strangers have the same one in
    turn.
    """
    fixed = ip.at(user, day)
    month = day // 30
    dealt = mixed(fixed) % 1_000 < 1_000 * scene.plan.constants["dealt_ip_share"]
    turn = mixed(fixed + month * 7_919) % (len(scene.people) // 2 + 1)
    return np.where(dealt, _number(scene, POOLS, _DEALT_FROM + turn), fixed)
