"""The record book: what it takes, what it refuses, what it says at which time."""

import threading
from datetime import date

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weilend.core.calendars import Calendar
from weilend.core.errors import ConsentError, InputError, NotFoundError, SchemaError
from weilend.core.records import FAR_FUTURE, KINDS, Field, Kind
from weilend.engine import book as book_module
from weilend.engine.book import Book
from weilend.engine.book_schema import local_days

HOME = Calendar("Asia/Shanghai")
DAY = 86_400


def invoices(*rows, **columns):
    """Rows of (business, key, record, known_at) as a table of invoices; `columns` replaces whole columns."""
    business, key, record, known_at = ([row[place] for row in rows] for place in range(4))
    count = len(rows)
    table = {
        "business_id": pa.array(business, pa.string()),
        "counterparty_id": pa.array(["C1"] * count, pa.string()),
        "direction": pa.array(["sale"] * count, pa.string()),
        "number": pa.array(record, pa.string()),
        "net_fen": pa.array([100] * count, pa.int64()),
        "tax_fen": pa.array([13] * count, pa.int64()),
        "gross_fen": pa.array([113] * count, pa.int64()),
        "status": pa.array(["valid"] * count, pa.string()),
        "key": pa.array(key, pa.string()),
        "record_id": pa.array(record, pa.string()),
        "happened_at": pa.array([0] * count, pa.int64()),
        "known_at": pa.array(known_at, pa.int64()),
        "known_basis": pa.array(["observed"] * count, pa.string()),
        "source": pa.array(["test"] * count, pa.string()),
        "consent_id": pa.array(["own-data"] * count, pa.string()),
    }
    return pa.table({name: column for name, column in (table | columns).items() if column is not None})


def events(*keys):
    rows = invoices(*[("E1", key, key, 0) for key in keys])
    rows = rows.drop_columns(["counterparty_id", "direction", "number", "net_fen", "tax_fen", "gross_fen", "status"])
    rows = rows.append_column("event", pa.array(["registered"] * len(keys)))
    return rows.append_column("legal_form", pa.array(["company"] * len(keys)))


@pytest.fixture
def book(tmp_path):
    return Book.open(tmp_path / "book", calendar=HOME)


def versions(view, as_of=None, **kwargs):
    """(record, known_at, known_until) of what a view reads."""
    rows = view.read("invoice", as_of=as_of, columns=["record_id", "known_at", "known_until"], **kwargs)
    return [tuple(row.values()) for row in rows.to_pylist()]


def test_twice_is_once(book):
    rows = invoices(("E1", "k1", "a", 0), ("E2", "k2", "b", 5))
    assert book.append({"invoice": rows})["invoice"].fresh.tolist() == [True, True]
    again = book.append({"invoice": rows})["invoice"]
    assert (again.fresh.tolist(), again.accepted, again.duplicate) == ([False, False], 0, 2)
    assert (book.view().seq, book.view().read("invoice").num_rows) == (2, 2)


def test_two_equal_genuine_rows_survive(book):
    appended = book.append({"invoice": invoices(("E1", "first of two", "a", 0), ("E1", "second of two", "b", 0))})["invoice"]
    assert appended.accepted == 2
    rows = book.view().read("invoice", columns=["business_id", "net_fen"])
    assert rows.to_pylist() == [{"business_id": "E1", "net_fen": 100}] * 2


@pytest.mark.parametrize("compacted", [False, True])
def test_a_correction_is_seen_only_from_its_known_at(book, compacted):
    book.append({"invoice": invoices(("E1", "k", "valid", 10))})
    book.append({"invoice": invoices(("E1", "k", "void", 20))})
    if compacted:
        book.compact()
    view = book.view()
    assert [versions(view, as_of) for as_of in (9, 10, 19, 20)] == [
        [],
        [("valid", 10, 20)],
        [("valid", 10, 20)],
        [("void", 20, FAR_FUTURE)],
    ]


