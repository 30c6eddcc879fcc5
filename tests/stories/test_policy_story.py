"""A policy from a changed line to a rollback, by the commands of its two pages; and what wrong input says."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from weilend.app.cli.main import cli
from weilend.app.desk.backtest.history import evaluator_of
from weilend.app.desk.desk import open_desk
from weilend.core.errors import WeilendError
from weilend.decision import load_policy
from weilend.decision.cases import case_values
from weilend.testing.applications import make_applications

PAGES = Path(__file__).parents[2] / "docs" / "methodology"
POLICIES = Path(__file__).parents[2] / "src" / "weilend" / "decision" / "policies"


@pytest.fixture(scope="module")
def applications() -> pa.Table:
    evaluator = evaluator_of(load_policy("enterprise_loan"))
    made = make_applications(evaluator.program, 500, 1, [case_values(evaluator.policy, one) for one in evaluator.policy.cases])
    random = np.random.default_rng(1)
    bad = pa.array(random.random(500) < 0.1, mask=random.random(500) < 0.5)
    return made.append_column("region", pa.array(["east", "west"] * 250)).append_column("bad", bad)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, applications: pa.Table) -> Path:
    """A folder with a home, applications, and two policies that differ from the shipped one in words alone, so that cases hold."""
    monkeypatch.chdir(tmp_path)
    open_desk("weilend-home")
    pq.write_table(applications, "applications.parquet")
    for folder in ("cases", "common"):
        (tmp_path / folder).symlink_to(POLICIES / folder)
    text = (POLICIES / "enterprise_loan.toml").read_text(encoding="utf-8")
    for name, number in (("stricter", 90), ("strictest", 91)):
        changed = re.sub(r"^version = \d+$", f"version = {number}", text, count=1, flags=re.MULTILINE)
        (tmp_path / f"{name}.toml").write_text(changed, encoding="utf-8")
    return tmp_path


def run(line: str) -> Result:
    return CliRunner().invoke(cli, shlex.split(line)[1:])


def said(line: str) -> str:
    done = run(line)
    assert done.exit_code == 0, (line, done.output, done.exception)
    return done.stdout


def commands(page: str) -> list[str]:
    text = (PAGES / page).read_text(encoding="utf-8")
    return [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.strip().split("\n")]


def states() -> dict[int, str]:
    listed = json.loads(said("weilend policy list --json --home weilend-home"))
    return {row["number"]: row["state"] for row in listed}


def test_the_commands_of_the_lifecycle_run_as_they_stand(place: Path) -> None:
    seen = []
    for line in commands("lifecycle.md"):
        said(line)
        seen.append(states())
    assert seen[2:4] == [{90: "review"}, {90: "live"}]
    assert seen[-3:] == [
        {90: "superseded", 91: "live"},
        {90: "live", 91: "retired"},
        {90: "retired", 91: "retired"},
    ]
    assert open_desk("weilend-home").audit() == ()


def test_the_commands_of_the_back_test_run_as_they_stand(place: Path) -> None:
    for line in commands("backtest.md"):
        said(line)
    assert {"backtest.html", "diff.html"} <= {path.name for path in place.iterdir()}
    assert "Swap-in and swap-out" in (place / "diff.html").read_text(encoding="utf-8")


def test_a_back_test_speaks_json_and_tables(place: Path) -> None:
    counted = json.loads(said("weilend policy backtest enterprise_loan --data applications.parquet --json"))
    assert sum(tally["rows"] for tally in counted["outcomes"].values()) == 500
    assert list(counted["segments"]) == ["grade", "region"]
    compared = json.loads(said("weilend policy diff enterprise_loan stricter.toml --data applications.parquet --json"))
    assert [one["key"] for one in compared["differences"]] == ["version"]
    assert sum(move["tally"]["rows"] for move in compared["result"]["moves"]) == 500
    assert "approve 通过" in said("weilend policy backtest enterprise_loan --data applications.parquet")


def test_a_home_means_its_live_version(place: Path) -> None:
    said("weilend policy propose stricter.toml --who ann --why x --home weilend-home")
    assert "version" not in said("weilend policy diff stricter.toml stricter.toml")
    assert "90" in said("weilend policy diff stricter.toml enterprise_loan")
    said("weilend policy approve enterprise_loan --who bob --why x --home weilend-home")
    assert json.loads(said("weilend policy diff stricter.toml enterprise_loan --home weilend-home --json")) == []


WRONG = {
    "weilend policy backtest enterprise_loan --data nowhere.parquet": "there is no file or folder nowhere.parquet",
    "weilend policy backtest enterprise_loan --data stricter.toml": "stricter.toml cannot be read as Parquet",
    "weilend policy backtest enterprise_loan --data applications.parquet --segment province": "no column 'province'",
    "weilend policy backtest enterprise_loan --data applications.parquet --out no/such/page.html": "there is no folder no/such",
    "weilend policy backtest yacht_loan --data applications.parquet": "no policy 'yacht_loan'",
    "weilend policy diff enterprise_loan nowhere.toml": "no policy 'nowhere.toml'",
    "weilend policy diff enterprise_loan stricter.toml --out page.html": "a page needs applications to compare",
    "weilend policy check yacht_loan": "no product 'yacht_loan'",
    "weilend policy approve enterprise_loan --who bob --why x --home weilend-home": "no version of 'enterprise_loan' is in review",
    "weilend policy approve enterprise_loan abc --who bob --why x --home weilend-home": "no version 'abc' of 'enterprise_loan'",
    "weilend policy retire enterprise_loan --who bob --why x --home weilend-home": "no version of 'enterprise_loan' is known",
    "weilend policy rollback enterprise_loan --who bob --why x --home weilend-home": "nothing was live before in enterprise_loan",
    "weilend policy propose stricter.toml --who ann --why ' ' --home weilend-home": "an event needs to say why",
    "weilend policy propose stricter.toml --who ann --why x --effective soon --home weilend-home": "'soon' is not a date",
    "weilend policy propose stricter.toml --who ann --why x --effective 2020-01-01 --home weilend-home": "cannot take effect",
    "weilend policy list --home elsewhere": "no home at elsewhere",
    "weilend replay --all --with policy --home weilend-home": "'policy' is no change that a replay can make",
}


@pytest.mark.parametrize("line", WRONG)
def test_wrong_input_gets_one_sentence_and_changes_nothing(line: str, place: Path) -> None:
    before = sorted(path.name for path in place.iterdir())
    done = run(line)
    assert isinstance(done.exception, WeilendError)
    assert done.exception.exit_code == 2
    assert WRONG[line] in str(done.exception)
    assert sorted(path.name for path in place.iterdir()) == before
    assert open_desk("weilend-home").home.store.events("policy") == ()


def test_the_author_cannot_approve_and_a_broken_policy_is_not_proposed(place: Path) -> None:
    said("weilend policy propose stricter.toml --who ann --why x --home weilend-home")
    done = run("weilend policy approve enterprise_loan --who ann --why x --home weilend-home")
    assert "ann proposed" in str(done.exception)
    text = (place / "stricter.toml").read_text(encoding="utf-8")
    (place / "broken.toml").write_text(text.replace('class = "hard_stop"', 'class = "soft_signal"'), encoding="utf-8")
    done = run("weilend policy propose broken.toml --who ann --why x --home weilend-home")
    assert "broken.toml: case" in str(done.exception)
    assert states() == {90: "review"}


def test_a_date_to_come_is_waited_for(place: Path) -> None:
    said("weilend policy propose stricter.toml --who ann --why x --effective 2999-01-01 --home weilend-home")
    said("weilend policy approve enterprise_loan --who bob --why x --home weilend-home")
    assert states() == {90: "approved"}, "the approval took the date that the proposal wished for"
    said("weilend policy retire enterprise_loan --who bob --why x --home weilend-home")
    assert states() == {90: "retired"}
