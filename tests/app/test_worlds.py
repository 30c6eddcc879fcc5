"""A world on disk: any number of workers makes the same, its home is a home, and nothing in it tells the truth."""

from __future__ import annotations

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from weilend.app.desk.home import open_home
from weilend.app.desk.worlds.audit import read_truth
from weilend.app.desk.worlds.making import WorldMade, make_world
from weilend.core.errors import InputError
from weilend.economy.audit.tells import ranking, readings
from weilend.economy.plan import make_plan


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world") / "one"
    return folder, make_world(make_plan(businesses=1_009, months=9, seed=3), folder, workers=1)


def test_two_workers_make_the_same_world(world, tmp_path):
    plan = make_plan(businesses=1_200, months=6, seed=3)
    alone = make_world(plan, tmp_path / "alone", workers=1)
    together = make_world(plan, tmp_path / "together", workers=2)
    assert alone == together
    assert alone.content != world[1].content


def test_the_home_of_a_world_is_sound(world):
    folder, made = world
    home = open_home(folder / "home", create=False)
    assert home.book.verify() == ()
    assert {kind: one.rows for kind, one in home.book.stats().items()} == made.records
    assert msgspec.json.decode((folder / "world.json").read_bytes(), type=WorldMade) == made


def test_a_folder_with_something_in_it_is_refused(world):
    with pytest.raises(InputError, match="is not an empty folder"):
        make_world(make_plan(businesses=10, months=6, seed=3), world[0])


def test_no_name_of_the_truth_stands_in_the_home(world):
    folder, _ = world
    names = {
        name for table in read_truth(folder).values() for name in table.column_names if name.startswith(("pd_ppm", "bad_"))
    }
    assert names
    content = b"".join(
        path.read_bytes() for path in (folder / "home").rglob("*") if path.is_file() and path.suffix != ".parquet"
    )
    assert not any(name.encode() in content for name in names)


def _is_of_lenders(name: str) -> bool:
    return any(word in name for word in ("lender", "nature", "counterparty_kind"))


def observable(folder) -> dict[str, np.ndarray]:
    """Everything that can be read of each firm: means, extremes and counts of every column of every kind, joined by business."""
    view, firms = (
        open_home(folder / "home", create=False).book.view(),
        read_truth(folder)["firms"]["business_id"].combine_chunks(),
    )
    shop_of = view.read("link").filter(pc.equal(view.read("link")["role"], "owns"))
    found = {}
    for kind in ("order", "bank_entry", "invoice", "tax_filing", "shop_snapshot", "wallet_entry", "application"):
        table = view.read(kind)
        owner = table["business_id"] if "business_id" in table.column_names else shop_of["from_id"].combine_chunks().take(
            pc.index_in(table["shop_id"].combine_chunks(), value_set=shop_of["to_id"].combine_chunks()))  # fmt: skip
        place = pc.index_in(owner, value_set=firms)
        place = (place.combine_chunks() if isinstance(place, pa.ChunkedArray) else place).to_numpy(zero_copy_only=False)
        count = np.maximum(np.bincount(place, minlength=len(firms)), 1)
        found[f"{kind} count"] = count
        for field, score in readings(table):
            found[f"{kind} {field}"] = np.bincount(place, score, minlength=len(firms)) / count
    return found


def test_what_no_file_holds_cannot_be_read_from_all_files_together(world):
    """Joins everything to every firm; the planted copy shows that the join would find it."""
    folder, _ = world
    unseen = read_truth(folder)["firms"]["unseen_milli"].to_numpy()
    strong = unseen > 0
    fields = observable(folder)
    ranks = {name: ranking(score, strong) for name, score in fields.items()}
    limit = 4.5 * np.sqrt(1 / (3 * len(strong)))
    assert len(ranks) > 80
    assert [(name, rank) for name, rank in ranks.items() if abs(rank - 0.5) > limit and not _is_of_lenders(name)] == []
    assert all(abs(rank - 0.5) < 0.13 for rank in ranks.values())  # other lenders sensed a little of it: that much is meant
    assert abs(ranking(unseen + np.random.default_rng(1).normal(0, 3_000, len(unseen)), strong) - 0.5) > limit
