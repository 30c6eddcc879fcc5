"""In: folded states. Out: feature values before rounding. Used: by `features.compute`, the same functions on every path.

A finish function sees exact integers and is the only place where floats appear. To give the same bits for one row and for a
million, in any order of groups, it works element by element, sums month by month or in sorted order, and never lets NumPy choose
the order of a float sum. An aggregate is found by its name in `AGGREGATES`.
"""

from weilend.features.finish import (  # noqa: F401  (importing them fills the registry)
    agreement,
    balances,
    days,
    latest,
    pairs,
    parties,
    patterns,
    repeats,
    rows,
    running,
    seasons,
    series,
    standing,
    values,
)
from weilend.features.finish.aggregate import AGGREGATES, Aggregate
from weilend.features.finish.window import Sight, Window

__all__ = ["AGGREGATES", "Aggregate", "Sight", "Window"]
