"""In: the answer of a pass for a whole spine. Out: its rows block by block, from a file. Used: by `duckdb`.

Blocks are cut by the subjects of the spine's own role. What is about other subjects (the shops of a business, its owners) lies
scattered over a table sorted by them, so it is read once and dealt out, instead of once for each block.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from weilend.core.plan import Ints
from weilend.engine.batch.blocks import Block
from weilend.engine.batch.looks import Looks
from weilend.engine.batch.passes import LOOK_PLACE


class Spill:
    """A file of rows, dealt out to blocks in the order in which they came.

    >>> from tempfile import TemporaryDirectory
    >>> from weilend.core.calendars import Calendar
    >>> from weilend.core.plan import Spine
    >>> from weilend.engine.batch.looks import find_looks
    >>> spine = Spine(("E1", "E2"), (0, 0), linked={"shop_id": (("S1", "S2"), ("S1",))})
    >>> blocks = [Block(spine, np.array([0])), Block(spine, np.array([1]))]
    >>> rows = pa.table({LOOK_PLACE: pa.array([0, 1, 1], pa.int32()), "value": [7, 8, 9]})
    >>> with TemporaryDirectory() as name:
    ...     spill = Spill(Path(name) / "order.arrow", find_looks(spine, "shop_id", Calendar()), blocks)
    ...     spill.write(rows.schema, rows.to_batches())
    ...     [spill.read(number)["value"].to_pylist() for number in (0, 1)]
    [[7, 8, 9], [7]]
    """

    def __init__(self, path: Path, looks: Looks, blocks: Sequence[Block]) -> None:
        self._path = path
        self._places = _places(looks, blocks)
        sizes = [len(places) for places in self._places]
        place, block = np.concatenate(self._places), np.repeat(np.arange(len(blocks)), sizes)
        order = np.argsort(place, kind="stable")
        self._start = np.searchsorted(place[order], np.arange(len(looks.subjects) + 1))
        self._block = block[order]
        self._batches: list[list[int]] = [[] for _ in blocks]

    def write(self, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
        """Write rows, each to every block that looks at its subject."""
        self._schema = schema
        written = 0
        with pa.OSFile(str(self._path), "wb") as sink, pa.ipc.new_file(sink, schema) as writer:
            for batch in batches:
                index, ends = self._deal(batch.column(LOOK_PLACE).to_numpy())
                dealt = batch.take(pa.array(index))
                for block, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
                    if end > start:
                        writer.write_batch(dealt.slice(start, end - start))
                        self._batches[block].append(written)
                        written += 1

    def _deal(self, place: Ints) -> tuple[Ints, list[int]]:
        """Return which rows go to the blocks, block after block, and where the rows of each block end."""
        count = np.diff(self._start)[place]
        row = np.repeat(np.arange(len(place)), count)
        turn = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
        block = self._block[self._start[place[row]] + turn]
        order = np.argsort(block, kind="stable")
        return row[order], np.searchsorted(block[order], np.arange(1, len(self._batches) + 1)).tolist()

    def read(self, block: int) -> pa.Table:
        """Return the rows of a block, with the places that their subjects have in the looks of that block."""
        with pa.memory_map(str(self._path)) as source, pa.ipc.open_file(source) as reader:
            batches = [reader.get_batch(number) for number in self._batches[block]]
            rows = pa.Table.from_batches(batches, self._schema)
        place = np.searchsorted(self._places[block], rows.column(LOOK_PLACE).to_numpy()).astype(np.int32)
        return rows.set_column(rows.column_names.index(LOOK_PLACE), LOOK_PLACE, pa.array(place))


def _places(looks: Looks, blocks: Sequence[Block]) -> list[Ints]:
    """Return the places of the subjects that each block looks at, ascending."""
    subject = np.repeat(np.arange(len(looks.subjects)), np.diff(looks.start))
    block_of = np.zeros(len(looks.as_of), dtype=np.int64)
    for number, block in enumerate(blocks):
        block_of[block.rows] = number
    mine = block_of[looks.row]
    return [np.unique(subject[mine == number]) for number in range(len(blocks))]
