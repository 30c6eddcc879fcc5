"""In: a home, any table, any list of edges. Out: what is strange in it, who shares what, and why. Used: as `weilend fraud`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from weilend.app.cli.show import home_option, json_option, open_home, print_rows, telling
from weilend.core.calendars import parse_day
from weilend.core.errors import InputError
from weilend.core.money import PPM
from weilend.core.records import REVIEW_OUTCOME

if TYPE_CHECKING:  # late: see show.open_home
    from weilend.app.desk.fraud.tables import TableAsk
    from weilend.app.desk.home import Home

_PATH = click.Path(path_type=Path)
_SHOWN = 20
_table = click.option("--table", type=_PATH, help="Any csv or Parquet table instead of a home: a row a case.")
_id = click.option("--id", "id_column", metavar="COL", default="", help="What names a row of the table.")
_leave = click.option("--leave-out", metavar="COLS", default="", help="Columns of the table that are not looked at (a label!).")
_seed = click.option("--seed", type=int, default=1, show_default=True, help="What chance begins from.")
_edges = click.option(
    "--edges", type=_PATH, help="Any csv or Parquet list of edges (from, to [, type, at, weight]) instead of a home."
)
_as_of = click.option("--as-of", metavar="YYYY-MM-DD", help="As known on that day (00:00 local); now by default.")


@click.group("fraud")
def fraud_group() -> None:
    """What is strange in applications or any table, who shares what with whom, and why."""


@fraud_group.command("fit")
@_table
@_id
@_leave
@_seed
@click.option("--out", type=_PATH, help="File for what a table taught.")
@click.option("--budget-ppm", type=int, help="Share of applications that people can look at, in ppm; 20000 (2 %) by default.")
@_as_of
@home_option
@json_option
def fit_command(table: Path | None, id_column: str, leave_out: str, seed: int, out: Path | None, budget_ppm: int | None,
                as_of: str | None, home: Path, *, as_json: bool) -> None:  # fmt: skip
    """Learn what is usual: from the applications of a home (detectors, how rare each mark is, from where on a person looks, and a
    score where enough cases are confirmed), or from any table."""
    if table is not None:
        _fit_table(_ask(table, id_column, leave_out, seed), out, as_json=as_json)
        return
    from weilend.app.desk.fraud.models import fit_fraud  # late: see show.open_home
    from weilend.fraud.verdict_table import TABLE

    desk = open_home(home).home
    with telling() as tell:
        model = fit_fraud(
            desk, as_of=_instant(desk, as_of), at=_now(), budget_ppm=budget_ppm or TABLE.budget_ppm, seed=seed, tell=tell
        )
    frauds, sound = model.confirmed
    score = "none: too few confirmed cases"
    if model.auc_ppm is not None and model.gain_ppm is not None:
        more, lo, hi = (f"{one / PPM:+.3f}" for one in model.gain_ppm)
        heard = "heard" if model.score else "not heard: no better beyond chance than suspicion without it"
        score = f"AUC {model.auc_ppm / PPM:.3f} on confirmed cases, {more} ({lo} to {hi}) to suspicion alone; {heard}"
    rows: list[tuple[str, object]] = [("model", model.identity), ("applications", model.rows), ("budget_ppm", model.budget_ppm)]
    rows += [(f"grade {grade} from (milli nats)", floor) for grade, floor in model.learned.floors]
    rows += [("confirmed fraud", frauds), ("confirmed sound", sound), ("score", score)]
    print_rows(("what", "value"), rows, as_json=as_json)


@fraud_group.command("score")
@click.argument("names", nargs=-1)
@_table
@_id
@_leave
@_seed
@click.option("--model", type=_PATH, help="What `weilend fraud fit --table` wrote; else the table is learned from itself.")
@click.option("--out", type=_PATH, help="Write every row as csv or JSON, by the ending; else the strangest are shown.")
@_as_of
@home_option
@json_option
def score_command(names: tuple[str, ...], table: Path | None, id_column: str, leave_out: str, seed: int, model: Path | None,
                  out: Path | None, as_of: str | None, home: Path, *, as_json: bool) -> None:  # fmt: skip
    """Judge the applications of a home (all, or those of NAMES: applications or businesses), each with what was known when it came
    in; or say how strange each row of any table is, with the three columns that make it so and what is usual."""
    from weilend.app.desk.fraud import book, tables  # late: see show.open_home

    rows: list[tuple[object, ...]]
    with telling() as tell:
        if table is not None:
            ask = _ask(table, id_column, leave_out, seed)
            detectors, scored = tables.score_file(ask, model=model, tell=tell)
            for name, why in detectors.left_out.items():
                click.echo(f"{name} is not looked at: {why}", err=True)
            if out is not None:
                tables.write_scores(scored, out)
            ranked = sorted(scored, key=lambda one: -one.said.anomaly_ppm)
            columns, rows = tables.header(), list(tables.lines(ranked))
        else:
            desk = open_home(home).home
            judged = book.score_book(desk, as_of=_instant(desk, as_of), names=names, tell=tell)
            columns, rows = book.COLUMNS, list(book.rows_of(judged))
            if out is not None:
                book.write_rows(rows, columns, out)
    if out is not None:
        click.echo(f"{len(rows):,} rows in {out}")
    else:
        print_rows(columns, rows if as_json else rows[:_SHOWN], as_json=as_json)


@fraud_group.command("rings")
@_edges
@click.option("--out", type=_PATH, help="Write the rings as csv or JSON, by the ending.")
@click.option("--publish", "consent", metavar="CONSENT", default="", help="Keep what was found as records under this consent.")
@_as_of
@home_option
@json_option
def rings_command(edges: Path | None, out: Path | None, consent: str, as_of: str | None, home: Path, *, as_json: bool) -> None:
    """Find those who share too much: in the links of a home, or in any list of edges."""
    from weilend.app.desk.fraud import book  # late: see show.open_home

    if edges is not None:
        found = book.find_edge_rings(edges)
    else:
        desk = open_home(home).home
        found = book.find_book_rings(desk, as_of=_instant(desk, as_of), consent_id=consent)
    rows = [tuple(" ".join(cell) if isinstance(cell, list) else cell for cell in row.values()) for row in found.to_pylist()]
    if out is not None:
        book.write_rows(rows, found.column_names, out)
        click.echo(f"{len(rows):,} rings in {out}")
    else:
        print_rows(found.column_names, rows if as_json else rows[:_SHOWN], as_json=as_json)


@fraud_group.command("explain")
@click.argument("name")
@_edges
@click.option("--bundle", type=_PATH, help="Write the case as JSON.")
@click.option("--page", type=_PATH, help="Write the case as a page with a picture of who shares what.")
@home_option
@json_option
def explain_command(
    name: str, edges: Path | None, bundle: Path | None, page: Path | None, home: Path, *, as_json: bool
) -> None:
    """Say why: of an application, a receipt or a business of a home (NAME), or of a node of any list of edges."""
    if edges is not None:
        _explain_node(edges, name, as_json=as_json)
        return
    from weilend.app.desk.fraud.cases import case_json, open_case  # late: see show.open_home

    case = open_case(open_home(home).home, name)
    if bundle is not None:
        bundle.write_bytes(case_json(case))
        click.echo(f"the case is in {bundle}")
    if page is not None:
        from weilend.app.desk.fraud.page import case_page
        from weilend.report import render_page

        page.write_text(render_page(case_page(case)), encoding="utf-8")
        click.echo(f"the page is in {page}")
    rows: list[tuple[str, object]] = [
        ("application", case.application.application_id), ("business", case.application.business_id),
        ("fraud", case.verdict.status.replace("_", " ")), ("grade", case.verdict.grade), ("why", case.why),
    ]  # fmt: skip
    rows += [("because", f"{reason.en} / {reason.zh}") for reason in case.verdict.reasons]
    rows += [("on a list", f"{one.subject_kind} on {one.list_name}: {one.reason} ({one.source})") for one in case.entries]
    rows += [
        ("shared", f"{one.touch.kind} {one.touch.subject_id} with {len(one.others) + one.more} others")
        for one in case.shared
        if one.others
    ]
    print_rows(("what", "value"), rows, as_json=as_json)


@fraud_group.command("review")
@click.argument("name")
@click.option("--outcome", required=True, type=click.Choice(REVIEW_OUTCOME.field("outcome").words), help="What you decide.")
@click.option("--finding", required=True, type=click.Choice(REVIEW_OUTCOME.field("finding").words), help="What you found.")
@click.option("--fraud/--sound", "is_fraud", default=None, help="Is it confirmed fraud, or confirmed to be none?")
@click.option("--by", "reviewer", required=True, help="Who says so.")
@click.option("--reason", required=True, help="Why.")
@click.option(
    "--propose", type=_PATH, help="Write the entries that would deny this ring to a csv file, and say whom they would hit."
)
@click.option("--until", default="", metavar="YYYY-MM-DD", help="When these entries end: phones and devices are handed on.")
@home_option
@json_option
def review_command(name: str, outcome: str, finding: str, reviewer: str, reason: str, propose: Path | None, until: str,
home: Path, *,
                   is_fraud: bool | None, as_json: bool) -> None:  # fmt: skip
    """Say what you found of a case (NAME as in explain): it is kept as a record that later fits learn from."""
    from weilend.app.desk.fraud.cases import open_case  # late: see show.open_home
    from weilend.app.desk.fraud.reviews import Finding, propose_ring, record_finding

    desk = open_home(home).home
    said = Finding(outcome=outcome, finding=finding, reviewer=reviewer, reason=reason, is_fraud=is_fraud)
    case = open_case(desk, name)
    if propose is not None:
        if not until:
            raise InputError("until when should these entries hold?", hint="give --until YYYY-MM-DD: phones are handed on")
        parse_day(until)
        hit = propose_ring(desk, case, said, propose, until=until, at=_now())
    new = record_finding(desk, case, said, at=_now())
    rows: list[tuple[str, object]] = [
        ("application", case.application.application_id),
        ("kept", "yes" if new else "it was there"),
    ]
    if propose is not None:
        rows += [("entries proposed", hit.entries), ("applications they hit", hit.applications), ("businesses", hit.businesses),
                 ("outcome known", hit.known), ("of these bad", hit.bad)]  # fmt: skip
    print_rows(("what", "value"), rows, as_json=as_json)


def _fit_table(ask: TableAsk, out: Path | None, *, as_json: bool) -> None:
    from weilend.app.desk.fraud.tables import fit_file  # late: see show.open_home

    if out is None:
        raise InputError("where should what the table teaches be kept?", hint="give --out FILE")
    detectors = fit_file(ask, out)
    rows = [(one.name, f"looked at as a {one.kind}") for one in detectors.columns]
    rows += [(name, f"left out: {why}") for name, why in detectors.left_out.items()]
    print_rows(("column", "what becomes of it"), rows, as_json=as_json)


def _explain_node(edges: Path, name: str, *, as_json: bool) -> None:
    from weilend.app.desk.fraud.book import explain_edge_node  # late: see show.open_home

    told = explain_edge_node(edges, name)
    rows: list[tuple[str, object]] = [
        ("node", told["node"]["id"]),
        ("status", told["status"]),
        ("anomaly_ppm", told["anomaly_ppm"]),
    ]
    rows += list(told["features"].items())
    rows += [("shares with", f"{one['node']['id']}: {', '.join(one['families'])}") for one in told["members"]]
    rows += [("edge", f"{one['holder']['id']} - {one['key']['id']} ({one['type']})") for one in told["evidence"]]
    print_rows(("what", "value"), rows, as_json=as_json)


def _ask(table: Path, id_column: str, leave_out: str, seed: int) -> TableAsk:
    from weilend.app.desk.fraud.tables import TableAsk  # late: see show.open_home

    names = tuple(part.strip() for part in leave_out.split(",") if part.strip())
    return TableAsk(table=table, id_column=id_column, leave_out=names, seed=seed)


def _now() -> int:
    from weilend.app.clock import now  # late: see show.open_home

    return now()


def _instant(home: Home, day: str | None) -> int:
    return home.calendar.start_of(parse_day(day)) if day else _now()


COMMANDS = (fraud_group,)
