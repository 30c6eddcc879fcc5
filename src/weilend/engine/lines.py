"""In: which rows each fold of some kinds took. Out: their groups, as states. Used: by `numpy`.

The rows that all folds of all kinds took stand behind one another in one long line, so that what groups them is called once for a
subject, not once for a kind or a fold.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from weilend.core.plan import Ints, Measure, State
from weilend.engine.columns import Rows
from weilend.engine.extremes import add_runs, fits, keep, refuse_overflow
from weilend.engine.frames import NOBODY, SLOT_BITS, SLOT_ZERO, Frame, Mask
from weilend.engine.scheme import Scheme


class Taken(msgspec.Struct, frozen=True):
    """The rows of a kind that each of its folds takes: a mask (folds, rows), each fold's in the order of its frame."""

    scheme: Scheme
    rows: Rows
    frames: Sequence[Frame]
    amounts: Sequence[Ints]
    mask: Mask


class Line(msgspec.Struct, frozen=True):
    """The rows that all folds took, fold behind fold: where each stands in its kind, its key and amount; where each fold ends."""

    places: Ints
    key: Ints
    amount: Ints
    ends: Ints


def line_up(kinds: Sequence[Taken]) -> Line:
    """Put the rows that each fold of some kinds took one behind the other.

    Raises `BookError` where the sums of a fold do not fit 64 bits.
    """
    width = np.array([one.mask.shape[1] for one in kinds]).repeat([len(one.mask) for one in kinds])
    flat = np.concatenate([one.mask.ravel() for one in kinds]).nonzero()[0]
    last = width.cumsum()
    ends = flat.searchsorted(last)
    counts = ends.copy()
    counts[1:] -= ends[:-1]
    places = flat - (last - width).repeat(counts)
    frame_at, value_at = _find_columns(kinds)
    keys = np.concatenate([frame.key for one in kinds for frame in one.frames])
    key = keys.take(places + frame_at.repeat(counts))
    _put_back(kinds, places, [0, *ends.tolist()])
    amounts = np.concatenate([amount for one in kinds for amount in one.amounts])
    amount = amounts.take(places + value_at.repeat(counts))
    if not fits(amounts, int(counts.max())):
        for fold in np.split(amount, ends[:-1]):
            refuse_overflow(fold)
    return Line(places, key, amount, ends)


def _find_columns(kinds: Sequence[Taken]) -> tuple[Ints, Ints]:
    """Return for each fold where its keys begin among those of all frames, and its amounts among all amounts."""
    frame_at, value_at, frames, values = [], [], 0, 0
    for one in kinds:
        size = one.mask.shape[1]
        frame_at.append(one.scheme.frame_of * size + frames)
        value_at.append(one.scheme.value_of * size + values)
        frames += len(one.frames) * size
        values += len(one.amounts) * size
    return np.concatenate(frame_at), np.concatenate(value_at)


def _put_back(kinds: Sequence[Taken], places: Ints, bounds: Sequence[int]) -> None:
    """Turn places in the order of a frame into places in the order of rows."""
    folds = 0
    for one in kinds:
        for frame, begin, end in one.scheme.spans:
            order = one.frames[frame].order
            if order is not None:
                part = slice(bounds[folds + begin], bounds[folds + end])
                places[part] = order[places[part]]
        folds += len(one.mask)


class Groups(msgspec.Struct, frozen=True):
    """The groups of a line: where each starts, its columns; `bounds` says where the groups of each fold begin, and the last end."""

    start: Ints
    party: Ints
    slot: Ints
    count: Ints
    total: Ints
    bounds: list[int]


def group(line: Line) -> Groups:
    """Make groups of a line that is not empty: where the fold or the key changes, one begins."""
    length = len(line.key)
    begins = np.empty(length + 1, dtype=np.bool_)
    np.not_equal(line.key[1:], line.key[:-1], out=begins[1:-1])
    begins[line.ends] = True
    begins[0] = begins[-1] = True
    edges = begins.nonzero()[0]
    start = edges[:-1]
    heads = line.key[start]
    return Groups(
        start=start,
        party=heads >> SLOT_BITS,
        slot=(heads & (2**SLOT_BITS - 1)) - SLOT_ZERO,
        count=edges[1:] - start,
        total=add_runs(line.amount, start),
        bounds=[0, *start.searchsorted(line.ends).tolist()],
    )


def make_states(kinds: Sequence[Taken], row: int, line: Line) -> dict[str, State]:
    """Return the states of the folds that took any row, of one spine row."""
    if not len(line.key):
        return {}
    groups, states, folds, ends = group(line), {}, 0, line.ends.tolist()
    row_of = np.full(len(groups.start), row)
    for one in kinds:
        for measures, first, last in one.scheme.runs:
            low, high = groups.bounds[folds + first], groups.bounds[folds + last]
            if low == high:
                continue
            kept = _keep(measures, one.rows, line, groups.start[low:high], ends[folds + last - 1]) if measures else {}
            for at in range(first, last):
                begin, end = groups.bounds[folds + at], groups.bounds[folds + at + 1]
                if begin < end:
                    cut = one.scheme.cuts[at]
                    parties = one.frames[cut.frame].parties
                    states[cut.name] = State(
                        row=row_of[begin:end],
                        party=groups.party[begin:end],
                        slot=groups.slot[begin:end],
                        count=groups.count[begin:end],
                        total=groups.total[begin:end],
                        parties=parties.names if parties else NOBODY,
                        kept={name: column[begin - low : end - low] for name, column in kept.items()} if kept else {},
                    )
        folds += len(one.mask)
    return states


def _keep(measures: Sequence[Measure], rows: Rows, line: Line, start: Ints, end: int) -> dict[str, Ints]:
    """Return what some folds that stand together keep beside the sum: their groups begin at `start`, the last one ends at `end`."""
    part = slice(int(start[0]), end)
    return keep(measures, line.amount[part], start - start[0], line.places[part], rows)
