"""The portfolio of the demo: same seed, same files; written and read back; truth apart; constants documented."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from weilend.app.desk.worlds.portfolios import FILES, TRUTH, make_portfolio_files
from weilend.core.calendars import Calendar
from weilend.core.errors import InputError
from weilend.economy import churn, portfolio, portfolio_papers
from weilend.economy.churn import make_churn
from weilend.economy.portfolio import Portfolio, choose, make_portfolio, rate_firms, write_portfolio
from weilend.economy.portfolio_papers import VAT_IN_FORCE, tax_in_force
from weilend.sources import account, first_seen, read, read_churn

HOME = Calendar()
DOCUMENT = Path(__file__).parents[2] / "docs" / "methodology" / "economy.md"
EPOCH = date(1970, 1, 1)


@pytest.fixture(scope="module")
def small() -> Portfolio:
    return make_portfolio(5, with_history=12, without_history=20, months=14)


@pytest.fixture(scope="module")
def whole() -> Portfolio:
    return make_portfolio(2020)


def test_the_same_seed_gives_the_same_files_and_another_seed_others(small, tmp_path):
    again, other = (make_portfolio(seed, with_history=12, without_history=20, months=14) for seed in (5, 6))
    for name, one in (("a", small), ("b", again), ("c", other)):
        write_portfolio(one, tmp_path / name, calendar=HOME)
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()
    assert small.truth.equals(again.truth)
    sales = "firms_with_history_sales.parquet"
    assert (tmp_path / "a" / sales).read_bytes() != (tmp_path / "c" / sales).read_bytes()


def test_a_portfolio_reads_back_through_the_profile(small, tmp_path):
    write_portfolio(small, tmp_path, calendar=HOME)
    batch = read("cumcm2020c", tmp_path, calendar=HOME, consent_id="synthetic")
    assert batch.rejects.num_rows == 0
    for kind, table in small.records.items():
        final = batch.records[kind].select(table.column_names)
        assert {tuple(row.items()) for row in table.to_pylist()} <= {tuple(row.items()) for row in final.to_pylist()}
    assert read_churn(tmp_path / "rate_and_churn.csv") == small.churn
    done = account(batch, {kind: first_seen(rows["record_id"]) for kind, rows in batch.records.items()})
    assert done.rows_in == done.accepted + done.duplicate


def test_it_is_of_a_demo_size_and_looks_like_trade(whole):
    invoices = whole.records["invoice"]
    assert 60_000 <= invoices.num_rows <= 150_000
    assert whole.records["external_outcome"].num_rows == 123
    assert whole.truth.num_rows == whole.records["registry_event"].num_rows == 425
    days = pc.min_max(invoices["happened_on"]).as_py()
    assert date(2016, 10, 1) <= days["min"] < days["max"] <= date(2020, 2, 29)
    share = {status: pc.mean(pc.equal(invoices["status"], status)).as_py() for status in ("valid", "void")}
    assert 0.03 < share["void"] < 0.15
    assert 0.005 < pc.mean(pc.less(invoices["net_fen"], 0)).as_py() < 0.06
    assert pc.all(pc.equal(invoices["gross_fen"], pc.add(invoices["net_fen"], invoices["tax_fen"]))).as_py()
    assert set(whole.records["registry_event"]["legal_form"].to_pylist()) == {"company", "sole_trader"}


def test_trade_dips_at_new_year(whole):
    day = whole.records["invoice"]["happened_on"]
    inside = pc.and_(pc.greater_equal(pc.year(day), 2017), pc.less(pc.year(day), 2020))
    count = dict(zip(*np.unique(pc.month(day.filter(inside)).to_numpy(), return_counts=True), strict=True))
    assert count[2] < 0.75 * count[1]
    assert count[12] > count[2]


def test_those_with_history_are_chosen_by_outcome_and_the_others_come_as_they_are(whole):
    known = whole.truth["has_history"].to_numpy()
    bad = pc.equal(whole.truth["outcome"], "default").to_numpy()
    assert bad[known].sum() == 27
    assert (
        whole.truth["business_id"].to_pylist()[:123] == [f"E{number}" for number in range(1, 124)] == codes_with_outcome(whole)
    )
    assert 0.02 < bad[~known].mean() < 0.15
    assert abs(bad[~known].mean() - whole.truth["pd_ppm"].to_numpy()[~known].mean() / 1e6) < 0.03


def codes_with_outcome(made: Portfolio) -> list[str]:
    return made.records["external_outcome"]["business_id"].to_pylist()


def test_parties_of_firms_with_history_and_of_the_others_are_strangers(whole):
    """A supplier is no customer and no party is shared, so that no code joins what the masking parted."""
    invoice, known = whole.records["invoice"], pa.array(codes_with_outcome(whole))
    for direction, letters in (("sale", ("B", "D")), ("purchase", ("A", "C"))):
        side = invoice.filter(pc.equal(invoice["direction"], direction))
        has_history = pc.is_in(side["business_id"], value_set=known)
        for rows, letter in zip((has_history, pc.invert(has_history)), letters, strict=True):
            parties = side["counterparty_id"].filter(rows)
            assert pc.all(pc.starts_with(parties, letter)).as_py()
            assert len(parties.unique()) < len(parties) / 2, "firms come back to those they know"


def test_ratings_copy_the_outcome_as_in_the_real_file():
    dice = np.random.default_rng(1)
    pd = dice.beta(1, 9, 2_000)
    bad = dice.random(2_000) < pd
    rating = rate_firms(dice, pd, bad)
    assert bad[rating == "D"].all()
    assert 0.8 < (rating[bad] == "D").mean() < 0.95
    assert pd[rating == "A"].mean() < pd[rating == "B"].mean() < pd[rating == "C"].mean()


def test_no_file_holds_the_truth(tmp_path):
    """Nothing says what becomes of a firm without history, nobody's probability is written, nor who a firm is in its world."""
    made = make_portfolio_files(7, tmp_path / "made")
    assert sorted(path.name for path in (tmp_path / "made").iterdir()) == [FILES, TRUTH]
    records = read("cumcm2020c", tmp_path / "made" / FILES, calendar=HOME, consent_id="synthetic").records
    unknown = made.truth.filter(pc.invert(made.truth["has_history"]))["business_id"]
    assert not set(unknown.to_pylist()) & set(records["external_outcome"]["business_id"].to_pylist())
    assert not any("pd" in name for table in records.values() for name in table.column_names)
    texts = {
        cell
        for table in records.values()
        for column in table.columns
        if pa.types.is_string(column.type)
        for cell in column.unique().to_pylist()
    }
    assert not texts & set(made.truth["world_id"].to_pylist())


