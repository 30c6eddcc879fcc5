"""In: instants (UTC seconds) and dates. Out: days, months and windows of one place. Used: by sources, the book and features.

Instants are whole UTC seconds. Days and months belong to the home's calendar. A date-only fact happens at 23:59:59 of its
day; an as_of that is a date means 00:00 of that day. Months are counted as ``12 * year + month - 1``.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from weilend.core.errors import InputError


class Calendar(msgspec.Struct, frozen=True):
    """Days and months of one time zone.

    >>> home = Calendar("Asia/Shanghai")
    >>> home.start_of(date(2020, 1, 1)), home.end_of(date(2019, 12, 31))
    (1577808000, 1577807999)
    >>> home.day_of(1577807999), home.month_of(1577808000)
    (datetime.date(2019, 12, 31), 24240)
    """

    zone: str = "Asia/Shanghai"

    def start_of(self, day: date) -> int:
        """Return the instant at which ``day`` begins."""
        return int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(self.zone)).timestamp())

    def end_of(self, day: date) -> int:
        """Return the last second of ``day``, when a date-only fact has happened."""
        return self.start_of(day + timedelta(days=1)) - 1

    def end_of_month(self, day: date) -> int:
        """Return the last second of the month that ``day`` lies in."""
        return self.start_of(first_of_month(month_index(day) + 1)) - 1

    def day_of(self, instant: int) -> date:
        """Return the day on which ``instant`` falls here."""
        return datetime.fromtimestamp(instant, ZoneInfo(self.zone)).date()

    def month_of(self, instant: int) -> int:
        """Return the month index of ``instant``."""
        return month_index(self.day_of(instant))


def month_index(day: date) -> int:
    """Return ``12 * year + month - 1``.

    >>> month_index(date(2020, 1, 31)) - month_index(date(2019, 12, 1))
    1
    """
    return 12 * day.year + day.month - 1


def first_of_month(month: int) -> date:
    """Return the first day of a month index.

    >>> first_of_month(24240)
    datetime.date(2020, 1, 1)
    """
    return date(month // 12, month % 12 + 1, 1)


def parse_day(text: str) -> date:
    """Return the date in ``YYYY-MM-DD``.

    >>> parse_day("2020-01-01")
    datetime.date(2020, 1, 1)
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InputError(f"{text!r} is not a date", hint="write it like 2020-01-31") from None
