"""A kill at any moment of append or compaction loses nothing that was acknowledged and doubles nothing; planted bugs are caught."""

import os
import random
import signal
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import pyarrow as pa
import pytest

from weilend.core.calendars import Calendar
from weilend.engine import book as book_module
from weilend.engine.book import Book
from weilend.engine.book_lock import Sequence
from weilend.engine.book_tables import Tables

HOME = Calendar()


class Killed(BaseException):
    """Stands for the end of the process: nothing may handle it."""


def batch(number):
    """Batch `number`: a new registration and a new decision, and a correction of the batch before."""
    rows = [(number, 0, 10 * number)] + [(number - 1, 1, 10 * number)] * (number > 0)
    frame = {
        "business_id": [f"E{of % 5}" for of, _, _ in rows],
        "key": [f"key {of}" for of, _, _ in rows],
        "record_id": [f"record {of} {version}" for of, version, _ in rows],
        "happened_at": [0] * len(rows),
        "known_at": [known_at for _, _, known_at in rows],
        "known_basis": ["observed"] * len(rows),
        "source": ["test"] * len(rows),
        "consent_id": ["own-data"] * len(rows),
    }
    event = {"event": ["registered"] * len(rows), "legal_form": ["company"] * len(rows)}
    outcome = {"outcome": ["default"] * len(rows)}
    return {"registry_event": pa.table(frame | event), "external_outcome": pa.table(frame | outcome)}


def expected(last):
    """What both kinds hold after the batches up to `last`: each row once."""
    rows = (batch(number)["registry_event"].select(["record_id", "known_at"]).to_pylist() for number in range(last + 1))
    return sorted(tuple(row.values()) for table in rows for row in table)


def held(view, kind):
    """Every row of a view, known_until aside: each row of these batches is in force for some time."""
    return sorted(tuple(row.values()) for row in view.read(kind, columns=["record_id", "known_at"]).to_pylist())


def check_whole(book, last):
    assert book.verify() == ()
    for kind in ("registry_event", "external_outcome"):
        assert held(book.view(), kind) == expected(last)


def work(book, numbers, acknowledge):
    for number in numbers:
        book.append(batch(number))
        acknowledge(number)
        if number % 3 == 2:
            book.compact(vacuum=number % 6 == 5)


@pytest.fixture
def disk_at_once(monkeypatch):
    """A kill leaves what was written to the kernel; only a power cut asks for fsync, and waiting for it takes minutes here."""
    monkeypatch.setattr("os.fsync", lambda _: None)


def run_killed_at(folder, step, last=2):
    """Work until the given step, die there, start again and finish; returns whether there was such a step."""
    steps, acknowledged = count(), []

    def hook(_):
        if next(steps) == step:
            raise Killed

    killed = False
    try:
        work(Book.open(folder, calendar=HOME, hook=hook), range(last + 1), acknowledged.append)
    except Killed:
        killed = True
    book = Book.open(folder, calendar=HOME)
    for kind in ("registry_event", "external_outcome"):
        assert set(expected(max(acknowledged, default=-1))) <= set(held(book.view(), kind))
    work(book, range(len(acknowledged), last + 1), acknowledged.append)
    check_whole(book, last)
    return killed


def read_at_every_step(folder, last=2):
    """Work with a reader that looks in at every step; afterwards it must see the same at each seq that it was given."""
    Book.open(folder, calendar=HOME)
    reader, seen = Book.open(folder, calendar=HOME), []

    def hook(_):
        view = reader.view()
        seen.append((view.seq, held(view, "external_outcome")))

    work(Book.open(folder, calendar=HOME, hook=hook), range(last + 1), lambda _: None)
    for seq, rows in seen:
        assert held(reader.view(seq), "external_outcome") == rows
    return len(seen)


def run_everywhere(folder, first=0):
    """Die at the first step, at the second, and so on, each time in a new book; returns how many steps there are."""
    return next(step for step in count(first) if not run_killed_at(folder / str(step), step))


def test_a_kill_at_any_step_loses_and_doubles_nothing(tmp_path, disk_at_once):
    assert run_everywhere(tmp_path) == 3 * 6 + 2 * 2  # three appends of six steps, the compaction of two kinds


