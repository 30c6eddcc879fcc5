"""A real browser opens the page: charts draw, nothing complains, and a planted script does not run."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from jinja2 import Environment

from weilend.report import Entry, Glossary, Page, Section, render_page
from weilend.report import page as page_module

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-logging=stderr",
    "--virtual-time-budget=8000",
    "--window-size=1280,2000",
]
PLANTED = "<script>document.body.dataset.owned=1</script>"

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no chromium is installed, so no page is opened in a browser")


def _open(html: str, folder: Path) -> tuple[str, list[str]]:
    """Return the document after its scripts ran, and what the console said."""
    assert BROWSER is not None
    (folder / "page.html").write_text(html, encoding="utf-8")
    profile = f"--user-data-dir={folder / 'profile'}"
    ran = subprocess.run(
        [BROWSER, *FLAGS, profile, "--dump-dom", (folder / "page.html").as_uri()],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return ran.stdout, [line for line in ran.stderr.splitlines() if "CONSOLE" in line]


def test_every_chart_draws_and_the_console_is_silent(full_page: Callable[[str], Page], tmp_path: Path) -> None:
    html = render_page(full_page("plain"))
    document, console = _open(html, tmp_path)
    assert console == []
    drawn = document.split("<script>")[0]
    assert drawn.count("<svg") == html.count('class="chart"') == 10
    assert "could not be drawn" not in drawn


def test_planted_script_would_not_run_even_if_escaping_failed(
    full_page: Callable[[str], Page], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    careful = page_module._templates

    def careless() -> Environment:
        environment = careful()
        environment.autoescape = False
        return environment

    monkeypatch.setattr(page_module, "_templates", careless)
    html = render_page(full_page(PLANTED))
    assert PLANTED in html
    document, console = _open(html, tmp_path)
    assert 'data-owned="1"' not in document
    assert any("Content Security Policy" in line for line in console)
    unprotected, _ = _open(html.replace("Content-Security-Policy", "x-none"), tmp_path)
    assert 'data-owned="1"' in unprotected


def test_a_glossary_shows_the_entries_that_hold_every_word(tmp_path: Path) -> None:
    entries = (
        Entry(name="refunds_90d", line="refunds", line_zh="退款", facts=(("window", "90 days"),)),
        Entry(name="refunds_12m", line="refunds", line_zh="退款", facts=(("window", "12 months"),)),
        Entry(name="sales_90d", line="sales", line_zh="销售"),
    )
    blocks = (Glossary(entries=entries, prompt="Search"),)
    html = render_page(Page(title="Words", sections=(Section(id="all", title="All", blocks=blocks),)))
    document, console = _open(html.replace('<input type="search"', '<input type="search" value="退款  Days"'), tmp_path)
    assert console == []
    assert "<output>1 / 3</output>" in document
    assert document.count('hidden=""') == 2
