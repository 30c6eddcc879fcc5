"""In: records and a profile. Out: raw files that read back to the same records. Used: by the economy, demos and tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Unpack

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.calendars import Calendar
from weilend.core.errors import SourceError
from weilend.sources.columns.cells import truth
from weilend.sources.columns.groups import ordinals_of
from weilend.sources.files.written import write_rows, write_table
from weilend.sources.identity import field_texts
from weilend.sources.intake import Intake, Said
from weilend.sources.profile import PROFILES, Emit, Layout, Part, Profile, record_columns
from weilend.sources.steps.scene import STEPS, Facts, Scene, count_of
from weilend.sources.tables.emits import emit_records, with_ordinals
from weilend.sources.tables.rendering import render_rows, render_table, unstepped


def write(
    profile: str | Profile,
    records: Mapping[str, pa.Table],
    folder: Path,
    *,
    calendar: Calendar,
    clear: pa.Table | None = None,
    suffix: str = "",
    **said: Unpack[Said],
) -> tuple[Path, ...]:
    """Write records as the raw files of a profile and return their paths; equal records in any order give equal bytes.

    A record needs its subjects, fields and happened_on; clocks and ids are not written. Past versions that a row implies get no
    row of their own. `clear` says what tokens stand for; without it the tokens stand where names were. `suffix` (".csv", ".xlsx")
    chooses the file format where the profile names none. Raises `SourceError` for a record that the format cannot say.

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
    intake = Intake(calendar=calendar, consent_id="written", **said)
    names = dict(zip(clear["token"].to_pylist(), clear["value"].to_pylist(), strict=True)) if clear is not None else {}
    paths = []
    for part in known.parts or (Part(file=f"{known.name}{suffix or '.csv'}", layout=known.layouts[0].name),):
        layout = known.layout(part.layout)
        scene = Scene(profile=known, layout=layout, intake=intake, clear=names)
        facts = _sorted(layout, _facts_of(layout, _of_part(part, records), scene))
        paths.append(folder / part.file)
        _write_part(facts, scene, paths[-1])
    return tuple(paths)


def _write_part(facts: Facts, scene: Scene, path: Path) -> None:
    if path.suffix == ".parquet":
        write_table(render_table(facts, scene, path.name), path)
        return
    encoding = "utf-8" if scene.profile.parts else scene.profile.encodings[0]  # tables of a folder have no mark at their start
    write_rows(render_rows(facts, scene, path.name), path, encoding=encoding, delimiter=scene.layout.delimiter)


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


def _facts_of(layout: Layout, records: Mapping[str, pa.Table], scene: Scene) -> Facts:
    """Return the facts of the rows to write: of records, or, for a table that others join, of what these took from it."""
    if layout.emits:
        return _facts(layout, records, scene)
    main, join = next((main, join) for main in scene.profile.layouts for join in main.joins if join.table == layout.name)
    taken = unstepped(_facts(main, records, scene), msgspec.structs.replace(scene, layout=main))
    facts = {join.by: taken[join.by]} | {there: taken[here] for here, there in join.facts.items() if here in taken}
    said = pc.invert(_all_null([fact for name, fact in facts.items() if name != join.by]))
    known = {name: fact.filter(said) for name, fact in facts.items()}
    first = pa.array(ordinals_of([known[join.by]]) == 0)
    return {name: fact.filter(first) for name, fact in known.items()}


def _all_null(columns: list[pa.Array]) -> pa.Array:
    silent = pc.is_null(columns[0])
    for column in columns[1:]:
        silent = pc.and_(silent, pc.is_null(column))
    return silent


def _facts(layout: Layout, records: Mapping[str, pa.Table], scene: Scene) -> Facts:
    """Return the facts of the rows to write: the first group of records gives the rows, others join by the layout's row key."""
    groups: dict[tuple[str, str], list[Emit]] = {}
    for emit in layout.emits:
        if not emit.implied:
            groups.setdefault((emit.kind, str(sorted(emit.facts.items()))), []).append(emit)
    first, *others = groups.values()
    table = _renamed(_stated(first, records), first[0])
    facts: Facts = {name: table[name].combine_chunks() for name in table.column_names}
    for emits in others:  # a record that only some rows give may be missing
        facts |= _joined(_renamed(_stated(emits, records), emits[0]), facts, layout, optional=bool(emits[0].has))
    return _without_derived(facts, scene)


def _stated(emits: list[Emit], records: Mapping[str, pa.Table]) -> pa.Table:
    """Return the latest versions of the records of a kind that one of the emits would give."""
    kind = emits[0].kind
    if kind not in records:
        raise SourceError(f"there are no records of {kind} to write", hint="give an empty table where there are none")
    table = _latest(records[kind])
    mask = pa.repeat(pa.scalar(value=False), table.num_rows)
    for emit in emits:
        mask = pc.or_(mask, _says(emit, table))
    return table.filter(mask)


def _latest(table: pa.Table) -> pa.Table:
    """Return the last known version of each record, where the records say which they are."""
    if not {"key", "known_at"} <= set(table.column_names) or not table.num_rows:
        return table
    last = table.group_by("key").aggregate([("known_at", "max")])
    of_key = (
        last["known_at_max"]
        .combine_chunks()
        .take(pc.index_in(table["key"].combine_chunks(), value_set=last["key"].combine_chunks()))
    )
    return table.filter(pc.equal(table["known_at"].combine_chunks(), of_key))


