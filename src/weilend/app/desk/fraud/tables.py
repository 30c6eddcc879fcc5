"""In: a csv or Parquet file of anything. Out: how strange each row is, as csv or JSON. Used: as `weilend fraud fit|score
--table`."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np

from weilend.app.desk.progress import Tell, say_nothing
from weilend.core.errors import InputError, NotFoundError
from weilend.core.money import PPM
from weilend.fraud.tables import (
    TableColumn,
    TableDetectors,
    TableStrange,
    fit_table,
    read_detectors,
    write_detectors,
)
from weilend.models.flat import FlatColumn, Frame, read_frame

TOLD: Final = 3
_EVERY: Final = 500  # rows between two words of progress


class TableAsk(msgspec.Struct, frozen=True, kw_only=True):
    """Which table, which of its columns names a row, and which are not to be looked at (a label, above all)."""

    table: Path
    id_column: str = ""
    leave_out: tuple[str, ...] = ()
    seed: int = 1


class ScoredRow(msgspec.Struct, frozen=True):
    """A row by its name, and how strange it is."""

    row: str
    said: TableStrange


def fit_file(ask: TableAsk, out: Path) -> TableDetectors:
    """Learn from a table and write the detectors to a file; raises `InputError` for what is no table."""
    frame = _read(ask)
    detectors = _fit(frame, ask)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_bytes(write_detectors(detectors))
    return detectors


def score_file(
    ask: TableAsk, *, model: Path | None = None, tell: Tell = say_nothing
) -> tuple[TableDetectors, tuple[ScoredRow, ...]]:
    """Return detectors and every row with its score, in the order of the table: by a model, else by what the table itself teaches.

    Raises `InputError` where a column holds something else than it did, `NotFoundError` for a file that is not there.
    """
    known = _model(model) if model is not None else None
    frame = _read(ask, known)
    detectors = known or _fit(frame, ask)
    cells = {one.name: _cells(frame[one.name], one) for one in detectors.columns}
    matrix, names = detectors.matrix(cells), _names(frame, ask.id_column)
    found = []
    for row, name in enumerate(names):
        found.append(ScoredRow(name, detectors.tell(matrix[row], {key: column[row] for key, column in cells.items()})))
        if row % _EVERY == 0:
            tell("score", row, len(names))
    return detectors, tuple(found)


def write_scores(rows: Sequence[ScoredRow], out: Path) -> None:
    """Write scores as csv or JSON, by the ending of the file; raises `InputError` for another ending.

    A line of csv: row, anomaly_ppm, and three times column, value, usual range.
    """
    if out.suffix not in (".csv", ".json"):
        raise InputError(f"scores cannot be written as {out.suffix or out.name}", hint="name a file .csv or .json")
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix == ".json":
        out.write_bytes(msgspec.json.format(msgspec.json.encode([_plain(one) for one in rows]), indent=1) + b"\n")
        return
    with out.open("w", encoding="utf-8-sig", newline="") as file:  # a spreadsheet reads Chinese by the mark
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header())
        writer.writerows(lines(rows))


def header() -> tuple[str, ...]:
    """Return the columns of scores.

    >>> header()[:4]
    ('row', 'anomaly_ppm', 'column_1', 'value_1')
    """
    return ("row", "anomaly_ppm", *(f"{what}_{place}" for place in range(1, TOLD + 1) for what in ("column", "value", "usual")))


def lines(rows: Sequence[ScoredRow]) -> Iterator[tuple[str | int, ...]]:
    """Yield scores as lines of a table."""
    for one in rows:
        told = [cell for each in one.said.told for cell in (each.column, each.value, each.usual)]
        yield (one.row, one.said.anomaly_ppm, *told, *([""] * (3 * TOLD - len(told))))


def _plain(one: ScoredRow) -> dict[str, object]:
    return {"row": one.row, **msgspec.to_builtins(one.said)}


def _model(path: Path) -> TableDetectors:
    if not path.is_file():
        raise NotFoundError(f"there is no file {path.name}", hint="make one with: weilend fraud fit --table FILE --out MODEL")
    return read_detectors(path.read_bytes())


def _read(ask: TableAsk, known: TableDetectors | None = None) -> Frame:
    if known is None:
        frame = read_frame(ask.table, words=[ask.id_column])
    else:
        frame = read_frame(
            ask.table,
            words=[ask.id_column, *(one.name for one in known.columns if one.kind == "category")],
            times=[one.name for one in known.columns if one.kind == "date"],
            scales={one.name: one.scale for one in known.columns if one.kind == "number"},
        )
    for name in (*([ask.id_column] if ask.id_column else []), *ask.leave_out):
        frame[name]  # raises where it is not there
    return frame


def _fit(frame: Frame, ask: TableAsk) -> TableDetectors:
    columns, left_out = [], dict.fromkeys(ask.leave_out, "asked for")
    if ask.id_column:
        left_out[ask.id_column] = "it names the rows"
    for one in frame.columns:
        if one.name in left_out:
            continue
        if one.kind in ("id", "text"):
            left_out[one.name] = "nearly every row has its own" if one.kind == "id" else "it holds free text"
        elif _is_counter(one):
            left_out[one.name] = "it numbers the rows"
        else:
            columns.append(_learned(one))
    cells = {one.name: _cells(frame[one.name], one) for one in columns}
    return fit_table(columns, cells, seed=ask.seed, left_out=left_out)


def _is_counter(column: FlatColumn) -> bool:
    """Return whether a column of many rows only counts them."""
    steps = np.diff(column.values)
    return column.kind == "number" and len(steps) > 10 and bool(column.known.all()) and bool((steps == column.scale).all())


def _learned(column: FlatColumn) -> TableColumn:
    if column.kind == "number":
        return TableColumn(name=column.name, kind="number", scale=column.scale)
    if column.kind == "date":
        return TableColumn(name=column.name, kind="date")
    counts = np.bincount(column.values[column.known], minlength=len(column.words))
    shares = {word: int(count) * PPM // max(len(column.values), 1) for word, count in zip(column.words, counts, strict=True)}
    return TableColumn(name=column.name, kind="category", shares=shares)


def _cells(column: FlatColumn, learned: TableColumn) -> list[int | str | None]:
    """Return the cells of a column as it was learned; raises `InputError` where it now holds something else."""
    if not column.known.any():
        return [None] * len(column.values)
    held = "category" if column.kind in ("category", "id", "text") else column.kind
    if held != learned.kind:
        raise InputError(
            f"column {column.name} held {learned.kind}s when it was learned, {held}s now", hint="give it as it was"
        )
    if learned.kind == "category":
        return [word or None for word in column.texts()]
    if column.scale != learned.scale:
        raise InputError(f"column {column.name} is read in {column.scale}ths, not {learned.scale}ths", hint="give it as it was")
    return [value if there else None for value, there in zip(column.values.tolist(), column.known.tolist(), strict=True)]


def _names(frame: Frame, id_column: str) -> tuple[str, ...]:
    return tuple(frame[id_column].texts()) if id_column else tuple(map(str, range(1, frame.rows + 1)))
