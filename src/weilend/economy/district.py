"""In: a plan and the number of a district. Out: `District`, all that happened there, and its records. Used: by whoever writes a
world.
"""

from __future__ import annotations

import msgspec
import numpy as np

from weilend.economy.credit import Asks, Dice, find_asks, throw
from weilend.economy.firms import Firms, Floats, make_firms
from weilend.economy.fraud import Planted, plant
from weilend.economy.fraud.planting import Ground
from weilend.economy.months import Months, live_months
from weilend.economy.plan import WorldPlan


class District(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What there is in a district: firms, their months, who asks for money, what fraud was planted, and the dice of outcomes.

    `harm` (firms, all months) is what fraud adds to the logit of default. `asks` are those of honest life and of fraud.
    """

    plan: WorldPlan
    number: int
    firms: Firms
    months: Months
    asks: Asks
    planted: dict[str, Planted]
    harm: Floats
    dice: Dice


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
    planted = plant(Ground(plan, number, firms, months, asks))
    harm = np.zeros(months.sales.shape)
    for one in planted.values():
        harm += one.harm if one.harm is not None else 0.0
    return District(plan=plan, number=number, firms=firms, months=months, asks=_all_asks(asks, planted), planted=planted, harm=harm,
                    dice=throw(plan, number, len(firms)))  # fmt: skip


def _all_asks(asks: Asks, planted: dict[str, Planted]) -> Asks:
    parts = [asks, *(one.asks for one in planted.values() if one.asks is not None)]
    return Asks(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in Asks.__struct_fields__})
