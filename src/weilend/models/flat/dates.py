"""In: a column of texts, dates or numbers. Out: days since 1970-01-01, or nothing. Used: by `frame` and by sample design."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.models.flat.numbers import is_null, words_of
from weilend.models.table import Booleans, Integers

_MONTHS: Final = {name: at + 1 for at, name in enumerate(re.findall("...", "janfebmaraprmayjunjulaugsepoctnovdec"))}
_EPOCH: Final = date(1970, 1, 1).toordinal()
_YEARS: Final = (1900, 2100)


class Days(msgspec.Struct, frozen=True, eq=False):
    """A column of days: `values` (n,) since 1970-01-01 where `known`."""

    values: Integers
    known: Booleans


def _written(year: str, month: str, day: str | None = None) -> tuple[int, int, int]:
    return int(year) + (2000 if len(year) == 2 else 0), int(month), int(day or 1)


def _named(month: str, year: str) -> tuple[int, int, int]:
    return _written(year, str(_MONTHS[month[:3].lower()]))


_NAMES: Final = "|".join(_MONTHS)
#: How a day or a month is written; a month is its first day. Day before month is read where the file proves it (a 13 or more).
FORMS: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], tuple[int, int, int]]], ...]] = (
    (re.compile(r"^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})([ T].*)?$"), lambda m: _written(m[1], m[2], m[3])),
    (re.compile(r"^(\d{4})[-/.](\d{1,2})$"), lambda m: _written(m[1], m[2])),
    (re.compile(r"^(\d{4})年(\d{1,2})月(?:(\d{1,2})日)?$"), lambda m: _written(m[1], m[2], m[3])),
    (re.compile(rf"^({_NAMES})[a-z]*[- ](\d{{4}}|\d{{2}})$", re.IGNORECASE), lambda m: _named(m[1], m[2])),
    (re.compile(r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})([ T].*)?$"), lambda m: _written(m[3], m[1], m[2])),
    (re.compile(r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})([ T].*)?$"), lambda m: _written(m[3], m[2], m[1])),
)
#: Bare digits are days only where somebody said that the column is a time.
BARE_FORMS: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], tuple[int, int, int]]], ...]] = (
    (re.compile(r"^(\d{4})(\d{2})(\d{2})(?:\.0*)?$"), lambda m: _written(m[1], m[2], m[3])),
    (re.compile(r"^(\d{4})(\d{2})(?:\.0*)?$"), lambda m: _written(m[1], m[2])),
    (re.compile(r"^(\d{4})(?:\.0*)?$"), lambda m: _written(m[1], "1")),
)


def parse_days(array: pa.ChunkedArray, *, is_time: bool = False) -> Days | None:
    """Return a column as days, or None where one form does not fit every known cell.

    >>> parse_days(pa.chunked_array([["2018/5/1", "2018/12/31", ""]])).values.tolist()
    [17652, 17896, 0]
    >>> parse_days(pa.chunked_array([["Dec-2015", "Jan-2016"]])).values.tolist()
    [16770, 16801]
    >>> parse_days(pa.chunked_array([["201805"]])) is None, parse_days(pa.chunked_array([["201805"]]), is_time=True).values.tolist()
    (True, [17652])
    """
    if pa.types.is_date(array.type) or pa.types.is_timestamp(array.type):
        days = pc.cast(pc.cast(array, pa.date32(), safe=False), pa.int32()).combine_chunks()
        known = days.is_valid().to_numpy(zero_copy_only=False)
        return Days(days.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64), known)
    if is_time and not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
        array = pc.cast(array, pa.string())
    if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
        return None
    codes, words = words_of(array)
    known = np.array([not is_null(word) for word in words], dtype=np.bool_)
    if not known.any():
        return None
    for pattern, read in (*FORMS, *BARE_FORMS) if is_time else FORMS:
        days = [_day(word.strip(), pattern, read) if there else 0 for word, there in zip(words, known, strict=True)]
        if None not in days:
            values = np.array(days, dtype=np.int64)
            return Days(np.where(codes >= 0, values[codes], 0), (codes >= 0) & known[codes])
    return None


def _day(text: str, pattern: re.Pattern[str], read: Callable[[re.Match[str]], tuple[int, int, int]]) -> int | None:
    match = pattern.match(text)
    if match is None:
        return None
    year, month, day = read(match)
    if not (_YEARS[0] <= year <= _YEARS[1] and 1 <= month <= 12):
        return None
    try:
        return date(year, month, day).toordinal() - _EPOCH
    except ValueError:
        return None


def month_of(days: Integers) -> Integers:
    """Return the running month number of days since 1970-01-01: January 1970 is 0.

    >>> month_of(np.array([0, 31, 17_652])).tolist()
    [0, 1, 580]
    """
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def name_month(month: int) -> str:
    """Return a running month number as text.

    >>> name_month(580)
    '2018-05'
    """
    return str(np.datetime64(month, "M"))
