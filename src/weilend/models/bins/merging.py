"""In: neighbouring bins with their rows and bads. Out: fewer of them, each large enough and unlike its neighbours. Used: to bin."""

from __future__ import annotations

import numpy as np

from weilend.models.table import Floats, Integers


def merge_bins(
    rows: Floats, bads: Floats, starts: Integers, *, least_rows: float, least_each: float, unlike: float, most: int
) -> Integers:
    """Return the first fine bins of the groups that remain of groups that begin at `starts`.

    Groups are merged with the neighbour most like them until each has `least_rows` rows and `least_each` goods and bads, and
    until every two neighbours differ by a likelihood ratio (twice the log) of at least `unlike` and there are `most` of them.

    >>> rows, bads = np.array([50.0, 5.0, 50.0, 50.0]), np.array([25.0, 2.0, 5.0, 5.0])
    >>> merge_bins(rows, bads, np.arange(4), least_rows=10, least_each=2, unlike=4.0, most=9).tolist()
    [0, 2]
    """
    starts = np.asarray(starts, dtype=np.int64)
    while len(starts) > 1:
        r, b = np.add.reduceat(rows, starts), np.add.reduceat(bads, starts)
        likeness = _distance(r[:-1], b[:-1], r[1:], b[1:])
        small = (r < least_rows) | (np.minimum(b, r - b) < least_each)
        beside_small = small[:-1] | small[1:]
        if beside_small.any():
            at = int(np.argmin(np.where(beside_small, likeness, np.inf)))
        elif likeness.min() < unlike or len(starts) > most:
            at = int(np.argmin(likeness))
        else:
            break
        starts = np.delete(starts, at + 1)
    return starts


def merge_turning(
    rows: Floats, bads: Floats, starts: Integers, *, surely: float
) -> tuple[Integers, tuple[tuple[int, int], ...]]:
    """Return the groups that remain where bins change their order in some period, and the pairs that were merged.

    `rows` and `bads` are (periods, m). Two bins turn where in one period the difference of their bad rates has the other sign than
    over all, by more than `surely` standard errors; between two that turn, the neighbours most like each other are merged.

    >>> rows, bads = np.full((2, 2), 1000.0), np.array([[200.0, 100.0], [100.0, 160.0]])
    >>> merge_turning(rows, bads, np.arange(2), surely=2.0)
    (array([0]), ((0, 1),))
    """
    starts, merged = np.asarray(starts, dtype=np.int64), []
    while len(starts) > 1:
        r, b = np.add.reduceat(rows, starts, axis=1), np.add.reduceat(bads, starts, axis=1)
        turned = _turned(r, b)
        if turned.max() <= surely:
            break
        period, first, second = np.unravel_index(int(np.argmax(turned)), turned.shape)
        lo, hi = sorted((int(first), int(second)))
        whole_rows, whole_bads = r.sum(axis=0), b.sum(axis=0)
        likeness = _distance(whole_rows[lo:hi], whole_bads[lo:hi], whole_rows[lo + 1 : hi + 1], whole_bads[lo + 1 : hi + 1])
        at = lo + int(np.argmin(likeness))
        merged.append((at, int(period)))
        starts = np.delete(starts, at + 1)
    return starts, tuple(merged)


def _turned(rows: Floats, bads: Floats) -> Floats:
    """Return (periods, bins, bins): by how many standard errors two bins stand the other way round than over all."""
    rate = (bads + 0.5) / (rows + 1)
    variance = rate * (1 - rate) / (rows + 1)
    whole = (bads.sum(axis=0) + 0.5) / (rows.sum(axis=0) + 1)
    order = np.sign(whole[:, None] - whole[None, :])
    error = np.sqrt(variance[:, :, None] + variance[:, None, :])
    return np.asarray(-order * (rate[:, :, None] - rate[:, None, :]) / error)


def _distance(rows: Floats, bads: Floats, next_rows: Floats, next_bads: Floats) -> Floats:
    """Return twice the log likelihood ratio of two bad rates against one in common (Wilks 1938)."""
    apart = _entropy(rows, bads) + _entropy(next_rows, next_bads)
    return np.asarray(2 * (apart - _entropy(rows + next_rows, bads + next_bads)))


def _entropy(rows: Floats, bads: Floats) -> Floats:
    rate = np.clip(bads / np.maximum(rows, 1e-9), 1e-9, 1 - 1e-9)
    return np.asarray(bads * np.log(rate) + (rows - bads) * np.log1p(-rate))
