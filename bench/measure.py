"""In: the same work done by us and by peers. Out: `Row`s, ratios of medians of several runs in both orders. Used: by every subject.

A machine that is shared drifts, so single times mean little. Each pass runs all contenders one after another; every other pass
runs them the other way round (A-B-B-A), and a ratio is taken within a pass. What is quoted is the median over the passes, and
beside it the smallest and the largest.
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any, NamedTuple

import msgspec

OURS = "weilend"
MOST_CALLS = 1_000_000


class DisagreementError(Exception):
    """Two that must say the same do not: the only thing for which the benchmark fails."""


class Sample(NamedTuple):
    """Seconds of one call: on the wall, and of processor time over all threads of this process."""

    wall: float
    cpu: float


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the table: `ratio` is theirs over ours (or ours over theirs where `higher` is better), so above 1 we win.

    `low` and `high` are the least and largest ratio over the passes; `check` says how the results were compared.
    """

    work: str
    unit: str
    ours: float
    peer: str
    theirs: float
    ratio: float
    low: float
    high: float
    check: str


def sample(work: Callable[[], Any], calls: int) -> Sample:
    """Return the mean seconds of some calls in a row, garbage collected before and not within."""
    gc.collect()
    gc.disable()
    try:
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(calls):
            work()
        return Sample((time.perf_counter() - wall) / calls, (time.process_time() - cpu) / calls)
    finally:
        gc.enable()


def calls_for(work: Callable[[], Any], least_seconds: float) -> int:
    """Return how many calls last about `least_seconds`; what this runs also warms up."""
    calls = 1
    while calls < MOST_CALLS:
        seconds = sample(work, calls).wall * calls
        if seconds >= least_seconds / 4:
            return max(1, min(MOST_CALLS, round(calls * least_seconds / seconds)))
        calls *= 4
    return calls


def race(works: Mapping[str, Callable[[], Any]], *, passes: int, least_seconds: float = 0.05) -> dict[str, list[Sample]]:
    """Return the samples of each contender, one a pass; every other pass runs in the opposite order.

    Each is called once or more before anything counts. `passes` should be even, so that both orders weigh the same.
    """
    calls = {name: calls_for(work, least_seconds) for name, work in works.items()}
    samples: dict[str, list[Sample]] = {name: [] for name in works}
    for number in range(passes):
        for name in list(works) if number % 2 == 0 else reversed(list(works)):
            samples[name].append(sample(works[name], calls[name]))
    return samples


def compare(
    work: str,
    samples: Mapping[str, Sequence[Sample]],
    *,
    unit: str,
    scale: float,
    clock: str = "wall",
    check: str,
    ours: str = OURS,
) -> list[Row]:
    """Return one row for each peer; `scale` turns seconds into the unit, `clock` is ``wall`` or ``cpu``."""
    seconds = {name: [getattr(one, clock) for one in each] for name, each in samples.items()}
    return [
        ratio_row(work, seconds[ours], name, each, unit=unit, scale=scale, check=check)
        for name, each in seconds.items()
        if name != ours
    ]


def ratio_row(
    work: str, ours: Sequence[float], peer: str, theirs: Sequence[float], *, unit: str, scale: float, check: str
) -> Row:
    """Return the row of one peer from the seconds of each pass."""
    ratios = [their / our for our, their in zip(ours, theirs, strict=True)]
    return Row(
        work=work,
        unit=unit,
        ours=median(ours) * scale,
        peer=peer,
        theirs=median(theirs) * scale,
        ratio=median(ratios),
        low=min(ratios),
        high=max(ratios),
        check=check,
    )


def plain_row(work: str, unit: str, ours: float, peer: str, theirs: float, *, check: str, higher: bool = False) -> Row:
    """Return the row of two quantities that are counted once: bytes, fen."""
    ratio = ours / theirs if higher else theirs / ours
    return Row(work=work, unit=unit, ours=ours, peer=peer, theirs=theirs, ratio=ratio, low=ratio, high=ratio, check=check)


def agree(what: str, ours: Any, theirs: Any) -> None:
    """Raise `DisagreementError` unless both are equal, naming the first place where they are not."""
    if ours == theirs:
        return
    if isinstance(ours, dict) and isinstance(theirs, dict) and ours.keys() == theirs.keys():
        for key, value in ours.items():
            agree(f"{what}, {key}", value, theirs[key])
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for at, (our, their) in enumerate(zip(ours, theirs, strict=True)):
            agree(f"{what}, number {at}", our, their)
    raise DisagreementError(f"{what}: weilend says {shorten(ours)}, the peer {shorten(theirs)}")


def shorten(value: Any) -> str:
    """Return a value as text of at most 300 characters."""
    text = repr(value)
    return text if len(text) <= 300 else text[:297] + "..."


def emit(rows: Callable[[], Sequence[Row]]) -> None:
    """Measure a subject and print its rows as JSON lines; exit 1, with a sentence, where results differ."""
    try:
        for row in rows():
            sys.stdout.write(msgspec.json.encode(row).decode() + "\n")
    except DisagreementError as error:
        sys.exit(f"results differ: {error}")
