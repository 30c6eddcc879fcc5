"""In: a scene. Out: `registry_event` and `registry_profile` records. Used: by telling.

The register publishes within twenty working days, but we know an event from our first look at the firm on: once a year, and
whenever it asks for money. A look is a state; the register keeps no past of it.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
import pyarrow as pa

from weilend.economy.catalogue import catalogue
from weilend.economy.firms import Floats, Ints
from weilend.economy.people.holdings import NO_DAY
from weilend.economy.people.making import first_day, first_days
from weilend.economy.people.scene import Scene
from weilend.economy.people.tokens import DISTRICT_NUMBERS, tokens
from weilend.economy.traces import DAY, dates, instant, local_day, maybe, tell, words

#: The register's office hours, as seconds of the day.
_OPENS, _SHUTS = 9 * 3_600, 17 * 3_600
_PUBLISHED_DAYS: Final = 28
#: Events are drawn this long before the first month told: as far as features look back.
_BACK_DAYS = 1_095
#: A look for an application comes so long before it is sent.
_LOOK_SECONDS = 1_800
_STATES: Final = ("active", "abnormal", "cancelled")
_SIZES: Final = ("micro", "small", "medium")
#: Yearly sales (yuan) from which a firm is small, and medium (retail of the ministry's standard of 2011).
_SIZE_EDGES = (1_000_000, 5_000_000)
#: Registered capital in yuan as people choose it.
_CAPITALS = np.array([30_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000, 5_000_000, 10_000_000])
#: Beyond any day: firm and day as one number.
_FAR = 1 << 20


class _Course(msgspec.Struct, frozen=True, eq=False):
    """What became of each firm in the register, in days (`NO_DAY` never), and its other changes as rows."""

    founded: Ints
    listed: Ints
    delisted: Ints
    cancelled: Ints
    firm: Ints
    day: Ints
    sort: Ints


def tell_register(scene: Scene) -> dict[str, list[pa.Table]]:
    """Return the records of the business register of a district.

    >>> from weilend.economy.people.scene import make_scene
    >>> from weilend.economy.plan import make_plan
    >>> told = tell_register(make_scene(make_plan(businesses=60, months=12, seed=1), 0))
    >>> told["registry_profile"][0].num_rows >= 60
    True
    """
    dice = scene.dice("register")
    course = _draw_course(scene, dice)
    firm, at = _looks(scene, dice, course)
    first = np.full(len(scene.firms), scene.end_at)
    np.minimum.at(first, firm, at)
    return {
        "registry_event": [_events(scene, dice, course, first)],
        "registry_profile": [_profiles(scene, dice, course, firm, at)],
    }


def _draw_course(scene: Scene, dice: np.random.Generator) -> _Course:
    """Draw what happens to firms in the register."""
    c, firms, plan, count = scene.plan.constants, scene.firms, scene.plan, len(scene.firms)
    start, end = first_day(plan, 0) - _BACK_DAYS, first_day(plan, plan.months)
    founded = first_days(plan, firms.founded) + dice.integers(0, 28, count)
    closing = scene.closing_days()
    leaves = (closing < NO_DAY) & (dice.random(count) < c["cancelled_share"])
    listed = _falls_on(
        dice,
        c["abnormal_year"] * np.exp(c["abnormal_discipline"] * firms.discipline),
        np.maximum(founded + 180, start),
        np.minimum(closing + 300, end),
    )
    back = listed + np.ceil(dice.exponential(150, count)).astype(np.int64)
    since, until = np.maximum(founded + 30, start), np.minimum(closing, end)
    firm, day, sort = _changes(scene, dice, since, until)
    return _Course(
        founded=founded,
        listed=listed,
        delisted=np.where((listed < NO_DAY) & (dice.random(count) < c["delisted_share"]), back, NO_DAY),
        cancelled=np.where(leaves, closing + dice.integers(20, 120, count), NO_DAY),
        firm=firm,
        day=day,
        sort=sort,
    )


def _words() -> list[str]:
    """Return the words of changes in the register, moves last."""
    return [*(one.event for one in catalogue().register_changes), "address_changed"]


def _changes(scene: Scene, dice: np.random.Generator, since: Ints, until: Ints) -> tuple[Ints, Ints, Ints]:
    """Return (firm, day, sort) of changes: those of honest life, moves, and what fraud does; only some tell the register of a
    move.
    """
    firms, address, count = scene.firms, scene.people.address, len(scene.firms)
    years = np.maximum(until - since, 0) / 365
    parts = []
    for sort, one in enumerate(catalogue().register_changes):
        yearly = one.yearly * np.exp(one.tie * getattr(firms, one.by)) * (firms.is_company if one.companies else 1.0)
        firm = np.repeat(np.arange(count), dice.poisson(yearly * years))
        parts.append((firm, since[firm] + (dice.random(len(firm)) * (until - since)[firm]).astype(np.int64), sort))
    moves = np.flatnonzero(address.changes() & (dice.random(count) < scene.plan.constants["move_registered_share"]))
    parts.append((moves, address.since[moves] + dice.integers(3, 60, len(moves)), len(parts)))
    parts += [(one.firm, one.day, _words().index(one.event)) for one in scene.changes if one.event in _words()]
    sorts = np.concatenate([np.full(len(firm), sort) for firm, _, sort in parts])
    return np.concatenate([firm for firm, _, _ in parts]), np.concatenate([day for _, day, _ in parts]), sorts


def _falls_on(dice: np.random.Generator, yearly: Floats, since: Ints, until: Ints) -> Ints:
    day = since + np.ceil(dice.exponential(365 / yearly)).astype(np.int64)
    return np.where(day < until, day, NO_DAY)


def _looks(scene: Scene, dice: np.random.Generator, course: _Course) -> tuple[Ints, Ints]:
    """Return (firm, instant) of every look: yearly in a month of its own, and before each application."""
    count, plan = len(scene.firms), scene.plan
    phase = dice.integers(0, 12, count)
    month = phase[:, None] + 12 * np.arange(-(-plan.months // 12))
    firm = np.broadcast_to(np.arange(count)[:, None], month.shape)
    told = month < plan.months
    firm, month = firm[told], month[told]
    at = instant(scene.month_starts()[month] + dice.integers(0, 28, len(month)), dice.integers(_OPENS, _SHUTS, len(month)))
    there = (local_day(at) > course.founded[firm]) & (local_day(at) < np.minimum(course.cancelled, NO_DAY)[firm] + 400)
    asked = scene.asked_at() - _LOOK_SECONDS
    return np.concatenate([firm[there], scene.asks.firm]), np.concatenate([at[there], asked])


def _events(scene: Scene, dice: np.random.Generator, course: _Course, first: Ints) -> pa.Table:
    """Return the events: founding, listing, changes, the end."""
    names = ("registered", "listed_abnormal", "delisted_abnormal", "cancelled")
    dated = (course.founded, course.listed, course.delisted, course.cancelled)
    rows = [np.flatnonzero(day < NO_DAY) for day in dated]
    vocabulary = (*names, *_words())
    firm = np.concatenate([*rows, course.firm])
    day = np.concatenate([*(one[row] for one, row in zip(dated, rows, strict=True)), course.day])
    sort = np.concatenate([*(np.full(len(row), place) for place, row in enumerate(rows)), course.sort + len(names)])
    at = instant(day, dice.integers(_OPENS, _SHUTS, len(day)))
    known = np.maximum(at + dice.integers(1, _PUBLISHED_DAYS, len(at)) * DAY, first[firm])
    kept = np.flatnonzero((known < scene.end_at) & (at < scene.end_at))
    columns = {
        "business_id": pa.array(scene.firms.code[firm[kept]]),
        "event": words(vocabulary, sort[kept]),
        "legal_form": words(("sole_trader", "company"), scene.firms.is_company[firm[kept]].astype(np.int64)),
    }
    key = ("business_id", "event", "happened_on")
    once = _once(firm[kept], sort[kept], day[kept])
    columns = {name: column.take(pa.array(once)) for name, column in columns.items()}
    return tell("registry_event", columns, at=at[kept][once], known_at=known[kept][once], source="register", key=key)


def _once(*parts: Ints) -> Ints:
    """Return the places of the first of each combination."""
    return np.unique(np.stack(parts), axis=1, return_index=True)[1]


def _profiles(scene: Scene, dice: np.random.Generator, course: _Course, firm: Ints, at: Ints) -> pa.Table:
    """Return the looks as records, one a day of a firm."""
    once = _once(firm, local_day(at))
    firm, at = firm[once], at[once]
    c, firms, count, day = scene.plan.constants, scene.firms, len(scene.firms), local_day(at)
    gone, abnormal = day >= course.cancelled[firm], (day >= course.listed[firm]) & (day < course.delisted[firm])
    sales = _yearly_sales(scene, firm, day)
    each = np.where(firms.is_company, c["staff_sales_company_yuan"], c["staff_sales_sole_yuan"])
    staff = np.rint(sales / each[firm] * np.exp(0.4 * dice.standard_normal(count))[firm])
    capital = _capital(scene, dice)
    paid = np.minimum(dice.beta(1.2, 1.6, count) * np.exp(0.15 * firms.quality), 1.0)
    term = dice.choice([0, 0, 0, 0, 10, 20, 30], count) * 365
    has_capital = firms.is_company | (dice.random(count) < 0.3)
    columns = {
        "business_id": pa.array(firms.code[firm]),
        "status": words(_STATES, np.where(gone, 2, np.where(abnormal, 1, 0))),
        "founded_on": dates(course.founded[firm]),
        "licence_until_on": dates(_licence_until(course.founded[firm], term[firm], day), term[firm] > 0),
        "capital_registered_fen": maybe(capital[firm] * 100, has_capital[firm]),
        "capital_paid_fen": maybe(np.rint(capital * paid / 1_000).astype(np.int64)[firm] * 100_000, has_capital[firm]),
        "industry": words([one.code for one in catalogue().industries], firms.industry[firm]),
        "region": pa.array(firms.region[firm]),
        "size_class": words(_SIZES, np.searchsorted(_SIZE_EDGES, sales, side="right")),
        "scope_hash": tokens("scope", scene.district * DISTRICT_NUMBERS + firm * 64 + _scopes_before(course, firm, day)),
        "staff_count": pa.array(np.minimum(staff, 5_000).astype(np.int64)),
        "shareholders_count": maybe((1 + dice.poisson(0.9, count))[firm], firms.is_company[firm]),
        "branches_count": pa.array((dice.poisson(0.03 * np.exp(0.8 * firms.size)))[firm]),
        "licences_count": pa.array(dice.poisson(0.9, count)[firm]),
        "owner_share_ppm": pa.array(scene.owner_shares()[firm]),
    }
    return tell("registry_profile", columns, at=at, known_at=at, source="register", key=("business_id", "happened_on"))


def _licence_until(founded: Ints, term: Ints, day: Ints) -> Ints:
    """Return until when licences hold that are renewed term by term (in days; 0 for good)."""
    span = np.maximum(term, 1)
    until: Ints = founded + (np.maximum(day - founded, 0) // span + 1) * span
    return until


def _yearly_sales(scene: Scene, firm: Ints, day: Ints) -> Floats:
    """Return the sales (yuan) of the twelve months before a day, those before the first month told taken as usual ones."""
    month = np.clip(np.searchsorted(scene.month_starts(), day, side="right") - 1, 0, None)
    total = np.concatenate([np.zeros((len(scene.firms), 1)), np.cumsum(scene.months.sales, axis=1)], axis=1)
    lived = np.minimum(month, 12)
    sold = total[firm, month] - total[firm, month - lived]
    usual: Floats = sold + (12 - lived) * scene.firms.sales[firm] * (scene.firms.founded[firm] < 0)
    return usual


def _capital(scene: Scene, dice: np.random.Generator) -> Ints:
    """Return the registered capital of each firm: a round sum that grows with size, more wish than measure."""
    firms = scene.firms
    place = 1.0 + 3.0 * firms.is_company + 0.7 * firms.size + 1.1 * dice.standard_normal(len(firms))
    return _CAPITALS[np.clip(np.rint(place), 0, len(_CAPITALS) - 1).astype(np.int64)]


def _scopes_before(course: _Course, firm: Ints, day: Ints) -> Ints:
    """Return how often each firm had rewritten its business scope by a day."""
    sort = [one.event for one in catalogue().register_changes].index("scope_changed")
    rows = course.sort == sort
    ranks = np.sort(course.firm[rows] * _FAR + course.day[rows])
    return np.searchsorted(ranks, firm * _FAR + day) - np.searchsorted(ranks, firm * _FAR)
