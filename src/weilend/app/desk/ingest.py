"""In: raw files under a consent. Out: records in the book, rejects in quarantine, and where every row went. Used: by every door."""

from __future__ import annotations

from pathlib import Path

from weilend.app.desk.home import Home
from weilend.app.desk.progress import Tell, say_nothing
from weilend.core.calendars import Calendar
from weilend.sources import Accounting, account, add_up, detect, read_files
from weilend.store import QuarantinedRow


def ingest(
    home: Home, path: Path, *, consent_id: str, at: int, profile: str | None = None, tell: Tell = say_nothing
) -> Accounting:
    """Read a file or folder into the book, file by file; a file read twice changes nothing.

    Without `profile` the headers say which source it is. `at` is the instant (UTC seconds) at which quarantined rows are filed.
    """
    known = profile or detect(path)
    counted = []
    for number, batch in enumerate(read_files(known, path, calendar=home.calendar, consent_id=consent_id)):
        appended = home.book.append(batch.records)
        home.store.put_quarantine([_quarantined(row) for row in batch.rejects.to_pylist()], at)
        counted.append(account(batch, {kind: result.fresh for kind, result in appended.items()}))
        tell("read files", number + 1, 0)
    home.book.compact()
    return add_up(counted)


def check_readable(path: Path, *, consent_id: str, profile: str | None = None) -> None:
    """Raise what `ingest` would raise before it reads a row, so that wrong input makes no home and changes none.

    >>> check_readable(Path("no such folder"), consent_id="own-data")
    Traceback (most recent call last):
    weilend.core.errors.NotFoundError: there is no file or folder no such folder. Hint: check the path
    """
    read_files(profile or detect(path), path, calendar=Calendar(), consent_id=consent_id)


def _quarantined(row: dict[str, object]) -> QuarantinedRow:
    file_row = row["file_row"]
    assert isinstance(file_row, int)
    texts = {name: str(row[name]) for name in ("file", "reason", "en", "zh", "original")}
    return QuarantinedRow(row=file_row, **texts)
