"""Owner features on reports and checks written by hand, and on random ones: engines equal, ranges hold."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from weilend.features.owner import OWNER_FEATURES
from weilend.testing.bulk import random_records
from weilend.testing.facts import HOME, fact, measure, measure_facts

TODAY = date(2020, 1, 10)
OWNERS = {"owner_id": ("P1", "P2", "P3")}


def report(owner: str, days_ago: int, *, whom: str = "owner", found: bool = True, **said):
    about = {"owner_id": owner, "business_id": "E1", "about_whom": whom, "bureau": "B1", "found": found}
    return fact("bureau_report", TODAY - timedelta(days_ago), **about, **said)


def check(days_ago: int, method: str, outcome: str, owner: str = "P1", **said):
    return fact("identity_check", TODAY - timedelta(days_ago), owner_id=owner, method=method, outcome=outcome, **said)


REPORTS = [
    report("P1", 400, lenders_count=1),  # before the year
    report("P1", 300, lenders_count=3, outstanding_fen=1_000, dpd=90, max_dpd_24m=120),
    report("P1", 150, queries_1m_count=9, guarantees_count=2, guarantees_fen=70),
    report(
        *("P1", 40),
        lenders_count=5,
        lenders_small_loan_count=2,
        outstanding_fen=6_000,
        unsecured_outstanding_fen=2_000,
        queries_1m_count=4,
        queries_6m_count=7,
        utilisation_ppm=900_000,
        dpd=0,
        max_dpd_24m=30,
        monthly_due_fen=250,
        overdue_fen=0,
        first_loan_on=date(2015, 1, 10),
        write_offs_count=0,
    ),
    # the other owner's first and only report of a year: no change is known of it
    report(
        "P2", 35, lenders_count=8, outstanding_fen=0, queries_1m_count=2, monthly_due_fen=50, first_loan_on=date(2018, 1, 10)
    ),
    report("P3", 33, found=False, lenders_count=99),  # no file: whatever it says is not a figure
    report("P9", 33, lenders_count=77, dpd=500),  # not linked to this business
    report("P1", 60, whom="business", dpd=12, lenders_count=4, outstanding_fen=40),
    report("P2", 50, whom="business", dpd=10, lenders_count=6, outstanding_fen=45),  # the same business, seen later
]
CHECKS = [
    check(40, "face", "pass", match_ppm=990_000, device_id="D1", attempt_no=1),
    check(39, "face", "pass", "P2", match_ppm=700_000, device_id="D2", attempt_no=1),
    check(38, "liveness", "fail", device_id="D1", attempt_no=1, looks_forged=True),
    check(89, "face", "fail", match_ppm=100_000, looks_forged=False),
    check(91, "face", "fail", match_ppm=100_000),
    check(20, "liveness", "unclear", attempt_no=3),
    check(200, "id_document", "pass", document_until_on=date(2019, 12, 1)),
    check(100, "id_document", "pass", document_until_on=date(2030, 1, 10)),  # renewed
    check(99, "id_document", "pass", "P2", document_until_on=date(2020, 1, 20)),
]

EXPECTED = {
    "owner_queries_1m_180d": 4,  # P1's last says 4, not 9; P2's 2
    "owner_queries_3m_180d": None,  # nobody says
    "owner_queries_6m_180d": 7,
    "owner_lenders_180d": 8,  # P2's; P3 has no file, P9 is a stranger
    "owner_lenders_change_365d": 2,  # P1 from 3 to 5; P2 has one report
    "owner_outstanding_change_fen_365d": 5_000,
    "owner_small_loan_lenders_180d": 2,
    "owner_outstanding_fen_180d": 6_000,
    "owner_monthly_due_fen_180d": 300,  # 250 + 50
    "owner_unsecured_share_180d": 333_330,  # P2 owes nothing, so has no share
    "owner_utilisation_180d": 900_000,
    "owner_guarantees_180d": 2,  # the last report that says
    "owner_guarantees_fen_180d": 70,
    "owner_dpd_180d": 0,  # 90 was 300 days ago
    "owner_max_dpd_24m_180d": 30,
    "owner_overdue_fen_180d": 0,
    "owner_write_offs_180d": 0,
    "owner_no_file_180d": 1,  # P3
    "owner_credit_age_days_365d": (TODAY - date(2015, 1, 10)).days,
    "business_dpd_180d": 10,
    "business_lenders_180d": 6,
    "business_outstanding_fen_180d": 45,  # one business, not twice
    "identity_failed_checks_90d": 2,
    "identity_fail_share_365d": 375_000,  # 3 of 8; unclear is neither
    "identity_forged_365d": 1,
    "identity_attempts_30d": 3,
    "identity_face_match_180d": 700_000,  # P1's last is 990,000, P2's 700,000
    "identity_document_left_days_365d": 10,  # P2's; P1's was renewed
    "identity_devices_90d": 2,
}


@pytest.fixture(scope="module")
def found():
    return measure_facts(OWNER_FEATURES, {"bureau_report": REPORTS, "identity_check": CHECKS}, TODAY, OWNERS)


@pytest.mark.parametrize("name", EXPECTED)
def test_an_owner_feature_is_what_the_reports_say(found, name):
    assert found[name] == EXPECTED[name]


def test_a_business_without_known_owners_has_no_bureau_features():
    found = measure_facts(OWNER_FEATURES, {"bureau_report": REPORTS, "identity_check": CHECKS}, TODAY)
    assert set(found.values()) == {None}


@pytest.mark.parametrize("seed", range(3))
def test_engines_agree_on_random_reports_and_ranges_hold(seed):
    since, until = HOME.start_of(date(2018, 6, 1)), HOME.start_of(TODAY)
    kinds = ["bureau_report", "identity_check"]
    tables = random_records(kinds, seed, rows=120, subjects=["P1", "P2"], since=since, until=until)
    found = measure(OWNER_FEATURES, tables, TODAY, OWNERS)
    assert all(found[one.name] is None or one.lo <= found[one.name] <= one.hi for one in OWNER_FEATURES)
    assert sum(value is not None for value in found.values()) > len(found) // 2
