"""Long sheets: what of their facts lies in a file meanwhile changes no record, no order, no figure."""

from __future__ import annotations

import random
import re
from datetime import date

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from export_files import HOME, SAID, done, statement

from weilend.sources import CUMCM2020C, PROFILES, Intake, join, read_files
from weilend.sources.files.headers import find
from weilend.sources.steps import reconcile as reconcile_room
from weilend.sources.steps.scene import Scene
from weilend.sources.steps.sequences import WHOLES, said_day
from weilend.sources.tables import stacks
from weilend.sources.tables.collected import Collected
from weilend.sources.tables.stacks import ROW, Spill, looked_at
from weilend.testing.exports import export_rows, write_export

SCENE = Scene(profile=CUMCM2020C, layout=CUMCM2020C.layouts[0], intake=Intake(calendar=HOME, consent_id="x"))
LONG = [name for name in PROFILES if not PROFILES[name].parts and looked_at(PROFILES[name].layouts[0], PROFILES[name])]


def bank_lines(count: int) -> list[str]:
    """A statement whose days hold several lines, some of them twice, and one that cannot be read."""
    lines = [f"2024-01-{1 + place // 10:02d},CNY,-1.00,{1000 - place}.00,消费,店{place % 7}," for place in range(count)]
    lines[11:13] = [lines[10]] * 2
    lines[20] = "2024-01-03,CNY,x,980.00,消费,甲,"
    return lines


def read_whole(name, path):
    return join(tuple(read_files(name, path, calendar=HOME, consent_id="own-data", **SAID)))


def read_long(name, path):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("weilend.sources.tables.collected._LONG_ROWS", 5)
        patch.setattr("weilend.sources.tables.batches._SLICE_ROWS", 7)
        patch.setattr("weilend.sources.files.texts._BLOCK_BYTES", 400)
        return read_whole(name, path)


def assert_same(found, expected):
    assert {kind: table.num_rows for kind, table in found.records.items()} == {
        kind: table.num_rows for kind, table in expected.records.items()
    }
    for kind, table in expected.records.items():
        assert found.records[kind].to_pylist() == table.to_pylist(), kind
    assert found.rejects["original"].to_pylist() == expected.rejects["original"].to_pylist()
    assert sorted(found.clear["token"].to_pylist()) == sorted(expected.clear["token"].to_pylist())


@pytest.mark.parametrize("order", ["rising", "falling", "mixed"])
def test_a_long_statement_gives_what_a_short_one_gives(order, tmp_path):
    lines = bank_lines(60)
    if order != "rising":
        lines = lines[::-1]
    if order == "mixed":
        random.Random(1).shuffle(lines)
    path = statement(tmp_path / "a.csv", lines)
    assert_same(read_long("cmb_debit", path), read_whole("cmb_debit", path))


@pytest.mark.parametrize("name", LONG)
def test_every_format_that_is_kept_in_a_file_gives_the_same(name, tmp_path):
    path = write_export(PROFILES[name], tmp_path / "a.csv", seed=4, rows=30)
    assert_same(read_long(name, path), read_whole(name, path))


def test_rows_in_another_order_would_be_caught(tmp_path, monkeypatch):
    """Planted bug: what lies in the file comes back in the order of the file."""
    right = Spill.take
    monkeypatch.setattr(stacks.Spill, "take", lambda spill, rows: right(spill, np.sort(rows)))
    path = statement(tmp_path / "a.csv", bank_lines(60)[::-1])
    with pytest.raises(AssertionError):
        assert_same(read_long("cmb_debit", path), read_whole("cmb_debit", path))


def test_nothing_but_what_looks_read_stays_in_memory(tmp_path, monkeypatch):
    kept = []
    right = stacks.emptied_tables
    monkeypatch.setattr(
        "weilend.sources.tables.collected.emptied_tables",
        lambda tables: kept.append(set(tables[0].column_names)) or right(tables),
    )
    read_long("cmb_debit", statement(tmp_path / "a.csv", bank_lines(60)))
    assert kept == [looked_at(PROFILES["cmb_debit"].layouts[0], PROFILES["cmb_debit"]) - {"refunded_fen"}]


