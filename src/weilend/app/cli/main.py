"""In: what was typed. Out: a command, and an exit code: 0 done, 1 a check failed, 2 the input is wrong. Used: as `weilend`."""

from __future__ import annotations

import os
import sys

import click

from weilend.app.cli import book, fraud, intake, judge, ledger, lists, model, policy, run, sim
from weilend.core.errors import WeilendError

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # two busy cores stall OpenMP; parallel work is arranged where it pays


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="weilend")
def cli() -> None:
    """Judge micro and small businesses from the data they leave behind, and lend to them (微贷)."""


for _command in (
    *run.COMMANDS,
    *intake.COMMANDS,
    *book.COMMANDS,
    *model.COMMANDS,
    *judge.COMMANDS,
    *policy.COMMANDS,
    *lists.COMMANDS,
    *ledger.COMMANDS,
    *fraud.COMMANDS,
    *sim.COMMANDS,
):
    cli.add_command(_command)


def main() -> None:
    """Run the command line; an error on purpose is one sentence, never a traceback."""
    try:
        cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except click.exceptions.Abort:
        sys.exit(130)
    except WeilendError as error:
        click.echo(f"weilend: {error}", err=True)
        sys.exit(error.exit_code)
