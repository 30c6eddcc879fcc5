"""In: a district. Out: shells that an intermediary dresses up (包装贷). Used: by planting, through the registry.

The intermediary buys companies, lets their accounts live after the statement of a real firm (one donor for the whole batch,
for that is less work), has one bookkeeper write invoices, and puts a front man forward. The money goes round over a few
accounts of his own. With skill each shell gets amounts, days and parties of its own, wages and rent are paid, and the history
is longer.
"""

from __future__ import annotations

import msgspec
import numpy as np

from weilend.economy.firms import Ints
from weilend.economy.fraud.cases import Size, committed, draw_cases, for_money, sales_before, start_of
from weilend.economy.fraud.copies import copy, drawer_of, first_day, together, told
from weilend.economy.fraud.honest import Trade, fresh
from weilend.economy.fraud.marks import Share
from weilend.economy.fraud.planting import PATTERNS, Ground, Left, Pattern, Planted
from weilend.economy.fraud.shells import are_shells, new_representatives, shell_volume
from weilend.economy.raw import KIND, Flows, Papers

BATCH = Size(2, 6)
#: Lines of trade in three months that make a statement worth copying.
_WORTH = 15
#: What a real firm's account has that is nobody's trade; a clumsy intermediary forgets it.
_UPKEEP = np.array([KIND[name] for name in ("payroll", "rent", "utility", "tax", "social_insurance")])
_TRADE = np.array([KIND[name] for name in ("business", "person")])


def plant_packaged(ground: Ground, dice: np.random.Generator, free: Ints) -> Planted:
    """Return batches of shells with one intermediary, bookkeeper and, for want of skill, telephone and address."""
    made = committed(draw_cases(ground, dice, free, "packaged_share", are_shells(ground), BATCH))
    made = for_money(ground, dice, made, "shell_harm")
    volume, changes = shell_volume(ground, dice, made), new_representatives(ground, dice, made)
    shares = (
        Share(what="bookkeeper", firm=made.firm, value=made.case, since=changes.day),
        Share(what="agent", firm=made.firm, value=made.case, since=changes.day),
        *(_some(dice, made, what, changes.day) for what in ("desk_phone", "address")),
    )
    return msgspec.structs.replace(made, volume=volume, changes=(changes,), shares=shares)


def _some(dice: np.random.Generator, made: Planted, what: str, since: Ints) -> Share:
    """Return what those firms of each batch share whose intermediary was too lazy to get another."""
    lazy = dice.random(len(made.firm)) > made.skill
    return Share(what=what, firm=made.firm[lazy], value=made.case[lazy], since=since[lazy])


class _Job(msgspec.Struct, frozen=True):
    """A history to be made: for which firm, after which donor, at which scale, with which skill, from which day to which."""

    firm: int
    donor: int
    scale: float
    skill: float
    first: int
    last: int


def leave_packaged(ground: Ground, planted: Planted, trade: Trade, dice: np.random.Generator) -> Left:
    """Return the statements and invoices that are written for each batch."""
    flows, papers = [], []
    for case in np.unique(planted.case):
        inside = planted.case == case
        month, skill = int(planted.since[inside][0]), float(planted.skill[inside][0])
        donor = _donor(ground, trade, dice, month, planted.firm)
        accounts, agent = fresh(dice, trade.parties, 2 + round(10 * skill)), int(fresh(dice, trade.drawers, 1)[0])
        for firm in planted.firm[inside]:
            job = _job(ground, int(firm), donor, month, skill)
            flows.append(_statement(trade, dice, job, accounts))
            papers.append(
                _invoices(trade, dice, job, agent if dice.random() > skill else drawer_of(trade.papers, int(firm), agent))
            )
    made = together(flows), together(papers)
    return Left(flows=made[0] and told(made[0], ground.plan), papers=made[1] and told(made[1], ground.plan))


def _donor(ground: Ground, trade: Trade, dice: np.random.Generator, month: int, shells: Ints) -> int:
    """Return a real company without a shop, one whose statement of the months before the application is worth copying."""
    firms, first = ground.firms, first_day(ground.plan, max(month - 3, 0))
    recent = (trade.flows.day >= first) & (trade.flows.day < first_day(ground.plan, month)) & np.isin(trade.flows.kind, _TRADE)
    lines = np.bincount(trade.flows.firm[recent], minlength=len(firms))
    sellers = np.bincount(trade.papers.seller[trade.papers.seller >= 0], minlength=len(firms)) > 0
    worth = firms.is_company & ~firms.has_shop & sellers & (lines >= _WORTH)
    worth[shells] = False
    return int(dice.choice(np.flatnonzero(worth))) if worth.any() else int(lines.argmax())


