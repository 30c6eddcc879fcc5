"""In: sources that are not tables. Out: `SOURCES`, and which of them knows a file. Used: by detect and read.

A module of this room registers what it offers when it is imported; `load` imports them all, so that a source is one file.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import msgspec

from weilend.core.registry import Registry
from weilend.sources.batch import Batch
from weilend.sources.intake import Intake

HEAD_BYTES = 1 << 16


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A format that is not a table: `signature` says from the first 64 KB of a file and its name whether it is one, `read` reads
    it.

    A signature never raises and looks at the bytes first: names lie. `read` raises `SourceError` for a file that is broken as a
    whole, and returns every row of a file it can read as record or reject.

    >>> from weilend.core.records import KINDS
    >>> from weilend.sources.batch import FACTS, REJECTS
    >>> none = Batch(records={}, row_of={}, rejects=REJECTS.empty_table(), rows=FACTS.empty_table())
    >>> ofx = Source(name="ofx", en="", zh="", signature=lambda head, name: b"<OFX>" in head, read=lambda path, intake: none)
    >>> ofx.signature(b"OFXHEADER:100 <OFX>", "a.txt")
    True
    """

    name: str
    en: str
    zh: str
    signature: Callable[[bytes, str], bool]
    read: Callable[[Path, Intake], Batch]


SOURCES: Registry[Source] = Registry("source")


def register_source(source: Source) -> Source:
    """Add a source that is not a table; raises `InputError` where its name is taken.

    >>> register_source.__name__
    'register_source'
    """
    return SOURCES.add(source.name, source)


@cache
def load() -> None:
    """Import every module of this room once, so that each has registered what it offers.

    >>> load()
    """
    package = import_module("weilend.sources")
    for module in walk_packages(package.__path__, "weilend.sources."):
        import_module(module.name)


def knowing(path: Path) -> Source | None:
    """Return the source that is not a table and knows the file at a path.

    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "a.csv"
    >>> _ = file.write_text("a,b")
    >>> knowing(file) is None
    True
    """
    load()
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    return next((SOURCES[name] for name in SOURCES if SOURCES[name].signature(head, path.name)), None)
