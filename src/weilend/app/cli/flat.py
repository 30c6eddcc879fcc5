"""In: options that say what a flat table's columns are. Out: a model's folder, or scores. Used: by `weilend model "
"build|score`."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from weilend.core.errors import InputError

if TYPE_CHECKING:  # late: see show.open_home
    from weilend.app.desk.flat.models import Ask, Source
    from weilend.app.desk.progress import Tell
    from weilend.models.value import Economics

Command = TypeVar("Command", bound=Callable[..., Any])

_PATH = click.Path(path_type=Path)
_SOURCE = re.compile(r"([^=:]+)=\s*(?:(\d+(?:\.\d+)?):)?(.*[^,\s].*)")
NAME = re.compile(r"\w[\w-]*")  # it names a folder of the home, and must not lead out of it
#: What may be said of a table's columns.
_OPTIONS = (
    click.option("--table", type=_PATH, help="CSV or Parquet file, a row an application: build from it."),
    click.option("--label", metavar="COL", default="", help="What became of each row."),
    click.option("--bad", metavar="VALUES", default="", help="Values of the label that are bad, with commas."),
    click.option("--indeterminate", metavar="VALUES", default="", help="Values of the label that are neither good nor bad."),
    click.option("--time", metavar="COL", default="", help="Day or month of the application: judged on the newest."),
    click.option("--id", metavar="COL", default="", help="What names a row."),
    click.option("--group", metavar="COL", default="", help="Rows of one value stay together when the sample is split."),
    click.option("--decision", metavar="COL", default="", help="Approved or declined: the declined are no goods."),
    click.option("--weight", metavar="COL", default="", help="How many each row stands for."),
    click.option("--special", metavar="NUMBERS", default="", help="Numbers that are codes (-7,-8,-9): bins of their own."),
    click.option("--known-at-application", metavar="COLS", default="", help="The only columns that may be inputs."),
    click.option("--safer", metavar="COLS", default="", help="Columns of which more is safer, for certain."),
    click.option("--riskier", metavar="COLS", default="", help="Columns of which more is riskier, for certain."),
    click.option("--population", type=_PATH, help="A table like those to be scored, to see how the sample differs."),
    click.option("--prior-ppm", type=int, help="Bad rate of the portfolio in parts per million, the sample's own otherwise."),
    click.option(
        "--recipe", default="both", show_default=True, help="Sort of model; both: a card and a challenger, by evidence."
    ),
    click.option(
        "--keep-out", metavar="COLS", default="", help="Columns that are no inputs; the report looks at how groups fare."
    ),
    click.option(
        "--source",
        "sources",
        metavar="NAME=[YUAN:]COLS",
        multiple=True,
        help="Columns of a source (ext_*,ct_*), price of a pull.",
    ),
    click.option("--margin", metavar="YUAN", type=float, help="What a good loan brings."),
    click.option("--loss", metavar="YUAN", type=float, help="What a bad loan costs."),
    click.option("--purpose", metavar="TEXT", default="", help="What the model is for, in the report."),
    click.option("--seed", type=int, default=1, show_default=True, help="What chance begins from."),
    click.option("--out", type=_PATH, help="Folder for the model, its report, findings, flow, columns, bins and summary."),
)


def table_options(command: Command) -> Command:
    """Give a command the options that say what a table's columns are."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def build_from_table(name: str, home: Path, asked: dict[str, Any], tell: Tell) -> list[tuple[str, object]]:
    """Build the model, write its folder and keep a copy in the home; return what is shown of it."""
    from weilend.app.clock import now  # late: see show.open_home
    from weilend.app.desk.flat.allowance import Allowance
    from weilend.app.desk.flat.evidence import check_economics, gather_evidence
    from weilend.app.desk.flat.files import write_flat_model
    from weilend.app.desk.flat.models import build_flat
    from weilend.app.desk.home import open_home
    from weilend.app.desk.models.files import build_rows, write_challenger, write_report

    if not asked["label"] or not asked["out"]:
        raise InputError("a model of a table needs a label and a folder", hint="give --label COL and --out DIR")
    if not NAME.fullmatch(name):
        raise InputError(f"{name} is not a name for a model", hint="use letters, digits, - and _")
    economics = read_economics(asked["margin"], asked["loss"])
    ask = ask_of(name, asked, economics)
    check_economics(sum(one.cost_fen is not None for one in ask.sources), economics)
    allowance = Allowance(60 * asked["minutes"], now)
    built = build_flat(ask, tell=tell, allowance=allowance)
    evidence = gather_evidence(built, tell=tell, allowance=allowance)
    written = [
        *write_flat_model(built, asked["out"], allowance.cuts),
        write_report(built, evidence, asked["out"], purpose=asked["purpose"], allowance=allowance),
    ]
    if built.rival:
        written += write_challenger(built.rival, asked["out"])
    kept = open_home(home).folder / "models" / name
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True)
    for path in written:
        shutil.copy(path, kept)
    return build_rows(built, evidence, asked["out"], allowance.cuts)


