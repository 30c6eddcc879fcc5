"""In: a schedule, a fee, a cap on all-in cost. Out: the highest nominal rate within the cap. Used: once for each term."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from weilend.core.credit import Method, RateConvention, all_in_rate_ppm, make_schedule
from weilend.core.money import mul_rate

#: A principal so large that rounding instalments to the fen shows in no ppm: a billion yuan.
PRINCIPAL_FEN: Final = 100_000_000_000
#: What stands for "no rate at all is within the cap".
NO_RATE: Final = -1


@lru_cache(maxsize=1024)
def highest_rate_ppm(method: Method, months: int, fee_ppm: int, convention: RateConvention, cap_ppm: int) -> int:
    """Return the highest nominal annual rate whose all-in cost, the one-off fee included, is within a cap; all in ppm.

    The fee is taken from what is paid out. -1 where the fee alone exceeds the cap. The cost is measured as `credit.all_in_rate_ppm`
    does, in the convention that the policy names; it rises with the rate, so halving finds the answer. A fee of 2 % on a year of
    equal instalments leaves 20.07 of 24 % a year (nominal):

    >>> highest_rate_ppm("equal_instalment", 12, 20_000, "nominal", 240_000)
    200708
    >>> [highest_rate_ppm("interest_first", 12, 0, convention, 240_000) for convention in ("nominal", "effective")]
    [240000, 217051]
    >>> highest_rate_ppm("interest_first", 12, 200_000, "nominal", 100_000)
    -1
    """
    low, high = NO_RATE, cap_ppm  # the all-in cost is never below the nominal rate
    if high >= 0 and all_in_ppm(method, months, fee_ppm, convention, high) <= cap_ppm:
        return high
    while high - low > 1:
        middle = (low + high) // 2
        if all_in_ppm(method, months, fee_ppm, convention, middle) <= cap_ppm:
            low = middle
        else:
            high = middle
    return low


def all_in_ppm(method: Method, months: int, fee_ppm: int, convention: RateConvention, rate_ppm: int) -> int:
    """Return what a nominal rate costs a year all in, in ppm, where amounts are too large for rounding to matter.

    >>> all_in_ppm("equal_instalment", 12, 20_000, "nominal", 180_000)
    219099
    """
    schedule = make_schedule(method, PRINCIPAL_FEN, annual_rate_ppm=rate_ppm, months=months)
    return all_in_rate_ppm(schedule.flows_fen(upfront_fee_fen=mul_rate(PRINCIPAL_FEN, fee_ppm)), convention)
