"""In: a principal, a rate, months, days. Out: schedules to the fen, year fractions, the all-in rate. Used: by lending.

Pure arithmetic, and no float in it: a period rate is an exact `Fraction`, so that a tie of half a fen is seen as a tie; rates
of return are `Decimal` in a context of its own, found by bisection, so that they converge always and are the same everywhere.
Each interest and each instalment is rounded to the fen half up, and the last instalment absorbs what rounding left.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal, localcontext
from fractions import Fraction
from itertools import pairwise
from typing import Final, Literal

import msgspec

from weilend.core.calendars import first_of_month, month_index
from weilend.core.errors import InputError
from weilend.core.money import PPM

#: How a loan is repaid: 等额本息, 等额本金, 先息后本, 等本等息 (equal principal, and interest on what was lent at first).
Method = Literal["equal_instalment", "equal_principal", "interest_first", "flat_fee"]
#: How days are turned into years (ISDA 2006 definitions, §4.16).
DayCount = Literal["act_360", "act_365f", "act_act_isda", "thirty_u_360", "thirty_e_360"]
#: How a monthly rate of return is annualised: 12 times it (as Regulation Z does), or compounded (as the EU's APRC does).
RateConvention = Literal["nominal", "effective"]

MONTHS_PER_YEAR: Final = 12
DAYS_PER_YEAR: Final = 365
MAX_MONTHS: Final = 600  # no schedule is longer; it also bounds the size of the exact fractions
_CONTEXT: Final = Context(prec=60, rounding=ROUND_HALF_EVEN)
_HALVINGS: Final = 150  # leaves a bracket of 2**-150 of its first width, far below a ppm of any rate compounded over a year


class Instalment(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a schedule, in fen; `outstanding_fen` is what is still owed after it.

    >>> Instalment(number=1, principal_fen=90, interest_fen=10, outstanding_fen=0).due_fen
    100
    """

    number: int
    principal_fen: int
    interest_fen: int
    outstanding_fen: int

    @property
    def due_fen(self) -> int:
        """What is to be paid: principal and interest."""
        return self.principal_fen + self.interest_fen


class Schedule(msgspec.Struct, frozen=True):
    """The instalments of a loan, by which its principal is repaid to the fen.

    >>> loan = make_schedule("interest_first", 10_000_000, annual_rate_ppm=180_000, months=12)
    >>> loan.interest_fen, loan.instalments[0].due_fen, loan.instalments[-1].due_fen
    (1800000, 150000, 10150000)
    """

    principal_fen: int
    instalments: tuple[Instalment, ...]

    @property
    def interest_fen(self) -> int:
        """All interest, in fen."""
        return sum(row.interest_fen for row in self.instalments)

    def flows_fen(self, *, upfront_fee_fen: int = 0, fees_fen: Sequence[int] = ()) -> tuple[int, ...]:
        """Return the lender's cash flows by period, fees included: out first, then one in for each instalment.

        `fees_fen` are fees due together with the instalments; none, or one for each.

        >>> make_schedule("equal_principal", 100, annual_rate_ppm=0, months=2).flows_fen(upfront_fee_fen=3, fees_fen=(1, 1))
        (-97, 51, 51)
        """
        fees = tuple(fees_fen) or (0,) * len(self.instalments)
        if len(fees) != len(self.instalments):
            raise InputError(f"{len(fees)} fees for {len(self.instalments)} instalments", hint="give one fee for each")
        paid_out = upfront_fee_fen - self.principal_fen
        return (paid_out, *(row.due_fen + fee for row, fee in zip(self.instalments, fees, strict=True)))


def make_schedule(method: Method, principal_fen: int, *, annual_rate_ppm: int, months: int) -> Schedule:
    """Return the schedule of a loan with equal months, of which each is a twelfth of a year.

    Raises `InputError` when the principal is not positive, the rate is negative, or the months are not 1..600.

    >>> loan = make_schedule("equal_instalment", 10_000_000, annual_rate_ppm=180_000, months=12)
    >>> loan.instalments[0].due_fen, loan.instalments[-1].due_fen, loan.interest_fen
    (916800, 916799, 1001599)
    """
    if not 1 <= months <= MAX_MONTHS:
        raise InputError(f"{months} months are no schedule", hint=f"give 1 to {MAX_MONTHS}")
    return schedule_of_rates(method, principal_fen, (Fraction(annual_rate_ppm, MONTHS_PER_YEAR * PPM),) * months)