@pytest.mark.parametrize("compacted", [False, True])
def test_late_knowledge_slots_in_and_an_old_seq_does_not_see_it(book, compacted):
    book.append({"invoice": invoices(("E1", "k", "a", 10), ("E1", "k", "c", 30))})
    before = book.view().seq
    book.append({"invoice": invoices(("E1", "k", "b", 20))})
    if compacted:
        book.compact()
    assert versions(book.view()) == [("a", 10, 20), ("c", 30, FAR_FUTURE), ("b", 20, 30)]
    assert versions(book.view(before)) == [("a", 10, 30), ("c", 30, FAR_FUTURE)]
    assert versions(book.view(before), subjects=["E1"], as_of=25) == [("a", 10, 30)]


def test_versions_within_one_batch_and_one_second(book):
    rows = invoices(("E1", "k", "a", 10), ("E1", "k", "b", 10), ("E1", "k", "b", 15), ("E1", "k", "a", 20))
    assert book.append({"invoice": rows})["invoice"].fresh.tolist() == [True, True, False, True]
    assert versions(book.view()) == [("b", 10, 20), ("a", 20, FAR_FUTURE)]
    assert book.append({"invoice": rows})["invoice"].accepted == 0
    assert book.verify() == ()


def test_a_row_that_says_nothing_new_after_late_knowledge_is_ignored(book):
    book.append({"invoice": invoices(("E1", "k", "a", 20))})
    book.append({"invoice": invoices(("E1", "k", "a", 10))})
    assert versions(book.view()) == [("a", 10, FAR_FUTURE)]
    assert versions(book.view(1)) == [("a", 20, FAR_FUTURE)]
    book.compact()
    assert versions(book.view()) == [("a", 10, FAR_FUTURE)]
    assert versions(book.view(1)) == [("a", 20, FAR_FUTURE)]
    assert (book.stats()["invoice"].rows, book.stats()["invoice"].versions) == (2, 1)


def test_a_view_stays_what_it_was(book):
    book.append({"invoice": invoices(("E1", "k", "a", 10))})
    early, seen = book.view(), book.view()
    expected = seen.read("invoice")
    book.append({"invoice": invoices(("E1", "k", "b", 20), ("E2", "l", "c", 5))})
    book.compact()
    for view in (early, seen, book.view(early.seq)):  # the first opens its files only now
        assert view.read("invoice").equals(expected)
    assert book.view().read("invoice").num_rows == 3


def test_seq_is_one_order_over_all_kinds(book):
    book.append({"invoice": invoices(("E1", "k", "a", 0), ("E1", "l", "b", 0)), "registry_event": events("x", "y")})
    book.append({"registry_event": events("z")})
    view = book.view()
    seqs = [view.read(kind, columns=["seq"])["seq"].to_pylist() for kind in ("invoice", "registry_event")]
    assert seqs == [[1, 2], [3, 4, 5]]


def test_subjects_and_columns(book):
    book.append({"invoice": invoices(*[(f"E{n % 7}", f"k{n}", f"r{n}", 0) for n in range(50)])})
    book.append({"invoice": invoices(("E1'", "quote", "q", 0))})
    for _ in range(2):
        view = book.view()
        rows = view.read("invoice", subjects=["E1", "E3"], columns=["business_id", "key"])
        assert rows.column_names == ["business_id", "key"]
        assert set(rows["business_id"].to_pylist()) == {"E1", "E3"}
        assert rows.num_rows == 15 - 1
        assert view.read("invoice", subjects=["E1'"]).num_rows == 1
        assert view.read("invoice", subjects=[]).num_rows == 0
        assert view.read("invoice", subjects=["nobody"]).num_rows == 0
        book.compact()
    with pytest.raises(NotFoundError, match="no column amount"):
        view.read("invoice", columns=["amount"])
    with pytest.raises(NotFoundError, match="no kind of record 'merchant'"):
        view.read("merchant")


