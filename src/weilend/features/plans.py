"""In: features. Out: the `Plan` that an engine folds. Used: by `features.compute`; formulas are compiled here, once.

Features that group the same rows alike share one fold over the longest of their windows, so each row is folded once
per grouping whatever the number of windows (measured: a filtered aggregate per window costs 30-48 scans, this about 6).
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import msgspec

from weilend.core.errors import InputError
from weilend.core.ids import content_hash
from weilend.core.plan import Fold, Measure, Plan, Reach, Slot, Unit
from weilend.core.records import FORBIDDEN_TO_FEATURES, KINDS, Kind
from weilend.features.finish import AGGREGATES
from weilend.features.spec import Feature, Part
from weilend.formula import Formula, parse

DIALECTS = ("duckdb", "spark")
EVERY_ROW = "true"
NO_VALUE = "0"
SEEN_DAYS = 1_200  # how far back we ask since when, and until when, anything is known: three years and the months around
DAY_NUMBER = "days_between(date '1970-01-01', happened_on)"
#: Compiled folds that are kept: each application of a day asks for the same few hundred.
KEPT_FOLDS = 4_096
#: The slot that divides a window of each unit, so that folds serve every shorter window too.
SERIES: dict[Unit, Slot] = {"months": "month", "days": "age"}
#: Groupings from which a shorter window cannot be told exactly: such folds are shared only by windows of one length.
UNDIVIDED = frozenset({("months", "none"), ("days", "none"), ("months", "hour"), ("days", "hour"), ("days", "day")})


class FoldId(msgspec.Struct, frozen=True, order=True):
    """What makes two features share a fold."""

    kind: str
    unit: Unit
    slot: Slot
    by: str
    where: str
    value: str
    length: int = 0
    on: str = ""

    @property
    def name(self) -> str:
        """Short stable name of the fold."""
        return _name_fold(self)


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
        return _hash_features(self)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of record that its features read."""
        return tuple(dict.fromkeys(kind for one in self.features for kind in _read_kinds(one)))

    def __getitem__(self, name: str) -> Feature:
        return {feature.name: feature for feature in self.features}[name]


@lru_cache(maxsize=4096)
def _name_fold(fold: FoldId) -> str:
    return f"{fold.kind}_{fold.slot}_{content_hash(fold)[:12]}"


@lru_cache(maxsize=64)
def _hash_features(features: FeatureSet) -> str:
    """Hash once: every row of every table carries it."""
    return content_hash({"name": features.name, "features": features.features})


@lru_cache(maxsize=4096)
def folds_of(feature: Feature) -> tuple[tuple[FoldId, ...], ...]:
    """Return the folds that a feature's aggregate reads: for each side, that of its part, and those whose rows are added to it.

    Raises `InputError` when the feature reads what others think of a firm or what became of it, or its parts do not fit.

    >>> from weilend.features.sets import LIBRARY
    >>> [len(folds) for folds in folds_of(LIBRARY["debt_cover_with_wallets_12m"])]
    [2, 2]
    """
    aggregate = AGGREGATES[feature.aggregate]
    if len(feature.sides) != aggregate.parts:
        raise InputError(
            f"feature {feature.name}: {feature.aggregate} takes {aggregate.parts} parts", hint="give of, or of and against"
        )
    adds_up = aggregate.slot == "series" and not aggregate.by and not aggregate.measures
    if not adds_up and any(len(side) > 1 for side in feature.sides):
        raise InputError(f"feature {feature.name}: {feature.aggregate} does more than add up", hint="give a part of one kind")
    return tuple(tuple(_fold_of(feature, part) for part in side) for side in feature.sides)


def _fold_of(feature: Feature, part: Part) -> FoldId:
    if part.kind in FORBIDDEN_TO_FEATURES:
        raise InputError(f"feature {feature.name} reads {part.kind}", hint="no feature may look at outcomes or ratings")
    aggregate, reach = AGGREGATES[feature.aggregate], feature.reach
    if aggregate.by and not part.by:
        raise InputError(f"feature {feature.name}: {feature.aggregate} tells rows apart", hint="give the part a `by`")
    slot = SERIES[reach.unit] if aggregate.slot == "series" else aggregate.slot
    if feature.lag_months and aggregate.slot != "series":
        raise InputError(f"feature {feature.name}: {feature.aggregate} does not count by month", hint="leave out lag_months")
    length = reach.length if (reach.unit, slot) in UNDIVIDED else 0
    if part.on and (reach.unit == "days" or slot == "hour"):
        raise InputError(f"feature {feature.name}: days and hours before the as_of count from when a row happened",
                         hint=f"give it a window in months, or leave out on = {part.on}")  # fmt: skip
    by = part.by if aggregate.by else ""
    return FoldId(part.kind, reach.unit, slot, by, part.where or EVERY_ROW, part.value or NO_VALUE, length, part.on)


