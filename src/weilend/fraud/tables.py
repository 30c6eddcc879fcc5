"""In: any flat table. Out: how strange each of its rows is, and which three columns make it so. Used: as `weilend fraud fit|score
--table`.

Nothing need be known of the columns: numbers and days are taken as they are, words by how many rows have the same word, so
that a rare
word is strange. A column in which nearly every row has its own word, or long texts, is left out, and that is said. What is
missing is
not strange by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.core.errors import InputError
from weilend.core.money import PPM
from weilend.fraud.detectors import Ensemble, fit_ensemble, from_bytes, to_bytes
from weilend.fraud.detectors.ensemble import StrangeFeature

FORMAT: Final = 1
EPOCH: Final = date(1970, 1, 1)
Kind = Literal["number", "date", "category"]
Matrix = npt.NDArray[np.float64]


class TableColumn(msgspec.Struct, frozen=True, kw_only=True):
    """A column as it was learned: a number (`scale` quanta are one), a day, or a word with the share of rows that had it (ppm).

    >>> TableColumn(name="use", kind="category", shares={"goods": 900_000}).show(900_000.0, "goods")
    'goods (of 90.0 % of rows)'
    """

    name: str
    kind: Kind
    scale: int = 1
    shares: dict[str, int] = {}

    def values(self, cells: Sequence[int | str | None]) -> Matrix:
        """Return what detectors see of cells: quanta of numbers, days since 1970, or the share of rows with the same word."""
        if self.kind == "category":
            return np.array([np.nan if one is None else float(self.shares.get(str(one), 0)) for one in cells])
        return np.array([np.nan if one is None else float(one) / self.scale for one in cells])

    def show(self, value: float | None, word: str = "") -> str:
        """Return a value as a person reads it; "" where it is not known."""
        if value is None:
            return ""
        if self.kind == "category":
            share = f"{value / PPM * 100:.1f} % of rows"
            return f"{word} (of {share})" if word else share
        if self.kind == "date":
            return (EPOCH + timedelta(days=round(value))).isoformat()
        return f"{value:g}"


class TableTold(msgspec.Struct, frozen=True, kw_only=True):
    """One column that makes a row strange: what the cell says, what is usual (90 % of rows), and its share of the strangeness."""

    column: str
    value: str
    usual: str
    share_ppm: int


class TableStrange(msgspec.Struct, frozen=True, kw_only=True):
    """How strange a row is (stranger than so many of the learned rows, ppm), and the three columns that say most."""

    anomaly_ppm: int
    told: tuple[TableTold, ...]


class TableDetectors(msgspec.Struct, frozen=True, eq=False):
    """Detectors that have learned a table; `left_out` says which columns they do not look at, and why.

    >>> use = TableColumn(name="use", kind="category", shares={"a": 990_000, "b": 10_000})
    >>> columns = [TableColumn(name="n", kind="number"), use]
    >>> cells = {"n": [row % 7 for row in range(100)], "use": ["a"] * 99 + ["b"]}
    >>> detectors = fit_table(columns, cells, seed=1)
    >>> said = detectors.explain(cells, 99)
    >>> said.told[0].column, said.told[0].value
    ('use', 'b (of 1.0 % of rows)')
    """

    columns: tuple[TableColumn, ...]
    ensemble: Ensemble
    left_out: dict[str, str]

    def matrix(self, cells: Mapping[str, Sequence[int | str | None]]) -> Matrix:
        """Return the rows as detectors see them; raises `InputError` where a column that was learned is missing."""
        missing = [one.name for one in self.columns if one.name not in cells]
        if missing:
            raise InputError(f"the table has no column {missing[0]}", hint="give the columns of the table that was learned")
        return np.column_stack([one.values(cells[one.name]) for one in self.columns])

    def explain(self, cells: Mapping[str, Sequence[int | str | None]], row: int) -> TableStrange:
        """Return how strange one row is, and which columns make it so."""
        one = self.matrix({name: [column[row]] for name, column in cells.items()})
        return self.tell(one[0], {name: column[row] for name, column in cells.items()})

    def tell(self, values: Matrix, row: Mapping[str, int | str | None]) -> TableStrange:
        """Return the same of a row that is a line of `matrix` already."""
        strange = self.ensemble.explain(values)
        by_name = {column.name: column for column in self.columns}
        told = tuple(_told(by_name[one.feature], one, row[one.feature]) for one in strange.features)
        return TableStrange(anomaly_ppm=strange.anomaly_ppm, told=told)


class _Kept(msgspec.Struct, frozen=True):
    """Detectors as a file has them."""

    format: int
    columns: tuple[TableColumn, ...]
    ensemble: msgspec.Raw
    left_out: dict[str, str]


def fit_table(
    columns: Sequence[TableColumn],
    cells: Mapping[str, Sequence[int | str | None]],
    *,
    seed: int,
    left_out: dict[str, str] | None = None,
) -> TableDetectors:
    """Learn from the rows of a table; raises `InputError` where it has no row, or no column that can be looked at."""
    if not columns:
        raise InputError("the table has no column to look at", hint="give numbers, days, or words that several rows share")
    if not len(cells[columns[0].name]):
        raise InputError("the table has no rows", hint="give one or more below the header")
    matrix = np.column_stack([one.values(cells[one.name]) for one in columns])
    ensemble = fit_ensemble(matrix, [one.name for one in columns], seed=seed)
    return TableDetectors(tuple(columns), ensemble, left_out or {})


def write_detectors(detectors: TableDetectors) -> bytes:
    """Return detectors of a table as JSON, without pickle.

    >>> one = fit_table([TableColumn(name="n", kind="number")], {"n": [1, 2, 3]}, seed=1)
    >>> read_detectors(write_detectors(one)).explain({"n": [9]}, 0) == one.explain({"n": [9]}, 0)
    True
    """
    kept = _Kept(FORMAT, detectors.columns, msgspec.Raw(to_bytes(detectors.ensemble)[1]), detectors.left_out)
    return msgspec.json.encode(kept)


def read_detectors(content: bytes) -> TableDetectors:
    """Return the detectors of a file; raises `InputError` for a file that holds none.

    >>> read_detectors(b"[]")
    Traceback (most recent call last):
    weilend.core.errors.InputError: this file holds no detectors of a table: ... Hint: ...
    """
    hint = "make one with: weilend fraud fit --table FILE --out MODEL"
    try:
        kept = msgspec.json.decode(content, type=_Kept)
    except msgspec.DecodeError as error:
        raise InputError(f"this file holds no detectors of a table: {error}", hint=hint) from None
    if kept.format != FORMAT:
        raise InputError(f"these detectors have format {kept.format}", hint=hint)
    return TableDetectors(kept.columns, from_bytes(bytes(kept.ensemble)), kept.left_out)


def _told(column: TableColumn, one: StrangeFeature, cell: int | str | None) -> TableTold:
    word = str(cell) if column.kind == "category" and cell is not None else ""
    low, high = column.show(one.usual_low), column.show(one.usual_high)
    return TableTold(
        column=one.feature, value=column.show(one.value, word), usual=low if low == high else f"{low} to {high}",
        share_ppm=one.share_ppm,
    )  # fmt: skip
