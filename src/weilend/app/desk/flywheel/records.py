"""In: contacts and loans of a month. Out: records in the book as each becomes known, and labels read back.
Used: by months.

What is already settled but not yet known waits outside the book until its day.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product as product_of
from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.app.desk.flywheel.ground import Ground
from weilend.app.desk.flywheel.lending import Answered, take_loans
from weilend.app.desk.flywheel.policies import ENTERPRISE_LOAN, SELLER_LOAN
from weilend.app.desk.flywheel.responses import ALIKE, WINDOW, learn_ages
from weilend.economy.loan_records import PRODUCTS, tell_loans
from weilend.economy.traces import DAY
from weilend.features.labels import LOAN_LABELS, LoanLabel
from weilend.features.outcomes import gather_evidence, judge_labels
from weilend.features.spines import booked_applications
from weilend.models.table import Booleans, Floats, Integers
from weilend.sources import record_ids

#: What the flywheel learns from: early enough to learn within a year.
LABEL: Final[LoanLabel] = LOAN_LABELS["dpd30_mob6"]
#: Ages (months on book) at which a loan is looked at until its window closes: at two it can first be thirty days late.
AGES: Final = (2, 3, 4, 5, 6)
#: A loan is late from so many days past due on; lost from so many, or in these states.
LATE_DPD, LOST_DPD, LOST_STATES = 30, 90, ("renewed", "written_off")
#: Months on book at which each of twelve instalments, unpaid, first shows as thirty days late.
SHOW_AGES: Final = tuple(range(2, 14))
#: So many days after it was late a loan is lost, or has been paid: ninety days past due lie between, told at month's ends.
SETTLED_DAYS: Final = 92


class Matured(msgspec.Struct, frozen=True, eq=False):
    """Labels so far: `rows` are places in `Asked`, `bad` 0 or 1; who is neither is left out.

    `watched` is 1 where a loan went bad or its window has closed, and else the share of its window in which it could have: a young
    loan that pays counts as so much of a good one, so that lately booked loans speak without looking safer than they are.
    `ages` says how often each instalment is the first that a late loan does not pay.
    """

    rows: Integers
    bad: Integers
    watched: Floats
    ages: tuple[float, ...]

    @property
    def bads(self) -> int:
        """How many went bad."""
        return int(self.bad.sum())


class Ledger:
    """The book's lending records, written as they become known."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._waiting: dict[str, list[pa.Table]] = {}
        self._place = {name: row for row, name in enumerate(ground.asked.application)}

    def take_contacts(self, touches: pa.Table) -> None:
        """Take the contacts of a month."""
        self._wait("campaign_touch", touches)

    def book(self, answered: Answered, taken: Booleans) -> None:
        """Take the loans that were taken up, with all that will become known of them."""
        loans = take_loans(answered.loans, np.flatnonzero(taken))
        if len(loans.ask):
            for kind, tables in tell_loans(answered.opening.district, loans).items():
                self._wait(kind, _as_ours(tables[0]) if kind == "disbursement" else tables[0])

    def write(self, until: int) -> None:
        """Write what becomes known up to an instant (UTC seconds)."""
        ready: dict[str, pa.Table] = {}
        for kind, tables in self._waiting.items():
            whole = pa.concat_tables(tables)
            known = pc.less_equal(whole["known_at"], until)
            ready[kind] = whole.filter(known)
            self._waiting[kind] = [whole.filter(pc.invert(known))]
        ready = {kind: _plain(table) for kind, table in ready.items() if table.num_rows}
        if ready:
            self._ground.home.book.append(ready)

    def read_labels(self, known_by: int) -> Matured:
        """Return the labels that the book tells by an instant; rows that are neither good nor bad are left out."""
        view, calendar = self._ground.home.book.view(), self._ground.home.calendar
        said: dict[int, tuple[int, float]] = {}
        ages = learn_ages(*self.count_late(known_by))
        evidence = gather_evidence(view, known_by, calendar, LABEL.material_fen)
        spines = [booked_applications(view, product, known_by) for product in (SELLER_LOAN, ENTERPRISE_LOAN)]
        for spine, age in product_of((spine for spine in spines if spine.size), AGES):
            found = judge_labels(msgspec.structs.replace(LABEL, length=age), spine, evidence)
            places = (self._place[group[0]] for group in found.spine.linked["application_id"])
            # what an older look says replaces what a younger one said
            said |= {place: (bad, watched_share(bad, age, ages)) for place, bad in zip(places, found.bad.tolist(), strict=True)}
        told = [(place, *said[place]) for place in sorted(said) if said[place][0] >= 0]
        rows, bad, watched = zip(*told, strict=True) if told else ((), (), ())
        return Matured(np.array(rows, np.int64), np.array(bad, np.int64), np.array(watched, np.float64), ages)

    def count_late(self, known_by: int) -> tuple[Integers, Integers]:
        """Return for each of `SHOW_AGES` how many loans came to that age, whatever became of them, and how many first were thirty
        days late at it, as known by an instant.
        """
        view = self._ground.home.book.view()
        states = view.read("loan_state", as_of=known_by, columns=["loan_id", "booked_on", "mob", "max_dpd"])
        mob, late = states["mob"].to_numpy(), states["max_dpd"].to_numpy() >= LATE_DPD
        month = states["booked_on"].to_numpy().astype("datetime64[M]").astype(np.int64)
        loan = states["loan_id"].combine_chunks().dictionary_encode().indices.to_numpy()
        first = np.full(int(loan.max(initial=-1)) + 1, np.iinfo(np.int64).max)
        np.minimum.at(first, loan[late], mob[late])
        booked = np.zeros(len(first), np.int64)
        booked[loan] = month
        cohort, of = np.unique(booked, return_inverse=True)
        reached = np.zeros(len(cohort), np.int64)
        np.maximum.at(reached, of[loan], mob)
        came = [int((reached[of] >= age).sum()) for age in SHOW_AGES]
        return np.array(came, np.int64), np.array([int((first == age).sum()) for age in SHOW_AGES], np.int64)

    def count_settled(self, rows: Integers, known_by: int) -> tuple[int, int]:
        """Return of how many of some applications the loan was first thirty days late a quarter ago or longer, as known by an
        instant, and how many of these are lost: ninety days late, renewed, written off.

        Who was late more lately may still go either way, and counts for neither.
        """
        view = self._ground.home.book.view()
        names = pa.array([self._ground.asked.application[row] for row in rows.tolist()], pa.string())
        booked = view.read("disbursement", as_of=known_by, columns=["application_id", "loan_id"])
        loans = booked.filter(pc.is_in(booked["application_id"], value_set=names))["loan_id"].combine_chunks()
        states = view.read("loan_state", as_of=known_by, columns=["loan_id", "max_dpd", "state", "happened_at"])
        states = states.filter(pc.is_in(states["loan_id"], value_set=loans))
        late = pc.and_(pc.greater_equal(states["max_dpd"], LATE_DPD),
                       pc.less_equal(states["happened_at"], known_by - SETTLED_DAYS * DAY))  # fmt: skip
        gone = pc.or_(pc.greater_equal(states["max_dpd"], LOST_DPD), pc.is_in(states["state"], value_set=pa.array(LOST_STATES)))
        settled, lost = (pc.unique(states.filter(which)["loan_id"]) for which in (late, gone))
        return len(settled), int(pc.sum(pc.is_in(settled, value_set=lost)).as_py() or 0)

    def _wait(self, kind: str, table: pa.Table) -> None:
        self._waiting.setdefault(kind, []).append(table)


