"""In: folded states of a spine. Out: a table of feature values, one integer or None per row and feature. Used: by the desk.

This is the one place where states become values, on every path: what DuckDB folded for a million rows and what NumPy folded for
one goes through the same finish functions and the same rounding.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, timedelta

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.core.calendars import Calendar, first_of_month, month_index
from weilend.core.plan import Spine, State
from weilend.core.values import FeatureRow
from weilend.features.finish import AGGREGATES, Window
from weilend.features.plans import FeatureSet, folds_of, seen_fold, seen_kinds
from weilend.features.spec import Feature

EPOCH = date(1970, 1, 1)


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
        values = self.values[index].tolist()
        known = self.known[index].tolist()
        names = [feature.name for feature in self.feature_set.features]
        return FeatureRow(
            business_id=self.spine.subjects[index],
            as_of=self.spine.as_of[index],
            feature_set=self.feature_set.identity,
            values={name: value if there else None for name, value, there in zip(names, values, known, strict=True)},
            newest_days={kind: int(seen.newest_days[index]) for kind, seen in self.seen.items() if seen.there[index]},
        )

    def column(self, name: str) -> list[int | None]:
        """Return one feature over the spine."""
        at = [feature.name for feature in self.feature_set.features].index(name)
        return [
            value if there else None
            for value, there in zip(self.values[:, at].tolist(), self.known[:, at].tolist(), strict=True)
        ]


def finish(features: FeatureSet, spine: Spine, states: Mapping[str, State], calendar: Calendar) -> FeatureTable:
    """Turn the states of `plans.make_plan(features)` over a spine into values.

    >>> from weilend.features.plans import make_plan
    >>> from weilend.features.sets import INVOICE
    >>> none = np.zeros(0, dtype=np.int64)
    >>> days = {"least": none, "most": none}
    >>> empty = State(row=none, party=none, slot=none, count=none, total=none, parties=none.astype(object), kept=days)
    >>> states = {fold.name: empty for fold in make_plan(INVOICE).folds}
    >>> finish(INVOICE, Spine(("E1",), (1_577_808_000,)), states, Calendar()).column("sales_fen_12m")
    [None]
    """
    values = np.zeros((spine.size, len(features.features)), dtype=np.int64)
    known = np.zeros_like(values, dtype=np.bool_)
    days = [calendar.day_of(instant) for instant in spine.as_of]
    seen = {kind: see(states[seen_fold(kind).name], days) for kind in features.kinds}
    for at, feature in enumerate(features.features):
        window = _window(feature, states, spine.size, days)
        answer = AGGREGATES[feature.aggregate].finish(window)
        values[:, at], known[:, at] = _round(answer, feature, carries(feature, seen))
    return FeatureTable(features, spine, values, known, seen)


def name_top_parties(feature: Feature, spine: Spine, states: Mapping[str, State]) -> tuple[str | None, ...]:
    """Return the party with the largest total behind a `share_of_top` feature, per spine row; None where there is none.

    Equal totals are told apart by name, so that the answer does not depend on the order of records.

    >>> from weilend.features.sets import INVOICE
    >>> share = INVOICE["top_customer_share_12m"]
    >>> one, two = np.array([0, 0]), np.array([0, 1])
    >>> sales = State(row=one, party=two, slot=one, count=two, total=np.array([5, 9]), parties=np.array(["C1", "C2"], object))
    >>> name_top_parties(share, Spine(("E1",), (0,)), {folds_of(share)[0].name: sales})
    ('C2',)
    """
    (fold,) = folds_of(feature)
    state = states[fold.name]
    totals: dict[tuple[int, str], int] = defaultdict(int)
    for index in np.flatnonzero(state.slot < feature.reach.length).tolist():
        totals[int(state.row[index]), str(state.parties[state.party[index]])] += int(state.total[index])
    top: dict[int, tuple[int, str]] = {}
    for (row, party), total in sorted(totals.items()):
        if total > 0 and (row not in top or total > top[row][0]):
            top[row] = (total, party)
    return tuple(top[row][1] if row in top else None for row in range(spine.size))


def _window(feature: Feature, states: Mapping[str, State], size: int, days: list[date]) -> Window:
    opens = [
        first_of_month(month_index(day) - feature.months) if feature.months else day - timedelta(feature.days) for day in days
    ]
    parts = [states[fold.name] for fold in folds_of(feature)]
    return Window(
        state=parts[0],
        other=parts[1] if len(parts) > 1 else None,
        size=size,
        length=feature.reach.length,
        first_day=np.array([(day - EPOCH).days for day in opens], dtype=np.int64),
        as_of_day=np.array([(day - EPOCH).days for day in days], dtype=np.int64),
    )


def see(state: State, days: list[date]) -> Seen:
    """Return since when and until when a kind is known, from the state of its `plans.seen_fold`; `days` are those of the as_ofs.

    >>> one = np.array([0])
    >>> day = {"least": np.array([18_000]), "most": np.array([18_040])}
    >>> state = State(row=one, party=one, slot=one, count=one, total=one, parties=one.astype(object), kept=day)
    >>> see(state, [date(2019, 5, 31)])  # the 18,000th day since 1970-01-01 is 2019-04-14
    Seen(oldest_days=array([47]), newest_days=array([7]), oldest_months=array([1]))
    """
    today = np.array([(day - EPOCH).days for day in days], dtype=np.int64)
    oldest, newest, months = (np.full(len(days), -1, dtype=np.int64) for _ in range(3))
    oldest[state.row] = today[state.row] - state.kept["least"]
    newest[state.row] = today[state.row] - state.kept["most"]
    this_month = np.array([month_index(day) for day in days], dtype=np.int64)
    first_month = state.kept["least"].astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) + 12 * EPOCH.year
    months[state.row] = this_month[state.row] - first_month
    return Seen(oldest, newest, months)


def carries(feature: Feature, seen: Mapping[str, Seen]) -> npt.NDArray[np.bool_]:
    """Return on which spine rows history suffices for a feature: every part of it seen, and for long enough."""
    enough = [np.logical_or.reduce([_suffices(feature, seen[kind]) for kind in kinds]) for kinds in seen_kinds(feature)]
    return np.asarray(np.logical_and.reduce(enough))


def _suffices(feature: Feature, seen: Seen) -> npt.NDArray[np.bool_]:
    least_months = max(feature.history_months, 1 if feature.months else 0)  # a window of months needs one that is complete
    long_enough = (seen.oldest_months >= least_months) & (seen.oldest_days >= feature.history_days)
    return np.asarray(seen.there & long_enough)


def _round(
    answer: npt.NDArray[np.float64], feature: Feature, carried: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Round to the quantum, keep within the declared range, forget what history does not carry."""
    known = np.isfinite(answer) & carried
    whole = np.rint(np.where(known, answer, 0.0) / feature.quantum) * feature.quantum
    return np.clip(whole, feature.lo, feature.hi).astype(np.int64), known
