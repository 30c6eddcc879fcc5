"""In: policy files, applications of the past, a home. Out: checks, back-tests, differences, releases. Used: as `weilend policy`."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from weilend.app.cli import what_if
from weilend.app.cli.acting import effective_option, make_act, who_option, why_option
from weilend.app.cli.policy_parts import check_out, find_named, live_option, out_option, segment_option, write_page
from weilend.app.cli.show import home_option, json_option, open_home, print_rows, telling
from weilend.core.errors import InputError

if TYPE_CHECKING:
    from weilend.app.desk.policies import Checked, Release
    from weilend.core.lifecycle import Event
    from weilend.decision import Policy

Command = Callable[..., Any]

_data_option = click.option("--data", type=click.Path(path_type=Path), help="Parquet file of applications of the past.")


def _acting(command: Command) -> Command:
    """Add what every step of a lifecycle needs: who, why, from when."""
    for option in (home_option, effective_option, why_option, who_option):
        command = option(command)
    return command


@click.group("policy")
def policy_group() -> None:
    """Policies: check, compare with history, release."""


@policy_group.command("check")
@click.argument("product")
@click.option("--all", "show_all", is_flag=True, help="List what is proven too.")
@json_option
def policy_check(product: str, *, show_all: bool, as_json: bool) -> None:
    """Run every case of the policy of a PRODUCT, or of a file, and prove it: over all inputs, not over examples.

    Exit code 1 where a case differs, a rule is reached by none, or a claim is refuted or not decided.
    """
    from weilend.app.desk.policies import check_named  # late: see show.open_home

    checked = check_named(product)
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode(checked).decode())
    else:
        _show_check(checked, show_all=show_all)
    if not checked.passes:
        sys.exit(1)


def _show_check(checked: Checked, *, show_all: bool) -> None:
    """Print what cases and prover say: counts, then what does not pass with the firm that shows it."""
    print_rows(("cases", "problems"), [(checked.cases, len(checked.problems))], as_json=False)
    if checked.problems:
        print_rows(("problem",), [(str(problem),) for problem in checked.problems], as_json=False)
    statuses = ("proven", "refuted", "unknown")
    counted: Counter[tuple[str, str]] = Counter((verdict.kind, verdict.status) for verdict in checked.verdicts)
    kinds = dict.fromkeys(verdict.kind for verdict in checked.verdicts)
    print_rows(("property", *statuses), [(kind, *(counted[kind, one] for one in statuses)) for kind in kinds], as_json=False)
    for verdict in checked.verdicts:
        if verdict.passes and not show_all:
            continue
        click.echo(f"\n{verdict.status}: {verdict.where}\n  {verdict.said}")
        if verdict.witness is not None and not verdict.passes:
            click.echo(f"  {verdict.witness.en}\n  {verdict.witness.zh}")


@policy_group.command("backtest")
@click.argument("policy")
@click.option("--data", required=True, type=click.Path(path_type=Path), help="Parquet file of applications of the past.")
@out_option
@segment_option
@live_option
@json_option
def policy_backtest(policy: str, data: Path, out: Path | None, segments: tuple[str, ...], home: Path | None, *,
                    as_json: bool) -> None:  # fmt: skip
    """Show what a POLICY (name or file) would have answered to applications of the past."""
    import msgspec

    from weilend.app.desk.backtest.blocks import OUTCOMES
    from weilend.app.desk.backtest.history import evaluator_of, run_backtest
    from weilend.app.desk.backtest.page import compose_backtest

    check_out(out)
    with telling() as tell:
        tested = run_backtest(evaluator_of(find_named(policy, home)), data, segments, tell)
        if out is not None:
            write_page(compose_backtest(tested), out)
    if as_json:
        click.echo(msgspec.json.encode(tested.result).decode())
        return
    result = tested.result
    print_rows(
        ("outcome", "applications", "outcome known", "bads"),
        [(OUTCOMES[name], tally.rows, tally.known, tally.bad) for name, tally in result.outcomes.items()],
        as_json=False,
    )
    found = sorted((one for one in result.findings if one.rows), key=lambda one: -one.rows)
    print_rows(("reason", "applications", "alone"), [(one.code, one.rows, one.alone) for one in found], as_json=False)


@policy_group.command("diff")
@click.argument("old")
@click.argument("new")
@_data_option
@out_option
@segment_option
@live_option
@json_option
def policy_diff(old: str, new: str, data: Path | None, out: Path | None, segments: tuple[str, ...], home: Path | None, *,
                as_json: bool) -> None:  # fmt: skip
    """Show what changes from OLD to NEW (names or files): in words, and over applications of the past where --data names them."""
    from weilend.decision.differences import find_differences

    before, after = find_named(old, home), find_named(new, home)
    if data is None and out is not None:
        raise InputError("a page needs applications to compare", hint="name a Parquet file with --data")
    if data is None:
        changes = find_differences(before, after)
        print_rows(("change", "变更"), [(one.en, one.zh) for one in changes], as_json=as_json)
        return
    _compare(before, after, data, out, segments, as_json=as_json)


def _compare(before: Policy, after: Policy, data: Path, out: Path | None, segments: tuple[str, ...], *, as_json: bool) -> None:
    import msgspec

    from weilend.app.desk.backtest.diff import compose_comparison
    from weilend.app.desk.backtest.history import evaluator_of, run_comparison

    check_out(out)
    with telling() as tell:
        compared = run_comparison(evaluator_of(before), evaluator_of(after), data, segments, tell)
        if out is not None:
            write_page(compose_comparison(compared), out)
    if as_json:
        click.echo(msgspec.json.encode({"differences": compared.differences, "result": compared.result}).decode())
        return
    print_rows(("change", "变更"), [(one.en, one.zh) for one in compared.differences], as_json=False)
    moves = [(move.old, move.new, move.tally.rows, move.tally.known, move.tally.bad) for move in compared.result.moves]
    print_rows(("old", "new", "applications", "outcome known", "bads"), moves, as_json=False)


@policy_group.command("propose")
@click.argument("file", type=click.Path(path_type=Path))
@_acting
def policy_propose(file: Path, who: str, why: str, effective: str | None, home: Path) -> None:
    """Put the policy in a FILE up for review; its check must pass."""
    from weilend.app.desk.policies import propose_policy
    from weilend.decision import load_policy

    desk = open_home(home)
    _tell(propose_policy(desk.home, load_policy(file), make_act(home, who, why, effective)))


@policy_group.command("approve")
@click.argument("name")
@click.argument("version", default="")
@_acting
def policy_approve(name: str, version: str, who: str, why: str, effective: str | None, home: Path) -> None:
    """Approve the VERSION (its first letters do) of a policy that is in review; not by whoever proposed it."""
    from weilend.app.desk.policies import approve_policy

    _tell(approve_policy(open_home(home).home, name, make_act(home, who, why, effective), version))


@policy_group.command("retire")
@click.argument("name")
@click.argument("version", default="")
@_acting
def policy_retire(name: str, version: str, who: str, why: str, effective: str | None, home: Path) -> None:
    """Retire the live version of a policy, or the VERSION that is named: one in review is turned down by it."""
    from weilend.app.desk.policies import retire_policy

    _tell(retire_policy(open_home(home).home, name, make_act(home, who, why, effective), version))


@policy_group.command("rollback")
@click.argument("name")
@who_option
@why_option
@home_option
def policy_rollback(name: str, who: str, why: str, home: Path) -> None:
    """Return at once to the version of a policy that was live before."""
    from weilend.app.desk.policies import roll_back_policy

    _tell(roll_back_policy(open_home(home).home, name, make_act(home, who, why)))


@policy_group.command("list")
@click.argument("name", required=False)
@home_option
@json_option
def policy_list(name: str | None, home: Path, *, as_json: bool) -> None:
    """List the versions of policies that a home knows, their states, and the last thing that was done to each."""
    from weilend.app.clock import now
    from weilend.app.desk.policies import list_releases

    desk = open_home(home)
    day = desk.home.calendar.day_of
    columns = ("policy", "version", "number", "state", "last", "who", "on", "effective", "why")

    def row(one: Release) -> tuple[object, ...]:
        done = one.event
        dates = (day(done.at).isoformat(), day(done.effective_at).isoformat())
        return (one.name, _short(one.version), one.number, one.state, done.action, done.who, *dates, done.why)

    print_rows(columns, [row(one) for one in list_releases(desk.home, name, at=now())], as_json=as_json)


def _tell(event: Event) -> None:
    done = {"propose": "proposed", "approve": "approved", "retire": "retired", "rollback": "rolled back to"}[event.action]
    click.echo(f"{done}: {event.name} {_short(event.version)}")


def _short(version: str) -> str:
    from weilend.app.desk.releases import SHORT

    return version[:SHORT]


for _command in what_if.COMMANDS:
    policy_group.add_command(_command)

COMMANDS = (policy_group,)
