"""In: firms and their months. Out: `Papers`, the invoices between firms of the district and with those outside. Used: by papers.

A market's firms buy from each other and from a few hubs; an invoice between two of them stands in the books of both. A firm that
sells on paper has customers and suppliers to whom it comes back, so graphs have the skew of life.
"""

from __future__ import annotations

import numpy as np

from weilend.economy.catalogue import catalogue
from weilend.economy.constants import Constants
from weilend.economy.firms import Firms, Floats, Ints
from weilend.economy.months import Months, logistic
from weilend.economy.plan import WorldPlan
from weilend.economy.raw import Papers, joined, rows_of
from weilend.economy.spread import counts, days, parts, seconds

#: Hubs outside: wholesalers and large customers with whom firms of every district deal.
HUBS = 4_000
#: Parties of a firm outside the district, by rank.
_OUTSIDE, _RANK_SKEW = 24, 1.8
_SMALL_VAT_PPM = 10_000  # small-scale taxpayers: 1 % (relief until 2027, unchecked)
_NIGHT_SHARE = 0.02


def make_papers(plan: WorldPlan, district: int, firms: Firms, months: Months) -> Papers:
    """Return the honest invoices of the months that are told, sales and purchases.

    >>> from weilend.economy.plan import make_plan
    >>> from weilend.economy.firms import make_firms
    >>> from weilend.economy.months import live_months
    >>> plan = make_plan(businesses=80, months=12, seed=1)
    >>> firms = make_firms(plan, 0)
    >>> papers = make_papers(plan, 0, firms, live_months(plan, 0, firms))
    >>> bool(((papers.seller >= 0) | (papers.buyer >= 0)).all())
    True
    """
    c, dice, told = plan.constants, plan.dice("papers", district), plan.months
    sales = months.sales[:, :told] * firms.has_invoices[:, None]
    to_firms = np.array([one.to_firms for one in catalogue().industries])[firms.industry][:, None]
    declared = sales * (0.35 + 0.65 * to_firms)  # some consumers ask for an invoice too
    sold = _issue(plan, dice, firms, declared)
    bought = _receive(plan, dice, firms, sales * firms.goods[:, None], sold)
    papers = joined([sold, bought])
    return joined([papers, _taken_back(c, dice, plan, firms, papers)])


def _issue(plan: WorldPlan, dice: np.random.Generator, firms: Firms, total: Floats) -> Papers:
    """Return the invoices that firms issue: some to firms of the district, the rest outside."""
    c = plan.constants
    cell, yuan = _many(c, dice, firms, total)
    seller, month = np.divmod(cell, plan.months)
    rank = np.floor(_OUTSIDE * dice.random(len(seller)) ** _RANK_SKEW).astype(np.int64)
    buyer = _inside(c, dice, firms, seller, rank)
    party = _outsiders(c, dice, seller, rank, side=0)
    return _written(plan, dice, firms, seller, buyer, party, month, yuan)


def _receive(plan: WorldPlan, dice: np.random.Generator, firms: Firms, need: Floats, sold: Papers) -> Papers:
    """Return the invoices that firms receive from outside: what they need beyond what the district sold them."""
    month = np.searchsorted(plan.first_days, sold.day, side="right") - 1
    inside = sold.buyer >= 0
    cell = sold.buyer[inside] * plan.months + month[inside]
    had = np.bincount(cell, sold.net[inside] / 100, minlength=need.size).reshape(need.shape)
    left = np.clip(need * 0.85 - had, 0.05 * need, None)
    cell, yuan = _many(plan.constants, dice, firms, left)
    buyer, month = np.divmod(cell, plan.months)
    rank = np.floor(_OUTSIDE * dice.random(len(buyer)) ** _RANK_SKEW).astype(np.int64)
    party = _outsiders(plan.constants, dice, buyer, rank, side=1)
    return _written(plan, dice, firms, np.full(len(buyer), -1), buyer, party, month, yuan)


