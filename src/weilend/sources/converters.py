"""In: a raw column. Out: the fact it becomes, with faults, and back. Used: by name in profiles.

Each converter is a pair: `parse` gives values and the rows it faults, `render` gives the raw column again. All are vectorised.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.money import FEN_PER_YUAN
from weilend.core.records import MAX_FEN
from weilend.core.registry import Registry
from weilend.core.values import Reason
from weilend.sources.profile import Column, FileFormat

Mask = npt.NDArray[np.bool_]
#: Rows that cannot be read, and the code of the reason.
Faults = list[tuple[Mask, str]]

#: Why a cell cannot be read; `{column}` is the raw column's name.
REASONS = {
    reason.code: reason
    for reason in (
        Reason("torn_row", "the row does not have as many cells as the header", "该行列数与表头不符"),
        Reason("missing", "{column} is empty", "{column}为空"),
        Reason("not_an_amount", "{column} is not an amount of yuan", "{column}不是金额"),
        Reason("fraction_of_fen", "{column} has fractions of a fen", "{column}精度超过分"),
        Reason("out_of_range", "{column} is out of range", "{column}超出合理范围"),
        Reason("not_a_day", "{column} is not a day", "{column}不是日期"),
        Reason("day_out_of_range", "{column} lies outside the days that this source covers", "{column}不在该来源的日期范围内"),
        Reason("unknown_word", "{column} holds a word that this format does not know", "{column}的取值无法识别"),
    )
}

_NOISE = 4 * 2.0**-52  # a decimal times 100 is off by at most a few units in the last place of a double
_AMOUNT = r"^[+-]?[0-9]{1,15}(\.[0-9]{1,12})?$"
_FINE = r"\.[0-9]{2}[0-9]*[1-9]"  # a digit other than zero beyond the fen
_STORED = {"text": pa.string(), "int64": pa.int64(), "double": pa.float64(), "timestamp": pa.timestamp("us")}


class Converter(msgspec.Struct, frozen=True):
    """A pair of functions: raw column → (fact, faults), and fact → raw column in the type that the file format stores."""

    parse: Callable[[pa.Array, Column], tuple[pa.Array, Faults]]
    render: Callable[[pa.Array, Column, FileFormat], pa.Array]


CONVERTERS: Registry[Converter] = Registry("converter")


def parse_text(raw: pa.Array, _column: Column) -> tuple[pa.Array, Faults]:
    """Return trimmed text; an empty cell is a fault.

    >>> parse_text(pa.array([" E1", "", 7 * "x"]), Column(raw="a", fact="b", convert="text"))[0].to_pylist()
    ['E1', None, 'xxxxxxx']
    """
    text = raw.cast(pa.string())
    if not pa.types.is_integer(raw.type):
        text = pc.utf8_trim_whitespace(text)
        text = pc.if_else(pc.equal(text, ""), pa.scalar(None, pa.string()), text)
    return text, [(_nulls(text), "missing")]


def parse_yuan(raw: pa.Array, column: Column) -> tuple[pa.Array, Faults]:
    """Return exact fen from yuan; doubles are rounded to the fen and refused beyond what binary noise explains.

    >>> parse_yuan(pa.array([0.29, 1.005]), Column(raw="a", fact="b", convert="yuan"))
    (<pyarrow.lib.Int64Array ...>
    [
      29,
      null
    ], [(array([False, False]), 'missing'), ..., (array([False,  True]), 'fraction_of_fen')])
    """
    if pa.types.is_floating(raw.type):
        return _yuan_from_doubles(raw)
    return _yuan_from_texts(parse_text(raw, column)[0])


def parse_day(raw: pa.Array, column: Column) -> tuple[pa.Array, Faults]:
    """Return days from dates, timestamps at midnight or ISO text; days outside the column's bounds are faults.

    >>> parse_day(pa.array(["2020-01-31", "2020-02-30"]), Column(raw="a", fact="b", convert="day"))[0].to_pylist()
    [datetime.date(2020, 1, 31), None]
    """
    text = pa.types.is_string(raw.type) or pa.types.is_large_string(raw.type)
    blank = _nulls(parse_text(raw, column)[0] if text else raw)
    days = _days_from_texts(raw) if text else _days_from_times(raw)
    broken = _nulls(days) & ~blank
    outside = np.zeros(len(raw), np.bool_)
    for bound, beyond in ((column.first, pc.less), (column.last, pc.greater)):
        if bound is not None:
            outside |= _truth(beyond(days, pa.scalar(bound, pa.date32())))
    return days, [(blank, "missing"), (broken, "not_a_day"), (outside, "day_out_of_range")]


def parse_words(raw: pa.Array, column: Column) -> tuple[pa.Array, Faults]:
    """Return our word for each raw word of the column's table; an unknown one is a fault.

    >>> outcome = Column(raw="a", fact="b", convert="words", words=(("是", "default"),))
    >>> parse_words(pa.array(["是", "?"]), outcome)[0].to_pylist()
    ['default', None]
    """
    text, faults = parse_text(raw, column)
    theirs, ours = zip(*column.words, strict=True)
    found = pa.array(ours, pa.string()).take(pc.index_in(text, value_set=pa.array(theirs, pa.string())))
    return found, [*faults, (_nulls(found) & ~_nulls(text), "unknown_word")]


def parse_pattern(raw: pa.Array, column: Column) -> tuple[pa.Array, Faults]:
    """Return our word of the first pattern that a text matches; a text without one is a fault.

    >>> shape = Column(raw="a", fact="b", convert="pattern", words=(("分公司$", "branch"), ("公司$", "company"), ("", "other")))
    >>> parse_pattern(pa.array(["***公司", "***公司***分公司", "***所"]), shape)[0].to_pylist()
    ['company', 'branch', 'other']
    """
    text, faults = parse_text(raw, column)
    found = pa.nulls(len(text), pa.string())
    for pattern, ours in reversed(column.words):
        found = pc.if_else(pc.fill_null(pc.match_substring_regex(text, pattern), fill_value=False), ours, found)
    return found, [*faults, (_nulls(found) & ~_nulls(text), "unknown_word")]


def render_text(fact: pa.Array, column: Column, file_format: FileFormat) -> pa.Array:
    """Return text as the file stores it; raises `pyarrow.ArrowInvalid` where the text is not of the stored type.

    >>> render_text(pa.array(["7"]), Column(raw="a", fact="b", convert="text", stored="int64"), "parquet").to_pylist()
    [7]
    """
    return fact.cast(_STORED[column.stored] if file_format == "parquet" else pa.string())


def render_yuan(fact: pa.Array, _column: Column, file_format: FileFormat) -> pa.Array:
    """Return fen as yuan: doubles in parquet, decimal text in csv.

    >>> render_yuan(pa.array([29, -105]), Column(raw="a", fact="b", convert="yuan"), "csv").to_pylist()
    ['0.29', '-1.05']
    """
    if file_format == "parquet":
        return pc.divide(fact.cast(pa.float64()), float(FEN_PER_YUAN))
    hundredth = pa.scalar(pa.array([1]).cast(pa.decimal128(19, 0))[0].as_py().scaleb(-2))
    return pc.multiply(fact.cast(pa.decimal128(19, 0)), hundredth).cast(pa.string())


def render_day(fact: pa.Array, column: Column, file_format: FileFormat) -> pa.Array:
    """Return days as the file stores them: midnight timestamps in parquet, ISO text in csv.

    >>> render_day(pa.array([date(2020, 1, 31)]), Column(raw="a", fact="b", convert="day"), "csv").to_pylist()
    ['2020-01-31']
    """
    return fact.cast(_STORED[column.stored] if file_format == "parquet" else pa.string())


def render_words(fact: pa.Array, column: Column, _file_format: FileFormat) -> pa.Array:
    """Return the raw word for each of ours: what `spell` says, else the first in the table.

    >>> outcome = Column(raw="a", fact="b", convert="words", words=(("是", "default"), ("违约", "default")))
    >>> render_words(pa.array(["default"]), outcome, "csv").to_pylist()
    ['是']
    """
    spelled = {ours: theirs for theirs, ours in reversed(column.words)} | dict(column.spell)
    return pa.array(spelled.values(), pa.string()).take(pc.index_in(fact, value_set=pa.array(spelled, pa.string())))


def _yuan_from_doubles(raw: pa.Array) -> tuple[pa.Array, Faults]:
    yuan = raw.cast(pa.float64()).to_numpy(zero_copy_only=False)
    fen = yuan * FEN_PER_YUAN
    missing, finite = _nulls(raw), np.isfinite(fen)
    outside = finite & (np.abs(fen) > MAX_FEN)
    usable = finite & ~outside
    whole = np.rint(np.where(usable, fen, 0.0))
    fine = usable & (np.abs(fen - whole) > _NOISE * np.abs(fen))
    values = pa.array(whole.astype(np.int64), mask=~usable | fine)
    return values, _amount_faults(missing, ~finite & ~missing, outside, fine)


def _yuan_from_texts(text: pa.Array) -> tuple[pa.Array, Faults]:
    plain = pc.replace_substring_regex(text, "^[¥￥]|,", "")
    formed = _truth(pc.match_substring_regex(plain, _AMOUNT))
    fine = formed & _truth(pc.match_substring_regex(plain, _FINE))
    missing = _nulls(text)
    clean = pc.replace_substring_regex(plain, r"(\.[0-9]{2})0+$", r"\1")
    kept = pc.if_else(pa.array(formed & ~fine), clean, pa.scalar(None, pa.string()))
    fen = pc.multiply(kept.cast(pa.decimal128(20, 2)), pa.scalar(FEN_PER_YUAN, pa.decimal128(3, 0))).cast(pa.int64())
    outside = _truth(pc.greater(pc.abs(fen), MAX_FEN))
    return fen, _amount_faults(missing, ~formed & ~missing, outside, fine)


def _amount_faults(missing: Mask, broken: Mask, outside: Mask, fine: Mask) -> Faults:
    return [(missing, "missing"), (broken, "not_an_amount"), (outside, "out_of_range"), (fine, "fraction_of_fen")]


def _days_from_texts(raw: pa.Array) -> pa.Array:
    return pa.array([_day(text) for text in raw.to_pylist()], pa.date32())


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat((text or "").strip())
    except ValueError:
        return None


def _days_from_times(raw: pa.Array) -> pa.Array:
    if pa.types.is_date(raw.type):
        return raw.cast(pa.date32())
    if not pa.types.is_timestamp(raw.type) or raw.type.tz is not None:
        return pa.nulls(len(raw), pa.date32())
    days = raw.cast(pa.date32(), safe=False)
    midnight = pc.equal(days.cast(raw.type), raw)
    return pc.if_else(midnight, days, pa.scalar(None, pa.date32()))


def _nulls(column: pa.Array) -> Mask:
    mask: Mask = pc.is_null(column, nan_is_null=False).to_numpy(zero_copy_only=False)
    return mask


def _truth(column: pa.Array) -> Mask:
    mask: Mask = pc.fill_null(column, fill_value=False).to_numpy(zero_copy_only=False)
    return mask


CONVERTERS.add("text", Converter(parse_text, render_text))
CONVERTERS.add("yuan", Converter(parse_yuan, render_yuan))
CONVERTERS.add("day", Converter(parse_day, render_day))
CONVERTERS.add("words", Converter(parse_words, render_words))
CONVERTERS.add("pattern", Converter(parse_pattern, render_words))
