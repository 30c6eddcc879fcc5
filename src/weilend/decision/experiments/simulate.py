"""In: a design, an invented market, a seed. Out: how often it promotes, rejects, stops. Used: to state false alarms and power
before a trial begins, and by the tests that hold the design to them.

Owners come every month with one to four loans; within an owner the dice are the same with some probability. A loan's value is known
six months later, whether it was late at once. Months, delays and looks are those of the design; the looks are `judge`'s own.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.core.money import PPM
from weilend.decision.experiments.judge import MEASURES, Design, Measure, compare_arms

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]
#: Runs that are drawn together, to stay within memory.
BATCH: Final = 50
MOST_LOANS: Final = 4


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """Who comes to a trial and what becomes of them. `pd_factor` and `margin_factor` say what the challenger does to both:
    1,000,000 is nothing, and a trial of a policy against itself.

    >>> Market().owners
    4320
    """

    months: int = 18
    owners_a_month: int = 240
    share_ppm: int = 500_000
    pd_ppm: int = 80_000
    margin_ppm: int = 90_000
    lgd_ppm: int = 600_000
    alike_ppm: int = 600_000
    pd_factor_ppm: int = PPM
    margin_factor_ppm: int = PPM

    @property
    def owners(self) -> int:
        """The owners of both arms."""
        return self.months * self.owners_a_month


class Simulated(msgspec.Struct, frozen=True, kw_only=True):
    """How runs ended, and after how many months half of those that stopped had stopped.

    >>> Simulated(runs=100, promoted=3, rejected=1, guarded=1, median_months=20).alarms_ppm
    50000
    """

    runs: int
    promoted: int
    rejected: int
    guarded: int
    median_months: int | None

    @property
    def alarms_ppm(self) -> int:
        """The share of runs that ended in any difference."""
        return PPM * (self.promoted + self.rejected + self.guarded) // self.runs

    @property
    def power_ppm(self) -> int:
        """The share of runs that promoted the challenger."""
        return PPM * self.promoted // self.runs


def simulate(
    design: Design,
    market: Market,
    *,
    runs: int,
    seed: int,
    unit: Literal["owner", "loan"] = "owner",
    peek: float | None = None,
) -> Simulated:
    """Return how often a design says what.

    `unit` and `peek` show what goes wrong otherwise: loans counted as if each were an owner, and every look at one z.

    >>> small = Market(months=6, owners_a_month=60)
    >>> found = simulate(Design(planned_owners=small.owners), small, runs=20, seed=1)
    >>> found.runs, found.promoted + found.rejected + found.guarded < 6
    (20, True)
    """
    rng = np.random.default_rng(seed)
    bounds = _bounds(design, market, peek)
    month = np.full(runs, np.iinfo(np.int64).max)
    said = np.full(runs, -1)
    for start in range(0, runs, BATCH):
        stop = min(start + BATCH, runs)
        sums = _draw(market, stop - start, rng, unit)
        for at, measure in enumerate(MEASURES):
            z, _ = compare_arms(np.cumsum(sums[measure], axis=1), measure)
            reached = (np.abs(z) if measure == "value" else z) >= bounds[measure]
            first = np.where(reached.any(axis=1), reached.argmax(axis=1), -1)
            when = np.where(first >= 0, first + design.months_of(measure), np.iinfo(np.int64).max)
            sign = np.take_along_axis(z, np.maximum(first, 0)[:, None], axis=1)[:, 0] > 0
            earlier = when < month[start:stop]
            month[start:stop] = np.where(earlier, when, month[start:stop])
            said[start:stop] = np.where(earlier, 2 * at + sign, said[start:stop])
    stopped = month[said >= 0]
    value = 2 * MEASURES.index("value")
    return Simulated(
        runs=runs,
        promoted=int((said == value + 1).sum()),
        rejected=int((said == value).sum()),
        guarded=int(((said >= 0) & (said < value)).sum()),
        median_months=int(np.median(stopped)) if len(stopped) else None,
    )


def _bounds(design: Design, market: Market, peek: float | None) -> dict[Measure, Floats]:
    owners = [market.owners_a_month * (at + 1) for at in range(market.months)]
    return {
        measure: np.array(design.bounds_of(measure, owners)) if peek is None else np.full(market.months, peek)
        for measure in MEASURES
    }


def _draw(market: Market, runs: int, rng: np.random.Generator, unit: str) -> dict[Measure, Floats]:
    """Return sums over owners (runs, months, 2, 6) of each measure, as `judge.count_moments` has them."""
    shape = (runs, market.months, market.owners_a_month)
    challenger = rng.random(shape) * PPM < market.share_ppm
    there = np.arange(MOST_LOANS) < rng.integers(1, MOST_LOANS + 1, shape)[..., None]
    pd = market.pd_ppm / PPM * np.where(challenger, market.pd_factor_ppm / PPM, 1.0)[..., None]
    alike = rng.random(shape) * PPM < market.alike_ppm
    dice = np.where(alike[..., None], rng.random(shape)[..., None], rng.random((*shape, MOST_LOANS)))
    bad = there & (dice < pd)
    amount = 5_000_000.0 * np.exp(0.5 * rng.normal(size=(*shape, MOST_LOANS)))
    margin = market.margin_ppm / PPM * np.where(challenger, market.margin_factor_ppm / PPM, 1.0)[..., None]
    value = amount * np.where(bad, -market.lgd_ppm / PPM, margin) * there
    late = rng.random((*shape, MOST_LOANS))
    rows: dict[Measure, Floats] = {
        "value": value,
        "fpd7": (there & (late < np.where(bad, 0.35, 0.02))).astype(np.float64),
        "dpd7": (there & (late < np.where(bad, 0.6, 0.05))).astype(np.float64),
    }
    return {measure: _moments(measure, row, there, challenger, unit) for measure, row in rows.items()}


def _moments(measure: Measure, row: Floats, there: Booleans, challenger: Booleans, unit: str) -> Floats:
    one = there.astype(np.float64)
    if unit == "owner":
        b, count = row.sum(axis=-1), one.sum(axis=-1)
        n, owners = (np.ones_like(count) if measure == "value" else count), np.ones_like(count)
        terms, arms = (owners, b, n, b * b, b * n, n * n), (~challenger, challenger)
        return np.stack([np.stack([(term * arm).sum(axis=2) for term in terms], axis=-1) for arm in arms], axis=2)
    terms = (one, row, one, row * row, row, one)
    arms = (~challenger[..., None], challenger[..., None])
    return np.stack([np.stack([(term * arm).sum(axis=(2, 3)) for term in terms], axis=-1) for arm in arms], axis=2)
