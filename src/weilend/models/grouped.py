"""In: who belongs together and who is bad. Out: folds and bootstraps that part no group. Used: by boosters, judgement."""

from __future__ import annotations

import msgspec
import numpy as np

from weilend.core.errors import InputError
from weilend.models.sample import Sample
from weilend.models.table import Integers


def grouped_folds(group: Integers, bad: Integers, *, folds: int, seed: int) -> Integers:
    """Return the fold 0..folds-1 of each row: a group lies in one fold, and folds have about as many bads and as many rows.

    Groups are dealt out with the most bads first, then the largest, forwards and backwards in turn; `seed` breaks ties. Boosters
    and judgement need large groups evened out, from arrays alone; `split.deal_folds` hangs on a sample's content and never on its
    order, and deals groups alike. Raises `InputError` where fewer groups than folds hold a bad, or a good.

    >>> fold = grouped_folds(np.array([7, 7, 8, 9, 5, 6]), np.array([1, 0, 0, 1, 0, 0]), folds=2, seed=1)
    >>> bool(fold[0] == fold[1]), bool(fold[0] != fold[3])
    (True, True)
    """
    _, place = np.unique(group, return_inverse=True)
    size, bads = np.bincount(place), np.bincount(place, weights=bad)
    if min(int((bads > 0).sum()), int((bads < size).sum())) < folds:
        raise InputError(f"{folds} folds need goods and bads in at least {folds} groups", hint="use fewer folds or more data")
    tie = np.random.default_rng(seed).permutation(len(size))
    order = np.lexsort((tie, -size, -bads))
    turn, at = np.divmod(np.arange(len(size)), folds)
    dealt = np.empty(len(size), dtype=np.int64)
    dealt[order] = np.where(turn % 2 == 0, at, folds - 1 - at)
    return dealt[place]


def resample_groups(sample: Sample, rng: np.random.Generator) -> Sample:
    """Return a bootstrap of whole groups; what is drawn twice stays one group, so that no fold parts it from itself.

    >>> from weilend.models.recipes.monotone_boosting import example_sample
    >>> again = resample_groups(example_sample(), np.random.default_rng(1))
    >>> len(again), len(set(again.group.tolist())) < 300
    (400, True)
    """
    names, place = np.unique(sample.group, return_inverse=True)
    count = np.bincount(rng.integers(0, len(names), len(names)), minlength=len(names))[place]
    part = sample.take(np.repeat(np.arange(len(sample)), count))
    ids = tuple(f"{name}-{at}" for at, name in enumerate(part.table.ids))
    return msgspec.structs.replace(part, table=msgspec.structs.replace(part.table, ids=ids))
