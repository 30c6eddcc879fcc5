"""In: files and names of subjects. Out: lists imported, asked, changed and measured. Used: as `weilend lists`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from weilend.app.cli.show import Command, home_option, json_option, open_home, print_rows, telling
from weilend.core.calendars import Calendar, parse_day
from weilend.core.records import LIST_ENTRY

if TYPE_CHECKING:
    from weilend.app.desk.fraud.list_files import Said
    from weilend.app.desk.home import Home

_KINDS = click.Choice(LIST_ENTRY.field("subject_kind").words)
_LISTS = click.Choice(LIST_ENTRY.field("list_name").words)
_kind = click.option("--kind", "kind", required=True, type=_KINDS, help="What the subject is.")
_list = click.option("--list", "list_name", required=True, type=_LISTS, help="Which list.")
_token = click.option("--token", "is_token", is_flag=True, help="SUBJECT is an identity as records have it, not a clear name.")
_as_of = click.option(
    "--as-of", metavar="YYYY-MM-DD", help="As the lists were known on that day (00:00 local); now by default."
)
_SAID = (
    click.option("--kind", "subject_kind", type=_KINDS, help="What the subjects are, where no column subject_kind says so."),
    click.option("--list", "list_name", type=_LISTS, help="Which list, where no column list_name says so."),
    click.option("--source", help="Who says so, where no column does: a court, a partner, our own reviewers."),
    click.option("--reason", help="Why, where no column says so."),
    click.option("--severity", type=click.IntRange(0, 100), help="How grave, where no column says so; else the list's own."),
    click.option("--until", "valid_until_on", metavar="YYYY-MM-DD", help="The entries end after this day."),
    click.option("--by", "added_by", help="Who puts them there."),
)


def _said_options(command: Command) -> Command:
    for option in reversed(_SAID):
        command = option(command)
    return command


def _said(consent: str, options: dict[str, str | int | None], *, act: str = "added") -> Said:
    from weilend.app.desk.fraud.list_files import Said  # late: see show.open_home

    until = options.pop("valid_until_on")
    return Said(consent_id=consent, act=act, valid_until_on=parse_day(str(until)) if until else None, **options)  # type: ignore[arg-type]


def _now() -> int:
    from weilend.app.clock import now  # late: see show.open_home

    return now()


def _instant(home: Home, day: str | None) -> int:
    return home.calendar.start_of(parse_day(day)) if day else _now()


@click.group("lists")
def lists_group() -> None:
    """Who must not get a loan (deny), whom to look at (watch), who is spared the extra check (allow)."""


@lists_group.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--consent", required=True, help="Under which consent or ground the list may be used.")
@click.option("--propose", is_flag=True, help="Only propose: nobody is hit before a reviewer confirms.")
@_said_options
@home_option
@json_option
def import_command(path: Path, consent: str, home: Path, *, propose: bool, as_json: bool, **options: str | int | None) -> None:
    """Bring entries of a csv or Parquet file (PATH) onto lists. Its columns: subject (clear, hidden at once) or subject_id, and
    where not said once for all: subject_kind, list_name, source, reason, case_id, part, amount_fen, severity, valid_from_on,
    valid_until_on, added_by. A faulty row refuses the whole file; the same file twice changes nothing."""
    from weilend.app.desk.fraud.list_files import check_file  # late: see show.open_home
    from weilend.app.desk.fraud.lists import import_list

    said = _said(consent, options, act="proposed" if propose else "added")
    check_file(path, said, Calendar().day_of(_now()))  # before there is a home
    with telling() as tell:
        done = import_list(open_home(home, create=True).home, path, said, at=_now(), tell=tell)
    print_rows(("rows", "new", "there already"), [(done.rows, done.accepted, done.duplicate)], as_json=as_json)


@lists_group.command("preview")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--consent", required=True, help="Under which consent or ground the list may be used.")
@_said_options
@home_option
@json_option
def preview_command(path: Path, consent: str, home: Path, *, as_json: bool, **options: str | int | None) -> None:
    """Say whom a file of entries (PATH) would hit among the applications of the book; nothing changes."""
    from weilend.app.desk.fraud.lists import preview_list  # late: see show.open_home

    found = preview_list(open_home(home).home, path, _said(consent, options), at=_now())
    rows = [("entries", found.entries), ("applications hit", found.applications), ("businesses hit", found.businesses)]
    rows += [(f"of the applications: {answer}", count) for answer, count in found.by_answer.items()]
    print_rows(("what", "count"), [*rows, ("outcome known", found.known), ("of these bad", found.bad)], as_json=as_json)


@lists_group.command("check")
@click.argument("subjects", nargs=-1, required=True)
@_kind
@_token
@_as_of
@click.option("--seq", type=int, help="As the book knew up to this number of its order.")
@home_option
@json_option
def check_command(subjects: tuple[str, ...], kind: str, as_of: str | None, seq: int | None, home: Path, *, is_token: bool,
                  as_json: bool) -> None:  # fmt: skip
    """Say how SUBJECTS stand on the lists: the verdict, and each hit with its dates, reason and source."""
    from weilend.app.desk.fraud.lists import check_subject  # late: see show.open_home

    desk = open_home(home).home
    rows: list[tuple[object, ...]] = []
    for subject in subjects:
        found = check_subject(desk, kind, subject, as_of=_instant(desk, as_of), seq=seq, is_token=is_token)
        hits = list(zip(found.verdict.hits, found.entries, strict=True))
        rows += [
            (subject, found.verdict.meaning, hit.list_name, hit.severity, _day(hit.since_at), _day(hit.until_at),
             "disputed" if hit.is_disputed else "", entry.reason, entry.source, entry.case_id or "", entry.added_by or "")
            for hit, entry in hits
        ] or [(subject, found.verdict.meaning, *[""] * 9)]  # fmt: skip
    columns = ("subject", "verdict", "list", "severity", "since", "until", "standing", "reason", "source", "case", "by")
    print_rows(columns, rows, as_json=as_json)


def _day(instant: int | None) -> str:
    return "" if instant is None else datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%d %H:%M UTC")


@lists_group.command("export")
@click.argument("path", type=click.Path(path_type=Path))
@_as_of
@home_option
def export_command(path: Path, as_of: str | None, home: Path) -> None:
    """Write the entries in force to a csv or Parquet file (PATH), identities as tokens; it can be imported again."""
    from weilend.app.desk.fraud.lists import export_list  # late: see show.open_home

    desk = open_home(home).home
    click.echo(f"{export_list(desk, path, as_of=_instant(desk, as_of)):,} entries")


@lists_group.command("stats")
@click.option("--index", is_flag=True, help="Show the memory-mapped index instead: bytes, and the chance of a false accept.")
@click.option(
    "--precision", is_flag=True, help="Show how right each source was instead: hits at applications, and what became of them."
)
@home_option
@json_option
def stats_command(home: Path, *, index: bool, precision: bool, as_json: bool) -> None:
    """Show how much stands on each list, and on whose word."""
    from weilend.app.desk.fraud.lists import index_sizes, list_sizes, precision_by_source  # late: see show.open_home

    desk = open_home(home).home
    if index:
        columns = ("part", "subjects", "hot bytes", "bytes a subject", "false accept")
        print_rows(columns, index_sizes(desk), as_json=as_json)
    elif precision:
        named = ("list", "source", "hits", "outcome known", "bad", "share_ppm", "low_ppm", "high_ppm")
        measured = [
            (one.list_name, one.source, one.hits, one.known, one.bad, one.share_ppm, one.low_ppm, one.high_ppm)
            for one in precision_by_source(desk)
        ]
        print_rows(named, measured, as_json=as_json)
    else:
        print_rows(("list", "source", "entries", "versions"), list_sizes(desk, as_of=_now()), as_json=as_json)


@lists_group.command("queue")
@home_option
@json_option
def queue_command(home: Path, *, as_json: bool) -> None:
    """Show what waits for a reviewer, oldest first: proposals and disputes."""
    from weilend.app.desk.fraud.lists import waiting  # late: see show.open_home

    rows = [
        (one.act, one.subject_kind, one.subject_id, one.list_name, one.reason, one.source, one.added_by, _day(one.known_at))
        for one in waiting(open_home(home).home, as_of=_now())
    ]
    print_rows(("act", "kind", "subject", "list", "reason", "source", "by", "since"), rows, as_json=as_json)


def _change(name: str, act: str, done: str, about: str) -> click.Command:
    """Return the command that says something new of a subject's entries on a list."""

    @click.command(name, help=about)
    @click.argument("subject")
    @_kind
    @_list
    @_token
    @click.option("--reason", required=True, help="Why.")
    @click.option("--by", required=True, help="Who says so.")
    @home_option
    def change(subject: str, kind: str, list_name: str, reason: str, by: str, home: Path, *, is_token: bool) -> None:
        from weilend.app.desk.fraud.lists import change_entries  # late: see show.open_home

        desk = open_home(home).home
        there = change_entries(desk, kind, subject, list_name, act, reason=reason, by=by, at=_now(), is_token=is_token)
        click.echo(f"{len(there)} {'entry' if len(there) == 1 else 'entries'} {done}")

    return change


