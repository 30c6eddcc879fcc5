"""A profile that comes with an application says what the nightly rebuild at that seq says; one that does not is found."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import msgspec
import pytest

from weilend.app.desk.crowds import PROFILE, audit_profile, fill_profiles, profile, rebuild_crowds
from weilend.app.desk.home import Home, open_home
from weilend.app.desk.records import to_rows, to_tables
from weilend.core.values import Application
from weilend.features.crowds import CROWDS
from weilend.testing.loans import HOME, as_tables, link

PHONES = ("business", "phone")
AS_OF = HOME.start_of(date(2019, 6, 1))
APPLICATION = Application(application_id="A1", product="p", business_id="B1", as_of=AS_OF, consent_id="own-data")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = open_home(tmp_path / "home")
    home.book.append(as_tables([link(f"B{number}", "p1", "reachable_at", kinds=PHONES) for number in range(1, 5)]))
    return home


def test_a_profile_is_the_same_with_an_index_without_one_and_with_what_came_after(home: Home) -> None:
    def told() -> object:
        return profile(home, APPLICATION, {})[PROFILE][0]["phone_businesses_count"]

    assert told() == 4
    assert rebuild_crowds(home) == dict.fromkeys(CROWDS, home.book.view().seq)
    assert told() == 4
    home.book.append(as_tables([link("B9", "p1", "reachable_at", kinds=PHONES)]))
    assert told() == 5


def test_what_comes_with_an_application_counts_and_the_audit_finds_a_false_profile(home: Home) -> None:
    records = to_rows(
        as_tables([link("B1", "p2", "reachable_at", kinds=PHONES), link("B7", "p1", "reachable_at", kinds=PHONES)])
    )
    records |= profile(home, APPLICATION, records)
    assert records[PROFILE][0]["phone_businesses_count"] == 5
    home.book.append(to_tables(records))
    home.book.append(as_tables([link("B8", "p1", "reachable_at", kinds=PHONES)]))
    rebuild_crowds(home)
    assert list(audit_profile(home, APPLICATION, records)) == []
    forged = {**records, PROFILE: [{**records[PROFILE][0], "phone_businesses_count": 1}]}
    (found,) = audit_profile(home, APPLICATION, forged)
    assert "the book gives phone_businesses_count = 5" in found
    later = msgspec.structs.replace(APPLICATION, as_of=AS_OF + 1)
    assert list(audit_profile(home, later, records)) == []


def test_profiles_that_are_filled_in_later_say_what_was_known_then_and_are_filled_in_once(home: Home) -> None:
    later = msgspec.structs.replace(APPLICATION, application_id="A2", as_of=AS_OF + 400 * 86_400)
    home.book.append(as_tables([link("B9", "p1", "reachable_at", kinds=PHONES, on=date(2019, 9, 1))]))
    assert fill_profiles(home, (APPLICATION, later)) == 2
    assert fill_profiles(home, (APPLICATION, later)) == 0
    columns = ("happened_at", "known_at", "known_basis", "phone_businesses_count")
    rows = home.book.view().read(PROFILE, columns=columns).to_pylist()
    assert sorted(tuple(row[name] for name in columns) for row in rows) == [
        (AS_OF, AS_OF, "reconstructed", 4),
        (later.as_of, later.as_of, "reconstructed", 5),
    ]
