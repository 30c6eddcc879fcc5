"""In: made-up fingerprints. Out: how fast they are found, one and many, and what they weigh. Used: `make bench`.

`python -m bench.lists 50000000` is the size of the bar, `python -m bench.lists 300000000 0` the largest, without peers. Half of the
lookups hit. Peers have the same 64-bit keys: NumPy's `searchsorted` in a sorted array, LMDB with keys in order (one transaction,
a cursor), each given what it likes best.
"""

from __future__ import annotations

import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt

from bench.measure import Row, agree, compare, emit, plain_row, race
from weilend.fraud.lists import kernels
from weilend.fraud.lists.build import Part, index_rows, scatter_rows, spool_path
from weilend.fraud.lists.entries import SPOOLED
from weilend.fraud.lists.generation import MappedPart
from weilend.fraud.lists.layout import PARTITION_BITS, false_accept_rate

Codes = npt.NDArray[np.uint64]
_PIECE = 1_000_000
_KEY = struct.Struct(">Q")


def rows(keys: int = 5_000_000, asked: int = 2_000_000, passes: int = 4) -> list[Row]:
    """Return the rows of lookups in an allow list of so many keys; with `asked` 0 without peers."""
    with TemporaryDirectory(prefix="weilend-bench-") as name:
        began = time.process_time()
        part = write_part(Path(name), keys)
        built = time.process_time() - began
        opening = time.perf_counter()
        mapped = MappedPart(Path(name), "allow", part)
        opening = time.perf_counter() - opening
        queries = make_queries(keys, asked or 2_000_000)
        what = f"{keys:,} keys"
        found = find(mapped, queries)
        agree("fingerprints found", int((found[::2] < 0).sum()), 0)
        own = [
            plain_row("bytes a key", "bytes", mapped.bytes_hot / part.heads, "asked for", 5.0, check="counted"),
            plain_row(
                "false accepts", "ppb", false_accept_rate(part.heads, part.bits) * 1e9, "asked for", 1.0, check="by arithmetic"
            ),
            plain_row(f"open {what}", "ms", opening * 1e3, "asked for", 50.0, check="-"),
            plain_row(f"build {what}", "CPU s", built, "none", built, check="-"),
            *_alone(mapped, queries),
        ]
        return own + (_peers(mapped, keys, queries, what, passes, Path(name)) if asked else _rate(mapped, queries, what))


def fingerprints(keys: int) -> Iterator[Codes]:
    """Yield the keys of the list in pieces, always the same ones."""
    rng = np.random.default_rng(1)
    for start in range(0, keys, _PIECE):
        yield rng.integers(0, 2**64, min(_PIECE, keys - start), dtype=np.uint64)


def write_part(folder: Path, keys: int) -> Part:
    """Write the index of an allow list, as a generation has it."""
    files = [spool_path(folder, "allow", piece).open("wb") for piece in range(1 << PARTITION_BITS)]
    for codes in fingerprints(keys):
        made = np.zeros(len(codes), SPOOLED)
        made["fingerprint"] = codes
        scatter_rows(made, files)
    for file in files:
        file.close()
    return index_rows(folder, "allow", keys)


def make_queries(keys: int, asked: int) -> Codes:
    """Return keys of the list at even places, strangers at odd ones."""
    first = next(fingerprints(keys))
    rng = np.random.default_rng(2)
    queries = rng.integers(0, 2**64, asked, dtype=np.uint64)
    queries[::2] = _everywhere(keys, first, rng, len(queries[::2]))
    return queries


def _everywhere(keys: int, first: Codes, rng: np.random.Generator, many: int) -> Codes:
    """Return keys drawn from every piece of the list."""
    pieces = [codes[rng.integers(0, len(codes), -(-many * len(codes) // keys))] for codes in fingerprints(keys)]
    drawn = np.concatenate([first[:0], *pieces])[:many]
    rng.shuffle(drawn)
    return drawn


def find(mapped: MappedPart, queries: Codes) -> npt.NDArray[np.int64]:
    """Return where each query stands, -1 where it does not."""
    arrays, heads = mapped.arrays(), np.empty(len(queries), np.int64)
    octets = arrays["groups"].view(np.uint8)
    kernels.find_heads(queries, heads, arrays["groups"], octets, arrays["remainders"], mapped.bits)
    return heads


def _rate(mapped: MappedPart, queries: Codes, what: str) -> list[Row]:
    began = time.process_time()
    find(mapped, queries)
    rate = len(queries) / (time.process_time() - began) / 1e6
    return [
        plain_row(f"lookups in {what}, a batch", "million/CPU s", rate, "asked for", 8.0, check="all keys found", higher=True)
    ]


def _alone(mapped: MappedPart, queries: Codes) -> list[Row]:
    some = [int(code) for code in queries[:100_000]]
    began = time.process_time()
    for code in some:
        mapped.contains(code)
    return [
        plain_row(
            "one lookup from Python", "CPU us", (time.process_time() - began) / len(some) * 1e6, "asked for", 5.0, check="-"
        )
    ]


def _peers(mapped: MappedPart, keys: int, queries: Codes, what: str, passes: int, folder: Path) -> list[Row]:
    table = np.sort(np.concatenate(list(fingerprints(keys))))
    base = _fill(folder / "lmdb", table)
    few = queries[:200_000]
    names = [_KEY.pack(int(code)) for code in few]
    agree("searchsorted", (find(mapped, few) >= 0).tolist(), _search(table, few).tolist())
    agree("LMDB", (find(mapped, few) >= 0).tolist(), _ask(base, names))
    seconds = race(
        {"weilend": lambda: find(mapped, queries), "np.searchsorted": lambda: _search(table, queries)},
        passes=passes,
        least_seconds=0,
    )
    small = race({"weilend": lambda: find(mapped, few), "LMDB": lambda: _ask(base, names)}, passes=passes, least_seconds=0)
    found = [
        *compare(
            f"{len(queries):,} lookups in {what}",
            seconds,
            unit="CPU ns each",
            scale=1e9 / len(queries),
            clock="cpu",
            check="equal",
        ),
        *compare(
            f"{len(few):,} lookups in {what}", small, unit="CPU ns each", scale=1e9 / len(few), clock="cpu", check="equal"
        ),
    ]
    size = base.stat()
    pages = (size["leaf_pages"] + size["branch_pages"]) * size["psize"]
    return [*found, plain_row("bytes a key", "bytes", mapped.bytes_hot / keys, "LMDB", pages / keys, check="counted")]


def _search(table: Codes, queries: Codes) -> npt.NDArray[np.bool_]:
    places = np.minimum(np.searchsorted(table, queries), len(table) - 1)
    found: npt.NDArray[np.bool_] = table[places] == queries
    return found


def _fill(folder: Path, table: Codes) -> Any:
    import lmdb  # the peers' environment has it

    base = lmdb.open(str(folder), map_size=len(table) * 128 + (1 << 24), sync=False)
    with base.begin(write=True) as transaction:
        for start in range(0, len(table), _PIECE):
            items = ((_KEY.pack(code), b"") for code in table[start : start + _PIECE].tolist())
            transaction.cursor().putmulti(items, append=True)
    return base


def _ask(base: Any, names: list[bytes]) -> list[bool]:
    with base.begin() as transaction, transaction.cursor() as cursor:
        return [cursor.set_key(name) for name in names]


if __name__ == "__main__":
    emit(lambda: rows(*map(int, sys.argv[1:])))
