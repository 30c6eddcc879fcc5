"""Reading a few subjects, or few rows, without a database: the same rows, in the same order and types, as the query says."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weilend.core.errors import NotFoundError
from weilend.core.records import KINDS
from weilend.engine import book_index, book_tables, book_versions, book_view
from weilend.engine.book import Book
from weilend.engine.book_schema import column_types
from weilend.engine.book_tables import Tables
from weilend.engine.book_view import BookView
from weilend.testing.invoices import FIRST_DAY, HOME, Invoice, as_records, invoices

SUBJECTS = ("E1", "E2", "E3")
DAY = 86_400


@pytest.fixture(autouse=True)
def _small_files(monkeypatch):
    """Row groups of four rows and files of three groups, so that a subject is spread over many."""
    monkeypatch.setattr(book_tables, "GROUP_ROWS", 4)
    monkeypatch.setattr(book_tables, "FILE_ROWS", 12)
    monkeypatch.setattr("weilend.engine.book.GROUP_ROWS", 4)
    monkeypatch.setattr("os.fsync", lambda _: None)


def queried(view, as_of, **words):
    """Return what the query over the whole kind says."""
    kind = KINDS["invoice"]
    return view._query(kind, None, as_of, list(column_types(kind)), words)


def expected(view, subjects, as_of):
    """Return what the query over the whole kind says of some subjects."""
    table = queried(view, as_of)
    return table.filter(pa.array([name in subjects for name in table["business_id"].to_pylist()], pa.bool_()))


def compare(view, subjects, as_of) -> None:
    few, whole = view.read("invoice", subjects=subjects, as_of=as_of), queried(view, as_of)
    assert few.equals(expected(view, subjects, as_of))
    assert few.schema.types == whole.schema.types
    assert view.read("invoice", as_of=as_of).equals(whole)
    assert view.read("invoice", as_of=as_of, subjects=subjects * 9).equals(few)
    words = {"status": ("valid", "it's"), "direction": ("sale",)}
    assert view.read("invoice", as_of=as_of, among=words).equals(queried(view, as_of, **words))


HISTORY = st.lists(st.tuples(invoices(SUBJECTS, size=14), st.booleans()), min_size=1, max_size=3)


@settings(max_examples=12, deadline=None)
@given(HISTORY, invoices(SUBJECTS, size=8), st.integers(0, 40), st.integers(200, 1400), st.data())
def test_a_few_subjects_read_as_from_the_whole(history, payload, seq, day, data):
    as_of = data.draw(st.sampled_from([None, HOME.start_of(FIRST_DAY) + DAY * day]))
    subjects = data.draw(st.lists(st.sampled_from((*SUBJECTS, "nobody")), min_size=1, max_size=4))
    with tempfile.TemporaryDirectory() as folder:
        book = Book.open(Path(folder) / "book", calendar=HOME)
        for facts, compacts in history:
            book.append({"invoice": as_records(facts)})
            if compacts:
                book.compact("invoice")
            compare(book.view(min(seq, book.view().seq)), subjects, as_of)
        compare(book.view(), subjects, as_of)
        compare(book.preview({"invoice": as_records(payload)}), subjects, as_of)


def test_only_row_groups_of_the_subject_are_read(tmp_path, monkeypatch):
    book = Book.open(tmp_path / "book", calendar=HOME)
    book.append({"invoice": as_records([Invoice(f"E{at % 20:02}", "C1", "sale", at, at, 100, "valid") for at in range(400)])})
    book.compact("invoice")
    view, read = book.view(), []
    whole = expected(view, ["E07"], None)
    read_row_group = pq.ParquetFile.read_row_group

    def watch(file, group, *, columns, **how):
        read.append(len(columns))
        return read_row_group(file, group, columns=columns, **how)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", watch)
    assert view.read("invoice", subjects=["E07"]).equals(whole)
    assert (whole.num_rows, sum(columns > 1 for columns in read), len(read)) == (20, 5, 10)
    few = Book.open(tmp_path / "few", calendar=HOME)
    few.append(
        {"invoice": as_records([Invoice(name, "C1", "sale", at, at, 100, "valid") for at, name in enumerate(("E1", "E3"))])}
    )
    few.compact("invoice")
    read.clear()
    assert few.view().read("invoice", subjects=["E2"]).num_rows == 0
    assert set(read) == {1}, "of a group that holds nobody who was asked for more than names was read"


@pytest.mark.parametrize("compacted", [False, True])
@pytest.mark.parametrize("few", [0, 20_000])
def test_words_are_looked_for_in_what_was_in_force(tmp_path, monkeypatch, compacted, few):
    """A version that says another word still ends the one before it: filtered first, the old word would hold for ever."""
    monkeypatch.setattr(book_view, "FEW_ROWS", few)
    book = Book.open(tmp_path / "book", calendar=HOME)
    for status in ("valid", "void"):
        book.append({"invoice": as_records([Invoice("E1", "C1", "sale", 1, 10, 100, status, late=60 * (status == "void"))])})
    book.append({"invoice": as_records([Invoice("E2", "C1", "purchase", 1, 10, 100, "valid")])})
    if compacted:
        book.compact()
    view = book.view()

    def found(as_of=2**40, **words):
        return view.read("invoice", as_of=as_of, among=words)["business_id"].to_pylist()

    assert view.read("invoice", among={"status": ["valid"]}).num_rows == 2
    assert found(status=["valid"]) == ["E2"]
    assert found(status=["void"], direction=["sale", "it's"]) == ["E1"]
    assert found(status=["void"], direction=["purchase"]) == found(status=[]) == []
    with pytest.raises(NotFoundError, match="no column amount"):
        view.read("invoice", among={"amount": ["1"]})


def test_a_book_of_few_rows_asks_no_database_and_a_larger_one_does(tmp_path, monkeypatch):
    book = Book.open(tmp_path / "book", calendar=HOME)
    book.append({"invoice": as_records([Invoice(f"E{at}", "C1", "sale", at, at, 100, "valid") for at in range(40)])})
    asked, query = [], BookView._query
    monkeypatch.setattr(BookView, "_query", lambda *args: (asked.append(1), query(*args))[1])
    small = book.view().read("invoice")
    assert not asked
    for name in ("FEW_ROWS", "FEW_FILES"):
        with monkeypatch.context() as context:
            context.setattr(book_view, name, 0)
            assert book.view().read("invoice").equals(small)
    assert len(asked) == 2


def test_the_law_catches_an_index_that_forgets_a_row_group(tmp_path, monkeypatch):
    """Planted bug: the greatest subject of a row group is taken to be the least of it."""
    book = Book.open(tmp_path / "book", calendar=HOME)
    book.append({"invoice": as_records([Invoice(f"E{at % 3}", "C1", "sale", at, at, 100, "valid") for at in range(9)])})
    book.compact("invoice")
    compare(book.view(), ["E1"], None)
    read_ends = book_index._read_ends

    def forgetful(*args):
        ends = read_ends(*args)
        return book_index.Ends(ends.metadata, tuple((first, first) for first, _ in ends.ranges))

    monkeypatch.setattr(book_index, "_read_ends", forgetful)
    with pytest.raises(AssertionError):
        compare(book.view(), ["E1"], None)


def test_the_law_catches_a_version_that_never_ends(tmp_path, monkeypatch):
    """Planted bug: what was said again does not end what was said before."""
    book = Book.open(tmp_path / "book", calendar=HOME)
    for status in ("valid", "void"):
        book.append({"invoice": as_records([Invoice("E1", "C1", "sale", 1, 10, 100, status, late=60 * (status == "void"))])})
    compare(book.view(), ["E1"], None)
    monkeypatch.setattr(book_versions, "find_until", lambda rows, _: np.full(rows.num_rows, 2**62))
    with pytest.raises(AssertionError):
        compare(book.view(), ["E1"], None)


def test_a_reader_sees_each_commit_of_another_at_once(tmp_path):
    """The folder of the log is looked at before Delta is asked: no commit may hide behind a clock that did not move on."""
    mine, theirs = (Book.open(tmp_path / "book", calendar=HOME) for _ in range(2))
    for at in range(30):
        theirs.append({"invoice": as_records([Invoice("E1", "C1", "sale", at, at, 100, "valid")])})
        assert mine.view().read("invoice", subjects=["E1"], columns=["seq"]).num_rows == at + 1


def test_files_are_listed_again_only_after_a_commit(tmp_path, monkeypatch):
    book = Book.open(tmp_path / "book", calendar=HOME)
    book.append({"invoice": as_records([Invoice("E1", "C1", "sale", 1, 1, 100, "valid")])})
    tables, listed = Tables(tmp_path / "book"), []
    list_files = book_tables._data_files
    monkeypatch.setattr(book_tables, "_data_files", lambda *args: (listed.append(args[1].name), list_files(*args))[1])
    assert [len(tables.files("invoice")) for _ in range(3)] == [1, 1, 1]
    assert listed == ["invoice"]
    book.append({"invoice": as_records([Invoice("E1", "C1", "sale", 2, 1, 100, "valid")])})
    listed.clear()
    assert [len(tables.files("invoice")) for _ in range(3)] == [2, 2, 2]
    assert listed == ["invoice"]