def test_a_reader_at_any_step_keeps_what_it_saw(tmp_path, disk_at_once):
    assert read_at_every_step(tmp_path) == 3 * 6 + 2 * 2


def test_a_reader_catches_a_seq_that_may_be_read_before_it_is_there(tmp_path, disk_at_once, monkeypatch):
    write = book_module.write_sequence
    monkeypatch.setattr(book_module, "write_sequence", lambda folder, it: write(folder, Sequence(it.reserved, it.reserved)))
    with pytest.raises(AssertionError):
        read_at_every_step(tmp_path)


def dedupe_off(monkeypatch):
    monkeypatch.setattr(book_module, "select_fresh", lambda *_, **__: "SELECT place FROM given")


def overwrite_in_two_steps(monkeypatch):
    commit = Tables.commit

    def in_two(self, kind, added, *, overwrite, hook):
        if overwrite:
            commit(self, kind, [], overwrite=True, hook=hook)
        commit(self, kind, added, overwrite=False, hook=hook)

    monkeypatch.setattr(Tables, "commit", in_two)


@pytest.mark.parametrize(("plant", "first"), [(dedupe_off, 0), (overwrite_in_two_steps, 18)])
def test_the_same_test_catches_a_planted_bug(tmp_path, disk_at_once, monkeypatch, plant, first):
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        run_everywhere(tmp_path, first)


def test_numbers_that_are_not_reserved_are_caught(tmp_path, disk_at_once, monkeypatch):
    """Without a reservation on disk, a killed append's numbers are given again."""
    write = book_module.write_sequence

    def forgetful(folder, sequence):
        if sequence.committed == sequence.reserved:
            write(folder, sequence)

    monkeypatch.setattr(book_module, "write_sequence", forgetful)
    monkeypatch.setattr(Book, "_recover", lambda self, **_: book_module.read_sequence(self._folder) or Sequence())
    with pytest.raises(AssertionError):
        run_everywhere(tmp_path)


CHILD = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from test_book_crash import HOME, work
from weilend.engine.book import Book
book = Book.open(Path(sys.argv[1]), calendar=HOME)
print("ready", flush=True)
work(book, range(int(sys.argv[2]), 10**6), lambda number: print(number, flush=True))
"""


def start(folder, first):
    command = [sys.executable, "-c", CHILD, str(folder), str(first)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})


def kill_at_random(folder, chance, rounds):
    """Kill a writing process again and again; after each time everything that it acknowledged is there, once."""
    last = -1
    for _ in range(rounds):
        child = start(folder, last + 1)
        assert child.stdout.readline() == "ready\n"
        time.sleep(chance.uniform(0.0, 1.2))
        os.kill(child.pid, signal.SIGKILL)
        acknowledged = [int(line) for line in child.communicate()[0].split() if line.isdigit()]
        last = max([last, *acknowledged])
        book = Book.open(folder, calendar=HOME)
        for kind in ("registry_event", "external_outcome"):
            assert set(expected(last)) <= set(held(book.view(), kind)) <= set(expected(last + 1))
        last += 1
        book.append(batch(last))
        check_whole(book, last)
    return last


def test_kill_9_at_random_times(tmp_path):
    kill_at_random(tmp_path / "book", random.Random(20200101), rounds=3)


@pytest.mark.nightly
def test_kill_9_at_many_random_times(tmp_path):
    for seed in range(5):
        assert kill_at_random(tmp_path / str(seed), random.Random(seed), rounds=20) >= 20


BESIDE = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pathlib import Path
from test_book_crash import HOME, batch
from weilend.engine.book import Book
book = Book.open(Path(sys.argv[1]), calendar=HOME)
order = range(8) if sys.argv[2] == "up" else [*range(4, 8), *range(4)]
accepted = 0
for number in order:
    accepted += sum(appended.accepted for appended in book.append(batch(number)).values())
    if number == 3:
        book.compact()
print(accepted)
"""


def test_two_appenders_at_once_double_nothing(tmp_path):
    folder = tmp_path / "book"
    both = [
        subprocess.Popen([sys.executable, "-c", BESIDE, str(folder), way], stdout=subprocess.PIPE, text=True)
        for way in ("up", "later half first")
    ]
    accepted = [int(process.communicate()[0]) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert sum(accepted) == 2 * len(expected(7))
    check_whole(Book.open(folder, calendar=HOME), 7)
