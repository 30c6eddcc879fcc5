"""The real files, found by WEILEND_DATA: counts to the row, and what writing gives back."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow.compute as pc
import pytest
from cumcm_files import HOME

from weilend.sources import Accounting, Batch, account, detect, first_seen, read, read_churn, write

DATA = Path(os.environ.get("WEILEND_DATA", "")) / "cumcm2020c"
pytestmark = pytest.mark.skipif(
    not (os.environ.get("WEILEND_DATA") and DATA.is_dir()), reason="WEILEND_DATA does not lead to cumcm2020c"
)


@pytest.fixture(scope="module")
def real() -> Batch:
    return read("cumcm2020c", DATA, calendar=HOME, consent_id="own-data")


@pytest.fixture(scope="module")
def done(real: Batch) -> Accounting:
    return account(real, {kind: first_seen(table["record_id"]) for kind, table in real.records.items()})


def test_every_row_is_accounted_for(done):
    assert detect(DATA) == "cumcm2020c"
    assert (done.rows_in, done.accepted, done.duplicate, done.quarantined) == (1_099_866, 1_088_196, 11_665, 5)
    assert done.reasons == {"gross_is_not_net_plus_tax": 5}
    assert {count.file: count.duplicate for count in done.files if count.duplicate} == {
        "firms_with_history_purchases.parquet": 803,
        "firms_with_history_sales.parquet": 4_436,
        "firms_without_history_purchases.parquet": 4_681,
        "firms_without_history_sales.parquet": 1_745,
    }
    assert set(done.duplicates_of) == {"E2", "E22", "E48", "E61", "E75", "E160", "E197"}


def test_firms_labels_and_names(real):
    forms = {pair["values"]: pair["counts"] for pair in real.records["registry_event"]["legal_form"].value_counts().to_pylist()}
    assert forms == {"company": 315, "sole_trader": 59, "other": 41, "branch": 10}
    assert pc.sum(pc.equal(real.records["external_outcome"]["outcome"], "default")).as_py() == 27
    assert real.records["external_rating"].num_rows == 123


def test_the_two_pairs_of_files_share_no_counterparty(real):
    invoices = real.records["invoice"]
    rated = pc.is_in(invoices["business_id"], value_set=real.records["external_outcome"]["business_id"].combine_chunks())
    ours, theirs = (set(invoices.filter(side)["counterparty_id"].unique().to_pylist()) for side in (rated, pc.invert(rated)))
    assert ours
    assert not ours & theirs


def test_what_is_written_reads_back(real, tmp_path):
    some = real.records["external_outcome"]["business_id"].combine_chunks()[60:]
    records = {kind: table.filter(pc.is_in(table["business_id"], value_set=some)) for kind, table in real.records.items()}
    write("cumcm2020c", records, tmp_path, calendar=HOME)
    again = read("cumcm2020c", tmp_path, calendar=HOME, consent_id="own-data")
    for kind, table in records.items():
        versions = [
            set(zip(side["record_id"].to_pylist(), side["known_at"].to_pylist(), strict=True))
            for side in (table, again.records[kind])
        ]
        assert versions[0] == versions[1]


def test_the_table_of_rates():
    churn = read_churn(DATA / "rate_and_churn.csv")
    assert len(churn) == 29
    assert churn[0] == (40_000, {"A": 0, "B": 0, "C": 0})
    assert churn[1] == (42_500, {"A": 94_574, "B": 66_800, "C": 68_725})
    assert churn[-1][0] == 150_000
