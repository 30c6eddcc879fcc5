"""In: a plan. Out: `Weather`, what falls on all firms of a kind alike. Used: by months; it is the same in every district."""

from __future__ import annotations

from functools import lru_cache

import msgspec
import numpy as np

from weilend.economy.catalogue import catalogue
from weilend.economy.firms import Floats
from weilend.economy.plan import WorldPlan


class Weather(msgspec.Struct, frozen=True, eq=False):
    """Shocks to the logarithm of sales, by month: `macro` (T,), `industry`, `region` and `platform` (sorts, T)."""

    macro: Floats
    industry: Floats
    region: Floats
    platform: Floats


@lru_cache(maxsize=4)
def _made(seed: int, world_seed: int, months: int, spreads: tuple[float, ...], memories: tuple[float, ...]) -> Weather:
    dice = np.random.default_rng([seed, world_seed, 0, 77])
    sorts = (1, len(catalogue().industries), len(catalogue().regions), len(catalogue().platforms))
    macro, industry, region, platform = (
        wander(dice.standard_normal((count, months)), memory) * spread / np.sqrt(1 - memory**2)
        for count, spread, memory in zip(sorts, spreads, memories, strict=True)
    )
    return Weather(macro[0], industry, region, platform)


def make_weather(plan: WorldPlan) -> Weather:
    """Return the weather of a world over all months that are lived.

    >>> from weilend.economy.plan import make_plan
    >>> make_weather(make_plan(businesses=10, months=12, seed=1)).region.shape
    (31, 24)
    """
    c = plan.constants
    spreads = (c["macro_shock"], c["industry_shock"], c["region_shock"], c["platform_shock"])
    memories = (c["macro_memory"], *[c["weather_memory"]] * 3)
    return _made(plan.seed, c.world_seed, plan.all_months, spreads, memories)


def wander(fresh: Floats, memory: float) -> Floats:
    """Return autoregressive paths of unit spread along the last axis, from independent standard normal values.

    >>> wander(np.ones((1, 3)), 0.0).tolist()
    [[1.0, 1.0, 1.0]]
    """
    path = np.empty_like(fresh)
    path[..., 0] = fresh[..., 0]
    keep = np.sqrt(1 - memory**2)
    for month in range(1, fresh.shape[-1]):
        path[..., month] = memory * path[..., month - 1] + keep * fresh[..., month]
    return path
