"""Records of every kind travel as JSON and come back the same."""

from __future__ import annotations

import msgspec
import pytest

from weilend.app.desk.records import Rows, to_rows, to_tables
from weilend.core.records import KINDS
from weilend.testing.bulk import random_records
from weilend.testing.loans import as_tables, link


@pytest.mark.parametrize("kind", list(KINDS))
def test_records_come_back_as_they_went(kind):
    table = random_records([kind], 7, rows=20, subjects=["S1"], since=1_500_000_000, until=1_577_808_000)[kind]
    sent = msgspec.json.encode(to_rows({kind: table}))
    back = to_tables(msgspec.json.decode(sent, type=Rows))[kind]
    assert back.select(table.column_names).to_pylist() == table.to_pylist()


def test_a_payload_from_before_a_kind_grew_is_still_whole():
    (kind, table), *_ = as_tables([link("E1", "S1")]).items()
    rows = to_rows({kind: table})
    for row in rows[kind]:
        del row["evidence"], row["share_ppm"]
    assert to_tables(rows)[kind].select(table.column_names).equals(table)
    (row,) = rows[kind]
    del row["from_kind"]
    assert "from_kind" not in to_tables(rows)[kind].column_names  # what is never NULL is not made up: the book refuses it
