"""In: the folds of one kind. Out: `Scheme`, what they share. Used: by `numpy`, which finds it once for a plan."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

import msgspec
import numpy as np

from weilend.core.plan import Fold, Ints, Mask, Measure, Slot, State, Unit, Values
from weilend.engine.merging import empty
from weilend.engine.remember import remember

T = TypeVar("T")


class Cut(msgspec.Struct, frozen=True):
    """A fold by name, and the place of the way in which it groups rows."""

    name: str
    frame: int


class Scheme(msgspec.Struct, frozen=True):
    """What the folds of one kind do with its rows: every different filter, value, reach and way to group once.

    `…_of` have the places of what each cut does in the lists. Folds that keep the same measures stand together, and among them
    those that group rows alike: `runs` has the measures, `spans` the place of the frame, each with the first cut and the one
    behind the last. `parties` says what tells rows apart, `nothing` has the states of a subject without rows.
    """

    cuts: tuple[Cut, ...]
    wheres: tuple[Mask, ...]
    values: tuple[Values, ...]
    reaches: tuple[tuple[Unit, str, int], ...]
    frames: tuple[tuple[Slot, str, str], ...]
    parties: dict[str, Values | None]
    longest: int
    where_of: Ints
    value_of: Ints
    reach_of: Ints
    frame_of: Ints
    runs: tuple[tuple[tuple[Measure, ...], int, int], ...]
    spans: tuple[tuple[int, int, int], ...]
    nothing: dict[str, State]


@remember
def make_scheme(folds: Sequence[Fold]) -> Scheme:
    """Return what the folds of one kind share; the same folds have the same scheme."""
    ordered = sorted(folds, key=lambda one: (one.measures, _frame(one)))
    wheres, where_of = _different(ordered, lambda one: one.where)
    values, value_of = _different(ordered, lambda one: one.value)
    reached, reach_of = _different(ordered, _reach)
    framed, frame_of = _different(ordered, _frame)
    kept = [one.measures for one in ordered]
    return Scheme(
        cuts=tuple(map(Cut, [one.name for one in ordered], frame_of)),
        wheres=tuple(one.where_numpy for one in wheres),
        values=tuple(one.value_numpy for one in values),
        reaches=tuple(map(_reach, reached)),
        frames=tuple(map(_frame, framed)),
        parties={one.by: one.by_numpy for one in ordered if one.by},
        longest=max((one.reach.length for one in ordered if one.reach.unit == "months"), default=1),
        where_of=np.array(where_of),
        value_of=np.array(value_of),
        reach_of=np.array(reach_of),
        frame_of=np.array(frame_of),
        runs=tuple(_find_runs([one.measures for one in ordered])),
        spans=tuple((frame, first, last) for (_, frame), first, last in _find_runs(list(zip(kept, frame_of, strict=True)))),
        nothing={one.name: empty(one.measures) for one in ordered},
    )


def _reach(one: Fold) -> tuple[Unit, str, int]:
    return one.reach.unit, one.on if one.reach.unit == "months" else "", one.reach.length


def _frame(one: Fold) -> tuple[Slot, str, str]:
    return one.slot, one.on if one.slot in ("month", "day") else "", one.by


def _find_runs(items: Sequence[T]) -> list[tuple[T, int, int]]:
    """Return each item that neighbours share, the place of the first of them and that behind the last."""
    starts = [at for at, item in enumerate(items) if at == 0 or item != items[at - 1]]
    return [(items[start], start, end) for start, end in zip(starts, [*starts[1:], len(items)], strict=True)]


def _different(folds: Sequence[Fold], key: Callable[[Fold], Hashable]) -> tuple[list[Fold], list[int]]:
    """Return one fold of each different key, and for every fold the place of the one that stands for it."""
    first: dict[Hashable, Fold] = {}
    for one in folds:
        first.setdefault(key(one), one)
    places = {one: at for at, one in enumerate(first)}
    return list(first.values()), [places[key(one)] for one in folds]
