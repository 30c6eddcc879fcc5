"""kill -9 at any moment of a commit: what was acknowledged is there, nothing is half there, and planted bugs are caught."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from store_examples import RECEIPTS_PER_COMMIT, make_commit

from weilend.store.store import Store

EXAMPLES = Path(__file__).parent / "store_examples.py"
STEPS = range(1, 49)  # a commit of three receipts asks less than 48 things of the database; so does making the tables


def problems_after(path: Path, acknowledged: list[str]) -> list[str]:
    """Look at a store after a crash from outside, by plain SQL, and then through its own eyes."""
    with Store.open(str(path)) as store:
        found = list(store.verify_chain())
    database = sqlite3.connect(path)
    intake = [row[0] for row in database.execute("SELECT request_id FROM intake")]
    found += [f"{request_id} was acknowledged and is lost" for request_id in acknowledged if request_id not in intake]
    for request_id in intake:
        for table in ("answer", "outbox"):
            count = database.execute(f"SELECT count(*) FROM {table} WHERE request_id = ?", (request_id,)).fetchone()[0]
            if count != RECEIPTS_PER_COMMIT:
                found.append(f"{request_id} is half there: {count} rows of {table}")
    receipts = database.execute("SELECT count(*) FROM receipt").fetchone()[0]
    if receipts != RECEIPTS_PER_COMMIT * len(intake):
        found.append(f"{receipts} receipts for {len(intake)} requests")
    database.close()
    return found


def kill_at_each(mode: str, folder: Path, kind: str, steps: range) -> None:
    numbers = [str(steps.start), str(steps.stop), str(steps.step)]
    subprocess.run([sys.executable, str(EXAMPLES), mode, str(folder), kind, *numbers], check=True)


def problems_at_each_step(folder: Path, kind: str, steps: range) -> list[str]:
    kill_at_each("steps", folder, kind, steps)
    found = []
    for step in steps:
        acknowledged = (folder / f"{step}.log").read_text().split()
        found += [f"step {step}: {problem}" for problem in problems_after(folder / f"{step}.db", acknowledged)]
    return found


def test_a_kill_at_any_step_leaves_all_or_nothing(tmp_path: Path) -> None:
    assert problems_at_each_step(tmp_path, "real", STEPS) == []
    acknowledged = [(tmp_path / f"{step}.log").read_text().split() for step in STEPS]
    assert [] in acknowledged, "no kill hit a commit"
    assert acknowledged[-1] == ["R1"], "a commit has more steps than were tried"


def test_intake_in_a_transaction_of_its_own_is_caught(tmp_path: Path) -> None:
    assert any("R1 is half there" in problem for problem in problems_at_each_step(tmp_path, "two_transactions", STEPS[::8]))


def test_an_answer_before_the_commit_is_caught(tmp_path: Path) -> None:
    assert any(
        "R1 was acknowledged and is lost" in problem for problem in problems_at_each_step(tmp_path, "answers_first", STEPS[::8])
    )


def kill_while_committing(path: Path, first: int, seconds: float) -> list[str]:
    """Kill a process some time after its first acknowledgement, and return what it acknowledged."""
    command = [sys.executable, str(EXAMPLES), "commit", str(path), "real", str(first), "100000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        head = process.stdout.readline()
        time.sleep(seconds)
        process.kill()
        return (head + process.stdout.read()).decode().split()


def test_kills_at_random_moments_lose_and_double_nothing(tmp_path: Path) -> None:
    path, chance, acknowledged = tmp_path / "store.db", random.Random(2), []
    for _ in range(6):
        acknowledged += kill_while_committing(path, len(acknowledged), chance.uniform(0, 0.15))
        assert problems_after(path, acknowledged) == []
    assert len(acknowledged) == len(set(acknowledged)) > 6


def test_a_kill_while_the_tables_are_made_leaves_a_store_or_nothing(tmp_path: Path) -> None:
    kill_at_each("opening", tmp_path, "real", STEPS[::6])
    for step in STEPS[::6]:
        with Store.open(str(tmp_path / f"{step}.db")) as store:
            assert len(store.commit(make_commit("R0"))) == RECEIPTS_PER_COMMIT
        assert problems_after(tmp_path / f"{step}.db", ["R0"]) == []


def test_many_processes_may_make_the_same_store_at_the_same_moment(tmp_path: Path) -> None:
    command = [sys.executable, str(EXAMPLES), "at_once", str(tmp_path), "real", "0", "6"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["[0, 0, 0, 0]"] * 6
    for step in range(6):
        assert problems_after(tmp_path / f"{step}.db", []) == []


def test_a_retry_after_a_crash_completes_once(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    acknowledged = kill_while_committing(path, 0, 0.05)
    with Store.open(str(path)) as store:
        for number in range(len(acknowledged) + 2):
            commit = make_commit(f"R{number}")
            assert store.commit(commit) == commit.receipts
    assert problems_after(path, [f"R{number}" for number in range(len(acknowledged) + 2)]) == []


@pytest.mark.parametrize("first_of_second", [0, 15])
def test_two_processes_at_once_take_turns(tmp_path: Path, first_of_second: int) -> None:
    path = tmp_path / "store.db"
    commands = [
        [sys.executable, str(EXAMPLES), "commit", str(path), "real", str(first), "30"] for first in (0, first_of_second)
    ]
    processes = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for command in commands]
    assert [process.wait(60) for process in processes] == [0, 0]
    names = [f"R{number}" for number in range(30 + first_of_second)]
    assert problems_after(path, names) == []
    with Store.open(str(path)) as store:
        assert len(list(store.receipts())) == RECEIPTS_PER_COMMIT * len(names)
