"""In: a seed. Out: a small economy in real formats. Used: as `weilend sim`."""

from __future__ import annotations

from pathlib import Path

import click


@click.group("sim")
def sim_group() -> None:
    """The economy: a seeded world with known truth."""


@sim_group.command("world")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same world.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for the files.")
def sim_world(seed: int, out: Path) -> None:
    """Write a small world of firms, invoices and outcomes as the files of source cumcm2020c."""
    from weilend.app.desk.worlds import make_world  # late: see show.open_home

    click.echo(f"{make_world(seed, out)} invoices in {out}")


COMMANDS = (sim_group,)
