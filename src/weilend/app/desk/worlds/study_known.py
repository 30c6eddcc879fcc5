"""In: a study. Out: what a lender would have known by the cut: reviewers' findings as records of the book, and who shares what with
whom. Used: by the study of fraud."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.app.desk.deliver import identified
from weilend.app.desk.home import Home
from weilend.app.desk.worlds.study_truth import Course, Study, owners_of
from weilend.core.money import PPM
from weilend.economy.audit.alerts import Judged
from weilend.economy.audit.counts import Held, count_sharing, once
from weilend.economy.firms import Ints
from weilend.engine import BookView

_DAY: Final = 86_400
_NEVER: Final = 2**40
#: A loan that is so late so soon is looked into, and so many days later it is known what it was.
FIRST_LATE_DPD, FIRST_MONTHS, REVIEW_DAYS = 30, 3, 30
#: This share of all applications is looked into whatever is said of them, and known so many days later.
RANDOM_PPM, RANDOM_DAYS = 10_000, 14
#: Links by which a party holds a thing, by sort; a device also by being seen on it, a Wi-Fi by being seen in it.
LINKED: Final = {
    "device": ("uses",), "phone": ("reachable_at", "emergency_contact"), "address": ("located_at", "lives_at"), "wifi": (),
}  # fmt: skip
SEEN: Final = {"device": "device_id", "wifi": "wifi_id"}


def find_out(view: BookView, study: Study) -> list[dict[str, str | int | bool | None]]:
    """Return what reviewers had found by the cut, each known when it was.

    A loan whose first instalments are not paid is looked into, and a small random share of everybody. Reviewers see what was behind
    it, but for the withheld patterns: of those nobody says anything.
    """
    course, fraud = study.course, study.judged.level >= 0
    known = _known_at(view, course)
    told = np.flatnonzero((known <= course.cut_at) & course.early & ~study.withheld)
    return [
        {
            "business_id": course.applications[row].business_id, "application_id": course.applications[row].application_id,
            "outcome": "decline" if fraud[row] else "approve", "finding": "other" if fraud[row] else "sound",
            "is_fraud": bool(fraud[row]), "reviewer_id": "reviewer", "reason": "looked into",
            "happened_at": int(known[row]), "consent_id": course.applications[row].consent_id,
        }
        for row in told.tolist()
    ]  # fmt: skip


def confirm(home: Home, view: BookView, study: Study) -> int:
    """Append to the book what reviewers had found by the cut; returns how many findings."""
    facts = find_out(view, study)
    if facts:
        home.book.append({"review_outcome": identified("review_outcome", facts, ("application_id", "reviewer_id"))})
    return len(facts)


def _known_at(view: BookView, course: Course) -> Ints:
    """Return from when on a finding on each application is known, far in the future where nobody looks."""
    known = np.full(len(course.applications), _NEVER)
    drawn = np.random.default_rng(1).random(len(known)) < RANDOM_PPM / PPM
    known[drawn] = (course.as_of + RANDOM_DAYS * _DAY)[drawn]
    late = _first_late(view)
    for row, one in enumerate(course.applications):
        if one.application_id in late:
            known[row] = min(known[row], late[one.application_id] + REVIEW_DAYS * _DAY)
    return known


def _first_late(view: BookView) -> dict[str, int]:
    """Return when the loan of an application was first told to be late, of those that were so in their first months."""
    states = view.read("loan_state", columns=("loan_id", "dpd", "mob", "known_at"))
    bad = pc.and_(pc.greater_equal(states["dpd"], FIRST_LATE_DPD), pc.less_equal(states["mob"], FIRST_MONTHS))
    first = states.filter(bad).group_by("loan_id", use_threads=False).aggregate([("known_at", "min")])
    at = dict(zip(first["loan_id"].to_pylist(), first["known_at_min"].to_pylist(), strict=True))
    loans = view.read("disbursement", columns=("loan_id", "application_id"))
    pairs = zip(loans["loan_id"].to_pylist(), loans["application_id"].to_pylist(), strict=True)
    return {application: at[loan] for loan, application in pairs if loan in at}


def tuned_view(study: Study) -> Judged:
    """Return the truth as the rule of old is tuned on it: all of the earlier part, which is more than any lender knows, but for the
    withheld patterns, which count as nothing."""
    judged = study.judged
    return msgspec.structs.replace(
        judged, level=np.where(study.withheld, -1, judged.level), lost_fen=np.where(study.withheld, 0, judged.lost_fen)
    )


def shared_counts(view: BookView, course: Course) -> dict[str, dict[tuple[int, int], Ints]]:
    """Return, by sort of thing, with how many others each application shares one, as known when it came in."""
    owners = owners_of(view)
    names = [owners.get(one.business_id, one.business_id) for one in course.applications]
    parties, party = np.unique(np.array(names, np.str_), return_inverse=True)
    who = pa.array(parties.tolist(), pa.string())
    links = view.read("link", columns=("from_id", "to_id", "role", "happened_at", "known_at"))
    owner = pa.array([owners.get(name, name) for name in links["from_id"].to_pylist()], pa.string())
    links = links.set_column(0, "from_id", pa.chunked_array([owner]))
    links = links.filter(pc.is_in(links["from_id"], value_set=who))
    seen = view.read("device_sighting", columns=("owner_id", *SEEN.values(), "happened_at", "known_at"))
    seen = seen.filter(pc.is_in(seen["owner_id"], value_set=who))
    return {sort: count_sharing(party, course.as_of, _held(sort, links, seen, who)) for sort in LINKED}


def _held(sort: str, links: pa.Table, seen: pa.Table, who: pa.Array) -> Held:
    """Return who of some parties holds what of a sort, by links and by being seen with it."""
    mine = links.filter(pc.is_in(links["role"], value_set=pa.array(LINKED[sort], pa.string())))
    parts = [once(mine["from_id"], mine["to_id"], pc.max_element_wise(mine["happened_at"], mine["known_at"]))]
    if sort in SEEN:
        parts.append(once(seen["owner_id"], seen[SEEN[sort]], pc.max_element_wise(seen["happened_at"], seen["known_at"])))
    whole = pa.concat_tables(parts)
    whole = once(whole["party"], whole["thing"], whole["since"])
    return Held(
        pc.index_in(whole["party"], value_set=who).to_numpy(),
        np.unique(whole["thing"].to_numpy(), return_inverse=True)[1],
        whole["since"].to_numpy(),
    )
