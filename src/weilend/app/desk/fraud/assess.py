"""In: applications, a view of the book, what a home has to judge with. Out: the fraud verdict of each. Used: by the steps
of a decision,
at replay, and as `weilend fraud score`.

Lists, features, detectors, rings and score each speak for themselves; what a home has not is not asked and never counts as clean.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from weilend.app.desk.fraud.hits import Asked, Listed, ask_lists, read_lists, seal_of
from weilend.app.desk.fraud.models import RECIPE, FraudRoom, fraud_features, matrix_of, open_room
from weilend.app.desk.fraud.scores import score_rows
from weilend.app.desk.fraud.subjects import touched
from weilend.app.desk.home import Home
from weilend.core.values import Application, FraudFound, FraudVerdict, Receipt
from weilend.engine import BookView
from weilend.features.compute import FeatureTable
from weilend.fraud.verdict import NOT_ASSESSED, Heard, RingSaid, judge_fraud

#: Records that a rule of fraud reads by itself: where a book has one of these, signals are looked at whatever else is missing.
SPEAKING: Final = ("identity_check",)


class FraudEvidence(msgspec.Struct, frozen=True, eq=False):
    """What a home has to judge one request with, read once: its lists, its model, its graph."""

    listed: Listed | None
    room: FraudRoom

    @property
    def sealed(self) -> str:
        """What a receipt says of the lists."""
        return seal_of(self.listed)


def read_evidence(home: Home, view: BookView) -> FraudEvidence:
    """Return what a home has to judge applications with, up to the seq of a view."""
    return FraudEvidence(read_lists(home, view), open_room(home, view))


def assess(
    home: Home, applications: Sequence[Application], view: BookView, evidence: FraudEvidence
) -> tuple[FraudVerdict, ...]:
    """Return the verdict on each application; `not_assessed` where the home has nothing to judge with."""
    room, listed = evidence.room, evidence.listed
    speaks = any(view.files(kind) for kind in SPEAKING)
    if not applications or (listed is None and room.model is None and room.rings is None and not speaks):
        return (NOT_ASSESSED,) * len(applications)
    table = fraud_features(home, applications, view)
    said = _said(applications, table, room)
    asked: Sequence[Asked | None] = [None] * len(applications)
    if listed is not None:
        touches = touched(home, applications, view)
        asked = [ask_lists(listed, mine, one.as_of) for mine, one in zip(touches, applications, strict=True)]
    verdicts = []
    for heard, lists in zip(said, asked, strict=True):
        whole = heard
        if listed is not None and lists is not None:
            whole = msgspec.structs.replace(heard, hits=lists.hits, is_spared=lists.is_spared, lists_seq=listed.seq)
        verdicts.append(judge_fraud(whole, room.learned, model_id=room.model_id))
    return tuple(verdicts)


def _said(applications: Sequence[Application], table: FeatureTable, room: FraudRoom) -> list[Heard]:
    """Return what features, detectors, rings and score say of each application."""
    rings: Sequence[RingSaid | None] = room.rings.hear(applications) if room.rings else [None] * len(applications)
    matrix = matrix_of(table)
    scores, why = score_rows(room.score, table, RECIPE) if room.score else (None, None)
    found = []
    for place, one in enumerate(applications):
        strange = room.detectors.explain(matrix[place], one.product) if room.detectors else None
        found.append(
            Heard(
                values=table.row(place).values,
                anomaly_ppm=strange.anomaly_ppm if strange else None,
                strange=strange.features if strange else (),
                ring=rings[place],
                score_ppm=scores[place] if scores else None,
                score_reasons=why[place] if why else (),
            )
        )
    return found


def compare_hits(home: Home, receipt: Receipt, view: BookView) -> tuple[str, object, object] | None:
    """Return what the lists would say otherwise today of what a receipt sealed, as of then: its name, then, now; None
    where nothing.

    Entries of subjects who were erased since are not missed: nobody may keep them.
    """
    found = receipt.fraud.found
    if not isinstance(found, FraudFound) or found.lists_seq is None:
        return None
    listed = read_lists(home, view)
    then = tuple(hit for hit in found.hits if not is_erased(home, hit.subject_id))
    if listed is None:
        return ("list hits", then, ()) if then else None
    (touches,) = touched(home, (receipt.application,), view)
    bounded = msgspec.structs.replace(listed, seq=found.lists_seq)
    now = ask_lists(bounded, touches, receipt.application.as_of).hits
    return None if then == now else ("list hits", then, now)


def is_erased(home: Home, subject: str) -> bool:
    """Return whether somebody was erased from a home."""
    from weilend.store import Vault

    return subject in Vault(home.store.engine).erased()
