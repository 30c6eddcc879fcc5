from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import sqlglot
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable
from store_examples import AT, make_commit, make_receipt

from weilend.core.errors import CheckError, InputError, NotFoundError
from weilend.core.ids import bytes_hash, canonical_json
from weilend.store.database import PRAGMAS, reading, writing
from weilend.store.schema import ANSWER, BYTES, METADATA, MIGRATIONS
from weilend.store.store import PAGE_ROWS, Store
from weilend.store.values import Commit, Document, QuarantinedRow


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(str(tmp_path / "store.db")) as opened:
        yield opened


def everything(store: Store) -> dict[str, list[tuple[object, ...]]]:
    with reading(store.engine) as connection:
        return {table.name: [tuple(row) for row in connection.execute(table.select())] for table in METADATA.sorted_tables}


def test_what_is_committed_comes_back_to_the_bit(store: Store) -> None:
    commit = make_commit("R1", payload=b"\x00 \xff")
    assert store.commit(commit) == commit.receipts
    assert store.payload("R1") == b"\x00 \xff"
    assert tuple(store.receipts()) == store.receipts_of_request("R1") == commit.receipts
    first = store.receipt(commit.receipts[0].receipt_id)
    assert canonical_json(first) == canonical_json(commit.receipts[0])
    assert store.find_receipts("A-R1-1") == (commit.receipts[1],)


def test_a_retry_returns_the_first_answer_and_writes_nothing(store: Store) -> None:
    first = store.commit(make_commit("R1"))
    before = everything(store)
    assert store.commit(make_commit("R1", count=1)) == first, "what was answered the first time stands"
    assert everything(store) == before


def test_a_request_id_with_another_payload_is_refused_and_changes_nothing(store: Store) -> None:
    store.commit(make_commit("R1"))
    before = everything(store)
    with pytest.raises(InputError, match="'R1' is known with another payload"):
        store.commit(make_commit("R1", payload=b"other"))
    assert everything(store) == before


def test_a_request_without_an_id_is_refused(store: Store) -> None:
    with pytest.raises(InputError, match="needs an id"):
        store.commit(make_commit(""))


def test_the_same_receipt_for_two_requests_is_kept_once_and_answers_both(store: Store) -> None:
    receipt = make_receipt("same")
    for name in ("R1", "R2"):
        answer = store.commit(Commit(request_id=name, payload=b"", receipts=(receipt, receipt), outbox=(), at=AT))
        assert answer == (receipt, receipt)
    assert tuple(store.receipts()) == (receipt,)
    assert store.verify_chain() == ()


def test_a_receipt_id_with_other_content_is_refused_and_changes_nothing(store: Store) -> None:
    receipt = make_receipt("A")
    store.commit(Commit(request_id="R1", payload=b"", receipts=(receipt,), outbox=(), at=AT))
    before = everything(store)
    forged = msgspec.structs.replace(receipt, book_seq=8)
    with pytest.raises(InputError, match="other content"):
        store.commit(Commit(request_id="R2", payload=b"", receipts=(forged,), outbox=(), at=AT))
    assert everything(store) == before


def test_receipts_of_a_product_come_in_the_order_of_commits_over_many_pages(store: Store) -> None:
    names = [f"{number * 7919 % 10_007}" for number in range(PAGE_ROWS + 3)]
    for number, half in enumerate((names[:250], names[250:])):
        receipts = tuple(make_receipt(name, "loan" if len(name) % 2 else "other") for name in half)
        store.commit(Commit(request_id=f"R{number}", payload=b"", receipts=receipts, outbox=(), at=AT))
    assert [receipt.application.application_id for receipt in store.receipts()] == [f"A-{name}" for name in names]
    odd = [f"A-{name}" for name in names if len(name) % 2]
    assert [receipt.application.application_id for receipt in store.receipts("loan")] == odd


def test_the_store_can_be_written_while_its_receipts_are_read(store: Store) -> None:
    store.commit(make_commit("R1", count=2))
    seen = store.receipts()
    next(seen)
    store.commit(make_commit("R2"))
    assert len(list(seen)) == 1


