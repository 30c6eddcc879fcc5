"""A small home of applicants: forty honest ones, and a ring of five who share a phone and a device, as tests of fraud want it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from weilend.app.desk.desk import Desk, open_desk
from weilend.core.records import KINDS
from weilend.testing.facts import fact_at
from weilend.testing.records import Row, as_table

DAY = 86_400
START = 1_577_808_000  # 2020-01-01 in Shanghai
HONEST, RING = 40, 5
NAMES = [f"B{number:02d}" for number in range(HONEST + RING)]
PRODUCT = "enterprise_loan"


def as_of(name: str) -> int:
    """Return when a business applies: one a day, the ring within hours of one day."""
    place = NAMES.index(name)
    return START + (place * DAY if place < HONEST else HONEST * DAY + 7_200 * (place - HONEST)) + 36_000


def in_ring(name: str) -> bool:
    return NAMES.index(name) >= HONEST


def facts_of(name: str) -> Iterator[tuple[str, Row]]:
    """Yield what is known of one applicant an hour before it applies, and its application."""
    at, owner, ring = as_of(name) - 3_600, f"O{name}", in_ring(name)
    device = "Dring" if ring else f"D{name}"
    phone = "Pring" if ring else f"P{name}"
    link = {"evidence": "declared"}
    yield "link", fact_at("link", at, from_id=name, to_id=owner, from_kind="business", to_kind="owner", role="owns", **link)
    yield "link", fact_at("link", at, from_id=owner, to_id=device, from_kind="owner", to_kind="device", role="uses", **link)
    yield (
        "link",
        fact_at("link", at, from_id=owner, to_id=phone, from_kind="owner", to_kind="phone", role="reachable_at", **link),
    )
    # a market hall: everybody is there, and nobody is a ring by that
    yield (
        "link",
        fact_at("link", at, from_id=name, to_id="Ahall", from_kind="business", to_kind="address", role="located_at", **link),
    )
    place = NAMES.index(name)
    yield "device_sighting", fact_at(
        "device_sighting", at, device_id=device, owner_id=owner, occasion="apply", ip_id=f"I{place % 7}", ip_network="home",
        is_emulator=ring, is_proxy=False, is_rooted=False, accounts_count=RING if ring else 1 + place % 2,
        battery_ppm=400_000 + place,
    )  # fmt: skip
    yield "identity_check", fact_at(
        "identity_check", at, owner_id=owner, business_id=name, device_id=device, method="face", outcome="pass", attempt_no=1,
        match_ppm=900_000 + place,
    )  # fmt: skip
    for field in range(3):
        yield "user_event", fact_at(
            "user_event", at + field, owner_id=owner, device_id=device, act="fill_field", page=f"f{field}",
            duration_ms=300 if ring else 4_000 + 90 * place * (1 + field), is_pasted=ring, edits_count=place % 3,
        )  # fmt: skip
    yield "application", fact_at("application", as_of(name), business_id=name, application_id=f"A{name}", product=PRODUCT)


def make_desk(folder: Path) -> Desk:
    """Return the desk of a new home with all applicants."""
    desk = open_desk(folder)
    rows: dict[str, list[Row]] = {}
    for name in NAMES:
        for kind, row in facts_of(name):
            rows.setdefault(kind, []).append(row)
    desk.home.book.append({kind: as_table(KINDS[kind], some) for kind, some in rows.items()})
    return desk


def list_entry(desk: Desk, kind: str, subject: str, list_name: str, at: int, **said: object) -> None:
    """Put a subject on a list at an instant, as an import does."""
    from weilend.app.desk.fraud.lists import shelf

    row = fact_at("list_entry", at, subject_id=subject, subject_kind=kind, list_name=list_name, act="added", reason="case 7")
    desk.home.book.append({"list_entry": as_table(KINDS["list_entry"], [{**row, **said}])})
    shelf(desk.home).catch_up(desk.home.book)
