"""In: a business; receipts. Out: a decision with reasons; replays. Used: as `weilend decide|replay`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from weilend.app.cli.show import home_option, json_option, open_home, print_rows, telling
from weilend.core.errors import InputError


@click.command("decide")
@click.argument("product")
@click.argument("business")
@click.option("--as-of", required=True, metavar="YYYY-MM-DD", help="The day (00:00 local) at which the business is judged.")
@click.option("--consent", required=True, help="Under which consent the data may be used, such as own-data.")
@click.option("--payload", type=click.Path(path_type=Path), help="Raw files that come with the application.")
@click.option("--recourse", is_flag=True, help="Say what would turn the answer into an approval, where anything would.")
@home_option
@json_option
def decide_command(product: str, business: str, as_of: str, consent: str, payload: Path | None, home: Path, *,
                   recourse: bool, as_json: bool) -> None:  # fmt: skip
    """Decide one BUSINESS for a PRODUCT, with reasons; the receipt is kept."""
    from weilend.app.desk.dictionary import show_receipt  # late: see show.open_home

    desk = open_home(home)
    receipt = desk.decide(product, business, as_of, consent=consent, payload=payload)
    rows = show_receipt(receipt)
    if recourse:
        from weilend.app.desk.whatif.recourse import recourse_of_receipt

        found = recourse_of_receipt(desk.home, receipt)
        rows.append(("recourse", f"{found.en} / {found.zh}"))
    print_rows(("what", "value"), rows, as_json=as_json)


@click.command("replay")
@click.argument("receipt_id", required=False)
@click.option("--all", "everything", is_flag=True, help="Replay every receipt.")
@click.option("--sealed-only", is_flag=True, help="Do not read the record book again.")
@click.option("--with", "changes", multiple=True, metavar="WHAT=WHICH", help="Decide with policy=FILE, model=ID, features=SET or "
              "data=now instead, and say what turned which outcome.")  # fmt: skip
@home_option
@json_option
def replay_command(receipt_id: str | None, changes: tuple[str, ...], home: Path, *, everything: bool, sealed_only: bool,
                   as_json: bool) -> None:  # fmt: skip
    """Decide again from what a receipt sealed, and from the book as it stood; exit code 1 where a bit differs."""
    if everything == bool(receipt_id):
        raise InputError("say which receipt, or --all", hint="weilend replay RECEIPT_ID, or weilend replay --all")
    if changes:
        _attribute(receipt_id, changes, home, as_json=as_json)
        return
    with telling() as tell:
        replayed = open_home(home, tell=tell).replay(receipt_id, from_records=not sealed_only)
    for problem in replayed.problems[:20]:
        click.echo(problem, err=True)
    for gone in replayed.erased:
        click.echo(f"{gone}: erased")
    click.echo(f"{replayed.identical} of {replayed.of} identical")
    if replayed.identical < replayed.of:
        sys.exit(1)


def _attribute(receipt_id: str | None, changes: tuple[str, ...], home: Path, *, as_json: bool) -> None:
    from weilend.app.clock import now  # late: see show.open_home
    from weilend.app.desk.attribution import attribute_flips, read_changes

    with telling() as tell:
        desk = open_home(home, tell=tell)
        store = desk.home.store
        receipts = [store.receipt(receipt_id)] if receipt_id else store.receipts()
        found = attribute_flips(desk.home, receipts, read_changes(desk.home, changes, at=now()), tell)
    flips = [(flip.receipt_id, flip.business_id, flip.cause, flip.old, flip.new) for flip in found.flips]
    print_rows(("receipt", "business", "because of", "from", "to"), flips, as_json=as_json)
    if not as_json:
        told = ", ".join(f"{count} by {cause}" for cause, count in found.by_cause().items() if count) or "none"
        click.echo(f"{found.of} decided again; outcomes turned: {told}; other amounts or prices only: {found.moved}")


COMMANDS = (decide_command, replay_command)
