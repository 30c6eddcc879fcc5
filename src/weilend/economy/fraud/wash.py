"""In: a district. Out: firms that send their own money round (资金空转). Used: by planting, through the registry.

Money goes from the account to a company that the owner controls and is back the same day: the statement shows turnover. The
clumsy use round sums and one counterparty; the skilled have several, keep the money for days, and lose a little on the way as
trade does.
"""

from __future__ import annotations

import numpy as np

from weilend.economy.firms import Ints
from weilend.economy.fraud.cases import committed, draw_cases, for_money, sales_before, start_of
from weilend.economy.fraud.copies import copy, first_day, rounded, together, told
from weilend.economy.fraud.honest import Trade, fresh, money
from weilend.economy.fraud.planting import PATTERNS, Ground, Left, Pattern, Planted
from weilend.economy.raw import Flows, joined


def plant_wash(ground: Ground, dice: np.random.Generator, free: Ints) -> Planted:
    """Return firms that wash alone, before an application."""
    fits = np.ones((len(ground.firms), ground.plan.months), np.bool_)
    return for_money(ground, dice, committed(draw_cases(ground, dice, free, "wash_share", fits)), "wash_harm")


def leave_wash(ground: Ground, planted: Planted, trade: Trade, dice: np.random.Generator) -> Left:
    """Return both halves of every loop."""
    flows = together([
        _loops(ground, trade, dice, int(firm), int(month), float(skill))
        for firm, month, skill in zip(planted.firm, planted.since, planted.skill, strict=True)
    ])  # fmt: skip
    return Left(flows=flows and told(flows, ground.plan))


def _loops(ground: Ground, trade: Trade, dice: np.random.Generator, firm: int, month: int, skill: float) -> Flows:
    """Return the loops of a firm: over two months before the application, over half a year for the skilled."""
    months = 2 + round(4 * skill)
    count = months * int(dice.integers(4, 11))
    first, last = first_day(ground.plan, start_of(ground, firm, month, months)), first_day(ground.plan, month) - 1
    out, back = (
        dice.choice(money(trade.flows, -1, ("business",)), count),
        dice.choice(money(trade.flows, 1, ("business",)), count),
    )
    day, second = trade.flow_times.draw(dice, first, last, count)
    level = 100 * sales_before(ground.months, ground.firms, firm, month)
    sent = rounded(dice, level * 0.5 * np.exp(0.7 * dice.standard_normal(count)), 1 - skill)
    lost = 0.03 * dice.random(count) * (dice.random(count) < skill)
    later = dice.integers(1, 5, count) * (dice.random(count) < 0.9 * skill)
    returns = np.where(later > 0, dice.choice(trade.flows.second[back], count), _after(dice, second))
    accounts = fresh(dice, trade.parties, 1 + round(4 * skill))
    party = dice.choice(accounts, count)
    other = np.where(dice.random(count) < 0.8 * skill, dice.choice(accounts, count), party)
    whose = np.full(count, firm)
    there = copy(trade.flows, out, firm=whose, day=day, second=second, fen=-sent, party=party)
    here = copy(
        trade.flows,
        back,
        firm=whose,
        day=day + later,
        second=returns,
        fen=np.rint(sent * (1 - lost)).astype(np.int64),
        party=other,
    )
    return joined([there, here])


def _after(dice: np.random.Generator, second: Ints) -> Ints:
    """Return seconds later on the same day: within some hours."""
    left = 86_399 - second
    return second + np.minimum(1 + (dice.random(len(second)) * 4 * 3_600).astype(np.int64), left)


PATTERN = PATTERNS.add(
    "wash",
    Pattern(
        name="wash",
        zh="资金空转",
        share="wash_share",
        mechanics="the firm's own money goes to a company that the owner controls and comes back the same day",
        signature="the same party in and out, the same sum back within hours, round sums, nothing stays in the account",
        cost="inflow that is none: a limit too high",
        source="domain 2 (patterns, same-day turn, reciprocity); share of applications: assumption",
        withheld=False,
        plant=plant_wash,
        leave=leave_wash,
        ceilings={"bank_entry.counterparty_id": 0.9, "bank_entry.amount_fen": 0.85},
    ),
)
