"""In: nothing. Out: the registry of aggregates and the small arithmetic they share. Used: by the finish functions of each grain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.core.plan import Measure, Slot, State
from weilend.core.registry import Registry

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

ONE = 1_000_000.0  # a ratio of one, in ppm


class Window(msgspec.Struct, frozen=True):
    """What a finish function is given: the states of its fold(s), the number of spine rows, the length of its window.

    `length` counts slots: months of a window in months, days of a window in days. `first_day` and `as_of_day` are the local days
    (since 1970-01-01) on which each row's window opens and on which it looks.
    """

    state: State
    other: State | None
    size: int
    length: int
    first_day: Ints
    as_of_day: Ints


#: Values in the feature's unit before rounding; NaN where there is no answer.
Finish = Callable[[Window], Floats]


class Aggregate(msgspec.Struct, frozen=True):
    """How a feature's rows are grouped, of how many parts it is made, what is kept of each group, how groups become a value.

    `slot` is how rows are grouped in time; ``series`` divides the window by its own unit. `by` tells whether rows are told apart.
    """

    name: str
    slot: Slot | Literal["series"]
    finish: Finish
    by: bool = False
    parts: int = 1
    measures: tuple[Measure, ...] = ()


AGGREGATES: Registry[Aggregate] = Registry("aggregate")


def aggregate(
    name: str,
    slot: Slot | Literal["series"] = "series",
    *,
    by: bool = False,
    parts: int = 1,
    measures: tuple[Measure, ...] = (),
) -> Callable[[Finish], Finish]:
    """Register a finish function under the name that features use."""

    def register(finish: Finish) -> Finish:
        AGGREGATES.add(name, Aggregate(name, slot, finish, by, parts, measures))
        return finish

    return register


def divide(above: npt.NDArray[np.generic], below: npt.NDArray[np.generic]) -> Floats:
    """Return ``above / below`` element by element, NaN where ``below`` is not positive.

    >>> divide(np.array([1, 2]), np.array([4, 0]))
    array([0.25,  nan])
    """
    top, bottom = above.astype(np.float64), below.astype(np.float64)
    answer = np.full(len(top), np.nan)
    np.divide(top, bottom, out=answer, where=bottom > 0)
    return answer


def add_by_row(row: Ints, amount: Ints, size: int) -> Ints:
    """Return exact integer sums per spine row.

    >>> add_by_row(np.array([1, 0, 1]), np.array([5, 6, 7]), 3)
    array([ 6, 12,  0])
    """
    sums = np.zeros(size, dtype=np.int64)
    np.add.at(sums, row, amount)
    return sums


def add_floats_by_row(row: Ints, amount: Floats, size: int) -> Floats:
    """Return float sums per spine row, added in ascending order of amount so that the order of groups does not matter."""
    order = np.lexsort((amount, row))
    return np.bincount(row[order], weights=amount[order], minlength=size)[:size].astype(np.float64)