def make_dated_schedule(
    method: Method, principal_fen: int, *, annual_rate_ppm: int, days: Sequence[date], day_count: DayCount
) -> Schedule:
    """Return the schedule of a loan paid out on the first of `days` and repaid on each of the others.

    >>> halves = (date(2024, 1, 1), date(2024, 7, 1), date(2025, 1, 1))
    >>> loan = make_dated_schedule("interest_first", 36_000, annual_rate_ppm=100_000, days=halves, day_count="act_360")
    >>> [row.interest_fen for row in loan.instalments]
    [1820, 1840]
    """
    years = (year_fraction(start, end, day_count) for start, end in pairwise(days))
    return schedule_of_rates(method, principal_fen, tuple(Fraction(annual_rate_ppm, PPM) * year for year in years))


def schedule_of_rates(method: Method, principal_fen: int, rates: Sequence[Fraction]) -> Schedule:
    """Return the schedule of a loan whose k-th period bears `rates[k]`: the general form of the others.

    >>> loan = schedule_of_rates("equal_instalment", 1_000, (Fraction(1, 100), Fraction(3, 100)))
    >>> [(row.principal_fen, row.interest_fen) for row in loan.instalments]
    [(502, 10), (498, 15)]
    """
    if method not in _WISHES:
        raise InputError(f"no schedule {method!r}", hint=f"there is: {', '.join(_WISHES)}")
    if principal_fen <= 0:
        raise InputError(f"a principal of {principal_fen} fen cannot be lent", hint="give a positive number of fen")
    if not 1 <= len(rates) <= MAX_MONTHS or any(rate < 0 for rate in rates):
        raise InputError("a schedule needs 1 to 600 periods with rates that are not negative", hint="check rate and days")
    return Schedule(principal_fen, tuple(_rows(method, principal_fen, rates)))


def _rows(method: Method, principal_fen: int, rates: Sequence[Fraction]) -> Iterable[Instalment]:
    """Walk down the outstanding; what a method wishes to repay never lends more and never repays twice."""
    target_fen = _WISHES[method](principal_fen, rates)
    outstanding = principal_fen
    for number, rate in enumerate(rates, start=1):
        interest = round_half_up((principal_fen if method == "flat_fee" else outstanding) * rate)
        wish = target_fen - interest if method == "equal_instalment" else target_fen
        principal = outstanding if number == len(rates) else min(max(wish, 0), outstanding)
        outstanding -= principal
        yield Instalment(number=number, principal_fen=principal, interest_fen=interest, outstanding_fen=outstanding)


def _annuity(principal_fen: int, rates: Sequence[Fraction]) -> int:
    """Return A = P·Π(1+r_k)/f_n with f_1 = 1, f_k = 1 + f_{k−1}(1+r_k): the instalment that is equal under any rates."""
    growth, factor = Fraction(1), Fraction(0)
    for rate in rates:
        growth, factor = growth * (1 + rate), 1 + factor * (1 + rate)
    return round_half_up(principal_fen * growth / factor)


def _equal_share(principal_fen: int, rates: Sequence[Fraction]) -> int:
    return round_half_up(Fraction(principal_fen, len(rates)))


def _nothing(_principal_fen: int, _rates: Sequence[Fraction]) -> int:
    return 0


#: What each method aims at in every period: a whole instalment for equal_instalment, a part of the principal for the others.
_WISHES: Final[dict[str, Callable[[int, Sequence[Fraction]], int]]] = {
    "equal_instalment": _annuity,
    "equal_principal": _equal_share,
    "interest_first": _nothing,
    "flat_fee": _equal_share,
}


