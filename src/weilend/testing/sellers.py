"""In: a seed. Out: made-up online sellers as records, and orders that nobody paid for, to add to them. Used: by the law of the
seller loan, that orders alone never raise a limit.

A seller's money follows its orders: a receipt that names the order some days later, less a fee, or none where it was never paid.
The unpaid orders lie in a shop of their own, linked beside the seller's, so that one book holds a seller with and without them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

from weilend.core.calendars import Calendar
from weilend.core.money import PPM, mul_rate
from weilend.core.plan import Plan, Spine
from weilend.core.records import KINDS
from weilend.core.values import FeatureRow
from weilend.engine import duckdb
from weilend.engine.book import Book
from weilend.features.compute import finish
from weilend.features.plans import FeatureSet, make_plan
from weilend.testing.records import Row, Value, as_table

HOME: Final = Calendar("Asia/Shanghai")
AS_OF: Final = date(2026, 2, 10)  # windows in months end with January 2026, so that a November lies within them
MONTHS: Final = 13
#: Orders that are added to a seller's own, in parts per million.
MORE_PPM: Final = 300_000
OWN: Final = ""


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """What sort of seller it is; shares in ppm, money in fen.

    `paid` is the share of orders that a receipt names, `subsidised` by how much a receipt exceeds the price, `sent_back` the
    share of receipts that is paid out to individuals beside the order.

    >>> draw_traits(random.Random(1)).shops in (1, 2)
    True
    """

    shops: int
    orders_a_month: int
    price_fen: int
    november: int
    growth: float
    paid: int
    fee: int
    subsidised: int
    refunded: int
    sent_back: int
    suspect: int
    streamed: int
    drop_shipped: int
    unseen: frozenset[str]


class Seller(msgspec.Struct, frozen=True):
    """A made-up seller: its name, its shops, and its records by kind.

    >>> seller = make_seller(3)
    >>> seller.business, len(seller.facts["order"]) > 20, seller == make_seller(3)
    ('B3', True, True)
    """

    business: str
    shops: tuple[str, ...]
    facts: dict[str, list[Row]]


def draw_traits(rng: random.Random) -> Traits:
    """Return the traits of a seller: most are sound, each may be odd in one way or another.

    >>> draw_traits(random.Random(1)) == draw_traits(random.Random(1))
    True
    """

    def sometimes(chance: float, *values: int) -> int:
        return rng.choice(values) if rng.random() < chance else 0

    return Traits(
        shops=rng.choice((1, 1, 2)),
        orders_a_month=rng.randint(13, 17),
        price_fen=rng.choice((60_000, 200_000, 500_000, 1_000_000)),
        november=rng.choice((1, 1, 2, 5)),
        growth=rng.choice((-0.06, -0.02, 0.0, 0.0, 0.03)),
        paid=rng.choice((PPM, 960_000, 850_000)),
        fee=rng.choice((0, 20_000, 60_000)),
        subsidised=sometimes(0.3, 50_000, 300_000),
        refunded=rng.choice((0, 20_000, 60_000)),
        sent_back=sometimes(0.2, 50_000, 150_000),
        suspect=sometimes(0.2, 50_000, 120_000),
        streamed=sometimes(0.25, 300_000, 800_000),
        drop_shipped=sometimes(0.15, 700_000),
        unseen=frozenset(name for name in ("wallet", "bank", "bureau", "register") if rng.random() < 0.12),
    )


def make_seller(seed: int) -> Seller:
    """Return a seller, the same for the same seed.

    >>> sorted(kind for kind in make_seller(3).facts if kind in ("order", "shop_snapshot"))
    ['order', 'shop_snapshot']
    """
    rng = random.Random(seed)
    traits, business = draw_traits(rng), f"B{seed}"
    shops = tuple(f"{business}-shop-{number}" for number in range(1, traits.shops + 1))
    facts: dict[str, list[Row]] = {"order": [], "wallet_entry": []}
    for number, day in enumerate(_order_days(traits, rng)):
        order = _order(shops[number % len(shops)], f"{business}-{number}", day, traits, rng)
        facts["order"].append(order)
        if "wallet" not in traits.unseen:
            facts["wallet_entry"] += _money(business, order, day, traits, rng)
    facts["shop_snapshot"] = [_snapshot(shop) for shop in shops]
    facts["identity_check"] = [_row("identity_check", AS_OF - timedelta(1), business_id=business, owner_id=f"{business}-owner",
                                    method="id_document", outcome="pass", document_until_on=date(2030, 1, 1))]  # fmt: skip
    if "bank" not in traits.unseen:
        facts["bank_entry"] = _bank(business, traits)
    if "bureau" not in traits.unseen:
        facts["bureau_report"] = [_report(business, rng)]
    if "register" not in traits.unseen:
        facts["registry_profile"] = [_row("registry_profile", AS_OF - timedelta(3), business_id=business, status="active")]
    return Seller(business, shops, facts)


def more_orders(seller: Seller, manner: str) -> list[Row]:
    """Return `MORE_PPM` more orders than a seller has, in a shop of their own, that no receipt names; `manner` is one of `MANNERS`.

    >>> seller = make_seller(3)
    >>> len(more_orders(seller, "burst")) * 10 // len(seller.facts["order"]), more_orders(seller, "burst")[0]["shop_id"]
    (3, 'B3+burst')
    """
    rng = random.Random(f"{seller.business}{manner}")
    own = seller.facts["order"]
    shop, extra = f"{seller.business}+{manner}", []
    for number in range(1 + mul_rate(len(own), MORE_PPM)):
        like = rng.choice(own)
        day, hour, fields = MANNERS[manner](rng, like)
        plain = {name: like[name] for name in ("platform", "status", "paid_fen", "sku", "category", "buyer_id")}
        named: dict[str, Any] = {"shop_id": shop, "order_id": f"{shop}-{number}", "line_no": 1, **plain, **fields}
        extra.append(_row("order", day, hour=hour, **named))
    return extra


def look_at_sellers(
    folder: Path, sellers: Sequence[Seller], features: FeatureSet, manners: Sequence[str] = ()
) -> dict[str, dict[str, FeatureRow]]:
    """Return the features of sellers through book and engine: by business, as it is (`OWN`) and with more orders of each manner.

    >>> from tempfile import TemporaryDirectory
    >>> from weilend.features.sets import SELLER
    >>> with TemporaryDirectory() as name:
    ...     rows = look_at_sellers(Path(name), [make_seller(3)], SELLER, ("burst",))["B3"]
    >>> [rows[manner].values["seller_genuine_net_fen_12m"] > 0 for manner in (OWN, "burst")]
    [True, True]
    """
    book = Book.open(folder / "book", calendar=HOME)
    facts = [(kind, rows) for seller in sellers for kind, rows in seller.facts.items()]
    facts += [("order", more_orders(seller, manner)) for seller in sellers for manner in manners]
    kinds = dict.fromkeys(kind for kind, _ in facts)
    book.append({kind: as_table(KINDS[kind], [row for of, rows in facts if of == kind for row in rows]) for kind in kinds})
    asked = [(seller, manner) for seller in sellers for manner in (OWN, *manners)]
    spine = Spine(
        tuple(seller.business for seller, _ in asked),
        (HOME.start_of(AS_OF),) * len(asked),
        linked={
            "shop_id": tuple((*seller.shops, f"{seller.business}+{manner}") for seller, manner in asked),
            "owner_id": tuple((f"{seller.business}-owner",) for seller, _ in asked),
        },
    )
    table = finish(features, spine, duckdb.fold(_plan(features), spine, book.view(), HOME), HOME)
    rows: dict[str, dict[str, FeatureRow]] = {}
    for place, (seller, manner) in enumerate(asked):
        rows.setdefault(seller.business, {})[manner] = table.row(place)
    return rows


@cache
def _plan(features: FeatureSet) -> Plan:
    """Make each plan once: its formulas are compiled for two engines and two dialects."""
    return make_plan(features)


def _order_days(traits: Traits, rng: random.Random) -> list[date]:
    """Return the days of orders: so many a month, more in November, growing or shrinking."""
    days = []
    for back in range(MONTHS, 0, -1):
        first = _months_before(AS_OF, back)
        season = traits.november if first.month == 11 else 1
        orders = max(round(traits.orders_a_month * season * (1 + traits.growth) ** -back), 3)
        days += [first + timedelta(rng.randint(0, 27)) for _ in range(orders)]
    this_month = AS_OF.replace(day=1)
    return [*days, *(this_month + timedelta(rng.randint(0, AS_OF.day - 2)) for _ in range(traits.orders_a_month // 3))]


def _months_before(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, 1)


def _order(shop: str, order_id: str, day: date, traits: Traits, rng: random.Random) -> Row:
    def marked(share: int) -> bool:
        return rng.randrange(PPM) < share

    paid_fen = round(traits.price_fen * rng.uniform(0.5, 1.5))
    return _row(
        "order", day, hour=rng.randint(8, 22), shop_id=shop, order_id=order_id, line_no=1, platform="taobao", status="completed",
        paid_fen=paid_fen, refunded_fen=paid_fen if marked(traits.refunded) else 0, buyer_id=f"b{rng.randrange(10**6)}",
        sku=f"s{rng.randrange(40)}", category=f"c{rng.randrange(4)}", is_held_for_risk=marked(traits.suspect),
        streamer_id="streamer" if marked(traits.streamed) else None, is_drop_shipped=marked(traits.drop_shipped),
    )  # fmt: skip


def _money(business: str, order: Row, day: date, traits: Traits, rng: random.Random) -> list[Row]:
    """Return what an order leaves in the wallet: the receipt some days later, fee and refund that name it, a payout beside it."""
    settled = day + timedelta(rng.randint(0, 10))
    if settled >= AS_OF or rng.randrange(PPM) >= traits.paid:
        return []
    paid_fen, refunded_fen = order["paid_fen"], order["refunded_fen"]
    assert isinstance(paid_fen, int)
    received_fen = paid_fen + mul_rate(paid_fen, traits.subsidised)
    lines: list[tuple[str, str, Value, dict[str, Any]]] = [("in", "sale", received_fen, {"counterparty_id": order["buyer_id"]})]
    lines += [("out", "fee", mul_rate(paid_fen, traits.fee), {})] if traits.fee else []
    lines += [("out", "refund", refunded_fen, {})] if refunded_fen else []
    entries = [_entry(business, order, settled, *line, order_id=order["order_id"]) for line in lines]
    if rng.randrange(PPM) < traits.sent_back:
        entries.append(_entry(business, order, settled, "out", "payout", received_fen, {"counterparty_kind": "person"}))
    return entries


def _entry(
    business: str, order: Row, day: date, direction: str, nature: str, amount_fen: Value, more: Mapping[str, Any],
    order_id: Value = None,
) -> Row:  # fmt: skip
    return _row("wallet_entry", day, business_id=business, shop_id=order["shop_id"], account_id=f"{business}-wallet",
                wallet="alipay", direction=direction, nature=nature, status="done", amount_fen=amount_fen, order_id=order_id,
                **more)  # fmt: skip


def _bank(business: str, traits: Traits) -> list[Row]:
    """Return a lump from the wallet each month, and what goods cost."""
    lump_fen = traits.orders_a_month * traits.price_fen
    flows = (("in", lump_fen, "wallet", "transfer"), ("out", mul_rate(lump_fen, 700_000), "business", "trade"))
    days = [_months_before(AS_OF, back) + timedelta(15) for back in range(MONTHS, 0, -1)]
    return [
        _row("bank_entry", day, business_id=business, account_id=f"{business}-bank", direction=way, amount_fen=fen,
             counterparty_kind=party, nature=nature)
        for day in days for way, fen, party, nature in flows
    ]  # fmt: skip


def _report(business: str, rng: random.Random) -> Row:
    """Return a bureau's report: most owners owe little, some much, and of a few there is no file."""
    if rng.random() < 0.1:
        return _row("bureau_report", AS_OF - timedelta(2), business_id=business, owner_id=f"{business}-owner", bureau="one",
                    about_whom="owner", found=False)  # fmt: skip
    return _row("bureau_report", AS_OF - timedelta(2), business_id=business, owner_id=f"{business}-owner", bureau="one",
                about_whom="owner", found=True, dpd=0, max_dpd_12m=0, write_offs_count=0, lenders_count=rng.randint(0, 3),
                queries_3m_count=rng.randint(0, 4), monthly_due_fen=rng.choice((0, 0, 50_000, 300_000)))  # fmt: skip


