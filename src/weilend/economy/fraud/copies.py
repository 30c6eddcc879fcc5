"""In: honest facts. Out: facts that look like them, made by copying rows and changing what the fraud is about. Used: by every
pattern that leaves facts: hours, weekdays, tax rates, drawers, reviews are those of honest life because they come from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np

from weilend.core.money import PPM
from weilend.economy.catalogue import catalogue
from weilend.economy.firms import Firms, Floats, Ints
from weilend.economy.plan import WorldPlan
from weilend.economy.raw import Flows, Orders, Papers, joined, rows_of
from weilend.economy.traces import local_day

Facts = TypeVar("Facts", Flows, Orders, Papers)


def copy(facts: Facts, rows: Ints, **changed: Any) -> Facts:
    """Return rows of facts with some columns replaced.

    >>> none = np.zeros(2, np.int64)
    >>> flows = Flows(firm=none, day=none, second=none, fen=none, party=none, kind=none, nature=none, lender=none, pattern=none)
    >>> copy(flows, np.array([1]), fen=np.array([7])).fen.tolist()
    [7]
    """
    unknown = set(changed) - set(facts.__struct_fields__)
    assert not unknown, unknown
    return type(facts)(
        **{name: changed[name] if name in changed else getattr(facts, name)[rows] for name in facts.__struct_fields__}
    )


def together(parts: Sequence[Facts]) -> Facts | None:
    """Return facts of one sort after each other; nothing where there are none."""
    return joined(parts) if parts else None


def told(facts: Facts, plan: WorldPlan) -> Facts:
    """Return the facts whose day is told."""
    first, last = first_day(plan, 0), first_day(plan, plan.months)
    day = local_day(facts.at) if isinstance(facts, Orders) else facts.day
    return rows_of(facts, (day >= first) & (day < last))


def first_day(plan: WorldPlan, month: int) -> int:
    """Return the first local day of a month counted from the first one told; months before it too.

    >>> from weilend.economy.plan import make_plan
    >>> first_day(make_plan(businesses=1, months=12, seed=1), 12)
    20454
    """
    return int(plan.first_days[month])


def invoices(
    papers: Papers, firms: Firms, *, seller: Ints, buyer: Ints, like: Ints, when: tuple[Ints, Ints], net: Ints, drawer: Ints
) -> Papers:
    """Return valid invoices at (days, seconds), with the party outside of honest ones (rows `like`); the tax is at the rate
    that the seller writes: of an honest invoice of his own, else of his industry; of a seller outside (-1) it is that of the
    honest invoice.
    """
    inside = np.maximum(seller, 0)
    own, theirs = _tax_rates(papers, firms, inside), _rate_of(papers.tax[like], papers.net[like])
    rate = np.where(seller >= 0, own, theirs)
    tax = np.sign(net) * ((np.abs(net) * rate + PPM // 2) // PPM)
    return copy(papers, like, seller=seller, buyer=buyer, day=when[0], second=when[1], net=net, tax=tax, drawer=drawer,
                void=np.zeros(len(net), np.bool_))  # fmt: skip


def _rate_of(tax: Ints, net: Ints) -> Ints:
    """Return tax rates in ppm, in whole tenths of a percent."""
    rate: Ints = np.rint(tax / np.where(net == 0, 1, net) * 1_000).astype(np.int64) * 1_000
    return rate


def _tax_rates(papers: Papers, firms: Firms, sellers: Ints) -> Ints:
    usual = np.array([one.vat_ppm for one in catalogue().industries])[firms.industry[sellers]]
    for seller in np.unique(sellers):
        place = _first(papers.seller, seller)
        if place >= 0:
            usual[sellers == seller] = _rate_of(papers.tax[place : place + 1], papers.net[place : place + 1])
    return usual


def outside(papers: Papers, *, sold: bool) -> Ints:
    """Return the rows of honest invoices that firms wrote to others outside (`sold`), or got from them."""
    far, near = (papers.buyer, papers.seller) if sold else (papers.seller, papers.buyer)
    rows = np.flatnonzero((far < 0) & (near >= 0))
    return rows if len(rows) else np.arange(len(papers.net))


def drawer_of(papers: Papers, seller: int, otherwise: int) -> int:
    """Return who draws the honest invoices of a seller, else another."""
    place = _first(papers.seller, seller)
    return int(papers.drawer[place]) if place >= 0 else otherwise


def _first(values: Ints, wanted: int) -> int:
    """Return the place of the first value that is wanted, -1 where none is."""
    found = values == wanted
    return int(found.argmax()) if found.any() else -1


def rounded(dice: np.random.Generator, fen: Floats | Ints, share: float) -> Ints:
    """Return amounts of which a share is round: all but the first digit (or the first and half of a second) are zero.

    >>> rounded(np.random.default_rng(1), np.array([123_456, 987_654]), 1.0).tolist()
    [100000, 1000000]
    """
    whole = np.maximum(np.asarray(fen, np.float64), 1.0)
    step = 10.0 ** np.floor(np.log10(whole)) / 2
    is_round = dice.random(len(whole)) < share
    return np.where(is_round, np.rint(whole / step) * step, np.rint(whole)).astype(np.int64)
