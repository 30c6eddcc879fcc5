"""In: loans and what became of them. Out: their flows run off to maturity, and what they are worth. Used: by every contender alike.

A loan pays out its principal, is paid back by instalments (late, early or not at all), and what is written off or renewed under
stress brings its recovered share a year after it ceased to be paid. Worth is the sum of all flows, each discounted to the day of
booking at what money costs: so what funding costs is in it. All else that a company pays is counted beside it, and named.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from weilend.core.money import PPM
from weilend.economy.loans import Loans
from weilend.models.table import Booleans, Floats, Integers

#: Days after the first unpaid instalment at which what can be recovered of a lost loan has come in, on the whole.
RECOVERED_AFTER_DAYS: Final = 365
YEAR_DAYS: Final = 365


class Costs(msgspec.Struct, frozen=True, kw_only=True):
    """What a company pays besides funding, in fen; assumptions.

    `data_fen` for each application decided (the pulls of the policies of this house cost so much together), `booking_fen` for each
    loan paid out (paper, payment, service of its instalments), `chasing_fen` for each loan that ceases to be paid.

    >>> Costs().booking_fen
    8000
    """

    data_fen: int = 1_400
    booking_fen: int = 8_000
    chasing_fen: int = 20_000


class Flows(msgspec.Struct, frozen=True, eq=False):
    """What moves between lender and borrower, one row a movement: `loan` its place, `day` (since 1970-01-01), `fen` to the lender.

    >>> Flows(np.array([0]), np.array([20_000]), np.array([-100])).total_fen
    -100
    """

    loan: Integers
    day: Integers
    fen: Integers

    @property
    def total_fen(self) -> int:
        """The sum of all movements, undiscounted."""
        return int(self.fen.sum())


def flows_of(loans: Loans) -> Flows:
    """Return every movement of loans from booking to the end: payouts, instalments paid, early payoffs, recoveries."""
    number, count = np.arange(loans.due_day.shape[1]), len(loans.ask)
    inside = number < loans.term[:, None]
    paid = inside & (loans.late >= 0)
    rest = np.cumsum(loans.principal[:, ::-1], axis=1)[:, ::-1]
    amount = np.where(number == loans.payoff[:, None], rest, loans.principal) + loans.interest
    loan, place = np.nonzero(paid)
    lost_fen = unpaid_principal(loans)
    back = lost_fen * loans.recovered_ppm // PPM
    gone = np.flatnonzero(back)
    stop = np.minimum(loans.stop, len(number) - 1)
    every = np.arange(count)
    return Flows(
        np.concatenate([every, loan, gone]),
        np.concatenate([
            loans.booked,
            loans.due_day[loan, place] + loans.late[loan, place],
            loans.due_day[gone, stop[gone]] + RECOVERED_AFTER_DAYS,
        ]),
        np.concatenate([-loans.principal_fen, amount[loan, place], back[gone]]),
    )  # fmt: skip


def unpaid_principal(loans: Loans) -> Integers:
    """Return the principal (fen) of each loan that its borrower never pays."""
    number = np.arange(loans.due_day.shape[1])
    open_still = (number < loans.term[:, None]) & (loans.late < 0) & (number <= loans.payoff[:, None])
    unpaid: Integers = (open_still * loans.principal).sum(axis=1)
    return unpaid


def worth_fen(loans: Loans, funding_ppm: int) -> Integers:
    """Return what each loan is worth at its booking, in whole fen: its flows discounted at the cost of money (actual/365)."""
    flows = flows_of(loans)
    years = (flows.day - loans.booked[flows.loan]) / YEAR_DAYS
    value = flows.fen * (1 + funding_ppm / PPM) ** -years
    worth: Integers = np.rint(np.bincount(flows.loan, weights=value, minlength=len(loans.ask))).astype(np.int64)
    return worth


class Outcomes(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What offers lead to, arrays over applications: `taken`, and for those taken what the loan is worth (fen), whether it
    ceased to be paid, and what of its principal was never paid and not recovered. Zero where nothing was lent.
    """

    taken: Booleans
    worth_fen: Integers
    bad: Booleans
    lost_fen: Integers

    def profit_fen(self, costs: Costs) -> Integers:
        """Return what each application brought: the loan's worth less what deciding, booking and chasing cost."""
        spent: Integers = costs.data_fen + self.taken * costs.booking_fen + self.bad * costs.chasing_fen
        return self.worth_fen - spent


def take_floats(chance: Floats, die: Floats, offered: Booleans) -> Booleans:
    """Return which offers are taken: those whose die falls below the chance.

    >>> take_floats(np.array([0.5, 0.5]), np.array([0.4, 0.6]), np.array([True, True])).tolist()
    [True, False]
    """
    return offered & (die < chance)
