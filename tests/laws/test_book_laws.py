"""The versions of the book against a plain model of them: any history, read at any (as_of, seq), compacted or not.

In the model a key is a list of rows, and every rule is a loop. The book is one and grows; each history has a business of its own.
"""

import random
from itertools import count

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from weilend.core.calendars import Calendar
from weilend.core.records import FAR_FUTURE
from weilend.engine import book as book_module
from weilend.engine.book import Book

NEW_BUSINESS = count()

#: (key, what it says, known_at): few of each, so that everything meets everything.
row = st.tuples(st.sampled_from("kl"), st.sampled_from("abc"), st.integers(0, 6))
history = st.lists(st.tuples(st.lists(row, min_size=1, max_size=6), st.booleans()), min_size=1, max_size=5)
LAWS = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.fixture(scope="module", autouse=True)
def _no_waiting_for_the_disk():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _: None)
        yield


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    return Book.open(tmp_path_factory.mktemp("laws") / "book", calendar=Calendar())


def registered(business, rows):
    keys, said, known = zip(*rows, strict=True)
    same = {name: [text] * len(rows) for name, text in CONSTANT.items()}
    return pa.table(
        {
            "business_id": [business] * len(rows),
            **same,
            "key": [f"{business} {key}" for key in keys],
            "record_id": [f"{business} {key} {text}" for key, text in zip(keys, said, strict=True)],
            "happened_at": [0] * len(rows),
            "known_at": list(known),
        }
    )


CONSTANT = {
    "event": "registered",
    "legal_form": "company",
    "known_basis": "observed",
    "source": "test",
    "consent_id": "own-data",
}


class Model:
    """What the book should say: rows as (key, says, known_at, seq)."""

    def __init__(self):
        self.rows = []

    def append(self, batch, first_seq):
        """Keep what says something new, number it, and return which rows that were."""
        there = {(key, says, at) for key, says, at, _ in self.rows}
        candidates = []
        for place, (key, says, at) in enumerate(batch):
            if (key, says, at) not in there:
                there.add((key, says, at))
                candidates.append((key, says, at, 10**9 + place))
        fresh = [self.says_something(candidate, candidates) for candidate in candidates]
        kept = [candidate for candidate, new in zip(candidates, fresh, strict=True) if new]
        self.rows += [(key, says, at, first_seq + n) for n, (key, says, at, _) in enumerate(kept)]
        return [10**9 + place in {seq for *_, seq in kept} for place in range(len(batch))]

    def says_something(self, candidate, candidates):
        line = sorted((at, seq, says) for key, says, at, seq in [*self.rows, *candidates] if key == candidate[0])
        place = [seq for _, seq, _ in line].index(candidate[3])
        if place == 0 or line[place - 1][2] != candidate[1]:
            return True
        return place + 1 < len(line) and line[place + 1][0] == candidate[2]

    def versions(self, seq, as_of=None):
        """Every version that is in force for some time, or at as_of, as (key, says, known_at, known_until)."""
        found = []
        for name in {key for key, *_ in self.rows}:
            line = sorted((at, number, says) for key, says, at, number in self.rows if key == name and number <= seq)
            spoken = [now for before, now in zip([None, *line], line, strict=False) if before is None or before[2] != now[2]]
            ends = [*(at for at, *_ in spoken), FAR_FUTURE][1:]
            found += [(name, says, at, end) for (at, _, says), end in zip(spoken, ends, strict=False) if at < end]
        return sorted(row for row in found if as_of is None or row[2] <= as_of < row[3])


def read(view, business, as_of=None, *, whole=False):
    table = view.read("registry_event", subjects=None if whole else [business], as_of=as_of)
    return sorted(
        (row["key"].split()[1], row["record_id"].split()[2], row["known_at"], row["known_until"])
        for row in table.to_pylist()
        if row["business_id"] == business
    )


def check(book, batches, seed):
    """Append a history, batch by batch, and compare whatever can be read on the way."""
    business, model, chance = f"E{next(NEW_BUSINESS)}", Model(), random.Random(seed)
    seqs = [book.view().seq]
    for batch, compact in batches:
        appended = book.append({"registry_event": registered(business, batch)})["registry_event"]
        assert appended.fresh.tolist() == model.append(batch, seqs[-1] + 1)
        assert book.append({"registry_event": registered(business, batch)})["registry_event"].accepted == 0
        seqs.append(book.view().seq)
        assert seqs[-1] == seqs[-2] + appended.accepted
        if compact:
            book.compact("registry_event")
        seq, as_of = chance.choice(seqs), chance.randrange(-1, 8)
        assert read(book.view(), business) == model.versions(seqs[-1])
        assert read(book.view(seq), business, as_of) == model.versions(seq, as_of)
    for as_of in (None, 3):
        seq = chance.choice(seqs)
        assert read(book.view(seq), business, as_of, whole=True) == model.versions(seq, as_of)


@given(history, st.integers(0, 99))
@LAWS
def test_the_book_says_what_the_model_says(book, batches, seed):
    check(book, batches, seed)


@given(st.lists(row, min_size=1, max_size=10, unique_by=(lambda it: (it[0], it[2]), lambda it: it[:2])), st.data())
@LAWS
def test_neither_batches_nor_their_order_matter_where_each_row_says_something_else(book, rows, data):
    model = Model()
    model.append(rows, 1)
    for permuted in (rows, data.draw(st.permutations(rows))):
        business = f"E{next(NEW_BUSINESS)}"
        while permuted:
            size = data.draw(st.integers(1, len(permuted)))
            book.append({"registry_event": registered(business, permuted[:size])})
            permuted = permuted[size:]
        assert read(book.view(), business) == model.versions(10**9)


def test_after_all_that_the_book_is_sound(book):
    assert book.verify() == ()


PLANTED = {
    "nothing is a duplicate": ("select_fresh", "SELECT place FROM given"),
    "only exact repetitions are duplicates": (
        "select_fresh",
        "SELECT min(place) AS place FROM given GROUP BY subject, key, record_id, known_at",
    ),
}


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_is_caught(tmp_path, monkeypatch, bug):
    name, query = PLANTED[bug]
    monkeypatch.setattr(book_module, name, lambda *_, **__: query)
    book = Book.open(tmp_path / "book", calendar=Calendar())
    with pytest.raises(AssertionError):
        check(book, [([("k", "a", 1), ("k", "a", 2)], False)], 0)


def test_a_compaction_that_trusts_what_it_wrote_is_caught(tmp_path, monkeypatch):
    """A view that takes the written known_until although later rows are there reads the future."""
    monkeypatch.setattr("weilend.engine.book_versions.is_settled", lambda files, seq: all(file.settled for file in files))
    book = Book.open(tmp_path / "book", calendar=Calendar())
    book.append({"registry_event": registered("E", [("k", "a", 1)])})
    book.append({"registry_event": registered("E", [("k", "b", 2)])})
    book.compact()
    assert read(book.view(1), "E") != [("k", "a", 1, FAR_FUTURE)]
    monkeypatch.undo()
    assert read(book.view(1), "E") == [("k", "a", 1, FAR_FUTURE)]
