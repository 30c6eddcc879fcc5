"""Fraud at the desk: a decision asks the lists and seals what they said; a replay sees the same; what is learned is known
in time."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from functools import partial

import msgspec
import numpy as np
import pytest
from fraud_example import DAY, HONEST, NAMES, PRODUCT, as_of, in_ring, list_entry, make_desk

from weilend.app.desk.decide import decide
from weilend.app.desk.desk import open_desk
from weilend.app.desk.erase import erase_subject
from weilend.app.desk.fraud import hits, models
from weilend.app.desk.fraud.assess import assess, read_evidence
from weilend.app.desk.fraud.book import rows_of, score_book
from weilend.app.desk.fraud.cases import case_json, open_case
from weilend.app.desk.fraud.groups import groups_of
from weilend.app.desk.fraud.lists import LISTS, hide, import_list, open_lists, shelf
from weilend.app.desk.fraud.models import MODEL, fit_fraud, fraud_features, known_applications
from weilend.app.desk.fraud.page import case_page, picture
from weilend.app.desk.fraud.reviews import Finding, propose_ring, record_finding
from weilend.app.desk.fraud.scores import Confirmed, learn_score
from weilend.app.desk.fraud.subjects import Touch, touched
from weilend.app.desk.sealed import Sealed, keep_sealed, make_evaluator
from weilend.app.desk.steps import DeskSteps, Request
from weilend.core.errors import InputError, NotFoundError
from weilend.core.plan import Spine
from weilend.core.records import KINDS
from weilend.core.values import Application, FraudFound
from weilend.features.compute import FeatureTable
from weilend.features.sets import FEATURE_SETS, FRAUD
from weilend.lending import load_product
from weilend.models.judgement.bootstrap import Difference
from weilend.report import render_page
from weilend.testing.facts import fact_at
from weilend.testing.records import as_table

LATE = as_of(NAMES[-1]) + DAY
GANG = NAMES[HONEST]
GOOD = NAMES[3]
#: Chance findings but for the ring.
CHANCE = dict.fromkeys(NAMES[10:], False) | dict.fromkeys((*NAMES[HONEST:], *NAMES[15:35]), True)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The home as it came in, made once."""
    folder = tmp_path_factory.mktemp("fraud") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("os.fsync", lambda _: None)
        make_desk(folder)
    return folder


@pytest.fixture
def desk(whole, tmp_path, monkeypatch):
    """A copy of it that a test may change."""
    monkeypatch.setattr("os.fsync", lambda _: None)
    shutil.copytree(whole, tmp_path / "home")
    return open_desk(tmp_path / "home")


@pytest.fixture(scope="module")
def fitted(whole, tmp_path_factory):
    """A copy that has learned from all of them; tests only read it."""
    folder = tmp_path_factory.mktemp("fitted") / "home"
    shutil.copytree(whole, folder)
    desk = open_desk(folder)
    return desk, fit_fraud(desk.home, as_of=LATE, at=LATE, budget_ppm=120_000)


def judge(desk, name, at=None):
    """Decide a business as the desk does, at an instant."""
    product = load_product(PRODUCT)
    features = FEATURE_SETS[product.feature_set]
    sealed = Sealed(make_evaluator(product, features), product, features, None)
    keep_sealed(desk.home, sealed, at=0)
    one = Application(
        application_id=f"A{name}", product=PRODUCT, business_id=name, as_of=at or as_of(name), consent_id="own-data"
    )
    seq = desk.home.book.view().seq
    (receipt,) = decide(DeskSteps(desk.home, sealed), msgspec.json.encode(Request(f"R{name}{one.as_of}{seq}", (one,))))
    return receipt


def test_a_home_without_lists_says_so(desk):
    receipt = judge(desk, GOOD)
    assert (receipt.sealed["lists"], receipt.fraud.status, receipt.fraud.found.lists_seq) == ("none", "not_assessed", None)
    assert desk.replay().problems == ()