def test_what_is_not_there_is_said_so(store: Store) -> None:
    for ask in (store.receipt, store.payload, store.artifact):
        with pytest.raises(NotFoundError, match=r"no .*nothing"):
            ask("nothing")
    assert store.find_receipts("nothing") == store.receipts_of_request("nothing") == ()


def test_the_outbox_is_emptied_once_and_in_order(store: Store) -> None:
    store.commit(make_commit("R1"))
    store.commit(make_commit("R2"))
    pending = store.pending_outbox(4)
    assert [entry.entry_id for entry in pending] == [1, 2, 3, 4]
    assert pending[3].request_id == "R2"
    assert pending[0].entry == make_commit("R1").outbox[0]
    store.mark_delivered([1, 3], AT + 1)
    store.mark_delivered([3, 2], AT + 2)
    assert [entry.entry_id for entry in store.pending_outbox(9)] == [4, 5, 6]
    with reading(store.engine) as connection:
        delivered = connection.execute(text("SELECT delivered_at FROM outbox ORDER BY seq LIMIT 3")).scalars().all()
    assert delivered == [AT + 1, AT + 2, AT + 1], "the first time counts"
    assert store.verify_chain() == ()


def test_an_unknown_outbox_entry_marks_nothing(store: Store) -> None:
    store.commit(make_commit("R1"))
    with pytest.raises(NotFoundError, match="no outbox entry 99"):
        store.mark_delivered([1, 99], AT)
    assert len(store.pending_outbox(9)) == 3


def test_an_artifact_is_kept_once_and_checked_when_it_is_read(store: Store, tmp_path: Path) -> None:
    name = store.put_artifact("model", b"weights", AT)
    assert store.put_artifact("model", b"weights", AT + 1) == name == bytes_hash(b"weights")
    assert store.put_artifact("policy", b"weights", AT) == name
    assert store.artifact(name) == b"weights"
    assert len(everything(store)["artifact"]) == 2
    change(tmp_path, "UPDATE artifact SET content = x'00'")
    with pytest.raises(CheckError, match="has been changed"):
        store.artifact(name)


def test_a_document_cites_receipts_that_are_there(store: Store) -> None:
    commit = make_commit("R1")
    cites = tuple(receipt.receipt_id for receipt in commit.receipts)
    allocation = Document(kind="allocation", document_id="P1", content=b"{}", cites=cites[::-1], at=AT)
    with pytest.raises(InputError, match=f"cites receipt {cites[2]}, which is not here"):
        store.put_document(allocation)
    store.commit(commit)
    for _ in range(2):
        store.put_document(allocation)
    other = Document(kind="allocation", document_id="P0", content=b"[]", cites=(), at=AT)
    store.put_document(other)
    assert tuple(store.documents("allocation")) == (allocation, other)
    assert tuple(store.documents("offer")) == ()
    with pytest.raises(InputError, match="P1 is there already with other content"):
        store.put_document(msgspec.structs.replace(allocation, content=b"other"))
    with pytest.raises(NotFoundError, match="no offer 'P1'"):
        store.document("offer", "P1")


def test_many_documents_are_kept_together_or_not_at_all(store: Store) -> None:
    papers = [Document(kind="offer", document_id=name, content=b"{}", cites=(), at=AT) for name in "ba"]
    lost = Document(kind="offer", document_id="c", content=b"{}", cites=("nothing",), at=AT)
    with pytest.raises(InputError, match="which is not here"):
        store.put_documents([*papers, lost])
    assert tuple(store.documents("offer")) == ()
    store.put_documents([*papers, *papers])
    assert list(store.documents("offer")) == papers
    assert store.verify_chain() == ()


def test_a_row_read_twice_is_quarantined_once(store: Store) -> None:
    rows = [
        QuarantinedRow(file="a.csv", row=number, reason=reason, en="bad", zh="坏", original=f"{number},\t贷")
        for number, reason in ((3, "no_date"), (1, "no_amount"), (2, "no_date"))
    ]
    assert store.put_quarantine(rows, AT) == 3
    before = everything(store)
    assert store.put_quarantine(rows + rows, AT + 1) == 0
    assert everything(store) == before
    assert store.put_quarantine([msgspec.structs.replace(rows[0], file="b.csv")], AT) == 1
    assert store.quarantine(2) == (rows[0], rows[1])
    assert store.quarantine_counts() == {"no_amount": 1, "no_date": 3}


