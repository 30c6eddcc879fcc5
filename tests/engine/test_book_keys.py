"""The index of keys: with it or without, an append finds the same rows new."""

from hashlib import sha256

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weilend.core.calendars import Calendar
from weilend.engine import book as book_module
from weilend.engine import book_keys
from weilend.engine.book import Book
from weilend.engine.book_keys import KeyIndex

CONSTANT = {"event": "registered", "legal_form": "company", "known_basis": "observed", "source": "t", "consent_id": "c"}
ROW = st.tuples(st.sampled_from("EF"), st.integers(0, 5), st.sampled_from("ab"), st.integers(0, 4))
HISTORY = st.lists(st.tuples(st.lists(ROW, min_size=1, max_size=8), st.booleans()), min_size=1, max_size=4)


def key_of(number):
    return sha256(b"%d" % number).hexdigest()[:32]


def table_of(rows):
    return pa.table(
        {name: [text] * len(rows) for name, text in CONSTANT.items()}
        | {
            "business_id": [one[0] for one in rows],
            "key": [f"{key_of(one[1])}" for one in rows],
            "record_id": [f"{one[0]}{one[1]}{one[2]}" for one in rows],
            "happened_at": [0] * len(rows),
            "known_at": [one[3] for one in rows],
        }
    )


def fresh_rows(folder, history, many):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(book_module, "_MANY_ROWS", many)
        patch.setattr("os.fsync", lambda _: None)
        book = Book.open(folder, calendar=Calendar())
        found = []
        for rows, compacted in history:
            found.append(book.append({"registry_event": table_of(rows)})["registry_event"].fresh.tolist())
            if compacted:
                book.compact("registry_event")
        return found


def assert_same(tmp_path_factory, history):
    one, other = (fresh_rows(tmp_path_factory.mktemp("book"), history, many) for many in (1, 10**9))
    assert one == other


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(HISTORY)
def test_the_index_changes_no_answer(tmp_path_factory, history):
    assert_same(tmp_path_factory, history)


def test_an_index_that_forgets_a_file_would_be_caught(tmp_path_factory, monkeypatch):
    monkeypatch.setattr(book_keys.KeyIndex, "_found", lambda _index, _file, ranked, _rows: np.zeros(len(ranked), np.bool_))
    with pytest.raises(AssertionError):
        assert_same(tmp_path_factory, [([("E", 1, "a", 0)], False), ([("E", 1, "a", 0)], False)])


def test_an_index_that_leaves_no_marks_would_be_caught(tmp_path_factory, monkeypatch):
    monkeypatch.setattr(book_keys, "_places", lambda codes: np.arange(len(codes)) + np.random.randint(1 << 20))  # noqa: NPY002
    with pytest.raises(AssertionError):
        assert_same(tmp_path_factory, [([("E", 1, "a", 0)], False), ([("E", 1, "a", 0)], False)])


@pytest.mark.parametrize("keys", [["k", "l"], ["0" * 32, "l"], ["0" * 31 + "贷", "1" * 32]])
def test_keys_that_are_no_hashes_are_all_looked_for(keys):
    known, _ = KeyIndex().search((), pa.chunked_array([keys]))
    assert known.all()


def test_what_is_kept_in_mind_is_bounded(tmp_path, monkeypatch):
    monkeypatch.setattr(book_keys, "KEPT_KEYS", 5)
    monkeypatch.setattr(book_module, "_MANY_ROWS", 1)
    book = Book.open(tmp_path / "book", calendar=Calendar())
    for start in (0, 3, 6):
        rows = [("E", start + place, "a", 0) for place in range(3)]
        assert book.append({"registry_event": table_of(rows)})["registry_event"].accepted == 3
    again = [("E", place, "a", 0) for place in range(9)]
    assert book.append({"registry_event": table_of(again)})["registry_event"].duplicate == 9
    assert len(book._index._codes) == 1


def compacted_rows(folder, appends):
    """The rows of a compacted book in the order in which they lie in its file, and until when each is in force."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _: None)
        book = Book.open(folder, calendar=Calendar())
        for rows in appends:
            book.append({"registry_event": table_of(rows)})
        book.compact("registry_event")
        (file,) = book.view().files("registry_event")
    table = pq.read_table(file.path, columns=["business_id", "happened_at", "seq", "known_until"])
    return [tuple(row.values()) for row in table.to_pylist()]


def assert_compaction_sorts_and_resolves(tmp_path_factory, appends):
    """However rows came, they lie in order; and by the short way they are in force as long as by the long one."""
    rows = compacted_rows(tmp_path_factory.mktemp("book"), appends)
    assert rows == sorted(rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(KeyIndex, "each_once", lambda _index, _files: False)
        assert rows == compacted_rows(tmp_path_factory.mktemp("book"), appends)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.lists(ROW, min_size=1, max_size=8), min_size=1, max_size=4))
def test_compaction_by_the_short_way_is_compaction(tmp_path_factory, appends):
    assert_compaction_sorts_and_resolves(tmp_path_factory, appends)


def test_what_is_taken_for_ordered_and_is_not_would_be_caught(tmp_path_factory, monkeypatch):
    monkeypatch.setattr(book_module, "stand_in_order", lambda _kind, _files: True)
    with pytest.raises(AssertionError):
        assert_compaction_sorts_and_resolves(tmp_path_factory, [[("E", 1, "a", 0), ("F", 2, "a", 0)], [("E", 3, "a", 0)]])


def test_what_is_taken_for_said_once_and_is_not_would_be_caught(tmp_path_factory, monkeypatch):
    monkeypatch.setattr(KeyIndex, "each_once", lambda _index, _files: True)
    appends = [[("E", 1, "a", 0)], [("E", 1, "b", 3)]]
    wrong = compacted_rows(tmp_path_factory.mktemp("book"), appends)
    monkeypatch.undo()
    assert wrong != compacted_rows(tmp_path_factory.mktemp("book"), appends)
