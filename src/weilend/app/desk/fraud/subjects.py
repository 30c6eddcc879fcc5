"""In: applications, a view of the book. Out: what each of them touches: itself, owners, phones, devices, networks,
contacts. Used: to
ask the lists, and to draw a case.

One step from the business and one from each of its owners, by links in force at the application; and the networks in which
its devices
were seen in the month before. What lies further is the graph's to say.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

import msgspec

from weilend.app.desk.home import Home
from weilend.app.desk.spines import complete_spine
from weilend.core.plan import Spine
from weilend.core.values import Application
from weilend.engine import BookView

SEEN_DAYS: Final = 30
DAY_SECONDS: Final = 86_400
#: Kinds that name the same thing on a list: an owner is a person, a contact is reached at a phone.
ALSO: Final[Mapping[str, str]] = {"owner": "person", "person": "owner", "phone": "contact", "contact": "phone"}
_LINK: Final = (
    "from_id",
    "to_id",
    "to_kind",
    "role",
    "valid_from_on",
    "valid_until_on",
    "happened_at",
    "known_at",
    "known_until",
)
#: Columns of a sighting that name a network, what it is, and how the applicant stands to it.
_NETWORKS: Final = (("ip_id", "ip", "seen_at"), ("wifi_id", "wifi", "seen_in"))


class Touch(msgspec.Struct, frozen=True, order=True):
    """Something that an application touches: what it is, its identity, what it is to the applicant, and through whom.

    >>> Touch("phone", "t1", "reachable_at", "O1").role
    'reachable_at'
    """

    kind: str
    subject_id: str
    role: str
    through: str


def touched(home: Home, applications: Sequence[Application], view: BookView) -> tuple[tuple[Touch, ...], ...]:
    """Return what each application touches, as known at its as_of, itself first, the rest sorted."""
    if not applications:
        return ()
    spine = Spine(tuple(one.business_id for one in applications), tuple(one.as_of for one in applications))
    whole = complete_spine(home, spine, view, {"owner_id", "device_id"})
    starts = sorted({*spine.subjects, *(name for group in whole.linked["owner_id"] for name in group)})
    links = _by_start(view.read("link", subjects=starts, columns=_LINK).to_pylist())
    devices = sorted({name for group in whole.linked["device_id"] for name in group})
    seen = _sightings(view, devices)
    found = []
    for place, one in enumerate(applications):
        own, day = (one.business_id, *whole.linked["owner_id"][place]), home.calendar.day_of(one.as_of)
        near = {
            Touch(link["to_kind"], link["to_id"], link["role"], start)
            for start in own
            for link in links.get(start, ())
            if _holds(link, one.as_of, day)
        }
        for device in whole.linked["device_id"][place]:
            near |= _networks(device, seen.get(device, ()), one.as_of)
        found.append((Touch("business", one.business_id, "itself", ""), *sorted(near)))
    return tuple(found)


def _by_start(rows: Sequence[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["from_id"]].append(row)
    return found


def _holds(link: Mapping[str, Any], as_of: int, day: date) -> bool:
    """Return whether a link had happened, was known and in force at an instant, on a day that it names."""
    known = link["known_at"] <= as_of < link["known_until"] and link["happened_at"] <= as_of
    return known and (link["valid_from_on"] or date.min) <= day <= (link["valid_until_on"] or date.max)


def _sightings(view: BookView, devices: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    if not devices:
        return {}
    columns = ("device_id", "happened_at", "known_at", "known_until", *(name for name, _, _ in _NETWORKS))
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in view.read("device_sighting", subjects=devices, columns=columns).to_pylist():
        found[row["device_id"]].append(row)
    return found


def _networks(device: str, rows: Sequence[Mapping[str, Any]], as_of: int) -> set[Touch]:
    recent = [
        row
        for row in rows
        if as_of - SEEN_DAYS * DAY_SECONDS < row["happened_at"] <= as_of and row["known_at"] <= as_of < row["known_until"]
    ]
    return {Touch(kind, row[name], role, device) for row in recent for name, kind, role in _NETWORKS if row[name]}
