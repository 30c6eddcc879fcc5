"""Any table and any list of edges: how strange each row is, and why; whatever the table holds, there is an answer or one
sentence."""

from __future__ import annotations

import csv
import json
from importlib.util import find_spec

import pytest
from click.testing import CliRunner
from fraud_example import NAMES, make_desk

from weilend.app.cli.main import cli
from weilend.app.desk.fraud.tables import TableAsk, fit_file, score_file, write_scores
from weilend.core.errors import InputError, NotFoundError, WeilendError

needs_graph = pytest.mark.skipif(find_spec("weilend.fraud.graph") is None, reason="the graph of links is not there")


def write(path, rows, header="id,amount,use,day"):
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def payments(tmp_path):
    """Sixty payments: one huge, one for a word that nobody else uses, one without anything known."""
    rows = [f"R{row},{100 + row % 9},{('goods', 'rent')[row % 2]},2024-01-{1 + row % 28:02d}" for row in range(60)]
    rows[7], rows[11], rows[13] = "R7,99000,goods,2024-01-08", "R11,102,赌博,2024-01-12", "R13,,,"
    return write(tmp_path / "payments.csv", rows)


def by_row(found):
    return {one.row: one.said for one in found}


def test_the_strange_are_found_and_told(payments):
    detectors, found = score_file(TableAsk(table=payments, id_column="id"))
    said = by_row(found)
    strangest = sorted(said, key=lambda row: -said[row].anomaly_ppm)[:2]
    assert set(strangest) == {"R7", "R11"}
    assert (said["R7"].told[0].column, said["R7"].told[0].value) == ("amount", "99000")
    assert said["R7"].told[0].usual == "100 to 108"
    assert said["R11"].told[0].value == "赌博 (of 1.7 % of rows)"
    assert said["R13"].anomaly_ppm < 900_000, "not knowing is not strange by itself"
    assert detectors.left_out == {"id": "it names the rows"}


def test_a_model_says_of_one_row_what_it_said_among_all(payments, tmp_path):
    fit_file(TableAsk(table=payments, id_column="id"), tmp_path / "m.json")
    _, together = score_file(TableAsk(table=payments, id_column="id"), model=tmp_path / "m.json")
    alone = write(tmp_path / "one.csv", ["R7,99000,goods,2024-01-08"])
    _, one = score_file(TableAsk(table=alone, id_column="id"), model=tmp_path / "m.json")
    assert by_row(one)["R7"] == by_row(together)["R7"]


@pytest.mark.parametrize("ending", ["csv", "json"])
def test_scores_are_written_as_they_were_told(payments, tmp_path, ending):
    _, found = score_file(TableAsk(table=payments, id_column="id"))
    out = tmp_path / "deep" / f"scores.{ending}"
    write_scores(found, out)
    text = out.read_text(encoding="utf-8-sig")
    rows = json.loads(text) if ending == "json" else list(csv.DictReader(text.splitlines()))
    assert len(rows) == 60
    assert int(rows[7]["anomaly_ppm"]) == by_row(found)["R7"].anomaly_ppm
    with pytest.raises(InputError, match=r"cannot be written as \.xls"):
        write_scores(found, tmp_path / "scores.xls")


ODD = {
    "one row": (["R1,5,goods,2024-01-01"], 500_000),
    "all missing": (["R1,,,", "R2,,,"], 500_000),
    "all alike": (["R1,5,goods,2024-01-01"] * 3, 500_000),
}


@pytest.mark.parametrize("name", ODD)
def test_where_nothing_tells_rows_apart_all_lie_in_the_middle(tmp_path, name):
    rows, answer = ODD[name]
    _, found = score_file(TableAsk(table=write(tmp_path / "odd.csv", rows), leave_out=("id",)))
    assert [one.said.anomaly_ppm for one in found] == [answer] * len(rows)
    assert all(one.said.told == () for one in found)


def test_adversarial_cells_have_an_answer(tmp_path):
    rows = [f"{row},{value}" for row, value in enumerate(["1e308", "-1e308", "0", "=1+1", "1;2", '"a,b"', "甲" * 200, ""] * 4)]
    _, found = score_file(TableAsk(table=write(tmp_path / "a.csv", rows, "n,x")))
    assert all(0 <= one.said.anomaly_ppm <= 1_000_000 for one in found)


FAULTS = {
    "no file": ("missing.csv", None, {}, NotFoundError, "."),
    "empty": ("a.csv", "", {}, InputError, "is empty"),
    "a header alone": ("a.csv", "a,b\n", {}, InputError, "no rows"),
    "nothing to look at": ("a.csv", "a\n1\n", {"leave_out": ("a",)}, InputError, "no column to look at"),
    "a column that is not there": ("a.csv", "a\n1\n", {"leave_out": ("z",)}, NotFoundError, "no column z"),
    "an id that is not there": ("a.csv", "a\n1\n", {"id_column": "z"}, NotFoundError, "no column z"),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTS)
