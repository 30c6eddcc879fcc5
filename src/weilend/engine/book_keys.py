"""In: files of a kind and keys of rows. Out: which rows may have been there before, and in which files. Used: by book.

Most rows that come are new, and a key is a hash, so eight bytes of each key in memory tell nearly all of them apart: only rows
whose bytes were met before are looked for in the tables. A bank's export of millions of rows comes in many appends, and each
would otherwise read all keys that came before.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from weilend.engine.book_tables import DataFile

Codes = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]

#: Keys that are kept in mind, of all kinds together: 128 MB.
KEPT_KEYS = 1 << 24
#: Places in which codes leave a mark: whoever finds none was never met, which spares most rows the look into every file.
_MARKS, _MARK_BITS = 1 << 25, 25
_KEY_BYTES, _WORD_BYTES = 32, 8
_MIX = np.uint64(0x9E3779B97F4A7C15)  # odd and far from any pattern (2 ** 64 over the golden ratio)


class KeyIndex:
    """The codes of the keys in files, sorted. Files never change, so what was read of one stays right; the oldest go first.

    >>> KeyIndex().search((), pa.chunked_array([["0" * 32, "1" * 32, "0" * 32]]))
    (array([ True, False,  True]), [])
    """

    def __init__(self) -> None:
        self._codes: dict[str, Codes | None] = {}
        self._marked: set[str] = set()
        self._marks = np.zeros(_MARKS, np.bool_)  # pages that are never written take no memory

    def search(self, files: Sequence[DataFile], keys: pa.ChunkedArray) -> tuple[Mask, list[DataFile]]:
        """Return which keys may stand in a file or twice among those given, and the files that may hold some.

        A key that is in none of the files, and given once, is never among them.
        """
        codes = _codes(keys)
        if codes is None:
            return np.ones(len(keys), np.bool_), list(files)
        order = np.argsort(codes)
        ranked = codes[order]
        met = np.zeros(len(keys), np.bool_)
        met[1:] = ranked[1:] == ranked[:-1]
        met[:-1] |= met[1:]
        for file in files:
            if file.path not in self._marked:
                self._read(file)
        rows = np.flatnonzero(self._marks[_places(ranked)])
        holding = []
        for file in files:
            found = self._found(file, ranked, rows)
            if found.any():
                holding.append(file)
                met |= found
        result = np.empty_like(met)
        result[order] = met
        return result, holding

    def each_once(self, files: Sequence[DataFile]) -> bool:
        """Return whether it is sure that each key stands once in some files: then nothing in them was said again.

        >>> KeyIndex().each_once(())
        True
        """
        if sum(file.rows for file in files) > KEPT_KEYS:
            return False
        codes = [self._read(file) for file in files]
        known = [one for one in codes if one is not None]
        ranked = np.sort(np.concatenate([np.zeros(0, np.uint64), *known]))
        return len(known) == len(codes) and not (ranked[1:] == ranked[:-1]).any()

    def _found(self, file: DataFile, ranked: Codes, rows: npt.NDArray[np.int64]) -> Mask:
        """Return which codes may stand in a file; `rows` are those that found a mark."""
        found = np.zeros(len(ranked), np.bool_)
        if file.path in self._marked and not len(rows):
            return found
        known = self._read(file)
        if known is None:
            return ~found
        places = np.searchsorted(known, ranked[rows])
        found[rows] = known[np.minimum(places, len(known) - 1)] == ranked[rows]
        return found

    def _read(self, file: DataFile) -> Codes | None:
        if file.path not in self._codes:
            codes = _codes(pq.read_table(file.path, columns=["key"], use_threads=False)["key"])
            self._codes[file.path] = None if codes is None else np.sort(codes)
            if codes is not None:
                self._marks[_places(codes)] = True
                self._marked.add(file.path)
            while sum(len(one) for one in self._codes.values() if one is not None) > KEPT_KEYS and len(self._codes) > 1:
                del self._codes[next(iter(self._codes))]
        return self._codes[file.path]


def _places(codes: Codes) -> npt.NDArray[np.int64]:
    """Return where codes leave their mark: by their first bits, which a hash spreads evenly."""
    return (codes >> np.uint64(64 - _MARK_BITS)).astype(np.int64)


def _codes(keys: pa.ChunkedArray) -> Codes | None:
    """Return 64 bits of each key; None where not all are hashes of 32 signs, which make no even table."""
    plain = keys.combine_chunks()
    _, places, content = plain.buffers()
    bounds = np.frombuffer(places or b"", np.int32)[plain.offset : plain.offset + len(plain) + 1]
    if plain.null_count or not len(plain) or (np.diff(bounds) != _KEY_BYTES).any():
        return None
    words = np.frombuffer(content, np.uint8)[bounds[0] : bounds[-1]].view(np.uint64).reshape(len(plain), -1)
    codes = words[:, 0].copy()
    for column in range(1, _KEY_BYTES // _WORD_BYTES):
        codes = (codes ^ (codes >> np.uint64(29))) * _MIX ^ words[:, column]
    return codes
