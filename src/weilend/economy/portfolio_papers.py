"""In: invoices of districts, and which firms are wanted. Out: their invoices as a lender's files show them. Used: by `portfolio`.

Parties are masked as the contest masks them: customers and suppliers have codes of their own, and firms with history share none
with the others. Tax is what the law asked on the day, for these invoices are older than the rates of the world.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from weilend.economy.firms import Bools, Ints
from weilend.economy.plan import DISTRICT_FIRMS
from weilend.economy.raw import Papers
from weilend.economy.traces import dates

#: Five of the contest's 123 firms hand in their sales twice, two of the 302; rounded.
REPEATED_SHARE: Final = 0.01
#: Value-added tax in per cent: a rate of the world, and from which day on which rate was in force instead (财税〔2018〕32号,
#: 公告2019年第39号; VAT regulation, art. 12). A rate that is not named has not changed.
VAT_IN_FORCE: Final = {
    13: ((date(2016, 5, 1), 17), (date(2018, 5, 1), 16), (date(2019, 4, 1), 13)),
    9: ((date(2016, 5, 1), 11), (date(2018, 5, 1), 10), (date(2019, 4, 1), 9)),
    1: ((date(2016, 5, 1), 3),),
}
_EPOCH = date(1970, 1, 1)
#: Parties outside a district are numbered beyond all firms of the world; hubs (from 10^12 on) are the same everywhere.
_OUTSIDE, _OUTSIDE_OF_DISTRICT = 10**9, 10**6


class Sides(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Invoices as one side tells them, one array entry each: `firm` counted among those wanted, `other` numbers the other side."""

    firm: Ints
    other: Ints
    sale: Bools
    day: Ints
    net: Ints
    tax: Ints
    void: Bools


def see_sides(papers: Papers, seat: Ints, district: int) -> Sides:
    """Return the invoices of the firms of a district that are wanted; `seat` says for each firm which of those it is, -1 none.

    An invoice between two of them is told twice, once by each.
    """
    outside = np.where(papers.party < 10**12, _OUTSIDE + district * _OUTSIDE_OF_DISTRICT + papers.party, papers.party)
    parts = []
    for sale, own, other in ((True, papers.seller, papers.buyer), (False, papers.buyer, papers.seller)):
        firm = np.where(own >= 0, seat[own], -1)
        rows = np.flatnonzero(firm >= 0)
        party = np.where(other >= 0, district * DISTRICT_FIRMS + other, outside)[rows]
        tax = tax_in_force(papers.net[rows], papers.tax[rows], papers.day[rows])
        parts.append(Sides(firm=firm[rows], other=party, sale=np.full(len(rows), sale), day=papers.day[rows], net=papers.net[rows],
                           tax=tax, void=papers.void[rows]))  # fmt: skip
    return join_sides(parts)


def join_sides(parts: list[Sides]) -> Sides:
    """Return invoices after each other.

    >>> none = np.zeros(0, np.int64)
    >>> one = Sides(firm=none, other=none, sale=none > 0, day=none, net=none, tax=none, void=none > 0)
    >>> len(join_sides([one, one]).firm)
    0
    """
    return Sides(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in Sides.__struct_fields__})


def tax_in_force(net_fen: Ints, tax_fen: Ints, day: Ints) -> Ints:
    """Return the tax on net amounts (of a yuan or more) by the rates that were in force on a day, rounded half away from zero.

    >>> day = np.full(4, (date(2018, 1, 1) - date(1970, 1, 1)).days)
    >>> tax_in_force(np.array([10_000, 150, -150, 10_000]), np.array([1_300, 2, -2, 600]), day).tolist()
    [1700, 5, -5, 600]
    """
    net, asked = np.abs(net_fen), np.abs(tax_fen)
    rate = (200 * asked + net) // (2 * net)
    then = rate.copy()
    for today, steps in VAT_IN_FORCE.items():
        since = [(start - _EPOCH).days for start, _ in steps]
        place = np.maximum(np.searchsorted(since, day, side="right") - 1, 0)
        then = np.where(rate == today, np.array([percent for _, percent in steps])[place], then)
    tax: Ints = np.sign(net_fen) * ((net * then + 50) // 100)
    return tax


def mask_papers(dice: np.random.Generator, codes: npt.NDArray[np.str_], has_history: Bools, sides: Sides) -> pa.Table:
    """Return the invoices with numbers and masked parties, those of firms that hand in their sales twice repeated."""
    order = np.lexsort((sides.day, sides.firm, ~sides.sale))
    sides = Sides(**{name: getattr(sides, name)[order] for name in Sides.__struct_fields__})
    table = pa.table({
        "business_id": pa.array(codes).take(pa.array(sides.firm)),
        "counterparty_id": _party_codes(dice, has_history[sides.firm], sides),
        "direction": pc.if_else(pa.array(sides.sale), "sale", "purchase"),
        "number": pa.array(_numbers(dice, len(codes), sides)).cast(pa.string()),
        "net_fen": sides.net,
        "tax_fen": sides.tax,
        "gross_fen": sides.net + sides.tax,
        "status": pc.if_else(pa.array(sides.void), "void", "valid"),
        "happened_on": dates(sides.day),
    })  # fmt: skip
    repeated = dice.random(len(codes)) < REPEATED_SHARE
    return pa.concat_tables([table, table.filter(pa.array(repeated[sides.firm] & sides.sale))])


def _party_codes(dice: np.random.Generator, known: Bools, sides: Sides) -> pa.Array:
    """Return codes in random order: B… and A… are customers and suppliers of firms with history, D… and C… those of the others."""
    masked = np.empty(len(sides.firm), dtype=object)
    for letter, rows in (
        ("A", known & ~sides.sale),
        ("B", known & sides.sale),
        ("C", ~known & ~sides.sale),
        ("D", ~known & sides.sale),
    ):
        parties, place = np.unique(sides.other[rows], return_inverse=True)
        number = (dice.permutation(len(parties)) + 1)[place]
        masked[rows] = np.char.add(letter, np.char.zfill(number.astype(str), 5))
    return pa.array(masked.tolist(), pa.string())


def _numbers(dice: np.random.Generator, firms: int, sides: Sides) -> Ints:
    """Return invoice numbers: a firm counts its own on from a random start, those of others look random."""
    group = sides.firm + firms * ~sides.sale
    within = np.arange(len(group)) - np.searchsorted(group, group)
    start = dice.integers(1_000_000, 90_000_000, firms)
    others = dice.integers(1_000_000, 99_999_999, len(group))
    return np.where(sides.sale, start[sides.firm] + within, others)
