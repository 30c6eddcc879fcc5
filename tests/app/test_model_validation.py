"""`model validate` and `model compare` from files to figures, pages and JSON; wrong input is one sentence and changes nothing."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from weilend.app.cli.main import cli
from weilend.app.desk.models.score_files import ScoreAsk, read_scores
from weilend.app.desk.models.validation import verdict_section
from weilend.app.desk.models.words import CLAIMS, QUESTIONS, STATES, head_verdicts
from weilend.core.errors import WeilendError
from weilend.models.validation import ranking, validate
from weilend.models.validation.scored import example_rows
from weilend.models.validation.verdicts import all_gates, read_interval
from weilend.report import Callout

ROWS = 300


def write_scores(
    path: Path, header: str = "row,pd,points,month,segment,owner,bad", *, shift: float = 0.0, noise: float = 0.0
) -> Path:
    """Somebody's scores of invented rows, in the columns that a header names."""
    rows = example_rows(ROWS, shift=shift)
    assert rows.pd_ppm is not None
    points = rows.points + np.rint(noise * np.random.default_rng(9).normal(size=ROWS)).astype(int)
    with path.open("w", encoding="utf-8", newline="") as file:
        write = csv.writer(file).writerow
        write(header.split(","))
        for at in range(ROWS):
            month = f"2024-{1 + at * 8 // ROWS:02d}"
            region = rows.segments["region"].names[rows.segments["region"].place[at]]
            write([f"R{at}", f"{rows.pd_ppm[at] / 1e6:.6f}", points[at], month, region, f"O{at // 2}", rows.bad[at]])
    return path


def run(*arguments: object, code: int = 0) -> str:
    done = CliRunner().invoke(cli, ["model", *(str(part) for part in arguments)], standalone_mode=code != 0)
    if done.exception and not code:
        raise done.exception
    assert done.exit_code == code
    return done.stdout


