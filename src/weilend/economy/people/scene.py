"""In: a plan and a district. Out: `Scene`, the people beside their firms and months. Used: by every maker of people's records."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol

import msgspec
import numpy as np

from weilend.core.money import PPM
from weilend.economy.catalogue import drawn
from weilend.economy.credit import Asks, find_asks
from weilend.economy.firms import Firms, Ints, make_firms
from weilend.economy.months import Months, live_months
from weilend.economy.people.holdings import NO_DAY, NOTHING, People
from weilend.economy.people.making import PLACES, first_day, first_days, make_people, settled
from weilend.economy.people.tokens import DISTRICT_NUMBERS, RANGE_NUMBERS, mixed
from weilend.economy.plan import WorldPlan
from weilend.economy.traces import instant, local_day

#: Counters of a district, and where their numbers begin in the range of places.
_COUNTERS, _COUNTERS_FROM = 8, 1 << 21
#: Seconds before an application is sent at which consent is given, at least and at most; fields take less.
CONSENT_BEFORE: Final = (1_000, 1_200)


class Change(Protocol):
    """What happened to firms on local days: an event of the register, or an act of the owner in our app (as fraud says it)."""

    @property
    def event(self) -> str:
        """The word of the register or of the app for it."""

    @property
    def firm(self) -> Ints:
        """To which firms."""

    @property
    def day(self) -> Ints:
        """On which local day of each."""


class Loans(Protocol):
    """Loans of firms elsewhere: the local `day`, `fen` paid out, `due` fen a month for `months`; `told` where a bureau hears of
    it.
    """

    @property
    def firm(self) -> Ints:
        """Which firms borrowed."""

    @property
    def day(self) -> Ints:
        """On which local day."""

    @property
    def fen(self) -> Ints:
        """How much was paid out, in fen."""

    @property
    def due(self) -> Ints:
        """How much is due a month, in fen."""

    @property
    def months(self) -> Ints:
        """For how many months."""

    @property
    def told(self) -> Ints:
        """Whether (1) a bureau hears of it."""


class Scene(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What the makers of people's records look at; `asks` are all applications that are told, those of fraud too, `changes` and
    `loans` what fraud adds to the register, to credentials and to debts elsewhere.

    >>> from weilend.economy.plan import make_plan
    >>> scene = make_scene(make_plan(businesses=60, months=12, seed=1), 0)
    >>> scene.sent_at(np.array([0]), np.array([11])).tolist()[0] >= scene.first_at
    True
    """

    plan: WorldPlan
    firms: Firms
    months: Months
    asks: Asks
    people: People
    changes: tuple[Change, ...] = ()
    loans: tuple[Loans, ...] = ()

    @property
    def district(self) -> int:
        """The number of the district."""
        return self.people.district

    @property
    def first_at(self) -> int:
        """The first instant that is told."""
        return int(instant(np.array(first_day(self.plan, 0)), 0))

    @property
    def end_at(self) -> int:
        """The first instant that is no longer told."""
        return int(instant(np.array(first_day(self.plan, self.plan.months)), 0))

    def dice(self, stream: str) -> np.random.Generator:
        """Return the chance of a stream in this district."""
        return self.plan.dice(stream, self.district)

    def month_starts(self) -> Ints:
        """Return the first day of every month that is lived."""
        return first_days(self.plan, np.arange(self.plan.all_months))

    def sent_at(self, firm: Ints, month: Ints) -> Ints:
        """Return the instants (UTC seconds) at which firms send an application of some months: a record of it bears that
        instant.
        """
        return instant(self.month_starts()[month], 0) + self.people.sent[firm, month]

    def asked_at(self) -> Ints:
        """Return the instant at which each application that is told is sent."""
        return self.sent_at(self.asks.firm, self.asks.month)

    def askers(self) -> Ints:
        """Return the user who asks in each application: the owner."""
        return self.people.owner_of[self.asks.firm]

    def asking_devices(self) -> Ints:
        """Return the number of the device of each application: the owner's own, or that of a counter where staff help."""
        own = self.people.device.at(self.askers(), local_day(self.asked_at()))
        counter = self.counters(self.dice("counters"), len(self.asks))
        return np.where(counter >= 0, counter, own)

    def counters(self, dice: np.random.Generator, count: int) -> Ints:
        """Return at the device of which counter (a market's office, a partner's shop) people are helped, -1 for most."""
        helped = dice.random(count) < self.plan.constants["counter_share"]
        place = drawn(dice, [1 / (1 + k) for k in range(_COUNTERS)], count)
        number = self.district * DISTRICT_NUMBERS + PLACES * RANGE_NUMBERS + _COUNTERS_FROM + place
        return np.where(helped, number, NOTHING)

    def consented_at(self) -> Ints:
        """Return the instant of the consent for each application: some twenty minutes before, while its terms are on the
        screen.
        """
        return self.asked_at() - self.dice("consented").integers(*CONSENT_BEFORE, len(self.asks))

    def traits(self, user: Ints) -> Ints:
        """Return numbers of 24 bits without order that belong to users for good."""
        return mixed(self.district * DISTRICT_NUMBERS + user)

    def owner_shares(self) -> Ints:
        """Return what share of a firm its owner holds, in ppm: all of a sole trader's."""
        share = self.dice("shares").choice([100, 100, 90, 80, 70, 60, 51, 50], len(self.firms)) * (PPM // 100)
        return np.where(self.firms.is_company, share, PPM)

    def closing_days(self) -> Ints:
        """Return the day on which each firm closes, `NO_DAY` where it does not within what is told."""
        closed, starts = self.firms.closed, self.month_starts()
        day = starts[np.minimum(closed, len(starts) - 1)] + self.dice("closing").integers(0, 28, len(closed))
        return np.where(closed < self.plan.months, day, NO_DAY)

    def joined_at(self) -> Ints:
        """Return the instant at which each user registers."""
        return instant(self.people.joined, waking_second(self.dice("joined"), len(self.people)))

    def told_at(self) -> Ints:
        """Return the instant at which the owner of each firm tells us of it, long after the end where he never does."""
        return instant(self.people.told, waking_second(self.dice("told"), len(self.firms)))


def waking_second(dice: np.random.Generator, count: int) -> Ints:
    """Return seconds of the day at which people use their telephones: from seven in the morning to midnight.

    >>> 25_200 <= int(waking_second(np.random.default_rng(1), 1)[0]) < 86_400
    True
    """
    return (25_200 + dice.beta(2.4, 1.7, count) * 61_000).astype(np.int64)


def make_scene(plan: WorldPlan, district: int) -> Scene:
    """Return the scene of a district in which nobody commits fraud.

    >>> from weilend.economy.plan import make_plan
    >>> len(make_scene(make_plan(businesses=60, months=12, seed=1), 0).people)
    240
    """
    firms = make_firms(plan, district)
    months = live_months(plan, district, firms)
    asks = find_asks(plan, district, firms, months)
    return set_scene(plan, firms, months, asks, make_people(plan, district, firms, months, asks))


def set_scene(  # one argument for each thing that a district has
    plan: WorldPlan,
    firms: Firms,
    months: Months,
    asks: Asks,
    people: People,
    *,
    changes: Sequence[Change] = (),
    loans: Sequence[Loans] = (),
) -> Scene:
    """Return the scene of people among whom fraud may have been planted: whoever asks registered before.

    >>> from weilend.economy.plan import make_plan
    >>> scene = make_scene(make_plan(businesses=60, months=12, seed=1), 0)
    >>> set_scene(scene.plan, scene.firms, scene.months, scene.asks, scene.people).changes
    ()
    """
    people = settled(plan, people, asks)
    return Scene(plan=plan, firms=firms, months=months, asks=asks, people=people, changes=tuple(changes), loans=tuple(loans))
