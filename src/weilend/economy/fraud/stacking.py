"""In: a district. Out: applicants who borrow from several lenders at once (多头借贷). Used: by planting, through the
registry.

One applicant in ten takes two to six loans within weeks of asking us. Mostly it is need, not crime: what does harm is that
the instalments of all weigh on one firm, so the harm is what the rule of default itself says of that weight. The careful have
the money paid to another account and choose lenders that report to no bureau.
"""

from __future__ import annotations

import msgspec
import numpy as np

from weilend.economy.firms import Floats, Ints
from weilend.economy.fraud.cases import sales_before
from weilend.economy.fraud.copies import copy, told
from weilend.economy.fraud.honest import Trade, money
from weilend.economy.fraud.marks import Debts, Share
from weilend.economy.fraud.planting import PATTERNS, Ground, Left, Pattern, Planted
from weilend.economy.months import instalment, strain
from weilend.economy.raw import Flows, rows_of

#: Most lenders beside us, the yearly rate and the months of what they lend. Assumptions.
_MOST_LENDERS, _RATE, _MONTHS = 6, 0.24, 12
_OUR_RATE = 0.15


def plant_stacking(ground: Ground, dice: np.random.Generator, free: Ints) -> Planted:
    """Return honest applicants who stack: no application more than honest life made, but other debts, and the harm that these
    do.
    """
    firm, first = np.unique(ground.asks.firm, return_index=True)
    chosen = np.isin(firm, free) & (dice.random(len(firm)) < ground.plan.constants["stacking_share"])
    firm, month = firm[chosen], ground.asks.month[first[chosen]]
    skill = dice.beta(2, 2, len(firm))
    debts, lenders = _borrow(ground, dice, firm, month, skill)
    enquiries = Share(what="enquiries", firm=firm, value=lenders + dice.integers(0, 4, len(firm)))
    harm = _weight(ground, debts, month, firm)
    return Planted(firm=firm, since=month, skill=skill, case=np.arange(len(firm)), debts=debts, harm=harm, shares=(enquiries,))


def _borrow(ground: Ground, dice: np.random.Generator, firm: Ints, month: Ints, skill: Floats) -> tuple[Debts, Ints]:
    """Return the loans taken elsewhere, and from how many lenders each borrows: within a month around the application, within
    half a year for the careful.
    """
    c, plan = ground.plan.constants, ground.plan
    lenders = np.minimum(2 + dice.geometric(0.45, len(firm)) - 1, _MOST_LENDERS)
    one = np.repeat(np.arange(len(firm)), lenders)
    count = len(one)
    before = np.floor((25 + 120 * skill[one]) * dice.random(count)) - 12  # some come after ours
    level = [sales_before(ground.months, ground.firms, int(who), int(when)) for who, when in zip(firm, month, strict=True)]
    usual = np.array(level)[one] if len(one) else np.zeros(0)
    yuan = c["stacked_loan_months"] * usual * np.exp(0.45 * dice.standard_normal(count))
    due = np.array([instalment(1.0, _RATE, _MONTHS)]) * yuan
    return Debts(
        firm=firm[one],
        day=plan.first_days[month[one]] - before.astype(np.int64),
        lender=dice.integers(0, 1 << 20, count),
        fen=np.rint(yuan * 100).astype(np.int64),
        due=np.rint(due * 100).astype(np.int64),
        months=np.full(count, _MONTHS),
        told=(dice.random(count) > 0.5 * skill[one]).astype(np.int64),
        booked=(dice.random(count) > 0.6 * skill[one]).astype(np.int64),
    ), lenders


def _weight(ground: Ground, debts: Debts, month: Ints, firm: Ints) -> Floats:
    """Return by how much the instalments of stacked loans raise the logit of default (firms, all months), beside one of ours."""
    plan, months = ground.plan, ground.months
    span = months.sales.shape[1]
    extra = np.zeros((len(ground.firms), span + _MONTHS + 1))
    start = np.searchsorted(plan.first_days, debts.day, side="right")
    for ahead in range(_MONTHS):
        np.add.at(extra, (debts.firm, np.minimum(start + ahead, span + _MONTHS)), debts.due)
    usual = np.maximum(months.usual_sales(span), 1.0)[firm, None]
    ours = usual * instalment(1.0, _OUR_RATE, 12)
    after = np.arange(span) >= month[:, None]
    due, more = months.service[firm] + ours, extra[firm, :span] / 100
    heavier = strain(due + more, months.net[firm], months.cash[firm], usual) - strain(
        due, months.net[firm], months.cash[firm], usual
    )
    harm = np.zeros((len(ground.firms), span))
    harm[firm] = plan.constants["default_strain"] * heavier * after
    return harm


def leave_stacking(ground: Ground, planted: Planted, trade: Trade, dice: np.random.Generator) -> Left:
    """Return the flows of the loans that ran over the account that we see: paid out, then paid back month by month."""
    debts = planted.debts
    rows = money(trade.flows, 1, ("lender",))
    rows = rows[trade.flows.lender[rows] >= 0]
    if debts is None or not len(rows):
        return Left(debts=debts)
    lenders, where = np.unique(trade.flows.lender[rows], return_index=True)
    like = rows[where[debts.lender % len(lenders)]]
    debts = msgspec.structs.replace(debts, lender=trade.flows.lender[like])
    flows = _flows(trade, dice, debts, like)
    months = np.searchsorted(ground.plan.first_days, flows.day, side="right") - 1
    alive = (months >= ground.firms.founded[flows.firm]) & (months < ground.firms.closed[flows.firm])
    return Left(flows=told(rows_of(flows, alive), ground.plan), debts=debts)


def _flows(trade: Trade, dice: np.random.Generator, debts: Debts, like: Ints) -> Flows:
    """Return one flow in for each booked loan, and one out for each of its months."""
    seen = np.flatnonzero(debts.booked)
    loan = np.concatenate([seen, np.repeat(seen, _MONTHS)])
    number = np.concatenate([np.zeros(len(seen), np.int64), np.tile(np.arange(1, _MONTHS + 1), len(seen))])
    return copy(
        trade.flows,
        like[loan],
        firm=debts.firm[loan],
        day=debts.day[loan] + np.rint(30.4 * number).astype(np.int64),
        second=dice.choice(trade.flows.second, len(loan)),
        fen=np.where(number == 0, debts.fen[loan], -debts.due[loan]),
    )


PATTERN = PATTERNS.add(
    "stacking",
    Pattern(
        name="stacking",
        zh="多头借贷",
        share="stacking_share",
        mechanics="an applicant takes two to six loans of other lenders within weeks of ours",
        signature="enquiries and lenders in the bureau, money from and to several lenders in the account",
        cost="the weight of all instalments together: a default more likely by its own rule, and less left for each lender",
        source="domain 5: 8 to 12 % of applicants (proposal)",
        withheld=False,
        plant=plant_stacking,
        leave=leave_stacking,
        ceilings={
            "bank_entry.lender_id": 1.0,
            "bank_entry.counterparty_kind": 1.0,
            "bank_entry.nature": 1.0,
            "bank_entry.counterparty_id": 0.95,
            "bank_entry.amount_fen": 0.95,
        },
    ),
)
