"""In: what a reviewer found of a case. Out: a `review_outcome` record, which is a label, and a file of proposed list
entries. Used: as
`weilend fraud review`.

A finding is a record like any other: it is known from now on and not before, and `weilend fraud fit` learns from it. A
ring is never put
on a list in one go: its entries are a file, which `weilend lists preview` holds against the book first.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from weilend.app.desk.deliver import identified
from weilend.app.desk.fraud.cases import Case, Shared, find_shared
from weilend.app.desk.fraud.list_files import Said
from weilend.app.desk.fraud.lists import Preview, preview_list
from weilend.app.desk.fraud.subjects import touched
from weilend.app.desk.home import Home
from weilend.core.errors import InputError
from weilend.core.records import REVIEW_OUTCOME

KIND: Final = "review_outcome"
KEY: Final = ("application_id", "reviewer_id")
RING_LIST: Final = "fraud_ring"
#: Things that a ring is recognised by: what belongs to somebody else the day after (addresses, networks) would deny the
#: wrong people.
DENIABLE: Final = ("device", "phone", "account", "email")
_COLUMNS: Final = ("subject_id", "subject_kind", "list_name", "source", "reason", "case_id", "valid_until_on", "added_by")


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a reviewer says of a case; `is_fraud` None where it stays open."""

    outcome: str
    finding: str
    reviewer: str
    reason: str
    is_fraud: bool | None = None


def record_finding(home: Home, case: Case, said: Finding, *, at: int) -> bool:
    """Append a reviewer's finding to the book; returns whether it is new. A later one of the same reviewer takes its place.

    Raises `InputError` without a name or a reason, or for a word that the record does not know.
    """
    if not said.reviewer.strip() or not said.reason.strip():
        raise InputError("a finding needs a name and a reason", hint="give --by and --reason")
    for name in ("outcome", "finding"):
        words = REVIEW_OUTCOME.field(name).words
        if getattr(said, name) not in words:
            raise InputError(f"{getattr(said, name)!r} is no {name} of a review", hint=f"there is: {', '.join(words)}")
    if at < case.application.as_of:
        raise InputError("a case is reviewed after its application", hint="look at the clock of this machine")
    one = case.application
    fact: dict[str, str | int | bool | None] = {
        "business_id": one.business_id, "application_id": one.application_id, "outcome": said.outcome, "finding": said.finding,
        "is_fraud": said.is_fraud, "reviewer_id": said.reviewer, "reason": said.reason, "receipt_id": case.receipt_id or None,
        "happened_at": at, "consent_id": one.consent_id,
    }  # fmt: skip
    return home.book.append({KIND: identified(KIND, [fact], KEY)})[KIND].accepted > 0


def propose_ring(home: Home, case: Case, said: Finding, path: Path, *, until: str, at: int) -> Preview:
    """Write the entries that would deny a case's ring to a csv file, and return whom they would hit; nothing is on a list yet.

    Entries are of the applicant, and of the devices, phones, accounts and addresses for mail that it shares with others; what more
    than twenty share, and what nobody else uses, is left out. They end on a day (`until`, YYYY-MM-DD). Raises `InputError` where
    the finding is not fraud.
    """
    if said.is_fraud is not True:
        raise InputError("only what was found to be fraud is proposed for a list", hint="give --fraud, or no --propose")
    now = msgspec.structs.replace(case.application, as_of=at)  # who joined the ring since belongs to it
    view = home.book.view()
    (touches,) = touched(home, (now,), view)
    rows = [(now.business_id, "business"), *_shared_things(find_shared(view, now, touches))]
    more = (RING_LIST, "reviewers", said.reason, case.application.application_id, until, said.reviewer)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_COLUMNS)
        writer.writerows([(subject, kind, *more) for subject, kind in rows])
    return preview_list(home, path, Said(consent_id=case.application.consent_id, act="proposed"), at=at)


def _shared_things(shared: Sequence[Shared]) -> list[tuple[str, str]]:
    return sorted({(one.touch.subject_id, one.touch.kind) for one in shared if one.touch.kind in DENIABLE and one.others})
