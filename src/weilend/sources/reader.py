"""In: files and what is said of them. Out: `Batch`es of identified records with both clocks. Used: by the desk when data comes
in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Unpack

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.calendars import Calendar
from weilend.core.errors import SourceError
from weilend.sources.batch import Batch, join
from weilend.sources.catalogue import SOURCES, knowing, load
from weilend.sources.files.headers import Found, files_in, find, headers_of, refuse_hopeless
from weilend.sources.intake import Intake, Said
from weilend.sources.profile import PROFILES, Profile, record_columns
from weilend.sources.steps.scene import Facts
from weilend.sources.tables.batches import drawn_batches, unjoined
from weilend.sources.tables.collected import Collected
from weilend.sources.tables.folders import ask_for_tables, mains
from weilend.sources.tables.stacks import stacked_tables

_UNKNOWN_HINT: Final = "check that it is an exported file, or describe its columns in a profile (docs/howto/add-a-source.md)"


class Surveyed(msgspec.Struct, frozen=True):
    """A file and the source that knows it: "" for a table that only explains codes, None where no source does and `why` says so.

    >>> Surveyed(Path("a.csv"), "cmb_debit").why
    ''
    """

    file: Path
    source: str | None
    why: str = ""


def detect(path: Path) -> str:
    """Return the name of the source that knows the file at a path, or every file of a folder, by their first bytes and headers.

    Raises `SourceError` where none does.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "firms.csv").write_text("企业代号,企业名称\\nE1,***公司\\n", encoding="utf-8")
    >>> detect(folder)
    'cumcm2020c'
    """
    names = {name for file in files_in(path) for name in [source_of(file)] if name}
    if len(names) != 1:
        what = f"no source knows {path}" if not names else f"{path} holds files of {', '.join(sorted(names))}"
        raise SourceError(what, hint=_UNKNOWN_HINT)
    return names.pop()


def source_of(file: Path) -> str:
    """Return the name of the source that knows one file, "" where it is a reference of some profile and holds no records.

    Raises `SourceError` where none does.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = file.write_text("企业代号,企业名称\\nE1,***公司\\n", encoding="utf-8")
    >>> source_of(file)
    'cumcm2020c'
    """
    load()
    source = knowing(file)
    if source is not None:
        return source.name
    refuse_hopeless(file)
    found = find(file, [PROFILES[name] for name in PROFILES])
    if found:
        return found[0].profile.name
    headers = headers_of(file)
    if any(PROFILES[name].is_reference(header) for name in PROFILES for header in headers):
        return ""
    raise SourceError(f"no source knows {file.name}", hint=_UNKNOWN_HINT)


def survey(path: Path) -> tuple[Surveyed, ...]:
    """Return which source knows each file of a folder and its folders, or the one file: for folders of mixed files.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "firms.csv").write_text("企业代号,企业名称\\nE1,***公司\\n", encoding="utf-8")
    >>> _ = (folder / "notes.txt").write_text("hello", encoding="utf-8")
    >>> [(one.file.name, one.source) for one in survey(folder)]
    [('firms.csv', 'cumcm2020c'), ('notes.txt', None)]
    """
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else files_in(path)
    return tuple(_surveyed(file) for file in files)


def _surveyed(file: Path) -> Surveyed:
    try:
        return Surveyed(file, source_of(file))
    except SourceError as error:
        return Surveyed(file, None, str(error))


def read(profile: str | Profile, path: Path, *, calendar: Calendar, consent_id: str, **said: Unpack[Said]) -> Batch:
    """Return all records of a file, or of a folder's files, with the rows that were quarantined.

    Raises `ConsentError` without a consent, `NotFoundError` where there is nothing, `SourceError` for a file of another format,
    `InputError` where the format needs to be told whose the file is, or the key that hides names.

    >>> read("cumcm2020c", Path("."), calendar=Calendar(), consent_id="")
    Traceback (most recent call last):
    weilend.core.errors.ConsentError: data came without a consent. Hint: say under which consent it may be read
    """
    return join(tuple(read_files(profile, path, calendar=calendar, consent_id=consent_id, **said)))


def read_files(
    profile: str | Profile, path: Path | Sequence[Path], *, calendar: Calendar, consent_id: str, **said: Unpack[Said]
) -> Iterator[Batch]:
    """Yield batches, at least one a file, so that a caller may append and forget each; headers are checked before any file is
    read.

    `path` is a file, a folder, or the files that belong together.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "firms.csv").write_text("企业代号,企业名称\\nE1,***公司\\n", encoding="utf-8")
    >>> [batch.rows.num_rows for batch in read_files("cumcm2020c", folder, calendar=Calendar(), consent_id="own-data")]
    [1]
    """
    intake = Intake(calendar=calendar, consent_id=consent_id, **said)
    intake.consent()
    load()
    files = files_in(path) if isinstance(path, Path) else tuple(path)
    if isinstance(profile, str) and profile in SOURCES:
        return (SOURCES[profile].read(file, intake) for file in files)
    known = PROFILES[profile] if isinstance(profile, str) else profile
    matched = _matched(known, files)
    if not matched:
        raise SourceError(f"{path} holds no records of {known.name}", hint="give the file or folder with the records")
    if not mains(matched):
        raise SourceError(f"{files[0].parent} holds only tables that others of {known.name} join", hint="give the whole folder")
    ask_for_tables(known, matched)
    for found in mains(matched):
        _ask(found, intake)
    return _read_all(matched, intake)


def _read_all(matched: list[Found], intake: Intake) -> Iterator[Batch]:
    """Yield the records of all sheets; tables that others join are read first, and their rows that no row joins are quarantined."""
    wanted = {one.table for found in matched for one in found.layout.joins}
    first = [Collected(found, intake, {}) for found in matched if found.layout.name in wanted]
    ordered = {id(sheet): sheet.ordered() for sheet in first}
    joined = {name: _stacked([ordered[id(sheet)] for sheet in first if sheet.layout.name == name]) for name in wanted}
    joined = {name: facts for name, facts in joined.items() if facts}
    used: dict[str, list[pa.Array]] = {}
    early = {(sheet.found.file, sheet.found.sheet.name): sheet for sheet in first}
    for found in mains(matched):
        sheet = early.get((found.file, found.sheet.name)) or Collected(found, intake, joined)
        facts = ordered.pop(id(sheet), None) or sheet.ordered()
        for one in found.layout.joins:
            used.setdefault(one.table, []).append(pc.unique(facts[one.by]))
        yield from drawn_batches(sheet, facts)
    for sheet in first:
        if not sheet.layout.emits and sheet.layout.counted:
            yield unjoined(sheet, ordered[id(sheet)], used.get(sheet.layout.name, []))


def _stacked(parts: list[Facts]) -> Facts:
    """Return the facts of several files of one table as one."""
    return stacked_tables([pa.table(part) for part in parts]) if parts else {}


def _matched(profile: Profile, files: tuple[Path, ...]) -> list[Found]:
    matched = []
    for file in files:
        found = find(file, [profile])
        matched += found
        if not found and not any(profile.is_reference(header) for header in headers_of(file)):
            raise SourceError(f"{file.name} has the header of no table of {profile.name}", hint=_wanted(profile))
    return matched


def _wanted(profile: Profile) -> str:
    return "its tables begin with " + "; or ".join(", ".join(layout.written[:3]) for layout in profile.layouts)


def _ask(found: Found, intake: Intake) -> None:
    """Ask for what the file cannot say before any row is read."""
    what = f"{found.profile.en} ({found.profile.name})"
    facts = {column.fact for column in found.layout.columns}
    for emit in found.layout.emits:
        subject = record_columns(emit.kind)[0]
        if subject not in facts and subject not in emit.constants and subject not in emit.facts:
            if subject == "business_id":
                intake.business(what)
            if subject == "shop_id":
                intake.shop(what)
    if found.profile.secrets:
        intake.hide(what)
