"""In: the code. Out: docs/commands.md, features.md, sources/tables.md, methodology/economy_constants.md, the picture of the
report. Used: by `make docs`; a test checks them.

The pages are texts of the program itself, so they cannot say something else than it does.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import click

from weilend.app.cli.main import cli
from weilend.app.desk.dictionary import SIGNS, describe_feature
from weilend.economy.constants import declared, draw_constants
from weilend.features.sets import THEMES
from weilend.report import markdown_table
from weilend.sources import PROFILES
from weilend.sources.explain import EVIDENCE

DOCS = Path(__file__).parent
GENERATED = "<!-- made by `make docs`; do not edit -->\n"
BROWSER = ("chromium", "chromium-browser", "google-chrome")
BROWSER_FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
                 "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
                 "--virtual-time-budget=8000", "--window-size=1280,1500")  # fmt: skip


def commands_page() -> str:
    """Return the help of every command."""
    opening = "Every command, as `--help` says it. Exit code 0: done, 1: a check failed, 2: the input is wrong."
    parts = [f"# Commands\n{GENERATED}\n{opening}\n"]
    for name, command in walk(cli, "weilend"):
        names = cli.context_settings["help_option_names"]  # click remembers those under which a command is first asked
        context = click.Context(command, info_name=name, max_content_width=100, terminal_width=100, help_option_names=names)
        parts.append(f"## {name}\n\n```\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


def walk(command: click.Command, name: str) -> list[tuple[str, click.Command]]:
    """Return every command below one, by its full name."""
    if not isinstance(command, click.Group):
        return [(name, command)]
    return [pair for key, inner in sorted(command.commands.items()) for pair in walk(inner, f"{name} {key}")]


def features_page() -> str:
    """Return the data dictionary: each feature with everything that is declared of it."""
    parts = [f"# Data dictionary\n{GENERATED}"]
    for name, features in THEMES.items():
        parts.append(f"\n## Theme `{name}`: {len(features)} features\n")
        parts.append("| feature | unit | window | credit sign | why |\n|---|---|---|---|---|")
        parts += [f"| [`{f.name}`](#{f.name}) | {f.unit} | {f.reach.text} | {SIGNS[f.sign]} | {f.why} |" for f in features]
        for feature in features:
            rows = [f"| {what} | {str(value).replace('|', '&#124;')} |" for what, value in describe_feature(feature)[1:]]
            parts.append(f"\n### {feature.name}\n\n| | |\n|---|---|\n" + "\n".join(rows))
    return "\n".join(parts) + "\n"


def tables_page() -> str:
    """Return every format that is a table, how far it was checked, and what is known of it beyond."""
    opening = (
        "Exports as csv, tsv, xls, xlsx or parquet, told by their header, never by their name. The real samples are those that "
        "`tests/sources/test_source_samples.py` reads; the open ones among the papers are in [samples](samples.md). A new one: "
        "[add a source](../howto/add-a-source.md)."
    )
    rows = []
    for name in sorted(PROFILES):
        profile = PROFILES[name]
        kinds = sorted({emit.kind for layout in profile.layouts for emit in layout.emits})
        cells = (f"`{name}`", f"{profile.en}; {profile.zh}", EVIDENCE[profile.evidence], ", ".join(kinds), profile.notes or "")
        rows.append(cells)
    table = markdown_table(("format", "what it is", "checked", "gives", "notes"), rows)
    return f"# Tables\n{GENERATED}\n{opening}\n\n{table}\n"


def constants_page() -> str:
    """Return every constant of the economy with its bounds and its source."""
    opening = (
        "Every number of `weilend.economy`: what the default world has, between what other worlds draw it (`--world-seed`), and "
        "where it comes from. What they mean says [the economy](economy_world.md)."
    )
    parts = [f"# Constants of the economy\n{GENERATED}\n{opening}\n\nIdentity of the default: `{draw_constants(0).identity()}`"]
    section = ""
    for one in declared().values():
        if one.section != section:
            section = one.section
            parts.append(f"\n## {section}\n\n| constant | value | from | to | source |\n|---|---|---|---|---|")
        bounds = ("", "") if one.lo == one.hi else (f"{one.lo:g}", f"{one.hi:g}")
        parts.append(f"| `{one.name}` | {one.value:g} | {bounds[0]} | {bounds[1]} | {one.source} |")
    return "\n".join(parts) + "\n"


PAGES = {
    "commands.md": commands_page,
    "features.md": features_page,
    "methodology/economy_constants.md": constants_page,
    "sources/tables.md": tables_page,
}


def take_picture(report: Path, picture: Path) -> bool:
    """Photograph the first screen of a report; returns whether there was a browser to do it."""
    browser = next((found for name in BROWSER if (found := shutil.which(name))), None)
    if browser is None:
        return False
    with tempfile.TemporaryDirectory() as profile:
        flags = (*BROWSER_FLAGS, f"--user-data-dir={profile}", f"--screenshot={picture.resolve()}")
        subprocess.run([browser, *flags, report.resolve().as_uri()], check=True, capture_output=True)  # noqa: S603 (our own file)
    return True


def main() -> None:
    """Write every page; with a report's path also its picture."""
    for name, page in PAGES.items():
        (DOCS / name).write_text(page(), encoding="utf-8")
    if len(sys.argv) > 1 and not take_picture(Path(sys.argv[1]), DOCS / "report.png"):
        print("no browser here (chromium), so docs/report.png stays as it is")  # noqa: T201


if __name__ == "__main__":
    main()
