"""In: a district as honest life made it. Out: who commits fraud (`plant`), and what it leaves among honest facts (`leave`).
Used: by district, in three steps: `plant` before anybody trades, `lived` for the months of shells that have no trade of their
own, `leave` when honest makers are done, for a forger copies what honest life looks like.

A pattern is a module of this folder with a `Pattern`, registered by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec
import numpy as np
import pyarrow as pa

from weilend.core.registry import Registry
from weilend.economy.credit import Asks
from weilend.economy.firms import Firms, Floats, Ints
from weilend.economy.fraud.honest import Trade
from weilend.economy.fraud.marks import Changes, Debts, Forged, Share
from weilend.economy.months import Months
from weilend.economy.plan import WorldPlan
from weilend.economy.raw import Flows, Orders, Papers, joined


class Ground(msgspec.Struct, frozen=True, eq=False):
    """What a pattern finds when it comes: the district before any fraud."""

    plan: WorldPlan
    district: int
    firms: Firms
    months: Months
    asks: Asks


class Left(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Facts that a pattern leaves, of the sorts that it leaves any of."""

    flows: Flows | None = None
    orders: Orders | None = None
    papers: Papers | None = None
    debts: Debts | None = None


class Planted(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a pattern adds. Who commits it: `firm`, from which month (`since`), `skill` 0 to 1 (how well it hides), in which
    `case` (the number of a ring, a gang, an intermediary's batch).

    What it does: `asks` for money that honest life would not have made; `harm` (firms, all months) added to the logit of
    default; `volume` (firms, all months) by which the firm's own trade is multiplied: a shell has little or none. What others
    tell: `shares` (held by several), `changes` (in the register, of credentials), `forged` (statements). `dose` is how much
    of it each firm does, where patterns differ by that. Facts (`flows`, `orders`, `papers`) and `debts` stand here after
    `leave`; `records` are tables of other kinds.
    """

    firm: Ints
    since: Ints
    skill: Floats
    case: Ints
    asks: Asks | None = None
    harm: Floats | None = None
    volume: Floats | None = None
    shares: tuple[Share, ...] = ()
    changes: tuple[Changes, ...] = ()
    forged: Forged | None = None
    dose: Floats | None = None
    debts: Debts | None = None
    flows: Flows | None = None
    orders: Orders | None = None
    papers: Papers | None = None
    records: Mapping[str, pa.Table] = msgspec.field(default_factory=dict)


class Pattern(msgspec.Struct, frozen=True, kw_only=True):
    """A pattern of fraud: `share` of applications that it stands behind (the name of a constant), what it costs, whether it
    is `withheld` from all tuning, and the functions that plant it and leave its facts.

    `ceilings` are fields (``kind.field``) that are the signature itself, with the most that one may tell alone (an AUC): any other
    column of a fact stays at or below 0.8.
    """

    name: str
    zh: str
    share: str
    mechanics: str
    signature: str
    cost: str
    source: str
    withheld: bool
    plant: Callable[[Ground, np.random.Generator, Ints], Planted]
    leave: Callable[[Ground, Planted, Trade, np.random.Generator], Left] | None = None
    ceilings: Mapping[str, float] = msgspec.field(default_factory=dict)


PATTERNS: Registry[Pattern] = Registry("pattern of fraud")

Facts = TypeVar("Facts", Flows, Orders, Papers)


def plant(ground: Ground) -> dict[str, Planted]:
    """Return what every pattern plants in a district, by its name; no firm commits two.

    >>> from weilend.economy.credit import find_asks
    >>> from weilend.economy.firms import make_firms
    >>> from weilend.economy.months import live_months
    >>> from weilend.economy.plan import make_plan
    >>> plan = make_plan(businesses=300, months=12, seed=1)
    >>> firms = make_firms(plan, 0)
    >>> months = live_months(plan, 0, firms)
    >>> ground = Ground(plan, 0, firms, months, find_asks(plan, 0, firms, months))
    >>> planted = plant(ground)
    >>> list(planted) == list(PATTERNS), len(planted["brushing"].firm) > 0
    (True, True)
    """
    free = np.arange(len(ground.firms))
    planted: dict[str, Planted] = {}
    for name in PATTERNS:
        made = PATTERNS[name].plant(ground, ground.plan.dice(f"fraud {name}", ground.district), free)
        planted[name] = made
        free = np.setdiff1d(free, made.firm)
    return planted


def lived(months: Months, planted: Mapping[str, Planted]) -> Months:
    """Return the months with the trade of shells shrunk to their volume: what makers of orders, flows, invoices and returns
    see.

    All that a shell earns, pays, borrows and owes shrinks alike, and what lies in its account follows from that.

    >>> from weilend.economy.firms import make_firms
    >>> from weilend.economy.months import live_months
    >>> from weilend.economy.plan import make_plan
    >>> plan = make_plan(businesses=40, months=12, seed=1)
    >>> months = live_months(plan, 0, make_firms(plan, 0))
    >>> lived(months, {}) is months
    True
    """
    volume = np.ones_like(months.sales)
    for one in planted.values():
        if one.volume is not None:
            volume *= one.volume
    rows = np.flatnonzero((volume != 1).any(axis=1))
    if not len(rows):
        return months
    shrunk = {name: _at(getattr(months, name), rows, getattr(months, name)[rows] * volume[rows])
              for name in ("sales", "net", "payout", "borrowed", "service", "paid")}  # fmt: skip
    change = shrunk["net"] + shrunk["borrowed"] - shrunk["paid"] - shrunk["payout"]
    cash, short, late = months.cash.copy(), months.short.copy(), months.late.copy()
    state = months.cash[rows, 0] * volume[rows, 0]
    for month in range(cash.shape[1]):
        after = state + change[rows, month] * (month > 0)
        state = np.maximum(after, 0.0)
        cash[rows, month], short[rows, month], late[rows, month] = state, after < 0, 0
    return msgspec.structs.replace(months, cash=cash, short=short, late=late, **shrunk)


def _at(whole: Floats, rows: Ints, part: Floats) -> Floats:
    changed = whole.copy()
    changed[rows] = part
    return changed


def leave(ground: Ground, planted: Mapping[str, Planted], honest: Trade) -> dict[str, Planted]:
    """Return what was planted with the facts that it leaves among honest ones, each with the number of its pattern, inside
    the months that are told.
    """
    left = {}
    copied = all(len(facts.pattern) for facts in (honest.flows, honest.orders, honest.papers))  # a hamlet has nothing to copy
    for number, name in enumerate(PATTERNS, start=1):
        pattern, one = PATTERNS[name], planted[name]
        if pattern.leave is not None and len(one.firm) and copied:
            made = pattern.leave(ground, one, honest, ground.plan.dice(f"leave {name}", ground.district))
            one = msgspec.structs.replace(one, flows=_signed(made.flows, number), orders=_signed(made.orders, number),
                                          papers=_signed(made.papers, number), debts=made.debts or one.debts)  # fmt: skip
        left[name] = one
    return left


def _signed(facts: Facts | None, number: int) -> Facts | None:
    """Return facts with the number of their pattern, in the type of honest ones; nothing where there are none."""
    if facts is None or not len(facts.pattern):
        return None
    return msgspec.structs.replace(facts, pattern=np.full(len(facts.pattern), number))


def with_fraud(honest: Trade, planted: Mapping[str, Planted]) -> Trade:
    """Return honest facts followed by those of fraud."""
    made = list(planted.values())
    return Trade(
        flows=joined([honest.flows, *(one.flows for one in made if one.flows is not None)]),
        orders=joined([honest.orders, *(one.orders for one in made if one.orders is not None)]),
        papers=joined([honest.papers, *(one.papers for one in made if one.papers is not None)]),
        shop_firm=honest.shop_firm,
    )
