"""In: a number of rows and of businesses. Out: made-up invoices as records that a book takes. Used: by `features` and `book`."""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa

from weilend.core.calendars import Calendar

HOME = Calendar("Asia/Shanghai")
AS_OF = HOME.start_of(date(2020, 1, 1))
FIRST_DAY, DAYS = date(2016, 7, 1), 1275  # until the last of 2019
PARTIES = 400


def make_invoices(rows: int, businesses: int) -> pa.Table:
    """Return invoices: half of them sales, 6 % void, 3 % red letters, customers of unlike weight, known at the day's end.

    Business 0 has 2,000 of them where there are that many, the others share the rest at random; the same every time.
    """
    dice = np.random.default_rng(3)
    first = min(2_000, rows // 2)
    business = np.concatenate([np.zeros(first, np.int64), dice.integers(1, businesses, rows - first)])
    dice.shuffle(business)
    party = (dice.random(rows) ** 2 * PARTIES).astype(np.int64)
    net = np.exp(dice.normal(13, 1.5, rows)).astype(np.int64) + 100
    net = np.where(dice.random(rows) < 0.03, -net, net)
    day = np.sort(dice.integers(0, DAYS, rows))
    start = HOME.start_of(FIRST_DAY)
    happened = start + 86_400 * (day + 1) - 1  # this zone has had no summer time since 1991
    names = [f"{at:032x}" for at in range(rows)]
    return pa.table(
        {
            "business_id": _named("E", business, businesses),
            "counterparty_id": _named("C", party, PARTIES),
            "direction": _chosen(dice.random(rows) < 0.5, "sale", "purchase"),
            "number": [name[-8:] for name in names],
            "net_fen": net,
            "tax_fen": net * 13 // 100,
            "gross_fen": net + net * 13 // 100,
            "status": _chosen(dice.random(rows) < 0.06, "void", "valid"),
            "key": names,
            "record_id": names,
            "happened_at": happened,
            "known_at": happened,
            "known_basis": _named("observed", np.zeros(rows, np.int64), 0),
            "source": _named("made_up", np.zeros(rows, np.int64), 0),
            "consent_id": _named("own-data", np.zeros(rows, np.int64), 0),
        }
    )


def subjects(businesses: int) -> tuple[str, ...]:
    """Return the names of the businesses."""
    return tuple(f"E{at}" for at in range(businesses))


def _named(start: str, codes: np.ndarray, count: int) -> pa.Array:
    """Return texts: the start and a number, or the start alone where there is nothing to number."""
    words = [f"{start}{at}" for at in range(count)] if count else [start]
    return pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(words)).cast(pa.string())


def _chosen(mask: np.ndarray, yes: str, no: str) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(mask.astype(np.int8)), pa.array([no, yes])).cast(pa.string())
