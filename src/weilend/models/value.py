"""In: rows to learn from and to judge on, their sources. Out: what each source knows and buys. Used: to drop some.

A source is what is pulled and paid for as one: `Column.source` names it. A column without a source is free and always there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final, Literal

import msgspec
import numpy as np

from weilend.core.money import PPM
from weilend.models.ablation import DRAWS, FEWEST, Ablated, Said, is_thick, judge_parts, say_parts
from weilend.models.metrics import Interval
from weilend.models.prediction import Prediction
from weilend.models.recipes.monotone_boosting import never
from weilend.models.recipes.registry import FitSample
from weilend.models.sample import Sample
from weilend.models.table import Booleans, Floats, Integers
from weilend.models.training import Stop

#: The columns of no source, among the parts of an ablation.
FREE: Final = "all other columns"
SLICE: Final = (0.025, 0.975)


class Economics(msgspec.Struct, frozen=True, kw_only=True):
    """What a loan brings: `margin_fen` where it is good, minus `loss_fen` where it is bad; approvals are those that pay.

    >>> Economics(margin_fen=300_00, loss_fen=6_000_00).most_pd_ppm
    47619
    """

    margin_fen: int
    loss_fen: int

    @property
    def most_pd_ppm(self) -> int:
        """The PD at which a loan brings nothing."""
        return PPM * self.margin_fen // (self.margin_fen + self.loss_fen)


class Gain(msgspec.Struct, frozen=True, kw_only=True):
    """What an application brings more with a source than without it, before its cost, with the bounds of 95 %."""

    estimate_fen: int
    lo_fen: int
    hi_fen: int


class Worth(msgspec.Struct, frozen=True, kw_only=True):
    """What one source knows `alone`, what is known `without` it, and the AUC that it `adds` to all others (paired, 95 %).

    `approved_without_ppm` of the rows can be approved without it at the bad rate of `approved_with_ppm` with it; `moved` is the
    difference. `gain` is None where nobody said what a loan brings, `cost_fen` where nobody said what a pull costs. What was not
    trained, or has too few of an outcome to be judged, is None.
    """

    source: str
    columns: int
    cost_fen: int | None
    alone: Interval | None
    without: Interval | None
    adds: Interval | None
    approved_with_ppm: int | None
    approved_without_ppm: int | None
    moved: Interval | None
    gain: Gain | None

    @property
    def knows(self) -> Literal["adds", "harms", "open", "unknown"]:
        """What the interval of the AUC that it adds shows: `open` where it holds 0."""
        if self.adds is None:
            return "unknown"
        return "adds" if self.adds.lo_ppm > 0 else "harms" if self.adds.hi_ppm < 0 else "open"

    @property
    def pays(self) -> Literal["pays", "costs", "open", "unknown"]:
        """What the interval of its gain shows against the price of a pull: `open` where the price is inside."""
        if self.gain is None or self.cost_fen is None:
            return "unknown"
        return "pays" if self.gain.lo_fen > self.cost_fen else "costs" if self.gain.hi_fen < self.cost_fen else "open"


class Valued(msgspec.Struct, frozen=True, kw_only=True):
    """Every source, the `whole` AUC with all columns, at which bad rate approvals are compared, and thin and thick files apart.

    `files` are the slices of an ablation (see `Ablated`), empty where all files are alike.
    """

    rows: int
    bads: int
    whole: Interval | None
    bad_rate_ppm: int
    worth: tuple[Worth, ...]
    files: tuple[Ablated, ...]


def value_sources(
    train: Sample,
    test: Sample,
    fit: FitSample,
    costs_fen: Mapping[str, int | None],
    economics: Economics | None,
    *,
    approved_ppm: int,
    seed: int,
    stop: Stop = never,
) -> Valued:
    """Return what each source in `costs_fen` (fen a pull, None where nobody said) knows and buys, by models of parts of columns.

    Approvals are compared at the bad rate of the safest `approved_ppm`. `stop` is asked before each training but the first.

    >>> from weilend.models.recipes.flat_card import fit
    >>> from weilend.models.sample import example_sample
    >>> sample = example_sample(4000)
    >>> paid = zip(sample.columns, ("tax", "bureau", ""), strict=True)
    >>> columns = tuple(msgspec.structs.replace(column, source=source) for column, source in paid)
    >>> sample = msgspec.structs.replace(sample, columns=columns)
    >>> found = value_sources(sample.take(np.arange(3000)), sample.take(np.arange(3000, 4000)), fit, {"tax": 100, "bureau": 90_00},
    ...     Economics(margin_fen=300_00, loss_fen=1_000_00), approved_ppm=700_000, seed=1)
    >>> [(one.source, one.knows, one.pays) for one in found.worth]
    [('tax', 'adds', 'pays'), ('bureau', 'open', 'costs')]
    """
    parts = parts_of(train, tuple(costs_fen))
    said = say_parts(train, test, fit, parts, seed=seed, asked=tuple(costs_fen), stop=stop)
    thick = is_thick(test, [column for name in costs_fen for column in parts[name]])
    told = judge_parts(test, said, parts, seed=seed, thick=thick if _can_tell(test, thick) else None)
    lines = {one.parts: one for one in told if one.slice == "all"}
    draws = _Draws.of(test, said[tuple(parts)], approved_ppm, seed)
    return Valued(
        rows=len(test), bads=int(test.bad.sum()), whole=lines[tuple(parts)].auc,
        bad_rate_ppm=round(PPM * draws.bad_rate(draws.weight)),
        worth=tuple(_worth(name, cost, parts, lines, said, draws, economics) for name, cost in costs_fen.items()),
        files=tuple(one for one in told if one.slice != "all"),
    )  # fmt: skip


def parts_of(sample: Sample, sources: tuple[str, ...]) -> dict[str, list[str]]:
    """Return the columns of each source, and those of none where there are any.

    >>> from weilend.models.sample import example_sample
    >>> parts_of(example_sample(), ())
    {'all other columns': ['income', 'noise', 'use']}
    """
    parts = {source: [column.name for column in sample.columns if column.source == source] for source in sources}
    free = [column.name for column in sample.columns if column.source not in sources]
    return parts | ({FREE: free} if free else {})


def _can_tell(test: Sample, thick: Booleans) -> bool:
    """Return whether thin and thick files both have enough of each outcome."""
    return all(min(int(bad.sum()), len(bad) - int(bad.sum())) >= FEWEST for bad in (test.bad[thick], test.bad[~thick]))


def _worth(
    name: str,
    cost_fen: int | None,
    parts: Mapping[str, list[str]],
    lines: Mapping[tuple[str, ...], Ablated],
    said: Said,
    draws: _Draws,
    economics: Economics | None,
) -> Worth:
    others = tuple(part for part in parts if part != name)
    without, alone = lines.get(others), lines.get((name,))
    less = said[others] if without and without.lost else None  # too few of an outcome tell no money either
    share, share_without, moved = draws.approvals(less) if less else (None, None, None)
    return Worth(
        source=name, columns=len(parts[name]), cost_fen=cost_fen, alone=alone.auc if alone else None,
        without=without.auc if without else None, adds=without.lost if without else None, approved_with_ppm=share,
        approved_without_ppm=share_without, moved=moved, gain=draws.gain(less, economics) if less and economics else None,
    )  # fmt: skip


class _Draws(msgspec.Struct, frozen=True, eq=False):
    """The rows judged, and how to draw whole groups of them: `place` (n,) says the group of a row.

    `cut` is the least of the points that are approved with all columns, which bad rates are compared at.
    """

    bad: Integers
    weight: Floats
    place: Integers
    seed: int
    whole: Prediction
    cut: int

    @classmethod
    def of(cls, test: Sample, whole: Prediction, approved_ppm: int, seed: int) -> _Draws:
        place = np.unique(test.group, return_inverse=True)[1]
        return cls(
            test.bad, test.weight, place, seed, whole, int(np.quantile(whole.points, 1 - approved_ppm / PPM, method="higher"))
        )

    def weights(self) -> Iterator[Floats]:
        """Iterate over the weights of the rows, then those of each draw: the same every time, never all in memory."""
        yield self.weight
        dice, groups = np.random.default_rng(self.seed), int(self.place.max()) + 1
        for _ in range(DRAWS):
            yield self.weight * np.bincount(dice.integers(0, groups, groups), minlength=groups)[self.place]

    def bad_rate(self, weight: Floats) -> float:
        """Return the bad rate of those that are approved with all columns, under some weights."""
        taken = weight * (self.whole.points >= self.cut)
        return float(taken @ self.bad) / max(float(taken.sum()), 1e-9)

    def approvals(self, less: Prediction) -> tuple[int, int, Interval]:
        """Return the shares that can be approved at the same bad rate with all columns and with less, and their difference."""
        sides = [_Ladder.of(one.points, self.bad) for one in (self.whole, less)]
        shares = np.array([[side.share(weight, self.bad_rate(weight)) for side in sides] for weight in self.weights()])
        moved = shares[:, 0] - shares[:, 1]
        ends = (moved[0], *np.quantile(moved[1:], SLICE))
        with_all, with_less = (round(PPM * float(share)) for share in shares[0])
        return with_all, with_less, Interval(*(round(PPM * float(end)) for end in ends))

    def gain(self, less: Prediction, economics: Economics) -> Gain:
        """Return what an application brings more where all columns decide instead of less of them."""
        brings = np.where(self.bad == 1, -economics.loss_fen, economics.margin_fen)
        taken = [(one.pd_ppm <= economics.most_pd_ppm).astype(np.int64) for one in (self.whole, less)]
        more = brings * (taken[0] - taken[1])
        each = np.array([float(weight @ more) / float(weight.sum()) for weight in self.weights()])
        lo, hi = np.quantile(each[1:], SLICE)
        return Gain(estimate_fen=round(float(each[0])), lo_fen=round(float(lo)), hi_fen=round(float(hi)))


class _Ladder(msgspec.Struct, frozen=True, eq=False):
    """Rows by falling points: `cell` (n,) is twice the rank of the row's points, plus one where it is bad."""

    cell: Integers
    cells: int

    @classmethod
    def of(cls, points: Integers, bad: Integers) -> _Ladder:
        distinct, place = np.unique(-points, return_inverse=True)
        return cls(2 * place + bad, 2 * len(distinct))

    def share(self, weight: Floats, rate: float) -> float:
        """Return the greatest share of the safest whose bad rate is at most a rate; rows with the same points stay together."""
        counts = np.cumsum(np.bincount(self.cell, weights=weight, minlength=self.cells).reshape(-1, 2), axis=0)
        rows = counts.sum(axis=1)
        within = np.flatnonzero(counts[:, 1] <= rate * rows + 1e-9)
        return float(rows[within[-1]] / rows[-1]) if len(within) else 0.0
