"""In: intervals and p values. Out: findings green, amber, red or open. Used: by validation and before a champion is replaced.

A gate reads the bounds of an interval, never its middle: little data gives `open`, not green. The limits are a file.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec
import numpy as np

from weilend.core.errors import InputError
from weilend.core.money import PPM
from weilend.models.drift import population_stability
from weilend.models.judgement.bootstrap import SLICE, Draws, Metric
from weilend.models.master_scale import GradeLine
from weilend.models.table import Integers

FILE: Final = Path(__file__).with_name("gates.toml")
State = Literal["green", "amber", "red", "open"]
BINS: Final = 10  # deciles, as everywhere


class Gate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A gate and its limits in ppm.

    >>> Gate("gap", "interval", 20_000, 50_000, "why").read(25_000, 40_000).state
    'amber'
    """

    name: str
    kind: Literal["interval", "p_value"]
    amber: int
    red: int
    why: str

    def read(self, lo_ppm: int, hi_ppm: int) -> Finding:
        """Return what an interval of the gap shows."""
        states: list[tuple[State, bool]] = [
            ("red", lo_ppm > self.red), ("amber", lo_ppm > self.amber), ("green", hi_ppm <= self.amber), ("open", True),
        ]  # fmt: skip
        return Finding(self.name, next(state for state, holds in states if holds), lo_ppm, hi_ppm)

    def read_p_value(self, p_ppm: int) -> Finding:
        """Return what a p value shows; a large one shows nothing, so there is no green.

        >>> Gate("p", "p_value", 50_000, 10_000, "why").read_p_value(400_000).state
        'open'
        """
        states: list[tuple[State, bool]] = [("red", p_ppm < self.red), ("amber", p_ppm < self.amber), ("open", True)]
        return Finding(self.name, next(state for state, holds in states if holds), p_ppm, p_ppm)


class Finding(msgspec.Struct, frozen=True):
    """What a gate found: its state and the bounds (ppm) that it read."""

    gate: str
    state: State
    lo_ppm: int
    hi_ppm: int


def load_gates(path: Path = FILE) -> dict[str, Gate]:
    """Return the gates of a file by name; `InputError` where it is malformed.

    >>> sorted(load_gates())
    ['auc_gap', 'grade_too_low', 'ks_gap', 'points_psi']
    """
    try:
        gates = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8"))["gate"], list[Gate])
    except (OSError, KeyError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise InputError(
            f"{path} is not a table of gates: {error}", hint="give [[gate]] with name, kind, amber, red, why"
        ) from None
    return {gate.name: gate for gate in gates}


def gap(before: Draws, after: Draws, metric: Metric) -> tuple[int, int]:
    """Return the 95 % interval (ppm) of the first contender's figure on some rows minus that on other rows.

    Rows of two windows are drawn apart, so draw i of one is set against draw i of the other.

    >>> a, b = (Draws((("m", "auc"),), np.array([[v], [v], [v + 0.01]])) for v in (0.8, 0.7))
    >>> gap(a, b, "auc")
    (100000, 100000)
    """
    sides = [side.values[1:, next(at for at, f in enumerate(side.figures) if f[1] == metric)] for side in (before, after)]
    length = min(map(len, sides))
    lo, hi = np.nanquantile(sides[0][:length] - sides[1][:length], SLICE)
    return round(PPM * float(lo)), round(PPM * float(hi))


class Stability(msgspec.Struct, frozen=True):
    """How far points have moved, in ppm: the index, what chance gives (mean, 95 %), and the interval with chance taken off."""

    psi_ppm: int
    chance_ppm: int
    chance_95_ppm: int
    lo_ppm: int
    hi_ppm: int

    @property
    def moved(self) -> bool:
        """Return whether the index is more than chance gives 95 times in a hundred."""
        return self.psi_ppm > self.chance_95_ppm


def measure_stability(before: Integers, after: Integers, *, seed: int, draws: int = 1000) -> Stability:
    """Return the stability of points between two windows, in deciles of the first, against its null for these many rows.

    Under the null both windows are drawn from what they have in common. The bootstrap draws each window apart; since chance adds to
    an index and never takes away, its mean under the null is taken off both bounds.

    >>> points = np.arange(500, 700)
    >>> measure_stability(points, points, seed=1).moved, measure_stability(points, points + 60, seed=1).moved
    (False, True)
    """
    cuts = np.unique(np.quantile(before, np.arange(1, BINS) / BINS, method="inverted_cdf"))
    counts = [np.bincount(np.searchsorted(cuts, side, side="left"), minlength=len(cuts) + 1) for side in (before, after)]
    rng = np.random.default_rng(seed)
    shared = (counts[0] + counts[1]) / (len(before) + len(after))
    null = population_stability(*(rng.multinomial(len(side), shared, draws).astype(np.float64) for side in (before, after)))
    drawn = population_stability(*(rng.multinomial(c.sum(), c / c.sum(), draws).astype(np.float64) for c in counts))
    psi = float(population_stability(*(c.astype(np.float64) for c in counts)))
    lo, hi = np.maximum(np.quantile(drawn, SLICE) - null.mean(), 0.0)
    parts = (psi, float(null.mean()), float(np.quantile(null, 0.95)), float(lo), float(hi))
    return Stability(*(round(PPM * part) for part in parts))


def holm(p_ppm: Sequence[int]) -> tuple[int, ...]:
    """Return p values adjusted for their number (Holm 1979), in the order given.

    >>> holm([10_000, 40_000, 30_000])
    (30000, 60000, 60000)
    """
    order = np.argsort(p_ppm, kind="stable")
    stepped = np.array(p_ppm)[order] * (len(order) - np.arange(len(order)))
    adjusted = np.empty(len(order), dtype=np.int64)
    adjusted[order] = np.minimum(np.maximum.accumulate(stepped), PPM)
    return tuple(adjusted.tolist())


def read_grades(gate: Gate, lines: Sequence[GradeLine]) -> Finding:
    """Return what the grades show: the least Holm-adjusted p value that a grade's PD is too low.

    >>> from weilend.models.master_scale import grade_table, load_scale
    >>> lines = grade_table(np.array([1] * 10 + [0] * 90), np.array([20_000] * 100), load_scale())
    >>> read_grades(load_gates()["grade_too_low"], lines).state
    'red'
    """
    return gate.read_p_value(min(holm([line.too_low_p_ppm for line in lines])))
