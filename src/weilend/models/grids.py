"""In: rows in coarse cells of two columns. Out: scores of the cells, fitted beside those of single columns. Used: by the flat card.

A few tables of two columns beside an additive card, found by what they would gain on rows that had no part in them (GA2M: Lou,
Caruana, Gehrke & Hooker 2013) and drawn towards zero, so that a cell with few rows says little.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Final

import msgspec
import numpy as np

from weilend.models.backfit import Steps, centre, move_scores
from weilend.models.binning import pool
from weilend.models.table import Floats, Integers

#: Rounds over all columns and tables; after that scores move by less than a point.
SWEEPS: Final = 6


#: Tables that are asked again once the first is found: the others gained too little before anything was explained.
ASKED_AGAIN: Final = 40
#: Newton steps of a table that was found, before the next is looked for.
SETTLING: Final = 3


class Side(msgspec.Struct, frozen=True, eq=False):
    """One column in coarse groups: `code` (n,) below `groups`; the last is in no order. `sign` +1 where a later group is safer."""

    code: Integers
    groups: int
    sign: int = 0

    def take(self, rows: Integers) -> Side:
        """Return the same for some rows."""
        return Side(self.code[rows], self.groups, self.sign)


class Grid(msgspec.Struct, frozen=True, eq=False):
    """Cells of two columns: `code` (n,) is ``row * wide + column``; `signs` those of its rows and of its columns."""

    code: Integers
    tall: int
    wide: int
    signs: tuple[int, int] = (0, 0)


def join(first: Side, second: Side) -> Grid:
    """Return the table of two columns.

    >>> join(Side(np.array([0, 1]), 2), Side(np.array([2, 1]), 3)).code.tolist()
    [2, 4]
    """
    return Grid(first.code * second.groups + second.code, first.groups, second.groups, (first.sign, second.sign))


class Fit(msgspec.Struct, frozen=True, eq=False):
    """Scores (positive is safer) of each column's bins, and of each table's cells, flat."""

    steps: tuple[Floats, ...]
    grids: tuple[Floats, ...]

    def safe(self, steps: Sequence[Steps], grids: Sequence[Grid]) -> Floats:
        """Return the sum of scores (n,) of rows."""
        rows = len(steps[0].code)
        codes = [*(one.code for one in steps), *(one.code for one in grids)]
        return sum((score[code] for score, code in zip((*self.steps, *self.grids), codes, strict=True)), np.zeros(rows))


def fit_grids(
    steps: Sequence[Steps],
    scores: Sequence[Floats],
    grids: Sequence[Grid],
    bad: Integers,
    weight: Floats,
    strengths: tuple[float, float],
) -> Fit:
    """Return scores of columns and tables fitted to each other, `scores` to begin with; `strengths` of columns and of tables.

    Minimises deviance/2 + strength/2 · |s - start|² by cyclic Newton steps, as `fit_scores` does; a table starts at zero.

    >>> code = np.arange(400) % 4
    >>> odd = Steps(code % 2, np.zeros(2), 2), Steps(code // 2, np.zeros(2), 2)
    >>> bad = np.isin(code, (0, 3)) * (np.arange(400) % 8 < 6).astype(np.int64)
    >>> table = join(Side(code // 2, 2), Side(code % 2, 2))
    >>> said = fit_grids(odd, [one.start for one in odd], [table], bad, np.ones(400), (1.0, 1.0))
    >>> bool(said.grids[0][1] > 1 > -1 > said.grids[0][0])
    True
    """  # fmt: skip
    mains, tables = [one.copy() for one in scores], [np.zeros(grid.tall * grid.wide) for grid in grids]
    safe = Fit(tuple(mains), tuple(tables)).safe(steps, grids)
    base = 0.0
    for _ in range(SWEEPS):
        base = centre(base, safe, bad, weight)
        for at, one in enumerate(steps):
            moved = move_scores(one, mains[at], base - safe, bad, weight, strengths[0])
            safe += (moved - mains[at])[one.code]
            mains[at] = moved
        for at, grid in enumerate(grids):
            moved = _move(grid, tables[at], base - safe, bad, weight, strengths[1])
            safe += (moved - tables[at])[grid.code]
            tables[at] = moved
    return Fit(tuple(mains), tuple(tables))


def _move(grid: Grid, score: Floats, logit: Floats, bad: Integers, weight: Floats, strength: float) -> Floats:
    """Return a table's scores after one Newton step in each cell, declared signs kept."""
    parts = _derive(logit, bad, weight)
    slope, curve = (np.bincount(grid.code, weights=one, minlength=len(score)).astype(np.float64) for one in parts)
    curve = curve + strength
    moved = score + np.clip((slope - strength * score) / curve, -1.0, 1.0)
    return _in_order(grid, moved.reshape(grid.tall, grid.wide), curve.reshape(grid.tall, grid.wide)).ravel()


def _derive(logit: Floats, bad: Integers, weight: Floats) -> tuple[Floats, Floats]:
    """Return first and second derivative (n,) of half the deviance; the first is positive where a row should be safer."""
    chance = 1 / (1 + np.exp(-logit))
    return weight * (chance - bad), weight * chance * (1 - chance)


def _in_order(grid: Grid, table: Floats, curve: Floats) -> Floats:
    """Return a table whose rows and columns keep their declared order, pooled in turn until both do."""
    for _ in range(4 if all(grid.signs) else 1):
        for axis, sign in enumerate(grid.signs):
            if sign:
                value, heavy = np.moveaxis(table.copy(), axis, 1), np.moveaxis(curve, axis, 1)
                value[:, :-1] = pool((value * heavy)[:, :-1], heavy[:, :-1], np.full(len(value), float(sign)))
                table = np.moveaxis(value, 1, axis)
    return table


def find_grids(
    sides: Sequence[Side], logit: Floats, bad: Integers, weight: Floats, fold: Integers, *, most: int, strength: float
) -> tuple[tuple[int, int], ...]:
    """Return the places of the sides of at most `most` tables, best first: each gains most, out of fold, on what is left.

    The gain is that of one Newton step in each cell, to second order; a table that gains nothing is not found.

    >>> code = np.arange(400) % 4
    >>> bad = np.isin(code, (0, 3)) * (np.arange(400) % 8 < 6).astype(np.int64)
    >>> sides = [Side(one, 2) for one in (np.arange(400) % 2 * 0, code % 2, code // 2)]
    >>> find_grids(sides, np.full(400, -0.5), bad, np.ones(400), np.arange(400) // 4 % 5, most=1, strength=1.0)
    ((1, 2),)
    """
    left = list(combinations(range(len(sides)), 2))
    found: list[tuple[int, int]] = []
    while left and len(found) < most:
        slope, curve = _derive(logit, bad, weight)
        gains = np.array([_gain(join(sides[one], sides[two]), slope, curve, fold, strength) for one, two in left])
        order = np.argsort(-gains, kind="stable")[:ASKED_AGAIN].tolist()
        if gains[order[0]] <= 0:
            break
        found.append(left[order[0]])
        left = [left[at] for at in order[1:]]
        grid = join(*(sides[at] for at in found[-1]))
        for _ in range(SETTLING):
            logit = logit - _move(grid, np.zeros(grid.tall * grid.wide), logit, bad, weight, strength)[grid.code]
    return tuple(found)


def _gain(grid: Grid, slope: Floats, curve: Floats, fold: Integers, strength: float) -> float:
    """Return how much of half the deviance a table's Newton step saves on folds that had no part in it, to second order."""
    folds, size = int(fold.max()) + 1, grid.tall * grid.wide
    code = fold * size + grid.code
    slopes, curves = (np.bincount(code, weights=one, minlength=folds * size).reshape(folds, size) for one in (slope, curve))
    score = (slopes.sum(axis=0) - slopes) / (curves.sum(axis=0) - curves + strength)
    return float((score * slopes - score**2 * curves / 2).sum())
