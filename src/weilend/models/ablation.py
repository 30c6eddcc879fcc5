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
from weilend.models.judgement.bootstrap import Contender, Draws, compare, draw, measure
from weilend.models.metrics import Interval
from weilend.models.prediction import Prediction
from weilend.models.recipes.flat_card import narrow
from weilend.models.recipes.monotone_boosting import never
from weilend.models.recipes.registry import FitSample
from weilend.models.sample import Sample
from weilend.models.table import Booleans
from weilend.models.training import Stop

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


#: What models of some parts say of the rows judged, by the parts; that of all parts is the first.
Said = Mapping[tuple[str, ...], Prediction]


def say_parts(
    train: Sample,
    test: Sample,
    fit: FitSample,
    parts: Mapping[str, Sequence[str]],
    *,
    seed: int,
    asked: Sequence[str] = (),
    stop: Stop = never,
) -> Said:
    """Return what models of all parts, of all but each, and of each alone say; `asked` are the parts that are looked at (all).

    `stop` is asked before each training but the first: what is then missing was not trained. Without any column everybody is alike.
    Raises `NotFoundError` for a column that is not there, `InputError` for a part without one.

    >>> from weilend.models.recipes.flat_card import fit
    >>> from weilend.models.sample import example_sample
    >>> sample, parts = example_sample(400), {"tax": ["income"], "bureau": ["use"], "rest": ["noise"]}
    >>> list(say_parts(sample, sample, fit, parts, seed=1, asked=["tax"]))
    [('tax', 'bureau', 'rest'), ('bureau', 'rest'), ('tax',)]
    """
    _check(train, parts)
    said: dict[tuple[str, ...], Prediction] = {}
    for names in subsets_of(parts, asked):
        if said and stop():
            break
        said[names] = _say(train, test, fit, [column for name in names for column in parts[name]], seed)
    return said


def subsets_of(parts: Sequence[str] | Mapping[str, object], asked: Sequence[str] = ()) -> tuple[tuple[str, ...], ...]:
    """Return which parts are tried together: all, all but each, each alone; none twice.

    >>> subsets_of(["a", "b"]), subsets_of(["a"])
    ((('a', 'b'), ('b',), ('a',)), (('a',), ()))
    """
    names = tuple(parts)
    looked = tuple(asked) or names
    without = (tuple(name for name in names if name != left) for left in looked)
    return tuple(dict.fromkeys((names, *without, *((name,) for name in looked))))


def judge_parts(
    test: Sample, said: Said, parts: Mapping[str, Sequence[str]], *, seed: int, thick: Booleans | None = None
) -> tuple[Ablated, ...]:
    """Return how well what was said (see `say_parts`) ranks the rows judged: every part alone, all without each, then all together.

    `thick` (n,) says which rows of `test` have a history (see `is_thick`): then the same of the thin and of the thick ones. One
    model serves all slices.

    >>> from weilend.models.recipes.flat_card import fit
    >>> from weilend.models.sample import example_sample
    >>> sample, parts = example_sample(2000), {"owner": ["noise"], "business": ["income", "use"]}
    >>> train, test = sample.take(np.arange(1500)), sample.take(np.arange(1500, 2000))
    >>> said = say_parts(train, test, fit, parts, seed=1)
    >>> [(one.parts, one.slice, one.columns) for one in judge_parts(test, said, parts, seed=1)]
    [(('owner',), 'all', 1), (('business',), 'all', 2), (('owner', 'business'), 'all', 3)]
    """
    everything = tuple(parts)
    alone = [(name,) for name in parts if (name,) in said and (name,) != everything]
    order = [*alone, *(names for names in said if len(names) != 1 and names != everything), everything]
    slices = {"all": np.ones(len(test), dtype=np.bool_)}
    if thick is not None:
        slices |= {"thin": ~thick, "thick": thick}
    columns = {names: sum(len(parts[name]) for name in names) for names in order}
    told = {names: said[names] for names in order}
    return tuple(one for name, rows in slices.items() for one in _judge(test, rows, name, told, columns, seed))


def is_thick(sample: Sample, names: Sequence[str], *, least_known_ppm: int = PPM // 2) -> Booleans:
    """Return the rows (n,) of which at least that share of some columns is known: their file is thick.

    >>> from weilend.models.sample import example_sample
    >>> is_thick(example_sample(3), ["income", "use"]).tolist()
    [True, True, True]
    """
    known = sample.table.select(list(names)).known
    return np.asarray(known.sum(axis=1) * PPM >= least_known_ppm * known.shape[1])


def _check(train: Sample, parts: Mapping[str, Sequence[str]]) -> None:
    for name, columns in parts.items():
        if not columns:
            raise InputError(f"part {name} has no column", hint="name columns of the table")
        for column in columns:
            if column not in train.table.names:
                raise NotFoundError(f"part {name} has no column {column}", hint="name columns of the table")


def _say(train: Sample, test: Sample, fit: FitSample, columns: Sequence[str], seed: int) -> Prediction:
    if not columns:
        rate_ppm = round(PPM * float(np.average(train.bad, weights=train.weight)))
        return Prediction(np.zeros(len(test), dtype=np.int64), np.full(len(test), rate_ppm, dtype=np.int64))
    return fit(narrow(train, columns), seed=seed).predict(narrow(test, columns).table)


def _judge(
    test: Sample, rows: Booleans, name: str, said: Said, columns: Mapping[tuple[str, ...], int], seed: int
) -> list[Ablated]:
    """Return a slice's lines; the last of `said` is the model of all parts."""
    bad, all_parts = test.bad[rows], tuple(said)[-1]
    bads = int(bad.sum())
    contenders = [Contender("+".join(names), Prediction(one.points[rows], one.pd_ppm[rows])) for names, one in said.items()]
    few = min(bads, len(bad) - bads) < FEWEST
    found = None if few else draw(bad, test.group[rows], contenders, seed=seed, draws=DRAWS, weight=test.weight[rows])
    return [
        Ablated(
            parts=names, slice=name, columns=columns[names], rows=len(bad), bads=bads,
            auc=_auc(found, names) if found else None, lost=_lost(found, all_parts, names) if found else None,
        )
        for names in said
    ]  # fmt: skip


def _auc(found: Draws, names: Sequence[str]) -> Interval:
    told = next(one for one in measure(found) if (one.contender, one.metric) == ("+".join(names), "auc"))
    return Interval(told.estimate, told.lo, told.hi)


def _lost(found: Draws, every: Sequence[str], names: Sequence[str]) -> Interval:
    missed = compare(found, "+".join(every), "+".join(names))[0]  # the first figure is AUC
    return Interval(missed.estimate, missed.lo, missed.hi)
