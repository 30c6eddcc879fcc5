"""In: records of lending, as known at an instant. Out: loans, their states and their spells of arrears, as arrays. Used: by labels
and by vintage curves; never by a feature.
"""

from __future__ import annotations

from datetime import date, timedelta

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.calendars import Calendar
from weilend.core.plan import Ints
from weilend.engine.book_schema import local_days
from weilend.engine.book_view import BookView
from weilend.features.labels import BAD_STATES, BALLOON_METHODS, STRESS_STATES

Flags = npt.NDArray[np.bool_]
EPOCH = date(1970, 1, 1)
NEVER = 2**62
#: States after which nothing of a loan can be unpaid.
PAID_STATES = ("settled", "settled_early", "cancelled")


class Loans(msgspec.Struct, frozen=True, eq=False):
    """Loans that were paid out, one row each: who owes, when booked (instant and local day), first due and last day, terms.

    Days count from 1970-01-01. `balloon` says whether the principal falls due at the end.
    """

    loan: pa.Array
    business: pa.Array
    owner: pa.Array
    booked_at: Ints
    booked_on: Ints
    first_due_on: Ints
    matures_on: Ints
    balloon: Flags
    principal_fen: Ints
    renews_under_stress: Flags


class States(msgspec.Struct, frozen=True, eq=False):
    """How loans stood at instants: days past due (0 where what is overdue is not material), bad or void by state, paid early."""

    loan: pa.Array
    business: pa.Array
    owner: pa.Array
    at: Ints
    on: Ints
    dpd: Ints
    first_dpd: Ints
    outstanding_fen: Ints
    is_bad: Flags
    is_paid: Flags
    is_void: Flags
    is_early: Flags


class Spells(msgspec.Struct, frozen=True, eq=False):
    """Stretches ``[since, until)`` in which an instalment due on day `due_on` was due and not paid; `until` may be NEVER.

    `itemised` names every loan whose instalments the book holds, late or not.
    """

    loan: pa.Array
    business: pa.Array
    owner: pa.Array
    since: Ints
    until: Ints
    due_on: Ints
    is_first: Flags
    itemised: pa.Array


def match(left: pa.Array, right: pa.Array) -> tuple[Ints, Ints]:
    """Return the positions (left, right) of all pairs of equal texts; NULL equals nothing.

    >>> [side.tolist() for side in match(pa.array(["a", None, "b"]), pa.array(["b", "a", "b", None]))]
    [[0, 2, 2], [1, 0, 2]]
    """
    codes = pa.concat_arrays([left.cast(pa.string()), right.cast(pa.string())]).dictionary_encode().indices
    both = np.asarray(codes.fill_null(-1).to_numpy(zero_copy_only=False), dtype=np.int64)
    ours, theirs = both[: len(left)], both[len(left) :]
    order = np.argsort(theirs, kind="stable")
    first, last = (np.searchsorted(theirs[order], ours, side=side) for side in ("left", "right"))
    counts = np.where(ours >= 0, last - first, 0)
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(np.arange(len(ours)), counts), order[np.repeat(first, counts) + within]


def add_months(days: Ints, months: int) -> Ints:
    """Return the same day some months later, or the last day of that month where it has no such day; days since 1970-01-01.

    >>> add_months(np.array([np.datetime64("2019-08-31").astype(int)]), 6).astype("M8[D]").tolist()
    [datetime.date(2020, 2, 29)]
    """
    given = days.astype("M8[D]")
    month = given.astype("M8[M]")
    later = month + np.timedelta64(months, "M")
    last = (later + np.timedelta64(1, "M")).astype("M8[D]") - np.timedelta64(1, "D")
    return np.asarray(np.minimum(later.astype("M8[D]") + (given - month.astype("M8[D]")), last).astype(np.int64))


def ends_of(days: Ints, calendar: Calendar) -> Ints:
    """Return the last second (UTC) of each local day, days since 1970-01-01.

    >>> ends_of(np.array([18261]), Calendar("Asia/Shanghai")).tolist()
    [1577807999]
    """
    some, places = np.unique(days, return_inverse=True)
    ends = np.array([calendar.end_of(EPOCH + timedelta(day)) for day in some.tolist()], dtype=np.int64)
    return ends[places]


