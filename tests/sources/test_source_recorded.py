"""Recorded samples give what their golden lines say; `weilend source record` writes those lines and names what changed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from weilend.app.cli.main import cli
from weilend.app.desk.intake.recording import record_samples
from weilend.core.errors import InputError, NotFoundError

SAMPLES = Path(__file__).parent / "recorded"
GOLDEN = Path(__file__).parent / "golden" / "recorded.json"
LINES = json.loads(GOLDEN.read_text("utf-8"))


def said(line):
    return {name: tuple(one) if isinstance(one, list) else one for name, one in line.get("said", {}).items()}


def test_every_sample_has_a_line_and_every_line_a_sample():
    assert set(LINES) == {path.name for path in SAMPLES.iterdir()}


@pytest.mark.parametrize("name", LINES)
def test_a_recorded_sample_gives_its_line(name):
    (done,) = record_samples([SAMPLES / name], said=said(LINES[name]))
    assert done.line == LINES[name]


@pytest.fixture
def folder(tmp_path):
    for path in SAMPLES.iterdir():
        shutil.copy(path, tmp_path / path.name)
    return tmp_path


def test_recording_writes_one_line_for_each_sample_and_names_what_changed(folder):
    samples, into = [folder / name for name in sorted(LINES)], folder / "golden.json"
    assert {one.stands for one in record_samples(samples, into=into)} == {"new"}
    assert into.read_text("utf-8").count("\n") == len(samples) + 2
    assert {one.stands for one in record_samples(samples, into=into)} == {"same"}
    first = into.read_text("utf-8")
    changed = folder / "made_up_cmb_debit.csv"
    changed.write_text(changed.read_text("utf-8").replace("-100.00,1100.00", "-100.01,1099.99"), "utf-8")
    assert [one.stands for one in record_samples([changed], into=into)] == ["changed"]
    assert set(json.loads(into.read_text("utf-8"))) == set(LINES)
    assert into.read_text("utf-8") != first


def test_a_line_tells_what_a_review_needs_and_names_nobody():
    (done,) = record_samples([SAMPLES / "made_up_cmb_debit.csv"])
    assert done.line["rows"] == [4, 3, 0, 1]
    assert done.line["quarantined"] == [["made_up_cmb_debit.csv", 3, "not_a_day"]]
    entries = done.line["records"]["bank_entry"]
    assert (entries["count"], entries["sums"]["amount_fen"]) == (3, 140_566)
    assert (entries["first"]["happened_on"], entries["last"]["happened_on"]) == ("2024-01-01", "2024-01-03")
    text = json.dumps(done.line, ensure_ascii=False)
    assert not [word for word in ("示例公司", "1111111111", "某人", "66666666666666", "便民超市") if word in text]


def test_the_command_prints_or_writes(folder):
    run, into = CliRunner(), folder / "golden.json"
    sample = str(folder / "made_up_cmb_debit.csv")
    printed = run.invoke(cli, ["source", "record", sample])
    assert json.loads(printed.output) == {"made_up_cmb_debit.csv": LINES["made_up_cmb_debit.csv"]}
    written = run.invoke(cli, ["source", "record", sample, "--into", str(into), "--currency", "HKD"])
    assert written.output == "made_up_cmb_debit.csv: new, cmb_debit: no records; 4 rows, 4 quarantined\n"
    assert json.loads(into.read_text("utf-8"))["made_up_cmb_debit.csv"]["said"] == {"currency": "HKD"}


def test_wrong_input_writes_nothing(folder):
    into = folder / "golden.json"
    with pytest.raises(InputError, match="two samples are called"):
        record_samples([folder / "made_up_cmb_debit.csv", SAMPLES / "made_up_cmb_debit.csv"], into=into)
    with pytest.raises(NotFoundError, match="no file or folder"):
        record_samples([folder / "never.csv"], into=into)
    assert not into.exists()
    into.write_text("[]", "utf-8")
    with pytest.raises(InputError, match="no golden file"):
        record_samples([folder / "made_up_cmb_debit.csv"], into=into)
    assert into.read_text("utf-8") == "[]"