def score_to_file(name: str, home: Path, table: Path, out: Path, version: str = "") -> str:
    """Score a table with the version that is in force (or named), write the scores, and return what was done by which."""
    from weilend.app.clock import now  # late: see show.open_home
    from weilend.app.desk.flat.files import write_scores
    from weilend.app.desk.flat.models import score_flat
    from weilend.app.desk.models.in_force import find_scorer
    from weilend.app.desk.releases import SHORT

    scorer = find_scorer(name, home, version, at=now())
    scored = score_flat(scorer.recipe, scorer.model, scorer.columns, table, id_column=scorer.id)
    write_scores(scored, out)
    unseen = "".join(f"; {rows} rows have a {column} that the model has never seen" for column, rows in scored.unseen.items())
    return f"{len(scored.ids)} rows in {out}{unseen}\nscored by version {scorer.version[:SHORT]}, {scorer.why}"


def ask_of(name: str, asked: dict[str, Any], economics: Economics | None) -> Ask:
    """Return what was asked of a build, out of the options of the command."""
    from weilend.app.desk.flat.models import Ask  # late: see show.open_home
    from weilend.models.flat import Roles

    roles = Roles(
        label=asked["label"], bad=read_list(asked["bad"]), indeterminate=read_list(asked["indeterminate"]), time=asked["time"],
        id=asked["id"], group=asked["group"], decision=asked["decision"], weight=asked["weight"],
        special=tuple(_number(text) for text in read_list(asked["special"])), known=read_list(asked["known_at_application"]),
        safer=read_list(asked["safer"]), riskier=read_list(asked["riskier"]),
    )  # fmt: skip
    return Ask(
        name=name, table=asked["table"], roles=roles, recipe=asked["recipe"], population=asked["population"],
        prior_ppm=asked["prior_ppm"], seed=asked["seed"], kept_out=read_list(asked["keep_out"]),
        sources=tuple(_source(text) for text in asked["sources"]), economics=economics,
    )  # fmt: skip


def read_list(text: str) -> tuple[str, ...]:
    """Return what stands between commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(
            f"--special has {text}, which is no number", hint="give numbers with commas, such as -7,-8,-9"
        ) from None


def read_economics(margin: float | None, loss: float | None) -> Economics | None:
    """Return what a loan brings and costs from yuan, None where nothing was said; `InputError` where only one was, or "
    "not above 0."""
    from weilend.models.value import Economics  # late: see show.open_home

    if margin is None and loss is None:
        return None
    if margin is None or loss is None or margin <= 0 or loss <= 0:
        raise InputError(
            "a loan's profit needs what it brings and what it costs, both above 0", hint="say --margin YUAN and --loss YUAN"
        )
    return Economics(margin_fen=round(100 * margin), loss_fen=round(100 * loss))


def _source(text: str) -> Source:
    from weilend.app.desk.flat.models import Source  # late: see show.open_home

    match = _SOURCE.fullmatch(text.strip())
    if match is None:
        raise InputError(f"--source {text} is not NAME=COLS or NAME=YUAN:COLS", hint="write bureau=2.50:PAY_*,BILL_*")
    name, yuan, columns = match.groups()
    return Source(name.strip(), round(100 * float(yuan)) if yuan else None, read_list(columns))
