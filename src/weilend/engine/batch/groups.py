"""In: rows that looks see, and the cuts of a pass. Out: states. Used: by the SQL engines, for blocks of many looks.

Rows stand spine row by spine row in the order in which they happened, so groups of time alone are runs of neighbours; what tells
rows apart sorts once for all folds that tell them apart alike. A fold then is a mask, a running sum and its differences.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from weilend.core.errors import BookError
from weilend.core.plan import Ints, State
from weilend.engine.batch.passes import Cut, Pass
from weilend.engine.batch.rows import Array, Mask, Rows, sort
from weilend.engine.extremes import add_runs, fits, keep
from weilend.engine.frames import NOBODY
from weilend.engine.merging import empty


class Runs(msgspec.Struct, frozen=True):
    """Rows in an order in which each group is a run.

    `place` are their places (None where all rows stand so), `number` changes with the group, `code` points into `parties`, by which
    rows are told apart (None where they are not).
    """

    place: Ints | None
    number: Ints
    code: Ints | None
    parties: Array

    def cut(self, kept: Mask) -> tuple[Ints, Ints, Ints]:
        """Return the places of the rows that are kept, group by group, where each group starts among them, and its code."""
        chosen = np.flatnonzero(kept if self.place is None else kept[self.place])
        start = np.flatnonzero(_changes([self.number[chosen]]))
        code = np.zeros(len(start), dtype=np.int64) if self.code is None else self.code[chosen[start]].astype(np.int64)
        return (chosen if self.place is None else self.place[chosen]), start, code


def group(one: Pass, rows: Rows) -> dict[str, State]:
    """Return the states of every fold of a pass over the rows that its looks see.

    Raises `BookError` where a sum does not fit 64 bits.
    """
    alike: dict[tuple[str, str, str], list[Cut]] = {}
    for cut in one.cuts:
        day = cut.day if cut.slot in ("month", "day") else ""
        alike.setdefault((cut.slot, day, cut.by), []).append(cut)
    states: dict[str, State] = {}
    for cuts in alike.values():
        kept = [rows.inside(cut.unit, cut.day, cut.length) & rows.take(cut.flag) for cut in cuts]
        runs = _find_runs(cuts[0], rows, kept)
        states |= {cut.name: _fold(cut, rows, runs, mask) for cut, mask in zip(cuts, kept, strict=True)}
    return states


def nothing(one: Pass) -> dict[str, State]:
    """Return the states of every fold of a pass over no rows.

    >>> nothing(Pass("invoice", {}, (), None))
    {}
    """
    return {cut.name: empty(cut.measures) for cut in one.cuts}


def _find_runs(cut: Cut, rows: Rows, kept: Sequence[Mask]) -> Runs:
    """Return the runs of some cuts that group rows alike; `kept` are the rows of each."""
    slot = rows.slots(cut.slot, cut.day)
    if cut.in_order:
        return Runs(None, _count_up([rows.row, slot]), None, NOBODY)
    place = np.flatnonzero(np.logical_or.reduce(kept))
    keys = [rows.row[place], slot[place]]
    code, parties = rows.tell_apart(cut.by, place) if cut.by else (None, NOBODY)
    if code is not None:
        keys.insert(1, code)
    order = sort(keys)
    return Runs(place[order], _count_up([key[order] for key in keys]), None if code is None else code[order], parties)


def _changes(keys: Sequence[Ints]) -> Mask:
    """Return where a row differs from the one before in any key; the first one does."""
    changed = np.ones(len(keys[0]), dtype=np.bool_)
    changed[1:] = np.logical_or.reduce([key[1:] != key[:-1] for key in keys])
    return changed


def _count_up(keys: Sequence[Ints]) -> Ints:
    """Return the number of each row's group."""
    return np.cumsum(_changes(keys), dtype=np.int32)


def _fold(cut: Cut, rows: Rows, runs: Runs, kept: Mask) -> State:
    """Return the state of a fold from the rows that it keeps."""
    place, start, code = runs.cut(kept)
    if not len(start):
        return empty(cut.measures)
    first = place[start]
    value = rows.take(cut.value, place) if cut.value else np.zeros(len(place), dtype=np.int64)
    count = np.diff(start, append=len(place))
    return State(
        row=rows.row[first],
        party=code,
        slot=rows.slots(cut.slot, cut.day)[first].astype(np.int64),
        count=count,
        total=_total(value, start, count) if cut.value else np.zeros(len(start), dtype=np.int64),
        parties=runs.parties,
        kept=keep(cut.measures, value, start, place, rows.times),
    )


def _total(value: Ints, start: Ints, count: Ints) -> Ints:
    """Return the sum of each group; where it may not fit, its upper half is added up too, by which that is seen."""
    if not fits(value, int(count.max())):
        high = add_runs(value >> 32, start) + (add_runs(value & (2**32 - 1), start) >> 32)
        if (high >= 2**31).any() or (high < -(2**31)).any():
            raise BookError("the sums of one subject do not fit 64 bits", hint="check the amounts of its records")
    return add_runs(value, start)
