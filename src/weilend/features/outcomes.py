"""In: a spine, a label of a loan, the book. Out: `LabelTable`, what became of each row, known by a stated instant. Used: to
train and to validate; never as an input, for it is no table of features.

A row is judged by what happened in (as_of, end] and was known by `known_by`. Its end follows from the terms of the loan alone, so
that bad loans do not come of age before good ones; rows whose end lies after `known_by` are dropped and counted.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from weilend.core.calendars import Calendar
from weilend.core.errors import InputError
from weilend.core.plan import Ints, Spine
from weilend.engine.book_view import BookView
from weilend.features.labels import BALLOON_DAYS, BOOKED_APPLICATIONS, OPEN_LOAN_MONTHS, LoanLabel
from weilend.features.loans import (
    NEVER,
    Flags,
    Loans,
    Spells,
    States,
    add_months,
    days_at,
    ends_of,
    flags,
    ints,
    is_one_of,
    match,
    read_loans,
    read_spells,
    read_states,
    texts,
)

#: What a spine speaks of, by the roles that name its rows.
SORTS = {
    frozenset(("application_id", "loan_id")): BOOKED_APPLICATIONS,
    frozenset(("loan_id",)): OPEN_LOAN_MONTHS,
    frozenset(("application_id",)): "all_applications",
    frozenset[str](): "businesses",
}
NAMING_ROLES = frozenset(("application_id", "loan_id"))


class LabelTable(msgspec.Struct, frozen=True, eq=False):
    """Labels of the rows of a spine that have come of age: `bad` is int8, 1 bad, 0 not, -1 neither.

    `rows` are their places in the spine that was asked about, `ends_at` the instants at which their windows closed, `known_by`
    the instant whose knowledge it is, `dropped_immature` the number of rows that had not come of age by then.

    >>> from weilend.features.labels import LOAN_LABELS
    >>> label, one = LOAN_LABELS["default"], np.array([0])
    >>> LabelTable(label, Spine(("E1",), (0,)), np.array([1], np.int8), one, one, 5, 2).bad_count
    1
    """

    spec: LoanLabel
    spine: Spine
    bad: npt.NDArray[np.int8]
    rows: Ints
    ends_at: Ints
    known_by: int
    dropped_immature: int

    @property
    def bad_count(self) -> int:
        """Rows that went bad."""
        return int((self.bad == 1).sum())

    @property
    def indeterminate_count(self) -> int:
        """Rows that are neither bad nor good, of which no model is told."""
        return int((self.bad == -1).sum())


class Rows(msgspec.Struct, frozen=True, eq=False):
    """The rows that are judged: their loan's place among the loans, its id, who owes it, and the window (since, until]."""

    own: Ints
    loan: pa.Array
    business: pa.Array
    owner: pa.Array
    since: Ints
    until: Ints


class Evidence(msgspec.Struct, frozen=True, eq=False):
    """All that a label may look at, as known by an instant: what is overdue below `material_fen` counts as not overdue."""

    view: BookView
    known_by: int
    calendar: Calendar
    material_fen: int
    loans: Loans
    states: States
    spells: Spells


Verdict = tuple[Flags, Flags]


def sort_of(spine: Spine) -> str:
    """Return what the rows of a spine are: booked_applications, open_loan_months, all_applications or businesses.

    >>> sort_of(Spine(("E1",), (0,), linked={"loan_id": (("L1",),)}))
    'open_loan_months'
    """
    return SORTS[NAMING_ROLES & frozenset(spine.linked)]


def make_labels(label: LoanLabel, spine: Spine, view: BookView, *, known_by: int, calendar: Calendar) -> LabelTable:
    """Return what became of the rows of a spine, as known by an instant (UTC seconds).

    Raises `InputError` when the label does not belong to the spine.

    >>> from weilend.features.labels import LOAN_LABELS
    >>> make_labels(LOAN_LABELS["default"], Spine(("E1",), (0,)), None, known_by=0, calendar=Calendar())
    Traceback (most recent call last):
    weilend.core.errors.InputError: label default belongs to booked_applications, not to businesses. Hint: ...
    """
    _refuse_stranger(label, spine)
    return judge_labels(label, spine, gather_evidence(view, known_by, calendar, label.material_fen))


def gather_evidence(view: BookView, known_by: int, calendar: Calendar, material_fen: int) -> Evidence:
    """Read all that labels may look at, as known by an instant (UTC seconds), once for as many labels as are asked for."""
    states = read_states(view, known_by, material_fen)
    loans, spells = read_loans(view, known_by), read_spells(view, known_by, material_fen, states)
    return Evidence(view, known_by, calendar, material_fen, loans, states, spells)


