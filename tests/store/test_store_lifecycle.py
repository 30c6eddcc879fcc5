"""Lifecycle events are appended, checked and sealed; an older store gets their table when it is opened."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
from store_examples import AT, make_commit

from weilend.core.errors import InputError
from weilend.core.lifecycle import Event
from weilend.store.schema import MIGRATIONS
from weilend.store.store import Store

PROPOSAL = Event(name="loan", version="v1", action="propose", who="ann", at=AT, effective_at=AT, why="lower cap")
APPROVAL = msgspec.structs.replace(PROPOSAL, action="approve", who="bob")


def test_events_come_back_in_their_order_by_kind_and_name(tmp_path: Path) -> None:
    other = msgspec.structs.replace(PROPOSAL, name="other loan")
    with Store.open(str(tmp_path / "store.db")) as store:
        for event in (PROPOSAL, other, APPROVAL):
            store.put_event("policy", event)
        store.put_event("model", PROPOSAL)
        assert store.events("policy") == (PROPOSAL, other, APPROVAL)
        assert store.events("policy", "loan") == (PROPOSAL, APPROVAL)
        assert store.events("model") == (PROPOSAL,)
        assert store.verify_chain() == ()


def test_an_illegal_event_changes_nothing(tmp_path: Path) -> None:
    with Store.open(str(tmp_path / "store.db")) as store:
        store.put_event("policy", PROPOSAL)
        head = store.chain_head()
        with pytest.raises(InputError, match="ann proposed v1 of loan and cannot approve it"):
            store.put_event("policy", msgspec.structs.replace(APPROVAL, who="ann"))
        assert (store.events("policy"), store.chain_head()) == ((PROPOSAL,), head)


def test_of_two_who_approve_at_once_one_does(tmp_path: Path) -> None:
    path = str(tmp_path / "store.db")
    with Store.open(path) as store:
        store.put_event("policy", PROPOSAL)

    def approve(who: str) -> bool:
        with Store.open(path) as store:
            try:
                store.put_event("policy", msgspec.structs.replace(APPROVAL, who=who))
            except InputError:
                return False
            return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(approve, ["bob", "cai", "dan", "eve"])) == [False, False, False, True]


def test_a_store_of_the_first_schema_gets_the_table(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Store.open(str(path)) as store:
        store.commit(make_commit("R1"))
    database = sqlite3.connect(path)
    with database:
        for table in ("lifecycle", "sealed", "subject_key"):
            database.execute(f"DROP TABLE {table}")
        database.execute("DELETE FROM schema_version WHERE version > 1")
    database.close()
    with Store.open(str(path)) as store:
        store.put_event("policy", PROPOSAL)
        assert store.events("policy") == (PROPOSAL,)
        assert store.verify_chain() == ()
    assert MIGRATIONS[0].version == 1
