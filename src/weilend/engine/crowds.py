"""In: a crowd, a view of the book. Out: how many share a thing, at an instant. Used: at an application, and by the nightly rebuild.

The state of a crowd is when each member was first said to belong (for a window: every instant at which it was). `rebuild` folds it
from all rows up to the view's seq and writes it in the order of groups, so that `count` at an application reads a few groups of
that index and the rows that came after it. Both read raw rows, superseded ones too: what was once seen stays seen.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from weilend.core.crowd import Crowd, CrowdAsked, CrowdCount, Side
from weilend.core.errors import BookError, NotFoundError
from weilend.core.records import KINDS, Kind
from weilend.engine.book_index import read_subjects
from weilend.engine.book_lock import replace_file
from weilend.engine.book_versions import quote, scan
from weilend.engine.book_view import BookView

THREADS = 2
GROUP_ROWS = 8_192  # small row groups: a group is found by the least and the greatest name in each
DAY_SECONDS = 86_400
FEW = 500  # up to so many groups are named in the query, so that the rest of an index is not read

#: Which part of a crowd's rows an instant allows: known and happened by then, and for a window not longer ago.
_THERE = "r.known_at <= a.as_of AND r.happened_at <= a.as_of"


def rebuild(crowd: Crowd, view: BookView, folder: Path) -> Path:
    """Fold a crowd from every row that a view reads, and write its index; returns the file, which says up to which seq it reads.

    A reader of an older index is not disturbed: the file is replaced whole.
    """
    with duckdb.connect(config={"threads": THREADS}) as connection:
        state = connection.sql(f"{_state(crowd, view, -1)} ORDER BY side, group_id, member, happened_at").to_arrow_table()
    marked = state.replace_schema_metadata({"crowd": crowd.name, "seq": str(view.seq)})
    sink = pa.BufferOutputStream()
    pq.write_table(marked, sink, compression="zstd", row_group_size=GROUP_ROWS)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{crowd.name}.parquet"
    replace_file(path, sink.getvalue().to_pybytes())
    return path


def index_seq(index: Path) -> int:
    """Return up to which seq of the book an index reads; raises `NotFoundError` where there is none."""
    if not index.is_file():
        raise NotFoundError(f"there is no index {index.name}", hint="rebuild the crowds of this home first")
    return int((pq.read_schema(index).metadata or {})[b"seq"])


def is_named(index: Path, subject: str) -> bool:
    """Return whether an index has a subject as a member or as what members share."""
    told = pq.read_table(index, columns=["member", "group_id"])
    return any(pc.any(pc.equal(told[name], subject)).as_py() for name in told.column_names)


def count(crowd: Crowd, asked: Sequence[tuple[str, int]], view: BookView, index: Path | None = None) -> tuple[CrowdCount, ...]:
    """Return the count of each (group, as_of in UTC seconds) that is asked for, over the days of the crowd; see `answer`."""
    seconds = crowd.days * DAY_SECONDS
    with open_counter((crowd,), view) as counter:
        return answer(crowd, [CrowdAsked(group, as_of, seconds) for group, as_of in asked], counter, index)


class Counter:
    """Counts some crowds over one view. What it has read of a kind about some subjects it does not read again."""

    def __init__(self, crowds: Iterable[Crowd], view: BookView, connection: duckdb.DuckDBPyConnection) -> None:
        self.view, self.connection = view, connection
        self._columns: dict[str, tuple[str, ...]] = {}
        for side in (crowd.of for crowd in crowds):
            self._columns[side.kind] = tuple(dict.fromkeys((*self._columns.get(side.kind, ()), *side.columns)))
        self._told: dict[tuple[str, tuple[str, ...]], pa.Table] = {}

    def told(self, name: str, subjects: tuple[str, ...]) -> pa.Table:
        """Return the rows of a kind about some first subjects: of few by the book's index, of many by one reading."""
        if (name, subjects) not in self._told:
            self._told[name, subjects] = self._read(KINDS[name], subjects, (*self._columns[name], "known_at", "happened_at"))
        return self._told[name, subjects]

    def _read(self, kind: Kind, subjects: Sequence[str], columns: Sequence[str]) -> pa.Table:
        files, seq = self.view.files(kind.name), self.view.seq
        if len(subjects) <= FEW:
            return read_subjects(kind, files, subjects, columns, seq)
        named = ", ".join(f'"{name}"' for name in dict.fromkeys((kind.subjects[0], *columns)))
        return self.connection.sql(f"SELECT {named} FROM ({scan(kind, files, seq=seq)})").to_arrow_table()


@contextmanager
def open_counter(crowds: Iterable[Crowd], view: BookView) -> Iterator[Counter]:
    """Yield what counts some crowds over a view."""
    with duckdb.connect(config={"threads": THREADS}) as connection:
        yield Counter(crowds, view, connection)


def answer(crowd: Crowd, asked: Sequence[CrowdAsked], counter: Counter, index: Path | None = None) -> tuple[CrowdCount, ...]:
    """Return the count that each question asks for, as the rows of the counter's view give it.

    With an index only the rows after it are read from the book: the answer is the same. Raises `BookError` where the index
    reads further than the view.
    """
    view, after = counter.view, -1 if index is None else index_seq(index)
    if after > view.seq:
        raise BookError(f"the index of {crowd.name} reads to {after}, the view to {view.seq}", hint="count without the index")
    if not asked:
        return ()
    groups = sorted({one.group for one in asked})
    counter.connection.register("asked", _questions(asked))
    counted = counter.connection.execute(_count(crowd, _rows_after(crowd, view, after, index, groups)))
    found = {place: CrowdCount(members, flagged) for place, members, flagged in counted.fetchall()}
    return tuple(found.get(place, CrowdCount(0, 0)) for place in range(len(asked)))


