"""In: a ranking of users, who was contacted by chance, who applied. Out: the Qini coefficient. Used: to judge a ranking."""

from __future__ import annotations

import msgspec
import numpy as np

from weilend.growth.likelihood import Booleans, Floats


class Qini(msgspec.Struct, frozen=True):
    """The curve of added applications by share contacted, and the area between it and chance (per user, of one).

    >>> Qini((0.0, 1.0), (0.0, 0.1), 0.0).area
    0.0
    """

    share: tuple[float, ...]
    added: tuple[float, ...]
    area: float


def measure_qini(ranking: Floats, contacted: Booleans, applied: Booleans, *, steps: int = 20) -> Qini:
    """Return the Qini curve of a ranking (higher is contacted first), from contacts drawn by chance (Radcliffe, 2007).

    Added applications at a share: responses of the contacted less those of the others, scaled to the contacted's number.

    >>> rng = np.random.default_rng(1)
    >>> x, contacted = rng.random(20_000), rng.random(20_000) < 0.5
    >>> applied = rng.random(20_000) < 0.02 + 0.1 * x * contacted
    >>> measure_qini(x, contacted, applied).area > measure_qini(-x, contacted, applied).area
    True
    """
    order = np.argsort(-ranking, kind="stable")
    reached = np.cumsum(contacted[order])
    others = np.cumsum(~contacted[order])
    said = np.cumsum(applied[order] & contacted[order])
    unasked = np.cumsum(applied[order] & ~contacted[order])
    gain = (said - unasked * reached / np.maximum(others, 1)) / max(len(ranking), 1)
    at = np.linspace(0, len(ranking) - 1, steps + 1).astype(np.int64)
    share = (at + 1) / len(ranking)
    added = gain[at]
    line = added[-1] * share
    width = np.diff(np.concatenate([[0.0], share]))
    area = float(((added - line) * width).sum())
    return Qini(tuple(share.tolist()), tuple(float(one) for one in added), area)
