"""In: a plan, a spine, a view of the book. Out: states, or what becomes of them. Used: for many subjects at once, on one machine.

DuckDB reads and judges the rows of a block of the spine, `groups` folds them; two blocks at a time, each on a thread of its own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import duckdb
import numpy as np

from weilend.core.calendars import Calendar
from weilend.core.plan import Ints, Plan, Spine, State
from weilend.core.records import KINDS, Kind
from weilend.engine.batch.blocks import Block, cut_spine, stack
from weilend.engine.batch.groups import group, nothing
from weilend.engine.batch.looks import Looks, find_looks
from weilend.engine.batch.passes import LOOK_PLACE, LOOK_SUBJECT, LOOKS, Dialect, Pass, make_passes, write_pass
from weilend.engine.batch.rows import see
from weilend.engine.batch.spills import Spill
from weilend.engine.book_tables import DataFile
from weilend.engine.book_versions import about, in_force, quote, scan
from weilend.engine.book_view import BookView

THREADS = 2
#: A block has so many spine rows at most and about so many records: enough that the work of arrays outweighs that of calling it,
#: few enough that the states of a thousand features fit (50 bytes a record and fold that keeps it).
BLOCK_ROWS, BLOCK_RECORDS = 8_192, 1_000_000
FEW_SUBJECTS = 200
#: Each thread has a database of its own, which keeps rows in their order; what does not fit goes to the temporary folder.
SETTINGS: dict[str, str | bool | int | float | list[str]] = {"threads": 1, "memory_limit": "700MB"}

DUCKDB = Dialect(name="duckdb", quote='"', day_no="CAST({date} - DATE '1970-01-01' AS INTEGER)")

Answer = TypeVar("Answer")
#: Makes an answer of the states of a block.
Finish = Callable[[Spine, Mapping[str, State]], Answer]


def fold(plan: Plan, spine: Spine, view: BookView, calendar: Calendar) -> dict[str, State]:
    """Fold a plan over a spine; same states as `engine.numpy.fold`, order of groups aside."""
    return stack(plan, fold_and_finish(plan, spine, view, calendar, lambda _, states: states))


def fold_and_finish(
    plan: Plan, spine: Spine, view: BookView, calendar: Calendar, finish: Finish[Answer]
) -> Iterator[tuple[Block, Answer]]:
    """Fold a plan over a spine block by block and yield each block with its answer; memory does not grow with the spine.

    `finish` is called on two threads, with the spine of a block and its states.
    """
    with TemporaryDirectory(prefix="weilend-") as folder, _read(plan, spine, view, calendar, Path(folder)) as reader:

        def work(number: int) -> tuple[Block, Answer]:
            block = reader.blocks[number]
            return block, finish(block.spine, reader.fold(number))

        if len(reader.blocks) == 1:
            yield work(0)
            return
        with ThreadPoolExecutor(THREADS) as pool:
            reader.spill(pool)
            yield from pool.map(work, range(len(reader.blocks)))


@contextmanager
def _read(plan: Plan, spine: Spine, view: BookView, calendar: Calendar, folder: Path) -> Iterator[_Reader]:
    """Open a reader, and close the databases that it opened."""
    reader = _Reader(make_passes(DUCKDB, plan.folds), spine, view, calendar, folder)
    try:
        yield reader
    finally:
        reader.close()


class _Reader:
    """Reads the passes of a plan for the blocks of a spine, on any thread."""

    def __init__(self, passes: tuple[Pass, ...], spine: Spine, view: BookView, calendar: Calendar, folder: Path) -> None:
        self._passes = passes
        self._spine = spine
        self._view = view
        self._calendar = calendar
        self._folder = folder
        self._local = threading.local()
        self._connections: list[duckdb.DuckDBPyConnection] = []
        self._spills: dict[str, Spill] = {}
        self.blocks = cut_spine(spine, self._count_records(), BLOCK_ROWS, BLOCK_RECORDS)

    def fold(self, number: int) -> dict[str, State]:
        """Return the states of a block."""
        states: dict[str, State] = {}
        looks = self._find_looks(self.blocks[number].spine)
        for one in self._passes:
            states |= self._fold(one, number, looks[_role(one)])
        return states

    def _fold(self, one: Pass, number: int, looks: Looks) -> dict[str, State]:
        if one.kind in self._spills:
            return group(one, see(self._spills[one.kind].read(number), looks))
        return group(one, see(self._read(one, looks).to_arrow_table(), looks)) if self._files(one, looks) else nothing(one)

    def spill(self, pool: ThreadPoolExecutor) -> None:
        """Deal out the rows of kinds that are about other subjects than those by which blocks are cut."""
        others = [one for one in self._passes if _role(one) != self._spine.role and self._view.files(one.kind)]
        self._spills = {one.kind: spill for one, spill in zip(others, pool.map(self._spill, others), strict=True)}

    def _spill(self, one: Pass) -> Spill:
        looks = find_looks(self._spine, _role(one), self._calendar)
        spill = Spill(self._folder / f"{one.kind}.arrow", looks, self.blocks)
        batches = self._read(one, looks).to_arrow_reader(BLOCK_RECORDS)
        spill.write(batches.schema, batches)
        return spill

    def _find_looks(self, spine: Spine) -> dict[str, Looks]:
        return {role: find_looks(spine, role, self._calendar) for role in {_role(one) for one in self._passes}}

    def _count_records(self) -> Ints:
        """Return how many records each spine row looks at, where all of them could be too many for a block."""
        records = np.zeros(self._spine.size, dtype=np.int64)
        files = [file for one in self._passes for file in self._view.files(one.kind)]
        if self._spine.size <= BLOCK_ROWS and sum(file.rows for file in files) * self._spine.size <= BLOCK_RECORDS:
            return records
        for role, looks in self._find_looks(self._spine).items():
            count = sum(self._count(one, looks) for one in self._passes if _role(one) == role)
            np.add.at(records, looks.row, np.repeat(count, np.diff(looks.start)))
        return records

    def _count(self, one: Pass, looks: Looks) -> Ints:
        """Return how many rows a kind has of each subject."""
        kind = KINDS[one.kind]
        stored = scan(kind, self._files(one, looks), seq=self._view.seq, where=_about(kind, looks))
        query = (
            f"SELECT {LOOK_PLACE}, count(*) AS records FROM ({stored}) JOIN {LOOKS} ON {_role(one)} = {LOOK_SUBJECT} GROUP BY 1"
        )
        answer = self._ask(query, looks).to_arrow_table()
        count = np.zeros(len(looks.subjects), dtype=np.int64)
        count[answer[LOOK_PLACE].to_numpy()] = answer["records"].to_numpy()
        return count

    def _read(self, one: Pass, looks: Looks) -> duckdb.DuckDBPyRelation:
        """Return the rows of a pass about the subjects of some looks."""
        kind = KINDS[one.kind]
        relation = in_force(kind, self._files(one, looks), seq=self._view.seq, where=_about(kind, looks))
        instants = (int(looks.as_of.min()), int(looks.as_of.max())) if len(looks.as_of) else (0, 0)
        return self._ask(write_pass(DUCKDB, one, relation, *instants), looks)

    def _files(self, one: Pass, looks: Looks) -> list[DataFile]:
        """Return the files of a kind that may have rows about the subjects of some looks."""
        first, last = _ends(looks)
        return [file for file in self._view.files(one.kind) if file.first_subject <= last and first <= file.last_subject]

    def _ask(self, query: str, looks: Looks) -> duckdb.DuckDBPyRelation:
        connection = self._connection()
        connection.register(LOOKS, looks.table())
        return connection.sql(query)

    def _connection(self) -> duckdb.DuckDBPyConnection:
        """Return the database of this thread."""
        if not hasattr(self._local, "connection"):
            self._local.connection = duckdb.connect(config=SETTINGS | {"temp_directory": str(self._folder / "spill")})
            self._local.connection.execute("SET GLOBAL parquet_metadata_cache = true")
            self._connections.append(self._local.connection)
        connection: duckdb.DuckDBPyConnection = self._local.connection
        return connection

    def close(self) -> None:
        """Close the databases of all threads."""
        for connection in self._connections:
            connection.close()


def _about(kind: Kind, looks: Looks) -> str:
    """Return the SQL condition by which row groups are left out: a few subjects by name, many by the stretch they lie in."""
    if len(looks.subjects) <= FEW_SUBJECTS:
        return about(kind, looks.subjects.to_pylist())
    first, last = _ends(looks)
    return f"{kind.subjects[0]} BETWEEN {quote(first)} AND {quote(last)}"


def _ends(looks: Looks) -> tuple[str, str]:
    names = looks.subjects
    return (names[0].as_py(), names[-1].as_py()) if len(names) else ("", "")


def _role(one: Pass) -> str:
    return KINDS[one.kind].subjects[0]
