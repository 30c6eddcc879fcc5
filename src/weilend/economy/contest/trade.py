"""In: firms. Out: the invoices that they issue and receive, as arrays. Used: by world.

Each month of a firm has a Poisson number of invoices around size × season × drift × shock; each invoice has a day, a party from
the firm's drifting list, a lognormal amount, its tax, and may be void or taken back by a red letter.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.core.calendars import first_of_month, month_index
from weilend.core.money import PPM
from weilend.economy.contest import constants as c
from weilend.economy.contest.firms import Firms, Floats

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Direction = Literal["sale", "purchase"]
_EPOCH = date(1970, 1, 1)


class Invoices(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Invoices of one direction, one array entry each: firm and party as positions, days since 1970-01-01, amounts in fen."""

    firm: Ints
    party: Ints
    day: Ints
    number: Ints
    net_fen: Ints
    tax_fen: Ints
    void: Bools


def activity(rng: np.random.Generator, firms: Firms, months: int) -> Floats:
    """Return the relative activity, (firms, months): season, drift, shocks, idle months, entry and exit.

    >>> from weilend.economy.contest.firms import make_firms
    >>> rng = np.random.default_rng(1)
    >>> activity(rng, make_firms(rng, 2, 1), 12).shape
    (3, 12)
    """
    count, month = len(firms.code), np.arange(months)
    first = month_index(c.LAST_MONTH) - months + 1
    season = np.array(c.SEASON)[(first + month) % 12]
    season[-1] *= c.LOCKDOWN
    course = season * np.exp(firms.drift[:, None] * (month - months / 2) + _shocks(rng, firms, months))
    awake = rng.random((count, months)) >= firms.idle_rate[:, None]
    entered = month >= (firms.entry_share * months)[:, None]
    left = rng.geometric(np.minimum(firms.exit_hazard, 0.5))[:, None] <= month
    result: Floats = course * (awake & entered & ~left)
    return result


def trade(rng: np.random.Generator, firms: Firms, active: Floats, direction: Direction) -> Invoices:
    """Return all invoices of one direction, red letters included, in order of firm and day.

    >>> from weilend.economy.contest.firms import make_firms
    >>> rng = np.random.default_rng(1)
    >>> firms = make_firms(rng, 2, 1)
    >>> sales = trade(rng, firms, activity(rng, firms, 12), "sale")
    >>> bool((np.diff(sales.firm) >= 0).all()), len(sales.firm) == len(sales.net_fen)
    (True, True)
    """
    sale = direction == "sale"
    pace = firms.sales_per_month * (1.0 if sale else firms.purchases_per_sale)
    counts = rng.poisson(pace[:, None] * active)
    cells = np.repeat(np.arange(counts.size), counts.ravel())
    firm, month = np.divmod(cells, active.shape[1])
    day = _days(rng, month_index(c.LAST_MONTH) - active.shape[1] + 1 + month)
    amount = firms.ticket_fen[firm] * np.exp(c.TICKET_WITHIN * rng.standard_normal(len(firm)) - c.TICKET_WITHIN**2 / 2)
    net_fen = np.clip(np.rint(amount).astype(np.int64), 100, c.MAX_NET_FEN)
    plain = Invoices(
        firm=firm,
        party=_parties(rng, firms, firm, month),
        day=day,
        number=np.zeros(len(firm), np.int64),
        net_fen=net_fen,
        tax_fen=tax_of(net_fen, _tax_ppm(firms.tax_class[firm], day)),
        void=rng.random(len(firm)) < firms.void_rate[firm],
    )
    return _numbered(rng, _with_red_letters(rng, firms, plain), len(firms.code), running=sale)


