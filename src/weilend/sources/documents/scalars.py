"""In: the text of a value and what the paper calls it. Out: fen, days, instants, rates, counts. Used: by every reader here.

Each returns None where there is nothing, raises `Fault` where there is something else, and never guesses.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final, TypeVar

from weilend.core.calendars import Calendar
from weilend.core.money import FEN_PER_YUAN, PPM
from weilend.core.records import FIRST_INSTANT, LAST_INSTANT, MAX_FEN
from weilend.sources.documents.faults import Fault

T = TypeVar("T")

_AMOUNT = re.compile(r"[+-]?(?:[0-9]{1,15}(?:\.[0-9]{0,12})?|\.[0-9]{1,12})")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?")  # 1,50 is no amount: its comma may be a decimal one
_DAY = re.compile(r"([0-9]{4})[-/.年]?([0-9]{1,2})[-/.月]?([0-9]{1,2})日?")
_TIME = re.compile(r"\D{0,2}([0-9]{2}):?([0-9]{2}):?([0-9]{2})?(?:[.,]?[0-9]{1,6})?\s*(Z|[+-][0-9]{2}:?[0-9]{2})?")
FIRST_DAY: Final = date(1900, 1, 1)
LAST_DAY: Final = date(2199, 12, 31)
_NOT_A_RATE = frozenset({"*", "***", "免税", "不征税", "出口零税率", "普通零税率"})


def amount(text: str | None, column: str) -> int | None:
    """Return exact fen (hundredths of the paper's currency) of a decimal amount with a point; a sign ¥ and commas between thousands
    are let go.

    >>> amount("-1,234.5", "金额"), amount("¥", "金额"), amount(None, "金额")
    (-123450, None, None)
    >>> amount("1.005", "金额")
    Traceback (most recent call last):
    weilend.sources.documents.faults.Fault: fraction_of_fen: 金额
    """
    bare = (text or "").strip().lstrip("¥￥").strip()
    if not bare:
        return None
    plain = bare.replace(",", "") if _GROUPED.fullmatch(bare) else bare
    if not _AMOUNT.fullmatch(plain):
        raise Fault("not_an_amount", column)
    fen = Decimal(plain) * FEN_PER_YUAN
    if fen != fen.to_integral_value():
        raise Fault("fraction_of_fen", column)
    if abs(fen) > MAX_FEN:
        raise Fault("out_of_range", column)
    return int(fen)


def comma_amount(text: str | None, column: str) -> int | None:
    """Return exact fen of an amount with a decimal comma or point, as OFX and MT940 allow; no separators of thousands.

    >>> comma_amount("-200,29", "TRNAMT"), comma_amount("380115,", ":60F:")
    (-20029, 38011500)
    """
    bare = (text or "").strip()
    if bare.count(",") + bare.count(".") > 1:
        raise Fault("not_an_amount", column)
    return amount(bare.replace(",", "."), column)


def tax_amount(text: str | None, column: str) -> int | None:
    """Return the fen of a tax amount; stars or words stand where nothing is taxed.

    >>> tax_amount("1.96", "税额"), tax_amount("***", "税额"), tax_amount("免税", "税额")
    (196, None, None)
    """
    return None if (text or "").strip() in _NOT_A_RATE else amount(text, column)


def fen_count(value: object, column: str) -> int | None:
    """Return fen that are given as a whole number, as Douyin does; a fraction is a fault, for it would be yuan.

    >>> fen_count(1999, "pay_amount")
    1999
    >>> fen_count("19.99", "pay_amount")
    Traceback (most recent call last):
    weilend.sources.documents.faults.Fault: not_an_amount: pay_amount
    """
    text = "" if value is None else str(value)
    if not text:
        return None
    if isinstance(value, bool) or not re.fullmatch(r"-?[0-9]{1,16}", text):
        raise Fault("not_an_amount", column)
    if abs(int(text)) > MAX_FEN:
        raise Fault("out_of_range", column)
    return int(text)


def day(text: str | None, column: str) -> date | None:
    """Return the day that a text begins with: 2020-01-31, 20200131, 2020/1/31 or 2020年01月31日.

    >>> day("2020年02月20日", "开票日期"), day("20200131120000", "DTPOSTED"), day("", "x")
    (datetime.date(2020, 2, 20), datetime.date(2020, 1, 31), None)
    """
    value = _any_day(text, column)
    if value is not None and not FIRST_DAY <= value <= LAST_DAY:
        raise Fault("day_out_of_range", column)
    return value


def needed_day(text: str | None, column: str) -> date:
    """Return a day that must be there.

    >>> needed_day(" ", "Dt")
    Traceback (most recent call last):
    weilend.sources.documents.faults.Fault: missing: Dt
    """
    return needed(day(text, column), column)


def moment(text: str | None, column: str, calendar: Calendar) -> int | None:
    """Return the instant of a day with a time of day, local unless an offset follows; None where no time of day is told.

    >>> moment("2025-09-01 10:11:12", "IssueTime", Calendar()), moment("2007-10-18T12:30:00+01:00", "DtTm", Calendar())
    (1756692672, 1192707000)
    >>> moment("2025-09-01", "IssueTime", Calendar()) is None
    True
    """
    value = _any_day(text, column)
    bare = (text or "").strip()
    found = _DAY.match(bare)
    time = _TIME.fullmatch(bare[found.end() :].strip()) if found else None
    if value is None or time is None:
        return None
    hour, minute, second = int(time[1]), int(time[2]), int(time[3] or 0)
    if hour > 23 or minute > 59 or second > 60:
        raise Fault("not_an_instant", column)
    seconds = hour * 3600 + minute * 60 + min(second, 59)
    midnight = int(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp())
    start = midnight - _offset_seconds(time[4]) if time[4] else calendar.start_of(value)
    if not FIRST_INSTANT <= start + seconds <= LAST_INSTANT:
        raise Fault("not_an_instant", column)
    return start + seconds


def epoch(value: object, column: str) -> int | None:
    """Return an instant given as UTC seconds (or milliseconds, which are thirteen digits); 0 stands for nothing.

    >>> epoch(1700000000, "pay_time"), epoch("1700000000000", "pay_time"), epoch(0, "pay_time")
    (1700000000, 1700000000, None)
    """
    text = "" if value is None else str(value).strip()
    if text in ("", "0"):
        return None
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,14}", text):
        raise Fault("not_an_instant", column)
    seconds = int(text) // 1000 if len(text) == 13 else int(text)
    if not FIRST_INSTANT <= seconds <= LAST_INSTANT:
        raise Fault("not_an_instant", column)
    return seconds


def rate(text: str | None, column: str) -> int | None:
    """Return the ppm of a tax rate written 0.13, 13% or 13.00%; what is exempt or not taxed has none.

    >>> rate("0.06", "税率"), rate("13.00%", "税率"), rate("免税", "税率")
    (60000, 130000, None)
    """
    bare = (text or "").strip()
    if not bare or bare in _NOT_A_RATE:
        return None
    percent = bare.endswith("%")
    ppm = _decimal(bare.rstrip("%").strip(), column) * PPM / (100 if percent else 1)
    if not 0 <= ppm <= PPM:
        raise Fault("out_of_range", column)
    return int(ppm.to_integral_value())


def milli(text: str | None, column: str) -> int | None:
    """Return a quantity in thousandths, rounded half to even.

    >>> milli("1.5", "数量"), milli("", "数量")
    (1500, None)
    """
    bare = (text or "").strip()
    if not bare:
        return None
    units = (_decimal(bare, column) * 1000).to_integral_value()
    if abs(units) > 10**15:
        raise Fault("out_of_range", column)
    return int(units)


def whole(value: object, column: str) -> int | None:
    """Return a whole number.

    >>> whole("3", "num"), whole(None, "num")
    (3, None)
    """
    text = "" if value is None else str(value).strip()
    if not text:
        return None
    if isinstance(value, bool) or not re.fullmatch(r"-?[0-9]{1,18}(\.0+)?", text):
        raise Fault("not_a_number", column)
    return int(text.partition(".")[0])


def needed(value: T | None, column: str) -> T:
    """Return a value that must be there.

    >>> needed(None, "AcctId")
    Traceback (most recent call last):
    weilend.sources.documents.faults.Fault: missing: AcctId
    """
    if value is None or value == "":
        raise Fault("missing", column)
    return value


def _any_day(text: str | None, column: str) -> date | None:
    bare = (text or "").strip()
    if not bare:
        return None
    found = _DAY.match(bare)
    try:
        return date(int(found[1]), int(found[2]), int(found[3])) if found else _no_day(column)
    except ValueError:
        return _no_day(column)


def _no_day(column: str) -> date:
    raise Fault("not_a_day", column)


def _decimal(text: str, column: str) -> Decimal:
    if not _AMOUNT.fullmatch(text):
        raise Fault("not_a_number", column)
    return Decimal(text)


def _offset_seconds(text: str) -> int:
    if text == "Z":
        return 0
    digits = text[1:].replace(":", "")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -seconds if text[0] == "-" else seconds
