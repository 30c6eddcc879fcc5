"""In: a plan and the number of a district. Out: every record of that district, and the truth behind it. Used: by whoever writes
a world.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.economy.district import District
from weilend.economy.loan_records import tell_applications, tell_loans
from weilend.economy.loans import decide_of_old, live_loans
from weilend.economy.money_records import tell_bank, tell_wallets
from weilend.economy.paper_records import tell_books, tell_papers, tell_taxes
from weilend.economy.people import tell_people
from weilend.economy.shop_records import tell_orders, tell_shops
from weilend.economy.traces import TRUTH
from weilend.economy.trading import Trading, live_trade
from weilend.economy.truth import name_patterns, tell_truth

#: Records of a district by kind.
Told = dict[str, list[pa.Table]]


class Telling(msgspec.Struct, frozen=True, eq=False):
    """A district as the book will know it (`records` by kind, each in the order of the book), and the `truth` behind it by table.

    >>> Telling({}, {}).truth
    {}
    """

    records: dict[str, pa.Table]
    truth: dict[str, pa.Table]


def tell_district(district: District) -> Telling:
    """Return all records of a district, and its truth.

    >>> from weilend.economy.district import make_district
    >>> from weilend.economy.plan import make_plan
    >>> told = tell_district(make_district(make_plan(businesses=20, months=6, seed=1), 0))
    >>> {"order", "bank_entry", "invoice", "tax_filing", "application"} <= set(told.records), sorted(told.truth)
    (True, ['applications', 'firms', 'frauds', 'records', 'users'])
    """
    trading = live_trade(district)
    scene, decisions = district.scene(trading.planted), decide_of_old(district)
    told = [
        tell_people(scene, district.campaign),
        tell_applications(district, decisions),
        tell_loans(district, live_loans(district, decisions)),
    ]
    parts = _parts(district, trading, told)
    made = pa.concat_tables([table for part in parts for table in part.get(TRUTH, ())])
    return Telling(merged(parts), tell_truth(district, decisions) | {"records": name_patterns(made)})


def tell_trade(district: District, trading: Trading, told: Iterable[Told]) -> dict[str, pa.Table]:
    """Return what trade and fraud leave, together with what else is `told`, as `merged` does.

    >>> from weilend.economy.district import make_district
    >>> from weilend.economy.plan import make_plan
    >>> district = make_district(make_plan(businesses=20, months=6, seed=1), 0)
    >>> "bank_entry" in tell_trade(district, live_trade(district), [])
    True
    """
    return merged(_parts(district, trading, told))


def _parts(district: District, trading: Trading, told: Iterable[Told]) -> list[Told]:
    """Return the records of a district in the order in which they are laid together: trade, what else is told, fraud's own."""
    plan, number, firms, months = district.plan, district.number, district.firms, district.shown
    return [
        tell_orders(plan, number, trading.shops, trading.orders, trading.lives),
        tell_shops(plan, number, firms, months, trading.shops, trading.orders),
        tell_bank(plan, number, firms, district.people, trading.flows, trading.balance),
        tell_wallets(plan, number, firms, trading.shops, trading.payouts, plan.constants["ad_share"]),
        tell_papers(plan, number, firms, trading.papers),
        tell_taxes(plan, number, firms, months),
        tell_books(plan, number, firms, months),
        *told,
        *({kind: [table] for kind, table in one.records.items()} for one in trading.planted.values()),
    ]


def merged(parts: Iterable[Told]) -> dict[str, pa.Table]:
    """Return one table a kind, in the order of the book: first subject, then when it happened, then when it was known."""
    kinds: Told = {}
    for part in parts:
        for kind, tables in part.items():
            if kind != TRUTH:
                kinds.setdefault(kind, []).extend(tables)
    return {kind: _ordered(pa.concat_tables(tables)) for kind, tables in sorted(kinds.items())}


def _ordered(table: pa.Table) -> pa.Table:
    """Return a table by its first subject, when it happened, when it was known: subjects are ranked once, then rows by numbers."""
    subject = table.column(0).combine_chunks().dictionary_encode()
    rank = np.empty(len(subject.dictionary), np.int64)
    rank[pc.sort_indices(subject.dictionary).to_numpy()] = np.arange(len(rank))
    order = np.lexsort((table["known_at"].to_numpy(), table["happened_at"].to_numpy(), rank[subject.indices.to_numpy()]))
    return table.take(pa.array(order))
