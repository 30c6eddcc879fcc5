"""In: rows and bads of fine bins, by fold. Out: the shape that the bad rate takes along them. Used: to bin a number.

A more complicated shape must show on rows that it has not seen that it is worth it.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np

from weilend.models.binning import pool
from weilend.models.table import Floats

#: Pseudo-rows at the table's bad rate in each fine bin, so that an empty one has a rate.
PRIOR_ROWS: Final = 1.0
#: What a shape's log likelihood out of fold must gain on the one before it, from the plainest to the freest.
GAIN_TO_BEND, GAIN_TO_BE_FREE = 4.0, 8.0
#: … and by how many standard errors over the folds.
SURELY: Final = 2.0
#: Directions of the bad rate: rising with the value, falling, first rising, first falling.
MONOTONE: Final = {"up": 1.0, "down": -1.0}
BENT: Final = {"peak": 1.0, "valley": -1.0}


class Shape(msgspec.Struct, frozen=True):
    """The shape that was chosen, and what was refused for which reason, in words."""

    name: str
    refused: tuple[str, ...]


def choose_shape(rows: Floats, bads: Floats, sign: int) -> Shape:
    """Return the plainest shape of the bad rate along fine bins that holds out of fold; `rows`, `bads` are (folds, m).

    A declared sign decides alone: +1 (more is safer) is ``down``. Otherwise rising or falling, whichever explains the held-out rows
    better; a peak, a valley or a free form only where it gains surely (two standard errors over the folds) and enough.

    >>> rate = np.array([0.30, 0.20, 0.12, 0.08])
    >>> choose_shape(np.full((5, 4), 400.0), np.tile(400 * rate, (5, 1)), 0).name
    'down'
    >>> bent = np.array([0.30, 0.10, 0.10, 0.30])
    >>> choose_shape(np.full((5, 4), 400.0), np.tile(400 * bent, (5, 1)), 0).name
    'valley'
    """
    if sign:
        return Shape("down" if sign > 0 else "up", ())
    gains = {name: _held_out(rows, bads, name) for name in MONOTONE}
    chosen, refused = max(MONOTONE, key=lambda name: float(gains[name].sum())), []
    free = _held_out(rows, bads, "free")
    if (free - gains[chosen]).sum() <= 0:
        return Shape(chosen, ())  # what even a free form does not explain better has no bend
    for name, least in (*((bent, GAIN_TO_BEND) for bent in BENT), ("free", GAIN_TO_BE_FREE)):
        gains[name] = free if name == "free" else _held_out(rows, bads, name)
        more = gains[name] - gains[chosen]
        error = float(more.std(ddof=1)) * len(more) ** 0.5
        if more.sum() > least and more.sum() > SURELY * error:
            chosen = name
        elif more.sum() > 0:
            refused.append(f"{name}: gains {more.sum():.1f} in log likelihood on held-out rows, give or take {error:.1f}")
    return Shape(chosen, tuple(refused))


def fit_shape(rows: Floats, bads: Floats, name: str) -> Floats:
    """Return the bad rate (…, m) of each fine bin under a shape, from rows and bads (…, m).

    >>> fit_shape(np.array([10.0, 10.0, 10.0]), np.array([1.0, 5.0, 3.0]), "up").round(2).tolist()
    [0.12, 0.39, 0.39]
    """
    rate = bads.sum(axis=-1, keepdims=True) / np.maximum(rows.sum(axis=-1, keepdims=True), 1e-9)
    rows, bads = rows + PRIOR_ROWS, bads + PRIOR_ROWS * rate
    if name == "free":
        return np.asarray(bads / rows)
    if name in MONOTONE:
        return pool(bads, rows, np.full(rows.shape[:-1], MONOTONE[name]))
    return _bend(rows, bads, BENT[name])


def _bend(rows: Floats, bads: Floats, first: float) -> Floats:
    """Return the likeliest fit that goes one way up to some bin and the other way after it."""
    way = np.full(rows.shape[:-1], first)
    best = pool(bads, rows, way)
    most = log_likelihood(rows, bads, best)
    for turn in range(1, rows.shape[-1]):
        left, right = pool(bads[..., :turn], rows[..., :turn], way), pool(bads[..., turn:], rows[..., turn:], -way)
        fit = np.concatenate([left, right], axis=-1)
        said = log_likelihood(rows, bads, fit)
        best = np.where((said > most)[..., None], fit, best)
        most = np.maximum(said, most)
    return best


def log_likelihood(rows: Floats, bads: Floats, rate: Floats) -> Floats:
    """Return the log likelihood (…) of rows and bads (…, m) under bad rates (…, m).

    >>> log_likelihood(np.array([2.0]), np.array([1.0]), np.array([0.5])).round(3).item()
    -1.386
    """
    return np.asarray((bads * np.log(rate) + (rows - bads) * np.log1p(-rate)).sum(axis=-1))


def _held_out(rows: Floats, bads: Floats, name: str) -> Floats:
    """Return the log likelihood (folds,) of each fold's rows under the shape fitted to the others."""
    fit = fit_shape(rows.sum(axis=0) - rows, bads.sum(axis=0) - bads, name)
    return log_likelihood(rows, bads, np.clip(fit, 1e-6, 1 - 1e-6))
