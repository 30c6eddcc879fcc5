"""In: a district. Out: applicants whom one agent brings, who share what honest people do not (黑中介). Used: by planting,
through the registry.

Five to fifty people without means answer an advertisement. The agent fills in their forms from a few devices in one room,
names a few telephones and addresses, and sends them within days. With skill there are more devices and telephones, fewer of
the members use them, and the applications lie months apart.
"""

from __future__ import annotations

import msgspec
import numpy as np

from weilend.economy.firms import Floats, Ints
from weilend.economy.fraud.cases import Size, can_ask, committed, draw_cases, for_money
from weilend.economy.fraud.marks import Share
from weilend.economy.fraud.planting import PATTERNS, Ground, Pattern, Planted

MEMBERS = Size(5, 50, 8.0)
#: What members share, and for each the share of a gang without skill that uses it. Assumption.
SHARED = {"device": 0.9, "wifi": 0.85, "desk_phone": 0.7, "address": 0.5, "contact": 0.6, "ip": 0.8}
#: Days of the shortest month; from when, and for how many seconds, people send applications.
_MONTH_DAYS, _MORNING, _WAKING = 28, 8 * 3_600, 15 * 3_600


def plant_gang(ground: Ground, dice: np.random.Generator, free: Ints) -> Planted:
    """Return gangs of firms that could ask, what their members share, and when they are sent."""
    fits = np.ones((len(ground.firms), ground.plan.months), np.bool_)
    made = committed(draw_cases(ground, dice, free, "gang_share", fits, MEMBERS))
    made = msgspec.structs.replace(made, since=_staggered(ground, dice, made))
    made = for_money(ground, dice, made, "gang_harm")
    prepared = ground.plan.first_days[made.since] - dice.integers(0, 21, len(made.firm))
    shares = [_shared(dice, made, prepared, what, most) for what, most in SHARED.items()]
    shares += [Share(what="agent", firm=made.firm, value=made.case), *_hands(dice, made), _sent(dice, made)]
    return msgspec.structs.replace(made, shares=tuple(shares))


def _staggered(ground: Ground, dice: np.random.Generator, made: Planted) -> Ints:
    """Return the months of applications: one for all, up to three later for the skilled, where the member could ask then."""
    later = made.since + np.floor(4 * made.skill * dice.random(len(made.firm))).astype(np.int64)
    later = np.minimum(later, ground.plan.months - 1)
    return np.where(can_ask(ground)[made.firm, later], later, made.since)


def _shared(dice: np.random.Generator, made: Planted, since: Ints, what: str, most: float) -> Share:
    """Return who shares a thing with whom: a skilled agent has more of them, and fewer members use them."""
    size = np.bincount(made.case, minlength=1)[made.case]
    things = np.maximum(np.rint(size * (0.05 + 0.25 * made.skill)), 1).astype(np.int64)
    label = made.case * MEMBERS.most + dice.integers(0, things)
    uses = dice.random(len(size)) < most * (1 - 0.75 * made.skill)
    return Share(what=what, firm=made.firm[uses], value=label[uses], since=since[uses])


def _hands(dice: np.random.Generator, made: Planted) -> list[Share]:
    """Return the habits of the one who fills in the forms, for the members whose form he fills in."""
    filled = dice.random(len(made.firm)) > 0.8 * made.skill
    firm, case = made.firm[filled], made.case[filled]
    cases = int(made.case.max(initial=-1)) + 1
    pace, pastes = 3_200 * np.exp(0.4 * dice.standard_normal(cases)), 0.1 + 0.4 * dice.random(cases)
    varied: Floats = np.exp(0.05 * dice.standard_normal(len(firm)))
    return [Share(what="pace", firm=firm, value=pace[case] * varied), Share(what="pastes", firm=firm, value=pastes[case])]


def _sent(dice: np.random.Generator, made: Planted) -> Share:
    """Return the second of the month at which each is sent, by day as honest ones: within a day or two of each other, within the
    month for the skilled.
    """
    cases = int(made.case.max(initial=-1)) + 1
    start = dice.integers(0, _MONTH_DAYS, cases)[made.case]
    day = (start + np.floor((2 + made.skill * _MONTH_DAYS) * dice.random(len(made.firm))).astype(np.int64)) % _MONTH_DAYS
    awake = _MORNING + (dice.beta(2.0, 2.2, len(made.firm)) * _WAKING).astype(np.int64)
    return Share(what="sent", firm=made.firm, value=day * 86_400 + awake)


PATTERN = PATTERNS.add(
    "gang",
    Pattern(
        name="gang",
        zh="黑中介团伙",
        share="gang_share",
        mechanics="an agent recruits five to fifty people without means and applies for them",
        signature="devices, Wi-Fi, telephones, addresses shared by many applicants; forms filled in by one hand, sent"
        " within days",
        cost="nearly all of what is lent, many loans at once",
        source="domain 5: 10 to 20 % of fraud at application, 5 to 50 members (proposal); more than 200 gangs in"
        " the campaign of 2025",
        withheld=False,
        plant=plant_gang,
        ceilings={
            "device_sighting.device_id": 0.95,
            "device_sighting.wifi_id": 0.95,
            "device_sighting.ip_id": 0.95,
            "user_event.device_id": 0.95,
            "user_event.duration_ms": 0.85,
            "link.to_id": 0.95,
        },
    ),
)
