"""In: nothing. Out: `People`, who the users are and what each holds: phones, devices, homes, networks, accounts, as numbers.
Used: by every maker of people's records, and by patterns of fraud, which let firms share what honest people do not.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np

from weilend.core.errors import NotFoundError
from weilend.economy.firms import NEVER, Bools, Floats, Ints

#: A day that does not come: what is held is never replaced.
NO_DAY: Final = NEVER * 31
#: Nothing of the sort is held.
NOTHING: Final = -1


class Held(msgspec.Struct, frozen=True, eq=False):
    """What each one holds of a sort: the number `first`, and from the day `since` (days since 1970-01-01) the number `then`.

    A number stands for one thing (a phone, a flat, a Wi-Fi); who holds the same number shares the thing; -1 is nothing.

    >>> held = Held(np.array([5]), np.array([8]), np.array([19_000]))
    >>> held.at(np.array([0, 0]), np.array([18_999, 19_000])).tolist()
    [5, 8]
    """

    first: Ints
    then: Ints
    since: Ints

    def at(self, place: Ints, day: Ints) -> Ints:
        """Return what those at some places hold on some days."""
        return np.where(day >= self.since[place], self.then[place], self.first[place])

    def changes(self) -> Bools:
        """Return who ever gets another one."""
        changed: Bools = (self.since < NO_DAY) & (self.then != self.first)
        return changed


def always(number: Ints) -> Held:
    """Return things that are held for good.

    >>> always(np.array([5])).changes().tolist()
    [False]
    """
    return Held(number, number, np.full(len(number), NO_DAY))


class People(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The users of a district and what they hold. Users are counted from 0: first owners of firms, then those who run one for
    another, then everybody else; their codes tell nothing of it. Arrays are by user (U) or by firm (F).

    `owner_of` (F) is the user who owns a firm (some own two), `works_at` (U) the firm where a user spends the day (owned, run, or
    an employer; -1 none), `home_of` (U) the user who heads the household, `courier` (U) who comes around everywhere. Held by
    users: `phone`, `device`, `tablet` (a second device, often of the whole household), `home` (an address), `wifi` and `ip` of
    the home, `contact` (the phone of whom we may call), `card` (an account of their own). Held by firms: `address`, `desk_phone`
    (what it names as its telephone where that is not its owner's; a landlord's, a market's), `desk_wifi`, `desk_ip`, `account`,
    `bookkeeper` and `agent` (who brought the application).

    Habits (U): `tools` the share of visits with an emulator, a proxy or a copied app, `pace` milliseconds for a field of a form,
    `pastes` the share of fields that are pasted, `face` how alike the face is (of one), `fails` the chance that a check of
    identity fails, `enquiries` credit enquiries in the month before an application beside those of honest need. `joined` (U) is
    the day of registration, `told` (F) the day on which its owner tells us of a firm (`NO_DAY` never); `sent` (F, months lived)
    the second of a month at which an application of that month is sent.
    """

    district: int
    is_owner: Bools
    owner_of: Ints
    works_at: Ints
    home_of: Ints
    courier: Bools
    joined: Ints
    told: Ints
    sent: Ints
    phone: Held
    device: Held
    tablet: Held
    home: Held
    wifi: Held
    ip: Held
    contact: Held
    card: Held
    address: Held
    desk_phone: Held
    desk_wifi: Held
    desk_ip: Held
    account: Held
    bookkeeper: Held
    agent: Held
    tools: Floats
    pace: Floats
    pastes: Floats
    face: Floats
    fails: Floats
    enquiries: Ints

    def __len__(self) -> int:
        return len(self.is_owner)


#: What users hold, what firms hold, and what users are like.
OF_USERS: Final = ("phone", "device", "tablet", "home", "wifi", "ip", "contact", "card")
OF_FIRMS: Final = ("address", "desk_phone", "desk_wifi", "desk_ip", "account", "bookkeeper", "agent")
HABITS: Final = ("tools", "pace", "pastes", "face", "fails", "enquiries")


