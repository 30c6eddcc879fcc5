"""In: a plan, a spine, a view of the book. Out: states, folded by NumPy. Used: for one subject, at the moment of application.

No query planner stands between the records and the answer, and all folds are grouped together: the rows that each of them takes
stand behind one another in one long line (`lines`), so that NumPy is called a few dozen times a kind, not a few dozen times a
fold. What does not depend on the rows is found once for a plan (`scheme`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from weilend.core.calendars import Calendar
from weilend.core.plan import Columns, Fold, Plan, Spine, State
from weilend.core.records import KINDS
from weilend.engine.book_view import BookView
from weilend.engine.columns import Rows, to_columns
from weilend.engine.frames import Mask, Times, make_frame, tell_apart
from weilend.engine.lines import Taken, line_up, make_states
from weilend.engine.merging import chain, merge
from weilend.engine.remember import remember
from weilend.engine.scheme import Scheme, make_scheme

__all__ = ["fold", "fold_kinds", "fold_rows", "merge", "read_columns"]

_CLOCKS = ("happened_on", "happened_at", "seq")


def fold(plan: Plan, spine: Spine, view: BookView, calendar: Calendar) -> dict[str, State]:
    """Fold a plan over a spine; same states as `engine.duckdb.fold`, order of groups aside."""
    kinds = _by_kind((plan,))
    parts = []
    for row, (as_of, members) in enumerate(zip(spine.as_of, _find_members(spine, kinds), strict=True)):
        read = [(kinds[kind], _read(kinds[kind], subjects, as_of, view)) for kind, subjects in members.items()]
        parts.append(fold_kinds(read, row, as_of, calendar.month_of(as_of)))
    states: dict[str, State] = {}
    for folds in kinds.values():
        for name, nothing in make_scheme(folds).nothing.items():
            found = [part[name] for part in parts if name in part]
            states[name] = chain(found) if found else nothing
    return states


def _find_members(spine: Spine, kinds: Mapping[str, Sequence[Fold]]) -> list[dict[str, list[str]]]:
    """Return the subjects of each kind that each spine row looks at."""
    members: list[dict[str, list[str]]] = [{} for _ in spine.as_of]
    for kind in kinds:
        for row, subject in spine.members(KINDS[kind].subjects[0]):
            members[row].setdefault(kind, []).append(subject)
    return members


def read_columns(folds: Sequence[Fold], subject: str, as_of: int, view: BookView) -> Columns:
    """Read what one subject's folds need: the versions in force at `as_of` of what had happened by then, in that order."""
    return _read(folds, [subject], as_of, view)


def fold_rows(folds: Sequence[Fold], columns: Columns, row: int, as_of: int, month: int) -> dict[str, State]:
    """Fold one spine row from columns of one kind in the order (happened_at, seq); `month` is the month index of its as_of.

    Raises `BookError` where sums do not fit 64 bits.
    """
    return fold_kinds([(folds, columns)], row, as_of, month)


def fold_kinds(kinds: Sequence[tuple[Sequence[Fold], Columns]], row: int, as_of: int, month: int) -> dict[str, State]:
    """Fold one spine row from the columns of several kinds, as `fold_rows` folds each of them."""
    states: dict[str, State] = {}
    taken = []
    for folds, columns in kinds:
        scheme = make_scheme(folds)
        states |= scheme.nothing
        if len(columns["seq"]):
            taken.append(_take(scheme, Rows(columns), as_of, month))
    return states | make_states(taken, row, line_up(taken)) if taken else states


def _take(scheme: Scheme, rows: Rows, as_of: int, month: int) -> Taken:
    """Find which rows each fold takes."""
    size = len(rows["seq"])
    times = Times(rows, as_of, month, scheme.longest)
    parties = {by: tell_apart(rows, by, formula) for by, formula in scheme.parties.items()}
    frames = [make_frame(times, slot, on, parties.get(by)) for slot, on, by in scheme.frames]
    values = [formula(rows) for formula in scheme.values]
    taken = _stack([formula(rows) for formula in scheme.wheres], size)[scheme.where_of]
    taken &= _stack([times.inside(*reach) for reach in scheme.reaches], size)[scheme.reach_of]
    valued = _stack([known for _, known in values], size)
    if not valued.all():
        taken &= valued[scheme.value_of]
    for frame, first, last in scheme.spans:
        named, order = frames[frame].parties, frames[frame].order
        if named is not None and named.there is not None:
            taken[first:last] &= named.there
        if order is not None:
            taken[first:last] = taken[first:last].take(order, axis=1)
    return Taken(scheme, rows, frames, [amount for amount, _ in values], taken)


def _stack(masks: Sequence[Mask], size: int) -> Mask:
    return np.concatenate(masks).reshape(-1, size)


def _read(folds: Sequence[Fold], subjects: Sequence[str], as_of: int, view: BookView) -> Columns:
    wanted = sorted({*_CLOCKS, *(name for one in folds for name in one.reads)})
    times = Counter(subjects)  # who belongs to a row twice counts twice
    rounds = [[name for name in times if times[name] > turn] for turn in range(max(times.values()))]
    tables = [view.read_few(folds[0].kind, names, as_of=as_of, columns=wanted) for names in rounds]
    table = tables[0]
    if len(subjects) > 1:
        table = pa.concat_tables(tables).unify_dictionaries()
        table = table.sort_by([("happened_at", "ascending"), ("seq", "ascending")])
    happened = table["happened_at"].to_numpy() <= as_of
    return to_columns(table if happened.all() else table.filter(pa.array(happened)))


@remember
def _by_kind(plans: Sequence[Plan]) -> dict[str, tuple[Fold, ...]]:
    """Return the folds of a plan by kind."""
    folds: dict[str, list[Fold]] = defaultdict(list)
    for one in plans[0].folds:
        folds[one.kind].append(one)
    return {kind: tuple(some) for kind, some in folds.items()}
