"""In: arrays of an index and of what is asked. Out: where each is found, how it stands. Used: by `lookup` for many at once.

A lookup of a stranger waits for memory twice: for its group and for its first remainder. So a kernel asks for the groups of a block
of keys first, then for their remainders: the waits of a block overlap, where one key after the other would add them up.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from weilend.fraud.jit import compiled

Array = npt.NDArray[Any]

_BLOCK: Final = 256
_ADDED, _DISPUTED = 0, 3  # the codes of acts that are in force; a law compares with `meanings.IN_FORCE`
_SHIFTS: Final = 7


@compiled
def find_heads(codes: Array, heads: Array, groups: Array, octets: Array, remainders: Array, bits: int) -> None:
    """Write into `heads` where each fingerprint of `codes` stands, -1 where it does not.

    `octets` are the bytes of `groups`.
    """
    firsts = np.empty(_BLOCK, np.int64)
    lasts = np.empty(_BLOCK, np.int64)
    nearest = np.empty(_BLOCK, np.uint32)
    most = len(remainders) - 1
    if most < 0:
        heads[:] = -1
        return
    shift, drop = np.uint64(64 - bits), np.uint64(32 - bits)
    for begin in range(0, len(codes), _BLOCK):
        many = min(_BLOCK, len(codes) - begin)
        for at in range(many):
            bucket = np.int64(codes[begin + at] >> shift)
            group, slot = bucket >> 4, bucket & 15
            base, ends = np.int64(groups[group * 5]), group * 20 + 4
            firsts[at] = base + (np.int64(octets[ends + slot - 1]) if slot else 0)
            lasts[at] = base + np.int64(octets[ends + slot])
        for at in range(many):  # independent reads, so that they wait together
            nearest[at] = remainders[min(firsts[at], most)]
        for at in range(many):
            wanted = np.uint32((codes[begin + at] >> drop) & np.uint64(0xFFFFFFFF))
            found = firsts[at] if firsts[at] < lasts[at] and nearest[at] == wanted else -1
            for place in range(firsts[at] + 1, lasts[at]):
                if remainders[place] == wanted:
                    found = place
            heads[begin + at] = found


@compiled
def judge(heads: Array, answers: Array, asked_high: Array, asked_low: Array, asked_kind: int, as_of: Array, last_seq: int,
          half_lives: Array, starts: Array, rows: Array) -> None:  # fmt: skip
    """Write into `answers` the worn-off severity of the gravest entry in force of each that is asked, -1 where there is none.

    The newest version of each chain that is known at the as_of and not beyond `last_seq` says how it stands.
    """
    for at in range(len(heads)):
        answers[at] = -1
        if heads[at] < 0:
            continue
        row, end = np.int64(starts[heads[at]]), np.int64(starts[heads[at] + 1])
        while row < end:
            here, newest = rows[row].chain, np.int64(-1)
            while row < end and rows[row].chain == here:
                one = rows[row]
                mine = one.high == asked_high[at] and one.low == asked_low[at] and one.kind == asked_kind
                if mine and one.known_at <= as_of[at] and one.seq <= last_seq:
                    newest = row
                row += 1
            if newest < 0:
                continue
            said = rows[newest]
            if (said.act == _ADDED or said.act == _DISPUTED) and said.from_at <= as_of[at] <= said.until_at:
                left = np.int64(said.severity)
                half = half_lives[said["list"]]
                if half > 0:
                    left = left >> min((as_of[at] - said.from_at) // half, _SHIFTS)
                answers[at] = max(answers[at], left)
