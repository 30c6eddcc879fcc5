"""A kill at any moment of an add or a swap loses nothing that was acknowledged; readers always see something whole."""

import os
import random
import signal
import subprocess
import sys
import time
from itertools import count
from pathlib import Path

import pytest

from tests.fraud.conftest import HOME, World, entries_table, entry
from weilend.engine import Book
from weilend.fraud.generations import current
from weilend.fraud.lists import Lists, Shelf
from weilend.fraud.lists import shelf as shelf_module
from weilend.fraud.lists.delta import append_to, read_from

ROOT = Path(__file__).parents[2]


class Killed(BaseException):
    """Stands for the end of the process: nothing may handle it."""


def add(folder, book, number, hook=lambda _: None):
    book.append({"list_entry": entries_table([entry(f"s{number}")])})
    shelf = Shelf(folder / "lists", hook=hook)
    shelf.catch_up(book)
    if number % 2:
        shelf.rebuild(book)


def check_whole(folder, last):
    """After a restart everything is there, once."""
    book = Book.open(folder / "book", calendar=HOME)
    Shelf(folder / "lists").catch_up(book)
    lists = Lists(folder / "lists", HOME)
    for number in range(last + 1):
        assert len(lists.find("phone", f"s{number}", as_of=300).hits) == 1, number
    assert lists.find("phone", f"s{last + 1}", as_of=300).meaning == "none"


def run_killed_at(folder, step):
    """Add until the given step, die there, start again; returns whether there was such a step."""
    steps, done = count(), []

    def hook(_):
        if next(steps) == step:
            raise Killed

    book, killed = Book.open(folder / "book", calendar=HOME), False
    try:
        for number in range(2):
            add(folder, book, number, hook)
            done.append(number)
    except Killed:
        killed = True
        if done:  # whoever reads at this moment sees all that was acknowledged
            lists = Lists(folder / "lists", HOME)
            assert all(lists.find("phone", f"s{number}", as_of=300).hits for number in done)
    check_whole(folder, len(done) if killed else 1)
    return killed


STEPS = 2 * 5 + 2  # two generations of five steps, an entry in the log of two


@pytest.mark.parametrize("step", [1, 3, 5, 9])
def test_a_kill_between_steps_loses_nothing(tmp_path, monkeypatch, step):
    monkeypatch.setattr("os.fsync", lambda _: None)
    assert run_killed_at(tmp_path, step)


@pytest.mark.nightly
def test_a_kill_at_any_step_loses_nothing(tmp_path):
    assert next(step for step in count() if not run_killed_at(tmp_path / str(step), step)) == STEPS


def test_the_same_test_catches_a_log_that_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda _: None)
    monkeypatch.setattr(shelf_module, "append_to", lambda path, entries: None)
    with pytest.raises(AssertionError):
        run_killed_at(tmp_path, 7)


def test_a_torn_log_is_ignored_and_healed(tmp_path, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda _: None)
    world = World(tmp_path)
    world.say(entry("a"))
    world.say(entry("b"))
    world.say(entry("c"))
    log = current(tmp_path / "lists") / "delta.log"
    whole = log.read_bytes()
    for cut in range(0, len(whole), 97):
        log.write_bytes(whole[:cut])
        entries, end = read_from(log, 0)
        assert len(entries) < 2
        assert end <= cut
        world.shelf.catch_up(world.book)
        assert [one.subject_id for one in read_from(log, 0)[0]] == ["b", "c"]
        assert log.read_bytes() == whole
    for place in range(0, len(whole), 101):  # a flipped bit is found by the CRC, and what it hid comes back from the book
        log.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        world.shelf.catch_up(world.book)
        assert [one.subject_id for one in read_from(log, 0)[0]] == ["b", "c"]


def test_append_cuts_what_is_not_whole(tmp_path):
    log = tmp_path / "delta.log"
    log.write_bytes(b"\x05\x00\x00\x00torn")
    append_to(log, [])
    assert log.read_bytes() == b""


CHILD = """
import sys
from pathlib import Path
from tests.fraud.test_list_crash import add
from tests.fraud.conftest import HOME
from weilend.engine import Book
folder = Path(sys.argv[1])
book = Book.open(folder / "book", calendar=HOME)
for number in range(int(sys.argv[2]), 10_000):
    add(folder, book, number)
    print(number, flush=True)
"""


def kill_and_look(folder, kills, seed):
    """Let a process add and swap, kill it at a random moment, again and again; a reader that stays open never misses a thing."""
    rng, last = random.Random(seed), -1
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"}
    for _ in range(kills):
        command = [sys.executable, "-c", CHILD, str(folder), str(last + 1)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, cwd=ROOT) as child:
            first = child.stdout.readline()  # it has started
            time.sleep(rng.random() / 4)
            child.send_signal(signal.SIGKILL)
            told = [first, *child.stdout.readlines()]
        last = max([last, *(int(line) for line in told if line.endswith(b"\n"))])
        lists = Lists(folder / "lists", HOME)
        for number in range(last + 1):
            assert lists.find("phone", f"s{number}", as_of=300).hits, number
        book = Book.open(folder / "book", calendar=HOME)
        Shelf(folder / "lists").catch_up(book)
        there = book.view().read("list_entry", columns=["subject_id"])["subject_id"].to_pylist()
        assert len(there) == len(set(there))
        last = max(last, len(there) - 1)  # the last one may be there without having been acknowledged
        check_whole(folder, last)


def test_kill_nine(tmp_path):
    kill_and_look(tmp_path, 1, seed=1)


@pytest.mark.nightly
def test_kill_nine_often(tmp_path):
    kill_and_look(tmp_path, 60, seed=2)
