"""In: nothing. Out: the crowds that a decision wants to know of, and what an application is told of them. Used: by the desk.

A crowd counts over the whole book (how many businesses one telephone serves), so it is no feature of one subject's records. Its
value is written as a `graph_profile` at the application, features read that record, and the nightly rebuild must give the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from weilend.core.crowd import Crowd, CrowdCount, Side
from weilend.core.plan import Spine
from weilend.core.records import KINDS
from weilend.core.registry import Registry
from weilend.engine import crowds
from weilend.engine.book_view import BookView
from weilend.features.plans import DIALECTS
from weilend.formula import parse


def speak_of(kind: str, member: str, group: str = "", where: str = "true") -> Side:
    """Return a side of a crowd; `where` is a formula over the kind's columns. Raises `FormulaError` where it is wrong.

    >>> print(speak_of("link", "from_id", "to_id", "to_kind = 'phone'").where_sql["duckdb"])
    ("to_kind" = 'phone')
    """
    formula = parse(where, KINDS[kind].readable())
    return Side(kind, member, group, {dialect: formula.sql(dialect) for dialect in DIALECTS})


def _linked(to_kind: str) -> Side:
    return speak_of("link", "from_id", "to_id", f"from_kind = 'business' and to_kind = '{to_kind}'")


#: Ninety days past due, or a state that says as much; a loan that was ever so counts for ever.
WENT_BAD = "dpd >= 90 or state in ('compensated', 'written_off', 'recovered')"

CROWDS: Registry[Crowd] = Registry("crowd")

for _crowd in (
    Crowd(name="phone_businesses", column="phone_businesses_count", of=_linked("phone")),
    Crowd(name="address_businesses", column="address_businesses_count", of=_linked("address")),
    Crowd(name="account_businesses", column="account_businesses_count", of=_linked("account")),
    Crowd(name="device_owners", column="device_owners_count", of=speak_of("device_sighting", "owner_id", "device_id")),
    Crowd(name="wifi_owners_30d", column="wifi_owners_30d_count", days=30,
          of=speak_of("device_sighting", "owner_id", "wifi_id")),
    Crowd(name="region_default_rate", column="region_default_rate_ppm",
          of=speak_of("registry_profile", "business_id", "region"),
          among=speak_of("disbursement", "business_id"),
          flagged=speak_of("loan_state", "business_id", where=WENT_BAD)),
):  # fmt: skip
    CROWDS.add(_crowd.name, _crowd)

#: From fewer borrowers than this a region's rate says nothing, and is not known.
MIN_BORROWERS = 30
BUSINESS, FROM = "business_id", "from_id"


def profile_rows(
    view: BookView, spine: Spine, indexes: Mapping[str, Path] = MappingProxyType({})
) -> list[dict[str, int | None]]:
    """Return, per spine row, the `graph_profile` column of every crowd: of all that the row's subjects share, the most.

    None where they share nothing of the sort, and where a rate stands on too few borrowers. `indexes` are files of
    `engine.crowds.rebuild` by crowd; without one the whole book is read, and the answer is the same.

    >>> from tempfile import TemporaryDirectory
    >>> from weilend.core.calendars import Calendar
    >>> from weilend.engine.book import Book
    >>> with TemporaryDirectory() as name:
    ...     profile_rows(Book.open(Path(name), calendar=Calendar()).view(), Spine(("E1",), (0,)))[0]["phone_businesses_count"]
    """
    rows: list[dict[str, int | None]] = [{} for _ in range(spine.size)]
    for name in CROWDS:
        crowd = CROWDS[name]
        asked = [(row, group) for row in range(spine.size) for group in _groups(crowd, view, spine, row)]
        counts = crowds.count(crowd, [(group, spine.as_of[row]) for row, group in asked], view, indexes.get(name))
        told = [(row, _tell(crowd, found)) for (row, _), found in zip(asked, counts, strict=True)]
        for row in range(spine.size):
            rows[row][crowd.column] = max((value for at, value in told if at == row and value is not None), default=None)
    return rows


def _groups(crowd: Crowd, view: BookView, spine: Spine, row: int) -> tuple[str, ...]:
    role = KINDS[crowd.of.kind].subjects[0]
    members = spine.members(BUSINESS if role == FROM else role)
    return crowds.groups_of(crowd, [name for at, name in members if at == row], spine.as_of[row], view)


def _tell(crowd: Crowd, found: CrowdCount) -> int | None:
    if crowd.flagged is None:
        return found.members
    return found.rate_ppm if found.members >= MIN_BORROWERS else None