def test_sql_is_a_plain_scan_once_compacted(book):
    assert duckdb.sql(f"SELECT count(*) FROM {book.view().sql('invoice')}").fetchall() == [(0,)]
    book.append({"invoice": invoices(("E1", "k", "a", 10), ("E1", "k", "b", 20))})
    loose = book.view()
    assert "OVER" in loose.sql("invoice")
    assert not loose.is_settled("invoice")
    book.compact("invoice")
    plain = book.view()
    assert plain.is_settled("invoice")
    assert "OVER" not in plain.sql("invoice")
    assert "JOIN" not in plain.sql("invoice")
    spine = "(VALUES (15), (25)) s(as_of)"
    query = f"SELECT as_of, record_id FROM {spine} JOIN {{}} r ON r.known_at <= as_of AND r.known_until > as_of ORDER BY 1"
    for view in (loose, plain):
        assert duckdb.sql(query.format(view.sql("invoice"))).fetchall() == [(15, "a"), (25, "b")]
    assert "OVER" in book.view(1).sql("invoice")


def test_a_tail_after_compaction_is_resolved_with_what_was_compacted(book):
    book.append({"invoice": invoices(("E1", "k", "a", 10), ("E2", "l", "c", 10))})
    book.compact()
    book.append({"invoice": invoices(("E1", "k", "b", 20))})
    assert versions(book.view()) == [("a", 10, 20), ("b", 20, FAR_FUTURE), ("c", 10, FAR_FUTURE)]
    book.compact()
    assert book.view().is_settled("invoice")
    assert versions(book.view()) == [("a", 10, 20), ("b", 20, FAR_FUTURE), ("c", 10, FAR_FUTURE)]


def test_vacuum_leaves_what_is_there(book, tmp_path):
    for number in range(4):
        book.append({"invoice": invoices(("E1", f"k{number}", f"r{number}", 0))})
    book.compact(vacuum=True)
    assert len(list((tmp_path / "book" / "invoice").glob("*.parquet"))) == 1
    assert book.view().read("invoice").num_rows == 4
    assert book.view(2).read("invoice").num_rows == 2
    assert book.verify() == ()


WRONG = {
    "lacks the column net_fen": {"net_fen": None},
    "lacks the column consent_id": {"consent_id": None},
    "no column amount": {"amount": pa.array([1, 2])},
    "no column seq": {"seq": pa.array([1, 2])},
    "net_fen is double": {"net_fen": pa.array([1.5, 2.0])},
    "key is int64": {"key": pa.array([1, 2])},
    "has no net_fen": {"net_fen": pa.array([None, 2], pa.int64())},
    "has no business_id": {"business_id": pa.array(["E1", None])},
    "row 1 has an empty key": {"key": pa.array(["k", ""])},
    "net_fen above 10000000000000": {"net_fen": pa.array([1, 10**13 + 1])},
    "net_fen below": {"net_fen": pa.array([1, -(10**13) - 1])},
    "direction other than sale, purchase": {"direction": pa.array(["sale", "gift"])},
    "known_basis other than": {"known_basis": pa.array(["observed", "guessed"])},
    "row 1 is known before it happened": {"happened_at": pa.array([0, 21])},
    "known_at above": {"known_at": pa.array([1_577_808_000_000, 20])},
    "another happened_on than Asia/Shanghai": {"happened_on": pa.array([date(1970, 1, 1), date(1970, 1, 2)])},
    "does not fit int64": {"net_fen": pa.array([1, 2**63], pa.uint64())},
}


@pytest.mark.parametrize("sentence", WRONG)
def test_a_wrong_row_is_refused_and_nothing_is_written(book, sentence):
    good = {"registry_event": events("x")}
    with pytest.raises(SchemaError, match=sentence):
        book.append(good | {"invoice": invoices(("E1", "k", "a", 10), ("E1", "l", "b", 20), **WRONG[sentence])})
    assert (book.view().seq, book.view().read("registry_event").num_rows) == (0, 0)
    assert book.append(good)["registry_event"].accepted == 1


