"""The economy: same seed, same world; written and read back; truth apart; constants documented."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest

from weilend.core.calendars import Calendar
from weilend.core.errors import InputError
from weilend.economy.contest import constants, make_churn, make_invoice_world, write_world
from weilend.economy.contest.trade import tax_of
from weilend.sources import account, first_seen, read, read_churn

HOME = Calendar()
DOCUMENT = Path(__file__).parents[2] / "docs" / "methodology" / "economy.md"


def small(seed: int):
    return make_invoice_world(seed, with_history=12, without_history=20, months=14)


def test_the_same_seed_gives_the_same_files_and_another_seed_others(tmp_path):
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        write_world(small(seed), tmp_path / name, calendar=HOME)
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()
    sales = "firms_with_history_sales.parquet"
    assert (tmp_path / "a" / sales).read_bytes() != (tmp_path / "c" / sales).read_bytes()


def test_the_world_reads_back_through_the_profile(tmp_path):
    world = small(5)
    write_world(world, tmp_path, calendar=HOME)
    batch = read("cumcm2020c", tmp_path, calendar=HOME, consent_id="synthetic")
    assert batch.rejects.num_rows == 0
    for kind, table in world.records.items():
        final = batch.records[kind].select(table.column_names)
        assert {tuple(row.items()) for row in table.to_pylist()} <= {tuple(row.items()) for row in final.to_pylist()}
    assert read_churn(tmp_path / "rate_and_churn.csv") == world.churn
    done = account(batch, {kind: first_seen(rows["record_id"]) for kind, rows in batch.records.items()})
    assert done.rows_in == done.accepted + done.duplicate


def test_the_default_world_is_of_a_demo_size_and_looks_like_trade():
    world = make_invoice_world(2020)
    invoices = world.records["invoice"]
    assert 60_000 <= invoices.num_rows <= 150_000
    assert world.records["external_outcome"].num_rows == 123
    assert world.truth.num_rows == world.records["registry_event"].num_rows == 425
    days = pc.min_max(invoices["happened_on"]).as_py()
    assert date(2016, 10, 1) <= days["min"] < days["max"] <= date(2020, 2, 29)
    share = {status: pc.mean(pc.equal(invoices["status"], status)).as_py() for status in ("valid", "void")}
    assert 0.03 < share["void"] < 0.15
    assert 0.005 < pc.mean(pc.less(invoices["net_fen"], 0)).as_py() < 0.06
    assert pc.all(pc.equal(invoices["gross_fen"], pc.add(invoices["net_fen"], invoices["tax_fen"]))).as_py()


def test_new_year_dips_and_december_peaks():
    months = pc.month(make_invoice_world(2020).records["invoice"]["happened_on"])
    years = pc.year(make_invoice_world(2020).records["invoice"]["happened_on"])
    count = {
        month: pc.sum(pc.and_(pc.equal(months, month), pc.is_in(years, value_set=years.unique()[1:4]))).as_py()
        for month in (1, 2, 11, 12)
    }
    assert count[2] < 0.75 * count[1]
    assert count[12] > count[1]


def test_ratings_copy_the_label_as_in_the_real_file():
    world = make_invoice_world(1, with_history=2000, without_history=1, months=1)
    bad = pc.equal(world.records["external_outcome"]["outcome"], "default").to_numpy()
    rating = world.records["external_rating"]["rating"].to_numpy()
    assert bad[rating == "D"].all()
    assert 0.8 < (rating[bad] == "D").mean() < 0.95


def test_no_file_holds_the_truth(tmp_path):
    """Of a firm without history nothing says what becomes of it, and nobody's probability is written anywhere."""
    world = small(7)
    write_world(world, tmp_path, calendar=HOME)
    records = read("cumcm2020c", tmp_path, calendar=HOME, consent_id="synthetic").records
    unknown = world.truth.filter(pc.invert(world.truth["has_history"]))["business_id"]
    told = records["external_outcome"]["business_id"]
    assert not set(unknown.to_pylist()) & set(told.to_pylist())
    assert not any("pd" in name for table in records.values() for name in table.column_names)


def test_churn_rises_with_the_rate_within_0_and_1():
    churn = make_churn()
    assert len(churn) == 29
    for letter in "ABC":
        lost = np.array([shares[letter] for _, shares in churn])
        assert lost[0] == 0
        assert (np.diff(lost) > 0).all()
        assert lost[-1] < 1_000_000


@pytest.mark.parametrize("wrong", [{"with_history": 0}, {"without_history": 0}, {"months": 0}, {"months": 42}])
def test_a_world_that_cannot_be_is_refused(wrong):
    with pytest.raises(InputError):
        make_invoice_world(1, **wrong)


def test_tax_rounds_half_up_to_the_fen():
    assert tax_of(np.array([50, 49]), np.array([130_000, 130_000])).tolist() == [7, 6]


def test_every_constant_is_documented_with_its_value():
    text = DOCUMENT.read_text("utf-8")
    names = [name for name in vars(constants) if name.isupper()]
    assert names
    missing = [name for name in names if not re.search(rf"^\| `{name}` \|", text, re.MULTILINE)]
    assert not missing
    for name in names:
        value = getattr(constants, name)
        if isinstance(value, int | float):
            row = re.search(rf"^\| `{name}` \| ([^|]+) \|", text, re.MULTILINE)
            assert row is not None
            assert float(row.group(1).replace(",", "")) == value, name
