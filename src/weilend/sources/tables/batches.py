"""In: the collected facts of a sheet. Out: `Batch`es of identified records, a long sheet in slices. Used: by the reader.

Records take ten times the memory of facts: they are drawn in slices, so that a file of millions of rows never stands there as
records.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.sources.batch import FACTS, Batch, Rows, reject_rows
from weilend.sources.columns.cells import repeat
from weilend.sources.files.headers import Found
from weilend.sources.framing import whole
from weilend.sources.reasons import about
from weilend.sources.steps.reconcile import reconcile
from weilend.sources.steps.scene import Facts, Scene, count_of
from weilend.sources.tables.blocks import Reject, split_block
from weilend.sources.tables.collected import Collected
from weilend.sources.tables.emits import emit_records
from weilend.sources.tables.stacks import paged

_SLICE_ROWS: Final = 100_000


def drawn_batches(sheet: Collected, facts: Facts) -> Iterator[Batch]:
    """Yield the records of one sheet, a long one in slices, in the order in which things happened; its facts may be emptied.

    The last batch brings the quarantined rows and what is said of the sheet as a whole.

    >>> drawn_batches.__name__
    'drawn_batches'
    """
    scene, count = sheet.scene(), count_of(facts)
    if count <= _SLICE_ROWS:
        yield _entire(sheet, facts | sheet.beside(facts), scene)
        return
    of_sheet = reconcile(facts, scene)  # before any slice is there: both take memory
    for part in paged(facts, _SLICE_ROWS) if sheet.spilled else _cut(facts):
        yield _slice(part | sheet.beside(part), sheet.found, scene)
    yield _remainder(sheet, of_sheet)


def _cut(facts: Facts) -> Iterator[Facts]:
    for start in range(0, count_of(facts), _SLICE_ROWS):
        yield {name: fact.slice(start, _SLICE_ROWS) for name, fact in facts.items()}


def unjoined(sheet: Collected, facts: Facts, used: list[pa.Array]) -> Batch:
    """Return the rows of a table that others join which none joined, or which could not be read, as quarantined.

    `used` are the keys that others looked for.

    >>> unjoined.__name__
    'unjoined'
    """
    by = next(join.by for layout in sheet.found.profile.layouts for join in layout.joins if join.table == sheet.layout.name)
    known = pa.concat_arrays([_plain(keys) for keys in used]) if used else pa.array([], pa.string())
    alone = pc.invert(pc.is_in(_plain(facts[by]), value_set=known)).to_numpy(zero_copy_only=False)
    rows = set(facts["_row"].to_numpy(zero_copy_only=False)[alone].tolist())
    left = reject_rows(sheet.found.title, list(_originals(sheet, rows)))
    return _quarantined(sheet, pa.concat_tables([sheet.rejects, left]).sort_by("file_row"))


def _quarantined(sheet: Collected, rejects: pa.Table) -> Batch:
    """Return rejects as a batch of nothing else, its rows numbered by themselves."""
    count = rejects.num_rows
    rows = [repeat(sheet.found.title, count, pa.string()), repeat(sheet.intake.business_id or None, count, pa.string())]
    numbered = rejects.set_column(0, "row", pa.array(range(count), pa.int64()))
    return Batch(records={}, row_of={}, rejects=numbered, rows=pa.table(rows, schema=FACTS), clear=sheet.clear)


def _originals(sheet: Collected, rows: set[int]) -> Iterator[Reject]:
    """Yield some rows of a sheet as they stand: it is read again for them, for they are few."""
    start = 0
    for block in sheet.blocks() if rows else ():
        data = split_block(block, sheet.found)[0].table
        for row in sorted(rows & set(range(start, start + data.num_rows))):
            cells = data.slice(row - start, 1).to_pylist()[0].values()
            yield row, about("no_partner"), dict(zip(sheet.found.names, cells, strict=False))
        start += data.num_rows


def _drawn(facts: Facts, scene: Scene) -> tuple[dict[str, pa.Table], dict[str, Rows], pa.Array]:
    """Return the records of facts by kind, the fact row behind each, and the business of each fact row."""
    decoded = {name: _plain(fact) for name, fact in facts.items()}
    records: dict[str, list[pa.Table]] = {}
    row_of: dict[str, list[Rows]] = {}
    for emit in scene.layout.emits:
        table, rows = emit_records(emit, decoded, scene)
        records.setdefault(emit.kind, []).append(table)
        row_of.setdefault(emit.kind, []).append(rows)
    business = decoded.get("business_id", repeat(scene.intake.business_id or None, count_of(facts), pa.string()))
    joined = {kind: pa.concat_tables(tables) for kind, tables in records.items()}
    places = {kind: np.concatenate(parts) for kind, parts in row_of.items()}
    if scene.layout.whole:  # rows stand in order: versions of one row follow each other
        for kind, parts in row_of.items():
            if len(parts) > 1:
                order = np.argsort(places[kind], kind="stable")
                joined[kind], places[kind] = joined[kind].take(pa.array(order)), places[kind][order]
    return joined, places, business


def _slice(facts: Facts, found: Found, scene: Scene) -> Batch:
    records, row_of, business = _drawn(facts, scene)
    rows = pa.table([repeat(found.title, len(business)), business], schema=FACTS)
    return Batch(records=records, row_of=row_of, rejects=reject_rows(found.title, []), rows=rows)


def _entire(sheet: Collected, facts: Facts, scene: Scene) -> Batch:
    """Return all of a sheet as one batch whose rows are those of the file."""
    title, places = sheet.found.title, facts["_row"].to_numpy(zero_copy_only=False)
    records, row_of, business = _drawn(facts, scene)
    numbered = {kind: places[rows] for kind, rows in row_of.items()}
    for kind, table in reconcile(facts, scene).items():
        records[kind] = pa.concat_tables([records[kind], table]) if kind in records else table
        numbered[kind] = np.concatenate([numbered.get(kind, np.empty(0, np.int64)), whole(table.num_rows)])
    of_row = np.full(sheet.count, -1, np.int64)
    of_row[places] = np.arange(len(places))
    return Batch(
        records=records,
        row_of=numbered,
        rejects=sheet.rejects,
        rows=pa.table([repeat(title, sheet.count), business.take(pa.array(of_row, mask=of_row < 0))], schema=FACTS),
        clear=sheet.clear,
    )


def _remainder(sheet: Collected, of_sheet: dict[str, pa.Table]) -> Batch:
    """Return the quarantined rows of a long sheet, what tokens stand for, and the records about it as a whole."""
    row_of = {kind: whole(table.num_rows) for kind, table in of_sheet.items()}
    return msgspec.structs.replace(_quarantined(sheet, sheet.rejects), records=of_sheet, row_of=row_of)


def _plain(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
