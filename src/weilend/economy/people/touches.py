"""In: a scene and its campaign. Out: `campaign_touch` records: each step of each contact, and who was held out. Used: by
telling.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa

from weilend.economy.catalogue import catalogue
from weilend.economy.firms import Bools, Ints
from weilend.economy.people.doors import marketing_until
from weilend.economy.people.reach import HELD_OUT, Campaign
from weilend.economy.people.scene import Scene
from weilend.economy.people.tokens import owner_codes
from weilend.economy.traces import maybe, tell, words

_STAGES: Final = ("chosen", "held_out", "sent", "delivered", "seen", "clicked", "applied")
_CHOSEN, _HELD, _SENT, _DELIVERED, _SEEN, _CLICKED, _APPLIED = range(7)
#: How long after the step before it each step comes at the mean, in seconds: sent, delivered, seen, clicked.
_PAUSES: Final = (600, 8, 9_000, 90)


def tell_touches(scene: Scene, campaign: Campaign) -> list[pa.Table]:
    """Return the steps of a campaign. A contact that was followed by an application in the month after says so.

    >>> from weilend.economy.people.reach import run_campaign
    >>> from weilend.economy.people.scene import make_scene
    >>> from weilend.economy.plan import make_plan
    >>> scene = make_scene(make_plan(businesses=300, months=24, seed=1), 0)
    >>> touches = tell_touches(scene, run_campaign(scene))[0]
    >>> set(touches["stage"].to_pylist()) >= {"held_out", "sent", "clicked"}
    True
    """
    dice = scene.dice("touches")
    begin, end = marketing_until(scene)
    allowed = (begin[campaign.user] < campaign.at) & (campaign.at < end[campaign.user])
    user, channel, at, chance = (getattr(campaign, name)[allowed] for name in ("user", "channel", "at", "chance_ppm"))
    applied_at = _applied(scene, campaign, user)
    reached = channel != HELD_OUT
    steps = _steps(dice, channel, reached & (applied_at > 0))
    when = at[:, None] + np.concatenate([np.zeros((len(at), 1)), np.cumsum(_pauses(dice, len(at)), axis=1)], axis=1).astype(
        np.int64
    )
    parts = [
        (np.flatnonzero(reached), _CHOSEN, at),
        (np.flatnonzero(~reached), _HELD, at),
        *((np.flatnonzero(steps[:, place]), _SENT + place, when[:, place + 1]) for place in range(steps.shape[1])),
        (np.flatnonzero(reached & (applied_at > 0)), _APPLIED, np.maximum(applied_at, when[:, -1])),
    ]
    row = np.concatenate([one for one, _, _ in parts])
    stage = np.concatenate([np.full(len(one), place) for one, place, _ in parts])
    happened = np.concatenate([clock[one] for one, _, clock in parts])
    columns = _columns(scene, user[row], channel[row], stage, chance[row])
    return [tell("campaign_touch", columns, at=happened, source="app", key=("campaign_id", "owner_id", "stage"))]


def _columns(scene: Scene, user: Ints, channel: Ints, stage: Ints, chance: Ints) -> dict[str, Any]:
    sorts = catalogue().channels
    names = [*(one.name for one in sorts), "none"]
    cost = np.array([one.cost_fen for one in sorts])
    return {
        "owner_id": owner_codes(scene.district, user),
        "campaign_id": "first-reach",
        "channel": words(names, np.where(channel == HELD_OUT, len(sorts), channel)),
        "stage": words(_STAGES, stage),
        "arm": words([*(f"by {one.name}" for one in sorts), "held out"], np.where(channel == HELD_OUT, len(sorts), channel)),
        "treatment": words(("an offer for your business",), np.where(channel == HELD_OUT, -1, 0)),
        "chance_ppm": pa.array(chance),
        "cost_fen": maybe(cost[channel], stage == _SENT),
    }


def _applied(scene: Scene, campaign: Campaign, user: Ints) -> Ints:
    """Return when each user sent an application in the month that counts, 0 where none."""
    asks = scene.asks
    rows = np.flatnonzero(asks.month == campaign.reach.month)
    at = np.zeros(len(scene.people), np.int64)
    at[scene.askers()[rows]] = scene.asked_at()[rows]
    return at[user]


def _steps(dice: np.random.Generator, channel: Ints, applied: Bools) -> Bools:
    """Return which contacts were sent, delivered, seen and clicked; who then applies had seen and followed them."""
    sorts, luck = catalogue().channels, dice.random((len(channel), 3))
    chance = np.array([[one.arrives, one.seen, one.clicked] for one in sorts])[channel]
    follows = np.cumprod((luck < chance) | applied[:, None], axis=1, dtype=np.int64).astype(np.bool_)
    return np.concatenate([(channel != HELD_OUT)[:, None], follows & (channel != HELD_OUT)[:, None]], axis=1)


def _pauses(dice: np.random.Generator, count: int) -> Any:
    return np.ceil(dice.exponential(_PAUSES, (count, len(_PAUSES))))
