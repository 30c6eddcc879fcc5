"""In: a district. Out: `Trading`, everything that changed hands there, honest or not: orders, money, invoices. Used: by tell.

Honest life trades first; fraud copies what it looks like and leaves its own among it; then wallets settle, accounts run, and
forgers edit their statements.
"""

from __future__ import annotations

import msgspec
import numpy as np

from weilend.economy.accounts import Payouts, close_months, move_money, pay_out, settle_shops
from weilend.economy.district import District
from weilend.economy.firms import Ints
from weilend.economy.fraud import PATTERNS, Ground, Planted, Trade, forge, leave, with_fraud
from weilend.economy.raw import KIND, Flows, Orders, Papers, joined, rows_of
from weilend.economy.shop_records import Lives, live_orders
from weilend.economy.shops import Shops, make_orders, make_shops
from weilend.economy.trade import make_papers


class Trading(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What changed hands: orders by shop and time with their `lives`, the `payouts` of wallets, money by account in the order of
    booking with the `balance` after each line (fen), invoices; `planted` is fraud with the facts that it left.
    """

    shops: Shops
    orders: Orders
    lives: Lives
    payouts: Payouts
    flows: Flows
    balance: Ints
    papers: Papers
    planted: dict[str, Planted]


def live_trade(district: District) -> Trading:
    """Return what changed hands in a district.

    >>> from weilend.economy.district import make_district
    >>> from weilend.economy.plan import make_plan
    >>> trading = live_trade(make_district(make_plan(businesses=20, months=6, seed=1), 0))
    >>> len(trading.flows.fen) == len(trading.balance)
    True
    """
    plan, number, firms, shown = district.plan, district.number, district.firms, district.shown
    shops = make_shops(plan, number, firms)
    honest = Trade(
        flows=move_money(plan, number, firms, shown, shops),
        orders=make_orders(plan, number, firms, shown, shops),
        papers=make_papers(plan, number, firms, shown),
        shop_firm=shops.firm,
    )
    planted = leave(Ground(plan, number, firms, district.months, district.asks), district.planted, honest)
    facts = with_fraud(honest, planted)
    orders = rows_of(facts.orders, np.lexsort((facts.orders.at, facts.orders.shop)))
    lives = live_orders(plan, number, shops, orders)
    payouts = settle_shops(plan, shops, orders, lives)
    flows, balance = close_months(plan, firms, shown, joined([facts.flows, pay_out(shops, payouts)]))
    flows, balance = _forged(district, planted["forged"], flows, balance)
    return Trading(
        shops=shops,
        orders=orders,
        lives=lives,
        payouts=payouts,
        flows=flows,
        balance=balance,
        papers=facts.papers,
        planted=planted,
    )


def _forged(district: District, one: Planted, flows: Flows, balance: Ints) -> tuple[Flows, Ints]:
    """Return the lines of accounts as they are handed over: some edited by forgers, who cannot mend every balance."""
    if one.forged is None:
        return flows, balance
    editable = (flows.fen > 0) & (flows.kind == KIND["business"])
    dice = district.plan.dice("forged", district.number)
    fen, balance, edited = forge(dice, one.forged, flows.firm, flows.day, flows.fen, balance, editable)
    pattern = np.where(edited, list(PATTERNS).index("forged") + 1, flows.pattern)
    return msgspec.structs.replace(flows, fen=fen, pattern=pattern), balance
