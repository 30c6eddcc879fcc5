"""In: a seed. Out: `Portfolio`, firms of a world as a lender's files give them, and apart from them what became of each.
Used: by the demo, stories and benches.

Of a world told until February 2020 every firm that issues invoices asks for the standard loan in January. Some are drawn as
they come: nobody knows their outcome. Of the rest a sample is drawn by outcome, as the contest drew its own. Numbers are given
in random order.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weilend.core.calendars import Calendar
from weilend.core.errors import InputError
from weilend.economy.churn import make_churn
from weilend.economy.constants import declared
from weilend.economy.credit import Asks, expected_pd, hazards, outcome, standard_offer, throw
from weilend.economy.firms import NEVER, Bools, Firms, Floats, Ints, make_firms
from weilend.economy.months import Months, live_months, to_ppm
from weilend.economy.plan import WorldPlan, make_plan
from weilend.economy.portfolio_papers import Sides, join_sides, mask_papers, see_sides
from weilend.economy.trade import make_papers
from weilend.sources import Churn, write, write_churn
from weilend.sources.cumcm2020c import EXPORT_DAY

CHURN_FILE: Final = "rate_and_churn.csv"

#: The contest's invoices are of 2016-10 to 2020-02.
LAST_ON: Final = date(2020, 2, 29)
MONTHS: Final = 41
#: All ask in the month that begins with the as_of of the demo, 2020-01-01: the last but one that is told.
ASKED_FROM_END: Final = 2
#: Assumption: who has been open for less is not lent to.
LEAST_AGE_MONTHS: Final = 6
#: The contest: 27 of 123 went bad. That is how its sample was chosen, not a market's rate.
BAD_SHARE: Final = 0.22
#: Of the contest's 27 bad firms 24 are rated D, and no good one is.
RATING_COPIES_BAD: Final = 0.89
#: Assumption: what a bank sees of risk, in spreads of the logit of the true PD.
RATING_NOISE: Final = 1.0
#: The contest's good firms: 27 A, 38 B, 34 C.
GOOD_RATING_SHARES: Final = (0.28, 0.39, 0.33)
#: Who has nothing but invoices to go by needs a world in which they tell something: these constants stand at that end of their
#: bounds (`constants.toml`) at which invoices tell most of risk. No model sees more than about .69 in them even so.
CLEAR: Final = {
    "quality_size": "hi",
    "quality_age": "hi",
    "margin_quality": "hi",
    "growth_quality": "hi",
    "shock_quality": "lo",
    "void_quality": "lo",
    "red_quality": "lo",
    "default_quality": "lo",
    "default_unseen": "lo",
    "default_shock": "lo",
    "default_strain": "hi",
}
#: How large a world is for each firm wanted: some 7 in 100 of those who issue invoices, a third of all, go bad.
BUSINESSES_PER_KNOWN: Final = 15
BUSINESSES_PER_UNKNOWN: Final = 4
LEAST_BUSINESSES: Final = 1_009


class Portfolio(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a lender would be given, and what only we know.

    `records` has a table per kind (subjects, fields, happened_on). `truth` (business_id, world_id, has_history, pd_ppm, outcome)
    holds the code of each firm in its world, its true probability and its outcome; no file has it. `churn` is made by a formula.

    >>> portfolio = make_portfolio(7, with_history=30, without_history=10)
    >>> portfolio.truth.num_rows, "pd_ppm" in portfolio.records["external_outcome"].column_names
    (40, False)
    """

    records: dict[str, pa.Table]
    truth: pa.Table
    churn: Churn


