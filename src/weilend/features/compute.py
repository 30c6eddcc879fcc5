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
from weilend.features.plans import FeatureSet, folds_of, met_fold, seen_fold
from weilend.features.spec import Feature

EPOCH = date(1970, 1, 1)


class FeatureTable(msgspec.Struct, frozen=True):
    """Feature values of a spine: `values` (rows, features) int64, `known` (rows, features) bool; a value is 0 where not known.

    >>> from weilend.features.sets import INVOICE
    >>> size = (1, len(INVOICE.features))
    >>> table = FeatureTable(INVOICE, Spine(("E1",), (0,)), np.zeros(size, np.int64), np.zeros(size, np.bool_))
    >>> table.column("customers_12m"), table.row(0).values["customers_12m"]
    ([None], None)
    """

    feature_set: FeatureSet
    spine: Spine
    values: npt.NDArray[np.int64]
    known: npt.NDArray[np.bool_]

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
    >>> empty = State(row=none, party=none, slot=none, count=none, total=none, parties=none.astype(object))
    >>> states = {fold.name: empty for fold in make_plan(INVOICE).folds}
    >>> finish(INVOICE, Spine(("E1",), (1_577_808_000,)), states, Calendar()).column("sales_fen_12m")
    [None]
    """
    history = {kind: _history(states[seen_fold(kind).name], spine.size) for kind in features.kinds}
    values = np.zeros((spine.size, len(features.features)), dtype=np.int64)
    known = np.zeros_like(values, dtype=np.bool_)
    days = [calendar.day_of(instant) for instant in spine.as_of]
    for at, feature in enumerate(features.features):
        window = _window(feature, states, spine.size, days)
        answer = AGGREGATES[feature.aggregate].finish(window)
        months = np.minimum.reduce([history[part.kind] for part in feature.parts])
        met = _met(feature, states, spine.size) if feature.days else months > 0
        values[:, at], known[:, at] = _round(answer, feature, met & (months >= feature.history_months))
    return FeatureTable(features, spine, values, known)


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


def _history(seen: State, size: int) -> npt.NDArray[np.int64]:
    """Return complete months since the oldest record, 0 where nothing is known."""
    months = np.zeros(size, dtype=np.int64)
    np.maximum.at(months, seen.row, seen.slot + 1)
    return months


def _met(feature: Feature, states: Mapping[str, State], size: int) -> npt.NDArray[np.bool_]:
    """Return whether anything is known of each row's subjects, of every kind that the feature reads."""
    met = np.ones(size, dtype=np.bool_)
    for part in feature.parts:
        there = np.zeros(size, dtype=np.bool_)
        there[states[met_fold(part.kind).name].row] = True
        met &= there
    return met


def _round(
    answer: npt.NDArray[np.float64], feature: Feature, carried: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Round to the quantum (one unit), keep within the declared range, forget what history does not carry."""
    known = np.isfinite(answer) & carried
    whole = np.rint(np.where(known, answer, 0.0))
    return np.clip(whole, feature.lo, feature.hi).astype(np.int64), known
