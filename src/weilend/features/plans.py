"""In: features. Out: the `Plan` that an engine folds. Used: by `features.compute`; formulas are compiled here, once.

Features that group the same rows by the same grain share one fold over the longest of their windows, so each row is folded once
per grain whatever the number of windows (measured: a filtered aggregate per window costs 30-48 scans, this 12-15).
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.core.errors import InputError
from weilend.core.ids import content_hash
from weilend.core.plan import Columns, Fold, Grain, Plan
from weilend.core.records import FORBIDDEN_TO_FEATURES, KINDS
from weilend.features.finish import AGGREGATES
from weilend.features.spec import Feature
from weilend.formula import parse

DIALECTS = ("duckdb",)
EVERY_ROW = "true"
NO_VALUE = "0"


class FoldId(msgspec.Struct, frozen=True, order=True):
    """What makes two features share a fold."""

    kind: str
    grain: Grain
    where: str
    value: str

    @property
    def name(self) -> str:
        """Short stable name of the fold."""
        return f"{self.grain}_{content_hash(self)[:12]}"


class FeatureSet(msgspec.Struct, frozen=True):
    """Features that are computed together; `identity` changes when any definition does.

    >>> from weilend.features.sets import INVOICE
    >>> INVOICE["customers_12m"].unit, len(INVOICE.identity)
    ('count', 32)
    """

    name: str
    features: tuple[Feature, ...]

    @property
    def identity(self) -> str:
        """Content hash of every definition."""
        return content_hash({"name": self.name, "features": self.features})

    def __getitem__(self, name: str) -> Feature:
        return {feature.name: feature for feature in self.features}[name]


def folds_of(feature: Feature) -> tuple[FoldId, ...]:
    """Return the fold, or the two folds, that a feature's aggregate reads.

    Raises `InputError` when the feature reads what others think of a firm or what became of it.
    """
    if feature.kind in FORBIDDEN_TO_FEATURES:
        raise InputError(f"feature {feature.name} reads {feature.kind}", hint="no feature may look at outcomes or ratings")
    aggregate = AGGREGATES[feature.aggregate]
    value = feature.value or NO_VALUE
    first = FoldId(feature.kind, aggregate.grain, feature.where or EVERY_ROW, value)
    if not aggregate.two_filters:
        return (first,)
    return (first, FoldId(feature.kind, aggregate.grain, feature.other_where or EVERY_ROW, value))


def seen_fold(kind: str) -> FoldId:
    """Return the fold that says whether, and since when, we know anything of a subject."""
    return FoldId(kind, "month", EVERY_ROW, NO_VALUE)


def make_plan(features: FeatureSet) -> Plan:
    """Return the plan of a feature set: the fewest folds that serve all its features.

    Raises `InputError` for a feature that reads what it must not, `FormulaError` for a formula that is wrong.

    >>> from weilend.features.sets import INVOICE
    >>> plan = make_plan(INVOICE)
    >>> len(plan.folds) < len(INVOICE.features), plan.identity == INVOICE.identity
    (True, True)
    """
    months: dict[FoldId, int] = {}
    for feature in features.features:
        for fold in folds_of(feature):
            months[fold] = max(months.get(fold, 0), feature.months)
    longest = max(feature.months for feature in features.features)
    for kind in {feature.kind for feature in features.features}:
        months[seen_fold(kind)] = longest
    return Plan(features.identity, tuple(_compile(fold, months[fold]) for fold in sorted(months)))


def _compile(fold: FoldId, months: int) -> Fold:
    kind = KINDS[fold.kind]
    where, value = (parse(text, kind.readable()) for text in (fold.where, fold.value))
    compute = value.numpy()

    def amounts(columns: Columns) -> npt.NDArray[np.int64]:
        values, valid = compute(columns)
        return np.where(valid, values, 0).astype(np.int64)

    return Fold(
        name=fold.name,
        kind=fold.kind,
        grain=fold.grain,
        months=months,
        reads=tuple(sorted(where.names | value.names)),
        where=where.text,
        value=value.text,
        where_sql={dialect: where.sql(dialect) for dialect in DIALECTS},
        value_sql={dialect: value.sql(dialect) for dialect in DIALECTS},
        where_numpy=where.numpy_mask(),
        value_numpy=amounts,
    )


def unique_names(features: Iterable[Feature]) -> tuple[Feature, ...]:
    """Return the features, refusing a name that stands twice."""
    seen: dict[str, Feature] = {}
    for feature in features:
        if feature.name in seen:
            raise InputError(f"two features are called {feature.name}", hint="rename one of them")
        seen[feature.name] = feature
    return tuple(seen.values())