def _job(ground: Ground, firm: int, donor: int, month: int, skill: float) -> _Job:
    """Return what is to be made: three months of history, up to a year for the skilled, at the level that the shell pretends
    to.
    """
    level = [sales_before(ground.months, ground.firms, one, month) for one in (firm, donor)]
    first = first_day(ground.plan, start_of(ground, firm, month, 3 + round(9 * skill)))
    scale = float(np.clip(level[0] / level[1], 0.2, 5.0))
    return _Job(firm=firm, donor=donor, scale=scale, skill=skill, first=first, last=first_day(ground.plan, month) - 1)


def _statement(trade: Trade, dice: np.random.Generator, job: _Job, accounts: Ints) -> Flows:
    """Return the flows of a shell: those of the donor at the shell's scale, over the intermediary's accounts."""
    flows = trade.flows
    own = (flows.firm == job.donor) & (flows.day >= job.first) & (flows.day <= job.last)
    kinds = np.concatenate([_TRADE, _UPKEEP]) if dice.random() < job.skill else _TRADE
    rows = np.flatnonzero(own & np.isin(flows.kind, kinds))
    others, place = np.unique(flows.party[rows], return_inverse=True)  # the landlord, the staff: nobody else's
    party = np.where(np.isin(flows.kind[rows], _TRADE), dice.choice(accounts, len(rows)),
                     fresh(dice, trade.parties, len(others))[place])  # fmt: skip
    second = dice.choice(flows.second, len(rows))  # the money does move, at hours of its own
    return copy(flows, rows, firm=np.full(len(rows), job.firm), party=party, day=_moved(dice, flows.day[rows], job), second=second,
                fen=_varied(dice, flows.fen[rows], job))  # fmt: skip


def _invoices(trade: Trade, dice: np.random.Generator, job: _Job, drawer: int) -> Papers:
    """Return the invoices of a shell: those of the donor that stand, at the shell's scale, to buyers outside."""
    papers = trade.papers
    stands = (papers.seller == job.donor) & ~papers.void & (papers.net > 0)
    rows = np.flatnonzero(stands & (papers.day >= job.first) & (papers.day <= job.last))
    net = _varied(dice, papers.net[rows], job)
    tax = np.rint(net * (papers.tax[rows] / papers.net[rows])).astype(np.int64)
    whose = np.full(len(rows), job.firm)
    return copy(papers, rows, seller=whose, buyer=np.full(len(rows), -1), day=_moved(dice, papers.day[rows], job), net=net, tax=tax,
                drawer=np.full(len(rows), drawer), second=dice.choice(papers.second, len(rows)))  # fmt: skip


def _moved(dice: np.random.Generator, day: Ints, job: _Job) -> Ints:
    """Return days: the donor's own, or (a share as large as the skill) some days beside, within the history."""
    beside = dice.integers(-6, 7, len(day))
    return np.where(dice.random(len(day)) < job.skill, np.clip(day + beside, job.first, job.last), day)


def _varied(dice: np.random.Generator, fen: Ints, job: _Job) -> Ints:
    """Return amounts: the donor's at one scale, varied by the skilled."""
    varied: Ints = np.rint(fen * job.scale * np.exp(0.6 * job.skill * dice.standard_normal(len(fen)))).astype(np.int64)
    return varied


PATTERN = PATTERNS.add(
    "packaged",
    Pattern(
        name="packaged",
        zh="包装贷(空壳)",
        share="packaged_share",
        mechanics="an intermediary buys shells, makes them a history after the statement of a real firm, and sends"
        " front men to ask",
        signature="the same sequence of amounts and days at several applicants, one bookkeeper, drawer, telephone or address,"
        " money that goes round over few accounts, a new representative",
        cost="nearly all of what is lent: the front man has nothing and the intermediary is gone",
        source="domain 2 (packaged shells, 职业背债人); share of applications: assumption",
        withheld=False,
        plant=plant_packaged,
        leave=leave_packaged,
        ceilings={"bank_entry.counterparty_id": 0.9, "invoice.counterparty_id": 0.85},
    ),
)
