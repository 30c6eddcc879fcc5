"""In: a home. Out: features and models. Used: as `weilend features|model`."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from weilend.app.cli import model_life
from weilend.app.cli.flat import build_from_table, score_to_file, table_options
from weilend.app.cli.show import home_option, json_option, open_home, print_rows, telling
from weilend.app.cli.validation import model_compare, model_validate
from weilend.core.errors import InputError, TooFewError

if TYPE_CHECKING:  # late: see show.open_home
    from weilend.app.desk.desk import Desk
    from weilend.app.desk.models.challenger import Challenger
    from weilend.app.desk.models.modelling import Study
    from weilend.core.calendars import Calendar
    from weilend.features.compute import FeatureTable


@click.group("features")
def features_group() -> None:
    """Definitions and values of features."""


@features_group.command("list")
@click.option("--set", "name", default="invoice", show_default=True, help="Feature set.")
@click.option(
    "--page", type=click.Path(path_type=Path, dir_okay=False), help="Write every feature of every theme as a page to search."
)
@json_option
def features_list(name: str, page: Path | None, *, as_json: bool) -> None:
    """List the features of a set: unit, credit sign, and why each matters."""
    from weilend.app.desk.dictionary import list_features  # late: see show.open_home

    if page:
        from weilend.app.desk.dictionary_page import dictionary_page
        from weilend.report import render_page

        page.write_text(render_page(dictionary_page()), encoding="utf-8")
        click.echo(f"the data dictionary is in {page}")
        return
    columns, rows = list_features(name)
    print_rows(columns, rows, as_json=as_json)


@features_group.command("show")
@click.argument("feature")
@json_option
def features_show(feature: str, *, as_json: bool) -> None:
    """Show everything that is declared of one FEATURE."""
    from weilend.app.desk.dictionary import show_feature  # late: see show.open_home

    print_rows(("field", "value"), show_feature(feature), as_json=as_json)


@features_group.command("build")
@click.argument("product")
@click.option("--as-of", metavar="YYYY-MM-DD", help="The day (00:00 local) at which features of every business are taken.")
@click.option("--spine", type=click.Path(path_type=Path), help="CSV or Parquet with the columns business_id and as_of instead.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="CSV file to write.")
@home_option
def features_build(product: str, as_of: str | None, spine: Path | None, out: Path, home: Path) -> None:
    """Compute the features of a PRODUCT, for every business in the book at one day, or for the rows of a spine."""
    if bool(as_of) == bool(spine):
        raise InputError("say for whom: a day, or a spine", hint="give --as-of YYYY-MM-DD, or --spine FILE")
    desk = open_home(home)
    if spine:
        tables = [desk.features(product, desk.read_spine(spine))]
    else:
        population = desk.population(product, as_of or "")
        tables = [population.known.features, population.applicants.features]
    with out.open("w", encoding="utf-8", newline="") as file:
        write = csv.writer(file).writerow
        write(("business_id", "as_of", *(feature.name for feature in tables[0].feature_set.features)))
        rows = sum(_write_rows(write, table, desk.home.calendar) for table in tables)
    click.echo(f"{rows} rows in {out}")


def _write_rows(write: Callable[[Sequence[object]], object], table: FeatureTable, calendar: Calendar) -> int:
    days = [calendar.day_of(instant).isoformat() for instant in table.spine.as_of]
    lines = zip(table.spine.subjects, days, table.values.tolist(), table.known.tolist(), strict=True)
    for name, day, values, known in lines:
        write((name, day, *(value if there else "" for value, there in zip(values, known, strict=True))))
    return table.spine.size


@features_group.command("crowds")
@home_option
def features_crowds(home: Path) -> None:
    """Count anew what businesses share (telephones, devices, regions), so that applications read it quickly."""
    for name, seq in open_home(home).rebuild_crowds().items():
        click.echo(f"{name}: counted over the book up to {seq}")


@features_group.command("audit")
@click.argument("product")
@click.option("--as-of", required=True, metavar="YYYY-MM-DD", help="The day (00:00 local) at which features are taken.")
@home_option
def features_audit(product: str, as_of: str, home: Path) -> None:
    """Compute the features of a PRODUCT's decisions again, and hunt knowledge of the future; exit code 1 if anything is "
    "found."""
    with telling() as tell:
        found = open_home(home, tell=tell).audit_features(product, as_of)
    for text in found.skewed:
        click.echo(text)
    for name in found.sees_future:
        click.echo(f"{name} changes when what was not known yet is gone")
    for name, ppm in found.too_good:
        click.echo(f"{name} alone ranks outcomes with AUC {ppm / 1_000_000:.3f}: find out what it knows")
    if not found.is_sound:
        sys.exit(1)
    click.echo(f"sound: {found.stored_rows} stored rows are what the book gives; no feature sees the future or is too good")


@click.group("model")
def model_group() -> None:
    """Models."""


