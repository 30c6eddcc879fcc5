"""In: a business; receipts; a policy. Out: a decision with reasons; replays; checks. Used: as `weilend decide|replay|policy`."""

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
@home_option
@json_option
def decide_command(product: str, business: str, as_of: str, consent: str, payload: Path | None, home: Path, *,
                   as_json: bool) -> None:  # fmt: skip
    """Decide one BUSINESS for a PRODUCT, with reasons; the receipt is kept."""
    from weilend.app.desk.dictionary import show_receipt  # late: see show.open_home

    receipt = open_home(home).decide(product, business, as_of, consent=consent, payload=payload)
    print_rows(("what", "value"), show_receipt(receipt), as_json=as_json)


@click.command("replay")
@click.argument("receipt_id", required=False)
@click.option("--all", "everything", is_flag=True, help="Replay every receipt.")
@click.option("--sealed-only", is_flag=True, help="Do not read the record book again.")
@home_option
def replay_command(receipt_id: str | None, home: Path, *, everything: bool, sealed_only: bool) -> None:
    """Decide again from what a receipt sealed, and from the book as it stood; exit code 1 where a bit differs."""
    if everything == bool(receipt_id):
        raise InputError("say which receipt, or --all", hint="weilend replay RECEIPT_ID, or weilend replay --all")
    with telling() as tell:
        replayed = open_home(home, tell=tell).replay(receipt_id, from_records=not sealed_only)
    for problem in replayed.problems[:20]:
        click.echo(problem, err=True)
    click.echo(f"{replayed.identical} of {replayed.of} identical")
    if replayed.identical < replayed.of:
        sys.exit(1)


@click.group("policy")
def policy_group() -> None:
    """Policies."""


@policy_group.command("check")
@click.argument("product")
@json_option
def policy_check(product: str, *, as_json: bool) -> None:
    """Run every case of the policy of a PRODUCT; exit code 1 where one differs or a rule is reached by none."""
    from weilend.app.desk.dictionary import check_product_policy  # late: see show.open_home

    cases, problems = check_product_policy(product)
    if problems:
        print_rows(("problem",), [(str(problem),) for problem in problems], as_json=as_json)
        sys.exit(1)
    print_rows(("cases", "problems"), [(cases, 0)], as_json=as_json)


COMMANDS = (decide_command, replay_command, policy_group)
