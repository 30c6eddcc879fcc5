"""In: a sample, its bins, scores of single columns. Out: a few tables of two columns, or none. Used: by the flat card.

Tables are chosen, fitted and judged in folds: in each, columns are paired and cells fitted on the rows of the others. They are kept
only where the whole card with them is better on the rows that had no part in it, by more than two standard errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from weilend.models.backfit import Steps, Together, centre
from weilend.models.bins import Bins
from weilend.models.grids import Fit, Grid, Side, find_grids, fit_grids, join
from weilend.models.pairs import MOST_GROUPS, PairAxis
from weilend.models.sample import Sample
from weilend.models.split import deal_folds
from weilend.models.table import Booleans, Floats, Integers

#: How many tables a card may have, and the ridge strengths of their cells, in rows of one bad to four.
COUNTS: Final = (2, 4, 6, 8)
STRENGTHS: Final = (1.0, 3.0, 10.0)
#: The strength at which tables are looked for.
LOOKING: Final = 5.0
#: Columns that are paired, the most informative ones; what says nothing alone may say something beside another.
MOST_COLUMNS: Final = 64
#: Rows on which tables are looked for and judged: more settle no choice.
MOST_ROWS: Final = 60_000
#: By how many standard errors the card must be better with tables than without.
SURELY: Final = 2.0


class KeptTable(msgspec.Struct, frozen=True, eq=False):
    """A table that was kept: its `axes`, and its `scores` (rows, columns), positive is safer."""

    axes: tuple[PairAxis, PairAxis]
    scores: Floats


class Paired(msgspec.Struct, frozen=True, eq=False):
    """The scores of single columns beside the `tables`, and how much of the log loss these save: `gain` a row, `error` of it."""

    scores: tuple[Floats, ...]
    tables: tuple[KeptTable, ...] = ()
    gain: float = 0.0
    error: float = 0.0


def choose_tables(sample: Sample, bins: Sequence[Bins], together: Together, *, seed: int) -> Paired:
    """Return the tables that make the card of `together` better on rows that had no part in them, and its scores beside them.

    `bins` are those of all columns of the sample, whether the card has them or not.

    >>> from weilend.models.bins import bin_sample
    >>> from weilend.models.sample import example_sample
    >>> sample = example_sample(300)
    >>> alone = Together((Steps(np.zeros(300, dtype=np.int64), np.zeros(1), 1),), (np.zeros(1),), 3.0,
    ...     np.arange(300) % 5, ((np.zeros(1),),) * 5)
    >>> found = choose_tables(sample, bin_sample(sample, seed=1), alone, seed=1)
    >>> [axis.feature for axis in found.tables[0].axes], bool(found.gain > 2 * found.error)
    (['income', 'use'], True)
    """
    ranked = sorted((one for one in bins if one.count), key=lambda one: (-one.information, one.column.name))[:MOST_COLUMNS]
    axes = [make_axis(one, *sample.table.column(one.column.name)) for one in ranked]
    axes = [axis for axis in axes if axis.ordinary > 1 or not sample.table.column(axis.feature)[1].all()]
    signs = {column.name: column.sign for column in sample.columns}
    sides = [Side(axis.groups_in(*sample.table.column(axis.feature)), axis.groups, signs[axis.feature]) for axis in axes]
    weight = sample.weight / sample.weight.mean()
    few = _some(sample, seed)
    count, strength, gain, error = _judge(sample, sides, together, weight, few)
    alone = Paired(together.scores, (), gain, error)
    if not count:
        return alone
    found = _find(sides, together.steps, together.scores, sample.bad, weight, together.fold, np.flatnonzero(few), count)
    grids = [join(sides[one], sides[two]) for one, two in found]
    fit = fit_grids(together.steps, together.scores, grids, sample.bad, weight, (together.strength, strength))
    tables = [
        KeptTable((axes[one], axes[two]), cells.reshape(grid.tall, grid.wide))
        for (one, two), grid, cells in zip(found, grids, fit.grids, strict=True)
    ]
    return Paired(fit.steps, tuple(tables), gain, error)


def make_axis(bins: Bins, values: Integers, known: Booleans) -> PairAxis:
    """Return a column in coarse groups: a number in fifths of its rows, words by the risk of their bins.

    >>> from weilend.models.sample import Column
    >>> none = np.zeros(3)
    >>> bins = Bins(column=Column(name="x"), shape="up", cuts=(25,), levels=(), woe=none, rows=none, bads=none, information=0.0)
    >>> make_axis(bins, np.arange(10), np.ones(10, dtype=np.bool_)).cuts
    (1, 3, 5, 7)
    """
    column, most = bins.column, MOST_GROUPS - 1
    if column.kind == "category":
        return PairAxis(feature=column.name, levels=_merge_levels(bins, most), specials=column.specials)
    ordinary = np.sort(values[known & ~np.isin(values, np.array(column.specials, dtype=np.int64))])
    if not len(ordinary):
        return PairAxis(feature=column.name, specials=column.specials)
    ranks = -(-np.arange(1, most) * len(ordinary) // most) - 1
    cuts = sorted(set(ordinary[ranks].tolist()) - {int(ordinary[-1])})
    return PairAxis(feature=column.name, cuts=tuple(cuts), specials=column.specials)


def _merge_levels(bins: Bins, most: int) -> tuple[int, ...]:
    """Return the group of each word: bins in the order of their risk, the two smallest neighbours merged until few are left."""
    order = np.argsort(bins.woe[: bins.count], kind="stable")
    rows, starts = bins.rows[: bins.count][order], list(range(bins.count))
    while len(starts) > most:
        sizes = np.add.reduceat(rows, starts)
        del starts[int(np.argmin(sizes[:-1] + sizes[1:])) + 1]
    group = np.empty(bins.count, dtype=np.int64)
    group[order] = np.searchsorted(starts, np.arange(bins.count), side="right") - 1
    return tuple(group[list(bins.levels)].tolist())


def _some(sample: Sample, seed: int) -> Booleans:
    """Return which rows tables are looked for on: all, or whole groups of about `MOST_ROWS` rows."""
    if len(sample) <= MOST_ROWS:
        return np.ones(len(sample), dtype=np.bool_)
    return np.asarray(deal_folds(sample, folds=-(-len(sample) // MOST_ROWS), seed=seed) == 0)


def _find(
    sides: Sequence[Side],
    steps: Sequence[Steps],
    scores: Sequence[Floats],
    bad: Integers,
    weight: Floats,
    fold: Integers,
    rows: Integers,
    most: int,
) -> tuple[tuple[int, int], ...]:
    """Return the sides of the tables that gain most on what single columns leave of some rows."""  # fmt: skip
    safe = Fit(tuple(scores), ()).safe([one.take(rows) for one in steps], ())
    base = 0.0
    for _ in range(12):
        base = centre(base, safe, bad[rows], weight[rows])
    mine = [side.take(rows) for side in sides]
    return find_grids(mine, base - safe, bad[rows], weight[rows], fold[rows], most=most, strength=LOOKING)


def _judge(
    sample: Sample, sides: Sequence[Side], together: Together, weight: Floats, few: Booleans
) -> tuple[int, float, float, float]:
    """Return how many tables, at which strength, save how much log loss a row out of fold, and its error; no table where unsure."""
    asked = [(0, 0.0), *((count, strength) for count in COUNTS for strength in STRENGTHS)]
    loss = np.zeros((len(asked), len(sample)))
    for this, scores in enumerate(together.by_fold):
        train, rest = (np.flatnonzero(few & part) for part in (together.fold != this, together.fold == this))
        found = _find(sides, together.steps, scores, sample.bad, weight, together.fold, train, COUNTS[-1])
        grids = [join(sides[one], sides[two]) for one, two in found]
        for at, (count, strength) in enumerate(asked):
            fit = _fit_part(together, scores, grids[:count], sample.bad, weight, strength, train)
            held = [one.take(rest) for one in together.steps], [_take(one, rest) for one in grids[:count]]
            loss[at, rest] = _losses(fit.safe(*held), sample.bad[rest], weight[rest])
    best = int(np.argmin(loss.sum(axis=1)))
    count, strength = asked[best]
    saved = np.bincount(np.unique(sample.group, return_inverse=True)[1], weights=loss[0] - loss[best])
    gain, error = float(saved.sum()), float(saved.std() * np.sqrt(len(saved)))
    sure = gain > SURELY * error
    return (count if sure else 0), strength, gain / max(few.sum(), 1), error / max(few.sum(), 1)


def _fit_part(
    together: Together,
    scores: tuple[Floats, ...],
    grids: Sequence[Grid],
    bad: Integers,
    weight: Floats,
    strength: float,
    rows: Integers,
) -> Fit:
    """Return the fit on some rows; without tables the scores stay as they are, fitted to each other already."""  # fmt: skip
    if not grids:
        return Fit(scores, ())
    steps, mine = [one.take(rows) for one in together.steps], [_take(one, rows) for one in grids]
    return fit_grids(steps, scores, mine, bad[rows], weight[rows], (together.strength, strength))


def _take(grid: Grid, rows: Integers) -> Grid:
    return msgspec.structs.replace(grid, code=grid.code[rows])


def _losses(safe: Floats, bad: Integers, weight: Floats) -> Floats:
    """Return the log loss of each row, at the intercept with which their PDs add up to their bads."""
    base = 0.0
    for _ in range(12):
        base = centre(base, safe, bad, weight)
    logit = base - safe
    return np.asarray(weight * (np.logaddexp(0.0, logit) - logit * bad))
