"""In: the ground, offers. Out: what the economy answers at exactly these offers: who takes them, what becomes of the loans.
Used: by months and rivals; this is the one door to the economy's own outcomes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
import numpy as np

from weilend.app.desk.flywheel.ground import Ground
from weilend.app.desk.flywheel.money import Outcomes, take_floats, unpaid_principal, worth_fen
from weilend.core.money import PPM
from weilend.economy.credit import Offer
from weilend.economy.firms import NEVER
from weilend.economy.loans import Loans, take_up
from weilend.economy.opening import Opening
from weilend.models.table import Booleans, Floats, Integers

MONTHS = 12
#: What stands in for an offer that nobody made: it is reckoned and thrown away.
_NOTHING_FEN = 300_000


class Answered(msgspec.Struct, frozen=True, eq=False):
    """What one district answers: its opening, the rows (places in `Asked`) that are asked, chance to take and loan of each."""

    opening: Opening
    rows: Integers
    chance: Floats
    loans: Loans


def answer(ground: Ground, rows: Integers, limit_fen: Integers, rate_ppm: Integers) -> Iterator[Answered]:
    """Yield, district by district, what becomes of some applications at offers of `limit_fen` (rows,) and `rate_ppm` (rows,).

    Each application's dice are its own, so what one is offered changes nothing for another.
    """
    asked = ground.asked
    for number in np.unique(asked.district[rows]).tolist():
        opening = ground.openings[number]
        here = np.flatnonzero(asked.district[rows] == number)
        place = asked.row[rows[here]]
        count = len(opening.district.asks)
        limit, rate = np.full(count, _NOTHING_FEN / 100), np.full(count, 0.18)
        limit[place], rate[place] = np.maximum(limit_fen[here], 100) / 100, rate_ppm[here] / PPM
        offer = Offer(limit=limit, rate=rate, months=np.full(count, MONTHS))
        chance = take_up(opening.district, offer)[place]
        yield Answered(opening, rows[here], chance, take_loans(opening.potential_loans(offer), place))


def take_loans(loans: Loans, place: Integers) -> Loans:
    """Return some of the loans, in the order of `place`."""
    return Loans(**{name: getattr(loans, name)[place] for name in Loans.__struct_fields__})


def outcomes(
    ground: Ground, rows: Integers, offered: Booleans, limit_fen: Integers, rate_ppm: Integers, funding_ppm: int,
    *, booked: Callable[[Answered, Booleans], None] = lambda _answered, _taken: None,
) -> Outcomes:  # fmt: skip
    """Return what becomes of some applications, all arrays over `rows`, with the dice that every contender has.

    `booked` is told of each district's answers, and which of them are loans.
    """
    taken, bad = np.zeros((2, len(rows)), np.bool_)
    worth, lost = np.zeros((2, len(rows)), np.int64)
    asked, at = ground.asked, np.full(len(ground.asked), -1)
    at[rows] = np.arange(len(rows))
    for one in answer(ground, rows[offered], limit_fen[offered], rate_ppm[offered]):
        place = at[one.rows]
        takes = take_floats(one.chance, asked.take_die[one.rows], np.ones(len(place), np.bool_))
        booked(one, takes)
        unpaid = unpaid_principal(one.loans)
        taken[place] = takes
        bad[place] = takes & (one.loans.stop < NEVER)
        worth[place] = np.where(takes, worth_fen(one.loans, funding_ppm), 0)
        lost[place] = np.where(takes, unpaid - unpaid * one.loans.recovered_ppm // PPM, 0)
    return Outcomes(taken=taken, worth_fen=worth, bad=bad, lost_fen=lost)
