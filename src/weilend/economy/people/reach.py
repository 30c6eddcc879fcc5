"""In: a scene. Out: `Reach`, what a contact would cause, and `Campaign`, whom one random campaign reached and who asks after it.
Used: by whoever makes a district, telling, and the truth.

Each owner has one die for being persuaded and one for being put off, the same by every channel; so the outcomes under two
channels differ by the channels alone. Four sorts follow: persuadable, sure to ask anyway, lost, and put off by being reached
(Radcliffe and Surry, 1999).
"""

from __future__ import annotations

import msgspec
import numpy as np

from weilend.core.money import PPM
from weilend.economy.catalogue import catalogue
from weilend.economy.credit import Asks
from weilend.economy.firms import Bools, Floats, Ints
from weilend.economy.people.doors import marketing_until
from weilend.economy.people.holdings import NOTHING
from weilend.economy.people.making import first_day
from weilend.economy.people.scene import Scene
from weilend.economy.traces import DAY, instant

#: The campaign runs in this tenth of the months told, in the last days of a month; the applications of the next one judge it.
_TENTH, _LAST_DAYS, _SPREAD_DAYS = 6, 10, 7
#: Nobody asks again within so many months, and no firm within so many after its founding (`credit.find_asks`).
_APART, _LEAST_AGE = 6, 3
#: Chosen but not reached.
HELD_OUT = -1


