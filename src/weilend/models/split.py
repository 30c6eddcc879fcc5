"""In: a sample. Out: on which rows a model learns and on which it is judged. Used: by sample design.

Out of time where there are months, by chance where there are none; a group never stands on both sides.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Final

import numpy as np
import numpy.typing as npt

from weilend.models.flat.dates import name_month
from weilend.models.guard import MIN_OF_EACH_OUTCOME
from weilend.models.sample import Sample
from weilend.models.table import Booleans, Integers

Keys = npt.NDArray[np.uint64]
#: The share of rows, the newest ones, on which a model is judged.
HELD_OUT: Final = 0.25


def split_sample(sample: Sample, *, seed: int) -> tuple[Booleans, Booleans, str, str]:
    """Return train, test, how it was split, and why not by time ("" where it was); no group stands on both sides.

    The newest quarter of the rows, in whole months, is held out. Without months (or where the newest hold too few of either
    outcome) a quarter of the groups is drawn, which is said.

    >>> from weilend.models.sample import example_sample
    >>> sample = example_sample()
    >>> _, test, how, exception = split_sample(sample, seed=1)
    >>> int(test.sum()), how, exception
    (50, 'by chance, whole groups', 'no time column: a random split cannot show how a model ages')
    """
    months = np.unique(sample.month[sample.month >= 0])
    why = "no time column" if not len(months) else "all rows are of one month" if len(months) == 1 else ""
    if not why:
        first = _first_month_held_out(sample.month, months)
        test = sample.month >= first
        test &= ~np.isin(sample.group, sample.group[~test])
        if _has_both(sample.bad[test]) and _has_both(sample.bad[sample.month < first]):
            said = f"out of time: learned up to {name_month(int(months[months < first][-1]))}, judged from {name_month(first)}"
            return sample.month < first, test, said, ""
        why = "the newest months hold too few goods or bads"
    test = _draw(sample, seed)
    return ~test, test, "by chance, whole groups", f"{why}: a random split cannot show how a model ages"


def _first_month_held_out(month: Integers, months: Integers) -> int:
    shares = np.array([(month >= first).mean() for first in months[1:]])
    return int(months[1 + int(np.argmin(np.abs(shares - HELD_OUT)))])


def _has_both(bad: Integers) -> bool:
    return bool(min(bad.sum(), len(bad) - bad.sum()) >= MIN_OF_EACH_OUTCOME)


def _draw(sample: Sample, seed: int) -> Booleans:
    return np.asarray(deal_folds(sample, folds=round(1 / HELD_OUT), seed=seed) == 0)


def deal_folds(sample: Sample, *, folds: int, seed: int) -> Integers:
    """Return the fold 0..folds-1 of each row; a group is whole in one, groups with bads and groups without are dealt out apart.

    Folds hang on content and seed, never on the order of rows or columns.

    >>> from weilend.models.sample import example_sample
    >>> fold = deal_folds(example_sample(), folds=4, seed=1)
    >>> np.bincount(fold).tolist()
    [50, 50, 50, 50]
    """
    groups, place = np.unique(sample.group, return_inverse=True)
    keys = np.zeros(len(groups), dtype=np.uint64)
    cells = zip(sample.table.values.T, sample.table.known.T, strict=True)
    np.add.at(keys, place, mix(row_keys(sample.table.names, cells, sample.bad)))
    bads = np.bincount(place, weights=sample.bad, minlength=len(groups)) > 0
    order, fold, dealt = np.argsort(keys, kind="stable"), np.empty(len(groups), dtype=np.int64), 0
    dice = np.random.default_rng(seed)
    for has_bads in (True, False):
        mine = dice.permutation(order[bads[order] == has_bads])
        fold[mine] = (np.arange(len(mine)) + dealt) % folds
        dealt += len(mine)
    return fold[place]


def row_keys(names: Iterable[str], columns: Iterable[tuple[Integers, Booleans]], bad: Integers) -> Keys:
    """Return one number a row (n,) that hangs on its content alone: a sum over its named cells, whatever their order.

    >>> one, two = np.array([5, 5, 6]), np.ones(3, dtype=np.bool_)
    >>> len(set(row_keys(["age"], [(one, two)], np.zeros(3)).tolist()))
    2
    """
    key = bad.astype(np.uint64)
    for name, (values, known) in zip(names, columns, strict=True):
        odd = np.uint64(int.from_bytes(sha256(name.encode()).digest()[:8], "big") | 1)
        key += (values.astype(np.uint64) * np.uint64(2) + known.astype(np.uint64)) * odd
    return key


def mix(key: Keys) -> Keys:
    """Return numbers whose order has nothing to do with that of the numbers given (splitmix64).

    >>> mix(np.array([0, 1], dtype=np.uint64)).tolist()
    [0, 6238072747940578789]
    """
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        key = (key ^ (key >> np.uint64(shift))) * np.uint64(factor)
    return key ^ (key >> np.uint64(31))
