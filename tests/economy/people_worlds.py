"""In: sizes and seeds. Out: districts with their people's records, made once a run. Used: by the tests of people."""

from __future__ import annotations

from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.calendars import Calendar
from weilend.economy.people import make_scene, run_campaign, set_scene, tell_people
from weilend.economy.plan import make_plan

HOME = Calendar("Asia/Shanghai")


def made(scene):
    """Return a scene after its campaign, the campaign, and what both tell, one table a kind."""
    campaign = run_campaign(scene)
    scene = set_scene(scene.plan, scene.firms, scene.months, campaign.asks, scene.people)
    return scene, campaign, {kind: pa.concat_tables(tables) for kind, tables in tell_people(scene, campaign).items()}


@cache
def district(number: int = 0, *, seed: int = 1, world_seed: int = 0, businesses: int = 100_900):
    return made(make_scene(make_plan(businesses=businesses, months=24, seed=seed, world_seed=world_seed), number))


def known(table, name):
    return table[name].to_numpy()


def by_owner(table, user_codes):
    return pc.index_in(table["owner_id"].combine_chunks(), user_codes).to_numpy()
