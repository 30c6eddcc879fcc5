"""In: how owners answer and loans fail, as learned so far. Out: the terms of each grade that this makes best. Used: by months and
rivals.

What a loan is worth follows from its schedule, from who pays, and from who takes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import numpy as np
from scipy.special import expit

from weilend.app.desk.flywheel.money import Costs
from weilend.app.desk.flywheel.policies import GRADES, Terms
from weilend.app.desk.flywheel.responses import ALIKE, Response, doublings_of, window_pd, year_pd
from weilend.core.money import PPM
from weilend.lending import Product
from weilend.models.table import Floats, Integers

#: Limits (ppm of a month's money from trade) and rates (ppm a year) among which terms are chosen. The last is half a year of trade:
#: more is no working capital (assumption). With three months as the last, nearly all grades stood at that edge, and ranking was
#: worth little.
LIMITS: Final = (500_000, 1_000_000, 1_500_000, 2_000_000, 2_500_000, 3_000_000, 4_000_000, 5_000_000, 6_000_000)
RATES: Final = (120_000, 140_000, 160_000, 180_000, 200_000, 220_000, 240_000)
#: Shares (ppm) of the limit with which a thin file may start.
THIN_SHARES: Final = (0, 250_000, 500_000, 750_000, 1_000_000)
#: Before anything is counted: the odds of loss of a thin file beside those of any other (assumption).
THIN_ODDS: Final = 1.5
#: No version doubles or halves a limit more than once.
LARGEST_STEP: Final = 2.0
#: Before anything ranks applicants, by no more than this.
FIRST_STEP: Final = 1.5
#: Terms are changed only for so many times what the present ones are expected to bring: of nearly equals the known one stays.
LEAST_GAIN: Final = 1.01
#: What is assumed of losses weighs as much as so many loans.
PRIOR_LOANS: Final = 100
MONTHS: Final = 12


def loan_values(rate: Floats, *, funding: float, lgd: float, ages: Sequence[float] = ALIKE) -> tuple[Floats, Floats]:
    """Return what a yuan lent for twelve equal instalments is worth: paid as agreed, and ceasing to be paid.

    `ages` says how often each instalment is the first that is not paid.
    Of a lost loan's principal, 1 − lgd comes back after a year. Discounted at the cost of money (nominal, monthly).

    >>> good, lost = loan_values(np.array([0.18]), funding=0.035, lgd=0.8)
    >>> bool(0.06 < good[0] < 0.09), bool(-0.6 < lost[0] < -0.3)
    (True, True)
    """
    monthly, step = np.maximum(rate / 12, 1e-9), (1 + funding) ** (-1 / 12)
    due = monthly / -np.expm1(-MONTHS * np.log1p(monthly))
    paid = np.stack([due * sum(step**k for k in range(1, stop + 1)) for stop in range(MONTHS + 1)])
    left = np.stack([(1 + monthly) ** stop - due * ((1 + monthly) ** stop - 1) / monthly for stop in range(MONTHS)])
    back = np.stack([left[stop] * (1 - lgd) * step ** (stop + 1 + MONTHS) for stop in range(MONTHS)])
    lost: Floats = np.asarray(ages) @ (paid[:MONTHS] + back) - 1
    return paid[MONTHS] - 1, lost


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """What terms are reckoned with besides responses: costs, the product's cap and step, what money costs, what is lost."""

    costs: Costs
    cap_fen: int
    step_fen: int
    least_fen: int
    funding: float
    lgd: float


def market_for(product: Product, costs: Costs) -> Market:
    """Return what terms of a product are reckoned with.

    >>> from weilend.lending import load_product
    >>> market_for(load_product("enterprise_loan"), Costs()).funding
    0.035
    """
    terms = product.terms
    funding, lgd = (product.assumed(name) / PPM for name in ("funding_rate_ppm", "loss_given_default_ppm"))
    return Market(costs=costs, cap_fen=terms.max_amount_fen, step_fen=terms.amount_step_fen, least_fen=terms.min_amount_fen,
                  funding=funding, lgd=lgd)  # fmt: skip


