"""In: months, shops and orders. Out: the movements of money on every firm's account, before balances run. Used: by money_records.

Everything that a month brought passes the account: customers, what shops' wallets pay out, suppliers, wages, rent, lenders.
What the month leaves beyond its cash is taken out by the owner on the last day, what it lacks he puts in: so the account ends
where `Months.cash` says.
"""

from __future__ import annotations

import msgspec
import numpy as np

from weilend.economy.catalogue import catalogue
from weilend.economy.firms import Firms, Floats, Ints
from weilend.economy.months import Months, to_fen
from weilend.economy.plan import WorldPlan
from weilend.economy.raw import KIND, NATURE, Flows, Orders, joined, rows_of
from weilend.economy.shop_records import Lives
from weilend.economy.shops import REFUNDED, Shops
from weilend.economy.spread import counts, days, parts, seconds
from weilend.economy.traces import local_day, scrambled

#: Lenders whom a firm may owe, beside us.
LENDERS = 40
#: Parties of a firm: customers and suppliers are drawn from so many, the first ones more often.
_PARTIES, _PARTY_SKEW = 30, 2.0


class Payouts(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a shop's wallet received in half a month and paid out to the bank: `half` counts half months from the first one
    told.
    """

    shop: Ints
    half: Ints
    day: Ints
    sales: Ints
    fee: Ints
    refunds: Ints


def settle_shops(plan: WorldPlan, shops: Shops, orders: Orders, lives: Lives) -> Payouts:
    """Return the half-monthly settlements of shops: orders that ended, less commission, less refunds of those sent back."""
    day = local_day(lives.ended)
    inside = day < plan.first_days[plan.months]
    month = np.searchsorted(plan.first_days, day, side="right") - 1
    half = 2 * month + (day - plan.first_days[month] >= 15)
    cell = (orders.shop * 2 * plan.months + half)[inside]
    size = len(shops) * 2 * plan.months
    gross = np.bincount(cell, orders.fen[inside] * (orders.fate[inside] <= REFUNDED), minlength=size).astype(np.int64)
    back = np.bincount(cell, orders.fen[inside] * (orders.fate[inside] == REFUNDED), minlength=size).astype(np.int64)
    shop, half = np.divmod(np.flatnonzero(gross), 2 * plan.months)
    commission = np.array([one.commission_ppm for one in catalogue().platforms])[shops.platform[shop]]
    kept = gross[gross > 0] - back[gross > 0]
    last = plan.first_days[half // 2 + 1] - 1
    return Payouts(shop=shop, half=half, day=np.where(half % 2 == 0, plan.first_days[half // 2] + 14, last),
                   sales=gross[gross > 0], fee=kept * commission // 10**6, refunds=back[gross > 0])  # fmt: skip


def move_money(plan: WorldPlan, district: int, firms: Firms, months: Months, shops: Shops) -> Flows:
    """Return the honest movements of the months that are told, but for what wallets pay out and what the owner puts in and takes
    out.

    >>> NATURE["wages"] > 0, KIND["lender"]
    (True, 2)
    """
    c, dice, told = plan.constants, plan.dice("accounts", district), plan.months
    sales, is_open = months.sales[:, :told], months.open[:, :told]
    online = np.bincount(shops.firm, shops.online, minlength=len(firms))[:, None]
    size = (np.maximum(firms.sales, 1.0) / 30_000) ** c["entries_size"]
    goods = sales * firms.goods[:, None]
    fixed = firms.fixed[:, None] * is_open
    staffed = firms.fixed > 6_000  # below it the owner works alone
    wages = fixed * (c["wage_share"] * staffed)[:, None]
    rent = fixed * c["rent_share"]
    maker = _Maker(plan, dice, firms)
    pace_in, pace_out = c["receipts_month"] * size[:, None] * (1 - 0.7 * online), c["payments_month"] * size[:, None]
    service, lent = months.paid[:, :told], months.borrowed[:, :told]
    made = [
        maker.many(sales * (1 - online), pace_in * is_open, "business", "trade", sign=1),
        maker.many(goods, pace_out * is_open, "business", "trade", sign=-1),
        maker.monthly(wages, "payroll", "wages", 9, 15),
        maker.monthly(rent, "rent", "rent", 0, 6),
        maker.monthly(fixed - wages - rent, "utility", "utility", 12, 25),
        maker.monthly(service, "lender", "loan", 18, 24, lender=True),
        maker.monthly(lent, "lender", "loan", 2, 22, sign=1, lender=True),
    ]
    return joined(made)


class _Maker:
    """Makes flows of firms by month."""

    def __init__(self, plan: WorldPlan, dice: np.random.Generator, firms: Firms) -> None:
        self._plan, self._dice, self._firms = plan, dice, firms

    def many(self, total: Floats, pace: Floats, kind: str, nature: str, *, sign: int) -> Flows:
        """Return several flows a month that add up to a total; where the dice give none, one."""
        constants = self._plan.constants
        number = counts(self._dice, pace, constants["entries_cap_month"])
        number = np.where(total > 1, np.maximum(number, 1), 0)
        cell, yuan = parts(self._dice, total, number, constants["entry_spread"])
        firm, month = np.divmod(cell, total.shape[1])
        day = days(self._dice, self._plan.first_days, month, least=0 if sign > 0 else 6)
        side = np.floor(_PARTIES * self._dice.random(len(firm)) ** _PARTY_SKEW).astype(np.int64)
        party = (firm * 64 + side) * 2 + (sign > 0)
        return self._flows(firm, day, yuan * sign, party, kind, nature)

    def monthly(
        self, amount: Floats, kind: str, nature: str, least: int, most: int, *, sign: int = -1, lender: bool = False
    ) -> Flows:
        """Return one flow for each firm and month with an amount, on a day that the firm keeps to."""
        firm, month = np.nonzero(amount > 1)
        usual = least + np.floor(self._dice.random(len(self._firms)) * (most - least)).astype(np.int64)
        day = self._plan.first_days[month] + usual[firm]
        who = scrambled(firm, 5) % LENDERS if lender else np.full(len(firm), -1)
        party = np.where(who >= 0, 10**12 + who, firm * 8 + NATURE[nature] + 10**11)
        return self._flows(firm, day, amount[firm, month] * sign, party, kind, nature, lender=who)

    def _flows(
        self, firm: Ints, day: Ints, yuan: Floats, party: Ints, kind: str, nature: str, lender: Ints | None = None
    ) -> Flows:
        count = len(firm)
        return Flows(
            firm=firm, day=day, second=seconds(self._dice, count), fen=to_fen(yuan), party=party,
            kind=np.full(count, KIND[kind]), nature=np.full(count, NATURE[nature]),
            lender=np.full(count, -1) if lender is None else lender, pattern=np.zeros(count, np.int64),
        )  # fmt: skip


def pay_out(shops: Shops, payouts: Payouts) -> Flows:
    """Return what wallets pay out, the morning after a half month is settled."""
    some = payouts.sales - payouts.refunds - payouts.fee > 0
    shop, count = payouts.shop[some], int(some.sum())
    return Flows(
        firm=shops.firm[shop],
        day=payouts.day[some],
        second=9 * 3_600 + shops.number[shop] % 3_000,
        fen=(payouts.sales - payouts.refunds - payouts.fee)[some],
        party=10**13 + shops.platform[shop],
        kind=np.full(count, KIND["wallet"]),
        nature=np.full(count, NATURE["transfer"]),
        lender=np.full(count, -1),
        pattern=np.zeros(count, np.int64),
    )


def close_months(plan: WorldPlan, firms: Firms, months: Months, flows: Flows) -> tuple[Flows, Ints]:
    """Return all flows in the order of booking, with what the owner puts in and takes out, and the balance after each, in fen.

    A month in which the account would run below zero gets the owner's money on its first day; on its last day he takes out (or
    puts in) what makes it end with the cash of the month.
    """
    told = plan.months
    target = to_fen(months.cash[:, :told])
    start = np.concatenate([to_fen(firms.buffer * firms.sales)[:, None], target[:, :-1]], axis=1)
    month = np.searchsorted(plan.first_days, flows.day, side="right") - 1
    inside = (month >= 0) & (month < told)
    order = np.lexsort((flows.second, flows.day, flows.firm))
    flows = rows_of(flows, order[inside[order]])
    month = np.searchsorted(plan.first_days, flows.day, side="right") - 1
    cell = flows.firm * told + month
    running = _cumulated(flows.fen, cell)
    lowest = np.zeros(len(firms) * told, np.int64)
    np.minimum.at(lowest, cell, running)
    lacking = np.maximum(-(start.ravel() + lowest), 0)
    lent = -(-lacking // 10_000) * 10_000
    total = np.bincount(cell, flows.fen, minlength=lowest.size).astype(np.int64) + lent
    alive = months.open[:, :told].ravel()
    rest = np.where(alive, target.ravel() - start.ravel() - total, 0)
    first, last = plan.first_days[:told], plan.first_days[1 : told + 1] - 1
    owner = [_owners(told, lent, first, 8 * 3_600), _owners(told, rest, last, 22 * 3_600)]
    whole = joined([flows, *owner])
    whole = rows_of(whole, np.lexsort((whole.second, whole.day, whole.firm)))
    return whole, _cumulated(whole.fen, whole.firm) + start[:, 0][whole.firm]


def _owners(told: int, fen: Ints, day: Ints, second: int) -> Flows:
    """Return transfers between the owner and the account, where there are any."""
    cell = np.flatnonzero(fen)
    firm, month = np.divmod(cell, told)
    count = len(cell)
    return Flows(firm=firm, day=day[month], second=np.full(count, second) + firm % 1_800, fen=fen[cell], party=10**14 + firm,
                 kind=np.full(count, KIND["own"]), nature=np.full(count, NATURE["transfer"]), lender=np.full(count, -1),
                 pattern=np.zeros(count, np.int64))  # fmt: skip


def _cumulated(fen: Ints, group: Ints) -> Ints:
    """Return running sums within groups, whose rows stand together."""
    running = np.cumsum(fen)
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    before = np.where(starts > 0, running[starts - 1], 0)
    within: Ints = running - np.repeat(before, np.diff(np.append(starts, len(group))))
    return within
