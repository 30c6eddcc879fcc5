"""In: files, a product, a budget. Out: decisions, receipts, a model and a report in a folder. Used: as `weilend run`."""

from __future__ import annotations

from pathlib import Path

import click

from weilend.app.cli.show import home_option, open_home, telling
from weilend.core.calendars import parse_day
from weilend.core.errors import InputError
from weilend.core.money import FEN_PER_YUAN


@click.command("run")
@click.argument("product")
@click.option("--data", required=True, multiple=True, metavar="SOURCE=PATH", help="Raw files and the source that knows them.")
@click.option("--consent", required=True, help="Under which consent the data may be used, such as own-data.")
@click.option("--budget-yuan", required=True, type=click.IntRange(min=0), help="What may be offered in all.")
@click.option("--as-of", required=True, metavar="YYYY-MM-DD", help="The day (00:00 local) at which everything is judged.")
@click.option("--assume-label-known", is_flag=True, help="Train on outcomes that were not known yet, and print so on page one.")
@click.option("--note", default="", help="Said on the report's first page, such as that the data is made up.")
@click.option("--full", is_flag=True, help="Also run 100 permutations of the labels (minutes, not seconds).")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for decisions, receipts, model, report.")
@home_option
def run_command(product: str, data: tuple[str, ...], consent: str, budget_yuan: int, as_of: str, note: str, out: Path,
                home: Path, *, assume_label_known: bool, full: bool) -> None:  # fmt: skip
    """Everything from raw files to a placed budget and the committee's report, for one PRODUCT."""
    from weilend.app.desk.run import Order, check_order  # late: see show.open_home

    if out.exists() and not out.is_dir():
        raise InputError(f"{out} is a file", hint="name a folder with --out")
    order = Order(
        product=product,
        data=tuple(_split(one) for one in data),
        consent_id=consent,
        budget_fen=budget_yuan * FEN_PER_YUAN,
        as_of=parse_day(as_of),
        note=note,
        assume_label_known=assume_label_known,
        full=full,
    )
    check_order(order)
    with telling() as tell:
        result = open_home(home, create=True, tell=tell).run(order, out)
    outcomes = [receipt.decision.outcome for receipt in result.receipts]
    counts = ", ".join(f"{outcomes.count(outcome)} {outcome}" for outcome in ("approve", "refer", "decline"))
    placed = len(result.allocation.placements)
    offered = result.allocation.offered_fen // FEN_PER_YUAN
    click.echo(f"{len(outcomes)} decided: {counts}; ¥{offered:,} offered to {placed} of the approved")
    click.echo(f"report: {(out / 'report.html').resolve().as_uri()}")


def _split(text: str) -> tuple[str, Path]:
    source, separator, path = text.partition("=")
    if not separator or not source or not path:
        raise InputError(f"--data {text!r} is not SOURCE=PATH", hint="write it like cumcm2020c=exports/")
    return source, Path(path)


COMMANDS = (run_command,)
