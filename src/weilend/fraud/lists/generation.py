"""In: the folder of a generation. Out: its parts, mapped into memory, and what they have of a subject. Used: by lookup.

Opening maps files and reads none. One subject is found in plain Python over memoryviews, which takes less than a call into compiled
code; millions are found by the kernels.
"""

from __future__ import annotations

import mmap
import struct
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from weilend.core.calendars import Calendar
from weilend.core.errors import BookError
from weilend.fraud.generations import META
from weilend.fraud.lists.build import BATCH_ROWS, ENTRIES, FORMAT, Meta, Part
from weilend.fraud.lists.entries import ROW, Entry, to_entry
from weilend.fraud.lists.layout import GROUP_BUCKETS, GROUP_BYTES, GROUP_WORDS, REMAINDER_BITS, hot_bytes
from weilend.fraud.lists.meanings import Meaning

_OPENED: Final = 64  # batches of full entries that stay decoded
_GROUP_BITS: Final = GROUP_BUCKETS.bit_length() - 1
_ROW: Final = struct.Struct("<3Q4qI4B")  # as `ROW` in entries.py


class Version(NamedTuple):
    """One row of the index, as `ROW` has it: what was said of a subject, and when; `place` is where the full entry lies."""

    high: int
    low: int
    chain: int
    known_at: int
    seq: int
    from_at: int
    until_at: int
    place: int
    kind: int
    list: int
    act: int
    severity: int


class MappedPart:
    """The index of one meaning (deny, watch or allow) in the folder of a generation."""

    def __init__(self, folder: Path, meaning: Meaning, part: Part) -> None:
        self._folder, self._meaning = folder, meaning
        self.rows, self.heads, self.bits = part.rows, part.heads, part.bits
        groups = self._map("groups")
        self._words, self._octets = groups.cast("I"), groups
        self._remainders = self._map("remainders").cast("I")
        self._starts = self._map("starts").cast("I")
        self._rows = self._map("rows")

    @property
    def bytes_hot(self) -> int:
        """Bytes of groups and remainders."""
        return hot_bytes(self.heads, self.bits)

    def contains(self, code: int) -> bool:
        """Return whether a fingerprint is there, by its first bits alone: true of a stranger once in a billion, or less."""
        return self._head(code) >= 0

    def versions(self, kind: int, high: int, low: int, code: int) -> list[Version]:
        """Return every version of the entries of exactly one subject: the code of its kind, its identity and its fingerprint."""
        head = self._head(code)
        if head < 0:
            return []
        found = []
        for row in range(self._starts[head], self._starts[head + 1]):
            version = Version._make(_ROW.unpack_from(self._rows, row * _ROW.size))
            if version.high == high and version.low == low and version.kind == kind:
                found.append(version)
        return found

    def arrays(self) -> dict[str, Any]:
        """Return groups, remainders, starts and rows as arrays over the mapped files, for the kernels."""
        own = {"groups": self._words, "remainders": self._remainders, "starts": self._starts}
        found: dict[str, Any] = {name: np.frombuffer(view, np.uint32) for name, view in own.items()}
        return found | {"rows": np.frombuffer(self._rows, ROW)}

    def _head(self, code: int) -> int:
        bucket = code >> 64 - self.bits
        group, slot = bucket >> _GROUP_BITS, bucket & GROUP_BUCKETS - 1
        base, ends = self._words[group * GROUP_WORDS], group * GROUP_BYTES + 4
        first = base + (self._octets[ends + slot - 1] if slot else 0)
        wanted = code >> REMAINDER_BITS - self.bits & 0xFFFFFFFF
        remainders = self._remainders
        for head in range(first, base + self._octets[ends + slot]):
            if remainders[head] == wanted:
                return head
        return -1

    def _map(self, name: str) -> memoryview:
        with (self._folder / f"{self._meaning}.{name}").open("rb") as file:
            if not file.seek(0, 2):
                return memoryview(b"")
            return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


class Generation:
    """Everything that the book's lists said up to a seq. Raises `BookError` for a folder of another format.

    A folder that is swept away while this maps it stays readable.
    """

    def __init__(self, folder: Path) -> None:
        self.name = folder.name
        self.meta = msgspec.json.decode((folder / META).read_bytes(), type=Meta)
        if self.meta.format != FORMAT:
            raise BookError(f"{folder.name} has format {self.meta.format} of lists", hint="build it again: weilend lists build")
        self.parts = {meaning: MappedPart(folder, meaning, part) for meaning, part in self.meta.parts.items()}
        self._map = pa.memory_map(str(folder / ENTRIES)) if self.meta.rows else None
        self._batch = lru_cache(_OPENED)(self._read_batch)

    @cached_property
    def _entries(self) -> pa.ipc.RecordBatchFileReader:
        return pa.ipc.open_file(self._map)

    def entry(self, place: int, calendar: Calendar) -> Entry:
        """Return the full entry at the place of a version."""
        number, row = divmod(place, BATCH_ROWS)
        return to_entry(self._batch(number).slice(row, 1).to_pylist()[0], calendar)

    def _read_batch(self, number: int) -> pa.RecordBatch:
        return self._entries.get_batch(number)
