"""In: two scores of the same rows. Out: where they agree, who is swapped at equal approval. Used: to compare models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from weilend.core.errors import InputError
from weilend.core.money import PPM
from weilend.models.metrics import Interval
from weilend.models.table import Floats, Integers
from weilend.models.validation.bands import cut_tenths, effective_counts, rate_interval
from weilend.models.validation.scored import ScoredRows

#: Shares of applications at which both scores approve.
APPROVALS_PPM: Final = (300_000, 500_000, 600_000, 700_000, 800_000, 900_000)
FIFTHS: Final = 5


class Cell(msgspec.Struct, frozen=True):
    """Some rows: how many, how many bad, the bad rate with its interval (None where there are none)."""

    rows: int
    bads: int
    bad_rate: Interval | None


class Swap(msgspec.Struct, frozen=True, kw_only=True):
    """Who changes sides when the second score takes the first one's place, both approving `asked_ppm` of the rows.

    `only_second` are swapped in, `only_first` swapped out; `bads_less` is how many bads fewer the second approves.
    """

    asked_ppm: int
    both: Cell
    only_first: Cell
    only_second: Cell
    neither: Cell

    @property
    def bads_less(self) -> int:
        """How many bads fewer the second score approves."""
        return self.only_first.bads - self.only_second.bads


def swap_sets(first: ScoredRows, second: ScoredRows, approvals_ppm: Sequence[int] = APPROVALS_PPM) -> tuple[Swap, ...]:
    """Return the swap at each share of approvals, equal for both to the row: those that tie at the cut share what is left.

    So counts are what is expected where ties are broken by chance, the same chance for both, rounded. Raises `InputError` where the
    two speak of other rows.

    >>> from weilend.models.validation.scored import plain_rows
    >>> bad = np.array([1, 0, 0, 1])
    >>> swap, = swap_sets(plain_rows(bad, np.array([1, 2, 3, 4])), plain_rows(bad, np.array([1, 3, 4, 2])), (500_000,))
    >>> (swap.both.rows, swap.only_first.bads, swap.only_second.bads, swap.neither.rows, swap.bads_less)
    (1, 1, 0, 1, 1)
    """
    if len(first) != len(second) or (first.bad != second.bad).any():
        raise InputError("the two scores speak of other rows or outcomes", hint="compare them on the same rows")
    found = []
    for asked in approvals_ppm:
        one, other = approve(first, asked), approve(second, asked)
        found.append(
            Swap(
                asked_ppm=asked,
                both=_cell(first, np.minimum(one, other)),
                only_first=_cell(first, np.maximum(one - other, 0.0)),
                only_second=_cell(first, np.maximum(other - one, 0.0)),
                neither=_cell(first, 1 - np.maximum(one, other)),
            )
        )
    return tuple(found)


def approve(rows: ScoredRows, share_ppm: int) -> Floats:
    """Return how much (n,) of each row is approved if a share of all is: 1 above the cut, 0 below it, alike for those on it.

    >>> from weilend.models.validation.scored import plain_rows
    >>> approve(plain_rows(np.array([1, 0, 0, 0]), np.array([1, 2, 2, 3])), 500_000).tolist()
    [0.0, 0.5, 0.5, 1.0]
    """
    _, place = np.unique(rows.points, return_inverse=True)
    mass = np.bincount(place, weights=rows.weight)
    safer = np.cumsum(mass[::-1])[::-1] - mass
    return np.asarray(np.clip((share_ppm / PPM * mass.sum() - safer) / mass, 0.0, 1.0)[place])


def cross_fifths(first: ScoredRows, second: ScoredRows) -> tuple[tuple[Cell, ...], ...]:
    """Return a cell for each fifth of the first (outer) and of the second score (inner), riskiest first.

    >>> from weilend.models.validation.scored import example_rows
    >>> rows = example_rows(500)
    >>> cells = cross_fifths(rows, rows)
    >>> sum(cells[at][at].rows for at in range(5)), cells[0][4].rows
    (500, 0)
    """
    places: list[Integers] = [cut_tenths(rows.points, rows.weight, parts=FIFTHS) for rows in (first, second)]
    return tuple(
        tuple(_cell(first, ((places[0] == one) & (places[1] == other)) * 1.0) for other in range(FIFTHS))
        for one in range(FIFTHS)
    )


def rank_correlation(first: ScoredRows, second: ScoredRows) -> int:
    """Return Spearman's (1904) rank correlation of two scores in ppm; 0 where one of them says the same of all rows.

    >>> from weilend.models.validation.scored import example_rows
    >>> rank_correlation(example_rows(50), example_rows(50))
    1000000
    """
    ranks = [_ranks(rows.points) for rows in (first, second)]
    if any(rank.min() == rank.max() for rank in ranks):
        return 0
    return round(PPM * float(np.corrcoef(ranks[0], ranks[1])[0, 1]))


def _ranks(points: Integers) -> Integers:
    """Return twice the mean rank of each row, so that ties stay whole numbers."""
    _, place, count = np.unique(points, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return (2 * last - count)[place].astype(np.int64)


def _cell(rows: ScoredRows, share: Floats) -> Cell:
    """Return the cell that holds a share (n,) of each row."""
    mine = share > 0
    part = rows.take(mine)
    if not len(part):
        return Cell(0, 0, None)
    count, bads = (round(float((share * kind).sum())) for kind in (np.ones(len(rows)), rows.bad))
    part = msgspec.structs.replace(part, weight=part.weight * share[mine])
    return Cell(count, bads, rate_interval(*effective_counts(part)))
