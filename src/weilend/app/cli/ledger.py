"""In: the id of a loan. Out: its statement of account; whether the records of loans keep their laws. Used: as `weilend ledger`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import click

from weilend.app.cli.show import home_option, json_option, open_home, print_rows


@click.group("ledger")
def ledger_group() -> None:
    """The books of loans: statements of account, and whether they keep their laws."""


@ledger_group.command("show")
@click.argument("loan")
@click.option("--zh", "language", flag_value="zh", help="In Chinese.")
@click.option("--en", "language", flag_value="en", default="en", help="In English (the default).")
@home_option
def ledger_show(loan: str, language: Literal["en", "zh"], home: Path) -> None:
    """Show the statement of account of a loan (LOAN, its id) as the book knows it."""
    from weilend.app.clock import now  # late: see show.open_home
    from weilend.app.desk.ledger import show_loan

    click.echo(show_loan(open_home(home).home, loan, language, at=now()))


@ledger_group.command("check")
@home_option
@json_option
def ledger_check(home: Path, *, as_json: bool) -> None:
    """Hold the records of all loans against the laws of a ledger; exit code 1 if they contradict themselves."""
    from weilend.app.clock import now  # late: see show.open_home
    from weilend.app.desk.ledger import as_rows, check_loans

    checked = check_loans(open_home(home).home, at=now())
    if checked.found or as_json:
        print_rows(("loan", "day", "contradiction"), as_rows(checked.found), as_json=as_json)
    if not as_json:
        click.echo(f"{checked.loans:,} loans, {checked.rows:,} rows: {len(checked.found):,} contradictions")
    if checked.found:
        sys.exit(1)


COMMANDS = (ledger_group,)
