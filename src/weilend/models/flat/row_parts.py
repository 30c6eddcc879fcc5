"""In: a flat table, a column's name or "". Out: group, month, weight of each row. Used: by samples, by score files."""

from __future__ import annotations

import numpy as np

from weilend.core.errors import InputError
from weilend.models.flat.dates import month_of
from weilend.models.flat.frame import Frame
from weilend.models.table import Floats, Integers


def group_rows(frame: Frame, name: str) -> Integers:
    """Return a number for the group of each row (n,): rows with one value belong together, a row without one stands alone.

    >>> from weilend.models.flat.frame import FlatColumn
    >>> owner = FlatColumn(name="owner", kind="number", values=np.array([7, 7, 0]), known=np.array([True, True, False]))
    >>> group_rows(Frame((owner,), rows=3), "owner").tolist(), group_rows(Frame((owner,), rows=3), "").tolist()
    ([1, 1, 5], [0, 1, 2])
    """
    if not name:
        return np.arange(frame.rows)
    column = frame[name]
    place = np.unique(column.values, return_inverse=True)[1].astype(np.int64)
    return np.where(column.known, place, frame.rows + np.arange(frame.rows))


def month_rows(frame: Frame, name: str) -> Integers:
    """Return the month of each row (n,), counted from January 1970, -1 where it has none; `InputError` for what is no date.

    >>> from weilend.models.flat.frame import FlatColumn
    >>> day = FlatColumn(name="day", kind="date", values=np.array([31, 365]), known=np.array([True, True]))
    >>> month_rows(Frame((day,), rows=2), "day").tolist()
    [1, 12]
    """
    if not name:
        return np.full(frame.rows, -1, dtype=np.int64)
    column = frame[name]
    if column.kind != "date":
        raise InputError(f"{name} is not read as days or months", hint="write 2018-05-01, 2018-05, 201805 or May-2018")
    return np.where(column.known, month_of(column.values), -1)


def weight_rows(frame: Frame, name: str) -> Floats:
    """Return the weight of each row (n,), 1 on average; `InputError` unless each has a positive number.

    >>> from weilend.models.flat.frame import FlatColumn
    >>> weight = FlatColumn(name="w", kind="number", values=np.array([10, 30]), known=np.array([True, True]), scale=10)
    >>> weight_rows(Frame((weight,), rows=2), "w").tolist()
    [0.5, 1.5]
    """
    if not name:
        return np.ones(frame.rows)
    column = frame[name]
    weight = column.values / column.scale
    if column.kind != "number" or (weight[column.known] <= 0).any() or not column.known.all():
        raise InputError(f"{name} is not a positive number in every row", hint="give a weight to each row")
    return np.asarray(weight / weight.mean())