def judge_labels(label: LoanLabel, spine: Spine, evidence: Evidence) -> LabelTable:
    """Return what became of the rows of a spine by what was gathered: `make_labels` for several labels of one evidence.

    Raises `InputError` when the label does not belong to the spine, or counts other amounts as overdue than the evidence does.
    """
    _refuse_stranger(label, spine)
    if evidence.material_fen != label.material_fen:
        raise InputError(
            f"label {label.name} counts from {label.material_fen} fen on, the evidence from {evidence.material_fen}",
            hint="gather evidence for the label's own material_fen",
        )
    loans, known_by = evidence.loans, evidence.known_by
    own = _own_loans(spine, loans)
    since = np.array(spine.as_of, dtype=np.int64)
    until = window_ends(label, since, own, loans, evidence.calendar)
    mature = np.flatnonzero((own >= 0) & (until <= known_by))
    kept = own[mature]
    place = pa.array(kept, pa.int64())
    loan, business, owner = (column.take(place) for column in (loans.loan, loans.business, loans.owner))
    rows = Rows(kept, loan, business, owner, since[mature], until[mature])
    is_bad, is_grey = JUDGES[label.looks_at](label, rows, evidence)
    bad = np.where(is_bad, 1, np.where(is_grey | _void(rows, evidence.states), -1, 0)).astype(np.int8)
    return LabelTable(label, _take(spine, mature), bad, mature, until[mature], known_by, spine.size - len(mature))


def _refuse_stranger(label: LoanLabel, spine: Spine) -> None:
    if sort_of(spine) != label.of:
        raise InputError(
            f"label {label.name} belongs to {label.of}, not to {sort_of(spine)}",
            hint=f"make the spine with features.spines.{label.of}",
        )


#: The last day of a window, by what closes it: (loans, place of the loan, day of the as_of, length).
CLOSINGS: dict[str, Callable[[Loans, Ints, Ints, int], Ints]] = {
    "months_on_book": lambda loans, own, _, length: add_months(loans.booked_on[own], length),
    "days_after_first_due": lambda loans, own, _, length: loans.first_due_on[own] + length,
    "months_ahead": lambda _loans, _own, day, length: add_months(day, length) - 1,
}


def window_ends(label: LoanLabel, as_of: Ints, own: Ints, loans: Loans, calendar: Calendar) -> Ints:
    """Return the instant at which each row's window closes, from the terms of its loan alone; NEVER where the loan is not known."""
    ends = np.full(len(as_of), NEVER, dtype=np.int64)
    there = own >= 0
    mine = own[there]
    days = CLOSINGS[label.closes](loans, mine, days_at(as_of[there] + 1, calendar), label.length)
    if label.waits_for_balloon:
        days = np.where(loans.balloon[mine], np.maximum(days, loans.matures_on[mine] + BALLOON_DAYS), days)
    ends[there] = ends_of(days, calendar)
    return ends


def _own_loans(spine: Spine, loans: Loans) -> Ints:
    """Return the place of each row's loan among the loans; -1 where it is not known."""
    names = pa.array([group[0] if group else None for group in spine.linked["loan_id"]], pa.string())
    row, place = match(names, loans.loan)
    own = np.full(spine.size, -1, dtype=np.int64)
    own[row] = place
    return own


def _take(spine: Spine, rows: Ints) -> Spine:
    def some(values: tuple[object, ...]) -> tuple[object, ...]:
        return tuple(values[row] for row in rows.tolist())

    linked = {role: some(groups) for role, groups in spine.linked.items()}
    return msgspec.structs.replace(spine, subjects=some(spine.subjects), as_of=some(spine.as_of), linked=linked)


def _pairs(label: LoanLabel, rows: Rows, found: Loans | States | Spells) -> tuple[Ints, Ints]:
    """Return (row, place) of what is looked at for each row: its loan, or every loan of its business and of its owner."""
    sides = [(rows.loan, found.loan)]
    if label.reach == "obligor":
        sides += [(rows.business, found.business), (rows.owner, found.owner)]
    pairs = [match(*side) for side in sides]
    return np.concatenate([row for row, _ in pairs]), np.concatenate([place for _, place in pairs])


def _judge_arrears(label: LoanLabel, rows: Rows, evidence: Evidence) -> Verdict:
    """Days past due or a state that is bad by itself, the worst of all that is looked at."""
    states, loans = evidence.states, evidence.loans
    row, place = _within(rows, *_pairs(label, rows, states), states.at)
    limit = _bad_dpd(label, states.loan, states.on, loans)[place]
    dpd, by_state = states.dpd[place], states.is_bad[place]
    seen = _worst(rows, row, by_state | (dpd >= limit), _is_grey(label, dpd))
    return _either(seen, _judge_spells(label, rows, evidence), _judge_renewals(label, rows, loans))


