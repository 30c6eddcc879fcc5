"""In: schedules or loan accounts, a life (how loans end), a rate of funding. Out: expected flows, net present values, run-offs.
Used: to compare what policies earn, every booked cohort run off to its maturity.

A month is a period. In each, a loan that is alive ceases to pay with the month's hazard (and brings back `1 - loss` of what was
outstanding, some months later), is repaid in full early, or pays its instalment. Decimal arithmetic in a context of its own,
rounded once at the end: the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal, localcontext
from typing import Final

import msgspec

from weilend.core.credit import DAYS_PER_YEAR, MONTHS_PER_YEAR, Schedule, month_days
from weilend.core.errors import InputError
from weilend.core.money import PPM
from weilend.lending.account import LoanAccount
from weilend.lending.accounts import Entry
from weilend.lending.standing import months_between, stand

_CONTEXT: Final = Context(prec=40, rounding=ROUND_HALF_EVEN)
#: Accounts on which money comes and goes: a renewal brings what the new loan pays.
_MONEY: Final = ("cash", "renewal_clearing")
Flows = tuple[Decimal, ...]


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """How loans end: the chance of ceasing to pay in each month (ppm; the last one goes on), and of being repaid in full early.

    `loss_ppm` of what is outstanding is lost for good, the rest comes back after `recovery_months`.

    >>> Life(hazard_ppm=(5_000, 10_000), loss_ppm=750_000).hazard_at(7)
    Decimal('0.01')
    """

    hazard_ppm: tuple[int, ...]
    loss_ppm: int
    prepay_ppm: int = 0
    recovery_months: int = 6

    def hazard_at(self, month: int) -> Decimal:
        """Return the chance of ceasing to pay in a month, from 1."""
        return Decimal(self.hazard_ppm[min(month, len(self.hazard_ppm)) - 1]) / PPM


class RunOff(msgspec.Struct, frozen=True, kw_only=True):
    """What a cohort is still expected to bring: how many loans, principal outstanding, flows by month from the next, their value.

    >>> RunOff(loans=0, outstanding_fen=0, flows_fen=(), value_fen=0).value_fen
    0
    """

    loans: int
    outstanding_fen: int
    flows_fen: tuple[int, ...]
    value_fen: int


def expected_flows(rows: Sequence[tuple[int, int]], life: Life) -> Flows:
    """Return the expected fen of each month; `rows` are (due, outstanding before it) by month.

    >>> [str(fen) for fen in expected_flows([(50, 100), (50, 50)], Life(hazard_ppm=(100_000,), loss_ppm=PPM, recovery_months=1))]
    ['45.0', '40.50', '0.00']
    """
    if not life.hazard_ppm or not all(0 <= one <= PPM for one in (*life.hazard_ppm, life.loss_ppm, life.prepay_ppm)):
        raise InputError("a life needs hazards and shares of 0 to 1,000,000 ppm", hint="give one hazard at least")
    with localcontext(_CONTEXT):
        flows = [Decimal(0)] * (len(rows) + life.recovery_months)
        alive, kept = Decimal(1), 1 - Decimal(life.loss_ppm) / PPM
        early = Decimal(life.prepay_ppm) / PPM
        for month, (due_fen, outstanding_fen) in enumerate(rows, start=1):
            falls = alive * life.hazard_at(month)
            pays = alive - falls
            left_fen = rows[month][1] if month < len(rows) else 0
            flows[month - 1] += pays * (due_fen + early * left_fen)
            flows[month - 1 + life.recovery_months] += falls * kept * outstanding_fen
            alive = pays * (1 - early)
        return tuple(flows)


def rows_of(schedule: Schedule) -> tuple[tuple[int, int], ...]:
    """Return (due, outstanding before it) of each instalment, as `expected_flows` takes them.

    >>> from weilend.core.credit import make_schedule
    >>> rows_of(make_schedule("equal_principal", 100, annual_rate_ppm=0, months=2))
    ((50, 100), (50, 50))
    """
    return tuple((row.due_fen, row.outstanding_fen + row.principal_fen) for row in schedule.instalments)


def present_value_fen(flows: Iterable[Decimal | int], annual_rate_ppm: int) -> int:
    """Return the value today of monthly flows, the first one month ahead, at an effective yearly rate.

    >>> present_value_fen([0] * 11 + [103_500], 35_000)
    100000
    """
    with localcontext(_CONTEXT):
        monthly = (1 + Decimal(annual_rate_ppm) / PPM) ** (Decimal(1) / MONTHS_PER_YEAR)
        value = sum((Decimal(fen) / monthly**month for month, fen in enumerate(flows, start=1)), Decimal(0))
        return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def expected_profit_fen(schedule: Schedule, life: Life, funding_rate_ppm: int, *, upfront_fen: int = 0) -> int:
    """Return the net present value of a loan: what it is expected to bring, less what is paid out, at the rate of funding.

    `upfront_fen` is what comes (fees) or goes (costs, negative) at the start.

    >>> from weilend.core.credit import make_schedule
    >>> loan = make_schedule("equal_instalment", 10_000_000, annual_rate_ppm=180_000, months=12)
    >>> [expected_profit_fen(loan, Life(hazard_ppm=(h,), loss_ppm=750_000), 35_000) for h in (0, 5_000, 20_000)]
    [799021, 535658, -199382]
    """
    return present_value_fen(expected_flows(rows_of(schedule), life), funding_rate_ppm) - schedule.principal_fen + upfront_fen


def money_flows(entries: Iterable[Entry]) -> tuple[tuple[date, int], ...]:
    """Return the money of some entries by day, as the lender sees it: out negative, in positive.

    >>> from weilend.lending.accounts import make_entry
    >>> money_flows([make_entry("D1", "drawdown", date(2024, 1, 1), {"principal": 100, "cash": -100})])
    ((datetime.date(2024, 1, 1), -100),)
    """
    days: dict[date, int] = {}
    for entry in entries:
        moved = sum(posting.amount_fen for posting in entry.postings if posting.account in _MONEY)
        days[entry.on] = days.get(entry.on, 0) + moved
    return tuple((day, fen) for day, fen in sorted(days.items()) if fen)


def dated_value_fen(flows: Iterable[tuple[date, int]], annual_rate_ppm: int, on: date) -> int:
    """Return the value on a day of dated flows, at an effective yearly rate, a year being 365 days; the past is compounded.

    >>> dated_value_fen([(date(2023, 1, 1), -100_000), (date(2024, 1, 1), 103_500)], 35_000, date(2023, 1, 1))
    0
    """
    with localcontext(_CONTEXT):
        growth = 1 + Decimal(annual_rate_ppm) / PPM
        value = sum((fen * growth ** (Decimal((on - day).days) / DAYS_PER_YEAR) for day, fen in flows), Decimal(0))
        return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def run_off(accounts: Iterable[LoanAccount], on: date, lives: Mapping[str, Life], funding_rate_ppm: int) -> RunOff:
    """Return what a cohort is expected to bring from a day until its last loan has ended; `lives` are by bucket of arrears.

    Arrears are taken to be due within the month. Raises `InputError` for a bucket that has no life.

    >>> from weilend.lending.example import example_loan
    >>> sure = Life(hazard_ppm=(0,), loss_ppm=0)
    >>> found = run_off([example_loan()], date(2024, 1, 1), {"C": sure}, 0)
    >>> found.outstanding_fen, found.flows_fen[0], found.value_fen
    (10000000, 916800, 11001599)
    """
    total: list[Decimal] = []
    loans = outstanding_fen = 0
    with localcontext(_CONTEXT):
        for account in accounts:
            found = stand(account, on)
            if not found.outstanding_fen:
                continue
            if found.bucket not in lives:
                raise InputError(f"no life for loans in {found.bucket}", hint=f"there is: {', '.join(lives)}")
            flows = expected_flows(_rows_ahead(account, on, found.overdue_fen), lives[found.bucket])
            total += [Decimal(0)] * (len(flows) - len(total))
            for month, fen in enumerate(flows):
                total[month] += fen
            loans, outstanding_fen = loans + 1, outstanding_fen + found.outstanding_fen
        whole = tuple(int(fen.quantize(Decimal(1), rounding=ROUND_HALF_UP)) for fen in total)
    value_fen = present_value_fen(total, funding_rate_ppm)
    return RunOff(loans=loans, outstanding_fen=outstanding_fen, flows_fen=whole, value_fen=value_fen)


def _month_ahead(on: date, day: date) -> int:
    """Return in which month from a day another one lies: 1 until the same day of the next month, that day included."""
    months = months_between(on, day)
    return months if month_days(on, months)[-1] == day else months + 1


def _rows_ahead(account: LoanAccount, on: date, overdue_fen: int) -> list[tuple[int, int]]:
    """Return (due, outstanding before it) by month ahead, arrears with the first."""
    ahead = [(_month_ahead(on, row.due_on), row) for row in account.planned if row.due_on > on]
    months = max((month for month, _ in ahead), default=1)
    dues, repaid = [0] * months, [0] * months
    for month, row in ahead:
        dues[month - 1] += row.due.total
        repaid[month - 1] += row.principal_fen
    dues[0] += overdue_fen
    left, rows = account.outstanding_fen, []
    for due_fen, principal_fen in zip(dues, repaid, strict=True):
        rows.append((due_fen, left))
        left -= principal_fen
    return rows
