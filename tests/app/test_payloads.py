"""What came with a live application lies sealed under the key of its business: erased, nothing opens it; the chain still holds."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest

from weilend.app.desk import desk as desk_module
from weilend.app.desk import payloads, replay
from weilend.app.desk.decide import decide
from weilend.app.desk.deliver import deliver, identified
from weilend.app.desk.desk import Desk, open_desk
from weilend.app.desk.payloads import payload_of
from weilend.app.desk.records import to_rows
from weilend.app.desk.sealed import Sealed, keep_sealed, make_evaluator
from weilend.app.desk.steps import DeskSteps, Request, asked_by
from weilend.core.errors import InputError, NotFoundError
from weilend.core.values import Application
from weilend.features.sets import FEATURE_SETS
from weilend.lending import load_product

sys.path.insert(0, str(Path(__file__).parents[1] / "sources"))
try:
    from cumcm_files import invoice, write_folder, write_invoices
finally:
    sys.path.pop(0)

#: A number and a party of the papers, as a payload in clear would hold them.
CANARIES = (b"90817263", b"B77777")
ASK = ("enterprise_loan", "E1", "2020-01-01")


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    folder = write_folder(tmp_path / "papers")
    write_invoices(
        folder / "firms_with_history_sales.parquet",
        [invoice(number=90817263, net=777.13, tax=0.0, gross=777.13, party="B77777")],
    )
    return folder


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return open_desk(tmp_path / "home")


def stored(desk: Desk) -> bytes:
    folder = desk.home.folder
    return b"".join((folder / name).read_bytes() for name in ("store.db", "store.db-wal") if (folder / name).exists())


def test_figures_and_tokens_of_a_payload_lie_in_the_store_sealed(desk, papers):
    receipt = desk.decide(*ASK, consent="own-data", payload=papers)
    assert not [word for word in CANARIES if word in stored(desk)]
    request_id = desk.home.store.request_of(receipt.receipt_id)
    assert all(word in payload_of(desk.home, request_id) for word in CANARIES)
    assert asked_by(desk.home, request_id).applications == (receipt.application,)
    assert desk.home.book.view().read("invoice")["counterparty_id"].to_pylist() == ["B77777"]
    assert desk.replay().problems == desk.audit() == ()


def test_a_payload_in_clear_would_be_found(desk, papers, monkeypatch):
    """Planted bug: nothing is sealed."""
    monkeypatch.setattr(payloads, "seal_all", lambda home, subject, contents: list(contents))
    monkeypatch.setattr(payloads, "unseal", lambda home, subject, content: content)
    desk.decide(*ASK, consent="own-data", payload=papers)
    assert all(word in stored(desk) for word in CANARIES)


def test_the_same_request_again_is_the_same_commit(desk, papers):
    first = desk.decide(*ASK, consent="own-data", payload=papers)
    product = load_product("enterprise_loan")
    features = FEATURE_SETS[product.feature_set]
    steps = DeskSteps(desk.home, Sealed(make_evaluator(product, features), product, features, None))
    request = payload_of(desk.home, desk.home.store.request_of(first.receipt_id))
    head = desk.home.store.chain_head()
    assert decide(steps, request) == (first,)
    assert desk.home.store.chain_head() == head


def test_who_was_erased_is_gone_from_payloads_and_the_chain_still_holds(desk, papers):
    mine = desk.decide(*ASK, consent="own-data", payload=papers)
    other = desk.decide("enterprise_loan", "E2", "2020-01-01", consent="own-data")
    head = desk.home.store.chain_head()
    desk.erase("E1")
    with pytest.raises(NotFoundError, match="erased"):
        payload_of(desk.home, desk.home.store.request_of(mine.receipt_id))
    replayed = desk.replay()
    assert (replayed.of, replayed.erased, replayed.problems) == (1, (mine.receipt_id,), ())
    assert desk.home.store.verify_chain(head) == desk.audit() == ()
    assert asked_by(desk.home, desk.home.store.request_of(other.receipt_id)).applications == (other.application,)
    with pytest.raises(InputError, match="was erased"):
        desk.decide(*ASK, consent="own-data")


def test_what_waits_for_one_who_was_erased_reaches_nobody(desk, papers, monkeypatch):
    monkeypatch.setattr(desk_module, "deliver", lambda home, at: 0)
    desk.decide(*ASK, consent="own-data", payload=papers)
    payloads_waiting = desk.home.store.pending_outbox(100)
    assert {one.entry.key.partition("/")[0] for one in payloads_waiting} >= {"invoice", "application", "decision"}
    replay.Vault(desk.home.store.engine).shred("E1", 9)
    assert deliver(desk.home, at=10) == len(payloads_waiting)
    assert desk.home.book.view().read("invoice").num_rows == 0


def test_a_request_about_several_businesses_that_brings_nothing_stays_as_it_is(desk):
    assert payloads.seal_request(desk.home, "", b"{}", {}, ()) == (b"{}", ())
    assert payloads.open_content(desk.home, b"{}") == b"{}"


def steps_of(desk: Desk) -> DeskSteps:
    product = load_product("enterprise_loan")
    features = FEATURE_SETS[product.feature_set]
    sealed = Sealed(make_evaluator(product, features), product, features, None)
    keep_sealed(desk.home, sealed, at=1)
    return DeskSteps(desk.home, sealed)


def application(business_id: str) -> Application:
    return Application(application_id=f"A-{business_id}", product="enterprise_loan", business_id=business_id, as_of=1_577_808_000,
                       consent_id="own-data")  # fmt: skip


def framed(kind: str, **fact: object) -> dict[str, object]:
    at = {"happened_at": 1_500_000_000, "known_at": 1_500_000_000, "consent_id": "own-data"}
    (row,) = to_rows({kind: identified(kind, [{**at, **fact}], ("business_id",))})[kind]
    return row


def registered(business_id: str, status: str) -> dict[str, object]:
    return framed("registry_event", business_id=business_id, event="registered", legal_form=status)


def checked(business_id: str, owner_id: str) -> dict[str, object]:
    return framed("identity_check", business_id=business_id, owner_id=owner_id, method="phone", outcome="pass")


def ask_all(desk: Desk, applications: list[Application], records: dict[str, list[dict[str, object]]]) -> str:
    """Decide some applications in one request that brings records; return its id."""
    request = msgspec.json.encode(Request("R1", tuple(applications), records))
    decide(steps_of(desk), request)
    return "R1"


def test_records_of_several_businesses_lie_sealed_and_each_goes_with_its_own(desk):
    records = {"registry_event": [registered("E1", "company"), registered("E2", "branch"), registered("E1", "other")]}
    both = [application("E1"), application("E2")]
    ask_all(desk, both, records)
    assert b"registry_event" in payload_of(desk.home, "R1")
    assert not [word for word in (b"branch", b"legal_form") if word in stored(desk)]
    asked = asked_by(desk.home, "R1")
    assert (asked.applications, asked.records) == (tuple(both), records)  # in the order in which they came
    assert ask_all(desk, both, records) == "R1"  # again is the same commit
    desk.erase("E1")
    with pytest.raises(NotFoundError, match="E1 is erased"):
        payload_of(desk.home, "R1")
    assert desk.home.book.view().read("registry_event")["business_id"].to_pylist() == ["E2"]
    replayed = desk.replay()
    assert (replayed.of, len(replayed.erased), replayed.problems) == (0, 2, ())
    assert desk.audit() == ()


def test_what_waits_of_several_reaches_the_book_for_those_who_are_left(desk):
    ask_all(
        desk, [application("E1"), application("E2")], {"registry_event": [registered(name, "other") for name in ("E1", "E2")]}
    )
    replay.Vault(desk.home.store.engine).shred("E1", 9)
    assert deliver(desk.home, at=10) == 3
    view = desk.home.book.view()
    assert all(view.read(kind)["business_id"].to_pylist() == ["E2"] for kind in ("registry_event", "application", "decision"))


def test_erasing_an_owner_reaches_what_came_with_an_application_of_her_business(desk):
    records = {"registry_event": [registered("E1", "company")], "identity_check": [checked("E1", "O-77")]}
    ask_all(desk, [application("E1")], records)
    deliver(desk.home, at=2)
    assert b"O-77" in payload_of(desk.home, "R1")
    assert desk.replay().problems == ()
    desk.erase("O-77")
    with pytest.raises(NotFoundError, match="O-77 is erased"):
        payload_of(desk.home, "R1")
    assert desk.replay().erased == tuple(one.receipt_id for one in desk.home.store.receipts())
    assert desk.home.book.view().read("registry_event").num_rows == 1
    assert desk.audit() == ()


def test_an_owner_whose_rows_are_sealed_for_the_business_alone_would_be_found(desk, monkeypatch):
    """Planted bug: nobody but the business counts."""
    monkeypatch.setattr(payloads, "_persons", lambda kind, row: (row["business_id"],))
    ask_all(desk, [application("E1")], {"identity_check": [checked("E1", "O-77")]})
    deliver(desk.home, at=2)
    desk.erase("O-77")
    assert b"O-77" in payload_of(desk.home, "R1")
