"""In: rows of `list_entry` in batches. Out: the files of a generation in a folder. Used: by the shelf.

Memory is bounded by a batch and by a 64th of a list: rows go to 64 files by the first bits of their fingerprint; each is then
sorted and its groups, remainders and rows are appended. What only a person reads (reasons, sources) is written as it
comes, to `entries.arrow`; the place of a row says where.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Final

import msgspec
import numpy as np
import pyarrow as pa

from weilend.core.calendars import Calendar
from weilend.core.errors import CheckError
from weilend.engine.book_lock import sync
from weilend.fraud.generations import META
from weilend.fraud.lists.entries import COLUMNS, SPOOLED, Rows, to_rows
from weilend.fraud.lists.layout import MOST_KEYS, PARTITION_BITS, REMAINDER_BITS, choose_bits, make_groups
from weilend.fraud.lists.meanings import LISTS, NAMES, PARTS, Meaning

FORMAT: Final = 1
ENTRIES: Final = "entries.arrow"
BATCH_ROWS: Final = 65_536  # a row is read again by the batch that has it

_PIECES: Final = 1 << PARTITION_BITS
_PART_OF: Final = np.array([PARTS.index(LISTS[name].meaning) for name in NAMES])


class Part(msgspec.Struct, frozen=True):
    """One meaning of a generation: its bits, rows (versions) and heads (subjects that a lookup tells apart)."""

    bits: int
    rows: int
    heads: int


class Meta(msgspec.Struct, frozen=True):
    """What a generation is: everything of the book's lists up to `seq`."""

    format: int
    seq: int
    rows: int
    parts: dict[Meaning, Part]


def build(batches: Iterable[pa.RecordBatch], seq: int, folder: Path, calendar: Calendar) -> Meta:
    """Write the generation of some rows (`COLUMNS`, any order) into an empty folder, and force it to disk.

    Raises `CheckError` where a list has more rows than an index can count (2^32 - 1).
    """
    counts = _spool(batches, folder, calendar)
    parts: dict[Meaning, Part] = {}
    for number, meaning in enumerate(PARTS):
        parts[meaning] = index_rows(folder, meaning, counts[number])
    meta = Meta(FORMAT, seq, sum(counts), parts)
    (folder / META).write_bytes(msgspec.json.encode(meta))
    for path in folder.iterdir():
        sync(path)
    sync(folder)
    return meta


def _spool(batches: Iterable[pa.RecordBatch], folder: Path, calendar: Calendar) -> list[int]:
    """Write the full entries, and rows to a file for each part and beginning of fingerprint; returns the rows of each part."""
    counts, number = [0] * len(PARTS), 0
    with ExitStack() as stack:
        spools = [
            [stack.enter_context(spool_path(folder, part, piece).open("wb")) for piece in range(_PIECES)] for part in PARTS
        ]
        writer = None
        for batch in batches:
            table = pa.Table.from_batches([batch]).select(COLUMNS)
            writer = writer or stack.enter_context(pa.ipc.new_file(folder / ENTRIES, table.schema))
            for start in range(0, table.num_rows, BATCH_ROWS):
                piece = table.slice(start, BATCH_ROWS).combine_chunks()
                writer.write_batch(piece.to_batches()[0])
                rows = to_rows(piece, number * BATCH_ROWS, calendar)
                number += 1
                part_of = _PART_OF[rows["row"]["list"]]
                for part, files in enumerate(spools):
                    counts[part] += scatter_rows(rows[part_of == part], files)
    if number > MOST_KEYS // BATCH_ROWS or max(counts) > MOST_KEYS:
        raise CheckError(
            f"{max(counts):,} rows are more than one index counts", hint="build the lists of each kind in a home of its own"
        )
    return counts


def scatter_rows(rows: Rows, files: Sequence[BinaryIO]) -> int:
    """Append rows to the file of the first bits of their fingerprint, and return how many there were."""
    pieces = rows["fingerprint"] >> np.uint64(64 - PARTITION_BITS)
    order = np.argsort(pieces, kind="stable")
    bounds = np.searchsorted(pieces[order], np.arange(_PIECES + 1))
    for piece in np.flatnonzero(np.diff(bounds)).tolist():
        files[piece].write(rows[order[bounds[piece] : bounds[piece + 1]]].tobytes())
    return len(rows)


def index_rows(folder: Path, meaning: Meaning, count: int) -> Part:
    """Sort the spooled rows of a part and write its groups, remainders, starts and columns; the spools go."""
    bits, rows_done, heads_done = choose_bits(count), 0, 0
    with ExitStack() as stack:
        names = ("groups", "remainders", "starts", "rows")
        out = {name: stack.enter_context((folder / f"{meaning}.{name}").open("wb")) for name in names}
        for piece in range(_PIECES):
            spool = spool_path(folder, meaning, piece)
            rows = np.fromfile(spool, SPOOLED)
            spool.unlink()
            said = rows["row"]
            rows = rows[np.lexsort((said["seq"], said["known_at"], said["chain"], rows["fingerprint"]))]
            codes = rows["fingerprint"] >> np.uint64(64 - bits - REMAINDER_BITS)
            is_head = np.ones(len(rows), np.bool_)
            is_head[1:] = codes[1:] != codes[:-1]
            heads = codes[is_head]
            buckets = (heads >> np.uint64(REMAINDER_BITS)).astype(np.int64)
            width = 1 << bits - PARTITION_BITS
            make_groups(buckets, piece * width, width, heads_done).tofile(out["groups"])
            heads.astype(np.uint32).tofile(out["remainders"])
            (np.flatnonzero(is_head) + rows_done).astype(np.uint32).tofile(out["starts"])
            rows["row"].tofile(out["rows"])
            rows_done, heads_done = rows_done + len(rows), heads_done + len(heads)
        np.array([rows_done], np.uint32).tofile(out["starts"])
    return Part(bits, rows_done, heads_done)


def spool_path(folder: Path, meaning: Meaning, piece: int) -> Path:
    """Return where the rows of a part wait whose fingerprints begin alike.

    >>> spool_path(Path("x"), "deny", 7).name
    'deny.07.spool'
    """
    return folder / f"{meaning}.{piece:02d}.spool"
