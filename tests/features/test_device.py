"""Features of devices, behaviour and identity checks, from a few rows worked out by hand, and on any rows at all."""

from __future__ import annotations

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from weilend.core.plan import Spine
from weilend.core.records import KINDS
from weilend.features.device import DEVICE_FEATURES
from weilend.features.plans import FeatureSet, make_plan, unique_names
from weilend.testing.facts import HOME, fact_at, look_at_facts
from weilend.testing.records import rows

DEVICE = FeatureSet("device", unique_names(DEVICE_FEATURES))
PLAN = make_plan(DEVICE)
AS_OF, DAY = HOME.start_of(date(2020, 1, 1)), 86_400
SPINE = Spine(("B1",), (AS_OF,), linked={"device_id": (("D1", "D2"),), "owner_id": (("O1",),)})


def sight(days_ago: float, device: str = "D1", **fields: object) -> dict[str, object]:
    return fact_at("device_sighting", AS_OF - int(days_ago * DAY), device_id=device, occasion="login", **fields)


def event(days_ago: float, act: str, **fields: object) -> dict[str, object]:
    return fact_at("user_event", AS_OF - int(days_ago * DAY), owner_id="O1", act=act, **fields)


def verify(days_ago: float, method: str, outcome: str, **fields: object) -> dict[str, object]:
    return fact_at("identity_check", AS_OF - int(days_ago * DAY), owner_id="O1", method=method, outcome=outcome, **fields)


def compute(facts: dict[str, list]) -> dict[str, int | None]:
    return look_at_facts(DEVICE, facts, SPINE)


def check(facts: dict[str, list], expected: dict[str, int | None]) -> None:
    values = compute(facts)
    assert {name: values[name] for name in expected} == expected


def test_devices():
    seen = [
        sight(1, ip_id="i1", ip_region="310000", is_emulator=True, is_gps_mismatch=True, ip_gps_metres=100_001, owner_id="O1"),
        sight(8, "D2", ip_id="i2", ip_region="440000", is_emulator=False, is_gps_mismatch=False, ip_gps_metres=100_000,
              owner_id="O9", ip_network="proxy", accounts_count=7),
        sight(40, ip_id="i1", is_rooted=True, owner_id="O2", ip_network="unknown", battery_ppm=1_000_000),
        sight(91, ip_id="i3", is_emulator=True, ip_region="110000"),
        sight(2, "D3", ip_id="i4", is_emulator=True),  # not a device of this business
        sight(3, is_proxy=True, ip_network="home", gps_declared_metres=50_001),
    ]  # fmt: skip
    check(
        {"device_sighting": seen},
        {
            "device_count_7d": 1, "device_count_30d": 2, "device_count_90d": 2,
            "device_ip_count_7d": 1, "device_ip_count_30d": 2, "device_ip_count_90d": 2,
            "device_ip_region_count_7d": 1, "device_ip_region_count_90d": 2,
            "device_emulator_count_90d": 1,  # the one of 91 days ago is out
            "device_rooted_count_90d": 1,
            "device_proxy_count_90d": 2,  # one says so, the other's network does
            "device_gps_mismatch_share_90d": 500_000,  # of the two that tell
            "device_far_share_90d": 500_000,
            "device_off_site_share_90d": 1_000_000,
            "device_hidden_network_share_30d": 500_000,  # proxy against home
            "device_full_battery_share_30d": None,  # told only 40 days ago
            "device_owner_count_90d": 3, "device_owner_count_30d": 2,
            "device_accounts_most_90d": 7,
            "device_seen_count_30d": 3,
            "login_failed_count_7d": None,  # no event is known, which is not no failure
        },
    )  # fmt: skip


def test_behaviour():
    done = [
        event(1, "fill_field", duration_ms=499, is_pasted=True, device_id="D1", edits_count=2),
        event(1, "fill_field", duration_ms=500, is_pasted=False, device_id="D2", edits_count=3),
        event(1, "fill_field", duration_ms=2_001, device_id="D1"),
        event(1, "fill_field"),
        event(1, "view", duration_ms=9, is_pasted=True),
        event(2, "read_terms", duration_ms=8_000),
        event(6, "change_payee"), event(8, "change_password"), event(20, "login_failed"), event(3, "login_failed"),
        event(89, "leave_form"), event(60, "change_device"),
    ]  # fmt: skip
    check(
        {"user_event": done},
        {
            "form_field_mean_ms_30d": 1_000,  # (499 + 500 + 2,001) / 3
            "form_field_fast_share_30d": 333_333,
            "form_pasted_share_30d": 500_000,
            "form_edits_count_30d": 5,
            "terms_read_mean_ms_30d": 8_000,
            "credential_change_count_7d": 1, "credential_change_count_90d": 3, "payee_change_count_30d": 1,
            "login_failed_count_7d": 1, "login_failed_count_30d": 2,
            "user_device_count_30d": 2, "form_left_count_90d": 1,
            "user_active_days_90d": 8,  # 1, 2, 3, 6, 8, 20, 60, 89 days ago
        },
    )  # fmt: skip


def test_identity():
    checks = [
        verify(1, "face", "fail", match_ppm=300_000, attempt_no=1, looks_forged=True, device_id="D1"),
        verify(1, "face", "pass", match_ppm=900_000, attempt_no=2, device_id="D2"),
        verify(1, "bank_card", "fail", match_ppm=1),
        verify(20, "liveness", "unavailable", match_ppm=10),  # the service was down: says nothing
        verify(40, "liveness", "fail"),
        verify(50, "id_number", "pass"),
    ]
    check(
        {"identity_check": checks},
        {
            "identity_fail_count_7d": 2, "identity_fail_count_30d": 2,
            "identity_fail_share_90d": 600_000,  # 3 of the 5 that were decided
            "liveness_fail_count_30d": 1, "liveness_fail_count_90d": 2,
            "identity_forged_count_365d": 1,
            "face_match_least_365d": 300_000,
            "identity_methods_passed_365d": 2,
            "identity_device_count_90d": 2,
            "identity_attempts_most_90d": 2,
        },
    )  # fmt: skip


@settings(max_examples=3, deadline=None)
@given(st.data())
def test_engines_agree_and_ranges_hold_on_any_rows(data):
    facts = {}
    for kind in DEVICE.kinds:
        some = data.draw(st.lists(rows(KINDS[kind], ("D1", "D2", "O1")), min_size=1, max_size=4))
        times = st.integers(AS_OF - 200 * DAY, AS_OF + 5 * DAY)
        facts[kind] = [{**one, "happened_at": (when := data.draw(times)), "known_at": when} for one in some]
    values = compute(facts)
    for feature in DEVICE.features:
        value = values[feature.name]
        assert value is None or feature.lo <= value <= feature.hi, feature.name
