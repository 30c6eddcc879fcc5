"""In: a home that has learned, applications. Out: what each voice says of every application, and what nights found before its
payout. Used: by the study of fraud."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec
import numpy as np

from weilend.app.desk.fraud.assess import assess, read_evidence
from weilend.app.desk.fraud.models import COLUMNS
from weilend.app.desk.fraud.rings import Rings, open_rings
from weilend.app.desk.home import Home
from weilend.app.desk.worlds.study_truth import Course
from weilend.core.money import PPM
from weilend.core.values import FraudFound, FraudVerdict
from weilend.economy.firms import Bools, Floats
from weilend.fraud.detectors import forest
from weilend.fraud.suspicion import surprise_milli
from weilend.fraud.verdict_table import TABLE

AT_ONCE: Final = 2_000
_DAY: Final = 86_400
#: A night is run so many days apart, and is good for the payouts until the next.
NIGHT_DAYS: Final = 7
#: How rare a night's finding is, is learned from so many days before the cut.
LEARNED_DAYS: Final = 120
#: What a rule that alerts is worth beside suspicion, for each grade that it is graver than the mildest: more than any.
_RULED: Final = 1_000_000.0


class Contenders(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A score of every application (n), higher is worse, by contender; NaN nowhere. `stopped` are those that no contender is
    asked of: the check of who they are failed, and nobody lends to them."""

    at_application: Floats
    by_payout: Floats
    forest: Floats
    ring: Floats
    stopped: Bools


def score_all(home: Home, course: Course, *, seed: int, night_days: int = NIGHT_DAYS) -> Contenders:
    """Return the scores of all applications, each with what was known when it came in and what was learned by the cut."""
    view = home.book.view()
    evidence = read_evidence(home, view)
    verdicts: list[FraudVerdict] = []
    for start in range(0, len(course.applications), AT_ONCE):
        verdicts += assess(home, course.applications[start : start + AT_ONCE], view, evidence)
    found = [one.found for one in verdicts if isinstance(one.found, FraudFound)]
    matrix = np.array([[one.read.get(name, np.nan) for name in COLUMNS] for one in found], np.float64)
    floors = dict(evidence.room.learned.floors) if evidence.room.learned is not None else {}
    at_application = np.array([_weight(one, floors) for one in found])
    nights = _nights(open_rings(home, view), course, night_days)
    return Contenders(
        at_application=at_application,
        by_payout=at_application + _surprise(nights, course),
        forest=forest.fit(matrix[course.early], seed).score(matrix),
        ring=np.array([one.ring.get("ring_ppm", 0) for one in found], np.float64),
        stopped=np.array([TABLE.grade(one.grade).is_stop for one in found], np.bool_),
    )


def _weight(found: FraudFound, floors: Mapping[str, int]) -> float:
    """Return how suspicious a verdict is as one number, in the order in which people look: who was alerted by a rule, then by
    suspicion, at least the floor of the grade that a rule gave.
    """
    suspicion = float(found.suspicion_milli or 0)
    places = [TABLE.place(rule.grade) for rule in TABLE.rules if rule.id in found.marks]
    graves = [place for place in places if TABLE.grades[place].status == "alert"]
    if graves:
        return suspicion + _RULED * (len(TABLE.grades) - min(graves))
    return max(suspicion, float(floors.get(found.grade, 0)))


def _nights(rings: Rings | None, course: Course, night_days: int) -> dict[str, Bools]:
    """Return which applications the last night before their payout found in a ring, by the way it was found.

    Money goes out on the day after the application at the earliest: that is the payout here.
    """
    from weilend.fraud.graph import Node, nightly  # late: numba is slow to load

    found: dict[str, Bools] = {}
    if rings is None:
        return found
    payout = course.as_of + _DAY
    number = np.array([rings.graph.find(Node("business", one.business_id)) for one in course.applications], np.int64)
    first = course.cut_at - LEARNED_DAYS * _DAY
    for night_at in range(first, int(payout.max()) + 1, night_days * _DAY):
        rows = np.flatnonzero((payout >= night_at) & (payout < night_at + night_days * _DAY) & (number >= 0))
        if not len(rows):
            continue
        night = nightly(rings.graph, as_of=night_at, seq=rings.seq)
        for ring in night.rings:
            parties = night.party[list(ring.members)]
            mine = rows[np.isin(night.party[number[rows]], parties)]
            found.setdefault(ring.found_by, np.zeros(len(payout), np.bool_))[mine] = True
    return found


def _surprise(nights: dict[str, Bools], course: Course) -> Floats:
    """Return how rare it is to be found by a night (thousandths of a nat), as for any mark, learned before the cut."""
    rows = np.flatnonzero(course.early & (course.as_of + _DAY >= course.cut_at - LEARNED_DAYS * _DAY))
    surprise = np.zeros(len(course.applications))
    for borne in nights.values():
        rank = PPM - (int(borne[rows].sum()) + 1) * PPM // (len(rows) + 1)
        surprise = np.maximum(surprise, borne * surprise_milli(rank))
    return surprise