def read_loans(view: BookView, known_by: int) -> Loans:
    """Return the loans whose disbursement was known by an instant; of several payments the first books the loan."""
    table = view.read("disbursement", as_of=known_by).sort_by([("happened_at", "ascending"), ("seq", "ascending")])
    _, first = np.unique(texts(table, "loan_id").to_numpy(zero_copy_only=False).astype(str), return_index=True)
    table = table.take(pa.array(np.sort(first), pa.int64()))
    return Loans(
        loan=texts(table, "loan_id"),
        business=texts(table, "business_id"),
        owner=texts(table, "owner_id"),
        booked_at=ints(table, "happened_at"),
        booked_on=days_of(table, "happened_on"),
        first_due_on=days_of(table, "first_due_on"),
        matures_on=days_of(table, "matures_on"),
        balloon=is_one_of(table, "method", BALLOON_METHODS),
        principal_fen=ints(table, "principal_fen"),
        renews_under_stress=flags(table, "under_stress"),
    )


def read_states(view: BookView, known_by: int, material_fen: int) -> States:
    """Return the states of loans that were known by an instant; what is overdue below `material_fen` counts as not overdue.

    The amount is all that is overdue, its principal where no more is said; where no amount is said, the days count as they are.
    Where a source does not say whether a loan was restructured, renewed, extended or sold under stress, one that was overdue was.
    """
    table = view.read("loan_state", as_of=known_by)
    overdue = pc.coalesce(table["overdue_fen"], table["overdue_principal_fen"], pa.scalar(NEVER, pa.int64()))
    said = ints(table, "dpd")
    dpd = np.where(overdue.to_numpy() >= material_fen, said, 0)
    stress = pc.fill_null(table["under_stress"], pa.scalar(value=False)).to_numpy() | (
        pc.is_null(table["under_stress"]).to_numpy() & (said > 0)
    )
    return States(
        loan=texts(table, "loan_id"),
        business=texts(table, "business_id"),
        owner=texts(table, "owner_id"),
        at=ints(table, "happened_at"),
        on=days_of(table, "happened_on"),
        dpd=dpd,
        first_dpd=ints(table, "first_dpd"),
        outstanding_fen=ints(table, "outstanding_fen"),
        is_bad=is_one_of(table, "state", BAD_STATES) | (is_one_of(table, "state", STRESS_STATES) & stress),
        is_paid=is_one_of(table, "state", PAID_STATES),
        is_void=is_one_of(table, "state", ("cancelled",)),
        is_early=is_one_of(table, "state", ("settled_early",)) & pc.is_null(table["renewed_by"]).to_numpy(),
    )


def read_spells(view: BookView, known_by: int, material_fen: int, states: States) -> Spells:
    """Return when each instalment was due and at least `material_fen` of it unpaid, as known by an instant; penalties left out.

    A payment that is taken back opens a new spell; a loan that is settled closes all of its own.
    """
    due = view.read("instalment_due", as_of=known_by)
    event_of, event_at, paid_fen = _events(due, view.read("repayment", as_of=known_by))
    order = np.lexsort((event_at, event_of))
    event_of, event_at, paid_fen = event_of[order], event_at[order], paid_fen[order]
    running = np.cumsum(paid_fen)
    opens = np.searchsorted(event_of, event_of, side="left")
    unpaid_fen = ints(due, "due_fen")[event_of] - (running - running[opens] + paid_fen[opens])
    until = np.append(event_at[1:], NEVER)
    until[np.append(event_of[1:] != event_of[:-1], True)[: len(event_of)]] = NEVER
    until = until[: len(event_of)]
    since = np.maximum(event_at, ints(due, "happened_at")[event_of])
    until = np.minimum(until, _paid_at(texts(due, "loan_id"), states)[event_of])
    there = np.flatnonzero((unpaid_fen >= material_fen) & (unpaid_fen > 0) & (until > since))
    place = event_of[there]
    rows = due.take(pa.array(place, pa.int64()))
    return Spells(
        loan=texts(rows, "loan_id"),
        business=texts(rows, "business_id"),
        owner=texts(rows, "owner_id"),
        since=since[there],
        until=until[there],
        due_on=days_of(rows, "due_on"),
        is_first=(ints(rows, "instalment_no") == 1) & (ints(rows, "schedule_no", 1) == 1),
        itemised=texts(due, "loan_id").unique(),
    )


