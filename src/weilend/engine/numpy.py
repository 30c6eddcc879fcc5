"""In: a plan, a spine, a view of the book. Out: states, folded by NumPy. Used: for one subject, at the moment of application.

No query planner stands between the records and the answer, so one subject with two thousand records folds in well under the time
that a database needs to plan.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weilend.core.calendars import Calendar
from weilend.core.errors import BookError
from weilend.core.plan import KEEPS, SQUARE_BASE, Columns, Fold, Ints, Measure, Plan, Slot, Spine, State, Unit
from weilend.core.records import KINDS
from weilend.engine.book_view import BookView

INT64_MAX = 2**63 - 1
DAY_SECONDS = 86_400
HOUR_SECONDS = 3_600
AGES: dict[Unit, Slot] = {"months": "month", "days": "age"}


def fold(plan: Plan, spine: Spine, view: BookView, calendar: Calendar) -> dict[str, State]:
    """Fold a plan over a spine; same states as `engine.duckdb.fold`, order of groups aside."""
    parts: dict[str, list[State]] = {one.name: [] for one in plan.folds}
    for kind in dict.fromkeys(one.kind for one in plan.folds):
        folds = [one for one in plan.folds if one.kind == kind]
        for row, subject in spine.members(KINDS[kind].subjects[0]):
            as_of = spine.as_of[row]
            columns = read_columns(folds, subject, as_of, view)
            for name, state in fold_rows(folds, columns, row, as_of, calendar.month_of(as_of)).items():
                parts[name].append(state)
    measures = {one.name: one.measures for one in plan.folds}
    return {name: _join(states, measures[name]) for name, states in parts.items()}


def read_columns(folds: Sequence[Fold], subject: str, as_of: int, view: BookView) -> Columns:
    """Read what one subject's folds need: the versions in force at `as_of` of what had happened by then."""
    wanted = {"happened_on", "happened_at", "seq"} | {name for one in folds for name in one.reads}
    table = view.read(folds[0].kind, subjects=(subject,), as_of=as_of, columns=sorted(wanted))
    columns: Columns = {name: _to_numpy(table.column(name)) for name in wanted}
    happened = columns["happened_at"] <= as_of
    return columns if happened.all() else {name: column[happened] for name, column in columns.items()}


def fold_rows(folds: Sequence[Fold], columns: Columns, row: int, as_of: int, month: int) -> dict[str, State]:
    """Fold one spine row; `month` is the month index of its as_of."""
    at = columns["happened_at"]
    placed = {on: _place(columns[on or "happened_on"], at, as_of, month) for on in {one.on for one in folds}}
    named = {one.by: _tell_apart(one, columns) for one in {one.by: one for one in folds if one.by}.values()}
    nobody = (np.zeros(len(at), dtype=np.int64), np.ones(len(at), dtype=np.bool_), _NOBODY)
    states = {}
    for one in folds:
        slots = placed[one.on]
        age = slots[AGES[one.reach.unit]]
        party, there, parties = named.get(one.by, nobody)
        value, known = one.value_numpy(columns)
        kept = np.flatnonzero((age >= 0) & (age < one.reach.length) & there & known & one.where_numpy(columns))
        rows = _Rows(np.full(len(kept), row, dtype=np.int64), party[kept], slots[one.slot][kept])
        amount = np.broadcast_to(value, at.shape)[kept]
        states[one.name] = _group(rows, _measure(one.measures, amount, at[kept], columns["seq"][kept]), parties)
    return states


def _place(day: npt.NDArray[Any], at: Ints, as_of: int, month: int) -> dict[Slot, Ints]:
    """Return the slot of each row by each way to count time; a row without a day gets a slot in the future of every window."""
    there = ~np.isnat(day)
    day = np.where(there, day, np.datetime64("1970-01-01")).astype("datetime64[D]")
    months = month - 1 - (day.astype("datetime64[M]").astype(np.int64) + 12 * 1970)
    return {
        "none": np.zeros(len(at), dtype=np.int64),
        "month": np.where(there, months, -1),
        "age": (as_of - at) // DAY_SECONDS,
        "day": day.astype(np.int64),
        "hour": at // HOUR_SECONDS,
    }


