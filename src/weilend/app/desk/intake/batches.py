"""In: paths, and batches as they are read. Out: which files belong together, and what each file gave, to be
shown. Used: by ingest.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.errors import SourceError
from weilend.sources import PROFILES, Accounting, Batch, Surveyed, explain, is_archive, survey, unpack_archive

_NO_RECORDS = "{}: a table that explains others and gives no records"
_ABOUT_FILES = frozenset({"reconciliation", "statement_balance"})


class Reading(msgspec.Struct, frozen=True):
    """Files of one source that are read together: a path, or the files of a folder that belong to one profile."""

    source: str
    path: Path | tuple[Path, ...]

    @property
    def files(self) -> tuple[Path, ...]:
        """The files, or the one path as it was given."""
        return self.path if isinstance(self.path, tuple) else (self.path,)


class Unread(msgspec.Struct, frozen=True):
    """A file that was not read, and why."""

    file: str
    why: str


class FileRead(msgspec.Struct, frozen=True, kw_only=True):
    """What a file gave: its source, where its rows went, records by kind, the days they cover, and what it says of itself.

    `held` counts checks that agree (running balances, sums), `failed` says each that does not, `noted` what agrees and should be
    known; `rejected` are quarantined rows, `accounts` whose statements there are (business and account).
    """

    file: str
    source: str
    rows_in: int
    accepted: int
    duplicate: int
    quarantined: int
    records: dict[str, int]
    since: date | None
    until: date | None
    held: int
    failed: tuple[str, ...]
    noted: tuple[str, ...] = ()
    rejected: tuple[int, ...] = ()
    accounts: tuple[tuple[str, str], ...] = ()


def plan_readings(paths: Sequence[Path], room: Path, profile: str | None) -> tuple[list[Reading], list[Unread]]:
    """Return which files are read together, as their first bytes and headers say, and which no source knows.

    A zip of files, given or within a given folder, is unpacked to a folder in `room`; one within a zip stays packed and unread.
    Tables of one profile in one folder belong together, for they may join each other. With `profile` a path is of that source.
    """
    if profile:
        return [Reading(profile, path) for path in paths], []
    together: dict[tuple[str, Path], list[Path]] = {}
    unread = []
    for one in _surveyed(paths, room):
        if one.source is None:
            unread.append(Unread(one.file.name, one.why))
        elif one.source:
            alone = one.file if one.source not in PROFILES else one.file.parent
            together.setdefault((one.source, alone), []).append(one.file)
    return [Reading(source, tuple(files)) for (source, _), files in together.items()], unread


def reason_of(file: str, why: str) -> str:
    """Return why a file was not read, to stand behind its name: the sentence need not say it again.

    >>> reason_of("a.zip", "a.zip: a.zip holds 9 files"), reason_of("a.csv", "no source knows a.csv. Hint: map its columns")
    ('it holds 9 files', 'no source knows it. Hint: map its columns')
    """
    plain = why.removeprefix(f"{file}: ")
    if plain.startswith(f"{file} "):
        return f"it{plain.removeprefix(file)}"
    return plain.replace(f" {file}", " it", 1)


def explain_paths(paths: Sequence[Path]) -> Iterator[str]:
    """Yield how each file would be read, as lines to print; raises `NotFoundError` for a path where nothing is."""
    with TemporaryDirectory() as room:
        for one in _surveyed(paths, Path(room)):
            try:
                yield from (line for sheet in explain(one.file) for line in sheet.lines())
            except SourceError as error:
                yield (
                    f"{one.file.name}: not read: {reason_of(one.file.name, str(error))}"
                    if one.source is None
                    else _NO_RECORDS.format(one.file.name)
                )


def _surveyed(paths: Sequence[Path], room: Path) -> Iterator[Surveyed]:
    """Yield every file with the source that knows it, those of zips in their place."""
    for path in paths:
        for one in survey(path):
            if one.source is None and is_archive(one.file):
                folder = room / str(len(list(room.iterdir())))
                try:
                    unpack_archive(one.file, folder)
                except SourceError as error:
                    yield Surveyed(one.file, None, str(error))
                else:
                    yield from survey(folder)
            else:
                yield one


def tell_file(file: str, source: str, batch: Batch, counted: Accounting) -> FileRead:
    """Return what one batch of a file gave."""
    days = [
        bound
        for kind, table in batch.records.items()
        if kind not in _ABOUT_FILES and table.num_rows
        for bound in pc.min_max(table["happened_on"]).as_py().values()
    ]
    facts = batch.records.get("reconciliation")
    rows = facts.to_pylist() if facts is not None else []
    return FileRead(
        file=file,
        source=source,
        rows_in=counted.rows_in,
        accepted=counted.accepted,
        duplicate=counted.duplicate,
        quarantined=counted.quarantined,
        records={kind: table.num_rows for kind, table in batch.records.items() if table.num_rows},
        since=min(days, default=None),
        until=max(days, default=None),
        held=sum(bool(row["holds"]) for row in rows),
        failed=tuple(_sentence(row) for row in rows if not row["holds"]),
        rejected=tuple(batch.rejects["file_row"].to_pylist()),
        accounts=accounts_in(batch.records),
    )


def accounts_in(records: Mapping[str, pa.Table]) -> tuple[tuple[str, str], ...]:
    """Return the business and account of every statement among records, each pair once.

    >>> accounts_in({})
    ()
    """
    statements = records.get("statement_balance")
    if statements is None:
        return ()
    return tuple(dict.fromkeys(zip(*(statements[name].to_pylist() for name in ("business_id", "account_id")), strict=True)))


def merge_files(parts: Iterable[FileRead]) -> tuple[FileRead, ...]:
    """Return what each file gave, where a long one came in several batches."""
    merged: dict[tuple[str, str], FileRead] = {}
    for part in parts:
        place = (part.source, part.file)
        merged[place] = _both(merged[place], part) if place in merged else part
    return tuple(merged.values())


def _both(one: FileRead, other: FileRead) -> FileRead:
    kinds = dict.fromkeys([*one.records, *other.records])
    return msgspec.structs.replace(
        one,
        rows_in=one.rows_in + other.rows_in,
        accepted=one.accepted + other.accepted,
        duplicate=one.duplicate + other.duplicate,
        quarantined=one.quarantined + other.quarantined,
        records={kind: one.records.get(kind, 0) + other.records.get(kind, 0) for kind in kinds},
        since=min((day for day in (one.since, other.since) if day), default=None),
        until=max((day for day in (one.until, other.until) if day), default=None),
        held=one.held + other.held,
        failed=one.failed + other.failed,
        rejected=one.rejected + other.rejected,
        accounts=tuple(dict.fromkeys((*one.accounts, *other.accounts))),
    )


def _sentence(row: dict[str, object]) -> str:
    figures = (
        f": {yuan_text(row['expected_fen'])} said, {yuan_text(row['found_fen'])} found"
        if row["expected_fen"] is not None
        else ""
    )
    return f"{row['check_name']} fails {row['failed_count']} of {row['checked_count']}{figures}"


def yuan_text(fen: object) -> str:
    """Return an amount in yuan, to be read.

    >>> yuan_text(-123456)
    '-1,234.56'
    """
    assert isinstance(fen, int)
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100:,}.{abs(fen) % 100:02}"
