"""In: an application, a receipt or a business. Out: `Case`: the verdict with all behind it, and who shares what with whom. Used: as
`weilend fraud explain`, by the page of a case, by reviewers.

What is shown is what was known at the application: the sealed verdict where there is a receipt, else the verdict as it
would have been.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from weilend.app.desk.fraud.assess import assess, read_evidence
from weilend.app.desk.fraud.groups import HUB
from weilend.app.desk.fraud.models import known_applications
from weilend.app.desk.fraud.subjects import Touch, touched
from weilend.app.desk.home import Home
from weilend.core.errors import NotFoundError
from weilend.core.values import Application, FraudFound, FraudVerdict, Receipt
from weilend.engine import BookView
from weilend.fraud.lists import Entry, Lists
from weilend.fraud.signals import SIGNALS
from weilend.fraud.verdict import say_grade

#: So many others are drawn at most; how many were left out is said.
MOST_OTHERS: Final = 40


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the applicant uses, who else was known to use it at the application, and how many more (`more`) are not named.

    >>> Shared(touch=Touch("phone", "t", "reachable_at", "O1"), others=("B2",), more=0).others
    ('B2',)
    """

    touch: Touch
    others: tuple[str, ...] = ()
    more: int = 0


class CaseMark(msgspec.Struct, frozen=True, kw_only=True):
    """A mark in words, and how rare it is among the applications that were learned from (ppm), where that is known."""

    id: str
    en: str
    zh: str
    bearers_ppm: int | None = None


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """Everything behind a fraud verdict: why this grade, the full entry of each hit, marks, and what is shared.

    `is_sealed` says that a receipt holds the verdict; `outcome` is how it was decided then.
    """

    application: Application
    verdict: FraudVerdict
    why: str
    receipt_id: str = ""
    outcome: str = ""
    entries: tuple[Entry, ...] = ()
    marks: tuple[CaseMark, ...] = ()
    shared: tuple[Shared, ...] = ()
    ring: dict[str, Any] = {}

    @property
    def is_sealed(self) -> bool:
        """Whether a receipt holds the verdict."""
        return bool(self.receipt_id)

    @property
    def found(self) -> FraudFound | None:
        """What the verdict stands on, None where nobody looked."""
        return self.verdict.found if isinstance(self.verdict.found, FraudFound) else None


def open_case(home: Home, name: str) -> Case:
    """Return the case of an application, a receipt, or the newest application of a business; `NotFoundError` where nobody
    applied."""
    view = home.book.view()
    receipt = _receipt(home, name)
    application = receipt.application if receipt else _application(view, name)
    receipt = receipt or next(iter(home.store.find_receipts(application.application_id)), None)
    evidence = read_evidence(home, view)
    if receipt is not None and isinstance(receipt.fraud.found, FraudFound):
        verdict = receipt.fraud
    else:
        (verdict,) = assess(home, (application,), view, evidence)
    (touches,) = touched(home, (application,), view)
    found = verdict.found if isinstance(verdict.found, FraudFound) else FraudFound(grade="none")
    learned = evidence.room.learned if evidence.room.model_id == found.model_id else None
    (ring,) = evidence.room.rings.verdicts((application,)) if evidence.room.rings else (None,)
    return Case(
        application=application,
        verdict=verdict,
        why=say_grade(found, dict(learned.floors) if learned else {}),
        receipt_id=receipt.receipt_id if receipt else "",
        outcome=receipt.decision.outcome if receipt else "",
        entries=_entries(evidence.listed.lists, found, application.as_of) if evidence.listed else (),
        marks=tuple(
            _mark(name, found, learned.bearers_ppm(name) if learned else None) for name in found.marks if name in SIGNALS
        ),
        shared=find_shared(view, application, touches),
        ring=msgspec.to_builtins(ring) if ring is not None else {},
    )


def case_json(case: Case) -> bytes:
    """Return a case as JSON for a reviewer's tool."""
    return msgspec.json.format(msgspec.json.encode(case), indent=1) + b"\n"


def find_shared(view: BookView, application: Application, touches: Sequence[Touch]) -> tuple[Shared, ...]:
    """Return what the applicant uses and who else did, by links known at the application; those that most others use come last.

    More than twenty others are a market, a carrier or a bookkeeper: they are counted and not named.
    """
    things = [one for one in touches if one.role not in ("itself", "owns", "represents")]
    own = {application.business_id, *(one.subject_id for one in touches if one.kind == "owner")}
    holders = _holders(view, sorted({one.subject_id for one in things}), application.as_of)
    found = []
    for one in things:
        others = sorted(holders[one.subject_id] - own)
        named = () if len(others) > HUB else tuple(others)
        found.append(Shared(touch=one, others=named, more=len(others) - len(named)))
    return tuple(sorted(found, key=lambda one: (-len(one.others), one.more, one.touch)))


def _holders(view: BookView, things: Sequence[str], as_of: int) -> dict[str, set[str]]:
    """Return who was known to use each of some things at an instant: by links, and by devices and networks seen with an owner."""
    found: dict[str, set[str]] = defaultdict(set)
    wanted = pa.array(things, pa.string())
    links = view.read("link", as_of=as_of, columns=("from_id", "to_id", "happened_at"))
    links = links.filter(pc.and_(pc.is_in(links["to_id"], value_set=wanted), pc.less_equal(links["happened_at"], as_of)))
    for one in links.to_pylist():
        found[one["to_id"]].add(one["from_id"])
    columns = ("device_id", "ip_id", "wifi_id", "owner_id", "happened_at")
    seen = view.read("device_sighting", as_of=as_of, columns=columns)
    for name in ("device_id", "ip_id", "wifi_id"):
        mine = pc.and_(pc.is_in(seen[name], value_set=wanted), pc.less_equal(seen["happened_at"], as_of))
        for one in seen.filter(mine).select([name, "owner_id"]).to_pylist():
            if one["owner_id"]:
                found[one[name]].add(one["owner_id"])
    return found


def _receipt(home: Home, name: str) -> Receipt | None:
    try:
        return home.store.receipt(name)
    except NotFoundError:
        return None


def _application(view: BookView, name: str) -> Application:
    """Return the application of a name, or the newest one of a business."""
    known = known_applications(view, 2**40)
    mine = [one for one in known if name in (one.application_id, one.business_id)]
    if not mine:
        hint = "give an application, a receipt or a business as it stands in the records"
        raise NotFoundError(f"nobody applied as {name!r}", hint=hint)
    return max(mine, key=lambda one: (one.as_of, one.application_id))


def _entries(lists: Lists, found: FraudFound, as_of: int) -> tuple[Entry, ...]:
    """Return the full entry of each hit, as it was then; those that were erased since are gone."""
    entries = []
    for hit in found.hits:
        verdict = lists.find(hit.kind, hit.subject_id, as_of=as_of, seq=found.lists_seq or 0)
        entries += [lists.explain(hit.kind, hit.subject_id, one) for one in verdict.hits if one.seq == hit.seq]
    return tuple(entries)


def _mark(name: str, found: FraudFound, bearers_ppm: int | None) -> CaseMark:
    said = SIGNALS[name].say(dict(found.read))
    return CaseMark(id=name, en=said.en, zh=said.zh, bearers_ppm=bearers_ppm)
