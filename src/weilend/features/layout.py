"""In: a feature set. Out: `Layout`, what finishing it does not have to find out for every subject. Used: by `compute`.

Features whose folds are grouped alike stand in one sheet: each different look (a fold, or two, and a reach) once, and each
aggregate is called once for all looks. That is what one subject wants, where every call costs more than its work. For many
subjects the work counts: there each aggregate has a sheet of its own, so that nothing is computed that nobody asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.core.plan import Ints, Reach
from weilend.engine.remember import remember
from weilend.features.finish import AGGREGATES, Aggregate
from weilend.features.finish.aggregate import Finish
from weilend.features.finish.window import Grain
from weilend.features.plans import FeatureSet, folds_of, seen_fold, seen_kinds
from weilend.features.spec import Feature

#: The folds of a part, by name: more than one where their rows are added up.
Names = tuple[str, ...]
#: The folds of a part, or of two, the place of a reach in the layout, and by how many months its window lags.
Look = tuple[tuple[Names, ...], int, int]
T = TypeVar("T")


class Sheet(msgspec.Struct, frozen=True):
    """Looks that are finished together: their folds by part (those of second parts in `others`), how many slots each looks back,
    by how many it lags (None: no look does), and the place of its reach.
    """

    grain: Grain
    folds: tuple[Names, ...]
    others: tuple[Names, ...]
    length: Ints
    lag: Ints | None
    reaches: Ints
    calls: tuple[Finish, ...]


class Needs(msgspec.Struct, frozen=True):
    """The history that features want: each different demand once, and which of them each feature makes.

    A demand is of a kind (its place in the set) for so many complete months and days. A feature is carried where, of each of its
    clauses, any demand is met: `clauses` has (features, clauses, demands), filled up with repetitions.
    """

    kind: Ints
    months: Ints
    days: Ints
    clauses: Ints


class Layout(msgspec.Struct, frozen=True):
    """How a feature set is finished.

    `answers` says where each feature's value stands when the answers of all calls, sheet by sheet, look by look, stand in a row:
    for one subject, and for many. `quantum`, `lo` and `hi` are columns, one row a feature.
    """

    identity: str
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    seen: tuple[str, ...]
    reach_months: tuple[int, ...]
    reach_days: tuple[int, ...]
    shared: tuple[Sheet, ...]
    shared_answers: Ints
    apart: tuple[Sheet, ...]
    apart_answers: Ints
    needs: Needs
    quantum: npt.NDArray[np.float64]
    lo: npt.NDArray[np.float64]
    hi: npt.NDArray[np.float64]


@remember
def _layouts(sets: Sequence[FeatureSet]) -> Layout:
    (features,) = sets
    reaches = list(dict.fromkeys(feature.reach for feature in features.features))
    shared, shared_answers = _lay_out(features, reaches, shared=True)
    apart, apart_answers = _lay_out(features, reaches, shared=False)
    quantum, lo, hi = (_column(features, name) for name in ("quantum", "lo", "hi"))
    return Layout(
        identity=features.identity,
        names=tuple(feature.name for feature in features.features),
        kinds=features.kinds,
        seen=tuple(seen_fold(kind).name for kind in features.kinds),
        reach_months=tuple(reach.length if reach.unit == "months" else 0 for reach in reaches),
        reach_days=tuple(reach.length if reach.unit == "days" else 0 for reach in reaches),
        shared=shared,
        shared_answers=shared_answers,
        apart=apart,
        apart_answers=apart_answers,
        needs=_find_needs(features),
        quantum=quantum,
        lo=lo,
        hi=hi,
    )


def lay_out(features: FeatureSet) -> Layout:
    """Return the layout of a feature set, found once.

    >>> from weilend.features.sets import INVOICE
    >>> layout = lay_out(INVOICE)
    >>> len(layout.shared) < len(layout.apart) < len(INVOICE.features), lay_out(INVOICE) is layout
    (True, True)
    """
    return _layouts((features,))


def _lay_out(features: FeatureSet, reaches: Sequence[Reach], *, shared: bool) -> tuple[tuple[Sheet, ...], Ints]:
    """Return the sheets of a feature set, and where the answer to each feature stands."""
    sheets: dict[tuple[object, ...], dict[str, list[tuple[int, Look]]]] = {}
    for at, feature in enumerate(features.features):
        one = AGGREGATES[feature.aggregate]
        parts = tuple(tuple(fold.name for fold in folds) for folds in folds_of(feature))
        look = (parts, reaches.index(feature.reach), feature.lag_months)
        key = (one.slot, one.by, one.parts, one.measures, one.company, "" if shared else one.name)
        sheets.setdefault(key, {}).setdefault(one.name, []).append((at, look))
    made, answers, before = [], np.zeros(len(features.features), dtype=np.int64), 0
    for calls in sheets.values():
        places = {
            look: place for place, look in enumerate(dict.fromkeys(look for asked in calls.values() for _, look in asked))
        }
        looks = list(places)
        made.append(
            _make_sheet(AGGREGATES[next(iter(calls))], looks, reaches, tuple(AGGREGATES[name].finish for name in calls))
        )
        for asked in calls.values():
            for at, look in asked:
                answers[at] = before + places[look]
            before += len(looks)
    return tuple(made), answers


def _make_sheet(one: Aggregate, looks: Sequence[Look], reaches: Sequence[Reach], calls: tuple[Finish, ...]) -> Sheet:
    folds, others = (tuple(parts[part] for parts, _, _ in looks if part < len(parts)) for part in (0, 1))
    length = np.array([reaches[reach].length for _, reach, _ in looks])
    lag = np.array([months for _, _, months in looks]) if any(months for _, _, months in looks) else None
    return Sheet(one.slot, folds, others, length, lag, np.array([reach for _, reach, _ in looks]), calls)


def _find_needs(features: FeatureSet) -> Needs:
    """Return what history each feature wants."""
    demands: dict[tuple[int, int, int], int] = {}
    places = {kind: at for at, kind in enumerate(features.kinds)}
    clauses = [
        [[demands.setdefault(_demand(feature, places[kind]), len(demands)) for kind in kinds] for kinds in seen_kinds(feature)]
        for feature in features.features
    ]
    parts = max(len(wanted) for wanted in clauses)
    width = max(len(kinds) for wanted in clauses for kinds in wanted)
    filled = [[_fill(kinds, width) for kinds in _fill(wanted, parts)] for wanted in clauses]
    kind, months, days = np.array(list(demands)).T
    return Needs(kind, months, days, np.array(filled))


def _demand(feature: Feature, kind: int) -> tuple[int, int, int]:
    """Return what a feature wants of the kind at a place; a window of months needs one that is complete."""
    return kind, max(feature.history_months, 1 if feature.months else 0), feature.history_days


def _fill(items: Sequence[T], count: int) -> list[T]:
    return [*items, *[items[0]] * (count - len(items))]


def _column(features: FeatureSet, name: str) -> npt.NDArray[np.float64]:
    return np.array([[getattr(feature, name)] for feature in features.features], dtype=np.float64)
