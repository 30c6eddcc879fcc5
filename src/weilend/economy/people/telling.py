"""In: a scene and its campaign. Out: every record of the people of a district, by kind. Used: by whoever writes a world."""

from __future__ import annotations

import pyarrow as pa

from weilend.economy.people.bureau import tell_bureau
from weilend.economy.people.doors import tell_doors
from weilend.economy.people.events import tell_events
from weilend.economy.people.links import tell_links
from weilend.economy.people.reach import Campaign
from weilend.economy.people.register import tell_register
from weilend.economy.people.scene import Scene
from weilend.economy.people.sightings import tell_sightings
from weilend.economy.people.touches import tell_touches
from weilend.economy.people.visits import draw_visits


def tell_people(scene: Scene, campaign: Campaign) -> dict[str, list[pa.Table]]:
    """Return the records of people: links, register, bureau, identity checks, consents, sightings, events, touches.

    The scene's asks are all applications that are told: those of the campaign, and those of fraud.

    >>> from weilend.economy.people.reach import run_campaign
    >>> from weilend.economy.people.scene import make_scene
    >>> from weilend.economy.plan import make_plan
    >>> scene = make_scene(make_plan(businesses=60, months=12, seed=1), 0)
    >>> sorted(tell_people(scene, run_campaign(scene)))[:3]
    ['bureau_report', 'campaign_touch', 'consent']
    """
    visits = draw_visits(scene)
    return {
        "link": tell_links(scene),
        "bureau_report": tell_bureau(scene),
        "device_sighting": tell_sightings(scene, visits),
        "user_event": tell_events(scene, visits),
        "campaign_touch": tell_touches(scene, campaign),
        **tell_register(scene),
        **tell_doors(scene),
    }
