"""States of blocks equal those of NumPy to the bit, group by group: many blocks, many looks, many subjects a row, any order."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weilend.core.errors import BookError
from weilend.core.plan import SQUARE_BASE, Spine, State
from weilend.engine import duckdb, numpy
from weilend.engine.batch import groups, rows
from weilend.engine.batch.blocks import cut_spine, stack
from weilend.engine.batch.looks import find_looks
from weilend.engine.batch.passes import Cut, Pass
from weilend.engine.book import Book
from weilend.features.plans import FeatureSet, make_plan
from weilend.features.sets import LIBRARY
from weilend.features.spec import Feature, Part
from weilend.testing.bulk import random_records
from weilend.testing.invoices import HOME, Invoice, as_records

AS_OF = 1_577_808_000  # 2020-01-01 00:00 in Shanghai
DAY = 86_400
KINDS = ("invoice", "order", "bank_entry", "user_event", "tax_filing")
SUBJECTS = ("S1", "S2", "S3", "S4")
ANY = {"lo": -(10**17), "hi": 10**17, "sign": 0, "why": "for a test", "en": "{value}", "zh": "{value}", "unit": "fen"}
KEPT = FeatureSet(
    "kept",
    tuple(
        Feature(
            name=f"{name}_{months}m", aggregate=name, of=Part("invoice", "direction = 'sale'", "net_fen"), months=months, **ANY
        )
        for name in ("std", "first", "last", "least", "most", "sum")
        for months in (3, 30)
    ),
)
#: Every feature of a few kinds, and what keeps single values of all rows of a window.
CHOSEN = tuple(one for one in LIBRARY.features if {part.kind for part in one.parts} <= set(KINDS))
PLAN = make_plan(FeatureSet("chosen", (*CHOSEN, *KEPT.features)))
FEW = make_plan(KEPT)
#: Several instants a subject, several shops and owners a row, some of them of other rows too, and one that nobody knows.
SPINE = Spine(
    ("S1", "S3", "S2", "S1", "nobody", "S1", "S4"),
    (AS_OF, AS_OF - 40 * DAY, AS_OF - 1, AS_OF - 400 * DAY, AS_OF, AS_OF, AS_OF - 7 * DAY),
    linked={
        "shop_id": (("S1", "S3"), ("S2",), (), ("S4", "S1"), ("S2", "S3"), ("S1",), ("S9",)),
        "owner_id": (("S2",), ("S2", "S1"), ("S4",), (), ("S3",), ("S1", "S2"), ()),
    },
)


def as_dict(state: State) -> dict[tuple[int, object, int], tuple[int, ...]]:
    """A state without the order of its groups and the codes of its parties."""
    names = [state.parties[code] for code in state.party.tolist()] if len(state.parties) else [None] * len(state.row)
    kept = [state.kept[name].tolist() for name in sorted(state.kept)]
    groups_ = zip(state.row.tolist(), names, state.slot.tolist(), strict=True)
    sums = zip(state.count.tolist(), state.total.tolist(), *kept, strict=True)
    found = dict(zip(groups_, sums, strict=True))
    assert len(found) == len(state.row), "a group stands twice"
    return found


def assert_same(many: dict[str, State], few: dict[str, State]) -> None:
    assert many.keys() == few.keys()
    for name, state in many.items():
        assert as_dict(state) == as_dict(few[name]), name


def made(seed: int, rows_: int = 150):
    return random_records(KINDS, seed, rows=rows_, subjects=SUBJECTS, since=AS_OF - 1_200 * DAY, until=AS_OF + 30 * DAY)


@pytest.fixture(scope="module")
def book(tmp_path_factory) -> Book:
    made_book = Book.open(tmp_path_factory.mktemp("passes") / "book", calendar=HOME)
    for seed in range(2):
        made_book.append(made(seed))
    return made_book


@pytest.fixture(scope="module")
def by_numpy(book):
    return numpy.fold(PLAN, SPINE, book.view(), HOME)


def cut_small(monkeypatch, records: int = 400, most_rows: int = 2) -> None:
    monkeypatch.setattr(duckdb, "BLOCK_RECORDS", records)
    monkeypatch.setattr(duckdb, "BLOCK_ROWS", most_rows)


def test_states_are_those_of_numpy(book, by_numpy):
    assert sum(len(state.row) for state in by_numpy.values()) > 3_000
    assert_same(duckdb.fold(PLAN, SPINE, book.view(), HOME), by_numpy)


@pytest.mark.parametrize("records", [1, 700])
def test_blocks_change_nothing(records, book, by_numpy, monkeypatch):
    cut_small(monkeypatch, records)
    found = list(duckdb.fold_and_finish(PLAN, SPINE, book.view(), HOME, lambda spine, states: (spine.size, states)))
    assert len(found) >= 4
    assert sum(size for _, (size, _) in found) == SPINE.size
    assert_same(stack(PLAN, ((block, states) for block, (_, states) in found)), by_numpy)


def test_compaction_changes_nothing(book, by_numpy, tmp_path, monkeypatch):
    compacted = Book.open(tmp_path / "book", calendar=HOME)
    for seed in range(2):
        compacted.append(made(seed))
    compacted.compact()
    view = compacted.view()
    assert view.is_settled("order")
    cut_small(monkeypatch)
    assert_same(duckdb.fold(PLAN, SPINE, view, HOME), numpy.fold(PLAN, SPINE, view, HOME))


def test_one_instant_asks_the_database_alone(book, monkeypatch):
    """Where all look at once, the clocks are not read a second time."""
    once = Spine(SPINE.subjects, (AS_OF,) * SPINE.size)
    monkeypatch.setattr(rows, "in_force", None)
    assert_same(duckdb.fold(FEW, once, book.view(), HOME), numpy.fold(FEW, once, book.view(), HOME))


def test_a_version_that_is_read_too_long_is_caught(book, monkeypatch):
    """Planted bug: looks at different instants that forget when a version was overtaken."""
    valid = Invoice("S1", "C1", "sale", 1, 1_000, 100_000, "valid")
    void = Invoice("S1", "C1", "sale", 1, 1_000, 100_000, "void", late=60)
    view = book.preview({"invoice": as_records([valid, void])})
    right = numpy.fold(FEW, SPINE, view, HOME)
    assert_same(duckdb.fold(FEW, SPINE, view, HOME), right)
    monkeypatch.setattr(rows, "in_force", lambda at, known_at, _until, as_of: (at <= as_of) & (known_at <= as_of))
    with pytest.raises(AssertionError):
        assert_same(duckdb.fold(FEW, SPINE, view, HOME), right)


def test_nobody_is_folded_to_nothing(book):
    states = duckdb.fold(PLAN, Spine((), (), linked={"shop_id": (), "owner_id": ()}), book.view(), HOME)
    assert {len(state.row) for state in states.values()} == {0}


AMOUNTS = st.lists(st.lists(st.integers(-(2**61), 2**61), min_size=1, max_size=6), min_size=1, max_size=4)


def fold_amounts(amounts: list[list[int]], measures: tuple[str, ...] = ()) -> State:
    """Fold amounts, a list for each subject, as if a pass had read them."""
    cut = Cut(name="one", unit="days", length=9, slot="none", measures=measures, day="day_0", flag="flag_0", value="value_0", by="",
              in_order=True)  # fmt: skip
    names = tuple(f"E{place}" for place in range(len(amounts)))
    flat = [amount for some in amounts for amount in some]
    count = len(flat)
    table = pa.table({
        "look_place": pa.array(np.repeat(np.arange(len(amounts)), [len(some) for some in amounts]), pa.int32()),
        "happened_at": pa.array([AS_OF - 1] * count, pa.int64()),
        "seq": pa.array(range(count), pa.int64()),
        "day_0": pa.array([18_000] * count, pa.int32()),
        "flag_0": pa.array([1] * count, pa.int8()),
        "value_0": pa.array(flat, pa.int64()),
    })  # fmt: skip
    looks = find_looks(Spine(names, (AS_OF,) * len(names)), "business_id", HOME)
    return groups.group(Pass("invoice", {}, (cut,), None), rows.see(table, looks))["one"]


@given(AMOUNTS)
def test_sums_are_exact_or_refused(amounts):
    sums = [sum(some) for some in amounts]
    if all(-(2**63) <= one < 2**63 for one in sums):
        assert fold_amounts(amounts).total.tolist() == sums
    else:
        with pytest.raises(BookError, match="do not fit 64 bits"):
            fold_amounts(amounts)


@given(st.lists(st.lists(st.integers(-(10**13), 10**13), min_size=1, max_size=6), min_size=1, max_size=4))
def test_squares_firsts_and_lasts_are_exact(amounts):
    kept = fold_amounts(amounts, ("squares", "first", "last", "least", "most")).kept
    squares = [
        high * SQUARE_BASE + low for high, low in zip(kept["square_high"].tolist(), kept["square_low"].tolist(), strict=True)
    ]
    assert squares == [sum(one * one for one in some) for some in amounts]
    assert (kept["square_low"] < SQUARE_BASE).all()
    assert kept["first"].tolist() == [some[0] for some in amounts]
    assert kept["last"].tolist() == [some[-1] for some in amounts]
    assert kept["least"].tolist() == [min(some) for some in amounts]
    assert kept["most"].tolist() == [max(some) for some in amounts]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(-(2**62), 2**62), st.integers(0, 3)), max_size=12))
def test_the_order_by_keys_is_that_of_python_whether_or_not_they_fit_one_number(keys):
    columns = [np.array([key[place] for key in keys], dtype=np.int64) for place in range(3)]
    expected = sorted(range(len(keys)), key=lambda place: keys[place])
    assert rows.sort(columns).tolist() == expected
    small = [columns[0], columns[2]]
    assert rows.sort(small).tolist() == sorted(range(len(keys)), key=lambda place: (keys[place][0], keys[place][2]))


@given(st.lists(st.integers(0, 300), min_size=1, max_size=40), st.integers(1, 7))
def test_blocks_are_whole_and_small(records, most_rows):
    spine = Spine(tuple(f"E{place * 7 % 40}" for place in range(len(records))), (0,) * len(records))
    cut = cut_spine(spine, np.array(records), most_rows, 200)
    assert sorted(np.concatenate([block.rows for block in cut]).tolist()) == list(range(len(records)))
    assert all(1 <= block.spine.size <= most_rows for block in cut)
    assert all(sum(records[row] for row in block.rows[:-1]) < 2 * 200 for block in cut if block.spine.size > 1)
    assert all(block.spine.subjects == tuple(spine.subjects[row] for row in block.rows) for block in cut)
