"""In: facts of a district. Out: `Trade`, the same with what forgers look up in them: when honest people act, which numbers
are taken. Used: by planting and by every pattern that leaves facts. Each look-up is made once a district, when first asked
for.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import msgspec
import numpy as np

from weilend.economy.firms import Ints
from weilend.economy.raw import KIND, Flows, Orders, Papers
from weilend.economy.traces import instant, local_day

#: Numbers are sparse where they leave so many free for each that is taken.
_SPARSE = 8


class Times(msgspec.Struct, frozen=True, eq=False):
    """When facts happened: local days in order, and the second of each."""

    day: Ints
    second: Ints

    def draw(self, dice: np.random.Generator, first: int, last: int, count: int) -> tuple[Ints, Ints]:
        """Return (days, seconds) of facts from the day `first` to `last`; where there are none, even days with the seconds of
        others.

        >>> Times(np.array([5, 6]), np.array([70, 80])).draw(np.random.default_rng(1), 6, 9, 2)
        (array([6, 6]), array([80, 80]))
        """
        lo, hi = np.searchsorted(self.day, [first, last + 1])
        if lo < hi:
            picked = dice.integers(lo, hi, count)
            return self.day[picked], self.second[picked]
        return dice.integers(first, max(last, first) + 1, count), dice.choice(self.second, count)


def in_order(day: Ints, second: Ints) -> Times:
    """Return times in the order of their days.

    >>> in_order(np.array([6, 5]), np.array([80, 70])).second.tolist()
    [70, 80]
    """
    order = np.argsort(day, kind="stable")
    return Times(day[order], second[order])


def fresh(dice: np.random.Generator, taken: Ints, count: int) -> Ints:
    """Return numbers that nobody has: among those `taken` (in order, each once) where these are sparse, else soon after them.

    >>> fresh(np.random.default_rng(1), np.array([10, 11, 12]), 2).min() > 12
    np.True_
    """
    lo, hi = (int(taken[0]), int(taken[-1])) if len(taken) else (0, 0)
    if hi - lo < _SPARSE * len(taken):
        lo, hi = hi + 1, hi + 1 + 1_000 * max(count, 16)
    found = np.unique(dice.integers(lo, hi + 1, 2 * count + 16))
    place = np.minimum(np.searchsorted(taken, found), max(len(taken) - 1, 0))
    free = found[taken[place] != found] if len(taken) else found
    return dice.permutation(free)[:count]


def money(flows: Flows, sign: int, kinds: Sequence[str]) -> Ints:
    """Return the rows of honest money that comes (+1) or goes (-1) with the first of some kinds that there is any of."""
    way = np.sign(flows.fen) == sign
    for kind in kinds:
        rows = np.flatnonzero(way & (flows.kind == KIND[kind]))
        if len(rows):
            return rows
    return np.flatnonzero(way)


class Trade(msgspec.Struct, frozen=True, kw_only=True, eq=False, dict=True):
    """Facts of a district: movements of money, orders, invoices; `shop_firm` says whose each shop is."""

    flows: Flows
    orders: Orders
    papers: Papers
    shop_firm: Ints

    @cached_property
    def flow_times(self) -> Times:
        """When money moves."""
        return in_order(self.flows.day, self.flows.second)

    @cached_property
    def order_times(self) -> Times:
        """When orders are paid."""
        day = local_day(self.orders.at)
        return in_order(day, self.orders.at - instant(day, 0))

    @cached_property
    def paper_times(self) -> Times:
        """When invoices are drawn."""
        return in_order(self.papers.day, self.papers.second)

    @cached_property
    def buyers(self) -> Ints:
        """The numbers of buyers."""
        return np.unique(self.orders.buyer)

    @cached_property
    def waybills(self) -> Ints:
        """The numbers of parcels that were sent."""
        return np.unique(self.orders.waybill[self.orders.waybill >= 0])

    @cached_property
    def parties(self) -> Ints:
        """The numbers of those who pay or are paid in trade: below the numbers that stand for lenders, wallets, owners."""
        return np.unique(self.flows.party[money(self.flows, 1, ("business",))])

    @cached_property
    def drawers(self) -> Ints:
        """The numbers of those who draw invoices."""
        return np.unique(self.papers.drawer)
