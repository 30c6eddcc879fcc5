"""From any table to a folder and to scores, by the command line; wrong input is one sentence and changes nothing."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from weilend.app.cli import flat
from weilend.app.cli.main import cli
from weilend.app.desk.flat import evidence, judging, models
from weilend.core.errors import CheckError, WeilendError
from weilend.models.master_scale import load_scale
from weilend.models.validation import ranking

ROWS = 1_200
GRADES = {grade.name for grade in load_scale().grade}


def write_table(path: Path, *, encoding: str = "utf-8", rows: int = ROWS, seed: int = 1) -> Path:
    """Applications as a lender would export them: Chinese names, an id, months, a decision, and two columns from afterwards."""
    dice = np.random.default_rng(seed)
    income, used, use = dice.lognormal(9, 0.6, rows), dice.random(rows), dice.integers(0, 3, rows)
    declined = dice.random(rows) < 0.2
    bad = dice.random(rows) < 1 / (1 + np.exp(np.log(income) * 1.2 - 10.2 - 1.5 * used - 0.5 * (use == 2)))
    recovered = np.where(bad & (dice.random(rows) < 0.7), dice.integers(1, 900, rows), 0)
    with path.open("w", encoding=encoding, newline="") as file:
        write = csv.writer(file).writerow
        write(["借据编号", "申请月", "年收入", "额度使用率", "用途", "催收金额", "结清日期", "审批结果", "是否违约"])
        for at in range(rows):
            purpose = ("进货", "房租", "其他")[use[at]]
            write([
                f"L{at:06d}", f"2023-{1 + at * 12 // rows:02d}", f"¥{income[at]:,.2f}", f"{used[at] * 100:.1f}%", purpose,
                "" if declined[at] else recovered[at], f"2024-{1 + at % 12:02d}-01" if bad[at] and not declined[at] else "",
                "拒绝" if declined[at] else "通过", "" if declined[at] else "是" if bad[at] else "否",
            ])  # fmt: skip
    return path


def run(*arguments: object) -> str:
    done = CliRunner().invoke(cli, [str(part) for part in arguments], standalone_mode=False)
    if done.exception:
        raise done.exception
    return done.output


OPTIONS = ("--label", "是否违约", "--time", "申请月", "--id", "借据编号", "--decision", "审批结果")
CARD = ("--recipe", "card")
SOURCE = ("--margin", 3000, "--loss", 5000, "--source", "tax=1.5:年收入")


@pytest.fixture(scope="module", autouse=True)
def _quick():
    """Everything is done that is done for a real table, only less often."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name, value in (
            (evidence, "REFITS", 1),
            (evidence, "BAND_REFITS", 2),
            (judging, "FOLDS", 3),
            (ranking, "MOST_DRAWN", 30_000),
        ):
            patch.setattr(module, name, value)
        yield


