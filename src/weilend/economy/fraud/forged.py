"""In: a district. Out: statements that were edited before they were handed over (伪造流水). Used: by planting, through the
registry, and `forge` by the maker of bank statements.

The forger writes some of the money that came in larger than it was. The clumsy leave the printed balances as they are; the
skilled mend them from the line on, but never all: somewhere a balance does not follow from the line before it.
"""

from __future__ import annotations

import msgspec
import numpy as np

from weilend.economy.firms import Bools, Ints
from weilend.economy.fraud.cases import committed, draw_cases, for_money
from weilend.economy.fraud.marks import Forged
from weilend.economy.fraud.planting import PATTERNS, Ground, Pattern, Planted


def plant_forged(ground: Ground, dice: np.random.Generator, free: Ints) -> Planted:
    """Return firms that hand over an edited statement: of three months, of a year where they are skilled."""
    fits = np.ones((len(ground.firms), ground.plan.months), np.bool_)
    made = for_money(ground, dice, committed(draw_cases(ground, dice, free, "forged_share", fits)), "forged_harm")
    first, count = ground.plan.first_days, len(made.firm)
    earliest = np.maximum(made.since - 3 - np.rint(9 * made.skill).astype(np.int64), 0)
    forged = Forged(firm=made.firm, first=first[earliest], last=first[made.since] - 1, touched=0.15 + 0.35 * dice.random(count),
                    factor=1.4 + 1.6 * dice.random(count) * (1 - 0.6 * made.skill), mended=made.skill)  # fmt: skip
    return msgspec.structs.replace(made, forged=forged)


def forge(
    dice: np.random.Generator, forged: Forged, firm: Ints, day: Ints, fen: Ints, balance: Ints, editable: Bools
) -> tuple[Ints, Ints, Bools]:
    """Return (amounts, balances, which lines were edited) of statement lines as they are handed over.

    Lines stand in order of booking, those of a firm together; `editable` says which may be written larger (money of trade
    that came in). At every edited line that was not mended, the balance does not follow from the one before; each statement
    with a line to edit has at least one of these.

    >>> one = Forged(firm=np.array([0]), first=np.array([10]), last=np.array([12]), touched=np.array([1.0]), factor=np.array([2.0]),
    ...     mended=np.array([0.0]))
    >>> fen, balance, edited = forge(np.random.default_rng(1), one, np.zeros(2, np.int64), np.array([9, 10]), np.array([5, 7]),
    ...     np.array([5, 12]), np.array([True, True]))
    >>> fen.tolist(), balance.tolist(), edited.tolist()
    ([5, 14], [5, 12], [False, True])
    """
    fen, balance, edited = fen.copy(), balance.copy(), np.zeros(len(fen), np.bool_)
    for place, one in enumerate(forged.firm):
        own = np.flatnonzero(firm == one)
        inside = own[editable[own] & (day[own] >= forged.first[place]) & (day[own] <= forged.last[place])]
        if not len(inside):
            continue
        rows = inside[dice.random(len(inside)) < forged.touched[place]]
        rows = rows if len(rows) else dice.choice(inside, 1)
        larger = np.rint(fen[rows] * (forged.factor[place] - 1)).astype(np.int64)
        mended = dice.random(len(rows)) < forged.mended[place]
        mended[dice.integers(0, len(rows))] = False
        carried = np.zeros(len(fen), np.int64)
        carried[rows] = larger * mended
        balance[own] += np.cumsum(carried[own])
        fen[rows] += larger
        edited[rows] = True
    return fen, balance, edited


PATTERN = PATTERNS.add(
    "forged",
    Pattern(
        name="forged",
        zh="伪造流水",
        share="forged_share",
        mechanics="amounts of an exported statement are written larger before it is handed over",
        signature="balances that do not follow from the line before, sums that differ from those printed",
        cost="inflow that is none, from somebody who lies to get it",
        source="domain 2 (file forgery); share of applications: assumption",
        withheld=False,
        plant=plant_forged,
        ceilings={"bank_entry.amount_fen": 0.9, "bank_entry.direction": 0.85},
    ),
)
