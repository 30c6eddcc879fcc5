"""In: a table and a label. Out: folds that hang on content and seed, never on row order. Used: by recipes and validation."""

from __future__ import annotations

from typing import Final

import numpy as np

from weilend.core.errors import InputError
from weilend.models.table import Integers, Table, canonical_order

#: The published seeds: every figure over "20 seeds" is over these, in this order; nobody picked them.
SEEDS: Final[tuple[int, ...]] = tuple(range(1, 21))


def stratified_folds(table: Table, label: Integers, *, folds: int, seed: int) -> Integers:
    """Return the fold 0..folds-1 of each row; goods and bads are dealt out apart, so that folds differ by at most one of each.

    >>> x = np.arange(10)[:, None]
    >>> label = np.array([1, 0, 0, 0, 0, 1, 0, 0, 0, 0])
    >>> fold = stratified_folds(Table(("x",), x, x >= 0, tuple("abcdefghij")), label, folds=2, seed=1)
    >>> [(int((fold == f).sum()), int(label[fold == f].sum())) for f in (0, 1)]
    [(5, 1), (5, 1)]
    """
    if min(int(label.sum()), int((1 - label).sum())) < folds:
        raise InputError(f"{folds} folds need at least {folds} goods and {folds} bads", hint="use fewer folds or more data")
    rng = np.random.default_rng(seed)
    order = canonical_order(table, label)
    fold = np.empty(len(label), dtype=np.int64)
    dealt = 0
    for value in (1, 0):
        rows = rng.permutation(order[label[order] == value])
        fold[rows] = (np.arange(len(rows)) + dealt) % folds
        dealt += len(rows)
    return fold
