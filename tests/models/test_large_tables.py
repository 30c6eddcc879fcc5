"""A large table is read, sorted and searched for twins a column at a time; what comes out is what whole matrices gave."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weilend.core.ids import bytes_hash
from weilend.models.design import _repeats, design_sample
from weilend.models.flat import FlatColumn, Frame, Roles, code_table, read_frame
from weilend.models.flat.raw import read_arrays
from weilend.models.sample import Column
from weilend.models.table import NARROW, Table, canonical_order, narrow_down

CELLS = st.lists(st.tuples(*(st.integers(-2, 2) | st.none() for _ in range(3)), st.integers(0, 1)), max_size=30)
NAMES = ("b", "a", "c")


def tabled(rows) -> tuple[Table, np.ndarray]:
    values = np.array([[0 if cell is None else cell for cell in row[:3]] for row in rows], np.int64).reshape(len(rows), 3)
    known = np.array([[cell is not None for cell in row[:3]] for row in rows], np.bool_).reshape(len(rows), 3)
    return Table(NAMES, values, known, tuple(map(str, range(len(rows))))), np.array([row[3] for row in rows], np.int64)


def sorted_whole(table: Table, label: np.ndarray) -> np.ndarray:
    """How it was done with all keys at once."""
    ordered = table.select(sorted(table.names))
    keys = [column for pair in zip(ordered.values.T, ordered.known.T, strict=True) for column in pair]
    return np.lexsort([*keys, label][::-1])


@settings(max_examples=200, deadline=None)
@given(CELLS)
def test_rows_are_sorted_key_by_key_as_by_all_keys_at_once(rows) -> None:
    table, label = tabled(rows)
    assert canonical_order(table, label).tolist() == sorted_whole(table, label).tolist()


@settings(max_examples=100, deadline=None)
@given(CELLS)
def test_the_identity_is_the_hash_of_the_whole_sorted_matrix(rows) -> None:
    table, label = tabled(rows)
    ordered = table.select(sorted(table.names))
    matrix = np.concatenate([ordered.values, ordered.known.astype(np.int64), label[:, None]], axis=1)[
        sorted_whole(table, label)
    ]
    assert table.identity(label) == bytes_hash(b"a\nb\nc\0" + np.ascontiguousarray(matrix, dtype="<i8").tobytes())
    narrow = Table(table.names, narrow_down(table.values), table.known, table.ids)
    assert narrow.identity(label) == table.identity(label)  # half the room, the same content


def repeats(rows) -> list[int]:
    table, label = tabled(rows)
    facts = {name: (table.values[:, at], table.known[:, at]) for at, name in enumerate(table.names)}
    return _repeats(facts, np.arange(len(rows)), label).tolist()


@settings(max_examples=200, deadline=None)
@given(CELLS)
def test_repeats_are_the_rows_that_some_earlier_row_equals(rows) -> None:
    assert repeats(rows) == [at for at, row in enumerate(rows) if row in rows[:at]]


def test_a_key_that_two_rows_share_by_chance_makes_no_twins(monkeypatch) -> None:
    monkeypatch.setattr("weilend.models.design.row_keys", lambda names, columns, bad: np.zeros(len(bad), np.uint64))
    assert repeats([(1, 2, None, 0), (1, 2, 0, 0), (1, 2, None, 1), (1, 2, None, 0)]) == [3]


def test_numbers_are_kept_in_half_the_room_where_they_fit_and_whole_where_not() -> None:
    assert narrow_down(np.array([NARROW - 1, 1 - NARROW])).itemsize == 4
    for large in (NARROW, -NARROW, 1 << 53):
        kept = narrow_down(np.array([large, 1]))
        assert (kept.itemsize, kept.tolist()) == (8, [large, 1])
    one = FlatColumn(name="small", kind="number", values=narrow_down(np.array([1, 2])), known=np.ones(2, np.bool_))
    two = FlatColumn(name="large", kind="number", values=narrow_down(np.array([1, 1 << 40])), known=np.ones(2, np.bool_))
    both = code_table(Frame((one, two), 2), [Column(name="small"), Column(name="large")])
    assert both.values.tolist() == [[1, 1], [2, 1 << 40]]
    assert both.column("small")[0].dtype == np.int64


def test_columns_whose_names_begin_alike_are_not_mixed_up(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"grade.1": [1, 2], "grade": [3, 4], "grade.1.x": [5, 6]}), path)
    assert {name: array.to_pylist() for name, array in read_arrays(path)} == {
        "grade.1": [1, 2], "grade": [3, 4], "grade.1.x": [5, 6],
    }  # fmt: skip
    rows = tmp_path / "t.csv"
    rows.write_text("grade.1,grade\n1,3\n2,4\n", encoding="utf-8")
    assert {name: array.to_pylist() for name, array in read_arrays(rows)} == {"grade.1": ["1", "2"], "grade": ["3", "4"]}


def test_a_doubled_table_loses_its_second_half_and_keeps_its_order() -> None:
    dice, n = np.random.default_rng(1), 300
    there = np.ones(2 * n, np.bool_)
    drawn = [np.tile(dice.integers(0, 10**6, n), 2) for _ in range(4)]
    columns = [FlatColumn(name=f"x{at}", kind="number", values=narrow_down(one), known=there) for at, one in enumerate(drawn)]
    bad = FlatColumn(name="bad", kind="number", values=np.tile(np.arange(n) % 5 == 0, 2).astype(np.int64), known=there)
    design = design_sample(Frame((*columns, bad), 2 * n), Roles(label="bad"), seed=1)
    assert design.row.tolist() == list(range(n))


MEASURED = """
import sys
from pathlib import Path
from weilend.models.design import design_sample
from weilend.models.flat import Roles, read_frame

def told(name):  # of this program alone: what the system adds up for a process remembers who started it
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(name))

alone = told("VmRSS")
design = design_sample(read_frame(Path(sys.argv[1])), Roles(label="bad"), seed=1)
design.sample.table.identity(design.sample.bad)
print(told("VmHWM") - alone, design.sample.table.values.nbytes // 1024)
"""


def test_reading_designing_and_hashing_take_less_than_six_times_the_rows(tmp_path: Path) -> None:
    """Once it was some twenty times: 6.0 GB for 200,000 rows of 300 columns."""
    if sys.platform != "linux":
        pytest.skip("only Linux tells the peak of a program in /proc")
    dice, rows = np.random.default_rng(1), 40_000
    table = {f"x{at}": dice.normal(0, 10, rows).round(2) for at in range(150)} | {"bad": (np.arange(rows) % 9 == 0) + 0}
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table(table), path)
    done = subprocess.run([sys.executable, "-c", MEASURED, str(path)], capture_output=True, text=True, check=True)
    used, rows_alone = map(int, done.stdout.split())
    assert used < 6 * rows_alone


def test_what_is_read_is_what_a_whole_reading_gave(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,用途,rate\n1,经营,12.5%\n,消费,7%\n3,?,\n", encoding="utf-8")
    frame = read_frame(path)
    assert [column.texts() for column in frame.columns] == [["1", "", "3"], ["经营", "消费", ""], ["12.5", "7", ""]]
