"""In: entries that came after a generation was built. Out: a log that every process reads as it grows. Used: by shelf and lookup.

Each entry is its length, a CRC-32 and JSON. A reader stops at the first entry that is not whole and looks again later; a writer
cuts what is not whole away before it appends. Nothing is lost by that: the shelf reads from the book what the log does not have.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Final
from zlib import crc32

import msgspec

from weilend.fraud.lists.entries import Entry

_HEAD: Final = struct.Struct("<II")
_MOST_BYTES: Final = 1 << 20  # an entry is a few hundred bytes: a length beyond this was never written
_encoder, _decoder = msgspec.json.Encoder(), msgspec.json.Decoder(Entry)


def read_from(path: Path, start: int) -> tuple[list[Entry], int]:
    """Return the whole entries of a log from an offset on, and the offset after the last of them.

    >>> read_from(Path("no such log"), 0)
    ([], 0)
    """
    if not path.exists():
        return [], start
    with path.open("rb") as file:
        file.seek(start)
        content = file.read()
    entries, at = [], 0
    while (found := _whole(content, at)) is not None:
        entries.append(_decoder.decode(found))
        at += _HEAD.size + len(found)
    return entries, start + at


def append_to(path: Path, entries: Iterable[Entry]) -> None:
    """Append entries to a log and force them to disk, after cutting away what a killed writer left half done; only under a lock."""
    _, end = read_from(path, 0)
    with path.open("ab") as file:
        if file.seek(0, os.SEEK_END) > end:
            file.truncate(end)
        for one in entries:
            content = _encoder.encode(one)
            file.write(_HEAD.pack(len(content), crc32(content)) + content)
        file.flush()
        os.fsync(file.fileno())


def _whole(content: bytes, at: int) -> bytes | None:
    """Return the entry at an offset, None where it is not whole."""
    if len(content) < at + _HEAD.size:
        return None
    length, check = _HEAD.unpack_from(content, at)
    found = content[at + _HEAD.size : at + _HEAD.size + length]
    return found if 0 < length <= _MOST_BYTES and len(found) == length and crc32(found) == check else None
