"""In: a random generator and numbers of firms. Out: `Firms`, latent traits and the true probability of default. Used: by world.

A latent risk moves several behaviours a little and the outcome too; size goes with it but does not decide. Nothing that names a
firm (its number, its place in a file) is drawn from anything that says how it is.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import expit, logit

from weilend.economy.contest import constants as c

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class Firms(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Traits of firms, one array entry each; rates are per month or per invoice, spreads are of logarithms."""

    code: tuple[str, ...]
    has_history: Bools
    risk: Floats
    pd: Floats
    default: Bools
    rating: npt.NDArray[np.str_]
    legal_form: npt.NDArray[np.str_]
    tax_class: npt.NDArray[np.str_]
    sales_per_month: Floats
    purchases_per_sale: Floats
    ticket_fen: Floats
    drift: Floats
    shock: Floats
    idle_rate: Floats
    void_rate: Floats
    red_rate: Floats
    concentration: Floats
    turnover: Floats
    entry_share: Floats
    exit_hazard: Floats
    repeated: Bools


def make_firms(rng: np.random.Generator, with_history: int, without_history: int) -> Firms:
    """Return firms with E1 … in random order; the first `with_history` numbers have an outcome that others may know.

    >>> firms = make_firms(np.random.default_rng(7), 3, 2)
    >>> firms.code, firms.has_history.tolist()
    (('E1', 'E2', 'E3', 'E4', 'E5'), [True, True, True, False, False])
    """
    count = with_history + without_history
    has_history = np.arange(count) < with_history
    size = rng.standard_normal(count)
    tie = c.SIZE_RISK_CORRELATION
    risk = tie * size + np.sqrt(1 - tie**2) * rng.standard_normal(count)
    pd = expit(intercept() + c.RISK_SLOPE * risk)
    default = rng.random(count) < pd
    sales_per_month = c.SALES_PER_MONTH * np.exp(c.SALES_PER_MONTH_SPREAD * size)
    return Firms(
        code=tuple(f"E{number}" for number in range(1, count + 1)),
        has_history=has_history,
        risk=risk,
        pd=pd,
        default=default,
        rating=_ratings(rng, risk, default),
        legal_form=_legal_forms(rng, has_history),
        tax_class=rng.choice(c.TAX_CLASSES, count, p=c.TAX_CLASS_SHARES),
        sales_per_month=sales_per_month,
        purchases_per_sale=c.PURCHASES_PER_SALE
        * np.exp(_mixed(rng, risk, c.PURCHASES_PER_SALE_RISK, c.PURCHASES_PER_SALE_NOISE)),
        ticket_fen=100 * c.TICKET_YUAN * np.exp(_mixed(rng, size, c.TICKET_SIZE, c.TICKET_NOISE)),
        drift=_mixed(rng, risk, c.DRIFT_RISK, c.DRIFT_NOISE),
        shock=c.SHOCK_SIZE * np.exp(_mixed(rng, risk, c.SHOCK_RISK, c.SHOCK_NOISE)),
        idle_rate=expit(logit(c.IDLE_RATE) + _mixed(rng, risk, c.IDLE_RISK, c.IDLE_NOISE)),
        void_rate=expit(logit(c.VOID_RATE) + _mixed(rng, risk, c.VOID_RISK, c.VOID_NOISE)),
        red_rate=expit(logit(c.RED_RATE) + _mixed(rng, risk, c.RED_RISK, c.RED_NOISE)),
        concentration=np.maximum(0.0, c.CONCENTRATION + _mixed(rng, risk, c.CONCENTRATION_RISK, c.CONCENTRATION_NOISE)),
        turnover=c.TURNOVER_PER_MONTH * np.exp(_mixed(rng, risk, c.TURNOVER_RISK, c.TURNOVER_NOISE)),
        entry_share=np.where(rng.random(count) < c.LATE_ENTRY_SHARE, c.LATEST_ENTRY * rng.random(count), 0.0),
        exit_hazard=c.EXIT_HAZARD * np.exp(c.EXIT_RISK * risk),
        repeated=rng.random(count) < c.REPEATED_SHARE,
    )


def intercept() -> float:
    """Return the intercept at which the mean probability of default over standard normal risk is `BAD_RATE`.

    >>> round(intercept(), 2)
    -2.17
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(64)
    weights = weights / weights.sum()
    return float(brentq(lambda a: float(weights @ expit(a + c.RISK_SLOPE * nodes)) - c.BAD_RATE, -10.0, 10.0))


def _mixed(rng: np.random.Generator, trait: Floats, weight: float, noise: float) -> Floats:
    return weight * trait + noise * rng.standard_normal(len(trait))


def _ratings(rng: np.random.Generator, risk: Floats, default: Bools) -> npt.NDArray[np.str_]:
    """Return ratings that copy the outcome, as the contest's do: most bad firms are D and no good one is."""
    seen = (risk + c.RATING_NOISE * rng.standard_normal(len(risk))).argsort().argsort() / max(1, len(risk))
    letters = np.array(["A", "B", "C"])[np.searchsorted(np.cumsum(c.GOOD_RATING_SHARES)[:2], seen, side="right")]
    return np.where(default & (rng.random(len(risk)) < c.RATING_COPIES_BAD), "D", letters)


def _legal_forms(rng: np.random.Generator, has_history: Bools) -> npt.NDArray[np.str_]:
    known, unknown = (
        rng.choice(c.FORMS, len(has_history), p=p) for p in (c.FORM_SHARES_WITH_HISTORY, c.FORM_SHARES_WITHOUT_HISTORY)
    )
    return np.where(has_history, known, unknown)
