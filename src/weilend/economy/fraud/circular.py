"""In: a district. Out: rings of firms that invoice each other in a circle (循环开票). Used: by planting, through the
registry.

Three to five firms of one group write invoices A to B to C to A: everybody's sales grow, nobody is paid. The amounts are
near-equal, for the tax that one charges is what the next reclaims. The whole ring asks for money; once it may have it, part
of the last round is taken back by red letters.
"""

from __future__ import annotations

import msgspec
import numpy as np

from weilend.economy.firms import Ints
from weilend.economy.fraud.cases import Size, committed, draw_cases, for_money, sales_before, start_of
from weilend.economy.fraud.copies import drawer_of, first_day, invoices, rounded, together, told
from weilend.economy.fraud.honest import Trade, fresh
from weilend.economy.fraud.planting import PATTERNS, Ground, Left, Pattern, Planted
from weilend.economy.raw import Papers, joined, rows_of

RING = Size(3, 5)
#: Chance that an invoice of the last round is taken back, in a ring without skill. Assumption.
_TAKEN_BACK = 0.6


def plant_circular(ground: Ground, dice: np.random.Generator, free: Ints) -> Planted:
    """Return rings of firms that issue invoices, all of which ask in one month."""
    fits = np.repeat(ground.firms.has_invoices[:, None], ground.plan.months, axis=1)
    made = committed(draw_cases(ground, dice, free, "circular_share", fits, RING))
    return for_money(ground, dice, made, "circular_harm")


def leave_circular(ground: Ground, planted: Planted, trade: Trade, dice: np.random.Generator) -> Left:
    """Return the invoices of every round of every ring; no money moves."""
    made = []
    for case in np.unique(planted.case):
        inside = planted.case == case
        month, skill = int(planted.since[inside][0]), float(planted.skill[inside][0])
        made.append(_ring(ground, trade, dice, planted.firm[inside], month, skill))
    papers = together(made)
    return Left(papers=papers and told(papers, ground.plan))


def _ring(ground: Ground, trade: Trade, dice: np.random.Generator, firms: Ints, month: int, skill: float) -> Papers:
    """Return the invoices of a ring: rounds within three months, within nine for the skilled, who vary what they write."""
    members = dice.permutation(firms)
    rounds, hops = 3 + int(dice.integers(0, 4)), len(members)
    earliest, last = first_day(ground.plan, start_of(ground, firms, month, 3 + round(6 * skill))), first_day(ground.plan, month)
    start = np.sort(dice.integers(earliest, max(last - 14, earliest + 1), rounds))
    level = np.mean([sales_before(ground.months, ground.firms, int(firm), month) for firm in members])
    base = rounded(dice, 100 * level * (0.3 + 0.7 * dice.random(rounds)), 1 - skill)
    number = rounds * hops
    net = np.rint(np.repeat(base, hops) * (1 + (0.004 + 0.12 * skill) * dice.uniform(-1, 1, number))).astype(np.int64)
    keeps = dice.random(number) < 0.7 * (1 - skill)  # the same amount to the fen, as the clumsy write it
    net = np.where(keeps, np.repeat(base, hops), net)
    gap = dice.integers(0, 2 + round(4 * skill), number).reshape(rounds, hops).cumsum(axis=1).ravel()
    day = np.repeat(start, hops) + gap
    second = dice.choice(trade.papers.second, number)
    seller, buyer = np.tile(members, rounds), np.tile(np.roll(members, -1), rounds)
    agent = int(fresh(dice, trade.drawers, 1)[0])
    hand = {int(one): agent if dice.random() > skill else drawer_of(trade.papers, int(one), agent) for one in members}
    like = dice.choice(len(trade.papers.net), number)
    papers = invoices(trade.papers, ground.firms, seller=seller, buyer=buyer, like=like, when=(day, second), net=net,
                      drawer=np.array([hand[int(one)] for one in seller]))  # fmt: skip
    return joined(
        [papers, _taken_back(dice, rows_of(papers, np.arange(number - hops, number)), last, _TAKEN_BACK * (1 - skill))]
    )


def _taken_back(dice: np.random.Generator, last_round: Papers, asked: int, chance: float) -> Papers:
    """Return the red letters that take some of the last round back, one to two months after the application."""
    red = rows_of(last_round, dice.random(len(last_round.net)) < chance)
    return msgspec.structs.replace(red, day=asked + dice.integers(30, 60, len(red.net)), net=-red.net, tax=-red.tax)


PATTERN = PATTERNS.add(
    "circular",
    Pattern(
        name="circular",
        zh="循环开票",
        share="circular_share",
        mechanics="three to five firms of one group invoice each other in a circle before they ask for money",
        signature="directed circles of near-equal amounts within weeks, no money behind them, one drawer, red letters"
        " after the loan",
        cost="turnover that is none: a limit too high for every firm of the ring, and they fall together",
        source="domain 2 (patterns); share of applications: assumption",
        withheld=False,
        plant=plant_circular,
        leave=leave_circular,
        ceilings={
            "invoice.net_fen": 0.97,
            "invoice.tax_fen": 0.95,
            "invoice.gross_fen": 0.95,
            "invoice.number": 0.85,
            "invoice.counterparty_id": 0.95,
        },
    ),
)
