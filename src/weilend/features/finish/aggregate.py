"""In: nothing. Out: the registry of aggregates and the small arithmetic they share. Used: by the finish functions of each grain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec
import numpy as np

from weilend.core.plan import Ints, Measure, Slot
from weilend.core.registry import Registry
from weilend.features.finish.window import Floats, Grain, Window

ONE = 1_000_000.0  # a ratio of one, in ppm

#: Values in the feature's unit before rounding, one for each row of the window; NaN where there is no answer.
Finish = Callable[[Window], Floats]


class Aggregate(msgspec.Struct, frozen=True):
    """How a feature's rows are grouped, of how many parts it is made, what is kept of each group, how groups become a value.

    `slot` is how rows are grouped in time; ``series`` divides the window by its own unit. `by` tells whether rows are told apart.
    For one subject, aggregates that group alike are all computed for all looks that any of them asked for, if they keep the same
    `company`: so what costs much, or cannot read what tells others' rows apart, keeps a company of its own.
    """

    name: str
    slot: Grain
    finish: Finish
    by: bool = False
    parts: int = 1
    measures: tuple[Measure, ...] = ()
    company: str = ""


AGGREGATES: Registry[Aggregate] = Registry("aggregate")


def aggregate(
    name: str,
    slot: Slot | Literal["series"] = "series",
    *,
    by: bool = False,
    parts: int = 1,
    measures: tuple[Measure, ...] = (),
    company: str = "",
) -> Callable[[Finish], Finish]:
    """Register a finish function under the name that features use."""

    def register(finish: Finish) -> Finish:
        AGGREGATES.add(name, Aggregate(name, slot, finish, by, parts, measures, company))
        return finish

    return register


def divide(above: Ints | Floats, below: Ints | Floats) -> Floats:
    """Return ``above / below`` element by element, NaN where ``below`` is not positive.

    >>> divide(np.array([1, 2]), np.array([4, 0]))
    array([0.25,  nan])
    """
    return np.asarray(above / np.where(below > 0, below, np.nan))
