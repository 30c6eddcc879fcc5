"""In: `rate_and_churn.csv`. Out: the share of borrowers lost at each annual rate. Used: by placing, as a reference input."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from pathlib import Path

import pyarrow as pa

from weilend.core.errors import NotFoundError, SourceError
from weilend.core.money import PPM
from weilend.sources.cumcm2020c import CHURN_HEADER, CUMCM2020C
from weilend.sources.files.headers import headers_of
from weilend.sources.files.texts import TextSheet, candidates
from weilend.sources.files.written import write_table

#: (annual_rate_ppm, share of borrowers lost in ppm by class), by rising rate.
Churn = tuple[tuple[int, dict[str, int]], ...]
_CLASSES = CHURN_HEADER[1:]


def read_churn(path: Path) -> Churn:
    """Return (annual_rate_ppm, {class: lost_ppm}) for each row, by rising rate.

    Raises `NotFoundError` where there is no file, `SourceError` where it is another table or holds no shares.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "rate_and_churn.csv"
    >>> write_churn(((40_000, {"A": 0, "B": 0, "C": 0}), (42_500, {"A": 94_574, "B": 66_800, "C": 68_725})), file)
    >>> read_churn(file)[1]
    (42500, {'A': 94574, 'B': 66800, 'C': 68725})
    """
    if not path.is_file():
        raise NotFoundError(f"there is no file {path}", hint="give the table of annual rates and shares lost")
    if CHURN_HEADER not in headers_of(path):
        raise SourceError(f"{path.name} is no table of rates and shares lost", hint=f"its header is {','.join(CHURN_HEADER)}")
    sheet = TextSheet(path, candidates(path, CUMCM2020C.encodings)[0], ",", multiline=False)
    rows = [list(row.values()) for block in sheet.blocks(0, len(CHURN_HEADER), 0) for row in block.table.to_pylist()]
    columns = [[_ppm(row[place] or "", path) for row in rows] for place in range(len(CHURN_HEADER))]
    rates = columns[0]
    if not rates or any(later <= earlier for earlier, later in pairwise(rates)):
        raise SourceError(f"the rates in {path.name} do not rise", hint="give each annual rate once, in rising order")
    return tuple((rate, dict(zip(_CLASSES, shares, strict=True))) for rate, *shares in zip(*columns, strict=True))


def write_churn(churn: Sequence[tuple[int, dict[str, int]]], path: Path) -> None:
    """Write a table that `read_churn` reads back.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "rate_and_churn.csv"
    >>> write_churn(((40_000, {"A": 0, "B": 0, "C": 0}),), file)
    >>> file.read_text(encoding="utf-8").splitlines()[1]
    '0.04,0,0,0'
    """
    columns = {CHURN_HEADER[0]: [_decimal(rate) for rate, _ in churn]}
    columns |= {name: [_decimal(lost[name]) for _, lost in churn] for name in _CLASSES}
    write_table(pa.table(columns), path)


def _ppm(cell: str, path: Path) -> int:
    try:
        share = Decimal(cell)
    except InvalidOperation:
        share = Decimal(-1)
    if not share.is_finite() or not 0 <= share <= 1:
        raise SourceError(f"{cell!r} in {path.name} is no share between 0 and 1", hint="write 4.25 % as 0.0425")
    return int((share * PPM).to_integral_value())


def _decimal(ppm: int) -> str:
    return f"{Decimal(ppm) / PPM:f}"
