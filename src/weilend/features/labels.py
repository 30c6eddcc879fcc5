"""In: records of what became of firms. Out: labels, known by a stated instant. Used: to train and to validate; never as an input.

A label is a feature that looks ahead, so it has its own type: what takes features cannot be handed a label.
"""

from __future__ import annotations

from typing import Literal

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.errors import NotFoundError
from weilend.core.records import FAR_FUTURE
from weilend.core.registry import Registry

#: Spines that labels of our own loans belong to (`features.spines` makes them).
BOOKED_APPLICATIONS, OPEN_LOAN_MONTHS = "booked_applications", "open_loan_months"

#: How loans are repaid whose principal falls due at the end; a short window sees nothing of it, so they are judged after it.
BALLOON_METHODS = ("bullet", "interest_first")
BALLOON_DAYS = 30  # after maturity a balloon that is unpaid for so long is bad, whatever the label's own days

#: States of a loan that are bad by themselves, and those that are where the borrower was under stress: a loan that is restructured,
#: renewed, extended or sold because it could not be paid has defaulted, however few days past due it shows (EBA/GL/2016/07, 49-55).
BAD_STATES = ("compensated", "written_off", "recovered")
STRESS_STATES = ("restructured", "renewed", "extended", "sold")


class LabelSpec(msgspec.Struct, frozen=True):
    """What is looked ahead for: 1 is bad. `kind`, `field` and `bad` say which record and word mean it; `dated` says whether the
    records carry the day on which it happened.

    >>> LABELS["external_default"].bad
    'default'
    """

    name: str
    kind: str
    field: str
    bad: str
    dated: bool
    about: str


LABELS: Registry[LabelSpec] = Registry("label")

EXTERNAL_DEFAULT = LABELS.add(
    "external_default",
    LabelSpec("external_default", "external_outcome", "outcome", "default", dated=False,
              about="another lender's loan to the firm defaulted; the record has no date"),
)  # fmt: skip


class Labels(msgspec.Struct, frozen=True):
    """Labels by subject: 1 is bad. `since` has the instant (UTC seconds) at which each became known.

    >>> Labels(EXTERNAL_DEFAULT, {"E1": 1, "E2": 0}, since={"E1": 100, "E2": 90}).known_at
    100
    """

    spec: LabelSpec | LoanLabel
    bad: dict[str, int]
    since: dict[str, int]

    @property
    def known_at(self) -> int:
        """The instant at which the last of them became known."""
        return max(self.since.values())

    @property
    def is_dated(self) -> bool:
        """Whether it is known when each outcome came about."""
        return isinstance(self.spec, LoanLabel) or self.spec.dated


def read_labels(spec: LabelSpec, records: pa.Table) -> Labels:
    """Return the labels that records of the label's kind say; of several versions the latest counts.

    `records` has the columns business_id, the label's field, known_at and known_until. Raises `NotFoundError` without any.

    >>> records = pa.table({"business_id": ["E1"], "outcome": ["default"], "known_at": [100], "known_until": [FAR_FUTURE]})
    >>> read_labels(EXTERNAL_DEFAULT, records).bad
    {'E1': 1}
    """
    latest = records.filter(pc.equal(records["known_until"], FAR_FUTURE))
    if not latest.num_rows:
        raise NotFoundError(f"no {spec.kind} records, so nothing is labelled", hint="ingest a source with outcomes first")
    names, words = latest["business_id"].to_pylist(), latest[spec.field].to_pylist()
    bad = {name: int(word == spec.bad) for name, word in sorted(zip(names, words, strict=True))}
    return Labels(spec, bad, dict(zip(names, latest["known_at"].to_pylist(), strict=True)))


class LoanLabel(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked ahead for on a loan of ours: 1 is bad, 0 is not, -1 is neither, and no model is told of it.

    `of` is the spine it belongs to. The window opens at the as_of of a row and closes `length` units after the event that
    `closes` names; loans whose principal falls due at the end (`BALLOON_METHODS`) wait, where `waits_for_balloon`, until 30 days
    after that end. `bad_dpd` days past due are bad, `grey_dpd` up to there are neither (0: no such band); what is overdue below
    `material_fen` does not count. `reach` says whose loans are looked at, `looks_at` what of them.

    >>> LOAN_LABELS["dpd30_mob6"].grey_dpd, LOAN_LABELS["bad_next_6m"].of
    (15, 'open_loan_months')
    """

    name: str
    of: str
    closes: Literal["months_on_book", "days_after_first_due", "months_ahead"]
    length: int
    looks_at: Literal["arrears", "first_instalment", "payoff"] = "arrears"
    reach: Literal["obligor", "loan"] = "obligor"
    bad_dpd: int = 0
    grey_dpd: int = 0
    material_fen: int = 10_000
    waits_for_balloon: bool = True
    about: str


LOAN_LABELS: Registry[LoanLabel] = Registry("label of a loan")

for _label in (
    LoanLabel(name="default", of=BOOKED_APPLICATIONS, closes="months_on_book", length=12, bad_dpd=90,
              about="within a year of booking 90 days past due, or unlikely to pay: two ends, nothing between (Basel CRE36.69)"),
    LoanLabel(name="dpd30_mob6", of=BOOKED_APPLICATIONS, closes="months_on_book", length=6, bad_dpd=30, grey_dpd=15,
              about="ever 30 days past due within 6 months on book: early, so that a new product learns within the year"),
    LoanLabel(name="dpd90_mob12", of=BOOKED_APPLICATIONS, closes="months_on_book", length=12, bad_dpd=90, grey_dpd=30,
              about="ever 90 days past due within 12 months on book, clearly bad against clearly good"),
    LoanLabel(name="fpd30", of=BOOKED_APPLICATIONS, closes="days_after_first_due", length=30, bad_dpd=30, reach="loan",
              looks_at="first_instalment", waits_for_balloon=False,
              about="the first instalment is not paid within 30 days: who never meant to pay"),
    LoanLabel(name="bad_next_6m", of=OPEN_LOAN_MONTHS, closes="months_ahead", length=6, bad_dpd=90, grey_dpd=30,
              about="an open loan turns 90 days past due, or its obligor unlikely to pay, in the next 6 months"),
    LoanLabel(name="early_payoff", of=BOOKED_APPLICATIONS, closes="months_on_book", length=12, reach="loan", looks_at="payoff",
              waits_for_balloon=False,
              about="repaid in full before its last day, and not out of a new loan: interest that will not be earned"),
):  # fmt: skip
    LOAN_LABELS.add(_label.name, _label)


def label_named(name: str) -> LabelSpec | LoanLabel:
    """Return what a product's label looks for: on a loan of ours, or in what others say of a firm; raises `NotFoundError`.

    >>> label_named("default").name, label_named("external_default").kind
    ('default', 'external_outcome')
    """
    return LOAN_LABELS[name] if name in LOAN_LABELS else LABELS[name]
