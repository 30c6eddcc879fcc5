"""In: a spine. Out: blocks of it that fold by themselves, and the states of all put together. Used: by the engines of many rows.

A block has neighbouring subjects of the spine's own role, so that it reads a stretch of a table that is sorted by them; and it
has only so many records, so that what it needs does not grow with the spine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TypeVar

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.plan import Ints, Plan, Spine, State
from weilend.engine.merging import chain

Item = TypeVar("Item")


class Block(msgspec.Struct, frozen=True):
    """Some rows of a spine as a spine of their own, and which rows they are.

    >>> Block(Spine(("E1",), (0,)), np.array([7])).spine.size
    1
    """

    spine: Spine
    rows: Ints


def cut_spine(spine: Spine, records: Ints, most_rows: int, most_records: int) -> tuple[Block, ...]:
    """Return the blocks of a spine whose rows see so many records each: a block is full at `most_rows` or `most_records`.

    >>> cut = cut_spine(Spine(("E3", "E1", "E2"), (0, 0, 0)), np.array([1, 100, 1]), most_rows=9, most_records=100)
    >>> [block.rows.tolist() for block in cut]
    [[1], [2, 0]]
    """
    order = pc.sort_indices(pa.array(spine.subjects, pa.string())).to_numpy().astype(np.int64)
    full = (np.cumsum(records[order]) - records[order]) // most_records
    starts = [0, *(np.flatnonzero(np.diff(full)) + 1).tolist(), len(order)]
    pieces = [
        order[start : min(start + most_rows, end)] for first, end in pairwise(starts) for start in range(first, end, most_rows)
    ]
    return tuple(_block(spine, rows) for rows in pieces or [order])


def _block(spine: Spine, rows: Ints) -> Block:
    places = rows.tolist()
    linked = {role: _choose(groups, places) for role, groups in spine.linked.items()}
    return Block(Spine(_choose(spine.subjects, places), _choose(spine.as_of, places), spine.role, linked), rows)


def _choose(items: Sequence[Item], places: Sequence[int]) -> tuple[Item, ...]:
    return tuple(map(items.__getitem__, places)) if items else ()


def stack(plan: Plan, parts: Iterable[tuple[Block, Mapping[str, State]]]) -> dict[str, State]:
    """Return the states of a whole spine from those of its blocks."""
    folded = [(block.rows, states) for block, states in parts]
    return {
        one.name: chain([msgspec.structs.replace(states[one.name], row=rows[states[one.name].row]) for rows, states in folded])
        for one in plan.folds
    }
