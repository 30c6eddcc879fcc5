"""In: integers. Out: fen, ppm, the one multiplication of the two, and how both are shown. Used: wherever there is money."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Final

from weilend.core.errors import InputError

FEN_PER_YUAN: Final = 100
PPM: Final = 1_000_000  # one, in parts per million


def mul_rate(fen: int, ppm: int) -> int:
    """Return ``fen * ppm / 1e6`` in fen, rounded half away from zero: the only rounding of money there is.

    Half away from zero is what Chinese loan contracts mean by 四舍五入, and it treats a debit as its credit.

    >>> mul_rate(10_000, 96_000), mul_rate(5, 100_000), mul_rate(-5, 100_000)
    (960, 1, -1)
    """
    product = fen * ppm
    magnitude = (abs(product) + PPM // 2) // PPM
    return magnitude if product >= 0 else -magnitude


def parse_fen(text: str) -> int:
    """Return the fen in a decimal amount of yuan, exactly.

    Raises `InputError` when the text is no amount or has fractions of a fen.

    >>> parse_fen("1,234.50"), parse_fen("-0.01"), parse_fen("¥3")
    (123450, -1, 300)
    >>> parse_fen("1.005")
    Traceback (most recent call last):
    weilend.core.errors.InputError: '1.005' has fractions of a fen. Hint: give at most two decimals
    """
    try:
        yuan = Decimal(text.strip().lstrip("¥￥").replace(",", ""))
        fen = yuan * FEN_PER_YUAN
        if not fen.is_finite():
            raise InvalidOperation
    except InvalidOperation:
        raise InputError(f"{text!r} is not an amount of yuan", hint="write it like 1234.50") from None
    if fen != fen.to_integral_value():
        raise InputError(f"{text!r} has fractions of a fen", hint="give at most two decimals")
    return int(fen)


def show_yuan(fen: int) -> str:
    """Return an amount as people read it; whole yuan lose their decimals.

    >>> show_yuan(12_000_000), show_yuan(-105)
    ('¥120,000', '-¥1.05')
    """
    sign, magnitude = ("-" if fen < 0 else ""), abs(fen)
    yuan, rest = divmod(magnitude, FEN_PER_YUAN)
    return f"{sign}¥{yuan:,}.{rest:02d}" if rest else f"{sign}¥{yuan:,}"


def show_percent(ppm: int, places: int = 2) -> str:
    """Return a ppm as a percentage.

    >>> show_percent(96_000), show_percent(-2_500, 1)
    ('9.60 %', '-0.2 %')
    """
    return f"{Decimal(ppm) / 10_000:.{places}f} %"
