"""In: what was typed of a policy, a page. Out: the policy, the page as a file. Used: by the commands of `weilend policy`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from weilend.app.cli.show import open_home
from weilend.core.errors import InputError

if TYPE_CHECKING:
    from weilend.decision import Policy
    from weilend.report import Page

out_option = click.option("--out", type=click.Path(path_type=Path), help="HTML page to write.")
segment_option = click.option("--segment", "segments", multiple=True, metavar="COLUMN", help="Tell segments apart by COLUMN.")
live_option = click.option("--home", type=click.Path(path_type=Path), help="Take the live version of a name from this home.")


def find_named(name: str, home: Path | None) -> Policy:
    """Return the policy of a name or a file, the live one where a home is given."""
    from weilend.app.clock import now  # late: see show.open_home
    from weilend.app.desk.policies import find_policy

    return find_policy(name, None if home is None else open_home(home).home, at=now())


def check_out(out: Path | None) -> None:
    """Refuse a page that cannot be written, before any work is done for it."""
    if out is not None and not out.parent.is_dir():
        raise InputError(f"there is no folder {out.parent}", hint="make it, or name another file with --out")


def write_page(page: Page, out: Path) -> None:
    """Write a page to a file."""
    from weilend.report import render_page  # late: charts are slow to load

    out.write_text(render_page(page), encoding="utf-8")
