"""In: raw files and a profile. Out: a `Batch` of identified records with both clocks. Used: by the desk when data comes in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.calendars import Calendar
from weilend.core.errors import ConsentError, SourceError
from weilend.core.records import KINDS, Kind
from weilend.core.values import Reason
from weilend.sources.batch import FACTS, REJECTS, Batch, Mask, Rows, join
from weilend.sources.clocks import days, instants
from weilend.sources.converters import CONVERTERS, REASONS
from weilend.sources.identity import identify
from weilend.sources.profile import PROFILES, Check, Emit, Layout, Profile, record_columns
from weilend.sources.tables import RawTable, files_in, header_of, read_table

Facts = dict[str, pa.Array]
_ARROW_TYPES = {"integer": pa.int64(), "text": pa.string(), "date": pa.date32(), "boolean": pa.bool_()}


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where records come from: what the frame of each says besides its clocks.

    >>> Origin(profile=PROFILES["cumcm2020c"], calendar=Calendar(), consent_id="own-data").profile.known_basis
    'reconstructed'
    """

    profile: Profile
    calendar: Calendar
    consent_id: str


def detect(path: Path) -> str:
    """Return the name of the profile that knows the file at a path, or every file of a folder, by their headers.

    Raises `SourceError` where none does.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "firms.csv").write_text("企业代号,企业名称\\nE1,***公司\\n", encoding="utf-8")
    >>> detect(folder)
    'cumcm2020c'
    """
    files = files_in(path)
    for name in PROFILES:
        try:
            if _matched(PROFILES[name], files):
                return name
        except SourceError:
            continue
    raise SourceError(f"no source knows {path}", hint=f"check that it is an exported file; known are {', '.join(PROFILES)}")


def read(profile: str | Profile, path: Path, *, calendar: Calendar, consent_id: str) -> Batch:
    """Return all records of a file, or of a folder's csv and parquet files, with the rows that were quarantined.

    Raises `ConsentError` without a consent, `NotFoundError` where there is nothing, `SourceError` for a file of another format.

    >>> read("cumcm2020c", Path("."), calendar=Calendar(), consent_id="")
    Traceback (most recent call last):
    weilend.core.errors.ConsentError: data came without a consent. Hint: say under which consent it may be read
    """
    return join(tuple(read_files(profile, path, calendar=calendar, consent_id=consent_id)))


def read_files(profile: str | Profile, path: Path, *, calendar: Calendar, consent_id: str) -> Iterator[Batch]:
    """Yield one batch a file, so that a caller may append and forget each; headers are checked before any file is read.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "firms.csv").write_text("企业代号,企业名称\\nE1,***公司\\n", encoding="utf-8")
    >>> [batch.rows.num_rows for batch in read_files("cumcm2020c", folder, calendar=Calendar(), consent_id="own-data")]
    [1]
    """
    if not consent_id.strip():
        raise ConsentError("data came without a consent", hint="say under which consent it may be read")
    known = PROFILES[profile] if isinstance(profile, str) else profile
    origin = Origin(profile=known, calendar=calendar, consent_id=consent_id)
    matched = _matched(known, files_in(path))
    if not matched:
        raise SourceError(f"{path} holds no records of {known.name}", hint="give the file or folder with the records")
    return (_read_file(file, layout, origin) for file, layout in matched)


def emit_records(emit: Emit, facts: Facts, origin: Origin) -> tuple[pa.Table, Rows]:
    """Return the records that one emit draws from facts, and the position of the fact row behind each.

    >>> profile = PROFILES["cumcm2020c"]
    >>> facts = {"business_id": pa.array(["E1", "E2"]), "legal_form": pa.array(["company", "other"])}
    >>> origin = Origin(profile=profile, calendar=Calendar(), consent_id="own-data")
    >>> table, rows = emit_records(profile.layout("firms").emits[0], facts, origin)
    >>> table["legal_form"].to_pylist(), rows.tolist()
    (['company', 'other'], [0, 1])
    """
    kept = _concerned(emit, facts, origin.calendar)
    rows = np.flatnonzero(kept)
    chosen = facts if kept.all() else {name: fact.filter(pa.array(kept)) for name, fact in facts.items()}
    kind = KINDS[emit.kind]
    happened_on = _days_of(emit, chosen, len(rows))
    columns = {name: _column(kind, name, emit, chosen, len(rows)) for name in record_columns(emit.kind)}
    columns["happened_on"] = pa.array(days(emit.happened, happened_on)).cast(pa.date32())
    columns["happened_at"] = pa.array(instants(emit.happened, happened_on, origin.calendar))
    columns["key"], columns["record_id"] = identify(emit.kind, columns, emit.key)
    columns["known_at"] = pa.array(instants(emit.known, happened_on, origin.calendar))
    columns["known_basis"] = _repeat(origin.profile.known_basis, len(rows))
    columns["source"] = _repeat(origin.profile.name, len(rows))
    columns["consent_id"] = _repeat(origin.consent_id, len(rows))
    return pa.table(columns), rows