def _questions(asked: Sequence[CrowdAsked]) -> pa.Table:
    columns = {
        "place": pa.array(range(len(asked)), pa.int64()),
        "group_id": pa.array([one.group for one in asked], pa.string()),
        "as_of": pa.array([one.as_of for one in asked], pa.int64()),
        "seconds": pa.array([one.seconds for one in asked], pa.int64()),
        "without": pa.array([list(one.without) for one in asked], pa.list_(pa.string())),
    }
    return pa.table(columns)


def groups_of(crowd: Crowd, asked: Sequence[tuple[str, int]], counter: Counter) -> tuple[tuple[str, ...], ...]:
    """Return, for each first subject of the crowd's kind and each as_of (UTC seconds), the groups it was said to be in by then,
    sorted.
    """
    if not asked:
        return ()
    side, first = crowd.of, KINDS[crowd.of.kind].subjects[0]
    said = f'"{side.group}" IS NOT NULL AND ({side.where_sql["duckdb"]})'
    query = f"""SELECT DISTINCT a.place, r."{side.group}" FROM asked a JOIN (SELECT * FROM told WHERE {said}) r
        ON r.{first} = a.subject WHERE {_THERE} ORDER BY ALL"""
    found: list[list[str]] = [[] for _ in asked]
    counter.connection.register("asked", _subjects(asked))
    counter.connection.register("told", counter.told(side.kind, tuple(sorted({subject for subject, _ in asked}))))
    for place, group in counter.connection.execute(query).fetchall():
        found[place].append(group)
    return tuple(map(tuple, found))


def _subjects(asked: Sequence[tuple[str, int]]) -> pa.Table:
    subject, as_of = zip(*asked, strict=True)
    columns = {
        "place": pa.array(range(len(asked)), pa.int64()),
        "subject": pa.array(subject),
        "as_of": pa.array(as_of, pa.int64()),
    }
    return pa.table(columns)


def _rows_after(crowd: Crowd, view: BookView, after: int, index: Path | None, groups: list[str]) -> str:
    """Return SQL for the state of some groups: what the index holds and what came after it."""
    chosen = f"group_id IN ({', '.join(map(quote, groups))})" if len(groups) <= FEW and groups else "true"
    parts = [f"SELECT * FROM ({_state(crowd, view, after)}) WHERE side <> 'of' OR {chosen}"]
    if index is not None:
        held = f"SELECT side, group_id, member, known_at, happened_at FROM read_parquet({quote(str(index))})"
        parts += [f"{held} WHERE side = 'of' AND {chosen}", f"{held} WHERE side <> 'of'"]
    return " UNION ALL ".join(parts)


def _state(crowd: Crowd, view: BookView, after: int) -> str:
    """Return SQL for the state of a crowd over the rows of a view above a seq."""
    rows = " UNION ALL ".join(_side(name, side, view, after) for name, side in crowd.sides.items())
    if any(crowd.windows.values()):
        return f"SELECT DISTINCT side, group_id, member, known_at, happened_at FROM ({rows})"
    since = "min(greatest(known_at, happened_at))"
    return f"SELECT side, group_id, member, {since} AS known_at, {since} AS happened_at FROM ({rows}) GROUP BY ALL"


def _side(name: str, side: Side, view: BookView, after: int) -> str:
    kind = KINDS[side.kind]
    files = [file for file in view.files(side.kind) if file.preview or file.last_seq > after]
    group = f'"{side.group}"' if side.group else "''"
    there = f'{group} IS NOT NULL AND "{side.member}" IS NOT NULL AND seq > {after} AND ({side.where_sql["duckdb"]})'
    columns = f'{quote(name)} AS side, {group} AS group_id, "{side.member}" AS member, known_at, happened_at'
    return f"SELECT {columns} FROM ({scan(kind, files, seq=view.seq)}) WHERE {there}"


def _count(crowd: Crowd, rows: str) -> str:
    recent = "(a.seconds = 0 OR r.happened_at > a.as_of - a.seconds)"
    among = f"EXISTS ({_told('among')})" if crowd.among else "true"
    flagged = f"EXISTS ({_told('flagged')})" if crowd.flagged else "false"
    return f"""WITH r AS MATERIALIZED ({rows}),
together AS (SELECT DISTINCT a.place, a.as_of, r.member FROM asked a JOIN r ON r.group_id = a.group_id
    WHERE r.side = 'of' AND {_THERE} AND {recent} AND NOT list_contains(a.without, r.member))
SELECT place, count(*), count(*) FILTER (WHERE {flagged}) FROM together WHERE {among} GROUP BY place"""


def _told(side: str) -> str:
    """Return SQL for the rows by which another side speaks of a member that is there, at the instant that is asked for."""
    return (
        f"SELECT 1 FROM r AS t WHERE t.side = {quote(side)} AND t.member = together.member"
        " AND t.known_at <= together.as_of AND t.happened_at <= together.as_of"
    )