@pytest.mark.parametrize("consents", [["own-data", ""], ["own-data", None]])
def test_data_without_consent_is_refused(book, consents):
    rows = invoices(("E1", "k", "a", 10), ("E1", "l", "b", 20), consent_id=pa.array(consents))
    with pytest.raises(ConsentError, match=r"row 1 comes without a consent .*; 1 of 2 rows"):
        book.append({"invoice": rows})
    assert book.view().seq == 0


def test_other_arrow_types_of_the_same_sort_are_taken(book):
    rows = invoices(
        ("E1", "k", "a", 10),
        direction=pa.array(["sale"]).dictionary_encode(),
        number=pa.array(["1"], pa.large_string()),
        net_fen=pa.array([7], pa.int32()),
        counterparty_id=pa.nulls(1),
        happened_on=pa.array([date(1970, 1, 1)], pa.date32()),
    )
    assert book.append({"invoice": rows})["invoice"].accepted == 1
    row = book.view().read("invoice").to_pylist()[0]
    assert (row["direction"], row["net_fen"], row["counterparty_id"]) == ("sale", 7, None)


def test_an_empty_table_and_an_unknown_kind(book):
    assert book.append({"invoice": invoices()})["invoice"].fresh.tolist() == []
    assert book.append({}) == {}
    with pytest.raises(NotFoundError):
        book.append({"merchant": invoices()})


@given(
    st.sampled_from(["Asia/Shanghai", "UTC", "America/New_York", "Pacific/Apia", "Asia/Kathmandu", "America/Sao_Paulo"]),
    st.lists(st.integers(0, 3_000_000_000), max_size=40),
    st.booleans(),
)
def test_local_days_are_those_of_the_calendar(zone, instants, crowded):
    calendar = Calendar(zone)
    instants = [instant % (3 * DAY) + 1_325_100_000 if crowded else instant for instant in instants]
    days = local_days(np.array(instants, dtype=np.int64), calendar)
    assert [date.fromordinal(719_163 + int(day)) for day in days] == [calendar.day_of(instant) for instant in instants]


def test_opening(tmp_path):
    folder = tmp_path / "home" / "book"
    assert not Book.exists(folder)
    Book.open(folder, calendar=HOME).append({"invoice": invoices(("E1", "k", "a", 10))})
    assert Book.exists(folder)
    assert Book.open(folder, calendar=HOME).view().read("invoice").num_rows == 1
    with pytest.raises(InputError, match="keeps the days of Asia/Shanghai, not of UTC"):
        Book.open(folder, calendar=Calendar("UTC"))
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="is a file"):
        Book.open(tmp_path / "file", calendar=HOME)
    with pytest.raises(InputError, match="no seq 2 yet, it stands at 1"):
        Book.open(folder, calendar=HOME).view(2)


def test_a_lost_sequence_file_is_rebuilt(book, tmp_path):
    book.append({"invoice": invoices(("E1", "k", "a", 10)), "registry_event": events("x")})
    (tmp_path / "book" / "_seq").unlink()
    again = Book.open(tmp_path / "book", calendar=HOME)
    assert again.view().seq == 2
    again.append({"invoice": invoices(("E1", "l", "b", 10))})
    assert again.view().read("invoice", columns=["seq"])["seq"].to_pylist() == [1, 3]
    assert again.verify() == ()


def test_many_commits_pass_a_checkpoint_of_the_log(book, tmp_path):
    for number in range(34):
        book.append({"registry_event": events(f"k{number}")})
    assert list((tmp_path / "book" / "registry_event" / "_delta_log").glob("*.checkpoint*.parquet"))
    again = Book.open(tmp_path / "book", calendar=HOME)
    assert again.view().read("registry_event").num_rows == 34
    assert again.append({"registry_event": events("k7", "new")})["registry_event"].fresh.tolist() == [False, True]
    assert again.verify() == ()


