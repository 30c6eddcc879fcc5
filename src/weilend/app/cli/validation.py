"""In: scores of anybody, or two models. Out: validation and comparison. Used: by `weilend model validate|compare`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from weilend.app.cli.flat import read_economics, read_list
from weilend.app.cli.show import home_option, json_option, print_rows
from weilend.core.errors import InputError

if TYPE_CHECKING:  # late: see show.open_home
    from weilend.app.desk.models.score_files import ScoreAsk

Command = TypeVar("Command", bound=Callable[..., Any])

_PATH = click.Path(path_type=Path)
#: What may be said of a table's outcomes and scores; a column with a usual name is found.
_OPTIONS = (
    click.option("--score", metavar="COL", default="", help="The score; its order is what counts."),
    click.option("--pd", metavar="COL", default="", help="The probability of going bad, 0 to 1."),
    click.option("--higher", type=click.Choice(["bad", "good"]), help="What a higher score means."),
    click.option("--outcome", "--label", metavar="COL", default="", help="What became of each row."),
    click.option("--bad", metavar="VALUES", default="", help="Values of the outcome that are bad, with commas."),
    click.option("--indeterminate", metavar="VALUES", default="", help="Values that are neither good nor bad."),
    click.option("--date", "--time", metavar="COL", default="", help="Day or month of the application."),
    click.option("--segment", metavar="COLS", default="", help="Columns by which the score is looked at."),
    click.option("--group", metavar="COL", default="", help="Rows of one value are one witness (an owner, a ring)."),
    click.option("--weight", metavar="COL", default="", help="How many each row stands for."),
    click.option("--amount", metavar="COL", default="", help="Amount of each loan in yuan, for the profit."),
    click.option("--rate", metavar="COL", default="", help="What a good loan brings, as a share of its amount."),
    click.option("--lost", type=float, default=60.0, show_default=True, help="What a bad loan loses, per cent of its amount."),
    click.option("--margin", metavar="YUAN", type=float, help="What a good loan brings, where no amounts are given."),
    click.option("--loss", metavar="YUAN", type=float, help="What a bad loan costs, where no amounts are given."),
    click.option("--seed", type=int, default=1, show_default=True, help="What chance begins from."),
    click.option("--report", type=_PATH, help="HTML page to write."),
)


def _score_options(command: Command) -> Command:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command("validate")
@click.option("--scores", required=True, type=_PATH, help="CSV or Parquet: a row an application, with score and outcome.")
@_score_options
@click.option("--benchmark", metavar="COL", default="", help="Another score in the file, compared in pairs.")
@click.option("--strict", is_flag=True, help="Exit code 1 where a gate is red.")
@json_option
def model_validate(scores: Path, benchmark: str, report: Path | None, *, strict: bool, as_json: bool, **asked: Any) -> None:
    """Validate anybody's scores against what happened: ranking, calibration, stability, segments, cut-offs, gates."""
    from weilend.app.desk.models.score_page import compose_validation, figure_rows, validate_scores  # late: see show.open_home
    from weilend.report import render_page

    done = validate_scores(_score_ask(scores, asked, benchmark=benchmark))
    if report:
        _write(report, render_page(compose_validation(done)))
    _print(figure_rows(done.found), done.found, as_json=as_json)
    if not as_json:
        for text in done.scored.assumed:
            click.echo(f"taken for granted: {text.replace('`', '')}", err=True)
    if strict and any(one.state == "red" for one in done.found.verdicts):
        sys.exit(1)


@click.command("compare")
@click.argument("first")
@click.argument("second")
@click.option(
    "--table", type=_PATH, help="CSV or Parquet with outcomes, to score with both models; without it two files of scores."
)
@_score_options
@home_option
@json_option
def model_compare(
    first: str, second: str, table: Path | None, report: Path | None, home: Path, *, as_json: bool, **asked: Any
) -> None:
    """Compare two models on a TABLE, or two files of scores: paired differences, who is swapped, where they differ, gates."""
    from weilend.app.desk.models.compare import compare_files, compare_models  # late: see show.open_home
    from weilend.app.desk.models.compare_page import compare_rows_told, compose_comparison
    from weilend.report import render_page

    if table and (asked["score"] or asked["pd"]):
        raise InputError("a table is scored by the two models", hint="leave out --score and --pd, or leave out --table")
    ask = _score_ask(table or Path(first), asked)
    done = compare_models(first, second, ask, home) if table else compare_files(Path(first), Path(second), ask)
    if report:
        _write(report, render_page(compose_comparison(done)))
    _print(compare_rows_told(done), done, as_json=as_json)


def _score_ask(table: Path, asked: dict[str, Any], *, benchmark: str = "") -> ScoreAsk:
    from weilend.app.desk.models.score_files import ScoreAsk  # late: see show.open_home

    economics = None if asked["amount"] or asked["rate"] else read_economics(asked["margin"], asked["loss"])
    if not 0 <= asked["lost"] <= 100:
        raise InputError(f"--lost {asked['lost']:g} is no share in per cent", hint="give 0 to 100")
    return ScoreAsk(
        table=table, score=asked["score"], pd=asked["pd"], higher=asked["higher"] or "", outcome=asked["outcome"],
        bad=read_list(asked["bad"]), indeterminate=read_list(asked["indeterminate"]), date=asked["date"],
        segments=read_list(asked["segment"]), group=asked["group"], weight=asked["weight"], benchmark=benchmark,
        amount=asked["amount"], rate=asked["rate"], lost_ppm=round(10_000 * asked["lost"]),
        margin_fen=economics.margin_fen if economics else None, loss_fen=economics.loss_fen if economics else None,
        seed=asked["seed"],
    )  # fmt: skip


def _write(path: Path, html: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(html, encoding="utf-8")


def _print(rows: list[tuple[str, object]], value: object, *, as_json: bool) -> None:
    """Print rows as a table, or the whole value as JSON, with every figure in it."""
    if as_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(value), indent=1).decode())
        return
    print_rows(("what", "value"), rows, as_json=False)
