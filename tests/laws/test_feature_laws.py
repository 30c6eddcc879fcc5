"""Laws of features: engines agree to the bit, the future is invisible, a correction shows only once it was known; one row is
finished as many are, whatever was shared on the way.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weilend.core.plan import Spine
from weilend.engine import duckdb as many
from weilend.engine import numpy as one
from weilend.engine.book import Book
from weilend.engine.columns import Rows, Texts
from weilend.features import compute as compute_module
from weilend.features.compute import FeatureTable, finish
from weilend.features.finish import window as window_module
from weilend.features.plans import make_plan
from weilend.features.sets import INVOICE, LIBRARY
from weilend.testing.bulk import random_records
from weilend.testing.formulas import campaign, numpy_columns, python_values
from weilend.testing.invoices import FIRST_DAY, HOME, Invoice, as_records, invoices

PLAN = make_plan(INVOICE)
DAYS_AHEAD = st.integers(200, 1300)


def at(day: int) -> int:
    return HOME.start_of(FIRST_DAY + timedelta(days=day))


def book_of(folder: str, *batches: Sequence[Invoice]) -> Book:
    book = Book.open(Path(folder) / "book", calendar=HOME)
    for facts in batches:
        if facts:
            book.append({"invoice": as_records(facts)})
    return book


def compute(book: Book, spine: Spine, engine=many) -> FeatureTable:
    return finish(INVOICE, spine, engine.fold(PLAN, spine, book.view(), HOME), HOME)


def assert_same(left: FeatureTable, right: FeatureTable) -> None:
    names = np.array([feature.name for feature in INVOICE.features])
    different = names[((left.values != right.values) | (left.known != right.known)).any(axis=0)]
    assert not different.size, f"these features differ: {', '.join(different)}"


@settings(max_examples=25, deadline=None)
@given(invoices(), DAYS_AHEAD, DAYS_AHEAD)
def test_engines_are_equal_to_the_bit(facts, day, other_day):
    spine = Spine(("E1", "E2", "E1", "nobody"), (at(day), at(day), at(other_day), at(day)))
    with tempfile.TemporaryDirectory() as folder:
        book = book_of(folder, facts)
        folded = compute(book, spine)
        assert_same(folded, compute(book, spine, one))
        book.compact("invoice")
        assert_same(folded, compute(book, spine))
        assert_same(folded, compute(book, spine, one))


@settings(max_examples=15, deadline=None)
@given(invoices(), invoices(), DAYS_AHEAD)
def test_what_becomes_known_later_changes_nothing(facts, later, day):
    """Blind to the future: whatever is known only after the as_of, versions included, is invisible."""
    spine = Spine(("E1", "E2"), (at(day), at(day)))
    known = [fact for fact in facts if fact.day + fact.late < day]
    unknown = [fact for fact in later if fact.day + fact.late >= day]
    with tempfile.TemporaryDirectory() as before, tempfile.TemporaryDirectory() as after:
        assert_same(compute(book_of(before, known), spine), compute(book_of(after, known, unknown), spine))


def test_the_blindness_test_catches_a_clock_that_leaks(monkeypatch):
    """Planted bug: an engine that reads by happened_at alone sees a void before it was known."""
    valid = Invoice("E1", "C1", "sale", 1, 900, 100_000, "valid")
    void = Invoice("E1", "C1", "sale", 1, 900, 100_000, "void", late=400)
    spine = Spine(("E1",), (at(1000),))
    leaky = many.write_pass

    def write_pass(*arguments):
        return leaky(*arguments).replace("WHERE known_at <=", "WHERE happened_at <=")

    with tempfile.TemporaryDirectory() as before, tempfile.TemporaryDirectory() as after:
        assert_same(compute(book_of(before, [valid]), spine), compute(book_of(after, [valid], [void]), spine))
        monkeypatch.setattr(many, "write_pass", write_pass)
        with pytest.raises(AssertionError, match="differ"):
            assert_same(compute(book_of(before, [valid]), spine), compute(book_of(after, [valid], [void]), spine))


def test_a_correction_shows_from_the_moment_it_is_known():
    valid = Invoice("E1", "C1", "sale", 1, 900, 100_000, "valid")
    void = Invoice("E1", "C1", "sale", 1, 900, 100_000, "void", late=60)
    known_at = HOME.end_of(FIRST_DAY + timedelta(days=960))
    with tempfile.TemporaryDirectory() as folder:
        table = compute(book_of(folder, [valid, void]), Spine(("E1", "E1"), (known_at - 1, known_at)))
    assert table.column("sales_fen_12m") == [100_000, 0]


@settings(max_examples=15, deadline=None)
@given(invoices(), DAYS_AHEAD, st.randoms(use_true_random=False))
def test_order_of_arrival_and_of_rows_does_not_matter(facts, day, random):
    distinct = list({(fact.business, fact.direction, fact.number, fact.day): fact for fact in facts}.values())
    shuffled = random.sample(distinct, len(distinct))
    spine = Spine(("E1", "E2"), (at(day), at(day)))
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        half = len(shuffled) // 2
        assert_same(compute(book_of(first, distinct), spine), compute(book_of(second, shuffled[:half], shuffled[half:]), spine))


@settings(max_examples=15, deadline=None)
@given(invoices(), invoices(("E3",)), DAYS_AHEAD)
def test_states_of_disjoint_records_merge(facts, others, day):
    spine = Spine(("E1", "E2", "E3"), (at(day),) * 3)
    with tempfile.TemporaryDirectory() as left, tempfile.TemporaryDirectory() as right, tempfile.TemporaryDirectory() as both:
        parts = [one.fold(PLAN, spine, book_of(folder, rows).view(), HOME) for folder, rows in ((left, facts), (right, others))]
        merged = finish(INVOICE, spine, one.merge(*parts), HOME)
        assert_same(merged, compute(book_of(both, facts, others), spine))


@settings(max_examples=10, deadline=None)
@given(invoices(size=80), DAYS_AHEAD)
def test_finish_gives_one_row_what_it_gives_many(facts, day):
    with tempfile.TemporaryDirectory() as folder:
        book = book_of(folder, facts)
        alone = compute(book, Spine(("E1",), (at(day),)))
        crowd = compute(book, Spine(("E2", *("E1",) * 300), (at(day),) * 301))
    assert (crowd.values[1:] == alone.values[0]).all()
    assert (crowd.known[1:] == alone.known[0]).all()


@settings(max_examples=15, deadline=None)
@given(invoices(size=80), DAYS_AHEAD)
def test_values_keep_their_declared_range(facts, day):
    with tempfile.TemporaryDirectory() as folder:
        table = compute(book_of(folder, facts), Spine(("E1", "E2"), (at(day), at(day))))
    for index, feature in enumerate(INVOICE.features):
        there = table.values[table.known[:, index], index]
        assert ((there >= feature.lo) & (there <= feature.hi)).all(), feature.name


def test_date_windows_are_complete_months():
    """On 15 June 2019 the last complete month is May: sales of June do not count yet, sales of 1 June 2018 do."""
    days = {"inside": date(2018, 6, 1), "last": date(2019, 5, 31), "partial": date(2019, 6, 3), "old": date(2018, 5, 31)}
    facts = [
        Invoice("E1", "C1", "sale", number, (day - FIRST_DAY).days, amount, "valid")
        for number, (day, amount) in enumerate(zip(days.values(), (1, 10, 100, 1000), strict=True))
    ]
    with tempfile.TemporaryDirectory() as folder:
        table = compute(book_of(folder, facts), Spine(("E1",), (HOME.start_of(date(2019, 6, 15)),)))
    assert table.column("sales_fen_12m") == [11]


ROLES = ("shop_id", "owner_id", "device_id", "subject_id")
NOON = 1_577_808_000 + 43_200


@pytest.fixture(scope="module")
def crowd():
    """A spine of more rows than are finished together, its states in no order, and what each row gives alone."""
    subjects, size = ("S1", "S2", "S3"), compute_module.FEW_ROWS + 36
    records = random_records(LIBRARY.kinds, 11, rows=70, subjects=subjects, since=NOON - 3 * 365 * 86_400, until=NOON - 1)
    names = tuple(subjects[at % 3] for at in range(size))
    as_of = tuple(NOON - at * 11 * 86_400 for at in range(size))
    linked = tuple((subjects[at % 3], subjects[(at + 1) % 3])[: 1 + at % 2] for at in range(size))
    spine = Spine(names, as_of, linked=dict.fromkeys(ROLES, linked))
    plan = make_plan(LIBRARY)
    with tempfile.TemporaryDirectory() as folder:
        book = Book.open(Path(folder) / "book", calendar=HOME)
        book.append(records)
        states = {name: shuffle(state) for name, state in many.fold(plan, spine, book.view(), HOME).items()}
        looks = [Spine((names[at],), (as_of[at],), linked=dict.fromkeys(ROLES, (linked[at],))) for at in range(0, size, 9)]
        alone = [finish(LIBRARY, look, one.fold(plan, look, book.view(), HOME), HOME) for look in looks]
    return spine, states, alone


def shuffle(state):
    order = np.random.default_rng(1).permutation(len(state.row))
    columns = {name: getattr(state, name)[order] for name in ("row", "party", "slot", "count", "total")}
    return msgspec.structs.replace(state, **columns, kept={name: column[order] for name, column in state.kept.items()})


def compare_rows(spine, states, alone) -> None:
    table = finish(LIBRARY, spine, states, HOME)
    for at, single in zip(range(0, spine.size, 9), alone, strict=True):
        assert table.row(at).values == single.row(0).values


@pytest.mark.parametrize(("block_size", "amount_bits"), [(compute_module.BLOCK_SIZE, 47), (20_000, 3)])
def test_every_aggregate_gives_one_row_what_it_gives_many_in_any_order_and_block(crowd, monkeypatch, block_size, amount_bits):
    monkeypatch.setattr(compute_module, "BLOCK_SIZE", block_size)
    monkeypatch.setattr(window_module, "AMOUNT_BITS", amount_bits)
    compare_rows(*crowd)


def test_the_law_of_one_row_catches_a_window_that_trusts_the_order_of_groups(crowd, monkeypatch):
    """Planted bug: a window that takes groups as they come."""
    monkeypatch.setattr(compute_module.Window, "_arrange", lambda self, row: row)
    with pytest.raises(AssertionError):
        compare_rows(*crowd)


def coded_values(world, formulas):
    """Answer with the NumPy back end over codes of words, every formula sharing what the others computed."""
    columns = {
        name: Texts.of(pa.array(column.tolist(), pa.string())) if world.fields[name].type == "text" else column
        for name, column in numpy_columns(world).items()
    }
    rows = Rows(columns)
    return [answer(formula, rows) for formula in formulas]


def answer(formula, rows):
    values, valid = formula.numpy()(rows)
    found = [value if known else None for value, known in zip(values.tolist(), valid.tolist(), strict=True)]
    wrong = formula.type == "boolean" and formula.numpy_mask()(rows).tolist() != [value is True for value in found]
    return ["mask"] * len(found) if wrong else found


def test_formulas_answer_codes_of_words_as_they_answer_texts_alone_or_sharing(monkeypatch):
    backends = {"python": python_values, "coded": coded_values}
    assert campaign(20200101, 2_500, backends).mismatches == ()
    monkeypatch.setattr("weilend.formula.numpy.as_text", lambda node: node.op)  # planted bug: names that two parts share
    assert campaign(20200101, 500, backends).mismatches
