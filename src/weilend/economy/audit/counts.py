"""In: who asked when, and who was known to hold which telephone, device, address. Out: how many others an applicant shares with,
weighted as finds most on a budget. Used: by the study of fraud, as the rule of old that weilend has to beat.

No straw man: windows, what is a hub, and the weight of each sort are searched, and the best is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.economy.audit.alerts import Judged, alert_by_month, tally
from weilend.economy.firms import Floats, Ints

DAY: Final = 86_400
#: Days within which another must have asked too.
WINDOWS: Final = (7, 30, 90, 365)
#: What more parties hold than so many is a hub and does not count.
HUBS: Final = (5, 20, 10_000)
WEIGHTS: Final = (0, 1, 4)
#: What is held by more applicants is a hub under any setting, and is not even counted.
_MOST: Final = 2_000


class Held(msgspec.Struct, frozen=True, eq=False):
    """Who holds what, a row each: the party (a number), the thing (a number), from which instant (UTC seconds) it was known."""

    party: Ints
    thing: Ints
    since: Ints


class Setting(msgspec.Struct, frozen=True):
    """A setting of the rule: the window, when a thing is a hub, what each sort weighs.

    >>> print(Setting(30, 20, {"device": 4, "phone": 1}))
    within 30 days, hubs above 20, weights device 4, phone 1
    """

    days: int
    hub: int
    weights: Mapping[str, int]

    def __str__(self) -> str:
        hubs = f"hubs above {self.hub}" if self.hub < HUBS[-1] else "no hubs"
        return f"within {self.days} days, {hubs}, weights {', '.join(f'{name} {one}' for name, one in self.weights.items())}"


def count_sharing(party: Ints, at: Ints, held: Held) -> dict[tuple[int, int], Ints]:
    """Return, by window and hub, with how many other parties who asked within the window each application shares a thing, at most.

    >>> held = Held(np.array([1, 2, 3]), np.array([7, 7, 8]), np.array([0, 0, 0]))
    >>> count_sharing(np.array([1, 2, 3]), np.array([DAY, 2 * DAY, 3 * DAY]), held)[7, 5].tolist()
    [0, 1, 0]
    """
    found = {(days, hub): np.zeros(len(party), np.int64) for days in WINDOWS for hub in HUBS}
    for asked, known in _asked_of(party, held):
        order = np.argsort(at[asked], kind="stable")
        rows, since = asked[order], known[order]
        when, who = at[rows], party[rows]
        for place in range(1, len(rows)):
            if since[place] > when[place]:
                continue
            there = (since[:place] <= when[place]) & (who[:place] != who[place])
            for days in WINDOWS:
                inside = there & (when[:place] > when[place] - days * DAY)
                others = len(np.unique(who[:place][inside]))
                for hub in HUBS:
                    if others < hub:
                        mine = found[days, hub]
                        mine[rows[place]] = max(mine[rows[place]], others)
    return found


def _asked_of(party: Ints, held: Held) -> list[tuple[Ints, Ints]]:
    """Return, for each thing that two parties who asked hold, their applications and since when each party held it."""
    order = np.argsort(party, kind="stable")
    asked = party[order]
    first, last = (np.searchsorted(asked, held.party, side=side) for side in ("left", "right"))
    times = last - first
    thing, since = np.repeat(held.thing, times), np.repeat(held.since, times)
    rows = order[np.repeat(first, times) + np.arange(times.sum()) - np.repeat(np.cumsum(times) - times, times)]
    by_thing = np.argsort(thing, kind="stable")
    cuts = np.flatnonzero(np.diff(thing[by_thing])) + 1
    groups = [part for part in np.split(by_thing, cuts) if 1 < len(part) <= _MOST]
    return [(rows[part], since[part]) for part in groups if len(np.unique(party[rows[part]])) > 1]


def weigh(counts: Mapping[str, Mapping[tuple[int, int], Ints]], setting: Setting) -> Floats:
    """Return the score of each application under a setting."""
    parts = [weight * counts[name][setting.days, setting.hub] for name, weight in setting.weights.items()]
    return np.asarray(np.sum(parts, axis=0), np.float64)


def settings(names: Sequence[str]) -> list[Setting]:
    """Return every setting that is tried, each ranking once.

    >>> len(settings(["device", "phone"])), settings(["device"])[0].weights
    (60, {'device': 1})
    """
    tried = []
    for weights in product(WEIGHTS, repeat=len(names)):
        if any(weights) and (max(weights) == 1 or 1 in weights):  # all of one weight rank as all of another
            tried += [Setting(days, hub, dict(zip(names, weights, strict=True))) for days in WINDOWS for hub in HUBS]
    return tried


def tune(counts: Mapping[str, Mapping[tuple[int, int], Ints]], judged: Judged, rows: Ints, budget_ppm: int) -> Setting:
    """Return the setting that saves most of what is known to be lost to fraud among some applications, on a budget; of equal ones
    that which finds more, then the first."""
    some = taken(judged, rows)
    best: tuple[tuple[int, int], Setting] | None = None
    for setting in settings(list(counts)):
        found = tally(some, alert_by_month(weigh(counts, setting)[rows], some.month, budget_ppm))
        if best is None or (found.saved_fen, found.found) > best[0]:
            best = (found.saved_fen, found.found), setting
    assert best is not None, "there is always a setting"
    return best[1]


def taken(judged: Judged, rows: Ints) -> Judged:
    """Return some of the applications."""
    arrays = {name: getattr(judged, name)[rows] for name in Judged.__struct_fields__ if name != "innocent"}
    return Judged(**arrays, innocent={name: who[rows] for name, who in judged.innocent.items()})


def once(party: pa.ChunkedArray, thing: pa.ChunkedArray, since: pa.ChunkedArray) -> pa.Table:
    """Return rows (party, thing, since) with each pair once, since it was first known; rows without a thing are left out."""
    table = pa.table({"party": party, "thing": thing, "since": since})
    table = table.filter(pc.and_(pc.is_valid(table["party"]), pc.is_valid(table["thing"])))
    return (
        table.group_by(["party", "thing"], use_threads=False)
        .aggregate([("since", "min")])
        .rename_columns(["party", "thing", "since"])
    )
