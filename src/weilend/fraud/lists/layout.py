"""In: a number of keys. Out: the shape of the index, and what it costs in bytes and false hits. Used: by build, generation, stats.

A fingerprint has 64 bits. Its first `bits` choose one of 2^bits buckets, the next 32 (the remainder) are kept, sorted, in its
bucket; the rest is dropped. A stranger is taken for one of n keys where bits + 32 bits agree:

    P(false accept) = n / 2^(bits + 32)

so `bits` is the least number with 2^bits >= n * 1e9 / 2^32, that is between 0.233 n and 0.466 n buckets of 2.1 to 4.3 keys.
Where each bucket ends is kept for 16 buckets (a group) in 20 bytes: where the group begins (4 bytes) and how many keys stand in it
up to the end of each bucket (16 x 1 byte). So a key costs

    4 + 20/16 * 2^bits / n  =  4.29 to 4.58 bytes     (4-byte offsets for each bucket would cost 4.9 to 5.9)

at a false-accept rate of 0.5e-9 to 1e-9. A group holds 34 to 69 keys on average, and at most 255: of fingerprints that are as good
as random a fuller one has a chance below 1e-60. What is confirmed on the full entry has no false hits at all.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from weilend.core.errors import CheckError

GROUP_BUCKETS: Final = 16
GROUP_WORDS: Final = 5  # of 4 bytes: the beginning, then 16 ends of 1 byte
GROUP_BYTES: Final = 20
REMAINDER_BITS: Final = 32
PARTITION_BITS: Final = 6  # a build sorts 64 parts one after the other
LEAST_BITS: Final = 10  # each part is whole groups
MOST_BITS: Final = 32
MOST_KEYS: Final = 2**32 - 1
FALSE_ACCEPTS_PER_BILLION: Final = 1


def choose_bits(keys: int) -> int:
    """Return how many bits choose the bucket, so that a false accept has a chance of 1e-9 or less.

    >>> choose_bits(50_000_000), choose_bits(300_000_000), choose_bits(0)
    (24, 27, 10)
    """
    buckets = -(-keys * 10**9 // (FALSE_ACCEPTS_PER_BILLION << REMAINDER_BITS))
    return min(max(LEAST_BITS, (max(buckets, 1) - 1).bit_length()), MOST_BITS)


def false_accept_rate(keys: int, bits: int) -> float:
    """Return the chance that a stranger's fingerprint is taken for one of the keys.

    >>> false_accept_rate(300_000_000, choose_bits(300_000_000)) < 1e-9
    True
    """
    return keys / 2.0 ** (bits + REMAINDER_BITS)


def hot_bytes(keys: int, bits: int) -> int:
    """Return the bytes of groups and remainders: what a lookup of a stranger may touch.

    >>> [round(hot_bytes(n, choose_bits(n)) / n, 2) for n in (50_000_000, 300_000_000)]
    [4.42, 4.56]
    """
    return 4 * keys + (GROUP_BYTES << bits) // GROUP_BUCKETS


def make_groups(buckets: npt.NDArray[np.int64], first: int, count: int, base: int) -> npt.NDArray[np.uint32]:
    """Return the groups of `count` buckets from `first` on, of keys whose sorted buckets are given; `base` keys came before.

    Raises `CheckError` where more keys meet in a group than random ones ever would.

    >>> groups = make_groups(np.array([0, 0, 3]), 0, 16, 7)
    >>> int(groups[0]), groups[1:].view(np.uint8).tolist()[:5]
    (7, [2, 2, 2, 3, 3])
    """
    ends = np.searchsorted(buckets, np.arange(first, first + count), side="right").reshape(-1, GROUP_BUCKETS)
    begins = np.concatenate([[0], ends[:-1, -1]])
    within = ends - begins[:, None]
    if within.size and within.max() > np.iinfo(np.uint8).max:
        raise CheckError("too many subjects of a list have almost the same fingerprint", hint="hide their names as tokens")
    groups = np.zeros((len(begins), GROUP_WORDS), np.uint32)
    groups[:, 0] = begins + base
    groups[:, 1:] = within.astype(np.uint8).view(np.uint32)
    return groups.reshape(-1)
