"""In: likelihood, uplift and margin of users, a budget. Out: whom to contact, whom to hold out for good. Used: month by month."""

from __future__ import annotations

import msgspec
import numpy as np

from weilend.core.ids import draw_ppm
from weilend.core.money import PPM
from weilend.growth.likelihood import Booleans, Floats, Integers


class Choice(msgspec.Struct, frozen=True, eq=False):
    """Whom a month contacts: `by_worth` and `by_chance` are places of users, `chance_ppm` the propensity of each user (n,).

    >>> Choice(np.array([1]), np.array([0]), np.array([500_000, 1_000_000])).contacted.tolist()
    [0, 1]
    """

    by_worth: Integers
    by_chance: Integers
    chance_ppm: Integers

    @property
    def contacted(self) -> Integers:
        """Everybody who is contacted, in the order of places."""
        return np.sort(np.concatenate([self.by_worth, self.by_chance]))


def held_out(names: list[str], *, salt: str, share_ppm: int) -> Booleans:
    """Return who is never contacted, by a stable hash of salt and name: so that what contacts bring can be seen for ever.

    >>> held_out(["U1", "U2", "U3", "U4"], salt="reach", share_ppm=500_000).tolist()
    [False, False, False, True]
    """
    drawn = [draw_ppm(salt, name) for name in names]
    return np.array(drawn, np.int64) < share_ppm


def choose_audience(
    worth: Floats, may: Booleans, *, count: int, chance_share_ppm: int, dice: np.random.Generator, cost: float = 0.0
) -> Choice:
    """Return whom to contact: the worthiest above what a contact costs, and a share drawn by chance among those left, to
    learn from.

    `worth` (n,) is likelihood × uplift × margin, `may` (n,) who may be contacted, `count` the budget in contacts, `cost` of one.

    >>> found = choose_audience(np.array([3.0, 9.0, 1.0, 5.0]), np.array([True, True, True, False]), count=2, chance_share_ppm=0,
    ...     dice=np.random.default_rng(1))
    >>> found.contacted.tolist()
    [0, 1]
    """
    allowed = np.flatnonzero(may)
    count = min(count, len(allowed))
    drawn = count * chance_share_ppm // PPM
    order = allowed[np.argsort(-worth[allowed], kind="stable")]
    best = order[: count - drawn]
    best = best[worth[best] > cost]
    left = np.setdiff1d(allowed, best)
    lucky = np.sort(dice.choice(left, min(drawn, len(left)), replace=False)) if drawn and len(left) else np.zeros(0, np.int64)
    chance = np.zeros(len(worth), np.int64)
    chance[left] = PPM * len(lucky) // max(len(left), 1)
    chance[best] = PPM
    return Choice(best, lucky, chance)
