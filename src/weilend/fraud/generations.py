"""In: a folder, a draft that was built. Out: which generation is in force, swapped whole. Used: by the shelves of lists and graph.

    current           the name of the generation in force, replaced whole
    gen-SEQ-NUMBER/   generations; a forerunner stays until the next swap, for somebody may be opening it

A kill at any step leaves the one or the other in force, never a part.
"""

from __future__ import annotations

from pathlib import Path
from shutil import rmtree
from typing import Final

from weilend.engine.book_lock import Hook, replace_file, sync

CURRENT: Final = "current"
#: Written last into a generation: without it there is none.
META: Final = "meta.json"


def current(folder: Path) -> Path | None:
    """Return the folder of the generation in force, None where there is none.

    >>> current(Path("no such shelf")) is None
    True
    """
    try:
        name = (folder / CURRENT).read_text(encoding="ascii")
    except FileNotFoundError:
        return None
    return folder / name if (folder / name / META).exists() else None


def put_in_force(folder: Path, draft: Path, hook: Hook) -> Path:
    """Move a draft into a folder under a number of its own, make it the generation in force, and return it.

    `hook` is told each step; it is there for tests that kill.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as name:
    ...     draft = Path(name) / "build" / "gen-0000000000000007.new"
    ...     draft.mkdir(parents=True); _ = (draft / META).write_text("{}")
    ...     put_in_force(Path(name), draft, lambda _: None) == current(Path(name)), current(Path(name)).name
    (True, 'gen-0000000000000007-000001')
    """
    number = 1 + max((int(path.name.rsplit("-", 1)[1]) for path in folder.glob("gen-*-*")), default=0)
    target = folder / f"{draft.stem}-{number:06d}"
    draft.rename(target)
    sync(folder)
    hook("moved")
    replace_file(folder / CURRENT, target.name.encode())
    sync(folder)
    hook("swapped")
    return target


def keep_only(folder: Path, *generations: Path | None) -> None:
    """Remove every generation of a folder but those that are named.

    >>> keep_only(Path("no such shelf"))
    """
    for path in folder.glob("gen-*"):
        if path not in generations:
            rmtree(path, ignore_errors=True)
