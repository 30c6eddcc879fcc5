"""weilend (微贷): judge micro and small businesses from the data they leave behind, and lend to them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from weilend.app.desk.desk import Desk

__all__ = ["open"]


def open(home: str | Path) -> Desk:  # noqa: A001 (reads as wl.open, like gzip.open)
    """Open a home folder, made where there is none: the record book, the store and the use cases over them.

    >>> import tempfile
    >>> import weilend as wl
    >>> desk = wl.open(tempfile.mkdtemp() + "/home")
    >>> desk.book_stats()
    {}
    """
    from weilend.app.desk.desk import open_desk  # late: `import weilend` stays quick

    return open_desk(home)
