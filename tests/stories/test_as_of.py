"""A story of two clocks: what is computed for 1 June 2019 is what it would have been on 1 June 2019."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from tests.real import find_real
from weilend.app.desk.desk import Desk, open_desk
from weilend.app.desk.population import look_at
from weilend.core.calendars import Calendar, first_of_month, month_index
from weilend.features import FEATURE_SETS

AS_OF = date(2019, 6, 1)
FEATURES = FEATURE_SETS["invoice"]


def forget_the_future(data: Path, folder: Path) -> Path:
    """Copy raw files as they would have been at the as_of: later rows gone, and voids that came later not yet void."""
    folder.mkdir()
    for file in sorted(data.iterdir()):
        if file.suffix != ".parquet":
            (folder / file.name).write_bytes(file.read_bytes())
            continue
        table = pq.read_table(file)
        table = table.filter(pc.less(table["开票日期"].cast(pa.date32()), AS_OF))
        days = table["开票日期"].cast(pa.date32()).to_pylist()
        next_month = {day: first_of_month(month_index(day) + 1) for day in set(days)}
        late = pc.greater(pa.array([next_month[day] for day in days], pa.date32()), AS_OF)
        status = pc.if_else(late, "有效发票", table["发票状态"])
        at = table.column_names.index("发票状态")
        pq.write_table(table.set_column(at, "发票状态", status), folder / file.name)
    return folder


def features_of(desk: Desk, as_of: date = AS_OF) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    view = desk.home.book.view()
    names = tuple(sorted(set(view.read("invoice", columns=["business_id"])["business_id"].to_pylist())))
    group = look_at(desk.home, FEATURES, names, Calendar().start_of(as_of), view)
    return group.features.values, group.features.known, names


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param("economy", marks=pytest.mark.xdist_group("economy")),
        pytest.param("real", marks=[pytest.mark.xdist_group("real"), pytest.mark.nightly]),
    ],
)
def test_the_past_does_not_know_the_future(kind, request, tmp_path):
    data = request.getfixturevalue("world") if kind == "economy" else find_real("cumcm2020c")
    whole, before = open_desk(tmp_path / "whole"), open_desk(tmp_path / "before")
    whole.ingest(data, consent="own-data")
    before.ingest(forget_the_future(data, tmp_path / "files"), consent="own-data")
    values, known, names = features_of(whole)
    old_values, old_known, old_names = features_of(before)
    rows = [names.index(name) for name in old_names]
    assert (values[rows] == old_values).all()
    assert (known[rows] == old_known).all()
    strangers = [row for row, name in enumerate(names) if name not in old_names]
    assert not known[strangers].any(), "who was not known then has no features then"


def test_hindsight_would_show(world, tmp_path):
    """Planted bug: a book that was given one more month, looked at as if it had not been, does not pass the comparison."""
    before, leaky = open_desk(tmp_path / "before"), open_desk(tmp_path / "leaky")
    before.ingest(forget_the_future(world, tmp_path / "files"), consent="own-data")
    leaky.ingest(world, consent="own-data")
    values, _, names = features_of(before)
    hindsight, _, everybody = features_of(leaky, date(2019, 7, 1))
    assert not (hindsight[[everybody.index(name) for name in names]] == values).all()
