"""In: outcomes and what models said. Out: figures and differences with intervals over groups. Used: for every comparison.

Whole groups (owners, rings) are drawn, and one draw serves all contenders, so that a difference is paired. Points are whole
numbers, so a draw is counted per distinct value: AUC and KS then cost next to nothing (2,000 draws of 150,000 rows: seconds).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

import msgspec
import numpy as np

from weilend.core.errors import InputError
from weilend.core.money import PPM
from weilend.models.metrics import DRAWS
from weilend.models.prediction import Prediction
from weilend.models.table import Floats, Integers

Metric = Literal["auc", "ks", "log_loss", "profit"]
#: In which unit each figure is told, as a whole number, and whether more is better.
UNITS: Final[Mapping[Metric, tuple[str, float, bool]]] = {
    "auc": ("ppm", PPM, True),
    "ks": ("ppm", PPM, True),
    "log_loss": ("ppm", PPM, False),
    "profit": ("thousandths of a fen a row", 1000, True),
}
SLICE: Final = (0.025, 0.975)


class Contender(msgspec.Struct, frozen=True, eq=False):
    """What a model said of the rows: `profit_fen` (n,) is what the live policy would earn on each if this model decided."""

    name: str
    said: Prediction
    profit_fen: Integers | None = None


class Measured(msgspec.Struct, frozen=True):
    """A figure with its 95 % interval and standard error, in the metric's unit (see `UNITS`)."""

    contender: str
    metric: Metric
    estimate: int
    lo: int
    hi: int
    error: int


class Difference(msgspec.Struct, frozen=True):
    """One contender's figure minus another's, paired; `better` says what the interval shows."""

    first: str
    second: str
    metric: Metric
    estimate: int
    lo: int
    hi: int
    error: int

    @property
    def better(self) -> Literal["first", "second", "neither"]:
        """Return who is better beyond chance; `neither` where the interval holds zero.

        >>> Difference("a", "b", "log_loss", -50, -90, -10, 20).better
        'first'
        """
        if self.lo <= 0 <= self.hi:
            return "neither"
        return "first" if (self.lo > 0) == UNITS[self.metric][2] else "second"


class Draws(msgspec.Struct, frozen=True, eq=False):
    """The figures of each contender: `values` (1 + draws, figures), row 0 on the rows themselves."""

    figures: tuple[tuple[str, Metric], ...]
    values: Floats


def draw(
    bad: Integers,
    group: Integers,
    contenders: Sequence[Contender],
    *,
    seed: int,
    draws: int = DRAWS,
    weight: Floats | None = None,
) -> Draws:
    """Return every figure of every contender on the rows and on bootstraps of whole groups; draws without goods or bads are nan.

    Raises `InputError` where goods or bads are missing or a contender speaks of other rows.

    >>> said = Prediction(np.array([1, 2, 3, 4]), np.array([400_000, 300_000, 200_000, 100_000]))
    >>> found = draw(np.array([1, 0, 1, 0]), np.arange(4), [Contender("a", said)], seed=1, draws=5)
    >>> found.values.shape, float(found.values[0, 0])
    ((6, 3), 0.75)
    """
    if bad.min() == bad.max():
        raise InputError("all labels are the same, so nothing can be told apart", hint="bring goods and bads")
    for one in contenders:
        if one.said.points.shape != bad.shape:
            raise InputError(
                f"{one.name} speaks of {len(one.said.points)} rows, not of {len(bad)}", hint="compare on the same rows"
            )
    tellers = [_Teller.of(bad, one) for one in contenders]
    weight = np.ones(len(bad)) if weight is None else weight
    names, place = np.unique(group, return_inverse=True)
    rng = np.random.default_rng(seed)
    values = [np.concatenate([teller.tell(weight) for teller in tellers])]
    for _ in range(draws):
        count = np.bincount(rng.integers(0, len(names), len(names)), minlength=len(names)).astype(np.float64)
        drawn = count[place] * weight
        values.append(np.concatenate([teller.tell(drawn) for teller in tellers]))
    return Draws(tuple((t.name, metric) for t in tellers for metric in t.metrics), np.stack(values))


class _Teller(msgspec.Struct, frozen=True, eq=False):
    """A contender made ready: `cell` (n,) is twice the place of the row's points, plus one where it is bad; `sums` (k, n)."""

    name: str
    metrics: tuple[Metric, ...]
    cell: Integers
    cells: int
    sums: Floats

    @classmethod
    def of(cls, bad: Integers, one: Contender) -> _Teller:
        distinct, place = np.unique(one.said.points, return_inverse=True)
        chance = np.clip(one.said.pd_ppm, 1, PPM - 1) / PPM
        sums = [-np.log(np.where(bad == 1, chance, 1 - chance))]
        metrics: tuple[Metric, ...] = ("auc", "ks", "log_loss")
        if one.profit_fen is not None:
            sums.append(one.profit_fen.astype(np.float64))
            metrics = (*metrics, "profit")
        return cls(one.name, metrics, 2 * place + bad, 2 * len(distinct), np.stack(sums))

    def tell(self, weight: Floats) -> Floats:
        """Return the figures under some weights of the rows."""
        counts = np.bincount(self.cell, weights=weight, minlength=self.cells).reshape(-1, 2)
        goods, bads = counts[:, 0], counts[:, 1]
        good, bad = goods.sum(), bads.sum()
        if good == 0 or bad == 0:
            return np.full(len(self.metrics), np.nan)
        below = np.cumsum(goods)
        auc = 1 - float(bads @ (below - goods / 2)) / (good * bad)
        ks = float(np.abs(below / good - np.cumsum(bads) / bad).max())
        return np.concatenate([[auc, ks], self.sums @ weight / (good + bad)])


def measure(found: Draws) -> tuple[Measured, ...]:
    """Return each figure with a percentile interval over the bootstraps.

    >>> said = Prediction(np.array([1, 2] * 20), np.array([400_000, 100_000] * 20))
    >>> auc = measure(draw(np.array([1, 0] * 20), np.arange(40), [Contender("a", said)], seed=1, draws=50))[0]
    >>> (auc.metric, auc.estimate, auc.lo, auc.hi)
    ('auc', 1000000, 1000000, 1000000)
    """
    return tuple(
        Measured(name, metric, *_interval(found.values[:, at], UNITS[metric][1]))
        for at, (name, metric) in enumerate(found.figures)
    )


def compare(found: Draws, first: str, second: str) -> tuple[Difference, ...]:
    """Return, for each figure that both have, the first contender's minus the second's.

    >>> said = Prediction(np.array([1, 2] * 20), np.array([400_000, 100_000] * 20))
    >>> both = [Contender("a", said), Contender("b", said)]
    >>> {d.better for d in compare(draw(np.array([1, 0] * 20), np.arange(40), both, seed=1, draws=50), "a", "b")}
    {'neither'}
    """
    place = {figure: at for at, figure in enumerate(found.figures)}
    return tuple(
        Difference(
            first, second, metric, *_interval(found.values[:, at] - found.values[:, place[second, metric]], UNITS[metric][1])
        )
        for (name, metric), at in place.items()
        if name == first and (second, metric) in place
    )


def _interval(values: Floats, unit: float) -> tuple[int, int, int, int]:
    """Return estimate, lower and upper bound and standard error, rounded to whole units."""
    drawn = values[1:][~np.isnan(values[1:])]
    lo, hi = np.quantile(drawn, SLICE)
    return round(unit * float(values[0])), round(unit * float(lo)), round(unit * float(hi)), round(unit * float(drawn.std()))
