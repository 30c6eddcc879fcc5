"""In: firms and weather. Out: `Months`, what each month brought every firm: sales, costs, cash, debts to others. Used: by
credit, and by every maker of traces.

One month follows from the one before by `settle`, `strain` and `default_logit`, which the truth runs again with other dice:
what could have become of a firm is lived by the same rules as what became of it.
"""

from __future__ import annotations

import msgspec
import numpy as np

from weilend.core.money import PPM
from weilend.economy.catalogue import catalogue
from weilend.economy.constants import Constants
from weilend.economy.firms import Bools, Firms, Floats, Ints
from weilend.economy.plan import WorldPlan
from weilend.economy.weather import Weather, make_weather, wander

#: Longest loan of another lender that is still paid.
_LONGEST = 24


class Months(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What each month brought, (firms, all months), in yuan. `cash` is what lies in the account when the month ends.

    `shock` is the firm's own chance in spreads; `short` the months in which the account ran dry; `borrowed` what other lenders
    paid out, `service` what they are to be paid, `paid` what they got, `late` how many months they have waited at its end.
    """

    open: Bools
    shock: Floats
    sales: Floats
    net: Floats
    cash: Floats
    payout: Floats
    short: Bools
    borrowed: Floats
    service: Floats
    paid: Floats
    late: Ints

    def usual_sales(self, month: int) -> Floats:
        """Return the mean sales of the twelve months before a month (or of those that there were)."""
        past = self.sales[:, max(month - 12, 0) : month]
        return past.mean(axis=1) if past.shape[1] else np.zeros(len(self.sales))


def live_months(plan: WorldPlan, district: int, firms: Firms) -> Months:
    """Return the months of the firms of a district.

    >>> from weilend.economy.plan import make_plan
    >>> from weilend.economy.firms import make_firms
    >>> plan = make_plan(businesses=30, months=12, seed=1)
    >>> months = live_months(plan, 0, make_firms(plan, 0))
    >>> months.sales.shape, bool((months.cash >= 0).all())
    ((30, 24), True)
    """
    c, count, span = plan.constants, len(firms), plan.all_months
    dice = plan.dice("months", district)
    shock = wander(dice.standard_normal((count, span)), c["shock_memory"])
    month = np.arange(span)
    is_open = (month >= firms.founded[:, None]) & (month < firms.closed[:, None])
    sales = usual_course(plan, firms, make_weather(plan)) * np.exp(firms.shock[:, None] * shock) * is_open
    net = sales * (1 - firms.goods[:, None]) - firms.fixed[:, None] * is_open
    return _with_debts(c, dice, firms, _Given(is_open, shock, sales, net))


def usual_course(plan: WorldPlan, firms: Firms, weather: Weather) -> Floats:
    """Return the sales (firms, all months) that a firm would have without chance of its own: size, growth, season, weather."""
    span = plan.all_months
    sorts = catalogue()
    seasons = np.array([sorts.season(one.season) for one in sorts.industries])
    calendar_month = (plan.first_month + np.arange(span)) % 12
    region = np.searchsorted(np.sort(list(sorts.regions)), firms.region)
    place = np.argsort(list(sorts.regions))[region]
    course = weather.macro + weather.industry[firms.industry] + weather.region[place]
    grown = firms.growth[:, None] * (np.arange(span) - span / 2)
    young = _ramp(firms, span)
    level: Floats = firms.sales[:, None] * seasons[firms.industry][:, calendar_month] * np.exp(course + grown) * young
    return level


def _ramp(firms: Firms, span: int) -> Floats:
    """Return the share of its usual sales that a firm makes by its age: a third at first, all after a year."""
    age = np.arange(span) - firms.founded[:, None]
    ramp: Floats = np.clip(0.35 + 0.65 * age / 12, 0.35, 1.0)
    return ramp


class _Given(msgspec.Struct, frozen=True, eq=False):
    """What is settled before anybody borrows."""

    open: Bools
    shock: Floats
    sales: Floats
    net: Floats


def _with_debts(c: Constants, dice: np.random.Generator, firms: Firms, given: _Given) -> Months:
    """Run the account of every firm month by month: surplus, payout to the owner, borrowing from others and paying them."""
    count, span = given.sales.shape
    owed = np.zeros((count, span + _LONGEST))
    cash, payout, short, borrowed, paid, late = (np.zeros((count, span)) for _ in range(6))
    chance = dice.random((3, count, span))
    amount = np.exp(0.45 * dice.standard_normal((count, span)))
    state = firms.buffer * firms.sales
    waited = np.zeros(count, np.int64)
    term = round(c["lender_months"])
    annuity = instalment(1.0, c["lender_rate"], term)
    for t in range(span):
        usual = given.sales[:, max(t - 12, 0) : t + 1].mean(axis=1)
        burden = strain(owed[:, t], given.net[:, t], state, usual)
        wants = logistic(c["lender_need_base"] + c["lender_need_strain"] * 2 * (burden - 0.3) + c["lender_soft"] * firms.unseen)
        takes = given.open[:, t] & (chance[0, :, t] < wants) & (waited == 0) & (t < span - 1)
        borrowed[:, t] = takes * c["lender_limit_months"] * usual * amount[:, t]
        owed[:, t + 1 : t + 1 + term] += (borrowed[:, t] * annuity)[:, None]
        trouble = logistic(default_logit(c, firms, burden, given.shock[:, t], given.open[:, t]) + c["lender_lax"])
        waited = np.where((owed[:, t] > 0) & ((waited > 0) | (chance[1, :, t] < trouble)), waited + 1, 0)
        waited = np.where(chance[2, :, t] < c["cure_share"], 0, waited)
        paid[:, t] = np.where(waited > 0, 0.0, owed[:, t])
        after, payout[:, t] = settle(c, state, given.net[:, t] - paid[:, t], borrowed[:, t])
        short[:, t] = given.open[:, t] & (after < 0)
        state = np.maximum(after, 0)  # the owner, or nobody, fills the hole
        cash[:, t], late[:, t] = state, waited
    return Months(
        open=given.open,
        shock=given.shock,
        sales=given.sales,
        net=given.net,
        cash=cash,
        payout=payout,
        short=short.astype(np.bool_),
        borrowed=borrowed,
        service=owed[:, :span],
        paid=paid,
        late=late.astype(np.int64),
    )


def settle(c: Constants, cash: Floats, surplus: Floats, borrowed: Floats | float = 0.0) -> tuple[Floats, Floats]:
    """Return what is in the account after a month, below zero where it did not suffice, and what the owner took out."""
    payout = c["payout_share"] * np.maximum(surplus, 0)
    return cash + surplus - payout + borrowed, payout


def strain(due: Floats, net: Floats, cash: Floats, usual: Floats) -> Floats:
    """Return how hard what is due weighs, from 0 (nothing is) towards 1: against half of what the month leaves, a sixth of the
    cash, and a little that every firm of its size can find.

    >>> strain(np.array([0.0, 10.0]), np.array([20.0, 20.0]), np.array([60.0, 60.0]), np.array([100.0, 100.0])).round(2).tolist()
    [0.0, 0.31]
    """
    bears = np.maximum(net, 0) / 2 + cash / 6 + 0.015 * usual
    weighed: Floats = due / (due + bears + 1.0)
    return weighed


class Traits(msgspec.Struct, frozen=True, eq=False):
    """The hidden traits that say who pays."""

    quality: Floats
    discipline: Floats
    unseen: Floats


def traits_of(firms: Firms, rows: Ints) -> Traits:
    """Return the hidden traits of some firms as columns, to be held against months."""
    return Traits(*(trait[rows][:, None] for trait in (firms.quality, firms.discipline, firms.unseen)))


def default_logit(c: Constants, firms: Firms | Traits, burden: Floats, shock: Floats, is_open: Bools) -> Floats:
    """Return the logit of ceasing to pay in a month: the rule that makes limit and price a cause of default."""
    traits = (
        c["default_quality"] * firms.quality + c["default_discipline"] * firms.discipline + c["default_unseen"] * firms.unseen
    )
    bad_month = c["default_shock"] * np.minimum(shock, 0)
    logit: Floats = c["default_base"] + c["default_strain"] * burden + traits + bad_month + c["default_closed"] * ~is_open
    return logit


def instalment(principal: float, annual_rate: float, months: int) -> float:
    """Return the equal instalment of a loan (Schlesinger's annuity).

    >>> round(instalment(100_000, 0.18, 12), 2)
    9168.0
    """
    rate = annual_rate / 12
    return principal * rate / (1 - (1 + rate) ** -months)


def logistic(logit: Floats) -> Floats:
    """Return the probability of a logit.

    >>> logistic(np.array([0.0])).tolist()
    [0.5]
    """
    chance: Floats = 1 / (1 + np.exp(-np.clip(logit, -30, 30)))
    return chance


def to_fen(yuan: Floats) -> Ints:
    """Return amounts in whole fen.

    >>> to_fen(np.array([1.005])).tolist()
    [100]
    """
    fen: Ints = np.rint(yuan * 100).astype(np.int64)
    return fen


def to_ppm(share: Floats) -> Ints:
    """Return shares in parts per million.

    >>> to_ppm(np.array([0.5])).tolist()
    [500000]
    """
    ppm: Ints = np.rint(share * PPM).astype(np.int64)
    return ppm