def month_days(start: date, months: int) -> tuple[date, ...]:
    """Return a day and the same day of each of the next months, or a month's last day where it has no such day.

    >>> [day.isoformat() for day in month_days(date(2024, 1, 31), 2)]
    ['2024-01-31', '2024-02-29', '2024-03-31']
    """
    firsts = (first_of_month(month_index(start) + ahead) for ahead in range(months + 1))
    return tuple(first.replace(day=min(start.day, calendar.monthrange(first.year, first.month)[1])) for first in firsts)


def interest_fen(outstanding_fen: int, annual_rate_ppm: int, years: Fraction) -> int:
    """Return the interest on an amount over a part of a year, in fen: what a revolving loan (随借随还) owes.

    >>> interest_fen(10_000_000, 180_000, Fraction(37, 360))
    185000
    """
    return round_half_up(outstanding_fen * Fraction(annual_rate_ppm, PPM) * years)


def annual_of_daily_ppm(daily_rate_ppm: int, *, days_per_year: int) -> int:
    """Return a daily rate as a simple annual one. Chinese lenders quote by 360 days, the cost statement by 365.

    >>> annual_of_daily_ppm(500, days_per_year=360), annual_of_daily_ppm(500, days_per_year=365)
    (180000, 182500)
    """
    return daily_rate_ppm * days_per_year


def round_half_up(value: Fraction) -> int:
    """Return the nearest integer of a value that is not negative, a half rounded up (四舍五入).

    >>> round_half_up(Fraction(5, 2)), round_half_up(Fraction(249, 100))
    (3, 2)
    """
    return (2 * value.numerator + value.denominator) // (2 * value.denominator)


def year_fraction(start: date, end: date, day_count: DayCount) -> Fraction:
    """Return the part of a year from `start` to `end`, exactly (ISDA 2006 definitions, §4.16).

    Raises `InputError` when `end` lies before `start`.

    >>> [str(year_fraction(date(2024, 1, 31), date(2024, 3, 1), name)) for name in ("act_360", "act_act_isda", "thirty_e_360")]
    ['1/12', '5/61', '31/360']
    """
    if end < start:
        raise InputError(f"{end} lies before {start}", hint="give the earlier day first")
    if day_count not in _DAY_COUNTS:
        raise InputError(f"no day count {day_count!r}", hint=f"there is: {', '.join(_DAY_COUNTS)}")
    return _DAY_COUNTS[day_count](start, end)


def _actual_actual(start: date, end: date) -> Fraction:
    """Count each calendar year's days by that year's own length."""
    years = range(start.year, end.year + 1)
    parts = ((max(start, date(year, 1, 1)), min(end, date(year + 1, 1, 1)), 365 + calendar.isleap(year)) for year in years)
    return sum((Fraction((until - since).days, length) for since, until, length in parts), Fraction(0))


def _thirty(start: date, end: date, first_day: int, last_day: int) -> Fraction:
    return Fraction(360 * (end.year - start.year) + 30 * (end.month - start.month) + last_day - first_day, 360)


def _thirty_us(start: date, end: date) -> Fraction:
    """Follow the US rule: a month's end is its 30th, February's too; a 31st at the end counts only after a 30th."""
    starts_at_end, both_at_end = _ends_february(start), _ends_february(start) and _ends_february(end)
    first_day = 30 if starts_at_end else min(start.day, 30)
    last_day = 30 if both_at_end or (end.day == 31 and first_day == 30) else end.day
    return _thirty(start, end, first_day, last_day)


def _ends_february(day: date) -> bool:
    return day.month == 2 and day.day == calendar.monthrange(day.year, 2)[1]


_DAY_COUNTS: Final[dict[str, Callable[[date, date], Fraction]]] = {
    "act_360": lambda start, end: Fraction((end - start).days, 360),
    "act_365f": lambda start, end: Fraction((end - start).days, 365),
    "act_act_isda": _actual_actual,
    "thirty_u_360": _thirty_us,
    "thirty_e_360": lambda start, end: _thirty(start, end, min(start.day, 30), min(end.day, 30)),
}


def irr(flows_fen: Sequence[int]) -> Decimal:
    """Return the rate of return per period of the lender's flows, one for each period, to 20 decimals.

    Raises `InputError` when the flows do not go out first and come back after: then no single rate answers.

    >>> irr((-100, 0, 121))
    Decimal('0.10000000000000000000')
    """
    return _rate(tuple(enumerate(flows_fen)))


