"""In: a view of the book. Out: its list entries in batches; who is hit, as DuckDB finds it; applications that entries would hit.
Used: by fraud and the desk.

The newest version of an entry (by known_at, then seq) of those known at an instant says how it stands; `added` and `disputed` are
in force from `happened_at` to the end of `valid_until_on`. That is what the index answers too, and a law compares the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Final

import duckdb
import pyarrow as pa

from weilend.core.records import KINDS
from weilend.engine.book_versions import scan
from weilend.engine.book_view import BookView

KIND: Final = "list_entry"
THREADS: Final = 2
MEMORY: Final = "350MB"
BATCH_ROWS: Final = 65_536

_VERSIONS: Final = """SELECT a.place, r.* FROM asked AS a JOIN ({rows}) AS r
    ON r.subject_kind = a.subject_kind AND r.subject_id = a.subject_id AND r.known_at <= a.as_of
    QUALIFY row_number() OVER (PARTITION BY a.place, r.key ORDER BY r.known_at DESC, r.seq DESC) = 1"""
_HOLDS: Final = """r.act IN ('added', 'disputed') AND r.happened_at <= a.as_of
    AND (r.valid_until_on IS NULL OR r.valid_until_on >= a.as_of_on)"""

#: What applications touch: the business itself, what it was linked to, and what its owners were linked to, by links in force then.
_LINKED: Final = (
    "{one}.known_at <= p.known_at AND {one}.known_until > p.known_at"
    " AND ({one}.valid_until_on IS NULL OR {one}.valid_until_on >= p.happened_on)"
)
_TOUCHED: Final = f"""SELECT p.application_id, p.business_id, p.known_at AS as_of, p.happened_on AS as_of_on,
        'business' AS subject_kind, p.business_id AS subject_id FROM p
    UNION SELECT p.application_id, p.business_id, p.known_at, p.happened_on, l.to_kind, l.to_id
    FROM p JOIN ({{links}}) AS l ON l.from_id = p.business_id AND {_LINKED.format(one="l")}
    UNION SELECT p.application_id, p.business_id, p.known_at, p.happened_on, m.to_kind, m.to_id
    FROM p JOIN ({{links}}) AS l ON l.from_id = p.business_id AND l.to_kind = 'owner' AND {_LINKED.format(one="l")}
    JOIN ({{links}}) AS m ON m.from_id = l.to_id AND {_LINKED.format(one="m")}"""


def entries_after(view: BookView, seq: int, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Yield every version of every list entry that a view reads above a seq, in batches of bounded size."""
    with _connect() as connection:
        rows = f"SELECT {', '.join(columns)} FROM ({_rows(view, seq)})"
        yield from connection.sql(rows).to_arrow_reader(BATCH_ROWS)


def match_entries(view: BookView, asked: pa.Table) -> pa.Table:
    """Return place, list_name, act, severity, source, key and seq of every entry that hits what is asked.

    `asked` has place, subject_kind, subject_id, as_of (UTC seconds) and as_of_on (the local day of it).
    """
    with _connect() as connection:
        connection.register("asked", asked)
        answer = f"""SELECT r.place, r.list_name, r.act, r.severity, r.source, r.key, r.seq
            FROM ({_VERSIONS.format(rows=_rows(view, -1))}) AS r JOIN asked AS a USING (place)
            WHERE {_HOLDS} ORDER BY r.place, r.seq"""
        return connection.sql(answer).to_arrow_table()


