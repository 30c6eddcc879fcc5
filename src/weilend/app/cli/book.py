"""In: raw files; the record book. Out: where rows went, what the book holds. Used: as `weilend ingest|quarantine|book`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from weilend.app.cli.show import home_option, json_option, open_home, print_rows, telling


@click.command("ingest")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--consent", required=True, help="Under which consent the data may be used, such as own-data.")
@click.option("--source", help="The source that knows the files; by default their headers say.")
@home_option
@json_option
def ingest_command(paths: tuple[Path, ...], consent: str, source: str | None, home: Path, *, as_json: bool) -> None:
    """Read raw files or folders into the book; what cannot be read is quarantined. Twice is once."""
    from weilend.app.desk.ingest import check_readable  # late: see show.open_home

    for path in paths:
        check_readable(path, consent_id=consent, profile=source)
    rows = []
    with telling() as tell:
        desk = open_home(home, create=True, tell=tell)
        for path in paths:
            counted = desk.ingest(path, consent=consent, source=source)
            rows += [(one.file, one.rows_in, one.accepted, one.duplicate, one.quarantined) for one in counted.files]
    print_rows(("file", "rows", "accepted", "duplicate", "quarantined"), rows, as_json=as_json)


@click.group("quarantine")
def quarantine_group() -> None:
    """Rows that could not be read."""


@quarantine_group.command("list")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(min=1), help="At most so many rows.")
@home_option
@json_option
def quarantine_list(limit: int, home: Path, *, as_json: bool) -> None:
    """List quarantined rows with the reason and the original."""
    found = open_home(home).quarantined(limit)
    rows = [(row.file, row.row, row.en, row.zh, row.original) for row in found]
    print_rows(("file", "row", "reason", "原因", "original"), rows, as_json=as_json)


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


COMMANDS = (ingest_command, quarantine_group, book_group, audit_command)
