"""In: the book, an instant. Out: vintage curves and the roll-rate table, plain values. Used: to justify a label's window and what
it calls bad; by reports.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np
import pyarrow as pa

from weilend.core.calendars import Calendar, first_of_month
from weilend.core.money import PPM
from weilend.core.plan import Ints
from weilend.engine.book_view import BookView
from weilend.features.loans import (
    EPOCH,
    NEVER,
    Loans,
    Spells,
    States,
    add_months,
    days_at,
    ends_of,
    match,
    read_loans,
    read_spells,
    read_states,
)

MATERIAL_FEN = 10_000  # overdue below 100 yuan does not count, as in the labels
#: Buckets by days past due, each up to and including; what is past the last is M7+.
BUCKETS = (("C", 0), ("M1", 30), ("M2", 60), ("M3", 90), ("M4", 120), ("M5", 150), ("M6", 180), ("M7+", NEVER))
DEFAULTED, SETTLED = "defaulted", "settled"
BUCKET_NAMES = (*(name for name, _ in BUCKETS), DEFAULTED, SETTLED)


class VintagePoint(msgspec.Struct, frozen=True):
    """How much of the loans booked in a month was ever so many days past due by a number of months on book.

    >>> VintagePoint("2019-01", 6, 30, 4, 1, 1_000_000, 100_000).share_of_count_ppm
    250000
    """

    booked: str
    mob: int
    dpd: int
    loans: int
    bad_loans: int
    principal_fen: int
    bad_principal_fen: int

    @property
    def share_of_count_ppm(self) -> int:
        """Bad loans of all loans."""
        return self.bad_loans * PPM // max(self.loans, 1)

    @property
    def share_of_principal_ppm(self) -> int:
        """Principal paid out to bad loans, of all that was paid out."""
        return self.bad_principal_fen * PPM // max(self.principal_fen, 1)


class Roll(msgspec.Struct, frozen=True):
    """What was in a bucket at a month's end and in another one month later: loans, and principal owed at the first.

    `share_*_ppm` are of all that was in the first bucket.

    >>> Roll("M1", "M2", 1, 500, 250_000, 500_000).to_bucket
    'M2'
    """

    from_bucket: str
    to_bucket: str
    loans: int
    outstanding_fen: int
    share_of_count_ppm: int
    share_of_outstanding_ppm: int


def draw_vintages(
    view: BookView, *, dpd: int, known_by: int, calendar: Calendar, max_mob: int = 24
) -> tuple[VintagePoint, ...]:
    """Return the vintage curves: month of booking × months on book, as known by an instant (UTC seconds).

    Loan by loan; bad by state (written off, compensated, changed under stress) counts as past due. A point is there only once
    every loan booked in its month has been on book for so long: no curve bends because its youngest loans are missing.

    >>> from tempfile import TemporaryDirectory
    >>> from pathlib import Path
    >>> from weilend.engine.book import Book
    >>> with TemporaryDirectory() as name:
    ...     draw_vintages(Book.open(Path(name), calendar=Calendar()).view(), dpd=30, known_by=0, calendar=Calendar())
    ()
    """
    loans = read_loans(view, known_by)
    states = read_states(view, known_by, MATERIAL_FEN)
    spells = read_spells(view, known_by, MATERIAL_FEN, states)
    bad_on = _bad_days(loans, states, spells, dpd, known_by, calendar)
    months = loans.booked_on.astype("M8[D]").astype("M8[M]").astype(np.int64)
    return tuple(_points(loans, months, bad_on, dpd, known_by, calendar, max_mob))


def measure_rolls(view: BookView, *, since: int, until: int, known_by: int, calendar: Calendar) -> tuple[Roll, ...]:
    """Return the roll-rate table over the month's ends in [since, until] (UTC seconds), as known by an instant.

    A loan stands where its last state up to a month's end puts it; it enters with its first month's end and leaves once settled or
    defaulted.

    >>> from tempfile import TemporaryDirectory
    >>> from pathlib import Path
    >>> from weilend.engine.book import Book
    >>> with TemporaryDirectory() as name:
    ...     view = Book.open(Path(name), calendar=Calendar()).view()
    ...     measure_rolls(view, since=0, until=10**9, known_by=10**9, calendar=Calendar())
    ()
    """
    states = read_states(view, known_by, MATERIAL_FEN)
    first, last = calendar.month_of(since), calendar.month_of(min(until, known_by) + 1)
    ends = [calendar.start_of(first_of_month(month)) - 1 for month in range(first + 1, last + 1)]
    _, codes = np.unique(states.loan.to_numpy(zero_copy_only=False).astype(str), return_inverse=True)
    order = np.argsort(states.at, kind="stable")
    bucket = _buckets(states)
    size = len(BUCKET_NAMES)
    loans = np.zeros((size, size), dtype=np.int64)
    owed_fen = np.zeros_like(loans)
    before: Ints | None = None
    for end in ends:
        now = _standing(codes, order, states.at, end)
        if before is not None:
            there = np.flatnonzero((before >= 0) & (now >= 0))
            moves = (bucket[before[there]], bucket[now[there]])
            np.add.at(loans, moves, 1)
            np.add.at(owed_fen, moves, states.outstanding_fen[before[there]])
        before = now
    return tuple(_rolls(loans, owed_fen))


def _bad_days(loans: Loans, states: States, spells: Spells, dpd: int, known_by: int, calendar: Calendar) -> Ints:
    """Return the day on which each loan was first so many days past due, or bad by state; NEVER where it was not."""
    bad_on = np.full(len(loans.loan), NEVER, dtype=np.int64)
    found = states.is_bad | (states.dpd >= dpd)
    loan, place = match(loans.loan, states.loan.filter(pa.array(found)))
    np.minimum.at(bad_on, loan, states.on[found][place])
    known_on = calendar.day_of(known_by + 1) - EPOCH
    last_on = np.minimum(days_at(spells.until, calendar), known_on.days) - 1
    reached_on = np.maximum(spells.due_on + dpd, days_at(spells.since, calendar))
    late = reached_on <= last_on
    loan, place = match(loans.loan, spells.loan.filter(pa.array(late)))
    np.minimum.at(bad_on, loan, reached_on[late][place])
    return bad_on


def _points(
    loans: Loans, months: Ints, bad_on: Ints, dpd: int, known_by: int, calendar: Calendar, max_mob: int
) -> Iterator[VintagePoint]:
    for month in np.unique(months).tolist():
        cohort = months == month
        booked_on, principal_fen = loans.booked_on[cohort], loans.principal_fen[cohort]
        last_day = int((np.datetime64(month + 1, "M").astype("M8[D]") - np.timedelta64(1, "D")).astype(np.int64))
        for mob in range(1, max_mob + 1):
            if ends_of(add_months(np.array([last_day]), mob), calendar)[0] > known_by:
                break
            bad = bad_on[cohort] <= add_months(booked_on, mob)
            yield VintagePoint(
                booked=str(np.datetime64(month, "M")),
                mob=mob,
                dpd=dpd,
                loans=len(booked_on),
                bad_loans=int(bad.sum()),
                principal_fen=int(principal_fen.sum()),
                bad_principal_fen=int(principal_fen[bad].sum()),
            )


def _buckets(states: States) -> Ints:
    """Return the place of each state's bucket in `BUCKET_NAMES`."""
    by_days = np.searchsorted(np.array([up_to for _, up_to in BUCKETS]), states.dpd, side="left")
    by_state = np.where(states.is_bad, BUCKET_NAMES.index(DEFAULTED), by_days)
    return np.where(states.is_paid, BUCKET_NAMES.index(SETTLED), by_state).astype(np.int64)


def _standing(codes: Ints, order: Ints, at: Ints, end: int) -> Ints:
    """Return, per loan, the place of its last state up to an instant; -1 where there is none."""
    standing = np.full(int(codes.max(initial=-1)) + 1, -1, dtype=np.int64)
    before = order[at[order] <= end]
    standing[codes[before]] = before
    return standing


def _rolls(loans: Ints, owed_fen: Ints) -> Iterator[Roll]:
    for start, name in enumerate(BUCKET_NAMES):
        if name in (DEFAULTED, SETTLED):
            continue
        for end in np.flatnonzero(loans[start]).tolist():
            yield Roll(
                from_bucket=name,
                to_bucket=BUCKET_NAMES[end],
                loans=int(loans[start, end]),
                outstanding_fen=int(owed_fen[start, end]),
                share_of_count_ppm=int(loans[start, end]) * PPM // int(loans[start].sum()),
                share_of_outstanding_ppm=int(owed_fen[start, end]) * PPM // max(int(owed_fen[start].sum()), 1),
            )
