"""In: a design, and what it is held against. Out: `Case`, what every guard looks at, with what several need counted once.

Used: by the guards. Guards look at no more than `LOOKED_AT` rows, drawn by content: what is not seen in them is no leak.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final

import msgspec
import numpy as np

from weilend.models.bins import BinRules, bin_sample, evidence_of, evidence_out_of_fold
from weilend.models.ranks import auc_error, rank_auc
from weilend.models.sample import Column, Sample
from weilend.models.split import deal_folds
from weilend.models.table import Booleans, Floats, Integers, Table

LOOKED_AT: Final = 40_000
#: Guards bin coarsely: a leak is no matter of fine cuts.
COARSE: Final = BinRules(fine=12, most=8)


class Case:
    """A sample under suspicion: at most `LOOKED_AT` of its rows, each with its `row` in the file.

    `rejects` and `population` are tables in the sample's columns (None where there are none); `time` names the time column.

    >>> from weilend.models.sample import example_sample
    >>> case = Case(example_sample(600), np.arange(600), seed=1)
    >>> case.auc.round(1).tolist()
    [0.8, 0.5, 0.6]
    """

    def __init__(
        self, sample: Sample, row: Integers, *, seed: int, time: str = "", rejects: Table | None = None,
        population: Table | None = None,
    ) -> None:  # fmt: skip
        """Take the rows that are looked at."""
        few = np.ones(len(sample), dtype=np.bool_)
        if len(sample) > LOOKED_AT:
            few = deal_folds(sample, folds=-(-len(sample) // LOOKED_AT), seed=seed) == 0
        looked_at = sample.take(few)
        self.sample = msgspec.structs.replace(looked_at, table=looked_at.table.widen())
        self.row, self.seed, self.time = np.asarray(row)[few], seed, time
        self.rejects, self.population = rejects, population

    def on(self, sample: Sample) -> Case:
        """Return the case of the same rows in other columns."""
        return Case(sample, self.row, seed=self.seed, time=self.time, rejects=self.rejects, population=self.population)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns of the sample."""
        return self.sample.columns

    @property
    def bads(self) -> int:
        """How many of the rows are bad."""
        return int(self.sample.bad.sum())

    @property
    def goods(self) -> int:
        """How many of the rows are good."""
        return len(self.sample) - self.bads

    @cached_property
    def evidence(self) -> Floats:
        """Evidence (n, k) of each column alone, made on folds that the row is not in."""
        return evidence_out_of_fold(self.sample, seed=self.seed, rules=COARSE)

    @cached_property
    def auc(self) -> Floats:
        """AUC (k,) of each column alone, on rows that had no part in its bins."""
        return np.array([rank_auc(self.sample.bad, column) for column in self.evidence.T])

    def error(self, auc: float) -> float:
        """Return the standard error of an AUC on these rows."""
        return auc_error(auc, self.bads, self.goods)

    @cached_property
    def newer(self) -> Booleans:
        """The newer half (n,) of the rows, whole months; nobody where there is no time or one month only."""
        month = self.sample.month
        months = np.unique(month)
        if len(months) < 2 or months[0] < 0:
            return np.zeros(len(month), dtype=np.bool_)
        shares = [(month >= first).mean() for first in months[1:]]
        return np.asarray(month >= months[1 + int(np.argmin(np.abs(np.array(shares) - 0.5)))])

    @cached_property
    def across(self) -> tuple[Floats, Floats] | None:
        """AUC (k,) of each column in the older half by its own folds, and in the newer half by the older half's bins."""
        old, new = self.sample.take(~self.newer), self.sample.take(self.newer)
        if min(len(new), len(old)) == 0 or min(min(part.bad.sum(), (1 - part.bad).sum()) for part in (old, new)) < 30:
            return None
        inside = evidence_out_of_fold(old, seed=self.seed, rules=COARSE)
        beyond = evidence_of(bin_sample(old, seed=self.seed, rules=COARSE), new.table)
        return (
            np.array([rank_auc(old.bad, column) for column in inside.T]),
            np.array([rank_auc(new.bad, column) for column in beyond.T]),
        )
