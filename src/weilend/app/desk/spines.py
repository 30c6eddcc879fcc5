"""In: a plan, a spine, a view of the book. Out: folded states. Used: wherever the desk needs features; picks the engine by size."""

from __future__ import annotations

from weilend.app.desk.home import Home
from weilend.core.plan import Plan, Spine, State
from weilend.engine import duckdb, numpy
from weilend.engine.book import BookView

#: Up to so many subjects NumPy folds them one by one faster than DuckDB plans its query.
FEW = 8


def fold_spine(home: Home, plan: Plan, spine: Spine, view: BookView) -> dict[str, State]:
    """Return the states of a spine; the engine is chosen by its size and never changes a value."""
    fold = numpy.fold if spine.size <= FEW else duckdb.fold
    return fold(plan, spine, view, home.calendar)
