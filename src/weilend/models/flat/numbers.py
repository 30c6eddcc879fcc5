"""In: a column of texts or of any Arrow numbers. Out: exact quanta and their scale, or nothing. Used: by `frame`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.models.sample import LARGEST, DecimalMark
from weilend.models.table import Booleans, Floats, Integers

#: What stands in a cell where nothing is known, in small letters.
NULLS: Final = ("", "na", "n/a", "#n/a", "nan", "null", "missing", "?", "-", "--", ".", "nil", "缺失", "未知")
#: Digits kept after the point where the text has more, counted from the first that is not zero in a usual value.
DECIMALS: Final = 6
#: A currency in front and one unit behind, the same one in every cell ("36 months", "1 month").
_DRESSED: Final = re.compile(r"^\s*([¥￥$€£]?)\s*([-+]?)\s*([¥￥$€£]?)\s*([\d.,]*\d(?:[eE][-+]?\d+)?)\s*([^\d.,\s-]{0,10})\s*$")
_OTHER: Final[dict[DecimalMark, DecimalMark]] = {".": ",", ",": "."}
#: Digits as they may be written with each mark: whole groups of three or none, and no group after a nought alone.
_DIGITS: Final = {
    mark: re.compile(rf"^(?:\d*|[1-9]\d{{0,2}}(?:{re.escape(group)}\d{{3}})+)(?:{re.escape(mark)}\d+)?(?:[eE][-+]?\d+)?$")
    for mark, group in _OTHER.items()
}


class Numbers(msgspec.Struct, frozen=True, eq=False):
    """A column of numbers: `values` (n,) as doubles where `known`, `decimals` after the mark that its texts have at most."""

    values: Floats
    known: Booleans
    decimals: int
    mark: DecimalMark = "."

    def scale(self) -> int:
        """Return how many quanta are one: a power of ten that holds every decimal, six significant ones at most.

        >>> Numbers(np.array([0.25, 3.0]), np.ones(2, dtype=np.bool_), 2).scale()
        100
        >>> Numbers(np.array([0.000012345678]), np.ones(1, dtype=np.bool_), 12).scale()
        10000000000
        """
        sizes = np.abs(self.values[self.known & (self.values != 0)])
        if not len(sizes) or not self.decimals:
            return 1
        first = max(0, -int(np.floor(np.log10(float(np.median(sizes))))) - 1)  # zeros after the point of a usual value
        places = min(self.decimals, DECIMALS + first)
        room = int(np.floor(np.log10(LARGEST / float(sizes.max()))))
        return int(10 ** max(0, min(places, room)))


def quanta(values: Floats, known: Booleans, scale: int) -> Integers:
    """Return numbers counted in quanta, half to even; 0 where not known.

    >>> quanta(np.array([1.25, np.nan]), np.array([True, False]), 100).tolist()
    [125, 0]
    """
    counted = np.rint(np.where(known, values, 0.0) * scale)
    return np.asarray(np.clip(counted, -LARGEST, LARGEST), dtype=np.int64)


def parse_numbers(array: pa.ChunkedArray, marks: Sequence[DecimalMark] = (".",)) -> Numbers | None:
    """Return a column as numbers, or None where any known cell is not one; a null token is not known.

    Texts are read with the first of the decimal `marks` with which every cell is a number.

    >>> both = parse_numbers(pa.chunked_array([["1,234", "$5.5", " NA "]]))
    >>> both.values[:2].tolist(), both.known.tolist(), both.decimals
    ([1234.0, 5.5], [True, True, False], 1)
    >>> parse_numbers(pa.chunked_array([["36 months", "1 month"]])).values.tolist()
    [36.0, 1.0]
    >>> parse_numbers(pa.chunked_array([["36 months", "3 years"]])) is None
    True
    >>> parse_numbers(pa.chunked_array([["1.234,5", "0,25", "12"]]), (".", ",")).values.tolist()
    [1234.5, 0.25, 12.0]
    """
    kind = array.type
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return _of_numbers(array)
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return None
    bare = _of_bare_texts(array) if marks[0] == "." else None
    if bare is not None:
        return bare
    codes, words = words_of(array)
    return next((found for mark in marks if (found := _of_texts(codes, words, mark)) is not None), None)


def _of_bare_texts(array: pa.ChunkedArray) -> Numbers | None:
    """Return a column whose known cells are all bare numbers, or None: most are, and are read without looking at each."""
    text = pc.utf8_trim_whitespace(array.combine_chunks())
    null = pc.is_in(pc.utf8_lower(text), value_set=pa.array(NULLS, text.type))
    text = pc.if_else(null, pa.scalar(None, text.type), text)
    try:
        values = pc.cast(text, pa.float64())
    except pa.ArrowInvalid:
        return None
    doubles = values.fill_null(0.0).to_numpy(zero_copy_only=False)
    known = values.is_valid().to_numpy(zero_copy_only=False)
    if not known.any() or not np.isfinite(doubles).all() or pc.any(pc.match_substring_regex(text, "[eE]")).as_py():
        return None
    point = pc.find_substring(text, ".")
    short = pc.utf8_rtrim(pc.filter(text, pc.greater_equal(point, 0)), "0")
    decimals = pc.max(pc.subtract(pc.utf8_length(short), pc.find_substring(short, "."))).as_py() or 1
    return Numbers(doubles.astype(np.float64), known, int(decimals) - 1)


def _of_texts(codes: Integers, words: list[str], mark: DecimalMark) -> Numbers | None:
    """Return a column of texts (see `words_of`) as numbers written with a mark, or None where one is not or units differ."""
    plain = [_plain(word) for word in words]
    known = np.array([word is not None for word in plain], dtype=np.bool_)
    dressed = [_undress(word, mark) for word in plain if word is not None]
    bare = [one for one in dressed if one is not None]
    if not bare or len(bare) < len(dressed) or len({unit for _, unit in bare}) > 1:
        return None
    values = np.zeros(len(words))
    values[known] = [float(digits) for digits, _ in bare]
    decimals = max(_decimals(digits) for digits, _ in bare)
    inside = codes >= 0
    return Numbers(values[codes] * inside, known[codes] & inside & np.isfinite(values[codes]), decimals, mark)


def words_of(array: pa.ChunkedArray) -> tuple[Integers, list[str]]:
    """Return the distinct texts of a column in order of first sight, and the place of each cell's text (-1 for null).

    >>> codes, words = words_of(pa.chunked_array([["b", "a", None, "b"]]))
    >>> codes.tolist(), words
    ([0, 1, -1, 0], ['b', 'a'])
    """
    encoded: Any = pc.dictionary_encode(array.combine_chunks() if array.num_chunks != 1 else array.chunk(0))
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, encoded.dictionary.to_pylist() or [""]


def is_null(text: str) -> bool:
    """Return whether a text stands for "not known".

    >>> is_null(" NaN "), is_null("none of these")
    (True, False)
    """
    return text.strip().lower() in NULLS


def _plain(word: str) -> str | None:
    return None if is_null(word) else word.strip()


def _undress(text: str, mark: DecimalMark) -> tuple[str, str] | None:
    """Return the bare number and its unit, or None where the text is not a number with that decimal mark.

    "(12)" is how books write -12.
    """
    if text.startswith("(") and text.endswith(")"):
        text = "-" + text[1:-1]
    match = _DRESSED.match(text)
    if match is None:
        return None
    digits, unit = match[4], match[5].lower()
    if not _DIGITS[mark].match(digits):
        return None
    digits = digits.replace(_OTHER[mark], "").replace(mark, ".")
    unit = unit[:-1] if unit.endswith("s") and len(unit) > 1 else unit
    return (match[2] if match[2] == "-" else "") + digits, unit


def _decimals(digits: str) -> int:
    mantissa, _, exponent = digits.lower().partition("e")
    return max(len(mantissa.partition(".")[2].rstrip("0")) - int(exponent or 0), 0)


def _of_numbers(array: pa.ChunkedArray) -> Numbers:
    values = pc.cast(array, pa.float64(), safe=False).combine_chunks()
    there = values.is_valid().to_numpy(zero_copy_only=False)
    doubles = values.fill_null(0.0).to_numpy(zero_copy_only=False).astype(np.float64)
    known = there & np.isfinite(doubles)
    doubles = np.where(known, doubles, 0.0)
    if pa.types.is_floating(array.type):
        return Numbers(doubles, known, _seen_decimals(doubles))
    return Numbers(doubles, known, array.type.scale if pa.types.is_decimal(array.type) else 0)


def _seen_decimals(values: Floats) -> int:
    """Return the fewest decimals that write every value (to the last digits that a double holds), or many."""
    size = np.maximum(np.abs(values), 1e-300)
    for places in range(2 * DECIMALS):
        scaled = values * 10**places
        if (np.abs(scaled - np.rint(scaled)) <= 1e-13 * np.maximum(size * 10**places, 1.0)).all():
            return places
    return 2 * DECIMALS
