"""In: a block of raw rows of a sheet. Out: facts of the sound rows, rejects of the others, footers. Used: by the reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.values import Reason
from weilend.sources.batch import Rows
from weilend.sources.columns.cells import Mask, nulls, take, trim, truth
from weilend.sources.columns.converters import CONVERTERS
from weilend.sources.files.headers import Found
from weilend.sources.files.rows import Block
from weilend.sources.profile import Check, Column
from weilend.sources.reasons import about
from weilend.sources.steps.scene import STEPS, Facts, Scene
from weilend.sources.tables.folders import null_facts

Reject = tuple[int, Reason, object]


class Parsed(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a block holds: facts of its sound rows and which data rows these are, rejects, and what tokens stand for.

    `raw_rows` is how many data rows there are; rows are numbered from 0 within the block.

    >>> Parsed.__struct_fields__
    ('facts', 'rows', 'rejects', 'raw_rows', 'clear')
    """

    facts: Facts
    rows: Rows
    rejects: list[Reject]
    raw_rows: int
    clear: list[pa.Table]


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


def parse_block(data: Block, found: Found, scene: Scene, joined: Mapping[str, Facts]) -> Parsed:
    """Return what a block of data rows of a sheet says; `joined` are the facts of the tables that its layout joins, by name.

    >>> parse_block.__name__
    'parse_block'
    """
    verdicts = _Verdicts(data.table.num_rows)
    for code in dict.fromkeys(code for code, _ in data.torn.values()):
        verdicts.add(_rows_of(data, code), about(code))
    facts = _convert(data.table, found, scene, verdicts)
    facts = _join(facts, scene, joined, verdicts)
    sound = verdicts.sound()
    kept, clear = _step(_filtered(facts, sound), scene, np.flatnonzero(sound), verdicts)
    for check in scene.layout.checks:
        _fault(verdicts, _fails(check, kept), np.flatnonzero(sound), Reason(check.code, check.en, check.zh))
    final = verdicts.sound()
    return Parsed(
        facts=_filtered(kept, final[sound]),
        rows=np.flatnonzero(final),
        rejects=_rejects(data, found, verdicts, np.flatnonzero(~final)),
        raw_rows=data.table.num_rows,
        clear=clear,
    )


def split_block(block: Block, found: Found) -> tuple[Block, list[str]]:
    """Return a block without blank rows, footers and rows of totals, and these as text: cells by TAB, totals as name=value.

    >>> split_block.__name__
    'split_block'
    """
    table, layout = block.table, found.layout
    if not all(pa.types.is_string(column.type) for column in table.columns):
        return block, []
    blank, end, totals = _blank(block), _ending(block, layout.footers), _totals(block, found)
    out = blank | end | totals
    if not out.any():
        return block, []
    kept = np.flatnonzero(~out)
    place = {int(old): new for new, old in enumerate(kept)}
    torn = {place[row]: why for row, why in block.torn.items() if row in place}
    lines = [_line(block, row, found.names if totals[row] else ()) for row in map(int, np.flatnonzero(end | totals))]
    return Block(table.take(pa.array(kept)), torn), lines


def _blank(block: Block) -> Mask:
    blank = nulls(trim(block.table["0"].combine_chunks()))
    for name in block.table.column_names[1:]:
        if not blank.any():
            break
        blank &= nulls(trim(block.table[name].combine_chunks()))
    blank[[row for row, (_, cells) in block.torn.items() if any(cell.strip() for cell in cells)]] = False
    return blank


def _ending(block: Block, footers: Sequence[str]) -> Mask:
    """Return which rows are footers: their first cell matches."""
    end = np.zeros(block.table.num_rows, np.bool_)
    if footers:
        pattern = "|".join(f"(?:{footer})" for footer in footers)
        end = truth(pc.match_substring_regex(trim(block.table["0"].combine_chunks()), pattern))
        for row, (_, cells) in block.torn.items():
            first = trim(pa.array([next((cell for cell in cells if cell.strip()), "")], pa.string()))
            end[row] = bool(truth(pc.match_substring_regex(first, pattern))[0])
    return end


def _totals(block: Block, found: Found) -> Mask:
    """Return which rows say sums: they have something in the column that only such rows fill."""
    name = found.layout.totals
    place = found.places(Column(raw=name, fact=name)) if name else None
    if place is None:
        return np.zeros(block.table.num_rows, np.bool_)
    return ~nulls(trim(block.table[str(place)].combine_chunks()))


