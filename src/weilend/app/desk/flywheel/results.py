"""In: a run and its rivals. Out: `Result`: who earned what, by month and in all, and what it meant to small businesses.
Used: by the report and the nightly campaign.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from weilend.app.desk.flywheel.lending import answer
from weilend.app.desk.flywheel.rivals import Contender
from weilend.app.desk.flywheel.run import Run
from weilend.app.desk.flywheel.showing import find_thin, monthly_fen
from weilend.core.money import PPM
from weilend.economy.firms import NEVER
from weilend.models.table import Booleans, Integers

FLYWHEEL, TUNED, ORACLE, VISIBLE = "flywheel", "tuned rules", "oracle", "all that files say"
#: A good firm is honest and would repay a loan of one month's sales at this rate.
GOOD_RATE_PPM: Final = 180_000
#: What the flywheel is asked to close of the gap between tuned rules and the oracle, in ppm.
BAR_PPM: Final = 600_000


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """What one contender did over some months: counts, money in fen, shares in ppm (None where there is nothing to share)."""

    name: str
    about: str
    approved: int
    loans: int
    lent_fen: int
    profit_fen: int
    bad_ppm: int | None
    lost_fen: int
    fraud_lost_fen: int
    good_rate_ppm: int | None
    good_approved: int
    thin_good_approved: int
    thin_bad_ppm: int | None
    identity: str = ""


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """A whole run in values. `lines` are over all months (`by_product` of each product's applicants), `later` from the month after
    the first promotion on (none: empty).

    `monthly` is each contender's profit (fen) by month of application; `share_ppm` is (flywheel − tuned) / (oracle − tuned), None
    where the oracle is no better; `visible_share_ppm` the same with all that files say in the oracle's place. `ceiling_ppm` is the
    share of the way to the oracle that all that files say has gone: nothing that reads files goes further.
    """

    users: int
    businesses: int
    seed: int
    world_seed: int
    months: int
    applications: int
    caused: int
    first_model_month: int | None
    lines: tuple[Line, ...]
    later: tuple[Line, ...]
    monthly: dict[str, tuple[int, ...]]
    share_ppm: int | None
    later_share_ppm: int | None
    visible_share_ppm: int | None
    later_visible_share_ppm: int | None
    by_product: dict[str, tuple[Line, ...]] = {}
    ceiling_ppm: int | None = None
    later_ceiling_ppm: int | None = None


def summarise(run: Run, rivals: Sequence[Contender]) -> Result:
    """Return a run and its rivals in values."""
    good, thin = find_good(run), find_thin(run.shown)
    first = next((one.month for one in run.lessons if one.promoted), None)
    every = np.ones(len(run.rows), np.bool_)
    later = every & (run.month > first) if first is not None else ~every
    lines = tuple(_line(run, one, every, good, thin) for one in rivals)
    after = tuple(_line(run, one, later, good, thin) for one in rivals) if later.any() else ()
    plan = run.ground.plan
    return Result(
        users=plan.users, businesses=plan.businesses, seed=plan.seed,
        world_seed=plan.constants.world_seed, months=run.ground.months,
        applications=len(run.rows), caused=int(run.ground.asked.caused[run.rows].sum()),
        first_model_month=None if first is None else first + 2,
        lines=lines, later=after,
        by_product={
            name: tuple(_line(run, one, np.isin(np.arange(len(run.rows)), run.of_product(name)), good, thin) for one in rivals)
            for name in run.products
        },
        monthly={one.name: tuple(_by_month(run, one.profit_fen(run)).tolist()) for one in rivals},
        share_ppm=share_of(lines, ORACLE), later_share_ppm=share_of(after, ORACLE),
        visible_share_ppm=share_of(lines, VISIBLE), later_visible_share_ppm=share_of(after, VISIBLE),
        ceiling_ppm=share_of(lines, ORACLE, VISIBLE), later_ceiling_ppm=share_of(after, ORACLE, VISIBLE),
    )  # fmt: skip


def share_of(lines: Sequence[Line], best: str, who: str = FLYWHEEL) -> int | None:
    """Return which share (ppm) of the way from tuned rules to the best contender somebody has gone; None where there is none.

    >>> share_of((), "oracle") is None
    True
    """
    profit = {one.name: one.profit_fen for one in lines}
    if not {who, TUNED, best} <= set(profit) or profit[best] <= profit[TUNED]:
        return None
    return round(PPM * (profit[who] - profit[TUNED]) / (profit[best] - profit[TUNED]))


def cheaper_and_safer(result: Result) -> bool:
    """Return whether good firms paid less than under tuned rules at equal or lower loss, since a model decides."""
    own, tuned = _pair(result)
    return (own.good_rate_ppm or PPM) < (tuned.good_rate_ppm or 0) and own.lost_fen <= tuned.lost_fen


def kinder_to_thin(result: Result) -> bool:
    """Return whether more good firms with thin files were approved than by tuned rules, at no higher bad rate among them."""
    own, tuned = _pair(result)
    return own.thin_good_approved > tuned.thin_good_approved and (own.thin_bad_ppm or 0) <= (tuned.thin_bad_ppm or 0)


def _pair(result: Result) -> tuple[Line, Line]:
    line = {one.name: one for one in result.later or result.lines}
    return line[FLYWHEEL], line[TUNED]


def find_good(run: Run) -> Booleans:
    """Return who is honest and would repay a month's sales (truth)."""
    limit = np.minimum(monthly_fen(run.shown), run.sheet.terms.max_amount_fen)
    good = np.zeros(len(run.rows), np.bool_)
    at = np.full(len(run.ground.asked), -1)
    at[run.rows] = np.arange(len(run.rows))
    for one in answer(run.ground, run.rows, limit, np.full(len(run.rows), GOOD_RATE_PPM)):
        good[at[one.rows]] = one.loans.stop == NEVER
    honest: Booleans = run.ground.asked.fraud[run.rows] == 0
    return np.logical_and(good, honest)


def _line(run: Run, one: Contender, where: Booleans, good: Booleans, thin: Booleans) -> Line:
    taken = one.outcomes.taken & where
    approved = one.approved & where
    nice, slight = taken & good, taken & thin
    fraud = run.ground.asked.fraud[run.rows] > 0
    return Line(
        name=one.name, about=one.about, approved=int(approved.sum()), loans=int(taken.sum()),
        lent_fen=int(one.limit_fen[taken].sum()), profit_fen=int(one.profit_fen(run)[where].sum()),
        bad_ppm=_ppm(one.outcomes.bad[taken]), lost_fen=int(one.outcomes.lost_fen[taken].sum()),
        fraud_lost_fen=int(one.outcomes.lost_fen[taken & fraud].sum()),
        good_rate_ppm=int(one.rate_ppm[nice].mean()) if nice.any() else None,
        good_approved=int((approved & good).sum()), thin_good_approved=int((approved & good & thin).sum()),
        thin_bad_ppm=_ppm(one.outcomes.bad[slight]), identity=one.identity,
    )  # fmt: skip


def _ppm(flags: Booleans) -> int | None:
    return round(PPM * float(flags.mean())) if len(flags) else None


def _by_month(run: Run, fen: Integers) -> Integers:
    return np.bincount(run.month, weights=fen, minlength=run.ground.months).astype(np.int64)
