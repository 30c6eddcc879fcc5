"""In: a model's name, who and why. Out: its stage changed, judged, renewed, exported. Used: as `weilend model shadow|promote|…`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from weilend.app.cli.acting import effective_option, make_act, who_option, why_option
from weilend.app.cli.flat import table_options
from weilend.app.cli.show import home_option, json_option, open_home, print_rows, telling
from weilend.core.errors import InputError

if TYPE_CHECKING:  # late: see show.open_home
    from weilend.app.desk.home import Home
    from weilend.app.desk.models.champion import Named
    from weilend.app.desk.models.evidence import Evidence
    from weilend.app.desk.models.life import Line
    from weilend.app.desk.models.renewal_material import Material
    from weilend.core.lifecycle import Event

Command = Callable[..., Any]
_PATH = click.Path(path_type=Path)

_as_of = click.option(
    "--as-of", metavar="YYYY-MM-DD", help="Of a product: outcomes and applicants as known on that day (00:00)."
)
_since = click.option("--since", metavar="YYYY-MM-DD", help="Of a table: the first day of what is new to the champion, where the "
                      "champion does not say.")  # fmt: skip


@click.command("shadow")
@click.argument("name")
@click.argument("version", default="")
@who_option
@why_option
@home_option
def model_shadow(name: str, version: str, who: str, why: str, home: Path) -> None:
    """Put the newest model of a product or table up for review, and watch it: it scores what is decided, beside the champion."""
    from weilend.app.desk.models.life import put_in_shadow  # late: see show.open_home

    opened = _home(home)
    _tell("in shadow", put_in_shadow(opened, _named(name, opened), make_act(home, who, why), version))


@click.command("promote")
@click.argument("name")
@click.argument("version", default="")
@who_option
@why_option
@click.option("--evidence", type=_PATH, help="File of `weilend model evidence`; by default the newest that is kept.")
@effective_option
@home_option
def model_promote(
    name: str, version: str, who: str, why: str, evidence: Path | None, effective: str | None, home: Path
) -> None:
    """Make a model in review the champion, on evidence that speaks for it; not by whoever put it up."""
    from weilend.app.desk.models.evidence import read_evidence  # late: see show.open_home
    from weilend.app.desk.models.life import promote_model

    opened = _home(home)
    shown = read_evidence(evidence) if evidence else None
    _tell("champion", promote_model(opened, _named(name, opened), make_act(home, who, why, effective), version, shown))


@click.command("rollback")
@click.argument("name")
@who_option
@why_option
@home_option
def model_rollback(name: str, who: str, why: str, home: Path) -> None:
    """Return at once to the champion before."""
    from weilend.app.desk.models.life import roll_back_model  # late: see show.open_home

    opened = _home(home)
    _tell("rolled back to", roll_back_model(opened, _named(name, opened), make_act(home, who, why)))


@click.command("retire")
@click.argument("name")
@click.argument("version", default="")
@who_option
@why_option
@home_option
def model_retire(name: str, version: str, who: str, why: str, home: Path) -> None:
    """Retire the champion, or the VERSION that is named: one in review is turned down by it. What it decided still replays."""
    from weilend.app.desk.models.life import retire_model  # late: see show.open_home

    opened = _home(home)
    _tell("retired", retire_model(opened, _named(name, opened), make_act(home, who, why), version))


@click.command("list")
@click.argument("name", required=False)
@home_option
@json_option
def model_list(name: str | None, home: Path, *, as_json: bool) -> None:
    """List the versions of models that were put up, their stages, and the last thing that was done to each."""
    from weilend.app.clock import now  # late: see show.open_home
    from weilend.app.desk.models.life import list_models
    from weilend.app.desk.releases import SHORT

    opened = _home(home)
    columns = ("model", "version", "stage", "last", "who", "on", "why")

    def row(one: Line) -> tuple[object, ...]:
        done = one.event
        day = opened.calendar.day_of(done.at).isoformat()
        return (one.named.name, one.version[:SHORT], one.stage, done.action, done.who, day, done.why)

    rows = [row(one) for one in list_models(opened, _named(name, opened) if name else None, at=now())]
    print_rows(columns, rows, as_json=as_json)


@click.command("evidence")
@click.argument("name")
@click.argument("version", default="")
@click.option(
    "--from-shadow", is_flag=True, help="Of a product: judge what the version said in shadow, before outcomes were known."
)
@_as_of
@_since
@table_options
@home_option
@json_option
def model_evidence(
    name: str, version: str, as_of: str | None, since: str | None, home: Path, *, from_shadow: bool, as_json: bool, **asked: Any
) -> None:
    """Judge a version on outcomes that neither it nor the champion has learned from, and keep what is found (--out: a file too)."""
    from weilend.app.clock import now  # late: see show.open_home
    from weilend.app.desk.models.evidence import write_evidence
    from weilend.app.desk.models.renewal import judge_version

    opened = _home(home)
    named = _named(name, opened)
    version = _version(opened, named, version)
    if from_shadow:
        found = _trial(opened, name, version, as_of)
    else:
        found = judge_version(opened, named, _material(opened, name, version, as_of, since, asked), version, at=now())
    if asked["out"]:
        write_evidence(found, asked["out"])
    print_rows(("what", "value"), _evidence_rows(found), as_json=as_json)


def _trial(home: Home, name: str, version: str, as_of: str | None) -> Evidence:
    from weilend.app.clock import now  # late: see show.open_home
    from weilend.app.desk.models.trial import judge_shadow
    from weilend.app.desk.products import find_product

    return judge_shadow(home, find_product(name, home), version, as_of=_instant(home, as_of), at=now())


def _version(home: Home, named: Named, version: str) -> str:
    """Return the version that is meant: the one that begins so, the only one in review, else the newest."""
    from weilend.app.desk.models.champion import releases_of  # late: see show.open_home
    from weilend.app.desk.models.life import find_version

    waiting = releases_of(home, named).of(named.name).waiting
    return find_version(home, named, version or (waiting[0].version if len(waiting) == 1 else "")).version


def _evidence_rows(found: Evidence) -> list[tuple[str, object]]:
    from weilend.app.desk.models.evidence import tell_findings  # late: see show.open_home
    from weilend.app.desk.releases import SHORT

    verdict = found.verdict
    return [
        ("challenger", found.challenger[:SHORT]),
        ("champion", found.champion[:SHORT] or "none"),
        ("rows", found.rows),
        ("bads", found.bads),
        ("how", found.how),
        *(
            (f"{one.metric}, challenger minus champion", f"{one.estimate} ({one.lo} to {one.hi})")
            for one in verdict.differences
        ),
        ("gates", tell_findings(verdict.findings)),
        ("verdict", verdict.verdict.replace("_", " ")),
    ]


@click.command("renew")
@click.argument("name")
@_as_of
@_since
@table_options
@home_option
@json_option
def model_renew(name: str, as_of: str | None, since: str | None, home: Path, *, as_json: bool, **asked: Any) -> None:
    """Refit, recalibrate, or do nothing, with reasons: what comes of it is put in shadow, and never made champion."""
    from weilend.app.clock import now  # late: see show.open_home
    from weilend.app.desk.models.renewal import renew
    from weilend.app.desk.releases import SHORT

    opened = _home(home)
    named = _named(name, opened)
    with telling() as tell:
        tell("look at what became known", 0, 2)
        material = _material(opened, name, "", as_of, since, asked)
        tell("decide and train", 1, 2)
        done = renew(opened, named, material, at=now())
    rows: list[tuple[str, object]] = [("action", done.action), *(("because", reason) for reason in done.reasons)]
    if done.evidence is not None:
        rows += [("in shadow", done.version[:SHORT]), ("verdict", done.evidence.verdict.verdict.replace("_", " "))]
    print_rows(("what", "value"), rows, as_json=as_json)


def _material(home: Home, name: str, version: str, as_of: str | None, since: str | None, asked: dict[str, Any]) -> Material:
    """Return what a product's book, or the table that was named, shows; fresh is what champion and version did not learn from."""
    from weilend.app.cli.flat import ask_of  # late: see show.open_home
    from weilend.app.clock import now
    from weilend.app.desk.models.champion import champion
    from weilend.app.desk.models.life import find_version
    from weilend.app.desk.models.renewal import known_to, recipe_in_force
    from weilend.app.desk.models.renewal_material import flat_material, product_material
    from weilend.app.desk.products import find_product

    named = _named(name, home)
    known_until = known_to(home, named, version, at=now())
    if named.kind == "model":
        recipe = recipe_in_force(home, named, version, at=now())  # a renewal keeps the recipe
        return product_material(
            home, find_product(name, home), as_of=_instant(home, as_of), known_until=known_until, recipe=recipe
        )
    if not asked["table"] or not asked["label"]:
        raise InputError(f"{name} is no product, so it is judged on a table", hint="give --table FILE and --label COL")
    build = find_version(home, named, version or champion(home, named, at=now()) or "")
    ask = ask_of(name, {**asked, "recipe": build.recipe}, None)  # a renewal keeps the recipe
    return flat_material(home, ask, as_of=now(), known_until=_instant(home, since) if since else known_until)


