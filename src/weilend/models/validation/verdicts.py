"""In: the figures of a validation. Out: verdicts, each with its test, its limits, the bounds it read. Used: by the validation.

No verdict says more than its gate tested; what could not be tested is not listed as passed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

from weilend.core.money import PPM
from weilend.models.judgement.gates import Finding, Gate, State, holm, load_gates
from weilend.models.metrics import Interval
from weilend.models.validation.bands import Band

FILE: Final = Path(__file__).with_name("gates.toml")


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What one gate says: `lo_ppm..hi_ppm` is what it read, `amber` and `red` its limits; `about` names the part that "
    "decided."""

    gate: str
    state: State
    kind: str
    lo_ppm: int
    hi_ppm: int
    amber: int
    red: int
    why: str
    about: str = ""

    def finding(self) -> Finding:
        """Return the verdict as a finding, for the judgement of a challenger."""
        return Finding(self.gate, self.state, self.lo_ppm, self.hi_ppm)


@cache
def all_gates() -> dict[str, Gate]:
    """Return the gates of judgement and of validation by name.

    >>> sorted(all_gates())[:3]
    ['auc_fall', 'auc_gap', 'grade_too_low']
    """
    return load_gates() | load_gates(FILE)


def read_interval(gate: str, lo_ppm: int, hi_ppm: int, about: str = "") -> Verdict:
    """Return the verdict of an interval gate.

    >>> read_interval("auc_fall", -5_000, 15_000).state, read_interval("auc_fall", 10_000, 40_000).state
    ('green', 'open')
    """
    return _verdict(all_gates()[gate], all_gates()[gate].read(lo_ppm, hi_ppm), about)


def read_distance(gate: str, interval: Interval, target_ppm: int, about: str = "") -> Verdict:
    """Return the verdict on how far an interval lies from a target, either way.

    >>> said = read_distance("slope_off", Interval(1_020_000, 950_000, 1_080_000), 1_000_000)
    >>> said.lo_ppm, said.hi_ppm, said.state
    (0, 80000, 'green')
    """
    ends = sorted(abs(end - target_ppm) for end in (interval.lo_ppm, interval.hi_ppm))
    inside = interval.lo_ppm <= target_ppm <= interval.hi_ppm
    return read_interval(gate, 0 if inside else ends[0], ends[1], about)


def read_least(gate: str, p_ppm: Sequence[int], names: Sequence[str]) -> Verdict:
    """Return the verdict on the least of several p values, adjusted for their number (Holm 1979).

    >>> said = read_least("rank_break", [400_000, 1_000], ["1 and 2", "2 and 3"])
    >>> said.state, said.lo_ppm, said.about
    ('red', 2000, '2 and 3')
    """
    least, about = min(zip(holm(p_ppm), names, strict=True))
    return _verdict(all_gates()[gate], all_gates()[gate].read_p_value(least), about)


def read_bands(gate: str, bands: Sequence[Band]) -> list[Verdict]:
    """Return the verdict on bands whose PD may be too low; none where no PD was said.

    >>> read_bands("grade_too_low", [])
    []
    """
    told = [(band.too_low_p_ppm, band.name) for band in bands if band.too_low_p_ppm is not None]
    return [read_least(gate, [p for p, _ in told], [name for _, name in told])] if told else []


def read_chance(auc: Interval) -> Verdict:
    """Return the verdict on whether a score ranks better than a coin.

    >>> read_chance(Interval(700_000, 660_000, 740_000)).state, read_chance(Interval(400_000, 360_000, 440_000)).state
    ('green', 'red')
    """
    return read_interval("no_better_than_chance", PPM // 2 - auc.hi_ppm, PPM // 2 - auc.lo_ppm)


def _verdict(gate: Gate, found: Finding, about: str) -> Verdict:
    return Verdict(
        gate=gate.name, state=found.state, kind=gate.kind, lo_ppm=found.lo_ppm, hi_ppm=found.hi_ppm, amber=gate.amber,
        red=gate.red, why=gate.why, about=about,
    )  # fmt: skip