class Reach(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """What a contact would cause (truth, told to nobody), for every user (U) and channel (C, as in the catalogue).

    `month` is the month whose applications count; `anyway` (U) who asks in it without contact; `asks_if` (U, C) who asks in it
    when reached; `uplift_ppm` (U, C) the chance of the difference: what reaching adds to the chance of an application, or takes
    from it.
    """

    month: int
    anyway: Bools
    asks_if: Bools
    uplift_ppm: Ints


class Campaign(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Whom a campaign drew: `user`, `channel` (a place in the catalogue, `HELD_OUT`), `at` when, `chance_ppm` of being drawn for
    this; `asks` are all honest applications of the district, those that it caused among them, those that it prevented not.
    """

    reach: Reach
    user: Ints
    channel: Ints
    at: Ints
    chance_ppm: Ints
    asks: Asks


def make_reach(scene: Scene, month: int | None = None) -> Reach:
    """Return what contacts before a month would cause, the campaign's unless another is named; who listens and who is touchy stays.

    >>> from weilend.economy.people.scene import make_scene
    >>> from weilend.economy.plan import make_plan
    >>> reach = make_reach(make_scene(make_plan(businesses=1_000, months=24, seed=1), 0))
    >>> bool((reach.uplift_ppm > 0).any()), bool((reach.uplift_ppm[reach.anyway] > 0).any())
    (True, False)
    """
    c, dice, people = scene.plan.constants, scene.dice("reach"), scene.people
    luck = dice if month is None else scene.dice(f"reach {month}")
    month = _month(scene) if month is None else month
    asks, users = scene.asks, len(people)
    own = np.where(np.isin(np.arange(users), people.owner_of), people.works_at, NOTHING)
    anyway = np.zeros(users, np.bool_)
    anyway[own >= 0] = np.isin(own[own >= 0], asks.firm[asks.month == month])
    hears = np.exp(0.5 * dice.standard_normal(users)) * (dice.random(users) >= c["deaf_share"])
    touchy = dice.random(users) < c["touchy_share"]
    able = (own >= 0) & ~anyway & _free(scene, month)[own]
    willing = hears * np.exp(c["persuade_need"] * _need(scene, month)[own]) * able
    moved, irked = luck.random((2, users, 1))
    gains = np.minimum(willing[:, None] * np.array([one.persuades for one in catalogue().channels]), 0.9)
    losses = touchy[:, None] * np.array([one.puts_off for one in catalogue().channels])
    sure = anyway[:, None]
    uplift = np.where(sure, -losses, gains)
    asks_if = np.where(sure, irked >= losses, moved < gains)
    return Reach(month=month, anyway=anyway, asks_if=asks_if, uplift_ppm=np.rint(uplift * PPM).astype(np.int64))


def _month(scene: Scene) -> int:
    return scene.plan.months * _TENTH // 10 + 1


def _free(scene: Scene, month: int) -> Bools:
    """Return which firms could ask in a month: open, not too young, with no application near."""
    near = np.zeros(len(scene.firms), np.bool_)
    near[scene.asks.firm[np.abs(scene.asks.month - month) < _APART]] = True
    free: Bools = ~near & scene.months.open[:, month] & (month - scene.firms.founded >= _LEAST_AGE) & (month >= _APART)
    return free


def _need(scene: Scene, month: int) -> Floats:
    """Return the need for money of each firm, in spreads: what makes it ask by itself also makes it listen."""
    c, usual = scene.plan.constants, np.maximum(scene.firms.sales, 1.0)
    dry = np.clip(1 - scene.months.cash[:, month - 1] / usual, -1, 1)
    raw = c["need_growth"] * scene.firms.growth + c["need_strain"] * (dry - 0.3)
    need: Floats = np.clip((raw - raw.mean()) / max(float(raw.std()), 1e-9), -2.5, 2.5)
    return need


def run_campaign(scene: Scene) -> Campaign:
    """Return a campaign that draws its audience, its channels and its hold-out by chance alone.

    >>> from weilend.economy.people.scene import make_scene
    >>> from weilend.economy.plan import make_plan
    >>> campaign = run_campaign(make_scene(make_plan(businesses=1_000, months=24, seed=1), 0))
    >>> 0.1 < float((campaign.channel == HELD_OUT).mean()) < 0.3
    True
    """
    c, dice, reach = scene.plan.constants, scene.dice("campaign"), make_reach(scene)
    starts = first_day(scene.plan, reach.month) - _LAST_DAYS
    at = instant(
        starts + dice.integers(0, _SPREAD_DAYS, len(scene.people)), dice.integers(9 * 3_600, 20 * 3_600, len(scene.people))
    )
    begin, end = marketing_until(scene)
    drawn = (begin < at) & (at < end - DAY) & (dice.random(len(at)) < c["campaign_share"])
    user = np.flatnonzero(drawn)
    channels = len(catalogue().channels)
    channel = np.where(dice.random(len(user)) < c["held_out_share"], HELD_OUT, dice.integers(0, channels, len(user)))
    reached = c["campaign_share"] * (1 - c["held_out_share"]) / channels
    chance = np.where(channel == HELD_OUT, c["campaign_share"] * c["held_out_share"], reached)
    campaign_asks = _asks_after(scene, dice, reach, user[channel >= 0], channel[channel >= 0])
    return Campaign(reach=reach, user=user, channel=channel, at=at[user], chance_ppm=np.rint(chance * PPM).astype(np.int64),
                    asks=campaign_asks)  # fmt: skip


def _asks_after(scene: Scene, dice: np.random.Generator, reach: Reach, user: Ints, channel: Ints) -> Asks:
    """Return the applications of the district with those that contacts caused and without those that they prevented."""
    asks, people = scene.asks, scene.people
    now = reach.asks_if[user, channel]
    stops, starts = user[~now & reach.anyway[user]], user[now & ~reach.anyway[user]]
    kept = ~(
        (asks.month == reach.month) & np.isin(people.owner_of[asks.firm], stops) & (people.owner_of[asks.firm] == asks.firm)
    )
    firm = people.works_at[starts]
    want = scene.months.usual_sales(scene.plan.months)[firm] * np.exp(0.5 * dice.standard_normal(len(firm)))
    return Asks(
        firm=np.concatenate([asks.firm[kept], firm]),
        month=np.concatenate([asks.month[kept], np.full(len(firm), reach.month)]),
        want=np.concatenate([asks.want[kept], np.maximum(want, 3_000.0)]),
    )