def _snapshot(shop: str) -> Row:
    return _row("shop_snapshot", AS_OF - timedelta(1), shop_id=shop, platform="taobao", status="normal",
                opened_on=date(2020, 3, 1), region="330000", positive_rate_ppm=985_000, deposit_required_fen=100_000,
                deposit_paid_fen=100_000, severe_violation_points=0, platform_credit_fen=0)  # fmt: skip


def _row(kind: str, day: date, *, hour: int = 12, **said: Value) -> Row:
    """Return a record of a kind at an hour of a day, known at once; what is not said is NULL."""
    at = _midnight(day) + 3_600 * hour
    return {**_BLANK[kind], **said, "happened_at": at, "known_at": at}


_FRAME: Final[Row] = {"known_basis": "observed", "source": "test", "consent_id": "own-data"}
_BLANK: Final[dict[str, Row]] = {
    name: {**dict.fromkeys((*KINDS[name].subjects, *(field.name for field in KINDS[name].fields))), **_FRAME}
    for name in ("order", "wallet_entry", "bank_entry", "bureau_report", "identity_check", "registry_profile", "shop_snapshot")
}


@cache
def _midnight(day: date) -> int:
    return HOME.start_of(day)


def _any_day(rng: random.Random) -> date:
    return AS_OF - timedelta(rng.randint(1, 400))


