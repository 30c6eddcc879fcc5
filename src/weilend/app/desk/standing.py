"""In: applications, a view of the book. Out: what each business and its group owe, as known then. Used: before a decision.

All of it is read from records of lending: what was paid out, how loans stood last, what was repaid since. The group of a business
is itself, its owners, and every business that one of them owns or leads, by links in force at the application. These owners also
say who draws in the policy's experiments.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from weilend.app.desk.exploring import with_spent
from weilend.core.calendars import Calendar
from weilend.core.values import NO_STANDING, Application, Standing
from weilend.decision import Policy
from weilend.decision.facts import drawn_by
from weilend.engine import BookView
from weilend.features.spine_links import BELONGING

#: The facts that are answered here.
OWED = ("exposure_fen", "group_exposure_fen", "open_loans_count")
#: How a business stands to which nothing was ever lent.
NOTHING_OWED = Standing(exposure_fen=0, group_exposure_fen=0, open_loans_count=0)
_LINK = (
    "from_kind", "from_id", "to_kind", "to_id", "role", "valid_from_on", "valid_until_on", "happened_at", "known_at", "known_until",
)  # fmt: skip


class OpenLoan(msgspec.Struct, frozen=True):
    """A loan that is not repaid: the business and the owner that owe it, and how much.

    >>> OpenLoan("E1", "P1", 5).outstanding_fen
    5
    """

    business_id: str
    owner_id: str | None
    outstanding_fen: int


def find_standings(
    policy: Policy, applications: Sequence[Application], view: BookView, calendar: Calendar
) -> tuple[Standing, ...]:
    """Return what each applicant owes and who draws for it, as known at its as_of; what the policy does not ask for is not read."""
    asks, draws = not set(OWED).isdisjoint(policy.inputs), bool(policy.experiments)
    if not (asks or draws):
        return (NO_STANDING,) * len(applications)
    asked: dict[int, set[str]] = defaultdict(set)
    for one in applications:
        asked[one.as_of].add(one.business_id)
    owning = Owning(view, {one.business_id for one in applications})
    found: dict[tuple[str, int], Standing] = {}
    for as_of, names in asked.items():
        owners = owning.of(names, as_of, calendar)
        owed = _owed(view, names, owners, as_of) if asks else dict.fromkeys(names, NO_STANDING)
        drawing = {name: drawn_by(name, owners.get(name, ())) if draws else "" for name in names}
        found |= {(name, as_of): msgspec.structs.replace(owed[name], drawn_by=drawing[name]) for name in names}
    standings = tuple(found[one.business_id, one.as_of] for one in applications)
    return with_spent(policy, applications, standings, view, calendar) if draws else standings


def _owed(view: BookView, names: set[str], owners: Mapping[str, frozenset[str]], as_of: int) -> dict[str, Standing]:
    groups = {name: _group(name, owners) for name in names}
    loans = open_loans(view, set().union(*groups.values()), set().union(*owners.values()), as_of)
    return {name: _standing(name, groups[name], owners.get(name, frozenset()), loans) for name in names}


def find_owners(view: BookView, names: set[str], as_of: int, calendar: Calendar) -> dict[str, frozenset[str]]:
    """Return the owners of some businesses, and of every other business that has one of them, by links in force at an instant."""
    return Owning(view, names).of(names, as_of, calendar)


class Owning:
    """Who owned some businesses, at any instant: read from the book once, for as many instants as are asked for."""

    def __init__(self, view: BookView, names: set[str]) -> None:
        right, words = BELONGING["owner_id"]
        said = {"from_kind": ("business",), "to_kind": (right,), "role": words}
        table = view.read("link", columns=_LINK, among=said)
        ever = {link["to_id"] for link in _among(table, "from_id", names)}
        self._of: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._by: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for link in _among(table, "to_id", ever):
            self._of[link["from_id"]].append(link)
            self._by[link["to_id"]].append(link)

    def of(self, names: set[str], as_of: int, calendar: Calendar) -> dict[str, frozenset[str]]:
        """Return the owners of some of the businesses, and of every other that has one of them, by links in force at an instant."""
        day = calendar.day_of(as_of)
        theirs = {link["to_id"] for name in names for link in self._of.get(name, ()) if _in_force(link, as_of, day)}
        owners: dict[str, set[str]] = defaultdict(set)
        for one in theirs:
            for link in self._by[one]:
                if _in_force(link, as_of, day):
                    owners[link["from_id"]].add(one)
        return {business: frozenset(found) for business, found in owners.items()}


def open_loans(view: BookView, businesses: set[str], owners: set[str], as_of: int) -> tuple[OpenLoan, ...]:
    """Return the loans of some businesses or owners on which something was owed, as known at an instant (UTC seconds).

    What is owed is what the newest state of a loan says, less what was repaid after it; without a state, the principal less
    repayments.
    """
    parties: dict[str, tuple[str, str | None]] = {}
    owed: dict[str, int] = defaultdict(int)
    since: dict[str, int] = defaultdict(lambda: -(2**62))
    for loan in _rows(view, "disbursement", "principal_fen", businesses, owners, as_of):
        parties[loan["loan_id"]] = loan["business_id"], loan["owner_id"]
        owed[loan["loan_id"]] += loan["principal_fen"]
    for state in _rows(view, "loan_state", "outstanding_fen", businesses, owners, as_of):
        parties.setdefault(state["loan_id"], (state["business_id"], state["owner_id"]))
        owed[state["loan_id"]], since[state["loan_id"]] = state["outstanding_fen"], state["happened_at"]
    for paid in _rows(view, "repayment", "principal_fen", businesses, owners, as_of):
        if paid["happened_at"] > since[paid["loan_id"]]:
            owed[paid["loan_id"]] -= paid["principal_fen"]
    return tuple(OpenLoan(*parties[name], fen) for name, fen in owed.items() if name in parties and fen > 0)


def _group(name: str, owners: Mapping[str, frozenset[str]]) -> frozenset[str]:
    own = owners.get(name, frozenset())
    return frozenset((name, *(other for other, theirs in owners.items() if not own.isdisjoint(theirs))))


def _standing(name: str, group: frozenset[str], owners: frozenset[str], loans: Sequence[OpenLoan]) -> Standing:
    own = [loan.outstanding_fen for loan in loans if loan.business_id == name]
    whole = [loan.outstanding_fen for loan in loans if loan.business_id in group or loan.owner_id in owners]
    return Standing(exposure_fen=sum(own), group_exposure_fen=sum(whole), open_loans_count=len(own))


def _rows(view: BookView, kind: str, value: str, businesses: set[str], owners: set[str], as_of: int) -> list[dict[str, Any]]:
    """Return the rows of a kind about some businesses or owners that had happened, oldest first."""
    columns = ("loan_id", "business_id", "owner_id", "happened_at", "seq", value)
    theirs = view.read(kind, as_of=as_of, columns=columns, subjects=sorted(businesses))
    persons = view.read(kind, as_of=as_of, columns=columns, among={"owner_id": sorted(owners)})
    rows = {row["seq"]: row for table in (theirs, persons) for row in table.to_pylist() if row["happened_at"] <= as_of}
    return sorted(rows.values(), key=lambda row: (row["happened_at"], row["seq"]))


def _among(table: pa.Table, column: str, names: set[str]) -> list[dict[str, Any]]:
    return list(table.filter(_is_in(table, column, names)).to_pylist())


def _is_in(table: pa.Table, column: str, names: set[str]) -> Any:
    return pc.is_in(table[column], value_set=pa.array(sorted(names), pa.string()))


def _in_force(link: Mapping[str, Any], as_of: int, day: date) -> bool:
    known = link["known_at"] <= as_of < link["known_until"]
    begun = known and link["happened_at"] <= as_of and (link["valid_from_on"] is None or link["valid_from_on"] <= day)
    return begun and (link["valid_until_on"] is None or day <= link["valid_until_on"])
