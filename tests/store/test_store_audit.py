"""Whoever changes the store behind its back is found out."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from store_examples import AT, make_commit

from weilend.core.ids import content_hash
from weilend.core.lifecycle import Event
from weilend.store.audit import AUDITED
from weilend.store.schema import METADATA
from weilend.store.store import Store
from weilend.store.values import ChainHead, Document, QuarantinedRow
from weilend.store.vault import Vault

PROPOSAL = Event(name="loan", version="v1", action="propose", who="ann", at=AT, effective_at=AT, why="lower cap")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with something in each table."""
    path = tmp_path / "store.db"
    commit = make_commit("R1")
    with Store.open(str(path)) as store:
        store.commit(commit)
        store.put_artifact("policy", b"decline", AT)
        cites = (commit.receipts[0].receipt_id,)
        store.put_document(Document(kind="allocation", document_id="P1", content=b"{}", cites=cites, at=AT))
        store.put_quarantine([QuarantinedRow(file="f", row=1, reason="r", en="e", zh="z", original="o")], AT)
        store.put_event("policy", PROPOSAL)
        Vault(store.engine).put_sealed("E1", b"ciphertext", AT)
        store.commit(make_commit("R2"))
        assert store.verify_chain() == ()
    return path


def tamper(path: Path, *statements: str) -> tuple[str, ...]:
    database = sqlite3.connect(path)
    with database:
        for statement in statements:
            assert database.execute(statement).rowcount > 0, f"{statement} changed nothing"
    database.close()
    with Store.open(str(path)) as store:
        return store.verify_chain()


def test_every_table_is_sealed() -> None:
    assert {table.name for table in AUDITED} | {"audit", "schema_version", "subject_key"} == set(METADATA.tables)


@pytest.mark.parametrize("table", AUDITED, ids=lambda table: table.name)
def test_a_row_that_is_gone_is_missed(path: Path, table: object) -> None:
    name = getattr(table, "name", "")
    assert any(f"{name} " in problem and "is gone" in problem for problem in tamper(path, f"DELETE FROM {name}"))


@pytest.mark.parametrize(
    ("table", "column"),
    [(table.name, column.name) for table in AUDITED for column in table.columns if column.name != "delivered_at"],
)
def test_a_changed_value_in_any_column_is_found(path: Path, table: str, column: str) -> None:
    value = (
        "x'00'"
        if column in ("payload", "content")
        else "77"
        if column in ("at", "effective_at", "seq", "row", "position")
        else "'changed'"
    )
    rowid = f"(SELECT max(rowid) FROM {table})"
    assert tamper(path, f'UPDATE {table} SET "{column}" = {value} WHERE rowid = {rowid}')


def test_a_row_that_nobody_sealed_is_found(path: Path) -> None:
    problems = tamper(path, "INSERT INTO artifact VALUES ('h', 'policy', x'00', 1)")
    assert [problem.split()[0] for problem in problems] == ["artifact"]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET at = at + 1 WHERE seq = 5",
        "UPDATE audit SET content_hash = 'x' WHERE seq = 5",
        "UPDATE audit SET hash = 'x' WHERE seq = 5",
        "DELETE FROM audit WHERE seq = 5",
        "DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit)",
    ],
)
def test_a_changed_or_missing_entry_is_found(path: Path, statement: str) -> None:
    assert tamper(path, statement)


def test_a_row_and_its_seal_changed_together_break_the_chain(path: Path) -> None:
    """Who knows the scheme and reseals one row still breaks the link to the next entry."""
    with sqlite3.connect(path) as database:
        database.row_factory = sqlite3.Row
        entry = dict(database.execute("SELECT * FROM audit WHERE what = 'intake' ORDER BY seq").fetchone())
        entry["content_hash"] = content_hash({"request_id": "R1", "payload": content_hash(0), "at": AT})
        entry["hash"] = content_hash({name: value for name, value in entry.items() if name != "hash"})
    database.close()
    problems = tamper(
        path,
        f"UPDATE audit SET content_hash = '{entry['content_hash']}', hash = '{entry['hash']}' WHERE seq = {entry['seq']}",
    )
    assert any(f"audit entry {entry['seq'] + 1} " in problem for problem in problems)


def test_cutting_off_the_end_is_seen_only_against_a_head_kept_outside(path: Path) -> None:
    with Store.open(str(path)) as store:
        head = store.chain_head()
        store.put_artifact("policy", b"approve", AT)
        assert store.verify_chain(head) == (), "what came after the head is fine"
        last = store.chain_head()
    cut = ("DELETE FROM artifact WHERE content = CAST('approve' AS BLOB)", f"DELETE FROM audit WHERE seq = {last.seq}")
    assert tamper(path, *cut) == (), "nothing inside contradicts it"
    with Store.open(str(path)) as store:
        assert store.verify_chain(head) == ()
        assert "cut off" in store.verify_chain(last)[0]
        assert store.verify_chain(ChainHead(head.seq, "another"))