def test_what_is_no_table_is_refused_in_a_sentence(tmp_path, name):
    file, text, asked, error, words = FAULTS[name]
    if text is not None:
        (tmp_path / file).write_text(text, encoding="utf-8")
    with pytest.raises(error, match=words):
        score_file(TableAsk(table=tmp_path / file, **asked))


def test_another_table_than_was_learned_is_refused(payments, tmp_path):
    fit_file(TableAsk(table=payments, id_column="id"), tmp_path / "m.json")
    other = write(tmp_path / "other.csv", ["R1,many,goods,2024-01-01", "R2,few,goods,2024-01-01"])
    with pytest.raises(InputError, match="amount held numbers"):
        score_file(TableAsk(table=other, id_column="id"), model=tmp_path / "m.json")
    lacking = write(tmp_path / "lacking.csv", ["R1,5"], "id,amount")
    with pytest.raises(InputError, match="no column"):
        score_file(TableAsk(table=lacking, id_column="id"), model=tmp_path / "m.json")
    with pytest.raises(InputError, match="holds no detectors"):
        score_file(TableAsk(table=payments), model=payments)


def run(*words, wrong=None):
    done = CliRunner().invoke(cli, ["fraud", *map(str, words)])
    if wrong:
        assert isinstance(done.exception, WeilendError)
        assert wrong in str(done.exception)
    else:
        assert done.exit_code == 0, done.output
    return done.stdout


def test_the_commands_on_a_table(payments, tmp_path):
    run("fit", "--table", payments, "--id", "id", wrong="--out FILE")
    run("fit", "--table", payments, "--id", "id", "--out", tmp_path / "m.json")
    run("score", "--table", payments, "--id", "id", "--model", tmp_path / "m.json", "--out", tmp_path / "s.csv")
    assert json.loads(run("score", "--table", payments, "--id", "id", "--json"))[0]["row"] in ("R7", "R11")


def test_the_commands_on_a_home(tmp_path, monkeypatch):
    monkeypatch.setattr("os.fsync", lambda _: None)
    make_desk(tmp_path / "h")
    home, day = ("--home", tmp_path / "h"), ("--as-of", "2021-01-01")
    assert json.loads(run("fit", *home, *day, "--budget-ppm", "120000", "--json"))[1] == {"what": "applications", "value": 45}
    run("fit", *home, *day, "--budget-ppm", "2000000", wrong="is no share")
    rows = json.loads(run("score", *home, *day, "--json"))
    assert rows[0]["business"] == NAMES[-1]
    run("score", "nobody", *home, *day, wrong="nobody applied as 'nobody'")
    run("score", *home, *day, "--out", tmp_path / "s.json")
    assert len(json.loads((tmp_path / "s.json").read_text(encoding="utf-8"))) == 45
    run("explain", NAMES[-1], *home, "--bundle", tmp_path / "case.json", "--page", tmp_path / "case.html")
    assert "Who shares what" in (tmp_path / "case.html").read_text(encoding="utf-8")
    said = ("--outcome", "decline", "--finding", "gang", "--fraud", "--by", "anna", "--reason", "one hand")
    run("review", NAMES[-1], *said, *home, "--propose", tmp_path / "r.csv", wrong="until when")
    told = json.loads(
        run("review", NAMES[-1], *said, *home, "--propose", tmp_path / "r.csv", "--until", "2099-01-01", "--json")
    )
    assert {row["what"]: row["value"] for row in told}["businesses"] == 5


@needs_graph
def test_the_commands_on_edges_and_rings(tmp_path, monkeypatch):
    edges = write(tmp_path / "e.csv", [f"{who},{what},{kind}" for who in "abc" for what, kind in (("p", "phone"), ("d", "device"))],
                  "from,to,type")  # fmt: skip
    assert json.loads(run("rings", "--edges", edges, "--json"))[0]["members"] == "a b c"
    assert "phone" in run("explain", "a", "--edges", edges)
    run("explain", "nobody", "--edges", edges, wrong="nobody")
    monkeypatch.setattr("os.fsync", lambda _: None)
    make_desk(tmp_path / "h")
    home, day = ("--home", tmp_path / "h"), ("--as-of", "2021-01-01")
    run("rings", *home, *day, "--out", tmp_path / "rings.csv")
    run("fit", *home, *day)
    assert json.loads(run("score", NAMES[-1], *home, *day, "--json"))[0]["ring_ppm"] > 0
