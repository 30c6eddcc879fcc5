"""The profile cumcm2020c on a tiny hand-made folder: records, clocks, accounting, quarantine, refusals."""

from __future__ import annotations

import json
from datetime import date, datetime
from pathlib import Path

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest
from cumcm_files import HOME, PURCHASES, SALES, VOID, invoice, write_invoices

from weilend.core.errors import ConsentError, NotFoundError, SourceError
from weilend.core.records import KINDS
from weilend.engine.book import Book
from weilend.sources import CUMCM2020C, Batch, account, detect, first_seen, read, read_churn, read_files, write
from weilend.sources.profile import Clock

NOON = datetime.fromisoformat("2019-03-05T12:00:00")
GOLDEN = Path(__file__).parents[1] / "golden" / "cumcm2020c_records.txt"


def load(path: Path) -> Batch:
    return read("cumcm2020c", path, calendar=HOME, consent_id="own-data")


def fresh(batch: Batch) -> dict[str, np.ndarray]:
    return {kind: first_seen(table["record_id"]) for kind, table in batch.records.items()}


def told(batch: Batch) -> str:
    """Records as text that a person can read: business fields, both clocks by local time, the row behind, the ids."""
    lines = []
    for kind in KINDS:
        for record, row in zip(
            batch.records[kind].to_pylist() if kind in batch.records else [], batch.row_of.get(kind, ()), strict=True
        ):
            fields = " ".join(
                f"{name}={record[name]}" for name in (*KINDS[kind].subjects, *(f.name for f in KINDS[kind].fields))
            )
            happened, known = (
                f"{HOME.day_of(record[at])}+{record[at] - HOME.start_of(HOME.day_of(record[at]))}s"
                for at in ("happened_at", "known_at")
            )
            ids = f"{record['known_basis']} {record['key']} {record['record_id']}"
            lines.append(f"row {row} {kind} {fields} happened={happened} known={known} {ids}")
    lines += [
        f"reject {line['file']}:{line['file_row']} {line['reason']} {line['en']} {line['zh']}"
        for line in batch.rejects.to_pylist()
    ]
    return "\n".join(lines) + "\n"


def test_golden_records(tiny):
    assert told(load(tiny)) == GOLDEN.read_text("utf-8")


def test_rows_account_to_the_row(tiny):
    batch = load(tiny)
    done = account(batch, fresh(batch))
    assert (done.rows_in, done.accepted, done.duplicate, done.quarantined) == (10, 8, 1, 1)
    assert done.duplicates_of == {"E1": 1}
    assert done.reasons == {"gross_is_not_net_plus_tax": 1}
    assert {count.file: (count.rows_in, count.accepted, count.duplicate, count.quarantined) for count in done.files} == {
        "firms_with_history.csv": (2, 2, 0, 0),
        "firms_with_history_purchases.parquet": (1, 1, 0, 0),
        "firms_with_history_sales.parquet": (5, 3, 1, 1),
        "firms_without_history.csv": (1, 1, 0, 0),
        "firms_without_history_sales.parquet": (1, 1, 0, 0),
    }


def test_a_lost_row_would_not_pass_the_account(tiny):
    """Planted bug: a reader that drops a record without quarantining its row."""
    batch = load(tiny)
    broken = msgspec.structs.replace(batch, row_of=batch.row_of | {"invoice": batch.row_of["invoice"][1:]})
    with pytest.raises(SourceError):
        account(broken, {kind: np.ones(len(rows), bool) for kind, rows in broken.row_of.items()})


def test_the_book_takes_the_batch_and_a_second_time_nothing(tiny, tmp_path):
    book = Book.open(tmp_path / "book", calendar=HOME)
    batch = load(tiny)
    assert account(batch, {kind: done.fresh for kind, done in book.append(batch.records).items()}).accepted == 8
    again = account(batch, {kind: done.fresh for kind, done in book.append(batch.records).items()})
    assert (again.accepted, again.duplicate, again.quarantined) == (0, 9, 1)


def test_no_name_reaches_a_record(tiny):
    assert not any("*" in str(table.to_pylist()) or "个体" in str(table.to_pylist()) for table in load(tiny).records.values())