@pytest.fixture(scope="module")
def built(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("flat")
    table = write_table(folder / "loans.csv", encoding="gb18030")
    monkey = pytest.MonkeyPatch()
    monkey.setattr(models, "CHALLENGER", "card")  # a second card costs little; boosting is built in its own tests
    run(
        "model",
        "build",
        "loans",
        "--table",
        table,
        *OPTIONS,
        *SOURCE,
        "--keep-out",
        "用途",
        "--out",
        folder / "out",
        "--home",
        folder / "home",
    )
    monkey.undo()
    return folder


def test_a_table_becomes_a_model_that_says_what_it_left_out(built) -> None:
    findings = {
        one["column"]: one
        for one in json.loads((built / "out" / "findings.json").read_text("utf-8"))
        if one["action"] == "dropped"
    }
    assert {"催收金额", "结清日期"} <= set(findings)
    flow = {one["reason"].split(":")[0]: one["rows"] for one in json.loads((built / "out" / "flow.json").read_text("utf-8"))}
    assert flow["rows in the table"] == ROWS == flow["rejected"] + flow["kept"]
    manifest = json.loads((built / "out" / "model.json").read_text("utf-8"))
    assert manifest["split"].startswith("out of time: learned up to 2023-09")
    assert {column["name"] for column in manifest["columns"]} <= {"年收入", "额度使用率", "用途"}
    assert manifest["judged"]["auc_ppm"] > 650_000
    said = (built / "out" / "summary.txt").read_text("utf-8")
    assert "催收金额" in said
    assert "standard error" in said
    bins = {one["column"]: one for one in json.loads((built / "out" / "bins.json").read_text("utf-8"))}
    assert bins["年收入"]["shape"] == "down"


def test_scores_hold_row_pd_points_grade_and_reasons(built) -> None:
    out = built / "scores.csv"
    said = run(
        "model",
        "score",
        "loans",
        "--table",
        write_table(built / "new.csv", rows=50, seed=2),
        "--out",
        out,
        "--home",
        built / "home",
    )
    assert "50 rows" in said
    rows = list(csv.DictReader(out.read_text("utf-8-sig").splitlines()))
    assert list(rows[0]) == ["row", "pd", "points", "grade", "reasons"]
    assert rows[7]["row"] == "L000007"
    assert all(0 < float(row["pd"]) < 1 and row["grade"] in GRADES for row in rows)
    order = np.argsort([int(row["points"]) for row in rows])
    assert (np.diff(np.array([float(row["pd"]) for row in rows])[order]) <= 0).all()
    assert any("年收入 was" in row["reasons"] and "年收入为" in row["reasons"] for row in rows)


def test_the_same_table_gives_the_same_model_and_the_folder_is_a_name_too(built) -> None:
    again = built / "again"
    run(
        "model",
        "build",
        "loans2",
        "--table",
        built / "loans.csv",
        *OPTIONS,
        *CARD,
        "--keep-out",
        "用途",
        *SOURCE,
        "--out",
        again,
        "--home",
        built / "home",
    )
    ids = [json.loads((folder / "model.json").read_text("utf-8"))["model_id"] for folder in (again, built / "out")]
    assert ids[0] == ids[1]
    run("model", "score", again, "--table", built / "loans.csv", "--out", built / "s2.csv", "--home", built / "nowhere")
    assert len((built / "s2.csv").read_text("utf-8-sig").splitlines()) == ROWS + 1


def test_words_never_seen_are_scored_and_counted(built) -> None:
    text = (built / "loans.csv").read_bytes().decode("gb18030").replace("进货", "旅游")
    (built / "travel.csv").write_text(text, encoding="utf-8")
    said = run("model", "score", "loans", "--table", built / "travel.csv", "--out", built / "s3.csv", "--home", built / "home")
    read = {column["name"] for column in json.loads((built / "out" / "model.json").read_text("utf-8"))["columns"]}
    assert ("never seen" in said) == ("用途" in read)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda text: text.replace("年收入", "收入"), "the table has no column 年收入"),
        (lambda text: text.replace("¥", "about "), "column 年收入 held numbers .*row 1"),
    ],
)
def test_another_table_is_refused_in_one_sentence(built, change, says) -> None:
    text = (built / "loans.csv").read_bytes().decode("gb18030")
    (built / "other.csv").write_text(change(text), encoding="utf-8")
    out = built / "never.csv"
    with pytest.raises(WeilendError, match=says):
        run("model", "score", "loans", "--table", built / "other.csv", "--out", out, "--home", built / "home")
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--label", "outcome"], "no column outcome"),
        (["--label", "审批结果"], "is not clear|every row|not clear which"),
        ([], "needs a label and a folder"),
        (["--label", "是否违约", "--special", "a"], "--special has a"),
        (["--label", "是否违约", "--recipe", "magic"], "no recipe 'magic'"),
        (["--label", "是否违约", "--bad", "maybe"], "no row has maybe"),
        (["--label", "是否违约", "--as-of", "2024-01-01"], "say from what"),
        (["--label", "是否违约", "--keep-out", "性别"], "no column 性别"),
        (["--label", "是否违约", *SOURCE[:4], "--source", "tax"], "is not NAME=COLS"),
        (["--label", "是否违约", "--source", "tax=1:年"], "needs what a loan brings and costs"),
        (["--label", "是否违约", *SOURCE[:4], "--source", "x=1:y", *CARD], "comes from the source x"),
        (["--label", "是否违约", "--loss", "5"], "both above 0"),
    ],
)
def test_what_cannot_be_built_is_refused_in_one_sentence(built, options, says) -> None:
    out = built / "nothing"
    with pytest.raises(WeilendError, match=says):
        run("model", "build", "x", "--table", built / "loans.csv", *options, "--out", out, "--home", built / "home")
    assert not out.exists()


def test_a_name_cannot_lead_out_of_the_home(built) -> None:
    with pytest.raises(WeilendError, match="is not a name for a model"):
        run("model", "build", "../x", "--table", built / "loans.csv", *OPTIONS, "--out", built / "no", "--home", built / "home")


def test_a_changed_model_is_refused(built) -> None:
    folder = built / "changed"
    shutil.copytree(built / "out", folder)
    content = json.loads((folder / "model.json").read_text("utf-8"))["content"]
    path = folder / f"{content}.json"
    path.write_bytes(path.read_bytes().replace(b'"base_points":', b'"base_points":1', 1))
    for command in (("score", folder, "--table", built / "loans.csv", "--out", built / "s4.csv"), ("show", folder)):
        with pytest.raises(CheckError, match="is not what its name says"):
            run("model", *command, "--home", built / "home")