def _tell_apart(one: Fold, columns: Columns) -> tuple[Ints, npt.NDArray[np.bool_], npt.NDArray[Any]]:
    """Return codes, where there is anything to tell a row by, and what the codes stand for."""
    if one.by_numpy is None:
        return _name(columns[one.by])
    value, known = one.by_numpy(columns)
    return _name(np.ma.MaskedArray(np.broadcast_to(value, known.shape), ~known))


def merge(states: Mapping[str, State], more: Mapping[str, State]) -> dict[str, State]:
    """Merge the states of disjoint sets of records: groups add up, extremes win."""
    return {name: _join([states[name], more[name]], _measures_of(states[name])) for name in states}


def _measures_of(state: State) -> tuple[Measure, ...]:
    return tuple(measure for measure, names in KEEPS.items() if names[0] in state.kept)


class _Rows:
    """By what rows are grouped: spine row, party, slot."""

    def __init__(self, row: Ints, party: Ints, slot: Ints) -> None:
        self.row, self.party, self.slot = row, party, slot


def _name(column: npt.NDArray[Any]) -> tuple[Ints, npt.NDArray[np.bool_], npt.NDArray[Any]]:
    """Return codes, where there is a name at all, and the names."""
    if isinstance(column, np.ma.MaskedArray):
        there = ~np.ma.getmaskarray(column)
        names, codes = np.unique(column.data, return_inverse=True)
        return codes, there, names
    there = (
        np.array([name is not None for name in column], dtype=np.bool_)
        if column.dtype == object
        else np.ones(len(column), np.bool_)
    )
    names, codes = (
        np.unique(np.where(there, column, ""), return_inverse=True)
        if column.dtype == object
        else np.unique(column, return_inverse=True)
    )
    return codes, there, names


def _measure(measures: Sequence[Measure], amount: Ints, at: Ints, seq: Ints) -> dict[str, Ints]:
    """Return the arrays of single rows, as if each were a group of its own."""
    high, low = _square(amount) if "squares" in measures else (amount, amount)
    single = {"least": amount, "most": amount, "square_high": high, "square_low": low, "first_at": at, "first_seq": seq,
              "first": amount, "last_at": at, "last_seq": seq, "last": amount}  # fmt: skip
    kept = {name: single[name] for measure in measures for name in KEEPS[measure]}
    return {"count": np.ones(len(amount), dtype=np.int64), "total": amount, **kept}


def _square(amount: Ints) -> tuple[Ints, Ints]:
    """Return amount squared in base `SQUARE_BASE`, exactly: with 30-bit halves no product exceeds 62 bits."""
    magnitude = np.abs(amount)
    high, low = magnitude >> 30, magnitude & (2**30 - 1)
    middle = 2 * high * low
    low_part = low * low + ((middle & (2**30 - 1)) << 30)
    return high * high + (middle >> 30) + (low_part >> 60), low_part & (SQUARE_BASE - 1)


def _join(states: Sequence[State], measures: Sequence[Measure]) -> State:
    """Put states together; groups that stand in several become one."""
    if not states:
        return _empty(measures)

    def every(name: str) -> Ints:
        return np.concatenate([getattr(state, name) for state in states])

    named = [state.parties for state in states if len(state.parties)]
    parties, codes = np.unique(np.concatenate(named), return_inverse=True) if named else (_NOBODY, np.zeros(0, dtype=np.int64))
    starts = np.cumsum([0] + [len(state.parties) for state in states]).tolist()
    party = [
        codes[start + state.party] if len(state.parties) else state.party for start, state in zip(starts, states, strict=False)
    ]
    names = [name for measure in measures for name in KEEPS[measure]]
    kept = {name: np.concatenate([state.kept[name] for state in states]) for name in names}
    rows = _Rows(every("row"), np.concatenate(party), every("slot"))
    return _group(rows, {"count": every("count"), "total": every("total"), **kept}, parties)