def test_a_void_invoice_was_valid_until_its_month_ended(tmp_path):
    write_invoices(tmp_path / "a.parquet", [invoice(status=VOID)])
    records = load(tmp_path).records["invoice"].to_pylist()
    assert [record["status"] for record in records] == ["valid", "void"]
    assert records[0]["key"] == records[1]["key"]
    assert records[0]["record_id"] != records[1]["record_id"]
    assert [record["known_at"] for record in records] == [HOME.end_of(date(2019, 3, 5)), HOME.end_of_month(date(2019, 3, 5))]
    assert {record["happened_at"] for record in records} == {HOME.end_of(date(2019, 3, 5))}


def test_a_number_that_recurs_with_other_content_is_another_fact(tmp_path):
    write_invoices(
        tmp_path / "a.parquet",
        [invoice(), invoice(day=date(2018, 3, 5)), invoice(party="B2"), invoice(tax=14.0, gross=114.0)],
    )
    assert len(set(load(tmp_path).records["invoice"]["key"].to_pylist())) == 4


BAD_ROWS = [
    ({"business_id": None}, "missing"),
    ({"business_id": " "}, "missing"),
    ({"number": None}, "missing"),
    ({"party": None}, "missing"),
    ({"day": None}, "missing"),
    ({"day": NOON}, "not_a_day"),
    ({"day": date(2020, 3, 2)}, "day_out_of_range"),
    ({"day": date(1970, 1, 1)}, "day_out_of_range"),
    ({"status": None}, "missing"),
    ({"status": "已作废"}, "unknown_word"),
    ({"net": None}, "missing"),
    ({"net": float("nan")}, "not_an_amount"),
    ({"net": float("inf")}, "not_an_amount"),
    ({"net": 100.005, "gross": 113.005}, "fraction_of_fen"),
    ({"net": 1e12, "gross": 1e12}, "out_of_range"),
    ({"gross": 113.01}, "gross_is_not_net_plus_tax"),
]


@pytest.mark.parametrize(("change", "reason"), BAD_ROWS, ids=str)
def test_a_malformed_row_is_quarantined_with_its_reason(tmp_path, change, reason):
    write_invoices(tmp_path / "a.parquet", [invoice(number=1), invoice(**change), invoice(number=3)])
    batch = load(tmp_path)
    (reject,) = batch.rejects.to_pylist()
    assert (reject["file"], reject["file_row"], reject["reason"]) == ("a.parquet", 2, reason)
    assert reject["en"]
    assert reject["zh"]
    assert json.loads(reject["original"])["购方单位代号"] == change.get("party", "B00001")
    assert batch.row_of["invoice"].tolist() == [0, 2]


def test_a_torn_csv_row_is_quarantined_whole(tmp_path):
    (tmp_path / "firms.csv").write_text("企业代号,企业名称\nE1,***公司\nE2\nE3,***公司\n", "utf-8")
    batch = load(tmp_path)
    assert [(r["file_row"], r["reason"], r["original"]) for r in batch.rejects.to_pylist()] == [(2, "torn_row", '["E2"]')]
    assert batch.records["registry_event"]["business_id"].to_pylist() == ["E1", "E3"]


def test_a_quote_that_is_never_closed_costs_one_row(tmp_path):
    (tmp_path / "firms.csv").write_text('企业代号,企业名称\nE1,"公司\nE2,***公司\n', "utf-8")
    batch = load(tmp_path)
    assert [(r["file_row"], r["reason"]) for r in batch.rejects.to_pylist()] == [(1, "open_quote")]
    assert batch.records["registry_event"]["business_id"].to_pylist() == ["E2"]


def test_overlapping_files_count_once(tmp_path):
    rows = [invoice(number=number) for number in range(5)]
    write_invoices(tmp_path / "a.parquet", rows[:4])
    write_invoices(tmp_path / "b.parquet", rows[2:])
    batch = load(tmp_path)
    done = account(batch, fresh(batch))
    assert (done.accepted, done.duplicate) == (5, 2)


def test_files_are_known_by_header_not_by_name(tmp_path):
    write_invoices(tmp_path / "whatever.parquet", [invoice()], PURCHASES)
    assert detect(tmp_path) == detect(tmp_path / "whatever.parquet") == "cumcm2020c"
    assert load(tmp_path / "whatever.parquet").records["invoice"]["direction"].to_pylist() == ["purchase"]