def _line(block: Block, row: int, names: Sequence[str]) -> str:
    cells = block.torn[row][1] if row in block.torn else list(block.table.slice(row, 1).to_pylist()[0].values())
    if names:
        return "\t".join(f"{name}={cell.strip()}" for name, cell in zip(names, cells, strict=False) if cell and cell.strip())
    return "\t".join(cell.strip() for cell in cells if cell and cell.strip())


def _join(facts: Facts, scene: Scene, joined: Mapping[str, Facts], verdicts: _Verdicts) -> Facts:
    """Return facts with those that other tables of the folder hold for the same key."""
    for join in scene.layout.joins:
        other = joined.get(join.table)
        if other is None:  # a table that must be there is
            none = null_facts(scene.profile.layout(join.table), list(join.facts.values()), len(facts[join.by]))
            facts = facts | {here: none[there] for here, there in join.facts.items()}
            continue
        place = pc.index_in(facts[join.by], value_set=_decoded(other[join.by]))
        facts = facts | {here: _decoded(other[there]).take(place) for here, there in join.facts.items()}
        if join.must:
            verdicts.add(nulls(place), about("no_partner"))
    return facts


def _decoded(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _rows_of(block: Block, code: str) -> Mask:
    mask = np.zeros(block.table.num_rows, np.bool_)
    mask[[row for row, (why, _) in block.torn.items() if why == code]] = True
    return mask


def _convert(table: pa.Table, found: Found, scene: Scene, verdicts: _Verdicts) -> Facts:
    facts: Facts = {}
    cleaned: dict[int, pa.Array] = {}
    for column in scene.layout.columns:
        place = found.places(column)
        if place is None:
            facts.setdefault(column.fact, _convert_one(pa.nulls(table.num_rows, pa.string()), column)[0])
            continue
        if place not in cleaned:
            raw = table[str(place)].combine_chunks()
            cleaned[place] = trim(raw, scene.layout.nulls, scene.layout.strip) if pa.types.is_string(raw.type) else raw
        cells = _taken(cleaned[place], column, scene) if column.take else cleaned[place]
        facts[column.fact], faults = _convert_one(cells, column)
        for bad, reason in faults:
            verdicts.add(bad, reason)
    return facts


def _taken(cells: pa.Array, column: Column, scene: Scene) -> pa.Array:
    return scene.memory.recall(f"take {column.raw} {column.take}", cells, lambda texts: [take(texts, column.take)])[0]


def _convert_one(cells: pa.Array, column: Column) -> tuple[pa.Array, list[tuple[Mask, Reason]]]:
    missing = [] if column.blank or column.absent or column.default else [(nulls(cells), about("missing", column.raw))]
    fact, faults = CONVERTERS[column.convert].parse(cells, column)
    return fact, missing + [(bad, about(code, column.raw)) for bad, code in faults]


def _step(facts: Facts, scene: Scene, rows: Rows, verdicts: _Verdicts) -> tuple[Facts, list[pa.Table]]:
    clear: list[pa.Table] = []
    for name in scene.layout.steps:
        told = STEPS[name].parse(facts, scene)
        facts = facts | told.facts
        clear += told.clear
        for bad, code in told.faults:
            _fault(verdicts, bad, rows, about(code))
    return facts, clear


def _fault(verdicts: _Verdicts, bad: Mask, rows: Rows, reason: Reason) -> None:
    if bad.any():
        mask = np.zeros(len(verdicts.sound()), np.bool_)
        mask[rows[bad]] = True
        verdicts.add(mask, reason)


def _filtered(facts: Facts, kept: Mask) -> Facts:
    return facts if kept.all() else {name: fact.filter(pa.array(kept)) for name, fact in facts.items()}


def _fails(check: Check, facts: Facts) -> Mask:
    total = facts[check.total]
    for part in check.parts:
        total = pc.subtract(total, pc.fill_null(facts[part], 0))
    return truth(pc.not_equal(total, 0))


def _rejects(block: Block, found: Found, verdicts: _Verdicts, rows: Rows) -> list[Reject]:
    names = [name.strip() or f"column {place + 1}" for place, name in enumerate(found.names)]
    originals = block.table.take(pa.array(rows)).rename_columns(_unique(names)).to_pylist()
    torn = {row: cells for row, (_, cells) in block.torn.items()}
    return [
        (int(row), verdicts.reason(int(row)), torn.get(int(row), original))
        for row, original in zip(rows, originals, strict=True)
    ]


def _unique(names: list[str]) -> list[str]:
    return [name if name not in names[:place] else f"{name} ({place + 1})" for place, name in enumerate(names)]
