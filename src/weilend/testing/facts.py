"""In: facts as a test speaks of them. Out: what features make of them, the same on two engines. Used: by suites of themes."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import pyarrow as pa

from weilend.core.calendars import Calendar
from weilend.core.plan import Spine
from weilend.core.records import KINDS
from weilend.engine import duckdb, numpy
from weilend.engine.book import Book
from weilend.features.compute import finish
from weilend.features.plans import FeatureSet, make_plan
from weilend.features.spec import Feature
from weilend.testing.records import Row, Value, as_table

HOME = Calendar("Asia/Shanghai")

#: Facts by kind of record.
Facts = Mapping[str, Sequence[Row]]


def fact(kind: str, on: date, **said: Value) -> Row:
    """Return a row of a kind that happened at the end of a day and was known at once; what is not said is NULL.

    >>> fact("registry_event", date(2020, 1, 1), business_id="E1", event="penalised")["legal_form"] is None
    True
    """
    names = (*KINDS[kind].subjects, *(field.name for field in KINDS[kind].fields))
    at = HOME.end_of(on)
    frame: dict[str, Value] = {
        "happened_at": at,
        "known_at": at,
        "known_basis": "observed",
        "source": "test",
        "consent_id": "own-data",
    }
    return {**dict.fromkeys(names), **said, **frame}


def measure(
    features: Sequence[Feature], tables: Mapping[str, pa.Table], as_of: date, linked: Mapping[str, Sequence[str]] | None = None
) -> dict[str, int | None]:
    """Return what features say of business E1 on a day; `linked` names its owners, shops and devices by role.

    Raises `AssertionError` where two engines differ.
    """
    features = tuple(features)
    chosen = FeatureSet("measured", features)
    plan = make_plan(chosen)
    groups: dict[str, tuple[tuple[str, ...], ...]] = {role: (tuple(names),) for role, names in (linked or {}).items()}
    spine = Spine(("E1",), (HOME.start_of(as_of),), linked=groups)
    with tempfile.TemporaryDirectory() as folder:
        book = Book.open(Path(folder) / "book", calendar=HOME)
        book.append(dict(tables))
        many, one = (
            finish(chosen, spine, engine.fold(plan, spine, book.view(), HOME), HOME).row(0) for engine in (duckdb, numpy)
        )
    assert many == one, "two engines differ"
    return dict(one.values)


def measure_facts(
    features: Sequence[Feature], facts: Facts, as_of: date, linked: Mapping[str, Sequence[str]] | None = None
) -> dict[str, int | None]:
    """Return what features say of facts, as `measure` does of tables."""
    return measure(features, {kind: as_table(KINDS[kind], rows) for kind, rows in facts.items()}, as_of, linked)