def standing_entries(view: BookView, as_of: int, as_of_on: str, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Yield the entries in force at an instant, in batches: what an export writes; `as_of_on` is the local day (YYYY-MM-DD)."""
    named = ", ".join(f"r.{name}" for name in columns)
    with _connect() as connection:
        rows = f"SELECT {named} FROM ({_newest(view, as_of)}) AS r, ({_instant(as_of, as_of_on)}) AS a WHERE {_HOLDS}"
        yield from connection.sql(rows).to_arrow_reader(BATCH_ROWS)


def waiting_entries(view: BookView, as_of: int, columns: Sequence[str], acts: Sequence[str]) -> pa.Table:
    """Return the entries whose newest version by an instant is one of some acts: what waits for a reviewer, oldest first."""
    words = ", ".join(f"'{act}'" for act in acts)
    with _connect() as connection:
        rows = f"SELECT {', '.join(columns)} FROM ({_newest(view, as_of)}) WHERE act IN ({words}) ORDER BY known_at, seq"
        return connection.sql(rows).to_arrow_table()


def count_entries(view: BookView, as_of: int, as_of_on: str) -> pa.Table:
    """Return, of each list and source, the entries in force at an instant and all versions ever said."""
    with _connect() as connection:
        return connection.sql(f"""WITH holds AS (SELECT r.list_name, r.source, count(*) AS entries
            FROM ({_newest(view, as_of)}) AS r, ({_instant(as_of, as_of_on)}) AS a WHERE {_HOLDS} GROUP BY ALL),
        said AS (SELECT list_name, source, count(*) AS versions FROM ({_rows(view, -1)}) WHERE known_at <= {as_of:d} GROUP BY ALL)
        SELECT list_name, source, coalesce(entries, 0) AS entries, versions FROM said LEFT JOIN holds USING (list_name, source)
        ORDER BY list_name, source""").to_arrow_table()


def applications_touched(view: BookView, candidates: pa.Table) -> pa.Table:
    """Return the applications that touch a candidate (subject_kind, subject_id), with the answer they had and what became of them.

    An application touches its business, and what that and its owners were linked to when it came in. `is_bad` is true
    where a reviewer
    confirmed fraud or a loan of the business was 90 days past due, written off or compensated later; None where nobody knows.
    """
    with _connect() as connection:
        connection.register("candidates", candidates)
        return connection.sql(f"""WITH {_applications(view)},
        hit AS (SELECT DISTINCT t.application_id, t.business_id, t.as_of, c.subject_kind, c.subject_id
            FROM touched AS t JOIN candidates AS c USING (subject_kind, subject_id))
        SELECT h.*, o.outcome, b.is_bad FROM hit AS h LEFT JOIN answered AS o USING (application_id)
            LEFT JOIN became AS b USING (application_id) ORDER BY ALL""").to_arrow_table()


def hits_by_source(view: BookView) -> pa.Table:
    """Return, of each list and source, how many applications its entries hit when they came in, and how many turned out how.

    Columns: list_name, source, hits, known (what became of them is known) and bad. An entry counts as it stood at the application.
    """
    with _connect() as connection:
        return connection.sql(f"""WITH {_applications(view)},
        asked AS (SELECT row_number() OVER () AS place, * FROM touched),
        found AS ({_VERSIONS.format(rows=_rows(view, -1))}),
        hit AS (SELECT DISTINCT r.list_name, r.source, a.application_id, a.business_id
            FROM found AS r JOIN asked AS a USING (place) WHERE {_HOLDS})
        SELECT list_name, source, count(*) AS hits, count(is_bad) AS known, count(*) FILTER (WHERE is_bad) AS bad
        FROM hit LEFT JOIN became USING (application_id) GROUP BY ALL ORDER BY list_name, source""").to_arrow_table()


@contextmanager
def _connect() -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection of bounded memory, which spills to a folder that goes with it."""
    with TemporaryDirectory(prefix="weilend-") as spill:
        limits: dict[str, str | bool | int | float | list[str]] = {
            "threads": THREADS,
            "memory_limit": MEMORY,
            "temp_directory": spill,
            "preserve_insertion_order": False,
        }
        with duckdb.connect(config=limits) as connection:
            yield connection


def _newest(view: BookView, as_of: int) -> str:
    """Return SQL for the versions that were the newest of their entries at an instant."""
    return f"SELECT * FROM {view.sql(KIND)} WHERE known_at <= {as_of:d} AND known_until > {as_of:d}"


def _instant(as_of: int, as_of_on: str) -> str:
    return f"SELECT {as_of:d} AS as_of, DATE '{as_of_on}' AS as_of_on"


def _applications(view: BookView) -> str:
    """Return SQL for applications, what they touch, how they were answered, and what became of their businesses afterwards."""
    return f"""p AS MATERIALIZED (SELECT * FROM {view.sql("application")} QUALIFY row_number() OVER
        (PARTITION BY application_id ORDER BY known_at, seq) = 1),
    touched AS MATERIALIZED ({_TOUCHED.format(links=view.sql("link"))}),
    answered AS (SELECT application_id, arg_max(outcome, seq) AS outcome FROM {view.sql("decision")} GROUP BY ALL),
    outcomes AS (SELECT business_id, known_at, is_fraud AS bad FROM {view.sql("review_outcome")} WHERE is_fraud IS NOT NULL
        UNION ALL SELECT business_id, known_at, dpd >= 90 OR state IN ('written_off', 'compensated') FROM {view.sql("loan_state")}
        UNION ALL SELECT business_id, known_at, outcome = 'default' FROM {view.sql("external_outcome")}),
    became AS (SELECT p.application_id, bool_or(o.bad) AS is_bad FROM p JOIN outcomes AS o
        ON o.business_id = p.business_id AND o.known_at > p.known_at GROUP BY ALL)"""


def _rows(view: BookView, after: int) -> str:
    """Return SQL for the raw rows of list entries above a seq; files that end before it are not read."""
    files = [file for file in view.files(KIND) if file.preview or file.last_seq > after]
    return scan(KINDS[KIND], files, seq=view.seq, where=f"seq > {after:d}" if after >= 0 else "TRUE")
