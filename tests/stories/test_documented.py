"""Every documented command runs, every page that is generated is what the code says, every command is documented."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from weilend.app.cli.main import cli

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
WEILEND = Path(sys.executable).parent / "weilend"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.xdist_group("readme")
def test_the_readme_runs_as_it_stands(tmp_path):
    """The commands first (they make the world and the home that the Python lines use), then the Python lines."""
    commands = next(block for block in blocks("sh") if "weilend sim" in block).replace("\\\n", " ")
    for line in commands.strip().split("\n"):
        done = run([str(WEILEND), *line.split()[1:]], tmp_path)
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"decisions.csv", "receipts.jsonl", "model", "report.html"}
    (tmp_path / "ten_lines.py").write_text(blocks("python")[0], encoding="utf-8")
    done = run([sys.executable, "ten_lines.py"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("1")


def test_make_targets_of_the_readme_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"\bmake ([a-z]+)", README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"make {target} is documented and not there"


def test_generated_pages_are_what_the_code_says():
    sys.path.insert(0, str(ROOT / "docs"))
    try:
        import generate
    finally:
        sys.path.pop(0)
    for name, page in generate.PAGES.items():
        assert (ROOT / "docs" / name).read_text(encoding="utf-8") == page(), f"docs/{name} is old: run make docs"
    documented = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    for name, command in generate.walk(cli, "weilend"):
        assert f"## {name}\n" in documented
        assert command.help, f"{name} has no help"


@pytest.mark.parametrize(
    "page", [*sorted((ROOT / "docs").rglob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"], ids=str
)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


WRONG = {
    "no such folder": (["ingest", "nowhere", "--consent", "own-data"], "there is no file or folder nowhere"),
    "no consent": (["ingest", ".", "--source", "cumcm2020c", "--consent", " "], "without a consent"),
    "no home": (["replay", "--all"], "no home at"),
    "no product": (["policy", "check", "yacht_loan"], "no product 'yacht_loan'"),
    "no such day": (["decide", "enterprise_loan", "E1", "--as-of", "soon", "--consent", "c"], "no home at"),
    "no feature": (["features", "show", "charm"], "no feature 'charm'"),
    "no receipt named": (["replay"], "say which receipt"),
    "no such option": (["ingest", "--loudly"], "No such option"),
    "data without a source": (
        [
            "run",
            "enterprise_loan",
            "--data",
            "x",
            "--consent",
            "c",
            "--budget-yuan",
            "1",
            "--as-of",
            "2020-01-01",
            "--out",
            "o",
        ],
        "is not SOURCE=PATH",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_gets_one_sentence_and_changes_nothing(name, tmp_path):
    arguments, sentence = WRONG[name]
    done = run([str(WEILEND), *arguments], tmp_path)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
