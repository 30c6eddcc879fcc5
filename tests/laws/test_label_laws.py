"""Laws of labels: later knowledge and earlier records change nothing, time shifts them, age does not follow from the outcome."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weilend.core.plan import Spine
from weilend.features import outcomes
from weilend.features.labels import LOAN_LABELS
from weilend.features.outcomes import make_labels
from weilend.testing.loans import BOOKED_ON, HOME, due, later, loan, payment, state, view_of

LABELS = [label for name in LOAN_LABELS if (label := LOAN_LABELS[name]).of == "booked_applications"]
CYCLE = timedelta(days=1461)  # four years: months and leap days fall alike


class History(msgspec.Struct, frozen=True):
    """A loan as a test speaks of it: months and days since its booking, days past due, and words."""

    owner: int
    booked: int
    method: str
    states: tuple[tuple[int, int, int, str], ...]
    instalments: tuple[tuple[int, int | None], ...]


STATES = st.tuples(
    st.integers(1, 14), st.integers(0, 12), st.sampled_from([0, 1, 15, 29, 30, 90]),
    st.sampled_from(["current", "renewed", "written_off", "settled_early", "cancelled"]),
)  # fmt: skip
INSTALMENTS = st.tuples(st.integers(1, 13), st.none() | st.sampled_from([-3, 0, 29, 30, 31, 95]))
HISTORY = st.builds(
    History, st.integers(1, 3), st.integers(0, 8), st.sampled_from(["equal_instalment", "bullet"]),
    st.lists(STATES, max_size=4).map(tuple), st.lists(INSTALMENTS, max_size=3, unique_by=lambda one: one[0]).map(tuple),
)  # fmt: skip
HISTORIES = st.lists(HISTORY, min_size=4, max_size=12)


def facts_of(histories, *, shift=timedelta(0), months=0):
    facts = []
    for number, one in enumerate(histories):
        who = {"name": f"L{number}", "business": f"E{number}", "owner": f"O{one.owner}"}
        on = later(BOOKED_ON + shift, months=one.booked + months)
        facts += loan(on=on, method=one.method, **who)
        told = {later(on, months=month, days=days): (dpd, word) for month, days, dpd, word in one.states}
        facts += [state(day, dpd, word, **who) for day, (dpd, word) in told.items()]
        for instalment, late in one.instalments:
            due_on = later(on, months=instalment)
            facts.append(due(instalment, due_on, **who))
            if late is not None:
                facts.append(payment(instalment, due_on + timedelta(days=late), **who))
    return facts


def spine_of(histories, *, shift=timedelta(0), months=0):
    days = [later(BOOKED_ON + shift, months=one.booked + months, days=-1) for one in histories]
    names = range(len(histories))
    linked = {
        role: tuple((f"{letter}L{name}",) for name in names) for role, letter in (("application_id", "A-"), ("loan_id", ""))
    }
    return Spine(tuple(f"E{name}" for name in names), tuple(HOME.end_of(day) for day in days), linked=linked)


def labels_of(facts, spine, known_by):
    """(rows of age, their labels, dropped) of every label of applications."""
    with tempfile.TemporaryDirectory() as folder:
        view = view_of(Path(folder), facts)
        tables = [make_labels(label, spine, view, known_by=known_by, calendar=HOME) for label in LABELS]
    return [(table.rows.tolist(), table.bad.tolist(), table.dropped_immature) for table in tables]


def end_of(month, shift=timedelta(0)):
    return HOME.end_of(later(BOOKED_ON + shift, months=month))


@settings(max_examples=6, deadline=None)
@given(HISTORIES, HISTORIES, st.integers(8, 20))
def test_what_becomes_known_later_changes_no_label(histories, others, month):
    known_by = end_of(month)
    before = [one for one in facts_of(histories) if one[1]["known_at"] <= known_by]
    later_known = [(kind, {**row, "known_at": max(row["known_at"], known_by + 1)}) for kind, row in facts_of(others)]
    spine = spine_of(histories)
    assert labels_of(before, spine, known_by) == labels_of([*before, *later_known], spine, known_by)


@settings(max_examples=6, deadline=None)
@given(HISTORIES, HISTORIES, st.integers(14, 26))
def test_what_happened_before_the_as_of_changes_no_label(histories, earlier, month):
    """Loans of the same owners that lived and ended before, however badly."""
    old = [one for one in facts_of(earlier, shift=-CYCLE) if one[1]["happened_at"] <= min(spine_of(histories).as_of)]
    names = ("loan_id", "application_id", "key", "business_id")
    old = [(kind, {**row, **{name: f"old {row[name]}" for name in names if name in row}}) for kind, row in old]
    facts, spine = facts_of(histories), spine_of(histories)
    assert labels_of(facts, spine, end_of(month)) == labels_of([*facts, *old], spine, end_of(month))


@settings(max_examples=6, deadline=None)
@given(HISTORIES, st.integers(10, 24), st.integers(1, 5))
def test_what_months_later_is_the_same_is_labelled_the_same(histories, month, months):
    """By a month, where days past due are said; by a whole cycle, where they are counted between dates of unequal months."""
    plain = [msgspec.structs.replace(one, method="equal_instalment", instalments=()) for one in histories]
    on_book = [place for place, label in enumerate(LABELS) if label.closes == "months_on_book"]
    here = labels_of(facts_of(plain), spine_of(plain), end_of(month))
    there = labels_of(facts_of(plain, months=months), spine_of(plain, months=months), end_of(month + months))
    assert [here[place] for place in on_book] == [there[place] for place in on_book]
    whole = labels_of(facts_of(histories, shift=CYCLE), spine_of(histories, shift=CYCLE), end_of(month, CYCLE))
    assert whole == labels_of(facts_of(histories), spine_of(histories), end_of(month))


def ages(histories, known_by):
    return [(rows, dropped) for rows, _, dropped in labels_of(facts_of(histories), spine_of(histories), known_by)]


def assert_age_is_blind_to_outcomes(histories, month):
    spotless = [msgspec.structs.replace(one, states=(), instalments=()) for one in histories]
    assert ages(histories, end_of(month)) == ages(spotless, end_of(month)), "coming of age follows from the outcome"


@settings(max_examples=6, deadline=None)
@given(HISTORIES, st.integers(2, 20))
def test_cohorts_come_of_age_whatever_became_of_them(histories, month):
    assert_age_is_blind_to_outcomes(histories, month)


def test_the_law_of_age_catches_who_lets_bad_loans_come_of_age_first(monkeypatch):
    """Planted bug: a window that closes when the loan is seen to be bad, which fills young cohorts with bads alone."""
    honest = outcomes.window_ends
    seen = {}

    def read_states(view, known_by, material_fen):
        seen["states"] = states(view, known_by, material_fen)
        return seen["states"]

    def window_ends(label, as_of, own, loans, calendar):
        ends = honest(label, as_of, own, loans, calendar)
        read_states(seen["view"], 2**61, 0)
        for row, place in zip(*outcomes.match(loans.loan.take(own), seen["states"].loan), strict=True):
            if seen["states"].dpd[place] >= label.bad_dpd:
                ends[row] = min(ends[row], seen["states"].at[place])
        return ends

    def read_loans(view, known_by):
        seen["view"] = view
        return loans(view, known_by)

    states, loans = outcomes.read_states, outcomes.read_loans
    monkeypatch.setattr(outcomes, "read_loans", read_loans)
    monkeypatch.setattr(outcomes, "window_ends", window_ends)
    bad, good = (History(owner, 0, "equal_instalment", told, ()) for owner, told in ((1, ((2, 0, 90, "current"),)), (2, ())))
    with pytest.raises(AssertionError, match="coming of age"):
        assert_age_is_blind_to_outcomes([bad, good], 4)


def test_the_histories_reach_every_answer():
    """A law over labels that are all zero would prove nothing."""
    bad = History(1, 0, "equal_instalment", ((2, 0, 90, "current"),), ((1, None),))
    grey = History(2, 0, "equal_instalment", ((2, 0, 29, "current"),), ())
    good = History(3, 0, "equal_instalment", ((5, 0, 0, "settled_early"),), ())
    histories = [bad, grey, good]
    answers = labels_of(facts_of(histories), spine_of(histories), end_of(24))
    found = {label.name: bads for label, (_, bads, _) in zip(LABELS, answers, strict=True)}
    assert found == {
        "default": [1, 0, 0], "dpd30_mob6": [1, -1, 0], "dpd90_mob12": [1, 0, 0], "fpd30": [1, 0, 0], "early_payoff": [0, 0, 1],
    }  # fmt: skip