@model_group.command("build")
@click.argument("name")
@click.option("--as-of", metavar="YYYY-MM-DD", help="Of a product: the day (00:00 local) on which the model is built.")
@click.option("--assume-label-known", is_flag=True, help="Of a product: train on outcomes that were not known yet.")
@table_options
@click.option(
    "--minutes", type=click.IntRange(min=1), default=5, show_default=True,
    help="Of a table: when searches and extras of the report end; what that cut short is said.",
)  # fmt: skip
@home_option
@json_option
def model_build(name: str, as_of: str | None, home: Path, *, assume_label_known: bool, as_json: bool, **asked: Any) -> None:
    """Build, validate and keep a card and a challenger: of a product (NAME with --as-of), or of a table (NAME with --table)."""
    if bool(as_of) == bool(asked["table"]):
        raise InputError("say from what: a product's own records, or a table", hint="give --as-of YYYY-MM-DD, or --table FILE")
    with telling() as tell:
        if asked["table"]:
            rows = build_from_table(name, home, asked, tell)
        else:
            rows = _build_product(name, as_of or "", open_home(home, tell=tell), asked["recipe"], assume=assume_label_known)
    print_rows(("what", "value"), rows, as_json=as_json)


def _build_product(name: str, as_of: str, desk: Desk, recipe: str, *, assume: bool) -> list[tuple[str, object]]:
    """Build the card of a product, its challenger, or both; where outcomes are too few for a challenger, both is the card."""
    from weilend.app.desk.flat.models import BOTH, CARD  # late: see show.open_home
    from weilend.models.recipes.registry import CHALLENGER

    rows: list[tuple[str, object]] = []
    if recipe in (BOTH, CARD):
        rows += _study_rows(desk.build_model(name, as_of, assume_label_known=assume))
    if recipe != CARD:
        try:
            made = desk.build_challenger(
                name, as_of, recipe=CHALLENGER if recipe == BOTH else recipe, assume_label_known=assume
            )
        except TooFewError as few:
            if recipe != BOTH:
                raise
            return [*rows, ("challenger", f"none: {few}")]
        rows += _challenger_rows(name, made)
    return rows


def _challenger_rows(name: str, made: Challenger) -> list[tuple[str, object]]:
    from weilend.app.desk.models.evidence import tell_verdict  # late: see show.open_home
    from weilend.app.desk.releases import SHORT

    version = made.build.version[:SHORT]
    return [
        ("challenger", f"{version}, {made.build.recipe}, {made.build.rows} rows, {made.build.bads} bads"),
        *(
            (f"{one.metric}, challenger minus card", f"{one.estimate} ({one.lo} to {one.hi})")
            for one in made.beside_card.differences
        ),
        ("beside the card", made.beside_card.verdict.replace("_", " ")),
        ("beside the champion", "too few new outcomes yet" if made.evidence is None else tell_verdict(made.evidence)),
        ("to watch it", f"weilend model shadow {name} {version} --who YOU --why TEXT"),
    ]


def _study_rows(study: Study) -> list[tuple[str, object]]:
    figures = study.figures
    return [
        ("model", study.card.model_id),
        ("rows", figures.rows),
        ("bads", figures.bads),
        ("auc_ppm", f"{figures.auc.estimate_ppm} ({figures.auc.lo_ppm} to {figures.auc.hi_ppm})"),
        ("auc over size alone, ppm", f"{study.over_size.estimate_ppm} ({study.over_size.lo_ppm} to {study.over_size.hi_ppm})"),
        ("features", ", ".join(item.feature.name for item in study.card.characteristics)),
    ]


@model_group.command("score")
@click.argument("name")
@click.option("--table", required=True, type=click.Path(path_type=Path), help="CSV or Parquet with the columns of the model.")
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="CSV file to write: row, pd, points, grade, reasons."
)
@click.option("--version", default="", help="Version to score with (its first letters do), instead of the one in force.")
@home_option
def model_score(name: str, table: Path, out: Path, version: str, home: Path) -> None:
    """Score a table with the champion of NAME (without one: the last build, or the folder NAME); says which version scored."""
    click.echo(score_to_file(name, home, table, out, version))


@model_group.command("show")
@click.argument("name")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Of a table's model: folder to copy its files to, report.html too."
)
@home_option
@json_option
def model_show(name: str, out: Path | None, home: Path, *, as_json: bool) -> None:
    """Show a model: the one that decides on a product, or that of a table by its name or folder; a card's points per bin."""
    from weilend.app.desk.models.shown import copy_flat, is_flat, show_flat, show_product  # late: see show.open_home

    if is_flat(name, home):
        columns, rows = show_flat(name, home)
        if out:
            click.echo(f"the model and its report are in {copy_flat(name, home, out)}", err=True)
    elif out:
        raise InputError(f"{name} is no model of a table", hint="weilend run writes the report of a product")
    else:
        columns, rows = show_product(open_home(home).model(name))
    print_rows(columns, rows, as_json=as_json)


for _command in (model_validate, model_compare, *model_life.COMMANDS):
    model_group.add_command(_command)

COMMANDS = (features_group, model_group)
