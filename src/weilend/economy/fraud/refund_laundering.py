"""In: a district. Out: shops through which dirty money goes by way of refunds (退款洗钱). Used: by planting, through the
registry. Withheld from all tuning.

Accounts of mules buy what is dear, send it back (or say so), and the shop pays out from its bank account to somebody else
than who paid: clean money from a shop. Nothing is cheap, few buy twice, the buyers are old accounts: unlike brushing in all
but the shop.
"""

from __future__ import annotations

import numpy as np

from weilend.economy.firms import Ints
from weilend.economy.fraud.cases import committed, draw_cases, for_money, start_of
from weilend.economy.fraud.copies import copy, first_day, together, told
from weilend.economy.fraud.honest import Trade, fresh, money
from weilend.economy.fraud.planting import PATTERNS, Ground, Left, Pattern, Planted
from weilend.economy.raw import Flows, Orders
from weilend.economy.traces import instant, local_day

_REFUNDED = 1
#: Least honest orders of a shop that launders, and most orders of mules in it.
_LEAST_ORDERS, _MOST_ORDERS = 6, 60


def plant_refunds(ground: Ground, dice: np.random.Generator, free: Ints) -> Planted:
    """Return firms with a shop that launder before an application."""
    fits = np.repeat(ground.firms.has_shop[:, None], ground.plan.months, axis=1)
    return for_money(ground, dice, committed(draw_cases(ground, dice, free, "refund_share", fits)), "refund_harm")


def leave_refunds(ground: Ground, planted: Planted, trade: Trade, dice: np.random.Generator) -> Left:
    """Return the orders of mules and what the shop pays out for them."""
    orders, flows = [], []
    for firm, month, skill in zip(planted.firm, planted.since, planted.skill, strict=True):
        shop = np.flatnonzero(trade.shop_firm == firm)[:1]
        own = np.flatnonzero(trade.orders.shop == shop) if len(shop) else shop
        if len(own) >= _LEAST_ORDERS:
            orders.append(_orders(ground, trade, dice, own, int(month), float(skill)))
            flows.append(_payouts(trade, dice, int(firm), orders[-1], float(skill)))
    made = together(orders), together(flows)
    return Left(orders=made[0] and told(made[0], ground.plan), flows=made[1] and told(made[1], ground.plan))


def _orders(ground: Ground, trade: Trade, dice: np.random.Generator, own: Ints, month: int, skill: float) -> Orders:
    """Return orders of mules: as many as the shop has, of its dearest goods; the skilled do less of it, for longer."""
    plan, months = ground.plan, 3 + round(6 * skill)
    count = int(np.clip(len(own) / plan.months * months * (1.2 - 0.7 * skill), 6, _MOST_ORDERS))
    first, last = (
        first_day(plan, start_of(ground, int(trade.shop_firm[trade.orders.shop[own[0]]]), month, months)),
        first_day(plan, month) - 1,
    )
    dear = own[np.argsort(-trade.orders.fen[own], kind="stable")]
    like = dear[np.floor(len(dear) * dice.random(count) * (0.4 + 0.5 * skill)).astype(np.int64)]
    when = trade.order_times.draw(dice, first, last, count)
    refunded = dice.random(count) < 0.75 - 0.35 * skill
    return copy(
        trade.orders,
        like,
        buyer=fresh(dice, trade.buyers, count),
        at=instant(*when),
        waybill=fresh(dice, trade.waybills, count),
        fate=np.where(refunded, _REFUNDED, 0),
        level=dice.choice(trade.orders.level, (2, count)).max(axis=0),
        review=np.full(count, -1),
    )


def _payouts(trade: Trade, dice: np.random.Generator, firm: int, orders: Orders, skill: float) -> Flows:
    """Return what the shop pays out: each order less a fee to one of a few people, some days later."""
    count = len(orders.fen)
    known = money(trade.flows, -1, ("person", "business"))
    like, people = dice.choice(known, count), fresh(dice, trade.parties, 2 + round(count * skill / 2))
    day = local_day(orders.at) + 3 + dice.integers(0, 6 + round(10 * skill), count)
    kept = 1 - 0.04 - 0.08 * dice.random(count)
    return copy(trade.flows, like, firm=np.full(count, firm), day=day, fen=-np.rint(orders.fen * kept).astype(np.int64),
                party=dice.choice(people, count))  # fmt: skip


PATTERN = PATTERNS.add(
    "refund_laundering",
    Pattern(
        name="refund_laundering",
        zh="退款洗钱",
        share="refund_share",
        mechanics="mules buy dear goods and send them back; the shop pays the money out to others",
        signature="a wave of refunds on the dearest goods by buyers seen once, payouts to a few people a little below"
        " each order",
        cost="turnover that is none, an account that the police may freeze",
        source="assumption: told of online shops by the trade press on money laundering; nobody publishes how often",
        withheld=True,
        plant=plant_refunds,
        leave=leave_refunds,
        ceilings={
            "order.buyer_id": 0.9,
            "order.refund_state": 0.85,
            "order.refunded_fen": 0.85,
            "order.paid_fen": 0.9,
            "order.buyer_level": 0.85,
            "bank_entry.counterparty_id": 0.85,
        },
    ),
)
