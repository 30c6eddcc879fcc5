"""A live application brings its own papers: they are read with the book, decided, committed, and only then shelved."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from weilend.app.desk import desk as desk_module
from weilend.app.desk.deliver import deliver
from weilend.app.desk.desk import open_desk
from weilend.app.desk.replay import replay_receipts
from weilend.core.calendars import parse_day
from weilend.core.errors import ConsentError, NotFoundError

BUSINESS, DAY = "E150", "2020-01-01"
SALES = "firms_without_history_sales.parquet"


def keep(data: Path, folder: Path, *, papers: bool) -> Path:
    """Split a world: the papers are the applicant's sales since October 2019, the rest is all that is in the book before."""
    folder.mkdir()
    for file in data.iterdir():
        if file.name != SALES:
            if not papers:
                (folder / file.name).write_bytes(file.read_bytes())
            continue
        table = pq.read_table(file)
        late = pc.greater_equal(table["开票日期"].cast(pa.date32()), parse_day("2019-10-01"))
        own = pc.and_(pc.equal(table["企业代号"], BUSINESS), late)
        pq.write_table(table.filter(own if papers else pc.invert(own)), folder / file.name)
    return folder


pytestmark = pytest.mark.xdist_group("live")


@pytest.fixture(scope="module")
def prepared(world, tmp_path_factory):
    """A home that knows everything but the applicant's last three months, and has a model."""
    place = tmp_path_factory.mktemp("prepared")
    desk = open_desk(place / "home")
    desk.ingest(keep(world, place / "before", papers=False), consent="own-data")
    desk.build_model("enterprise_loan", DAY, assume_label_known=True)
    return place / "home"


@pytest.fixture
def desk(prepared, tmp_path):
    return open_desk(Path(shutil.copytree(prepared, tmp_path / "home")))


def test_papers_count_at_once_and_reach_the_book_after(desk, world, tmp_path):
    papers = keep(world, tmp_path / "papers", papers=True)
    without = desk.decide("enterprise_loan", BUSINESS, DAY, consent="own-data")
    rows_before = desk.book_stats()["invoice"].rows
    receipt = desk.decide("enterprise_loan", BUSINESS, DAY, consent="own-data", payload=papers)
    assert receipt.features.values["sales_fen_12m"] > without.features.values["sales_fen_12m"]
    assert receipt.features.values["sales_count_3m"] > 0 == without.features.values["sales_count_3m"]
    assert desk.book_stats()["invoice"].rows > rows_before
    whole = open_desk(tmp_path / "whole")
    whole.ingest(world, consent="own-data")
    later = whole.decide("enterprise_loan", BUSINESS, DAY, consent="own-data")
    assert later.features == receipt.features
    assert desk.replay().problems == ()


def test_a_crash_before_the_book_is_fed_loses_nothing(desk, world, tmp_path, monkeypatch):
    papers = keep(world, tmp_path / "papers", papers=True)

    def crash(*_args, **_kwargs):
        raise RuntimeError("killed")

    monkeypatch.setattr(desk_module, "deliver", crash)
    rows = desk.book_stats()["invoice"].rows
    with pytest.raises(RuntimeError, match="killed"):
        desk.decide("enterprise_loan", BUSINESS, DAY, consent="own-data", payload=papers)
    monkeypatch.undo()
    assert desk.book_stats()["invoice"].rows == rows
    receipts = list(desk.home.store.receipts())
    assert len(receipts) == 1, "what was decided was committed"
    assert replay_receipts(desk.home, receipts).problems == ()
    assert deliver(desk.home, at=0) > 0
    fed = desk.book_stats()["invoice"].rows
    assert fed > rows
    assert deliver(desk.home, at=0) == 0
    assert desk.book_stats()["invoice"].rows == fed


def test_wrong_papers_change_nothing(desk, world, tmp_path):
    with pytest.raises(NotFoundError):
        desk.decide("enterprise_loan", BUSINESS, DAY, consent="own-data", payload=tmp_path / "nowhere")
    with pytest.raises(ConsentError):
        desk.decide("enterprise_loan", BUSINESS, DAY, consent="", payload=keep(world, tmp_path / "papers", papers=True))
    assert list(desk.home.store.receipts()) == []


def test_who_left_no_papers_at_all_is_referred_and_not_approved(desk):
    receipt = desk.decide("enterprise_loan", "E99999", DAY, consent="own-data")
    assert receipt.decision.outcome == "refer"
    assert receipt.decision.ceiling_fen is None
