"""In: how much of the planned information each look has, a budget of false alarms. Out: the z at which each look may stop. Used: by
`judge`.

Group sequential tests by alpha spending (Lan & DeMets 1983): a function says how much of alpha may be spent by when, and the
boundary of each look spends the rest of it, by recursive integration over all paths that have not stopped before (Armitage,
McPherson & Rowe 1969). Who looks eighteen times at 1.96 instead is wrong one time in four.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.stats import norm

from weilend.core.errors import InputError

Floats = npt.NDArray[np.float64]
Spending = Literal["obrien_fleming", "pocock"]
#: Points of the grid on which paths are integrated: boundaries are then right to the third decimal.
GRID: Final = 301
#: No z is asked for beyond this: what is left to spend there is nothing.
FAR: Final = 9.0


def spent_by(part: float, alpha: float, spending: Spending) -> float:
    """Return how much of alpha, for one side, may be spent by a part (above 0) of the planned information.

    O'Brien & Fleming's spends next to nothing early and nearly all at the end; Pocock's is generous early.

    >>> round(spent_by(0.5, 0.05, "obrien_fleming"), 4), round(spent_by(0.5, 0.05, "pocock"), 4)
    (0.0056, 0.031)
    """
    part = min(part, 1.0)
    if spending == "pocock":
        return alpha * float(np.log1p((np.e - 1) * part))
    return float(2 * norm.sf(norm.isf(alpha / 2) / np.sqrt(part)))


def find_bounds(parts: Sequence[float], alpha: float, spending: Spending, *, sides: Literal[1, 2] = 2) -> tuple[float, ...]:
    """Return the z of each look at or beyond which a test may stop.

    `parts` are rising parts of the planned information; beyond 1 nothing is left to spend. With one side only a large z stops.
    Five equal looks at 5 %, as Lan & DeMets have them:

    >>> [round(z, 2) for z in find_bounds([0.2, 0.4, 0.6, 0.8, 1.0], 0.05, "obrien_fleming")]
    [4.88, 3.36, 2.68, 2.29, 2.03]
    >>> find_bounds([0.5, 0.5], 0.05, "pocock")
    Traceback (most recent call last):
    weilend.core.errors.InputError: the information of looks does not rise. Hint: leave out a look that brought nothing new
    """
    if any(b <= a for a, b in zip((0.0, *parts), parts, strict=False)):
        raise InputError("the information of looks does not rise", hint="leave out a look that brought nothing new")
    return _find_bounds(tuple(parts), alpha, spending, sides)


@lru_cache(maxsize=256)
def _find_bounds(parts: tuple[float, ...], alpha: float, spending: Spending, sides: int) -> tuple[float, ...]:
    found: list[float] = []
    at, density = np.zeros(1), np.ones(1)  # all paths start at 0; density times the width of a step
    before, spent = 0.0, 0.0
    for part in parts:
        root, step = np.sqrt(part), np.sqrt(part - before)
        allowed = max(sides * spent_by(part, alpha / sides, spending) - spent, 0.0)
        z = _boundary(allowed, partial(_beyond, at=at, density=density, root=root, step=step, sides=sides))
        found.append(z)
        spent += _beyond(z, at, density, root, step, sides)
        low = -z if sides == 2 else -FAR
        grid = np.linspace(low * root, z * root, GRID)
        weights = np.full(GRID, grid[1] - grid[0])
        weights[[0, -1]] /= 2
        density = weights * (norm.pdf((grid[:, None] - at) / step) / step @ density)
        at, before = grid, part
    return tuple(found)


def _beyond(z: float, at: Floats, density: Floats, root: float, step: float, sides: int) -> float:
    """Return the chance that a path which has not stopped reaches z or more at this look, or -z or less."""
    upper = norm.sf((z * root - at) / step)
    lower = norm.cdf((-z * root - at) / step) if sides == 2 else np.zeros(len(at))
    return float(density @ (upper + lower))


def _boundary(allowed: float, beyond: Callable[[float], float]) -> float:
    """Return the z beyond which so much is spent as is allowed."""
    if beyond(FAR) >= allowed:
        return FAR
    return float(brentq(lambda z: beyond(z) - allowed, 0.0, FAR, xtol=1e-6))