def test_blocks_without_rows_and_no_rows_asked():
    spill = Spill()
    schema = pa.schema([("a", pa.string()), (ROW, pa.int64())])
    for rows in ([], [1, 3], [], [4]):
        spill.add(pa.table([[f"{row}" for row in rows], rows], schema=schema))
    assert spill.take(np.array([4, 1, 3, 4]))["a"].to_pylist() == ["4", "1", "3", "4"]
    assert spill.take(np.array([], np.int64))["a"].to_pylist() == []


@pytest.mark.parametrize(("month", "reasons"), [("2024年01月", {}), ("0024年01月", {"day_out_of_range": 1})])
def test_a_statement_of_an_impossible_year_gives_no_entry(month, reasons, tmp_path):
    lines = export_rows(PROFILES["cmb_credit"], seed=1, rows=1)
    text = "\n".join(",".join(cells) for cells in lines)
    (tmp_path / "a.csv").write_text(re.sub("[0-9]{4}年[0-9]{2}月", month, text), "utf-8")
    assert done(read_whole("cmb_credit", tmp_path / "a.csv")).reasons == reasons


@pytest.mark.parametrize(("said", "day"), [("2020-02-29", date(2020, 2, 29)), ("0024-01-01", None), ("9999-12-31", None)])
def test_a_day_that_cannot_be_is_not_said(said, day):
    assert said_day(msgspec.structs.replace(SCENE, said={"until": said}), "until") == day


class Watched(dict):
    """Facts that note which of them are asked for by name; to pass all of them on asks for none."""

    def __init__(self, facts, asked):
        super().__init__(facts)
        self.asked = asked

    def __getitem__(self, name):
        self.asked.add(name)
        return super().__getitem__(name)

    def __contains__(self, name):
        self.asked.add(name)
        return super().__contains__(name)

    def get(self, name, default=None):
        self.asked.add(name)
        return super().get(name, default)

    def __or__(self, other):
        return Watched({**self, **other}, self.asked)


def asked_by_looks(name, path):
    """What each look at a whole sheet of a format asks for, by the name of the look."""
    found = find(path, [PROFILES[name]])[0]
    sheet = Collected(found, Intake(calendar=HOME, consent_id="own-data", **SAID), {})
    facts = stacks.emptied_tables(sheet._tables)
    facts = {column: sheet._words[column].column(fact) if column in sheet._words else fact for column, fact in facts.items()}
    scene = sheet.scene()
    scene.said.update(opening="0.00", closing="1.00", lines="3", in_count="1", in_total="1.00", since="2023-01-01")
    asked = {}
    for look in found.layout.whole:
        watched = Watched(facts, asked.setdefault(look, set()))
        facts = dict(WHOLES[look](watched, scene))
    for look in found.layout.reconcile:
        watched = Watched(facts, asked.setdefault(look, set()))
        if look == "statement_balance":
            reconcile_room._statement_balances(watched, scene)
        else:
            list(reconcile_room.CHECKS[look](watched, scene))
    return asked


@pytest.mark.parametrize("name", LONG)
def test_what_a_look_at_a_whole_sheet_reads_stays_in_memory(name, tmp_path):
    path = write_export(PROFILES[name], tmp_path / "a.csv", seed=4, rows=6)
    kept = looked_at(PROFILES[name].layouts[0], PROFILES[name])
    for look, asked in asked_by_looks(name, path).items():
        assert asked <= kept | {"line_no", "until_on", "late_on"}, look  # these are made by other looks, of all rows


def test_a_look_that_reads_what_lies_in_the_file_would_be_caught(tmp_path, monkeypatch):
    """Planted bug: a check looks at a column that nobody listed."""
    monkeypatch.setattr(reconcile_room, "has_balances", lambda facts: "counterparty_id" in facts)
    with pytest.raises(AssertionError, match="counterparty_id"):
        test_what_a_look_at_a_whole_sheet_reads_stays_in_memory("cmb_debit", tmp_path)
