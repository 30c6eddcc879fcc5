"""In: amounts, numbers and rates as files hold them. Out: integers, exact, with faults, and back. Used: by converters."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.money import PPM
from weilend.core.records import MAX_FEN
from weilend.sources.columns.cells import Mask, each, nulls, truth

#: Rows that cannot be read, and the code of the reason.
Faults = list[tuple[Mask, str]]

_NOISE = 4 * 2.0**-52  # a decimal times 100 is off by at most a few units in the last place of a double
_DECIMALS = 12  # more of them are no amount
_WHOLE = "([0-9]{1,15}|[0-9]{1,3}(,[0-9]{3}){1,4})"  # 1,50 is no amount: its comma may be a decimal one
_FORMED = rf"^[+-]?{_WHOLE}(\.[0-9]{{0,{_DECIMALS}}})?$"
_SIGNS = r"^-?[¥￥$]"
_DECIMAL_COMMA = r"^[^,]*,[0-9]{1,2}$"  # 1.234,5 and not 1,234 or 1,234.50
_MAX_PERCENT = 1000


def scaled_from_texts(text: pa.Array, places: int, decimal: str = ".") -> tuple[pa.Array, Faults]:
    """Return a number times 10 ** places, exactly; currency signs do not count, nor commas where they stand between thousands.

    Faults: not_an_amount, out_of_range (beyond 10 ** 13), fraction_of_fen (more decimals than are kept, zeros aside).

    >>> scaled_from_texts(pa.array(["1,234.50", "¥-0.01", None]), 2)[0].to_pylist()
    [123450, -1, None]
    >>> scaled_from_texts(pa.array(["1,50", "1.234,56", "12,345,678"]), 2)[0].to_pylist()
    [None, None, 1234567800]
    >>> values, faults = scaled_from_texts(pa.array(["1.005"]), 2)
    >>> values.to_pylist(), [code for bad, code in faults if bad.any()]
    ([None], ['fraction_of_fen'])
    """
    plain = _with_point(text) if decimal == "," else text
    pattern = rf"^[+-]?{_WHOLE}(\.[0-9]{{0,{places}}}0{{0,{_DECIMALS - places}}})?$"
    whole = formed = truth(pc.match_substring_regex(plain, pattern))
    if (~whole & ~nulls(plain)).any():  # rare, and two more looks at every text
        plain = _without_signs(plain)
        formed = truth(pc.match_substring_regex(plain, _FORMED))
        whole = truth(pc.match_substring_regex(plain, pattern))
    kept = plain if whole.all() else pc.if_else(pa.array(whole), plain, pa.scalar(None, pa.string()))
    kept = pc.replace_substring(kept, ",", "")
    # 15 digits before the point are more than a double holds with two after it; the limit is 10 ** 13, and below it all are exact
    value = np.nan_to_num(kept.cast(pa.float64()).to_numpy(zero_copy_only=False)) * 10**places
    outside = whole & (np.abs(value) > MAX_FEN)
    usable = whole & ~outside
    numbers = pa.array(np.rint(np.where(usable, value, 0.0)).astype(np.int64), mask=~usable)
    return numbers, [(~formed & ~nulls(text), "not_an_amount"), (outside, "out_of_range"), (formed & ~whole, "fraction_of_fen")]


def yuan_from_doubles(raw: pa.Array) -> tuple[pa.Array, Faults]:
    """Return exact fen from doubles, rounded to the fen and refused beyond what binary noise explains.

    >>> yuan_from_doubles(pa.array([0.29, 1.005]))[0].to_pylist()
    [29, None]
    """
    fen = raw.cast(pa.float64()).to_numpy(zero_copy_only=False) * 100
    finite = np.isfinite(fen)
    outside = finite & (np.abs(fen) > MAX_FEN)
    usable = finite & ~outside
    whole = np.rint(np.where(usable, fen, 0.0))
    fine = usable & (np.abs(fen - whole) > _NOISE * np.abs(fen))
    values = pa.array(whole.astype(np.int64), mask=~usable | fine)
    return values, [(~finite & ~nulls(raw), "not_an_amount"), (outside, "out_of_range"), (fine, "fraction_of_fen")]


def decimal_texts(numbers: pa.Array, places: int, decimal: str = ".") -> pa.Array:
    """Return integers divided by 10 ** places as decimal text.

    >>> decimal_texts(pa.array([29, -105, None]), 2).to_pylist()
    ['0.29', '-1.05', None]
    """
    step = pa.scalar(pa.array([1]).cast(pa.decimal128(19, 0))[0].as_py().scaleb(-places))
    text = pc.multiply(numbers.cast(pa.decimal128(19, 0)), step).cast(pa.string())
    return text if decimal == "." else pc.replace_substring(text, ".", decimal)


def rate_from_texts(text: pa.Array) -> tuple[pa.Array, Faults]:
    """Return parts per million from 13 %, 13% or 0.13.

    >>> rate_from_texts(pa.array(["13%", "0.03", "1.5%", "x"]))[0].to_pylist()
    [130000, 30000, 15000, None]
    """
    found = each(text, _ppm, pa.int64())
    return found, [(nulls(found) & ~nulls(text), "not_a_rate")]


def rate_texts(rates: pa.Array) -> pa.Array:
    """Return parts per million as per cent.

    >>> rate_texts(pa.array([130_000, 15_000])).to_pylist()
    ['13%', '1.5%']
    """
    texts = [None if rate is None else f"{rate / 10_000:.4f}".rstrip("0").rstrip(".") + "%" for rate in rates.to_pylist()]
    return pa.array(texts, pa.string())


def _with_point(text: pa.Array) -> pa.Array:
    """Return amounts that have a decimal comma with a point in its place."""
    turned = pc.replace_substring(pc.replace_substring(text, ".", ""), ",", ".")
    return pc.if_else(pc.match_substring_regex(text, _DECIMAL_COMMA), turned, text)


def _without_signs(text: pa.Array) -> pa.Array:
    if pc.any(pc.match_substring_regex(text, _SIGNS)).as_py():
        text = pc.replace_substring_regex(text, "^(-?)[¥￥$]", r"\1")
    return text


def _ppm(text: str) -> int | None:
    body, per_cent = (text[:-1].strip(), True) if text.endswith("%") else (text, False)
    if not body.replace(".", "", 1).isdecimal() or len(body) > len("100.0000"):
        return None
    ppm = round(float(body) * (PPM // 100 if per_cent else PPM))
    return ppm if ppm <= _MAX_PERCENT * PPM // 100 else None
