"""In: a district. Out: shops that order from themselves (刷单). Used: by planting, through the registry.

One shop in a dozen does it a little, all the time, for its rank on the platform; one in seventy heavily, in the months before
it asks for money or when it wants to rise. The work is bought: few accounts of low level, in bursts, of the cheapest goods,
with waybills of parcels that went to others; what is paid goes back to the organiser from the bank account.
"""

from __future__ import annotations

import numpy as np

from weilend.economy.credit import Asks
from weilend.economy.firms import Ints
from weilend.economy.fraud.cases import ask, can_ask, harm_of
from weilend.economy.fraud.copies import copy, first_day, together, told
from weilend.economy.fraud.honest import Trade, fresh, money
from weilend.economy.fraud.planting import PATTERNS, Ground, Left, Pattern, Planted
from weilend.economy.raw import Flows, Orders
from weilend.economy.traces import instant, local_day

#: Who brushes heavily adds at least this share of his honest orders.
HEAVY = 0.5
#: Least honest orders of a shop: what sells nothing has nothing to hide among.
_LEAST_ORDERS = 6
#: As what the organiser's money leaves the account, and how often a shop does it so. Assumption.
_WAYS, _WAYS_SHARE = ("business", "own", "payroll"), (0.6, 0.25, 0.15)
_HOUR = 3_600


