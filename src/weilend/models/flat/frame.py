"""In: the columns of a file. Out: `Frame`, each column with its kind and its exact values. Used: by sample design and scoring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.errors import NotFoundError
from weilend.models.flat.dates import parse_days
from weilend.models.flat.numbers import is_null, parse_numbers, quanta, words_of
from weilend.models.flat.raw import read_arrays, separator_of
from weilend.models.sample import DecimalMark, show_quanta
from weilend.models.table import Booleans, Integers, narrow_down

Kind = Literal["number", "date", "category", "id", "text"]
#: A column of words is an id where nearly every row has its own, free text where it also has sentences.
UNIQUE_SHARE: Final = 0.9
TEXT_SHARE, TEXT_LENGTH = 0.3, 30
_FEW: Final = 50
NO_SCALES: Final[Mapping[str, int]] = MappingProxyType({})
NO_MARKS: Final[Mapping[str, DecimalMark]] = MappingProxyType({})
#: Marks of decimals by what the cells are cut with: in a file cut by commas, "1,5" is rather a list than a number.
_BY_COMMAS: Final[Sequence[DecimalMark]] = (".",)
_OTHERWISE: Final[Sequence[DecimalMark]] = (".", ",")


class FlatColumn(msgspec.Struct, frozen=True, eq=False, kw_only=True):
    """One column of a file: `values` (n,) where `known`: quanta of a number, days of a date, places among `words`.

    Values are int64, or int32 where all are small (`narrow_down`).
    """

    name: str
    kind: Kind
    values: Integers
    known: Booleans
    scale: int = 1
    words: tuple[str, ...] = ()
    mark: DecimalMark = "."

    def texts(self) -> list[str]:
        """Return the cells as text: words as they stand, numbers in their shortest form, "" where not known."""
        if self.kind in ("category", "id", "text"):
            return [self.words[code] if there else "" for code, there in zip(self.values.tolist(), self.known, strict=True)]
        return [
            show_quanta(value, self.scale) if there else ""
            for value, there in zip(self.values.tolist(), self.known, strict=True)
        ]


class Frame(msgspec.Struct, frozen=True, eq=False):
    """A flat table: its columns in the file's order, and how many rows it has."""

    columns: tuple[FlatColumn, ...]
    rows: int

    def __getitem__(self, name: str) -> FlatColumn:
        for column in self.columns:
            if column.name == name:
                return column
        raise NotFoundError(f"the table has no column {name}", hint=f"it has: {', '.join(self.names())}")

    def names(self) -> tuple[str, ...]:
        """Return the columns' names."""
        return tuple(column.name for column in self.columns)


def read_frame(
    path: Path,
    *,
    times: Sequence[str] = (),
    words: Sequence[str] = (),
    scales: Mapping[str, int] = NO_SCALES,
    marks: Mapping[str, DecimalMark] = NO_MARKS,
) -> Frame:
    """Return a file's columns with their kinds; `times` names columns of days, `words` columns that are read as words.

    `scales` are quanta per unit of the numbers of a model that stands already, and `marks` what stood before their decimals;
    otherwise they are found from the texts.

    A column is numbers where every known cell is one (percent, currency, thousands and one unit are understood; where cells are
    not cut by commas, also "1.234,5"), else dates, else words. Raises `InputError` or `NotFoundError` where the file is no table.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     file = Path(folder) / "a.csv"
    ...     _ = file.write_text("rate,month,用途\\n12.5%,2018-05,经营\\n7%,2018-06,?\\n", encoding="utf-8")
    ...     [(c.name, c.kind, c.scale, c.texts()) for c in read_frame(file).columns if c.kind != "date"]
    [('rate', 'number', 10, ['12.5', '7']), ('用途', 'category', 1, ['经营', ''])]
    """
    arrays = read_arrays(path)  # one after the other: all at once would be a large table twice
    usual = _BY_COMMAS if separator_of(path) == "," else _OTHERWISE
    columns = tuple(
        read_column(
            name, array, is_time=name in times, as_words=name in words, scale=scales.get(name),
            marks=_OTHERWISE[::-1] if marks.get(name) == "," else usual,
        )
        for name, array in arrays
    )  # fmt: skip
    return Frame(columns, len(columns[0].values))


def read_column(
    name: str,
    array: pa.ChunkedArray,
    *,
    is_time: bool = False,
    as_words: bool = False,
    scale: int | None = None,
    marks: Sequence[DecimalMark] = _BY_COMMAS,
) -> FlatColumn:
    """Return one column with its kind (see `read_frame`)."""
    numbers = None if as_words or is_time else parse_numbers(array, marks)
    if numbers is not None:
        scale = scale or numbers.scale()
        values = narrow_down(quanta(numbers.values, numbers.known, scale))
        return FlatColumn(name=name, kind="number", values=values, known=numbers.known, scale=scale, mark=numbers.mark)
    days = None if as_words else parse_days(array, is_time=is_time)
    if days is not None:
        return FlatColumn(name=name, kind="date", values=narrow_down(days.values), known=days.known)
    return _read_words(name, array)


def _read_words(name: str, array: pa.ChunkedArray) -> FlatColumn:
    """Return a column of words, sorted, so that the order of rows does not matter; spaces around a word are no part of it."""
    if pa.types.is_dictionary(array.type):
        array = pc.cast(array, array.type.value_type)
    if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
        array = pc.cast(array, pa.string())
    codes, raw = words_of(array)
    stripped = [word.strip() for word in raw]
    words = tuple(sorted({word for word in stripped if not is_null(word)}))
    places = {word: at for at, word in enumerate(words)}
    place = np.array([places.get(word, -1) for word in stripped], dtype=np.int64)
    values = np.where(codes >= 0, place[codes], -1)
    known = values >= 0
    shown = narrow_down(np.where(known, values, 0))
    return FlatColumn(name=name, kind=_kind(words, int(known.sum())), values=shown, known=known, words=words)


def _kind(words: tuple[str, ...], rows: int) -> Kind:
    if rows <= _FEW or len(words) <= _FEW:
        return "category"
    if len(words) > TEXT_SHARE * rows and sum(map(len, words)) > TEXT_LENGTH * len(words):
        return "text"
    return "id" if len(words) > UNIQUE_SHARE * rows else "category"
