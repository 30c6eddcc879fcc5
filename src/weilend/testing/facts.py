"""In: facts as a test speaks of them. Out: what features make of them, the same on two engines. Used: by suites of themes."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa

from weilend.core.calendars import Calendar
from weilend.core.plan import Plan, Spine
from weilend.core.records import KINDS
from weilend.engine import duckdb, numpy
from weilend.engine.book import Book
from weilend.features.compute import FeatureTable, finish
from weilend.features.plans import FeatureSet, make_plan
from weilend.features.spec import Feature
from weilend.testing.records import Row, Value, as_table

HOME = Calendar("Asia/Shanghai")

#: Facts by kind of record.
Facts = Mapping[str, Sequence[Row]]


def fact_at(kind: str, at: int, **said: Value) -> Row:
    """Return a row of a kind that happened and was known at an instant (UTC seconds); what is not said is NULL.

    >>> fact_at("registry_event", 0, business_id="E1", event="penalised")["known_at"]
    0
    """
    names = (*KINDS[kind].subjects, *(field.name for field in KINDS[kind].fields))
    frame: dict[str, Value] = {
        "happened_at": at,
        "known_at": at,
        "known_basis": "observed",
        "source": "test",
        "consent_id": "own-data",
    }
    return {**dict.fromkeys(names), **frame, **said}


def fact(kind: str, on: date, **said: Value) -> Row:
    """Return a row of a kind that happened at the end of a day and was known at once; what is not said is NULL.

    >>> fact("registry_event", date(2020, 1, 1), business_id="E1", event="penalised")["legal_form"] is None
    True
    """
    return fact_at(kind, HOME.end_of(on), **said)


def look(features: FeatureSet, tables: Mapping[str, pa.Table], spine: Spine) -> FeatureTable:
    """Return what a feature set says of a spine. Raises `AssertionError` where two engines differ.

    >>> from weilend.features.sets import INVOICE
    >>> look(INVOICE, {}, Spine(("E1",), (0,))).column("customers_12m")
    [None]
    """
    plan = _plan(features)
    with tempfile.TemporaryDirectory() as folder:
        book = Book.open(Path(folder) / "book", calendar=HOME)
        book.append(dict(tables))
        many, one = (finish(features, spine, engine.fold(plan, spine, book.view(), HOME), HOME) for engine in (duckdb, numpy))
    same = (many.values == one.values) & (many.known == one.known)
    assert same.all(), f"two engines differ in {[features.features[at].name for at in np.flatnonzero(~same.all(axis=0))]}"
    return one


def look_at_facts(features: FeatureSet, facts: Facts, spine: Spine) -> dict[str, int | None]:
    """Return what a feature set says of the first row of a spine from facts, as `look` does from tables.

    >>> from weilend.features.sets import INVOICE
    >>> look_at_facts(INVOICE, {}, Spine(("E1",), (0,)))["customers_12m"]
    """
    return look(features, {kind: as_table(KINDS[kind], rows) for kind, rows in facts.items() if rows}, spine).row(0).values


@lru_cache(maxsize=32)
def _plan(features: FeatureSet) -> Plan:
    """A theme's tests measure one set again and again, and compiling its formulas takes longer than folding a few rows."""
    return make_plan(features)


def measure(
    features: Sequence[Feature], tables: Mapping[str, pa.Table], as_of: date, linked: Mapping[str, Sequence[str]] | None = None
) -> dict[str, int | None]:
    """Return what features say of business E1 on a day; `linked` names its owners, shops and devices by role.

    Raises `AssertionError` where two engines differ.
    """
    groups: dict[str, tuple[tuple[str, ...], ...]] = {role: (tuple(names),) for role, names in (linked or {}).items()}
    spine = Spine(("E1",), (HOME.start_of(as_of),), linked=groups)
    return look(FeatureSet("measured", tuple(features)), tables, spine).row(0).values


def measure_facts(
    features: Sequence[Feature], facts: Facts, as_of: date, linked: Mapping[str, Sequence[str]] | None = None
) -> dict[str, int | None]:
    """Return what features say of facts, as `measure` does of tables."""
    return measure(features, {kind: as_table(KINDS[kind], rows) for kind, rows in facts.items()}, as_of, linked)