def seen_kinds(feature: Feature) -> tuple[tuple[str, ...], ...]:
    """Return, for each side of a feature, the kinds any of which shows that its rows would have been seen."""
    return tuple(tuple(dict.fromkeys((part.kind, *feature.seen_in))) for part in feature.parts)


def _read_kinds(feature: Feature) -> tuple[str, ...]:
    """Return every kind that a feature reads, or that shows that its rows would have been seen."""
    read = (part.kind for side in feature.sides for part in side)
    return tuple(dict.fromkeys((*(kind for seen in seen_kinds(feature) for kind in seen), *read)))


def seen_fold(kind: str) -> FoldId:
    """Return the fold that says since when, and until when, anything of a subject is known: the oldest and the newest day."""
    return FoldId(kind, "days", "none", "", EVERY_ROW, DAY_NUMBER, SEEN_DAYS)


def make_plan(features: FeatureSet) -> Plan:
    """Return the plan of a feature set: the fewest folds that serve all its features.

    Raises `InputError` for a feature that reads what it must not, `FormulaError` for a formula that is wrong.

    >>> from weilend.features.sets import INVOICE
    >>> plan = make_plan(INVOICE)
    >>> len(plan.folds) < len(INVOICE.features), plan.identity == INVOICE.identity
    (True, True)
    """
    lengths: dict[FoldId, int] = {}
    measures: dict[FoldId, set[Measure]] = {}
    for feature in features.features:
        for fold in (fold for folds in folds_of(feature) for fold in folds):
            lengths[fold] = max(lengths.get(fold, 0), feature.reach.length + feature.lag_months)
            measures.setdefault(fold, set()).update(AGGREGATES[feature.aggregate].measures)
    for kind in features.kinds:
        lengths[seen_fold(kind)] = SEEN_DAYS
        measures.setdefault(seen_fold(kind), set()).update(("least", "most"))
    folds = (_compile(fold, KINDS[fold.kind], lengths[fold], frozenset(measures[fold])) for fold in sorted(lengths))
    return Plan(features.identity, tuple(folds))


@lru_cache(maxsize=KEPT_FOLDS)
def _compile(fold: FoldId, kind: Kind, length: int, measures: frozenset[Measure]) -> Fold:
    where, value = (parse(text, kind.readable()) for text in (fold.where, fold.value))
    by = _parse_by(kind, fold.by)
    plain = by is None or by.root.op == "field"
    return Fold(
        name=fold.name,
        kind=fold.kind,
        reach=Reach(fold.unit, length),
        slot=fold.slot,
        on=_check_on(kind, fold.on),
        by=fold.by,
        measures=tuple(sorted(measures)),
        reads=tuple(sorted(where.names | value.names | (by.names if by else frozenset()) | ({fold.on} if fold.on else set()))),
        where=where.text,
        value=value.text,
        where_sql={dialect: where.sql(dialect) for dialect in DIALECTS},
        value_sql={dialect: value.sql(dialect) for dialect in DIALECTS},
        by_sql={dialect: by.sql(dialect) for dialect in DIALECTS} if by else {},
        where_numpy=where.numpy_mask(),
        value_numpy=value.numpy(),
        by_numpy=None if plain or by is None else by.numpy(),
    )


def _parse_by(kind: Kind, text: str) -> Formula | None:
    by = parse(text, kind.readable()) if text else None
    if by is not None and by.root.op != "field" and by.type != "integer":
        raise InputError(f"{kind.name}: rows cannot be told apart by {text!r}, which is {by.type}", hint="name a column")
    return by


def _check_on(kind: Kind, name: str) -> str:
    if name and kind.field(name).type != "date":
        raise InputError(f"{kind.name}: {name!r} is no day by which rows belong to months", hint="name a date column")
    return name


def unique_names(features: Iterable[Feature]) -> tuple[Feature, ...]:
    """Return the features, refusing a name that stands twice."""
    seen: dict[str, Feature] = {}
    for feature in features:
        if feature.name in seen:
            raise InputError(f"two features are called {feature.name}", hint="rename one of them")
        seen[feature.name] = feature
    return tuple(seen.values())
