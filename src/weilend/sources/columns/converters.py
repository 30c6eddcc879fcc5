"""In: a raw column. Out: the fact it becomes, with faults, and back. Used: by name in profiles.

Each converter is a pair: `parse` gives values and the rows it faults, `render` gives the raw column again. All are vectorised,
and what looks at a text looks at each distinct one once. Text cells come trimmed, with NULL for what says nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.money import FEN_PER_YUAN
from weilend.core.registry import Registry
from weilend.sources.columns.amounts import (
    Faults,
    decimal_texts,
    rate_from_texts,
    rate_texts,
    scaled_from_texts,
    yuan_from_doubles,
)
from weilend.sources.columns.cells import each, nulls, on_distinct, truth
from weilend.sources.columns.days import (
    FIRST_DAY,
    LAST_DAY,
    read_day,
    read_stamp,
    read_time,
    split_moment,
    write_day,
    write_time,
)
from weilend.sources.profile import Column, FileFormat

_ROUNDED = r"^[0-9](\.[0-9]+)?[eE]\+[0-9]+$"  # a long number that a spreadsheet saved as 2.02301E+19
_STORED = {"text": pa.string(), "int64": pa.int64(), "double": pa.float64(), "timestamp": pa.timestamp("us")}
_FEN_PLACES, _MILLI_PLACES = 2, 3


class Converter(msgspec.Struct, frozen=True):
    """A pair of functions: raw column → (fact, faults), and fact → raw column in the type that the file format stores."""

    parse: Callable[[pa.Array, Column], tuple[pa.Array, Faults]]
    render: Callable[[pa.Array, Column, FileFormat], pa.Array]


CONVERTERS: Registry[Converter] = Registry("converter")


def parse_text(raw: pa.Array, _column: Column) -> tuple[pa.Array, Faults]:
    """Return text as it is.

    >>> parse_text(pa.array(["E1", None]), Column(raw="a", fact="b"))[0].to_pylist()
    ['E1', None]
    """
    return raw.cast(pa.string()), []


def parse_code(raw: pa.Array, _column: Column) -> tuple[pa.Array, Faults]:
    """Return the number of an order, account or invoice; one that a spreadsheet rounded is a fault, for it names something else.

    >>> parse_code(pa.array(["E1", None, "2.0E+19"]), Column(raw="a", fact="b"))[1][0][0].tolist()
    [False, False, True]
    """
    text = raw.cast(pa.string())
    return text, [(truth(pc.match_substring_regex(text, _ROUNDED)), "digits_lost")]


def parse_yuan(raw: pa.Array, column: Column) -> tuple[pa.Array, Faults]:
    """Return exact fen from yuan.

    >>> parse_yuan(pa.array(["0.29", "1.005"]), Column(raw="a", fact="b", convert="yuan"))[0].to_pylist()
    [29, None]
    """
    if pa.types.is_floating(raw.type):
        return yuan_from_doubles(raw)
    values, faults = scaled_from_texts(raw.cast(pa.string()), _FEN_PLACES, column.decimal)
    if column.masked and faults[0][0].any():
        hidden = truth(pc.invert(pc.match_substring_regex(raw, "[0-9]")))
        faults = [(faults[0][0] & ~hidden, faults[0][1]), *faults[1:]]
    return values, faults


def parse_number(raw: pa.Array, column: Column) -> tuple[pa.Array, Faults]:
    """Return a whole number.

    >>> parse_number(pa.array(["12", "1.0", "1.5"]), Column(raw="a", fact="b", convert="number"))[0].to_pylist()
    [12, 1, None]
    """
    return _renamed(scaled_from_texts(raw.cast(pa.string()), 0, column.decimal))


def parse_milli(raw: pa.Array, column: Column) -> tuple[pa.Array, Faults]:
    """Return a quantity in thousandths; further decimals are rounded, for no sum depends on them.

    >>> parse_milli(pa.array(["1.5", "0.33333333"]), Column(raw="a", fact="b", convert="milli"))[0].to_pylist()
    [1500, 333]
    """
    cut = pc.replace_substring_regex(raw.cast(pa.string()), r"(\.[0-9]{3})[0-9]+$", r"\1")
    return _renamed(scaled_from_texts(cut, _MILLI_PLACES, column.decimal))


def parse_rate(raw: pa.Array, column: Column) -> tuple[pa.Array, Faults]:
    """Return a rate in parts per million; the left sides of `words` mean that there is none.

    >>> exempt = Column(raw="a", fact="b", convert="rate", words=(("免税", ""),))
    >>> parse_rate(pa.array(["13%", "免税"]), exempt)[0].to_pylist()
    [130000, None]
    """
    none = pc.is_in(raw, value_set=pa.array([theirs for theirs, _ in column.words], pa.string()))
    return rate_from_texts(pc.if_else(none, pa.scalar(None, pa.string()), raw))


def parse_day(raw: pa.Array, column: Column) -> tuple[pa.Array, Faults]:
    """Return days from dates, timestamps at midnight or text in the column's formats; days outside its bounds are faults.

    >>> parse_day(pa.array(["2020-01-31", "2020-02-30"]), Column(raw="a", fact="b", convert="day"))[0].to_pylist()
    [datetime.date(2020, 1, 31), None]
    """
    text = pa.types.is_string(raw.type)
    days = each(raw, lambda cell: read_day(cell, column.formats), pa.date32()) if text else _days_from_times(raw)
    broken = nulls(days) & ~nulls(raw)
    outside = np.zeros(len(raw), np.bool_)
    for bound, beyond in ((column.first or FIRST_DAY, pc.less), (column.last or LAST_DAY, pc.greater)):
        outside |= truth(beyond(days, pa.scalar(bound, pa.date32())))
    return days, [(broken, "not_a_day"), (outside, "day_out_of_range")]


def parse_moment_day(raw: pa.Array, column: Column) -> tuple[pa.Array, Faults]:
    """Return the day of a text that says day and time, in one cell.

    >>> parse_moment_day(pa.array(["2020-01-31 10:00:00"]), Column(raw="a", fact="b"))[0].to_pylist()
    [datetime.date(2020, 1, 31)]
    """
    return parse_day(_part(raw, 0), column)


def parse_moment_time(raw: pa.Array, column: Column) -> tuple[pa.Array, Faults]:
    """Return the seconds since midnight of a text that says day and time in one cell; NULL where it says a day only.

    >>> parse_moment_time(pa.array(["2020-01-31 10:00:00", "2020-01-31"]), Column(raw="a", fact="b"))[0].to_pylist()
    [36000, None]
    """
    return parse_time(_part(raw, 1), column)


def parse_stamp(raw: pa.Array, column: Column) -> tuple[pa.Array, Faults]:
    """Return the instant (UTC seconds) of a time that says its own offset: +08:00, +0800, Z or UTC.

    >>> parse_stamp(pa.array(["2024-01-05 10:11:12 +0800", "05.01.2024 02:11:12 UTC"]), Column(raw="a", fact="b",
    ...     formats=("ymd", "dmy")))[0].to_pylist()
    [1704420672, 1704420672]
    """
    instants = each(raw, lambda cell: read_stamp(cell, column.formats), pa.int64())
    return instants, [(nulls(instants) & ~nulls(raw), "not_a_time")]


def parse_time(raw: pa.Array, _column: Column) -> tuple[pa.Array, Faults]:
    """Return seconds since midnight.

    >>> parse_time(pa.array(["123456", "24:00:00"]), Column(raw="a", fact="b"))[0].to_pylist()
    [45296, None]
    """
    seconds = each(raw, read_time, pa.int32())
    return seconds, [(nulls(seconds) & ~nulls(raw), "not_a_time")]


def parse_words(raw: pa.Array, column: Column) -> tuple[pa.Array, Faults]:
    """Return our word for each raw word of the column's table; an unknown one is a fault.

    >>> outcome = Column(raw="a", fact="b", convert="words", words=(("是", "default"),))
    >>> parse_words(pa.array(["是", "?"]), outcome)[0].to_pylist()
    ['default', None]
    """
    theirs, ours = (pa.array(side, pa.string()) for side in zip(*column.words, strict=True))
    return _worded(raw, on_distinct(raw, lambda texts: ours.take(pc.index_in(texts, value_set=theirs))), column)


def parse_truth(raw: pa.Array, column: Column) -> tuple[pa.Array, Faults]:
    """Return whether a raw word means true; the words on the right are `true` and `false`.

    >>> positive = Column(raw="a", fact="b", convert="truth", words=(("是", "true"), ("否", "false")))
    >>> parse_truth(pa.array(["是", "否"]), positive)[0].to_pylist()
    [True, False]
    """
    words, faults = parse_words(raw, column)
    return pc.equal(words, "true"), faults


def parse_pattern(raw: pa.Array, column: Column) -> tuple[pa.Array, Faults]:
    """Return our word of the first pattern that a text matches; a text without one is a fault, unless there is a default.

    >>> shape = Column(raw="a", fact="b", convert="pattern", words=(("分公司$", "branch"), ("公司$", "company"), ("", "other")))
    >>> parse_pattern(pa.array(["***公司", "***公司***分公司", "***所"]), shape)[0].to_pylist()
    ['company', 'branch', 'other']
    """
    return _worded(raw, on_distinct(raw, lambda texts: first_match(texts, column.words)), column)


def first_match(texts: pa.Array, table: tuple[tuple[str, str], ...]) -> pa.Array:
    """Return the right side of the first pattern that each text matches, NULL where none does.

    >>> first_match(pa.array(["ab", "c"]), (("b", "x"), ("a", "y"))).to_pylist()
    ['x', None]
    """
    found = pa.nulls(len(texts), pa.string())
    for pattern, ours in reversed(table):
        found = pc.if_else(pc.fill_null(pc.match_substring_regex(texts, pattern), fill_value=False), ours, found)
    return found


def render_text(fact: pa.Array, column: Column, file_format: FileFormat) -> pa.Array:
    """Return text as the file stores it; raises `pyarrow.ArrowInvalid` where the text is not of the stored type.

    >>> render_text(pa.array(["7"]), Column(raw="a", fact="b", convert="text", stored="int64"), "parquet").to_pylist()
    [7]
    """
    return fact.cast(_STORED[column.stored] if file_format == "parquet" else pa.string())


def render_yuan(fact: pa.Array, column: Column, file_format: FileFormat) -> pa.Array:
    """Return fen as yuan: doubles in parquet, decimal text elsewhere.

    >>> render_yuan(pa.array([29, -105]), Column(raw="a", fact="b", convert="yuan"), "csv").to_pylist()
    ['0.29', '-1.05']
    """
    if file_format == "parquet":
        return pc.divide(fact.cast(pa.float64()), float(FEN_PER_YUAN))
    return decimal_texts(fact, _FEN_PLACES, column.decimal)


def render_day(fact: pa.Array, column: Column, file_format: FileFormat) -> pa.Array:
    """Return days as the file stores them: midnight timestamps in parquet, text elsewhere.

    >>> from datetime import date
    >>> render_day(pa.array([date(2020, 1, 31)]), Column(raw="a", fact="b", convert="day"), "csv").to_pylist()
    ['2020-01-31']
    """
    if file_format == "parquet":
        return fact.cast(_STORED[column.stored])
    return pa.array([None if day is None else write_day(day, column.formats) for day in fact.to_pylist()], pa.string())


def render_time(fact: pa.Array, _column: Column, _file_format: FileFormat) -> pa.Array:
    """Return seconds since midnight as HH:MM:SS.

    >>> render_time(pa.array([36_000]), Column(raw="a", fact="b"), "csv").to_pylist()
    ['10:00:00']
    """
    return pa.array([None if seconds is None else write_time(seconds) for seconds in fact.to_pylist()], pa.string())


def render_stamp(fact: pa.Array, _column: Column, _file_format: FileFormat) -> pa.Array:
    """Return instants as text in UTC.

    >>> render_stamp(pa.array([1_704_420_672]), Column(raw="a", fact="b"), "csv").to_pylist()
    ['2024-01-05 02:11:12 UTC']
    """
    return pc.strftime(fact.cast(pa.timestamp("s")), format="%Y-%m-%d %H:%M:%S UTC")


def render_words(fact: pa.Array, column: Column, _file_format: FileFormat) -> pa.Array:
    """Return the raw word for each of ours: what `spell` says, else the first in the table.

    >>> outcome = Column(raw="a", fact="b", convert="words", words=(("是", "default"), ("违约", "default")))
    >>> render_words(pa.array(["default"]), outcome, "csv").to_pylist()
    ['是']
    """
    said = pc.if_else(fact, "true", "false") if pa.types.is_boolean(fact.type) else fact
    spelled = {ours: theirs for theirs, ours in reversed(column.words)} | dict(column.spell)
    return pa.array(spelled.values(), pa.string()).take(pc.index_in(said, value_set=pa.array(spelled, pa.string())))


def _worded(raw: pa.Array, found: pa.Array, column: Column) -> tuple[pa.Array, Faults]:
    if column.default:
        return pc.fill_null(found, column.default), []
    unknown = nulls(found) & ~nulls(raw)
    return pc.if_else(pc.equal(found, ""), pa.scalar(None, pa.string()), found), [(unknown, "unknown_word")]


def _renamed(read: tuple[pa.Array, Faults]) -> tuple[pa.Array, Faults]:
    names = {"not_an_amount": "not_a_number", "fraction_of_fen": "too_many_digits"}
    return read[0], [(bad, names.get(code, code)) for bad, code in read[1]]


def _part(raw: pa.Array, which: int) -> pa.Array:
    """Return the day or the time of each moment; where all are alike (and they mostly are) by place."""
    gap = pc.utf8_slice_codeunits(raw, 10, 11)
    if pc.all(pc.equal(gap, " ")).as_py() and pc.min(pc.utf8_length(raw)).as_py():
        return pc.utf8_trim_whitespace(pc.utf8_slice_codeunits(raw, 11)) if which else pc.utf8_slice_codeunits(raw, 0, 10)
    part = each(raw, lambda cell: split_moment(cell)[which], pa.string())
    return pc.if_else(pc.equal(part, ""), pa.scalar(None, pa.string()), part)


def _days_from_times(raw: pa.Array) -> pa.Array:
    if pa.types.is_date(raw.type):
        return raw.cast(pa.date32())
    if not pa.types.is_timestamp(raw.type) or raw.type.tz is not None:
        return pa.nulls(len(raw), pa.date32())
    days = raw.cast(pa.date32(), safe=False)
    midnight = pc.equal(days.cast(raw.type), raw)
    return pc.if_else(midnight, days, pa.scalar(None, pa.date32()))


CONVERTERS.add("text", Converter(parse_text, render_text))
CONVERTERS.add("code", Converter(parse_code, render_text))
CONVERTERS.add("yuan", Converter(parse_yuan, render_yuan))
CONVERTERS.add("number", Converter(parse_number, lambda fact, column, _: decimal_texts(fact, 0, column.decimal)))
CONVERTERS.add("milli", Converter(parse_milli, lambda fact, column, _: decimal_texts(fact, _MILLI_PLACES, column.decimal)))
CONVERTERS.add("rate", Converter(parse_rate, lambda fact, _column, _: rate_texts(fact)))
CONVERTERS.add("day", Converter(parse_day, render_day))
CONVERTERS.add("time", Converter(parse_time, render_time))
CONVERTERS.add("moment_day", Converter(parse_moment_day, render_day))
CONVERTERS.add("moment_time", Converter(parse_moment_time, render_time))
CONVERTERS.add("stamp", Converter(parse_stamp, render_stamp))
CONVERTERS.add("words", Converter(parse_words, render_words))
CONVERTERS.add("truth", Converter(parse_truth, render_words))
CONVERTERS.add("pattern", Converter(parse_pattern, render_words))