def watched_share(bad: int, age: int, ages: Sequence[float] = ALIKE) -> float:
    """Return how much of its window a loan was watched: all of it where it went bad, else the share of the late of a window who
    were late by its age.

    >>> [round(watched_share(0, age), 3) for age in AGES], watched_share(1, 2)
    ([0.2, 0.4, 0.6, 0.8, 1.0], 1.0)
    """
    return 1.0 if bad == 1 else sum(ages[: age - 1]) / sum(ages[:WINDOW])


#: What the economy calls what suits a firm, and what is lent here.
_OURS: Final = dict(zip(PRODUCTS, (SELLER_LOAN, ENTERPRISE_LOAN), strict=True))


def _as_ours(booked: pa.Table) -> pa.Table:
    """Return loans that were paid out as loans of the products of the run."""
    product = pa.array([_OURS[name] for name in booked["product"].to_pylist()], pa.string())
    named = booked.set_column(booked.schema.get_field_index("product"), "product", product)
    ids = record_ids("disbursement", {name: named[name].combine_chunks() for name in named.column_names})
    return named.set_column(named.schema.get_field_index("record_id"), "record_id", ids)


def _plain(table: pa.Table) -> pa.Table:
    """Return records as a book takes them from a source: until when each holds is its own to say."""
    return table.drop_columns(["known_until"])