def test_a_denied_phone_refers_a_denied_owner_declines_and_an_allowed_one_is_judged_alike(desk):
    list_entry(desk, "phone", "Pring", "fraud_ring", as_of(GANG) - DAY)
    list_entry(desk, "person", f"O{GOOD}", "deny", as_of(GOOD) - DAY)  # a person on a list is an owner in an application
    list_entry(desk, "business", NAMES[5], "allow", as_of(GOOD) - DAY)
    phone, owner, allowed, clean = (judge(desk, name) for name in (GANG, GOOD, NAMES[5], NAMES[6]))
    assert (phone.fraud.grade, phone.fraud.found.hits[0].kind) == ("D", "phone")
    assert "fraud_alert" in [one.code for one in phone.decision.reasons]
    assert (owner.fraud.grade, owner.decision.outcome) == ("E", "decline")
    assert (allowed.fraud.status, allowed.fraud.found.hits[0].meaning) == ("clear", "allow")
    assert (clean.fraud.status, clean.fraud.found.hits) == ("clear", ())
    assert allowed.fraud.grade == clean.fraud.grade
    assert desk.replay().problems == ()


def test_entries_dated_after_the_application_prove_nothing(desk):
    """The commonest way in which a list looks better than it is: the entry was made because of the application."""
    list_entry(desk, "phone", "Pring", "deny", LATE)
    view = desk.home.book.view()
    one = Application(application_id="x", product=PRODUCT, business_id=GANG, as_of=as_of(GANG), consent_id="own-data")
    evidence = read_evidence(desk.home, view)
    (before,) = assess(desk.home, (one,), view, evidence)
    (after,) = assess(desk.home, (msgspec.structs.replace(one, as_of=LATE),), view, evidence)
    assert (before.found.hits, [hit.list_name for hit in after.found.hits]) == ((), ["deny"])


def test_the_receipt_seals_the_generation_and_a_replay_sees_the_same_hits(desk):
    list_entry(desk, "phone", "Pring", "deny", as_of(GANG) - DAY)
    receipt = judge(desk, GANG)
    generation = open_lists(desk.home).generation.name
    assert receipt.sealed["lists"] == f"{generation}@{receipt.fraud.found.lists_seq}"
    # a later record with an early clock: backdated after the decision
    list_entry(desk, "device", "Dring", "deny", as_of(GANG) - DAY)
    shelf(desk.home).rebuild(desk.home.book)
    assert open_lists(desk.home).generation.name != generation
    assert [hit.kind for hit in judge(desk, GANG).fraud.found.hits] == ["phone", "device"]
    assert desk.replay().problems == ()


def test_a_replay_finds_a_hit_that_the_lists_no_longer_give(desk, monkeypatch):
    """The planted fault: a reader that ignores up to where the book was read."""
    list_entry(desk, "phone", "Pring", "deny", as_of(GANG) - DAY)
    judge(desk, GANG)
    list_entry(desk, "device", "Dring", "deny", as_of(GANG) - DAY)
    careless = hits.ask_lists
    monkeypatch.setattr(
        "weilend.app.desk.fraud.assess.ask_lists",
        lambda listed, touches, at: careless(msgspec.structs.replace(listed, seq=2**60), touches, at),
    )
    (problem,) = desk.replay().problems
    assert "list hits" in problem


def test_an_index_that_a_kill_left_behind_is_caught_up(desk):
    """Nothing that the book holds is missed because a writer was killed between book and index."""
    list_entry(desk, "phone", "Pother", "deny", as_of(GANG) - 2 * DAY)
    row = fact_at("list_entry", as_of(GANG) - DAY, subject_id="Pring", subject_kind="phone", list_name="deny", act="added")
    desk.home.book.append({"list_entry": as_table(KINDS["list_entry"], [row])})
    assert judge(desk, GANG).fraud.grade == "D"


