"""In: `constants.toml`. Out: the constants of a world, the default one or one drawn within stated bounds. Used: by every module
here.

A held-out world has constants that nobody chose: each one with bounds is drawn evenly between them. What a world was made with is
said by `identity`, so that results can name the constants that they were reported for.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

import msgspec
import numpy as np

from weilend.core.errors import NotFoundError
from weilend.core.ids import content_hash


class Constant(msgspec.Struct, frozen=True, kw_only=True):
    """A number of the economy: its default, the bounds that other worlds draw it from, and where it comes from.

    >>> declared()["owner_share_of_users"].lo
    0.2
    """

    section: str
    name: str
    value: float
    lo: float
    hi: float
    source: str


class Constants(msgspec.Struct, frozen=True):
    """The constants of one world by name.

    >>> draw_constants(0)["owner_share_of_users"]
    0.25
    """

    world_seed: int
    values: dict[str, float]

    def __getitem__(self, name: str) -> float:
        """Return a constant; `NotFoundError` where there is none of that name."""
        if name not in self.values:
            raise NotFoundError(f"the economy has no constant {name}", hint="see economy/constants.toml")
        return self.values[name]

    def identity(self) -> str:
        """Return the content hash of all constants, counted in billionths."""
        return content_hash({name: round(value * 10**9) for name, value in self.values.items()})


@cache
def declared() -> dict[str, Constant]:
    """Return every constant as it is declared, in the order of the file.

    >>> declared()["exit_hazard"].section
    'firms'
    """
    sections = tomllib.loads((files("weilend.economy") / "constants.toml").read_text("utf-8"))
    found = {}
    for section, entries in sections.items():
        for name, entry in entries.items():
            lo, hi = entry.get("lo", entry["value"]), entry.get("hi", entry["value"])
            found[name] = Constant(section=section, name=name, value=entry["value"], lo=lo, hi=hi, source=entry["source"])
    return found


def draw_constants(world_seed: int) -> Constants:
    """Return the constants of a world: the default ones for 0, for any other seed drawn evenly within their bounds.

    >>> one = draw_constants(3)
    >>> one == draw_constants(3), one["exit_hazard"] != draw_constants(4)["exit_hazard"]
    (True, True)
    """
    known = declared()
    if world_seed == 0:
        return Constants(0, {name: float(one.value) for name, one in known.items()})
    dice = np.random.default_rng([world_seed, 2])
    return Constants(world_seed, {name: float(dice.uniform(one.lo, one.hi)) for name, one in known.items()})
