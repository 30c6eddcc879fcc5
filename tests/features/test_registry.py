"""Registry features on events and looks written by hand, and on random ones: engines equal, ranges hold."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from weilend.features.registry import REGISTRY_FEATURES
from weilend.testing.bulk import random_records
from weilend.testing.facts import HOME, fact, measure, measure_facts

TODAY = date(2020, 1, 10)


def event(what: str, days_ago: int):
    return fact("registry_event", TODAY - timedelta(days_ago), business_id="E1", event=what, legal_form="company")


def look(days_ago: int, status: str = "active", **said):
    return fact("registry_profile", TODAY - timedelta(days_ago), business_id="E1", status=status, **said)


#: An event at the end of the day 180 days ago lies within 180 days of 24 hours before 00:00 today, one a day earlier does not.
EVENTS = [
    *(event("representative_changed", days) for days in (180, 181, 365, 366)),
    *(event("shareholders_changed", days) for days in (100, 200)),
    *(event("address_changed", days) for days in (50, 60, 364)),
    *(event("scope_changed", days) for days in (50,)),
    *(event("managers_changed", days) for days in (300,)),
    *(event("name_changed", days) for days in (900,)),
    *(event("listed_abnormal", days) for days in (200, 700)),
    *(event("delisted_abnormal", days) for days in (190,)),
    *(event("penalised", days) for days in (1_000, 1_100)),
    *(event("shares_frozen", days) for days in (500,)),
    *(event("shares_pledged", days) for days in (501,)),
    *(event("chattel_mortgaged", days) for days in (400,)),
]
PROFILE = [
    look(900, "revoked", capital_registered_fen=1_000, staff_count=30),
    look(600, "abnormal", capital_registered_fen=3_000, staff_count=12, scope_hash="a"),
    look(400, "active", scope_hash="b"),
    look(
        *(100, "active"),
        founded_on=date(2010, 1, 1),
        licence_until_on=date(2020, 1, 1),
        capital_registered_fen=3_000,
        capital_paid_fen=1_000,
        staff_count=9,
        scope_hash="a",
        owner_share_ppm=600_000,
        licences_count=2,
    ),
    look(40, "abnormal", capital_registered_fen=0, capital_paid_fen=5, branches_count=0),  # no ratio to no capital
]

EXPECTED = {
    "registry_representative_changes_180d": 1,
    "registry_representative_changes_365d": 3,
    "registry_days_since_representative_change_1095d": 180,
    "registry_shareholder_changes_180d": 1,
    "registry_shareholder_changes_365d": 2,
    "registry_days_since_ownership_change_1095d": 100,
    "registry_address_changes_180d": 2,
    "registry_address_changes_365d": 3,
    "registry_scope_changes_365d": 1,
    "registry_manager_changes_365d": 1,
    "registry_name_changes_1095d": 1,
    "registry_changes_180d": 5,  # representative, shareholders, two addresses, scope
    "registry_kinds_of_change_180d": 4,
    "registry_abnormal_listings_365d": 1,
    "registry_abnormal_listings_1095d": 2,
    "registry_penalties_365d": 0,
    "registry_penalties_1095d": 1,
    "registry_shares_bound_1095d": 2,
    "registry_chattels_mortgaged_1095d": 1,
    "registry_age_days_180d": (TODAY - date(2010, 1, 1)).days,  # the look was 100 days ago, the age is today's
    "registry_licence_left_days_180d": -9,  # ended on 1 January, after the look
    "registry_standing_180d": 1,
    "registry_standing_worst_1095d": 3,
    "registry_capital_fen_180d": 0,
    "registry_capital_paid_share_180d": 333_330,
    "registry_capital_change_fen_1095d": -1_000,  # 1,000 at first, 0 at last
    "registry_staff_180d": 9,
    "registry_staff_change_730d": -3,  # 12, then 9; 900 days are out of reach
    "registry_owner_share_180d": 600_000,
    "registry_permits_180d": 2,
    "registry_shareholders_180d": None,
    "registry_branches_180d": 0,
    "registry_scopes_730d": 2,
}


@pytest.fixture(scope="module")
def found():
    return measure_facts(REGISTRY_FEATURES, {"registry_event": EVENTS, "registry_profile": PROFILE}, TODAY)


def test_every_registry_feature_is_worked_by_hand():
    assert set(EXPECTED) == {feature.name for feature in REGISTRY_FEATURES}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_registry_feature_is_what_the_register_says(found, name):
    assert found[name] == EXPECTED[name]


@pytest.mark.parametrize("seed", range(3))
def test_engines_agree_on_random_registers_and_ranges_hold(seed):
    since, until = HOME.start_of(date(2017, 1, 1)), HOME.start_of(TODAY)
    kinds = ["registry_event", "registry_profile"]
    found = measure(REGISTRY_FEATURES, random_records(kinds, seed, rows=80, subjects=["E1"], since=since, until=until), TODAY)
    assert all(found[one.name] is None or one.lo <= found[one.name] <= one.hi for one in REGISTRY_FEATURES)
    assert sum(value is not None for value in found.values()) > len(found) // 2