def test_a_recycled_phone_ends_with_its_entry(desk):
    ended = datetime.fromtimestamp(as_of(GANG) - 2 * DAY, UTC).date()
    list_entry(desk, "phone", "Pring", "deny", as_of(GANG) - 9 * DAY, valid_until_on=ended)
    assert judge(desk, GANG).fraud.status == "clear"
    list_entry(desk, "phone", f"P{GOOD}", "recycled_phone", as_of(GOOD) - DAY)
    assert judge(desk, GOOD).fraud.grade == "C", "a number that was handed on is a hint and declines nobody"


def test_erasing_an_owner_takes_it_out_of_the_index(desk):
    list_entry(desk, "owner", f"O{GOOD}", "deny", as_of(GOOD) - DAY)
    list_entry(desk, "phone", "Pring", "deny", as_of(GANG) - DAY)
    judge(desk, GOOD)
    token = f"O{GOOD}".encode()
    assert any(token in path.read_bytes() for path in (desk.home.folder / LISTS).rglob("*") if path.is_file())
    erase_subject(desk.home, f"O{GOOD}", at=LATE)
    assert not open_lists(desk.home).knows(f"O{GOOD}")
    assert open_lists(desk.home).knows("Pring")
    assert not any(token in path.read_bytes() for path in (desk.home.folder / LISTS).rglob("*") if path.is_file())


def test_a_fit_learns_what_was_known_keeps_to_the_budget_and_finds_the_ring(fitted):
    desk, model = fitted
    assert (model.rows, model.score, model.confirmed) == (45, "", (0, 0))
    judged = score_book(desk.home, as_of=LATE)
    alerts = [one.business_id for one, verdict in judged if verdict.status == "alert"]
    assert len(alerts) == 45 * 12 // 100
    assert all(in_ring(name) for name in alerts)
    rows = list(rows_of(judged))
    assert in_ring(rows[0][1])
    assert "emulator" in rows[0][11]
    view = desk.home.book.view()
    assert len(known_applications(view, as_of(NAMES[9]))) == 10, "what came later was not known"
    with pytest.raises(NotFoundError, match="no application by then"):
        fit_fraud(desk.home, as_of=0, at=LATE)


def test_one_application_is_judged_alone_as_among_all(fitted):
    desk, _ = fitted
    view = desk.home.book.view()
    known, evidence = known_applications(view, LATE), read_evidence(desk.home, view)
    together = assess(desk.home, known, view, evidence)
    for place in (0, HONEST, len(known) - 1):
        assert assess(desk.home, known[place : place + 1], view, evidence) == together[place : place + 1]


def test_a_model_of_another_form_is_refused_in_a_sentence(desk):
    from weilend.store import Document

    desk.home.store.put_document(Document(kind=MODEL, document_id="x", content=b"{}", cites=(), at=0))
    with pytest.raises(InputError, match="older form"):
        read_evidence(desk.home, desk.home.book.view())


def test_ring_members_never_stand_on_both_sides_of_a_split(desk):
    view = desk.home.book.view()
    known = known_applications(view, LATE)
    groups = groups_of(touched(desk.home, known, view))
    assert len({groups[place] for place, one in enumerate(known) if in_ring(one.business_id)}) == 1
    assert len(set(groups)) > HONEST // 2, "a hall that everybody is in makes no giant group"
    hall = [[Touch("address", "hall", "located_at", "")] for _ in range(21)]
    assert len(set(groups_of(hall))) == 21
    assert len(set(groups_of(hall[:20]))) == 1


def review(desk, name, *, is_fraud, at=LATE, by="anna"):
    said = Finding(outcome="decline" if is_fraud else "approve", finding="gang" if is_fraud else "sound", reviewer=by,
    reason="seen",
                   is_fraud=is_fraud)  # fmt: skip
    return record_finding(desk.home, open_case(desk.home, name), said, at=at)


