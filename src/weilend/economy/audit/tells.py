"""In: records with what the truth says of them. Out: what a single field tells, beside what it may. Used: by the audit of a
world.

Synthetic data is easily given away: by a constant that only fraud has, an id that was dealt in order, a second of the day that
only one maker draws. Every column of every kind is tried alone, with what can be read off it: its words, its digits' roundness,
whether it is there, hour and second of its clocks, the lag between them. Where one alone surely ranks fraud above honest records
of its kind better than its pattern's signature may, the world tells. Sure is what holds for the firms and shops behind the records:
a hundred invoices of one firm are one firm's habits, not a hundred proofs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.records import FAR_FUTURE
from weilend.economy.firms import Bools, Floats, Ints
from weilend.models.ranks import auc_error, rank_auc

#: What one field may tell of a pattern unless its signature says more: area under the curve.
CEILING: Final = 0.80
#: Fewer records of a pattern than this say nothing.
LEAST: Final = 60
#: How far above its ceiling a field must rank to be sure, in standard errors of so many subjects.
SURE_ERRORS: Final = 3.0
#: How far from a half an id may rank, in standard errors: of some hundred ids one is beyond three by chance.
ID_ERRORS: Final = 4.0
_DAY, _OFFSET = 86_400, 8 * 3_600
_NONE: Final[Mapping[str, Ints]] = MappingProxyType({})
_NOT_FIELDS = frozenset({"key", "record_id", "seq", "source", "consent_id", "known_basis", "happened_on"})


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a field tells: the `auc` (at least a half) by which it ranks `what` above the rest, beside the most that is allowed.

    `error` is its standard error if every subject behind the records (`subjects` of them guilty) were one record.

    >>> few = Finding(kind="order", field="paid_fen", what="brushing", auc=0.9, error=0.06, ceiling=0.8, rows=100, subjects=5)
    >>> few.tells, msgspec.structs.replace(few, error=0.01, subjects=200).tells
    (False, True)
    """

    kind: str
    field: str
    what: str
    auc: float
    error: float
    ceiling: float
    rows: int
    subjects: int

    @property
    def tells(self) -> bool:
        """Whether it surely tells more than it may."""
        return bool(self.auc - SURE_ERRORS * self.error > self.ceiling)


def ranking(score: Floats, bad: Bools) -> float:
    """Return the chance that a score ranks a random bad row above a random good one, ties half.

    >>> ranking(np.array([1.0, 2.0, 3.0]), np.array([False, False, True]))
    1.0
    """
    return rank_auc(bad.astype(np.int64), -score)


def scan_kind(
    kind: str,
    table: pa.Table,
    made: Bools,
    subject: Ints,
    what: str,
    ceilings: Mapping[str, float],
    often: Mapping[str, Ints] = _NONE,
) -> list[Finding]:
    """Return what every field of a kind tells of the records of a pattern, the most telling first.

    `made` says which rows the pattern made, `subject` (codes) whose they are; `ceilings` by field (``kind.field``) what its
    signature may tell; `often`, by column, how often the value of each row occurs in the whole book: where the rows are those of
    some subjects, what these share with others looks rarer among them than it is.

    >>> table = pa.table({"shop_id": ["a"] * 200, "paid_fen": [5] * 100 + list(range(100))})
    >>> made = np.arange(200) < 100
    >>> [(one.field, one.tells) for one in scan_kind("order", table, made, np.arange(200), "brushing", {})][0]
    ('paid_fen is common', True)
    """
    if made.sum() < LEAST:
        return []
    guilty, honest = (len(np.unique(subject[rows])) for rows in (made, ~made))
    found = []
    for field, score in readings(table, often):
        rank = ranking(score, made)
        auc = max(rank, 1 - rank)
        finding = Finding(
            kind=kind,
            field=field,
            what=what,
            auc=auc,
            error=auc_error(auc, guilty, honest),
            ceiling=ceilings.get(f"{kind}.{field.split(' ')[0]}", CEILING),
            rows=int(made.sum()),
            subjects=guilty,
        )
        found.append(finding)
    return sorted(found, key=lambda one: -one.auc)


