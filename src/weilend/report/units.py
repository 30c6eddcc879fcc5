"""In: a number and its unit. Out: the text that people read, and axis labels that agree. Used: by tables and charts."""

from __future__ import annotations

from math import isfinite
from typing import Literal

import msgspec

from weilend.core.errors import InputError
from weilend.core.money import show_percent, show_yuan

#: What a number is. `fen` reads as yuan (on axes in thousands k, millions M, billions B), `fen_wan` as 万 of yuan, `ppm` as
#: a percentage, `fraction_ppm` as a fraction such as 0.780; `count` is a whole number, `number` any other, `text` none at all.
Unit = Literal["text", "count", "number", "fen", "fen_wan", "ppm", "fraction_ppm"]

Cell = int | float | str | None

UNKNOWN = "–"
FEN_PER_WAN = 1_000_000
_PPM = 1_000_000


class _Reading(msgspec.Struct, frozen=True):
    """How a unit is divided and dressed when it is written short; `steps` are (from, divisor, suffix), largest first."""

    prefix: str
    steps: tuple[tuple[float, float, str], ...]


_READINGS: dict[str, _Reading] = {
    "count": _Reading("", ((1_000_000, 1_000_000, "M"), (10_000, 1_000, "k"), (0, 1, ""))),
    "number": _Reading("", ((0, 1, ""),)),
    "fen": _Reading(
        "¥", ((100_000_000_000, 100_000_000_000, "B"), (100_000_000, 100_000_000, "M"), (100_000, 100_000, "k"), (0, 100, ""))
    ),
    "fen_wan": _Reading("¥", ((100_000_000_000, 10_000_000_000, "亿"), (0, FEN_PER_WAN, "万"))),
    "ppm": _Reading("", ((0, 10_000, " %"),)),
    "fraction_ppm": _Reading("", ((0, _PPM, ""),)),
}


def show(value: Cell, unit: Unit = "text", *, places: int | None = None, signed: bool = False) -> str:
    """Return a value in full, as a table shows it; None reads as a dash. `places` are decimals, where the unit has them.

    Raises `InputError` when the value is not of its unit.

    >>> show(12_000_050, "fen"), show(96_000, "ppm"), show(780_400, "fraction_ppm"), show(1_100_000, "count")
    ('¥120,000.50', '9.60 %', '0.780', '1,100,000')
    >>> show(120_000_000, "fen_wan"), show(-12_000, "fraction_ppm", signed=True), show(None, "count")
    ('¥120.0万', '-0.012', '–')
    >>> show("many", "count")
    Traceback (most recent call last):
    weilend.core.errors.InputError: 'many' is not a count. Hint: give a whole number, or None where it is not known
    """
    if value is None:
        return UNKNOWN
    if unit == "text":
        return str(value)
    number = check_number(value, unit)
    text = _full(number, unit, places)
    return f"+{text}" if signed and number > 0 else text


def show_short(value: Cell, unit: Unit, *, signed: bool = False) -> str:
    """Return a value in few characters, as charts label it.

    >>> show_short(123_456_700, "fen"), show_short(-50_000_000, "fen"), show_short(35_000, "ppm"), show_short(302, "count")
    ('¥1.23M', '-¥500k', '3.5 %', '302')
    """
    if value is None or unit in ("text", "fraction_ppm"):
        return show(value, unit, signed=signed)
    number = check_number(value, unit)
    size = abs(number)
    divisor, suffix = next((divisor, suffix) for start, divisor, suffix in _READINGS[unit].steps if size >= start)
    digits = f"{size / divisor:,.{_short_places(size / divisor)}f}"
    plain = digits.rstrip("0").rstrip(".") if "." in digits else digits
    sign = "" if plain == "0" else "-" if number < 0 else "+" if signed else ""
    return f"{sign}{_READINGS[unit].prefix}{plain}{suffix}"


def check_number(value: Cell, unit: Unit) -> int | float:
    """Return the number, or say that it is none; only `number` may have decimals, and none may be infinite.

    >>> check_number(3, "count")
    3
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and unit == "number" and isfinite(value):
        return value
    wanted = "a finite number" if unit == "number" else "a whole number"
    raise InputError(f"{value!r} is not a {unit}", hint=f"give {wanted}, or None where it is not known")


def axis_expression(unit: Unit) -> str:
    """Return the Vega expression that labels an axis of raw values the way `show_short` writes them.

    >>> axis_expression("ppm")
    "(datum.value < 0 ? '-' : '') + '' + (format(abs(datum.value) / 10000, ',.6~r') + ' %')"
    """
    reading = _READINGS[unit]
    *above, (_, divisor, suffix) = reading.steps
    text = _step_expression(divisor, suffix)
    for start, divisor, suffix in reversed(above):
        text = f"abs(datum.value) >= {start:g} ? {_step_expression(divisor, suffix)} : {text}"
    return f"(datum.value < 0 ? '-' : '') + '{reading.prefix}' + ({text})"


def _step_expression(divisor: float, suffix: str) -> str:
    return f"format(abs(datum.value) / {divisor:.0f}, ',.6~r') + '{suffix}'"


def _short_places(size: float) -> int:
    """Three significant digits are enough beside a mark."""
    if size >= 100:
        return 0
    return 1 if size >= 10 else (2 if size >= 1 else 3)


def _full(number: int | float, unit: Unit, places: int | None) -> str:
    if unit == "number":
        return f"{number:,.{3 if places is None else places}f}"
    whole = int(number)
    if unit == "count":
        return f"{whole:,}"
    if unit == "fen":
        return show_yuan(whole)
    if unit == "ppm":
        return show_percent(whole, 2 if places is None else places)
    divisor, prefix, suffix, usual = (FEN_PER_WAN, "¥", "万", 1) if unit == "fen_wan" else (_PPM, "", "", 3)
    sign = "-" if whole < 0 else ""
    return f"{sign}{prefix}{abs(whole) / divisor:,.{usual if places is None else places}f}{suffix}"
