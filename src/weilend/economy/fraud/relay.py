"""In: a district. Out: dormant firms through which invoices of others pass (过票). Used: by planting, through the registry.
Withheld from all tuning.

A hub without trade takes invoices from firms that want to have sold and passes nearly the same amounts on, within days, to
firms that want to have bought; it keeps a percent. It is a chain and no circle, purchases equal sales, and no money passes
the account.
"""

from __future__ import annotations

import msgspec
import numpy as np

from weilend.economy.firms import Ints
from weilend.economy.fraud.cases import committed, draw_cases, for_money, sales_before, start_of
from weilend.economy.fraud.copies import drawer_of, first_day, invoices, outside, together, told
from weilend.economy.fraud.honest import Trade
from weilend.economy.fraud.planting import PATTERNS, Ground, Left, Pattern, Planted
from weilend.economy.fraud.shells import are_shells, shell_volume
from weilend.economy.raw import Papers, joined


def plant_relay(ground: Ground, dice: np.random.Generator, free: Ints) -> Planted:
    """Return dormant companies that relay invoices before an application."""
    made = committed(draw_cases(ground, dice, free, "relay_share", are_shells(ground)))
    made = for_money(ground, dice, made, "relay_harm")
    return msgspec.structs.replace(made, volume=shell_volume(ground, dice, made))


def leave_relay(ground: Ground, planted: Planted, trade: Trade, dice: np.random.Generator) -> Left:
    """Return both sides of every relay."""
    papers = together([
        _relayed(ground, trade, dice, int(firm), int(month), float(skill))
        for firm, month, skill in zip(planted.firm, planted.since, planted.skill, strict=True)
    ])  # fmt: skip
    return Left(papers=papers and told(papers, ground.plan))


def _relayed(ground: Ground, trade: Trade, dice: np.random.Generator, firm: int, month: int, skill: float) -> Papers:
    """Return what a hub receives and passes on: over four months before the application, over ten for the skilled, who wait
    longer.
    """
    months = 4 + round(6 * skill)
    count = months * int(dice.integers(3, 8))
    first, last = first_day(ground.plan, start_of(ground, firm, month, months)), first_day(ground.plan, month) - 1
    day, second = trade.paper_times.draw(dice, first, last, count)
    _, later = trade.paper_times.draw(dice, first, last, count)
    scale = np.median(np.abs(trade.papers.net)) / 100 + 0.3 * sales_before(ground.months, ground.firms, firm, month)
    bought = np.rint(50 * scale * np.exp(0.8 * dice.standard_normal(count))).astype(np.int64)
    margin = 1 + (0.005 + 0.015 * dice.random(count)) * (1 + 6 * skill * dice.random(count))
    wait = dice.integers(0, 3 + round(20 * skill), count)
    sources, takers = (dice.choice(outside(trade.papers, sold=sold), 3 + round(8 * skill)) for sold in (False, True))
    none, hub, source = np.full(count, -1), np.full(count, firm), dice.choice(sources, count)
    hand = drawer_of(trade.papers, firm, int(dice.choice(trade.papers.drawer)))
    came = invoices(trade.papers, ground.firms, seller=none, buyer=hub, like=source, when=(day, second), net=bought,
                    drawer=trade.papers.drawer[source])  # fmt: skip
    went = invoices(trade.papers, ground.firms, seller=hub, buyer=none, like=dice.choice(takers, count), when=(day + wait, later),
                    net=np.rint(bought * margin).astype(np.int64), drawer=np.full(count, hand))  # fmt: skip
    return joined([came, went])


PATTERN = PATTERNS.add(
    "invoice_relay",
    Pattern(
        name="invoice_relay",
        zh="过票",
        share="relay_share",
        mechanics="a dormant company takes invoices from some and passes nearly the same amounts on to others, for a percent",
        signature="each purchase followed within days by a sale a little larger, no money behind either, no other trade",
        cost="turnover that is none; the tax office may void it all",
        source="assumption: known to tax offices as 过票 (pass-through invoicing); share of applications: assumption",
        withheld=True,
        plant=plant_relay,
        leave=leave_relay,
        ceilings={"invoice.counterparty_id": 0.9, "invoice.net_fen": 0.85, "invoice.tax_fen": 0.85, "invoice.gross_fen": 0.85},
    ),
)