def test_files_are_not_written_over_others(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match="not an empty folder"):
        make_portfolio_files(1, tmp_path / "there")
    assert [path.name for path in (tmp_path / "there").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("wrong", [{"with_history": 0}, {"without_history": 0}, {"months": 0}, {"months": 61}])
def test_a_portfolio_that_cannot_be_is_refused(wrong):
    with pytest.raises(InputError):
        make_portfolio(1, **wrong)


def test_too_few_of_an_outcome_are_said():
    with pytest.raises(InputError, match="only 1 go bad, too few for 20"):
        choose(np.random.default_rng(1), np.arange(60) < 1, 20, 10)


def test_tax_is_what_the_law_asked_on_the_day():
    def on(year: int, month: int, day: int) -> int:
        return (date(year, month, day) - EPOCH).days

    days = np.array([on(2018, 4, 30), on(2018, 5, 1), on(2019, 3, 31), on(2019, 4, 1), on(2019, 4, 1)])
    net, tax = np.full(5, 10_000), np.array([1_300, 1_300, 900, 900, 600])
    assert tax_in_force(net, tax, days).tolist() == [1_700, 1_600, 1_000, 900, 600]
    assert tax_in_force(np.array([50, -50]) * 3, np.array([20, -20]), days[:2]).tolist() == [26, -24]
    assert all(steps[0][0] <= date(2016, 10, 1) for steps in VAT_IN_FORCE.values())


def test_churn_rises_with_the_rate_within_0_and_1():
    made = make_churn()
    assert len(made) == 29
    for letter in "ABC":
        lost = np.array([shares[letter] for _, shares in made])
        assert lost[0] == 0
        assert (np.diff(lost) > 0).all()
        assert lost[-1] < 1_000_000


def test_every_constant_is_documented_with_its_value():
    text = DOCUMENT.read_text("utf-8")
    constants = {
        name: getattr(module, name) for module in (churn, portfolio, portfolio_papers) for name in defined_in(module.__file__)
    }
    assert len(constants) > 12
    for name, value in constants.items():
        row = re.search(rf"^\| `{name}` \| ([^|]+) \|", text, re.MULTILINE)
        assert row is not None, name
        if isinstance(value, int | float):
            assert float(row.group(1).replace(",", "")) == value, name


def defined_in(file: str) -> list[str]:
    return re.findall(r"^([A-Z][A-Z_]+): Final", Path(file).read_text("utf-8"), re.MULTILINE)