def _judge_spells(label: LoanLabel, rows: Rows, evidence: Evidence) -> Verdict:
    """Days past due from instalments, for loans booked after the as_of: of an older one the window does not hold the whole life."""
    spells, loans = evidence.spells, evidence.loans
    row, place = _within(rows, *_pairs(label, rows, spells), spells.since)
    if label.looks_at == "first_instalment":
        row, place = row[spells.is_first[place]], place[spells.is_first[place]]
    booked_at = np.full(len(spells.since), -NEVER, dtype=np.int64)
    spell, loan = match(spells.loan, loans.loan)
    booked_at[spell] = loans.booked_at[loan]
    young = booked_at[place] >= rows.since[row]
    row, place = row[young], place[young]
    last_on = np.minimum(days_at(spells.until, evidence.calendar)[place], days_at(rows.until + 1, evidence.calendar)[row]) - 1
    dpd = np.where(last_on >= days_at(spells.since, evidence.calendar)[place], last_on - spells.due_on[place], 0)
    limit = _bad_dpd(label, spells.loan.take(pa.array(place, pa.int64())), last_on, loans)
    return _worst(rows, row, dpd >= limit, _is_grey(label, dpd))


def _judge_renewals(label: LoanLabel, rows: Rows, loans: Loans) -> Verdict:
    """A loan that renews another one under stress: the other one has defaulted. The row's own loan says nothing of itself."""
    row, place = _within(rows, *_pairs(label, rows, loans), loans.booked_at)
    other = place != rows.own[row]
    row, place = row[other], place[other]
    return _worst(rows, row, loans.renews_under_stress[place], np.zeros(len(row), dtype=np.bool_))


def _judge_first_instalment(label: LoanLabel, rows: Rows, evidence: Evidence) -> Verdict:
    """The first instalment past due; where the book holds no instalments of a loan, what its states say of the first."""
    states, spells = evidence.states, evidence.spells
    row, place = _within(rows, *_pairs(label, rows, states), states.at)
    itemised = np.zeros(len(states.at), dtype=np.bool_)
    itemised[match(states.loan, spells.itemised)[0]] = True
    dpd = np.where(itemised, 0, states.first_dpd)[place]
    said = _worst(rows, row, states.is_bad[place] | (dpd >= label.bad_dpd), _is_grey(label, dpd))
    return _either(said, _judge_spells(label, rows, evidence))


def _judge_payoff(_label: LoanLabel, rows: Rows, evidence: Evidence) -> Verdict:
    """Repaid in full before the last day, and not by a new loan."""
    states = evidence.states
    repaid = evidence.view.read("repayment", as_of=evidence.known_by)
    early = flags(repaid, "is_early_payoff") & ~is_one_of(repaid, "way", ("new_loan",))
    ids = pa.concat_arrays([states.loan.filter(pa.array(states.is_early)), texts(repaid, "loan_id").filter(pa.array(early))])
    at = np.concatenate([states.at[states.is_early], ints(repaid, "happened_at")[early]])
    row, place = _within(rows, *match(rows.loan, ids), at)
    in_time = days_at(at, evidence.calendar)[place] < evidence.loans.matures_on[rows.own[row]]
    return _worst(rows, row, in_time, np.zeros(len(row), dtype=np.bool_))


def _within(rows: Rows, row: Ints, place: Ints, at: Ints) -> tuple[Ints, Ints]:
    """Keep what happened in the window of its row."""
    there = (at[place] > rows.since[row]) & (at[place] <= rows.until[row])
    return row[there], place[there]


def _bad_dpd(label: LoanLabel, loan: pa.Array, on: Ints, loans: Loans) -> Ints:
    """Return from how many days past due a loan is bad on a day: 30 for a balloon that is due for so long, else the label's."""
    after = np.zeros(len(loan), dtype=np.bool_)
    row, place = match(loan, loans.loan)
    after[row] = loans.balloon[place] & (on[row] >= loans.matures_on[place] + BALLOON_DAYS)
    return np.where(after & label.waits_for_balloon, min(label.bad_dpd, BALLOON_DAYS), label.bad_dpd)


def _is_grey(label: LoanLabel, dpd: Ints) -> Flags:
    return (dpd >= label.grey_dpd) & (label.grey_dpd > 0)


def _worst(rows: Rows, row: Ints, bad: Flags, grey: Flags) -> Verdict:
    is_bad, is_grey = (np.zeros(len(rows.own), dtype=np.bool_) for _ in range(2))
    is_bad[row[bad]] = True
    is_grey[row[grey]] = True
    return is_bad, is_grey


def _either(*verdicts: Verdict) -> Verdict:
    return np.logical_or.reduce([bad for bad, _ in verdicts]), np.logical_or.reduce([grey for _, grey in verdicts])


def _void(rows: Rows, states: States) -> Flags:
    """Return the rows whose own loan was said to be cancelled: nothing was lent, so it is no good loan either."""
    row, place = _within(rows, *match(rows.loan, states.loan), states.at)
    return _worst(rows, row, states.is_void[place], states.is_void[place])[0]


JUDGES: dict[str, Callable[[LoanLabel, Rows, Evidence], Verdict]] = {
    "arrears": _judge_arrears,
    "first_instalment": _judge_first_instalment,
    "payoff": _judge_payoff,
}
