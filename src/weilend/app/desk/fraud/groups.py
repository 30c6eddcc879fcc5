"""In: what applications touch. Out: which of them belong together, because they share it. Used: to deal folds, so that no
ring stands
on both sides of a split.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

from weilend.app.desk.fraud.subjects import Touch

#: More applications than this at one thing are a market, a carrier's address or a bookkeeper: they tie nobody to anybody.
HUB: Final = 20
#: What ties. Whom the applicant merely names does not, nor does a network address, which a carrier gives to another the next hour.
TYING: Final = frozenset({"business", "owner", "device", "phone", "account", "address", "wifi"})


def groups_of(touches: Sequence[Sequence[Touch]]) -> tuple[int, ...]:
    """Return a number for each application, the same for those that share something with each other, directly or through others.

    What more than twenty share ties nobody: else a market hall would make one group of half the book.

    >>> phone, other = Touch("phone", "p", "reachable_at", "O1"), Touch("phone", "q", "reachable_at", "O2")
    >>> groups_of([[phone], [other], [phone]])
    (0, 1, 0)
    """
    at: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, mine in enumerate(touches):
        for one in {(touch.kind, touch.subject_id) for touch in mine if touch.kind in TYING}:
            at[one].append(place)
    head = list(range(len(touches)))
    for places in at.values():
        if len(places) <= HUB:
            for place in places[1:]:
                _join(head, places[0], place)
    return tuple(_head(head, place) for place in range(len(touches)))


def _head(head: list[int], place: int) -> int:
    while head[place] != place:
        head[place] = head[head[place]]
        place = head[place]
    return place


def _join(head: list[int], one: int, other: int) -> None:
    first, second = sorted((_head(head, one), _head(head, other)))
    head[second] = first
