"""In: a scene. Out: `bureau_report` records, one about the owner at each application, and one about a company. Used: by telling.

What other lenders lent and were not paid stands in the report a month late; beside it stand cards, a mortgage and small slips that
have nothing to do with the firm. What an account manager sensed (`unseen`) stands nowhere.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weilend.economy.firms import Bools, Floats, Ints
from weilend.economy.months import logistic, to_fen, to_ppm
from weilend.economy.people.scene import Scene
from weilend.economy.people.tokens import owner_codes
from weilend.economy.traces import dates, local_day, maybe, tell

_ABOUT: Final = ("owner", "business")
_MONTH_DAYS = 30
#: A loan that waited so many months is written off.
_WRITTEN_OFF_MONTHS = 6
#: What a bureau says of a company whose file it has: the rest stands in its owner's report only.
_OF_COMPANIES: Final = (
    "lenders_count", "loans_open_count", "loans_opened_6m_count", "outstanding_fen", "business_outstanding_fen", "monthly_due_fen",
    "overdue_fen", "dpd", "max_dpd_12m", "max_dpd_24m", "write_offs_count",
)  # fmt: skip


class _Debts(msgspec.Struct, frozen=True, eq=False):
    """What the firm of each application owes others by the month before it: counts, yuan, months of delay."""

    opened: dict[int, Ints]
    loans: Ints
    owed: Floats
    due: Floats
    late: Ints
    latest: dict[int, Ints]
    late_months: Ints
    dry: Floats


def tell_bureau(scene: Scene) -> list[pa.Table]:
    """Return the reports of a district.

    >>> from weilend.economy.people.scene import make_scene
    >>> from weilend.economy.plan import make_plan
    >>> scene = make_scene(make_plan(businesses=200, months=24, seed=1), 0)
    >>> reports = tell_bureau(scene)[0]
    >>> reports["about_whom"].to_pylist().count("owner") == len(scene.asks)
    True
    """
    dice, asks = scene.dice("bureau"), scene.asks
    owner, at = scene.askers(), scene.asked_at() - dice.integers(30, 110, len(asks))
    debts = _debts_of(scene)
    figures = _figures(scene, dice, debts) | {"first_loan_on": _first_loan(dice, at)}
    known_to = (debts.loans > 0) | (debts.late > 0)
    found = known_to | (dice.random(len(asks)) >= scene.plan.constants["no_file_share"])
    company = np.flatnonzero(scene.firms.is_company[asks.firm])
    has_file = dice.random(len(company)) < scene.plan.constants["company_file_share"]
    about_owner = {name: _known(value, found) for name, value in figures.items()}
    about_firm = {name: _known(figures[name][company], has_file) for name in _OF_COMPANIES}
    row = np.concatenate([np.arange(len(asks)), company])
    columns = {
        "owner_id": owner_codes(scene.district, owner[row]),
        "business_id": pa.array(scene.firms.code[asks.firm[row]]),
        "bureau": "national",
        "about_whom": pa.array(np.repeat(_ABOUT, [len(asks), len(company)])),
        "found": pa.array(np.concatenate([found, has_file])),
        **{name: _stacked(column, about_firm.get(name), len(company)) for name, column in about_owner.items()},
    }
    key = ("owner_id", "business_id", "about_whom", "happened_on")
    return [tell("bureau_report", columns, at=at[row], known_at=at[row], source="bureau", key=key)]


def _known(value: npt.NDArray[Any], known: Bools) -> pa.Array:
    """Return figures where there is a file, days as dates, a masked array with its own gaps too."""
    gaps = np.ma.getmaskarray(value)
    if value.dtype == np.int32:  # days
        return dates(np.ma.getdata(value), known & ~gaps)
    return maybe(np.ma.getdata(value), known & ~gaps)


def _stacked(owner: pa.Array, firm: pa.Array | None, count: int) -> pa.Array:
    return pa.concat_arrays([owner, pa.nulls(count, owner.type) if firm is None else firm])


def _debts_of(scene: Scene) -> _Debts:
    """Return what other lenders reported of each firm that asks, as of the month before."""
    months, firm, month = scene.months, scene.asks.firm, scene.asks.month
    borrowed, taken, service = _lent(scene)
    term = round(scene.plan.constants["lender_months"])
    opened, latest = {}, {}
    loans, owed, worst, late_months = (np.zeros(len(firm)) for _ in range(4))
    for back in range(1, 25):
        at = np.maximum(month - back, 0)
        there = month >= back
        lent = borrowed[firm, at] * there
        late = months.late[firm, at] * there
        worst, late_months = np.maximum(worst, late), late_months + (late > 0)
        if back <= term:
            loans, owed = loans + taken[firm, at] * there, owed + lent * (1 - (back - 1) / term)
        if back in (1, 3, 6, 12):
            opened[back] = loans.astype(np.int64)
        if back in (12, 24):
            latest[back] = worst.astype(np.int64)
    usual = np.maximum(scene.firms.sales[firm], 1.0)
    dry = np.clip(1 - months.cash[firm, month - 1] / usual, -1, 1)
    late_now = months.late[firm, month - 1]
    return _Debts(
        opened, loans.astype(np.int64), owed, service[firm, month], late_now, latest, late_months.astype(np.int64), dry
    )


def _lent(scene: Scene) -> tuple[Floats, Floats, Floats]:
    """Return what other lenders paid out (yuan), in how many loans, and what is due, by firm and month; what fraud took elsewhere
    among it, as far as a bureau hears of it.
    """
    months, starts = scene.months, scene.month_starts()
    borrowed, taken, service = months.borrowed.copy(), (months.borrowed > 0).astype(np.float64), months.service.copy()
    for one in scene.loans:
        month = np.searchsorted(starts, one.day, side="right") - 1
        told = np.flatnonzero((one.told == 1) & (month >= 0))
        np.add.at(borrowed, (one.firm[told], month[told]), one.fen[told] / 100)
        np.add.at(taken, (one.firm[told], month[told]), 1.0)
        for place in told:
            service[one.firm[place], month[place] + 1 : month[place] + 1 + one.months[place]] += one.due[place] / 100
    return borrowed, taken, service


def _figures(scene: Scene, dice: np.random.Generator, debts: _Debts) -> dict[str, npt.NDArray[Any]]:
    """Return the figures of the reports about owners."""
    return _enquiries(scene, dice, debts) | _owing(scene, dice, debts) | _conduct(scene, dice, debts)


def _enquiries(scene: Scene, dice: np.random.Generator, debts: _Debts) -> dict[str, npt.NDArray[Any]]:
    """Return credit enquiries: some for every loan that was granted, more where cash is missing."""
    c, count = scene.plan.constants, len(scene.asks)
    base = c["query_base"] * np.exp(c["query_dry"] * (debts.dry - 0.3))
    extra = scene.people.enquiries[scene.askers()]
    last = dice.poisson(base + c["query_loan"] * debts.opened[1]) + extra
    third = last + dice.poisson(2 * base + c["query_loan"] * (debts.opened[3] - debts.opened[1]))
    sixth = third + dice.poisson(3 * base + c["query_loan"] * (debts.opened[6] - debts.opened[3]))
    asked = np.where(third > 0, np.minimum(1 + dice.binomial(np.maximum(third - 1, 0), 0.7, count), third), 0)
    return {"queries_1m_count": last, "queries_3m_count": third, "queries_6m_count": sixth, "query_lenders_3m_count": asked}


def _owing(scene: Scene, dice: np.random.Generator, debts: _Debts) -> dict[str, npt.NDArray[Any]]:
    """Return loans and cards: those of the firm, and the owner's own."""
    c, count = scene.plan.constants, len(scene.asks)
    house = (dice.random(count) < c["mortgage_share"]) * c["mortgage_yuan"] * np.exp(0.6 * dice.standard_normal(count))
    personal = dice.poisson(c["personal_loans"] * np.exp(0.5 * debts.dry))
    loan = personal * 24_000 * np.exp(0.7 * dice.standard_normal(count))
    cards = dice.poisson(c["cards"], count)
    limit: Floats = c["card_limit_yuan"] * np.exp(0.5 * dice.standard_normal(count)) * cards
    discipline = scene.firms.discipline[scene.asks.firm]
    drawn = logistic(-0.6 + 1.1 * debts.dry - 0.3 * discipline + 0.9 * dice.standard_normal(count))
    firm_lenders = debts.loans - dice.binomial(np.maximum(debts.loans - 1, 0), 0.25)
    small = dice.binomial(firm_lenders + personal, c["small_lender_share"])
    unsecured: Floats = loan + limit * drawn + debts.owed * dice.choice([0.4, 1.0, 1.0], count)
    return {
        "lenders_count": firm_lenders + personal + (house > 0),
        "lenders_small_loan_count": small,
        "loans_open_count": debts.loans + personal + (house > 0),
        "loans_opened_6m_count": debts.opened[6] + dice.binomial(personal, 0.4),
        "cards_count": cards,
        "outstanding_fen": to_fen(debts.owed + house + loan + limit * drawn),
        "unsecured_outstanding_fen": to_fen(unsecured),
        "business_outstanding_fen": to_fen(debts.owed),
        "revolving_limit_fen": to_fen(limit),
        "monthly_due_fen": to_fen(debts.due + house * 0.0062 + loan * 0.065 + limit * drawn * 0.05),
        "utilisation_ppm": np.ma.masked_array(to_ppm(drawn), mask=cards == 0),
    }


