"""In: raw files under a consent. Out: records in the book, rejects in quarantine, and where every row went. Used: by every door."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Unpack

import msgspec
import pyarrow.compute as pc

from weilend.app.desk.home import NETWORKS, Home
from weilend.app.desk.intake.batches import FileRead, Reading, Unread, merge_files, plan_readings, tell_file
from weilend.app.desk.intake.quarantine import ALL_ROWS, mark_mended, quarantine, waiting_rows
from weilend.app.desk.intake.statements import STATEMENT, compare_statements, without_known_statements
from weilend.app.desk.privacy import keep_clear, tokens_of
from weilend.app.desk.progress import Tell, say_nothing
from weilend.core.calendars import Calendar
from weilend.core.errors import InputError, SourceError
from weilend.core.records import KINDS
from weilend.engine.book import erasable
from weilend.sources import Accounting, Batch, Said, Tokens, account, add_up, detect, read_files
from weilend.sources.networks import open_networks
from weilend.store import Vault

_NOBODY = Tokens(bytes(32))  # for asking whether files can be read, before there is a home with a key


class Ingested(msgspec.Struct, frozen=True, kw_only=True):
    """What an intake of many files did: where rows went, what each file gave, and which files were not read and why.

    `together` is what several statements of one account say of each other, None where there are none.
    """

    counted: Accounting
    files: tuple[FileRead, ...]
    unread: tuple[Unread, ...]
    together: FileRead | None = None


def ingest(
    home: Home,
    path: Path,
    *,
    consent_id: str,
    at: int,
    profile: str | None = None,
    tell: Tell = say_nothing,
    **said: Unpack[Said],
) -> Accounting:
    """Read a file or folder of one source into the book, file by file; a file read twice changes nothing.

    Without `profile` the headers say which source it is. `at` is the instant (UTC seconds) at which quarantined rows are filed.
    """
    taken, files = [], []
    for counted, told in _take(home, Reading(profile or detect(path), path), consent_id=consent_id, at=at, said=said):
        taken.append(counted)
        files.append(told)
        tell("read files", len(taken), 0)
    _together(home, files, consent_id)
    home.book.compact()
    return add_up(taken)


def ingest_paths(
    home: Home,
    paths: Sequence[Path],
    *,
    consent_id: str,
    at: int,
    profile: str | None = None,
    tell: Tell = say_nothing,
    **said: Unpack[Said],
) -> Ingested:
    """Read files, folders and zips of mixed sources into the book; a file that cannot be read is told of and costs itself alone.

    Raises `InputError` where nothing at all could be read: then the reason of the first file.
    """
    counted, files = [], []
    refused: list[Unread] = []
    with TemporaryDirectory() as room:
        readings, unknown = plan_readings(paths, Path(room), profile)
        for reading in readings:
            try:
                for count, told in _take(home, reading, consent_id=consent_id, at=at, said=said):
                    counted.append(count)
                    files.append(told)
                    tell("read files", len(files), 0)
            except InputError as error:
                refused += [Unread(file.name, str(error)) for file in reading.files]
    unread = (*refused, *unknown)
    if not files:
        raise InputError(unread[0].why)
    together = _together(home, files, consent_id)
    home.book.compact()
    return Ingested(counted=add_up(counted), files=merge_files(files), unread=unread, together=together)


def _together(home: Home, files: Sequence[FileRead], consent_id: str) -> FileRead | None:
    """Compare the statements of every account that files told of with all others that the book knows of it."""
    return compare_statements(home, dict.fromkeys(one for told in files for one in told.accounts), consent_id=consent_id)


def retry_paths(
    home: Home, paths: Sequence[Path], *, consent_id: str, at: int, tell: Tell = say_nothing, **said: Unpack[Said]
) -> int:
    """Read files again, as a mended profile or a mended file now allows; returns how many rows left quarantine.

    A row leaves it when the file of its name has a row at its place that is not refused any more.
    """
    before = waiting_rows(home, ALL_ROWS)
    done = ingest_paths(home, paths, consent_id=consent_id, at=at, tell=tell, **said)
    return mark_mended(
        home, before, {one.file: set(range(1, one.rows_in + 1)) - set(one.rejected) for one in done.files}, at=at
    )


def check_readable(path: Path, *, consent_id: str, profile: str | None = None, **said: Unpack[Said]) -> None:
    """Raise what an intake would raise before it reads a row, so that wrong input makes no home and changes none.

    >>> check_readable(Path("no such folder"), consent_id="own-data")
    Traceback (most recent call last):
    weilend.core.errors.NotFoundError: there is no file or folder no such folder. Hint: check the path
    """
    read_files(profile or detect(path), path, calendar=Calendar(), consent_id=consent_id, **_by_nobody(said))


def check_paths(paths: Sequence[Path], *, consent_id: str, profile: str | None = None, **said: Unpack[Said]) -> None:
    """Raise where none of the files can be read, or the first reading that lacks a consent, a business or a shop."""
    with TemporaryDirectory() as room:
        readings, unread = plan_readings(paths, Path(room), profile)
        if not readings:
            raise InputError(unread[0].why if unread else f"{paths[0]} holds nothing but tables that explain others")
        for one in readings:
            read_files(one.source, one.path, calendar=Calendar(), consent_id=consent_id, **_by_nobody(said))


def _by_nobody(said: Said) -> Said:
    """Return what is said of files, with a keyed hash that hides nothing: no row is read with it."""
    return {"tokens": _NOBODY, **said}


def _take(home: Home, reading: Reading, *, consent_id: str, at: int, said: Said) -> Iterator[tuple[Accounting, FileRead]]:
    """Read files of one source into the book; yield what each batch of them gave."""
    told: Said = {"tokens": tokens_of(home), "networks": open_networks(home.folder / NETWORKS), **said}
    batches = read_files(reading.source, reading.path, calendar=home.calendar, consent_id=consent_id, **told)
    whose, file = said.get("business_id", ""), reading.files[0].name
    for batch in _read_ahead(batches):
        refuse_erased(home, batch)
        records, new = without_known_statements(home, batch.records)
        fresh = {kind: result.fresh for kind, result in home.book.append(records).items()}
        if STATEMENT in batch.records:
            new[new] = fresh.get(STATEMENT, new[:0])
            fresh[STATEMENT] = new
        quarantine(home, batch, whose=whose, at=at)
        keep_clear(home, whose, batch.clear, at=at)
        counted = account(batch, fresh)
        file = counted.files[0].file if counted.files else file  # what is said of a file as a whole has no row
        yield counted, tell_file(file, reading.source, batch, counted)


def refuse_erased(home: Home, batch: Batch) -> None:
    """Raise `SourceError` where records are of somebody who was erased: they must not come back by a second copy of a file."""
    erased = Vault(home.store.engine).erased()
    if not erased:
        return
    for kind, table in batch.records.items():
        for column in erasable(KINDS[kind]):
            back = set(pc.unique(table[column]).to_pylist()) & set(erased)
            if back:
                raise SourceError(
                    f"the file holds records of {', '.join(sorted(back))}, erased from this home",
                    hint="take them out of the file",
                )


def _read_ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """Read the next file while the last one is appended: one core hashes, the other writes."""
    with ThreadPoolExecutor(max_workers=1) as reader:
        waiting = reader.submit(next, batches, None)
        while batch := waiting.result():
            waiting = reader.submit(next, batches, None)
            yield batch
