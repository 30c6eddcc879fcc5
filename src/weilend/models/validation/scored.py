"""In: anybody's score of rows, and what became of them. Out: `ScoredRows`, all that is read of them. Used: by the "
"validation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.core.errors import InputError
from weilend.models.prediction import Prediction
from weilend.models.table import Floats, Integers

#: What a row is called that has no value in a column of segments.
NOT_KNOWN: Final = "(not known)"


class Segments(msgspec.Struct, frozen=True, eq=False):
    """A column that parts rows: the names of its values, and the place (n,) of each row's among them.

    >>> one = Segments.of(["north", "", "north"])
    >>> one.names, one.place.tolist()
    (('(not known)', 'north'), [1, 0, 1])
    """

    names: tuple[str, ...]
    place: Integers

    @classmethod
    def of(cls, values: Sequence[str]) -> Segments:
        """Return the segments of a column of texts, names sorted; an empty text is not known."""
        names, place = np.unique(np.array([value or NOT_KNOWN for value in values], dtype=np.str_), return_inverse=True)
        return cls(tuple(str(name) for name in names), place.astype(np.int64))


class ScoredRows(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Rows that somebody scored and whose outcome is known; `bad` (n,) is 0 or 1.

    `points` (n,) rise with safety; only their order counts. `pd_ppm` (n,) is the probability that was said, None where only an
    order was. `group` (n,) are rows that belong together, `month` (n,) running months, -1 throughout without dates. `margin_fen`
    and `loss_fen` (n,) are what a loan brings where it is good and costs where it is bad, `benchmark` (n,) another score's points.

    >>> rows = example_rows(40)
    >>> len(rows), len(rows.take(rows.bad == 1)) == int(rows.bad.sum())
    (40, True)
    """

    bad: Integers
    points: Integers
    pd_ppm: Integers | None = None
    weight: Floats
    group: Integers
    month: Integers
    segments: Mapping[str, Segments] = MappingProxyType({})
    margin_fen: Integers | None = None
    loss_fen: Integers | None = None
    benchmark: Integers | None = None

    def __post_init__(self) -> None:
        others = (self.pd_ppm, self.margin_fen, self.loss_fen, self.benchmark, *(one.place for one in self.segments.values()))
        for array in (self.points, self.weight, self.group, self.month, *others):
            if array is not None and array.shape != self.bad.shape:
                raise InputError(f"{array.shape} does not fit {len(self.bad)} rows", hint="give one value a row")

    def __len__(self) -> int:
        return len(self.bad)

    @property
    def plain(self) -> bool:
        """Whether every row stands for itself: equal weights, and no two in one group."""
        return bool((self.weight == self.weight[0]).all()) and len(np.unique(self.group)) == len(self)

    def said(self) -> Prediction:
        """Return points and PD as a prediction; where no PD was said it is the bad rate, which tells nothing apart."""
        rate = np.full(len(self), round(1_000_000 * float(self.bad.mean())), dtype=np.int64)
        return Prediction(self.points, rate if self.pd_ppm is None else self.pd_ppm)

    def take(self, index: npt.ArrayLike) -> ScoredRows:
        """Return the rows at positions, or where a mask is true."""
        at = np.arange(len(self))[np.asarray(index)]
        return msgspec.structs.replace(
            self, bad=self.bad[at], points=self.points[at], weight=self.weight[at], group=self.group[at], month=self.month[at],
            pd_ppm=_part(self.pd_ppm, at), margin_fen=_part(self.margin_fen, at), loss_fen=_part(self.loss_fen, at),
            benchmark=_part(self.benchmark, at),
            segments={name: Segments(one.names, one.place[at]) for name, one in self.segments.items()},
        )  # fmt: skip


def _part(values: Integers | None, at: Integers) -> Integers | None:
    return None if values is None else values[at]


def rank_points(score: Floats, higher: Literal["good", "bad"]) -> Integers:
    """Return whole numbers in the order of a score, higher for safer; equal scores stay equal.

    >>> rank_points(np.array([0.1, 0.9, 0.1]), "bad").tolist()
    [1, 0, 1]
    """
    place = np.unique(score, return_inverse=True)[1].astype(np.int64)
    return place if higher == "good" else place.max(initial=0) - place


def plain_rows(bad: Integers, points: Integers, pd_ppm: Integers | None = None) -> ScoredRows:
    """Return rows of which no more is known: equal weights, no groups, no dates.

    >>> len(plain_rows(np.array([0, 1]), np.array([5, 3])))
    2
    """
    n = len(bad)
    return ScoredRows(
        bad=bad, points=points, pd_ppm=pd_ppm, weight=np.ones(n), group=np.arange(n), month=np.full(n, -1, dtype=np.int64)
    )


def example_rows(rows: int = 2_000, *, stretch: float = 1.0, shift: float = 0.0, seed: int = 1) -> ScoredRows:
    """Return invented rows over eight months in two regions whose PD is the truth, its logit stretched and shifted.

    >>> rows = example_rows()
    >>> len(rows), rows.segments["region"].names
    (2000, ('north', 'south'))
    """
    dice = np.random.default_rng(seed)
    logit = dice.normal(-1.8, 1.0, rows)
    said = 1 / (1 + np.exp(-(stretch * logit + shift)))
    bad = (dice.random(rows) < 1 / (1 + np.exp(-logit))).astype(np.int64)
    pd_ppm = np.clip(np.rint(1_000_000 * said), 1, 999_999).astype(np.int64)
    region = np.where(np.arange(rows) % 3 == 0, "north", "south").tolist()
    return ScoredRows(
        bad=bad, points=np.rint(600 - 29 * np.log(said / (1 - said))).astype(np.int64), pd_ppm=pd_ppm, weight=np.ones(rows),
        group=np.arange(rows), month=24_200 + np.arange(rows) * 8 // rows, segments={"region": Segments.of(region)},
    )  # fmt: skip