def test_the_report_answers_what_a_validator_asks(built) -> None:
    html = (built / "out" / "report.html").read_text("utf-8")
    sections = ("card", "verdicts", "sample", "guards", "selection", "bins", "effects", "ranking", "probabilities", "stability",
                "segments", "cutoffs", "reasons", "contest", "sources", "fairness", "rejects", "limits")  # fmt: skip
    assert [name for name in sections if f'<section id="{name}"' not in html] == []
    for said in ("催收金额", "rejected: they had no loan", "out of time: learned up to 2023-09", "nothing is assumed of",
                 "The card stays", "tax", "房租", "at most 5 minutes: nothing was cut short", "A pull brings"):  # fmt: skip
        assert said in html
    model = json.loads((built / "out" / "model.json").read_text("utf-8"))
    assert model["model_id"] in html
    assert (built / "home" / "models" / "loans" / "report.html").read_text("utf-8") == html
    assert {column["name"] for column in model["columns"]} == {"年收入", "额度使用率"}  # what was kept out is no input


def test_a_model_is_shown_by_its_name_or_folder_and_copied(built) -> None:
    rows = json.loads(run("model", "show", "loans", "--home", built / "home", "--json"))
    assert rows == json.loads(run("model", "show", built / "out", "--home", built / "nowhere", "--json"))
    assert rows[0]["column"] == "base"
    assert {row["column"] for row in rows[1:]} == {"年收入", "额度使用率"}
    copy = built / "copy"
    run("model", "show", "loans", "--home", built / "home", "--out", copy)
    assert (copy / "report.html").read_bytes() == (built / "out" / "report.html").read_bytes()
    with pytest.raises(WeilendError, match="already"):
        run("model", "show", copy, "--out", copy, "--home", built / "home")
    with pytest.raises(WeilendError, match="no model of a table"):
        run("model", "show", "enterprise_loan", "--out", copy, "--home", built / "home")


def test_known_at_application_keeps_only_what_is_named_and_two_models_are_compared(built) -> None:
    known = ("--known-at-application", "额度使用率", "--recipe", "card")
    run(
        "model",
        "build",
        "poor",
        "--table",
        built / "loans.csv",
        *OPTIONS,
        *known,
        "--out",
        built / "poor",
        "--home",
        built / "home",
    )
    poor = json.loads((built / "poor" / "model.json").read_text("utf-8"))
    assert [column["name"] for column in poor["columns"]] == ["额度使用率"]
    options = ("--table", built / "loans.csv", "--label", "是否违约", "--segment", "用途", "--home", built / "home", "--json")
    value = json.loads(run("model", "compare", "poor", "loans", *options))
    assert value["verdict"]["verdict"] == "replace"
    assert all(swap["only_first"]["bads"] > swap["only_second"]["bads"] for swap in value["swaps"])
    assert value["made_from"][0][1] == poor["model_id"]
    assert json.loads(run("model", "compare", "loans", "poor", *options))["verdict"]["verdict"] == "keep"


@pytest.mark.parametrize(
    ("said", "cost_fen", "patterns"),
    [
        ("bureau=ext_*,ct_*", None, ("ext_*", "ct_*")),
        ("税务 = 1.5:年收入, 额度", 150, ("年收入", "额度")),
        ("a=0:x", 0, ("x",)),
    ],
)
def test_a_source_is_its_columns_and_maybe_a_price(said, cost_fen, patterns) -> None:
    source = flat._source(said)
    assert (source.cost_fen, source.patterns) == (cost_fen, patterns)
    assert source.name == said.split("=")[0].strip()


def test_of_two_sources_that_hold_a_column_the_first_has_it_and_an_empty_one_is_refused(built) -> None:
    sources = (models.Source("all", None, ("*",)), models.Source("tax", None, ("年收入",)))
    ask = models.Ask(name="x", table=built / "loans.csv", roles=models.Roles(label="是否违约"), sources=sources)
    with pytest.raises(WeilendError, match="no column that is left comes from the source tax"):
        models.build_flat(ask)


@pytest.mark.nightly
def test_a_challenger_takes_the_place_only_on_evidence(tmp_path) -> None:
    """Where three columns interact no table of two can follow: boosting must win; where all is additive the card stays."""
    dice, rows = np.random.default_rng(1), 4_000
    a, b, c = dice.random((3, rows))
    for name, score in (("crossed", 50 * (a - 0.5) * (b - 0.5) * (c - 0.5)), ("plain", 3 * a - 1.5)):
        bad = dice.random(rows) < 1 / (1 + np.exp(1 - score))
        lines = ["a,b,c,bad", *(f"{x:.4f},{y:.4f},{z:.4f},{int(was)}" for x, y, z, was in zip(a, b, c, bad, strict=True))]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines), encoding="utf-8")
        run(
            "model",
            "build",
            name,
            "--table",
            tmp_path / f"{name}.csv",
            "--label",
            "bad",
            "--out",
            tmp_path / name,
            "--home",
            tmp_path / "home",
        )
        recipe = json.loads((tmp_path / name / "model.json").read_text("utf-8"))["recipe"]
        assert recipe == ("monotone_boosting" if name == "crossed" else "card")
        assert (
            tmp_path / name / ("not_chosen_card.json" if name == "crossed" else "not_chosen_monotone_boosting.json")
        ).is_file()