def test_read_files_gives_the_same_one_file_at_a_time(tiny):
    whole, parts = load(tiny), list(read_files("cumcm2020c", tiny, calendar=HOME, consent_id="own-data"))
    assert len(parts) == 6
    assert whole.rows.num_rows == sum(part.rows.num_rows for part in parts)


SALES_FILE = "firms_with_history_sales.parquet"


def rot(file: Path) -> None:
    data = file.read_bytes()
    file.write_bytes(data[:4] + bytes(255 - byte for byte in data[4:200]) + data[200:])


def rename(file: Path) -> None:
    pq.write_table(pq.read_table(file).rename_columns([f"x{name}" for name in SALES]), file)


#: What is done to a file of the tiny folder so that it cannot be read.
DAMAGE = {
    "cut short": (SALES_FILE, lambda file: file.write_bytes(file.read_bytes()[:-40])),
    "bytes rotted": (SALES_FILE, rot),
    "no parquet": (SALES_FILE, lambda file: file.write_text("hello")),
    "empty file": (SALES_FILE, lambda file: file.write_bytes(b"")),
    "other table": (SALES_FILE, rename),
    "other csv": ("notes.csv", lambda file: file.write_text("a,b\n1,2\n")),
    "empty csv": ("notes.csv", lambda file: file.write_text("")),
    "no text": ("notes.csv", lambda file: file.write_bytes(b"\xff\xfe\xff\xff\n")),
    "column twice": ("notes.csv", lambda file: file.write_text("企业代号,企业代号,企业名称\n", "utf-8")),
}


def damaged(tiny: Path, what: str) -> Path:
    name, damage = DAMAGE[what]
    damage(tiny / name)
    return tiny


@pytest.mark.parametrize("what", DAMAGE)
def test_a_wrong_file_is_refused_in_one_sentence_with_a_hint(tiny, what):
    with pytest.raises(SourceError) as caught:
        load(damaged(tiny, what))
    assert caught.value.hint
    assert "\n" not in str(caught.value)


def test_a_folder_or_file_without_records_is_refused(tiny):
    (tiny / "empty").mkdir()
    for path in (tiny / "empty", tiny / "rate_and_churn.csv"):
        with pytest.raises(SourceError) as caught:
            load(path)
        assert caught.value.hint


def test_a_wrong_path_is_not_found_and_no_consent_is_refused(tiny):
    with pytest.raises(NotFoundError):
        load(tiny / "nowhere")
    with pytest.raises(ConsentError):
        read("cumcm2020c", tiny, calendar=HOME, consent_id=" ")
    with pytest.raises(NotFoundError):
        read("cumcm", tiny, calendar=HOME, consent_id="x")
    with pytest.raises(SourceError):
        detect(damaged(tiny, "other csv"))


def test_a_record_that_the_format_cannot_say_is_refused(tiny, tmp_path):
    records = load(tiny).records
    texts = records["invoice"].set_column(3, "number", records["invoice"]["counterparty_id"])
    with pytest.raises(SourceError, match="cannot hold number"):
        write(CUMCM2020C, records | {"invoice": texts}, tmp_path / "out", calendar=HOME)


@pytest.mark.parametrize("text", ["贷款年利率,A,B,C\n", "贷款年利率,A,B,C\n0.04,0,0,x\n", "贷款年利率,A,B,C\n0.04,0,0,2\n",
                                  "贷款年利率,A,B,C\n0.05,0,0,0\n0.04,0,0,0\n", "rate,A,B,C\n0.04,0,0,0\n"])  # fmt: skip
def test_a_wrong_table_of_rates_is_refused(tmp_path, text):
    (tmp_path / "churn.csv").write_text(text, "utf-8")
    with pytest.raises(SourceError):
        read_churn(tmp_path / "churn.csv")


def test_clocks_add_the_declared_lag():
    from weilend.sources.steps.clocks import instants

    day = np.array([(date(2019, 3, 5) - date(1970, 1, 1)).days], np.int32)
    assert instants(Clock(rule="end_of_day", lag_days=1), day, HOME)[0] == HOME.end_of(date(2019, 3, 6))