lists_group.add_command(
    _change("dispute", "disputed", "disputed; a reviewer finds it in `weilend lists queue`",
            "Say that SUBJECT disputes its entries on a list: they stay in force, are marked, and wait for a reviewer.")
)  # fmt: skip
lists_group.add_command(
    _change("remove", "removed", "removed", "Take SUBJECT off a list; back-tests still see when it was on it.")
)
lists_group.add_command(
    _change(
        "confirm", "added", "confirmed", "Confirm what waits: SUBJECT's proposed entries come into force, disputed ones stay."
    )
)


@lists_group.command("build")
@home_option
def build_command(home: Path) -> None:
    """Build the index anew from all that the book has; readers change over at their next look."""
    from weilend.app.desk.fraud.lists import rebuild_lists  # late: see show.open_home

    click.echo(f"{rebuild_lists(open_home(home).home):,} rows")


@lists_group.command("screen")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("name")
@click.option(
    "--kind", default="person", show_default=True, type=click.Choice(["person", "business"]), help="What bears the name."
)
@click.option("--uscc", default="", help="The unified social credit code of the business.")
@json_option
def screen_command(file: Path, name: str, kind: str, uscc: str, *, as_json: bool) -> None:
    """Compare NAME with a watch list of names (FILE, csv: listed_id, kind, name, aliases, uscc, source) by hanzi, pinyin, aliases
    and credit code; says which part matched how."""
    from weilend.app.desk.fraud.screening import screen_name  # late: see show.open_home

    rows = [
        (match.listed.listed_id, match.name, match.alike_ppm, match.listed.source,
         "; ".join(f"{part.part} {part.ours} ~ {part.theirs}: {part.en}" for part in match.parts),
         "；".join(f"{part.ours} ~ {part.theirs}：{part.zh}" for part in match.parts))
        for match in screen_name(file, name, kind, uscc=uscc)
    ]  # fmt: skip
    print_rows(("id", "name", "alike_ppm", "source", "why", "原因"), rows, as_json=as_json)


COMMANDS = (lists_group,)
