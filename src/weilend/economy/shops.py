"""In: firms and their months. Out: `Shops` and their orders. Used: by bank and wallet, which follow the money, and by
shop_records.
"""

from __future__ import annotations

import msgspec
import numpy as np

from weilend.economy.catalogue import catalogue, drawn
from weilend.economy.firms import Firms, Floats, Ints
from weilend.economy.months import Months, logistic
from weilend.economy.plan import WorldPlan
from weilend.economy.raw import Orders
from weilend.economy.spread import counts, days, parts, seconds
from weilend.economy.traces import instant, scrambled
from weilend.economy.weather import make_weather

#: What becomes of an order.
COMPLETED, REFUNDED, UNSHIPPED = 0, 1, 2
#: Share of the orders of June and November that come on the platforms' feast days. Assumption.
_FEAST_SHARE = 0.22
_FEASTS = {6: 17, 11: 10}  # month → day of it, from 0: 618 and 11.11
#: Buyers of a shop are drawn by rank: the first tenth buys about a third. Assumption.
_BUYER_SKEW = 1.6


class Shops(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """The shops of a district: `firm` as position, `number` by which the platform knows it, `online` share of the firm's sales
    that it makes, `care` (how well it is kept: quality and chance of its own), `refund` the logit of a refund.
    """

    firm: Ints
    number: Ints
    platform: Ints
    category: Ints
    online: Floats
    care: Floats
    refund: Floats
    pace: Floats

    def __len__(self) -> int:
        return len(self.firm)


def make_shops(plan: WorldPlan, district: int, firms: Firms) -> Shops:
    """Return the shops of the firms of a district: one, or two that share the sales.

    >>> from weilend.economy.plan import make_plan
    >>> from weilend.economy.firms import make_firms
    >>> plan = make_plan(businesses=200, months=12, seed=1)
    >>> shops = make_shops(plan, 0, make_firms(plan, 0))
    >>> bool(len(shops) > 60), len(set(shops.number.tolist())) == len(shops)
    (True, True)
    """
    c, dice, sorts = plan.constants, plan.dice("shops", district), catalogue()
    owners = np.flatnonzero(firms.has_shop)
    second = owners[dice.random(len(owners)) < c["second_shop_share"]]
    firm = np.concatenate([owners, second])
    usual = np.where(firms.is_company[firm], c["online_share_company"], c["online_share_sole"])
    online = logistic(np.log(usual / (1 - usual)) + 0.6 * dice.standard_normal(len(firm)))
    twice = np.bincount(second, minlength=len(firms))[firm] > 0
    category = drawn(dice, [one.share for one in sorts.categories], len(firm))
    quality = firms.quality[firm]
    sold = firms.sales[firm] * online * np.where(twice, 0.5, 1.0)
    return Shops(
        firm=firm,
        number=scrambled(np.arange(len(firm)) + district * 100_000, plan.seed + 11),
        platform=drawn(dice, [one.share for one in sorts.platforms], len(firm)),
        category=category,
        online=online * np.where(twice, 0.5, 1.0),
        care=quality + 0.8 * dice.standard_normal(len(firm)),
        refund=c["refund_base"] + np.array([one.refund for one in sorts.categories])[category]
        + c["refund_quality"] * quality + c["refund_noise"] * dice.standard_normal(len(firm)),
        pace=c["orders_month"] * (sold / 20_000) ** c["orders_size"] * np.exp(c["orders_spread"] * dice.standard_normal(len(firm))),
    )  # fmt: skip


def online_sales(plan: WorldPlan, firms: Firms, months: Months, shops: Shops) -> Floats:
    """Return what each shop sells in each month that is told, (shops, months), in yuan: its share, in the season of what it
    sells.
    """
    platform = make_weather(plan).platform[shops.platform, : plan.months]
    sorts, calendar_month = catalogue(), (plan.first_month + np.arange(plan.months)) % 12
    own = np.array([sorts.season(one.season) for one in sorts.categories])[shops.category][:, calendar_month]
    firms_own = np.array([sorts.season(one.season) for one in sorts.industries])[firms.industry[shops.firm]][:, calendar_month]
    sold: Floats = months.sales[shops.firm, : plan.months] * shops.online[:, None] * np.exp(platform) * own / firms_own
    return sold


def make_orders(plan: WorldPlan, district: int, firms: Firms, months: Months, shops: Shops) -> Orders:
    """Return the honest orders of the months that are told, by shop and time.

    >>> from weilend.economy.plan import make_plan
    >>> from weilend.economy.firms import make_firms
    >>> from weilend.economy.months import live_months
    >>> plan = make_plan(businesses=60, months=12, seed=1)
    >>> firms = make_firms(plan, 0)
    >>> orders = make_orders(plan, 0, firms, live_months(plan, 0, firms), make_shops(plan, 0, firms))
    >>> bool((orders.fen > 0).all()), bool((orders.pattern == 0).all())
    (True, True)
    """
    c, dice = plan.constants, plan.dice("orders", district)
    sold = online_sales(plan, firms, months, shops)
    usual = np.maximum(firms.sales[shops.firm] * shops.online, 1.0)[:, None]
    told = counts(dice, shops.pace[:, None] * sold / usual, c["orders_cap_month"])
    cell, yuan = parts(dice, sold, told, c["line_spread"])
    shop, month = np.divmod(cell, plan.months)
    at = instant(_order_days(plan, dice, month), seconds(dice, len(shop)))
    order = np.lexsort((at, shop))
    shop, at, yuan = shop[order], at[order], yuan[order]
    chance = dice.random((2, len(shop)))
    fate = np.where(
        chance[0] < c["unshipped_share"], UNSHIPPED, np.where(chance[1] < logistic(shops.refund[shop]), REFUNDED, COMPLETED)
    )
    fen = np.maximum(np.rint(yuan * 10).astype(np.int64) * 10, 10)  # prices end in a tenth of a yuan
    piece = c["piece_yuan"] * np.array([one.ticket for one in catalogue().categories])[shops.category[shop]]
    return Orders(
        shop=shop,
        buyer=_buyers(c["buyers_per_order"], dice, shops, shop),
        at=at,
        fen=fen,
        units=np.maximum(np.rint(yuan / (piece * np.exp(0.4 * dice.standard_normal(len(shop))))), 1).astype(np.int64),
        fate=fate.astype(np.int64),
        waybill=np.where(fate == UNSHIPPED, -1, scrambled(np.arange(len(shop)) + district * 10**8, plan.seed + 12)),
        level=np.minimum(dice.geometric(0.22, len(shop)), 12).astype(np.int64),
        review=_reviews(plan, dice, shops, shop, fate),
        pattern=np.zeros(len(shop), np.int64),
    )


def _order_days(plan: WorldPlan, dice: np.random.Generator, month: Ints) -> Ints:
    """Return the days of orders, a share of June's and November's on the feast days."""
    even = days(dice, plan.first_days, month)
    calendar_month = (plan.first_month + month) % 12 + 1
    feast = dice.random(len(month)) < _FEAST_SHARE
    for number, day in _FEASTS.items():
        even = np.where(feast & (calendar_month == number), plan.first_days[month] + day, even)
    return even


def _buyers(crowd: float, dice: np.random.Generator, shops: Shops, shop: Ints) -> Ints:
    """Return the buyer of each order: by rank in the shop's own crowd, one in twenty a newcomer who never comes back."""
    size = np.maximum(crowd * shops.pace * 6, 8)
    rank = np.floor(size[shop] * dice.random(len(shop)) ** _BUYER_SKEW).astype(np.int64)
    newcomer = dice.random(len(shop)) < 0.05
    buyer: Ints = (shop << 32) + np.where(newcomer, (1 << 24) + np.arange(len(shop)), rank)
    return buyer


def _reviews(plan: WorldPlan, dice: np.random.Generator, shops: Shops, shop: Ints, fate: Ints) -> Ints:
    """Return what buyers say: 0 good, 1 neutral, 2 bad, -1 nothing, which is the rule."""
    c = plan.constants
    good = logistic(c["review_base"] + c["review_quality"] * shops.care[shop] - 1.5 * (fate == REFUNDED))
    chance = dice.random((2, len(shop)))
    said = np.where(chance[0] < good, 0, np.where(chance[0] < good + (1 - good) / 2, 1, 2))
    return np.where((chance[1] < 0.35) & (fate != UNSHIPPED), said, -1).astype(np.int64)