def _says(emit: Emit, table: pa.Table) -> pa.Array:
    mask = pa.repeat(pa.scalar(value=True), table.num_rows)
    for name, word in (*emit.constants.items(), *((emit.when,) if emit.when and emit.when[0] in table.column_names else ())):
        column = table[name].combine_chunks()
        mask = pc.and_(mask, pc.fill_null(pc.equal(column, pa.scalar(word).cast(column.type)), fill_value=False))
    return mask


def _renamed(table: pa.Table, emit: Emit) -> pa.Table:
    """Return records with columns named as the facts that they come from; a fact that gave several columns stands once."""
    columns: dict[str, pa.ChunkedArray] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        columns.setdefault(emit.facts.get(name, name), column)
    return pa.table(columns)


def _joined(table: pa.Table, facts: Facts, layout: Layout, *, optional: bool) -> Facts:
    """Return the columns of another group of records, one value for each row that is there."""
    place = pc.index_in(
        _joint(facts, layout.row_key),
        value_set=_joint(dict(zip(table.column_names, table.columns, strict=True)), layout.row_key),
    )
    if place.null_count and not optional:
        raise SourceError(f"{place.null_count} rows of {layout.name} lack a record", hint="give the records of all its kinds")
    new = [name for name in table.column_names if name not in facts]
    return {name: table[name].combine_chunks().take(place) for name in new}


def _joint(columns: Mapping[str, pa.Array | pa.ChunkedArray], names: tuple[str, ...]) -> pa.Array:
    plain = {
        name: columns[name].combine_chunks() if isinstance(columns[name], pa.ChunkedArray) else columns[name] for name in names
    }
    return field_texts("", plain)


def _without_derived(facts: Facts, scene: Scene) -> Facts:
    """Drop the rows whose record another row brings with it: a past version, or a fee that a sale's own row tells."""
    facts = facts | _again(facts, scene)
    derived = [_contents(emit, facts, scene)[0] for emit in scene.layout.emits if emit.implied and _can_say(emit, facts)]
    past = [texts for texts in derived if len(texts)]
    if not past:
        return facts
    kept = pa.repeat(pa.scalar(value=True), count_of(facts))
    every = pa.concat_arrays(past)
    every = pc.binary_join_element_wise(every, pa.array(ordinals_of([every])).cast(pa.string()), "#")
    for emit in scene.layout.emits:
        if not emit.implied:
            texts, rows = _contents(emit, facts, scene)
            numbered = pc.binary_join_element_wise(texts, pa.array(ordinals_of([texts])).cast(pa.string()), "#")
            dropped = rows[truth(pc.is_in(numbered, value_set=every))]
            kept = pc.and_(kept, pc.invert(pc.is_in(pa.array(range(count_of(facts))), value_set=pa.array(dropped))))
    return {name: fact.filter(kept) for name, fact in facts.items()}


def _again(facts: Facts, scene: Scene) -> Facts:
    """Return what steps say once more of what records hold: what follows from a row."""
    added: Facts = {}
    for name in scene.layout.steps:
        if STEPS[name].again:
            added |= STEPS[name].parse(facts, scene).facts
    return added


def _can_say(emit: Emit, facts: Facts) -> bool:
    """Return whether facts of records tell what an emit needs: those of sheets, such as the last day covered, they do not."""
    clocks = [clock.of for clock in (emit.happened, emit.known, emit.known_before) if clock is not None and clock.day is None]
    wanted = {*emit.key, *emit.facts.values(), *clocks, *filter(None, (emit.has,)), *((emit.when or ())[:1])}
    return wanted <= set(facts)


def _contents(emit: Emit, facts: Facts, scene: Scene) -> tuple[pa.Array, pa.Array]:
    """Return the content of the records that an emit draws from facts, as texts, and the rows behind them."""
    simple = emit if _can_say(emit, facts) else msgspec.structs.replace(emit, known=emit.happened)
    known = {name: fact for name, fact in facts.items() if name not in ("key", "record_id")}
    table, rows = emit_records(simple, with_ordinals(known, scene), scene)
    names = [name for name in (*record_columns(emit.kind), "happened_on") if name in table.column_names]
    return field_texts(emit.kind, {name: table[name].combine_chunks() for name in names}), rows


def _sorted(layout: Layout, facts: Facts) -> Facts:
    """Return facts in the order in which they are written; what ties is ordered by everything else, so that bytes are the same."""
    first = [name for name in (*layout.order, "happened_on", "line_no", "happened_at") if name in facts]
    names = dict.fromkeys([*first, *sorted(name for name in facts if name not in _NOT_CONTENT)])
    order = pc.sort_indices(pa.table(facts), sort_keys=[(name, "ascending") for name in names])
    turned = order[::-1] if layout.descending else order
    return {name: fact.take(turned) for name, fact in facts.items()}


_NOT_CONTENT = ("key", "record_id", "seq", "known_at", "known_until", "known_basis", "source", "consent_id")
