"""In: a seed. Out: a small economy written in real formats. Used: by `weilend sim world` and the demo."""

from __future__ import annotations

from pathlib import Path

from weilend.core.calendars import Calendar
from weilend.core.errors import InputError
from weilend.economy.contest import make_invoice_world, write_world


def make_world(seed: int, folder: Path) -> int:
    """Write the world of a seed into a folder, which is made where it is missing; returns how many invoices it has.

    >>> import tempfile
    >>> make_world(7, Path(__file__))
    Traceback (most recent call last):
    weilend.core.errors.InputError: ... is a file. Hint: name a folder
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file", hint="name a folder")
    world = make_invoice_world(seed)
    write_world(world, folder, calendar=Calendar())
    return int(world.records["invoice"].num_rows)
