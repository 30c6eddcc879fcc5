"""In: a plan, a district, its firms. Out: `People`. Used: by the scene of a district.

Much is shared innocently: homes by couples who each run a firm, one address, telephone and network by the tenants of a market or
a business centre, telephone numbers and second-hand devices by strangers one after the other. So a shared thing alone accuses
nobody.
"""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import msgspec
import numpy as np

from weilend.core.calendars import first_of_month
from weilend.economy.catalogue import catalogue, drawn
from weilend.economy.credit import Asks
from weilend.economy.firms import Bools, Firms, Floats, Ints
from weilend.economy.months import Months
from weilend.economy.people.holdings import NO_DAY, NOTHING, Held, People, always
from weilend.economy.people.tokens import DISTRICT_NUMBERS, RANGE_NUMBERS, mixed
from weilend.economy.plan import WorldPlan

_EPOCH: Final = date(1970, 1, 1)
#: Ranges of numbers: of users at first and later, of firms at first and later, of people who are no users, of shared places.
USERS, USERS_THEN, FIRMS, FIRMS_THEN, OUTSIDERS, PLACES, POOLS = range(7)
HOME, PREMISES, MARKET, CENTRE = range(4)
#: A number that was given back goes to somebody else after so many days.
_REST_DAYS = 90
_BOOKKEEPERS, _AGENTS = 15, 10
#: Users who registered before the first month told did so within this many days.
_EARLY_DAYS = 720
#: Whoever applies told us of the firm some days before, and registered some before that: means, a day at least.
_TELL_LEAD, _JOIN_LEAD = 5, 24


class _Draft(msgspec.Struct, frozen=True, eq=False):
    """What the makers of holdings draw from: who there is, and the dice."""

    plan: WorldPlan
    district: int
    dice: np.random.Generator
    firms: Firms
    owner_of: Ints
    works_at: Ints
    home_of: Ints
    owners: int

    @property
    def users(self) -> int:
        """How many users there are."""
        return len(self.home_of)

    def numbers(self, group: int, place: Ints) -> Ints:
        """Return numbers of a range of holders."""
        return self.district * DISTRICT_NUMBERS + group * RANGE_NUMBERS + place

    def days(self, hazard: float | Floats, count: int) -> Ints:
        """Return the day on which a thing that happens with a hazard a month first happens, `NO_DAY` where it does not."""
        wait = np.ceil(self.dice.exponential(1 / np.broadcast_to(np.asarray(hazard), (count,))) * 30.4).astype(np.int64)
        day = first_day(self.plan, 0) + wait
        return np.where(day < first_day(self.plan, self.plan.months), day, NO_DAY)


def first_days(plan: WorldPlan, month: Ints) -> Ints:
    """Return the first days (since 1970-01-01) of months counted from the first one told, those before it too.

    >>> from weilend.economy.plan import make_plan
    >>> first_days(make_plan(businesses=1, months=12, seed=1), np.array([0, -12])).tolist()
    [20089, 19723]
    """
    months, place = np.unique(month, return_inverse=True)
    return np.array([first_day(plan, one) for one in months.tolist()], dtype=np.int64)[place]


def first_day(plan: WorldPlan, month: int) -> int:
    """Return the first day (since 1970-01-01) of a month counted from the first one told.

    >>> from weilend.economy.plan import make_plan
    >>> first_day(make_plan(businesses=1, months=12, seed=1), 0)
    20089
    """
    return (first_of_month(plan.first_month + month) - _EPOCH).days


def make_people(plan: WorldPlan, district: int, firms: Firms, months: Months, asks: Asks) -> People:
    """Return the users of a district and what they hold.

    >>> from weilend.economy.people.scene import make_scene
    >>> from weilend.economy.plan import make_plan
    >>> people = make_scene(make_plan(businesses=400, months=12, seed=1), 0).people
    >>> len(people), int(people.is_owner.sum()), len(set(people.owner_of.tolist()))
    (1600, 400, 380)
    """
    dice = plan.dice("people", district)
    draft = _draw_who(plan, district, dice, firms)
    home = _homes(draft)
    wifi, ip = _networks(draft, home)
    phone, device = _phones(draft, months), _devices(draft)
    sites = _sites(draft, home, wifi, ip)
    people = People(
        district=district,
        is_owner=np.arange(draft.users) < draft.owners,
        owner_of=draft.owner_of,
        works_at=draft.works_at,
        home_of=draft.home_of,
        courier=(draft.works_at == NOTHING) & (dice.random(draft.users) < plan.constants["courier_share"]),
        joined=_joined(draft),
        told=_told(draft),
        sent=_sent(draft),
        phone=phone,
        device=device,
        tablet=_tablets(draft),
        home=home,
        wifi=wifi,
        ip=ip,
        contact=_contacts(draft, phone, sites.office),
        card=always(draft.numbers(USERS, np.arange(draft.users))),
        address=sites.address,
        desk_phone=sites.phone,
        desk_wifi=sites.wifi,
        desk_ip=sites.ip,
        account=_accounts(draft),
        bookkeeper=_named_places(draft, _bookkept(draft), _BOOKKEEPERS),
        agent=_named_places(draft, dice.random(len(firms)) < plan.constants["agent_share"], _AGENTS),
        **_habits(draft),
    )
    return settled(plan, people, asks)


