"""In: what was agreed. Out: `Contract`, and what its periods bear. Used: by the ledger.

A contract never changes; what a restructuring changes stands in the loan account. A period runs from one due day to the next; its
rate is a twelfth of the yearly one, or follows a day count, and a part of a period bears its part of days.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from itertools import pairwise
from typing import Final, Literal

import msgspec

from weilend.core.credit import MAX_MONTHS, MONTHS_PER_YEAR, DayCount, Method, Schedule, schedule_of_rates, year_fraction
from weilend.core.errors import InputError
from weilend.core.money import PPM, show_percent
from weilend.lending.accounts import Share, check_shares
from weilend.lending.rules import RULES, order_at

#: How a loan is repaid: a schedule's method, or 随借随还, by the day: interest is due on each due day, the principal on the last.
LoanMethod = Literal["equal_instalment", "equal_principal", "interest_first", "flat_fee", "revolving"]
#: What a period bears: a twelfth of a year, or what a day count says.
PeriodCount = DayCount | Literal["twelfth"]
_SCHEDULES: Final[dict[LoanMethod, Method]] = {
    "equal_instalment": "equal_instalment",
    "equal_principal": "equal_principal",
    "interest_first": "interest_first",
    "flat_fee": "flat_fee",
    "revolving": "interest_first",
}


class Contract(msgspec.Struct, frozen=True, kw_only=True):
    """What was agreed with the borrower, and who funds it.

    `penalty_ppm` is what overdue money bears, as a multiple of the contract rate (1,300,000–1,500,000, or 0 for none); within
    `grace_days` it is not charged. `early_fee_ppm` is charged on principal that is repaid early. `limit_fen` is the most that may
    be outstanding. `rate_cap_ppm` is the highest yearly rate that any later schedule may have. `overpayment` says what becomes of
    money that nothing is due for: it stands to the borrower's credit until the next due day, or it is refused.

    >>> from weilend.lending.example import example_contract
    >>> example_contract().matures_on
    datetime.date(2025, 1, 1)
    """

    loan_id: str
    business_id: str
    application_id: str
    product: str
    method: LoanMethod
    annual_rate_ppm: int
    booked_on: date
    due_on: tuple[date, ...]
    day_count: PeriodCount = "twelfth"
    owner_id: str | None = None
    penalty_ppm: int = 1_500_000
    grace_days: int = 0
    early_fee_ppm: int = 0
    allocation: str = "standard"
    overpayment: Literal["credit", "refuse"] = "credit"
    limit_fen: int | None = None
    rate_cap_ppm: int | None = None
    shares: tuple[Share, ...] = ()
    renews: str | None = None
    renews_under_stress: bool = False

    @property
    def matures_on(self) -> date:
        """The last due day."""
        return self.due_on[-1]


def check_contract(contract: Contract) -> Contract:
    """Return a contract that can be kept books of; raises `InputError` that says what cannot be so.

    >>> from weilend.lending.example import example_contract
    >>> check_contract(example_contract(due_on=(date(2023, 1, 1),)))
    Traceback (most recent call last):
    weilend.core.errors.InputError: loan L1: the due days do not follow the booking day one after the other. Hint: ...
    """
    low, high = RULES.min_penalty_ppm, RULES.max_penalty_ppm
    faults = (
        (contract.method not in _SCHEDULES, f"no method {contract.method!r}", f"there is: {', '.join(_SCHEDULES)}"),
        (not 1 <= len(contract.due_on) <= MAX_MONTHS, f"{len(contract.due_on)} due days are no schedule", f"1 to {MAX_MONTHS}"),
        (
            any(later <= earlier for earlier, later in pairwise((contract.booked_on, *contract.due_on))),
            "the due days do not follow the booking day one after the other",
            "give them in order, each once",
        ),
        (contract.annual_rate_ppm < 0, "the yearly rate is negative", "give ppm of a year, 0 or more"),
        (
            contract.penalty_ppm != 0 and not low <= contract.penalty_ppm <= high,
            f"penalty interest of {show_percent(contract.penalty_ppm, 0)} of the contract rate is not allowed",
            f"give {show_percent(low, 0)} to {show_percent(high, 0)}, or 0 for none",
        ),
        (not 0 <= contract.early_fee_ppm <= PPM, "the early repayment fee is no share", "give 0 to 1,000,000 ppm"),
        (contract.grace_days < 0, "days of grace are negative", "give 0 or more"),
    )
    for is_wrong, what, hint in faults:
        if is_wrong:
            raise InputError(f"loan {contract.loan_id}: {what}", hint=hint)
    order_at(contract.allocation, 0)
    check_shares(contract.shares)
    return contract


def period_rate(annual_rate_ppm: int, start: date, end: date, day_count: PeriodCount) -> Fraction:
    """Return what a whole period bears, exactly.

    >>> period_rate(120_000, date(2024, 1, 1), date(2024, 2, 1), "twelfth")
    Fraction(1, 100)
    """
    years = Fraction(1, MONTHS_PER_YEAR) if day_count == "twelfth" else year_fraction(start, end, day_count)
    return Fraction(annual_rate_ppm, PPM) * years


def rates_between(annual_rate_ppm: int, days: Sequence[date], day_count: PeriodCount) -> tuple[Fraction, ...]:
    """Return what each of the periods between some days bears.

    >>> rates_between(120_000, (date(2024, 1, 1), date(2024, 2, 1), date(2024, 3, 1)), "twelfth")
    (Fraction(1, 100), Fraction(1, 100))
    """
    return tuple(period_rate(annual_rate_ppm, start, end, day_count) for start, end in pairwise(days))


def schedule_for(method: LoanMethod, principal_fen: int, rates: Sequence[Fraction]) -> Schedule:
    """Return how a principal is repaid over periods of some rates.

    >>> [row.due_fen for row in schedule_for("revolving", 10_000, (Fraction(1, 100),) * 2).instalments]
    [100, 10100]
    """
    return schedule_of_rates(_SCHEDULES[method], principal_fen, rates)