class Asked(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Firms that ask for the standard loan, one array entry each: where they live, who they are, what becomes of the loan."""

    district: Ints
    place: Ints
    world_id: npt.NDArray[np.str_]
    is_company: Bools
    pd: Floats
    bad: Bools

    def __len__(self) -> int:
        return len(self.place)


class _Lived(msgspec.Struct, frozen=True, eq=False):
    """A district as it lived, and who of it asks."""

    firms: Firms
    months: Months
    asked: Asked


def make_portfolio(seed: int, *, with_history: int = 123, without_history: int = 302, months: int = MONTHS) -> Portfolio:
    """Return firms with their invoices of the last `months` months up to February 2020, the same for the same seed.

    Raises `InputError` for fewer than one firm of each sort, for months that no world has, or where too few firms go bad.

    >>> portfolio = make_portfolio(1, with_history=3, without_history=2)
    >>> portfolio.truth["business_id"].to_pylist(), sorted(portfolio.records)
    (['E1', 'E2', 'E3', 'E4', 'E5'], ['external_outcome', 'external_rating', 'invoice', 'registry_event'])
    """
    if min(with_history, without_history) < 1:
        raise InputError("a portfolio needs firms with and without history", hint="give 1 or more firms of each sort")
    wanted = max(LEAST_BUSINESSES, BUSINESSES_PER_KNOWN * with_history + BUSINESSES_PER_UNKNOWN * without_history)
    plan = make_clear(make_plan(businesses=wanted, months=months, seed=seed, last_on=LAST_ON))
    lived = [_live(plan, number) for number in range(plan.districts)]
    everyone = _joined([one.asked for one in lived])
    chosen = _rows(everyone, choose(plan.dice("portfolio"), everyone.bad, with_history, without_history))
    known = np.arange(len(chosen)) < with_history
    codes = np.char.add("E", (np.arange(len(chosen)) + 1).astype(str))
    sides = join_sides([_papers_of(plan, number, one, chosen) for number, one in enumerate(lived)])
    invoices = mask_papers(plan.dice("portfolio papers"), codes, known, sides)
    records = {"invoice": invoices, **_firm_tables(plan.dice("portfolio ratings"), codes, known, chosen)}
    return Portfolio(records=records, truth=_truth(codes, known, chosen), churn=make_churn())


def write_portfolio(portfolio: Portfolio, folder: Path, *, calendar: Calendar) -> tuple[Path, ...]:
    """Write a portfolio as the files of `cumcm2020c`, the synthetic table of rates and losses included; no truth.

    >>> import tempfile
    >>> portfolio = make_portfolio(1, with_history=3, without_history=2)
    >>> [path.name for path in write_portfolio(portfolio, Path(tempfile.mkdtemp()), calendar=Calendar())][-1]
    'rate_and_churn.csv'
    """
    paths = write("cumcm2020c", portfolio.records, folder, calendar=calendar)
    write_churn(portfolio.churn, folder / CHURN_FILE)
    return (*paths, folder / CHURN_FILE)


def make_clear(plan: WorldPlan) -> WorldPlan:
    """Return the plan with the constants of `CLEAR` at their ends.

    >>> plan = make_clear(make_plan(businesses=50, months=12, seed=1))
    >>> plan.constants["void_quality"], plan.constants["exit_hazard"]
    (-0.4, 0.006)
    """
    ends = {name: float(getattr(declared()[name], end)) for name, end in CLEAR.items()}
    constants = msgspec.structs.replace(plan.constants, values=plan.constants.values | ends)
    return msgspec.structs.replace(plan, constants=constants)


def choose(dice: np.random.Generator, bad: Bools, with_history: int, without_history: int) -> Ints:
    """Return positions of firms in random order: first those with history, `BAD_SHARE` of them bad, then the others as they come.

    Raises `InputError` where there are not enough of either outcome.

    >>> chosen = choose(np.random.default_rng(1), np.arange(100) < 30, 9, 50)
    >>> len(set(chosen.tolist())), int((chosen[:9] < 30).sum())
    (59, 2)
    """
    order = dice.permutation(len(bad))
    unknown, rest = order[:without_history], order[without_history:]
    worse = round(BAD_SHARE * with_history)
    fallen, fine = rest[bad[rest]][:worse], rest[~bad[rest]][: with_history - worse]
    if len(fallen) + len(fine) + len(unknown) < with_history + without_history:
        said = f"of {len(bad):,} firms that ask only {bad.sum():,} go bad, too few for {with_history:,} firms with history"
        raise InputError(said, hint="take another seed, or fewer firms with history")
    return np.concatenate([dice.permutation(np.concatenate([fallen, fine])), unknown])


def _live(plan: WorldPlan, number: int) -> _Lived:
    """Return a district in which every open firm that issues invoices asks for the standard loan."""
    firms, month = make_firms(plan, number), plan.months - ASKED_FROM_END
    months = live_months(plan, number, firms)
    place = np.flatnonzero(firms.has_invoices & months.open[:, month] & (month - firms.founded >= LEAST_AGE_MONTHS))
    asks = Asks(firm=place, month=np.full(len(place), month), want=firms.sales[place])
    offer = standard_offer(months, asks)
    hazard = hazards(plan.constants, firms, months, asks, offer)
    asked = Asked(
        district=np.full(len(place), number),
        place=place,
        world_id=firms.code[place],
        is_company=firms.is_company[place],
        pd=expected_pd(plan, number, firms, months, asks, [offer])[:, 0],
        bad=outcome(hazard, asks, throw(plan, number, len(firms))) < NEVER,
    )
    return _Lived(firms, months, asked)


def _joined(parts: list[Asked]) -> Asked:
    return Asked(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in Asked.__struct_fields__})


def _rows(asked: Asked, rows: Ints) -> Asked:
    return Asked(**{name: getattr(asked, name)[rows] for name in Asked.__struct_fields__})


def _papers_of(plan: WorldPlan, number: int, lived: _Lived, chosen: Asked) -> Sides:
    """Return the invoices of the chosen firms of a district."""
    seat = np.full(len(lived.firms), -1)
    here = np.flatnonzero(chosen.district == number)
    seat[chosen.place[here]] = here
    return see_sides(make_papers(plan, number, lived.firms, lived.months), seat, number)


def _firm_tables(dice: np.random.Generator, codes: npt.NDArray[np.str_], known: Bools, chosen: Asked) -> dict[str, pa.Table]:
    frame = {"business_id": pa.array(codes), "happened_on": pa.repeat(pa.scalar(EXPORT_DAY, pa.date32()), len(codes))}
    form = np.where(chosen.is_company, "company", "sole_trader")
    event = {"event": pa.repeat("registered", len(codes)), "legal_form": _texts(form)}
    rating = {"rater": pa.repeat("bank", len(codes)), "rating": _texts(rate_firms(dice, chosen.pd, chosen.bad))}
    return {
        "registry_event": pa.table({**frame, **event}),
        "external_outcome": pa.table({**frame, "outcome": _outcomes(chosen)}).filter(pa.array(known)),
        "external_rating": pa.table({**frame, **rating}).filter(pa.array(known)),
    }


def rate_firms(dice: np.random.Generator, pd: Floats, bad: Bools) -> npt.NDArray[np.str_]:
    """Return ratings that copy the outcome, as the contest's do: most bad firms are D, no good one is; the rest go by noisy risk.

    >>> rate_firms(np.random.default_rng(1), np.array([0.1, 0.2, 0.3, 0.4]), np.array([False, False, False, True])).tolist()
    ['A', 'B', 'C', 'D']
    """
    logit = np.log(np.clip(pd, 1e-6, 1 - 1e-6)) - np.log1p(-np.clip(pd, 1e-6, 1 - 1e-6))
    seen = logit + RATING_NOISE * logit.std() * dice.standard_normal(len(pd))
    rank = seen.argsort().argsort() / len(pd)
    letters = np.array(["A", "B", "C"])[np.searchsorted(np.cumsum(GOOD_RATING_SHARES)[:2], rank, side="right")]
    return np.where(bad & (dice.random(len(pd)) < RATING_COPIES_BAD), "D", letters)


def _truth(codes: npt.NDArray[np.str_], known: Bools, chosen: Asked) -> pa.Table:
    return pa.table({
        "business_id": pa.array(codes),
        "world_id": pa.array(chosen.world_id),
        "has_history": known,
        "pd_ppm": to_ppm(chosen.pd),
        "outcome": _outcomes(chosen),
    })  # fmt: skip


def _outcomes(chosen: Asked) -> pa.Array:
    return _texts(np.where(chosen.bad, "default", "no_default"))


def _texts(values: npt.NDArray[np.str_]) -> pa.Array:
    return pa.array(values.tolist(), pa.string())
