"""In: what a subject is and its identity as a text. Out: 128 bits that are it, and a fingerprint of 64. Used: by the index.

A token (32 lower hex digits) is its own 128 bits, so nothing is lost; another text, such as a masked code, becomes 128 bits of
BLAKE2b. The fingerprint mixes them with the kind of subject; each step can be undone, so two subjects of a kind meet in 64 bits as
seldom as two random numbers. Tokens are keyed hashes: nobody outside can choose where theirs falls.
"""

from __future__ import annotations

import re
from functools import cache
from hashlib import blake2b
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Codes = npt.NDArray[np.uint64]

_ALL: Final = 2**64 - 1
_TOKEN = re.compile(r"[0-9a-f]{32}").fullmatch
_TOKEN_LENGTH: Final = 32
# Odd multipliers without a pattern, of SplitMix64 and MurmurHash3's finishers.
_FIRST, _SECOND, _THIRD = 0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_NIBBLES = np.full(256, 255, np.uint8)
_NIBBLES[np.frombuffer(b"0123456789abcdef", np.uint8)] = np.arange(16)


def identity(subject_id: str) -> tuple[int, int]:
    """Return the high and the low 64 bits of an identity.

    >>> identity("0123456789abcdef" + "0" * 15 + "a") == (0x0123456789ABCDEF, 10)
    True
    >>> identity("E1") == identity("E2"), identity("A" * 32) == identity("a" * 32)
    (False, False)
    """
    if _TOKEN(subject_id):
        whole = int(subject_id, 16)
    else:
        whole = int.from_bytes(blake2b(subject_id.encode(), digest_size=16).digest(), "big")
    return whole >> 64, whole & _ALL


def fingerprint(kind: str, high: int, low: int) -> int:
    """Return the 64 bits by which an identity of a kind of subject is found.

    >>> fingerprint("phone", 1, 2) == fingerprint("account", 1, 2)
    False
    """
    code = (high ^ kind_seed(kind)) * _FIRST & _ALL
    code = ((code ^ code >> 32) ^ low) * _SECOND & _ALL
    code = (code ^ code >> 29) * _THIRD & _ALL
    return code ^ code >> 32


@cache
def kind_seed(kind: str) -> int:
    """Return 64 bits that stand for a kind of subject.

    >>> kind_seed("phone") == kind_seed("account")
    False
    """
    return int.from_bytes(blake2b(kind.encode(), digest_size=8).digest(), "big")


def identities(subject_ids: pa.Array) -> tuple[Codes, Codes]:
    """Return the identities of a text column without nulls, as `identity` does of each.

    >>> high, low = identities(pa.array(["E1", "0" * 31 + "7"]))
    >>> (int(high[0]), int(low[0])) == identity("E1"), int(low[1])
    (True, 7)
    """
    column = subject_ids.cast(pa.string())
    _, places, content = column.buffers()
    bounds = np.frombuffer(places or bytes(4), np.int32)[column.offset : column.offset + len(column) + 1]
    signs = np.frombuffer(content or b"", np.uint8)
    high, low = np.zeros(len(column), np.uint64), np.zeros(len(column), np.uint64)
    long_enough = np.flatnonzero(np.diff(bounds) == _TOKEN_LENGTH)
    if len(long_enough) == len(column) and len(column):  # a plain stretch of tokens needs no gathering
        rows = signs[bounds[0] : bounds[-1]].reshape(-1, _TOKEN_LENGTH)
    else:
        rows = signs[bounds[long_enough][:, None] + np.arange(_TOKEN_LENGTH)]
    nibbles = _NIBBLES[rows]
    is_token = nibbles.max(axis=1, initial=0) < len(b"0123456789abcdef")
    octets = np.ascontiguousarray(nibbles[:, ::2] << 4 | nibbles[:, 1::2] & 15)
    words = octets.view(">u8").astype(np.uint64)[is_token]
    tokens = long_enough[is_token]
    high[tokens], low[tokens] = words[:, 0], words[:, 1]
    others = np.setdiff1d(np.arange(len(column)), tokens, assume_unique=True) if len(tokens) < len(column) else ()
    for place in others:
        high[place], low[place] = identity(column[int(place)].as_py())
    return high, low


def fingerprints(seeds: Codes | np.uint64, high: Codes, low: Codes) -> Codes:
    """Return the fingerprints of identities, as `fingerprint` does of each; `seeds` are the kinds' `kind_seed`, or one for all.

    >>> one = fingerprints(np.uint64(kind_seed("phone")), np.array([1], np.uint64), np.array([2], np.uint64))
    >>> int(one[0]) == fingerprint("phone", 1, 2)
    True
    """
    code = (high ^ seeds) * np.uint64(_FIRST)
    code = ((code ^ code >> np.uint64(32)) ^ low) * np.uint64(_SECOND)
    code = (code ^ code >> np.uint64(29)) * np.uint64(_THIRD)
    return np.asarray(code ^ code >> np.uint64(32), np.uint64)