def _events(due: pa.Table, repayments: pa.Table) -> tuple[Ints, Ints, Ints]:
    """Return (instalment, instant, paid) of falling due and of every payment towards an instalment.

    A payment that names no due day is taken for every instalment of that number: only a loan on a second schedule has two.
    """
    names = [_instalment_names(table) for table in (due, repayments)]
    instalment, payment = match(*names)
    paid_on, due_on = days_of(repayments, "due_on", -NEVER)[payment], days_of(due, "due_on")[instalment]
    fits = (paid_on == -NEVER) | (paid_on == due_on)
    instalment, payment = instalment[fits], payment[fits]
    paid_fen = ints(repayments, "paid_fen") - ints(repayments, "penalty_fen")
    nothing = np.zeros(due.num_rows, dtype=np.int64)
    return (
        np.concatenate([np.arange(due.num_rows), instalment]),
        np.concatenate([ints(due, "happened_at"), ints(repayments, "happened_at")[payment]]),
        np.concatenate([nothing, paid_fen[payment]]),
    )


def _instalment_names(table: pa.Table) -> pa.Array:
    numbers = table["instalment_no"].cast(pa.string())
    return pc.binary_join_element_wise(table["loan_id"], numbers, "\x1f").combine_chunks()


def _paid_at(loans: pa.Array, states: States) -> Ints:
    """Return, per loan, the instant at which it was first said to be settled or never paid out; NEVER where it was not."""
    at = np.full(len(loans), NEVER, dtype=np.int64)
    row, place = match(loans, states.loan.filter(pa.array(states.is_paid)))
    np.minimum.at(at, row, states.at[states.is_paid][place])
    return at


def texts(table: pa.Table, name: str) -> pa.Array:
    """Return a column of texts in one piece.

    >>> texts(pa.table({"a": ["x"]}), "a").to_pylist()
    ['x']
    """
    return pa.concat_arrays([pa.array([], pa.string()), *table[name].chunks])


def ints(table: pa.Table, name: str, null: int = 0) -> Ints:
    """Return a column of integers; NULL becomes `null`.

    >>> ints(pa.table({"a": pa.array([1, None])}), "a").tolist()
    [1, 0]
    """
    return np.asarray(table[name].fill_null(null).to_numpy(), dtype=np.int64)


def days_of(table: pa.Table, name: str, null: int = 0) -> Ints:
    """Return a column of dates as days since 1970-01-01; NULL becomes `null`.

    >>> days_of(pa.table({"a": pa.array([date(1970, 1, 2)])}), "a").tolist()
    [1]
    """
    return ints(table.select([name]).set_column(0, name, table[name].cast(pa.int32()).cast(pa.int64())), name, null)


def flags(table: pa.Table, name: str) -> Flags:
    """Return a column of booleans; NULL becomes false.

    >>> flags(pa.table({"a": pa.array([True, None])}), "a").tolist()
    [True, False]
    """
    return np.asarray(table[name].fill_null(pa.scalar(value=False)).to_numpy(), dtype=np.bool_)


def is_one_of(table: pa.Table, name: str, words: tuple[str, ...]) -> Flags:
    """Return where a column of texts is one of some words.

    >>> is_one_of(pa.table({"a": ["x", "y"]}), "a", ("x",)).tolist()
    [True, False]
    """
    return np.asarray(pc.is_in(table[name], value_set=pa.array(words, pa.string())).to_numpy(), dtype=np.bool_)


def days_at(instants: Ints, calendar: Calendar) -> Ints:
    """Return the local day of each instant, days since 1970-01-01; NEVER stays far away.

    >>> days_at(np.array([1577807999, NEVER]), Calendar("Asia/Shanghai")).tolist() == [18261, NEVER]
    True
    """
    there = instants < NEVER
    days = np.full(len(instants), NEVER, dtype=np.int64)
    days[there] = local_days(instants[there], calendar)
    return days