def loan_fen(
    limit_fen: Floats | Integers, pd_year: Floats, good: Floats | float, lost: Floats | float, market: Market
) -> Floats:
    """Return what a loan that is taken brings on the mean in fen: `good` and `lost` a fen lent (of one), less what it costs us."""
    mean: Floats = limit_fen * ((1 - pd_year) * good + pd_year * lost)
    fen: Floats = mean - market.costs.booking_fen - pd_year * market.costs.chasing_fen
    return fen


def expected_fen(limit_fen: Floats, months: Floats, rate: float, pd_year: Floats, response: Response, market: Market) -> Floats:
    """Return what offering a limit at a rate is expected to bring, for each of some applicants, in fen."""
    assert response.take_up is not None
    values = loan_values(np.array([rate]), funding=market.funding, lgd=market.lgd, ages=response.ages)
    good, lost = (float(one[0]) for one in values)
    loan = loan_fen(limit_fen, pd_year, good, lost, market)
    chance = response.take_up.chance(months, np.full(len(limit_fen), rate))
    worth: Floats = np.where(limit_fen >= market.least_fen, chance * loan, 0.0)
    return worth


def choose_terms(
    pd: Floats, grade: tuple[str, ...], monthly_fen: Floats, response: Response, market: Market, now: Mapping[str, Terms]
) -> dict[str, Terms]:
    """Return, for each grade, the terms that are expected to bring most together; 0 to lend where nothing brings any.

    `pd` is the chance (of one) of the label at limits as they were lent on the mean. A worse grade never has a higher limit or a
    lower rate.
    """
    logit, worth = _at_one_month(pd, response), dict[str, dict[Terms, float]]()
    for name in GRADES:
        here = np.array([one == name for one in grade], np.bool_)
        if not here.any():
            continue
        before, worth[name] = now[name].limit_ppm, {}
        for limit in sorted(LIMITS, reverse=True):  # of equals the first is taken: the largest limit, the lowest rate
            if before and not before / LARGEST_STEP <= limit <= before * LARGEST_STEP:
                continue
            limit_fen, months = _sized(monthly_fen[here], limit, market)
            risk = _risk(logit[here], months, response)
            for rate in RATES:
                brings = float(expected_fen(limit_fen, months, rate / PPM, risk, response, market).sum())
                worth[name][Terms(limit, rate)] = brings
        worth[name][Terms(0, max(RATES))] = 0.0
    return _filled(dict(zip(worth, best_chain(tuple(worth.values())), strict=True)))


def best_chain(worth: Sequence[Mapping[Terms, float]]) -> tuple[Terms, ...]:
    """Return the terms of grades, safest first, that bring most together, of what each grade may have and what that brings (fen).

    A worse grade never has a higher limit or a lower rate. One grade after the other will not do: few safe firms, for whom size
    hardly matters, would set the limit of all.

    >>> small, large = Terms(1_000_000, 180_000), Terms(3_000_000, 180_000)
    >>> [one.limit_ppm for one in best_chain([{small: 5.0, large: 4.0}, {small: 10.0, large: 90.0}])]
    [3000000, 3000000]
    """
    chains: dict[Terms, tuple[float, tuple[Terms, ...]]] = {}
    for options in reversed(worth):
        longer = {}
        for terms, fen in options.items():
            worse = [chain for other, chain in chains.items()
                     if other.limit_ppm <= terms.limit_ppm and other.rate_ppm >= terms.rate_ppm]  # fmt: skip
            rest = max(worse, key=lambda chain: chain[0]) if worse else (0.0, ())
            longer[terms] = (fen + rest[0], (terms, *rest[1]))
        chains = longer
    return max(chains.values(), key=lambda chain: chain[0])[1] if chains else ()


