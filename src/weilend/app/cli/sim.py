"""In: sizes and seeds. Out: a world, or a lender's files out of one, on disk. Used: as `weilend sim`."""

from __future__ import annotations

from pathlib import Path

import click


@click.group("sim")
def sim_group() -> None:
    """The economy: a seeded world with known truth."""


@sim_group.command("world")
@click.option("--businesses", default=2_000, show_default=True, help="How many firms live in it.")
@click.option("--users", default=0, help="How many people are registered with us; four for each firm unless said.")
@click.option("--months", default=24, show_default=True, help="How many complete months are told, up to December 2025.")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same world.")
@click.option("--world-seed", default=0, help="Draw other constants within their bounds: a world that nobody tuned.")
@click.option("--workers", default=2, show_default=True, help="Processes; any number makes the same world.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="A new folder.")
def sim_world(businesses: int, users: int, months: int, seed: int, world_seed: int, workers: int, out: Path) -> None:
    """Make a world: a home whose book knows what was told (OUT/home), and the truth beside it (OUT/truth)."""
    from weilend.app.cli import show  # late: see show.open_home
    from weilend.app.desk.worlds import make_world
    from weilend.economy.plan import make_plan

    plan = make_plan(businesses=businesses, users=users, months=months, seed=seed, world_seed=world_seed)
    with show.telling() as tell:
        made = make_world(plan, out, workers=workers, tell=tell)
    click.echo(f"{made.total:,} records of {made.businesses:,} businesses in {out}, content {made.content}")


@sim_group.command("portfolio")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same files.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="A new folder.")
def sim_portfolio(seed: int, out: Path) -> None:
    """Write firms of a world, 123 with a known outcome, as files of source cumcm2020c (OUT/files), the truth beside (OUT/truth)."""
    from weilend.app.desk.portfolios import make_portfolio_files  # late: see show.open_home

    made = make_portfolio_files(seed, out)
    told = made.records["external_outcome"].num_rows
    invoices = made.records["invoice"].num_rows
    click.echo(f"{invoices:,} invoices of {made.truth.num_rows} firms in {out}, the outcome of {told} known")


COMMANDS = (sim_group,)
