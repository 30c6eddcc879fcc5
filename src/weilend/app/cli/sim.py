"""In: sizes and seeds. Out: a world, or a lender's files out of one, on disk. Used: as `weilend sim`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Final

import click

#: Which worlds a question is asked of, and where the answer is written.
_WORLDS: Final = (
    click.option(
        "--world", type=click.Path(path_type=Path), help="A world that was made; without it worlds are made and thrown away."
    ),
    click.option("--drawn", default=0, show_default=True, help="Besides the default world, so many with drawn constants."),
    click.option("--businesses", default=60_000, show_default=True, help="How many firms live in each."),
    click.option("--months", default=24, show_default=True, help="How many months are told."),
    click.option("--seed", default=1, show_default=True, help="The same seed gives the same worlds."),
    click.option("--page", type=click.Path(path_type=Path), help="Write what was found as a page of Markdown."),
)


def _worlds(command: Callable[..., None]) -> Callable[..., None]:
    return reduce(lambda held, option: option(held), reversed(_WORLDS), command)


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
@click.option(
    "--files", default=0, type=click.IntRange(0), help="Also write what so many firms (12, say) hand over: OUT/files."
)
@click.option("--out", required=True, type=click.Path(path_type=Path), help="A new folder.")
def sim_world(
    businesses: int, users: int, months: int, seed: int, world_seed: int, workers: int, files: int, out: Path
) -> None:
    """Make a world: a home whose book knows what was told (OUT/home), and the truth beside it (OUT/truth)."""
    from weilend.app.cli import show  # late: see show.open_home
    from weilend.app.desk.worlds.making import make_world
    from weilend.economy.plan import make_plan

    plan = make_plan(businesses=businesses, users=users, months=months, seed=seed, world_seed=world_seed)
    with show.telling() as tell:
        made = make_world(plan, out, workers=workers, folders=files, tell=tell)
    click.echo(f"{made.total:,} records of {made.businesses:,} businesses in {out}, content {made.content}")
    if files:
        click.echo(f"files of {made.folders} of them in {out / 'files'}")


@sim_group.command("report")
@click.option("--world", required=True, type=click.Path(path_type=Path), help="A world that was made.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The page to write.")
def sim_report(world: Path, out: Path) -> None:
    """Write a page about a world: who lives there, its seasons, who can pay back and why, its fraud."""
    from weilend.app.desk.worlds.page import compose_world  # late: charts are slow to load
    from weilend.report import render_page

    out.write_text(render_page(compose_world(world)), encoding="utf-8")
    click.echo(f"report: {out.resolve().as_uri()}")


@sim_group.command("audit")
@_worlds
def sim_audit(world: Path | None, drawn: int, businesses: int, months: int, seed: int, page: Path | None) -> None:
    """Ask of worlds: are applicants as hard to judge as in life, does any single field tell, how near is it to what is known?

    Ends with 1 where a world fails.
    """
    from weilend.app.cli import show  # late: see show.open_home
    from weilend.app.desk.worlds.audit import audit_drawn, audit_world
    from weilend.app.desk.worlds.audit_page import summarise, write_markdown

    with show.telling() as tell:
        audits = (
            [audit_world(world)]
            if world is not None
            else audit_drawn(range(drawn + 1), businesses=businesses, months=months, seed=seed, tell=tell)
        )
    show.print_rows(*summarise(audits), as_json=False, title="Audit of worlds")
    if page is not None:
        page.write_text(write_markdown(audits), encoding="utf-8")
    sys.exit(0 if all(one.passes for one in audits) else 1)


@sim_group.command("fraud")
@_worlds
@click.option("--budget-ppm", default=20_000, show_default=True, help="The share of applications that may be alerted.")
@click.option(
    "--night-days", default=7, show_default=True, type=click.IntRange(1), help="A search for rings every so many days."
)
@click.option("--workers", default=2, show_default=True, help="Worlds at a time; each has a process of its own.")
def sim_fraud(
    world: Path | None,
    drawn: int,
    businesses: int,
    months: int,
    seed: int,
    budget_ppm: int,
    night_days: int,
    workers: int,
    page: Path | None,
) -> None:
    """Hold the fraud verdict against the truth: what it finds on a budget, beside tuned counts and an isolation forest.

    Two thirds of the months are learned from, the last third is gone through.
    Ends with 1 where a bar is missed.
    """
    from weilend.app.cli import show  # late: see show.open_home
    from weilend.app.desk.worlds.study import study_drawn, study_world
    from weilend.app.desk.worlds.study_page import bars, summarise, write_markdown

    with show.telling() as tell:
        if world is not None:
            studies = [study_world(world, budget_ppm=budget_ppm, night_days=night_days)]
        else:
            studies = study_drawn(
                range(drawn + 1),
                businesses=businesses,
                months=months,
                seed=seed,
                budget_ppm=budget_ppm,
                night_days=night_days,
                workers=workers,
                tell=tell,
            )
    show.print_rows(*summarise(studies), as_json=False, title="Study of fraud")
    show.print_rows(("bar", "measured", "held"), bars(studies), as_json=False, title="Bars")
    if page is not None:
        page.write_text(write_markdown(studies, budget_ppm=budget_ppm), encoding="utf-8")
    sys.exit(0 if all(held == "yes" for _, _, held in bars(studies)) else 1)


@sim_group.command("portfolio")
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same files.")
@click.option("--known", default=123, show_default=True, help="Firms whose outcome is known.")
@click.option("--applying", default=302, show_default=True, help="Firms that nobody has lent to yet.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="A new folder.")
def sim_portfolio(seed: int, known: int, applying: int, out: Path) -> None:
    """Write firms of a world as files of source cumcm2020c (OUT/files), the truth beside them (OUT/truth)."""
    from weilend.app.desk.worlds.portfolios import make_portfolio_files  # late: see show.open_home

    made = make_portfolio_files(seed, out, known=known, applying=applying)
    told = made.records["external_outcome"].num_rows
    invoices = made.records["invoice"].num_rows
    click.echo(f"{invoices:,} invoices of {made.truth.num_rows} firms in {out}, the outcome of {told} known")


@sim_group.command("run")
@click.option("--months", default=24, show_default=True, help="Months of business.")
@click.option("--users", default=200_000, show_default=True, help="How many people are registered; one in four owns a firm.")
@click.option("--seed", default=7, show_default=True, help="The same seed gives the same run.")
@click.option("--world-seed", default=0, help="Draw other constants within their bounds: a world that nobody tuned.")
@click.option("--least-bads", default=200, show_default=True, help="Bads that must have come of age before a model is trained.")
@click.option("--contacts", default=400_000, show_default=True, help="Contacts a month, in millionths of the users.")
@click.option("--workers", default=2, show_default=True, help="Processes; any number makes the same world.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="A new folder.")
def sim_run(
    months: int, users: int, seed: int, world_seed: int, least_bads: int, contacts: int, workers: int, out: Path
) -> None:
    """Run a lender that begins with judgement alone and learns, and hold it against others on the same dice.

    Leaves a home like any other (OUT/home), with a receipt for every decision, and a page (OUT/report.html).
    """
    from weilend.app.cli import show  # late: see show.open_home
    from weilend.app.desk.flywheel.company import REPORT, run_company
    from weilend.app.desk.flywheel.ground import plan_run
    from weilend.app.desk.flywheel.run import Settings
    from weilend.app.desk.flywheel.telling import MONTH_COLUMNS, month_row, result_rows

    plan = plan_run(users=users, months=months, seed=seed, world_seed=world_seed)
    with show.telling() as tell, show.growing(MONTH_COLUMNS, title="The wheel, month by month") as add:
        settings = Settings(least_bads=least_bads, contacts_ppm=contacts)
        result = run_company(plan, out, settings, workers=workers, tell=tell, show=lambda done: add(month_row(done)))
    show.print_rows(*result_rows(result), as_json=False, title="Who earned what, in yuan")
    click.echo(f"report: {(out / REPORT).resolve().as_uri()}")


COMMANDS = (sim_group,)
