"""In: a policy, logged decisions, a trial's outcomes. Out: what-ifs, frontiers, recourse, verdicts. Used: as `weilend policy`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from weilend.app.cli.policy_parts import check_out, find_named, live_option, out_option, segment_option, write_page
from weilend.app.cli.show import home_option, json_option, open_home, print_rows, telling

if TYPE_CHECKING:
    from weilend.app.desk.whatif.home_log import HomeLog
    from weilend.decision import Evaluator

_log_option = click.option(
    "--data", required=True, type=click.Path(path_type=Path), help="Parquet file of logged decisions and outcomes."
)
_explain_option = click.option(
    "--explain", multiple=True, metavar="COLUMN", help="What the outcome model reads; the PDs by default."
)


@click.command("whatif")
@click.argument("policy")
@click.option(
    "--data", type=click.Path(path_type=Path), help="Parquet file of logged decisions; else those of --home are read."
)
@click.option(
    "--known-by", metavar="YYYY-MM-DD", help="With --home alone: outcomes as known when this day began; now by default."
)
@click.option(
    "--label", default="", help="With --home alone: the label of loans that says who was bad; the product's by default."
)
@_explain_option
@out_option
@segment_option
@live_option
@json_option
def policy_whatif(policy: str, data: Path | None, known_by: str | None, label: str, explain: tuple[str, ...], out: Path | None,
                  segments: tuple[str, ...], home: Path | None, *, as_json: bool) -> None:  # fmt: skip
    """Estimate what a POLICY would have brought on decisions of another one: known, estimated and unknown apart.

    The decisions are those of a file, or, without --data, the home's own with what became of their loans.
    """
    import msgspec

    from weilend.app.desk.backtest.history import evaluator_of
    from weilend.app.desk.whatif.estimate import run_whatif
    from weilend.app.desk.whatif.page import compose_whatif

    check_out(out)
    evaluator = evaluator_of(find_named(policy, home), None if home is None else open_home(home).home)
    log = data if data is not None else _log_of(home, evaluator, known_by, label)
    with telling() as tell:
        found = run_whatif(evaluator, log, explain=explain, segments=segments, tell=tell)
        if out is not None:
            write_page(compose_whatif(found), out)
    click.echo(msgspec.json.encode(found.result).decode() if as_json else str(found.result))
    if not as_json:
        for sentence in found.assumed:
            click.echo(f"assumed: {sentence}")


def _log_of(home: Path | None, evaluator: Evaluator, known_by: str | None, label: str) -> HomeLog:
    """Return the log of a home's own decisions, as known when a day began."""
    from weilend.app.clock import now
    from weilend.app.desk.whatif.home_log import read_home
    from weilend.core.calendars import parse_day
    from weilend.core.errors import InputError

    if home is None:
        raise InputError("there are no decisions to read", hint="name a file of them with --data, or a home with --home")
    opened = open_home(home).home
    at = now() if known_by is None else opened.calendar.start_of(parse_day(known_by))
    return read_home(opened, evaluator, known_by=at, label=label)


@click.command("search")
@click.argument("policy")
@_log_option
@click.option(
    "--vary", multiple=True, metavar="NAME=VALUES", help="Values to try (LO:HI:STEP or 1,2,3) instead of those marked."
)
@_explain_option
@out_option
@segment_option
@live_option
@json_option
def policy_search(policy: str, data: Path, vary: tuple[str, ...], explain: tuple[str, ...], out: Path | None,
                  segments: tuple[str, ...], home: Path | None, *, as_json: bool) -> None:  # fmt: skip
    """Try every value of the marked parameters of a POLICY on logged decisions: the frontier of approvals, loss and profit.

    Exit code 1 where none of the frontier's points passes the prover.
    """
    import msgspec

    from weilend.app.desk.whatif.page import compose_search, line_of
    from weilend.app.desk.whatif.search import read_levels, run_search, say_values

    check_out(out)
    with telling() as tell:
        found = run_search(
            find_named(policy, home), data, levels=read_levels(vary), explain=explain, segments=segments, tell=tell
        )
        if out is not None:
            write_page(compose_search(found), out)
    if as_json:
        told = {"base": found.base, "points": found.points, "winner": found.won, "refused": found.refused}
        click.echo(msgspec.json.encode(told).decode())
    else:
        columns = ("parameters", "approved", "profit known", "estimated by chance", "by model alone")
        shown = [found.base.variant, *(point.variant for point in found.points)]
        print_rows(columns, [line_of(one) for one in shown], as_json=False, title=f"as it stands, then {len(shown) - 1} points")
        click.echo(f"proven: {say_values(found.won.variant.values)}" if found.won else "proven: none of the points")
        for sentence in found.refused:
            click.echo(f"refused: {sentence}")
    if found.won is None:
        sys.exit(1)


@click.command("recourse")
@click.argument("receipt_id")
@home_option
@json_option
def policy_recourse(receipt_id: str, home: Path, *, as_json: bool) -> None:
    """Show the cheapest change of what an applicant can change that would turn a receipt's answer into an approval."""
    from weilend.app.desk.whatif.recourse import recourse_of_receipt

    found = recourse_of_receipt(open_home(home).home, receipt_id)
    rows = [(one.name, one.old, one.new, one.cost) for one in found.turned]
    if as_json:
        print_rows(("input", "from", "to", "cost"), rows, as_json=True)
        return
    click.echo(f"{found.en}\n{found.zh}")


@click.command("trial")
@click.argument("data", type=click.Path(path_type=Path))
@click.option("--planned-owners", type=int, required=True, help="Owners of both arms at whom the trial ends; fixed before it.")
@click.option("--month", required=True, metavar="YYYY-MM", help="Judge as at the end of this month.")
@json_option
def policy_trial(data: Path, planned_owners: int, month: str, *, as_json: bool) -> None:
    """Judge a champion and a challenger by the outcomes in a Parquet file: go on, promote, reject or stop.

    Columns: owner_id, arm, month (YYYY-MM, of the assignment), value_fen, fpd7 and dpd7 (0 or 1), a loan a row.
    """
    from weilend.app.desk.whatif.trials import judge_file, look_rows

    judged = judge_file(data, planned_owners=planned_owners, month=month)
    columns, rows = look_rows(judged)
    print_rows(columns, rows, as_json=as_json)
    if not as_json:
        click.echo(f"verdict: {judged.verdict}")


@click.command("power")
@click.option("--owners-a-month", type=int, required=True, help="Owners of both arms who come in a month.")
@click.option("--months", type=int, default=18, show_default=True, help="Months in which owners are assigned.")
@click.option("--pd-ppm", type=int, default=80_000, show_default=True, help="Bads of the champion.")
@click.option("--runs", type=int, default=400, show_default=True, help="Trials to simulate for each line.")
@click.option("--seed", type=int, default=1, show_default=True, help="Seed of the dice.")
@json_option
def policy_power(owners_a_month: int, months: int, pd_ppm: int, runs: int, seed: int, *, as_json: bool) -> None:
    """Simulate a trial before it begins: false alarms of a policy against itself, and how often better ones are found."""
    from weilend.app.desk.whatif.trials import power_rows

    with telling() as tell:
        columns, rows = power_rows(owners_a_month, months, pd_ppm, runs=runs, seed=seed, tell=tell)
    print_rows(columns, rows, as_json=as_json)


COMMANDS = (policy_whatif, policy_search, policy_recourse, policy_trial, policy_power)
