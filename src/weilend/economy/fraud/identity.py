"""In: a district. Out: applications that somebody else makes in an owner's name (身份盗用). Used: by planting, through the
registry.

The thief chooses firms that are worth it, logs in from his own device, changes who is paid (and, if clumsy, the telephone)
and asks for money days later. The victim is innocent: his trade is his own. One thief has one to three victims; with skill
each gets a device of its own, the changes lie weeks before, and the face is a better copy.
"""

from __future__ import annotations

import msgspec
import numpy as np

from weilend.economy.firms import Ints
from weilend.economy.fraud.cases import Size, committed, draw_cases, for_money
from weilend.economy.fraud.marks import Changes, Share
from weilend.economy.fraud.planting import PATTERNS, Ground, Pattern, Planted

VICTIMS = Size(1, 3)
_MOST = 4


def plant_identity(ground: Ground, dice: np.random.Generator, free: Ints) -> Planted:
    """Return victims, what the thief changes of theirs and when."""
    solvent = ground.months.cash[:, : ground.plan.months] > 0.1 * ground.firms.sales[:, None]
    made = committed(draw_cases(ground, dice, free, "identity_share", solvent, VICTIMS))
    made = for_money(ground, dice, made, "identity_harm")
    count, asked = len(made.firm), ground.plan.first_days[made.since]
    taken = asked - np.floor((3 + 30 * made.skill) * dice.random(count)).astype(np.int64)
    clumsy = dice.random(count) > made.skill
    own = made.case * _MOST + np.where(clumsy, 0, 1 + _place_in_case(made.case))
    shares = [Share(what=what, firm=made.firm, value=own, since=taken) for what in ("device", "card")]
    shares += [Share(what="phone", firm=made.firm[clumsy], value=own[clumsy], since=taken[clumsy])]
    shares += [Share(what="face", firm=made.firm, value=0.80 + 0.11 * made.skill + 0.07 * dice.random(count)),
               Share(what="fails", firm=made.firm, value=0.05 + 0.25 * (1 - made.skill))]  # fmt: skip
    paid = taken + np.floor((asked - taken) * dice.random(count)).astype(np.int64)
    changes = (Changes(event="change_device", firm=made.firm, day=taken), Changes(event="change_payee", firm=made.firm, day=paid),
               Changes(event="change_phone", firm=made.firm[clumsy], day=taken[clumsy]))  # fmt: skip
    return msgspec.structs.replace(made, shares=tuple(shares), changes=changes)


def _place_in_case(case: Ints) -> Ints:
    """Return the place of each member within its case, from 0; members of a case stand together."""
    return np.arange(len(case)) - np.searchsorted(case, case)


PATTERN = PATTERNS.add(
    "identity",
    Pattern(
        name="identity",
        zh="身份盗用",
        share="identity_share",
        mechanics="a thief takes over an owner's account and asks for money in his name",
        signature="a new device, payee and telephone days before the application, a face less alike, devices of several owners",
        cost="all of what is lent, and a victim who must be put right",
        source="domain 2 (account takeover); share of applications: assumption",
        withheld=False,
        plant=plant_identity,
        ceilings={
            "identity_check.match_ppm": 0.9,
            "device_sighting.device_id": 0.95,
            "user_event.device_id": 0.95,
            "link.to_id": 0.95,
        },
    ),
)
