"""In: a home; files and names of subjects. Out: lists changed, asked, previewed and measured. Used: as `weilend lists`.

Every change is a record first; the index follows. So a back-test sees the lists as they were, and whoever stands on one can be told
since when, why, and on whose word.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.csv as pc_csv
import pyarrow.parquet as pq

from weilend.app.desk.fraud.list_files import KEY, Said, check_file, record_tables
from weilend.app.desk.home import Home
from weilend.app.desk.privacy import tokens_of
from weilend.app.desk.progress import Tell, say_nothing
from weilend.core.errors import InputError, NotFoundError
from weilend.core.records import LIST_ENTRY, Field
from weilend.engine.book_schema import ARROW_TYPES
from weilend.engine.list_entries import applications_touched, count_entries, hits_by_source, standing_entries, waiting_entries
from weilend.fraud.generations import current
from weilend.fraud.lists import Entry, Lists, Precision, Shelf, Verdict
from weilend.fraud.lists.entries import COLUMNS, to_entry
from weilend.fraud.lists.layout import false_accept_rate
from weilend.fraud.lists.precision import measure_precision
from weilend.sources import PURPOSE_OF, identify

LISTS: Final = "lists"
#: What an export has of each entry: enough to import it again.
EXPORTED: Final = (
    "subject_id", "subject_kind", "list_name", "source", "reason", "case_id", "part", "amount_fen", "severity", "valid_until_on",
    "added_by",
)  # fmt: skip
_FIELDS: Final = {"subject_id": Field("subject_id", "text")} | {field.name: field for field in LIST_ENTRY.fields}
#: What waits for somebody: a proposal to be taken up, a dispute to be looked into.
WAITING: Final = ("proposed", "disputed")


class Imported(msgspec.Struct, frozen=True):
    """What an import did: rows read, entries that were new, entries that were there already."""

    rows: int
    accepted: int
    duplicate: int


class Preview(msgspec.Struct, frozen=True):
    """Who a list would hit among the applications of the book: how many of all, by their answer, and how many turned out bad."""

    entries: int
    applications: int
    businesses: int
    by_answer: dict[str, int]
    known: int
    bad: int


class Standing(msgspec.Struct, frozen=True):
    """How one subject stands: the verdict, and the full entry behind each hit, in the same order."""

    subject_id: str
    verdict: Verdict
    entries: tuple[Entry, ...]


def import_list(home: Home, path: Path, said: Said, *, at: int, tell: Tell = say_nothing) -> Imported:
    """Bring a csv or Parquet file of entries into the book and the index; raises what `check_file` raises, nothing changed."""
    of, rows, accepted = check_file(path, said, home.calendar.day_of(at)), 0, 0
    for table in record_tables(path, said, tokens=tokens_of(home), calendar=home.calendar, at=at):
        accepted += home.book.append({"list_entry": table})["list_entry"].accepted
        rows += table.num_rows
        tell("import entries", rows, of)
    shelf(home).catch_up(home.book)
    return Imported(rows, accepted, rows - accepted)


def export_list(home: Home, path: Path, *, as_of: int) -> int:
    """Write the entries in force at an instant as csv or Parquet, batch by batch, and return how many there were."""
    view, day = home.book.view(), home.calendar.day_of(as_of).isoformat()
    schema = pa.schema([(name, ARROW_TYPES[_FIELDS[name].type] if name in _FIELDS else pa.string()) for name in EXPORTED])
    rows = 0
    writer = pq.ParquetWriter(path, schema) if path.suffix == ".parquet" else pc_csv.CSVWriter(path, schema)
    with writer:
        for batch in standing_entries(view, as_of, day, EXPORTED):
            writer.write_batch(batch.cast(schema))
            rows += batch.num_rows
    return rows


def check_subject(
    home: Home, kind: str, subject: str, *, as_of: int, seq: int | None = None, is_token: bool = False
) -> Standing:
    """Return how a subject stands at an instant, each hit confirmed on its full entry; with `seq`, as the book knew up to there."""
    shelf(home).catch_up(home.book)
    lists = open_lists(home)
    subject_id = subject if is_token else hide(home, kind, subject)
    verdict = lists.find(kind, subject_id, as_of=as_of) if seq is None else lists.find(kind, subject_id, as_of=as_of, seq=seq)
    return Standing(subject_id, verdict, tuple(lists.explain(kind, subject_id, hit) for hit in verdict.hits))


def change_entries(
    home: Home, kind: str, subject: str, list_name: str, act: str, *, reason: str, by: str, at: int, is_token: bool = False
) -> tuple[Entry, ...]:
    """Say something new of every entry that a subject has on a list (disputed, removed, added again), and return what was there.

    Raises `NotFoundError` where the subject is not on that list, and `InputError` without a reason or a name.
    """
    if not reason.strip() or not by.strip():
        raise InputError("a change of a list needs a reason and a name", hint="give --reason and --by")
    subject_id = subject if is_token else hide(home, kind, subject)
    rows = home.book.view().read("list_entry", subjects=[subject_id], as_of=at, columns=COLUMNS).to_pylist()
    wanted = [row for row in rows if (row["subject_kind"], row["list_name"]) == (kind, list_name) and row["act"] != "removed"]
    there = tuple(to_entry(row, home.calendar) for row in wanted)
    if not there:
        raise NotFoundError(f"this {kind} is not on the list {list_name}", hint="see: weilend lists check")
    home.book.append({"list_entry": pa.concat_tables([_version(one, act, reason, by, at) for one in there])})
    shelf(home).catch_up(home.book)
    return there


def preview_list(home: Home, path: Path, said: Said, *, at: int) -> Preview:
    """Return whom a file of entries would hit among the applications of the book, and change nothing."""
    entries, found = check_file(path, said, home.calendar.day_of(at)), []
    view = home.book.view()
    for table in record_tables(path, said, tokens=tokens_of(home), calendar=home.calendar, at=at):
        found.append(applications_touched(view, table.select(["subject_kind", "subject_id"])))
    hit = pa.concat_tables(found).select(["application_id", "business_id", "outcome", "is_bad"]).to_pylist()
    by_id = {row["application_id"]: row for row in hit}
    answers = [row["outcome"] or "none yet" for row in by_id.values()]
    outcomes = [row["is_bad"] for row in by_id.values() if row["is_bad"] is not None]
    businesses = len({row["business_id"] for row in by_id.values()})
    by_answer = {answer: answers.count(answer) for answer in sorted(set(answers))}
    return Preview(entries, len(by_id), businesses, by_answer, len(outcomes), sum(outcomes))


def waiting(home: Home, *, as_of: int) -> tuple[Entry, ...]:
    """Return what waits for a reviewer, oldest first: proposals and disputes."""
    rows = waiting_entries(home.book.view(), as_of, COLUMNS, WAITING).to_pylist()
    return tuple(to_entry(row, home.calendar) for row in rows)


def list_sizes(home: Home, *, as_of: int) -> tuple[tuple[str, str, int, int], ...]:
    """Return list, source, entries in force and versions ever said, of each list and source."""
    counted = count_entries(home.book.view(), as_of, home.calendar.day_of(as_of).isoformat())
    return tuple((row["list_name"], row["source"], row["entries"], row["versions"]) for row in counted.to_pylist())


def index_sizes(home: Home) -> tuple[tuple[str, int, int, str, str], ...]:
    """Return of each part of the generation in force: meaning, subjects, hot bytes, bytes a subject, chance of a false accept."""
    shelf(home).catch_up(home.book)
    parts = open_lists(home).generation.parts
    return tuple(
        (
            meaning,
            part.heads,
            part.bytes_hot,
            f"{part.bytes_hot / max(part.heads, 1):.2f}",
            f"{false_accept_rate(part.heads, part.bits):.1e}",
        )
        for meaning, part in parts.items()
    )


def precision_by_source(home: Home) -> tuple[Precision, ...]:
    """Return how right each list and source was: its hits at applications, and how many were followed by a bad outcome."""
    rows = hits_by_source(home.book.view()).to_pylist()
    return tuple(measure_precision(row["list_name"], row["source"], row["hits"], row["known"], row["bad"]) for row in rows)


def rebuild_lists(home: Home) -> int:
    """Build a new generation of all that the book has, and return its rows."""
    return shelf(home).rebuild(home.book)


def forget_subject(home: Home, subject: str) -> None:
    """Take what the book erased of a subject out of the index, the forerunner of the generation in force included."""
    if current(home.folder / LISTS) is None:
        return
    if open_lists(home).knows(subject):
        rebuild_lists(home)
    shelf(home).forget_forerunners()


def shelf(home: Home) -> Shelf:
    """Return the shelf of a home's lists, as a writer has it."""
    return Shelf(home.folder / LISTS)


def open_lists(home: Home) -> Lists:
    """Return the lists of a home, as a reader has them."""
    return Lists(home.folder / LISTS, home.calendar)


def hide(home: Home, kind: str, subject: str) -> str:
    """Return the token of a clear identifier of a kind of subject; raises `InputError` for a kind that has none."""
    if kind not in PURPOSE_OF:
        raise InputError(f"a {kind} has no clear name", hint="give its identity with --token")
    return tokens_of(home).of(PURPOSE_OF[kind], subject)


def _version(one: Entry, act: str, reason: str, by: str, at: int) -> pa.Table:
    """Return the record of a new version of an entry: what it says besides stays as it was."""
    cells = {**msgspec.structs.asdict(one), "reason": reason, "added_by": by, "act": act}
    columns = {name: pa.array([cells[name]], ARROW_TYPES[field.type]) for name, field in _FIELDS.items()}
    key, record_id = identify("list_entry", {**columns, "source": pa.array([one.source])}, KEY)
    frame: dict[str, Any] = {"key": key, "record_id": record_id, "happened_at": [one.happened_at], "known_at": [at]}
    return pa.table({**columns, **frame, "known_basis": ["observed"], "source": [one.source], "consent_id": [one.consent_id]})
