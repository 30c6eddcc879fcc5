"""The graph of a home: from the book's records, with what came after the generation, through kills and swaps."""

import msgspec
import pytest

from tests.fraud.graph_edges import DAY, EDGE_TYPES
from weilend.core.calendars import Calendar
from weilend.core.records import KINDS
from weilend.engine import Book
from weilend.fraud.graph import GraphShelf, Node, nightly, publish, query
from weilend.fraud.graph.edges import edges_of
from weilend.fraud.graph.graph import NEWEST
from weilend.testing.records import as_table

FRAME = {"known_basis": "observed", "source": "test", "consent_id": "own-data"}
AT = 100 * DAY


def row(kind, day, **said):
    fields = (*KINDS[kind].subjects, *(field.name for field in KINDS[kind].fields))
    return {**dict.fromkeys(fields), **FRAME, "happened_at": day * DAY, "known_at": day * DAY, **said}


def link(who, kind, what, role, day=90, from_kind="business"):
    return row("link", day, from_id=who, to_id=what, from_kind=from_kind, to_kind=kind, role=role)


def applicant(name, day=99):
    """What one applicant leaves: links, a sighting, an application."""
    return {
        "link": [
            link(f"B{name}", "owner", f"O{name}", "owns"),
            link(f"O{name}", "phone", "call", "emergency_contact", from_kind="owner"),
        ],
        "device_sighting": [
            row("device_sighting", day - 1, device_id="dev", owner_id=f"O{name}", wifi_id="net", occasion="apply")
        ],
        "application": [row("application", day, business_id=f"B{name}", application_id=f"A{name}", product="shop_loan")],
    }


def tables(facts):
    return {kind: as_table(KINDS[kind], rows) for kind, rows in facts.items()}


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda _: None)  # only a power cut asks for it
    book = Book.open(tmp_path / "book", calendar=Calendar())
    for name in "abc":
        book.append(tables(applicant(name)))
    return book, GraphShelf(tmp_path / "graph", book.calendar)


def ask(shelf, view, name, *, as_of=AT, seq=NEWEST):
    return query(shelf.graph(view), Node("business", f"B{name}"), as_of=as_of, seq=seq)


def test_the_gang_is_seen_with_and_without_a_generation_and_in_a_preview(home):
    book, shelf = home
    before = ask(shelf, book.view(), "a")
    assert (before.status, len(before.members)) == ("alert", 2)
    assert shelf.catch_up(book) > 0 == shelf.catch_up(book)
    assert ask(shelf, book.view(), "a") == before
    fourth = book.preview(tables(applicant("d")))
    assert len(ask(shelf, fourth, "d").members) == 3
    assert ask(shelf, fourth, "d", seq=book.view().seq) == said_at(ask(shelf, fourth, "d"), book.view().seq)
    assert ask(shelf, book.view(), "d").status == "not_assessed"
    book.append(tables(applicant("d")))
    assert len(ask(shelf, book.view(), "d").members) == 3
    assert ask(shelf, book.view(), "a", seq=before_seq(book, 1)).status == "clear"
    after = ask(shelf, book.view(), "d")
    shelf.rebuild(book)
    assert ask(shelf, book.view(), "d") == after


def said_at(verdict, seq):
    return msgspec.structs.replace(verdict, seq=seq)


def before_seq(book, applicants):
    """The seq at which the book had so many applicants."""
    return applicants * (book.view().seq // 4)


class KilledError(Exception):
    """Stands for a kill."""


@pytest.mark.parametrize("step", ["built", "moved", "swapped"])
def test_a_kill_leaves_a_whole_graph(home, step):
    book, shelf = home
    shelf.rebuild(book)
    before = ask(shelf, book.view(), "a")
    book.append(tables(applicant("d")))

    def kill(at):
        if at == step:
            raise KilledError

    with pytest.raises(KilledError):
        GraphShelf(shelf.folder, book.calendar, hook=kill).rebuild(book)
    reader = GraphShelf(shelf.folder, book.calendar)
    assert len(ask(reader, book.view(), "d").members) == 3
    assert ask(reader, book.view(), "a", seq=before_seq(book, 3)).members == before.members
    assert reader.rebuild(book) > 0
    assert len(list((shelf.folder / "build").glob("gen-*"))) == 0
    assert len(list(shelf.folder.glob("gen-*"))) <= 2
    assert len(ask(reader, book.view(), "d").members) == 3


def test_profiles_of_a_night_go_into_the_book(home):
    book, shelf = home
    book.append(tables(applicant("d")))
    view = book.view()
    night = nightly(shelf.graph(view), as_of=AT, seq=view.seq)
    rows = publish(night, book_seq=view.seq, published_at=AT + 60, consent_id="own-data")
    done = book.append({"graph_profile": rows})["graph_profile"]
    assert done.accepted == 8
    assert book.append({"graph_profile": rows})["graph_profile"].duplicate == 8
    assert {one["ring_size_count"] for one in book.view().read("graph_profile", as_of=AT + 60).to_pylist()} == {4}
    assert book.view().read("graph_profile", as_of=AT).num_rows == 0


def test_every_type_of_edge_reads_columns_that_its_records_have(home):
    for type_ in EDGE_TYPES.values():
        for origin in type_.origins:
            there = {*KINDS[origin.record].subjects, *(field.name for field in KINDS[origin.record].fields)}
            named = [origin.from_, origin.to, origin.until, origin.amount, *(column for column, _, _ in origin.where)]
            assert {name for name in named if name} <= there
    book, _ = home
    assert {name for piece in edges_of(book.view(), book.calendar) for name in piece["type"].to_pylist()} == {
        "owner", "contact", "device", "wifi", "application",
    }  # fmt: skip