class _Verdicts:
    """The first reason against each row, if any."""

    def __init__(self, rows: int) -> None:
        self._reason_of = np.full(rows, -1, np.int32)
        self._reasons: list[Reason] = []

    def add(self, bad: Mask, reason: Reason) -> None:
        """Note a reason against rows that have none yet."""
        if bad.any():
            self._reason_of[bad & (self._reason_of < 0)] = len(self._reasons)
            self._reasons.append(reason)

    def sound(self) -> Mask:
        """Return the rows that nothing was said against."""
        return self._reason_of < 0

    def reason(self, row: int) -> Reason:
        """Return the reason against a row."""
        return self._reasons[int(self._reason_of[row])]


def _matched(profile: Profile, files: tuple[Path, ...]) -> list[tuple[Path, Layout]]:
    matched = []
    for file in files:
        header = header_of(file, profile.encodings)
        layout = profile.match(header)
        if layout is not None:
            matched.append((file, layout))
        elif not profile.is_reference(header):
            raise SourceError(f"{file.name} has the header of no table of {profile.name}", hint=_wanted(profile))
    return matched


def _wanted(profile: Profile) -> str:
    return "its tables begin with " + "; or ".join(
        ", ".join(column.raw for column in layout.columns[:3]) for layout in profile.layouts
    )


def _read_file(file: Path, layout: Layout, origin: Origin) -> Batch:
    raw = read_table(file, origin.profile.encodings)
    facts, verdicts = _parse(raw, layout)
    sound = verdicts.sound()
    rows = np.flatnonzero(sound)
    kept = facts if sound.all() else {name: fact.filter(pa.array(sound)) for name, fact in facts.items()}
    records: dict[str, list[pa.Table]] = {}
    row_of: dict[str, list[Rows]] = {}
    for emit in layout.emits:
        table, positions = emit_records(emit, kept, origin)
        records.setdefault(emit.kind, []).append(table)
        row_of.setdefault(emit.kind, []).append(rows[positions])
    names = _repeat(file.name, raw.table.num_rows)
    business = facts.get("business_id", pa.nulls(len(names), pa.string()))
    return Batch(
        records={kind: pa.concat_tables(tables) for kind, tables in records.items()},
        row_of={kind: np.concatenate(parts) for kind, parts in row_of.items()},
        rejects=_rejects(file.name, raw, verdicts, np.flatnonzero(~sound)),
        rows=pa.table([names, business], schema=FACTS),
    )


def _parse(raw: RawTable, layout: Layout) -> tuple[Facts, _Verdicts]:
    verdicts = _Verdicts(raw.table.num_rows)
    torn = np.zeros(raw.table.num_rows, np.bool_)
    torn[list(raw.torn)] = True
    verdicts.add(torn, REASONS["torn_row"])
    facts: Facts = {}
    for column in layout.columns:
        cells = raw.table[column.raw].combine_chunks()
        facts[column.fact], faults = CONVERTERS[column.convert].parse(cells, column)
        for bad, code in faults:
            verdicts.add(bad, _about(REASONS[code], column.raw))
    for check in layout.checks:
        verdicts.add(_fails(check, facts), Reason(check.code, check.en, check.zh))
    return facts, verdicts


def _about(reason: Reason, column: str) -> Reason:
    return Reason(reason.code, reason.en.format(column=column), reason.zh.format(column=column))


def _fails(check: Check, facts: Facts) -> Mask:
    total = facts[check.total]
    for part in check.parts:
        total = pc.subtract(total, facts[part])
    mask: Mask = pc.fill_null(pc.not_equal(total, 0), fill_value=False).to_numpy(zero_copy_only=False)
    return mask


def _rejects(file: str, raw: RawTable, verdicts: _Verdicts, rows: Rows) -> pa.Table:
    originals = raw.table.take(pa.array(rows)).to_pylist()
    said = [verdicts.reason(int(row)) for row in rows]
    lines = [
        {"row": int(row), "file": file, "file_row": int(row) + 1, "reason": reason.code, "en": reason.en, "zh": reason.zh,
         "original": _as_json(raw.torn.get(int(row), original))}
        for row, reason, original in zip(rows, said, originals, strict=True)
    ]  # fmt: skip
    return pa.Table.from_pylist(lines, schema=REJECTS)


def _as_json(row: object) -> str:
    return msgspec.json.encode(row).decode()


def _concerned(emit: Emit, facts: Facts, calendar: Calendar) -> Mask:
    count = len(next(iter(facts.values())))
    mask = np.ones(count, np.bool_)
    if emit.when is not None:
        name, word = emit.when
        mask = pc.equal(facts[name], word).to_numpy(zero_copy_only=False)
    if emit.known_before is not None:
        happened_on = _days_of(emit, facts, count)
        mask = mask & (instants(emit.known, happened_on, calendar) < instants(emit.known_before, happened_on, calendar))
    return mask


def _days_of(emit: Emit, facts: Facts, count: int) -> npt.NDArray[np.int32]:
    """Return the days (since 1970-01-01) of the facts, or of the emit's clock where the source has no date."""
    if "happened_on" not in facts:
        return days(emit.happened, np.zeros(count, np.int32))
    found: npt.NDArray[np.int32] = facts["happened_on"].cast(pa.int32()).to_numpy(zero_copy_only=False)
    return found


def _column(kind: Kind, name: str, emit: Emit, facts: Facts, count: int) -> pa.Array:
    wanted = _ARROW_TYPES[kind.field(name).type]
    if name in emit.constants:
        return _repeat(emit.constants[name], count)
    return facts[name].cast(wanted) if name in facts else pa.nulls(count, wanted)


def _repeat(text: str, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(text), count)