def _many(c: Constants, dice: np.random.Generator, firms: Firms, total: Floats) -> tuple[Ints, Floats]:
    size = (np.maximum(firms.sales, 1.0) / 30_000) ** c["invoices_size"]
    usual = np.maximum(total.mean(axis=1), 1.0)[:, None]
    number = counts(dice, c["invoices_month"] * 0.5 * size[:, None] * total / usual, c["invoices_cap_month"])
    return parts(dice, total, np.where(total > 1, number, 0), c["invoice_spread"])


def _inside(c: Constants, dice: np.random.Generator, firms: Firms, seller: Ints, rank: Ints) -> Ints:
    """Return the buyer within the district, -1 where the invoice goes outside: popular firms buy from many."""
    buyers = np.flatnonzero(firms.has_invoices)
    if len(buyers) < 2:
        return np.full(len(seller), -1)
    popular = buyers[np.argsort(-firms.sales[buyers] * np.exp(dice.standard_normal(len(buyers))))]
    table = np.floor(len(buyers) * dice.random((len(firms), _OUTSIDE)) ** c["hub_skew"]).astype(np.int64)
    chosen = popular[table[seller, rank]]
    local = (dice.random((len(firms), _OUTSIDE)) < c["inside_share"])[seller, rank]
    return np.where(local & (chosen != seller), chosen, -1)


def _outsiders(c: Constants, dice: np.random.Generator, firm: Ints, rank: Ints, *, side: int) -> Ints:
    """Return the number of a party outside: a third of a firm's list are hubs that others know too."""
    size = int(firm.max(initial=0)) + 1
    hub = dice.random((size, _OUTSIDE)) < 0.35
    which = np.floor(HUBS * dice.random((size, _OUTSIDE)) ** (c["hub_skew"] + 0.6)).astype(np.int64)
    own = (firm * _OUTSIDE + rank) * 2 + side
    return np.where(hub[firm, rank], 10**12 + 1_000 + which[firm, rank], own)


def _written(
    plan: WorldPlan, dice: np.random.Generator, firms: Firms, seller: Ints, buyer: Ints, party: Ints, month: Ints, yuan: Floats
) -> Papers:
    c, count = plan.constants, len(seller)
    net = np.maximum(np.rint(yuan * 100), 100).astype(np.int64)
    owner = np.where(seller >= 0, seller, 0)
    general = np.array([one.vat_ppm for one in catalogue().industries])[firms.industry[owner]]
    rate = np.where(seller >= 0, np.where(firms.is_company[owner], general, _SMALL_VAT_PPM), 130_000)
    day = days(dice, plan.first_days, month)
    void = dice.random(count) < logistic(c["void_base"] + c["void_quality"] * np.where(seller >= 0, firms.quality[owner], 0.0))
    office = 8 * 3_600 + dice.integers(0, 11 * 3_600, count)
    second = np.where(dice.random(count) < _NIGHT_SHARE, seconds(dice, count), office)
    drawer = np.where(seller >= 0, seller * 4 + (dice.random(count) < 0.2), 10**9 + party % 10**6)
    return Papers(seller=seller, buyer=buyer, party=party, day=day, second=second, net=net, tax=(net * rate + 500_000) // 10**6,
                  void=void, drawer=drawer, pattern=np.zeros(count, np.int64))  # fmt: skip


def _taken_back(c: Constants, dice: np.random.Generator, plan: WorldPlan, firms: Firms, papers: Papers) -> Papers:
    """Return the red-letter invoices that take some back, one to sixty days later."""
    quality = np.where(papers.seller >= 0, firms.quality[np.maximum(papers.seller, 0)], 0.0)
    day = papers.day + dice.integers(1, 61, len(papers.day))
    red = (
        ~papers.void
        & (dice.random(len(day)) < logistic(c["red_base"] + c["red_quality"] * quality))
        & (day < plan.first_days[plan.months])
    )
    chosen = rows_of(papers, red)
    return Papers(seller=chosen.seller, buyer=chosen.buyer, party=chosen.party, day=day[red], second=chosen.second, net=-chosen.net,
                  tax=-chosen.tax, void=chosen.void, drawer=chosen.drawer, pattern=chosen.pattern)  # fmt: skip