def choose_thin_share(
    pd: Floats,
    grade: tuple[str, ...],
    monthly_fen: Floats,
    terms: Mapping[str, Terms],
    response: Response,
    market: Market,
    now: int,
) -> int:
    """Return the share (ppm) of the limit that is expected to bring most from thin files, given as `choose_terms` takes all.

    It moves by one of `THIN_SHARES` at most: what a model says of those of whom little is known is followed with care.
    """
    logit, place = _at_one_month(pd, response), THIN_SHARES.index(now)
    worth = dict[int, float]()
    for share in THIN_SHARES[max(place - 1, 0) : place + 2]:
        brings = 0.0
        for name, one in terms.items():
            here = np.array([each == name for each in grade], np.bool_)
            limit_fen, months = _sized(monthly_fen[here], one.limit_ppm * share // PPM, market)
            risk = _risk(logit[here], months, response)
            brings += float(expected_fen(limit_fen, months, one.rate_ppm / PPM, risk, response, market).sum())
        worth[share] = brings
    best = max(worth, key=lambda share: worth[share])
    return best if worth[best] > worth[now] + (LEAST_GAIN - 1) * abs(worth[now]) else now


def _risk(logit: Floats, months: Floats, response: Response) -> Floats:
    """Return the chance of loss in a year at a limit of so many months of sales, from the logit of the label at one month."""
    label = expit(logit + response.slope * doublings_of(months))
    return year_pd(label, response.rolls, response.ages)


def _sized(monthly_fen: Floats, limit_ppm: int, market: Market) -> tuple[Floats, Floats]:
    """Return the limit of each applicant in fen, capped and in whole steps, and what that is in months of trade."""
    limit_fen = np.minimum(monthly_fen * (limit_ppm / PPM), market.cap_fen) // market.step_fen * market.step_fen
    return limit_fen, np.divide(limit_fen, np.maximum(monthly_fen, 1.0))


def _filled(chosen: dict[str, Terms]) -> dict[str, Terms]:
    """Return terms with those of a grade that nobody had: what the next worse grade has, so that worse is never better off."""
    full: dict[str, Terms] = {}
    worse = Terms(0, max(RATES))
    for name in reversed(GRADES):
        worse = chosen.get(name, worse)
        full[name] = worse
    return full


def choose_first_terms(pd: Floats, monthly_fen: Floats, now: Terms, response: Response, market: Market) -> Terms:
    """Return the terms that are expected to bring most where nothing ranks applicants; a limit moves by `FIRST_STEP` at most.

    `pd` (n,) is as `choose_terms` takes it, counted of all alike.
    """
    logit, brings = _at_one_month(pd, response), dict[Terms, float]()
    for limit in {now.limit_ppm, *LIMITS}:
        if not now.limit_ppm / FIRST_STEP <= limit <= now.limit_ppm * FIRST_STEP:
            continue
        limit_fen, months = _sized(monthly_fen, limit, market)
        risk = _risk(logit, months, response)
        for rate in {now.rate_ppm, *RATES}:
            brings[Terms(limit, rate)] = float(expected_fen(limit_fen, months, rate / PPM, risk, response, market).sum())
    best = max(sorted(brings, key=lambda one: (one.limit_ppm, one.rate_ppm)), key=lambda one: brings[one])
    return best if brings[best] > brings[now] + (LEAST_GAIN - 1) * abs(brings[now]) else now


def counted_pd(labels: float, bads: int, assumed: float, *, doublings: float, response: Response, odds: float = 1.0) -> float:
    """Return the chance of the label at limits as they were lent on the mean, from labels of some so far, drawn towards an assumed
    chance of loss in a year (its odds taken `odds` times) as if a hundred loans had said it.

    `labels` may be a sum of shares: young loans count as far as they were watched. `doublings` says by how much the limits of these
    lay above a month of sales (log2), on the mean. What is assumed is of limits as in the first month: larger ones without a word
    from any loan are expected to lose more.

    >>> known = Response(None, rolls=1.0)
    >>> round(counted_pd(0, 0, 0.09, doublings=0.0, response=known), 3)
    0.039
    >>> round(counted_pd(900, 90, 0.09, doublings=0.0, response=known), 3)
    0.094
    """
    loss = odds * assumed / (1 - assumed + odds * assumed)
    expected = window_pd(np.array([loss]), response.rolls, response.ages)
    prior = expit(_logit(expected) + response.slope * (doublings - response.opened))
    chance = (PRIOR_LOANS * prior + bads) / (PRIOR_LOANS + labels)
    return float(expit(_logit(chance) + response.slope * (response.lent - doublings))[0])


def _logit(chance: Floats) -> Floats:
    return np.log(chance / (1 - chance))


def _at_one_month(pd: Floats, response: Response) -> Floats:
    """Return the logit of the label of those who ask now, at a limit of one month of sales."""
    return _logit(pd) + response.level - response.slope * response.lent
