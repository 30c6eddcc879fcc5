"""In: a scene and its visits. Out: `device_sighting` records, one a visit. Used: by telling.

What a telephone does not tell is NULL: a third of users keep the position to themselves, some systems keep their locks to
themselves.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa

from weilend.core.money import PPM
from weilend.economy.catalogue import catalogue, drawn
from weilend.economy.firms import Bools, Floats, Ints
from weilend.economy.people.scene import Scene
from weilend.economy.people.tokens import mixed, owner_codes, tokens
from weilend.economy.people.visits import APPLY, AT_HOME, MOBILE, Visits
from weilend.economy.traces import local_day, maybe, tell, words

#: By the purpose of a visit.
_OCCASIONS: Final = ("register", "browse", "apply", "apply", "browse", "other", "login", "other", "other")
#: Marks of tools, of which a visit with one shows any.
_TOOLS: Final = ("is_emulator", "is_proxy", "is_cloned_app", "is_debugged", "is_gps_faked", "is_reset")
#: Network and position this far apart contradict each other.
_MISMATCH_METRES = 300_000
_CELLS = 180
_SIGNS = "0123456789bcdefghjkmnpqrstuvwxyz"  # geohash


def tell_sightings(scene: Scene, visits: Visits) -> list[pa.Table]:
    """Return the sightings of a district.

    >>> from weilend.economy.people.scene import make_scene
    >>> from weilend.economy.people.visits import draw_visits
    >>> from weilend.economy.plan import make_plan
    >>> scene = make_scene(make_plan(businesses=200, months=12, seed=1), 0)
    >>> visits = draw_visits(scene)
    >>> tell_sightings(scene, visits)[0].num_rows == len(visits)
    True
    """
    dice, networks = scene.dice("sightings"), catalogue().networks
    tooled = dice.random(len(visits)) < scene.people.tools[visits.user]
    tool = np.where(tooled, dice.integers(0, len(_TOOLS), len(visits)), -1)
    hidden = (dice.random(len(visits)) < scene.plan.constants["proxy_share"]) | (tool == _TOOLS.index("is_proxy"))
    applying = visits.firm >= 0
    columns = {
        "device_id": tokens("device", visits.device),
        "owner_id": owner_codes(scene.district, visits.user),
        "business_id": pa.array(scene.firms.code[visits.firm], mask=~(applying & (visits.purpose == APPLY))),
        "occasion": words(_OCCASIONS, visits.purpose),
        "ip_id": tokens("ip", visits.ip),
        "ip_network": words([*(one.name for one in networks), "proxy"], np.where(hidden, len(networks), visits.place)),
        "wifi_id": tokens("wifi", visits.wifi),
        **_positions(scene, dice, visits, hidden),
        **_marks(dice, visits, tool, hidden),
        **_hardware(scene, dice, visits),
    }
    return [tell("device_sighting", columns, at=visits.at, source="app", key=())]


def _positions(scene: Scene, dice: np.random.Generator, visits: Visits, hidden: Bools) -> dict[str, Any]:
    """Return regions, cells and distances: where the user lives or works, at times elsewhere."""
    c, count, people = scene.plan.constants, len(visits), scene.people
    codes = np.array(list(catalogue().regions))
    home = _regions(scene)[visits.user]
    far = codes[drawn(dice, list(catalogue().regions.values()), count)]
    travels = dice.random(count) < c["travel_share"]
    gps_region = np.where(travels, far, home)
    astray = hidden | ((visits.place == MOBILE) & (dice.random(count) < 0.06))
    ip_region = np.where(astray, codes[drawn(dice, list(catalogue().regions.values()), count)], gps_region)
    told = (scene.traits(visits.user) % 1_000 < 1_000 * c["gps_share"]) & (dice.random(count) < 0.92)
    metres = _metres(dice, np.where(visits.place == MOBILE, 26_000.0, 5_000.0), ip_region != gps_region)
    stands = np.where(visits.place == AT_HOME, people.home.at(visits.user, local_day(visits.at)), visits.ip)
    declared = _metres(dice, np.full(count, 2_500.0), travels)
    return {
        "ip_region": pa.array(ip_region),
        "gps_region": pa.array(gps_region, mask=~told),
        "gps_cell": words(_cells(scene), np.where(told, mixed(stands) % _CELLS, -1)),
        "ip_gps_metres": maybe(metres, told),
        "gps_declared_metres": maybe(declared, told & (visits.purpose == APPLY)),
        "is_gps_mismatch": maybe(metres > _MISMATCH_METRES, told),
    }


def _regions(scene: Scene) -> Any:
    """Return the region of each user: where the firm is at which they work, else mostly the district's own."""
    found, firms = np.unique(scene.firms.region, return_counts=True)
    own = found[firms.argmax()]
    return np.where(scene.people.works_at >= 0, scene.firms.region[scene.people.works_at], own)


def _metres(dice: np.random.Generator, near: Floats, apart: Bools) -> Ints:
    """Return distances: near ones with a long tail, or those of another region."""
    count = len(near)
    close = near * np.exp(1.1 * dice.standard_normal(count))
    return np.where(apart, dice.integers(200_000, 2_400_000, count), np.minimum(close, 180_000)).astype(np.int64)


def _cells(scene: Scene) -> list[str]:
    """Return the geohash cells of a district, six signs each."""
    dice = scene.dice("cells")
    prefix = "w" + "".join(dice.choice(list(_SIGNS), 2))
    return [prefix + "".join(one) for one in dice.choice(list(_SIGNS), (_CELLS, 3)).tolist()]


def _marks(dice: np.random.Generator, visits: Visits, tool: Ints, hidden: Bools) -> dict[str, Any]:
    """Return what the app sees of tools; some devices do not say."""
    count = len(visits)
    says = mixed(visits.device) % 100 >= 7
    shown = {name: maybe(tool == place, says) for place, name in enumerate(_TOOLS)}
    rooted = (mixed(visits.device + 1) % 1_000 < 9) | (dice.random(count) < 0.001)
    return shown | {"is_proxy": maybe(hidden, says), "is_rooted": maybe(rooted, says)}


def _hardware(scene: Scene, dice: np.random.Generator, visits: Visits) -> dict[str, Any]:
    """Return model, system, charge, and how many accounts the device has seen."""
    people, count = scene.people, len(visits)
    models = catalogue().models
    edges = np.cumsum([one.share for one in models])
    model = np.searchsorted(edges / edges[-1], (mixed(visits.device + 7) % 10_000) / 10_000, side="right")
    held = [people.device.first, people.device.then, people.tablet.first, people.tablet.then]
    user = np.concatenate([np.tile(np.arange(len(people)), len(held)), visits.user])
    pairs = np.unique(np.stack([np.concatenate([*held, visits.device]), user]), axis=1)[0]
    used, users = np.unique(pairs, return_counts=True)
    accounts = users[np.searchsorted(used, visits.device)]
    full = dice.random(count) < 0.11
    return {
        "os": words([one.os for one in models], model),
        "model": words([one.name for one in models], model),
        "battery_ppm": pa.array(np.where(full, PPM, dice.integers(4, 100, count) * (PPM // 100))),
        "accounts_count": maybe(np.minimum(accounts, 1 + dice.poisson(1.0, count)), dice.random(count) < 0.8),
    }