def readings(table: pa.Table, often: Mapping[str, Ints] = _NONE) -> Iterator[tuple[str, Floats]]:
    """Yield everything that can be read off each column alone, as numbers; `often` as for `scan_kind`.

    >>> [name for name, _ in readings(pa.table({"net_fen": [1, 2]}))]
    ['net_fen', 'net_fen is round', 'net_fen is common']
    """
    for name in table.column_names:
        column = table[name].combine_chunks()
        if name in _NOT_FIELDS:
            continue
        if column.null_count and column.null_count < len(column):
            yield f"{name} is there", pc.is_valid(column).to_numpy(zero_copy_only=False).astype(np.float64)
        if column.null_count == len(column):
            continue
        if pa.types.is_integer(column.type):
            yield from _of_numbers(name, column)
        elif pa.types.is_string(column.type):
            yield from _of_texts(name, column, often.get(name))
        elif pa.types.is_boolean(column.type):
            yield name, pc.fill_null(column, fill_value=False).to_numpy(zero_copy_only=False).astype(np.float64)
        elif pa.types.is_date(column.type):
            day = pc.fill_null(column.cast(pa.int32()), 0).to_numpy(zero_copy_only=False).astype(np.float64)
            yield name, day
            yield f"{name} day of the week", day % 7
    if {"happened_at", "known_at"} <= set(table.column_names):
        yield "known_at after happened_at", (table["known_at"].to_numpy() - table["happened_at"].to_numpy()).astype(np.float64)


def _of_numbers(name: str, column: pa.Array) -> Iterator[tuple[str, Floats]]:
    value = pc.fill_null(column, 0).to_numpy(zero_copy_only=False)
    if name == "known_until":
        yield "known_until is open", (value == FAR_FUTURE).astype(np.float64)
        return
    if name.endswith("_at"):
        local = value + _OFFSET
        yield f"{name} second of the day", (local % _DAY).astype(np.float64)
        yield f"{name} second of the minute", (local % 60).astype(np.float64)
        return
    yield name, value.astype(np.float64)
    yield f"{name} is round", _roundness(value)
    yield f"{name} is common", _commonness(column)


def _of_texts(name: str, column: pa.Array, often: Ints | None) -> Iterator[tuple[str, Floats]]:
    codes = column.dictionary_encode()
    yield f"{name} is common", _commonness(column) if often is None else often.astype(np.float64)
    if len(codes.dictionary) <= 64:
        yield f"{name} word", pc.fill_null(codes.indices, -1).to_numpy(zero_copy_only=False).astype(np.float64)
        return
    yield f"{name} in order", _order(column)
    yield f"{name} length", pc.fill_null(pc.utf8_length(column), 0).to_numpy(zero_copy_only=False).astype(np.float64)


def _roundness(value: np.ndarray) -> Floats:
    """Return how many zeros a number ends with, up to six."""
    ends = np.zeros(len(value))
    for power in range(1, 7):
        ends += (value % 10**power == 0) & (value != 0)
    return ends


def _commonness(column: pa.Array) -> Floats:
    """Return how often the value of each row occurs in the column."""
    codes = column.dictionary_encode()
    index = pc.fill_null(codes.indices, len(codes.dictionary)).to_numpy(zero_copy_only=False)
    often: Floats = np.bincount(index, minlength=len(codes.dictionary) + 1)[index].astype(np.float64)
    return often


def _order(column: pa.Array) -> Floats:
    """Return the rank of texts in order: what an id that was dealt in order would tell by."""
    codes = column.dictionary_encode()
    rank = np.empty(len(codes.dictionary) + 1)
    rank[pc.sort_indices(codes.dictionary).to_numpy()] = np.arange(len(codes.dictionary))
    rank[-1] = -1
    place: Floats = rank[pc.fill_null(codes.indices, len(codes.dictionary)).to_numpy(zero_copy_only=False)]
    return place


def scan_ids(what: str, ids: Sequence[pa.ChunkedArray | pa.Array], names: Sequence[str], bad: Bools) -> list[Finding]:
    """Return by how much the order of ids ranks what is bad, allowed as much as chance gives at `ID_ERRORS` standard errors.

    >>> scan_ids("bad", [pa.array([f"B{i:03d}" for i in range(400)])], ["business_id"], np.arange(400) < 100)[0].tells
    True
    """
    bads, goods = max(int(bad.sum()), 1), max(int((~bad).sum()), 1)
    error = float(np.sqrt((bads + goods + 1) / (12 * bads * goods)))
    ceiling = min(0.5 + (ID_ERRORS - SURE_ERRORS) * error, 1.0)
    found = []
    for name, column in zip(names, ids, strict=True):
        whole = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        rank = ranking(_order(whole), bad)
        finding = Finding(
            kind="ids", field=name, what=what, auc=max(rank, 1 - rank), error=error, ceiling=ceiling, rows=bads, subjects=bads
        )
        found.append(finding)
    return found
