"""In: what was offered, taken and paid so far. Out: how owners answer to limits and rates, how loans fail, what a larger limit
does. Used: by terms, records, months and rivals.

Whether an offer is taken is a logit of the limit in months of sales and of the rate; what a larger limit does to going bad is a
logit slope. The second is a cause that few loans tell of, so it starts from an assumption and moves as far as limits that chance
moved speak.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from weilend.models.table import Booleans, Floats, Integers

#: Before anything is learned: a doubled limit raises the logit of going bad by .35, give or take .15 (assumption): larger debts are
#: harder to pay. A year's loans tell it no more exactly than that.
SLOPE_PRIOR, SLOPE_ERROR = 0.35, 0.15
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
#: Before anything is seen of it: by so much (logit) those who ask now differ from those who asked (assumption).
LEVEL_ERROR: Final = 0.30
#: Fewer answers teach no price.
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
    many doublings the limits of loans learned from lay above a month of sales on the mean (`lent`), and those of the first month
    (`opened`: what is assumed of losses is of a book that is lent to so); by how much the newest loans do
    worse than the model and their limits say (`level`, a logit); the share of late loans that
    are lost; how often each instalment is the first that a late loan does not pay (`ages`, adding up to one); from how many offers
    and labels.
    """

    take_up: TakeUp | None
    slope: float = SLOPE_PRIOR
    lent: float = 0.0
    opened: float = 0.0
    rolls: float = ROLLS
    ages: tuple[float, ...] = ALIKE
    level: float = 0.0
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


def learn_level(pd: Floats, doublings: Floats, bad: Integers, weight: Floats, response: Response) -> float:
    """Return by how much (logit) some loans did worse than their PDs at the limits that they had.

    A model learned from all loans is right of all on the mean; those who ask now may be better or worse. `pd` (n,) is of one, at
    limits as they were lent on the mean; `doublings` (n,) says what the limit of each was.

    >>> some, none = np.full(400, 0.1), np.zeros(400)
    >>> round(learn_level(some, none, (np.arange(400) % 20 == 0).astype(np.int64), np.ones(400), Response(None)), 2)
    -0.49
    """
    offset = np.log(pd / (1 - pd)) + response.slope * (doublings - response.lent)
    alike, none, error = np.ones((len(bad), 1)), np.zeros(1), np.array([LEVEL_ERROR])
    return float(fit_with_prior(alike, bad.astype(np.float64), offset, none, error, weight)[0])


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


def doublings_of(months: Floats) -> Floats:
    """Return by how many doublings limits lie above one month of sales.

    >>> doublings_of(np.array([0.5, 2.0])).tolist()
    [-1.0, 1.0]
    """
    return np.log2(np.maximum(months, 0.02))
