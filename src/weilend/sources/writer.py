"""In: records and a profile. Out: raw files that read back to the same records. Used: by the economy, demos and tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.calendars import Calendar
from weilend.core.errors import SourceError
from weilend.sources.batch import Mask
from weilend.sources.converters import CONVERTERS
from weilend.sources.profile import PROFILES, Emit, Layout, Part, Profile
from weilend.sources.reader import Facts, Origin, emit_records
from weilend.sources.tables import write_table


def write(profile: str | Profile, records: Mapping[str, pa.Table], folder: Path, *, calendar: Calendar) -> tuple[Path, ...]:
    """Write records as the raw files of a profile and return their paths; equal records in any order give equal bytes.

    A record needs its subjects, fields and happened_on; clocks and ids are not written. Past versions that a row implies get
    no row of their own. Raises `SourceError` for a record that the format cannot say.

    >>> import tempfile
    >>> outcome = pa.table({"business_id": ["E1"], "outcome": ["default"]})
    >>> firm = pa.table({"business_id": ["E1"], "event": ["registered"], "legal_form": ["company"]})
    >>> rating = pa.table({"business_id": ["E1"], "rater": ["bank"], "rating": ["D"]})
    >>> records = {"external_outcome": outcome, "registry_event": firm, "external_rating": rating}
    >>> write("cumcm2020c", records, Path(tempfile.mkdtemp()), calendar=Calendar())
    Traceback (most recent call last):
    weilend.core.errors.SourceError: there are no records of invoice to write. Hint: give an empty table where there are none
    """
    known = PROFILES[profile] if isinstance(profile, str) else profile
    folder.mkdir(parents=True, exist_ok=True)
    origin = Origin(profile=known, calendar=calendar, consent_id="written")
    paths = []
    for part in known.parts:
        layout = known.layout(part.layout)
        facts = _sorted(layout, _facts(layout, _of_part(part, records), origin))
        paths.append(folder / part.file)
        write_table(_render(layout, facts, part.file), paths[-1])
    return tuple(paths)


def _of_part(part: Part, records: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Return the records of the subjects that belong into a file."""
    marker = part.having or part.lacking
    if not marker:
        return dict(records)
    marked = records[marker]["business_id"].combine_chunks() if marker in records else pa.array([], pa.string())
    chosen = {}
    for kind, table in records.items():
        within = pc.is_in(table["business_id"], value_set=marked)
        chosen[kind] = table.filter(within if part.having else pc.invert(within))
    return chosen


def _facts(layout: Layout, records: Mapping[str, pa.Table], origin: Origin) -> Facts:
    """Return the facts of the rows to write: the first kind gives the rows, the others join by the layout's row key."""
    final = [emit for emit in layout.emits if not emit.implied]
    kinds = list(dict.fromkeys(emit.kind for emit in final))
    wanted = [column.fact for column in layout.columns]
    tables = {kind: _stated(kind, final, records) for kind in kinds}
    rows = tables[kinds[0]]
    facts = {name: rows[name].combine_chunks() for name in wanted if name in rows.column_names}
    for kind in kinds[1:]:
        facts |= _joined(tables[kind], facts, layout, wanted)
    missing = [name for name in wanted if name not in facts]
    if missing:
        raise SourceError(f"the records say nothing about {', '.join(missing)}", hint=f"the table {layout.name} needs it")
    return _without_implied(layout, facts, origin)


def _stated(kind: str, emits: list[Emit], records: Mapping[str, pa.Table]) -> pa.Table:
    """Return the records of a kind that one of the emits would give."""
    if kind not in records:
        raise SourceError(f"there are no records of {kind} to write", hint="give an empty table where there are none")
    table = records[kind]
    mask = np.zeros(table.num_rows, np.bool_)
    for emit in emits:
        if emit.kind == kind:
            mask |= _says(emit, table)
    return table.filter(pa.array(mask))


def _says(emit: Emit, table: pa.Table) -> Mask:
    mask = np.ones(table.num_rows, np.bool_)
    for name, word in (*emit.constants.items(), *((emit.when,) if emit.when else ())):
        mask &= pc.fill_null(pc.equal(table[name], word), fill_value=False).to_numpy()
    return mask


def _joined(table: pa.Table, facts: Facts, layout: Layout, wanted: list[str]) -> Facts:
    """Return the columns of another kind, one value for each row that is there."""
    (by,) = layout.row_key
    place = pc.index_in(facts[by], value_set=table[by].combine_chunks())
    if place.null_count:
        raise SourceError(f"{place.null_count} rows of {layout.name} lack a record", hint="give the records of all its kinds")
    new = [name for name in table.column_names if name in wanted and name not in facts]
    return {name: table[name].combine_chunks().take(place) for name in new}


def _without_implied(layout: Layout, facts: Facts, origin: Origin) -> Facts:
    """Drop the rows whose record another row implies as its past version."""
    implied = [emit_records(emit, facts, origin)[0] for emit in layout.emits if emit.implied]
    past = [_versions(table) for table in implied if table.num_rows]
    if not past:
        return facts
    kept = np.ones(len(next(iter(facts.values()))), np.bool_)
    for emit in layout.emits:
        if not emit.implied:
            table, rows = emit_records(emit, facts, origin)
            kept[rows] = ~pc.is_in(_versions(table), value_set=pa.concat_arrays(past)).to_numpy(zero_copy_only=False)
    return {name: fact.filter(pa.array(kept)) for name, fact in facts.items()}


def _versions(table: pa.Table) -> pa.Array:
    """Return a text for each record that names its version and when it was known."""
    known_at = table["known_at"].cast(pa.string())
    return pc.binary_join_element_wise(table["record_id"], known_at, "@").combine_chunks()


def _sorted(layout: Layout, facts: Facts) -> Facts:
    names = [*layout.order, *(name for name in facts if name not in layout.order)]
    order = pc.sort_indices(pa.table(facts), sort_keys=[(name, "ascending") for name in names])
    return {name: fact.take(order) for name, fact in facts.items()}


def _render(layout: Layout, facts: Facts, file: str) -> pa.Table:
    columns = {}
    for column in layout.columns:
        try:
            columns[column.raw] = CONVERTERS[column.convert].render(facts[column.fact], column, layout.format)
        except pa.ArrowInvalid:
            message = f"{file} cannot hold {column.fact} as {column.stored}"
            raise SourceError(message, hint="check the values of that field") from None
    return pa.table(columns)