def with_shared(people: People, firm: Ints, *, since: Ints | int | None = None, **held: Any) -> People:
    """Return people in which some firms, and their owners, hold other numbers: how a pattern of fraud makes a gang share things.

    Name any of `OF_USERS`, `OF_FIRMS` or `HABITS` with one value for all or one for each firm. With `since` (a day) the number is
    held from that day on, and honest life was before it; without, it was always held. Habits have no day. Numbers that nobody
    holds yet come from `fresh_numbers`; shared ones may also be those of an innocent bystander (`people.home.first[7]`). `sent`
    is given as seconds of the month: applications of these firms are then sent at that second, whatever the month. Raises
    `NotFoundError` for a name that is none of these.

    >>> from weilend.economy.people.scene import make_scene
    >>> from weilend.economy.plan import make_plan
    >>> people = make_scene(make_plan(businesses=40, months=12, seed=1), 0).people
    >>> phone, *devices = fresh_numbers(people, 3).tolist()
    >>> gang = with_shared(people, np.array([2, 5]), desk_phone=phone, device=np.array(devices[:1] * 2), pace=300.0, since=20_000)
    >>> gang.desk_phone.then[[2, 5]].tolist() == [phone, phone], gang.device.since[gang.owner_of[2]]
    (True, np.int64(20000))
    """
    owner, new = people.owner_of[firm], {}
    for name, value in held.items():
        if name in OF_USERS or name in OF_FIRMS:
            new[name] = _handed(getattr(people, name), owner if name in OF_USERS else firm, value, since)
        elif name in HABITS:
            new[name] = _put(getattr(people, name), owner, value)
        elif name == "sent":
            new[name] = _put(people.sent, firm, np.broadcast_to(np.asarray(value).reshape(-1, 1), (len(firm), 1)))
        else:
            raise NotFoundError(
                f"people hold no {name}", hint=f"there are {', '.join((*OF_USERS, *OF_FIRMS, *HABITS))} and sent"
            )
    return msgspec.structs.replace(people, **new)


def with_labels(people: People, what: str, firm: Ints, value: Any, since: Ints | int | None = None) -> People:
    """Return people in which firms with one label (an integer) hold one thing of a sort, which nobody else holds; `value` of a
    habit, and of `sent`, is the habit itself, as in `with_shared`.

    >>> from weilend.economy.people.scene import make_scene
    >>> from weilend.economy.plan import make_plan
    >>> people = make_scene(make_plan(businesses=40, months=12, seed=1), 0).people
    >>> ring = with_labels(people, "agent", np.array([2, 5, 7]), np.array([9, 9, 4]))
    >>> ring.agent.first[2] == ring.agent.first[5] != ring.agent.first[7]
    np.True_
    """
    if what not in OF_USERS and what not in OF_FIRMS:
        return with_shared(people, firm, **{what: value})
    labels, place = np.unique(value, return_inverse=True)
    return with_shared(people, firm, since=since, **{what: fresh_numbers(people, len(labels))[place]})


def _put(array: Any, place: Ints, value: Any) -> Any:
    """Return a copy of an array with other values at some places."""
    changed = array.copy()
    changed[place] = value
    return changed


def _handed(held: Held, place: Ints, value: Any, since: Ints | int | None) -> Held:
    then = _put(held.then, place, value)
    if since is None:
        return Held(_put(held.first, place, value), then, _put(held.since, place, NO_DAY))
    return Held(held.first, then, _put(held.since, place, since))


def fresh_numbers(people: People, count: int) -> Ints:
    """Return numbers that no person or firm holds for anything, to be given to those who share.

    >>> from weilend.economy.people.scene import make_scene
    >>> from weilend.economy.plan import make_plan
    >>> people = make_scene(make_plan(businesses=40, months=12, seed=1), 0).people
    >>> bool(fresh_numbers(people, 2).min() > max(people.phone.then.max(), people.home.then.max()))
    True
    """
    held: list[Held] = [getattr(people, name) for name in (*OF_USERS, *OF_FIRMS)]
    return max(int(max(one.first.max(), one.then.max())) for one in held) + 1 + np.arange(count)
