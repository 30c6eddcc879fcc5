"""In: a district as honest life made it. Out: `Planted`, who commits fraud, what it leaves and does to loans. Used: by district.

A pattern is a module of this folder with a `Pattern`, registered by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from weilend.core.registry import Registry
from weilend.economy.credit import Asks
from weilend.economy.firms import Firms, Floats, Ints
from weilend.economy.months import Months
from weilend.economy.plan import WorldPlan
from weilend.economy.raw import Flows, Orders, Papers


class Ground(msgspec.Struct, frozen=True, eq=False):
    """What a pattern finds when it comes: the district before any fraud."""

    plan: WorldPlan
    district: int
    firms: Firms
    months: Months
    asks: Asks


class Planted(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a pattern adds: who commits it (`firm`, `since` which month, `skill` 0 to 1: how well it hides), `asks` for money
    that honest life would not have made, `harm` (firms, all months) added to the logit of default, facts, records of other
    kinds, and by record kind what else the truth says.
    """

    firm: Ints
    since: Ints
    skill: Floats
    asks: Asks | None = None
    harm: Floats | None = None
    flows: Flows | None = None
    orders: Orders | None = None
    papers: Papers | None = None
    records: Mapping[str, pa.Table] = msgspec.field(default_factory=dict)


class Pattern(msgspec.Struct, frozen=True, kw_only=True):
    """A pattern of fraud: `share` of applications that it stands behind (the name of a constant), what it costs, whether it is
    `withheld` from all tuning, and the function that plants it.
    """

    name: str
    zh: str
    share: str
    cost: str
    withheld: bool
    ceilings: Mapping[str, float] = msgspec.field(default_factory=dict)
    plant: Callable[[Ground, np.random.Generator, Ints], Any]


PATTERNS: Registry[Pattern] = Registry("pattern of fraud")


def plant(ground: Ground) -> dict[str, Planted]:
    """Return what every pattern plants in a district, by its name; no firm commits two."""
    free = np.arange(len(ground.firms))
    planted: dict[str, Planted] = {}
    for name in PATTERNS:
        pattern = PATTERNS[name]
        made: Planted = pattern.plant(ground, ground.plan.dice(f"fraud {name}", ground.district), free)
        planted[name] = made
        free = np.setdiff1d(free, made.firm)
    return planted
