"""In: raw files under a consent. Out: records in the book, rejects in quarantine, and where every row went. Used: by every door."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from weilend.app.desk.home import Home
from weilend.app.desk.progress import Tell, say_nothing
from weilend.core.calendars import Calendar
from weilend.sources import Accounting, Batch, account, add_up, detect, read_files
from weilend.store import QuarantinedRow


def ingest(
    home: Home, path: Path, *, consent_id: str, at: int, profile: str | None = None, tell: Tell = say_nothing
) -> Accounting:
    """Read a file or folder into the book, file by file; a file read twice changes nothing.

    Without `profile` the headers say which source it is. `at` is the instant (UTC seconds) at which quarantined rows are filed.
    """
    known = profile or detect(path)
    counted = []
    for number, batch in enumerate(_read_ahead(read_files(known, path, calendar=home.calendar, consent_id=consent_id))):
        appended = home.book.append(batch.records)
        quarantine(home, batch, at=at)
        counted.append(account(batch, {kind: result.fresh for kind, result in appended.items()}))
        tell("read files", number + 1, 0)
    home.book.compact()
    return add_up(counted)


def _read_ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Read the next file while the last one is appended: one core hashes, the other writes."""
    with ThreadPoolExecutor(max_workers=1) as reader:
        waiting = reader.submit(next, batches, None)
        while batch := waiting.result():
            waiting = reader.submit(next, batches, None)
            yield batch


def check_readable(path: Path, *, consent_id: str, profile: str | None = None) -> None:
    """Raise what `ingest` would raise before it reads a row, so that wrong input makes no home and changes none.

    >>> check_readable(Path("no such folder"), consent_id="own-data")
    Traceback (most recent call last):
    weilend.core.errors.NotFoundError: there is no file or folder no such folder. Hint: check the path
    """
    read_files(profile or detect(path), path, calendar=Calendar(), consent_id=consent_id)


def quarantine(home: Home, batch: Batch, *, at: int) -> int:
    """Keep the rows of a batch that could not be read; returns how many of them are new."""
    return home.store.put_quarantine([_quarantined(row) for row in batch.rejects.to_pylist()], at)


def _quarantined(row: dict[str, object]) -> QuarantinedRow:
    file_row = row["file_row"]
    assert isinstance(file_row, int)
    texts = {name: str(row[name]) for name in ("file", "reason", "en", "zh", "original")}
    return QuarantinedRow(row=file_row, **texts)
