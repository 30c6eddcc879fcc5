"""In: how exports write days and times of day. Out: dates and seconds. Used: by the converters of days and times.

A format is a name and a pattern; a pattern of digits only reads what it says, so that no day is guessed.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

_SEP = r"[-/.]"
#: How a day may be written. Where the order of day and month cannot be told, the profile says which it is.
DAY_FORMATS: dict[str, re.Pattern[str]] = {
    "iso": re.compile(r"(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})"),
    "ymd": re.compile(
        rf"(?P<y>\d{{4}})(?:{_SEP}(?P<m>\d{{1,2}}){_SEP}(?P<d>\d{{1,2}})|年(?P<m2>\d{{1,2}})月(?P<d2>\d{{1,2}})日"
        r"|(?P<m3>\d\d)(?P<d3>\d\d))"
    ),
    "dmy": re.compile(rf"(?P<d>\d{{1,2}}){_SEP}(?P<m>\d{{1,2}}){_SEP}(?P<y>\d{{4}})"),
    "mdy": re.compile(rf"(?P<m>\d{{1,2}}){_SEP}(?P<d>\d{{1,2}}){_SEP}(?P<y>\d{{4}})"),
    "yymmdd": re.compile(r"(?P<yy>\d\d)(?P<m>\d\d)(?P<d>\d\d)"),
    "compact": re.compile(r"(?P<y>\d{4})(?P<m>\d\d)(?P<d>\d\d)"),
}
#: What writing puts: one way for each format.
DAY_WRITTEN = {
    "iso": "%Y-%m-%d",
    "ymd": "%Y-%m-%d",
    "dmy": "%d/%m/%Y",
    "mdy": "%m/%d/%Y",
    "yymmdd": "%y%m%d",
    "compact": "%Y%m%d",
}
#: A spreadsheet's own count of days: 1899-12-30 is 0 (its year 1900 has a day too many), only five digits are read.
_SERIAL = re.compile(r"(\d{5})(\.\d+)?")
_SERIAL_ZERO = date(1899, 12, 30)
_TIME = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?(?:\.\d+)?(?: ?([AaPp])[Mm])?")
_TIME_COMPACT = re.compile(r"(\d\d)(\d\d)(\d\d)")
_CENTURY = 1900  # of years written with two digits: only old data sets do
_STAMP = re.compile(r"(\S+?)[T ]+(\d{1,2}:\d\d(?::\d\d)?(?:\.\d+)?) ?(?:Z|UTC|GMT|([+-])(\d\d):?(\d\d))")
#: Days that any source may speak of; a profile may say narrower ones. Beyond them a digit is wrong.
FIRST_DAY, LAST_DAY = date(1980, 1, 1), date(2099, 12, 31)
_EPOCH = date(1970, 1, 1)
_NOON, _HOUR, _MINUTE, DAY_SECONDS = 12, 3600, 60, 86_400


def read_day(text: str, formats: tuple[str, ...]) -> date | None:
    """Return the day that a text says in one of the formats; a spreadsheet's serial number is read too. NULL where none fits.

    >>> read_day("2025/1/5", ("ymd",)), read_day("24/03/2025", ("dmy",)), read_day("45292", ("ymd",))
    (datetime.date(2025, 1, 5), datetime.date(2025, 3, 24), datetime.date(2024, 1, 1))
    >>> read_day("2020-02-30", ("ymd",)) is None
    True
    """
    for name in formats:
        if found := DAY_FORMATS[name].fullmatch(text):
            parts = {key.rstrip("23"): int(value) for key, value in found.groupdict().items() if value is not None}
            return _date(parts.get("y", _CENTURY + parts.get("yy", 0)), parts["m"], parts["d"])
    serial = _SERIAL.fullmatch(text) if formats != ("iso",) else None
    return _SERIAL_ZERO + timedelta(days=int(serial[1])) if serial else None


def read_time(text: str) -> int | None:
    """Return the seconds since midnight that a text says, by 24 hours or by AM and PM; NULL where it is no time.

    >>> read_time("18:53:19"), read_time("123456"), read_time("9:05"), read_time("9:05 PM"), read_time("25:00:00")
    (67999, 45296, 32700, 75900, None)
    """
    found = _TIME.fullmatch(text) or _TIME_COMPACT.fullmatch(text)
    if not found:
        return None
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    half = found[4] if found.re is _TIME else None
    if half:
        hour = hour % _NOON + _NOON * (half in "Pp")
    seconds = hour * _HOUR + minute * _MINUTE + second
    return seconds if seconds < DAY_SECONDS and minute < _MINUTE and second < _MINUTE else None


def read_stamp(text: str, formats: tuple[str, ...]) -> int | None:
    """Return the instant (UTC seconds) that a text says with its offset; NULL where it says none.

    >>> read_stamp("2024-01-05T10:11:12+08:00", ("ymd",)), read_stamp("2024-01-05 10:11:12", ("ymd",))
    (1704420672, None)
    """
    found = _STAMP.fullmatch(text)
    if not found:
        return None
    day, seconds = read_day(found[1], formats), read_time(found[2])
    if day is None or seconds is None:
        return None
    sign = -1 if found[3] == "-" else 1
    offset = sign * (int(found[4] or 0) * _HOUR + int(found[5] or 0) * _MINUTE)
    return (day - _EPOCH).days * DAY_SECONDS + seconds - offset


def split_moment(text: str) -> tuple[str, str]:
    """Return the parts of a text that say day and time of day; a spreadsheet's serial number has its time after the point.

    >>> split_moment("2019-09-26 12:45:27"), split_moment("2025/12/03  14:06:51"), split_moment("45292.5"), split_moment("20240101")
    (('2019-09-26', '12:45:27'), ('2025/12/03', '14:06:51'), ('45292', '12:00:00'), ('20240101', ''))
    """
    serial = _SERIAL.fullmatch(text)
    if serial:
        return serial[1], write_time(round(float(serial[2]) * DAY_SECONDS)) if serial[2] else ""
    day, _, time = text.replace("T", " ", 1).partition(" ")
    return day, time.strip()


def write_day(day: date, formats: tuple[str, ...]) -> str:
    """Return a day as the first of the formats writes it.

    >>> write_day(date(2025, 3, 24), ("dmy",))
    '24/03/2025'
    """
    return day.strftime(DAY_WRITTEN[formats[0]])


def write_time(seconds: int) -> str:
    """Return seconds since midnight as HH:MM:SS.

    >>> write_time(67_999)
    '18:53:19'
    """
    return f"{seconds // _HOUR:02d}:{seconds // _MINUTE % _MINUTE:02d}:{seconds % _MINUTE:02d}"


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
