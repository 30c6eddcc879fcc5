"""In: rows and progress of the desk. Out: tables, JSON and bars on a terminal. Used: by every command."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

if TYPE_CHECKING:
    from weilend.app.desk.desk import Desk
    from weilend.app.desk.progress import Tell

Command = Callable[..., Any]

home_option = click.option(
    "--home", type=click.Path(path_type=Path), default=Path("weilend-home"), show_default=True, help="Home folder."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


def print_rows(columns: Sequence[str], rows: Sequence[Sequence[object]], *, as_json: bool, title: str = "") -> None:
    """Print rows as a table, or as a JSON list of objects."""
    if as_json:
        click.echo(json.dumps([dict(zip(columns, row, strict=True)) for row in rows], ensure_ascii=False, indent=1))
        return
    table = Table(title=title or None, title_justify="left", header_style="bold")
    for index, column in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[index], int) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row))
    # a file or a pipe gets whole lines; a terminal its own width
    Console(width=None if sys.stdout.isatty() else 160).print(table)


@contextmanager
def growing(columns: Sequence[str], *, title: str) -> Iterator[Callable[[Sequence[object]], None]]:
    """Print rows of a table one by one, as they come, each column as wide as its heading or its first cell asks."""
    console = Console(width=None if sys.stdout.isatty() else 160)
    widths: list[int] = []

    def add(row: Sequence[object]) -> None:
        cells = [f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in row]
        if not widths:
            widths.extend(max(len(name), len(cell), 7) for name, cell in zip(columns, cells, strict=True))
            console.print(title, style="bold")
            console.print(line(columns), style="bold", soft_wrap=True)
        console.print(line(cells), highlight=False, soft_wrap=True)

    def line(cells: Sequence[str]) -> str:
        *numbers, last = cells
        return "  ".join([*(cell.rjust(width) for cell, width in zip(numbers, widths, strict=False)), last])

    yield add


@contextmanager
def telling() -> Iterator[Tell]:
    """Show each step of long work as a bar on standard error; a total of 0 means that it is not known."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        tasks: dict[str, TaskID] = {}

        def tell(step: str, done: int, of: int) -> None:
            if step not in tasks:
                for earlier in tasks.values():
                    progress.stop_task(earlier)
                tasks[step] = progress.add_task(step, total=of or None)
            progress.update(tasks[step], completed=done, total=of or None)

        yield tell


def open_home(home: Path, *, create: bool = False, tell: Tell | None = None) -> Desk:
    """Open the desk; only commands that bring data in make a new home."""
    from weilend.app.desk.desk import open_desk  # late: `weilend --help` need not load the engines
    from weilend.app.desk.progress import say_nothing

    return open_desk(home, create=create, tell=tell or say_nothing)
