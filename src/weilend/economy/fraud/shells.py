"""In: a district and cases of a pattern. Out: what shells have in common: who can be one, how little it trades, who acts for it.
Used: by burst, packaged and relay.
"""

from __future__ import annotations

import numpy as np

from weilend.economy.firms import Bools, Floats
from weilend.economy.fraud.marks import Changes
from weilend.economy.fraud.planting import Ground, Planted


def are_shells(ground: Ground) -> Bools:
    """Return which firms (firms, months told) can be a shell: companies with invoices, without a shop, that never ask
    honestly.
    """
    firms = ground.firms
    never = np.bincount(ground.asks.firm, minlength=len(firms)) == 0
    suits = firms.is_company & firms.has_invoices & ~firms.has_shop & never
    return np.repeat(suits[:, None], ground.plan.months, axis=1)


def new_representatives(ground: Ground, dice: np.random.Generator, made: Planted) -> Changes:
    """Return when the representative changed: a month or two before the application, up to a year before for the skilled."""
    asked = ground.plan.first_days[made.since]
    before = 20 + np.floor((40 + 280 * made.skill) * dice.random(len(made.firm))).astype(np.int64)
    return Changes(event="representative_changed", firm=made.firm, day=asked - before)


def shell_volume(ground: Ground, dice: np.random.Generator, planted: Planted) -> Floats:
    """Return the volume (firms, all months) of shells: a little trade in some months until the application, nothing after it."""
    volume, span = np.ones_like(ground.months.sales), ground.months.sales.shape[1]
    for firm, month, skill in zip(planted.firm, planted.since, planted.skill, strict=True):
        awake = dice.random(span) < 0.1 + 0.3 * skill
        little = (0.02 + 0.10 * skill) * (0.5 + dice.random(span))
        volume[firm] = awake * little * (np.arange(span) <= month)
    return volume
