"""In: sizes and seeds. Out: `WorldPlan`, cut into districts with streams of chance of their own. Used: by every maker here.

A district is a market: its firms trade with each other and with hubs outside, its owners share streets. Chance comes in named
streams, one for each district and purpose, so that a change in one maker moves no dice of another.
"""

from __future__ import annotations

from datetime import date
from zlib import crc32

import msgspec
import numpy as np
import numpy.typing as npt

from weilend.core.calendars import first_of_month, month_index
from weilend.core.errors import InputError
from weilend.economy.constants import Constants, draw_constants

#: Firms of a district. A prime keeps the codes of firms scrambled evenly.
DISTRICT_FIRMS = 1_009
#: Months after the last one that is told, which only the truth knows: what becomes of a loan of 12 months made in the last one.
AHEAD_MONTHS = 12
MAX_MONTHS = 60
MAX_FIRMS = 5_000_000


class WorldPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How large a world is, until when it is told, and which chance it has.

    `months` complete months end with the month of `last_on`; `users` are people registered with us, about a quarter of them owners.

    >>> plan = make_plan(businesses=2_500, months=24, seed=7)
    >>> plan.districts, plan.firms_of(2), plan.users, plan.first_month == month_index(date(2024, 1, 1))
    (3, 482, 10000, True)
    """

    businesses: int
    users: int
    months: int
    seed: int
    last_on: date
    constants: Constants

    @property
    def districts(self) -> int:
        """How many districts there are."""
        return -(-self.businesses // DISTRICT_FIRMS)

    @property
    def first_month(self) -> int:
        """The month index of the first month that is told."""
        return month_index(self.last_on) - self.months + 1

    @property
    def all_months(self) -> int:
        """Months that are lived: those told and those ahead."""
        return self.months + AHEAD_MONTHS

    def firms_of(self, district: int) -> int:
        """Return how many firms a district has."""
        return min(DISTRICT_FIRMS, self.businesses - district * DISTRICT_FIRMS)

    def users_of(self, district: int) -> int:
        """Return how many registered users a district has: as its share of the firms."""
        before = district * DISTRICT_FIRMS
        after = before + self.firms_of(district)
        return self.users * after // self.businesses - self.users * before // self.businesses

    @property
    def first_days(self) -> npt.NDArray[np.int64]:
        """The first day (since 1970-01-01) of each month that is lived, and of the one after."""
        epoch = date(1970, 1, 1)
        return np.array([(first_of_month(self.first_month + month) - epoch).days for month in range(self.all_months + 1)])

    def dice(self, stream: str, district: int = -1) -> np.random.Generator:
        """Return the chance of a stream in a district; -1 is what all districts share, such as the weather."""
        return np.random.default_rng([self.seed, self.constants.world_seed, district + 1, crc32(stream.encode())])


def make_plan(
    *, businesses: int, months: int, seed: int, users: int = 0, world_seed: int = 0, last_on: date = date(2025, 12, 31)
) -> WorldPlan:
    """Return the plan of a world; without `users` there are four for each business. Raises `InputError` for sizes that cannot be.

    >>> make_plan(businesses=0, months=24, seed=1)
    Traceback (most recent call last):
    weilend.core.errors.InputError: a world of 0 businesses cannot be made. Hint: ask for 1 to 5,000,000
    """
    if not 1 <= businesses <= MAX_FIRMS:
        raise InputError(f"a world of {businesses:,} businesses cannot be made", hint=f"ask for 1 to {MAX_FIRMS:,}")
    if not 6 <= months <= MAX_MONTHS:
        raise InputError(f"a world of {months} months cannot be made", hint=f"ask for 6 to {MAX_MONTHS}")
    if users < 0 or 0 < users < businesses:
        raise InputError(f"{users:,} users cannot own {businesses:,} businesses", hint="ask for at least as many users")
    if min(seed, world_seed) < 0:
        raise InputError("a seed is a number from 0 on", hint="give --seed 7, say")
    constants = draw_constants(world_seed)
    return WorldPlan(
        businesses=businesses, users=users or 4 * businesses, months=months, seed=seed, last_on=last_on, constants=constants
    )