def test_findings_are_labels_and_few_of_them_teach_no_score(desk):
    assert review(desk, GANG, is_fraud=True)
    assert not review(desk, GANG, is_fraud=True), "the same finding again says nothing new"
    assert review(desk, GOOD, is_fraud=False)
    assert review(desk, GOOD, is_fraud=True, at=LATE + 9), "the newest finding counts"
    view = desk.home.book.view()
    known = known_applications(view, LATE)
    assert [Confirmed.read(view, known, at).counts for at in (LATE - 1, LATE, LATE + 9)] == [(0, 0), (1, 1), (2, 0)]
    nobody = Confirmed.read(view, known, LATE)
    table = fraud_features(desk.home, known, view)
    assert learn_score(table, nobody, [0] * 45, range(45), budget_ppm=20_000, seed=1, recipe="card") is None
    with pytest.raises(InputError, match="after its application"):
        review(desk, GANG, is_fraud=True, at=0)
    with pytest.raises(InputError, match="needs a name"):
        review(desk, GANG, is_fraud=True, by=" ")


def confirm(desk, found):
    """Record what reviewers found of some businesses, by name, and learn from it."""
    rows = [
        fact_at("review_outcome", LATE, business_id=name, application_id=f"A{name}", outcome="decline", is_fraud=is_fraud)
        for name, is_fraud in found.items()
    ]
    desk.home.book.append({"review_outcome": as_table(KINDS["review_outcome"], rows)})
    return fit_fraud(desk.home, as_of=LATE, at=LATE)


def table_that_tells(fraud):
    """A table of applications in which frauds, and hardly anybody else, were seen in many networks."""
    size = len(fraud), len(FRAUD.features)
    values, known, dice = np.zeros(size, np.int64), np.zeros(size, np.bool_), np.random.default_rng(1)
    place = [feature.name for feature in FRAUD.features].index("device_ip_count_30d")
    values[:, place], known[:, place] = dice.integers(1, 9, len(fraud)) + 4 * fraud, True
    return FeatureTable(FRAUD, Spine(tuple(f"B{row}" for row in range(len(fraud))), (0,) * len(fraud)), values, known, {})


def test_a_score_is_heard_where_it_ranks_better_than_suspicion():
    fraud, dice = np.arange(400) % 4 // 3, np.random.default_rng(2)
    confirmed = Confirmed(np.where(np.arange(400) < 200, fraud, -1))
    learn = partial(
        learn_score, table_that_tells(fraud), confirmed, groups=range(400), budget_ppm=20_000, seed=1, recipe="card"
    )
    blind, keen = learn(dice.integers(0, 9_000, 400).tolist()), learn((9_000 * fraud).tolist())
    assert blind.is_heard
    assert blind.gain.lo > 0
    assert not keen.is_heard, "what suspicion knows already is not said twice"
    few = Confirmed(np.where(np.arange(400) < 30, fraud, -1))
    assert learn_score(
        table_that_tells(fraud), few, [0] * 400, range(400), budget_ppm=20_000, seed=1, recipe="card"
    ) is None  # fmt: skip


def test_a_score_that_is_heard_is_kept_found_again_and_told(desk, monkeypatch):
    better = Difference("score", "suspicion", "auc", 50_000, 10_000, 90_000, 20_000)
    monkeypatch.setattr(models, "learn_score", lambda *a, **k: msgspec.structs.replace(learn_score(*a, **k), gain=better))
    model = confirm(desk, CHANCE)
    assert (model.confirmed, model.pseudo, bool(model.score)) == ((25, 10), (0, 5), True)
    ((_, verdict),) = score_book(desk.home, as_of=LATE, names=[GANG])
    assert verdict.found.score_ppm is not None
    assert verdict.found.model_id == model.identity


def test_a_score_that_knows_no_more_is_told_and_not_heard(desk):
    """Suspicion sees the ring without any label: a score that was told of it would only accuse it twice."""
    model = confirm(desk, CHANCE)
    assert (model.confirmed, model.pseudo, model.score) == ((25, 10), (0, 5), "")
    assert model.auc_ppm is not None
    assert model.gain_ppm[1] <= 0
    ((_, verdict),) = score_book(desk.home, as_of=LATE, names=[GANG])
    assert verdict.found.score_ppm is None