def settled(plan: WorldPlan, people: People, asks: Asks) -> People:
    """Return people who registered, and told us of their firm, before they ask for money: to be said again when fraud adds
    asks.
    """
    first = np.full(len(people.owner_of), NO_DAY)
    np.minimum.at(first, asks.firm, first_days(plan, asks.month) + people.sent[asks.firm, asks.month] // 86_400)
    number = people.district * DISTRICT_NUMBERS + np.arange(len(first))
    told = np.minimum(people.told, np.where(first < NO_DAY, first - _lead(number, _TELL_LEAD), NO_DAY))
    joined = people.joined.copy()
    np.minimum.at(joined, people.owner_of, told - _lead(number + RANGE_NUMBERS, _JOIN_LEAD))
    return msgspec.structs.replace(people, told=told, joined=joined)


def _lead(number: Ints, mean: int) -> Ints:
    """Return exponential waits in whole days, at least one, that belong to numbers for good: the same when said again."""
    waits: Ints = 1 + (-mean * np.log((mixed(number) + 1) / (1 << 24))).astype(np.int64)
    return waits


def _draw_who(plan: WorldPlan, district: int, dice: np.random.Generator, firms: Firms) -> _Draft:
    """Return who owns and who runs the firms, who works there and who lives with whom."""
    c, count, users = plan.constants, len(firms), plan.users_of(district)
    wanted = round(c["owner_share_of_users"] * users)
    seconds = int(np.clip(count - wanted, round(c["second_firm_share"] * count), count // 2))
    single = count - seconds
    owner_of = np.concatenate([np.arange(single), dice.permutation(single)[:seconds]])
    owners = max(min(wanted, users), single)
    works_at = np.where(dice.random(users) < c["employed_share"], dice.integers(0, count, users), NOTHING)
    works_at[:single] = np.arange(single)
    works_at[single:owners] = dice.integers(0, count, owners - single)
    return _Draft(plan, district, dice, firms, owner_of, works_at, _households(plan, dice, users, single), owners)


def _households(plan: WorldPlan, dice: np.random.Generator, users: int, single: int) -> Ints:
    """Return the head of every user's household: couples of owners, and users who live with somebody."""
    head, c = np.arange(users), plan.constants
    couples = round(c["family_business_share"] * single / 2)
    mixed = dice.permutation(single)
    head[mixed[couples : 2 * couples]] = mixed[:couples]
    joins = np.flatnonzero((np.arange(users) >= single) & (dice.random(users) < c["shared_home_share"]))
    hosts = np.setdiff1d(np.flatnonzero(head == np.arange(users)), joins)
    head[joins] = dice.choice(hosts, len(joins))
    return head


def _handed_on(draft: _Draft, held: Held, share: float) -> Held:
    """Return things of which a share of the new ones had belonged to a stranger, who gave them back some time before."""
    gets = np.flatnonzero(held.changes())
    gets = gets[np.argsort(held.since[gets], kind="stable")]
    wants = gets[draft.dice.random(len(gets)) < share]
    gives = gets[: len(wants)]
    free = held.since[gives] + _REST_DAYS <= held.since[wants]
    then = held.then.copy()
    then[wants[free]] = held.first[gives[free]]
    return Held(held.first, then, held.since)


def _by_user(draft: _Draft, since: Ints) -> Held:
    who = np.arange(draft.users)
    return Held(draft.numbers(USERS, who), draft.numbers(USERS_THEN, who), since)


def _homes(draft: _Draft) -> Held:
    """Return addresses of users: those of their households, which move as a whole."""
    own = _by_user(draft, draft.days(draft.plan.constants["move_hazard"], draft.users))
    heads = np.where(draft.home_of == np.arange(draft.users), own.since, NO_DAY)
    moved = _handed_on(draft, Held(own.first, own.then, heads), draft.plan.constants["handed_home_share"])
    return _taken(moved, draft.home_of)


def _taken(held: Held, place: Ints) -> Held:
    """Return what those at some places hold."""
    return Held(held.first[place], held.then[place], held.since[place])


def _networks(draft: _Draft, home: Held) -> tuple[Held, Held]:
    """Return the Wi-Fi and the network address of homes: some have no Wi-Fi, some share one address with the building."""
    has_wifi = draft.dice.random(draft.users)[draft.home_of] < draft.plan.constants["wifi_share"]
    wifi = Held(np.where(has_wifi, home.first, NOTHING), np.where(has_wifi, home.then, NOTHING), home.since)
    building = draft.numbers(POOLS, draft.dice.integers(0, 1 + draft.users // 12, draft.users))[draft.home_of]
    shares = draft.dice.random(draft.users)[draft.home_of] < draft.plan.constants["shared_ip_share"]
    return wifi, Held(np.where(shares, building, home.first), home.then, home.since)


def _phones(draft: _Draft, months: Months) -> Held:
    """Return telephones: some change, more often those of owners who stopped paying; old numbers pass to strangers."""
    c, dice = draft.plan.constants, draft.dice
    since = draft.days(c["phone_change_hazard"], draft.users)
    late = months.late[:, : draft.plan.months] > 0
    hides = late.any(axis=1) & (dice.random(len(late)) < c["trouble_phone_share"])
    flight = np.where(hides, first_days(draft.plan, late.argmax(axis=1)) + dice.integers(5, 90, len(late)), NO_DAY)
    np.minimum.at(since, draft.owner_of, flight)
    return _handed_on(draft, _by_user(draft, since), c["recycled_share"])


def _devices(draft: _Draft) -> Held:
    c = draft.plan.constants
    return _handed_on(draft, _by_user(draft, draft.days(c["device_change_hazard"], draft.users)), c["second_hand_share"])


def _tablets(draft: _Draft) -> Held:
    """Return second devices: one of the home that everybody there uses, or the computer at the desk of a firm."""
    c, dice = draft.plan.constants, draft.dice
    at_home = (dice.random(draft.users) < c["tablet_share"])[draft.home_of]
    at_desk = (draft.firms.is_company & (dice.random(len(draft.firms)) < c["desk_device_share"]))[draft.works_at]
    at_desk &= np.arange(draft.users) < draft.owners
    number = np.where(at_home, draft.numbers(PLACES, draft.home_of), NOTHING)
    return always(np.where(at_desk, draft.numbers(FIRMS, draft.works_at), number))


class _Sites(msgspec.Struct, frozen=True, eq=False):
    """Where firms stand; `office` is the telephone of the market or centre, -1 where there is none."""

    address: Held
    phone: Held
    wifi: Held
    ip: Held
    office: Ints


def _sites(draft: _Draft, home: Held, wifi: Held, ip: Held) -> _Sites:
    """Return the places of firms: the home of the owner, premises of their own, a market, a business centre."""
    dice, count, c = draft.dice, len(draft.firms), draft.plan.constants
    sorts = catalogue().sites
    sole, company = (drawn(dice, [getattr(one, name) for one in sorts], count) for name in ("sole", "company"))
    kind = np.where(draft.firms.is_company, company, sole)
    place = _places(dice, kind)
    own, then = draft.numbers(FIRMS, np.arange(count)), draft.numbers(FIRMS_THEN, np.arange(count))
    since, is_home, is_shared = draft.days(c["move_hazard"], count), kind == HOME, kind >= MARKET
    shared = draft.numbers(PLACES, place)
    own_stall = (kind == MARKET) & (place % 2 == 1)  # half of the markets number their stalls
    names_it = is_shared & (dice.random(count) < c["tenant_phone_share"])

    def at(home_held: Held, here: Ints, later: Ints) -> Held:
        theirs = _taken(home_held, draft.owner_of)
        first, last = np.where(is_home, theirs.first, here), np.where(is_home, theirs.then, later)
        return Held(first, last, np.where(is_home, theirs.since, since))

    no_wifi = dice.random((2, count)) < 0.3
    return _Sites(
        address=at(home, np.where(is_shared & ~own_stall, shared, own), then),
        phone=Held(np.where(names_it, shared, NOTHING), np.full(count, NOTHING), since),
        wifi=at(wifi, np.where(is_shared, shared, np.where(no_wifi[0], NOTHING, own)), np.where(no_wifi[1], NOTHING, then)),
        ip=at(ip, np.where(is_shared, shared, own), then),
        office=np.where(is_shared, shared, NOTHING),
    )


def _places(dice: np.random.Generator, kind: Ints) -> Ints:
    """Return at which market or centre each firm stands: few are large."""
    place = np.zeros(len(kind), np.int64)
    for sort, one in enumerate(catalogue().sites):
        if one.places:
            place = np.where(kind == sort, sort * 1_000 + _few(dice, one.places, len(kind)), place)
    return place


def _few(dice: np.random.Generator, places: int, count: int) -> Ints:
    """Return places drawn with weights 1, 1/2, 1/3 ... (Zipf)."""
    return drawn(dice, [1 / (1 + place) for place in range(places)], count)


def _named_places(draft: _Draft, has: Bools, places: int) -> Held:
    return always(np.where(has, draft.numbers(PLACES, _few(draft.dice, places, len(has))), NOTHING))


def _bookkept(draft: _Draft) -> Bools:
    c = draft.plan.constants
    chance = np.where(draft.firms.is_company, c["bookkeeper_share_company"], c["bookkeeper_share_sole"])
    kept: Bools = draft.dice.random(len(chance)) < chance
    return kept


def _contacts(draft: _Draft, phone: Held, office: Ints) -> Held:
    """Return whom we may call: kin who are users, friends who are, the office of the market, or somebody we do not know."""
    c, dice, who = draft.plan.constants, draft.dice, np.arange(draft.users)
    kin = draft.home_of.copy()
    kin[draft.home_of] = np.where(draft.home_of == who, kin[draft.home_of], who)  # a head names one who lives there
    luck = dice.random(draft.users)
    other = np.where(
        (kin != who) & (luck < c["kin_contact_share"]),
        kin,
        np.where(luck < 1 - c["friend_contact_share"], NOTHING, dice.integers(0, draft.users, draft.users)),
    )
    number = np.where(
        other >= 0, phone.first[other], draft.numbers(OUTSIDERS, draft.home_of)
    )  # who live together name the same parent
    at_office = (draft.works_at >= 0) & (office[draft.works_at] >= 0) & (dice.random(draft.users) < c["office_contact_share"])
    return always(np.where(at_office, office[draft.works_at], number))


def _accounts(draft: _Draft) -> Held:
    """Return the accounts of firms: most sole traders use their own, also for a second firm; some change the bank."""
    c, dice, count = draft.plan.constants, draft.dice, len(draft.firms)
    own = ~draft.firms.is_company & (dice.random(count) < c["own_account_share"])
    first = np.where(own, draft.numbers(USERS, draft.owner_of), draft.numbers(FIRMS, np.arange(count)))
    return Held(first, draft.numbers(FIRMS_THEN, np.arange(count)), draft.days(c["account_change_hazard"], count))


def _joined(draft: _Draft) -> Ints:
    """Return the days of registration: most before the first month told."""
    start, end = first_day(draft.plan, 0), first_day(draft.plan, draft.plan.months)
    early = start - draft.dice.integers(1, _EARLY_DAYS, draft.users)
    return np.where(
        draft.dice.random(draft.users) < draft.plan.constants["early_share"],
        early,
        draft.dice.integers(start, end, draft.users),
    )


def _told(draft: _Draft) -> Ints:
    """Return the days on which owners tell us of their firms: some do at some time, whoever applies does before."""
    start, end = first_day(draft.plan, 0), first_day(draft.plan, draft.plan.months)
    tells = draft.dice.random(len(draft.firms)) < draft.plan.constants["declared_share"]
    opened = first_days(draft.plan, np.maximum(draft.firms.founded, 0))
    return np.where(tells, np.maximum(draft.dice.integers(start, end, len(tells)), opened), NO_DAY)


def _sent(draft: _Draft) -> Ints:
    """Return at which second of each month an application would be sent: any day, between eight in the morning and eleven
    at night.
    """
    plan, dice = draft.plan, draft.dice
    length = np.diff(first_days(plan, np.arange(plan.all_months + 1)))
    shape = (len(draft.firms), plan.all_months)
    day = (dice.random(shape) * length).astype(np.int64)
    second: Ints = day * 86_400 + (28_800 + dice.beta(2.0, 2.2, shape) * 54_000).astype(np.int64)
    return second


def _habits(draft: _Draft) -> dict[str, Any]:
    """Return what users are like: few use tools at all, some paste much, everybody has a pace."""
    c, dice, users = draft.plan.constants, draft.dice, draft.users
    return {
        "tools": _shares(dice, c["tool_share"], 0.25, users),
        "pace": c["pace_ms"] * np.exp(0.5 * dice.standard_normal(users)),
        "pastes": _shares(dice, c["paste_share"], 0.8, users),
        "face": np.clip(c["face_match"] + 0.03 * dice.standard_normal(users), 0.5, 0.999),
        "fails": np.clip(c["check_fails"] * np.exp(0.8 * dice.standard_normal(users)), 0.0, 0.5),
        "enquiries": np.zeros(users, np.int64),
    }


def _shares(dice: np.random.Generator, mean: float, shape: float, count: int) -> Floats:
    """Return shares with a mean, most of them near zero where the shape is small (beta)."""
    return dice.beta(shape, shape * (1 - mean) / mean, count)
