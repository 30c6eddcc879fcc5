"""In: a district. Out: shells that invoice to their limit and vanish (暴力虚开). Used: by planting, through the registry.

A dormant company gets a new representative, then writes as many invoices as the tax office lets a new taxpayer write, each
just below the ceiling of the form, to buyers who want the tax; then it asks for money on the strength of them, and is gone.
"""

from __future__ import annotations

import msgspec
import numpy as np

from weilend.economy.firms import Ints
from weilend.economy.fraud.cases import Size, committed, draw_cases, for_money, start_of
from weilend.economy.fraud.copies import drawer_of, first_day, invoices, outside, together, told
from weilend.economy.fraud.honest import Trade, fresh
from weilend.economy.fraud.planting import PATTERNS, Ground, Left, Pattern, Planted
from weilend.economy.fraud.shells import are_shells, new_representatives, shell_volume
from weilend.economy.raw import Papers

BATCH = Size(1, 3)
#: A new taxpayer gets 25 special invoices a month of at most 100,000 yuan each (State Taxation Administration, notice 29 of 2018).
QUOTA, CEILING_FEN = 25, 9_999_999


def plant_burst(ground: Ground, dice: np.random.Generator, free: Ints) -> Planted:
    """Return companies that issue invoices and have no shop, a new representative, and hardly any trade of their own."""
    made = committed(draw_cases(ground, dice, free, "burst_share", are_shells(ground), BATCH))
    made = for_money(ground, dice, made, "shell_harm")
    return msgspec.structs.replace(
        made, volume=shell_volume(ground, dice, made), changes=(new_representatives(ground, dice, made),)
    )


def leave_burst(ground: Ground, planted: Planted, trade: Trade, dice: np.random.Generator) -> Left:
    """Return the invoices of each shell; those of one batch are drawn by one hand."""
    made = []
    for case in np.unique(planted.case):
        agent = int(fresh(dice, trade.drawers, 1)[0])
        for place in np.flatnonzero(planted.case == case):
            firm, month, skill = int(planted.firm[place]), int(planted.since[place]), float(planted.skill[place])
            drawer = agent if dice.random() > skill else drawer_of(trade.papers, firm, agent)
            made.append(_burst(ground, trade, dice, firm, month, skill, drawer))
    papers = together(made)
    return Left(papers=papers and told(papers, ground.plan))


def _burst(ground: Ground, trade: Trade, dice: np.random.Generator, firm: int, month: int, skill: float, drawer: int) -> Papers:
    """Return the invoices of a shell: a month to the quota, more months and amounts of honest spread for the skilled."""
    months = 1 + round(3 * skill)
    count = int(dice.binomial(QUOTA * months, 0.95 - 0.5 * skill))
    first, last = first_day(ground.plan, start_of(ground, firm, month, months)), first_day(ground.plan, month) - 1
    near = CEILING_FEN * (0.90 + 0.0999 * dice.random(count))
    honest = np.minimum(dice.choice(np.abs(trade.papers.net), count), CEILING_FEN)
    net = np.rint(np.where(dice.random(count) < skill, honest, near)).astype(np.int64)
    known = dice.choice(outside(trade.papers, sold=True), 2 + round(10 * skill))
    when = trade.paper_times.draw(dice, first, last, count)
    seller, buyer = np.full(count, firm), np.full(count, -1)
    return invoices(trade.papers, ground.firms, seller=seller, buyer=buyer, like=dice.choice(known, count), when=when, net=net,
                    drawer=np.full(count, drawer))  # fmt: skip


PATTERN = PATTERNS.add(
    "burst",
    Pattern(
        name="burst",
        zh="暴力虚开",
        share="burst_share",
        mechanics="a dormant company gets a new representative, invoices to the limit for a month or so, asks for"
        " money and vanishes",
        signature="nothing, then a burst of invoices just below the ceiling of the form; few buyers, one drawer over"
        " several companies",
        cost="nearly all of what is lent: nobody means to pay",
        source="domain 2; notice 29 of 2018 of the tax administration (25 invoices, 100,000 yuan); share of"
        " applications: assumption",
        withheld=False,
        plant=plant_burst,
        leave=leave_burst,
        ceilings={"invoice.net_fen": 0.85, "invoice.tax_fen": 0.85, "invoice.gross_fen": 0.85, "invoice.counterparty_id": 0.9},
    ),
)
