"""In: who asks, and the truth of credit. Out: `Loans` of the lender of old and what became of each instalment. Used: by
loan_records.

The lender of old decides by what an account manager sees, and by what he senses of things that no file holds: so those who were
lent to differ from those who were not in ways that no model can see. That is the trap of reject inference.
"""

from __future__ import annotations

import msgspec
import numpy as np

from weilend.economy.credit import Asks, Offer, hazards, outcome
from weilend.economy.district import District
from weilend.economy.firms import NEVER, Bools, Floats, Ints
from weilend.economy.months import logistic, strain, to_fen, to_ppm
from weilend.economy.traces import local_day

#: Terms that are offered, and how often.
TERMS, TERM_SHARES = (3, 6, 12), (0.15, 0.25, 0.60)
#: What becomes of a loan that ceases to be paid: it pays again, is renewed under stress, or is written off.
FINE, CURED, RENEWED, LOST = 0, 1, 2, 3
WRITE_OFF_DPD = 180


class Decisions(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What the lender of old answered to each who asked: `approved`, `offer`, and whether it was `taken`."""

    approved: Bools
    offer: Offer
    taken: Bools


class Loans(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Loans that were paid out: `ask` as position, days as local days since 1970-01-01, fen, ppm; instalments are (loans, 12).

    `due_day`, `principal`, `interest` per instalment (0 beyond the term); `late` days after its due day that it was paid, -1
    never; `fate` is what became of the loan, `stop` the first instalment that was not paid (`NEVER`), `payoff` that at which
    the rest was paid early.
    """

    ask: Ints
    firm: Ints
    booked: Ints
    principal_fen: Ints
    rate_ppm: Ints
    term: Ints
    due_day: Ints
    principal: Ints
    interest: Ints
    late: Ints
    fate: Ints
    stop: Ints
    payoff: Ints
    recovered_ppm: Ints


def decide_of_old(district: District) -> Decisions:
    """Return the decisions of the lender of old.

    >>> from weilend.economy.district import make_district
    >>> from weilend.economy.plan import make_plan
    >>> made = decide_of_old(make_district(make_plan(businesses=600, months=24, seed=1), 0))
    >>> bool(0.1 < made.approved.mean() < 0.6)
    True
    """
    c, firms, months, asks = district.plan.constants, district.firms, district.months, district.asks
    dice = district.plan.dice("legacy", district.number)
    usual = np.maximum(months.usual_sales(district.plan.months)[asks.firm], 1.0)
    at = np.minimum(asks.month, months.sales.shape[1] - 1)
    weighs = strain(months.service[asks.firm, at] + 0.08 * usual, months.net[asks.firm, at], months.cash[asks.firm, at], usual)
    seen = c["legacy_seen"] * (firms.quality + firms.discipline)[asks.firm] + c["legacy_strain"] * (weighs - 0.3)
    sensed = c["legacy_soft"] * firms.unseen[asks.firm]
    look = seen + sensed + c["legacy_noise"] * dice.standard_normal(len(asks))
    limit = np.clip(np.round(c["legacy_limit_months"] * usual * np.exp(0.12 * look), -3), 3_000, 3_000_000)
    rate = np.round(np.clip(c["legacy_rate"] + c["legacy_rate_slope"] * look, 0.10, 0.24), 3)
    term = np.array(TERMS)[np.searchsorted(np.cumsum(TERM_SHARES), dice.random(len(asks)))]
    offer = Offer(limit=limit, rate=rate.astype(np.float64), months=term)
    approved = look > c["legacy_cut"]
    return Decisions(approved=approved, offer=offer, taken=approved & (dice.random(len(asks)) < take_up(district, offer)))


def take_up(district: District, offer: Offer) -> Floats:
    """Return the chance that each who asks takes an offer: dear money drives away those who need it least."""
    c, months, asks = district.plan.constants, district.months, district.asks
    usual = np.maximum(months.usual_sales(district.plan.months)[asks.firm], 1.0)
    dry = np.clip(1 - months.cash[asks.firm, asks.month] / usual, -1, 1)
    wants = np.log2(np.maximum(offer.limit / usual, 0.05))
    return logistic(
        c["take_up_base"] + c["take_up_rate"] * (offer.rate - 0.15) + c["take_up_limit"] * wants + c["take_up_need"] * dry
    )


def true_hazards(district: District, offer: Offer) -> Floats:
    """Return the chance of ceasing to pay at each instalment, fraud included."""
    honest = hazards(district.plan.constants, district.firms, district.months, district.asks, offer)
    at = np.minimum(district.asks.month[:, None] + 1 + np.arange(honest.shape[1]), district.harm.shape[1] - 1)
    harm = district.harm[district.asks.firm[:, None], at]
    odds = honest / np.maximum(1 - honest, 1e-12) * np.exp(harm)
    return np.where(honest > 0, odds / (1 + odds), 0.0)


def live_loans(district: District, decisions: Decisions) -> Loans:
    """Return the loans that were taken and what became of them."""
    plan, c = district.plan, district.plan.constants
    ask = np.flatnonzero(decisions.taken)
    dice = plan.dice("loans", district.number)
    offer = Offer(**{name: getattr(decisions.offer, name)[ask] for name in Offer.__struct_fields__})
    firm, month = district.asks.firm[ask], district.asks.month[ask]
    first = plan.first_days[month]
    booked = local_day(district.asked_at()[ask]) + 1 + np.floor(dice.random(len(ask)) ** 2 * 4).astype(np.int64)
    stop = outcome(true_hazards(district, decisions.offer)[ask], _some(district, ask), district.dice)
    chance = dice.random((3, len(ask)))
    fell = stop < offer.months
    fate = np.select(
        [~fell, chance[0] < c["cure_share"], chance[0] < c["cure_share"] + c["renewed_share"]], [FINE, CURED, RENEWED], LOST
    )
    schedule = _schedules(offer)
    early = dice.geometric(c["prepay_hazard"], len(ask)) + 2
    payoff = np.where((fate == FINE) & (early < offer.months - 1), early, NEVER)
    return Loans(
        ask=ask,
        firm=firm,
        booked=booked,
        principal_fen=to_fen(offer.limit),
        rate_ppm=to_ppm(offer.rate),
        term=offer.months,
        due_day=_due_days(plan.first_days, month, booked - first),
        principal=schedule[0],
        interest=schedule[1],
        late=_late_days(district, firm, month, stop, fate, payoff, dice),
        fate=fate,
        stop=np.where(fell, stop, NEVER),
        payoff=payoff,
        recovered_ppm=to_ppm(np.clip(dice.beta(1.2, 1.2 * (1 / c["recovery_mean"] - 1), len(ask)), 0, 1)),
    )


def _some(district: District, rows: Ints) -> Asks:
    asks = district.asks
    return msgspec.structs.replace(asks, **{name: getattr(asks, name)[rows] for name in asks.__struct_fields__})


def _schedules(offer: Offer) -> tuple[Ints, Ints]:
    """Return principal and interest of each instalment in fen, (loans, longest term): equal instalments, the last absorbs."""
    longest = max(TERMS)
    owed, due = to_fen(offer.limit), to_fen(offer.instalment)
    principal, interest = np.zeros((2, len(owed), longest), np.int64)
    for number in range(longest):
        runs = number < offer.months
        interest[:, number] = np.where(runs, np.floor(owed * offer.rate / 12 + 0.5).astype(np.int64), 0)
        last = number == offer.months - 1
        principal[:, number] = np.where(runs, np.where(last, owed, np.minimum(due - interest[:, number], owed)), 0)
        owed = owed - principal[:, number]
    return principal, interest


def _due_days(first_days: Ints, month: Ints, day: Ints) -> Ints:
    """Return the due days: the booking day's number in each of the next months (or the last day that there is)."""
    at = np.minimum(month[:, None] + 1 + np.arange(max(TERMS)), len(first_days) - 2)
    beyond = month[:, None] + 1 + np.arange(max(TERMS)) - at
    due: Ints = first_days[at] + np.minimum(day[:, None], 27) + 30 * beyond
    return due


def _late_days(
    district: District, firm: Ints, month: Ints, stop: Ints, fate: Ints, payoff: Ints, dice: np.random.Generator
) -> Ints:
    """Return after how many days each instalment was paid, -1 never: some slip by days, the cured pay after months."""
    c, number = district.plan.constants, np.arange(max(TERMS))
    at = np.minimum(month[:, None] + 1 + number, district.months.short.shape[1] - 1)
    logit = c["slip_base"] + c["slip_discipline"] * district.firms.discipline[firm][:, None]
    logit = logit + c["slip_strain"] * district.months.short[firm[:, None], at]
    slips = district.dice.slip[
        firm[:, None], np.minimum(month[:, None] + 1 + number, district.dice.slip.shape[1] - 1)
    ] < logistic(logit)
    late = np.where(slips, 1 + np.minimum(dice.geometric(0.085, slips.shape), 56), 0)
    waits = 62 + (dice.random(len(firm)) * 40).astype(np.int64)
    since = number - stop[:, None]
    cured = np.maximum(waits[:, None] - 30 * since, 0)
    fallen = since >= 0
    late = np.where(fallen & (fate == CURED)[:, None], np.maximum(cured, late * (since > 3)), late)
    late = np.where(fallen & np.isin(fate, (RENEWED, LOST))[:, None], -1, late)
    return np.where(number > payoff[:, None], -1, late).astype(np.int64)