#: How orders are added that no receipt names: the day, the hour, and what is otherwise than in an order of the seller's own.
MANNERS: Final[dict[str, Callable[[random.Random, Row], tuple[date, int, dict[str, Value]]]]] = {
    "random": lambda rng, _: (_any_day(rng), rng.randint(8, 22), {}),
    "burst": lambda rng, _: (AS_OF - timedelta(rng.randint(1, 20)), rng.randint(8, 22), {}),
    "small_ticket": lambda rng, _: (_any_day(rng), rng.randint(8, 22), {"paid_fen": rng.randint(100, 1_000)}),
    "large_ticket": lambda rng, like: (_any_day(rng), 12, {"paid_fen": 20 * int(str(like["paid_fen"]))}),
    "night": lambda rng, _: (_any_day(rng), rng.randint(1, 4), {}),
    "one_buyer": lambda rng, _: (_any_day(rng), 12, {"buyer_id": "friend"}),
    "before_its_time": lambda rng, _: (AS_OF - timedelta(rng.randint(300, 700)), 12, {}),
    "streamed": lambda rng, _: (_any_day(rng), 20, {"streamer_id": f"streamer-{rng.randrange(9)}"}),
    "new_range": lambda rng, _: (_any_day(rng), 12, {"sku": f"new-{rng.randrange(99)}", "category": f"n{rng.randrange(9)}"}),
    "marked": lambda rng, _: (_any_day(rng), 12, {"is_held_for_risk": True}),
    "refunded": lambda rng, like: (_any_day(rng), 12, {"refunded_fen": like["paid_fen"]}),
}
