"""In: a home. Out: features and models. Used: as `weilend features|model`."""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from weilend.app.cli.show import home_option, json_option, open_home, print_rows, telling
from weilend.core.errors import InputError

if TYPE_CHECKING:  # late: see show.open_home
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
    """Compute the features of a PRODUCT's decisions again, and hunt knowledge of the future; exit code 1 if anything is found."""
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
@click.argument("product")
@click.option("--as-of", required=True, metavar="YYYY-MM-DD", help="The day (00:00 local) on which the model is built.")
@click.option("--assume-label-known", is_flag=True, help="Train on outcomes that were not known yet.")
@home_option
@json_option
def model_build(product: str, as_of: str, home: Path, *, assume_label_known: bool, as_json: bool) -> None:
    """Build, validate and keep the model of a PRODUCT."""
    with telling() as tell:
        study = open_home(home, tell=tell).build_model(product, as_of, assume_label_known=assume_label_known)
    figures = study.figures
    rows = [
        ("model", study.card.model_id),
        ("rows", figures.rows),
        ("bads", figures.bads),
        ("auc_ppm", f"{figures.auc.estimate_ppm} ({figures.auc.lo_ppm} to {figures.auc.hi_ppm})"),
        ("auc over size alone, ppm", f"{study.over_size.estimate_ppm} ({study.over_size.lo_ppm} to {study.over_size.hi_ppm})"),
        ("features", ", ".join(item.feature.name for item in study.card.characteristics)),
    ]
    print_rows(("what", "value"), rows, as_json=as_json)


@model_group.command("show")
@click.argument("product")
@home_option
@json_option
def model_show(product: str, home: Path, *, as_json: bool) -> None:
    """Show the newest card of a PRODUCT: points per bin of each feature."""
    from weilend.app.desk.dictionary import show_card  # late: see show.open_home

    columns, rows = show_card(open_home(home).model(product))
    print_rows(columns, rows, as_json=as_json)


COMMANDS = (features_group, model_group)
