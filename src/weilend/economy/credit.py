"""In: firms and their months. Out: who asks for money, what any offer would lead to, what the lender of old decided. Used: by
loans, truth and audit.

An offer is a limit, a rate and a term; its instalment weighs on the firm (`strain`), and that weight is a cause of default.
Each firm and month has one die for default and one for slipping, the same under every offer: so outcomes under two offers
differ by the offers alone, and a heavier one never turns out better.
"""

from __future__ import annotations

import msgspec
import numpy as np

from weilend.economy.catalogue import catalogue
from weilend.economy.constants import Constants
from weilend.economy.firms import NEVER, Bools, Firms, Floats, Ints
from weilend.economy.months import Months, default_logit, instalment, logistic, settle, strain, traits_of
from weilend.economy.plan import AHEAD_MONTHS, WorldPlan

#: Months of life that an applicant needs to have been open.
_LEAST_AGE = 3
#: Applications of one firm lie so many months apart.
_APART = 6
#: Futures by which an expected probability is reckoned.
FUTURES = 32
#: The standard offer: months of usual sales, yearly rate, instalments.
STANDARD_SALES, STANDARD_RATE, STANDARD_MONTHS = 1.0, 0.15, 12


class Asks(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Who asks for money when: `firm` and `month` as positions, `want` the amount (yuan) that he has in mind.

    >>> Asks(firm=np.array([0]), month=np.array([7]), want=np.array([30_000.0])).firm.tolist()
    [0]
    """

    firm: Ints
    month: Ints
    want: Floats

    def __len__(self) -> int:
        return len(self.firm)


class Offer(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What is offered to each who asks: yuan, yearly rates of one, months; equal instalments.

    >>> Offer(limit=np.array([120_000.0]), rate=np.array([0.0]), months=np.array([12])).instalment.tolist()
    [10000.0]
    """

    limit: Floats
    rate: Floats
    months: Ints

    @property
    def instalment(self) -> Floats:
        """The equal instalment, a month."""
        rate = np.maximum(self.rate / 12, 1e-12)
        due: Floats = self.limit * rate / -np.expm1(-self.months * np.log1p(rate))
        return due.round(6)


def find_asks(plan: WorldPlan, district: int, firms: Firms, months: Months) -> Asks:
    """Return who asks us for money in the months that are told: growing firms, firms short of cash, firms before their season.

    >>> from weilend.economy.plan import make_plan
    >>> from weilend.economy.firms import make_firms
    >>> from weilend.economy.months import live_months
    >>> plan = make_plan(businesses=300, months=24, seed=1)
    >>> firms = make_firms(plan, 0)
    >>> len(find_asks(plan, 0, firms, live_months(plan, 0, firms))) > 30
    True
    """
    c, dice, told = plan.constants, plan.dice("asks", district), plan.months
    usual = np.maximum(firms.sales, 1.0)[:, None]
    dry = np.clip(1 - months.cash[:, :told] / usual, -1, 1)
    ahead = np.log(months.sales[:, 1 : told + 1] + 1) - np.log(months.sales[:, :told] + 1)
    season = np.clip(ahead, -0.5, 0.5)
    logit = (
        c["need_base"] + c["need_growth"] * firms.growth[:, None] + c["need_strain"] * (dry - 0.3) + c["need_season"] * season
    )
    asks = dice.random(season.shape) < logistic(logit)
    age = np.arange(told) - firms.founded[:, None]
    asks &= months.open[:, :told] & (age >= _LEAST_AGE) & (np.arange(told) >= _APART)
    firm, month = np.nonzero(_spaced(asks))
    want = months.usual_sales(told)[firm] * np.exp(0.5 * dice.standard_normal(len(firm)))
    return Asks(firm=firm, month=month, want=np.maximum(want, 3_000.0))


def _spaced(asks: Bools) -> Bools:
    """Return the asks that come long enough after the one before."""
    kept, since = np.zeros_like(asks), np.full(len(asks), _APART)
    for month in range(asks.shape[1]):
        kept[:, month] = asks[:, month] & (since >= _APART)
        since = np.where(kept[:, month], 0, since) + 1
    return kept


def standard_offer(months: Months, asks: Asks) -> Offer:
    """Return the offer by which applicants are compared: a month of usual sales for a year at 15 %."""
    sold = np.concatenate([np.zeros((len(months.sales), 1)), np.cumsum(months.sales, axis=1)], axis=1)
    since = np.maximum(asks.month - 12, 0)
    usual = (sold[asks.firm, asks.month] - sold[asks.firm, since]) / np.maximum(asks.month - since, 1)
    limit = np.clip(np.round(STANDARD_SALES * usual, -3), 3_000, 3_000_000)
    return Offer(limit=limit, rate=np.full(len(asks), STANDARD_RATE), months=np.full(len(asks), STANDARD_MONTHS))


class Dice(msgspec.Struct, frozen=True, eq=False):
    """One die for each firm and month, (firms, all months + ahead): `default`, `slip`, and `other` for what follows from them."""

    default: Floats
    slip: Floats
    other: Floats


def throw(plan: WorldPlan, district: int, count: int) -> Dice:
    """Return the dice of a district."""
    return Dice(*plan.dice("outcomes", district).random((3, count, plan.all_months + AHEAD_MONTHS)))


def hazards(c: Constants, firms: Firms, months: Months, asks: Asks, offer: Offer) -> Floats:
    """Return the chance of ceasing to pay at each instalment, (asks, longest term), as the world really went; 0 after the term.

    Months beyond those that are lived repeat the last one.
    """
    longest = int(offer.months.max(initial=1))
    at = np.minimum(asks.month[:, None] + 1 + np.arange(longest), months.sales.shape[1] - 1)
    firm = asks.firm[:, None]
    due = months.service[firm, at] + offer.instalment[:, None]
    burden = strain(due, months.net[firm, at], months.cash[firm, at], _usual(months, asks.firm))
    logit = default_logit(c, traits_of(firms, asks.firm), burden, months.shock[firm, at], months.open[firm, at])
    inside = np.arange(longest) < offer.months[:, None]
    return np.where(inside, logistic(logit), 0.0)


def outcome(hazard: Floats, asks: Asks, dice: Dice) -> Ints:
    """Return the instalment (from 0) at which each loan ceases to be paid, `NEVER` where it does not.

    >>> asks = Asks(firm=np.array([0]), month=np.array([0]), want=np.array([1.0]))
    >>> one = np.array([[0.9, 0.05, 0.9]])
    >>> outcome(np.array([[0.1, 0.1]]), asks, Dice(one, one, one)).tolist()
    [0]
    """
    at = asks.month[:, None] + 1 + np.arange(hazard.shape[1])
    falls = dice.default[asks.firm[:, None], at] < hazard
    return np.where(falls.any(axis=1), falls.argmax(axis=1), NEVER)


def expected_pd(plan: WorldPlan, district: int, firms: Firms, months: Months, asks: Asks, offers: list[Offer]) -> Floats:
    """Return the probability (asks, offers) of ceasing to pay, over futures that nobody knows when asked: the oracle's PD.

    The oracle knows every trait, hidden ones too, and the present, but not the dice: chance and weather are thrown anew.
    """
    futures = _foresee(plan, district, firms, months, asks)
    traits = traits_of(firms, np.repeat(asks.firm, FUTURES))
    found = np.empty((len(asks), len(offers)))
    for place, offer in enumerate(offers):
        due, term = np.repeat(offer.instalment, FUTURES)[:, None], np.repeat(offer.months, FUTURES)[:, None]
        burden = strain(futures.service + due, futures.net, futures.cash, futures.usual)
        hazard = logistic(default_logit(plan.constants, traits, burden, futures.shock, futures.open))
        hazard = np.where(np.arange(hazard.shape[1]) < term, hazard, 0.0)
        found[:, place] = (1 - np.prod(1 - hazard, axis=1)).reshape(len(asks), FUTURES).mean(axis=1)
    return found


class _Futures(msgspec.Struct, frozen=True, eq=False):
    """What might come, (asks × futures, months ahead)."""

    open: Bools
    shock: Floats
    net: Floats
    cash: Floats
    service: Floats
    usual: Floats


def _foresee(plan: WorldPlan, district: int, firms: Firms, months: Months, asks: Asks) -> _Futures:
    """Throw the dice of the year after each application anew, several times."""
    c, dice = plan.constants, plan.dice("futures", district)
    firm, start = np.repeat(asks.firm, FUTURES), np.repeat(asks.month, FUTURES)
    spread = firms.shock[firm][:, None]
    shock = _onward(dice, months.shock[firm, start], c["shock_memory"])
    weather = _onward(dice, np.zeros(len(firm)), c["weather_memory"]) * _weather_spread(c)
    closes = np.minimum(c["exit_hazard"] * np.exp(-0.5 * firms.quality[firm]), 0.5)
    is_open = np.arange(AHEAD_MONTHS) < dice.geometric(closes)[:, None]
    level = months.sales[firm, start] / np.exp(firms.shock[firm] * months.shock[firm, start])
    season = _seasons_ahead(plan, firms.industry[firm], start)
    sales = level[:, None] * season * np.exp(spread * shock + weather) * is_open
    net = sales * (1 - firms.goods[firm][:, None]) - firms.fixed[firm][:, None] * is_open
    service = _known_service(c, months, firm, start)
    cash, state = np.empty_like(net), months.cash[firm, start]
    for ahead in range(AHEAD_MONTHS):
        state = np.maximum(settle(c, state, net[:, ahead] - service[:, ahead])[0], 0)
        cash[:, ahead] = state
    return _Futures(is_open, shock, net, cash, service, _usual(months, firm))


def _onward(dice: np.random.Generator, now: Floats, memory: float) -> Floats:
    """Return paths of a year that go on from where things stand."""
    path = np.empty((len(now), AHEAD_MONTHS))
    for ahead in range(AHEAD_MONTHS):
        now = memory * now + np.sqrt(1 - memory**2) * dice.standard_normal(len(now))
        path[:, ahead] = now
    return path


def _weather_spread(c: Constants) -> float:
    names = (("macro_shock", "macro_memory"), ("industry_shock", "weather_memory"), ("region_shock", "weather_memory"))
    return float(np.sqrt(sum(c[spread] ** 2 / (1 - c[memory] ** 2) for spread, memory in names)))


def _seasons_ahead(plan: WorldPlan, industry: Ints, start: Ints) -> Floats:
    """Return the season of each of the next twelve months over that of the month of the application."""
    seasons = np.array([catalogue().season(one.season) for one in catalogue().industries])
    now = (plan.first_month + start) % 12
    ahead = (now[:, None] + 1 + np.arange(AHEAD_MONTHS)) % 12
    ratio: Floats = seasons[industry[:, None], ahead] / seasons[industry, now][:, None]
    return ratio


def _known_service(c: Constants, months: Months, firm: Ints, start: Ints) -> Floats:
    """Return what is due to other lenders in the next twelve months for what they have lent by now."""
    term = round(c["lender_months"])
    lent = np.concatenate([np.zeros((len(months.borrowed), 1)), np.cumsum(months.borrowed, axis=1)], axis=1)
    still = np.clip(start[:, None] + 1 + np.arange(AHEAD_MONTHS) - term, 0, start[:, None] + 1)
    service: Floats = (lent[firm, start + 1][:, None] - lent[firm[:, None], still]) * instalment(1.0, c["lender_rate"], term)
    return service


def _usual(months: Months, firm: Ints) -> Floats:
    return np.maximum(months.usual_sales(months.sales.shape[1])[firm], 1.0)[:, None]
