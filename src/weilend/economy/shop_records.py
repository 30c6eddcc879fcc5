"""In: shops and their orders, honest or not. Out: records of orders, refunds, snapshots and links. Used: by `tell_district`.

An order is told when it is paid and again when it ends (completed or closed): two versions of one fact, each known when the
platform had it. What had not ended when the world ends is known as paid.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from weilend.core.records import FAR_FUTURE
from weilend.economy.catalogue import catalogue
from weilend.economy.firms import Bools, Firms, Ints
from weilend.economy.months import Months, logistic, to_fen, to_ppm
from weilend.economy.plan import WorldPlan
from weilend.economy.raw import Orders
from weilend.economy.shops import COMPLETED, REFUNDED, UNSHIPPED, Shops, online_sales
from weilend.economy.traces import DAY, TRUTH, dates, instant, mark, maybe, named, scrambled, some, tell, words

_HOUR = 3_600
_REVIEWS = ("good", "neutral", "bad")
_STARS = ("item", "service", "delivery")


def shop_ids(shops: Shops) -> pa.Array:
    """Return the codes of shops."""
    return named("S", shops.number % 10**13, 13)


class Lives(msgspec.Struct, frozen=True, eq=False):
    """When the stations of each order were reached, UTC seconds."""

    sent: Ints
    signed: Ints
    ended: Ints


def live_orders(plan: WorldPlan, district: int, shops: Shops, orders: Orders) -> Lives:
    """Return when orders were sent, signed for and ended: a well-kept shop sends sooner, the platform says when the money is
    the shop's.
    """
    dice, count = plan.dice("lives", district), len(orders.at)
    slow = np.exp(-0.15 * shops.care[orders.shop])
    settle = np.array([one.settle_days for one in catalogue().platforms])[shops.platform[orders.shop]]
    sent = orders.at + (dice.exponential(0.7, count) * slow * DAY).astype(np.int64) + _HOUR
    signed = sent + ((1.2 + dice.exponential(1.6, count)) * DAY).astype(np.int64)
    back = signed + (dice.exponential(3.0, count) * DAY).astype(np.int64) + 2 * _HOUR
    settled = orders.at + (settle * DAY * (0.8 + 0.4 * dice.random(count))).astype(np.int64)
    dropped = orders.at + (dice.exponential(0.8, count) * DAY).astype(np.int64) + _HOUR
    ended = np.select([orders.fate == REFUNDED, orders.fate == UNSHIPPED], [back, dropped], np.maximum(settled, signed + _HOUR))
    return Lives(sent, signed, ended)


def tell_orders(plan: WorldPlan, district: int, shops: Shops, orders: Orders, lives: Lives) -> dict[str, list[pa.Table]]:
    """Return the records of orders and refunds."""
    ids = shop_ids(shops).take(pa.array(orders.shop))
    number = named("", scrambled(np.arange(len(orders.at)) + district * 10**9, plan.seed + 13), 15)
    said = {
        "shop_id": ids,
        "buyer_id": named("U", scrambled(orders.buyer + (district << 44) % (1 << 47), plan.seed + 14), 15),
        "order_id": number,
        "line_no": 1,
        "platform": words([one.name for one in catalogue().platforms], shops.platform[orders.shop]),
        "paid_fen": orders.fen,
        "pay_at": orders.at,
        "units_count": orders.units,
        "category": words([one.code for one in catalogue().categories], shops.category[orders.shop]),
        "buyer_level": orders.level,
    }
    over = instant(plan.first_days[plan.months : plan.months + 1] - 1)[0]
    done = lives.ended <= over
    first = {**said, "status": "paid", "refund_state": "none"}
    last = {
        **said,
        "status": words(("completed", "closed", "closed"), orders.fate),
        "refund_state": words(("none", "refunded", "refunded"), orders.fate),
        "refunded_fen": np.where(orders.fate == COMPLETED, 0, orders.fen),
        "consign_at": maybe(lives.sent, orders.fate != UNSHIPPED),
        "signed_at": maybe(lives.signed, orders.fate != UNSHIPPED),
        "end_at": lives.ended,
        "waybill_id": maybe(named("W", np.maximum(orders.waybill, 0), 15), orders.waybill >= 0),
        "buyer_review": words(_REVIEWS, orders.review),
    }
    key = ("shop_id", "order_id", "line_no")
    source = "platform_orders"
    early = tell("order", first, at=orders.at, known_at=orders.at + _HOUR, source=source, key=key,
                 replaced_at=np.where(done, lives.ended + _HOUR, FAR_FUTURE))  # fmt: skip
    late = tell("order", some(last, done), at=orders.at[done], known_at=lives.ended[done] + _HOUR, source=source, key=key)
    refunds = _tell_refunds(said, orders, lives, done & (orders.fate == REFUNDED))
    made = [mark("order", early, orders.pattern), mark("order", late, orders.pattern[done])]
    return {"order": [early, late], "refund": [refunds], TRUTH: made}


def _tell_refunds(said: dict[str, Any], orders: Orders, lives: Lives, chosen: Bools) -> pa.Table:
    asked = lives.signed[chosen] + _HOUR
    kept = {name: value for name, value in some(said, chosen).items() if name in ("shop_id", "buyer_id", "order_id", "line_no")}
    day = (orders.at[chosen] + 8 * _HOUR) // DAY
    columns = {
        **kept,
        "refund_id": kept["order_id"],
        "status": "refunded",
        "amount_fen": orders.fen[chosen],
        "order_on": dates(day),
        "with_goods": True,
        "phase": "after_shipping",
        "closed_at": lives.ended[chosen],
    }
    return tell("refund", columns, at=asked, known_at=lives.ended[chosen] + _HOUR, source="platform_orders", key=("refund_id",))


def tell_shops(
    plan: WorldPlan, district: int, firms: Firms, months: Months, shops: Shops, orders: Orders
) -> dict[str, list[pa.Table]]:
    """Return the links from firms to shops, and a snapshot of each shop at the end of each month in which its firm was open."""
    c, dice = plan.constants, plan.dice("snapshots", district)
    ids, opened = shop_ids(shops), _opened(plan, dice, firms, shops)
    sold = online_sales(plan, firms, months, shops)
    shop, month = np.nonzero(months.open[shops.firm, : plan.months] & (opened[:, None] < plan.first_days[1 : plan.months + 1]))
    at = instant(plan.first_days[month + 1] - 1)
    reviews = _reviews_so_far(plan, shops, orders)[:, shop, month]
    points = _points(c["violation_base"], c["violation_quality"], dice, shops, plan.months)[shop, month]
    count = len(shop)
    star = 4.72 + 0.06 * shops.care[shop] + 0.05 * dice.standard_normal(count)
    deposit = np.round(c["deposit_yuan"], -2)
    listed = 20 * np.exp(0.5 * np.log1p(shops.pace[shop]) + 0.3 * dice.standard_normal(count))
    columns = {
        "shop_id": ids.take(pa.array(shop)),
        "platform": words([one.name for one in catalogue().platforms], shops.platform[shop]),
        "status": words(("normal", "supervised"), (points >= 12).astype(np.int64)),
        "opened_on": dates(opened[shop]),
        "shop_type": words(("personal", "business"), firms.is_company[shops.firm[shop]].astype(np.int64)),
        "is_real_name": True,
        "main_category": words([one.code for one in catalogue().categories], shops.category[shop]),
        "region": pa.array(firms.region[shops.firm[shop]]),
        "level": np.clip(np.log1p(reviews[0] * 8) * 1.9, 1, 20).astype(np.int64),
        "reviews_count": reviews[0],
        "positive_rate_ppm": maybe(to_ppm(np.clip(reviews[1] / np.maximum(reviews[0], 1), 0, 1)), reviews[0] > 0),
        **{f"dsr_{part}_ppm": to_ppm(np.clip(star + 0.03 * dice.standard_normal(count), 3.5, 5.0)) for part in _STARS},
        "deposit_required_fen": to_fen(np.full(count, deposit)),
        "deposit_paid_fen": to_fen(deposit * np.where(dice.random(count) < logistic(2.2 + 0.5 * shops.care[shop]), 1.0, 0.5)),
        "violation_points": points,
        "sku_on_sale_count": np.maximum(np.rint(listed), 1).astype(np.int64),
        "fans_count": np.rint(40 * shops.pace[shop] * np.exp(0.8 * dice.standard_normal(count))).astype(np.int64),
        "visitors_30d_count": np.rint(sold[shop, month] / 9 * np.exp(0.4 * dice.standard_normal(count))).astype(np.int64),
        "ad_spend_30d_fen": to_fen(c["ad_share"] * sold[shop, month] * np.exp(0.6 * dice.standard_normal(count))),
    }  # fmt: skip
    link = {
        "from_id": pa.array(firms.code[shops.firm]), "to_id": ids, "from_kind": "business", "to_kind": "shop", "role": "owns",
        "valid_from_on": dates(opened), "evidence": "registered",
    }  # fmt: skip
    linked = instant(np.maximum(opened, plan.first_days[0]), 0)
    return {
        "shop_snapshot": [tell("shop_snapshot", columns, at=at, source="platform_shop", key=("shop_id", "happened_on"))],
        "link": [tell("link", link, at=linked, source="platform_shop", key=("from_id", "to_id", "role"))],
    }


def _opened(plan: WorldPlan, dice: np.random.Generator, firms: Firms, shops: Shops) -> Ints:
    """Return the opening day of each shop: some time after its firm was founded, or with it."""
    founded = plan.first_days[0] + 30 * firms.founded[shops.firm]
    later = (dice.random(len(shops)) ** 2 * np.maximum(plan.first_days[0] - founded, 30) * 0.8).astype(np.int64)
    opened: Ints = np.maximum(founded + later, plan.first_days[0] - 4_500)
    return opened


def _reviews_so_far(plan: WorldPlan, shops: Shops, orders: Orders) -> Ints:
    """Return (all, good) reviews of each shop up to the end of each month, those of before the world among them."""
    month = np.searchsorted(plan.first_days, (orders.at + 8 * _HOUR) // DAY, side="right") - 1
    seen = np.zeros((2, len(shops), plan.months), np.int64)
    for place, mask in enumerate((orders.review >= 0, orders.review == 0)):
        np.add.at(seen[place], (orders.shop[mask], month[mask]), 1)
    before = np.rint(6 * shops.pace).astype(np.int64)
    good = np.rint(before * logistic(3.6 + 0.35 * shops.care)).astype(np.int64)
    reviews: Ints = np.cumsum(seen, axis=2) + np.stack([before, good])[:, :, None]
    return reviews


def _points(base: float, slope: float, dice: np.random.Generator, shops: Shops, months: int) -> Ints:
    """Return the penalty points of each shop in each month: those of the last twelve."""
    hit = dice.random((len(shops), months)) < logistic(base + slope * shops.care)[:, None]
    fresh = np.cumsum(hit * dice.choice([1, 2, 4, 6, 12], hit.shape, p=[0.45, 0.3, 0.15, 0.07, 0.03]), axis=1)
    old = np.pad(fresh, ((0, 0), (12, 0)))[:, :months]
    points: Ints = (fresh - old).astype(np.int64)
    return points