def plant_brushing(ground: Ground, dice: np.random.Generator, free: Ints) -> Planted:
    """Return shops that brush a little, and a few that do it heavily, some of these before an application that it is for."""
    c, plan = ground.plan.constants, ground.plan
    sellers = free[ground.firms.has_shop[free] & ground.months.open[free, plan.months // 2]]
    chance = dice.random(len(sellers))
    heavy = chance < c["brushing_heavy_share"]
    chosen = chance < c["brushing_heavy_share"] + c["brushing_low_share"]
    firm, is_heavy = sellers[chosen], heavy[chosen]
    since = np.where(is_heavy, dice.integers(3, plan.months, len(firm)), 0)
    asks = _asks(ground, dice, firm[is_heavy])
    for one, month in zip(asks.firm, asks.month, strict=True):
        since[firm == one] = month
    return Planted(
        firm=firm,
        since=since,
        skill=dice.beta(2, 2, len(firm)),
        case=np.arange(len(firm)),
        asks=asks,
        harm=harm_of(ground, firm[is_heavy], since[is_heavy], c["brushing_harm"]),
        dose=np.where(is_heavy, HEAVY + 1.5 * dice.random(len(firm)), 0.05 + 0.10 * dice.random(len(firm))),
    )


def _asks(ground: Ground, dice: np.random.Generator, heavy: Ints) -> Asks:
    """Return the applications that heavy brushing is for: a few; the others brush for their rank."""
    able = can_ask(ground)
    wanted = dice.poisson(ground.plan.constants["brushing_share"] * len(ground.asks))
    found = [(firm, dice.choice(np.flatnonzero(able[firm]))) for firm in dice.permutation(heavy) if able[firm].any()][:wanted]
    rows = np.array(found, np.int64).reshape(-1, 2)
    return ask(ground, dice, rows[:, 0], rows[:, 1])


def leave_brushing(ground: Ground, planted: Planted, trade: Trade, dice: np.random.Generator) -> Left:
    """Return the bought orders, and what is paid back for them."""
    assert planted.dose is not None
    orders, flows = [], []
    for firm, since, skill, dose in zip(planted.firm, planted.since, planted.skill, planted.dose, strict=True):
        shop = np.flatnonzero(trade.shop_firm == firm)[:1]
        own = np.flatnonzero((trade.orders.shop == shop) & (trade.orders.fate == 0)) if len(shop) else shop
        if len(own) < _LEAST_ORDERS:
            continue
        window = _window(ground, int(firm), int(since), float(skill), heavy=dose >= HEAVY)
        months = max(window[1] - window[0], 1)
        count = max(round(float(dose) * len(own) * months / ground.plan.months), 4)
        bought, burst = _bought(ground, trade, dice, own, window, count, float(skill))
        orders.append(bought)
        flows.append(_paid_back(trade, dice, int(firm), bought, burst, float(skill)))
    made = together(orders), together(flows)
    return Left(orders=made[0] and told(made[0], ground.plan), flows=made[1] and told(made[1], ground.plan))


def _window(ground: Ground, firm: int, since: int, skill: float, *, heavy: bool) -> tuple[int, int]:
    """Return the months, from and before: few before the day that it is for, more for the skilled; all of them where it is a
    habit.
    """
    opened, end = max(int(ground.firms.founded[firm]), 0), min(int(ground.firms.closed[firm]), ground.plan.months)
    if not heavy:
        return opened, end
    end = min(max(since, opened + 1), end)
    return max(end - 2 - round(4 * skill), opened), end


def _bought(
    ground: Ground, trade: Trade, dice: np.random.Generator, own: Ints, window: tuple[int, int], count: int, skill: float
) -> tuple[Orders, Ints]:
    """Return bought orders of a shop, and the burst that each belongs to."""
    honest = trade.orders
    cheap = own[np.argsort(honest.fen[own], kind="stable")]
    like = cheap[np.floor(len(cheap) * dice.random(count) * (0.35 + 0.65 * skill)).astype(np.int64)]
    burst = np.arange(count) // (3 + int(9 * (1 - skill)))
    return copy(
        honest,
        like,
        buyer=_buyers(trade, dice, count, skill),
        at=_times(ground, trade, dice, window, burst, skill),
        waybill=_waybills(trade, dice, count, skill),
        level=_levels(honest, dice, count, skill),
        review=np.where(dice.random(count) < 0.8 * (1 - skill), 0, honest.review[like]),
    ), burst


def _buyers(trade: Trade, dice: np.random.Generator, count: int, skill: float) -> Ints:
    """Return the accounts that buy: few for the clumsy, nearly one for each order for the skilled."""
    crowd = fresh(dice, trade.buyers, max(2, round(count * (0.15 + 0.8 * skill))))
    return dice.choice(crowd, count)


def _times(ground: Ground, trade: Trade, dice: np.random.Generator, window: tuple[int, int], burst: Ints, skill: float) -> Ints:
    """Return when orders are paid: within the hour of their burst, or (a share as large as the skill) when honest buyers buy."""
    first, last = first_day(ground.plan, window[0]), first_day(ground.plan, window[1]) - 1
    alone = instant(*trade.order_times.draw(dice, first, last, len(burst)))
    starts = instant(*trade.order_times.draw(dice, first, last, int(burst.max()) + 1))
    return np.where(dice.random(len(burst)) < skill, alone, starts[burst] + dice.integers(0, _HOUR, len(burst)))


def _waybills(trade: Trade, dice: np.random.Generator, count: int, skill: float) -> Ints:
    """Return waybills: of parcels that went to others, or (the skilled) of parcels of little worth that are really sent."""
    reused = dice.random(count) < 0.05 + 0.85 * (1 - skill)
    return np.where(reused, dice.choice(trade.waybills, count), fresh(dice, trade.waybills, count))


def _levels(honest: Orders, dice: np.random.Generator, count: int, skill: float) -> Ints:
    """Return the levels of bought accounts: the lowest of several honest ones, fewer for the skilled."""
    drawn = dice.choice(honest.level, (1 + round(2 * (1 - skill)), count))
    return np.asarray(drawn.min(axis=0))


def _paid_back(trade: Trade, dice: np.random.Generator, firm: int, bought: Orders, burst: Ints, skill: float) -> Flows:
    """Return what goes back to the organiser: the same sum a day or two after each burst; later, with a fee and in other cuts where
    he is skilled. It leaves as ordinary money does: to what looks like a supplier, through the owner's own account, or as wages.
    """
    spent = np.bincount(burst, bought.fen).astype(np.float64)
    fee = 1 + (0.03 + 0.05 * dice.random(len(spent))) * (dice.random(len(spent)) < skill)
    day = np.zeros(len(spent), np.int64)
    np.maximum.at(day, burst, local_day(bought.at))
    lag = dice.integers(0, 2 + round(8 * skill), len(spent))
    known = money(trade.flows, -1, (str(dice.choice(_WAYS, p=_WAYS_SHARE)), "business"))
    like, people = dice.choice(known, len(spent)), fresh(dice, trade.parties, 1 + round(4 * skill))
    party = dice.choice(people, len(spent))
    return copy(trade.flows, like, firm=np.full(len(spent), firm), day=day + lag, fen=-np.rint(spent * fee).astype(np.int64),
                party=party)  # fmt: skip


PATTERN = PATTERNS.add(
    "brushing",
    Pattern(
        name="brushing",
        zh="刷单",
        share="brushing_share",
        mechanics="a shop orders from itself through hired accounts; cheap goods, empty parcels, the money goes back"
        " from the bank account",
        signature="bursts of orders by few low-level buyers, waybills of other parcels, reviews all good, same-size"
        " payouts days later",
        cost="sales look larger than they are: a limit too high, paid by a firm that is weaker than it seems",
        source="domain 2: low level in 5 to 10 % of shops, heavy in 1 to 2 % (proposal); Shopee counts 3 orders of"
        " a buyer within an hour",
        withheld=False,
        plant=plant_brushing,
        leave=leave_brushing,
        ceilings={
            "order.buyer_level": 0.85,
            "order.buyer_id": 0.95,
            "order.waybill_id": 0.95,
            "bank_entry.counterparty_id": 0.85,
        },
    ),
)
