"""In: what applications touch, the lists of a home. Out: the hits of each, as the book knew them at a seq. Used: before a
decision, and
at replay.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from weilend.app.desk.fraud.lists import LISTS, open_lists, shelf
from weilend.app.desk.fraud.subjects import ALSO, Touch
from weilend.app.desk.home import Home
from weilend.core.values import FraudHit
from weilend.decision.receipt import NONE
from weilend.engine import BookView
from weilend.fraud.generations import current
from weilend.fraud.lists import Lists

ENTRY: Final = "list_entry"


class Listed(msgspec.Struct, frozen=True, eq=False):
    """The lists of a home as one decision reads them: up to a seq of the book, whatever comes meanwhile.

    `sealed` is what a receipt says of them: the generation in force, and the seq that bounds generation and log.
    """

    lists: Lists
    seq: int

    @property
    def sealed(self) -> str:
        """The generation and up to where it and the log were read."""
        return f"{self.lists.generation.name}@{self.seq}"


class Asked(msgspec.Struct, frozen=True):
    """What the lists say of one application: its hits, and whether an allow entry of its own spares the step-up check.

    >>> Asked((), False).is_spared
    False
    """

    hits: tuple[FraudHit, ...]
    is_spared: bool


def read_lists(home: Home, view: BookView) -> Listed | None:
    """Return the lists of a home up to the seq of a view, None where it keeps none; brings the index to where the book stands."""
    last = max((file.last_seq for file in view.files(ENTRY)), default=None)
    if last is None:
        return None
    if current(home.folder / LISTS) is None:
        shelf(home).catch_up(home.book)
    lists = open_lists(home)
    if lists.seq < last:  # somebody was killed between book and index
        shelf(home).catch_up(home.book)
    return Listed(lists, view.seq)


def seal_of(listed: Listed | None) -> str:
    """Return what a receipt says of the lists.

    >>> seal_of(None)
    'none'
    """
    return NONE if listed is None else listed.sealed


def ask_lists(listed: Listed, touches: Sequence[Touch], as_of: int) -> Asked:
    """Return how all that an application touches stood on the lists at its as_of; the gravest hits first."""
    hits, spared, worse = [], False, False
    for one in touches:
        for kind in dict.fromkeys((one.kind, ALSO.get(one.kind, one.kind))):
            verdict = listed.lists.find(kind, one.subject_id, as_of=as_of, seq=listed.seq)
            hits += [
                FraudHit(kind=kind, subject_id=one.subject_id, role=one.role, list_name=hit.list_name, meaning=hit.meaning,
                         severity=hit.severity, seq=hit.seq, is_disputed=hit.is_disputed)
                for hit in verdict.hits
            ]  # fmt: skip
            worse |= verdict.meaning in ("deny", "watch")
            spared |= _is_applicant(one) and verdict.spares("step_up")
    order = {"deny": 0, "watch": 1, "allow": 2}
    ranked = sorted({(hit.seq, hit.kind, hit.subject_id): hit for hit in reversed(hits)}.values(),
                    key=lambda hit: (order[hit.meaning], -hit.severity, hit.seq, hit.kind, hit.subject_id))  # fmt: skip
    return Asked(tuple(ranked), spared and not worse)


def _is_applicant(one: Touch) -> bool:
    return one.kind in ("business", "owner") and one.role in ("itself", "owns", "represents")
