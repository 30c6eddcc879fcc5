"""What came with a live application lies sealed under the key of its business: erased, nothing opens it; the chain still holds."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from weilend.app.desk import desk as desk_module
from weilend.app.desk import payloads, replay
from weilend.app.desk.decide import decide
from weilend.app.desk.deliver import deliver
from weilend.app.desk.desk import Desk, open_desk
from weilend.app.desk.payloads import payload_of
from weilend.app.desk.sealed import Sealed, make_evaluator
from weilend.app.desk.steps import DeskSteps, asked_by
from weilend.core.errors import InputError, NotFoundError
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


def test_a_request_about_several_businesses_stays_as_it_is(desk):
    assert payloads.seal_request(desk.home, "", b"{}", ()) == (b"{}", ())
    assert payloads.open_content(desk.home, b"{}") == b"{}"
