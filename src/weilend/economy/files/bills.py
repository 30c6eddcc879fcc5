"""In: a wallet's settlements and the orders of its shop. Out: the bill as Alipay gives it, and what an order was of. Used: by the
shelf.

The world settles a shop by half months, and its book has one line of sales and one of refunds for each. A seller's bill has a line
for each order instead, when the order ended, and names it (商户订单号). Both say the same: the lines of a half month add up to its
settlement, to the fen (a law of tests/economy). Fees, advertising and what goes to the bank stay as they are.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.calendars import Calendar

#: What an order leaves in a wallet: direction, nature, and which orders leave it. An order that was never sent is paid back before
#: the money is the shop's.
_SETTLED: Final = {("in", "sale"): ("completed", "closed"), ("out", "refund"): ("closed",)}
_LUMPS: Final = pa.array([nature for _, nature in _SETTLED])
#: What the bill of a line does not share with the settlement that it is part of.
_OWN: Final = ("key", "record_id")


def itemise(settlements: pa.Table, orders: pa.Table, calendar: Calendar) -> pa.Table:
    """Return the lines of a bill: those of orders that ended, in place of what was settled for them together.

    `settlements` are wallet entries of one shop, `orders` its orders in all versions.

    >>> from datetime import date
    >>> at, order = {"happened_at": [9], "happened_on": [date(1970, 1, 1)], "known_at": [9]}, pa.nulls(1, pa.string())
    >>> lumps = pa.table({"order_id": order, "nature": ["sale"], "direction": ["in"], "amount_fen": [500], **at, "line_no": [1]})
    >>> orders = pa.table({"order_id": ["7", "8"], "status": ["completed"] * 2, "consign_at": [1, 2], "end_at": [3, 4],
    ...     "paid_fen": [300, 200]})
    >>> itemise(lumps, orders, Calendar()).select(["order_id", "amount_fen", "happened_at"]).to_pylist()[1]
    {'order_id': '8', 'amount_fen': 200, 'happened_at': 4}
    """
    told = settlements.drop_columns([name for name in _OWN if name in settlements.column_names])
    sent = orders.filter(pc.and_(pc.is_valid(orders["end_at"]), pc.is_valid(orders["consign_at"])))
    lumps = pc.is_in(told["nature"], value_set=_LUMPS)
    lines = [
        _lines(told, sent.filter(pc.is_in(sent["status"], value_set=pa.array(over))), way, calendar)
        for way, over in _SETTLED.items()
    ]
    return pa.concat_tables([*lines, told.filter(pc.invert(lumps))]).sort_by(
        [("happened_at", "ascending"), ("nature", "ascending")]
    )


def _lines(like: pa.Table, orders: pa.Table, way: tuple[str, str], calendar: Calendar) -> pa.Table:
    """Return a line for each order, otherwise like the first of the settlements: known, as they are, at the end of the next day."""
    days = [calendar.day_of(at) for at in orders["end_at"].to_pylist()]
    own = {
        "direction": pa.repeat(way[0], orders.num_rows),
        "nature": pa.repeat(way[1], orders.num_rows),
        "amount_fen": orders["paid_fen"],
        "order_id": orders["order_id"],
        "happened_at": orders["end_at"],
        "happened_on": pa.array(days, pa.date32()),
        "known_at": pa.array([calendar.end_of(day + timedelta(days=1)) for day in days], pa.int64()),
    }
    same = {**{name: like[name].take(pa.array([0] * orders.num_rows, pa.int64())) for name in like.column_names}, **own}
    return pa.table({**same, "line_no": pa.nulls(orders.num_rows, pa.int64())}).select(like.column_names)


def with_products(orders: pa.Table, products_count: int) -> pa.Table:
    """Return orders of a shop with the product that each was of: one of those that it has on sale, by the order's own number.

    >>> orders = pa.table({"shop_id": ["S0012"], "order_id": ["19"], "sku": pa.array([None], pa.string())})
    >>> with_products(orders, 8)["sku"].to_pylist()
    ['00120004']
    """
    pairs = zip(orders["shop_id"].to_pylist(), orders["order_id"].to_pylist(), strict=True)
    told = [f"{shop[1:]}{int(order) % products_count + 1:04d}" for shop, order in pairs]
    return orders.set_column(orders.column_names.index("sku"), "sku", pa.array(told, pa.string()))