def tax_of(net_fen: Ints, rate_ppm: Ints) -> Ints:
    """Return the tax on positive net amounts, rounded half up to the fen.

    >>> tax_of(np.array([150]), np.array([30_000])).tolist()
    [5]
    """
    return (net_fen * rate_ppm + PPM // 2) // PPM


def _shocks(rng: np.random.Generator, firms: Firms, months: int) -> Floats:
    """Return autoregressive shocks with the firm's own standard deviation, (firms, months)."""
    fresh = rng.standard_normal((len(firms.code), months)) * firms.shock[:, None]
    shocks = np.empty_like(fresh)
    shocks[:, 0] = fresh[:, 0]
    keep = np.sqrt(1 - c.SHOCK_MEMORY**2)
    for month in range(1, months):
        shocks[:, month] = c.SHOCK_MEMORY * shocks[:, month - 1] + keep * fresh[:, month]
    return shocks


def _days(rng: np.random.Generator, month: Ints) -> Ints:
    """Return a uniform day within each month index."""
    starts = {int(m): (first_of_month(int(m)) - _EPOCH).days for m in np.unique(np.r_[month, month + 1])}
    first = np.array([starts[int(m)] for m in month], np.int64)
    length = np.array([starts[int(m) + 1] for m in month], np.int64) - first
    return first + np.floor(rng.random(len(month)) * length).astype(np.int64)


def _parties(rng: np.random.Generator, firms: Firms, firm: Ints, month: Ints) -> Ints:
    """Return the counterparty of each invoice: a Zipf rank on the firm's list, which slides on as parties come and go."""
    weights = np.arange(1, c.LISTED_PARTIES + 1) ** -firms.concentration[:, None]
    cumulative = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
    rank = (rng.random(len(firm))[:, None] > cumulative[firm]).sum(axis=1)
    rank = np.minimum(rank, c.LISTED_PARTIES - 1)
    slid = np.floor(firms.turnover[firm] * month).astype(np.int64)
    length = c.LISTED_PARTIES + int(slid.max(initial=0)) + 1
    pool = c.PARTIES_PER_FIRM * len(firms.code)
    listed = np.floor(pool * rng.random((len(firms.code), length)) ** c.PARTY_SKEW).astype(np.int64)
    steady = rank % 2 == 0  # every other place on the list is a standing relation, the rest turn over
    parties: Ints = listed[firm, np.where(steady, rank, rank + slid)]
    return parties


def _tax_ppm(tax_class: npt.NDArray[np.str_], day: Ints) -> Ints:
    starts = [(start - _EPOCH).days for start, _ in c.GOODS_TAX_PPM]
    goods = np.array([ppm for _, ppm in c.GOODS_TAX_PPM])[np.searchsorted(starts, day, side="right") - 1]
    rates: Ints = np.where(tax_class == "goods", goods, np.where(tax_class == "services", c.SERVICES_TAX_PPM, c.SMALL_TAX_PPM))
    return rates


def _with_red_letters(rng: np.random.Generator, firms: Firms, plain: Invoices) -> Invoices:
    """Return the invoices and, for some of the valid ones, the red letter that takes them back some weeks later."""
    day = plain.day + rng.integers(1, c.RED_MAX_DELAY_DAYS + 1, len(plain.day))
    last = (first_of_month(month_index(c.LAST_MONTH) + 1) - _EPOCH).days
    red = (rng.random(len(day)) < firms.red_rate[plain.firm]) & ~plain.void & (day < last)
    return Invoices(
        firm=np.r_[plain.firm, plain.firm[red]],
        party=np.r_[plain.party, plain.party[red]],
        day=np.r_[plain.day, day[red]],
        number=np.r_[plain.number, plain.number[red]],
        net_fen=np.r_[plain.net_fen, -plain.net_fen[red]],
        tax_fen=np.r_[plain.tax_fen, -plain.tax_fen[red]],
        void=np.r_[plain.void, plain.void[red]],
    )


def _numbered(rng: np.random.Generator, invoices: Invoices, firms: int, *, running: bool) -> Invoices:
    """Return the invoices by firm and day; a firm numbers its own on from a random start, others' numbers look random."""
    order = np.lexsort((invoices.day, invoices.firm))
    columns = {name: getattr(invoices, name)[order] for name in Invoices.__struct_fields__}
    firm = columns["firm"]
    within = np.arange(len(firm)) - np.searchsorted(firm, firm)
    start = rng.integers(1_000_000, 90_000_000, firms)
    columns["number"] = start[firm] + within if running else rng.integers(1_000_000, 99_999_999, len(firm))
    return Invoices(**columns)
