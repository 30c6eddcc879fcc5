"""What sources know and buy: what is planted is found, what others know too adds nothing, and money is judged by its interval."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weilend.app.desk.models.report_sources import source_section
from weilend.models import value
from weilend.models.ablation import say_parts, subsets_of
from weilend.models.recipes.flat_card import fit
from weilend.models.sample import Column, Sample
from weilend.models.table import Table
from weilend.models.value import Economics, Valued, _Ladder, parts_of, value_sources
from weilend.report import render_page
from weilend.report.blocks import Page

LOAN = Economics(margin_fen=300_00, loss_fen=900_00)
PRICES = {"books": 50, "copy": 50, "noise": 50}


def planted(rows: int, seed: int) -> Sample:
    """The books know much, the copy what the free column knows, noise nothing; half of the files have no books."""
    dice = np.random.default_rng(seed)
    values = dice.normal(0, 100, (rows, 4)).astype(np.int64)
    values[:, 1] = values[:, 3] + dice.normal(0, 5, rows).astype(np.int64)
    known = np.ones((rows, 4), dtype=np.bool_)
    known[: rows // 2, 0] = False
    risk = (1.5 * np.where(known[:, 0], values[:, 0], 0) + values[:, 3]) / 100
    bad = (dice.random(rows) < 1 / (1 + np.exp(1 + risk))).astype(np.int64)
    names, sources = ("sales", "score", "luck", "own"), ("books", "copy", "noise", "")
    table = Table(names, np.where(known, values, 0), known, tuple(map(str, range(rows))))
    columns = tuple(Column(name=name, source=source) for name, source in zip(names, sources, strict=True))
    return Sample(table=table, columns=columns, bad=bad, weight=np.ones(rows), group=np.arange(rows), month=np.full(rows, -1))


@pytest.fixture(scope="module")
def found() -> Valued:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(value, "DRAWS", 200)
        return value_sources(planted(1500, 1), planted(1500, 2), fit, PRICES, LOAN, approved_ppm=700_000, seed=1)


def test_what_was_planted_is_found(found) -> None:
    books, copy, noise = found.worth
    assert [one.knows for one in (books, copy, noise)] == ["adds", "open", "open"]
    assert copy.alone.lo_ppm > 550_000, "alone it ranks: others know it too"
    assert noise.alone.lo_ppm < 510_000
    assert (books.pays, noise.pays) == ("pays", "costs")
    assert books.approved_without_ppm < books.approved_with_ppm
    assert books.moved.lo_ppm > 0 >= noise.moved.lo_ppm
    assert books.adds.estimate_ppm == pytest.approx(found.whole.estimate_ppm - books.without.estimate_ppm, abs=2)


def test_thin_files_are_told_apart() -> None:
    train, test = planted(600, 3), planted(600, 4)
    told = value_sources(train, test, fit, {"books": None}, None, approved_ppm=700_000, seed=1)
    assert {one.slice for one in told.files} == {"thin", "thick"}
    lines = {(one.parts, one.slice): one for one in told.files}
    assert lines[("books",), "thin"].auc.estimate_ppm == 500_000
    only = told.worth[0]
    assert (only.gain, only.pays) == (None, "unknown")


def test_the_price_decides_and_inside_the_interval_nothing_is_claimed(found) -> None:
    books = found.worth[0]
    gain = books.gain
    for price, verdict in ((gain.lo_fen - 1, "pays"), (gain.lo_fen, "open"), (gain.hi_fen, "open"), (gain.hi_fen + 1, "costs")):
        assert msgspec.structs.replace(books, cost_fen=price).pays == verdict


def test_the_page_says_of_an_interval_with_0_that_nothing_is_shown(found) -> None:
    section = source_section(found)
    html = render_page(Page(title="t", sections=(section,)))
    assert html.count("is not shown to add anything to the other columns: the interval includes 0") == 2
    assert html.count("it adds to what all other columns know") == 1
    assert "the other columns know that too" in html
    assert "costs more than it brings" in html
    silent = msgspec.structs.replace(found, worth=tuple(msgspec.structs.replace(one, gain=None) for one in found.worth))
    assert len(source_section(silent).blocks) == len(section.blocks) - 1, "without money no table of money"


def test_time_leaves_out_the_last_trainings_and_says_none(monkeypatch) -> None:
    monkeypatch.setattr(value, "DRAWS", 20)
    asked: list[int] = []

    def stop() -> bool:
        asked.append(1)
        return len(asked) > 2

    train, test = planted(400, 5), planted(400, 6)
    told = value_sources(train, test, fit, {"books": 1, "noise": 1}, LOAN, approved_ppm=700_000, seed=1, stop=stop)
    assert [(one.knows == "unknown", one.alone) for one in told.worth] == [(False, None), (False, None)]
    parts = parts_of(train, ("books", "noise"))
    assert len(say_parts(train, test, fit, parts, seed=1, asked=["books"], stop=lambda: True)) == 1


def test_a_source_of_all_columns_leaves_nothing() -> None:
    sample = planted(300, 7)
    assert subsets_of({"all": sample.table.names}) == (("all",), ())
    columns = tuple(msgspec.structs.replace(column, source="all") for column in sample.columns)
    whole = msgspec.structs.replace(sample, columns=columns)
    one = value_sources(whole, whole, fit, {"all": None}, None, approved_ppm=700_000, seed=1).worth[0]
    assert one.without.estimate_ppm == 500_000
    assert one.knows == "adds"


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 1), st.integers(0, 3)), min_size=1, max_size=30), st.floats(0, 1))
def test_the_greatest_share_is_the_one_that_trying_every_cut_finds(rows, rate) -> None:
    points, bad, weight = (np.array(part, dtype=np.int64) for part in zip(*rows, strict=True))
    if not weight.sum():
        return
    tried = [0.0]
    for cut in np.unique(points):
        taken = weight * (points >= cut)
        if taken @ bad <= rate * taken.sum() + 1e-9:
            tried.append(float(taken.sum() / weight.sum()))
    assert _Ladder.of(points, bad).share(weight.astype(np.float64), rate) == pytest.approx(max(tried))


def test_ties_are_not_parted_and_a_ladder_that_parts_them_is_caught() -> None:
    """The safety, with its bug planted: rows of the same points approved one by one, goods first, promise what no cut-off gives."""
    points, bad, weight = np.array([5, 5, 5, 5]), np.array([0, 0, 1, 1]), np.ones(4)
    assert _Ladder.of(points, bad).share(weight, 0.0) == 0.0
    assert _Ladder.of(points * 10 - bad, bad).share(weight, 0.0) == 0.5
