"""Laws of the whole library, on random records of every kind that it reads: engines equal, blind to the future, within range."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest

from weilend.core.plan import Spine
from weilend.engine import duckdb, numpy
from weilend.engine.book import Book
from weilend.features.compute import FeatureTable, finish
from weilend.features.finish import AGGREGATES
from weilend.features.plans import make_plan
from weilend.features.sets import FEATURE_SETS
from weilend.testing.bulk import random_records
from weilend.testing.invoices import HOME

LIBRARY = FEATURE_SETS["library"]
PLAN = make_plan(LIBRARY)
AS_OF = 1_577_808_000  # 2020-01-01 00:00 in Shanghai
YEARS = 3 * 365 * 86_400
SPINE = Spine(
    ("S1", "S2", "nobody"),
    (AS_OF, AS_OF - 40 * 86_400, AS_OF),
    linked=dict.fromkeys(("shop_id", "owner_id", "device_id", "subject_id"), (("S1", "S3"), ("S2",), ())),
)


def book_of(folder: str, *batches) -> Book:
    book = Book.open(Path(folder) / "book", calendar=HOME)
    for tables in batches:
        book.append(tables)
    return book


def compute(book: Book, engine=duckdb) -> FeatureTable:
    return finish(LIBRARY, SPINE, engine.fold(PLAN, SPINE, book.view(), HOME), HOME)


def assert_same(left: FeatureTable, right: FeatureTable) -> None:
    names = np.array([feature.name for feature in LIBRARY.features])
    different = names[((left.values != right.values) | (left.known != right.known)).any(axis=0)]
    assert not different.size, f"these features differ: {', '.join(different)}"


def records(seed: int, rows: int = 60):
    return random_records(LIBRARY.kinds, seed, rows=rows, subjects=("S1", "S2", "S3"), since=AS_OF - YEARS, until=AS_OF - 1)


@pytest.mark.parametrize("seed", range(4))
def test_engines_are_equal_to_the_bit_and_values_keep_their_range(seed):
    with tempfile.TemporaryDirectory() as folder:
        book = book_of(folder, records(seed))
        many = compute(book)
        assert_same(many, compute(book, numpy))
    for index, feature in enumerate(LIBRARY.features):
        there = many.values[many.known[:, index], index]
        assert ((there >= feature.lo) & (there <= feature.hi)).all(), feature.name


@pytest.mark.parametrize("seed", range(2))
def test_what_becomes_known_later_changes_nothing(seed):
    late = random_records(LIBRARY.kinds, seed + 1, rows=30, subjects=("S1", "S2", "S3"), since=AS_OF, until=AS_OF + YEARS)
    with tempfile.TemporaryDirectory() as before, tempfile.TemporaryDirectory() as after:
        assert_same(compute(book_of(before, records(seed))), compute(book_of(after, records(seed), late)))


def test_random_records_reach_nearly_every_feature():
    """The laws above would hold of a feature that is never known, so nearly all must be known here and vary from row to row.

    The rest need what chance does not make, such as account codes or a hundred amounts of one account; the themes' own tests, with
    rows worked out by hand, know them.
    """
    instants = tuple(AS_OF - 50 * 86_400 * step for step in range(8))
    looks = Spine(
        ("S1",) * 8 + ("S2",) * 8, instants * 2, linked=dict.fromkeys(SPINE.linked, (("S1", "S3"),) * 8 + (("S2",),) * 8)
    )
    with tempfile.TemporaryDirectory() as folder:
        book = book_of(folder, records(0, rows=2_500))
        table = finish(LIBRARY, looks, duckdb.fold(PLAN, looks, book.view(), HOME), HOME)
    never, still = [], []
    for index, feature in enumerate(LIBRARY.features):
        values = set(table.values[table.known[:, index], index].tolist())
        never += [feature.name] * (len(values) == 0)
        still += [feature.name] * (len(values) == 1)
    assert len(never) < len(LIBRARY.features) // 10, f"never known: {never}"
    assert len(never) + len(still) < len(LIBRARY.features) // 4, f"never vary: {still}"


def test_the_library_is_a_library():
    assert len(LIBRARY.features) >= 150
    assert {feature.aggregate for feature in LIBRARY.features} <= set(AGGREGATES)
    for feature in LIBRARY.features:
        assert "{value}" in feature.en, feature.name
        assert "{value}" in feature.zh, feature.name
        assert feature.why, feature.name
