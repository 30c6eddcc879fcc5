"""Districts with fraud in them, made once for all tests of fraud: default ones, and such with many cases of each pattern."""

from __future__ import annotations

from functools import cache

import msgspec
import numpy as np

from weilend.economy.accounts import move_money, pay_out, settle_shops
from weilend.economy.constants import Constants
from weilend.economy.credit import find_asks
from weilend.economy.firms import make_firms
from weilend.economy.fraud import PATTERNS, Ground, Trade, leave, lived, plant
from weilend.economy.months import live_months
from weilend.economy.plan import DISTRICT_FIRMS, WorldPlan, make_plan
from weilend.economy.raw import joined
from weilend.economy.shop_records import live_orders
from weilend.economy.shops import make_orders, make_shops
from weilend.economy.trade import make_papers

#: Patterns whose applications honest life would not have made.
APPLYING = [name for name in PATTERNS if name != "stacking"]
#: Raised shares, so that a few districts hold many cases of each.
MANY = 12.0


def ground_of(plan, district: int) -> Ground:
    firms = make_firms(plan, district)
    months = live_months(plan, district, firms)
    return Ground(plan, district, firms, months, find_asks(plan, district, firms, months))


def plan_of(districts: int, *, times: float = 1.0, seed: int = 11) -> WorldPlan:
    return raised(make_plan(businesses=districts * DISTRICT_FIRMS, months=24, seed=seed), times)


def raised(plan: WorldPlan, times: float) -> WorldPlan:
    """Return a plan in which fraud at application is so many times as common, brushing and stacking as they are."""
    shares = {PATTERNS[name].share for name in APPLYING if name != "brushing"}
    values = {name: value * (times if name in shares else 1.0) for name, value in plan.constants.values.items()}
    return msgspec.structs.replace(plan, constants=Constants(plan.constants.world_seed, values))


def honest_trade(ground: Ground, planted) -> Trade:
    """Return what honest life leaves, by the makers of the economy."""
    plan, firms, months = ground.plan, ground.firms, lived(ground.months, planted)
    shops = make_shops(plan, ground.district, firms)
    orders = make_orders(plan, ground.district, firms, months, shops)
    payouts = settle_shops(plan, shops, orders, live_orders(plan, ground.district, shops, orders))
    flows = joined([move_money(plan, ground.district, firms, months, shops), pay_out(shops, payouts)])
    papers = make_papers(plan, ground.district, firms, months)
    return Trade(flows=flows, orders=orders, papers=papers, shop_firm=shops.firm)


@cache
def district(number: int):
    """Return (ground, planted with facts, honest trade) of a district with many cases."""
    ground = ground_of(plan_of(2, times=MANY), number)
    planted = plant(ground)
    honest = honest_trade(ground, planted)
    return ground, leave(ground, planted, honest), honest


def as_skilled(name: str, skill: float, number: int = 0):
    """Return what a pattern leaves of the same cases where all were as skilled."""
    ground, planted, honest = district(number)
    one = planted[name]
    one = msgspec.structs.replace(one, skill=np.full(len(one.firm), skill))
    return one, PATTERNS[name].leave(ground, one, honest, np.random.default_rng(5))


@cache
def planted_in_many():
    """Return what is planted in 40 districts of the default world, and their applications."""
    plan = plan_of(40)
    grounds = [ground_of(plan, number) for number in range(40)]
    return grounds, [plant(ground) for ground in grounds]


def told(struct) -> object:
    """Return a struct of arrays as lists."""
    if isinstance(struct, np.ndarray):
        return struct.tolist()
    if isinstance(struct, msgspec.Struct):
        return {name: told(getattr(struct, name)) for name in struct.__struct_fields__}
    return [told(one) for one in struct] if isinstance(struct, tuple) else str(struct)
