"""In: nothing. Out: the crowds that a decision wants to know of, and what an application is told of them. Used: by the desk.

A crowd counts over the whole book (how many businesses one telephone serves), so it is no feature of one subject's records. Its
value is written as a `graph_profile` at the application, features read that record, and the nightly rebuild must give the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from weilend.core.crowd import Crowd, CrowdAsked, CrowdCount, Side
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
    columns = tuple(sorted({member, group, *formula.names} - {""}))
    return Side(kind, member, group, {dialect: formula.sql(dialect) for dialect in DIALECTS}, columns)


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

#: An application is one of many that come by the same thing within an hour, a day, a week, a month: others at each of these.
PACES = (1, 24, 168, 720)
PARTY = "from_kind in ('business', 'owner', 'person')"
#: What is counted by, and the rows that tie somebody to it.
PACED = {
    **{kind: speak_of("device_sighting", "owner_id", f"{kind}_id") for kind in ("device", "ip", "wifi")},
    **{
        kind: speak_of("link", "from_id", "to_id", f"{PARTY} and to_kind = '{kind}'")
        for kind in ("phone", "address", "account")
    },
}
for _thing, _side in PACED.items():
    CROWDS.add(f"{_thing}_pace", Crowd(
        name=f"{_thing}_pace", column=f"{_thing}_others_{{}}_count", of=_side, paces=PACES, is_of_others=True,
    ))  # fmt: skip

#: From fewer borrowers than this a region's rate says nothing, and is not known.
MIN_BORROWERS = 30
APPLICANT, FROM = ("business_id", "owner_id"), "from_id"


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
    applicants = _members(spine, *APPLICANT)
    with crowds.open_counter([CROWDS[name] for name in CROWDS], view) as counter:
        for name in CROWDS:
            crowd = CROWDS[name]
            asked = [
                (row, column, CrowdAsked(group, spine.as_of[row], seconds, applicants[row] if crowd.is_of_others else ()))
                for row, group in _groups(crowd, spine, applicants, counter)
                for column, seconds in crowd.windows.items()
            ]
            counts = crowds.answer(crowd, [question for _, _, question in asked], counter, indexes.get(name))
            for told in rows:
                told.update(dict.fromkeys(crowd.windows))
            for (row, column, _), found in zip(asked, counts, strict=True):
                value, before = _tell(crowd, found), rows[row][column]
                rows[row][column] = max((one for one in (value, before) if one is not None), default=None)
    return rows


def _members(spine: Spine, *roles: str) -> list[tuple[str, ...]]:
    """Return, per row, its subjects of some roles, sorted."""
    found: list[set[str]] = [set() for _ in range(spine.size)]
    for role in roles:
        for row, subject in spine.members(role):
            found[row].add(subject)
    return [tuple(sorted(one)) for one in found]


def _groups(
    crowd: Crowd, spine: Spine, applicants: Sequence[tuple[str, ...]], counter: crowds.Counter
) -> tuple[tuple[int, str], ...]:
    """Return each row with each group that its subjects are in: for links the business alone, or of others the owners too."""
    role = KINDS[crowd.of.kind].subjects[0]
    own = (
        (applicants if crowd.is_of_others else [(name,) for name in spine.subjects]) if role == FROM else _members(spine, role)
    )
    asked = [(row, subject) for row, subjects in enumerate(own) for subject in subjects]
    groups = crowds.groups_of(crowd, [(subject, spine.as_of[row]) for row, subject in asked], counter)
    return tuple(sorted({(row, group) for (row, _), each in zip(asked, groups, strict=True) for group in each}))


def _tell(crowd: Crowd, found: CrowdCount) -> int | None:
    if crowd.flagged is None:
        return found.members
    return found.rate_ppm if found.members >= MIN_BORROWERS else None
