"""In: a view of the book. Out: what contradicts itself in it, and how much there is. Used: by verify and stats of book."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Final

import duckdb
import msgspec

from weilend.core.calendars import Calendar
from weilend.core.records import KINDS, Kind
from weilend.engine.book_versions import in_force, resolve, scan
from weilend.engine.book_view import BookView

#: What must find no row: a sentence, and SQL over {rows}, {resolved} and {force} with the columns of the kind.
_RULES: Final = (
    ("{count} seq are given twice", "SELECT seq FROM {rows} GROUP BY seq HAVING count(*) > 1"),
    ("{count} records are doubled", "SELECT 1 FROM {rows} GROUP BY {subject}, key, record_id, known_at HAVING count(*) > 1"),
    ("{count} keys are of more than one {subject}", "SELECT key FROM {rows} GROUP BY key HAVING count(DISTINCT {subject}) > 1"),
    ("{count} record_ids have more than one key", "SELECT 1 FROM {rows} GROUP BY record_id HAVING count(DISTINCT key) > 1"),
    ("{count} rows were known before they happened", "SELECT 1 FROM {rows} WHERE known_at < happened_at"),
    ("{count} rows come without a consent", "SELECT 1 FROM {rows} WHERE consent_id IS NULL OR consent_id = ''"),
    ("{count} rows lack a value that is never missing", "SELECT 1 FROM {rows} WHERE {never_null}"),
    (
        "{count} versions overlap the next one of their key",
        "SELECT 1 FROM {force} QUALIFY lead(known_at) OVER (PARTITION BY {subject}, key ORDER BY known_at, seq) < known_until",
    ),
    (
        "{count} rows have a known_until that compaction did not mean",
        "SELECT 1 FROM {settled} s JOIN {meant} m USING (seq) WHERE s.known_until <> m.known_until",
    ),
)


class KindStats(msgspec.Struct, frozen=True, kw_only=True):
    """How much there is of one kind; `reconstructed_ppm` is the share of rows that were handed over as history.

    >>> KindStats(rows=2, versions=2, files=1, bytes=9, subjects=1, first_known_at=0, last_known_at=1, reconstructed_ppm=0).rows
    2
    """

    rows: int
    versions: int
    files: int
    bytes: int
    subjects: int
    first_known_at: int
    last_known_at: int
    reconstructed_ppm: int


def measure(view: BookView, connection: duckdb.DuckDBPyConnection) -> dict[str, KindStats]:
    """Return the statistics of each kind of which a view has rows; `files` and `bytes` are those it reads."""
    return {name: stats for name in KINDS if (stats := _measure_kind(view, connection, KINDS[name])).rows}


def _measure_kind(view: BookView, connection: duckdb.DuckDBPyConnection, kind: Kind) -> KindStats:
    files = [file for file in view.files(kind.name) if file.first_seq <= view.seq]
    rows, subjects, first, last, reconstructed = connection.sql(
        f"""SELECT count(*), count(DISTINCT {kind.subjects[0]}), coalesce(min(known_at), 0), coalesce(max(known_at), 0),
        count(*) FILTER (known_basis = 'reconstructed') FROM ({scan(kind, files, seq=view.seq)})"""
    ).fetchall()[0]
    versions = connection.sql(f"SELECT count(*) FROM {view.sql(kind.name)}").fetchall()[0][0]
    return KindStats(
        rows=rows,
        versions=versions,
        files=len(files),
        bytes=sum(file.bytes for file in files),
        subjects=subjects,
        first_known_at=first,
        last_known_at=last,
        reconstructed_ppm=reconstructed * 1_000_000 // max(rows, 1),
    )


def find_problems(
    view: BookView, connection: duckdb.DuckDBPyConnection, calendar: Calendar, *, reserved: int
) -> tuple[str, ...]:
    """Return every contradiction in what a view reads; `reserved` is the last number given away."""
    problems = list(_number_problems(view, connection, reserved))
    for name in KINDS:
        if view.files(name):
            problems += [f"{name}: {problem}" for problem in _kind_problems(view, connection, KINDS[name], calendar)]
    return tuple(problems)


def _number_problems(view: BookView, connection: duckdb.DuckDBPyConnection, reserved: int) -> Iterator[str]:
    """Yield what is wrong with numbers across kinds."""
    kinds = [KINDS[name] for name in KINDS if all(Path(file.path).is_file() for file in view.files(name))]
    numbers = " UNION ALL ".join(f"SELECT seq FROM ({scan(kind, view.files(kind.name), seq=2**61)})" for kind in kinds)
    twice, last = connection.sql(f"SELECT count(*) - count(DISTINCT seq), coalesce(max(seq), 0) FROM ({numbers})").fetchall()[0]
    if twice:
        yield f"{twice} numbers of the total order are given to more than one row"
    if last > reserved:
        yield f"seq {last} is in the tables, but only {reserved} are given away"


def _kind_problems(view: BookView, connection: duckdb.DuckDBPyConnection, kind: Kind, calendar: Calendar) -> Iterator[str]:
    files = view.files(kind.name)
    lost = [file.path for file in files if not Path(file.path).is_file()]
    if lost:
        yield f"{len(lost)} files are gone, the first {lost[0]}"
        return
    stored = scan(kind, files, seq=2**61)
    held = connection.sql(f"SELECT count(*) FROM ({stored})").fetchall()[0][0]
    if held != sum(file.rows for file in files):
        yield f"the files hold {held} rows, the log says {sum(file.rows for file in files)}"
    for sentence, query in _RULES:
        count = connection.sql(f"SELECT count(*) FROM ({query.format(**_names(view, kind))})").fetchall()[0][0]
        if count:
            yield sentence.format(count=count, subject=kind.subjects[0])
    yield from _day_problems(connection, stored, calendar)


def _names(view: BookView, kind: Kind) -> dict[str, str]:
    """Return what the rules speak about, as SQL."""
    files = view.files(kind.name)
    settled = [file for file in files if file.settled]
    knew = max((file.last_seq for file in settled), default=0)
    open_again = [msgspec.structs.replace(file, settled=False) for file in settled]
    never_null = (kind.subjects[0], *(field.name for field in kind.fields if not field.nullable), "key", "record_id", "seq")
    return {
        "subject": kind.subjects[0],
        "rows": f"({scan(kind, files, seq=view.seq)})",
        "force": in_force(kind, files, seq=view.seq),
        "settled": f"({scan(kind, settled, seq=knew)})",
        "meant": f"({resolve(kind, open_again, seq=knew)})",
        "never_null": " OR ".join(f"{name} IS NULL" for name in never_null),
    }


def _day_problems(connection: duckdb.DuckDBPyConnection, stored: str, calendar: Calendar) -> Iterator[str]:
    """Yield when a day has an instant that lies outside of it."""
    days: list[tuple[date, int, int]] = connection.sql(
        f"SELECT happened_on, min(happened_at), max(happened_at) FROM ({stored}) GROUP BY 1 ORDER BY 1"
    ).fetchall()
    wrong = [day for day, first, last in days if first < calendar.start_of(day) or last > calendar.end_of(day)]
    if wrong:
        yield f"{len(wrong)} days have instants of another day, the first {wrong[0]}"
