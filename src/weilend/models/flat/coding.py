"""In: a file and the columns of a model. Out: its rows as that model reads them. Used: to score, and to build the sample."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from weilend.core.errors import InputError
from weilend.models.flat.frame import FlatColumn, Frame, read_frame
from weilend.models.sample import Column
from weilend.models.table import Booleans, Integers, Table, narrow_down


def read_as(path: Path, columns: Sequence[Column], *, times: Sequence[str] = ()) -> Frame:
    """Return a file read the way the columns of a model were: the same numbers, words and dates, whatever else it holds.

    `times` names further columns of days.
    """
    dates = {name for column in columns if column.until for name in (column.name, column.until)}
    return read_frame(
        path,
        times=(*dates, *times),
        words=[column.name for column in columns if column.kind == "category"],
        scales={column.name: column.scale for column in columns if column.kind == "number" and not column.until},
        marks={column.name: column.mark for column in columns},
    )


def code_table(frame: Frame, columns: Sequence[Column], ids: Sequence[str] = ()) -> Table:
    """Return the rows of a frame in the codes of a model's columns; a word that was never seen is the place after the last.

    `ids` name the rows, by their number from 1 where not given. Raises `NotFoundError` for a missing column and `InputError`
    for one that holds something else than it did.

    >>> use = FlatColumn(name="use", kind="category", values=np.array([0, 1]), known=np.ones(2, dtype=np.bool_), words=("a", "z"))
    >>> code_table(Frame((use,), 2), [Column(name="use", kind="category", words=("a", "b"))]).values.tolist()
    [[0], [2]]
    """
    size = frame.rows, len(columns)
    values, known = np.empty(size, dtype=_kind_of(frame, columns)), np.empty(size, dtype=np.bool_)
    for at, column in enumerate(columns):
        coded, there = _code(frame, column)
        values[:, at], known[:, at] = np.where(there, coded, 0), there
    names = tuple(column.name for column in columns)
    return Table(names, values, known, tuple(ids) or tuple(map(str, range(1, frame.rows + 1))))


def _kind_of(frame: Frame, columns: Sequence[Column]) -> np.dtype[np.signedinteger[Any]]:
    """Return the kind of whole number that holds all columns: places and days are small, numbers may not be."""
    return np.result_type(np.int32, *(frame[column.name].values.dtype for column in columns))


def _code(frame: Frame, column: Column) -> tuple[Integers, Booleans]:
    mine = frame[column.name]
    if not mine.known.any():
        return mine.values, mine.known
    if column.until:
        until = frame[column.until]
        _check_kind(mine, "date")
        _check_kind(until, "date")
        return until.values - mine.values, mine.known & until.known
    if column.kind == "category":
        places = {word: at for at, word in enumerate(column.words)}
        table = np.array([places.get(word, len(column.words)) for word in mine.words], dtype=np.int64)
        return narrow_down(table)[mine.values], mine.known
    _check_kind(mine, "number")
    if mine.scale != column.scale:
        raise InputError(
            f"{column.name} is read in {mine.scale}ths, the model in {column.scale}ths", hint="read it with `read_as`"
        )
    return mine.values, mine.known


def _check_kind(column: FlatColumn, kind: str) -> None:
    if column.kind == kind or not column.known.any():
        return
    row = int(np.argmax(column.known))
    shown = column.texts()[row] if column.kind != "date" else "a date"
    raise InputError(
        f"column {column.name} held {kind}s when the model was built, and does not now (row {row + 1}: {shown})",
        hint="give the column as it was then",
    )
