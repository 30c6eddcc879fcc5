"""In: the lists of a book, a folder. Out: which generation is in force, and its log: swapped and healed. Used: by desk and lookup.

    lists/current     the name of the generation in force, replaced whole
    lists/changes     8 bytes that grow at each change: every reader maps them, so a change is seen at its next lookup
    lists/gen-…/      a generation and `delta.log`, what came after it
    lists/build/      where the next one is written

The book is the truth: a record is appended there first, then `catch_up` brings the log to where the book stands. A kill in between,
a torn log, a half-built generation: the next `catch_up` of any process puts it right, and what readers see is always whole.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from typing import Final

import pyarrow as pa

from weilend.engine.book import Book
from weilend.engine.book_lock import Hook, hold_lock, replace_file
from weilend.engine.list_entries import entries_after
from weilend.fraud.generations import current, keep_only, put_in_force
from weilend.fraud.lists.build import build
from weilend.fraud.lists.delta import append_to, read_from
from weilend.fraud.lists.entries import COLUMNS, Entry, to_entry
from weilend.fraud.lists.generation import Generation

CHANGES, DELTA = "changes", "delta.log"
#: From so many new entries on a generation is built instead of a longer log.
MOST_IN_LOG: Final = 50_000
_COUNT: Final = struct.Struct("<Q")


class Shelf:
    """The folder of a home's lists, as a writer has it. `hook` is told each step; it is there for tests."""

    def __init__(self, folder: Path, *, hook: Hook = lambda _: None) -> None:
        self.folder = folder
        self._hook = hook
        (folder / "build").mkdir(parents=True, exist_ok=True)
        with hold_lock(folder):
            if not (folder / CHANGES).exists():
                replace_file(folder / CHANGES, _COUNT.pack(0))

    def catch_up(self, book: Book) -> int:
        """Bring the lists to where the book stands, and return how many entries that brought; nothing where there are none.

        Few entries go to the log. Many, or a first one, make a new generation.
        """
        with hold_lock(self.folder):
            self._say_changed()  # a writer may have been killed before it said so
            last = self._last_seq()
            fresh = [] if last is None else _few_after(book, last)
            if last is not None and len(fresh) <= MOST_IN_LOG:
                self._log(fresh)
                return len(fresh)
        return self.rebuild(book)

    def rebuild(self, book: Book) -> int:
        """Build a generation of all that the book has, put it in force, and return its rows."""
        room = self.folder / "build"
        with hold_lock(room):
            self._sweep_drafts()
            view = book.view()
            draft = room / f"gen-{view.seq:016d}.new"
            draft.mkdir()
            meta = build(entries_after(view, -1, COLUMNS), view.seq, draft, book.calendar)
            self._hook("built")
            self._publish(draft, view.seq)
        return meta.rows

    def forget_forerunners(self) -> None:
        """Remove every generation but the one in force: what was erased lies in none of them. Readers keep what they have
        mapped."""
        with hold_lock(self.folder):
            keep_only(self.folder, current(self.folder))

    def _publish(self, draft: Path, seq: int) -> None:
        """Put a built generation in force with what its forerunner logged meanwhile; readers see the one or the other."""
        with hold_lock(self.folder):
            old = current(self.folder)
            later = [one for one in (read_from(old / DELTA, 0)[0] if old else []) if one.seq > seq]
            append_to(draft / DELTA, later)
            self._hook("logged")
            target = put_in_force(self.folder, draft, self._hook)
            self._say_changed()
            self._hook("said")
            keep_only(self.folder, target, old)  # the forerunner stays: somebody may be opening it

    def _log(self, entries: list[Entry]) -> None:
        folder = current(self.folder)
        if folder is not None and entries:
            append_to(folder / DELTA, entries)
            self._hook("appended")
            self._say_changed()
            self._hook("said")

    def _last_seq(self) -> int | None:
        """Return up to which seq generation and log have the book's lists; None where there is no generation."""
        folder = current(self.folder)
        if folder is None:
            return None
        return max([Generation(folder).meta.seq, *(one.seq for one in read_from(folder / DELTA, 0)[0])])

    def _sweep_drafts(self) -> None:
        for path in (self.folder / "build").glob("gen-*"):
            rmtree(path)

    def _say_changed(self) -> None:
        with open_changes(self.folder, write=True) as count:
            count[:] = _COUNT.pack(_COUNT.unpack(count[:])[0] + 1)


@contextmanager
def open_changes(folder: Path, *, write: bool = False) -> Iterator[mmap.mmap]:
    """Yield the 8 bytes that every process of a machine shares and that a writer raises."""
    with (folder / CHANGES).open("r+b" if write else "rb") as file:
        access = mmap.ACCESS_WRITE if write else mmap.ACCESS_READ
        with mmap.mmap(file.fileno(), _COUNT.size, access=access) as count:
            yield count


def _few_after(book: Book, seq: int) -> list[Entry]:
    """Return the entries after a seq in the order of the book; one more than a log takes where there are more."""
    batches = []
    for batch in entries_after(book.view(), seq, COLUMNS):
        batches.append(batch)
        if sum(one.num_rows for one in batches) > MOST_IN_LOG:
            break
    rows = pa.Table.from_batches(batches).sort_by("seq").slice(0, MOST_IN_LOG + 1).to_pylist() if batches else []
    return [to_entry(row, book.calendar) for row in rows]
