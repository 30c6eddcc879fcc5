"""People of the economy: reports follow debts, features read them, contacts have known effects, fraud changes what it says."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from tests.economy.people_worlds import HOME, district, known, made

from weilend.core.errors import NotFoundError
from weilend.core.plan import Spine
from weilend.economy.people import (
    fresh_numbers,
    make_people,
    make_scene,
    owner_codes,
    run_campaign,
    set_scene,
    tell_people,
    tokens,
    with_labels,
    with_shared,
)
from weilend.economy.people.bureau import tell_bureau
from weilend.economy.people.holdings import HABITS, NO_DAY, OF_FIRMS, OF_USERS
from weilend.economy.people.making import first_day
from weilend.economy.plan import make_plan
from weilend.engine import duckdb
from weilend.engine.book import Book
from weilend.features.compute import finish
from weilend.features.device import DEVICE_FEATURES
from weilend.features.owner import OWNER_FEATURES
from weilend.features.plans import FeatureSet
from weilend.features.plans import make_plan as plan_features
from weilend.features.registry import REGISTRY_FEATURES
from weilend.features.spine_links import link_subjects

# --- what reports say -----------------------------------------------------------------------------------------------------------


def test_bureau_reports_follow_what_others_lent():
    scenes = [district(number)[0] for number in range(3)]
    reports = [pa.Table.from_pylist(bureau_rows(number)) for number in range(3)]
    found = np.concatenate([known(report, "found") for report in reports])
    assert 0.08 < 1 - found.mean() < 0.17
    lent, listed, due = [], [], []
    for scene, report in zip(scenes, reports, strict=True):
        asks, at = scene.asks, {(code, when): place for place, (code, when) in enumerate(asked(scene))}
        for row in report.to_pylist():
            if row["found"]:
                place = at[row["business_id"], row["happened_on"].isoformat()[:7]]
                firm, month = asks.firm[place], asks.month[place]
                lent.append((scene.months.borrowed[firm, max(month - 12, 0) : month] > 0).sum())
                due.append(scene.months.service[firm, month])
                listed.append((row["lenders_count"], row["monthly_due_fen"] / 100))
                assert row["queries_1m_count"] <= row["queries_3m_count"] <= row["queries_6m_count"]
                assert row["dpd"] <= row["max_dpd_12m"] <= row["max_dpd_24m"]
                assert row["unsecured_outstanding_fen"] <= row["outstanding_fen"]
    lenders, monthly = np.array(listed).T
    assert 0.45 < np.corrcoef(lent, lenders)[0, 1] < 0.95  # honest noise: cards and a mortgage stand beside the firm's debts
    assert (monthly >= np.array(due) - 1).all()


def test_a_report_knows_nothing_of_months_to_come():
    scene = make_scene(make_plan(businesses=300, months=24, seed=9), 0)
    asks, months = scene.asks, scene.months
    last = np.flatnonzero(asks.month == 12)
    asks = msgspec.structs.replace(asks, firm=asks.firm[last], month=asks.month[last], want=asks.want[last])

    def changed(since):
        names = ("borrowed", "cash", "late", "sales", "paid")
        after = {name: getattr(months, name).copy() for name in names}
        for values in after.values():
            values[:, since:] += 7
        return tell_bureau(set_scene(scene.plan, scene.firms, msgspec.structs.replace(months, **after), asks, scene.people))[0]

    plain = tell_bureau(set_scene(scene.plan, scene.firms, months, asks, scene.people))[0]
    assert changed(12) == plain
    assert changed(11) != plain, "the month before is known"


def bureau_rows(number):
    report = district(number)[2]["bureau_report"]
    return report.filter(pc.equal(report["about_whom"], "owner")).to_pylist()


def asked(scene):
    months = [
        f"{year}-{month + 1:02d}"
        for year, month in (divmod(scene.plan.first_month + one, 12) for one in scene.asks.month.tolist())
    ]
    return zip(scene.firms.code[scene.asks.firm].tolist(), months, strict=True)


def test_features_read_what_people_leave(tmp_path):
    scene, _, told = made(make_scene(make_plan(businesses=120, months=24, seed=4), 0))
    book = Book.open(tmp_path / "book", calendar=HOME)
    book.append({kind: table.drop_columns(["known_until"]) for kind, table in told.items()})
    book.compact()
    ends = {row["record_id"]: row["known_until"] for row in book.view().read("link").to_pylist()}
    told_ends = zip(told["link"]["record_id"].to_pylist(), told["link"]["known_until"].to_pylist(), strict=True)
    assert all(ends[one] == until for one, until in told_ends), "the book finds the same ends by itself"
    plain = Spine(tuple(scene.firms.code[scene.asks.firm].tolist()), tuple((scene.asked_at() + 60).tolist()))
    spine = link_subjects(book.view(), plain, HOME)
    codes = owner_codes(scene.district, scene.askers()).to_pylist()
    assert all(code in owners for code, owners in zip(codes, spine.linked["owner_id"], strict=True))
    assert all(spine.linked["device_id"])
    picked = FeatureSet(
        "people", tuple(one for one in (*OWNER_FEATURES, *REGISTRY_FEATURES, *DEVICE_FEATURES) if one.name in READ)
    )
    table = finish(picked, spine, duckdb.fold(plan_features(picked), spine, book.view(), HOME), HOME)
    shares = dict(zip([one.name for one in picked.features], table.known.mean(axis=0), strict=True))
    assert set(shares) == READ
    assert all(share > 0.7 for name, share in shares.items()), shares


READ = {
    "owner_queries_3m_180d", "owner_lenders_180d", "owner_monthly_due_fen_180d", "owner_no_file_180d", "identity_face_match_180d",
    "identity_attempts_30d", "registry_age_days_180d", "registry_standing_180d", "registry_staff_180d", "registry_changes_180d",
    "device_count_30d", "device_accounts_most_90d", "form_field_mean_ms_30d", "form_pasted_share_30d", "device_emulator_count_90d",
}  # fmt: skip


# --- reach ----------------------------------------------------------------------------------------------------------------------


def test_every_contact_has_a_known_effect_and_no_record_tells_it():
    contacted, changed, uplift, sorts = 0, 0, 0.0, Counter()
    for number in range(3):
        scene, campaign, told = district(number)
        reach, honest = campaign.reach, make_scene(scene.plan, number).asks
        user, channel = campaign.user[campaign.channel >= 0], campaign.channel[campaign.channel >= 0]
        effect = reach.asks_if[user, channel].astype(int) - reach.anyway[user]
        assert len(campaign.asks) - len(honest) == effect.sum()
        contacted, changed, uplift = (
            contacted + len(user),
            changed + effect.sum(),
            uplift + reach.uplift_ppm[user, channel].sum() / 1e6,
        )
        sorts.update(np.sign(reach.uplift_ppm[:, 1]).tolist())
        assert not reach.uplift_ppm[~scene.people.is_owner].any()
        assert (reach.uplift_ppm[reach.anyway] <= 0).all()
        words = {name for table in told.values() for name in table.column_names}
        assert not [name for name in words if "uplift" in name or "is_owner" in name or "anyway" in name]
    assert abs(changed - uplift) < 4 * np.sqrt(uplift + 1)
    assert changed > 5
    assert min(sorts[-1], sorts[0], sorts[1]) > 3  # put off; sure or lost; persuadable


def test_the_campaign_holds_out_by_chance():
    scene, campaign, told = district()
    touches = told["campaign_touch"]
    stage = Counter(touches["stage"].to_pylist())
    drawn = stage["held_out"] + stage["chosen"]
    assert 0.15 < stage["held_out"] / drawn < 0.25
    assert stage["sent"] == stage["chosen"] > stage["delivered"] > stage["seen"] > stage["clicked"] >= stage["applied"]
    held = scene.people.is_owner[campaign.user[campaign.channel < 0]].mean()
    assert abs(held - scene.people.is_owner[campaign.user].mean()) < 0.08
    chance = touches.group_by("arm").aggregate([("chance_ppm", "min"), ("chance_ppm", "max")])
    assert chance["chance_ppm_min"].to_pylist() == chance["chance_ppm_max"].to_pylist()


# --- what fraud may change ------------------------------------------------------------------------------------------------------


def test_a_gang_shares_things_and_leaves_everybody_else_alone():
    scene = make_scene(make_plan(businesses=400, months=24, seed=9), 0)
    gang = np.unique(scene.asks.firm)[:6]
    people = with_labels(scene.people, "device", gang, np.zeros(len(gang), np.int64))
    people = with_labels(people, "desk_phone", gang, np.zeros(len(gang), np.int64))
    people = with_shared(people, gang, pace=300.0, pastes=1.0)
    others = np.setdiff1d(np.arange(len(people)), people.owner_of[gang])
    for name in (*OF_USERS, *HABITS):
        before, after = getattr(scene.people, name), getattr(people, name)
        parts = (before, after) if name in HABITS else (before.first, after.first)
        assert (parts[0][others] == parts[1][others]).all(), name
    told = tell_people(set_scene(scene.plan, scene.firms, scene.months, scene.asks, people), run_campaign(scene))
    device = tokens("device", people.device.first[people.owner_of[gang[:1]]])[0].as_py()
    sightings = told["device_sighting"][0].filter(pc.equal(told["device_sighting"][0]["device_id"], device))
    assert len(set(sightings["owner_id"].to_pylist())) >= 6
    links = told["link"][0]
    phone = tokens("phone", people.desk_phone.first[gang[:1]])[0].as_py()
    assert len(set(links.filter(pc.equal(links["to_id"], phone))["from_id"].to_pylist())) == 6
    events = told["user_event"][0]
    fields = events.filter(pc.and_(pc.equal(events["act"], "fill_field"), pc.equal(events["device_id"], device)))
    assert np.median(known(fields, "duration_ms")) < 500


def test_things_may_be_shared_from_a_day_on_and_unknown_things_are_refused():
    scene = make_scene(make_plan(businesses=60, months=12, seed=1), 0)
    number = fresh_numbers(scene.people, 1)[0]
    people = with_shared(scene.people, np.array([4]), since=20_200, phone=number, address=number)
    owner = scene.people.owner_of[4:5]
    assert people.phone.at(owner, np.array([20_199])) == scene.people.phone.first[owner]
    assert people.phone.at(owner, np.array([20_200])) == people.address.at(np.array([4]), np.array([20_200])) == number
    with pytest.raises(NotFoundError, match="people hold no boat"):
        with_shared(scene.people, np.array([4]), boat=1)
    assert scene.people.phone.first.shape == (240,)
    assert all(getattr(people, name).first.shape == (60,) for name in OF_FIRMS)


def test_what_fraud_does_to_the_register_to_credentials_and_to_debts_is_told():
    scene = make_scene(make_plan(businesses=300, months=24, seed=9), 0)
    place = int(np.flatnonzero(scene.asks.month >= 12)[0])
    firm, month = scene.asks.firm[place : place + 1], int(scene.asks.month[place])
    day = np.array([first_day(scene.plan, month - 2)])
    changes = (SimpleNamespace(event="representative_changed", firm=firm, day=day),
               SimpleNamespace(event="change_payee", firm=firm, day=day))  # fmt: skip
    loan = SimpleNamespace(firm=firm.repeat(5), day=day.repeat(5), fen=np.full(5, 9_000_000), due=np.full(5, 900_000),
                           months=np.full(5, 12), told=np.array([1, 1, 1, 1, 0]))  # fmt: skip
    plain = tell_people(scene, run_campaign(scene))
    told = tell_people(
        set_scene(scene.plan, scene.firms, scene.months, scene.asks, scene.people, changes=changes, loans=(loan,)),
        run_campaign(scene),
    )
    code, owner = scene.firms.code[firm[0]], owner_codes(scene.district, scene.people.owner_of[firm])[0]
    for kind, column, word in (("registry_event", "event", "representative_changed"), ("user_event", "act", "change_payee")):
        subject = ("business_id", code) if kind == "registry_event" else ("owner_id", owner)
        rows = [
            t[kind][0].filter(pc.and_(pc.equal(t[kind][0][column], word), pc.equal(t[kind][0][subject[0]], subject[1])))
            for t in (plain, told)
        ]
        assert rows[1].num_rows > rows[0].num_rows, kind
    reports = [
        t["bureau_report"][0].filter(pc.equal(t["bureau_report"][0]["business_id"], code)).to_pylist() for t in (plain, told)
    ]
    assert any(new["found"] and new["business_outstanding_fen"] - (old["business_outstanding_fen"] or 0) > 25_000_000
               for old, new in zip(*reports, strict=True))  # fmt: skip


def test_whoever_asks_has_registered_and_told_of_the_firm_before():
    scene = make_scene(make_plan(businesses=400, months=24, seed=7), 0)
    people = make_people(scene.plan, 0, scene.firms, scene.months, scene.asks)
    assert (people.joined == scene.people.joined).all()
    assert (scene.told_at()[scene.asks.firm] < scene.asked_at()).all()
    assert (scene.joined_at()[scene.askers()] < scene.told_at()[scene.asks.firm]).all()
    assert (people.told == NO_DAY).any()
    lead = (scene.asked_at() - scene.told_at()[scene.asks.firm]) // 86_400
    assert max(Counter(lead.tolist()).values()) < 0.35 * len(lead)  # no constant wait tells an application ahead