def test_every_connection_is_durable(store: Store) -> None:
    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "fullfsync": 1, "secure_delete": 1}
    assert {pragma.split()[0] for pragma in PRAGMAS} | {"journal_mode"} == expected.keys()

    def look(found: list[dict[str, object]]) -> None:
        with store.engine.connect() as connection:
            found.append({name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in expected})
            barrier.wait(10)  # hold it, so that the pool must give the others connections of their own

    barrier, found = threading.Barrier(4), []
    threads = [threading.Thread(target=look, args=(found,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4


def test_a_reference_to_nothing_is_refused_by_the_database(store: Store) -> None:
    orphan = ANSWER.insert().values(request_id="nobody", position=0, receipt_id="nothing")
    with pytest.raises(CheckError, match="nothing was changed: FOREIGN KEY"), writing(store.engine) as connection:
        connection.execute(orphan)


def test_a_full_disk_is_one_sentence_and_changes_nothing(store: Store) -> None:
    store.commit(make_commit("R1"))
    before = everything(store)
    with store.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(CheckError, match="nothing was changed: database or disk is full"):
        store.commit(make_commit("R2", payload=b"x" * 1_000_000))
    assert everything(store) == before


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (":memory:", "would not survive"),
        ("sqlite://", "would not survive"),
        ("oracle://somewhere/db", "cannot live in oracle"),
        ("nonsense://x", "cannot live in nonsense"),
        ("postgresql+nonsense://x", "no database address"),
        ("postgresql+psycopg://somewhere/db", "psycopg is not installed"),
    ],
)
def test_an_address_that_cannot_hold_a_store_is_refused(address: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Store.open(address)


def test_a_file_that_is_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    noise, other = tmp_path / "noise.db", tmp_path / "other.db"
    noise.write_bytes(b"not a database at all" * 100)
    database = sqlite3.connect(other)
    database.execute("CREATE TABLE invoice (number)")
    database.close()
    with pytest.raises(InputError, match="file is not a database"):
        Store.open(str(noise))
    assert noise.read_bytes() == b"not a database at all" * 100
    with pytest.raises(InputError, match="something else than a weilend store"):
        Store.open(str(other))
    with pytest.raises(InputError, match="cannot open"):
        Store.open(str(tmp_path))


def test_a_newer_schema_is_refused(store: Store, tmp_path: Path) -> None:
    change(tmp_path, "INSERT INTO schema_version VALUES (99, 'from the future')")
    with pytest.raises(InputError, match="schema 99, newer"):
        Store.open(str(tmp_path / "store.db"))


def test_migrations_are_in_order_and_make_the_tables_that_the_code_reads(store: Store) -> None:
    assert [migration.version for migration in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))
    declared = create_engine("sqlite://")
    METADATA.create_all(declared)
    assert shape(store.engine) == shape(declared)
    declared.dispose()


def test_the_schema_is_one_that_postgresql_reads() -> None:
    for migration in MIGRATIONS:
        for statement in migration.statements:
            sqlglot.parse_one(statement.replace("BYTES", BYTES["postgresql"]), dialect="postgres")
    for table in METADATA.sorted_tables:
        assert "BIGSERIAL" not in str(CreateTable(table).compile(dialect=postgresql.dialect()))


def shape(engine: object) -> dict[str, object]:
    looked = inspect(engine)
    return {
        table: (
            [(column["name"], str(column["type"]), column["nullable"]) for column in looked.get_columns(table)],
            looked.get_pk_constraint(table)["constrained_columns"],
            sorted((key["constrained_columns"], key["referred_table"]) for key in looked.get_foreign_keys(table)),
            sorted((index["name"], index["column_names"], index["unique"]) for index in looked.get_indexes(table)),
            sorted(constraint["column_names"] for constraint in looked.get_unique_constraints(table)),
        )
        for table in looked.get_table_names()
    }


def change(folder: Path, statement: str) -> None:
    """Change the database behind the store's back."""
    database = sqlite3.connect(folder / "store.db")
    with database:
        database.execute(statement)
    database.close()