def _group(rows: _Rows, columns: dict[str, Ints], parties: npt.NDArray[Any]) -> State:
    """Make one group of what has the same row, party and slot."""
    _refuse_overflow(columns["total"])
    order = np.lexsort((rows.slot, rows.party, rows.row))
    row, party, slot = rows.row[order], rows.party[order], rows.slot[order]
    changed = np.ones(len(order), dtype=np.bool_)
    changed[1:] = (np.diff(row) != 0) | (np.diff(party) != 0) | (np.diff(slot) != 0)
    start = np.flatnonzero(changed)
    combined = _combine({name: column[order] for name, column in columns.items()}, start) if len(order) else columns
    count, total = combined.pop("count"), combined.pop("total")
    return State(row=row[start], party=party[start], slot=slot[start], count=count, total=total, parties=parties, kept=combined)


def _combine(columns: dict[str, Ints], start: Ints) -> dict[str, Ints]:
    combined = {name: reduce(columns[name], start) for name, reduce in _REDUCE.items() if name in columns}
    if "square_low" in columns:  # halves are added apart so that no sum of them exceeds 64 bits, then carried
        low = columns["square_low"]
        lower, upper = np.add.reduceat(low & (2**30 - 1), start), np.add.reduceat(low >> 30, start)
        upper = upper + (lower >> 30)
        combined["square_low"] = ((upper & (2**30 - 1)) << 30) | (lower & (2**30 - 1))
        combined["square_high"] = np.add.reduceat(columns["square_high"], start) + (upper >> 30)
    for side, pick in (("first", 0), ("last", -1)):
        if f"{side}_at" in columns:
            combined.update(_pick(columns, start, side, pick))
    return combined


def _pick(columns: dict[str, Ints], start: Ints, side: str, pick: int) -> dict[str, Ints]:
    """Return the first or last of each group in the order (happened_at, seq)."""
    names = KEEPS["first" if side == "first" else "last"]
    ends = np.append(start[1:], len(columns["count"]))
    group = np.repeat(np.arange(len(start)), ends - start)
    order = np.lexsort((columns[f"{side}_seq"], columns[f"{side}_at"], group))
    chosen = order[start if pick == 0 else ends - 1]
    return {name: columns[name][chosen] for name in names}


_REDUCE: dict[str, Callable[[Ints, Ints], Ints]] = {
    "count": np.add.reduceat,
    "total": np.add.reduceat,
    "least": np.minimum.reduceat,
    "most": np.maximum.reduceat,
}


def _refuse_overflow(amount: Ints) -> None:
    if len(amount) and len(amount) * int(np.abs(amount).max()) > INT64_MAX and sum(map(abs, amount.tolist())) > INT64_MAX:
        raise BookError("the sums of one subject do not fit 64 bits", hint="check the amounts of its records")


def _to_numpy(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    fill: Any = {pa.types.is_integer: 0, pa.types.is_boolean: False}
    for is_type, nothing in fill.items():
        if column.null_count and is_type(column.type):
            return np.ma.MaskedArray(column.fill_null(nothing).to_numpy(), column.is_null().to_numpy())
    return np.asarray(column.to_numpy())


_NONE = np.zeros(0, dtype=np.int64)
_NOBODY = np.zeros(0, dtype=np.object_)


def _empty(measures: Sequence[Measure]) -> State:
    kept = {name: _NONE for measure in measures for name in KEEPS[measure]}
    return State(row=_NONE, party=_NONE, slot=_NONE, count=_NONE, total=_NONE, parties=_NOBODY, kept=kept)