def all_in_rate_ppm(flows_fen: Sequence[int], convention: RateConvention) -> int:
    """Return the yearly cost of a loan with monthly flows, all fees in, in ppm.

    `nominal` is 12·irr (US Regulation Z, appendix J), `effective` is (1+irr)^12 − 1 (EU directive 2023/2225, annex III).
    Raises `InputError` as `irr` does.

    >>> flows = make_schedule("flat_fee", 10_000_000, annual_rate_ppm=120_000, months=12).flows_fen()
    >>> all_in_rate_ppm(flows, "nominal"), all_in_rate_ppm(flows, "effective")
    (214572, 236984)
    """
    monthly = irr(flows_fen)
    if convention not in _ANNUALISED:
        raise InputError(f"no convention {convention!r}", hint=f"there is: {', '.join(_ANNUALISED)}")
    return _ANNUALISED[convention](monthly)


_ANNUALISED: Final[dict[str, Callable[[Decimal], int]]] = {
    "nominal": lambda monthly: _to_ppm(_CONTEXT.multiply(monthly, Decimal(MONTHS_PER_YEAR))),
    "effective": lambda monthly: _to_ppm(_compounded(monthly, MONTHS_PER_YEAR)),
}


def xirr_ppm(flows_fen: Sequence[tuple[date, int]]) -> int:
    """Return the effective yearly rate of dated flows in ppm, a year being 365 days (as XIRR of spreadsheets).

    >>> xirr_ppm([(date(2023, 1, 1), -100_00), (date(2024, 1, 1), 110_00)])
    100000
    """
    if not flows_fen:
        raise InputError("no flows have no rate", hint="give what goes out and what comes back")
    first = min(day for day, _ in flows_fen)
    daily = _rate(tuple(sorted(((day - first).days, fen) for day, fen in flows_fen)))
    return _to_ppm(_compounded(daily, DAYS_PER_YEAR))


def _rate(flows: Sequence[tuple[int, int]]) -> Decimal:
    """Return the one r at which Σ flow/(1+r)^t is zero, by bisecting x = 1/(1+r).

    Out first and back after means one change of sign, so by Descartes' rule the sum has one root x > 0, negative below it and
    positive above it: doubling finds a bracket, halving closes it.
    """
    _refuse_two_ways(flows)
    with localcontext(_CONTEXT):
        low, high = Decimal(0), Decimal(1)
        while _value(flows, high) < 0:
            low, high = high, high * 2
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if _value(flows, middle) < 0 else (low, middle)
        return (1 / high - 1).quantize(Decimal("1e-20"))


def _value(flows: Sequence[tuple[int, int]], discount: Decimal) -> Decimal:
    return sum((fen * discount**period for period, fen in flows), Decimal(0))


def _refuse_two_ways(flows: Sequence[tuple[int, int]]) -> None:
    signs = [fen > 0 for _, fen in flows if fen]
    if not signs or signs != sorted(signs) or signs[0] or not signs[-1] or _same_moment(flows):
        raise InputError("these flows have no single rate", hint="give the lender's flows: out first (negative), back after it")


def _same_moment(flows: Sequence[tuple[int, int]]) -> bool:
    """Tell whether money comes back no later than the last of it goes out."""
    return max(at for at, fen in flows if fen < 0) >= min(at for at, fen in flows if fen > 0)


def _compounded(rate: Decimal, periods: int) -> Decimal:
    return _CONTEXT.subtract(_CONTEXT.power(_CONTEXT.add(Decimal(1), rate), Decimal(periods)), Decimal(1))


def _to_ppm(rate: Decimal) -> int:
    """Round to the ppm, a half away from zero, after the digits that bisection cannot vouch for are gone."""
    ppm = _CONTEXT.multiply(rate, Decimal(PPM)).quantize(Decimal("1e-9"), context=_CONTEXT)
    return int(ppm.quantize(Decimal(1), rounding=ROUND_HALF_UP, context=_CONTEXT))
