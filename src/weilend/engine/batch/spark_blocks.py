"""In: rows and states of a block, as Arrow arrays of structs. Out: states, then answers. Used: by `spark`, on its executors.

The blocks lie in a file that every executor sees: its row group of that number has the spine of a block as bytes, and which rows
of the whole spine they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from weilend.core.calendars import Calendar
from weilend.core.plan import Spine, State
from weilend.core.records import KINDS
from weilend.engine.batch.blocks import Block
from weilend.engine.batch.groups import group, nothing
from weilend.engine.batch.looks import find_looks
from weilend.engine.batch.passes import LOOK_PLACE, LOOK_SUBJECT, Pass
from weilend.engine.batch.rows import see
from weilend.engine.batch.state_bytes import pack, unpack

BLOCKS: Final = pa.schema([("spine", pa.binary()), ("rows", pa.binary())])
PLACES: Final = pa.schema([(LOOK_SUBJECT, pa.string()), (LOOK_PLACE, pa.int32()), ("block", pa.int32())])
#: The row of the whole spine that an answer is about.
SPINE_ROW: Final = "spine_row"

#: Makes a table of the states of a block, a row for each row of its spine.
Finish = Callable[[Spine, Mapping[str, State]], pa.Table]


def write_blocks(path: Path, blocks: Iterable[Block]) -> None:
    """Write blocks to a file.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as name:
    ...     write_blocks(Path(name) / "blocks.parquet", [Block(Spine((subject,), (0,)), np.array([7])) for subject in "AB"])
    ...     block = read_block(Path(name) / "blocks.parquet", 1)
    >>> block.spine.subjects, block.rows.tolist()
    (('B',), [7])
    """
    with pq.ParquetWriter(path, BLOCKS) as writer:
        for block in blocks:
            columns = [[msgspec.msgpack.encode(block.spine)], [block.rows.astype(np.int64).tobytes()]]
            writer.write_table(pa.table(columns, schema=BLOCKS))


def read_block(path: Path, number: int) -> Block:
    """Return one of the blocks of a file."""
    with pq.ParquetFile(path) as file:
        (row,) = file.read_row_group(number).to_pylist()
    return Block(msgspec.msgpack.decode(row["spine"], type=Spine), np.frombuffer(row["rows"], dtype=np.int64))


def write_looks(path: Path, blocks: Iterable[Block], role: str, calendar: Calendar) -> None:
    """Write the subjects of a role that blocks look at, and their places in each, as a pass joins them."""
    with pq.ParquetWriter(path, PLACES) as writer:
        for number, block in enumerate(blocks):
            looks = find_looks(block.spine, role, calendar).table()
            writer.write_table(looks.append_column("block", pa.array(np.full(looks.num_rows, number, dtype=np.int32))))


def folding(one: Pass, blocks: Path, calendar: Calendar) -> Callable[[pa.Array], bytes]:
    """Return the function that makes packed states of the rows of a block."""

    def fold(rows: pa.Array) -> bytes:
        block = read_block(blocks, rows.field("block")[0].as_py())
        looks = find_looks(block.spine, KINDS[one.kind].subjects[0], calendar)
        return pack(group(one, see(pa.Table.from_struct_array(rows), looks)))

    return fold


def finishing(passes: Sequence[Pass], blocks: Path, finish: Finish) -> Callable[[pa.Array], pa.Scalar]:
    """Return the function that makes a list of answers of the packed states of a block."""

    def answer(states: pa.Array) -> pa.Scalar:
        block = read_block(blocks, states.field("block")[0].as_py())
        table = finish(block.spine, gather(passes, states.field("states").drop_null().to_pylist()))
        rows = table.add_column(0, SPINE_ROW, pa.array(block.rows)).to_struct_array().combine_chunks()
        return pa.ListArray.from_arrays(pa.array([0, len(rows)], pa.int32()), rows)[0]

    return answer


def gather(passes: Sequence[Pass], packed: Sequence[bytes]) -> dict[str, State]:
    """Return the states of all passes: those that came as bytes, and none of the others.

    >>> gather([], [])
    {}
    """
    empty = {name: state for one in passes for name, state in nothing(one).items()}
    return empty | {name: state for data in packed for name, state in unpack(data).items()}
