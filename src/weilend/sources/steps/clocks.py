"""In: days and a declared clock. Out: instants, vectorised. Used: by the reader, for happened_at and known_at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from weilend.core.calendars import Calendar
from weilend.sources.profile import Clock, ClockRule

Days = npt.NDArray[np.int32]
Instants = npt.NDArray[np.int64]

_EPOCH = date(1970, 1, 1)
_RULES: dict[ClockRule, Callable[[Calendar, date], int]] = {
    "start_of_day": Calendar.start_of,
    "end_of_day": Calendar.end_of,
    "end_of_month": Calendar.end_of_month,
}


def days(clock: Clock, happened_on: Days) -> Days:
    """Return the days (since 1970-01-01) that a clock looks at: those given, or the one it declares.

    >>> days(Clock(rule="start_of_day", day=date(1970, 1, 3)), np.array([0, 5], np.int32)).tolist()
    [2, 2]
    """
    return np.full_like(happened_on, (clock.day - _EPOCH).days) if clock.day else happened_on


def instants(clock: Clock, happened_on: Days, calendar: Calendar) -> Instants:
    """Return the instants (UTC seconds) at which a clock stands, one for each day (since 1970-01-01).

    >>> instants(Clock(rule="end_of_day"), np.array([18261], np.int32), Calendar("Asia/Shanghai")).tolist()
    [1577807999]
    """
    distinct, positions = np.unique(days(clock, happened_on), return_inverse=True)
    rule = _RULES[clock.rule]
    stands = [rule(calendar, _EPOCH + timedelta(days=int(day))) for day in distinct]
    return _later(np.array(stands, np.int64), clock, calendar)[positions]


def _later(stands: Instants, clock: Clock, calendar: Calendar) -> Instants:
    """Return instants the clock's lag later: so many days on, at the same edge of the day."""
    if not clock.lag_days:
        return stands
    edge = _RULES["start_of_day" if clock.rule == "start_of_day" else "end_of_day"]
    return np.array([edge(calendar, calendar.day_of(int(at)) + timedelta(days=clock.lag_days)) for at in stands], np.int64)
