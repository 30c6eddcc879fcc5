"""In: what was offered, taken and paid so far. Out: how owners answer to limits and rates, and the terms of each grade that this
makes best. Used: by months.

Two small models are learned from our own records: whether an offer is taken (a logit of the limit in months of sales, and of the
rate), and what a larger limit does to going bad (a logit slope). The second is a cause that few loans tell of, so it starts from
an assumption and moves as far as limits that chance moved speak. What a loan is worth follows from its schedule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec
import numpy as np
from scipy.special import expit

from weilend.app.desk.flywheel.money import Costs
from weilend.app.desk.flywheel.policies import GRADES, Terms
from weilend.core.money import PPM
from weilend.lending import Product
from weilend.models.table import Booleans, Floats, Integers

#: Limits (ppm of a month's money from trade) and rates (ppm a year) among which terms are chosen. The last is half a year of trade:
#: more is no working capital (assumption). With three months as the last, nearly all grades stood at that edge, and ranking was
#: worth little.
LIMITS: Final = (500_000, 1_000_000, 1_500_000, 2_000_000, 2_500_000, 3_000_000, 4_000_000, 5_000_000, 6_000_000)
RATES: Final = (120_000, 140_000, 160_000, 180_000, 200_000, 220_000, 240_000)
#: Shares (ppm) of the limit with which a thin file may start.
THIN_SHARES: Final = (0, 250_000, 500_000, 750_000, 1_000_000)
#: Before anything is learned: a doubled limit raises the logit of going bad by .35, give or take .3 (assumption): larger debts are
#: harder to pay, yet who was given more elsewhere often is who was trusted more.
SLOPE_PRIOR, SLOPE_ERROR = 0.35, 0.30
#: Before anything is counted: the odds of loss of a thin file beside those of any other (assumption).
THIN_ODDS: Final = 1.5
#: Before anything is learned: of loans that are thirty days late within half a year this share is lost, the rest slipped and
#: paid; it weighs as much as so many loans (assumptions).
ROLLS, ROLLS_LOANS = 0.70, 20
#: Instalments that can show as thirty days late within six months on book: those of the label.
WINDOW: Final = 5
#: Before anything is learned: each of twelve instalments is the first that is not paid as often as another; it weighs as much as
#: so many late loans (assumption).
ALIKE: Final = (1 / 12,) * 12
AGES_LOANS: Final = 20
#: What lies beyond the oldest loans goes on as at the last so many ages that were seen.
LAST_AGES: Final = 3
#: No version doubles or halves a limit more than once.
LARGEST_STEP: Final = 2.0
#: Before anything ranks applicants, by no more than this.
FIRST_STEP: Final = 1.5
#: Terms are changed only for so many times what the present ones are expected to bring: of nearly equals the known one stays.
LEAST_GAIN: Final = 1.01
#: What is assumed of losses weighs as much as so many loans.
PRIOR_LOANS: Final = 100
MONTHS: Final = 12
LEAST_OFFERS: Final = 300


class TakeUp(msgspec.Struct, frozen=True):
    """The chance that an offer is taken: logistic(base + limit · log2(months of sales) + rate · (yearly rate − 0.18)).

    >>> round(float(TakeUp(0.0, 0.4, -13.0).chance(np.array([1.0]), np.array([0.18]))[0]), 2)
    0.5
    """

    base: float
    limit: float
    rate: float

    def chance(self, months: Floats, rate: Floats) -> Floats:
        """Return the chance for limits in months of sales and yearly rates of one."""
        logit = self.base + self.limit * doublings_of(months) + self.rate * (rate - 0.18)
        return 1 / (1 + np.exp(-logit))


class Response(msgspec.Struct, frozen=True):
    """What was learned of answers: taking up (None: too few offers yet); the slope of going bad by doublings of the limit; by how
    many doublings the limits of loans learned from lay above a month of sales on the mean (`lent`); the share of late loans that
    are lost; how often each instalment is the first that a late loan does not pay (`ages`, adding up to one); from how many offers
    and labels.
    """

    take_up: TakeUp | None
    slope: float = SLOPE_PRIOR
    lent: float = 0.0
    rolls: float = ROLLS
    ages: tuple[float, ...] = ALIKE
    offers: int = 0
    labels: int = 0


def learn_take_up(months: Floats, rate: Floats, taken: Booleans) -> TakeUp | None:
    """Return how offers were answered, by a ridged logistic regression; None below `LEAST_OFFERS`.

    >>> learn_take_up(np.ones(3), np.full(3, 0.18), np.array([True, False, True])) is None
    True
    """
    if len(taken) < LEAST_OFFERS or taken.all() or not taken.any():
        return None
    design = np.stack([np.ones(len(taken)), doublings_of(months), rate - 0.18], axis=1)
    # rates were tried within a few points only: without a prior a handful of answers would speak too loudly
    found = fit_with_prior(
        design, taken.astype(np.float64), np.zeros(len(taken)), np.array([0.3, 0.4, -10.0]), np.array([2.0, 0.5, 5.0])
    )
    return TakeUp(*(float(one) for one in found))


def learn_slope(tried: Floats, bad: Integers, weight: Floats) -> float:
    """Return the slope of going bad by doublings of the limit, from limits that were tried by chance: `tried` (n,) is by how many
    doublings the draw moved a loan's limit.

    Limits that a policy chose would not do: it gives less to those of whom it thinks less. Nor is it asked beside what a model says
    of the loans that it learned from: that knows too well who went bad.

    >>> round(learn_slope(np.zeros(4), np.array([0, 0, 0, 0]), np.ones(4)), 2)
    0.35
    """
    design = np.stack([tried, np.ones(len(bad))], axis=1)
    prior, error = np.array([SLOPE_PRIOR, -2.0]), np.array([SLOPE_ERROR, 2.0])
    return float(fit_with_prior(design, bad.astype(np.float64), np.zeros(len(bad)), prior, error, weight)[0])


def fit_with_prior(
    design: Floats, y: Floats, offset: Floats, mean: Floats, error: Floats, weight: Floats | None = None
) -> Floats:
    """Return the coefficients of a logistic regression with normal priors (posterior mode, Newton's method).

    `weight` is how much each row counts, 1 where nobody says.

    >>> fit_with_prior(np.ones((4, 1)), np.array([0.0, 1.0, 0.0, 1.0]), np.zeros(4), np.zeros(1), np.ones(1)).round(3).tolist()
    [0.0]
    """
    beta, tight, weight = mean.astype(np.float64), np.diag(1 / error**2), np.ones(len(y)) if weight is None else weight
    for _ in range(30):
        chance = 1 / (1 + np.exp(-np.clip(design @ beta + offset, -30, 30)))
        gradient = design.T @ (weight * (y - chance)) - tight @ (beta - mean)
        step = np.linalg.solve(design.T @ (design * (weight * chance * (1 - chance))[:, None]) + tight, gradient)
        beta = beta + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-9:
            break
    return beta


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


def learned_rolls(late: int, lost: int) -> float:
    """Return the share of late loans that are lost, from how many were late long ago and how many of them were lost.

    >>> learned_rolls(0, 0), round(learned_rolls(80, 44), 2)
    (0.7, 0.58)
    """
    return (ROLLS * ROLLS_LOANS + lost) / (ROLLS_LOANS + late)


def learn_ages(came: Integers, late: Integers) -> tuple[float, ...]:
    """Return how often each instalment is the first that a late loan does not pay, adding up to one.

    `came` (12,) says how many loans came to the age at which it shows, `late` (12,) how many of these first were late then.

    >>> [round(share, 3) for share in learn_ages(np.zeros(12, np.int64), np.zeros(12, np.int64))][:2]
    [0.083, 0.083]
    >>> early = learn_ages(np.full(12, 1_000), np.array([40, 20, 10, *[5] * 9]))
    >>> round(early[0], 2), round(sum(early), 6)
    (0.31, 1.0)
    """
    if not late.sum():
        return ALIKE
    prior = AGES_LOANS / len(ALIKE)
    each = (late + prior) / (came + prior * came.sum() / late.sum())
    seen = int((came > 0).sum())
    each[seen:] = each[max(seen - LAST_AGES, 0) : seen].mean()
    return tuple(float(one) for one in each / each.sum())


def year_pd(window_pd: Floats, rolls: float = ROLLS, ages: Sequence[float] = ALIKE) -> Floats:
    """Return the chance of loss over a loan's year from the chance of being thirty days late within six months on book, of
    whom a share `rolls` is lost; `ages` says which share of the late shows by then.

    >>> year_pd(np.array([0.0, 0.05])).round(3).tolist()
    [0.0, 0.082]
    """
    loss: Floats = 1 - (1 - np.clip(window_pd * rolls, 0, 0.999)) ** (1 / sum(ages[:WINDOW]))
    return loss


def window_pd(loss: Floats, rolls: float = ROLLS, ages: Sequence[float] = ALIKE) -> Floats:
    """Return the chance of being thirty days late within six months on book from the chance of loss over a loan's year: `year_pd`
    the other way round.

    >>> window_pd(year_pd(np.array([0.05]))).round(6).tolist()
    [0.05]
    """
    late: Floats = (1 - (1 - loss) ** sum(ages[:WINDOW])) / rolls
    return late


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
    """Return, for each grade that applicants had, the terms that are expected to bring most; 0 to lend where nothing brings any.

    `pd` is the chance (of one) of the label at limits as they were lent on the mean. A worse grade never has a higher limit or a
    lower rate.
    """
    logit = _at_one_month(pd, response)
    chosen: dict[str, Terms] = {}
    most, least = max(LIMITS), min(RATES)
    for name in GRADES[:-1]:
        here = np.array([one == name for one in grade], np.bool_)
        if not here.any():
            continue
        before = now[name].limit_ppm
        best, worth = Terms(0, max(RATES)), 0.0
        for limit in LIMITS:
            if limit > most or (before and not before / LARGEST_STEP <= limit <= before * LARGEST_STEP):
                continue
            limit_fen, months = _sized(monthly_fen[here], limit, market)
            risk = _risk(logit[here], months, response)
            for rate in RATES:
                if rate < least:
                    continue
                brings = float(expected_fen(limit_fen, months, rate / PPM, risk, response, market).sum())
                if brings > worth:
                    best, worth = Terms(limit, rate), brings
        chosen[name] = best
        most, least = (min(most, best.limit_ppm), max(least, best.rate_ppm)) if best.limit_ppm else (0, max(RATES))
    return _filled(chosen)


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


def doublings_of(months: Floats) -> Floats:
    """Return by how many doublings limits lie above one month of sales.

    >>> doublings_of(np.array([0.5, 2.0])).tolist()
    [-1.0, 1.0]
    """
    return np.log2(np.maximum(months, 0.02))


def _sized(monthly_fen: Floats, limit_ppm: int, market: Market) -> tuple[Floats, Floats]:
    """Return the limit of each applicant in fen, capped and in whole steps, and what that is in months of trade."""
    limit_fen = np.minimum(monthly_fen * (limit_ppm / PPM), market.cap_fen) // market.step_fen * market.step_fen
    return limit_fen, np.divide(limit_fen, np.maximum(monthly_fen, 1.0))


def _filled(chosen: dict[str, Terms]) -> dict[str, Terms]:
    """Return terms with those of a grade that nobody had: what the next worse grade has, so that worse is never better off."""
    full: dict[str, Terms] = {}
    worse = Terms(0, max(RATES))
    for name in reversed(GRADES[:-1]):
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
    lay above a month of sales (log2), on the mean.

    >>> known = Response(None, rolls=1.0)
    >>> round(counted_pd(0, 0, 0.09, doublings=0.0, response=known), 3)
    0.039
    >>> round(counted_pd(900, 90, 0.09, doublings=0.0, response=known), 3)
    0.094
    """
    loss = odds * assumed / (1 - assumed + odds * assumed)
    expected = float(window_pd(np.array([loss]), response.rolls, response.ages)[0])
    chance = np.array([(PRIOR_LOANS * expected + bads) / (PRIOR_LOANS + labels)])
    return float(expit(_logit(chance) + response.slope * (response.lent - doublings))[0])


def _logit(chance: Floats) -> Floats:
    return np.log(chance / (1 - chance))


def _at_one_month(pd: Floats, response: Response) -> Floats:
    """Return the logit of the label at a limit of one month of sales."""
    return _logit(pd) - response.slope * response.lent
