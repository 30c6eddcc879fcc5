"""An application is told of its crowd what the nightly rebuild at that seq says, and what a plain reading of every row says."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weilend.core.crowd import CrowdCount
from weilend.core.errors import BookError, NotFoundError
from weilend.core.plan import Spine
from weilend.core.records import KINDS
from weilend.engine import crowds
from weilend.engine.book import Book
from weilend.features.crowds import CROWDS, MIN_BORROWERS, profile_rows
from weilend.testing.facts import HOME, fact
from weilend.testing.records import as_table

DAY = 86_400
START = HOME.end_of(date(2019, 1, 1))
PHONE, WIFI, REGION = CROWDS["phone_businesses"], CROWDS["wifi_owners_30d"], CROWDS["region_default_rate"]

days, some = st.integers(0, 60), st.sampled_from(("A", "B", "C"))
links = st.tuples(st.just("link"), some, st.sampled_from(("p1", "p2")), st.sampled_from(("phone", "address")), days, days)
sightings = st.tuples(st.just("device_sighting"), some, st.sampled_from(("w1", "w2")), st.just(""), days, days)
regions = st.tuples(st.just("registry_profile"), some, st.sampled_from(("north", "south")), st.just(""), days, days)
loans = st.tuples(st.just("disbursement"), some, st.just(""), st.just(""), days, days)
states = st.tuples(st.just("loan_state"), some, st.just(""), st.sampled_from(("dpd", "fine")), days, days)
events = st.lists(st.one_of(links, sightings, regions, loans, states), max_size=14)


def rows_of(event) -> tuple[str, dict]:
    kind, member, group, word, happened, lag = event
    said = {
        "link": {"from_id": member, "to_id": group, "from_kind": "business", "to_kind": word, "role": "reachable_at"},
        "device_sighting": {"device_id": "D", "owner_id": member, "wifi_id": group, "occasion": "login"},
        "registry_profile": {"business_id": member, "region": group, "status": "active"},
        "disbursement": {"business_id": member, "loan_id": f"L{member}", "application_id": "a", "amount_fen": 1},
        "loan_state": {"business_id": member, "loan_id": f"L{member}", "state": "overdue", "dpd": 99 if word == "dpd" else 3},
    }[kind]
    row = dict(fact(kind, date(2019, 1, 1), **said))
    for field in KINDS[kind].fields:
        if row[field.name] is None and not field.nullable:
            row[field.name] = (
                field.words[0] if field.words else {"integer": 1, "text": "x", "date": date(2019, 1, 1)}[field.type]
            )
    return kind, row | {"happened_at": START + happened * DAY, "known_at": START + (happened + lag) * DAY}


def append(book: Book, told) -> None:
    by_kind: dict[str, list[dict]] = {}
    for kind, row in map(rows_of, told):
        by_kind.setdefault(kind, []).append(row)
    for kind, rows in by_kind.items():
        book.append({kind: as_table(KINDS[kind], rows)})


def plainly(crowd, told, group: str, as_of: int) -> CrowdCount:
    """Count by reading every row, one after the other."""
    there = [rows_of(event) for event in told]
    seen = [
        (kind, row) for kind, row in there if row["known_at"] <= as_of and as_of - crowd.days * DAY * bool(crowd.days) >= 0
        and row["happened_at"] <= as_of
    ]  # fmt: skip
    wanted = {
        "phone_businesses": lambda kind, row: kind == "link" and row["to_kind"] == "phone" and row["to_id"] == group,
        "wifi_owners_30d": lambda kind, row: (
            kind == "device_sighting" and row["wifi_id"] == group and row["happened_at"] > as_of - 30 * DAY
        ),
        "region_default_rate": lambda kind, row: kind == "registry_profile" and row["region"] == group,
    }[crowd.name]
    named = {"link": "from_id", "device_sighting": "owner_id"}
    members = {row[named.get(kind, "business_id")] for kind, row in seen if wanted(kind, row)}
    if crowd.among is None:
        return CrowdCount(len(members), 0)
    members &= {row["business_id"] for kind, row in seen if kind == "disbursement"}
    bad = {row["business_id"] for kind, row in seen if kind == "loan_state" and row["dpd"] >= 90}
    return CrowdCount(len(members), len(members & bad))


@settings(max_examples=12, deadline=None)
@given(events, events, st.booleans(), days)
def test_an_application_is_told_what_the_nightly_rebuild_says(before, after, compacted, day):
    asked = [
        (group, START + (day + ahead) * DAY) for group in ("p1", "p2", "w1", "north", "south", "none") for ahead in (0, 40)
    ]
    with tempfile.TemporaryDirectory() as name:
        book = Book.open(Path(name) / "book", calendar=HOME)
        append(book, before)
        if compacted:
            book.compact()
        indexes = {crowd.name: crowds.rebuild(crowd, book.view(), Path(name) / "crowds") for crowd in (PHONE, WIFI, REGION)}
        append(book, after)
        view = book.view()
        for crowd in (PHONE, WIFI, REGION):
            told = crowds.count(crowd, asked, view, indexes[crowd.name])
            rebuilt = crowds.rebuild(crowd, view, Path(name) / "nightly")
            assert told == crowds.count(crowd, asked, view, rebuilt) == crowds.count(crowd, asked, view)
            assert told == tuple(plainly(crowd, before + after, group, as_of) for group, as_of in asked)


def test_what_was_once_seen_stays_seen(tmp_path):
    """A telephone that was given up still ties the two; reading only what is in force would forget it."""
    book = Book.open(tmp_path / "book", calendar=HOME)
    link = ("link", "A", "p1", "phone", 0, 0)
    append(book, [link])
    index = crowds.rebuild(PHONE, book.view(), tmp_path / "crowds")
    kind, row = rows_of(link)
    table = as_table(KINDS[kind], [row])
    ended = as_table(KINDS[kind], [row | {"valid_until_on": date(2019, 1, 5), "known_at": START + 9 * DAY}])
    book.append({kind: ended.set_column(ended.column_names.index("key"), "key", table["key"])})
    assert crowds.count(PHONE, [("p1", START + 20 * DAY)], book.view(), index) == (CrowdCount(1, 0),)
    assert crowds.count(PHONE, [("p1", START + 20 * DAY)], book.view()) == (CrowdCount(1, 0),)


def test_an_index_that_knows_too_much_is_refused(tmp_path):
    book = Book.open(tmp_path / "book", calendar=HOME)
    append(book, [("link", "A", "p1", "phone", 0, 0)])
    early = book.view()
    append(book, [("link", "B", "p1", "phone", 0, 0)])
    index = crowds.rebuild(PHONE, book.view(), tmp_path / "crowds")
    with pytest.raises(BookError, match="the index of phone_businesses reads to 2, the view to 1"):
        crowds.count(PHONE, [("p1", START)], early, index)
    with pytest.raises(NotFoundError, match="no index"):
        crowds.count(PHONE, [("p1", START)], early, tmp_path / "none.parquet")


def test_a_profile_takes_the_most_of_what_a_row_shares_and_no_rate_of_a_few(tmp_path):
    book = Book.open(tmp_path / "book", calendar=HOME)
    many = [f"B{number}" for number in range(MIN_BORROWERS)]
    told = [("link", name, "p1", "phone", 0, 0) for name in ("A", "B", "C")] + [("link", "A", "p2", "phone", 0, 0)]
    told += [("registry_profile", name, "north", "", 0, 0) for name in ("A", *many)]
    told += [("disbursement", name, "", "", 0, 0) for name in many]
    told += [("loan_state", name, "", "dpd", 1, 0) for name in many[:3]]
    append(book, told)
    row, unknown = profile_rows(book.view(), Spine(("A", "nobody"), (START + 3 * DAY,) * 2))
    assert row["phone_businesses_count"] == 3
    assert row["region_default_rate_ppm"] == 100_000
    assert row["address_businesses_count"] is None
    assert set(unknown.values()) == {None}
    (before,) = profile_rows(book.view(), Spine(("A",), (START,)))
    assert before["region_default_rate_ppm"] == 0
