"""In: the facts of a sheet's blocks. Out: those of the whole sheet, in memory as far as a look at all rows needs them. Used: by
collected, batches and the reader.

A sheet is ordered, numbered and compared as a whole, and these looks read a few columns. Of a long sheet all others lie in a file
until records are drawn from their rows: an export of millions of rows takes some 50 bytes of memory a row.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import SEEK_END
from itertools import pairwise
from tempfile import TemporaryFile
from typing import Final
from weakref import finalize

import msgspec
import numpy as np
import pyarrow as pa

from weilend.sources.batch import Rows
from weilend.sources.profile import Layout, Profile
from weilend.sources.steps.scene import Facts

ROW: Final = "_row"
#: What looks at a whole sheet read, by the names in `whole` and `reconcile` of a layout; one that is not here may read everything.
_READ: Final = {
    "ascend": ("happened_on", "happened_at", "direction", "amount_fen", "balance_fen"),
    "number_lines": ("account_id", "happened_on"),
    "say_until": ("happened_on", "refunded_fen"),
    "statement_balance": ("account_id", "happened_on", "direction", "amount_fen", "balance_fen"),
    "statement_sums": ("account_id", "direction", "amount_fen"),
    "running_balance": ("account_id", "direction", "amount_fen", "balance_fen"),
    "header_totals": ("account_id", "direction", "amount_fen", "refunded_fen"),
}


class _Part(msgspec.Struct, frozen=True):
    """Where the facts of a block lie in the file, and the row of the sheet behind its last one."""

    start: int
    size_bytes: int
    end_row: int


class Spill:
    """Facts in a file that has no name and goes with the process; they hold what records hold, and nobody's name.

    >>> spill = Spill()
    >>> for first in (0, 2):
    ...     spill.add(pa.table({"a": ["x", "y"], ROW: [first, first + 1]}))
    >>> spill.take(np.array([3, 0]))["a"].to_pylist()
    ['y', 'x']
    """

    def __init__(self) -> None:
        self._file = TemporaryFile()  # noqa: SIM115 - it lives as long as the sheet
        finalize(self, self._file.close)
        self._parts: list[_Part] = []

    def add(self, facts: pa.Table) -> None:
        """Write the facts of the next rows of the sheet; `_row` says which they are."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, facts.schema) as writer:
            writer.write_table(facts)
        last = facts[ROW][-1].as_py() if facts.num_rows else -1
        end_row = max(last + 1, self._parts[-1].end_row if self._parts else 0)
        start = self._file.seek(0, SEEK_END)
        self._parts.append(_Part(start, self._file.write(sink.getvalue()), end_row))

    def take(self, rows: Rows) -> Facts:
        """Return the facts of some rows of the sheet, in the order in which these are given."""
        order = np.argsort(rows, kind="stable")
        ranked = rows[order]
        ends = np.searchsorted(ranked, [part.end_row for part in self._parts])
        taken = [
            _taken(self._read(part), ranked[start:end])
            for part, (start, end) in zip(self._parts, pairwise([0, *ends.tolist()]), strict=True)
            if end > start or part is self._parts[0]  # no rows at all still have columns
        ]
        facts = stacked_tables(taken)
        if np.array_equal(ranked, rows):
            return facts
        back = np.empty(len(rows), np.int64)
        back[order] = np.arange(len(rows))
        return {name: fact.take(pa.array(back)) for name, fact in facts.items()}

    def _read(self, part: _Part) -> pa.Table:
        self._file.seek(part.start)
        return pa.ipc.open_stream(self._file.read(part.size_bytes)).read_all()


def stacked_tables(tables: list[pa.Table]) -> Facts:
    """Return tables of facts as one, texts by number in one dictionary.

    >>> stacked_tables([pa.table({"a": [1]}), pa.table({"a": [2]})])["a"].to_pylist()
    [1, 2]
    """
    return emptied_tables(list(tables))


def emptied_tables(tables: list[pa.Table]) -> Facts:
    """Return the same, taking each column out of the tables in the list: never is more than one column there twice.

    >>> tables = [pa.table({"a": [1], "b": [3]}), pa.table({"a": [2], "b": [4]})]
    >>> emptied_tables(tables)["b"].to_pylist(), tables[0].num_columns
    ([3, 4], 0)
    """
    facts: Facts = {}
    for name in tables[0].column_names:
        column = pa.concat_tables([table.select([name]) for table in tables]).unify_dictionaries()
        facts[name] = column.combine_chunks()[name].combine_chunks()
        tables[:] = [table.drop_columns(name) for table in tables]
    return facts


def paged(facts: Facts, rows: int) -> Iterator[Facts]:
    """Yield facts so many rows at a time, having emptied them into a file: records are drawn where they stood in memory.

    >>> facts = {"a": pa.array([1, 2, 3])}
    >>> [page["a"].to_pylist() for page in paged(facts, 2)], facts
    ([[1, 2], [3]], {})
    """
    with TemporaryFile() as file:
        table = pa.table(facts)
        with pa.ipc.new_stream(file, table.schema) as writer:
            writer.write_table(table, max_chunksize=rows)
        del table
        facts.clear()
        pa.default_memory_pool().release_unused()
        file.seek(0)
        for page in pa.ipc.open_stream(file):
            yield dict(zip(page.schema.names, page.columns, strict=True))


def looked_at(layout: Layout, profile: Profile) -> frozenset[str]:
    """Return the facts that looks at a whole sheet of a layout read; none where they may read any.

    >>> from weilend.sources import CUMCM2020C, PROFILES
    >>> sorted(looked_at(PROFILES["cmb_debit"].layouts[0], PROFILES["cmb_debit"]))[:4]
    ['_row', 'account_id', 'amount_fen', 'balance_fen']
    >>> looked_at(CUMCM2020C.layout("firms"), CUMCM2020C)
    frozenset()
    """
    looks = (*layout.whole, *layout.reconcile)
    joins = [join for other in profile.layouts for join in other.joins if layout.name in (other.name, join.table)]
    if joins or not looks or not all(emit.key for emit in layout.emits) or any(name not in _READ for name in looks):
        return frozenset()
    named = {emit.facts.get(name, name) for emit in layout.emits for name in emit.key}
    return frozenset({ROW, *named, *(name for look in looks for name in _READ[look])})


def _taken(part: pa.Table, rows: Rows) -> pa.Table:
    return part.take(pa.array(np.searchsorted(part[ROW].to_numpy(), rows)))
