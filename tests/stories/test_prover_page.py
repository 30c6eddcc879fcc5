"""The commands of the prover's page run as they stand, and say what it shows; what is not proven is not proposed."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from weilend.app.cli.main import cli
from weilend.app.desk.desk import open_desk
from weilend.core.errors import CheckError

PAGE = Path(__file__).parents[2] / "docs" / "methodology" / "prover.md"
POLICIES = Path(__file__).parents[2] / "src" / "weilend" / "decision" / "policies"
ALWAYS = "sales_void_rate_12m > max_void_ppm"


@pytest.fixture
def careless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The policy of the page: a range that is always true, and a reason that was taken out."""
    monkeypatch.chdir(tmp_path)
    for folder in ("cases", "common"):
        (tmp_path / folder).symlink_to(POLICIES / folder)
    text = (POLICIES / "enterprise_loan.toml").read_text(encoding="utf-8")
    text = text.replace(f'"{ALWAYS}"', f'"{ALWAYS} and sales_void_rate_12m >= 0"')
    text = re.sub(r"tax_rating_730d += \{ why .*\n", "", text)
    path = tmp_path / "careless.toml"
    path.write_text(text, encoding="utf-8")
    return path


def run(line: str) -> Result:
    return CliRunner().invoke(cli, shlex.split(line)[1:])


def block(opening: str) -> str:
    """The block of the page that begins so."""
    return re.findall(rf"```{opening}(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[0]


def test_the_commands_of_the_page_say_what_it_shows(careless):
    short, long, machine = (run(line) for line in block("sh\n").strip().split("\n"))
    assert [done.exit_code for done in (short, long, machine)] == [1, 1, 1]
    assert block(r"\n(?=refuted)").strip() in short.stdout
    assert "│       1 │" in short.stdout
    assert short.stdout.count("refuted: ") == 2
    assert long.stdout.count("\nproven: ") > 500
    found = json.loads(machine.stdout)
    assert (found["cases"], found["problems"]) == (109, [])
    (rating,) = (one for one in found["verdicts"] if one["status"] == "refuted" and one["kind"] == "missing")
    assert rating["witness"]["values"]["tax_rating_730d"] is None
    open_desk("weilend-home")
    done = run("weilend policy propose careless.toml --who ann --why x --home weilend-home")
    assert isinstance(done.exception, CheckError)
    assert "refuted: constant: careless.toml" in str(done.exception)
    assert open_desk("weilend-home").home.store.events("policy") == ()


def test_cases_that_differ_are_said_beside_the_verdicts(careless):
    """Nothing is proven of a policy that is not even what its cases say: its proposal fails before."""
    text = careless.read_text(encoding="utf-8").replace('class = "hard_stop"', 'class = "soft_signal"')
    careless.write_text(text, encoding="utf-8")
    open_desk("weilend-home")
    done = run("weilend policy propose careless.toml --who ann --why x --home weilend-home")
    assert "careless.toml: case" in str(done.exception)