@click.command("export")
@click.argument("name")
@click.argument("version", default="")
@click.option("--to", required=True, metavar="TARGET", help="formula, sql-duckdb, sql-spark, sql-postgresql, python or onnx.")
@click.option("--out", required=True, type=_PATH, help="File to write; a check that runs is written beside it.")
@click.option("--table", default="applications", show_default=True, help="In SQL: the table that holds the rows.")
@home_option
def model_export(name: str, version: str, to: str, out: Path, table: str, home: Path) -> None:
    """Write the champion (else the newest model, or VERSION) for another system, proved to score as the model does."""
    from weilend.app.clock import now  # late: see show.open_home
    from weilend.app.desk.models.export import export_model, find_exportable

    is_folder = (Path(name) / "model.json").is_file()
    opened = None if is_folder else _home(home)
    model, columns = find_exportable(opened, name, _named(name, opened), version, at=now())
    handed = export_model(model, columns, to, out, table=table)
    ran = "run here, and" if handed.was_run else "its formulas run here, and they"
    click.echo(f"{handed.model}: {handed.rows} rows {ran} score as the model does; to check it where it serves: {handed.run}")


def _home(home: Path) -> Home:
    return open_home(home).home


def _named(name: str, home: Home | None) -> Named:
    from weilend.app.desk.models.champion import name_model  # late: see show.open_home

    return name_model(name, home)


def _instant(home: Home, day: str | None) -> int:
    from weilend.core.calendars import parse_day  # late: see show.open_home

    if day is None:
        raise InputError("say as of which day", hint="give --as-of YYYY-MM-DD")
    return home.calendar.start_of(parse_day(day))


def _tell(done: str, event: Event) -> None:
    from weilend.app.desk.releases import SHORT  # late: see show.open_home

    click.echo(f"{done}: {event.name} {event.version[:SHORT]}")


COMMANDS = (
    model_shadow, model_promote, model_rollback, model_retire, model_list, model_evidence, model_renew, model_export,
)  # fmt: skip
