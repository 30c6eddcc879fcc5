"""In: rows to learn from and to judge on, parts of their columns. Out: what each part knows alone and beside the others.

Used: by reports, where a card of the owner and a card of the business are one. A part is a group of columns that come from one
side: the owner, the business, its shop. A row is thin where little of its history is known; what a part is worth there is asked
apart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from weilend.core.errors import InputError, NotFoundError
from weilend.core.money import PPM
from weilend.models.judgement.bootstrap import Contender, compare, draw, measure
from weilend.models.metrics import Interval
from weilend.models.prediction import Prediction
from weilend.models.recipes.flat_card import narrow
from weilend.models.recipes.registry import FitSample
from weilend.models.sample import Sample
from weilend.models.table import Booleans

#: Draws of whole groups behind every interval; 500 settle its ends to a twentieth of their distance.
DRAWS = 500
#: With fewer of either outcome nothing is said of a slice.
FEWEST = 10


class Ablated(msgspec.Struct, frozen=True, kw_only=True):
    """How well the columns of `parts` rank the rows of a slice, by a model of them alone; intervals are 95 %, in ppm.

    `lost` is the AUC of the model of all parts minus this one's, on the same draws: above 0 throughout, what is left out is missed.
    `auc` and `lost` are None where the slice has fewer than ten of either outcome.
    """

    parts: tuple[str, ...]
    slice: str
    columns: int
    rows: int
    bads: int
    auc: Interval | None
    lost: Interval | None


def ablate(
    train: Sample, test: Sample, fit: FitSample, parts: Mapping[str, Sequence[str]], *, seed: int, thick: Booleans | None = None
) -> tuple[Ablated, ...]:
    """Return every part alone, then all of them together, each on all rows judged and on the thin and the thick ones.

    `thick` (n,) says which rows of `test` have a history (see `is_thick`; no slices where it is None). One model serves all slices.
    Raises `NotFoundError` for a column that is not there, `InputError` where fewer than two parts are given or one is empty.

    >>> from weilend.models.recipes.flat_card import fit
    >>> from weilend.models.sample import example_sample
    >>> sample = example_sample(2000)
    >>> table = ablate(sample.take(np.arange(1500)), sample.take(np.arange(1500, 2000)), fit,
    ...     {"owner": ["noise"], "business": ["income", "use"]}, seed=1)
    >>> [(one.parts, one.slice, one.columns) for one in table]
    [(('owner',), 'all', 1), (('business',), 'all', 2), (('owner', 'business'), 'all', 3)]
    """
    _check(train, parts)
    asked = [*((name,) for name in parts), tuple(parts)]
    columns = {names: [column for name in names for column in parts[name]] for names in asked}
    said = {names: _say(train, test, fit, columns[names], seed) for names in asked}
    slices = {"all": np.ones(len(test), dtype=np.bool_)}
    if thick is not None:
        slices |= {"thin": ~thick, "thick": thick}
    return tuple(
        one
        for name, rows in slices.items()
        for one in _judge(test, rows, name, said, {k: len(v) for k, v in columns.items()}, seed)
    )


def is_thick(sample: Sample, names: Sequence[str], *, least_known_ppm: int = PPM // 2) -> Booleans:
    """Return the rows (n,) of which at least that share of some columns is known: their file is thick.

    >>> from weilend.models.sample import example_sample
    >>> is_thick(example_sample(3), ["income", "use"]).tolist()
    [True, True, True]
    """
    known = sample.table.select(list(names)).known
    return np.asarray(known.sum(axis=1) * PPM >= least_known_ppm * known.shape[1])


def _check(train: Sample, parts: Mapping[str, Sequence[str]]) -> None:
    if len(parts) < 2 or not all(parts.values()):
        raise InputError(
            "an ablation needs two parts or more, each with a column", hint="give owner and business, with their columns"
        )
    for name, columns in parts.items():
        for column in columns:
            if column not in train.table.names:
                raise NotFoundError(f"part {name} has no column {column}", hint="name columns of the table")


def _say(train: Sample, test: Sample, fit: FitSample, columns: Sequence[str], seed: int) -> Prediction:
    return fit(narrow(train, columns), seed=seed).predict(narrow(test, columns).table)


def _judge(
    test: Sample,
    rows: Booleans,
    name: str,
    said: Mapping[tuple[str, ...], Prediction],
    columns: Mapping[tuple[str, ...], int],
    seed: int,
) -> list[Ablated]:
    """Return a slice's lines; the last of `said` is the model of all parts."""
    bad, group = test.bad[rows], test.group[rows]
    bads, all_parts = int(bad.sum()), tuple(said)[-1]
    few = min(bads, len(bad) - bads) < FEWEST
    contenders = [Contender("+".join(names), Prediction(one.points[rows], one.pd_ppm[rows])) for names, one in said.items()]
    found = None if few else draw(bad, group, contenders, seed=seed, draws=DRAWS)
    lines = []
    for names in said:
        auc = lost = None
        if found is not None:
            told = next(one for one in measure(found) if (one.contender, one.metric) == ("+".join(names), "auc"))
            auc = Interval(told.estimate, told.lo, told.hi)
            missed = compare(found, "+".join(all_parts), "+".join(names))[0]  # the first figure is AUC
            lost = Interval(missed.estimate, missed.lo, missed.hi)
        lines.append(Ablated(parts=names, slice=name, columns=columns[names], rows=len(bad), bads=bads, auc=auc, lost=lost))
    return lines
