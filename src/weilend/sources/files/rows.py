"""In: nothing. Out: what a sheet is, whatever file it stands in: first rows to find its header in, and blocks of rows. Used: by
tables, texts and sheets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import msgspec
import pyarrow as pa


class Block(msgspec.Struct, frozen=True, eq=False):
    """Some rows of a sheet: columns named "0", "1", …; `torn` says of rows that cannot be used why, and their cells as they
    stood.

    >>> Block(pa.table({"0": ["a"]}), {}).table.num_rows
    1
    """

    table: pa.Table
    torn: dict[int, tuple[str, list[str]]]


class Sheet(Protocol):
    """A table in a file: the one of a csv or parquet file, or a sheet of a workbook."""

    name: str

    def head(self) -> Sequence[Sequence[str]]:
        """Return the first rows, to find the header in."""

    def blocks(self, header_row: int, width: int, cells_min: int) -> Iterator[Block]:
        """Yield the rows below the header in blocks of `width` columns; a row may have `cells_min` cells or more."""


def fit(cells: Sequence[str], width: int, cells_min: int) -> list[str] | None:
    """Return the cells of a row as wide as the header, or None where that would lose or invent something.

    Blank cells beyond the header are dropped (many exports end each row with a comma); a row that is too short is filled only
    where it has `cells_min` cells.

    >>> fit(["a", "b", " "], 2, 2), fit(["a"], 2, 1), fit(["a"], 2, 2), fit(["a", "b", "c"], 2, 2)
    (['a', 'b'], ['a', ''], None, None)
    """
    if len(cells) < cells_min or any(cell.strip() for cell in cells[width:]):
        return None
    return [*cells[:width], *[""] * (width - len(cells))]
