"""A clear address is looked up before it is hidden, hits the list that names it, and who is erased leaves graph and crowds."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from mmdb_writer import write_mmdb

from weilend.app.desk.crowds import rebuild_crowds
from weilend.app.desk.erase import erase_subject
from weilend.app.desk.fraud.hits import ask_lists, read_lists
from weilend.app.desk.fraud.list_files import Said
from weilend.app.desk.fraud.lists import hide, import_list
from weilend.app.desk.fraud.rings import build_rings
from weilend.app.desk.fraud.subjects import touched
from weilend.app.desk.home import open_home
from weilend.app.desk.intake.ingest import ingest
from weilend.core.errors import InputError
from weilend.core.plan import Spine
from weilend.core.values import Application
from weilend.features.crowds import profile_rows
from weilend.sources.documents.envelope import seal_envelope
from weilend.sources.documents.neutral import FORMAT
from weilend.testing.loans import HOME, as_tables, link

AT = HOME.start_of(date(2019, 6, 1))
PROXY, CLEAN, PRIVATE = "8.8.8.8", "9.9.9.9", "10.0.0.1"


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda _: None)
    return open_home(tmp_path / "home")


def bring(home, folder: Path, *rows: dict) -> dict[str, dict]:
    path = folder / "seen.json"
    common = {"kind": "device_sighting", "occasion": "login"}
    path.write_bytes(seal_envelope(FORMAT, [{**common, "happened_at": AT, **row} for row in rows]))
    ingest(home, path, consent_id="own-data", at=AT)
    return {row["device_id"]: row for row in home.book.view().read("device_sighting").to_pylist()}


def test_a_clear_address_is_hidden_as_a_list_hides_it(home, tmp_path):
    seen = bring(home, tmp_path, {"device_id": "D1", "ip": PROXY, "wifi": "w"})
    assert seen["D1"]["ip_id"] == hide(home, "ip", PROXY) != hide(home, "device", PROXY)
    assert seen["D1"]["wifi_id"] == hide(home, "wifi", "w")
    assert seen["D1"]["is_proxy"] is None, "no file of networks: not known, never clean"


def test_files_of_networks_say_what_an_address_is(home, tmp_path):
    pytest.importorskip("maxminddb", reason="the extra geoip is not installed")
    folder = home.folder / "networks"
    folder.mkdir()
    anonymous = {f"{PROXY}/32": {"is_anonymous": True, "is_public_proxy": True}}
    (folder / "a.mmdb").write_bytes(write_mmdb("GeoIP2-Anonymous-IP", anonymous))
    city = {"9.0.0.0/8": {"country": {"iso_code": "CN"}, "subdivisions": [{"iso_code": "GD"}]}}
    (folder / "c.mmdb").write_bytes(write_mmdb("GeoLite2-City", city))
    rows = [{"device_id": f"D{address}", "ip": address} for address in (PROXY, CLEAN, PRIVATE)]
    seen = bring(home, tmp_path, *rows, {"device_id": "own", "ip": PROXY, "is_proxy": False})
    told = [(seen[name]["is_proxy"], seen[name]["ip_network"], seen[name]["ip_region"]) for name in sorted(seen)]
    assert told == [(None, None, None), (True, "proxy", None), (False, None, "CN-GD"), (False, "proxy", None)]
    (folder / "b.mmdb").write_bytes(b"no database")
    with pytest.raises(InputError, match=r"b\.mmdb is no database of networks"):
        bring(home, tmp_path, rows[0])


def test_a_pace_counts_others_within_its_window(home, tmp_path):
    ago = {"O1": 0, "O2": 3_599, "O3": 3_600, "O4": 8 * 86_400}
    rows = [{"device_id": "D1", "owner_id": name, "happened_at": AT - seconds} for name, seconds in ago.items()]
    bring(home, tmp_path, *rows)
    spine = Spine(("B1",), (AT,), linked={"device_id": (("D1",),), "owner_id": (("O1",),)})
    (row,) = profile_rows(home.book.view(), spine)
    assert [row[f"device_others_{window}_count"] for window in ("1h", "24h", "7d", "30d")] == [1, 2, 2, 3]
    assert row["ip_others_1h_count"] is None


def test_who_is_erased_leaves_no_trace_in_graph_and_crowds(home):
    home.book.append(as_tables([link("BGONE", "p1", "reachable_at", kinds=("business", "phone"))]))
    home.book.append(as_tables([link("OTHER", "BGONE", "guarantees", kinds=("business", "business"))]))
    build_rings(home)
    rebuild_crowds(home)

    def traces() -> set[str]:
        kept = [path for name in ("graph", "crowds") for path in (home.folder / name).rglob("*") if path.is_file()]
        return {path.parent.name.split("-")[0] for path in kept if b"BGONE" in path.read_bytes()}

    assert traces() == {"gen", "crowds"}
    erase_subject(home, "BGONE", at=AT)
    assert traces() == set()
    home.book.append(as_tables([link("B7", "p1", "reachable_at", kinds=("business", "phone"))]))
    build_rings(home)
    assert traces() == set()


def test_a_clear_address_on_a_list_hits_an_application_that_came_from_it(home, tmp_path):
    home.book.append(as_tables([link("B1", "D1", "uses", kinds=("business", "device"))]))
    bring(home, tmp_path, {"device_id": "D1", "ip": PROXY})
    path = tmp_path / "list.csv"
    path.write_text(f"subject\n{PROXY}\n", encoding="utf-8")
    said = Said(consent_id="own-data", subject_kind="ip", list_name="deny", source="own", reason="case 7")
    import_list(home, path, said, at=AT)
    view = home.book.view()
    one = Application(application_id="A1", product="p", business_id="B1", as_of=AT + 60, consent_id="own-data")
    (touches,) = touched(home, [one], view)
    (hit,) = ask_lists(read_lists(home, view), touches, one.as_of).hits
    assert (hit.kind, hit.meaning) == ("ip", "deny")