def test_a_kind_may_get_a_nullable_field_later(book, monkeypatch):
    book.append({"registry_event": events("old")})
    old = KINDS["registry_event"]
    wider = Kind(old.name, old.subjects, (*old.fields, Field("district", "text")), old.about)
    monkeypatch.setitem(KINDS._things, "registry_event", wider)
    assert book.view().read("registry_event", columns=["district"])["district"].to_pylist() == [None]
    rows = events("new").append_column("district", pa.array(["Xihu"]))
    book.append({"registry_event": rows})
    for _ in range(2):
        assert book.view().read("registry_event", columns=["district"])["district"].to_pylist() == [None, "Xihu"]
        assert book.verify() == ()
        book.compact()


def test_threads_read_while_one_writes(book):
    book.append({"invoice": invoices(("E1", "k", "a", 10))})
    wrong = []

    def read():
        for _ in range(15):
            view = book.view()
            if view.read("invoice").num_rows != view.seq:
                wrong.append(view.seq)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(10):
        book.append({"invoice": invoices(("E2", f"k{number}", f"r{number}", 0))})
        if number % 4 == 3:
            book.compact()
    for reader in readers:
        reader.join()
    assert wrong == []


def write_badly(book, monkeypatch, rows, tamper):
    """Append past the checks, with rows changed after they were numbered."""
    numbered = book_module._numbered
    monkeypatch.setattr(book_module, "_numbered", lambda *args: tamper(numbered(*args)))
    monkeypatch.setattr(book_module, "select_fresh", lambda *_, **__: "SELECT place FROM given")
    book.append({"invoice": rows})
    monkeypatch.undo()


def replaced(**columns):
    def tamper(table):
        for name, column in columns.items():
            place = table.column_names.index(name)
            table = table.set_column(place, name, pa.array(column, table.schema.field(name).type))
        return table

    return tamper


TAMPERED = {
    "numbers of the total order are given to more than one row": {"seq": [1, 1]},
    "but only 3 are given away": {"seq": [2, 9]},
    "records are doubled": {"key": ["k", "k"], "record_id": ["a", "a"], "known_at": [10, 10]},
    "keys are of more than one business_id": {"key": ["k", "k"], "business_id": ["E1", "E2"]},
    "record_ids have more than one key": {"record_id": ["same", "same"]},
    "rows were known before they happened": {"known_at": [-5, 20]},
    "rows come without a consent": {"consent_id": ["", "x"]},
    "rows lack a value that is never missing": {"net_fen": [None, 1]},
    "days have instants of another day": {"happened_on": [date(2020, 1, 1), date(1970, 1, 1)]},
    "rows have a known_until that compaction did not mean": {"known_until": [50, FAR_FUTURE]},
}


@pytest.mark.parametrize("sentence", TAMPERED)
def test_verify_finds_what_contradicts_itself(book, monkeypatch, sentence):
    book.append({"invoice": invoices(("E9", "sound", "sound", 10))})
    assert book.verify() == ()
    rows = invoices(("E1", "k", "a", 10), ("E1", "l", "b", 20))
    write_badly(book, monkeypatch, rows, replaced(**TAMPERED[sentence]))
    assert any(sentence in problem for problem in book.verify())


def test_verify_finds_a_lost_file(book, tmp_path):
    book.append({"invoice": invoices(("E1", "k", "a", 10))})
    next((tmp_path / "book" / "invoice").glob("*.parquet")).unlink()
    assert book.verify()[0].startswith("invoice: 1 files are gone")


def test_stats(book):
    book.append({"invoice": invoices(("E1", "k", "a", 10), ("E1", "k", "b", 20), ("E2", "l", "c", 5))})
    book.append({"invoice": invoices(("E3", "m", "d", 90), known_basis=pa.array(["reconstructed"]))})
    found = book.stats()["invoice"]
    assert (found.rows, found.versions, found.files, found.subjects) == (4, 4, 2, 3)
    assert (found.first_known_at, found.last_known_at, found.reconstructed_ppm) == (5, 90, 250_000)
    assert found.bytes > 0
