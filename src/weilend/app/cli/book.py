"""In: the record book. Out: what it holds, whether it is sound. Used: as `weilend book|audit`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from weilend.app.cli.show import home_option, json_option, open_home, print_rows


@click.group("book")
def book_group() -> None:
    """The record book."""


@book_group.command("stats")
@home_option
@json_option
def book_stats(home: Path, *, as_json: bool) -> None:
    """Show how much the book holds of each kind of record."""
    stats = open_home(home).book_stats()
    rows = [(kind, one.rows, one.subjects, one.files, one.bytes, one.reconstructed_ppm) for kind, one in stats.items()]
    print_rows(("kind", "rows", "subjects", "files", "bytes", "reconstructed_ppm"), rows, as_json=as_json)


@book_group.command("compact")
@home_option
def book_compact(home: Path) -> None:
    """Sort the book by subject and write until when each version is in force."""
    open_home(home).compact()
    click.echo("compacted")


@book_group.command("verify")
@home_option
def book_verify(home: Path) -> None:
    """Check the book for contradictions; exit code 1 if there are any."""
    _tell(open_home(home).verify_book())


@book_group.command("erase")
@click.argument("subject")
@click.confirmation_option(prompt="Nothing brings back what is erased. Go on?", help="Do not ask.")
@home_option
def book_erase(subject: str, home: Path) -> None:
    """Erase a business, owner or shop (SUBJECT): its rows, what its tokens stand for, its quarantined rows."""
    erased = open_home(home).erase(subject)
    click.echo(f"{erased.subject} is erased: {erased.rows:,} rows of the book went, its key is shredded")


@click.command("audit")
@home_option
def audit_command(home: Path) -> None:
    """Check book, records, receipts and audit chain against each other; exit code 1 if they contradict."""
    _tell(open_home(home).audit())


def _tell(problems: tuple[str, ...]) -> None:
    for problem in problems:
        click.echo(problem)
    if problems:
        sys.exit(1)
    click.echo("sound")


COMMANDS = (book_group, audit_command)
