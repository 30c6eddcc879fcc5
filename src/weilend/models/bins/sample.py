"""In: a sample. Out: the bins of every column, and evidence that no row had a part in. Used: by selection and recipes."""

from __future__ import annotations

from typing import Final

import numpy as np

from weilend.models.bins.column import RULES, BinRules, Dealt, bin_column
from weilend.models.bins.made import Bins, evidence_of
from weilend.models.sample import Sample
from weilend.models.split import deal_folds
from weilend.models.table import Floats, Integers

FOLDS: Final = 5
#: Windows of about equal size in which the order of bins must not turn.
PERIODS: Final = 4


def bin_sample(sample: Sample, *, seed: int, rules: BinRules = RULES) -> tuple[Bins, ...]:
    """Return the bins of every column of a sample, in its order.

    >>> from weilend.models.sample import example_sample
    >>> [one.shape for one in bin_sample(example_sample(600), seed=1)]
    ['down', 'down', 'by risk']
    """
    dealt = Dealt(sample.bad, sample.weight, deal_folds(sample, folds=FOLDS, seed=seed), _periods(sample.month), FOLDS, PERIODS)
    table = sample.table  # one column is copied at a time: a second copy of all would be gigabytes of a large table
    return tuple(
        bin_column(column, np.ascontiguousarray(table.values[:, at]), np.ascontiguousarray(table.known[:, at]), dealt, rules)
        for at, column in enumerate(sample.columns)
    )


def evidence_out_of_fold(sample: Sample, *, seed: int, rules: BinRules = RULES) -> Floats:
    """Return (n, k) evidence of each row's bins, made each time on the folds that the row is not in.

    Bins take the label's advice, words most of all: coefficients that are fitted on such evidence do not believe it too much.

    >>> from weilend.models.sample import example_sample
    >>> sample = example_sample(600)
    >>> evidence_out_of_fold(sample, seed=1).shape
    (600, 3)
    """
    fold = deal_folds(sample, folds=FOLDS, seed=seed)
    evidence = np.empty((len(sample), len(sample.columns)))
    for this in range(FOLDS):
        bins = bin_sample(sample.take(fold != this), seed=seed, rules=rules)
        evidence[fold == this] = evidence_of(bins, sample.take(fold == this).table)
    return evidence


def _periods(month: Integers) -> Integers:
    """Return the window 0..3 of each row: whole months, about equally many rows; all rows are in one where they have no month."""
    months, place, rows = np.unique(month, return_inverse=True, return_counts=True)
    before = np.cumsum(rows) - rows
    window = (before * PERIODS // len(month)) if len(months) > 1 else np.zeros(len(months), dtype=np.int64)
    return np.asarray(window[place], dtype=np.int64)
