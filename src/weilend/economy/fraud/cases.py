"""In: a district and the constants of a pattern. Out: cases (who, when, how skilled), and what all patterns plant alike:
applications and harm. Used: by every pattern.

A case is one act of fraud: a ring, a gang, an intermediary's batch, a firm alone. Its month is drawn from the months of
honest applications, its firms from those that could apply then and have not lately, so that neither tells anything.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from weilend.economy.credit import Asks
from weilend.economy.firms import Bools, Firms, Floats, Ints
from weilend.economy.fraud.planting import Ground, Planted
from weilend.economy.months import Months

#: As for honest applications: months of life, and months between two of one firm.
_LEAST_AGE, _APART = 3, 6
_LEAST_WANT = 3_000.0


class Case(msgspec.Struct, frozen=True, eq=False):
    """An act of fraud: its firms, the month of its applications, its skill."""

    firms: Ints
    month: int
    skill: float


class Size(msgspec.Struct, frozen=True):
    """How many firms a case has: evenly from `least` to `most`, or with a `tail`: `least` and an exponential number more.

    >>> Size(3, 5).mean, round(Size(5, 50, 8.0).mean, 2)
    (4.0, 12.51)
    """

    least: int = 1
    most: int = 1
    tail: float = 0.0

    @property
    def mean(self) -> float:
        """The mean number of firms."""
        return self.least + 1 / float(np.expm1(1 / self.tail)) if self.tail else (self.least + self.most) / 2

    def draw(self, dice: np.random.Generator) -> int:
        """Return the size of a case."""
        if self.tail:
            return min(self.least + int(dice.exponential(self.tail)), self.most)
        return int(dice.integers(self.least, self.most + 1))


def can_ask(ground: Ground) -> Bools:
    """Return where (firms, months told) a firm could ask: open, old enough, and no honest application within half a year."""
    told = ground.plan.months
    month = np.arange(told)
    able = ground.months.open[:, :told] & (month - ground.firms.founded[:, None] >= _LEAST_AGE) & (month >= _APART)
    for firm, asked in zip(ground.asks.firm, ground.asks.month, strict=True):
        able[firm, max(asked - _APART + 1, 0) : asked + _APART] = False
    return able


def draw_cases(
    ground: Ground, dice: np.random.Generator, free: Ints, share: str, fits: Bools, size: Size | None = None
) -> list[Case]:
    """Return cases so many that their applications are a share (the name of a constant) of honest ones, by chance.

    `free` are the firms that commit nothing yet, `fits` (firms, months told) says which of them suit when. Where too few do,
    the case is smaller; where fewer than its least size do, it does not come about.
    """
    size = size or Size()
    fits = fits & can_ask(ground)
    left = np.zeros(len(ground.firms), np.bool_)
    left[free] = True
    cases = []
    for _ in range(dice.poisson(ground.plan.constants[share] * len(ground.asks) / size.mean)):
        month = int(dice.choice(ground.asks.month))
        skill, wanted = float(dice.beta(2, 2)), size.draw(dice)
        suits = np.flatnonzero(left & fits[:, month])
        if len(suits) >= size.least:
            firms = np.sort(dice.choice(suits, min(wanted, len(suits)), replace=False))
            left[firms] = False
            cases.append(Case(firms, month, skill))
    return cases


def committed(cases: list[Case], **more: Any) -> Planted:
    """Return what cases plant: who, when, how skilled, in which case; `more` fields as they are."""
    sizes = np.array([len(case.firms) for case in cases], np.int64)
    return Planted(
        firm=np.concatenate([case.firms for case in cases]) if cases else np.zeros(0, np.int64),
        since=np.repeat(np.array([case.month for case in cases], np.int64), sizes),
        skill=np.repeat(np.array([case.skill for case in cases], np.float64), sizes),
        case=np.repeat(np.arange(len(cases)), sizes),
        **more,
    )


def ask(ground: Ground, dice: np.random.Generator, firm: Ints, month: Ints) -> Asks:
    """Return the applications of firms, of amounts as honest ones have in mind."""
    told = ground.plan.months
    want = ground.months.usual_sales(told)[firm] * np.exp(0.5 * dice.standard_normal(len(firm)))
    return Asks(firm=firm, month=np.minimum(month, told - 1), want=np.maximum(want, _LEAST_WANT))


def for_money(ground: Ground, dice: np.random.Generator, made: Planted, harm: str) -> Planted:
    """Return what was committed with an application of every firm in its month, and harm (the name of a constant) from then
    on.
    """
    logit = ground.plan.constants[harm]
    return msgspec.structs.replace(
        made, asks=ask(ground, dice, made.firm, made.since), harm=harm_of(ground, made.firm, made.since, logit)
    )


def harm_of(ground: Ground, firm: Ints, since: Ints, logit: float) -> Floats:
    """Return the harm (firms, all months) of firms that mean less to pay from a month on."""
    harm = np.zeros_like(ground.months.sales)
    for one, month in zip(firm, since, strict=True):
        harm[one, month:] = logit
    return harm


def start_of(ground: Ground, firm: Ints | int, month: int, months: int) -> int:
    """Return the first month of a history of so many months before an application, made when all its firms were there."""
    return max(month - months, int(np.max(ground.firms.founded[firm])), 0)


def sales_before(months: Months, firms: Firms, firm: int, month: int) -> float:
    """Return the yuan that a firm sells in a usual month, by its own honest level before a month."""
    past = months.sales[firm, max(month - 12, 0) : month]
    level = float(past[past > 0].mean()) if (past > 0).any() else 0.0
    return max(level, 0.05 * float(firms.sales[firm]), 100.0)
