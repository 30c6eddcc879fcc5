"""The page docs/howto/add-a-source.md does what it says: its profile, its file and its program, run as they stand."""

from __future__ import annotations

import contextlib
import io
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from export_files import HOME, SAID, content, load

from weilend.app.cli.main import cli
from weilend.core.errors import SourceError
from weilend.sources import explain, profile_from_toml, write
from weilend.sources.columns.converters import CONVERTERS
from weilend.sources.tables.profile_toml import template_names

PAGE = (Path(__file__).parents[2] / "docs/howto/add-a-source.md").read_text("utf-8")


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    return found


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "example.csv").write_text(block("csv"), "gb18030")
    (tmp_path / "example_bank.toml").write_text(block("toml"), "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_program_prints_what_the_page_says(folder):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(block("python"), "howto", "exec"), {})
    assert printed.getvalue() == block("text")


def test_nobody_knows_the_file_before_and_writing_undoes_reading(folder):
    with pytest.raises(SourceError, match="no source knows"):
        explain(folder / "example.csv")
    profile = profile_from_toml(block("toml"))
    batch = load(profile, folder / "example.csv")
    (written,) = write(profile, batch.records, folder / "out", calendar=HOME, clear=batch.clear, **SAID)
    assert content(load(profile, written)) == content(batch)
    assert "户名" in written.read_text("gb18030")


def test_recording_the_sample_says_what_the_page_says(folder):
    command, said = block("console").removeprefix("$ weilend ").split("\n", 1)
    assert CliRunner().invoke(cli, command.split()).output == said
    assert set(json.loads((folder / "golden.json").read_text("utf-8"))) == {"example.csv"}


def test_the_page_names_every_converter_and_template():
    assert all(f"`{name}`" in PAGE for name in CONVERTERS if not name.startswith("moment_"))
    assert all(name in PAGE for name in template_names())
