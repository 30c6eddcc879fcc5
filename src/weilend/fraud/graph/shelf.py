"""In: a book, a folder. Out: which generation of the graph is in force, and the graph that a view of the book sees. Used: by
the desk.

    graph/current     the name of the generation in force, replaced whole
    graph/gen-…/      a generation: every edge of the book up to a seq
    graph/build/      where the next one is written

There is no log beside the book: what came after a generation is read from the book's own files, those alone that reach beyond
its seq, and a preview's rows with them. So nothing can be lost, and a kill at any moment leaves the generation that was in
force.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from shutil import rmtree
from threading import Lock
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from weilend.core.calendars import Calendar
from weilend.core.errors import BookError
from weilend.engine.book import Book, BookView
from weilend.engine.book_lock import Hook, hold_lock
from weilend.fraud.generations import current, keep_only, put_in_force
from weilend.fraud.graph.build import Built, Meta, build, write
from weilend.fraud.graph.edges import edges_of
from weilend.fraud.graph.graph import Graph, empty_graph, open_generation
from weilend.fraud.graph.types import EDGE_TYPES, NODE_KINDS, Node

BUILD: Final = "build"
#: What a query walks; flows are for the night.
WALKED: Final = ("bond", "key", "tie", "mark")
#: From so many later edges on a generation is built anew instead.
MOST_LATER: Final = 50_000
_TRIES: Final = 5


class GraphShelf:
    """The folder of a home's graph, without those who were erased: others' records may still name them, no generation does.

    `hook` is told each step of a rebuild; it is there for tests.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as name:
    ...     book = Book.open(Path(name) / "book", calendar=Calendar())
    ...     shelf = GraphShelf(Path(name) / "graph", book.calendar)
    ...     shelf.rebuild(book), shelf.graph(book.view()).nodes
    (0, 0)
    """

    def __init__(self, folder: Path, calendar: Calendar, *, erased: Collection[str] = (), hook: Hook = lambda _: None) -> None:
        self.folder = folder
        self._calendar = calendar
        self._erased = pa.array(sorted(erased), pa.string())
        self._hook = hook
        self._opened: tuple[str, Meta, Built] | None = None
        self._opening = Lock()

    def graph(self, view: BookView) -> Graph:
        """Return all edges that a view reads: the generation in force and what came after it.

        A view older than the generation sees it whole: ask the query for the view's seq.
        """
        meta, built = self._open()
        after = -1 if meta is None else meta.seq
        return Graph(built, EDGE_TYPES, self._edges(view, after, WALKED))

    def catch_up(self, book: Book) -> int:
        """Build a generation where there is none or too much came after it; returns how many edges that wrote, 0 for nothing."""
        meta, _ = self._open()
        if meta is not None:
            later = 0
            for piece in self._edges(book.view(), meta.seq, WALKED):
                later += piece.num_rows
                if later > MOST_LATER:
                    break
            if later <= MOST_LATER:
                return 0
        return self.rebuild(book)

    def rebuild(self, book: Book) -> int:
        """Build a generation of all that the book has, put it in force, and return how many edges it has."""
        room = self.folder / BUILD
        room.mkdir(parents=True, exist_ok=True)
        with hold_lock(room):
            for path in room.glob("gen-*"):
                rmtree(path)
            view = book.view()
            draft = room / f"gen-{view.seq:016d}"
            draft.mkdir()
            meta = write(build(self._edges(view, -1), EDGE_TYPES), view.seq, draft)
            self._hook("built")
            self._publish(draft)
        return meta.edges

    def forget(self, subject: str, book: Book) -> None:
        """Take one who was erased out of the folder: a generation that names them is built anew, its forerunners go.

        Whoever has mapped one keeps it until they look again. Raises `BookError` where the shelf was not told of the erasure.
        """
        if subject not in self._erased.to_pylist():
            raise BookError(f"this shelf still keeps {subject!r}", hint="open it with all who were erased")
        meta, built = self._open()
        if meta is None:
            return
        graph = Graph(built, EDGE_TYPES)
        if any(graph.find(Node(kind, subject)) >= 0 for kind in NODE_KINDS):
            self.rebuild(book)
        with hold_lock(self.folder / BUILD):
            keep_only(self.folder, current(self.folder))

    def _edges(self, view: BookView, after: int, roles: tuple[str, ...] = ()) -> Iterator[pa.Table]:
        """Yield the edges of a view above a seq that name nobody who was erased."""
        for piece in edges_of(view, self._calendar, after=after, roles=roles):
            named = pc.or_(*(pc.is_in(piece[end], value_set=self._erased) for end in ("from_id", "to_id")))
            yield piece.filter(pc.invert(named))

    def _publish(self, draft: Path) -> None:
        old = current(self.folder)
        target = put_in_force(self.folder, draft, self._hook)
        keep_only(self.folder, target, old)  # the forerunner stays: somebody may be opening it

    def _open(self) -> tuple[Meta | None, Built]:
        """Return the generation in force, mapped once; an empty graph where there is none.

        Two swaps between reading the name and opening the files would take them away: then the name is read again.
        """
        with self._opening:
            for _ in range(_TRIES):
                folder = current(self.folder)
                if folder is None:
                    return None, empty_graph(EDGE_TYPES)
                if self._opened is None or self._opened[0] != folder.name:
                    try:
                        self._opened = (folder.name, *open_generation(folder))
                    except FileNotFoundError:
                        continue
                return self._opened[1:]
        return None, empty_graph(EDGE_TYPES)
