"""In: the margin of a forest on its grid. Out: points, by whole numbers alone. Used: by boosters and by what is exported from them.

A curve is a broken line through integer knots, rising or falling throughout; beyond its ends the outer pieces go on.
"""

from __future__ import annotations

from bisect import bisect_right

import msgspec
import numpy as np

from weilend.core.errors import InputError
from weilend.models.table import Floats, Integers

#: The curve's own unit: 1024 to the point, so that what is rounded off is far less than a point.
FINE = 1024
#: Margins beyond this many units of the grid (64 logits) read as this many: a product below then fits in 64 bits.
LIMIT = 1 << 26


class Curve(msgspec.Struct, frozen=True):
    """Knots `at` (ascending units of the grid) and `fine` (points in 1/1024, strictly falling: more margin is more risk).

    >>> line = Curve((-100, 100), (600 * FINE, 400 * FINE))
    >>> line.points(np.array([-100, 0, 1, 300])).tolist(), line.point(1)
    ([600, 500, 499, 200], 499)
    """

    at: tuple[int, ...]
    fine: tuple[int, ...]

    def __post_init__(self) -> None:
        rises = all(a < b for a, b in zip(self.at, self.at[1:], strict=False))
        falls = all(a > b for a, b in zip(self.fine, self.fine[1:], strict=False))
        if len(self.at) < 2 or len(self.at) != len(self.fine) or not rises or not falls:
            raise InputError("a curve's knots do not fall", hint="give two or more margins, rising, with points that fall")

    def points(self, units: Integers) -> Integers:
        """Return the points of margins; exact."""
        at, fine = np.array(self.at, dtype=np.int64), np.array(self.fine, dtype=np.int64)
        x = np.clip(units, -LIMIT, LIMIT)
        piece = np.clip(np.searchsorted(at, x, side="right") - 1, 0, len(at) - 2)
        moved = (x - at[piece]) * (fine[piece + 1] - fine[piece]) // (at[piece + 1] - at[piece])
        return np.asarray((fine[piece] + moved + FINE // 2) // FINE, dtype=np.int64)

    def point(self, units: int) -> int:
        """Return the points of one margin; equal to `points`."""
        x = min(max(units, -LIMIT), LIMIT)
        piece = min(max(bisect_right(self.at, x) - 1, 0), len(self.at) - 2)
        rise, run = self.fine[piece + 1] - self.fine[piece], self.at[piece + 1] - self.at[piece]
        return (self.fine[piece] + (x - self.at[piece]) * rise // run + FINE // 2) // FINE


def draw(at: Integers, fine: Floats) -> Curve:
    """Return the curve through some knots, leaving out those that do not move by a whole unit on both axes.

    >>> draw(np.array([0, 0, 5]), np.array([9.0, 9.0, 1.2])).fine
    (9, 1)
    """
    kept: list[tuple[int, int]] = []
    for x, y in zip(at.tolist(), np.rint(fine).astype(np.int64).tolist(), strict=True):
        if not kept or (x > kept[-1][0] and y < kept[-1][1]):
            kept.append((x, y))
    return Curve(tuple(x for x, _ in kept), tuple(y for _, y in kept))
