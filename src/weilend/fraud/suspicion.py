"""In: what voices and marks say of applications. Out: one number that says how rare all of it is, and from where on a person looks.
Used: by the verdict.

Everything is put in one unit, surprise: minus the logarithm of the share of applications that were at least so strange, in
thousandths of a nat. Surprises of voices that are not tied to each other add up (Fisher 1932). How rare a mark is comes from the
applications that were learned from, so nobody has to weigh marks; of marks that say the same only the rarest counts, and of a mark
and a voice that hear the same thing the louder.

How many applications may alarm somebody is a budget, a share of applications that people can look at. No share of fraud is assumed:
where there is none, the budget is spent on the strangest; where there is much, it buys the strangest of it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from math import exp, log
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.core.errors import InputError
from weilend.core.money import PPM

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
#: Thousandths of a nat.
MILLI: Final = 1_000
_KNOTS: Final = 256


class Ranks(msgspec.Struct, frozen=True):
    """Values that were learned, ascending, and of each the share of applications below it (half of those like it), in ppm.

    >>> ranks = learn_ranks([0, 0, 0, 4])
    >>> ranks.of(0), ranks.of(4), ranks.of(2), ranks.of(99)
    (375000, 875000, 375000, 875000)
    """

    values: tuple[int, ...]
    ppm: tuple[int, ...]

    def of(self, value: int) -> int:
        """Return the rank of a value: that of the nearest learned one that is not above it, of the least where all are."""
        return self.ppm[max(bisect_right(self.values, value) - 1, 0)]


def learn_ranks(values: Sequence[int]) -> Ranks:
    """Return the ranks of some values, one or more; of many some hundred stand for all. Raises `InputError` for none.

    >>> learn_ranks([])
    Traceback (most recent call last):
    weilend.core.errors.InputError: there are no values to rank. Hint: give one or more
    """
    if not len(values):
        raise InputError("there are no values to rank", hint="give one or more")
    ordered = sorted(values)
    places = np.unique(np.linspace(0, len(ordered) - 1, _KNOTS).astype(np.int64)).tolist()
    knots = sorted({ordered[place] for place in places})
    middle = [(bisect_left(ordered, knot) + bisect_right(ordered, knot)) * PPM // (2 * len(ordered)) for knot in knots]
    return Ranks(tuple(knots), tuple(middle))


def surprise_milli(rank_ppm: int) -> int:
    """Return how surprising it is to rank so high, in thousandths of a nat: 0 at the bottom, 693 in the middle.

    >>> surprise_milli(0), surprise_milli(500_000), surprise_milli(990_000), surprise_milli(1_000_000)
    (0, 693, 4605, 13816)
    """
    return round(-MILLI * log(max(PPM - rank_ppm, 1) / PPM))


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """What was learned of some applications: how rare each mark is, how voices rank, and from which suspicion on each grade begins.

    `rows` applications were learned from; `marks` are surprises in thousandths of a nat; `tied` has the voice that hears what a
    family of marks says; `floors` go from the gravest grade on.

    >>> flags = {"emulator": np.arange(100) == 0}
    >>> learned = calibrate({"anomaly": [10_000 * n for n in range(100)]}, flags, {"emulator": "device"}, shares={"D": 20_000})
    >>> learned.marks["emulator"], dict(learned.floors)["D"] <= learned.add_up({"anomaly": 990_000}, ["emulator"])
    (3922, True)
    """

    rows: int
    marks: dict[str, int]
    families: dict[str, str]
    tied: dict[str, str]
    ranks: dict[str, Ranks]
    weights: dict[str, int]
    most_marks: int
    floors: tuple[tuple[str, int], ...]

    def add_up(self, said: Mapping[str, int | None], marks: Iterable[str]) -> int:
        """Return the suspicion of one application: the surprise of each voice that spoke, and of its rarest marks, by family."""
        voices = {
            name: self.weights[name] * surprise_milli(self.ranks[name].of(value))
            for name, value in said.items()
            if value is not None and name in self.ranks
        }
        rarest: dict[str, int] = {}
        for mark in marks:
            family = self.families.get(mark, mark)
            voice = self.tied.get(family, "")
            heard, name = (voices, voice) if voice in voices else (rarest, family)
            heard[name] = max(heard.get(name, 0), self.marks.get(mark, 0))
        return sum(voices.values()) + sum(sorted(rarest.values(), reverse=True)[: self.most_marks])

    def bearers_ppm(self, mark: str) -> int | None:
        """Return how many of the applications that were learned from bore a mark (ppm, at least one of them), None for another."""
        return round(PPM * exp(-self.marks[mark] / MILLI)) if mark in self.marks else None

    def grade(self, suspicion_milli: int, *, otherwise: str) -> str:
        """Return the gravest grade whose floor a suspicion reaches, `otherwise` where it reaches none."""
        return next((grade for grade, floor in self.floors if suspicion_milli >= floor), otherwise)


def calibrate(
    said: Mapping[str, Sequence[int | None]],
    marks: Mapping[str, Flags],
    families: Mapping[str, str],
    *,
    shares: Mapping[str, int],
    tied: Mapping[str, str] | None = None,
    weights: Mapping[str, int] | None = None,
    most_marks: int = 3,
    ruled: Flags | None = None,
    stopped: Flags | None = None,
) -> Calibration:
    """Learn from applications: what each voice said of them (None where it did not speak) and who bears which mark.

    `shares` has, from the gravest grade on, the share of applications (ppm) that may have this grade or a graver one: no more of
    those learned from reach its floor, whatever ties there are. `ruled` are those that a rule alerts whatever is added up: they
    are looked at first, out of the same budget. `stopped` are those that nobody need look at: they take nothing of it. Raises
    `InputError` where there are no applications.
    """
    size = {len(one) for one in said.values()} | {len(one) for one in marks.values()}
    if len(size) != 1 or not min(size):
        raise InputError("there are no applications to learn from", hint="give some, and the same of each voice and mark")
    rows = size.pop()
    spoken = {name: [value for value in values if value is not None] for name, values in said.items()}
    learned = Calibration(
        rows=rows,
        marks={name: _rarity(int(flags.sum()), rows) for name, flags in marks.items()},
        families=dict(families),
        tied=dict(tied or {}),
        ranks={name: learn_ranks(values) for name, values in spoken.items() if values},
        weights={name: (weights or {}).get(name, 1) for name in said},
        most_marks=most_marks,
        floors=(),
    )
    borne = [[name for name, flags in marks.items() if flags[row]] for row in range(rows)]
    totals = [learned.add_up({name: values[row] for name, values in said.items()}, borne[row]) for row in range(rows)]
    if ruled is not None:
        totals = [max(totals) + 1 if rule else total for rule, total in zip(ruled.tolist(), totals, strict=True)]
    if stopped is not None:
        totals = [-1 if stop else total for stop, total in zip(stopped.tolist(), totals, strict=True)]
    floors = tuple((grade, least_floor(totals, share)) for grade, share in shares.items())
    return msgspec.structs.replace(learned, floors=floors)


def least_floor(totals: Sequence[int], share_ppm: int) -> int:
    """Return the least floor that no more than a share of the totals reaches; above all of them where one would be too many.

    >>> least_floor([5, 9, 9, 1], 500_000), least_floor([5, 9, 9, 1], 250_000), least_floor([5], 20_000)
    (6, 10, 6)
    """
    ordered = sorted(totals, reverse=True)
    allowed = len(ordered) * share_ppm // PPM
    return ordered[allowed] + 1 if allowed < len(ordered) else ordered[-1]


def _rarity(bearers: int, rows: int) -> int:
    """Return the surprise of a mark; one more bearer and one more row, so that what nobody bore is not beyond measure."""
    return surprise_milli(PPM - (bearers + 1) * PPM // (rows + 1))