@pytest.fixture(scope="module", autouse=True)
def _quick():
    """Fewer draws than real scores get: what is tested here is the way, not the width of intervals."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranking, "MOST_DRAWN", 60_000)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("validate")
    write_scores(folder / "a.csv")
    write_scores(folder / "b.csv", noise=120)
    return folder


def test_usual_names_are_enough_and_the_page_holds_every_section(folder) -> None:
    report = folder / "deep" / "a.html"
    said = run(
        "validate", "--scores", folder / "a.csv", "--margin", 3000, "--loss", 20000, "--benchmark", "pd", "--report", report
    )
    assert "AUC" in said
    assert "all gates" in said
    html = report.read_text("utf-8")
    for title in ("检验结论", "排序能力", "校准", "稳定性", "客群", "通过率与利润", "与基准比较", "局限与假设"):
        assert title in html
    assert "¥3,000.00" in html or "¥3,000" in html


def test_json_is_the_whole_value_and_agrees_with_the_library(folder) -> None:
    value = json.loads(run("validate", "--scores", folder / "a.csv", "--group", "owner", "--json"))
    rows = read_scores(ScoreAsk(table=folder / "a.csv", group="owner")).rows
    assert value["rows"] == ROWS
    assert value["parts"] == ROWS // 2
    assert value["bads"] == int(rows.bad.sum())
    assert {one["gate"] for one in value["verdicts"]} >= {"slope_off", "auc_fall", "segment_too_low"}
    assert set(value["segments"]) == {"segment"}


def test_a_score_alone_is_read_by_what_it_holds(folder) -> None:
    pd = read_scores(ScoreAsk(table=write_scores(folder / "p.csv", "row,score2,x,month,segment,owner,违约"), score="score2"))
    assert pd.rows.pd_ppm is not None
    assert "read as the probability" in pd.assumed[0]
    alone = read_scores(ScoreAsk(table=folder / "a.csv", score="points"))
    assert alone.rows.pd_ppm is None  # the PD beside a score that was named may be another model's
    turned = read_scores(ScoreAsk(table=folder / "a.csv", score="points", higher="bad"))
    assert (np.argsort(turned.rows.points, kind="stable")[::-1] != np.argsort(alone.rows.points, kind="stable")).any()
    said = validate(turned.rows, seed=1, draws=20)
    assert any(
        block.title.startswith("It ranks the wrong way") for block in verdict_section(said).blocks if isinstance(block, Callout)
    )


def test_strict_is_exit_code_one_where_a_gate_is_red(folder) -> None:
    low = write_scores(folder / "low.csv", shift=-2.0)
    run("validate", "--scores", low)
    run("validate", "--scores", low, "--strict", code=1)
    run("validate", "--scores", folder / "a.csv", "--strict")


def test_amounts_and_rates_give_the_profit_of_each_row(folder) -> None:
    path = folder / "money.csv"
    path.write_text("pd,bad,amount,rate\n0.1,0,1000,8%\n0.2,0,2000,10%\n0.9,1,500,12%\n", encoding="utf-8")
    rows = read_scores(ScoreAsk(table=path, amount="amount", rate="rate", lost_ppm=500_000)).rows
    assert rows.margin_fen.tolist() == [8_000, 20_000, 6_000]
    assert rows.loss_fen.tolist() == [50_000, 100_000, 25_000]


def test_the_benchmark_is_compared_in_pairs(folder) -> None:
    value = json.loads(run("validate", "--scores", folder / "a.csv", "--benchmark", "pd", "--score", "points", "--json"))
    assert [one["metric"] for one in value["benchmark"]] == ["auc", "ks"]
    assert abs(value["benchmark"][0]["estimate"]) < 5_000  # points are the PD, rounded


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        ("pd,bad\n0.1,0\n", [], "every row has the same bad"),
        ("pd,bad\n0.1,0\n,1\n0.3,0\n", [], "0 of 2 rows"),
        ("pd,bad\n0.1,0\n1.5,1\n", [], "a probability lies between 0 and 1"),
        ("x,bad\n0.1,0\n0.3,1\n", [], "which column of t.csv is the score"),
        ("pd,x\n0.1,0\n0.3,1\n", [], "what became of a row"),
        ("pd,bad\n0.1,0\n0.3,1\n", ["--score", "z"], "has no column z"),
        ("pd,bad\n0.1,0\n0.3,2\n", [], "not clear which value of bad is bad"),
        ("pd,bad\n0.1,0\n0.3,1\n", ["--margin", "5"], "both above 0"),
        ("pd,bad,a\n0.1,0,1\n0.3,1,1\n", ["--amount", "a"], "its amount and its rate"),
        ("pd,bad,weight\n0.1,0,1\n0.3,1,-1\n", [], "not a positive number"),
        ("pd,bad,month\n0.1,0,soon\n0.3,1,late\n", [], "not read as days or months"),
        ("score,bad\nhigh,0\nlow,1\n", [], "does not hold numbers"),
    ],
)
def test_wrong_scores_are_refused_in_one_sentence(tmp_path, text, options, says) -> None:
    (tmp_path / "t.csv").write_text(text, encoding="utf-8")
    with pytest.raises(WeilendError, match=says):
        run("validate", "--scores", tmp_path / "t.csv", *options, "--report", tmp_path / "never.html")
    assert not (tmp_path / "never.html").exists()


def test_two_files_are_compared_on_the_rows_that_both_have(folder) -> None:
    lines = (folder / "b.csv").read_text("utf-8").splitlines()
    (folder / "c.csv").write_text("\n".join([lines[0], *reversed(lines[50:])]) + "\n", encoding="utf-8")
    report = folder / "compare.html"
    value = json.loads(run("compare", folder / "a.csv", folder / "c.csv", "--score", "points", "--json", "--report", report))
    assert value["rows"] == ROWS - 49
    assert value["verdict"]["verdict"] == "keep"  # noise was added to the second
    assert "49 rows stand in one file only" in value["notes"][0]
    assert all(abs(one["only_first"]["rows"] - one["only_second"]["rows"]) <= 1 for one in value["swaps"])
    assert "换入换出" in report.read_text("utf-8")


def test_other_outcomes_and_other_models_are_refused(folder) -> None:
    text = (folder / "a.csv").read_text("utf-8").replace(",0\n", ",2\n", 1)
    (folder / "d.csv").write_text(text.replace(",2\n", ",1\n"), encoding="utf-8")
    with pytest.raises(WeilendError, match="another outcome of 1 rows"):
        run("compare", folder / "a.csv", folder / "d.csv")
    with pytest.raises(WeilendError, match="there is no model nobody"):
        run("compare", "nobody", "else", "--table", folder / "a.csv", "--home", folder)
    with pytest.raises(WeilendError, match="scored by the two models"):
        run("compare", "nobody", "else", "--table", folder / "a.csv", "--pd", "pd")


def test_every_gate_has_words_and_no_state_praises() -> None:
    assert set(QUESTIONS) == set(all_gates())
    assert {state for _, state in CLAIMS} == set(STATES)
    praise = ("good model", "excellent", "strong", "robust", "优秀", "良好")
    told = [*CLAIMS.values(), *(word for pair in QUESTIONS.values() for word in pair), *STATES.values()]
    assert not [text for text in told for word in praise if word in text.lower()]
    assert head_verdicts([read_interval("auc_fall", 90_000, 95_000)])[0] == "One gate is red: 1 red"
