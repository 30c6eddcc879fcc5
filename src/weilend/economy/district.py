"""In: a plan and the number of a district. Out: `District`, all that happened there. Used: by whoever tells it, and by the truth.

Honest life comes first: firms, their months, who asks for money, people and what they hold, a campaign that makes some ask and
keeps others from it. Then fraud is planted, and its shells trade little.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np

from weilend.economy.credit import Asks, Dice, find_asks, throw
from weilend.economy.firms import Firms, Floats, Ints, make_firms
from weilend.economy.fraud import Planted, plant
from weilend.economy.fraud.planting import Ground, lived
from weilend.economy.months import Months, live_months
from weilend.economy.people import Campaign, People, Scene, make_people, run_campaign, set_scene, with_labels
from weilend.economy.plan import WorldPlan


class District(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What there is in a district: firms, their months (`shown`: as they trade, shells hardly), who asks for money, what fraud was
    planted, people, the campaign that reached some of them, and the dice of outcomes.

    `harm` (firms, all months) is what fraud adds to the logit of default. `asks` are those of honest life and of fraud.
    """

    plan: WorldPlan
    number: int
    firms: Firms
    months: Months
    shown: Months
    asks: Asks
    planted: dict[str, Planted]
    people: People
    campaign: Campaign
    harm: Floats
    dice: Dice

    def asked_at(self) -> Ints:
        """Return the instant (UTC seconds) at which each application is sent."""
        return self.scene({}).asked_at()

    def scene(self, planted: Mapping[str, Planted]) -> Scene:
        """Return the people beside firms and months, with what fraud changed in the register and owes elsewhere."""
        changes = [change for one in planted.values() for change in one.changes]
        debts = [one.debts for one in planted.values() if one.debts is not None]
        return set_scene(self.plan, self.firms, self.shown, self.asks, self.people, changes=changes, loans=debts)


def make_district(plan: WorldPlan, number: int) -> District:
    """Return a district, from the seed alone.

    >>> from weilend.economy.plan import make_plan
    >>> district = make_district(make_plan(businesses=40, months=12, seed=1), 0)
    >>> len(district.firms), district.harm.shape
    (40, (40, 24))
    """
    firms = make_firms(plan, number)
    months = live_months(plan, number, firms)
    asks = find_asks(plan, number, firms, months)
    people = make_people(plan, number, firms, months, asks)
    campaign = run_campaign(set_scene(plan, firms, months, asks, people))
    return plant_fraud(Ground(plan, number, firms, months, campaign.asks), people, campaign)


def plant_fraud(ground: Ground, people: People, campaign: Campaign) -> District:
    """Return the district of honest life (`ground`: fraud is a share of its applications) with people, a campaign and fraud.

    >>> District.__struct_fields__[-2:]
    ('harm', 'dice')
    """
    planted, months = plant(ground), ground.months
    return District(
        plan=ground.plan,
        number=ground.district,
        firms=ground.firms,
        months=months,
        shown=lived(months, planted),
        asks=_all_asks(campaign.asks, planted),
        planted=planted,
        people=share_out(people, planted),
        campaign=campaign,
        harm=_harm(months, planted),
        dice=throw(ground.plan, ground.district, len(ground.firms)),
    )


def _all_asks(asks: Asks, planted: Mapping[str, Planted]) -> Asks:
    """Return the applications of honest life and of fraud."""
    parts = [asks, *(one.asks for one in planted.values() if one.asks is not None)]
    return Asks(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in Asks.__struct_fields__})


def share_out(people: People, planted: Mapping[str, Planted]) -> People:
    """Return people who hold what fraud makes them share: equal labels of a pattern are one thing, which nobody else holds."""
    for one in planted.values():
        for share in one.shares:
            people = with_labels(people, share.what, share.firm, share.value, share.since)
    return people


def _harm(months: Months, planted: Mapping[str, Planted]) -> Floats:
    harm = np.zeros(months.sales.shape)
    for one in planted.values():
        harm += one.harm if one.harm is not None else 0.0
    return harm
