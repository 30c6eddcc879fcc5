"""In: raw files. Out: where rows went, and how a file is read. Used: as `weilend ingest|quarantine|source`."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from weilend.app.cli.show import Command, home_option, json_option, open_home, print_rows, telling

if TYPE_CHECKING:
    from weilend.app.desk.intake.batches import FileRead
    from weilend.sources import Said

_paths = click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
_consent = click.option("--consent", required=True, help="Under which consent the data may be used, such as own-data.")
_TOLD = 6  # facts between statements that a table tells in full
#: What files cannot say of themselves: the fields of an intake.
_SAID = (
    click.option("--business", "business_id", metavar="ID", help="Whose the files are."),
    click.option("--shop", "shop_id", metavar="ID", help="Of which shop they are."),
    click.option("--owner", "owner_id", metavar="ID", help="Of which owner they are."),
    click.option("--holder", type=click.Choice(["business", "owner"]), help="Whose account it is."),
    click.option("--account", metavar="NUMBER", help="The number of the account, where files mask it or do not name it."),
    click.option("--tax-id", metavar="NUMBER", help="The taxpayer number: which side of an invoice is the business's own."),
    click.option("--name", "names", multiple=True, metavar="NAME", help="A name of business or owner: own transfers go by it."),
    click.option("--currency", metavar="CODE", help="The money of the book, CNY by default; other amounts are quarantined."),
)


def _said_options(command: Command) -> Command:
    for option in reversed(_SAID):
        command = option(command)
    return command


def _said(options: dict[str, Any]) -> Said:
    """Return what was said; what was not is left to the intake."""
    return cast("Said", {name: value for name, value in options.items() if value})


@click.command("ingest")
@_paths
@click.option("--consent", help="Under which consent the data may be used, such as own-data. Needed but for --explain.")
@click.option("--source", help="The source that knows the files; by default their headers say.")
@click.option("--explain", "explained", is_flag=True, help="Say how each file would be read, and write nothing.")
@_said_options
@home_option
@json_option
def ingest_command(paths: tuple[Path, ...], consent: str | None, source: str | None, home: Path, *, explained: bool,
                   as_json: bool, **options: Any) -> None:  # fmt: skip
    """Read raw files, folders and zips into the book; what cannot be read is quarantined. Twice is once."""
    from weilend.app.desk.intake.batches import reason_of
    from weilend.app.desk.intake.ingest import check_paths  # late: see show.open_home

    if explained:
        _explain(paths)
        return
    if consent is None:
        raise click.UsageError("Missing option '--consent'.")
    said = _said(options)
    _own_sources(home)
    check_paths(paths, consent_id=consent, profile=source, **said)
    with telling() as tell:
        done = open_home(home, create=True, tell=tell).ingest_paths(paths, consent=consent, source=source, **said)
    columns = ("file", "source", "records", "rows", "accepted", "duplicate", "quarantined", "period", "checks")
    lines = [_line(one, full=as_json) for one in done.files]
    if done.together:
        few = len(done.together.noted) + len(done.together.failed) <= _TOLD
        lines.append(_line(done.together, full=as_json or few))
    if as_json:
        print_rows(columns, lines, as_json=True)
    else:
        print_rows(("file", *columns[3:7]), [_folded(line) for line in lines], as_json=False)
    for one in done.unread:
        click.echo(f"not read: {one.file}: {reason_of(one.file, one.why)}", err=True)


def _line(one: FileRead, *, full: bool) -> Sequence[object]:
    """Return what a file gave; checks are told in full, or counted by their names."""
    records = ", ".join(f"{kind} {count:,}" for kind, count in one.records.items())
    period = f"{one.since} – {one.until}" if one.since else ""
    told = [*one.noted, *one.failed]
    if not full:
        told = [f"{count} × {name}" for name, count in Counter(_name(said) for said in told).items()]
    checks = "; ".join([f"{one.held} hold"] * bool(one.held) + told)
    return one.file, one.source, records, one.rows_in, one.accepted, one.duplicate, one.quarantined, period, checks


def _folded(line: Sequence[object]) -> Sequence[object]:
    """Return a line as a terminal holds it: what a file is and says stands below its name, so that a long name has room."""
    file, source, records, *counts, period, checks = line
    told = (
        f"{source}: {records}" if source and records else source or records,
        "; ".join(f"{one}" for one in (period, checks) if one),
    )
    return "\n  ".join(f"{part}" for part in (file, *told) if part), *counts


def _name(said: str) -> str:
    """Return the name of a check, or what lies between two statements, without its figures."""
    first, second = said.split()[:2]
    return f"{first} fails" if second == "fails" else first


def _explain(paths: tuple[Path, ...]) -> None:
    from weilend.app.desk.intake.batches import explain_paths  # late: see show.open_home

    for line in explain_paths(paths):
        click.echo(line)


def _own_sources(home: Path) -> None:
    from weilend.app.desk.intake.own_sources import load_own_sources  # late: see show.open_home

    load_own_sources(home)


@click.group("quarantine")
def quarantine_group() -> None:
    """Rows that could not be read."""


@quarantine_group.command("list")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(min=1), help="At most so many rows.")
@click.option("--file", default="", help="Of this file only.")
@home_option
@json_option
def quarantine_list(limit: int, file: str, home: Path, *, as_json: bool) -> None:
    """List quarantined rows with the reason and the original."""
    found = open_home(home).quarantined(limit, file=file)
    rows = [(row.row_id[:12], row.file, row.row, row.en, row.zh, row.original) for row in found]
    print_rows(("id", "file", "row", "reason", "原因", "original"), rows, as_json=as_json)


@quarantine_group.command("show")
@click.argument("row_id")
@home_option
@json_option
def quarantine_show(row_id: str, home: Path, *, as_json: bool) -> None:
    """Show one quarantined row by the beginning of its id."""
    from weilend.app.desk.intake.quarantine import waiting_row  # late: see show.open_home

    row = waiting_row(open_home(home).home, row_id)
    shown = [(name, getattr(row, name)) for name in ("row_id", "file", "row", "reason", "en", "zh", "original")]
    print_rows(("what", "value"), shown, as_json=as_json)


@quarantine_group.command("retry")
@_paths
@_consent
@_said_options
@home_option
def quarantine_retry(paths: tuple[Path, ...], consent: str, home: Path, **options: Any) -> None:
    """Read files with quarantined rows again, after the file or its profile was mended.

    The files that are given are read, each as a whole: correct a copy that keeps the name and the order of the file that was
    ingested. Rows that can be read now enter the book; all others are known and change nothing. A row leaves quarantine when the
    file of its name has a row at its place that is not refused any more; the originals in quarantine are not read again.
    """
    _own_sources(home)
    with telling() as tell:
        mended = open_home(home, tell=tell).retry(paths, consent=consent, **_said(options))
    click.echo(f"{mended:,} rows left quarantine")


@click.group("source")
def source_group() -> None:
    """The formats that can be read, and new ones."""


@source_group.command("list")
@home_option
@json_option
def source_list(home: Path, *, as_json: bool) -> None:
    """List every format, and how far it was checked."""
    from weilend.app.desk.intake.own_sources import list_sources  # late: see show.open_home

    print_rows(("name", "format", "格式", "checked"), list_sources(home), as_json=as_json)


@source_group.command("new")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--like", default="bank", show_default=True, help="What it is like: bank, card, wallet, seller, vouchers.")
@click.option(
    "--toml", "described", type=click.Path(path_type=Path), help="The columns mapped: it becomes a source of the home."
)
@home_option
def source_new(file: Path, like: str, described: Path | None, home: Path) -> None:
    """Describe a table that no source knows. At a terminal it asks what each column of FILE is and makes it a source of the home;
    else it prints a draft to be filled in. --toml takes a filled one over."""
    from weilend.app.desk.intake.own_sources import add_own_source, draft_source  # late: see show.open_home

    if described:
        click.echo(add_own_source(home, file, described))
    elif _at_terminal():
        _describe(file, like, home)
    else:
        click.echo(draft_source(file, like))


def _at_terminal() -> bool:
    return sys.stdin.isatty()


def _describe(file: Path, like: str, home: Path) -> None:
    """Show the columns, ask what they are, and keep the profile; it is printed before it is checked, so that no answer is lost."""
    from weilend.app.desk.intake.asking import describe_table, look_at_table  # late: see show.open_home
    from weilend.app.desk.intake.own_sources import keep_own_source

    table = look_at_table(file)
    shown = [(number, name, next(iter(table.column(name)), "")[:40]) for number, name in enumerate(table.names, start=1)]
    print_rows(("no.", "column", "first cell"), shown, as_json=False)
    click.echo("Answer with the number or the name of a column, - for none; Enter takes what stands in brackets.")
    text = describe_table(table, like, _ask)
    click.echo(f"\n{text}\n")
    click.echo(keep_own_source(home, file, text))


def _ask(what: str, guess: str, choices: Sequence[str]) -> str:
    """Ask at the terminal until the answer is one of the choices, by name or number, or any text where there are none."""

    def read(text: str) -> str:
        text = text.strip()
        if not choices or text in choices:
            return text
        if text.isdecimal() and 0 < int(text) <= len(choices):
            return choices[int(text) - 1]
        raise click.BadParameter(f"say one of {', '.join(choices)}")

    return str(click.prompt(what, default=guess or None, value_proc=read))


@source_group.command("record")
@_paths
@click.option("--into", type=click.Path(path_type=Path), help="The golden file to write; without, the lines are printed.")
@click.option("--toml", "described", type=click.Path(path_type=Path), help="A profile that is not a source yet.")
@_said_options
@home_option
def source_record(paths: tuple[Path, ...], into: Path | None, described: Path | None, home: Path, **options: Any) -> None:
    """Record what samples give as golden lines, to be reviewed and handed in with a format. No name or number stands in them."""
    from weilend.app.desk.intake.recording import record_samples, record_text  # late: see show.open_home

    _own_sources(home)
    done = record_samples(paths, into=into, described=described, said=_said(options))
    if into is None:
        click.echo(record_text(done), nl=False)
        return
    for one in done:
        click.echo(one.words())


COMMANDS = (ingest_command, quarantine_group, source_group)