def _conduct(scene: Scene, dice: np.random.Generator, debts: _Debts) -> dict[str, npt.NDArray[Any]]:
    """Return delays: those towards other lenders, and slips of a few days; guarantees; the bureau's own points."""
    c, count, firm = scene.plan.constants, len(scene.asks), scene.asks.firm
    forgets = logistic(c["slip_base"] + 1.2 + c["slip_discipline"] * scene.firms.discipline[firm])
    slips = dice.binomial(4, forgets)
    slip_days = np.where(slips > 0, np.minimum(dice.geometric(0.16, count), 29), 0)
    recent = np.where(dice.random(count) < 0.5, slip_days, 0)
    within = dice.integers(0, _MONTH_DAYS - 1, count)
    days = {back: np.where(late > 0, late * _MONTH_DAYS - within, 0) for back, late in debts.latest.items()}
    now = np.where(debts.late > 0, debts.late * _MONTH_DAYS - within, 0)
    worst = np.maximum(days[24], slip_days)
    overdue: Floats = debts.due * debts.late
    guarantees = dice.poisson(c["guarantees"], count)
    guaranteed: Floats = 90_000 * np.exp(0.8 * dice.standard_normal(count)) * guarantees
    raw = 660 - 2.2 * np.minimum(worst, 40) - 9 * np.minimum(debts.loans, 6) - 40 * debts.dry + 45 * dice.standard_normal(count)
    silent = dice.random(count) >= c["points_share"]
    return {
        "overdue_fen": to_fen(overdue),
        "dpd": now,
        "max_dpd_12m": np.maximum(np.maximum(days[12], recent), now),
        "max_dpd_24m": np.maximum(worst, now),
        "overdue_months_24m_count": np.minimum(debts.late_months + slips, 24),
        "write_offs_count": (debts.latest[24] >= _WRITTEN_OFF_MONTHS).astype(np.int64),
        "guarantees_count": guarantees,
        "guarantees_fen": to_fen(guaranteed),
        "bureau_points": np.ma.masked_array(np.clip(raw, 300, 850).astype(np.int64), mask=silent),
    }


def _first_loan(dice: np.random.Generator, at: Ints) -> npt.NDArray[np.int32]:
    """Return the days of the first loan ever: some eight years ago at the mean."""
    return (local_day(at) - 60 - dice.gamma(2.0, 1_450, len(at)).astype(np.int64)).astype(np.int32)