def test_denying_a_ring_is_proposed_previewed_and_then_hits_the_next_one(desk, tmp_path):
    said = Finding(outcome="decline", finding="gang", reviewer="anna", reason="one hand", is_fraud=True)
    case = open_case(desk.home, GANG)
    hit = propose_ring(desk.home, case, said, tmp_path / "ring.csv", until="2021-01-01", at=LATE)
    assert (hit.entries, hit.applications) == (3, 5)  # the business, its device, its phone: no market hall among them
    assert desk.home.book.view().read("list_entry").num_rows == 0
    from weilend.app.desk.fraud.list_files import Said

    import_list(desk.home, tmp_path / "ring.csv", Said(consent_id="own-data"), at=LATE)
    view = desk.home.book.view()
    later = Application(application_id="x", product=PRODUCT, business_id=NAMES[-1], as_of=LATE + 60, consent_id="own-data")
    (verdict,) = assess(desk.home, (later,), view, read_evidence(desk.home, view))
    assert (verdict.grade, {one.kind for one in verdict.found.hits}) == ("D", {"phone", "device"})
    with pytest.raises(InputError, match="only what was found to be fraud"):
        propose_ring(
            desk.home, case, msgspec.structs.replace(said, is_fraud=None), tmp_path / "x.csv", until="2021-01-01", at=LATE
        )


def test_a_case_tells_why_and_draws_who_shares_what(desk):
    list_entry(desk, "phone", "Pring", "fraud_ring", as_of(GANG) - DAY)
    receipt = judge(desk, NAMES[-1])
    case = open_case(desk.home, receipt.receipt_id)
    assert (case.is_sealed, case.outcome, case.verdict) == (True, receipt.decision.outcome, receipt.fraud)
    assert [(one.subject_id, one.reason) for one in case.entries] == [("Pring", "case 7")]
    by_thing = {one.touch.subject_id: one for one in case.shared}
    assert by_thing["Dring"].others == tuple(f"O{name}" for name in NAMES[HONEST:-1])
    assert (by_thing["Ahall"].others, by_thing["Ahall"].more) == ((), 44), "a hall is counted, and its tenants are not named"
    nodes, edges, left_out = picture(case)
    assert (left_out, [one.name for one in nodes if one.marked]) == (0, ["Pring"])
    assert {one.layer for one in nodes} == {0, 1, 2, 3}
    assert (f"O{NAMES[-1]}", "Dring") in edges
    bundle = json.loads(case_json(case))
    assert bundle["verdict"]["found"]["grade"] == receipt.fraud.grade
    page = render_page(case_page(case))
    assert "Pring" in page
    assert "团伙" in page
    assert page == render_page(case_page(open_case(desk.home, receipt.receipt_id)))


def test_a_case_shows_what_was_known_then(desk):
    """Who joined the ring later is not drawn into the case of the first."""
    first = {one.touch.subject_id: one.others for one in open_case(desk.home, GANG).shared}
    assert first["Pring"] == ()
    assert open_case(desk.home, f"A{GANG}").application.business_id == GANG
    with pytest.raises(NotFoundError, match="nobody applied as 'nobody'"):
        open_case(desk.home, "nobody")


def test_a_hidden_name_hits_as_its_token_does(desk, tmp_path):
    from weilend.app.desk.fraud.list_files import Said

    path = tmp_path / "phones.csv"
    path.write_text("subject\n13800000000\n", encoding="utf-8")
    said = Said(consent_id="own-data", subject_kind="phone", list_name="deny", source="own", reason="gang")
    import_list(desk.home, path, said, at=as_of(GOOD) - DAY)
    assert open_lists(desk.home).knows(hide(desk.home, "phone", "13800000000"))
    assert isinstance(judge(desk, GOOD).fraud.found, FraudFound)
