"""In: applications, decisions, loans of a month. Out: records in the book as each becomes known, and labels read back.
Used: by months.

What is already settled but not yet known waits outside the book until its day.
"""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weilend.app.desk.flywheel.ground import Ground
from weilend.app.desk.flywheel.lending import Answered, take_loans
from weilend.economy.credit import Offer
from weilend.economy.loan_records import PRODUCTS, tell_applications, tell_loans
from weilend.economy.loans import Decisions
from weilend.features.labels import LOAN_LABELS, LoanLabel
from weilend.features.outcomes import make_labels
from weilend.features.spines import booked_applications
from weilend.models.table import Booleans, Integers

#: What the flywheel learns from: early enough to learn within a year.
LABEL: Final[LoanLabel] = LOAN_LABELS["dpd30_mob6"]
#: A loan is lost from so many days past due on, or in these states.
LOST_DPD, LOST_STATES = 90, ("renewed", "written_off")


class Matured(msgspec.Struct, frozen=True, eq=False):
    """Labels that have come of age: `rows` are places in `Asked`, `bad` 0 or 1; who is neither is left out."""

    rows: Integers
    bad: Integers

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

    def take(self, rows: Integers, approved: Booleans, ceiling_fen: Integers, rate_ppm: Integers) -> None:
        """Take the applications and decisions of a month; they become known with the months."""
        asked = self._ground.asked
        names = {asked.application[row] for row in rows.tolist()}
        for number in np.unique(asked.district[rows]).tolist():
            district = self._ground.openings[number].district
            here = np.flatnonzero(asked.district[rows] == number)
            place, count = asked.row[rows[here]], len(district.asks)
            yes, limit, rate = np.zeros(count, np.bool_), np.zeros(count), np.zeros(count)
            yes[place], limit[place], rate[place] = approved[here], ceiling_fen[here] / 100, rate_ppm[here] / 1e6
            offer = Offer(limit=limit, rate=rate, months=np.full(count, 12))
            told = tell_applications(district, Decisions(approved=yes, offer=offer, taken=yes))
            wanted = pa.array(sorted(names))
            for kind, tables in told.items():
                self._wait(kind, tables[0].filter(pc.is_in(tables[0]["application_id"], value_set=wanted)))

    def take_contacts(self, touches: pa.Table) -> None:
        """Take the contacts of a month."""
        self._wait("campaign_touch", touches)

    def book(self, answered: Answered, taken: Booleans) -> None:
        """Take the loans that were taken up, with all that will become known of them."""
        loans = take_loans(answered.loans, np.flatnonzero(taken))
        if len(loans.ask):
            for kind, tables in tell_loans(answered.opening.district, loans).items():
                self._wait(kind, tables[0])

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
        rows, bad = [], []
        for product in PRODUCTS:
            spine = booked_applications(view, product, known_by)
            if not spine.size:
                continue
            found = make_labels(LABEL, spine, view, known_by=known_by, calendar=calendar)
            rows += [self._place[group[0]] for group in found.spine.linked["application_id"]]
            bad.append(found.bad)
        if not rows:
            return Matured(np.zeros(0, np.int64), np.zeros(0, np.int64))
        place, said = np.array(rows, np.int64), np.concatenate(bad).astype(np.int64)
        order = np.argsort(place, kind="stable")
        place, said = place[order], said[order]
        return Matured(place[said >= 0], said[said >= 0])

    def count_lost(self, rows: Integers, known_by: int) -> int:
        """Return how many of some applications have a loan that is lost, as known by an instant: ninety days late, renewed,
        written off.
        """
        view = self._ground.home.book.view()
        names = pa.array([self._ground.asked.application[row] for row in rows.tolist()], pa.string())
        booked = view.read("disbursement", as_of=known_by, columns=["application_id", "loan_id"])
        loans = booked.filter(pc.is_in(booked["application_id"], value_set=names))["loan_id"].combine_chunks()
        states = view.read("loan_state", as_of=known_by, columns=["loan_id", "max_dpd", "state"])
        gone = pc.or_(pc.greater_equal(states["max_dpd"], LOST_DPD), pc.is_in(states["state"], value_set=pa.array(LOST_STATES)))
        return int(pc.sum(pc.is_in(loans, value_set=pc.unique(states.filter(gone)["loan_id"]))).as_py() or 0)

    def _wait(self, kind: str, table: pa.Table) -> None:
        self._waiting.setdefault(kind, []).append(table)


def _plain(table: pa.Table) -> pa.Table:
    """Return records as a book takes them from a source: until when each holds is its own to say."""
    return table.drop_columns(["known_until"])
