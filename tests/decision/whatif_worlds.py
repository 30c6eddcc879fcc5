"""Small invented markets whose truth is known: what every applicant would have done, decided by a policy that explores.

Owners bring one to five applications. The chance of a bad is a logistic function of what everybody sees; within an owner the
dice are the same with some probability, so that owners, not applications, are the draws. Nothing else is hidden.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from weilend.core.money import PPM
from weilend.decision.whatif import Asked, Logged

SAFE, TRIED, NEW = 0.0, 0.8, 1.4  # approved below, by chance below, asked for below
CHANCE = 0.3
MEASURES = ("bad_ppm", "loss_fen", "profit_fen")


class World(msgspec.Struct, frozen=True):
    """A sample of a market, what is asked, and the expected outcomes (n, 5 per fen) that nobody sees."""

    logged: Logged
    asked: Asked
    expected: Any


def make_world(seed: int, owners: int = 300, shared: float = 0.9) -> World:
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(owners), rng.integers(1, 6, owners))
    rows = len(owner)
    risk = rng.normal(size=owners)[owner] + 0.3 * rng.normal(size=rows)
    pd = 1 / (1 + np.exp(1.8 - 0.9 * risk))
    same = rng.random(owners)[owner] < shared
    bad = (np.where(same, rng.random(owners)[owner], rng.random(rows)) < pd).astype(float)
    amount = 5_000_000.0 * rng.integers(1, 5, rows)
    chance = np.where(risk < SAFE, 1.0, np.where(risk < TRIED, CHANCE, 0.0))
    approved = rng.random(rows) < chance
    loss, margin = 0.6, 0.09
    logged = Logged(
        owner=owner, approved=approved, chance_ppm=np.rint(PPM * np.where(approved, chance, 1 - chance)).astype(np.int64),
        seen=approved, borrowed=np.ones(rows), bad=bad, loss_fen=bad * loss * amount,
        profit_fen=np.where(bad == 1, -loss, margin) * amount, ceiling_fen=amount, rate_ppm=np.zeros(rows),
        explain=np.stack([risk, amount], axis=1), segments={"band": np.where(chance > 0, "seen", "never").astype(object)},
    )  # fmt: skip
    asked = Asked(approved=risk < NEW, ceiling_fen=amount, rate_ppm=np.zeros(rows))
    expected = np.stack([np.ones(rows), pd, loss * pd, margin - (loss + margin) * pd, np.zeros(rows)], axis=1)
    return World(logged, asked, expected)


def share_of(world: World, part: str) -> np.ndarray:
    """Return the probability with which each row is of a part: what an estimate of it is an estimate of, before dice and draws."""
    risk, asked = world.logged.explain[:, 0], world.asked.approved.astype(float)
    chance = np.where(risk < SAFE, 1.0, np.where(risk < TRIED, CHANCE, 0.0))
    return {"known": asked * chance, "tried": asked * np.where(chance > 0, 1 - chance, 0), "beyond": asked * (chance == 0)}[
        part
    ]


def truths(worlds: list[World], part: str) -> dict[str, float]:
    """Return the true bad rate (ppm), and loss and profit of an application (fen), over many markets."""
    totals = np.zeros(5)
    rows = 0
    for world in worlds:
        totals += (share_of(world, part)[:, None] * world.asked.scale * world.expected).sum(axis=0)
        rows += len(world.logged)
    return {"bad_ppm": PPM * totals[1] / totals[0], "loss_fen": totals[2] / rows, "profit_fen": (totals[3] + totals[4]) / rows}
