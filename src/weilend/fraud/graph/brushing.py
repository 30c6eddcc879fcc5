"""In: orders of shops. Out: shops and the accounts that order in them for pay (刷单), as dense blocks. Used: by jobs.

An order looks bought where the same account orders three times or more in one shop within an hour (the definition that platforms
publish), or where its waybill stands on another order too: one parcel cannot go to two buyers. Among such orders the densest
block of shops and accounts is sought (FRAUDAR, see `blocks`), so that accounts which serve several shops are found together.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from weilend.engine.book_view import BookView
from weilend.fraud.graph.blocks import column_weights, dense_blocks
from weilend.fraud.graph.judge import ONE

COLUMNS: Final = ("shop_id", "buyer_id", "order_id", "waybill_id", "happened_at", "known_at")
BURST_ORDERS, BURST_SECONDS = 3, 3_600
#: A block is told from so many bought orders on.
LEAST_ORDERS: Final = 10


class Brushing(msgspec.Struct, frozen=True):
    """Shops and accounts in a block; how many of the shops' orders look bought, and which share of all their orders that is."""

    shops: tuple[str, ...]
    buyers: tuple[str, ...]
    orders_count: int
    share_ppm: int


def read_orders(view: BookView, *, as_of: int) -> pa.Table:
    """Return the orders (first lines, `COLUMNS`) that a view reads and that were known at an instant."""
    known = [("line_no", "=", 1), ("known_at", "<=", as_of), ("happened_at", "<=", as_of)]
    empty = pa.schema([(name, pa.int64() if name.endswith("_at") else pa.string()) for name in COLUMNS]).empty_table()
    parts = [
        pq.read_table(file.path, columns=[*COLUMNS], filters=[*known, *([] if file.preview else [("seq", "<=", view.seq)])])
        for file in view.files("order")
        if "waybill_id" not in file.lacks
    ]
    return pa.concat_tables([empty, *(part.cast(empty.schema) for part in parts)])


def find_brushing(orders: pa.Table) -> tuple[Brushing, ...]:
    """Return the blocks of shops and accounts (orders as `read_orders` has them), those with most bought orders first.

    >>> said = {"shop_id": ["s"] * 12, "buyer_id": ["a", "b"] * 6, "order_id": [str(number) for number in range(12)],
    ...     "waybill_id": pa.nulls(12, pa.string()), "happened_at": range(12), "known_at": range(12)}
    >>> find_brushing(pa.table(said))[0]
    Brushing(shops=('s',), buyers=('a', 'b'), orders_count=12, share_ppm=1000000)
    """
    orders = orders.filter(orders["buyer_id"].is_valid())
    shop, shops = _codes(orders["shop_id"])
    buyer, buyers = _codes(orders["buyer_id"])
    bought = np.flatnonzero(_bursts(shop, buyer, orders) | _same_parcel(orders))
    pairs, counts = np.unique(np.stack([buyer[bought] + len(shops), shop[bought]], axis=1), axis=0, return_counts=True)
    nodes = len(shops) + len(buyers)
    weights = column_weights(pairs[:, 1], nodes) * counts
    of_shop = np.bincount(shop, minlength=len(shops))
    found = []
    for block, _ in dense_blocks(pairs[:, 0], pairs[:, 1], weights, nodes):
        inside = np.isin(pairs, block).all(axis=1)
        within = block[block < len(shops)]
        number = int(counts[inside].sum())
        if number >= LEAST_ORDERS:
            found.append(Brushing(
                tuple(sorted(shops[at] for at in within.tolist())),
                tuple(sorted(buyers[at - len(shops)] for at in block[block >= len(shops)].tolist())),
                number, number * ONE // int(of_shop[within].sum()),
            ))  # fmt: skip
    return tuple(sorted(found, key=lambda one: (-one.orders_count, one.shops)))


def _codes(column: pa.ChunkedArray) -> tuple[npt.NDArray[np.int64], list[str]]:
    coded = column.combine_chunks().dictionary_encode()
    return np.asarray(coded.indices.to_numpy(), np.int64), coded.dictionary.to_pylist()


def _bursts(shop: Any, buyer: Any, orders: pa.Table) -> npt.NDArray[np.bool_]:
    """Return which orders stand among three of one account in one shop within an hour."""
    at = orders["happened_at"].to_numpy()
    order = np.lexsort((at, buyer, shop))
    shop, buyer, at = shop[order], buyer[order], at[order]
    behind = BURST_ORDERS - 1
    begins = np.flatnonzero(
        (shop[behind:] == shop[:-behind]) & (buyer[behind:] == buyer[:-behind]) & (at[behind:] - at[:-behind] <= BURST_SECONDS)
    )
    found = np.zeros(len(order), np.bool_)
    for step in range(BURST_ORDERS):
        found[order[begins + step]] = True
    return found


def _same_parcel(orders: pa.Table) -> npt.NDArray[np.bool_]:
    """Return which orders have a waybill that stands on another order too."""
    codes, names = _codes(orders["waybill_id"].fill_null(""))
    number = np.bincount(codes, minlength=len(names))
    there = np.array([name != "" for name in names], np.bool_)
    return ((number > 1) & there)[codes]
