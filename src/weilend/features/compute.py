"""In: folded states of a spine. Out: a table of feature values, one integer or None per row and feature. Used: by the desk.

This is the one place where states become values, on every path: what DuckDB folded for a million rows and what NumPy folded for
one goes through the same finish functions and the same rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import lru_cache

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.core.calendars import Calendar
from weilend.core.plan import Ints, Spine, State
from weilend.core.values import FeatureRow
from weilend.engine.merging import add_up
from weilend.features.finish.parties import gather
from weilend.features.finish.window import Floats, Mask, Sight, Window
from weilend.features.layout import Layout, Names, Needs, Sheet, lay_out
from weilend.features.plans import FeatureSet, folds_of
from weilend.features.spec import Feature

EPOCH = date(1970, 1, 1)
DAY_SECONDS, HOUR_SECONDS = 86_400, 3_600
#: Up to so many spine rows a call of NumPy costs more than its work, so looks are finished together whoever asks for them.
FEW_ROWS = 64
#: A block of spine rows has about so many groups and answers: 100 MB at most, whatever the size of the spine.
BLOCK_SIZE = 1_000_000


#: What time it is does not change while a day lasts.
KEPT_DAYS = 4_096


class Seen(msgspec.Struct, frozen=True):
    """Since when and until when records of a kind are known, per spine row: days and complete months back, -1 where none is.

    >>> Seen(oldest_days=np.array([41]), newest_days=np.array([3]), oldest_months=np.array([1])).there
    array([ True])
    """

    oldest_days: npt.NDArray[np.int64]
    newest_days: npt.NDArray[np.int64]
    oldest_months: npt.NDArray[np.int64]

    @property
    def there(self) -> npt.NDArray[np.bool_]:
        """Where any record is known."""
        return np.asarray(self.newest_days >= 0)


class FeatureTable(msgspec.Struct, frozen=True):
    """Feature values of a spine: `values` (rows, features) int64, `known` (rows, features) bool; a value is 0 where not known.

    `seen` says, for each kind of record that was read, since when and until when any is known.

    >>> from weilend.features.sets import INVOICE
    >>> size = (1, len(INVOICE.features))
    >>> table = FeatureTable(INVOICE, Spine(("E1",), (0,)), np.zeros(size, np.int64), np.zeros(size, np.bool_), {})
    >>> table.column("customers_12m"), table.row(0).values["customers_12m"]
    ([None], None)
    """

    feature_set: FeatureSet
    spine: Spine
    values: npt.NDArray[np.int64]
    known: npt.NDArray[np.bool_]
    seen: dict[str, Seen]

    def row(self, index: int) -> FeatureRow:
        """Return one row as the value that travels on to the score."""
        layout = lay_out(self.feature_set)
        values, known = self.values[index].tolist(), self.known[index].tolist()
        newest = {kind: int(seen.newest_days[index]) for kind, seen in self.seen.items()}
        return FeatureRow(
            business_id=self.spine.subjects[index],
            as_of=self.spine.as_of[index],
            feature_set=layout.identity,
            values={name: value if there else None for name, value, there in zip(layout.names, values, known, strict=True)},
            newest_days={kind: days for kind, days in newest.items() if days >= 0},
        )

    def select(self, features: FeatureSet) -> FeatureTable:
        """Return the table of some of its features.

        >>> from weilend.features.sets import INVOICE
        >>> size = (1, len(INVOICE.features))
        >>> table = FeatureTable(INVOICE, Spine(("E1",), (0,)), np.zeros(size, np.int64), np.zeros(size, np.bool_), {})
        >>> table.select(FeatureSet("some", INVOICE.features[:2])).values.shape
        (1, 2)
        """
        at = [lay_out(self.feature_set).names.index(one.name) for one in features.features]
        seen = {kind: self.seen[kind] for kind in features.kinds if kind in self.seen}
        return FeatureTable(features, self.spine, self.values[:, at], self.known[:, at], seen)

    def column(self, name: str) -> list[int | None]:
        """Return one feature over the spine."""
        at = [feature.name for feature in self.feature_set.features].index(name)
        return [
            value if there else None
            for value, there in zip(self.values[:, at].tolist(), self.known[:, at].tolist(), strict=True)
        ]


def finish(features: FeatureSet, spine: Spine, states: Mapping[str, State], calendar: Calendar) -> FeatureTable:
    """Turn the states of `plans.make_plan(features)` over a spine into values, some spine rows at a time.

    >>> from weilend.features.plans import make_plan
    >>> from weilend.features.sets import INVOICE
    >>> none = np.zeros(0, dtype=np.int64)
    >>> days = {"least": none, "most": none}
    >>> empty = State(row=none, party=none, slot=none, count=none, total=none, parties=none.astype(object), kept=days)
    >>> states = {fold.name: empty for fold in make_plan(INVOICE).folds}
    >>> finish(INVOICE, Spine(("E1",), (1_577_808_000,)), states, Calendar()).column("sales_fen_12m")
    [None]
    """
    layout = lay_out(features)
    clock = _read_clock(layout, spine, calendar)
    history = _find_history(layout, states, clock)
    values = np.zeros((spine.size, len(layout.names)), dtype=np.int64)
    known = np.zeros(values.shape, dtype=np.bool_)
    for rows, part in _cut(layout, states, spine.size):
        answers = _answer(layout, part, clock, rows, few=spine.size <= FEW_ROWS)
        values[rows], known[rows] = _round(layout, answers, _carry(layout.needs, history[:, :, rows]))
    return FeatureTable(features, spine, values, known, {kind: Seen(*history[:, at]) for at, kind in enumerate(layout.kinds)})


def name_top_parties(feature: Feature, spine: Spine, states: Mapping[str, State]) -> tuple[str | None, ...]:
    """Return the party with the largest total behind a `share_of_top` feature, per spine row; None where there is none.

    Equal totals are told apart by name, so that the answer does not depend on the order of records.

    >>> from weilend.features.sets import INVOICE
    >>> share = INVOICE["top_customer_share_12m"]
    >>> one, two = np.array([0, 0]), np.array([0, 1])
    >>> sales = State(row=one, party=two, slot=one, count=two, total=np.array([5, 9]), parties=np.array(["C1", "C2"], object))
    >>> name_top_parties(share, Spine(("E1",), (0,)), {folds_of(share)[0][0].name: sales})
    ('C2',)
    """
    ((fold,),) = folds_of(feature)
    nothing = np.zeros(spine.size, dtype=np.int64)
    sight = Sight(np.array([feature.reach.length]), nothing[None], nothing, nothing)
    window = Window([states[fold.name]], sight, "series")
    parties = window.once(gather)
    best = (parties.total > 0) & (parties.total == parties.rows.most(parties.total, 0)[parties.rows.row])
    top: dict[int, str] = {}
    for row, name in zip(parties.rows.row[best].tolist(), window.names()[parties.start[best]].tolist(), strict=True):
        top[row] = min(top.get(row, str(name)), str(name))
    return tuple(top.get(row) for row in range(spine.size))


class _Clock(msgspec.Struct, frozen=True):
    """What time it is on each spine row: local day and month since 1970-01-01, hours ahead of UTC, the day each reach opens."""

    day: Ints
    month: Ints
    utc_offset_hours: Ints
    first_day: Ints


def _read_clock(layout: Layout, spine: Spine, calendar: Calendar) -> _Clock:
    told = {instant: calendar.day_of(instant) for instant in set(spine.as_of)}
    place = {day: at for at, day in enumerate(dict.fromkeys(told.values()) or (EPOCH,))}
    clocks = [_read_day(day, calendar, layout.reach_months, layout.reach_days) for day in place]
    if len(clocks) == spine.size == 1:
        return clocks[0]
    index = np.array([place[told[instant]] for instant in spine.as_of], dtype=np.int64)
    return _Clock(
        *(np.concatenate(columns, axis=-1)[..., index] for columns in zip(*map(msgspec.structs.astuple, clocks), strict=True))
    )


@lru_cache(maxsize=KEPT_DAYS)
def _read_day(day: date, calendar: Calendar, reach_months: tuple[int, ...], reach_days: tuple[int, ...]) -> _Clock:
    """Return the clock of a spine row that looks on a day."""
    days = (day - EPOCH).days
    month = _months_of(np.array([days], dtype=np.int64))
    opened = (month - np.array([reach_months]).T).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    back = np.array([reach_days]).T
    return _Clock(
        day=np.array([days], dtype=np.int64),
        month=month,
        utc_offset_hours=np.array([(days * DAY_SECONDS - calendar.start_of(day)) // HOUR_SECONDS], dtype=np.int64),
        first_day=np.where(back > 0, days - back, opened),
    )


def _months_of(days: Ints) -> Ints:
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def _find_history(layout: Layout, states: Mapping[str, State], clock: _Clock) -> Ints:
    """Return what `Seen` says of each kind: (oldest days, newest days, oldest months; kinds; spine rows)."""
    seen = [states[name] for name in layout.seen]
    row, least, most = (
        np.concatenate(parts) for parts in zip(*((s.row, s.kept["least"], s.kept["most"]) for s in seen), strict=True)
    )
    history = np.full((3, len(seen), len(clock.day)), -1, dtype=np.int64)
    kind = np.repeat(np.arange(len(seen)), [len(state.row) for state in seen])
    history[:, kind, row] = clock.day[row] - least, clock.day[row] - most, clock.month[row] - _months_of(least)
    return history


def _carry(needs: Needs, history: Ints) -> Mask:
    """Return on which rows history suffices for each feature (features, rows): every part of it seen, and for long enough."""
    oldest_days, newest_days, oldest_months = history[:, needs.kind]
    met = (newest_days >= 0) & (oldest_months >= needs.months[:, None]) & (oldest_days >= needs.days[:, None])
    return np.asarray(met[needs.clauses].any(axis=2).all(axis=1))


def _cut(layout: Layout, states: Mapping[str, State], size: int) -> Iterator[tuple[slice, Mapping[str, State]]]:
    """Yield blocks of spine rows with the states of each, in rows of their own."""
    if size <= FEW_ROWS:
        yield slice(0, size), states
        return
    parts = (part for sheet in layout.apart for part in (*sheet.folds, *sheet.others))
    ordered = {name: _order(states[name]) for part in parts for name in part}
    groups = sum(len(state.row) for state in ordered.values())
    step = max(1, min(BLOCK_SIZE * size // max(groups, 1), BLOCK_SIZE // len(layout.names)))
    edges = [*range(0, size, step), size]
    bounds = {name: np.searchsorted(state.row, edges).tolist() for name, state in ordered.items()}
    for at, first in enumerate(edges[:-1]):
        part = {name: _slice(state, bounds[name][at], bounds[name][at + 1], first) for name, state in ordered.items()}
        yield slice(first, edges[at + 1]), part


def _order(state: State) -> State:
    """Return a state in the order of its rows."""
    if (state.row[1:] >= state.row[:-1]).all():
        return state
    order = np.argsort(state.row, kind="stable")
    return _change(state, lambda column: column[order])


def _slice(state: State, first: int, last: int, row: int) -> State:
    part = _change(state, lambda column: column[first:last])
    return msgspec.structs.replace(part, row=part.row - row)


def _change(state: State, change: Callable[[Ints], Ints]) -> State:
    columns = {name: change(getattr(state, name)) for name in ("row", "party", "slot", "count", "total")}
    return State(**columns, parties=state.parties, kept={name: change(column) for name, column in state.kept.items()})


def _answer(layout: Layout, states: Mapping[str, State], clock: _Clock, rows: slice, *, few: bool) -> Floats:
    """Return the answer to each feature before rounding (features, rows)."""
    sheets, places = (layout.shared, layout.shared_answers) if few else (layout.apart, layout.apart_answers)
    answers = []
    for sheet in sheets:
        sight = _look(sheet, clock, rows)
        folds, others = ([_state_of(states, names) for names in parts] for parts in (sheet.folds, sheet.others))
        window = Window(folds, sight, sheet.grain, others)
        answers += [call(window) for call in sheet.calls]
    every: Floats = np.concatenate(answers).reshape(sum(len(one.folds) * len(one.calls) for one in sheets), -1)
    return every[places]


def _state_of(states: Mapping[str, State], names: Names) -> State:
    """Return the state of a part: that of its fold, or of several whose rows are added up."""
    return states[names[0]] if len(names) == 1 else add_up([states[name] for name in names])


def _look(sheet: Sheet, clock: _Clock, rows: slice) -> Sight:
    """Return how the looks of a sheet see spine rows."""
    return Sight(
        length=sheet.length,
        lag=sheet.lag,
        first_day=clock.first_day[sheet.reaches, rows],
        as_of_day=clock.day[rows],
        utc_offset_hours=clock.utc_offset_hours[rows],
    )


def _round(layout: Layout, answers: Floats, carried: Mask) -> tuple[Ints, Mask]:
    """Round to the quantum, keep within the declared range, forget what history does not carry; (rows, features)."""
    known = np.isfinite(answers) & carried
    whole = np.rint(np.where(known, answers, 0.0) / layout.quantum) * layout.quantum
    return np.minimum(np.maximum(whole, layout.lo), layout.hi).astype(np.int64).T, known.T
