"""In: a plan, a spine, a view of the book. Out: folded states. Used: wherever the desk needs features.

The engine is picked by size; owners, shops and devices are joined to a row where the plan reads their records.
"""

from __future__ import annotations

import msgspec

from weilend.app.desk.home import Home
from weilend.core.errors import InputError, NotFoundError
from weilend.core.plan import Plan, Spine, State
from weilend.core.records import KINDS
from weilend.engine import duckdb, numpy
from weilend.engine.book import BookView
from weilend.features.labels import OPEN_LOAN_MONTHS
from weilend.features.spine_links import BELONGING, link_subjects
from weilend.features.spines import all_applications, booked_applications, open_loan_months

#: Up to so many subjects NumPy folds them one by one faster than DuckDB plans its query.
FEW = 8
APPLICATIONS = ("all_applications", "booked_applications")
PROFILED = "subject_id"  # the subject of a `graph_profile` is the business itself


def fold_spine(home: Home, plan: Plan, spine: Spine, view: BookView) -> dict[str, State]:
    """Return the states of a spine; the engine is chosen by its size and never changes a value."""
    fold = numpy.fold if spine.size <= FEW else duckdb.fold
    return fold(
        plan, complete_spine(home, spine, view, {KINDS[one.kind].subjects[0] for one in plan.folds}), view, home.calendar
    )


def make_spine(home: Home, of: str, product: str, since: int, until: int) -> Spine:
    """Return the spine of a sort in [since, until] (UTC seconds); raises `NotFoundError` for a sort that is not there."""
    view = home.book.view()
    if of not in (*APPLICATIONS, OPEN_LOAN_MONTHS):
        raise NotFoundError(f"no spine of {of!r}", hint=f"there is: {', '.join((*APPLICATIONS, OPEN_LOAN_MONTHS))}")
    if of == OPEN_LOAN_MONTHS:
        return open_loan_months(view, since, until, home.calendar)
    if not product:
        raise InputError(f"{of} of which product?", hint="name one: its applications are decided alike")
    return all_applications(view, product) if of == "all_applications" else booked_applications(view, product, until)


def complete_spine(home: Home, spine: Spine, view: BookView, roles: set[str]) -> Spine:
    """Return a spine with the subjects of other roles that are wanted: by links as known at each row, and the row's own profile."""
    if PROFILED in roles and PROFILED not in spine.linked:
        own = tuple((name,) for name in spine.subjects)
        spine = msgspec.structs.replace(spine, linked={**spine.linked, PROFILED: own})
    if roles & (set(BELONGING) - set(spine.linked)):
        spine = link_subjects(view, spine, home.calendar)
    return spine
