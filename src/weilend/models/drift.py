"""In: two tables. Out: how far each feature has moved between them, against chance. Used: by the report and by monitoring."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from weilend.core.money import PPM
from weilend.models.binning import fine_bins, place
from weilend.models.table import Floats, Table

BINS: Final = 10
HALF: Final = 0.5  # added to each count, so that an empty bin has a logarithm
MIN_ROWS: Final = 10  # in a bin, over both tables


class Drift(msgspec.Struct, frozen=True):
    """The population stability index of a feature, all in ppm.

    `psi_ppm` with a 95 % bootstrap interval `lo_ppm..hi_ppm`; `chance_ppm` is what 95 % of random splits of the same rows
    stay below. Small tables move by chance: of 123 and 302 rows in ten bins .18 is chance, so `moved` asks for more.
    """

    feature: str
    psi_ppm: int
    lo_ppm: int
    hi_ppm: int
    chance_ppm: int

    @property
    def moved(self) -> bool:
        """Return whether the two tables differ by more than chance."""
        return self.psi_ppm > self.chance_ppm


def measure_drift(before: Table, after: Table, *, seed: int, draws: int = 500) -> tuple[Drift, ...]:
    """Return the drift of each feature of `before` (Siddiqi 2006), NULL being a bin of its own.

    Bins are deciles of both tables together, so that a random split is a fair comparison. The bootstrap draws each table
    apart, and its interval lies high, because chance adds to a PSI and never takes away: read it beside `chance_ppm`.

    >>> x = np.arange(400)[:, None]
    >>> a, b = (Table(("x",), part, part >= 0, tuple(map(str, range(200)))) for part in (x[:200], x[200:]))
    >>> measure_drift(a, b, seed=1)[0].moved
    True
    """
    after = after.select(before.names)
    both = Table(
        before.names,
        np.concatenate([before.values, after.values]),
        np.concatenate([before.known, after.known]),
        (*before.ids, *after.ids),
    )
    fine = fine_bins(both, bins=BINS, min_rows=MIN_ROWS)
    sides = [
        (place(side.values, side.known, fine)[:, :, None] == np.arange(BINS + 1)).reshape(len(side), -1).astype(np.float64)
        for side in (before, after)
    ]
    sides = [side[np.lexsort(side.T)] for side in sides]  # by content: row order must not matter
    rng = np.random.default_rng(seed)
    shape = (-1, len(before.names), BINS + 1)
    psi = population_stability(*(side.sum(axis=0).reshape(shape) for side in sides))[0]
    drawn = population_stability(*((_bootstrap(len(side), draws, rng) @ side).reshape(shape) for side in sides))
    chance = np.quantile(population_stability(*_split(np.concatenate(sides), len(before), draws, rng, shape)), 0.95, axis=0)
    lo, hi = np.quantile(drawn, (0.025, 0.975), axis=0)
    columns = zip(before.names, *(np.rint(PPM * part).astype(int).tolist() for part in (psi, lo, hi, chance)), strict=True)
    return tuple(Drift(*column) for column in columns)


def population_stability(before: Floats, after: Floats) -> Floats:
    """Return ``Σ (p - q) ln(p / q)`` over the bins that either side uses; counts (…, k, bins).

    >>> population_stability(np.array([500.0, 500.0]), np.array([800.0, 200.0])).round(3).tolist()
    0.415
    """
    used = (before + after) > 0
    p, q = (np.where(used, side + HALF, 0.0) for side in (before, after))
    p, q = (np.where(used, side / side.sum(axis=-1, keepdims=True), 1.0) for side in (p, q))
    return np.asarray(((p - q) * np.log(p / q)).sum(axis=-1))


def _bootstrap(n: int, draws: int, rng: np.random.Generator) -> Floats:
    return rng.multinomial(n, np.full(n, 1 / n), size=draws).astype(np.float64)


def _split(rows: Floats, first: int, draws: int, rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[Floats, Floats]:
    """Return the counts of random splits of all rows into `first` and the rest."""
    taken = (rng.permuted(np.tile(np.arange(len(rows)), (draws, 1)), axis=1) < first).astype(np.float64)
    return (taken @ rows).reshape(shape), ((1 - taken) @ rows).reshape(shape)
