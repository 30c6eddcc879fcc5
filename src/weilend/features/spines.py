"""In: a view of the book. Out: spines: booked applications, month × open loan, all applications. Used: to train, test and monitor.

Every spine says by its roles what its rows are (`outcomes.sort_of`): `application_id` and `loan_id` name a row, they are no
subjects of features. Rows are ordered by (as_of, business, name), whatever the order of records.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
import numpy as np
import pyarrow as pa

from weilend.core.calendars import Calendar, first_of_month
from weilend.core.errors import InputError
from weilend.core.plan import Spine, Unit
from weilend.core.records import FAR_FUTURE
from weilend.engine.book_view import BookView
from weilend.features.compute import FeatureTable, Seen
from weilend.features.labels import BAD_STATES
from weilend.features.loans import PAID_STATES, Flags, ints, is_one_of, texts
from weilend.features.spec import Feature
from weilend.features.spine_file import from_file
from weilend.features.spine_links import link_subjects

__all__ = [
    "HistoryRow",
    "all_applications",
    "booked_applications",
    "explain_history",
    "from_file",
    "link_subjects",
    "open_loan_months",
]

#: From so many days past due on, a loan has defaulted: no label of behaviour has anything left to foresee.
DEFAULTED_DPD = 90
#: States after which a loan is not open: nothing is owed, or it has defaulted.
CLOSED_STATES = (*PAID_STATES, *BAD_STATES, "sold")


def all_applications(view: BookView, product: str) -> Spine:
    """Return every application for a product, as_of the instant at which it was made.

    >>> from tempfile import TemporaryDirectory
    >>> from pathlib import Path
    >>> from weilend.engine.book import Book
    >>> with TemporaryDirectory() as name:
    ...     all_applications(Book.open(Path(name), calendar=Calendar()).view(), "shop_loan").size
    0
    """
    table = _latest(view, "application", product)
    names = [table[name].to_pylist() for name in ("business_id", "application_id")]
    rows = zip(ints(table, "happened_at").tolist(), *names, strict=True)
    return _spine(((at, business, (application,)) for at, business, application in rows), ("application_id",))


def booked_applications(view: BookView, product: str, until: int) -> Spine:
    """Return the applications for a product made up to an instant (UTC seconds) that were paid out, each with its first loan.

    The as_of is the instant of the application: what was decided on. That a loan was booked is known only later, so this spine is
    for training and testing; `all_applications` is whom a model will meet.

    >>> from tempfile import TemporaryDirectory
    >>> from pathlib import Path
    >>> from weilend.engine.book import Book
    >>> with TemporaryDirectory() as name:
    ...     booked_applications(Book.open(Path(name), calendar=Calendar()).view(), "shop_loan", 0).linked
    {'application_id': (), 'loan_id': ()}
    """
    made = _latest(view, "application", product)
    paid = view.read("disbursement").sort_by([("happened_at", "ascending"), ("seq", "ascending")])
    paid = paid.filter(pa.array(ints(paid, "known_until") == FAR_FUTURE))
    loans: dict[str, str] = {}
    for application, loan in zip(paid["application_id"].to_pylist(), paid["loan_id"].to_pylist(), strict=True):
        loans.setdefault(application, loan)
    names = [made[name].to_pylist() for name in ("business_id", "application_id")]
    rows = zip(ints(made, "happened_at").tolist(), *names, strict=True)
    return _spine(
        (
            (at, business, (application, loans[application]))
            for at, business, application in rows
            if at <= until and application in loans
        ),
        ("application_id", "loan_id"),
    )


def open_loan_months(view: BookView, since: int, until: int, calendar: Calendar) -> Spine:
    """Return a row for each loan and month in which it was open when the month began, for months that began in [since, until].

    The as_of is that beginning (UTC seconds, local 00:00 of the first), and what is open follows from what was known then: paid
    out, not settled, written off, sold or compensated, and not yet 90 days past due. Raises `InputError` when no month begins
    between.

    >>> from tempfile import TemporaryDirectory
    >>> from pathlib import Path
    >>> from weilend.engine.book import Book
    >>> with TemporaryDirectory() as name:
    ...     open_loan_months(Book.open(Path(name), calendar=Calendar()).view(), 0, 10**9, Calendar()).linked
    {'loan_id': ()}
    """
    months = range(calendar.month_of(since - 1) + 1, calendar.month_of(until) + 1)
    if not months:
        raise InputError(
            "no month begins in the time that was asked for", hint="give a longer one, from its first to its last day"
        )
    paid = view.read("disbursement", columns=["business_id", "loan_id", *_CLOCKS])
    states = view.read("loan_state", columns=["business_id", "loan_id", "state", "dpd", *_CLOCKS])
    ends = is_one_of(states, "state", CLOSED_STATES) | (ints(states, "dpd") >= DEFAULTED_DPD)
    opened, stood = _Known(paid, np.zeros(paid.num_rows, dtype=np.bool_)), _Known(states, ends)
    instants = [calendar.start_of(first_of_month(month)) for month in months]
    return _spine(
        ((as_of, business, (loan,)) for as_of in instants for loan, business in _open_at(opened, stood, as_of).items()),
        ("loan_id",),
    )


class HistoryRow(msgspec.Struct, frozen=True):
    """What a feature needs of a kind of record at a row of a spine, and what there is: complete months, or days.

    >>> HistoryRow("sales_growth", "invoice", "E1", 0, "months", 24, 3).text
    'sales_growth of E1 needs 24 months of invoice, has 3'
    """

    feature: str
    kind: str
    subject: str
    as_of: int
    unit: Unit
    needs: int
    has: int

    @property
    def enough(self) -> bool:
        """Whether the feature may say a value."""
        return self.has >= self.needs

    @property
    def text(self) -> str:
        """The row in words."""
        return f"{self.feature} of {self.subject} needs {self.needs} {self.unit} of {self.kind}, has {self.has}"


def explain_history(table: FeatureTable) -> tuple[HistoryRow, ...]:
    """Return what each feature needs and has of each kind it reads, for every row of a table; nothing known is 0 of either.

    >>> from weilend.features.compute import Seen
    >>> from weilend.features.sets import INVOICE
    >>> size, one = (1, len(INVOICE.features)), np.array([3])
    >>> table = FeatureTable(INVOICE, Spine(("E1",), (0,)), np.zeros(size), np.zeros(size), {"invoice": Seen(one, one, one)})
    >>> rows = explain_history(table)
    >>> len(rows) >= len(INVOICE.features), all(row.enough for row in rows)
    (True, False)
    """
    return tuple(
        HistoryRow(feature.name, kind, subject, as_of, *_needs(feature, table.seen[kind], row))
        for row, (subject, as_of) in enumerate(zip(table.spine.subjects, table.spine.as_of, strict=True))
        for feature in table.feature_set.features
        for kind in dict.fromkeys(part.kind for part in feature.parts)
    )


def _needs(feature: Feature, seen: Seen, row: int) -> tuple[Unit, int, int]:
    """Return in which unit a feature counts the history that it wants, how much that is, and how much there is."""
    if feature.days and not feature.history_months:
        return "days", feature.history_days, max(int(seen.oldest_days[row]), 0)
    return "months", max(feature.history_months, 1), max(int(seen.oldest_months[row]), 0)


_CLOCKS = ("happened_at", "known_at", "known_until", "seq")


class _Known:
    """Rows about loans in the order (happened_at, seq), with a mark each, to be asked what was known at an instant."""

    def __init__(self, table: pa.Table, marks: Flags) -> None:
        order = np.lexsort((ints(table, "seq"), ints(table, "happened_at")))
        self._happened, self._since, self._until = (ints(table, name)[order] for name in _CLOCKS[:3])
        self._loans, self._businesses = (
            texts(table, name).to_numpy(zero_copy_only=False)[order] for name in ("loan_id", "business_id")
        )
        self._marks = marks[order]

    def last(self, as_of: int) -> dict[str, tuple[str, bool]]:
        """Return, per loan, the business and the mark of the last row that had happened and was in force."""
        there = np.flatnonzero((self._happened <= as_of) & (self._since <= as_of) & (self._until > as_of))
        rows = zip(self._businesses[there].tolist(), self._marks[there].tolist(), strict=True)
        return dict(zip(self._loans[there].tolist(), rows, strict=True))


def _open_at(opened: _Known, stood: _Known, as_of: int) -> dict[str, str]:
    """Return the open loans at an instant and their businesses."""
    ended = {loan for loan, (_, is_over) in stood.last(as_of).items() if is_over}
    return {loan: business for loan, (business, _) in opened.last(as_of).items() if loan not in ended}


def _latest(view: BookView, kind: str, product: str) -> pa.Table:
    """Return the records of a product as they stand now."""
    table = view.read(kind)
    return table.filter(pa.array((ints(table, "known_until") == FAR_FUTURE) & is_one_of(table, "product", (product,))))


def _spine(rows: Iterable[tuple[int, str, tuple[str, ...]]], roles: tuple[str, ...]) -> Spine:
    """Return a spine of (as_of, business, names), whose roles the names are in."""
    ordered = sorted(rows)
    linked: dict[str, tuple[tuple[str, ...], ...]] = {
        role: tuple((names[place],) for _, _, names in ordered) for place, role in enumerate(roles)
    }
    return Spine(tuple(business for _, business, _ in ordered), tuple(at for at, _, _ in ordered), linked=linked)
